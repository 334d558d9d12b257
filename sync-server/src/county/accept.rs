//! Acceptance: envelope, tag, log entry in every bucket that holds the record, running digest. The one way into the log.

use std::collections::{BTreeMap, btree_map::Entry};

use wangge_core::{
    model::{Bucket, ChangeBody, DocId, Envelope, KindName, Millis, Schema, Scope},
    sync::wire::{Common, Digest},
};

use super::{Commons, County, commands::Noted, envelope};
use crate::{
    CountyError, Keys,
    db::{BucketRow, NewChange, Writer},
};

/// The document that a change goes into.
#[derive(Clone, Debug)]
pub(crate) struct Target<'a> {
    /// Number of the record.
    pub record: i64,
    /// Number of the document.
    pub doc: i64,
    /// Its id.
    pub id: DocId,
    /// Kind of the record.
    pub kind: &'a KindName,
    /// Grids that hold the record.
    pub routes: &'a [Scope],
}

/// Takes changes into the log within one transaction; [`Acceptor::finish`] must be called before it commits.
pub(crate) struct Acceptor<'k> {
    keys: &'k Keys,
    schema: &'static Schema,
    noted: Noted,
    commit: u64,
    buckets: BTreeMap<Bucket, BucketRow>,
    commons: BTreeMap<Common, i64>,
    accepted: u64,
}

impl<'k> Acceptor<'k> {
    /// Begins; takes the number of the commit.
    pub fn begin(w: &mut Writer<'_>, county: &'k County) -> Result<Self, CountyError> {
        let commit = w.next_commit()?;
        let (keys, schema, noted) = (&county.keys, county.schema, Noted::default());
        Ok(Self { keys, schema, noted, commit, buckets: BTreeMap::new(), commons: BTreeMap::new(), accepted: 0 })
    }

    /// Accepts one change. `last_contact` bounds a time of observation that lies after acceptance.
    pub fn accept(
        &mut self,
        w: &mut Writer<'_>,
        target: &Target<'_>,
        common: Common,
        body: &ChangeBody,
        raw: &[u8],
        last_contact: Millis,
    ) -> Result<(), CountyError> {
        let bounded = (body.time > common.accepted_at).then(|| last_contact.min(common.accepted_at));
        let envelope = Envelope {
            doc: target.id,
            kind: target.kind.clone(),
            hash: body.hash,
            author: common.author.clone(),
            role: common.role,
            device: common.device,
            lease: common.lease.clone(),
            grid: common.grid.clone(),
            accepted_at: common.accepted_at,
            bounded,
            epoch: common.epoch,
            accepted_by: common.accepted_by.clone(),
        };
        let tag = self.keys.tag(&envelope);
        let common = match self.commons.entry(common) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(slot) => {
                let n = w.add_common(slot.key())?;
                *slot.insert(n)
            }
        };
        let new = NewChange { doc: target.doc, hash: body.hash, raw, common, bounded, tag, commit: self.commit };
        let n = w.add_change(&new)?;
        w.touch_record(target.record)?;
        let sum = Digest::of_change(&envelope, &tag);
        for scope in target.routes {
            self.log(w, Bucket { scope: scope.clone(), audience: target.id.audience }, n, &sum)?;
        }
        self.accepted += 1;
        self.noted.see(self.schema, target, body);
        Ok(())
    }

    /// What the accepted changes leave to do, see [`settle`](super::commands::settle).
    pub fn take_noted(&mut self) -> Noted {
        std::mem::take(&mut self.noted)
    }

    fn log(&mut self, w: &mut Writer<'_>, bucket: Bucket, change: i64, sum: &[u8; 32]) -> Result<(), CountyError> {
        let row = match self.buckets.entry(bucket) {
            Entry::Occupied(found) => found.into_mut(),
            Entry::Vacant(slot) => {
                let row = w.bucket_or_new(slot.key())?;
                slot.insert(row)
            }
        };
        row.head += 1;
        row.digest.add(sum);
        w.add_log(row, change)?;
        Ok(())
    }

    /// Routes a record to one grid more: what is known of it follows into that grid's buckets.
    pub fn route(&mut self, w: &mut Writer<'_>, record: i64, scope: &Scope) -> Result<(), CountyError> {
        if !w.add_route(record, scope)? {
            return Ok(());
        }
        w.touch_record(record)?;
        let mut commons = Commons::default();
        for change in w.changes(record)? {
            let sum = Digest::of_change(&envelope(&change, commons.get(w, change.common)?), &change.tag);
            self.log(w, Bucket { scope: scope.clone(), audience: change.doc.audience }, change.n, &sum)?;
        }
        Ok(())
    }

    /// Writes down where the logs stand; says how many changes were accepted.
    pub fn finish(self, w: &mut Writer<'_>) -> Result<u64, CountyError> {
        for row in self.buckets.values() {
            w.set_bucket(row)?;
        }
        Ok(self.accepted)
    }
}
