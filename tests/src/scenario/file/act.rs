//! What people and the county do.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::value::Datetime;
use wangge_core::model::Source;

/// What the county does itself: a person comes to a grid or leaves it, a row of a registry comes in, a command is done at a
/// desk.
#[derive(Clone, Debug, Deserialize)]
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
    /// Which grid: that of the assignment, or of a new record.
    #[serde(default)]
    pub grid: Option<String>,
    /// A row of a registry about this record.
    #[serde(default)]
    pub import: Option<String>,
    /// A row of a registry about something new, called so in this file.
    #[serde(default)]
    pub new: Option<String>,
    /// Kind of the new record.
    #[serde(default)]
    pub kind: Option<String>,
    /// As of which day the registry says so; the time of the import where absent.
    #[serde(default)]
    pub seen: Option<Datetime>,
    /// Somebody does a command at the county's desk.
    #[serde(default)]
    pub who: Option<String>,
    /// On which record.
    #[serde(default)]
    pub record: Option<String>,
    /// The command.
    #[serde(default)]
    pub command: Option<String>,
    /// What it is told.
    #[serde(default)]
    pub args: BTreeMap<String, toml::Value>,
    /// The county must refuse it in these words.
    #[serde(default)]
    pub refused: Option<Vec<String>>,
    /// The dictionary under which the county works from now on; `""` is the one that ships.
    #[serde(default)]
    pub dictionary: Option<String>,
    /// What the row says.
    #[serde(default)]
    pub put: BTreeMap<String, toml::Value>,
}

/// One form on one phone.
#[derive(Clone, Debug, Deserialize)]
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
    /// Answers an item about the record.
    #[serde(default)]
    pub answer: Option<AnswerLine>,
    /// Takes back the last thing that this person did to the record.
    #[serde(default)]
    pub undo: bool,
    /// A command on the record, or on the one that the form makes.
    #[serde(default)]
    pub command: Option<String>,
    /// What the command is told.
    #[serde(default)]
    pub args: BTreeMap<String, toml::Value>,
    /// The record is the same as this one, and goes on under its name.
    #[serde(default)]
    pub merge_into: Option<String>,
    /// It is not, after all.
    #[serde(default)]
    pub unmerge: bool,
    /// What somebody who may not read a child's file leaves there about the resident: fields and values.
    #[serde(default)]
    pub hint: BTreeMap<String, toml::Value>,
    /// A visit with everything that comes of it.
    #[serde(default)]
    pub go: Option<Visit>,
    /// Records that the phone must show while this form is typed, because it may be one of them, in any order.
    #[serde(default)]
    pub likely: Option<Vec<String>>,
    /// The form was typed, and not saved.
    #[serde(default)]
    pub unsaved: bool,
    /// The phone gets the edition of the program that has this dictionary; `""` is the one that ships.
    #[serde(default)]
    pub dictionary: Option<String>,
    /// The phone must refuse it, by this rule.
    #[serde(default)]
    pub refused: Option<PhoneSays>,
    /// The phone must keep it and warn, by this rule.
    #[serde(default)]
    pub warned: Option<PhoneSays>,
}

fn own_word() -> Source {
    Source::SelfSaid
}

/// An answer to an item.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerLine {
    /// Which rule asks.
    pub rule: String,
    /// About which field.
    #[serde(default)]
    pub field: Option<String>,
    /// One of the values said.
    #[serde(default)]
    pub choose: Option<toml::Value>,
    /// A value that nobody said yet, on the evidence of the act.
    #[serde(default)]
    pub value: Option<toml::Value>,
    /// Ask at the next meeting 下次见面问.
    #[serde(default)]
    pub next_time: bool,
    /// The records are the same; this one goes on.
    #[serde(default)]
    pub same: Option<String>,
    /// They are not.
    #[serde(default)]
    pub different: bool,
    /// It is as the item supposes.
    #[serde(default)]
    pub confirm: bool,
}

/// A visit, told once.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Visit {
    /// The dwelling or place.
    pub to: String,
    /// Kind of visit, by its Chinese words.
    #[serde(default = "daily")]
    pub kind: String,
    /// How, by its Chinese words.
    #[serde(default = "at_home")]
    pub mode: String,
    /// What came of it, by its Chinese words; empty where the role does not write it.
    #[serde(default = "met")]
    pub result: String,
    /// Who was met.
    #[serde(default)]
    pub met: Vec<String>,
    /// Everything is as recorded 无变化.
    #[serde(default)]
    pub unchanged: bool,
    /// A check was made, and these items failed, by their codes; an empty list: none failed.
    #[serde(default)]
    pub failed: Option<Vec<String>>,
    /// What was found to be otherwise.
    #[serde(default)]
    pub found: Vec<FoundOtherwise>,
}

fn daily() -> String {
    "日常".to_owned()
}
fn at_home() -> String {
    "入户".to_owned()
}
fn met() -> String {
    "已见".to_owned()
}

/// What a visit found to be otherwise.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoundOtherwise {
    /// Record.
    pub record: String,
    /// Fields and their values.
    pub put: BTreeMap<String, toml::Value>,
}

/// A member of a set that comes or goes.
#[derive(Clone, Debug, Deserialize)]
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

/// What the phone answers: a rule, and words that its Chinese sentence must hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhoneSays {
    /// Name of the rule.
    pub rule: String,
    /// PhoneSays of the sentence.
    #[serde(default)]
    pub words: Vec<String>,
    /// Other rules that are named at the same time.
    #[serde(default)]
    pub also: Vec<String>,
}
