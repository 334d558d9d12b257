//! What the county knows, read as an auditor would: every change of its logs, and what it resolves them to.

use std::collections::{BTreeMap, BTreeSet};

use wangge_core::{
    doc::chunk,
    merge::{self, Resolved},
    model::{Audience, Bucket, ChangeHash, DocId, Envelope, KindName, Observation, RecordId, Rule, Schema, Value},
    sync::wire::Digest,
};
use wangge_server::{County, CountyError, county::CountyItem};

use super::WorldError;

/// One accepted change.
#[derive(Clone, Debug)]
pub struct Logged {
    /// Its envelope.
    pub envelope: Envelope,
    /// What it says.
    pub observation: Observation,
}

/// Everything that was accepted.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Where each bucket's log ends, and what its entries add up to when added again.
    pub heads: BTreeMap<Bucket, (u64, Digest)>,
    /// Changes by bucket.
    pub buckets: BTreeMap<Bucket, BTreeSet<(DocId, ChangeHash)>>,
    /// Changes by document, in the order of acceptance.
    pub docs: BTreeMap<DocId, Vec<Logged>>,
    /// What rules over several records ask, as the county sees it.
    pub across: Vec<CountyItem>,
    resolved: BTreeMap<RecordId, Vec<(DocId, Resolved)>>,
    /// Records that are one with others, with the one that goes on.
    joined: BTreeMap<RecordId, RecordId>,
}

impl Ledger {
    /// Reads all logs of a county. A sum that is not the sum of its entries is an error.
    pub fn read(county: &County) -> Result<Self, WorldError> {
        let failed = |error| WorldError::new("county log", error);
        let mut ledger = Self::default();
        for head in county.buckets().map_err(failed)? {
            let mut sum = Digest::default();
            let entries = county.log_after(&head.bucket, 0).map_err(failed)?;
            for entry in &entries {
                sum.add(&Digest::of_change(&entry.envelope, &entry.tag));
                let key = (entry.envelope.doc, entry.envelope.hash);
                ledger.buckets.entry(head.bucket.clone()).or_default().insert(key);
                let body = chunk::read(&entry.raw).map_err(|e| WorldError::new("change in the county log", e))?;
                let known = ledger.docs.entry(key.0).or_default();
                if known.iter().all(|logged| logged.envelope.hash != key.1) {
                    let observation = Observation::accepted(body, &entry.envelope);
                    known.push(Logged { envelope: entry.envelope.clone(), observation });
                }
            }
            if sum != head.digest || entries.len() as u64 != head.head {
                return Err(WorldError(format!("the running sum of {} is not that of its entries", head.bucket)));
            }
            ledger.heads.insert(head.bucket, (head.head, head.digest));
        }
        ledger.across = county.attention().map_err(failed)?;
        ledger.across.retain(|item| item.field.is_empty());
        for record in ledger.records() {
            let state = county.resolve_record(&record).map_err(failed)?;
            ledger.resolved.insert(record, state.docs.into_iter().collect());
        }
        ledger.join(county.schema());
        ledger.compare(county).map_err(failed)?;
        Ok(ledger)
    }

    /// What the county says of records that are one must be what their documents say together.
    fn compare(&self, county: &County) -> Result<(), CountyError> {
        for (name, head) in &self.joined {
            let county = county.resolve_joined(name)?;
            let mine: BTreeMap<DocId, Resolved> = self.resolved.get(name).into_iter().flatten().cloned().collect();
            let values = |docs: &BTreeMap<DocId, Resolved>| {
                let fields = docs.values().flat_map(|doc| doc.fields.values());
                fields.map(|state| (state.field.clone(), state.value.clone(), state.contested)).collect::<BTreeSet<_>>()
            };
            if county.record != *head || values(&county.docs) != values(&mine) {
                return Err(CountyError::Storage(format!("the county reads {name} otherwise than its documents say")));
            }
        }
        Ok(())
    }

