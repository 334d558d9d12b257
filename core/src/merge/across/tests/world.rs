//! Records in a map, with their indexes computed by looking at all of them.

use std::collections::BTreeMap;

use crate::{
    merge::across::{Around, CrossItem, Facts, Seen, items, keys},
    model::{Millis, RecordId, Schema, Scope, Source, Value},
};

/// 2026-03-01 08:00 in China, as milliseconds.
pub const MARCH: i64 = 1_772_323_200_000;
pub const DAY: i64 = 86_400_000;

/// A day of March 2026, at noon.
pub fn noon(day: i64) -> i64 {
    MARCH + (day - 1) * DAY + 4 * 3_600_000
}

/// The record of a number, made on 1 March 2026.
pub fn id(n: u8) -> RecordId {
    let mut random = [0; 10];
    random[9] = n;
    RecordId::new(Millis(MARCH), random)
}

pub fn schema() -> &'static Schema {
    Schema::built_in()
}

/// Records in memory.
#[derive(Clone, Default)]
pub struct World(pub BTreeMap<RecordId, Seen>);

impl World {
    /// Puts a record: `field=value`; `set+=member` for a set, `field@day` for when it was last said, `1@` for numbers.
    pub fn put(&mut self, n: u8, kind: &str, fields: &[(&str, Field)]) -> &mut Self {
        let mut facts = Facts::default();
        for (name, field) in fields {
            let name = (*name).to_owned();
            match field {
                Field::Is(value) => drop(facts.values.insert(name, value.clone())),
                Field::Has(members) => {
                    drop(facts.members.insert(name, members.iter().map(|m| (*m).to_owned()).collect()));
                }
                Field::Said(value, at) => {
                    facts.said.insert(name.clone(), (Millis(*at), Source::SelfSaid));
                    facts.values.insert(name, value.clone());
                }
                Field::OwnWord(at) => drop(facts.said.insert("*".into(), (Millis(*at), Source::SelfSaid))),
            }
        }
        let seen = Seen { record: id(n), kind: kind.into(), scope: Scope("370101001001001".into()), facts };
        self.0.insert(id(n), seen);
        self
    }
    pub fn set(&mut self, n: u8, field: &str, value: Field) -> &mut Self {
        let seen = self.0.get_mut(&id(n)).unwrap();
        match value {
            Field::Is(Value::Null) => {
                seen.facts.values.remove(field);
                seen.facts.said.remove(field);
            }
            Field::Is(value) => drop(seen.facts.values.insert(field.into(), value)),
            Field::Has(members) => {
                drop(seen.facts.members.insert(field.into(), members.iter().map(|m| (*m).to_owned()).collect()));
            }
            Field::Said(value, at) => {
                seen.facts.said.insert(field.into(), (Millis(at), Source::SelfSaid));
                seen.facts.values.insert(field.into(), value);
            }
            Field::OwnWord(at) => drop(seen.facts.said.insert("*".into(), (Millis(at), Source::SelfSaid))),
        }
        self
    }
    /// Items of a record, as rules.
    pub fn rules(&self, n: u8) -> Vec<String> {
        self.items(n).into_iter().map(|item| item.rule).collect()
    }
    pub fn items(&self, n: u8) -> Vec<CrossItem> {
        items(schema(), self, &id(n))
    }
    /// The one item of a record, which must show at all of its records, and nowhere speak of a clash.
    pub fn only(&self, n: u8) -> CrossItem {
        let items = self.items(n);
        assert_eq!(items.len(), 1, "{items:#?}");
        let item = items.into_iter().next().unwrap();
        for record in item.records.iter().filter(|record| self.0.contains_key(record)) {
            assert!(items_of(self, record).contains(&item), "{} does not show at {record}", item.rule);
        }
        assert!(!item.zh.is_empty() && !item.zh.contains("冲突") && !item.zh.contains(['{', '}']), "{}", item.zh);
        assert!(!item.en.is_empty() && !item.en.contains(['{', '}']), "{}", item.en);
        item
    }
}

fn items_of(world: &World, record: &RecordId) -> Vec<CrossItem> {
    items(schema(), world, record)
}

/// What a field of a test's record says.
#[derive(Clone)]
pub enum Field {
    Is(Value),
    Has(Vec<&'static str>),
    Said(Value, i64),
    OwnWord(i64),
}

pub fn is(text: &str) -> Field {
    Field::Is(text.into())
}
pub fn at(ms: i64) -> Field {
    Field::Is(Value::Int(ms))
}
pub fn to(n: u8) -> Field {
    Field::Is(Value::Text(id(n).to_string()))
}
pub fn said(text: &str, ms: i64) -> Field {
    Field::Said(text.into(), ms)
}
pub fn none() -> Field {
    Field::Is(Value::Null)
}
pub fn names(n: u8) -> Field {
    Field::Has(vec![Box::leak(id(n).to_string().into_boxed_str())])
}

impl Around for World {
    fn record(&self, record: &RecordId) -> Option<Seen> {
        self.0.get(record).cloned()
    }
    fn linked(&self, link: &str, target: &RecordId) -> Vec<RecordId> {
        let leads = |seen: &&Seen| {
            let kind = schema().kind(&seen.kind.0).unwrap();
            seen.facts.links(kind).contains(&(link.to_owned(), *target))
        };
        self.0.values().filter(leads).map(|seen| seen.record).collect()
    }
    fn with_key(&self, key: &str) -> Vec<RecordId> {
        self.0.values().filter(|seen| keys(seen).iter().any(|known| known == key)).map(|seen| seen.record).collect()
    }
}
