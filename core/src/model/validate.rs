//! Checks of values before they are written: every problem at once, each with a sentence in both languages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    attachment::Attachment,
    change::Value,
    idno,
    ids::{RecordId, Role},
    member::Member,
    schema::{Field, FieldType, Kind, Rule, Schema, base_key},
};

/// Longest text in bytes (DESIGN 3).
pub const MAX_TEXT: usize = 4096;
/// Counts beyond this lose digits in JSON readers that know only doubles.
const MAX_INT: i64 = 1 << 53;
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

/// Checks a whole record as its author would submit it: every value, and that the fields are there which the schema
/// requires and the author's role may write. Keys are document keys.
pub fn check_record(schema: &Schema, kind: &Kind, role: Role, values: &BTreeMap<String, Value>) -> Vec<Problem> {
    let mut problems: Vec<_> = values.iter().flat_map(|(key, value)| check_put(schema, kind, key, value)).collect();
    for field in kind.fields.iter().filter(|f| f.required && schema.may_write(role, kind, f)) {
        let present = values.iter().any(|(key, value)| base_key(key) == field.key && !value.is_null());
        if !present {
            let mut found = Found { field, problems: Vec::new() };
            found.block("required", "必填", "must be filled in");
            problems.append(&mut found.problems);
        }
    }
    problems
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
        (FieldType::Int, Value::Int(number)) => {
            if !(-MAX_INT..=MAX_INT).contains(number) {
                found.block("range", "数值过大", "number out of range");
            }
        }
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
        (FieldType::Point | FieldType::Uscc | FieldType::Region, Value::Text(text)) => check_text(found, text),
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

fn check_text(found: &mut Found, text: &str) {
    if text.trim().is_empty() {
        found.block("blank", "没有内容；要清除请选“清除”", "blank; to clear a field, clear it");
        return;
    }
    if text.trim() != text {
        found.warn("spaces", "首尾有空格", "spaces at the beginning or end");
    }
    check_characters(found, text);
    check_length(found, text);
}

fn check_length(found: &mut Found, text: &str) {
    let count = text.chars().count();
    if let Some(max) = found.field.max
        && count as i64 > max
    {
        let (zh, en) = (format!("最多{max}字，现有{count}字"), format!("at most {max} characters, not {count}"));
        found.block("length", &zh, &en);
    }
}

/// Control characters and those that turn the direction of writing could make one name look like another.
fn check_characters(found: &mut Found, text: &str) {
    let turns = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    if text.chars().any(|c| (c.is_control() && c != '\n') || turns(c)) {
        found.block("control", "含有不可见的控制字符", "holds invisible control characters");
    }
    if text.contains('\u{fffd}') {
        found.warn("damaged", "有字符在转换编码时损坏", "characters were damaged by a change of encoding");
    }
    if text.chars().any(|c| matches!(c, '\u{e000}'..='\u{f8ff}')) {
        found.warn(
            "private_use",
            "有自造字，别的手机可能显示不出",
            "holds private-use characters that other phones may not show",
        );
    }
}

fn check_date(found: &mut Found, date: &str) {
    if !is_date_shaped(date) {
        found.block("date_shape", "日期应写作2026-03-08，日不详时写2026-03", "write a date as 2026-03-08, or 2026-03");
    } else if !is_date(date) {
        found.block("date", "日历上没有这一天", "there is no such day");
    }
}

fn is_date_shaped(text: &str) -> bool {
    let bytes = text.as_bytes();
    matches!(bytes.len(), 7 | 10)
        && bytes.iter().enumerate().all(|(i, b)| if i == 4 || i == 7 { *b == b'-' } else { b.is_ascii_digit() })
}

/// Whether a text is a day of the calendar (`2026-03-08`), or a month (`2026-03`) where the day is not known.
pub fn is_date(text: &str) -> bool {
    let number = |range: std::ops::Range<usize>| text[range].parse().unwrap_or(0);
    is_date_shaped(text) && is_real_date(number(0..4), number(5..7), if text.len() == 10 { number(8..10) } else { 1 })
}

fn check_phone(found: &mut Found, number: &str) {
    let digits = number.bytes().all(|b| b.is_ascii_digit());
    match phone_kind(number) {
        _ if !digits || number.is_empty() => found.block("phone_digits", "只填数字", "digits only"),
        Some(PhoneKind::Local) => found.warn("phone_area", "缺区号", "the area code is missing"),
        Some(_) => {}
        None => {
            found.block("phone", "不是11位手机号或带区号的固定电话", "neither a mobile of 11 digits nor a landline");
        }
    }
}

/// What a row of digits is as a telephone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneKind {
    /// 11 digits from 13 to 19.
    Mobile,
    /// Area code and number.
    Landline,
    /// A landline without its area code.
    Local,
    /// 110, 12345, 95598, 400…: numbers of offices.
    Service,
}

