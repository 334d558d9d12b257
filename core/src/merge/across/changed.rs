//! What a round of changes means for the indexes: which links and keys come and go, and which records rules look at anew.

use std::collections::BTreeMap;

use super::{keys, seen::Seen};
use crate::model::{RecordId, Schema};

/// Collects what changed, record by record, whoever keeps the indexes.
#[derive(Clone, Debug, Default)]
pub struct Changed {
    /// Records with what they said before, and the heads that they were or are aliases of.
    pub touched: BTreeMap<RecordId, Option<Seen>>,
    /// Target, `kind.field` and record; whether it is there now.
    pub links: BTreeMap<(RecordId, String, RecordId), bool>,
    /// Key and record; whether it is there now.
    pub keys: BTreeMap<(String, RecordId), bool>,
}

impl Changed {
    /// Notes that a record says something else than before.
    pub fn note(&mut self, schema: &Schema, record: RecordId, before: Option<Seen>, now: Option<&Seen>) {
        if let Some(before) = &before {
            self.add(schema, before, false);
        }
        if let Some(now) = now {
            self.add(schema, now, true);
        }
        let known = self.touched.entry(record).or_default();
        if known.is_none() {
            *known = before;
        }
    }

    fn add(&mut self, schema: &Schema, seen: &Seen, there: bool) {
        // What a record is an alias of reads it as a part of itself, so that both change.
        if let Some(head) = seen.target("alias_of") {
            self.touched.entry(head).or_default();
        }
        let links = schema.kind(&seen.kind.0).map(|kind| seen.facts.links(kind));
        for (link, target) in links.into_iter().flatten() {
            self.links.insert((target, link, seen.record), there);
        }
        for key in keys::keys(seen) {
            self.keys.insert((key, seen.record), there);
        }
    }
}
