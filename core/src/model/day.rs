//! Days as people in China count them (UTC+8, no summer time), and as documents write them.

use super::{ids::Millis, text, validate::is_date};

const CHINA_MS: i64 = 8 * 3_600_000;

/// The day of a moment, counted from 1970-01-01.
pub fn of(at: Millis) -> i64 {
    at.plus(CHINA_MS).0.div_euclid(Millis::DAY)
}

/// The moment at which a day begins.
pub fn begin(day: i64) -> Millis {
    Millis(day.saturating_mul(Millis::DAY)).plus(-CHINA_MS)
}

/// `2026-03-08`.
pub fn to_text(day: i64) -> String {
    let (year, month, day) = text::civil(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Reads `2026-03-08`; of a month, `2026-03`, the last day: until then nothing that is due in it is late.
pub fn parse(date: &str) -> Option<i64> {
    if !is_date(date) {
        return None;
    }
    let number = |range: std::ops::Range<usize>| date.get(range)?.parse::<u32>().ok();
    let (year, month) = (i64::from(number(0..4)?), number(5..7)?);
    Some(match number(8..10) {
        Some(day) => text::days(year, month, day),
        None if month == 12 => text::days(year + 1, 1, 1) - 1,
        None => text::days(year, month + 1, 1) - 1,
    })
}

/// `3月8日`, with the year where it is not the year of `today`.
pub fn zh(day: i64, today: i64) -> String {
    let (year, month, date) = text::civil(day);
    if year == text::civil(today).0 { format!("{month}月{date}日") } else { format!("{year}年{month}月{date}日") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_that_of_china_and_reads_back() {
        assert_eq!(of(Millis(0)), 0);
        assert_eq!(of(Millis(-8 * 3_600_000 - 1)), -1, "a moment before midnight in China");
        assert_eq!(begin(of(Millis(1_772_416_800_000))), Millis(1_772_380_800_000));
        for day in (-30_000..60_000).step_by(13) {
            assert_eq!(parse(&to_text(day)), Some(day));
            assert_eq!(of(begin(day)), day);
        }
        assert_eq!((parse("2026-02"), parse("2026-12")), (parse("2026-02-28"), parse("2026-12-31")));
        assert_eq!((parse("2026-02-30"), parse("8 March"), parse("")), (None, None, None));
        let day = parse("2026-03-08").unwrap_or_default();
        assert_eq!((zh(day, day + 9), zh(day, day + 400)), ("3月8日".to_owned(), "2026年3月8日".to_owned()));
    }
}
