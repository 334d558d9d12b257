//! The sound of a name: two names that sound alike have the same pinyin, whatever characters a worker chose.
//!
//! Readings are without tones and with `v` for ü, as people type them. The first reading of a character counts, except
//! where a surname is read in its own way (DESIGN 6): 单 is Shan, 尉迟 is Yuchi. A character without a reading, a digit or a
//! foreign letter stands for itself, so that no part of a name is lost from the comparison.

use ::pinyin::ToPinyin as _;

use super::text;

/// Surnames whose reading differs from that of the character elsewhere; those of two characters first.
const SURNAMES: &[(&str, &[&str])] = &[
    ("尉迟", &["yu", "chi"]),
    ("万俟", &["mo", "qi"]),
    ("长孙", &["zhang", "sun"]),
    ("曾", &["zeng"]),
    ("单", &["shan"]),
    ("查", &["zha"]),
    ("解", &["xie"]),
    ("仇", &["qiu"]),
    ("区", &["ou"]),
    ("朴", &["piao"]),
    ("盖", &["ge"]),
    ("翟", &["zhai"]),
    ("缪", &["miao"]),
    ("员", &["yun"]),
    ("种", &["chong"]),
    ("乐", &["yue"]),
    ("繁", &["po"]),
    ("折", &["she"]),
    ("覃", &["qin"]),
];

/// The syllables of a person's name: 尉迟小宝 → yu chi xiao bao.
pub fn syllables(name: &str) -> Vec<String> {
    let name = text::name(name);
    let known = SURNAMES.iter().find_map(|(surname, sounds)| Some((name.strip_prefix(surname)?, *sounds)));
    let (rest, first) = known.unwrap_or((&name, &[]));
    let mut out: Vec<String> = first.iter().map(|sound| (*sound).to_owned()).collect();
    for letter in rest.chars().filter(|letter| !matches!(letter, '·' | ' ')) {
        match letter.to_pinyin() {
            Some(sound) => out.push(sound.plain().replace('ü', "v")),
            None => out.push(letter.to_lowercase().collect()),
        }
    }
    out
}

/// The syllables in one word: 李红 and 黎红 both give `lihong`. Empty for an empty name.
pub fn of_name(name: &str) -> String {
    syllables(name).concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surnames_are_read_as_surnames_and_only_there() {
        let read = [
            ("曾国", "zengguo"),
            ("单小红", "shanxiaohong"),
            ("查良", "zhaliang"),
            ("解珍", "xiezhen"),
            ("仇英", "qiuying"),
            ("区大相", "oudaxiang"),
            ("朴正", "piaozheng"),
            ("盖聂", "genie"),
            ("尉迟恭", "yuchigong"),
            ("尉小", "weixiao"),
            ("李单", "lidan"),
            ("王曾", "wangceng"),
            ("吕布", "lvbu"),
        ];
        for (name, sound) in read {
            assert_eq!(of_name(name), sound, "{name}");
        }
    }

    #[test]
    fn names_that_sound_alike_agree_and_others_do_not() {
        assert_eq!(of_name("张玮"), of_name("张伟"));
        assert_eq!(of_name(" 张 伟 "), of_name("张伟"));
        assert_eq!(of_name("阿依古丽•买买提"), of_name("阿依古丽·买买提"));
        assert_ne!(of_name("张伟"), of_name("章惠"));
        assert_ne!(of_name("张伟A"), of_name("张伟B"), "what has no reading stands for itself");
        assert_eq!(of_name(""), "");
    }
}
