//! What may stand in a document: keys, values and their bounds (DESIGN 3).

use crate::model::{Field, FieldType, Millis, Rule, Value};

/// The key of the document's own name.
pub(super) const ID_KEY: &str = "_id";
/// Longest key in bytes.
pub(super) const MAX_KEY: usize = 64;
/// Longest text in bytes.
pub(super) const MAX_TEXT: usize = 4096;

/// Most operations in one document. It is reissued after 500 changes, so an honest one stays far below; a trial of this
/// many takes some 80 ms.
pub(super) const MAX_OPS: u64 = 50_000;

/// Year 9999: a clock may be wrong, but beyond this a time only serves to break arithmetic.
const LAST_TIME: i64 = 253_402_300_799_999;

/// Whether a device clock can have said so.
pub(super) fn clock_is_sane(time: Millis) -> bool {
    (-LAST_TIME..=LAST_TIME).contains(&time.0)
}

/// What is put before a value that automerge already shows, so that it does not drop the value.
pub(super) fn filler(value: &Value) -> Value {
    if value.is_null() { Value::Bool(false) } else { Value::Null }
}

/// Eight bytes in lower-case hexadecimal.
pub(super) fn is_short_hash(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether a value is of the type that a field holds; [`key_fits`](crate::model::validate::key_fits) has already
/// compared it with the key. Whether it is a sound value is for the resolver to say.
pub(super) fn value_fits(field: &Field, value: &Value) -> bool {
    match (field.rule, value) {
        (_, Value::Text(text)) if text.len() > MAX_TEXT => false,
        (Rule::Set, Value::Text(_)) => true,
        (Rule::Log, Value::Text(text)) => is_json_object(text),
        (Rule::Set | Rule::Log, _) | (_, Value::Bytes(_)) => false,
        (_, Value::Null) => true,
        (_, value) => match field.value_type {
            FieldType::Int | FieldType::Time => matches!(value, Value::Int(_)),
            FieldType::Bool => matches!(value, Value::Bool(_)),
            _ => matches!(value, Value::Text(_)),
        },
    }
}

fn is_json_object(text: &str) -> bool {
    text.trim_ascii_start().starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}
