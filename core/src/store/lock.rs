//! One opener at a time.
//!
//! `std::fs::File::try_lock` is `flock`: it goes with the process, however that ends, and holds between two handles of
//! one process as well. The standard library knows it on Android only from Rust 1.98 on (rust-lang/rust#148325); before,
//! it answers `Unsupported` there, and SQLite's own lock, held open on the same file, does the same service.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::Path,
    sync::Mutex,
    time::Duration,
};

use rusqlite::{Connection, ErrorCode};

use super::StoreError;

/// Held while the directory is open; given back when dropped.
pub(super) enum Lock {
    /// By the operating system.
    File { _held: File },
    /// By a transaction that stays open. The mutex is never locked: it makes the connection shareable.
    Database { _held: Mutex<Connection> },
}

impl Lock {
    /// Takes the lock or says that another has it.
    pub fn take(path: &Path) -> Result<Self, StoreError> {
        match Self::by_file(path) {
            Err(StoreError::Io(kind)) if kind == io::ErrorKind::Unsupported.to_string() => Self::by_database(path),
            other => other,
        }
    }

    fn by_file(path: &Path) -> Result<Self, StoreError> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Self::File { _held: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    fn by_database(path: &Path) -> Result<Self, StoreError> {
        let conn = Connection::open(path)?;
        conn.busy_timeout(Duration::ZERO)?;
        match conn.execute_batch("BEGIN EXCLUSIVE") {
            Ok(()) => Ok(Self::Database { _held: Mutex::new(conn) }),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Err(StoreError::InUse),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn both_ways_let_one_in_and_give_back() {
        for take in [Lock::take, Lock::by_file, Lock::by_database] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("wangge.lock");
            let first = take(&path).unwrap();
            assert_eq!(take(&path).err(), Some(StoreError::InUse));
            drop(first);
            drop(take(&path).unwrap());
            assert_eq!(std::fs::metadata(&path).unwrap().len(), 0, "the lock file says nothing");
        }
    }
}
