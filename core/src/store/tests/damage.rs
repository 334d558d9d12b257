//! Wrong keys and damaged files: said plainly, and never made worse.

use std::{collections::BTreeMap, fs, path::Path};

use super::{KEY, change_row, doc_row, edit, view_row};
use crate::store::{Reader, Store, StoreError, ViewFilter, open};

fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut out = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        out.insert(entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
    }
    out
}

/// A copy of the files as they are while the database is open, so that the log still holds commits.
fn copy_of_open(dir: &Path, to: &Path, edits: u32) {
    let store = Store::open(dir, &KEY).unwrap();
    for n in 0..edits {
        edit(&store, n, n);
    }
    fs::create_dir(to).unwrap();
    for (name, bytes) in files(dir) {
        fs::write(to.join(name), bytes).unwrap();
    }
}

#[test]
fn a_wrong_key_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("copy");
    copy_of_open(&dir.path().join("first"), &copy, 5);
    let before = files(&copy);
    assert!(before["wangge.db-wal"].len() > 4096, "the log holds commits");
    for _ in 0..2 {
        assert_eq!(Store::open(&copy, &[1; 32]).unwrap_err(), StoreError::WrongKey);
    }
    let after = files(&copy);
    for name in ["wangge.db", "wangge.db-wal"] {
        assert!(before[name] == after[name], "{name} was changed");
    }
    let store = Store::open(&copy, &KEY).unwrap();
    assert_eq!(store.read(|r| r.outbox(0, 100_000)).unwrap().len(), 5, "the right key still opens it");
}

#[test]
fn a_foreign_file_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(open::FILE);
    for bytes in [b"SQLite format 3\0 but not really".repeat(200), vec![0x5a; 8192], b"short".to_vec()] {
        fs::write(&path, &bytes).unwrap();
        assert_eq!(Store::open(dir.path(), &KEY).unwrap_err(), StoreError::WrongKey);
        assert!(fs::read(&path).unwrap() == bytes, "changed");
    }
}

#[test]
fn a_plain_database_is_not_taken_for_ours() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(open::FILE);
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)").unwrap();
    let bytes = fs::read(&path).unwrap();
    assert_eq!(Store::open(dir.path(), &KEY).unwrap_err(), StoreError::WrongKey);
    assert!(fs::read(&path).unwrap() == bytes, "changed");
}

/// Flips one bit in every page in turn. Whatever is then read is right, or the damage is said; nothing panics.
#[test]
fn every_damaged_page_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let first = dir.path().join("first");
    let store = Store::open(&first, &KEY).unwrap();
    for n in 0..40 {
        edit(&store, n, n);
    }
    let all = |r: &Reader| {
        let mut found = Vec::new();
        for n in 0..40 {
            found.push((r.doc(&doc_row(n, 0).id)?, r.changes(&doc_row(n, 0).id)?));
        }
        Ok((found, r.views(&ViewFilter::default(), None, 100)?, r.outbox(0, usize::MAX)?))
    };
    let truth = store.read(all).unwrap();
    store.close().unwrap();
    let good = fs::read(first.join(open::FILE)).unwrap();
    let (mut said, mut unread) = (0, 0);
    for page in 0..good.len() / 4096 {
        let copy = dir.path().join(format!("copy{page}"));
        fs::create_dir(&copy).unwrap();
        let mut bytes = good.clone();
        bytes[page * 4096 + (page * 97) % 4096] ^= 4;
        fs::write(copy.join(open::FILE), &bytes).unwrap();
        let store = match Store::open(&copy, &KEY) {
            Ok(store) => store,
            Err(error) => {
                assert!(matches!(error, StoreError::WrongKey | StoreError::Corrupt(_)), "page {page}: {error:?}");
                said += 1;
                continue;
            }
        };
        match store.read(all) {
            Ok(found) => {
                assert!(found == truth, "page {page} was read wrongly");
                unread += 1;
            }
            Err(error) => {
                assert!(matches!(error, StoreError::Corrupt(_)), "page {page}: {error:?}");
                said += 1;
            }
        }
        assert!(matches!(store.integrity(), Err(StoreError::Corrupt(_))), "page {page} passed the check");
    }
    println!("{said} damaged pages said while reading, {unread} not read and found by the check alone");
    assert!(said > 5, "most pages are read");
}

/// A connection that met a damaged page refuses everything afterwards; the store replaces it, so that the rest of the
/// file stays readable.
#[test]
fn one_damaged_page_does_not_take_the_rest_along() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &KEY).unwrap();
    for n in 0..40 {
        edit(&store, n, n);
    }
    store.close().unwrap();
    let path = dir.path().join(open::FILE);
    let root: u32 = open::reader(&path, &KEY)
        .unwrap()
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'views'", [], |row| row.get(0))
        .unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes[(root as usize - 1) * 4096 + 100] ^= 1;
    fs::write(&path, bytes).unwrap();
    store.reopen().unwrap();
    for n in 0..10 {
        let id = doc_row(n, 0).id;
        let view = store.read(|r| r.view(&id.record));
        assert!(matches!(view, Err(StoreError::Corrupt(_))), "{view:?}");
        assert_eq!(store.read(|r| r.changes(&id)).unwrap(), vec![change_row(n, 400)]);
        let write = store.write(|w| w.put_view(&view_row(n, 10)));
        assert!(matches!(write, Err(StoreError::Corrupt(_))), "{write:?}");
        store.write(|w| w.set_meta("still", b"works")).unwrap();
    }
}
