//! Documents, changes, outbox, cursors, attention, lists.
#![expect(clippy::redundant_closure_for_method_calls, reason = "a method of Reader<'_> is not general enough")]

use wangge_core::{
    model::{Audience, Bucket, Envelope, Millis},
    store::{
        AttentionRow, ChangeState, CursorRow, DocRow, OutboxCounts, Reader, StoreError, StoredChange, StoredTag,
        ViewFilter, ViewRow,
    },
};

use crate::{TAG, change, doc, doc_id, edit, envelope, hash, open, record, view};

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

#[test]
fn contradictions_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let missing = store.write(|w| w.add_change(&doc_id(1), &change(1)));
    assert_eq!(missing, Err(StoreError::Missing("document")));
    edit(&store, 1, 1).unwrap();
    let mut foreign = change(2);
    foreign.envelope = Some(envelope(1, 3));
    let wrong = store.write(|w| w.add_change(&doc_id(1), &foreign));
    assert!(matches!(wrong, Err(StoreError::Inconsistent(_))), "{wrong:?}");
    let unknown = store.write(|w| w.set_state(&doc_id(1), &hash(9), ChangeState::Refused, None));
    assert_eq!(unknown, Err(StoreError::Missing("change")));
    let item = AttentionRow { id: [1; 16], record: record(2), field: "f".into(), rule: "r".into(), json: "{}".into() };
    let other = store.write(|w| w.replace_attention(&record(1), &[item]));
    assert!(matches!(other, Err(StoreError::Inconsistent(_))), "{other:?}");
    assert_eq!(store.read(|r| r.changes(&doc_id(1))).unwrap(), vec![change(1)]);
}

#[test]
fn the_outbox_from_writing_to_acceptance() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for n in 1..=5 {
        edit(&store, n, n).unwrap();
    }
    let hashes = |r: &Reader, after, bytes| -> Result<Vec<_>, StoreError> {
        Ok(r.outbox(after, bytes)?.into_iter().map(|row| row.hash).collect())
    };
    store
        .read(|r| {
            assert_eq!(hashes(r, 0, usize::MAX)?, (1..=5).map(hash).collect::<Vec<_>>(), "in the order of writing");
            assert_eq!(hashes(r, 0, 16)?, [hash(1), hash(2)], "two of eight bytes each");
            assert_eq!(hashes(r, 0, 1)?, [hash(1)], "one at least");
            let second = r.outbox(0, usize::MAX)?.remove(1);
            assert_eq!(hashes(r, second.id, usize::MAX)?, [hash(3), hash(4), hash(5)]);
            assert_eq!((second.doc, second.kind.0.as_str(), second.raw), (doc_id(2), "resident", b"change 2".to_vec()));
            assert_eq!(second.scope.0, "410102001001001");
            Ok(())
        })
        .unwrap();
    let reason = r#"{"rule":"lease"}"#;
    store
        .write(|w| {
            w.set_accepted(&doc_id(1), &hash(1), &envelope(1, 1), &TAG)?;
            w.set_state(&doc_id(2), &hash(2), ChangeState::Held, Some("{}"))?;
            w.set_state(&doc_id(3), &hash(3), ChangeState::Review, Some(reason))?;
            w.set_state(&doc_id(4), &hash(4), ChangeState::Refused, Some(reason))?;
            w.set_state(&doc_id(5), &hash(5), ChangeState::Accepted, None)
        })
        .unwrap();
    store
        .read(|r| {
            assert_eq!(hashes(r, 0, usize::MAX)?, [hash(2)], "held ones are offered again");
            let counts = OutboxCounts { pending: 0, held: 1, review: 1, refused: 1, accepted: 2 };
            assert_eq!(r.outbox_counts()?, counts);
            let told = [
                (doc_id(3), hash(3), reason.to_owned(), ChangeState::Review),
                (doc_id(4), hash(4), reason.to_owned(), ChangeState::Refused),
            ];
            assert_eq!(r.refusals()?, told);
            let first = r.change(&doc_id(1), &hash(1))?.unwrap();
            assert_eq!(
                (first.envelope, first.tag, first.state),
                (Some(envelope(1, 1)), Some(TAG), ChangeState::Accepted)
            );
            assert_eq!(r.change_states(&doc_id(5))?, [(hash(5), ChangeState::Accepted)]);
            Ok(())
        })
        .unwrap();
    // A reviewer lets the refused one in; the first is returned to the outbox after the server lost it.
    store
        .write(|w| {
            w.set_accepted(&doc_id(4), &hash(4), &Envelope { accepted_by: Some("tc".into()), ..envelope(4, 4) }, &TAG)?;
            w.enqueue(&doc_id(1), &hash(1), &"410102001001001".into())
        })
        .unwrap();
    let counts = OutboxCounts { pending: 1, held: 1, review: 1, refused: 0, accepted: 2 };
    assert_eq!(store.read(|r| r.outbox_counts()).unwrap(), counts);
    assert_eq!(store.read(|r| r.refusals()).unwrap().len(), 1);
    let lost = store.write(|w| w.set_state(&doc_id(5), &hash(5), ChangeState::Refused, None));
    assert_eq!(lost, Err(StoreError::Missing("change in the outbox")), "a reason has nowhere to go");
}

