//! What the county knows, read as an auditor would: every change of its logs, and what it resolves them to.

use std::collections::{BTreeMap, BTreeSet};

use wangge_core::{
    doc::chunk,
    merge::Resolved,
    model::{Bucket, ChangeHash, DocId, Envelope, KindName, Observation, RecordId},
    sync::wire::Digest,
};
use wangge_server::{County, county::CountyItem};

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
        Ok(ledger)
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
    /// What the county says of the documents of a record.
    pub fn resolved(&self, record: RecordId) -> &[(DocId, Resolved)] {
        self.resolved.get(&record).map_or(&[], Vec::as_slice)
    }
}
