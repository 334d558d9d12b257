//! Commands: which way the state of a record may go, who may send it there, and under which conditions (DESIGN 5).
//!
//! The tables are data (`core/schema/flow.toml`). A phone writes an **intent** under `cmd/<ulid>`; the server applies
//! intents in the order of its log and writes an **outcome** under `out/<ulid of the intent>`. Phone, guard, server and
//! resolver ask the same pure functions here: [`Flows::find`] what a command is, [`check`] whether it may be done.

mod check;
mod guard;
mod lint;
mod says;
mod table;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use check::{Actor, Effect, Facts, allows, check, check_args, check_intent, may};
pub use guard::Guard;
pub(super) use lint::check_flows;
pub use says::{clock, value as show_arg};
pub use table::markdown;

use super::{
    change::Value,
    ids::{Audience, KindName, Millis, Role, UserId},
    schema::{Field, Kind, Rule, Schema},
};

/// First part of the document keys of intents.
pub const INTENT: &str = "cmd";
/// First part of the document keys of outcomes.
pub const OUTCOME: &str = "out";
/// Longest intent in bytes: its outcome repeats parts of it and must fit a value too.
pub const MAX_INTENT: usize = 3072;
/// Who signs what the server does by itself.
pub const COUNTY: &str = "county";

/// The part after `cmd/` or `out/` of a document key, where it is a ULID in its one form.
pub fn ulid_of<'k>(key: &'k str, first: &str) -> Option<&'k str> {
    let tail = key.strip_prefix(first)?.strip_prefix('/')?;
    ulid::Ulid::from_string(tail).is_ok_and(|ulid| ulid.to_string() == tail).then_some(tail)
}

/// A new name for an intent: the time, and random bytes.
pub fn new_ulid(now: Millis, random: [u8; 16]) -> String {
    let ms = u64::try_from(now.0).unwrap_or(0);
    ulid::Ulid::from_parts(ms, u128::from_be_bytes(random)).to_string()
}

/// All flows of a schema, and which records follow others into their grids.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flows {
    /// The flows.
    #[serde(rename = "flow", default)]
    pub all: Vec<Flow>,
    /// Records that bring others into their grid.
    #[serde(rename = "route", default)]
    pub routes: Vec<Follow>,
    /// Kinds whose records the server joins where they are written alike.
    #[serde(rename = "twin", default)]
    pub twins: Vec<Twin>,
}

/// Records of a kind that the server itself makes aliases of each other, by the kind's commands `merge` and `unmerge`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Twin {
    /// The kind.
    pub kind: KindName,
    /// Its field with the normalised door.
    pub key: String,
    /// Its field with the address, for records without that.
    pub address: String,
}

/// A record brings the one it names into its own grid, and with that one what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Follow {
    /// Kind of the record that brings: a residence.
    pub kind: KindName,
    /// Its field that names the other: `resident`.
    pub field: String,
    /// Kinds that name the same record in a field of that name, and come along.
    #[serde(default)]
    pub with: Vec<KindName>,
}

impl Flows {
    /// The flows of a kind, in the order of the file: the first is what a screen shows as the state.
    pub fn of<'a>(&'a self, kind: &'a KindName) -> impl Iterator<Item = &'a Flow> {
        self.all.iter().filter(move |flow| flow.kind == *kind)
    }
    /// A command of a kind with its flow.
    pub fn find(&self, kind: &KindName, command: &str) -> Option<(&Flow, &Command)> {
        self.all.iter().filter(|flow| flow.kind == *kind).find_map(|flow| Some((flow, flow.command(command)?)))
    }
    /// Whether intents of a kind can stand in documents of an audience.
    pub fn reach(&self, kind: &KindName, audience: Audience) -> bool {
        self.all.iter().any(|flow| flow.kind == *kind && flow.audiences().contains(&audience))
    }
}

/// States and what leads from one to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// Its name, one of its own within the kind.
    pub name: String,
    /// Kind of the records.
    pub kind: KindName,
    /// Chinese label.
    pub zh: String,
    /// English label.
    pub en: String,
    /// Where outcomes are written, and intents unless a command says otherwise.
    pub audience: Audience,
    /// Other audiences whose documents get a copy of each outcome, so that who receives only them knows the state.
    #[serde(default)]
    pub also: Vec<Audience>,
    /// The code field that shows the state; its list names the states.
    #[serde(default)]
    pub field: Option<String>,
    /// Where it begins.
    pub start: String,
    /// States that `@open` stands for.
    #[serde(default)]
    pub open: Vec<String>,
    /// States from which nothing has to lead on.
    #[serde(default)]
    pub ends: Vec<String>,
    /// The states, where no field shows them.
    #[serde(rename = "state", default)]
    pub states: Vec<State>,
    /// The commands, in the order of the screen.
    #[serde(rename = "command", default)]
    pub commands: Vec<Command>,
}

/// A state that no field shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Its code.
    pub code: String,
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// How a phone without contact treats a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Offline {
    /// Not at all: it needs the county's answer.
    No,
    /// It waits, and the state stays what it is.
    Queued,
    /// It waits, and the phone shows the new state as not yet confirmed.
    Provisional,
}

