//! Records around one record, read through aliases and read once.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use super::{
    keys,
    seen::Seen,
    words::{self, Said},
};
use crate::model::{RecordId, Schema, Value};

/// Where rules find the records around one record: the phone's store, the county's projection, a test's map. What is
/// asked for and not held is absent.
pub trait Around {
    /// A record.
    fn record(&self, record: &RecordId) -> Option<Seen>;
    /// Records of a kind whose field refers to a record; `link` is `kind.field`.
    fn linked(&self, link: &str, target: &RecordId) -> Vec<RecordId>;
    /// Records that have a key of [`super::keys`].
    fn with_key(&self, key: &str) -> Vec<RecordId>;
}

/// Aliases of aliases are followed so far; a longer chain is no work of people.
const CHAIN: usize = 16;

/// What a run of rules has read.
pub(super) struct Ground<'a> {
    pub schema: &'a Schema,
    around: &'a dyn Around,
    records: RefCell<BTreeMap<RecordId, Option<Rc<Seen>>>>,
    groups: RefCell<BTreeMap<RecordId, Rc<[RecordId]>>>,
}

impl<'a> Ground<'a> {
    pub fn new(schema: &'a Schema, around: &'a dyn Around) -> Self {
        Self { schema, around, records: RefCell::default(), groups: RefCell::default() }
    }

    /// A record as it stands there, head or alias.
    pub fn plain(&self, record: &RecordId) -> Option<Rc<Seen>> {
        if let Some(known) = self.records.borrow().get(record) {
            return known.clone();
        }
        let found = self.around.record(record).map(Rc::new);
        self.records.borrow_mut().insert(*record, found.clone());
        found
    }

    /// The record that a record is an alias of, in the end; of a ring of aliases its smallest id.
    pub fn head_of(&self, record: &RecordId) -> RecordId {
        let mut way = vec![*record];
        while let Some(next) = self.plain(&way[way.len() - 1]).and_then(|seen| seen.target("alias_of")) {
            if let Some(start) = way.iter().position(|known| *known == next) {
                return way[start..].iter().copied().min().unwrap_or(next);
            }
            way.push(next);
            if way.len() > CHAIN {
                break;
            }
        }
        way[way.len() - 1]
    }

    /// Aliases through which the references of a record reach one of these heads.
    pub fn aliases_on_the_way(&self, record: &RecordId, heads: &[RecordId]) -> Vec<RecordId> {
        let Some(seen) = self.plain(record) else { return Vec::new() };
        let mut out = Vec::new();
        for target in seen.facts.values.values().filter_map(|value| value.text()?.parse::<RecordId>().ok()) {
            let head = self.head_of(&target);
            let mut at = target;
            while at != head && heads.contains(&head) && at != seen.record && out.len() < CHAIN {
                out.push(at);
                let Some(next) = self.plain(&at).and_then(|seen| seen.target("alias_of")) else { break };
                at = next;
            }
        }
        out
    }

    /// The head of a record.
    pub fn head(&self, record: &RecordId) -> Option<Rc<Seen>> {
        self.plain(&self.head_of(record))
    }

    /// A head and everything that is an alias of it.
    pub fn group(&self, head: &Seen) -> Rc<[RecordId]> {
        if let Some(known) = self.groups.borrow().get(&head.record) {
            return known.clone();
        }
        let link = format!("{}.alias_of", head.kind);
        let mut all = vec![head.record];
        let mut at = 0;
        while let Some(next) = all.get(at).copied() {
            at += 1;
            let aliases = self.around.linked(&link, &next);
            all.extend(aliases.into_iter().filter(|id| *id != next).collect::<BTreeSet<_>>());
            if all.len() > CHAIN * CHAIN {
                break;
            }
        }
        all[1..].sort_unstable();
        all.dedup();
        let all: Rc<[RecordId]> = all.into();
        self.groups.borrow_mut().insert(head.record, all.clone());
        all
    }

    /// Records that refer to this one or to an alias of it, in the order of their ids.
    pub fn linked(&self, link: &str, to: &Seen) -> Vec<Rc<Seen>> {
        let found: BTreeSet<RecordId> =
            self.group(to).iter().flat_map(|record| self.around.linked(link, record)).collect();
        found.iter().filter_map(|record| self.plain(record)).collect()
    }

    /// The head of what a reference leads to.
    pub fn follow(&self, from: &Seen, field: &str) -> Option<Rc<Seen>> {
        self.head(&from.target(field)?)
    }

    /// Other heads of this kind that share a key with this one, in the order of their ids.
    pub fn sharing(&self, seen: &Seen) -> Vec<Rc<Seen>> {
        let of_keys = keys::looked_up(seen);
        let found: BTreeSet<RecordId> =
            of_keys.iter().flat_map(|key| self.around.with_key(key)).map(|record| self.head_of(&record)).collect();
        let others = found.iter().filter(|record| **record != seen.record).filter_map(|record| self.plain(record));
        others.filter(|other| other.kind == seen.kind).collect()
    }

    /// Whether somebody has said that two records are not the same.
    pub fn told_apart(&self, a: &Seen, b: &Seen) -> bool {
        let names = |from: &Seen, to: &Seen| {
            let named = self.group(from);
            let sets = named.iter().filter_map(|record| self.plain(record));
            let mut ids = sets.flat_map(|seen| seen.members("distinct").to_vec()).filter_map(|text| text.parse().ok());
            ids.any(|record: RecordId| self.head_of(&record) == to.record)
        };
        names(a, b) || names(b, a)
    }

    /// What a list calls a record: the fields of its title, references by the title of what they lead to.
    pub fn name(&self, seen: &Seen) -> Said {
        let Some(kind) = self.schema.kind(&seen.kind.0) else { return Said::both("记录", "a record") };
        let mut parts = (Vec::new(), Vec::new());
        for key in &kind.title {
            let Some((field, value)) = kind.field(key).zip(seen.facts.values.get(key)) else { continue };
            let said = match (field.value_type, seen.target(key)) {
                (crate::model::FieldType::Ref, Some(record)) => match self.head(&record) {
                    Some(other) if other.record != seen.record => self.name(&other),
                    _ => continue,
                },
                (crate::model::FieldType::Time, _) => match value {
                    Value::Int(ms) => words::day(crate::model::Millis(*ms)),
                    _ => continue,
                },
                _ => Said { zh: self.schema.show(field, value, true), en: self.schema.show(field, value, false) },
            };
            if !said.zh.is_empty() {
                parts.0.push(said.zh);
                parts.1.push(said.en);
            }
        }
        if parts.0.is_empty() {
            return Said::both(&format!("一条{}", kind.zh), &format!("a {}", kind.en.to_lowercase()));
        }
        Said { zh: parts.0.join(" "), en: parts.1.join(" ") }
    }

    /// The name of what an id leads to, where it is not here too.
    pub fn name_of(&self, record: &RecordId, kind: &str) -> Said {
        match self.head(record) {
            Some(seen) => self.name(&seen),
            None => self.schema.kind(kind).map_or_else(
                || Said::both("一条记录", "a record"),
                |kind| Said::both(&format!("一位（条）{}", kind.zh), &format!("a {}", kind.en.to_lowercase())),
            ),
        }
    }

    /// A value as screens show it.
    pub fn shown(&self, seen: &Seen, field: &str) -> Said {
        let kind = self.schema.kind(&seen.kind.0);
        match kind.and_then(|kind| kind.field(field)).zip(seen.facts.values.get(field)) {
            Some((field, value)) => {
                Said { zh: self.schema.show(field, value, true), en: self.schema.show(field, value, false) }
            }
            None => Said::default(),
        }
    }
}
