//! The shape of a scenario file. What each key means stands in tests/README.md; an unknown key is an error.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{Spanned, value::Datetime};
use wangge_core::model::{Audience, Role, Source};

/// A whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Row of the list of cases.
    pub row: u32,
    /// What happens, `中文 / English`.
    pub title: String,
    /// What the county expects, `中文 / English`.
    pub county_expects: String,
    /// Who takes part, and with which phone.
    pub person: Vec<Person>,
    /// What is known to everybody before the story begins: each line is synced before the next.
    #[serde(default)]
    pub before: Vec<Spanned<Act>>,
    /// What happens out of contact, round by round.
    pub round: Vec<Round>,
    /// Why the order of syncs is part of this story, so that it is not swapped.
    #[serde(default)]
    pub order_matters: Option<String>,
}

/// Somebody with a phone.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// As the file calls them.
    pub name: String,
    /// Role of DOMAIN 3.1.
    pub role: Role,
    /// Grids, by any name; the same name is the same grid.
    #[serde(default = "first_grid")]
    pub grids: Vec<String>,
    /// What the phone's clock shows when the story begins, where it is wrong.
    #[serde(default)]
    pub clock: Option<Datetime>,
}

fn first_grid() -> Vec<String> {
    vec!["一号网格".to_owned()]
}

/// Everybody works without signal, then syncs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Round {
    /// Says what it is about.
    #[serde(default)]
    pub what: Option<String>,
    /// What each does, in the order of time of each.
    #[serde(default)]
    pub act: Vec<Spanned<Act>>,
    /// What the county does meanwhile.
    #[serde(default)]
    pub county: Vec<Spanned<CountyAct>>,
    /// Who syncs, in this order; afterwards these people sync until none has news. Absent: everybody.
    #[serde(default)]
    pub sync: Option<Vec<String>>,
    /// What is then in force.
    #[serde(default)]
    pub expect: Vec<Spanned<Expect>>,
    /// What then waits for a person; nothing else may.
    #[serde(default)]
    pub item: Vec<Spanned<Item>>,
    /// What an author is told; nobody is told anything else.
    #[serde(default)]
    pub told: Vec<Spanned<Told>>,
    /// Drafts that suggest themselves; no others may.
    #[serde(default)]
    pub suggest: Vec<Spanned<Suggest>>,
    /// What the county refused or put aside; nothing else may be.
    #[serde(default)]
    pub refused: Vec<Spanned<Refused>>,
    /// What a phone must not hold.
    #[serde(default)]
    pub not_held: Vec<Spanned<NotHeld>>,
    /// Counts.
    #[serde(default)]
    pub count: Vec<Spanned<Count>>,
}

/// A person comes to a grid or leaves it, by an act of the county.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountyAct {
    /// When, China time.
    pub at: Datetime,
    /// Who comes.
    #[serde(default)]
    pub assign: Option<String>,
    /// Who leaves.
    #[serde(default)]
    pub unassign: Option<String>,
    /// Which grid.
    pub grid: String,
}

/// One form on one phone.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// Whose phone.
    pub who: String,
    /// True time of writing, China time.
    pub at: Datetime,
    /// When it was seen, where that was earlier than written down.
    #[serde(default)]
    pub seen: Option<Datetime>,
    /// On what evidence.
    #[serde(default = "own_word")]
    pub source: Source,
    /// The record, by the name this file gave it.
    #[serde(default)]
    pub record: Option<String>,
    /// Makes a record and calls it so in this file.
    #[serde(default)]
    pub new: Option<String>,
    /// Kind of the new record.
    #[serde(default)]
    pub kind: Option<String>,
    /// Grid of the new record; the person's first one where absent.
    #[serde(default)]
    pub grid: Option<String>,
    /// Fields and their values.
    #[serde(default)]
    pub put: BTreeMap<String, toml::Value>,
    /// Fields that are cleared.
    #[serde(default)]
    pub clear: Vec<String>,
    /// Members that join a set.
    #[serde(default)]
    pub add: Vec<MemberLine>,
    /// Members that leave a set.
    #[serde(default)]
    pub end: Vec<MemberLine>,
    /// Entries of logs.
    #[serde(default)]
    pub append: BTreeMap<String, String>,
    /// Fields seen unchanged; `*` for all.
    #[serde(default)]
    pub confirm: Vec<String>,
    /// Settles the edited fields: the values decided about, `*` for all.
    #[serde(default)]
    pub decide: Vec<String>,
    /// The visit on which it was seen.
    #[serde(default)]
    pub visit: Option<String>,
    /// The phone must refuse it, by this rule.
    #[serde(default)]
    pub refused: Option<Words>,
    /// The phone must keep it and warn, by this rule.
    #[serde(default)]
    pub warned: Option<Words>,
}

fn own_word() -> Source {
    Source::SelfSaid
}

/// A member of a set that comes or goes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberLine {
    /// The set.
    pub field: String,
    /// The member.
    pub member: String,
    /// Day.
    #[serde(default)]
    pub date: Option<Datetime>,
}

/// A rule and words that its Chinese sentence must hold.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Name of the rule.
    pub rule: String,
    /// Words of the sentence.
    #[serde(default)]
    pub words: Vec<String>,
}

/// What a field of a record must be.
#[derive(Debug, Deserialize)]
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
    /// Values that the history must hold, whoever wrote them: nothing recorded is lost.
    #[serde(default)]
    pub history: Option<Vec<toml::Value>>,
}

/// One thing that waits for a person.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Record.
    pub record: String,
    /// Field.
    pub field: String,
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
#[derive(Debug, Deserialize)]
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
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suggest {
    /// Record.
    pub record: String,
    /// Category of the hazard: a code or its Chinese words.
    pub category: String,
}

/// What the county did not take.
#[derive(Debug, Deserialize)]
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

/// What a phone must not hold.
#[derive(Debug, Deserialize)]
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
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// On which phones, or `server`; absent: everywhere.
    #[serde(default)]
    pub on: Option<Vec<String>>,
    /// Records of this kind…
    #[serde(default)]
    pub kind: Option<String>,
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
