//! Values that break a rule of their type: they never retire or outweigh a valid one.

use crate::model::{Field, FieldType, Value, idno};

/// What is wrong with a value, in Chinese and English. A cleared value breaks no rule.
pub(super) fn fault(field: &Field, value: &Value) -> Option<(String, String)> {
    if field.value_type != FieldType::IdNumber || value.is_null() {
        return None;
    }
    let error = idno::check(&idno::normalise(value.text().unwrap_or_default())).err()?;
    let text = error.to_string();
    let (zh, en) = text.split_once(" / ").unwrap_or((&text, &text));
    Some((zh.to_owned(), en.to_owned()))
}
