//! Checks of values before they are written: every problem at once, each with a sentence in both languages.

mod record;
mod values;

use serde::{Deserialize, Serialize};

pub use record::{by_hand, check_record, check_relations};
pub use values::{PhoneKind, is_date, is_real_date, phone_kind};
use values::{
    check_date, check_entry, check_id, check_number, check_phone, check_point, check_region, check_text, check_uscc,
};

use super::{
    attachment::Attachment,
    change::Value,
    ids::RecordId,
    member::Member,
    schema::{Field, FieldType, Kind, Rule, Schema, base_key},
};

/// Longest text in bytes (DESIGN 3).
pub const MAX_TEXT: usize = 4096;
/// 1800-01-01 and 2200-01-01: what lies outside is a slip.
const TIMES: std::ops::Range<i64> = -5_364_662_400_000..7_258_118_400_000;

/// Whether a problem only marks a value or keeps it from being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The value is kept and marked.
    Warn,
    /// The value is not written.
    Block,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Key of the field.
    pub field: String,
    /// Name of the rule, for programs.
    pub rule: String,
    /// Chinese sentence.
    pub zh: String,
    /// English sentence.
    pub en: String,
    /// Kept and marked, or not written.
    pub severity: Severity,
}

impl Problem {
    /// A problem that keeps the value from being written.
    pub fn block(field: &str, rule: &str, zh: &str, en: &str) -> Self {
        Self {
            field: field.to_owned(),
            rule: rule.to_owned(),
            zh: zh.to_owned(),
            en: en.to_owned(),
            severity: Severity::Block,
        }
    }
    /// Whether it keeps the value from being written.
    pub fn blocks(&self) -> bool {
        self.severity == Severity::Block
    }
}

/// Collects the problems of one field; sentences begin with its label.
struct Found<'a> {
    field: &'a Field,
    problems: Vec<Problem>,
}

impl Found<'_> {
    fn add(&mut self, severity: Severity, rule: &str, zh: &str, en: &str) {
        self.problems.push(Problem {
            field: self.field.key.clone(),
            rule: rule.to_owned(),
            zh: format!("{}：{zh}", self.field.zh),
            en: format!("{}: {en}", self.field.en),
            severity,
        });
    }
    fn block(&mut self, rule: &str, zh: &str, en: &str) {
        self.add(Severity::Block, rule, zh, en);
    }
    fn warn(&mut self, rule: &str, zh: &str, en: &str) {
        self.add(Severity::Warn, rule, zh, en);
    }
}

/// Checks one put of a document: the field is known, the key has the shape of its rule, the value is sound.
pub fn check_put(schema: &Schema, kind: &Kind, key: &str, value: &Value) -> Vec<Problem> {
    let Some(field) = kind.field(key) else {
        return vec![Problem {
            field: base_key(key).to_owned(),
            rule: "unknown_field".to_owned(),
            zh: format!("“{}”没有字段 {}", kind.zh, base_key(key)),
            en: format!("{} has no field {}", kind.en, base_key(key)),
            severity: Severity::Block,
        }];
    };
    let mut problems = check_value(schema, field, value);
    if !key_fits(field, key, value) {
        let mut found = Found { field, problems: Vec::new() };
        found.block("key", "内部键名与字段规则不符", "the document key does not fit the rule of the field");
        problems.append(&mut found.problems);
    }
    problems
}

/// Whether a document key has the shape that the field's rule asks for: `field`, `field/<hash of the member>`, or
/// `field/<ulid>`. A member may be cleared, then its key cannot be compared with its text.
pub fn key_fits(field: &Field, key: &str, value: &Value) -> bool {
    let tail = key.strip_prefix(field.key.as_str()).and_then(|rest| rest.strip_prefix('/'));
    match (field.rule, tail) {
        (Rule::Set, Some(tail)) => match Member::from_value(value) {
            Some(member) => key == Member::key(&field.key, &member.text),
            None => value.is_null() && tail.len() == 16 && tail.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')),
        },
        (Rule::Log, Some(tail)) => ulid::Ulid::from_string(tail).is_ok_and(|ulid| ulid.to_string() == tail),
        (Rule::Set | Rule::Log, None) | (_, Some(_)) => false,
        (_, None) => key == field.key,
    }
}

