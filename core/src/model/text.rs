//! Ledger text made comparable: what a clerk or a worker typed, in the one form that records hold (DOMAIN 3.4).
//!
//! The phone uses the same functions on what is typed at a door, so that a number entered there and a number that came
//! from a ledger are equal when they mean the same.

use super::{
    ids::Millis,
    validate::{PhoneKind, is_real_date, phone_kind},
};

/// Full-width ASCII, ideographic and no-break spaces become their plain forms; invisible characters vanish.
pub fn half_width(text: &str) -> String {
    text.chars()
        .filter(|c| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{00ad}'))
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
            '\u{3000}' | '\u{00a0}' | '\u{2002}'..='\u{200a}' | '\u{202f}' | '\t' | '\r' | '\n' => ' ',
            _ => c,
        })
        .collect()
}

/// Half-width, without spaces at the ends, single spaces inside.
pub fn tidy(text: &str) -> String {
    half_width(text).split(' ').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Half-width and without any space: for codes and for headers.
pub fn compact(text: &str) -> String {
    half_width(text).chars().filter(|c| *c != ' ').collect()
}

/// A person's name: spaces used to stretch Chinese names vanish, one space stays between Latin words, and the middle
/// dot of names such as 阿依古丽·买买提 has one form.
pub fn name(text: &str) -> String {
    let tidied: Vec<char> = tidy(text)
        .chars()
        .map(|c| if matches!(c, '•' | '・' | '･' | '‧' | '∙' | '⋅' | '．') { '·' } else { c })
        .collect();
    let latin = |c: Option<&char>| c.is_some_and(char::is_ascii_alphabetic);
    let mut out = String::with_capacity(text.len());
    for (i, c) in tidied.iter().enumerate() {
        let between_words = i > 0 && latin(tidied.get(i - 1)) && latin(tidied.get(i + 1));
        if *c != ' ' || between_words {
            out.push(*c);
        }
    }
    out
}

/// The telephone numbers in a cell, digits only: `+86 138-0013-8000` and `１３８００１３８０００` give the same number,
/// `0538-2821234/13800138000` gives two. `None` where a part is no telephone number.
pub fn phones(text: &str) -> Option<Vec<String>> {
    let plain = half_width(text);
    let mut all = Vec::new();
    for part in plain.split(['/', ',', ';', '、', '|', '，', '；']).filter(|p| !p.trim().is_empty()) {
        let number = phone(part)?;
        if !all.contains(&number) {
            all.push(number);
        }
    }
    (!all.is_empty()).then_some(all)
}

/// One telephone number, digits only, in the form used inside the country; `None` where [`phone_kind`] knows no such
/// number.
pub fn phone(text: &str) -> Option<String> {
    let mut plain = half_width(text);
    // A remark such as (子) says whose it is; brackets around digits are an area code.
    if let Some((front, rest)) = plain.split_once('(')
        && let Some((inside, back)) = rest.split_once(')')
        && !inside.contains(|c: char| c.is_ascii_digit())
    {
        plain = format!("{front}{back}");
    }
    let mut digits = String::new();
    for c in plain.chars() {
        match c {
            '0'..='9' => digits.push(c),
            '+' if digits.is_empty() => {}
            ' ' | '-' | '(' | ')' | '.' | '–' | '—' | '_' => {}
            _ => return None,
        }
    }
    let is_one = |digits: &str| phone_kind(digits).is_some();
    let abroad = ["0086", "86"].iter().find_map(|code| {
        let rest = digits.strip_prefix(code)?;
        let national = format!("0{rest}");
        let long = |kind| matches!(kind, Some(PhoneKind::Mobile | PhoneKind::Landline));
        [rest, national.as_str()].into_iter().find(|n| long(phone_kind(n))).map(str::to_owned)
    });
    abroad.or_else(|| is_one(&digits).then_some(digits))
}

/// A day as records hold it (`YYYY-MM-DD`, `YYYY-MM` where the day is not said): reads `1958.3.5`, `1958/3/5`,
/// `1958年3月5日`, `一九五八年三月五日`, `1958-03-05`, `19580305`, `1958年3月`, each with or without a time of day.
pub fn date(text: &str) -> Option<String> {
    let plain = arabic_date(&tidy(text))?;
    let chars: Vec<char> = plain.chars().collect();
    let digits = chars.iter().take_while(|c| c.is_ascii_digit()).count();
    if digits == 8 && chars.get(8).is_none_or(|c| matches!(c, ' ' | 'T')) {
        return day(&plain[..4], &plain[4..6], Some(&plain[6..8]));
    }
    let mut parts: Vec<String> = vec![String::new()];
    for c in chars {
        match c {
            '0'..='9' => parts.last_mut().expect("starts with one part").push(c),
            ' ' if parts.len() < 3 || parts[2].is_empty() => {}
            '-' | '.' | '/' | '年' | '月' if parts.len() < 3 => parts.push(String::new()),
            ' ' | 'T' | '日' => break,
            _ => return None,
        }
    }
    match parts.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [y, m] | [y, m, ""] => day(y, m, None),
        [y, m, d] => day(y, m, Some(d)),
        _ => None,
    }
}

