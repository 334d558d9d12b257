//! Puts a reply into the store: results, control entries, pages, cursors and views in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};

use super::{
    ACCOUNT, Account, CONTACT, CONTROL, Contact, Session, edit,
    error::AppError,
    rebase::rebase,
    to_json,
    views::{self, DocState},
};
use crate::{
    doc::chunk,
    model::{Actor, Bucket, ChangeHash, DocId, Envelope, KindName, RecordId, Scope},
    store::{ChangeState, CursorRow, Reader, StoreError, StoredChange, StoredTag, Writer},
    sync::{
        machine::Input,
        wire::{ControlAct, ControlEntry, Digest, Entry, EntryBody, Page, Reason, SyncReply, Upload, UploadResult},
    },
};

/// One entry of a page with everything that belongs to it.
struct Arrived {
    hash: ChangeHash,
    envelope: Envelope,
    tag: StoredTag,
    raw: Option<Vec<u8>>,
}

/// Applies a reply; the cursor moves in the transaction that applies the page. `actor` has written nothing yet and is
/// used for what must be written anew.
pub fn apply(
    session: &Session<'_>,
    actor: Actor,
    reply: &SyncReply,
    uploads: &[(i64, Upload)],
) -> Result<Input, AppError> {
    session.store.write(|writer| {
        let mut touched = BTreeSet::new();
        for fallen in settle(writer, session, reply, uploads, &mut touched)? {
            rebase(writer, session, actor, fallen)?;
        }
        control(writer, session, &reply.control)?;
        let mut cursors = start(writer, session, reply, &mut touched)?;
        let (mut entries, mut repaired, mut missing_own) = (0, reply.repair.len() as u64, false);
        for page in &reply.pages {
            let whole = own_are_here(writer, page)?;
            missing_own |= !whole;
            let Some(arrived) = page_arrivals(page, reply, uploads, &cursors).filter(|_| whole) else {
                repaired += 1;
                reset(writer, &page.bucket)?;
                cursors.insert(page.bucket.clone(), (0, [0; 32]));
                continue;
            };
            entries += arrived.len() as u64;
            let (seq, digest) = (page.after + page.entries.len() as u64, page.digest.0);
            cursors.insert(page.bucket.clone(), (seq, digest));
            writer.set_cursor(&CursorRow { bucket: page.bucket.clone(), seq, digest })?;
            take(writer, session, &page.bucket.scope, arrived, &mut touched)?;
        }
        views::refresh_all(writer, session.eye(), &touched)?;
        contact(writer, session, reply)?;
        Ok::<_, AppError>(Input::Applied { entries, repaired, missing_own })
    })
}

fn reset(writer: &mut Writer<'_>, bucket: &Bucket) -> Result<(), StoreError> {
    writer.set_cursor(&CursorRow { bucket: bucket.clone(), seq: 0, digest: [0; 32] })
}

/// What became of each upload; gives the documents in which something fell.
fn settle(
    writer: &mut Writer<'_>,
    session: &Session<'_>,
    reply: &SyncReply,
    uploads: &[(i64, Upload)],
    touched: &mut BTreeSet<RecordId>,
) -> Result<BTreeSet<DocId>, AppError> {
    let mut fallen = BTreeSet::new();
    for (result, (_, upload)) in reply.results.iter().zip(uploads) {
        let hash = chunk::hash(&upload.raw);
        if matches!(result, UploadResult::Review(_) | UploadResult::Refused(_)) {
            fallen.insert(upload.doc);
        }
        let (state, reason) = match result {
            UploadResult::Accepted | UploadResult::Duplicate => (ChangeState::Accepted, None),
            UploadResult::Held(what) => {
                let en = format!("the server does not know its predecessor or schema yet: {what}");
                (ChangeState::Held, Some(Reason { rule: "held".into(), zh: "等待前一条记录先交到县里".into(), en }))
            }
            UploadResult::Review(reason) => (ChangeState::Review, Some(reason.clone())),
            UploadResult::Refused(reason) => (ChangeState::Refused, Some(reason.clone())),
        };
        let reason = reason.map(|r| serde_json::to_string(&r)).transpose().map_err(|e| AppError::storage(&e))?;
        writer.set_state(&upload.doc, &hash, state, reason.as_deref())?;
        touched.insert(upload.doc.record);
    }
    for (_, upload) in uploads {
        // A hint is for others to read: once the county has it, its author's phone holds nothing of that audience.
        let id = &upload.doc;
        if !session.schema.receives(session.account.role, id.audience)
            && writer.change_states(id)?.iter().all(|(_, state)| *state == ChangeState::Accepted)
        {
            writer.drop_doc(id)?;
        }
    }
    Ok(fallen)
}

