//! The store as the facade uses it: rows, life cycle, secrecy, kills.
#![expect(clippy::unwrap_used, reason = "tests")]

mod kill;
mod life;
mod rows;

use std::path::Path;

use wangge_core::{
    model::{Audience, ChangeHash, DeviceId, DocId, Envelope, Millis, RecordId, Role},
    store::{ChangeState, DocRow, Store, StoreError, StoredChange, StoredTag, ViewRow},
};

const KEY: [u8; 32] = [7; 32];

fn open(dir: &Path) -> Store {
    Store::open(dir, &KEY).unwrap()
}

/// A record whose id sorts by `n`.
fn record(n: u32) -> RecordId {
    let mut id = [1; 16];
    id[..4].copy_from_slice(&n.to_be_bytes());
    RecordId(id)
}

fn doc_id(n: u32) -> DocId {
    DocId { record: record(n), audience: Audience::Personal, generation: 0 }
}

fn doc(n: u32) -> DocRow {
    DocRow {
        id: doc_id(n),
        kind: "resident".into(),
        scope: "410102001001001".into(),
        snapshot: Some(vec![9; 40]),
        snapshot_len: 1,
        len: 1,
    }
}

fn hash(n: u32) -> ChangeHash {
    let mut out = [3; 32];
    out[..4].copy_from_slice(&n.to_be_bytes());
    ChangeHash(out)
}

fn change(n: u32) -> StoredChange {
    StoredChange {
        hash: hash(n),
        raw: format!("change {n}").into_bytes(),
        envelope: None,
        tag: None,
        state: ChangeState::Pending,
    }
}

fn envelope(doc: u32, change: u32) -> Envelope {
    Envelope {
        doc: doc_id(doc),
        kind: "resident".into(),
        hash: hash(change),
        author: "zhang.wei".into(),
        role: Role::GW,
        device: DeviceId([5; 16]),
        lease: Some("L-1".into()),
        grid: "410102001001001".into(),
        accepted_at: Millis(1_790_000_000_000),
        bounded: None,
        epoch: u64::MAX - 1,
        accepted_by: None,
    }
}

const TAG: StoredTag = StoredTag { key: 1, mac: [8; 8] };

fn view(n: u32, kind: &str, sort: &str) -> ViewRow {
    ViewRow {
        record: record(n),
        kind: kind.into(),
        scope: format!("grid-{}", n % 3).as_str().into(),
        title: format!("张三_{n} Li"),
        sort: sort.into(),
        json: format!("{{\"n\":{n}}}"),
        contested: u32::from(n.is_multiple_of(4)),
        pending: 0,
        updated: Millis(i64::from(n)),
    }
}

/// One edit as the facade writes it.
fn edit(store: &Store, document: u32, number: u32) -> Result<(), StoreError> {
    store.write(|w| {
        w.put_doc(&doc(document))?;
        assert!(w.add_change(&doc_id(document), &change(number))?);
        w.enqueue(&doc_id(document), &hash(number), &"410102001001001".into())?;
        w.put_view(&view(document, "resident", "a"))
    })
}
