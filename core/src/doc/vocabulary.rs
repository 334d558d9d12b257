//! What may stand in a document: keys, values and their bounds (DESIGN 3).

use crate::model::{Millis, Value};

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

/// A ULID in its one spelling.
pub(super) fn is_ulid(text: &str) -> bool {
    ulid::Ulid::from_string(text).is_ok_and(|ulid| ulid.to_string() == text)
}
