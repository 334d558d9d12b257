//! What a file expects after a round.

use serde::Deserialize;
use toml::value::Datetime;
use wangge_core::model::{Audience, Source};

/// What a field of a record must be.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// On which phones, or `server`; absent: everywhere it may be seen.
    #[serde(default)]
    pub on: Option<Vec<String>>,
    /// Record.
    pub record: String,
    /// Field.
    pub field: String,
    /// Value in force.
    #[serde(default)]
    pub value: Option<toml::Value>,
    /// Nothing is in force.
    #[serde(default)]
    pub empty: bool,
    /// Whether a person must decide.
    #[serde(default)]
    pub contested: Option<bool>,
    /// Whether the value is only shown until then.
    #[serde(default)]
    pub provisional: Option<bool>,
    /// Evidence of the value in force.
    #[serde(default)]
    pub source: Option<Source>,
    /// The values whose time is doubtful, because the clock of their phone was ahead.
    #[serde(default)]
    pub doubtful: Option<Vec<toml::Value>>,
    /// The values that still stand, in any order.
    #[serde(default)]
    pub claims: Option<Vec<toml::Value>>,
    /// Members present.
    #[serde(default)]
    pub members: Option<Vec<String>>,
    /// Members that ended.
    #[serde(default)]
    pub ended: Option<Vec<String>>,
    /// Entries of a log in order.
    #[serde(default)]
    pub log: Option<Vec<String>>,
    /// As seen: what a phone says of a day or time before, from what had been observed by then.
    #[serde(default)]
    pub as_seen: Option<Datetime>,
    /// As known: what a phone says the county knew at a day or time before.
    #[serde(default)]
    pub as_known: Option<Datetime>,
    /// Values that the history must hold, whoever wrote them: nothing recorded is lost.
    #[serde(default)]
    pub history: Option<Vec<toml::Value>>,
}

/// What commands have come to on a record.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Course {
    /// On which phones; absent: on all that may see it.
    #[serde(default)]
    pub on: Option<Vec<String>>,
    /// Record.
    pub record: String,
    /// The state shown before the county has answered, in words; empty: none.
    #[serde(default)]
    pub provisional: Option<String>,
    /// What was done, in order: words of each sentence, and no others.
    #[serde(default)]
    pub steps: Option<Vec<Vec<String>>>,
    /// What waits for the county.
    #[serde(default)]
    pub pending: Option<Vec<Vec<String>>>,
    /// What was wanted and not done, kept with its author.
    #[serde(default)]
    pub notes: Option<Vec<Vec<String>>>,
}

/// Records that are one by a person's decision, or by the same door.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Same {
    /// On which phones; absent: on all that hold one of them.
    #[serde(default)]
    pub on: Option<Vec<String>>,
    /// The records.
    pub records: Vec<String>,
    /// They are not one.
    #[serde(default)]
    pub apart: bool,
}

/// One card of a day list.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Day {
    /// Whose list.
    pub who: String,
    /// Which day.
    #[serde(rename = "day")]
    pub date: Datetime,
    /// Home or place.
    pub at: String,
    /// Kinds of task there, in order: `visit` `check` `event` `confirm` `ask`; empty: the home or place is not on the list.
    pub tasks: Vec<String>,
    /// Words of its sentences.
    #[serde(default)]
    pub words: Vec<String>,
}

/// One thing that waits for a person.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Record.
    pub record: String,
    /// Field; absent of items between records.
    #[serde(default)]
    pub field: Option<String>,
    /// Other records that it is about, in any order; these among others.
    #[serde(default)]
    pub others: Vec<String>,
    /// Which rule asks.
    pub rule: String,
    /// The values between which to choose, in any order.
    #[serde(default)]
    pub between: Option<Vec<toml::Value>>,
    /// Words of the Chinese sentence.
    #[serde(default)]
    pub words: Vec<String>,
}

/// What an author is told.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// Whom.
    pub who: String,
    /// About which record.
    pub record: String,
    /// Words of the Chinese sentence.
    pub words: Vec<String>,
}

/// A draft that suggests itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suggest {
    /// Record.
    pub record: String,
    /// Category of the hazard: a code or its Chinese words.
    pub category: String,
}

/// What the county did not take.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// Whose.
    pub who: String,
    /// Record.
    pub record: String,
    /// Rule.
    pub rule: String,
    /// Put aside for a person rather than refused.
    #[serde(default)]
    pub review: bool,
}

/// Work that waits on a phone until the county understands it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldBack {
    /// Whose.
    pub who: String,
    /// Record.
    pub record: String,
    /// So many changes.
    pub changes: u64,
}

/// What a phone must not hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotHeld {
    /// Whose phone.
    pub who: String,
    /// A whole record, or the record of the field.
    #[serde(default)]
    pub record: Option<String>,
    /// One field of it.
    #[serde(default)]
    pub field: Option<String>,
    /// Any document of an audience.
    #[serde(default)]
    pub audience: Option<Audience>,
}

/// A count over records.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// On which phones, or `server`; absent: everywhere.
    #[serde(default)]
    pub on: Option<Vec<String>>,
    /// Records of this kind…
    #[serde(default)]
    pub kind: Option<String>,
    /// …that figures count under this code…
    #[serde(default)]
    pub code: Option<String>,
    /// …of this field…
    #[serde(default)]
    pub field: Option<String>,
    /// …are so many.
    #[serde(default)]
    pub records: Option<u64>,
    /// In this month (`2026-03`)…
    #[serde(default)]
    pub month: Option<String>,
    /// …so many different people were met (月探访).
    #[serde(default)]
    pub visited_persons: Option<u64>,
}