/// Which kind of telephone number digits are; `None` if they are none.
pub fn phone_kind(digits: &str) -> Option<PhoneKind> {
    let bytes = digits.as_bytes();
    if !bytes.iter().all(u8::is_ascii_digit) {
        return None;
    }
    match (bytes, bytes.len()) {
        ([b'1', b'3'..=b'9', ..], 11) => Some(PhoneKind::Mobile),
        ([b'0', b'1', b'0', b'2'..=b'8', ..] | [b'0', b'2', _, b'2'..=b'8', ..], 11)
        | ([b'0', b'3'..=b'9', _, _, b'2'..=b'8', ..], 11 | 12) => Some(PhoneKind::Landline),
        ([b'2'..=b'8', ..], 7 | 8) => Some(PhoneKind::Local),
        ([b'4' | b'8', b'0', b'0', ..], 10)
        | ([b'1', b'1' | b'2', _], 3)
        | ([b'1', b'0' | b'2', ..], 5)
        | ([b'9', b'5' | b'6', ..], 5..=6) => Some(PhoneKind::Service),
        _ => None,
    }
}

/// A number that breaks a rule is kept and marked: it may be what the document shows, and no person is lost for it.
fn check_id(found: &mut Found, number: &str) {
    check_text(found, number);
    if idno::normalise(number) != number {
        found.block("id_form", "请用半角、不带空格、大写X", "write it without spaces, in half width, with a capital X");
    } else if let Err(error) = idno::check(number) {
        let text = error.to_string();
        let (zh, en) = text.split_once(" / ").expect("every message of IdError has two halves");
        found.warn(error.rule(), zh, en);
    }
}

fn check_entry(found: &mut Found, value: &Value) {
    let object = value.text().and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    let Some(serde_json::Value::Object(entry)) = object else {
        found.block("entry", "记录格式不对", "an entry is a small JSON object");
        return;
    };
    if entry.is_empty() || entry.values().any(|part| part.is_object() || part.is_array()) {
        found.block("entry", "记录格式不对", "an entry is one flat JSON object");
    }
    for text in entry.values().filter_map(serde_json::Value::as_str) {
        check_characters(found, text);
        check_length(found, text);
    }
}

