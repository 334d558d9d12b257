//! What the resolver takes and gives.

use std::collections::BTreeMap;

use super::command::FlowState;
use crate::model::{ChangeHash, DocId, KindName, Member, Millis, Role, Source, UserId, Value};

/// What one change says of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The change that says it.
    pub change: ChangeHash,
    /// The document key: the field, or `field/<member>` of a set or log.
    pub key: String,
    /// What it says; null is the claim that there is nothing.
    pub value: Value,
    /// On what evidence; of a decision, the best evidence among what it decided.
    pub source: Source,
    /// Who says it.
    pub author: UserId,
    /// In which role.
    pub role: Role,
    /// When it was seen.
    pub at: Millis,
    /// Whether the clock of its device was ahead, so that `at` is a bound.
    pub doubtful: bool,
    /// Server time of acceptance; absent while it waits in an outbox.
    pub accepted_at: Option<Millis>,
    /// When it was written down, by the clock of its device.
    pub recorded_at: Millis,
    /// Whether it confirms what was in force, or a claim that it names, and puts nothing itself.
    pub confirms: bool,
    /// Whether it decides between claims.
    pub decision: bool,
    /// Version of the schema it was written under.
    pub schema: u32,
}

/// One field of one document, resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldState {
    /// The field.
    pub field: String,
    /// The value in force; null for sets and logs.
    pub value: Value,
    /// Claims that nothing retired, strongest first. The first one backs the value in force, unless the field is
    /// contested and an older value stays in force. Empty for logs, whose claims stand in `log`.
    pub claims: Vec<Claim>,
    /// Whether a person has to decide.
    pub contested: bool,
    /// Whether the value in force is one of the contested ones, because there is no older one.
    pub provisional: bool,
    /// Members of a set, present ones first, then by text; ended ones stay with their date.
    pub members: Vec<(Member, Claim)>,
    /// Entries of a log as (key, value, claim), by time and key.
    pub log: Vec<(String, Value, Claim)>,
    /// Claims that lost by rule, with what their authors should know.
    pub told: Vec<Told>,
}

impl FieldState {
    /// What a command's conditions find in the field: the value in force, or of a set one of those that are in it.
    pub fn held(&self) -> Option<Value> {
        let member = || self.members.iter().find(|(one, _)| one.on).map(|(one, _)| Value::Text(one.text.clone()));
        Some(self.value.clone()).filter(|value| !value.is_null()).or_else(member)
    }
}

/// A claim that lost by rule, and a sentence for its author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The claim.
    pub claim: Claim,
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// An item 待确认: something that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attention {
    /// Equal on every phone and on the server: from the rule, the record, the key and the changes.
    pub id: [u8; 16],
    /// `contested`: a person has to decide; `confirmed_other`: somebody later confirmed a value without having seen
    /// the one in force; `lower_asked`: somebody asks for a less safe value than he may set alone; `hint`: somebody who
    /// may not read here left a value for those who do.
    pub rule: String,
    /// Its document.
    pub doc: DocId,
    /// Kind of the record.
    pub kind: KindName,
    /// The field.
    pub field: String,
    /// The value in force meanwhile.
    pub in_force: Value,
    /// The claims it is about, strongest first.
    pub claims: Vec<Claim>,
    /// One plain sentence in Chinese; people by their user names.
    pub zh: String,
    /// The same in English.
    pub en: String,
}

/// A value in force that suggests a hazard report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The field.
    pub field: String,
    /// Category of the hazard, a code of the list `hazard`.
    pub category: String,
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// One document, resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    /// Fields that have claims.
    pub fields: BTreeMap<String, FieldState>,
    /// Items for a person, by field and rule.
    pub attention: Vec<Attention>,
    /// Hazards that values in force suggest, by field.
    pub suggestions: Vec<Suggestion>,
    /// What people who may not read here left for those who do, by field, time and change.
    pub hints: Vec<Hinted>,
    /// What commands have come to; none where the document holds none.
    pub flow: Option<FlowState>,
}

/// A hint in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hinted {
    /// The field that it is about.
    pub field: String,
    /// Who left it, when, on what evidence; its key is `hint/<ulid>` and its value the one hinted at.
    pub claim: Claim,
    /// Whether it still waits: nobody who saw it put or confirmed the field or named it in a decision, and it is not
    /// what is in force.
    pub open: bool,
}

/// One claim in the history of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryLine {
    /// The field.
    pub field: String,
    /// The claim.
    pub claim: Claim,
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// A value that a form hands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The document key.
    pub key: String,
    /// The value; null clears.
    pub value: Value,
}

/// What is written for a form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// New values.
    pub puts: Vec<(String, Value)>,
    /// Confirmations, for `meta.seen`.
    pub seen: Vec<String>,
    /// Fields that cannot be changed so, with the reason in Chinese and English.
    pub refused: Vec<(String, String, String)>,
}
