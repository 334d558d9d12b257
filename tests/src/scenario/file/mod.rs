//! The shape of a scenario file. What each key means stands in tests/README.md; an unknown key is an error.

mod act;
mod expect;

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{Spanned, value::Datetime};
use wangge_core::model::Role;

pub use act::{Act, AnswerLine, CountyAct, MemberLine, PhoneSays, Visit};
pub use expect::{Count, Course, Day, Expect, HeldBack, Item, NotHeld, Refused, Same, Suggest, Told};

use super::Variant;

/// A whole file.
#[derive(Clone, Debug, Deserialize)]
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
    /// Dictionaries beside the one that ships, by the names that this file gives them.
    #[serde(default)]
    pub dictionary: BTreeMap<String, Dictionary>,
    /// The dictionary under which the county works when the story begins; the one that ships where absent.
    #[serde(default)]
    pub server: Option<String>,
    /// What is known to everybody before the story begins: each line is synced before the next.
    #[serde(default)]
    pub before: Vec<Spanned<Act>>,
    /// What happens out of contact, round by round.
    pub round: Vec<Round>,
    /// Ways of playing in which the outcome must be the same.
    pub same: Spanned<Vec<Variant>>,
    /// Ways of playing with a legitimate outcome of their own.
    #[serde(default)]
    pub other: BTreeMap<Variant, Other>,
    /// The pairs of people who exchange their acts where the authors are exchanged.
    #[serde(default)]
    pub authors: Vec<(String, String)>,
}

/// Why a way of playing has another outcome, and which.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Other {
    /// The reason, `中文 / English`.
    pub why: String,
    /// The rounds that end otherwise.
    pub round: Vec<Spanned<OtherRound>>,
}

/// How a round ends in one way of playing. A table that stands here replaces that table of the round.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherRound {
    /// Which round, from 1.
    pub number: usize,
    /// Acts that the phone answers otherwise.
    #[serde(default)]
    pub act: Vec<Spanned<OtherAct>>,
    /// See [`Round`].
    #[serde(default)]
    pub expect: Option<Vec<Spanned<Expect>>>,
    /// See [`Round`].
    #[serde(default)]
    pub course: Option<Vec<Spanned<Course>>>,
    /// See [`Round`].
    #[serde(default)]
    pub same: Option<Vec<Spanned<Same>>>,
    /// See [`Round`].
    #[serde(default)]
    pub day: Option<Vec<Spanned<Day>>>,
    /// See [`Round`].
    #[serde(default)]
    pub item: Option<Vec<Spanned<Item>>>,
    /// See [`Round`].
    #[serde(default)]
    pub told: Option<Vec<Spanned<Told>>>,
    /// See [`Round`].
    #[serde(default)]
    pub suggest: Option<Vec<Spanned<Suggest>>>,
    /// See [`Round`].
    #[serde(default)]
    pub refused: Option<Vec<Spanned<Refused>>>,
    /// See [`Round`].
    #[serde(default)]
    pub held: Option<Vec<Spanned<HeldBack>>>,
    /// See [`Round`].
    #[serde(default)]
    pub not_held: Option<Vec<Spanned<NotHeld>>>,
    /// See [`Round`].
    #[serde(default)]
    pub count: Option<Vec<Spanned<Count>>>,
}

/// What the phone answers to an act in one way of playing.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherAct {
    /// Which act of the round, from 1.
    pub number: usize,
    /// The phone must refuse it, by this rule.
    #[serde(default)]
    pub refused: Option<PhoneSays>,
    /// The phone must keep it and warn, by this rule.
    #[serde(default)]
    pub warned: Option<PhoneSays>,
}

/// An edition of the dictionary that differs from the one that ships.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dictionary {
    /// Its version; that of the one that ships is 1.
    pub version: u32,
    /// Fields (`resident.comm_needs`) and kinds that it does not have.
    #[serde(default)]
    pub without: Vec<String>,
    /// Codes that went out of use.
    #[serde(default)]
    pub retired: Vec<Retired>,
    /// Codes that it alone knows.
    #[serde(default)]
    pub codes: Vec<OwnCode>,
    /// Fields (`event.state`) that it lets everybody write who may write the kind, without limits.
    #[serde(default)]
    pub free: Vec<String>,
}

/// A code that one edition alone knows.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnCode {
    /// Its list.
    pub list: String,
    /// The code.
    pub code: String,
    /// Chinese words.
    pub zh: String,
}

/// A code that went out of use.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retired {
    /// Its list.
    pub list: String,
    /// The code, by its Chinese words.
    pub code: String,
    /// Last day of use.
    pub until: Datetime,
    /// The code under which figures count it, by its Chinese words.
    #[serde(default)]
    pub into: Option<String>,
}

/// Somebody with a phone.
#[derive(Clone, Debug, Deserialize)]
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
    /// The dictionary of the phone, where it is not the one that ships.
    #[serde(default)]
    pub dictionary: Option<String>,
}

fn first_grid() -> Vec<String> {
    vec!["一号网格".to_owned()]
}

/// Everybody works without signal, then syncs.
#[derive(Clone, Debug, Deserialize)]
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
    /// What commands have come to.
    #[serde(default)]
    pub course: Vec<Spanned<Course>>,
    /// Records that are then one.
    #[serde(default)]
    pub same: Vec<Spanned<Same>>,
    /// Lines of day lists.
    #[serde(default)]
    pub day: Vec<Spanned<Day>>,
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
    /// What a phone keeps because the county does not understand it yet; nothing else may wait.
    #[serde(default)]
    pub held: Vec<Spanned<HeldBack>>,
    /// What a phone must not hold.
    #[serde(default)]
    pub not_held: Vec<Spanned<NotHeld>>,
    /// Counts.
    #[serde(default)]
    pub count: Vec<Spanned<Count>>,
}
