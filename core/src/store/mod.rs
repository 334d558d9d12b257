//! The phone's encrypted database (DESIGN 6): the only place that speaks to SQLite.
//!
//! **What is kept.** Raw changes are the truth; snapshots, views and attention items are derived from them and can be
//! rebuilt. `core/migrations` says every table.
//!
//! **Durability.** One [`Store::write`] is one IMMEDIATE transaction, committed with `synchronous=FULL` before the call
//! returns. A commit that fails is an error and shows nothing; but as with any write-ahead log, frames of it may have
//! reached the disk, and a crash before the next write can bring them back. Who writes must treat such a change as
//! perhaps written, never write another in its place under the same actor and number (DESIGN 3, actor ids).
//!
//! **Why one writer and two readers.** SQLite has one writer anyway; a second write connection only turns waiting into
//! `SQLITE_BUSY` after a timeout. Readers see the last commit while a page of the server is being applied, and two are
//! what the app needs: a list on the screen and the sync. Connections are never probed before use (on Android a probe
//! costs more than the query), but replaced when a page failed its check.
//!
//! **Lock order.** 1. `state` (shared by calls, alone for `close` and `reopen`); 2. the writer's mutex, or one reader
//! from the pool; 3. SQLite's own locks. Nobody who holds a later one asks for an earlier one. A closure that calls its
//! own store again would break this, so it gets [`StoreError::Reentered`] instead of a deadlock. Nothing is called back
//! under a lock but the closure itself.
//!
//! **Life cycle.** iOS kills an app that holds a file lock in the background, so `close` waits for running calls, moves
//! the log into the file and gives every lock back; `reopen` takes them again with the key kept in wiped memory.

mod across;
mod acts;
mod drafts;
mod error;
mod lock;
mod open;
mod pool;
mod reader;
mod rows;
#[cfg(test)]
mod tests;
mod views;
mod writer;

