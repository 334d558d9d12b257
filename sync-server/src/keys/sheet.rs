//! The recovery sheet: the county's seed in words that a person can write down, and as a QR code.

use bip39::{Language, Mnemonic};
use qrcode::{EcLevel, QrCode, render::unicode};

use super::Keys;
use crate::CountyError;

/// The 24 words of a seed, in six rows of four with their numbers.
pub fn words(keys: &Keys) -> String {
    let mnemonic = mnemonic(keys);
    let words: Vec<_> = mnemonic.words().enumerate().map(|(i, word)| format!("{:>2} {word}", i + 1)).collect();
    words.chunks(6).map(|row| row.join("   ")).collect::<Vec<_>>().join("\n")
}

fn mnemonic(keys: &Keys) -> Mnemonic {
    Mnemonic::from_entropy_in(Language::SimplifiedChinese, keys.seed()).expect("32 bytes are 24 words")
}

/// The whole sheet, for a terminal or for paper.
pub fn sheet(keys: &Keys, county: &str, terminal: bool) -> String {
    let line: String = mnemonic(keys).words().collect();
    let code = if terminal { terminal_qr(&line) } else { qr(&line) };
    format!(
        "════════ 县级密钥恢复单 / County recovery sheet ════════\n\
         {county}\n\n{}\n\n{}\n\
         请手抄或打印后锁入保险柜。任何人得到它，就能读取本县全部备份；丢失它和密钥目录，数据将无法恢复。\n\
         Copy by hand or print, and lock it away. Whoever has it can read every backup of this county;\n\
         without it and without the keys directory the data cannot be recovered.\n\
         恢复 / to recover: wangge-server init --recover\n",
        words(keys),
        code
    )
}

/// How many recovery words a text holds, right or wrong.
pub fn count(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace() && !c.is_ascii()).count()
}

/// Reads words back; numbers, spaces and line ends between them do not matter, nor does leaving the spaces out.
pub fn read(text: &str) -> Result<Keys, CountyError> {
    let words: Vec<String> = text.chars().filter(|c| !c.is_whitespace() && !c.is_ascii()).map(String::from).collect();
    if words.len() != 24 {
        return Err(CountyError::invalid(
            format!("恢复词应为 24 个汉字，读到 {} 个", words.len()),
            format!("expected 24 Chinese recovery words, found {}", words.len()),
        ));
    }
    let mnemonic =
        Mnemonic::parse_in_normalized(Language::SimplifiedChinese, &words.join(" ")).map_err(|error| match error {
            bip39::Error::UnknownWord(at) => CountyError::invalid(
                format!("第 {} 个恢复词不在词表中：{}", at + 1, words[at]),
                format!("recovery word {} is not in the list: {}", at + 1, words[at]),
            ),
            _ => CountyError::invalid(
                "恢复词的校验不符：请核对顺序和字形",
                "the recovery words do not fit together: check their order and spelling",
            ),
        })?;
    let seed = mnemonic.to_entropy().try_into().expect("24 words are 32 bytes");
    Ok(Keys::from_seed(seed))
}

/// A QR code in half blocks for a terminal: black on white whatever its colours, because many scanners read no other.
pub fn terminal_qr(text: &str) -> String {
    let colour = |line| ["\x1b[38;5;16;48;5;231m", line, "\x1b[0m\n"].concat();
    qr(text).lines().map(colour).collect()
}

/// A QR code in half blocks, for paper: dark is dark.
pub fn qr(text: &str) -> String {
    match QrCode::with_error_correction_level(text.as_bytes(), EcLevel::M) {
        Ok(code) => code
            .render::<unicode::Dense1x2>()
            .dark_color(unicode::Dense1x2::Dark)
            .light_color(unicode::Dense1x2::Light)
            .build(),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_however_they_are_typed() {
        let keys = Keys::from_seed(std::array::from_fn(|i| i as u8 * 7));
        let shown = words(&keys);
        let plain: String = shown.chars().filter(|c| !c.is_ascii() && !c.is_whitespace()).collect();
        for typed in [shown.clone(), plain.clone(), shown.replace('\n', "\r\n")] {
            assert_eq!(read(&typed).expect("same words").seed(), keys.seed());
        }
        assert!(sheet(&keys, "云岭县", false).contains(&shown));
    }

    #[test]
    fn wrong_words_are_named() {
        let keys = Keys::from_seed([9; 32]);
        let good: Vec<char> = words(&keys).chars().filter(|c| !c.is_ascii() && !c.is_whitespace()).collect();
        let mut unknown = good.clone();
        unknown[4] = '〇';
        assert!(read(&unknown.iter().collect::<String>()).expect_err("unknown").to_string().contains("第 5 个"));
        let mut swapped = good.clone();
        swapped.swap(0, 23);
        assert!(swapped == good || read(&swapped.iter().collect::<String>()).is_err());
        assert!(read(&good[..23].iter().collect::<String>()).expect_err("short").to_string().contains("23"));
    }
}
