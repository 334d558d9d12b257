//! Checks of a whole record, as its author would submit it: what one value says of another, and of the day.

use std::collections::{BTreeMap, BTreeSet};

use super::{Found, Problem, check_put, values};
use crate::model::{
    change::Value,
    checklists::{CHECK_ITEM, CHECKLIST},
    ids::{Millis, Role},
    member::Member,
    schema::{Code, Field, FieldType, Kind, Rule, Schema, When, base_key},
    text,
};

/// A clock that runs ahead by less than this writes nothing of the future.
const AHEAD: i64 = 10 * 60_000;

/// Checks a whole record as its author would submit it: every value, whether the fields are there which the schema
/// requires and the author's role may write, conditions, order of dates, and codes by the day of the observation `at`.
/// Keys are document keys, and only values that the role receives.
pub fn check_record(
    schema: &Schema,
    kind: &Kind,
    role: Role,
    values: &BTreeMap<String, Value>,
    at: Millis,
) -> Vec<Problem> {
    let mut problems: Vec<_> = values.iter().flat_map(|(key, value)| check_put(schema, kind, key, value)).collect();
    problems.append(&mut check_relations(schema, kind, role, values, at));
    problems
}

/// The part of [`check_record`] that no value shows by itself: what is missing, conditions, order of dates, days of codes.
pub fn check_relations(
    schema: &Schema,
    kind: &Kind,
    role: Role,
    values: &BTreeMap<String, Value>,
    at: Millis,
) -> Vec<Problem> {
    let day = text::china_day(at);
    let record = Record { schema, kind, role, values, at, day: &day };
    let mut problems = Vec::new();
    for field in &kind.fields {
        let mut found = Found { field, problems: Vec::new() };
        record.check_field(&mut found);
        problems.append(&mut found.problems);
    }
    problems
}

/// Says that nobody fills in a field, where commands alone set it.
pub fn by_hand(field: &Field) -> Option<Problem> {
    (field.rule == Rule::Command).then(|| {
        let (zh, en) = ("由办理操作产生，不能直接填写", "is set by commands and cannot be written");
        Problem::block(&field.key, "command", &format!("{}：{zh}", field.zh), &format!("{}: {en}", field.en))
    })
}

struct Record<'a> {
    schema: &'a Schema,
    kind: &'a Kind,
    role: Role,
    values: &'a BTreeMap<String, Value>,
    at: Millis,
    day: &'a str,
}