/// Something that a person can do to a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// Its name.
    pub name: String,
    /// Chinese label, as on a button.
    pub zh: String,
    /// English label.
    pub en: String,
    /// Where the intent stands, where not in the flow's own audience.
    #[serde(default)]
    pub audience: Option<Audience>,
    /// Whether a phone without contact may queue it.
    pub offline: Offline,
    /// Numbers that the screen offers to call before anything else, and when.
    #[serde(default)]
    pub calls: Option<Calls>,
    /// What it needs to know.
    #[serde(rename = "arg", default)]
    pub args: Vec<Arg>,
    /// Rows of the table; the first that fits is taken.
    #[serde(rename = "row")]
    pub rows: Vec<Row>,
    /// Fields and what they become: a text, or a [`Given`] of the command.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// The same where the field has no value yet.
    #[serde(default)]
    pub first: BTreeMap<String, String>,
    /// A log that gets an entry, and the arguments it is made of.
    #[serde(default)]
    pub append: Option<Append>,
    /// Arguments that name units: the record goes to them.
    #[serde(default)]
    pub routes: Vec<String>,
    /// The argument that names the record which this one becomes an alias of: both go to each other's grids.
    #[serde(default)]
    pub joins: Option<String>,
    /// The reference that it clears: the two records are noted as different in the set `distinct` of both.
    #[serde(default)]
    pub parts: Option<String>,
}

/// Numbers to call first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calls {
    /// Field and values in which it is urgent.
    pub when: BTreeMap<String, Vec<String>>,
    /// Telephone numbers, and `gas` for the county's gas line.
    pub numbers: Vec<String>,
}

/// An entry of a log that a command leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Append {
    /// The field.
    pub field: String,
    /// The arguments, in their order in the text.
    pub args: Vec<String>,
}

/// An argument of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arg {
    /// Its name.
    pub name: String,
    /// Chinese label.
    pub zh: String,
    /// English label.
    pub en: String,
    /// Its type.
    #[serde(rename = "type")]
    pub arg_type: ArgType,
    /// Name of the code list, for codes.
    #[serde(default)]
    pub list: Option<String>,
    /// Need not be given.
    #[serde(default)]
    pub optional: bool,
}

/// The type of an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArgType {
    /// Text of at most 500 characters.
    Text,
    /// A code of a list.
    Code,
    /// `YYYY-MM-DD`.
    Date,
    /// Milliseconds since 1970 UTC.
    Time,
    /// Yes or no.
    Bool,
    /// The id of another record of the same kind.
    Record,
    /// A unit or grid.
    Unit,
    /// Units or grids, with commas between.
    Units,
}

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Number of the row in DOMAIN 4.1; 0 for the flows of other kinds.
    #[serde(default)]
    pub n: u8,
    /// States it leads from; `@open` stands for the flow's open ones.
    pub from: Vec<String>,
    /// State it leads to; absent where the state stays.
    #[serde(default)]
    pub to: Option<String>,
    /// Who.
    pub who: Vec<Role>,
    /// Fields and the values they must have.
    #[serde(default)]
    pub when: BTreeMap<String, Vec<String>>,
    /// Conditions.
    #[serde(default)]
    pub guards: Vec<Guard>,
}

impl Flow {
    /// A command by name.
    pub fn command(&self, name: &str) -> Option<&Command> {
        self.commands.iter().find(|command| command.name == name)
    }
    /// Audiences in which its intents and outcomes stand.
    pub fn audiences(&self) -> Vec<Audience> {
        let mut all = vec![self.audience];
        all.extend(self.also.iter().copied().chain(self.commands.iter().filter_map(|c| c.audience)));
        all.sort_unstable();
        all.dedup();
        all
    }
    /// The field that shows the state.
    pub fn state_field<'a>(&self, kind: &'a Kind) -> Option<&'a Field> {
        self.field.as_deref().and_then(|key| kind.field(key))
    }
    /// Whether commands alone move the state; otherwise people put values too, and a command may find any of them.
    pub fn is_closed(&self, kind: &Kind) -> bool {
        self.state_field(kind).is_none_or(|field| field.rule == Rule::Command)
    }
    /// States with their labels, in the order of their list.
    pub fn states(&self, schema: &Schema) -> Vec<State> {
        let list = schema.kinds.get(&self.kind).and_then(|kind| self.state_field(kind)).and_then(|f| f.list.as_ref());
        match list.and_then(|name| schema.lists.get(name)) {
            Some(list) => list
                .codes
                .iter()
                .map(|code| State { code: code.code.clone(), zh: code.zh.clone(), en: code.en.clone() })
                .collect(),
            None => self.states.clone(),
        }
    }
    /// What a screen calls a state: Chinese, English.
    pub fn label(&self, schema: &Schema, state: &str) -> (String, String) {
        let found = self.states(schema).into_iter().find(|known| known.code == state);
        found.map_or_else(|| (state.to_owned(), state.to_owned()), |known| (known.zh, known.en))
    }
    /// Whether a row leads from a state.
    pub fn leads_from(&self, row: &Row, state: &str) -> bool {
        row.from.iter().any(|from| from == state || from == "@open" && self.open.iter().any(|open| open == state))
    }
}