/// Checks one value against its field. Of a `set` field the value is a [`Member`], of a `log` field a small JSON object.
/// `Null` clears a field and is always sound by itself; whether a record may lack it, [`check_record`] says.
pub fn check_value(schema: &Schema, field: &Field, value: &Value) -> Vec<Problem> {
    let mut found = Found { field, problems: Vec::new() };
    if value.text().is_some_and(|text| text.len() > MAX_TEXT) {
        found.block("size", "内容过大，最多4KiB", "more than 4 KiB");
    }
    match (field.rule, value) {
        (_, Value::Null) => {}
        (Rule::Set, _) => match Member::from_value(value) {
            Some(member) => {
                check_scalar(schema, &mut found, &Value::Text(member.text));
                if let Some(date) = member.date {
                    check_date(&mut found, &date);
                }
            }
            None => found.block("type", "成员格式不对", "not a member of a set"),
        },
        (Rule::Log, _) => check_entry(&mut found, value),
        _ => check_scalar(schema, &mut found, value),
    }
    found.problems
}

fn check_scalar(schema: &Schema, found: &mut Found, value: &Value) {
    let field = found.field;
    match (field.value_type, value) {
        (FieldType::Text, Value::Text(text)) => check_text(found, text),
        (FieldType::Code, Value::Text(code)) => {
            let list = field.list.as_deref().and_then(|name| schema.lists.get(name));
            if list.is_none_or(|list| list.get(code).is_none()) {
                found.block("code", "不在代码表中", "not a code of the list");
            }
            if field.by_command.contains(code) {
                found.block("command", "只能由相应的操作来改", "set by a command, not by hand");
            }
        }
        (FieldType::Date, Value::Text(date)) => check_date(found, date),
        (FieldType::Phone, Value::Text(number)) => check_phone(found, number),
        (FieldType::IdNumber, Value::Text(number)) => check_id(found, number),
        (FieldType::Ref, Value::Text(id)) => {
            if id.parse::<RecordId>().is_ok_and(|parsed| parsed.to_string() == *id) {
                return;
            }
            found.block("ref", "不是有效的记录编号", "not a record id");
        }
        (FieldType::Int, Value::Int(number)) => check_number(found, *number),
        (FieldType::Time, Value::Int(ms)) => {
            if !TIMES.contains(ms) {
                found.block("range", "时间应在1800年至2200年之间", "time must lie between the years 1800 and 2200");
            }
        }
        (FieldType::Bool, Value::Bool(_)) => {}
        (FieldType::Attachment, Value::Text(text)) => {
            if Attachment::parse(text).is_none() {
                found.block("attachment", "附件说明格式不对", "not sha256,mime,size,taken_at,taken_by");
            }
        }
        (FieldType::Point, Value::Text(text)) => check_point(found, text),
        (FieldType::Uscc, Value::Text(text)) => check_uscc(found, text),
        (FieldType::Region, Value::Text(text)) => check_region(found, text),
        (expected, _) => {
            let (zh, en) = type_words(expected);
            found.block("type", &format!("应为{zh}"), &format!("must be {en}"));
        }
    }
}

fn type_words(expected: FieldType) -> (&'static str, &'static str) {
    match expected {
        FieldType::Text => ("文字", "text"),
        FieldType::Int => ("整数", "a whole number"),
        FieldType::Bool => ("是或否", "yes or no"),
        FieldType::Date => ("日期", "a date"),
        FieldType::Code => ("代码", "a code"),
        FieldType::Phone => ("电话号码", "a telephone number"),
        FieldType::IdNumber => ("身份证号", "an ID number"),
        FieldType::Ref => ("记录编号", "a record id"),
        FieldType::Time => ("时间（毫秒）", "a time in milliseconds"),
        FieldType::Point => ("位置", "a position"),
        FieldType::Uscc => ("统一社会信用代码", "a unified social credit code"),
        FieldType::Region => ("区划代码", "a region code"),
        FieldType::Attachment => ("附件", "an attachment"),
    }
}

#[cfg(test)]
mod tests;
