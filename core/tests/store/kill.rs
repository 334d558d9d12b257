//! A process that commits and is killed at any moment.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use crate::{doc_id, edit, hash, open, record, view};

const CRASH_DIR: &str = "WANGGE_TEST_CRASH_DIR";

/// The child of the next test: commits rows for ever and says each number after its commit.
#[test]
fn crash_child() {
    let Ok(dir) = std::env::var(CRASH_DIR) else { return };
    let store = open(Path::new(&dir));
    let start = store.read(|r| Ok(r.outbox_counts()?.pending)).unwrap() as u32;
    for n in start.. {
        edit(&store, n, n).unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "\nacked {n}").unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let seed = std::env::var("WANGGE_TEST_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().subsec_nanos());
    println!("seed {seed}: run again with WANGGE_TEST_SEED={seed}");
    let mut random = u64::from(seed) | 1;
    let dir = tempfile::tempdir().unwrap();
    let mut acked: Option<u32> = None;
    for round in 0..20 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["kill::crash_child", "--exact", "--nocapture", "--test-threads", "1"])
            .env(CRASH_DIR, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (first, started) = mpsc::channel();
        let reading = thread::spawn(move || {
            let numbers = lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("acked ")?.parse().ok());
            numbers
                .inspect(|_: &u32| {
                    let _ = first.send(());
                })
                .max()
        });
        started.recv_timeout(Duration::from_mins(1)).expect("the child commits");
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        thread::sleep(Duration::from_micros(random % 50_000));
        child.kill().unwrap();
        child.wait().unwrap();
        acked = acked.max(reading.join().unwrap());
        let acked = acked.unwrap();
        let store = open(dir.path());
        let stored = store.read(|r| r.outbox(0, usize::MAX)).unwrap();
        assert!(stored.len() > acked as usize, "round {round}: {} rows, {acked} acknowledged", stored.len());
        assert!(stored.len() <= acked as usize + 2, "round {round}: at most the one being said");
        store
            .read(|r| {
                for (n, row) in (0..).zip(&stored) {
                    assert_eq!((row.doc, row.hash), (doc_id(n), hash(n)), "round {round}");
                    assert_eq!(r.view(&record(n))?, Some(view(n, "resident", "a")), "an edit is whole");
                    assert_eq!(r.changes(&doc_id(n))?.len(), 1);
                }
                Ok(())
            })
            .unwrap();
        store.integrity().unwrap();
    }
    println!("{} edits survived 20 kills", acked.unwrap() + 1);
}
