//! Where a phone is, compared with where it may be.

use std::collections::BTreeMap;

use wangge_core::{
    model::Bucket,
    sync::wire::{Cursor, Digest, SyncRequest, Vector, vector_root},
};

use super::{Refusal, sync::Caller};
use crate::{
    County,
    db::{BucketRow, Reader},
};

/// One bucket that the phone may hold.
pub(super) struct Place {
    /// The log.
    pub row: BucketRow,
    /// The phone's last entry.
    pub seq: u64,
    /// The phone's sum.
    pub digest: Digest,
}

/// What follows from the phone's vector.
pub(super) struct Standing {
    /// What the phone came with.
    pub base: Vec<Cursor>,
    /// Every bucket that it may hold, in order.
    pub places: Vec<Place>,
    /// Buckets to be read again from the start.
    pub repair: Vec<Bucket>,
    /// Whether it holds other buckets than it may.
    pub other_buckets: bool,
}

/// Finds out where the phone is; none where only the whole vector would tell.
pub(super) fn standing(
    county: &County,
    r: &Reader<'_>,
    caller: &Caller,
    request: &SyncRequest,
) -> Result<Option<Standing>, Refusal> {
    let base = match &request.vector {
        Vector::Full(cursors) => cursors.clone(),
        Vector::Root(root) if *root == vector_root(&[]) => Vec::new(),
        Vector::Root(root) => match r.hint(&caller.device.id, root)? {
            Some(cursors) => cursors,
            None => return Ok(None),
        },
    };
    let device = &caller.device;
    let rows = r.buckets_for(&device.user, device.role, county.schema.audiences_of(device.role))?;
    let held: BTreeMap<&Bucket, &Cursor> = base.iter().map(|cursor| (&cursor.bucket, cursor)).collect();
    let other_buckets = held.len() != rows.len() || rows.iter().any(|row| !held.contains_key(&row.bucket));
    let same_epoch = request.epoch == county.epoch();
    let mut places = Vec::with_capacity(rows.len());
    let mut repair = Vec::new();
    for row in rows {
        let (seq, digest) = held.get(&row.bucket).map_or((0, Digest::default()), |c| (c.seq, c.digest));
        let fits = match seq {
            0 => digest == Digest::default(),
            _ => same_epoch && digest_at(r, &row, seq)? == Some(digest),
        };
        if fits {
            places.push(Place { row, seq, digest });
        } else {
            repair.push(row.bucket.clone());
            places.push(Place { row, seq: 0, digest: Digest::default() });
        }
    }
    Ok(Some(Standing { base, places, repair, other_buckets }))
}

fn digest_at(r: &Reader<'_>, row: &BucketRow, seq: u64) -> Result<Option<Digest>, Refusal> {
    if seq == row.head {
        return Ok(Some(row.digest));
    }
    Ok(if seq > row.head { None } else { r.digest_at(row.n, seq)? })
}
