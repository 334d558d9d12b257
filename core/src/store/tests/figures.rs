//! Figures, not checks: `cargo test --release -p wangge-core --lib figures -- --ignored --nocapture`.
#![expect(clippy::redundant_closure_for_method_calls, reason = "a method of Reader<'_> is not general enough")]

use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::{KEY, change_row, doc_row, edit, view_row};
use crate::store::{ChangeState, Store, StoreError, ViewCursor, ViewFilter};

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn plain(dir: &std::path::Path) -> Connection {
    let conn = Connection::open(dir.join("plain.db")).unwrap();
    conn.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (id INTEGER PRIMARY KEY, b BLOB)",
    )
    .unwrap();
    conn
}

#[test]
#[ignore = "prints figures"]
fn figures_of_one_edit() {
    let dir = tempfile::tempdir_in(std::env::var("WANGGE_FIGURES_DIR").unwrap_or_else(|_| ".".into())).unwrap();
    let store = Store::open(&dir.path().join("store"), &KEY).unwrap();
    let plain = plain(dir.path());
    let row = vec![0x5au8; 1500];
    let (mut floor, mut new, mut again) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..600u32 {
        let start = Instant::now();
        plain.prepare_cached("INSERT INTO t (b) VALUES (?1)").unwrap().execute([&row]).unwrap();
        floor.push(start.elapsed());
        let start = Instant::now();
        edit(&store, n, n);
        new.push(start.elapsed());
        let start = Instant::now();
        edit(&store, n / 2, n + 1_000_000);
        again.push(start.elapsed());
    }
    let (floor, new, again) = (median(floor), median(new), median(again));
    let ratio = |time: Duration| time.as_secs_f64() / floor.as_secs_f64();
    println!(
        "one commit, median: plain {floor:?}; new record {new:?}, {:.2}; known record {again:?}, {:.2}",
        ratio(new),
        ratio(again)
    );
}

#[test]
#[ignore = "prints figures"]
fn figures_of_ten_thousand() {
    let dir = tempfile::tempdir_in(std::env::var("WANGGE_FIGURES_DIR").unwrap_or_else(|_| ".".into())).unwrap();
    for round in 0..5 {
        let path = dir.path().join(round.to_string());
        let store = Store::open(&path, &KEY).unwrap();
        let rows: Vec<_> = (0..10_000)
            .map(|n| {
                let mut change = change_row(n, 400);
                change.state = ChangeState::Accepted;
                change.envelope = Some(super::envelope_row(n));
                change.tag = Some(super::TAG);
                (doc_row(n, 0), change, view_row(n, 500))
            })
            .collect();
        let start = Instant::now();
        store
            .write(|w| {
                for (doc, change, view) in &rows {
                    w.put_doc(doc)?;
                    w.add_change(&doc.id, change)?;
                    w.put_view(view)?;
                }
                Ok::<_, StoreError>(())
            })
            .unwrap();
        let wrote = start.elapsed();
        let start = Instant::now();
        store.close().unwrap();
        let closed = start.elapsed();
        let start = Instant::now();
        store.reopen().unwrap();
        let opened = start.elapsed();
        let start = Instant::now();
        let page = store.read(|r| r.views(&ViewFilter::default(), None, 50)).unwrap();
        let listed = start.elapsed();
        let filter = ViewFilter { kind: Some("resident".into()), ..ViewFilter::default() };
        let last = ViewCursor { kind: "resident".into(), sort: "ff00".into(), record: page[0].record };
        let start = Instant::now();
        store.read(|r| r.views(&filter, Some(&last), 20)).unwrap();
        let deep = start.elapsed();
        let filter = ViewFilter { contested_only: true, scope: Some("none".into()), ..filter };
        let start = Instant::now();
        store.read(|r| r.views(&filter, None, 20)).unwrap();
        let none = start.elapsed();
        let filter = ViewFilter { text: Some("张三77".into()), ..ViewFilter::default() };
        let start = Instant::now();
        assert_eq!(store.read(|r| r.views(&filter, None, 1000)).unwrap().len(), 111);
        let text = start.elapsed();
        let start = Instant::now();
        for (doc, ..) in &rows {
            assert_eq!(store.read(|r| r.changes(&doc.id)).unwrap().len(), 1);
        }
        let read = start.elapsed();
        let size = store.read(|r| r.storage()).unwrap();
        println!(
            "10,000 records: wrote {wrote:?}, closed {closed:?}, opened {opened:?}, first {} views {listed:?}, \
             last page {deep:?}, a filter that finds none {none:?}, by text {text:?}, \
             all changes {read:?}, {} bytes {:?}",
            page.len(),
            size.total,
            size.parts
        );
    }
}
