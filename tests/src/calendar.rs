//! Days and times as people in China write them, and moments as documents hold them.

use toml::value::{Date, Datetime, Offset, Time};
use wangge_core::model::Millis;

/// China time (UTC+8) knows no summer time.
const CHINA_MS: i64 = 8 * 3_600_000;

/// Days from 1970-01-01 (Hinnant, "chrono-compatible low-level date algorithms").
fn days(date: Date) -> i64 {
    let (month, day) = (i64::from(date.month), i64::from(date.day));
    let year = i64::from(date.year) - i64::from(month <= 2);
    let (era, in_era) = (year.div_euclid(400), year.rem_euclid(400));
    let in_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719_468
}

/// The moment of a date and time; midnight where only a day is given.
pub fn millis(written: &Datetime) -> Option<Millis> {
    let date = written.date?;
    let Time { hour, minute, second, nanosecond, .. } =
        written.time.unwrap_or(Time { hour: 0, minute: 0, second: None, nanosecond: None });
    let of_day = (i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second.unwrap_or(0));
    let ms = of_day * 1_000 + i64::from(nanosecond.unwrap_or(0) / 1_000_000);
    let zone = match written.offset {
        Some(Offset::Z) => 0,
        Some(Offset::Custom { minutes }) => i64::from(minutes) * 60_000,
        None => CHINA_MS,
    };
    Some(Millis(days(date) * Millis::DAY + ms - zone))
}

/// `2026-03` of a moment, China time.
pub fn month(at: Millis) -> String {
    let (year, month, _) = civil(at);
    format!("{year:04}-{month:02}")
}

/// `2026-03-08 10:00` of a moment, China time.
pub fn shown_time(at: Millis) -> String {
    let (year, month, day) = civil(at);
    let minutes = (at.0 + CHINA_MS).rem_euclid(Millis::DAY) / 60_000;
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", minutes / 60, minutes % 60)
}

fn civil(at: Millis) -> (i64, i64, i64) {
    let shifted = (at.0 + CHINA_MS).div_euclid(Millis::DAY) + 719_468;
    let (era, in_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * in_year + 2) / 153;
    let day = in_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// A day as documents hold it.
pub fn day(written: &Datetime) -> Option<String> {
    written.date.map(|date| date.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Millis {
        millis(&text.parse().expect("a date")).expect("with a day")
    }

    #[test]
    fn china_time_is_eight_hours_ahead() {
        assert_eq!(at("1970-01-01T08:00:00"), Millis(0));
        assert_eq!(at("2026-03-08T10:00:00"), at("2026-03-08T02:00:00Z"));
        assert_eq!(at("2024-02-29T00:00:00Z"), Millis(1_709_164_800_000));
        assert_eq!(at("2026-03-08"), at("2026-03-08T00:00:00"));
    }

    #[test]
    fn a_moment_reads_back() {
        for text in ["1969-12-31T23:59:00", "2000-02-29T00:00:00", "2026-12-31T23:30:00", "2099-01-01T00:01:00"] {
            assert_eq!(shown_time(at(text)), text[..16].replace('T', " "));
            assert_eq!(month(at(text)), text[..7]);
        }
    }
}
