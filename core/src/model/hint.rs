//! A hint: what somebody who may not read an audience leaves there for those who do.

use serde::{Deserialize, Serialize};

use super::change::Value;

/// What stands before the `/` of a hint's key; the rest is a ULID.
pub const HINT: &str = "hint";

/// A value that its author thinks a field has. He reads nothing of the document; a reader takes it over or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hint {
    /// The field.
    pub field: String,
    /// The value as the field's type has it; of a set the text of a member, of a log the text of an entry.
    pub value: Value,
}

impl Hint {
    /// The scalar that is stored under `hint/<ulid>`.
    pub fn to_value(&self) -> Value {
        Value::Text(serde_json::to_string(self).expect("a hint is plain data"))
    }
    /// Reads a stored scalar.
    pub fn from_value(value: &Value) -> Option<Self> {
        serde_json::from_str(value.text()?).ok().filter(|hint: &Self| !matches!(hint.value, Value::Bytes(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_is_small_json() {
        for value in [Value::from("139"), Value::Int(3), Value::Bool(true), Value::Null] {
            let hint = Hint { field: "phone".to_owned(), value };
            assert_eq!(Hint::from_value(&hint.to_value()), Some(hint));
        }
        let text = Hint { field: "phone".to_owned(), value: "139".into() }.to_value();
        assert_eq!(text, "{\"field\":\"phone\",\"value\":\"139\"}".into());
        for bad in
            ["", "{}", "{\"field\":\"a\"}", "{\"field\":\"a\",\"value\":[1]}", "{\"field\":\"a\",\"value\":1,\"x\":2}"]
        {
            assert_eq!(Hint::from_value(&bad.into()), None, "{bad}");
        }
        assert_eq!(Hint::from_value(&Value::Int(1)), None);
    }
}