impl<'a> Record<'a> {
    fn value(&self, key: &str) -> Option<&'a Value> {
        self.values.get(key).filter(|value| !value.is_null())
    }
    /// Values of a field: one, or those of its members and entries.
    fn all(&self, field: &Field) -> impl Iterator<Item = &'a Value> {
        self.values.iter().filter(|(key, value)| base_key(key) == field.key && !value.is_null()).map(|(_, value)| value)
    }
    /// Members of a set that are present.
    fn members(&self, field: &Field) -> impl Iterator<Item = String> {
        self.all(field).filter_map(Member::from_value).filter(|member| member.on).map(|member| member.text)
    }
    /// Whether a condition holds; where the role does not receive what it asks, nobody can tell.
    fn holds(&self, when: &When) -> Option<bool> {
        let other = self.kind.field(&when.field)?;
        let seen = self.schema.receives(self.role, other.audience);
        seen.then(|| when.holds(self.value(&when.field)))
    }

    fn check_field(&self, found: &mut Found<'_>) {
        let field = found.field;
        let present = self.all(field).next().is_some();
        let needed = field.required || field.required_when.as_ref().is_some_and(|when| self.holds(when) == Some(true));
        let waived = field.unless_given.as_deref().is_some_and(|other| self.value(other).is_some());
        if needed && !waived && !present && self.schema.may_write(self.role, self.kind, field) {
            found.block("required", "必填", "must be filled in");
        }
        if !present {
            return;
        }
        if field.when.as_ref().is_some_and(|when| self.holds(when) == Some(false)) {
            found.warn("not_applicable", "此处不适用，照样保留", "does not apply here; it is kept");
        }
        match field.value_type {
            FieldType::Code => self.check_codes(found),
            FieldType::Date | FieldType::Time => self.check_times(found),
            _ => {}
        }
    }

    fn check_codes(&self, found: &mut Found<'_>) {
        let field = found.field;
        let Some(list) = field.list.as_deref().and_then(|name| self.schema.lists.get(name)) else { return };
        let codes: Vec<String> = if field.rule == Rule::Set {
            self.members(field).collect()
        } else {
            self.all(field).filter_map(Value::text).map(str::to_owned).collect()
        };
        for code in codes.iter().filter_map(|code| list.get(code)) {
            check_day(found, code, self.day);
        }
        if field.list.as_deref() == Some(CHECK_ITEM) {
            self.check_items(found, &codes);
        }
    }

    /// Items belong to the checklist that the record names, and each stands under one heading.
    fn check_items(&self, found: &mut Found<'_>, items: &[String]) {
        let named = self.kind.fields.iter().find(|field| field.list.as_deref() == Some(CHECKLIST));
        let code = named.and_then(|field| self.value(&field.key)).and_then(Value::text);
        if let Some(list) = code.and_then(|code| self.schema.checklists.list(code)) {
            for item in items.iter().filter(|item| !list.items.contains(item)) {
                let (zh, en) =
                    (format!("“{}”中没有 {item} 这一项", list.zh), format!("{item} is not on '{}'", list.en));
                found.block("check_item", &zh, &en);
            }
        }
        let before = self.kind.fields.iter().take_while(|field| field.key != found.field.key);
        let before = before.filter(|field| field.list.as_deref() == Some(CHECK_ITEM) && field.rule == Rule::Set);
        let marked: BTreeSet<String> = before.flat_map(|field| self.members(field)).collect();
        for item in items.iter().filter(|item| marked.contains(*item)) {
            let shown = self.schema.checklists.item(item);
            let (zh, en) = shown.map_or((item.as_str(), item.as_str()), |item| (&item.zh, &item.en));
            let (zh, en) = (format!("“{zh}”已记在另一栏"), format!("'{en}' is marked in another way as well"));
            found.block("check_twice", &zh, &en);
        }
    }

    fn check_times(&self, found: &mut Found<'_>) {
        let field = found.field;
        let Some(value) = self.value(&field.key) else { return };
        if field.past && self.is_future(value) {
            found.block("future", "不能晚于记录当天", "cannot lie after the day of the observation");
        }
        let Some(earlier) = field.not_before.as_deref().and_then(|key| self.kind.field(key)) else { return };
        if self.value(&earlier.key).is_some_and(|first| values::is_before(value, first)) {
            let (zh, en) = (format!("早于“{}”", earlier.zh), format!("lies before '{}'", earlier.en));
            found.block("order", &zh, &en);
        }
    }

    fn is_future(&self, value: &Value) -> bool {
        match value {
            Value::Int(ms) => *ms > self.at.0.saturating_add(AHEAD),
            Value::Text(day) => values::is_before(&self.day.into(), &Value::Text(day.clone())),
            _ => false,
        }
    }
}

/// A code out of use is understood and marked; so is one that is not yet in use, for a clock may be wrong.
fn check_day(found: &mut Found<'_>, code: &Code, day: &str) {
    if let Some(until) = code.until.as_deref().filter(|until| *until < day) {
        let (zh, en) = (format!("“{}”已于{until}停用", code.zh), format!("'{}' went out of use on {until}", code.en));
        found.warn("code_retired", &zh, &en);
    }
    if let Some(from) = code.from.as_deref().filter(|from| day < *from) {
        let (zh, en) = (format!("“{}”自{from}起启用", code.zh), format!("'{}' comes into use on {from}", code.en));
        found.warn("code_early", &zh, &en);
    }
}