/// Whether a day stands in the calendar, from 1800 to 2199.
pub fn is_real_date(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    (1800..2200).contains(&year) && (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn field(kind: &str, key: &str) -> &'static Field {
        Schema::built_in().kind(kind).unwrap().field(key).unwrap()
    }
    /// Rules that a value breaks, with `!` before those that keep it from being written.
    fn rules(kind: &str, key: &str, value: impl Into<Value>) -> Vec<String> {
        let problems = check_value(Schema::built_in(), field(kind, key), &value.into());
        problems.iter().map(|p| format!("{}{}", if p.blocks() { "!" } else { "" }, p.rule)).collect()
    }

    #[test]
    fn sound_values_pass() {
        for (kind, key, text) in [
            ("resident", "name", "阿依古丽·买买提"),
            ("resident", "name", "𫖯明"),
            ("resident", "sex", "1"),
            ("resident", "birth_date", "2024-02-29"),
            ("resident", "birth_date", "1958-03"),
            ("resident", "id_no", "11010519491231002X"),
            ("resident", "phone", "13800138000"),
            ("region", "notice_phone", "12345"),
            ("region", "notice_phone", "4008001234"),
            ("household", "contact_phone", "01062345678"),
            ("household", "contact_phone", "05382821234"),
            ("household", "contact_phone", "053182821234"),
            ("dwelling", "building", "018f4e3c-7f7e-7000-8000-000000000001"),
            ("event", "description", "楼道堆放杂物，\n堵塞消防通道"),
            ("resident", "phones", r#"{"text":"13800138000","on":false,"date":"2026-03-08"}"#),
            ("care", "tags", r#"{"text":"elder_alone","on":true}"#),
            ("event", "handling", r#"{"text":"已通知物业","done":true,"count":2}"#),
        ] {
            assert_eq!(rules(kind, key, text), [""; 0], "{kind}.{key} {text}");
        }
        assert_eq!(rules("dwelling", "floor", -1), [""; 0]);
        assert_eq!(rules("event", "found_at", 1_781_087_820_000), [""; 0]);
        for kind in Schema::built_in().kinds.values() {
            for field in &kind.fields {
                assert_eq!(check_value(Schema::built_in(), field, &Value::Null), [], "anything may be cleared");
            }
        }
    }

    #[test]
    fn each_rule_is_named() {
        for (kind, key, text, expected) in [
            ("resident", "name", "", "!blank"),
            ("resident", "name", " \u{3000}", "!blank"),
            ("resident", "name", "张三 ", "spaces"),
            ("resident", "name", "张\u{0}三", "!control"),
            ("resident", "name", "张\u{202e}三", "!control"),
            ("resident", "name", "张\u{fffd}", "damaged"),
            ("resident", "name", "张\u{e5e5}", "private_use"),
            ("resident", "sex", "男", "!code"),
            ("resident", "life_status", "dead", "!command"),
            ("resident", "birth_date", "1958.3.5", "!date_shape"),
            ("resident", "birth_date", "1958-3-05", "!date_shape"),
            ("resident", "birth_date", "一九五八-03", "!date_shape"),
            ("resident", "birth_date", "2023-02-29", "!date"),
            ("resident", "birth_date", "2023-13", "!date"),
            ("resident", "birth_date", "0058-03-05", "!date"),
            ("resident", "phone", "138 0013 8000", "!phone_digits"),
            ("resident", "phone", "", "!phone_digits"),
            ("resident", "phone", "１３８００１３８０００", "!phone_digits"),
            ("resident", "phone", "1380013800", "!phone"),
            ("resident", "phone", "12800138000", "!phone"),
            ("resident", "phone", "2821234", "phone_area"),
            ("resident", "id_no", "110105194912310021", "id_check_digit"),
            ("resident", "id_no", "11010519490231002X", "id_date"),
            ("resident", "id_no", "110105491231002", "id_length"),
            ("resident", "id_no", "1101051949123100AX", "id_characters"),
            ("resident", "id_no", "11010519491231002x", "!id_form"),
            ("dwelling", "building", "7", "!ref"),
            ("dwelling", "building", "018F4E3C-7F7E-7000-8000-000000000001", "!ref"),
            ("dwelling", "floor", "3", "!type"),
            ("dwelling", "smoke_alarm", "true", "!type"),
            ("resident", "phones", "13800138000", "!type"),
            ("resident", "phones", r#"{"text":"138","on":true}"#, "!phone"),
            ("resident", "phones", r#"{"text":"13800138000","on":true,"date":"8 Mar"}"#, "!date_shape"),
            ("care", "tags", r#"{"text":"独居","on":true}"#, "!code"),
            ("event", "handling", "已通知物业", "!entry"),
            ("event", "handling", "{}", "!entry"),
            ("event", "handling", r#"{"a":{"b":1}}"#, "!entry"),
            ("event", "handling", r#"{"text":"a\u0007"}"#, "!control"),
        ] {
            assert_eq!(rules(kind, key, text), [expected], "{kind}.{key} {text:?}");
        }
        assert_eq!(rules("resident", "name", 7), ["!type"]);
        assert_eq!(rules("resident", "name", Value::Bytes(vec![1])), ["!type"]);
        assert_eq!(rules("dwelling", "area_m2", i64::MAX), ["!range"]);
        assert_eq!(rules("event", "found_at", 1_781_087_820_000_000), ["!range"], "microseconds are no milliseconds");
    }

    #[test]
    fn lengths_count_characters_and_bytes() {
        assert_eq!(rules("resident", "name", "字".repeat(50).as_str()), [""; 0]);
        assert_eq!(rules("resident", "name", "字".repeat(51).as_str()), ["!length"]);
        assert_eq!(rules("event", "description", "a".repeat(4097).as_str()), ["!size", "!length"]);
        let entry = format!(r#"{{"text":"{}"}}"#, "字".repeat(501));
        assert_eq!(rules("event", "handling", entry.as_str()), ["!length"]);
    }

    #[test]
    fn all_problems_of_a_value_come_at_once() {
        let text = format!(" {}\u{7}\u{fffd}", "字".repeat(60));
        assert_eq!(rules("resident", "name", text.as_str()), ["spaces", "!control", "damaged", "!length"]);
    }

    #[test]
    fn times_are_the_years_they_say() {
        assert_eq!(crate::model::text::moment("1800-01-01 08:00"), Some(TIMES.start));
        assert_eq!(crate::model::text::moment("2200-01-01 08:00"), None, "2200 is out of the calendar of records");
        assert_eq!(crate::model::text::moment("2199-12-31 08:00").map(|ms| ms + 86_400_000), Some(TIMES.end));
    }

    #[test]
    fn keys_follow_the_rule_of_the_field() {
        let member = Member::present("13800138000");
        let key = Member::key("phones", "13800138000");
        assert!(key_fits(field("resident", "phones"), &key, &member.to_value()));
        assert!(key_fits(field("resident", "phones"), &key, &Value::Null));
        assert!(!key_fits(field("resident", "phones"), &key, &Member::present("13900139000").to_value()));
        assert!(!key_fits(field("resident", "phones"), "phones", &member.to_value()));
        assert!(!key_fits(field("resident", "phones"), "phones/xyz", &Value::Null));
        assert!(key_fits(field("resident", "name"), "name", &"张三".into()));
        assert!(!key_fits(field("resident", "name"), "name/1", &"张三".into()));
        let log = field("event", "handling");
        assert!(key_fits(log, "handling/01ARZ3NDEKTSV4RRFFQ69G5FAV", &"{}".into()));
        for wrong in ["handling", "handling/", "handling/01arz3ndektsv4rrffq69g5fav", "handling/01ARZ3NDEK"] {
            assert!(!key_fits(log, wrong, &"{}".into()), "{wrong}");
        }
    }

    #[test]
    fn a_record_must_hold_what_its_author_could_fill_in() {
        let schema = Schema::built_in();
        let resident = schema.kind("resident").unwrap();
        let missing = |role, kind, values: &[(&str, Value)]| {
            let values = values.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
            let problems = check_record(schema, kind, role, &values);
            problems.into_iter().map(|p| (p.field, p.rule)).collect::<Vec<_>>()
        };
        let required = |field: &str| (field.to_owned(), "required".to_owned());
        assert_eq!(missing(Role::GW, resident, &[("name", "张三".into())]), []);
        assert_eq!(missing(Role::GW, resident, &[("sex", "1".into())]), [required("name")]);
        assert_eq!(missing(Role::GW, resident, &[("name", Value::Null)]), [required("name")]);
        assert_eq!(missing(Role::PG, resident, &[]), [], "a part-time worker cannot fill in a name");
        let unknown = missing(Role::GW, resident, &[("name", "张三".into()), ("religion", "无".into())]);
        assert_eq!(unknown, [("religion".to_owned(), "unknown_field".to_owned())]);
        let wrong_key = missing(Role::GW, resident, &[("name", "张三".into()), ("sex/1", "1".into())]);
        assert_eq!(wrong_key, [("sex".to_owned(), "key".to_owned())]);
    }

    #[test]
    fn sentences_begin_with_the_label_and_never_repeat_the_value() {
        let problems = check_value(Schema::built_in(), field("resident", "id_no"), &"110105194912310021".into());
        assert_eq!(problems[0].zh, "公民身份号码：身份证号末位校验码不符");
        assert_eq!(problems[0].en, "ID number: the check digit of the ID number does not fit");
        assert!(!problems[0].zh.contains("1101051949"));
    }

    proptest! {
        #[test]
        fn no_text_makes_a_check_panic(text in "\\PC{0,40}|[0-9-]{0,14}|\\{.{0,30}\\}") {
            let schema = Schema::built_in();
            for kind in schema.kinds.values() {
                for field in &kind.fields {
                    let _ = check_put(schema, kind, &field.key, &Value::Text(text.clone()));
                }
            }
        }
    }
}
