//! The county's database: encrypted SQLite, one writer, readers beside it. The only importer of rusqlite in this package.

mod across;
mod import;
mod log;
mod people;
mod records;
mod rows;
mod side;

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    ops::Deref,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, Params, Row, TransactionBehavior};
use wangge_core::model::ids::to_hex;

pub use across::{FactsRow, ItemRow};
pub use records::NewChange;
pub use rows::{AsideRow, BucketRow, ChangeRow, DeviceRow, DocRow, InviteRow, LogRow, RecordRow, UserRow};
pub use side::Totals;

const FILE: &str = "county.db";
const LOCK: &str = "county.lock";
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/0001_county.sql"),
    include_str!("../../migrations/0002_import.sql"),
    include_str!("../../migrations/0003_doors.sql"),
    include_str!("../../migrations/0004_across.sql"),
];
/// Below this, SQLite can lose a write in WAL mode (sqlite.org/wal.html, "WAL-reset bug").
const OLDEST_SQLITE: i32 = 3_051_003;
/// How long a command beside a running server waits for its turn to write.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the database can say; texts hold no content of records.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The key does not open it.
    #[error("wrong key")]
    WrongKey,
    /// Another process holds it.
    #[error("in use")]
    InUse,
    /// No room left.
    #[error("disk full")]
    Full,
    /// Made by a newer program.
    #[error("schema {found}, known {known}")]
    Newer {
        /// In the file.
        found: u32,
        /// In this program.
        known: u32,
    },
    /// The operating system refused.
    #[error("{path}: {error}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A row does not have the shape it was written in.
    #[error("damaged row: {0}")]
    Damaged(String),
    /// Anything else.
    #[error("{0}")]
    Sqlite(String),
}

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::WrongKey,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse,
            _ => Self::Sqlite(error.to_string()),
        }
    }
}

type Result<T> = std::result::Result<T, DbError>;

/// How a process means to use the data directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// As the only server or importer.
    Alone,
    /// For a moment, beside a server that may be running.
    Beside,
}

/// An open database.
pub struct Db {
    path: PathBuf,
    key: [u8; 32],
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    _lock: Option<File>,
}

/// Reads within one snapshot.
pub struct Reader<'c>(&'c Connection);
/// Writes within one transaction.
pub struct Writer<'c>(Reader<'c>);

impl<'c> Deref for Writer<'c> {
    type Target = Reader<'c>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// Whether a directory holds a county's database.
pub fn exists(dir: &Path) -> bool {
    dir.join(FILE).exists()
}

/// Takes back a database that was just made, after a later step of founding a county failed.
pub fn discard(dir: &Path) {
    for name in [FILE, "county.db-wal", "county.db-shm", LOCK] {
        let _ = std::fs::remove_file(dir.join(name));
    }
    let _ = std::fs::remove_dir(dir);
}

impl Db {
    /// Opens the database of a directory, making it where there is none, and brings its schema up to date.
    pub fn open(dir: &Path, key: &[u8; 32], hold: Hold) -> Result<Self> {
        let lock = match hold {
            Hold::Alone => Some(take_lock(&dir.join(LOCK))?),
            Hold::Beside => None,
        };
        let path = dir.join(FILE);
        let writer = connect(&path, key, true)?;
        let db = Self { path, key: *key, writer: Mutex::new(writer), readers: Mutex::default(), _lock: lock };
        db.migrate(hold)?;
        Ok(db)
    }

    fn migrate(&self, hold: Hold) -> Result<()> {
        let mut connection = self.lock_writer();
        let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let known = MIGRATIONS.len() as u32;
        if found > known {
            return Err(DbError::Newer { found, known });
        }
        if found < known && hold == Hold::Beside {
            return Err(DbError::InUse);
        }
        for (done, script) in MIGRATIONS.iter().enumerate().skip(found as usize) {
            let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            change.execute_batch(script)?;
            change.pragma_update(None, "user_version", done as u32 + 1)?;
            change.commit()?;
        }
        Ok(())
    }