    /// Resolves records that are one together, each under all of its names. What commands came to is told by the record
    /// that goes on, for a merge of one is no merge of the other.
    fn join(&mut self, schema: &Schema) {
        let records = self.records();
        let heads: BTreeMap<RecordId, RecordId> =
            records.iter().map(|record| (*record, self.follow(*record))).collect();
        let mut groups: BTreeMap<RecordId, Vec<RecordId>> = BTreeMap::new();
        for (record, head) in &heads {
            groups.entry(*head).or_default().push(*record);
        }
        groups.retain(|_, names| names.len() > 1);
        for (head, names) in groups {
            let Some(kind) = self.kind(head).and_then(|kind| schema.kind(&kind.0)) else { continue };
            let mut all: BTreeMap<Audience, Vec<Observation>> = BTreeMap::new();
            for (doc, logged) in names.iter().flat_map(|name| self.of_record(*name)) {
                let seen = logged.iter().map(|one| one.observation.clone());
                all.entry(doc.audience).or_default().extend(seen);
            }
            let own: BTreeMap<DocId, Resolved> = self.resolved.get(&head).into_iter().flatten().cloned().collect();
            let by_command = |key: &str| kind.field(key).is_some_and(|field| field.rule == Rule::Command);
            let together = all.into_iter().map(|(audience, observations)| {
                let id = DocId { record: head, audience, generation: 0 };
                let mut resolved = merge::resolve(schema, kind, id, &observations);
                let own = own.get(&id).cloned().unwrap_or_default();
                resolved.fields.retain(|key, _| !by_command(key));
                resolved.fields.extend(own.fields.into_iter().filter(|(key, _)| by_command(key)));
                resolved.flow = own.flow;
                (id, resolved)
            });
            let together: Vec<_> = together.collect();
            for name in names {
                self.resolved.insert(name, together.clone());
                self.joined.insert(name, head);
            }
        }
    }

    /// The record that a record goes on as, by what its own documents say. Of a ring the smallest id.
    fn follow(&self, record: RecordId) -> RecordId {
        let next = |record: &RecordId| {
            let docs = self.resolved(*record);
            let alias = docs.iter().find_map(|(_, doc)| doc.fields.get("alias_of")).map(|field| &field.value);
            alias.and_then(Value::text).and_then(|id| id.parse::<RecordId>().ok())
        };
        let mut way = vec![record];
        while let Some(to) = next(&way[way.len() - 1]) {
            if let Some(start) = way.iter().position(|known| *known == to) {
                return way[start..].iter().copied().min().unwrap_or(to);
            }
            way.push(to);
        }
        way[way.len() - 1]
    }

    /// The record that lists show for a record.
    pub fn head(&self, record: RecordId) -> RecordId {
        self.joined.get(&record).copied().unwrap_or(record)
    }

    /// Whether a change was accepted.
    pub fn holds(&self, record: RecordId, change: ChangeHash) -> bool {
        self.of_record(record).any(|(_, logged)| logged.iter().any(|one| one.envelope.hash == change))
    }
    /// The documents of a record.
    pub fn of_record(&self, record: RecordId) -> impl Iterator<Item = (&DocId, &[Logged])> {
        self.docs.iter().filter(move |(id, _)| id.record == record).map(|(id, logged)| (id, logged.as_slice()))
    }
    /// The kind of a record.
    pub fn kind(&self, record: RecordId) -> Option<&KindName> {
        self.of_record(record).next().and_then(|(_, logged)| logged.first()).map(|one| &one.envelope.kind)
    }
    /// Every record.
    pub fn records(&self) -> BTreeSet<RecordId> {
        self.docs.keys().map(|id| id.record).collect()
    }
    /// What the county says of the documents of a record and of those that are one with it.
    pub fn resolved(&self, record: RecordId) -> &[(DocId, Resolved)] {
        self.resolved.get(&record).map_or(&[], Vec::as_slice)
    }
}
