//! A disk without room: an error, nothing half written, and success once there is room.

use std::{path::Path, process::Command};

use super::{KEY, change_row, doc_row, view_row};
use crate::store::{Store, StoreError};

fn big_edit(store: &Store, n: u32) -> Result<(), StoreError> {
    store.write(|w| {
        let (doc, change) = (doc_row(n, 20_000), change_row(n, 20_000));
        w.put_doc(&doc)?;
        w.add_change(&doc.id, &change)?;
        w.enqueue(&doc.id, &change.hash, &doc.scope)?;
        w.put_view(&view_row(n, 20_000))
    })
}

/// Edits until there is no room; gives how many were written.
fn fill(store: &Store) -> u32 {
    let mut n = 0;
    loop {
        match big_edit(store, n) {
            Ok(()) => n += 1,
            Err(StoreError::Full) => return n,
            Err(other) => panic!("{other}"),
        }
    }
}

fn check(store: &Store, written: u32) {
    store
        .read(|r| {
            assert_eq!(r.outbox(0, usize::MAX)?.len(), written as usize);
            for n in 0..written {
                assert_eq!(r.changes(&doc_row(n, 0).id)?, vec![change_row(n, 20_000)]);
            }
            assert_eq!(r.doc(&doc_row(written, 0).id)?, None, "nothing of the failed edit is seen");
            assert_eq!(r.view(&doc_row(written, 0).id.record)?, None);
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_full_disk_is_said_and_rolled_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &KEY).unwrap();
    store.write(|w| Ok::<_, StoreError>(w.conn.execute_batch("PRAGMA max_page_count = 200")?)).unwrap();
    let written = fill(&store);
    assert!(written > 3, "there was some room: {written}");
    check(&store, written);
    assert_eq!(big_edit(&store, written), Err(StoreError::Full), "and again");
    store.write(|w| Ok::<_, StoreError>(w.conn.execute_batch("PRAGMA max_page_count = 100000")?)).unwrap();
    big_edit(&store, written).unwrap();
    check(&store, written + 1);
    store.integrity().unwrap();
}

/// A real file system of 6 MiB; needs the right to mount one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let done =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=6m", "tmpfs"]).arg(dir.path()).status().unwrap();
        assert!(done.success(), "this test must be run with the right to mount");
        Self(dir)
    }
    fn path(&self) -> &Path {
        self.0.path()
    }
}
impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount").arg(self.0.path()).status().unwrap();
    }
}

#[test]
#[ignore = "mounts a small file system: run as root"]
fn a_really_full_disk() {
    let disk = SmallDisk::mount();
    let ballast = disk.path().join("photo.jpg");
    std::fs::write(&ballast, vec![1; 3_500_000]).unwrap();
    let store = Store::open(&disk.path().join("data"), &KEY).unwrap();
    let written = fill(&store);
    println!("{written} edits had room");
    check(&store, written);
    std::fs::remove_file(&ballast).unwrap();
    big_edit(&store, written).unwrap();
    check(&store, written + 1);
    store.integrity().unwrap();
    store.close().unwrap();
    store.reopen().unwrap();
    check(&store, written + 1);

    // Opening needs room for the log and its index.
    store.close().unwrap();
    let free = disk.path().join("rest");
    let mut size = 4 << 20;
    while size > 0 {
        let before = std::fs::metadata(&free).map_or(0, |meta| meta.len() as usize);
        let _ = std::fs::write(&free, vec![2; before + size]);
        size /= 2;
    }
    assert_eq!(store.reopen(), Err(StoreError::Full));
    std::fs::remove_file(&free).unwrap();
    store.reopen().unwrap();
    check(&store, written + 1);
}
