//! The schema is data: one file a record kind, one for code lists, one for access (DESIGN 3).
//!
//! Phone forms, console, validation, merge, access, export and docs all read what stands here; nothing about a field is
//! written in code.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    change::Value,
    checklists::Checklists,
    flow::Flows,
    ids::{Audience, KindName, Millis, Role},
    text,
};

/// Text in both languages; Chinese is the first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// The type of a field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// Free text.
    Text,
    /// Whole number.
    Int,
    /// Yes or no.
    Bool,
    /// `YYYY-MM-DD`, or `YYYY-MM` where the day is not known.
    Date,
    /// A code of `list`.
    Code,
    /// Telephone number, digits only.
    Phone,
    /// Citizen identity number (GB 11643).
    IdNumber,
    /// The id of another record, of kind `kind`.
    Ref,
    /// Milliseconds since 1970 UTC.
    Time,
    /// A position as one text, so that its parts never come from two observations: `lat,lon,crs,accuracy_m`, degrees in
    /// units of 1e-7, a code of the list `crs`, whole metres or nothing where the accuracy is not known.
    Point,
    /// Unified social credit code (GB 32100).
    Uscc,
    /// Region code: 6, 9, 12 or 15 digits (DOMAIN 3.7).
    Region,
    /// A photo or recording as one text, `sha256,mime,size,taken_at,taken_by` (`attachment.toml`); the bytes travel apart.
    Attachment,
}

/// The merge rule of a field (DESIGN 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Fixed after creation.
    Immutable,
    /// Latest observation.
    Latest,
    /// Keep all, a person decides.
    KeepBoth,
    /// Higher source first.
    Authority,
    /// The safer value until a role that may lower it does.
    Safer,
    /// The position of smaller error.
    Sharper,
    /// Add-wins members with dated removal.
    Set,
    /// Append only.
    Log,
    /// Set by the outcomes of commands alone.
    Command,
}

/// Whether the world changes the value, or only our knowledge of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A telephone, a gas hose: a later observation is better.
    #[default]
    Changing,
    /// A name, a birth date: two values mean that one is wrong.
    Fixed,
}

/// One field of a record kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its key in documents: lower-case ASCII, at most 32 characters.
    pub key: String,
    /// Chinese label.
    pub zh: String,
    /// English label.
    pub en: String,
    /// Type of the value (of a member, where the rule is `set`).
    #[serde(rename = "type")]
    pub value_type: FieldType,
    /// Name of the code list, for codes.
    #[serde(default)]
    pub list: Option<String>,
    /// Kind of the record referred to.
    #[serde(default)]
    pub kind: Option<String>,
    /// Must be there before a form can be submitted.
    #[serde(default)]
    pub required: bool,
    /// Though required, it may be left out where this other field is there: a newborn has a birth date before a name.
    #[serde(default)]
    pub unless_given: Option<String>,
    /// Where this holds, it must be there before a form can be submitted.
    #[serde(default)]
    pub required_when: Option<When>,
    /// It applies only where this holds.
    #[serde(default)]
    pub when: Option<When>,
    /// Written by the server alone.
    #[serde(default)]
    pub server: bool,
    /// No form shows it: the machine writes it, or an act of its own does.
    #[serde(default)]
    pub hidden: bool,
    /// Who receives it.
    pub audience: Audience,
    /// Merge rule.
    pub rule: Rule,
    /// Changing or fixed.
    #[serde(default)]
    pub fact: Fact,
    /// Who may write it; empty: every role that may write the kind and receives the audience.
    #[serde(default)]
    pub write: Vec<Role>,
    /// Who may decide between contested values.
    #[serde(default)]
    pub decide: Vec<Role>,
    /// Who may lower a `safer` value.
    #[serde(default)]
    pub lower: Vec<Role>,
    /// Codes that commands alone may set, never a hand.
    #[serde(default)]
    pub by_command: Vec<String>,
    /// Where this is a main value, the set that its value also joins.
    #[serde(default)]
    pub joins: Option<String>,
    /// For `safer`: values of this code-list rank or more suggest a hazard of this category.
    #[serde(default)]
    pub suggests: Option<Suggest>,
    /// Another date or time of the same kind, which this one does not lie before.
    #[serde(default)]
    pub not_before: Option<String>,
    /// It cannot lie after the day of the observation.
    #[serde(default)]
    pub past: bool,
    /// Smallest number.
    #[serde(default)]
    pub min: Option<i64>,
    /// Longest text in characters, or largest number.
    #[serde(default)]
    pub max: Option<i64>,
    /// How long it is kept, in the words of the retention list (DOMAIN 3.9).
    pub retain: String,
    /// What it is collected for.
    pub purpose: String,
}