/// Chinese numerals of a date become digits: 二〇一〇年十月五日 → 2010年10月5日. `None` where they are no number.
fn arabic_date(plain: &str) -> Option<String> {
    let mut out = String::with_capacity(plain.len());
    let mut run: Vec<char> = Vec::new();
    for c in plain.chars().map(|c| if c == '○' { '〇' } else { c }).chain(['\0']) {
        if numeral(c).is_some() {
            run.push(c);
            continue;
        }
        if !run.is_empty() {
            out.push_str(&chinese_number(&run)?.to_string());
            run.clear();
        }
        if c != '\0' {
            out.push(c);
        }
    }
    Some(out)
}

/// A day from a spreadsheet's serial number (days since 1899-12-30; the date system of 1900).
pub fn serial_date(serial: f64) -> Option<String> {
    if !(1.0..2_958_466.0).contains(&serial) {
        return None;
    }
    let (y, m, d) = civil(serial as i64 - 25_569);
    Some(format!("{y:04}-{m:02}-{d:02}"))
}

/// A moment as milliseconds UTC of the wall clock in China (UTC+8, no summer time since 1992): reads a date as
/// [`date`] does, then `18:37` or `18:37:05`; without a time of day it is midnight.
pub fn moment(text: &str) -> Option<i64> {
    let day = date(text)?;
    let (y, m, d) = ymd(&day)?;
    let plain = tidy(text);
    let clock = plain.rsplit_once([' ', 'T', '日']).map(|(_, rest)| rest.trim()).filter(|rest| rest.contains(':'));
    let mut seconds = 0;
    if let Some(clock) = clock {
        let parts: Vec<i64> = clock.split(':').map(|p| p.parse().ok()).collect::<Option<_>>()?;
        seconds = match parts[..] {
            [hour @ 0..24, minute @ 0..60] => hour * 3600 + minute * 60,
            [hour @ 0..24, minute @ 0..60, second @ 0..60] => hour * 3600 + minute * 60 + second,
            _ => return None,
        };
    }
    Some((days(y, m, d) * 86_400 + seconds - 8 * 3600) * 1000)
}

/// Year, month and day of a moment in China (UTC+8).
pub fn china_date(at: Millis) -> (i64, u32, u32) {
    civil(at.0.saturating_add(8 * 3_600_000).div_euclid(Millis::DAY))
}

/// The day of a moment in China, as records write days.
pub fn china_day(at: Millis) -> String {
    let (y, m, d) = china_date(at);
    format!("{y:04}-{m:02}-{d:02}")
}

