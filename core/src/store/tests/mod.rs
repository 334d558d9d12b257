//! What needs to see inside: damage, a full disk, migrations, figures.
#![expect(clippy::unwrap_used, reason = "tests")]

mod damage;
mod figures;
mod full;
mod upgrade;

use super::{ChangeState, DocRow, Store, StoreError, StoredChange, StoredTag, ViewRow};
use crate::model::{Audience, ChangeHash, DeviceId, DocId, Envelope, Millis, RecordId, Role};

const KEY: [u8; 32] = [0x42; 32];
const TAG: StoredTag = StoredTag { key: 1, mac: [6; 8] };

/// Bytes that look random and are the same for the same `n`.
fn noise(n: u32, len: usize) -> Vec<u8> {
    let mut state = u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        })
        .collect()
}

fn doc_id(n: u32) -> DocId {
    let random: [u8; 10] = noise(n, 10).try_into().unwrap();
    let record = RecordId::new(Millis(1_790_000_000_000 + i64::from(n)), random);
    DocId { record, audience: Audience::Personal, generation: 0 }
}

fn doc_row(n: u32, snapshot: usize) -> DocRow {
    DocRow {
        id: doc_id(n),
        kind: "resident".into(),
        scope: "410102001001001".into(),
        snapshot: (snapshot > 0).then(|| noise(n, snapshot)),
        snapshot_len: 1,
        len: 1,
    }
}

fn change_row(n: u32, len: usize) -> StoredChange {
    let hash = ChangeHash(noise(n + 77, 32).try_into().unwrap());
    StoredChange { hash, raw: noise(n, len), envelope: None, tag: None, state: ChangeState::Pending }
}

fn envelope_row(n: u32) -> Envelope {
    Envelope {
        doc: doc_id(n),
        kind: "resident".into(),
        hash: change_row(n, 0).hash,
        author: "zhang.wei".into(),
        role: Role::GW,
        device: DeviceId([5; 16]),
        lease: Some("L-2026-09".into()),
        grid: "410102001001001".into(),
        accepted_at: Millis(1_790_000_000_000 + i64::from(n / 100)),
        bounded: None,
        epoch: 7,
        accepted_by: None,
    }
}

fn view_row(n: u32, json: usize) -> ViewRow {
    ViewRow {
        record: doc_id(n).record,
        kind: "resident".into(),
        scope: "410102001001001".into(),
        title: format!("张三{n}"),
        sort: format!("{:04x}", n.wrapping_mul(40_503) & 0xffff),
        json: "x".repeat(json),
        contested: 0,
        pending: 0,
        updated: Millis(i64::from(n)),
    }
}

/// One edit of ordinary size as the facade writes it.
fn edit(store: &Store, n: u32, number: u32) {
    store
        .write(|w| {
            let doc = DocRow { snapshot: Some(noise(number, 300)), ..doc_row(n, 0) };
            let change = change_row(number, 400);
            w.put_doc(&doc)?;
            w.add_change(&doc.id, &change)?;
            w.enqueue(&doc.id, &change.hash, &doc.scope)?;
            w.put_view(&ViewRow { json: crate::model::ids::to_hex(&noise(number, 250)), ..view_row(n, 0) })?;
            Ok::<_, StoreError>(())
        })
        .unwrap();
}
