//! Words of sentences, in both languages at once.

use crate::{
    merge::wording,
    model::{Millis, text},
};

/// One text in Chinese and English.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub zh: String,
    pub en: String,
}

impl Said {
    pub fn both(zh: &str, en: &str) -> Self {
        Self { zh: zh.to_owned(), en: en.to_owned() }
    }
    /// Several, as a list.
    pub fn list(all: &[Self]) -> Self {
        let zh: Vec<_> = all.iter().map(|said| said.zh.as_str()).collect();
        let en: Vec<_> = all.iter().map(|said| said.en.as_str()).collect();
        Self { zh: zh.join("、"), en: en.join(", ") }
    }
    /// Puts words into the places `{0}`, `{1}` … of both sentences. A word that looks like a place stays as it is.
    pub fn fill((zh, en): (&str, &str), words: &[Self]) -> Self {
        let fill = |sentence: &str, word: fn(&Self) -> &str| {
            let mut out = String::with_capacity(sentence.len() + 64);
            let mut rest = sentence;
            while let Some((before, after)) = rest.split_once('{') {
                out.push_str(before);
                let (number, after) = after.split_once('}').unwrap_or(("", after));
                out.push_str(number.parse().ok().and_then(|n: usize| words.get(n)).map_or("", word));
                rest = after;
            }
            out + rest
        };
        Self { zh: fill(zh, |said| &said.zh), en: fill(en, |said| &said.en) }
    }
}

/// The day of a moment, in China.
pub(super) fn day(at: Millis) -> Said {
    Said { zh: wording::day_zh(at), en: wording::day_en(at) }
}

/// A stored day: `2026-03-01` is 2026年3月1日.
pub(super) fn date(day: &str) -> Said {
    let mut parts = day.split('-').map(|part| part.trim_start_matches('0'));
    let zh = match (parts.next(), parts.next(), parts.next()) {
        (Some(year), Some(month), Some(day)) => format!("{year}年{month}月{day}日"),
        (Some(year), Some(month), None) => format!("{year}年{month}月"),
        _ => day.to_owned(),
    };
    Said { zh, en: day.to_owned() }
}

/// The day of a moment as records store days.
pub(super) fn stored_day(at: Millis) -> String {
    wording::day_en(at)
}

/// Text without what only spelling adds.
pub(super) fn bare(typed: &str) -> String {
    text::compact(typed).chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
