//! Opening, closing, threads, failures, secrecy.
#![expect(clippy::redundant_closure_for_method_calls, reason = "a method of Reader<'_> is not general enough")]

use std::{path::Path, sync::Barrier, thread, time::Duration};

use wangge_core::store::{AttentionRow, DocRow, Store, StoreError, StoredChange, ViewFilter, ViewRow};

use crate::{KEY, change, doc, doc_id, edit, hash, open, record, view};

#[test]
fn an_error_rolls_everything_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    edit(&store, 1, 1).unwrap();
    let result: Result<(), StoreError> = store.write(|w| {
        w.put_doc(&doc(2))?;
        w.add_change(&doc_id(2), &change(2))?;
        w.enqueue(&doc_id(2), &hash(2), &"g".into())?;
        w.put_view(&view(1, "household", "z"))?;
        w.set_meta("x", b"y")?;
        Err(StoreError::Missing("what the caller looked for"))
    });
    assert!(result.is_err());
    let panicked = std::panic::catch_unwind(|| {
        store.write(|w| -> Result<(), StoreError> {
            w.put_doc(&doc(3))?;
            panic!("a fault of the caller");
        })
    });
    assert!(panicked.is_err());
    store
        .read(|r| {
            assert_eq!(r.doc(&doc_id(2))?, None);
            assert_eq!(r.doc(&doc_id(3))?, None);
            assert_eq!(r.outbox(0, 1000)?.len(), 1);
            assert_eq!(r.view(&record(1))?, Some(view(1, "resident", "a")));
            assert_eq!(r.meta("x")?, None);
            Ok(())
        })
        .unwrap();
    edit(&store, 2, 2).unwrap();
    assert_eq!(store.read(|r| r.changes(&doc_id(2))).unwrap(), vec![change(2)]);
}

#[test]
fn one_opener_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    assert_eq!(Store::open(dir.path(), &KEY).unwrap_err(), StoreError::InUse);
    store.close().unwrap();
    store.close().unwrap();
    let other = open(dir.path());
    assert_eq!(store.reopen(), Err(StoreError::InUse));
    assert_eq!(store.write(|w| w.set_meta("a", b"b")), Err(StoreError::Closed));
    drop(other);
    store.reopen().unwrap();
    store.reopen().unwrap();
    store.write(|w| w.set_meta("a", b"b")).unwrap();
}

#[test]
fn closing_waits_for_running_calls() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let inside = Barrier::new(2);
    thread::scope(|scope| {
        let writing = scope.spawn(|| {
            store.write(|w| {
                inside.wait();
                thread::sleep(Duration::from_millis(100));
                w.set_meta("late", b"but whole")
            })
        });
        inside.wait();
        store.close().unwrap();
        assert!(writing.join().unwrap().is_ok());
    });
    assert_eq!(store.integrity(), Err(StoreError::Closed));
    assert!(!dir.path().join("wangge.db-wal").exists(), "the log was moved into the file");
    store.reopen().unwrap();
    assert_eq!(store.read(|r| r.meta("late")).unwrap(), Some(b"but whole".to_vec()));
}

#[test]
fn readers_see_the_last_commit_beside_a_writer() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    edit(&store, 1, 1).unwrap();
    let (inside, done) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            store
                .write(|w| {
                    w.set_meta("new", b"1")?;
                    assert_eq!(w.meta("new")?, Some(b"1".to_vec()), "a writer sees its own");
                    inside.wait();
                    done.wait();
                    Ok::<_, StoreError>(())
                })
                .unwrap();
        });
        inside.wait();
        let readers: Vec<_> =
            (0..6).map(|_| scope.spawn(|| store.read(|r| Ok((r.meta("new")?, r.doc(&doc_id(1))?))))).collect();
        for reader in readers {
            assert_eq!(reader.join().unwrap().unwrap(), (None, Some(doc(1))), "six calls share two connections");
        }
        done.wait();
    });
    assert_eq!(store.read(|r| r.meta("new")).unwrap(), Some(b"1".to_vec()));
}

