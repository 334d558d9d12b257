//! What the same bytes cost without any of our own work: one table in SQLite of the same library.

use std::{path::Path, time::Instant};

use rusqlite::Connection;

use super::BenchError;

/// A plain table of bytes, in WAL mode with every commit on the disk.
pub struct Floor(Connection);

impl Floor {
    /// A new database in a directory, without a key.
    pub fn new(dir: &Path, name: &str) -> Result<Self, BenchError> {
        Self::open(dir, name, "")
    }

    /// The same with every page encrypted, as our stores are.
    pub fn encrypted(dir: &Path, name: &str) -> Result<Self, BenchError> {
        Self::open(dir, name, &format!("PRAGMA key = \"x'{}'\";", "5a".repeat(32)))
    }

    fn open(dir: &Path, name: &str, key: &str) -> Result<Self, BenchError> {
        let open = || {
            let connection = Connection::open(dir.join(name))?;
            connection.execute_batch(key)?;
            connection.execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
                 CREATE TABLE rows (n INTEGER NOT NULL PRIMARY KEY, bytes BLOB NOT NULL) STRICT;",
            )?;
            Ok::<_, rusqlite::Error>(connection)
        };
        open().map(Self).map_err(|e| BenchError::new("floor", e))
    }

    /// Seconds for one durable commit of each of these.
    pub fn commit_each<T: AsRef<[u8]>>(&mut self, rows: &[T]) -> Result<Vec<f64>, BenchError> {
        let mut seconds = Vec::with_capacity(rows.len());
        for row in rows {
            let began = Instant::now();
            self.0
                .prepare_cached("INSERT INTO rows (bytes) VALUES (?1)")
                .and_then(|mut insert| insert.execute([row.as_ref()]))
                .map_err(|e| BenchError::new("floor", e))?;
            seconds.push(began.elapsed().as_secs_f64());
        }
        Ok(seconds)
    }

    /// Seconds for all of these in one durable commit.
    pub fn commit_all<T: AsRef<[u8]>>(&mut self, rows: &[T]) -> Result<f64, BenchError> {
        let began = Instant::now();
        let mut work = || {
            let transaction = self.0.transaction()?;
            {
                let mut insert = transaction.prepare("INSERT INTO rows (bytes) VALUES (?1)")?;
                for row in rows {
                    insert.execute([row.as_ref()])?;
                }
            }
            transaction.commit()
        };
        work().map_err(|e| BenchError::new("floor", e))?;
        Ok(began.elapsed().as_secs_f64())
    }
}