impl Command {
    /// Where its intents stand.
    pub fn audience(&self, flow: &Flow) -> Audience {
        self.audience.unwrap_or(flow.audience)
    }
    /// Whether any row lets a role do it.
    pub fn is_for(&self, role: Role) -> bool {
        self.rows.iter().any(|row| row.who.contains(&role))
    }
    /// Numbers to offer for a call before anything else, where the values make it urgent.
    pub fn calls_for(&self, values: &BTreeMap<String, Value>) -> Vec<String> {
        let urgent = |calls: &&Calls| {
            let has = |key: &String| values.get(key).and_then(Value::text).unwrap_or_default();
            calls.when.iter().all(|(key, all)| all.iter().any(|one| one == has(key)))
        };
        self.calls.as_ref().filter(urgent).map(|calls| calls.numbers.clone()).unwrap_or_default()
    }
    /// An argument by name.
    pub fn arg(&self, name: &str) -> Option<&Arg> {
        self.args.iter().find(|arg| arg.name == name)
    }
}

/// What stands for a value that is known only when a command is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given<'a> {
    /// An argument, `$name`.
    Arg(&'a str),
    /// Who did it, `$author`.
    Author,
    /// A number of the county, `$number`.
    Number,
    /// Nothing, `$none`.
    None,
    /// The day it was accepted and so many days more, `$today+30`.
    Today(u16),
    /// An argument where it is later than what stands, `$later:name`.
    Later(&'a str),
    /// A plain text.
    Plain(&'a str),
}

impl<'a> Given<'a> {
    /// Reads what stands in the table.
    pub fn read(text: &'a str) -> Self {
        match text.strip_prefix('$') {
            None => Self::Plain(text),
            Some("author") => Self::Author,
            Some("number") => Self::Number,
            Some("none") => Self::None,
            Some("today") => Self::Today(0),
            Some(name) => {
                let days = name.strip_prefix("today+").and_then(|days| days.parse().ok());
                let later = name.strip_prefix("later:").map(Self::Later);
                days.map(Self::Today).or(later).unwrap_or(Self::Arg(name))
            }
        }
    }
}

/// Arguments of a command.
pub type Args = BTreeMap<String, Value>;

/// What a person wants done: the value under `cmd/<ulid>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The command.
    #[serde(rename = "do")]
    pub command: String,
    /// Its arguments.
    #[serde(flatten)]
    pub args: Args,
}

impl Intent {
    /// The value that is stored.
    pub fn to_value(&self) -> Value {
        Value::Text(serde_json::to_string(self).expect("an intent is plain data"))
    }
    /// Reads a stored value; arguments are scalars.
    pub fn from_value(value: &Value) -> Option<Self> {
        serde_json::from_str(value.text()?).ok()
    }
}

/// What became of an intent: the value under `out/<ulid>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Counts the outcomes of the record.
    pub n: u64,
    /// Epoch of the server that gave it.
    pub epoch: u64,
    /// The command.
    #[serde(rename = "do")]
    pub command: String,
    /// Whether it was done; otherwise it is a note.
    pub ok: bool,
    /// Who wanted it.
    pub by: UserId,
    /// In which role.
    pub role: Role,
    /// Prefix of the change that holds the intent; empty for what the server does by itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub of: String,
    /// State it found.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub from: String,
    /// State it led to; empty where it stays.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub to: String,
    /// Command fields of this document and what they become.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, Value>,
    /// Why it was not done, Chinese.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Why it was not done, English.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why_en: String,
}

impl Outcome {
    /// The value that is stored.
    pub fn to_value(&self) -> Value {
        Value::Text(serde_json::to_string(self).expect("an outcome is plain data"))
    }
    /// Reads a stored value.
    pub fn from_value(value: &Value) -> Option<Self> {
        serde_json::from_str(value.text()?).ok()
    }
}

/// A command that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Name of its intent.
    pub ulid: String,
    /// Prefix of the change that holds the intent; empty for what the server did by itself.
    pub of: String,
    /// Epoch and number of its outcome.
    pub order: (u64, u64),
    /// The flow.
    pub flow: String,
    /// The command.
    pub command: String,
    /// Who.
    pub by: UserId,
    /// In which role.
    pub role: Role,
    /// When it was seen or done, as its author says and the county's clock bounds it.
    pub at: Millis,
    /// When the county took it: clocks run from here.
    pub accepted_at: Millis,
    /// State before; empty where it is not known.
    pub from: String,
    /// State after; empty where it stayed.
    pub to: String,
    /// Arguments, as far as this document holds the intent.
    pub args: Args,
}

/// A day in China as `2026-03-08`.
pub fn day(at: Millis) -> String {
    let days = at.plus(8 * 3_600_000).0.div_euclid(Millis::DAY) + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    format!("{:04}-{month:02}-{day:02}", year + era * 400 + i64::from(month <= 2))
}
