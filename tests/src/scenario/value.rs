//! From what a file writes to what a document holds, and back to words.

use toml::value::{Date, Datetime, Offset, Time};
use wangge_core::model::{Field, FieldType, Millis, RecordId, Schema, Value};

/// The files write China time (UTC+8), which knows no summer time.
const CHINA_MS: i64 = 8 * 3_600_000;

/// Names that a file gives to records.
#[derive(Clone, Debug, Default)]
pub struct Names(Vec<(String, RecordId)>);

impl Names {
    /// Gives a name; false where it is taken.
    pub fn give(&mut self, name: &str, record: RecordId) -> bool {
        let free = self.record(name).is_none();
        if free {
            self.0.push((name.to_owned(), record));
        }
        free
    }
    /// The record of a name.
    pub fn record(&self, name: &str) -> Option<RecordId> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, record)| *record)
    }
    /// The name of a record; its id where the file gave none.
    pub fn name(&self, record: RecordId) -> String {
        self.0.iter().find(|(_, known)| *known == record).map_or_else(|| record.to_string(), |(name, _)| name.clone())
    }
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = (&str, RecordId)> {
        self.0.iter().map(|(name, record)| (name.as_str(), *record))
    }
}

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

/// The value of a field: codes by their Chinese words, references by the file's names, times as dates. What fits none
/// of these goes on as written, so that a file can also show what a phone refuses.
pub fn read(schema: &Schema, names: &Names, field: &Field, written: &toml::Value) -> Result<Value, String> {
    Ok(match (field.value_type, written) {
        (FieldType::Time, toml::Value::Datetime(time)) => {
            Value::Int(millis(time).ok_or("时间要写日期 / a time needs its date")?.0)
        }
        (FieldType::Date, toml::Value::Datetime(date)) => {
            Value::Text(day(date).ok_or("日期要写年月日 / a date needs year, month and day")?)
        }
        (FieldType::Degree, toml::Value::Float(degrees)) => Value::Int((degrees * 1e7).round() as i64),
        (FieldType::Code, toml::Value::String(word)) => {
            let list = field.list.as_deref().and_then(|name| schema.lists.get(name));
            Value::Text(
                list.and_then(|list| list.find_word(word)).map_or_else(|| word.clone(), |code| code.code.clone()),
            )
        }
        (FieldType::Ref, toml::Value::String(name)) => {
            let record = names.record(name);
            let record = record.ok_or_else(|| format!("没有叫“{name}”的记录 / no record called {name}"))?;
            Value::Text(record.to_string())
        }
        (_, toml::Value::String(text)) => Value::Text(text.clone()),
        (_, toml::Value::Integer(number)) => Value::Int(*number),
        (_, toml::Value::Boolean(yes)) => Value::Bool(*yes),
        (_, other) => return Err(format!("“{}”不能写成 {other} / {} cannot be written so", field.zh, field.key)),
    })
}

/// A value in the words of a file.
pub fn show(schema: &Schema, names: &Names, field: &Field, value: &Value) -> String {
    match (field.value_type, value) {
        (_, Value::Null) => "（空）".to_owned(),
        (FieldType::Ref, Value::Text(id)) => id.parse().map_or_else(|_| id.clone(), |record| names.name(record)),
        (FieldType::Time, Value::Int(ms)) => shown_time(Millis(*ms)),
        _ => schema.show(field, value, true),
    }
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

    #[test]
    fn words_become_codes_and_names_become_ids() {
        let schema = Schema::built_in();
        let field = |kind: &str, key: &str| {
            schema.kind(kind).and_then(|kind| kind.field(key)).expect("a field of the schema").clone()
        };
        let mut names = Names::default();
        let sun = RecordId([7; 16]);
        assert!(names.give("孙奶奶", sun) && !names.give("孙奶奶", RecordId([8; 16])));
        let hose = field("dwelling", "gas_hose");
        let worn = read(schema, &names, &hose, &"老化".into()).expect("a word of the list");
        assert_eq!((worn.clone(), show(schema, &names, &hose, &worn)), ("worn".into(), "老化".to_owned()));
        let met = field("visit", "met");
        let id = read(schema, &names, &met, &"孙奶奶".into()).expect("a name of the file");
        assert_eq!((id.clone(), show(schema, &names, &met, &id)), (Value::Text(sun.to_string()), "孙奶奶".to_owned()));
        assert!(read(schema, &names, &met, &"谁".into()).is_err());
    }
}
