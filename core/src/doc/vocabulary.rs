//! What may stand in a document: keys, values and their bounds (DESIGN 3).

use crate::model::{Audience, Field, FieldType, Kind, Member, Millis, Rule, Value};

/// The key of the document's own name.
pub(super) const ID_KEY: &str = "_id";
/// Longest key in bytes.
pub(super) const MAX_KEY: usize = 64;
/// Longest text in bytes.
pub(super) const MAX_TEXT: usize = 4096;

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

/// The field that a key belongs to, if the key has the form that the field's rule asks for.
pub(super) fn field_of<'a>(kind: &'a Kind, audience: Audience, key: &str) -> Option<&'a Field> {
    if key.len() > MAX_KEY || !key.is_ascii() {
        return None;
    }
    let field = kind.field(key).filter(|field| field.audience == audience)?;
    let fits = match (field.rule, key.split_once('/')) {
        (Rule::Set, Some((_, part))) => is_short_hash(part),
        (Rule::Log, Some((_, part))) => is_ulid(part),
        (Rule::Set | Rule::Log, None) | (_, Some(_)) => false,
        (_, None) => true,
    };
    fits.then_some(field)
}

/// Eight bytes in lower-case hexadecimal.
pub(super) fn is_short_hash(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// 128 bits in Crockford base32, as ULIDs are written.
fn is_ulid(text: &str) -> bool {
    text.len() == 26
        && text.as_bytes()[0] <= b'7'
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'Z') && !b"ILOU".contains(&byte))
}

/// Whether a value is of the type that a field's key holds. Whether it is valid is for the resolver to say.
pub(super) fn value_fits(field: &Field, key: &str, value: &Value) -> bool {
    if matches!(value, Value::Text(text) if text.len() > MAX_TEXT) {
        return false;
    }
    match (field.rule, value) {
        (Rule::Set, value) => Member::from_value(value).is_some_and(|m| Member::key(&field.key, &m.text) == key),
        (Rule::Log, Value::Text(text)) => is_json_object(text),
        (Rule::Log, _) | (_, Value::Bytes(_)) => false,
        (_, Value::Null) => true,
        (_, value) => match field.value_type {
            FieldType::Int | FieldType::Time | FieldType::Degree => matches!(value, Value::Int(_)),
            FieldType::Bool => matches!(value, Value::Bool(_)),
            _ => matches!(value, Value::Text(_)),
        },
    }
}

fn is_json_object(text: &str) -> bool {
    text.trim_ascii_start().starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}
