//! A member of a set field: the scalar under `field/<short hash>`.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::change::Value;

/// Text, present or ended, and the date of that; removal is dated, not erased.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Member {
    /// The member itself: a telephone, a code.
    pub text: String,
    /// Present, or ended.
    pub on: bool,
    /// Day since which (`YYYY-MM-DD`), where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
}

impl Member {
    /// A member that is present.
    pub fn present(text: &str) -> Self {
        Self { text: text.to_owned(), on: true, date: None }
    }
    /// A member that ended on a day.
    pub fn ended(text: &str, date: Option<&str>) -> Self {
        Self { text: text.to_owned(), on: false, date: date.map(str::to_owned) }
    }
    /// `field/<first eight bytes of SHA-256 of the text>`: the same member has the same key on every phone.
    pub fn key(field: &str, text: &str) -> String {
        let digest = Sha256::digest(text.as_bytes());
        format!("{field}/{}", super::ids::to_hex(&digest[..8]))
    }
    /// The scalar that is stored.
    pub fn to_value(&self) -> Value {
        Value::Text(serde_json::to_string(self).expect("a member is plain data"))
    }
    /// Reads a stored scalar.
    pub fn from_value(value: &Value) -> Option<Self> {
        serde_json::from_str(value.text()?).ok()
    }
}
