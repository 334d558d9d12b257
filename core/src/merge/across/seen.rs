//! What cross-record rules see of a record: a few values in force, and when some of them were last said.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    merge::types::{FieldState, Resolved},
    model::{FieldType, Kind, KindName, Millis, RecordId, Rule, Scope, Source, Value},
};

/// Fields that rules compare, by kind. Besides these a rule sees every reference and what names the record.
const WATCHED: &[(&str, &[&str])] = &[
    ("dwelling", &["tenure", "address", "door_key", "rent_from"]),
    ("household", &["head"]),
    ("resident", &["name", "birth_date", "id_no", "phone", "phones", "life_status", "alias_of"]),
    ("membership", &["relation", "from", "to"]),
    ("residence", &["kind", "from", "to", "current"]),
    ("place", &["name", "address", "uscc", "status"]),
    ("inspection", &["when"]),
    ("visit", &["when", "mode", "result"]),
    ("event", &["type", "category", "state", "point", "found_at", "occurred_at", "place_text"]),
];

/// Fields of which a rule asks when, and on what evidence, they were last said.
const TIMED: &[(&str, &[&str])] = &[
    ("dwelling", &["tenure", "rent_from"]),
    ("household", &["head"]),
    ("resident", &["life_status"]),
    ("residence", &["from", "to"]),
    ("place", &["status"]),
];

/// The time of what a person said of himself, kept only while he counts as dead.
pub(super) const OWN_WORD: &str = "*";

/// The part of a record that cross-record rules look at. Its JSON is canonical, so that two records look alike to every
/// rule exactly where their texts are equal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Values in force.
    #[serde(rename = "v", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Value>,
    /// Members present, of sets.
    #[serde(rename = "m", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub members: BTreeMap<String, Vec<String>>,
    /// When a value in force was last said, and on what evidence.
    #[serde(rename = "t", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub said: BTreeMap<String, (Millis, Source)>,
}

impl Facts {
    /// Takes them out of a record's resolved documents: those that this reader holds, and so no others.
    pub fn of<'a>(kind: &Kind, docs: impl Iterator<Item = &'a Resolved> + Clone) -> Self {
        let mut facts = Self::default();
        for field in &kind.fields {
            let watched = field.value_type == FieldType::Ref || kind.title.contains(&field.key);
            if !watched && !listed(WATCHED, kind, &field.key) {
                continue;
            }
            let Some(state) = docs.clone().find_map(|doc| doc.fields.get(&field.key)) else { continue };
            if field.rule == Rule::Set {
                let present = state.members.iter().filter(|(member, _)| member.on).map(|(member, _)| &member.text);
                let present: BTreeSet<String> = present.cloned().collect();
                if !present.is_empty() {
                    facts.members.insert(field.key.clone(), present.into_iter().collect());
                }
            } else if field.value_type == FieldType::IdNumber && state.contested {
                // Between two numbers nobody is matched by either, until a person has seen the document.
            } else if !state.value.is_null() {
                facts.values.insert(field.key.clone(), state.value.clone());
                if listed(TIMED, kind, &field.key) {
                    facts.said.extend(last_said(state).map(|said| (field.key.clone(), said)));
                }
            }
        }
        if facts.values.get("life_status").is_some_and(is_dead) {
            let own = docs.flat_map(|doc| doc.fields.values()).filter(|state| state.field != "life_status");
            let claims = own
                .flat_map(|state| &state.claims)
                .filter(|claim| matches!(claim.source, Source::SelfSaid | Source::DocumentSeen));
            facts
                .said
                .extend(claims.map(|claim| claim.at).max().map(|at| (OWN_WORD.to_owned(), (at, Source::SelfSaid))));
        }
        facts
    }

    /// Reads stored facts.
    pub fn from_json(text: &str) -> Option<Self> {
        if text.is_empty() { Some(Self::default()) } else { serde_json::from_str(text).ok() }
    }

    /// The text to store.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("facts are plain data")
    }

    /// Where its references lead, each under `kind.field`.
    pub fn links(&self, kind: &Kind) -> BTreeSet<(String, RecordId)> {
        let mut links = BTreeSet::new();
        for field in kind.fields.iter().filter(|field| field.value_type == FieldType::Ref) {
            let value = self.values.get(&field.key).and_then(Value::text).into_iter();
            let members = self.members.get(&field.key).into_iter().flatten().map(String::as_str);
            let targets = value.chain(members).filter_map(|text| text.parse().ok());
            links.extend(targets.map(|target| (format!("{}.{}", kind.name, field.key), target)));
        }
        links
    }
}

fn listed(table: &[(&str, &[&str])], kind: &Kind, key: &str) -> bool {
    table.iter().any(|(name, fields)| *name == kind.name.0 && fields.contains(&key))
}

/// The latest claim of the value in force, and the best evidence for it.
fn last_said(state: &FieldState) -> Option<(Millis, Source)> {
    let claims = state.claims.iter().filter(|claim| claim.value == state.value);
    let at = claims.clone().map(|claim| claim.at).max()?;
    Some((at, claims.map(|claim| claim.source).max()?))
}

/// Whether a life status says that the person died, or is said to have died.
pub(super) fn is_dead(status: &Value) -> bool {
    matches!(status.text(), Some("reported_dead" | "dead"))
}

/// A record as cross-record rules see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The record.
    pub record: RecordId,
    /// Its kind.
    pub kind: KindName,
    /// A grid that holds it.
    pub scope: Scope,
    /// What is in force.
    pub facts: Facts,
}

impl Seen {
    /// Text of a value in force; empty where there is none.
    pub fn text(&self, field: &str) -> &str {
        self.facts.values.get(field).and_then(Value::text).unwrap_or_default()
    }
    /// A time in force.
    pub fn time(&self, field: &str) -> Option<Millis> {
        match self.facts.values.get(field) {
            Some(Value::Int(ms)) => Some(Millis(*ms)),
            _ => None,
        }
    }
    /// A yes or no in force.
    pub fn flag(&self, field: &str) -> Option<bool> {
        match self.facts.values.get(field) {
            Some(Value::Bool(yes)) => Some(*yes),
            _ => None,
        }
    }
    /// The record that a reference leads to.
    pub fn target(&self, field: &str) -> Option<RecordId> {
        self.text(field).parse().ok()
    }
    /// Members present of a set.
    pub fn members(&self, field: &str) -> &[String] {
        self.facts.members.get(field).map_or(&[], Vec::as_slice)
    }
    /// When the value in force was last said.
    pub fn said(&self, field: &str) -> Option<Millis> {
        self.facts.said.get(field).map(|(at, _)| *at)
    }
    /// The best evidence for the value in force.
    pub fn evidence(&self, field: &str) -> Option<Source> {
        self.facts.said.get(field).map(|(_, source)| *source)
    }
    /// When the record was made, by the clock in its id.
    pub fn made(&self) -> Millis {
        let ms = self.record.0[..6].iter().fold(0_i64, |ms, byte| ms << 8 | i64::from(*byte));
        Millis(ms)
    }
    /// The village of its grid: the first twelve digits.
    pub fn village(&self) -> &str {
        self.scope.0.get(..12).unwrap_or(&self.scope.0)
    }
}