#[test]
fn a_place_in_the_outbox_is_never_given_twice() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    edit(&store, 1, 1).unwrap();
    edit(&store, 2, 2).unwrap();
    let last = store.read(|r| r.outbox(0, usize::MAX)).unwrap()[1].id;
    store.write(|w| w.drop_doc(&doc_id(2))).unwrap();
    edit(&store, 3, 3).unwrap();
    let after = store.read(|r| r.outbox(last, usize::MAX)).unwrap();
    assert_eq!(after.len(), 1, "behind the last place a sync has seen");
    assert_eq!(after[0].hash, hash(3));
}

#[test]
fn cursors_and_meta() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let bucket = |scope: &str, audience| Bucket { scope: scope.into(), audience };
    let row = |scope, audience, seq| CursorRow { bucket: bucket(scope, audience), seq, digest: [seq as u8; 32] };
    let rows = [row("a", Audience::Open, 1), row("a", Audience::Care, 2), row("b", Audience::Open, u64::MAX)];
    store
        .write(|w| {
            for row in rows.iter().rev() {
                w.set_cursor(&CursorRow { seq: 0, ..row.clone() })?;
                w.set_cursor(row)?;
            }
            w.set_meta("schema", &[1])?;
            w.set_meta("schema", &[2])
        })
        .unwrap();
    assert_eq!(store.read(|r| r.cursors()).unwrap(), rows, "sorted by bucket, last write counts");
    assert_eq!(store.read(|r| r.meta("schema")).unwrap(), Some(vec![2]));
    store.write(|w| w.remove_meta("schema")).unwrap();
    assert_eq!(store.read(|r| r.meta("schema")).unwrap(), None);
}

#[test]
fn a_dropped_bucket_keeps_what_the_server_lacks() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let bucket = Bucket { scope: "410102001001001".into(), audience: Audience::Personal };
    for n in 1..=3 {
        edit(&store, n, n).unwrap();
    }
    let elsewhere = DocRow { scope: "other".into(), ..doc(4) };
    let gone = store
        .write(|w| {
            w.set_cursor(&CursorRow { bucket: bucket.clone(), seq: 3, digest: [0; 32] })?;
            w.set_accepted(&doc_id(1), &hash(1), &envelope(1, 1), &TAG)?;
            w.set_accepted(&doc_id(3), &hash(3), &envelope(3, 3), &TAG)?;
            w.put_doc(&elsewhere)?;
            w.drop_bucket(&bucket)
        })
        .unwrap();
    assert_eq!(gone, [record(1), record(3)]);
    store
        .read(|r| {
            assert_eq!(r.docs_page(None, 10)?, [doc(2), elsewhere]);
            assert_eq!(r.changes(&doc_id(1))?, [], "changes go with their document");
            assert!(!r.has_change(&doc_id(1), &hash(1))?);
            assert_eq!(r.outbox(0, usize::MAX)?.len(), 1);
            assert_eq!(r.outbox_counts()?, OutboxCounts { pending: 1, ..OutboxCounts::default() });
            assert_eq!(r.cursors()?, []);
            Ok(())
        })
        .unwrap();
    store.write(|w| w.drop_view(&record(1))).unwrap();
    assert_eq!(store.read(|r| r.view(&record(1))).unwrap(), None);
    store.integrity().unwrap();
}

#[test]
fn attention_is_replaced_record_by_record() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let item = |id: u8, n| AttentionRow {
        id: [id; 16],
        record: record(n),
        field: "phone".into(),
        rule: "contested".into(),
        json: format!("{{\"id\":{id}}}"),
    };
    store
        .write(|w| {
            w.replace_attention(&record(1), &[item(1, 1), item(2, 1)])?;
            w.replace_attention(&record(2), &[item(2, 2), item(3, 2)])
        })
        .unwrap();
    assert_eq!(store.read(|r| r.attention_of(&record(1))).unwrap(), [item(1, 1), item(2, 1)]);
    assert_eq!(store.read(|r| r.attention()).unwrap(), [item(1, 1), item(2, 1), item(3, 2)], "an item about two, once");
    assert_eq!(store.read(|r| r.attention_count()).unwrap(), 3);
    store.write(|w| w.replace_attention(&record(1), &[])).unwrap();
    assert_eq!(store.read(|r| r.attention()).unwrap(), [item(2, 2), item(3, 2)]);
}