/// A moment in China to the minute, `2026-03-08 10:00`.
pub fn china_minute(at: Millis) -> String {
    let minutes = at.0.saturating_add(8 * 3_600_000).rem_euclid(Millis::DAY) / 60_000;
    format!("{} {:02}:{:02}", china_day(at), minutes / 60, minutes % 60)
}

/// A value as a report may show it: at most the first three and the last two characters, never more than half of it.
pub fn mask(text: &str) -> String {
    let chars: Vec<char> = text.trim().chars().collect();
    let (head, tail) = match chars.len() {
        0 => return String::new(),
        1 => (0, 0),
        2..=5 => (1, 0),
        6..=9 => (2, 1),
        _ => (3, 2),
    };
    let mut out: String = chars[..head].iter().collect();
    out.extend(std::iter::repeat_n('*', chars.len() - head - tail));
    out.extend(&chars[chars.len() - tail..]);
    out
}

/// The value of a Chinese numeral.
pub(super) fn numeral(c: char) -> Option<u32> {
    Some(match c {
        '零' | '〇' => 0,
        '一' | '壹' => 1,
        '二' | '两' | '贰' => 2,
        '三' | '叁' => 3,
        '四' | '肆' => 4,
        '五' | '伍' => 5,
        '六' | '陆' => 6,
        '七' | '柒' => 7,
        '八' | '捌' => 8,
        '九' | '玖' => 9,
        '十' | '拾' => 10,
        '百' | '佰' => 100,
        _ => return None,
    })
}

/// 十二 → 12, 二十 → 20, 一百零三 → 103, 三〇一 → 301.
pub(super) fn chinese_number(chars: &[char]) -> Option<u32> {
    let values: Vec<u32> = chars.iter().map(|c| numeral(*c)).collect::<Option<_>>()?;
    if values.iter().all(|v| *v < 10) {
        return (values.len() <= 4).then(|| values.iter().fold(0, |sum, v| sum * 10 + v));
    }
    let (mut total, mut digit) = (0, None);
    for value in values {
        if value < 10 {
            digit = Some(value);
        } else {
            total += digit.take().filter(|d| *d > 0).unwrap_or(1) * value;
        }
    }
    Some(total + digit.unwrap_or(0))
}

/// A day of the calendar in its stored form.
fn day(y: &str, m: &str, d: Option<&str>) -> Option<String> {
    if y.len() != 4 || m.len() > 2 || d.is_some_and(|d| d.len() > 2) {
        return None;
    }
    let (year, month): (u32, u32) = (y.parse().ok()?, m.parse().ok()?);
    let number: u32 = d.map_or(Ok(1), str::parse).ok()?;
    let shown = d.map(|_| format!("-{number:02}")).unwrap_or_default();
    is_real_date(year, month, number).then(|| format!("{year:04}-{month:02}{shown}"))
}

fn ymd(day: &str) -> Option<(i64, u32, u32)> {
    let mut parts = day.split('-');
    let (y, m) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some((y, m, parts.next().map_or(Some(1), |d| d.parse().ok())?))
}

