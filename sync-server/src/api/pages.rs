//! The reply to a sync: pages of what the phone may read, as much as packs into one frame.

use std::collections::BTreeMap;

use wangge_core::{
    doc::chunk,
    model::{Bucket, ChangeHash, DeviceId, DocId, Millis},
    sync::{
        frame::FrameError,
        wire::{Cursor, Entry, EntryBody, Page, SyncReply, SyncRequest, UploadResult, vector_root},
    },
};

use super::{
    Nonce, Refusal, lease, pack,
    sync::Caller,
    vector::{Place, Standing, standing},
};
use crate::{
    County,
    county::damaged,
    db::{LogRow, Reader},
};

/// Pages smaller than this are not cut further.
const SMALLEST_PAGES: usize = 256 << 10;
/// What an entry weighs besides its change.
const ENTRY_BYTES: usize = 96;
/// Most control entries in one reply.
const MOST_CONTROL: u64 = 2_000;

/// Builds, packs and signs the reply, and remembers the vector that the phone will come back with.
pub(super) fn reply(
    county: &County,
    caller: &Caller,
    request: &SyncRequest,
    nonce: &Nonce,
    results: Vec<UploadResult>,
    now: Millis,
) -> Result<Vec<u8>, Refusal> {
    let (bytes, vectors) = county.db.read(|r| {
        let control = r.control_after(request.control, MOST_CONTROL)?;
        let mut reply = SyncReply {
            epoch: county.epoch(),
            server_time: now,
            results,
            commons: Vec::new(),
            pages: Vec::new(),
            more: control.len() as u64 == MOST_CONTROL,
            need_vector: false,
            repair: Vec::new(),
            control,
            backed_up_through: (0, 0),
            lease: Some(lease(county, &caller.device.id, caller.device.role, &caller.scopes, now)),
            buckets: None,
        };
        let Some(standing) = standing(county, r, caller, request)? else {
            reply.need_vector = true;
            return Ok::<_, Refusal>((pack(county, nonce, &reply)?, None));
        };
        reply.more |= !standing.repair.is_empty();
        reply.repair.clone_from(&standing.repair);
        if standing.other_buckets {
            reply.buckets = Some(standing.places.iter().map(|place| place.row.bucket.clone()).collect());
        }
        let own = Own::of(caller, request);
        let (bytes, after) = fill(county, r, &own, &standing, &mut reply, nonce)?;
        let roots = r.hint_roots(&caller.device.id)?;
        Ok((bytes, Some((standing.base, after, roots))))
    })?;
    if let Some((base, after, roots)) = vectors {
        remember(county, caller, &base, &after, &roots)?;
    }
    Ok(bytes)
}