    fn lock_writer(&self) -> MutexGuard<'_, Connection> {
        // A panic while it was held rolled its transaction back; the connection itself is sound.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` in one transaction that is on disk when this returns; an error rolls it back.
    pub fn write<T, E: From<DbError>>(
        &self,
        work: impl FnOnce(&mut Writer<'_>) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.transact(work, "FULL")
    }

    /// The same for what may be lost in a power cut: hints, nonces of idle requests, times of contact.
    pub fn write_lightly<T, E: From<DbError>>(
        &self,
        work: impl FnOnce(&mut Writer<'_>) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.transact(work, "NORMAL")
    }

    fn transact<T, E: From<DbError>>(
        &self,
        work: impl FnOnce(&mut Writer<'_>) -> std::result::Result<T, E>,
        synchronous: &str,
    ) -> std::result::Result<T, E> {
        let mut connection = self.lock_writer();
        connection.pragma_update(None, "synchronous", synchronous).map_err(DbError::from)?;
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(DbError::from)?;
        let done = work(&mut Writer(Reader(&transaction)))?;
        transaction.commit().map_err(DbError::from)?;
        Ok(done)
    }

    /// Runs `work` on one unchanging state of the database, beside the writer.
    pub fn read<T, E: From<DbError>>(
        &self,
        work: impl FnOnce(&Reader<'_>) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        let spare = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match spare {
            Some(connection) => connection,
            None => connect(&self.path, &self.key, false)?,
        };
        let transaction = connection.transaction().map_err(DbError::from)?;
        let done = work(&Reader(&transaction))?;
        drop(transaction);
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        Ok(done)
    }
}

fn take_lock(path: &Path) -> Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
    let file = file.map_err(|error| DbError::File { path: path.to_owned(), error })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(DbError::InUse),
        Err(TryLockError::Error(error)) => Err(DbError::File { path: path.to_owned(), error }),
    }
}

fn connect(path: &Path, key: &[u8; 32], writes: bool) -> Result<Connection> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(DbError::Sqlite(format!("SQLite {} is too old", rusqlite::version())));
    }
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags.set(OpenFlags::SQLITE_OPEN_CREATE, writes);
    wangge_core::store::prepare_library();
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "key", format!("x'{}'", to_hex(key)))?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    connection.execute_batch(
        "PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF; PRAGMA cache_size = -16000;",
    )?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let asked = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    if mode != "wal" || asked("synchronous")? != 2 || asked("foreign_keys")? != 1 || asked("secure_delete")? != 1 {
        return Err(DbError::Sqlite("a setting of the database did not take".to_owned()));
    }
    let cipher: Option<String> = connection.query_row("PRAGMA cipher_version", [], |row| row.get(0)).optional()?;
    if cipher.is_none() {
        return Err(DbError::Sqlite("this build has no SQLCipher".to_owned()));
    }
    connection.pragma_update(None, "query_only", !writes)?;
    Ok(connection)
}

impl Reader<'_> {
    fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        Ok(self.0.prepare_cached(sql)?.query_row(params, map).optional()?)
    }
    fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement.query_map(params, map)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// A setting.
    pub fn meta(&self, key: &str) -> Result<Option<Vec<u8>>> {
        self.one("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0))
    }
    /// A setting that is a number; 0 where absent.
    pub fn meta_number(&self, key: &str) -> Result<u64> {
        let bytes = self.meta(key)?.unwrap_or_else(|| vec![0; 8]);
        let bytes = bytes.try_into().map_err(|_| DbError::Damaged(format!("meta {key}")))?;
        Ok(u64::from_be_bytes(bytes))
    }
    /// A setting that is text; empty where absent.
    pub fn meta_text(&self, key: &str) -> Result<String> {
        String::from_utf8(self.meta(key)?.unwrap_or_default()).map_err(|_| DbError::Damaged(format!("meta {key}")))
    }
}

