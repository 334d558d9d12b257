//! Values, people and times as sentences say them.

use crate::model::{
    Field, FieldType, Member, Millis, Observation, Point, Role, Rule, Schema, Value,
    text::{china_date, china_day},
};

/// One field in words, in one language.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    schema: &'a Schema,
    field: &'a Field,
    zh: bool,
}

impl<'a> Words<'a> {
    /// Both languages of a field: Chinese, English.
    pub(super) fn both(schema: &'a Schema, field: &'a Field) -> (Self, Self) {
        (Self { schema, field, zh: true }, Self { schema, field, zh: false })
    }

    /// A value in quotation marks, and whether and when a member ended. Of identity numbers only the end is shown,
    /// since showing one whole is an act of its own.
    pub(super) fn value(self, value: &Value) -> String {
        let state = if self.field.rule == Rule::Set { self.state(value) } else { String::new() };
        format!("{}{state}", self.text(value))
    }
    fn state(self, value: &Value) -> String {
        match (Member::from_value(value), self.zh) {
            (Some(Member { on: true, date: Some(date), .. }), true) => format!("（{date}起）"),
            (Some(Member { on: true, date: Some(date), .. }), false) => format!(" (since {date})"),
            (Some(Member { on: true, date: None, .. }), _) => String::new(),
            (Some(Member { on: false, date: Some(date), .. }), true) => format!("（{date}终止）"),
            (Some(Member { on: false, date: Some(date), .. }), false) => format!(" (ended {date})"),
            (_, true) => "（已终止）".to_owned(),
            (_, false) => " (ended)".to_owned(),
        }
    }
    fn text(self, value: &Value) -> String {
        match self.field.rule {
            Rule::Set => self.plain(&Member::from_value(value).map_or(Value::Null, |member| Value::Text(member.text))),
            Rule::Log => self.plain(&entry_text(value)),
            _ => self.plain(value),
        }
    }
    /// A value of the field's type in quotation marks: the text of a member or an entry, any other value as it stands.
    pub(super) fn plain(self, plain: &Value) -> String {
        let text = match (self.field.value_type, plain) {
            (FieldType::Point, Value::Text(text)) => self.position(text),
            (FieldType::Time, Value::Int(ms)) => format!("{} {}", day_en(Millis(*ms)), clock(Millis(*ms))),
            _ => self.schema.show(self.field, plain, self.zh),
        };
        match (text.is_empty(), self.zh) {
            (true, true) => "（空）".to_owned(),
            (true, false) => "(empty)".to_owned(),
            (false, true) if self.is_masked() => format!("“尾号{}”", tail(&text)),
            (false, false) if self.is_masked() => format!("\"…{}\"", tail(&text)),
            (false, true) => format!("“{text}”"),
            (false, false) => format!("\"{text}\""),
        }
    }
    /// Degrees and how far off they may be; the last digits say nothing to anybody.
    fn position(self, text: &str) -> String {
        let Ok(point) = Point::parse(text) else { return text.to_owned() };
        let (lat, lon) = (f64::from(point.lat) / 1e7, f64::from(point.lon) / 1e7);
        match (point.accuracy_m, self.zh) {
            (Some(metres), true) => format!("{lat:.5}，{lon:.5}（误差约{metres}米）"),
            (Some(metres), false) => format!("{lat:.5}, {lon:.5} (to about {metres} m)"),
            (None, true) => format!("{lat:.5}，{lon:.5}（误差不明）"),
            (None, false) => format!("{lat:.5}, {lon:.5} (accuracy not known)"),
        }
    }
    /// The field.
    pub(super) fn field(self) -> &'a Field {
        self.field
    }
    /// The schema.
    pub(super) fn schema(self) -> &'a Schema {
        self.schema
    }
    fn is_masked(self) -> bool {
        self.field.value_type == FieldType::IdNumber
    }
    /// The field's label.
    pub(super) fn label(self) -> &'a str {
        if self.zh { &self.field.zh } else { &self.field.en }
    }
}

fn tail(text: &str) -> String {
    text.chars().skip(text.chars().count().saturating_sub(4)).collect()
}

/// A log entry is small JSON with a `text`; anything else is shown as it is.
fn entry_text(value: &Value) -> Value {
    let json: Option<serde_json::Value> = value.text().and_then(|text| serde_json::from_str(text).ok());
    let text = json.as_ref().and_then(|entry| entry.get("text")).and_then(serde_json::Value::as_str);
    text.map_or_else(|| value.clone(), Value::from)
}

/// `2026年3月8日`.
pub(super) fn day_zh(at: Millis) -> String {
    let (year, month, day) = china_date(at);
    format!("{year}年{month}月{day}日")
}
/// `2026-03-08`.
pub(super) fn day_en(at: Millis) -> String {
    china_day(at)
}
/// `3月8日`, with the year where it is not this year's.
pub(super) fn short_day_zh(at: Millis, today: Millis) -> String {
    let (year, month, day) = china_date(at);
    if year == china_date(today).0 { format!("{month}月{day}日") } else { day_zh(at) }
}
/// `8 March` would need names of months: `03-08`, with the year where it is not this year's.
pub(super) fn short_day_en(at: Millis, today: Millis) -> String {
    let (year, month, day) = china_date(at);
    if year == china_date(today).0 { format!("{month:02}-{day:02}") } else { day_en(at) }
}
/// `10:00`.
pub(super) fn clock(at: Millis) -> String {
    let minutes = at.plus(8 * 3_600_000).0.rem_euclid(Millis::DAY) / 60_000;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}
/// The time of an observation, with a word where its clock is not to be trusted.
pub(super) fn when_zh(change: &Observation) -> String {
    let doubt = if change.doubtful { "（手机时间不准）" } else { "" };
    format!("{}{}{doubt}", day_zh(change.at), clock(change.at))
}
/// The same in English.
pub(super) fn when_en(change: &Observation) -> String {
    let doubt = if change.doubtful { " (clock not reliable)" } else { "" };
    format!("{} {}{doubt}", day_en(change.at), clock(change.at))
}

/// Roles in Chinese.
pub(super) fn roles_zh(roles: &[Role]) -> String {
    let names: Vec<_> = roles.iter().map(|role| role.zh()).collect();
    names.join("或")
}
/// Roles in English.
pub(super) fn roles_en(roles: &[Role]) -> String {
    if roles.is_empty() {
        return "somebody".to_owned();
    }
    let names: Vec<_> = roles.iter().map(|role| role.en()).collect();
    names.join(" or ")
}