/// A condition on another field of the same record: it holds one of these values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// Key of the other field.
    pub field: String,
    /// Codes of which it holds one.
    pub is: Vec<String>,
}

impl When {
    /// Whether it holds for what the other field says; nothing there meets no condition.
    pub fn holds(&self, value: Option<&Value>) -> bool {
        value.and_then(Value::text).is_some_and(|text| self.is.iter().any(|code| code == text))
    }
}

/// What making a record of a kind also puts into a record that it refers to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effect {
    /// Where this holds in the record that is made.
    pub when: When,
    /// Its reference to the record that is changed.
    pub record: String,
    /// Keys and codes that are put there.
    pub put: BTreeMap<String, String>,
    /// Values that are left as they are.
    #[serde(default)]
    pub unless: Vec<String>,
}

/// A dangerous value that suggests a hazard report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suggest {
    /// Rank in the code list from which on it is suggested.
    pub from_rank: u8,
    /// Category of the hazard, a code of the list `hazard`.
    pub category: String,
}

/// One kind of record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Its name.
    pub name: KindName,
    /// Chinese label.
    pub zh: String,
    /// English label.
    pub en: String,
    /// Fields that together name a record in a list.
    pub title: Vec<String>,
    /// Only the server writes records of this kind.
    #[serde(default)]
    pub server: bool,
    /// The reference from whose record the id of this one follows: there is one for each, and who may not read it can
    /// still address it.
    #[serde(default)]
    pub id_of: Option<String>,
    /// The fields, in the order of the form.
    #[serde(rename = "field", default)]
    pub fields: Vec<Field>,
    /// What making a record also changes elsewhere.
    #[serde(rename = "effect", default)]
    pub effects: Vec<Effect>,
}

impl Kind {
    /// The field of a key; `phones/ab12` belongs to `phones`.
    pub fn field(&self, key: &str) -> Option<&Field> {
        let base = base_key(key);
        self.fields.iter().find(|f| f.key == base)
    }
    /// The audiences in which this kind has a document.
    pub fn audiences(&self) -> Vec<Audience> {
        let mut all: Vec<_> = self.fields.iter().map(|f| f.audience).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// The field that a document key belongs to.
pub fn base_key(key: &str) -> &str {
    key.split_once('/').map_or(key, |(base, _)| base)
}

/// One code of a list. Codes are never reused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// The code as stored.
    pub code: String,
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
    /// For `safer`: the higher, the more dangerous, the longer, the more alive.
    #[serde(default)]
    pub rank: u8,
    /// Of visiting tiers: the longest time between two visits, in days.
    #[serde(default)]
    pub days: Option<u16>,
    /// First day of use.
    #[serde(default)]
    pub from: Option<String>,
    /// Last day of use; still understood after.
    #[serde(default)]
    pub until: Option<String>,
    /// The code of its list under which figures count it once it is out of use.
    #[serde(default)]
    pub into: Option<String>,
    /// Other words that ledgers use for it.
    #[serde(default)]
    pub also: Vec<String>,
}

/// A list of codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeList {
    /// Its name.
    pub name: String,
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
    /// Counts up with every change of the list.
    pub version: u32,
    /// The codes in the order of the form.
    #[serde(rename = "code", default)]
    pub codes: Vec<Code>,
}