/// Last control entry applied: its number and hash.
pub fn control_head(reader: &Reader<'_>) -> Result<(u64, [u8; 32]), StoreError> {
    let Some(bytes) = reader.meta(CONTROL)? else { return Ok((0, [0; 32])) };
    let seq = bytes.get(..8).and_then(|b| b.try_into().ok()).map(u64::from_be_bytes);
    let hash = bytes.get(8..40).and_then(|b| b.try_into().ok());
    seq.zip(hash).ok_or_else(|| StoreError::Corrupt("control head".to_owned()))
}

/// Checks chain and signature of each control entry and follows those that concern this person.
fn control(writer: &mut Writer<'_>, session: &Session<'_>, entries: &[ControlEntry]) -> Result<(), AppError> {
    let (mut seq, mut head) = control_head(writer)?;
    let bad =
        || AppError::network("县里的权限记录签名不符，已停止同步", "the control log does not verify; sync stopped");
    let key = VerifyingKey::from_bytes(&session.account.identity).map_err(|_| bad())?;
    let mut account: Account = session.account.clone();
    for entry in entries {
        let bytes = ControlEntry::signed_bytes(entry.seq, &entry.before, entry.at, &entry.act);
        let chained = entry.seq == seq + 1 && entry.before == head;
        if !chained || key.verify(&bytes, &Signature::from_bytes(&entry.signature)).is_err() {
            return Err(bad());
        }
        (seq, head) = (entry.seq, entry.hash());
        match &entry.act {
            ControlAct::Assign { user, scope, .. } if *user == account.user && !account.scopes.contains(scope) => {
                account.scopes.push(scope.clone());
            }
            ControlAct::Unassign { user, scope, .. } if *user == account.user => {
                account.scopes.retain(|s| s != scope);
            }
            _ => {}
        }
    }
    if !entries.is_empty() {
        writer.set_meta(CONTROL, &[&seq.to_be_bytes()[..], &head].concat())?;
        writer.set_meta(ACCOUNT, &to_json(&account)?)?;
    }
    Ok(())
}

type Cursors = BTreeMap<Bucket, (u64, [u8; 32])>;

/// Cursors after what the reply says of buckets: another epoch and listed repairs read again from the start, nothing is
/// thrown away; buckets this person no longer holds are left.
fn start(
    writer: &mut Writer<'_>,
    session: &Session<'_>,
    reply: &SyncReply,
    touched: &mut BTreeSet<RecordId>,
) -> Result<Cursors, AppError> {
    let mut cursors: Cursors = writer.cursors()?.into_iter().map(|c| (c.bucket, (c.seq, c.digest))).collect();
    let known: Contact = match writer.meta(CONTACT)? {
        Some(bytes) => serde_json::from_slice(&bytes).map_err(|e| AppError::storage(&e))?,
        None => session.contact.clone(),
    };
    let new_epoch = known.epoch != reply.epoch;
    let again: Vec<Bucket> = if new_epoch { cursors.keys().cloned().collect() } else { reply.repair.clone() };
    for bucket in again {
        reset(writer, &bucket)?;
        cursors.insert(bucket, (0, [0; 32]));
    }
    if let Some(buckets) = &reply.buckets {
        for bucket in buckets.iter().filter(|b| !cursors.contains_key(*b)).cloned().collect::<Vec<_>>() {
            reset(writer, &bucket)?;
            cursors.insert(bucket, (0, [0; 32]));
        }
        for bucket in cursors.keys().filter(|b| !buckets.contains(b)).cloned().collect::<Vec<_>>() {
            touched.extend(writer.drop_bucket(&bucket)?);
            cursors.remove(&bucket);
        }
    }
    Ok(cursors)
}