/// Packs as many entries as fit; learns from a frame that came out too large.
fn fill(
    county: &County,
    r: &Reader<'_>,
    own: &Own<'_>,
    standing: &Standing,
    reply: &mut SyncReply,
    nonce: &Nonce,
) -> Result<(Vec<u8>, Vec<Cursor>), Refusal> {
    let more = reply.more;
    let mut budget = county.page_bytes();
    loop {
        let mut gather = Gather { own, commons: BTreeMap::new(), left: budget };
        reply.more = more;
        (reply.pages, reply.commons) = (Vec::new(), Vec::new());
        let mut after = Vec::with_capacity(standing.places.len());
        for place in &standing.places {
            let page = gather.page(r, place, reply)?;
            let (seq, digest) = match &page {
                Some(page) => (page.after + page.entries.len() as u64, page.digest),
                None => (place.seq, place.digest),
            };
            let waits = seq < place.row.head && !standing.repair.contains(&place.row.bucket);
            reply.more |= waits;
            after.push(Cursor { bucket: place.row.bucket.clone(), seq, digest });
            reply.pages.extend(page);
        }
        let full = reply.more && gather.left < ENTRY_BYTES * 8;
        match pack(county, nonce, reply) {
            Ok(bytes) => {
                if full {
                    county.learn_page_bytes(budget, true);
                }
                return Ok((bytes, after));
            }
            Err(FrameError::TooLarge) if budget > SMALLEST_PAGES => {
                county.learn_page_bytes(budget, false);
                budget = (budget * 2 / 3).max(SMALLEST_PAGES);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// The next request may come from before this reply, if it is lost, or from after it: both vectors are kept.
fn remember(
    county: &County,
    caller: &Caller,
    base: &[Cursor],
    after: &[Cursor],
    roots: &[[u8; 32]],
) -> Result<(), Refusal> {
    let (now, before) = (vector_root(after), vector_root(base));
    let known = roots.contains(&now) && (now == before || roots.contains(&before));
    if known {
        return Ok(());
    }
    let slots = [(now, after), (before, base)];
    // A vector full of buckets that are not its own is not worth remembering: the phone is told to drop them.
    let worth = if base.len() <= 2 * after.len() + 64 { 2 } else { 1 };
    county.db.write_lightly(|w| Ok::<_, Refusal>(w.set_hints(&caller.device.id, &slots[..worth])?))
}

/// What the phone has itself: it gets the names of these changes, not their bytes.
struct Own<'a> {
    /// Whose changes come without bytes; nobody's where the phone asks for its own in full.
    device: Option<&'a DeviceId>,
    uploads: BTreeMap<(DocId, ChangeHash), u32>,
}

impl<'a> Own<'a> {
    fn of(caller: &'a Caller, request: &SyncRequest) -> Self {
        let named = request.uploads.iter().zip(0..).map(|(upload, at)| ((upload.doc, chunk::hash(&upload.raw)), at));
        // Of a change that was sent twice the first counts.
        let mut uploads = BTreeMap::new();
        named.for_each(|(key, at)| {
            uploads.entry(key).or_insert(at);
        });
        Self { device: Some(&caller.device.id).filter(|_| !request.own_in_full), uploads }
    }
    fn body(&self, doc: DocId, hash: ChangeHash, raw: Option<Vec<u8>>) -> EntryBody {
        match (self.uploads.get(&(doc, hash)), raw) {
            (Some(at), _) => EntryBody::Upload(*at),
            (None, Some(raw)) => EntryBody::Raw(raw),
            (None, None) => EntryBody::Own(hash),
        }
    }
}

struct Gather<'a> {
    own: &'a Own<'a>,
    commons: BTreeMap<i64, u32>,
    left: usize,
}

impl Gather<'_> {
    /// The next entries of one bucket, as far as the budget goes.
    fn page(&mut self, r: &Reader<'_>, place: &Place, reply: &mut SyncReply) -> Result<Option<Page>, Refusal> {
        let stopped = reply.repair.contains(&place.row.bucket) || place.seq >= place.row.head;
        if stopped || self.left == 0 {
            return Ok(None);
        }
        let mut rows: Vec<LogRow> = Vec::new();
        let left = &mut self.left;
        r.log(place.row.n, place.seq, self.own.device, |entry| {
            let weight = ENTRY_BYTES + entry.change.raw.as_ref().map_or(0, Vec::len);
            // The first entry goes in whatever it weighs: a change is far below the limit of a frame.
            if weight > *left && !rows.is_empty() {
                *left = 0;
                return Ok(false);
            }
            *left = left.saturating_sub(weight);
            rows.push(entry);
            Ok(*left > 0)
        })?;
        let Some(last) = rows.last() else { return Err(damaged("log").into()) };
        let digest = last.digest;
        let mut entries = Vec::with_capacity(rows.len());
        for row in rows {
            let common = self.common(r, row.change.common, reply)?;
            entries.push(Entry {
                common,
                record: row.change.doc.record,
                generation: row.change.doc.generation,
                kind: row.change.kind,
                bounded: row.change.bounded,
                tag: row.change.tag,
                body: self.own.body(row.change.doc, row.change.hash, row.change.raw),
            });
        }
        let bucket: Bucket = place.row.bucket.clone();
        Ok(Some(Page { bucket, after: place.seq, entries, digest }))
    }

    fn common(&mut self, r: &Reader<'_>, n: i64, reply: &mut SyncReply) -> Result<u32, Refusal> {
        if let Some(at) = self.commons.get(&n) {
            return Ok(*at);
        }
        let common = r.common(n)?.ok_or_else(|| damaged("common"))?;
        let at = reply.commons.len() as u32;
        reply.commons.push(common);
        self.commons.insert(n, at);
        Ok(at)
    }
}