impl CodeList {
    /// The entry of a code.
    pub fn get(&self, code: &str) -> Option<&Code> {
        self.codes.iter().find(|c| c.code == code)
    }
    /// The entry under which figures count a code: its own, or the one that a code out of use went into. A chain that
    /// leads nowhere or in a ring, which the lint refuses, ends where it began.
    pub fn counted_as(&self, code: &str) -> Option<&Code> {
        let start = self.get(code)?;
        let mut now = start;
        for _ in &self.codes {
            let Some(next) = &now.into else { return Some(now) };
            let Some(next) = self.get(next) else { return Some(start) };
            now = next;
        }
        Some(start)
    }
    /// The code for a word of a ledger: its code, a label, or another word for it.
    pub fn find_word(&self, word: &str) -> Option<&Code> {
        self.codes.iter().find(|c| c.code == word || c.zh == word || c.en == word || c.also.iter().any(|a| a == word))
    }
}

/// Who receives and who writes: one table for phone, server and console.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// Roles that may write on the evidence of an official register; the county itself always may.
    #[serde(default)]
    pub registry: Vec<Role>,
    /// Audiences that the phones or desks of a role receive.
    pub receive: BTreeMap<Role, Vec<Audience>>,
    /// Kinds that a role may write; `*` is every kind that is not the server's alone.
    pub write: BTreeMap<Role, Vec<String>>,
    /// Roles that may leave a hint in an audience which they do not receive (DESIGN 4, blind writes).
    #[serde(default)]
    pub hint: BTreeMap<Audience, Vec<Role>>,
}

/// What is said of an attachment: the parts of its text, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
    /// Its parts, in the order in which the text holds them.
    #[serde(rename = "field")]
    pub fields: Vec<PartField>,
}

/// One part of an attachment's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartField {
    /// Its name.
    pub key: String,
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
    /// Type of the value.
    #[serde(rename = "type")]
    pub value_type: FieldType,
    /// Never empty.
    #[serde(default)]
    pub required: bool,
    /// What it is collected for.
    pub purpose: String,
}

/// Everything that schema files say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// Its version; an input of the resolver.
    pub version: u32,
    /// Kinds by name.
    pub kinds: BTreeMap<KindName, Kind>,
    /// Code lists by name.
    pub lists: BTreeMap<String, CodeList>,
    /// Who receives and writes.
    pub access: Access,
    /// What places are checked for.
    pub checklists: Checklists,
    /// Commands and the states they lead to.
    pub flows: Flows,
    /// What is said of an attachment.
    pub attachment: Part,
    /// SHA-256 over the texts of the files it was read from.
    pub digest: [u8; 32],
}

/// What is wrong in a schema file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[error("{file}:{line}: {zh} / {en}")]
pub struct SchemaError {
    /// File name.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// The rule that is broken: `deny`, `audience`, `partial`, `label`, `unknown_rule`, otherwise the name of the
    /// attribute.
    pub rule: String,
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Schema {
    /// SHA-256 over the texts of its files: the control log names a schema by version and hash.
    pub fn hash(&self) -> [u8; 32] {
        self.digest
    }
    /// A kind by name.
    pub fn kind(&self, name: &str) -> Option<&Kind> {
        self.kinds.get(&KindName(name.to_owned()))
    }
    /// The rank of a value in the field's code list; values out of the list rank 0.
    pub fn rank(&self, field: &Field, value: &Value) -> u8 {
        let code = value.text().unwrap_or_default();
        field.list.as_ref().and_then(|name| self.lists.get(name)).and_then(|list| list.get(code)).map_or(0, |c| c.rank)
    }
    /// What a screen shows for a value: the label of a code, otherwise the value itself.
    pub fn show(&self, field: &Field, value: &Value, zh: bool) -> String {
        let code = value.text().and_then(|text| self.lists.get(field.list.as_deref()?)?.get(text));
        match (code, value) {
            (Some(code), _) => {
                if zh {
                    code.zh.clone()
                } else {
                    code.en.clone()
                }
            }
            (None, Value::Bool(yes)) if !zh => if *yes { "yes" } else { "no" }.to_owned(),
            (None, Value::Int(ms)) if field.value_type == FieldType::Time => text::china_minute(Millis(*ms)),
            _ => value.to_string(),
        }
    }
}