/// Whether every own change that the page only names is here. An installation put back from an old copy lacks some.
fn own_are_here(reader: &Reader<'_>, page: &Page) -> Result<bool, StoreError> {
    for entry in &page.entries {
        let EntryBody::Own(hash) = &entry.body else { continue };
        let doc = DocId { record: entry.record, audience: page.bucket.audience, generation: entry.generation };
        if !reader.has_change(&doc, hash)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The entries of a page, where they follow the cursor and add up to the page's digest; none otherwise.
fn page_arrivals(page: &Page, reply: &SyncReply, uploads: &[(i64, Upload)], cursors: &Cursors) -> Option<Vec<Arrived>> {
    let (seq, digest) = cursors.get(&page.bucket).copied().unwrap_or_default();
    if seq != page.after {
        return None;
    }
    let mut digest = Digest(digest);
    let mut out = Vec::with_capacity(page.entries.len());
    for entry in &page.entries {
        let arrived = arrive(entry, page, reply, uploads)?;
        digest.add(&Digest::of_change(&arrived.envelope, &entry.tag));
        out.push(arrived);
    }
    (digest == page.digest).then_some(out)
}

fn arrive(entry: &Entry, page: &Page, reply: &SyncReply, uploads: &[(i64, Upload)]) -> Option<Arrived> {
    let common = reply.commons.get(entry.common as usize)?;
    let (hash, raw) = match &entry.body {
        EntryBody::Raw(raw) => (chunk::hash(raw), Some(raw.clone())),
        EntryBody::Own(hash) => (*hash, None),
        EntryBody::Upload(index) => (chunk::hash(&uploads.get(*index as usize)?.1.raw), None),
    };
    let envelope = entry.envelope(&page.bucket, common, hash);
    Some(Arrived { hash, envelope, tag: StoredTag { key: entry.tag.key, mac: entry.tag.mac }, raw })
}

/// Stores arrived changes, document by document.
fn take(
    writer: &mut Writer<'_>,
    session: &Session<'_>,
    scope: &Scope,
    arrived: Vec<Arrived>,
    touched: &mut BTreeSet<RecordId>,
) -> Result<(), AppError> {
    let mut by_doc: BTreeMap<DocId, Vec<Arrived>> = BTreeMap::new();
    for one in arrived {
        by_doc.entry(one.envelope.doc).or_default().push(one);
    }
    for (id, changes) in by_doc {
        touched.insert(id.record);
        let mut fresh = Vec::new();
        for change in changes {
            if writer.has_change(&id, &change.hash)? {
                writer.set_accepted(&id, &change.hash, &change.envelope, &change.tag)?;
            } else if change.raw.is_some() {
                fresh.push(change);
            }
        }
        if !fresh.is_empty() {
            take_fresh(writer, session, id, scope, fresh)?;
        }
    }
    Ok(())
}

/// Applies new changes to their document to see that heads come out right. A change that fails is kept aside in its
/// document and stops no other (DESIGN 7: quarantined bytes count).
fn take_fresh(
    writer: &mut Writer<'_>,
    session: &Session<'_>,
    id: DocId,
    scope: &Scope,
    fresh: Vec<Arrived>,
) -> Result<(), AppError> {
    let kind: KindName = fresh[0].envelope.kind.clone();
    let mut state = match writer.doc(&id)? {
        Some(row) => views::doc_state(writer, session.eye(), row)?,
        None => DocState { row: views::new_doc(id, &kind, scope), stored: Vec::new(), observations: Vec::new() },
    };
    let mut document = edit::load(&state).ok();
    state.row.len += fresh.len() as u32;
    writer.put_doc(&state.row)?;
    for change in fresh {
        let raw = change.raw.unwrap_or_default();
        let good = document.as_mut().is_some_and(|document| document.apply(&raw).is_ok());
        if !good {
            document = None;
        }
        let stored = StoredChange {
            hash: change.hash,
            raw,
            envelope: Some(change.envelope),
            tag: Some(change.tag),
            state: if good { ChangeState::Accepted } else { ChangeState::Held },
        };
        writer.add_change(&id, &stored)?;
        if document.is_none() {
            state.stored.push(stored);
            state.observations = views::observe(session.eye(), &state.stored);
            document = edit::load(&state).ok();
        }
    }
    Ok(())
}

fn contact(writer: &mut Writer<'_>, session: &Session<'_>, reply: &SyncReply) -> Result<(), AppError> {
    let contact = Contact {
        epoch: reply.epoch,
        server_time: reply.server_time,
        device_time: session.env.now(),
        lease: reply.lease.clone().unwrap_or_else(|| session.contact.lease.clone()),
        backed_up_through: reply.backed_up_through,
    };
    writer.set_meta(CONTACT, &to_json(&contact)?)?;
    Ok(())
}