#[test]
fn documents_are_walked_in_pages() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut all = Vec::new();
    for n in 0..23 {
        for (audience, generation) in [(Audience::Open, 0), (Audience::Personal, 0), (Audience::Personal, 1)] {
            let mut row = doc(n);
            row.id.audience = audience;
            row.id.generation = generation;
            all.push(row);
        }
    }
    store
        .write(|w| {
            for row in all.iter().rev() {
                w.put_doc(&DocRow { snapshot: None, len: 9, ..row.clone() })?;
                w.put_doc(row)?;
            }
            Ok::<_, StoreError>(())
        })
        .unwrap();
    let mut found: Vec<DocRow> = Vec::new();
    loop {
        let page = store.read(|r| r.docs_page(found.last().map(|row| &row.id), 7)).unwrap();
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    assert_eq!(found, all);
    assert_eq!(store.read(|r| r.docs_of(&record(5))).unwrap(), all[15..18]);
}

#[test]
fn lists_are_filtered_and_paged() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut all: Vec<ViewRow> = Vec::new();
    for n in 0..60 {
        all.push(view(n, ["dwelling", "household", "resident"][n as usize % 3], ["b", "a", "", "ab"][n as usize % 4]));
    }
    all[7].title = "100%_sure\\李四".into();
    store
        .write(|w| {
            for row in &all {
                w.put_view(&ViewRow { sort: "moved".into(), contested: 9, ..row.clone() })?;
                w.put_view(&ViewRow { json: "old".into(), ..row.clone() })?;
                w.put_view(row)?;
            }
            Ok::<_, StoreError>(())
        })
        .unwrap();
    all.sort_by_key(ViewRow::cursor);
    let none = ViewFilter::default();
    let filters = [
        none.clone(),
        ViewFilter { kind: Some("resident".into()), ..none.clone() },
        ViewFilter { scope: Some("grid-1".into()), ..none.clone() },
        ViewFilter { contested_only: true, ..none.clone() },
        ViewFilter { text: Some("张三_1".into()), ..none.clone() },
        ViewFilter { text: Some("LI".into()), scope: Some("grid-2".into()), ..none.clone() },
        ViewFilter { text: Some("%_s".into()), ..none.clone() },
        ViewFilter { text: Some("e\\李".into()), ..none.clone() },
        ViewFilter { kind: Some("dwelling".into()), contested_only: true, text: Some(String::new()), ..none.clone() },
        ViewFilter { kind: Some("nothing".into()), ..none },
    ];
    for filter in filters {
        let fits = |row: &&ViewRow| {
            filter.kind.as_ref().is_none_or(|kind| *kind == row.kind)
                && filter.scope.as_ref().is_none_or(|scope| *scope == row.scope)
                && filter.text.as_ref().is_none_or(|text| row.title.to_lowercase().contains(&text.to_lowercase()))
                && (!filter.contested_only || row.contested > 0)
        };
        let expected: Vec<_> = all.iter().filter(fits).cloned().collect();
        for limit in [1, 4, 100] {
            let mut found: Vec<ViewRow> = Vec::new();
            loop {
                let after = found.last().map(ViewRow::cursor);
                let page = store.read(|r| r.views(&filter, after.as_ref(), limit)).unwrap();
                assert!(page.len() <= limit);
                if page.is_empty() {
                    break;
                }
                found.extend(page);
            }
            assert_eq!(found, expected, "{filter:?} by {limit}");
        }
    }
    let counts = store.read(|r| r.counts()).unwrap();
    assert_eq!(
        counts.into_iter().map(|(kind, n)| (kind.0, n)).collect::<Vec<_>>(),
        [("dwelling".to_owned(), 20), ("household".to_owned(), 20), ("resident".to_owned(), 20)]
    );
}

#[test]
fn a_page_does_not_move_when_rows_come_and_go() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let put = |n| store.write(|w| w.put_view(&view(n, "resident", &format!("{n:03}")))).unwrap();
    (0..20).for_each(|n| put(n * 2));
    let all = ViewFilter::default();
    let first = store.read(|r| r.views(&all, None, 5)).unwrap();
    let cursor = first[4].cursor();
    put(3);
    store.write(|w| w.drop_view(&first[4].record)).unwrap();
    let second = store.read(|r| r.views(&all, Some(&cursor), 2)).unwrap();
    assert_eq!(second.iter().map(|row| row.updated.0).collect::<Vec<_>>(), [10, 12]);
    let of = |kind: &str| {
        let filter = ViewFilter { kind: Some(kind.into()), ..ViewFilter::default() };
        store.read(|r| r.views(&filter, Some(&cursor), 100)).unwrap().len()
    };
    store.write(|w| w.put_view(&view(99, "visit", "000"))).unwrap();
    store.write(|w| w.put_view(&view(98, "building", "999"))).unwrap();
    assert_eq!((of("building"), of("resident"), of("visit")), (0, 15, 1), "a cursor of one kind in a list of another");
}