use std::{
    cell::RefCell,
    fmt, fs,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use zeroize::Zeroizing;

pub use across::{FactsRow, Index, key_number};
pub use drafts::DraftRow;
pub use error::StoreError;
pub use open::prepare_library;
pub use reader::Reader;
pub use rows::{
    AttentionRow, ChangeState, CursorRow, DocRow, OutboxCounts, OutboxRow, Refusal, Storage, StoredChange, StoredTag,
    ViewCursor, ViewFilter, ViewRow,
};
pub use writer::Writer;

use lock::Lock;
use pool::Pool;

const READERS: usize = 2;

/// An open (or closed) database directory. Shared freely between threads.
pub struct Store {
    dir: PathBuf,
    key: Zeroizing<[u8; 32]>,
    number: u64,
    state: RwLock<Option<Open>>,
}

/// Fields drop in this order: the writer last of the connections, so that it can move the log into the file.
struct Open {
    readers: Pool,
    writer: Mutex<Writing>,
    _lock: Lock,
}

/// The connection that writes, and what it remembers between transactions.
struct Writing {
    conn: Connection,
    last_change: Option<i64>,
}

impl Store {
    /// Opens the database in `dir`, making directory and file if there are none.
    ///
    /// # Errors
    /// [`StoreError::WrongKey`], [`StoreError::InUse`], [`StoreError::Newer`]; in all of them the file stays as it was.
    pub fn open(dir: &Path, key: &[u8; 32]) -> Result<Self, StoreError> {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        private_dir(dir)?;
        let store = Self {
            dir: dir.to_owned(),
            key: Zeroizing::new(*key),
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            state: RwLock::new(None),
        };
        store.reopen()?;
        Ok(store)
    }

    /// Waits for running calls, moves the write-ahead log into the file and gives back every connection and lock. It is
    /// closed afterwards even if an error is returned. Closing twice is no error.
    pub fn close(&self) -> Result<(), StoreError> {
        let _inside = Inside::enter(self.number)?;
        let Some(open) = self.state.write().unwrap_or_else(PoisonError::into_inner).take() else {
            return Ok(());
        };
        for reader in open.readers.into_inner() {
            reader.close().map_err(|(_, error)| error)?;
        }
        let writer = open.writer.into_inner().unwrap_or_else(PoisonError::into_inner).conn;
        let moved = writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        writer.close().map_err(|(_, error)| error)?;
        Ok(moved?)
    }

    /// Opens again after [`Store::close`]. No error where it is open.
    pub fn reopen(&self) -> Result<(), StoreError> {
        let _inside = Inside::enter(self.number)?;
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.is_none() {
            let lock = Lock::take(&self.dir.join("wangge.lock"))?;
            let writer = Mutex::new(Writing { conn: self.writer()?, last_change: None });
            let readers = (0..READERS).map(|_| self.reader()).collect::<Result<_, _>>()?;
            *state = Some(Open { readers: Pool::new(readers), writer, _lock: lock });
        }
        Ok(())
    }

    /// Runs `f` over one unchanging state of the database, beside a writer.
    pub fn read<T>(&self, f: impl FnOnce(&Reader) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.with_open(|open| {
            let mut conn = open.readers.take();
            let result = snapshot(&conn, f);
            if result.is_err() && !open::healthy(&conn) {
                *conn = self.reader()?;
            }
            result
        })?
    }

    /// Runs `f` in one transaction and commits it to the disk; an `Err` of `f` rolls it back.
    pub fn write<T, E: From<StoreError>>(&self, f: impl FnOnce(&mut Writer) -> Result<T, E>) -> Result<T, E> {
        self.with_open(|open| {
            let mut writer = open.writer.lock().unwrap_or_else(PoisonError::into_inner);
            let result = transact(&mut writer, f);
            if result.is_err() && !open::healthy(&writer.conn) {
                writer.conn = self.writer()?;
            }
            result
        })?
    }

    /// Reads the whole file and checks every page, row and index. Writers wait meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] with what was found first.
    pub fn integrity(&self) -> Result<(), StoreError> {
        self.with_open(|open| {
            let writer = open.writer.lock().unwrap_or_else(PoisonError::into_inner);
            let conn = &writer.conn;
            // The check of page signatures reads the file alone, so the log goes into it first.
            conn.query_row("PRAGMA wal_checkpoint(FULL)", [], |_| Ok(()))?;
            for (check, fine) in [("cipher_integrity_check", ""), ("quick_check", "ok"), ("foreign_key_check", "")] {
                let mut statement = conn.prepare(&format!("PRAGMA {check}"))?;
                let mut rows = statement.query([])?;
                if let Some(row) = rows.next()? {
                    let found: String = row.get(0)?;
                    if found != fine {
                        return Err(StoreError::Corrupt(format!("{check}: {found}")));
                    }
                }
            }
            Ok(())
        })?
    }

    fn path(&self) -> PathBuf {
        self.dir.join(open::FILE)
    }

    fn reader(&self) -> Result<Connection, StoreError> {
        open::reader(&self.path(), &self.key)
    }

    fn writer(&self) -> Result<Connection, StoreError> {
        open::writer(&self.path(), &self.key)
    }

    fn with_open<T>(&self, f: impl FnOnce(&Open) -> T) -> Result<T, StoreError> {
        let _inside = Inside::enter(self.number)?;
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.as_ref().map(f).ok_or(StoreError::Closed)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("dir", &self.dir).finish_non_exhaustive()
    }
}

/// Runs `f` in a read transaction, so that all it reads is of one commit.
fn snapshot<T>(conn: &Connection, f: impl FnOnce(&Reader) -> Result<T, StoreError>) -> Result<T, StoreError> {
    let tx = Transaction::new_unchecked(conn, TransactionBehavior::Deferred)?;
    f(&Reader::new(&tx))
}

/// Runs `f` in a write transaction. What is not committed is rolled back when `tx` drops: after an error, in a panic, and
/// where the commit itself failed.
fn transact<T, E: From<StoreError>>(
    writing: &mut Writing,
    f: impl FnOnce(&mut Writer) -> Result<T, E>,
) -> Result<T, E> {
    let tx = Transaction::new(&mut writing.conn, TransactionBehavior::Immediate).map_err(StoreError::from)?;
    let value = f(&mut Writer::new(&tx, &mut writing.last_change))?;
    tx.commit().map_err(StoreError::from)?;
    Ok(value)
}

/// A new directory is for its owner alone; one that exists keeps what it has.
fn private_dir(dir: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    Ok(builder.create(dir)?)
}

/// Marks that this thread is inside a call of a store.
struct Inside(u64);

thread_local! {
    static INSIDE: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

impl Inside {
    fn enter(number: u64) -> Result<Self, StoreError> {
        INSIDE.with_borrow_mut(|stores| {
            if stores.contains(&number) {
                return Err(StoreError::Reentered);
            }
            stores.push(number);
            Ok(Self(number))
        })
    }
}
impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.with_borrow_mut(|stores| stores.retain(|number| *number != self.0));
    }
}
