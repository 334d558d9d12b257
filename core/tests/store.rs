//! The store as the facade uses it: life cycle, rows, outbox, paging, secrecy, kills.
#![expect(clippy::unwrap_used, reason = "tests")]

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

#[test]
fn an_edit_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    edit(&store, 1, 1).unwrap();
    store.close().unwrap();
    assert_eq!(store.read(|r| r.doc(&doc_id(1))).unwrap_err(), StoreError::Closed);
    store.reopen().unwrap();
    store
        .read(|r| {
            assert_eq!(r.doc(&doc_id(1))?, Some(doc(1)));
            assert_eq!(r.changes(&doc_id(1))?, vec![change(1)]);
            assert_eq!(r.outbox(0, 1000)?.len(), 1);
            Ok(())
        })
        .unwrap();
    store.integrity().unwrap();
}

#[test]
fn an_envelope_comes_back_to_the_byte() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut plain = change(1);
    plain.state = ChangeState::Accepted;
    plain.envelope = Some(envelope(1, 1));
    plain.tag = Some(TAG);
    let mut odd = change(2);
    odd.state = ChangeState::Accepted;
    odd.tag = Some(StoredTag { key: u32::MAX, mac: [0; 8] });
    odd.envelope = Some(Envelope {
        lease: Some(String::new()),
        accepted_by: Some("li.na".into()),
        bounded: Some(Millis(-5)),
        kind: "household".into(),
        ..envelope(1, 2)
    });
    let mut bare = change(3);
    bare.state = ChangeState::Accepted;
    bare.envelope = Some(Envelope { lease: None, ..envelope(1, 3) });
    let all = vec![plain, odd, bare, change(4)];
    store
        .write(|w| {
            w.put_doc(&doc(1))?;
            for change in &all {
                assert!(w.add_change(&doc_id(1), change)?);
                assert!(!w.add_change(&doc_id(1), change)?, "known changes are not added again");
            }
            assert_eq!(w.changes(&doc_id(1))?, all);
            Ok::<_, StoreError>(())
        })
        .unwrap();
    store
        .read(|r| {
            assert_eq!(r.changes(&doc_id(1))?, all);
            let bytes = |change: &StoredChange| change.envelope.as_ref().map(Envelope::to_bytes);
            assert_eq!(r.change(&doc_id(1), &hash(2))?.as_ref().and_then(bytes), bytes(&all[1]));
            Ok(())
        })
        .unwrap();
}