/// Days since 1970-01-01 of a civil date (Howard Hinnant, "chrono-compatible low-level date algorithms").
pub(super) fn days(y: i64, m: u32, d: u32) -> i64 {
    let y = if m <= 2 { y - 1 } else { y };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let month = (i64::from(m) + 9) % 12;
    let day_of_year = (153 * month + 2) / 5 + i64::from(d) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The civil date of days since 1970-01-01 (same source).
pub(super) fn civil(days: i64) -> (i64, u32, u32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let d = day_of_year - (153 * month + 2) / 5 + 1;
    let m = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(m <= 2), m as u32, d as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_the_spaces_that_stretch_them() {
        assert_eq!(name(" 林 勇 海 "), "林勇海");
        assert_eq!(name("罗\u{3000}伟"), "罗伟");
        assert_eq!(name("阿依古丽•买买提"), "阿依古丽·买买提");
        assert_eq!(name("Anna  Maria"), "Anna Maria");
    }

    #[test]
    fn telephones_become_digits() {
        for text in
            ["13800138000", "１３８００１３８０００", "+86 138-0013-8000", "8613800138000", "0086 138 0013 8000"]
        {
            assert_eq!(phone(text).as_deref(), Some("13800138000"), "{text}");
        }
        assert_eq!(phone("(0538) 282-1234").as_deref(), Some("05382821234"));
        assert_eq!(phone("86281234").as_deref(), Some("86281234"), "a local line may begin with 86");
        assert_eq!(phone("13800138000（子）").as_deref(), Some("13800138000"));
        assert_eq!(phone("+86 538 282 1234").as_deref(), Some("05382821234"));
        assert_eq!(phones("0538-2821234/13800138000 ").map(|p| p.len()), Some(2));
        for text in ["", "无", "123456", "1380013800", "138001380000", "1.38E+10"] {
            assert_eq!(phones(text), None, "{text}");
        }
    }

    #[test]
    fn days_have_one_form() {
        for text in [
            "1958.3.5",
            "1958年3月5日",
            "1958-03-05",
            "19580305",
            "1958/3/5 00:00:00",
            "１９５８．３．５",
            "1958年 3月 5日",
            "一九五八年三月五日",
        ] {
            assert_eq!(date(text).as_deref(), Some("1958-03-05"), "{text}");
        }
        assert_eq!(date("二〇一〇年十二月二十一日").as_deref(), Some("2010-12-21"));
        assert_eq!(date("1958年3月").as_deref(), Some("1958-03"));
        assert_eq!(date("2024-02-29").as_deref(), Some("2024-02-29"));
        for text in ["", "1958", "2023-02-29", "1958-13-01", "3.5", "未知", "195803", "1958-03-05-01"] {
            assert_eq!(date(text), None, "{text}");
        }
        assert_eq!(serial_date(21_249.0).as_deref(), Some("1958-03-05"));
        assert_eq!(serial_date(60_000.0).as_deref(), Some("2064-04-08"));
        assert_eq!(serial_date(-1.0), None);
    }

    #[test]
    fn every_day_of_four_centuries_comes_back() {
        for n in -40_000..80_000 {
            let (y, m, d) = civil(n);
            assert_eq!(days(y, m, d), n);
        }
    }

    #[test]
    fn moments_are_china_time() {
        assert_eq!(china_day(Millis(0)), "1970-01-01");
        assert_eq!(china_minute(Millis(0)), "1970-01-01 08:00");
        assert_eq!(china_minute(Millis(-1)), "1970-01-01 07:59");
        assert_eq!(china_day(Millis(1_781_087_820_000)), "2026-06-10");
        assert_eq!(china_day(Millis(1_781_107_199_999)), "2026-06-10", "a millisecond before midnight in China");
        assert_eq!(china_day(Millis(1_781_107_200_000)), "2026-06-11");
        assert_eq!(moment("1970-01-01 08:00"), Some(0));
        assert_eq!(moment("2026-06-10 18:37"), Some(1_781_087_820_000));
        assert_eq!(moment("2026年6月10日18:37"), Some(1_781_087_820_000));
        assert_eq!(moment("2026-06-10"), moment("2026-06-10 00:00:00"));
        assert_eq!(moment("2026-06-10 25:00"), None);
    }

    #[test]
    fn masks_show_less_than_half() {
        assert_eq!(mask("990123196506205350"), "990*************50");
        assert_eq!(mask("张三"), "张*");
        assert_eq!(mask("欧阳春"), "欧**");
        assert_eq!(mask(""), "");
        for n in 1..30 {
            let text = "字".repeat(n);
            let shown = mask(&text).chars().filter(|c| *c != '*').count();
            assert!(shown * 2 <= n, "{n}");
        }
    }
}