impl Writer<'_> {
    fn run(&self, sql: &str, params: impl Params) -> Result<usize> {
        Ok(self.0.0.prepare_cached(sql)?.execute(params)?)
    }
    fn insert(&self, sql: &str, params: impl Params) -> Result<i64> {
        Ok(self.0.0.prepare_cached(sql)?.insert(params)?)
    }
    /// Sets a setting.
    pub fn set_meta(&mut self, key: &str, value: &[u8]) -> Result<()> {
        self.run("INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2", (key, value))?;
        Ok(())
    }
    /// Sets a setting that is a number.
    pub fn set_meta_number(&mut self, key: &str, value: u64) -> Result<()> {
        self.set_meta(key, &value.to_be_bytes())
    }
    /// The number of the commit that this transaction is; counts accepted changes' commits from 1.
    pub fn next_commit(&mut self) -> Result<u64> {
        let next = self.meta_number("commit")? + 1;
        self.set_meta_number("commit", next)?;
        Ok(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn db() -> (tempfile::TempDir, Db) {
        let dir = tempfile::tempdir().expect("temporary directory");
        let db = Db::open(dir.path(), &KEY, Hold::Alone).expect("a new database");
        (dir, db)
    }

    #[test]
    fn another_key_another_server_and_a_newer_file_are_told_apart() {
        let (dir, db) = db();
        assert!(matches!(Db::open(dir.path(), &KEY, Hold::Alone), Err(DbError::InUse)));
        assert!(matches!(Db::open(dir.path(), &[8; 32], Hold::Beside), Err(DbError::WrongKey)));
        db.lock_writer().pragma_update(None, "user_version", 99).expect("a pragma");
        drop(db);
        let newer = Db::open(dir.path(), &KEY, Hold::Alone);
        assert!(matches!(newer, Err(DbError::Newer { found: 99, known }) if known == MIGRATIONS.len() as u32));
    }

    #[test]
    fn an_error_or_a_panic_leaves_nothing_written_and_the_database_usable() {
        let (_dir, db) = db();
        let failed: Result<()> = db.write(|w| {
            w.set_meta_number("a", 1)?;
            Err(DbError::Damaged("test".to_owned()))
        });
        assert!(failed.is_err());
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            db.write(|w| {
                w.set_meta_number("a", 2).expect("written");
                assert_ne!(w.meta_number("a").expect("read"), 2, "in the middle");
                Ok::<_, DbError>(())
            })
        }));
        assert!(panicked.is_err());
        assert_eq!(db.read(|r| r.meta_number("a")).expect("readable"), 0);
        db.write(|w| w.set_meta_number("a", 3)).expect("writable");
        assert_eq!(db.read(|r| r.meta_number("a")).expect("readable"), 3);
    }

    impl Db {
        /// Leaves room for so many pages more.
        pub fn leave_room(&self, pages: i64) {
            let connection = self.lock_writer();
            let used: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0)).expect("a pragma");
            connection
                .pragma_update_and_check(None, "max_page_count", used + pages, |row| row.get::<_, i64>(0))
                .expect("a pragma");
        }
    }

    #[test]
    fn a_full_disk_is_said_so_and_loses_nothing_that_was_there() {
        let (_dir, db) = db();
        db.write(|w| w.set_meta_number("kept", 5)).expect("room");
        db.leave_room(4);
        let full: Result<()> = db.write(|w| w.set_meta("large", &vec![1; 1 << 20]));
        assert!(matches!(full, Err(DbError::Full)), "{full:?}");
        assert_eq!(db.read(|r| r.meta_number("kept")).expect("readable"), 5);
        db.write(|w| w.set_meta_number("kept", 6)).expect("small things still fit");
    }

    #[test]
    fn readers_see_one_state_and_cannot_write() {
        let (_dir, db) = db();
        db.write(|w| w.set_meta_number("a", 1)).expect("written");
        db.read(|r| {
            let before = r.meta_number("a")?;
            db.write(|w| w.set_meta_number("a", 2))?;
            assert_eq!((before, r.meta_number("a")?), (1, 1));
            assert!(r.0.execute("DELETE FROM meta", []).is_err());
            Ok::<_, DbError>(())
        })
        .expect("readable");
        assert_eq!(db.read(|r| r.meta_number("a")).expect("readable"), 2);
    }
}