#[test]
fn calling_the_store_from_inside_is_an_error_not_a_deadlock() {
    let dir = tempfile::tempdir().unwrap();
    let (store, other) = (open(&dir.path().join("a")), open(&dir.path().join("b")));
    store
        .write(|w| {
            assert_eq!(store.read(|r| r.meta("x")), Err(StoreError::Reentered));
            assert_eq!(store.write(|w| w.set_meta("x", b"")), Err(StoreError::Reentered));
            assert_eq!(store.close(), Err(StoreError::Reentered));
            other.write(|w| w.set_meta("another store", b"is fine"))?;
            w.set_meta("x", b"")
        })
        .unwrap();
    assert_eq!(store.read(|r| r.meta("x")).unwrap(), Some(Vec::new()));
}

/// Whether any file of the directory holds these bytes.
fn found_in_files(dir: &Path, needle: &[u8]) -> Vec<String> {
    let mut hits = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let bytes = std::fs::read(entry.path()).unwrap();
        if bytes.windows(needle.len()).any(|window| window == needle) {
            hits.push(entry.file_name().into_string().unwrap());
        }
    }
    hits
}

#[test]
fn nothing_personal_stands_in_any_file() {
    const CANARY: &str = "欧阳金丝雀13800138000";
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for n in 0..50 {
        store
            .write(|w| {
                w.put_doc(&DocRow { snapshot: Some(CANARY.repeat(300).into_bytes()), scope: CANARY.into(), ..doc(n) })?;
                w.add_change(&doc_id(n), &StoredChange { raw: CANARY.repeat(40).into_bytes(), ..change(n) })?;
                w.enqueue(&doc_id(n), &hash(n), &CANARY.into())?;
                w.put_view(&ViewRow { title: CANARY.into(), json: CANARY.into(), ..view(n, CANARY, CANARY) })?;
                w.set_meta(CANARY, CANARY.as_bytes())
            })
            .unwrap();
    }
    let filter = ViewFilter { text: Some(CANARY.into()), ..ViewFilter::default() };
    assert_eq!(store.read(|r| r.views(&filter, None, 100)).unwrap().len(), 50, "it was written");
    let needles = [CANARY.as_bytes(), &CANARY.as_bytes()[..9], b"13800138000", b"SQLite format 3", &KEY];
    for needle in needles {
        assert_eq!(found_in_files(dir.path(), needle), Vec::<String>::new(), "while open");
    }
    assert!(std::fs::metadata(dir.path().join("wangge.db-wal")).unwrap().len() > 100_000, "the log was looked at too");
    store.close().unwrap();
    for needle in needles {
        assert_eq!(found_in_files(dir.path(), needle), Vec::<String>::new(), "after closing");
    }
}

#[test]
fn errors_speak_both_languages_and_name_nobody() {
    let errors = [
        StoreError::WrongKey,
        StoreError::InUse,
        StoreError::Full,
        StoreError::Closed,
        StoreError::Reentered,
        StoreError::Newer { found: 3, known: 2 },
        StoreError::Corrupt("x".into()),
        StoreError::Missing("change"),
        StoreError::Inconsistent("x"),
        StoreError::Setting { name: "synchronous", found: "1".into() },
        StoreError::Io("x".into()),
        StoreError::Sqlite("x".into()),
    ];
    for error in errors {
        let text = error.to_string();
        let (zh, en) = text.split_once(" / ").expect("Chinese, then English");
        assert_eq!((zh, en), (error.zh().as_str(), error.en().as_str()));
        assert!(!zh.is_ascii() && en.is_ascii() && !zh.contains("冲突"), "{text}");
    }
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let item = AttentionRow {
        id: [1; 16],
        record: record(1),
        field: "name".into(),
        rule: "contested".into(),
        json: "王小明".into(),
    };
    // The same item twice breaks a constraint of the database itself.
    let error = store.write(|w| w.replace_attention(&record(1), &[item.clone(), item])).unwrap_err();
    assert!(matches!(&error, StoreError::Sqlite(text) if text.contains("1555")), "{error:?}");
    assert!(!format!("{error:?} {error}").contains("王小明"));
    assert!(!format!("{store:?}").contains("7, 7"), "the key is not shown");
}

#[test]
fn storage_tells_what_takes_room() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for n in 0..20 {
        edit(&store, n, n).unwrap();
    }
    let storage = store.read(|r| r.storage()).unwrap();
    assert!(storage.total >= 20 * 40 && storage.total.is_multiple_of(4096), "{storage:?}");
    assert!(storage.parts["changes"] >= 4096 && storage.parts.contains_key("views_order"), "{storage:?}");
    assert_eq!(storage.parts.values().sum::<u64>() + storage.free, storage.total);
}
