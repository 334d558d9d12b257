//! Opening a connection: key, check, settings, migrations. One path, so that every connection is the same.

use std::{path::Path, sync::Once};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, config::DbConfig, types::ValueRef};
use zeroize::Zeroizing;

use super::StoreError;
use crate::model::ids::to_hex;

/// Name of the database in its directory.
pub(super) const FILE: &str = "wangge.db";
/// Before it, a race while the write-ahead log starts over could lose a commit (sqlite.org/wal.html#walresetbug).
const OLDEST_SQLITE: i32 = 3_051_003;
/// More than the statements there are, with room for the variants of a list's filter.
const STATEMENTS: usize = 128;

/// Every schema change ever released, in order. `user_version` counts how many of them a file has.
pub(super) const MIGRATIONS: &[&str] = &[include_str!("../../migrations/0001_first.sql")];

/// Setting, what it is set to, what it must then say.
type Setting = (&'static str, &'static str, &'static str);
/// Of both kinds of connection. `fullfsync` matters on Apple systems, where a plain fsync leaves data in the disk's cache.
const COMMON: &[Setting] = &[
    ("synchronous", "FULL", "2"),
    ("fullfsync", "ON", "1"),
    ("checkpoint_fullfsync", "ON", "1"),
    ("temp_store", "MEMORY", "2"),
    ("secure_delete", "ON", "1"),
    ("foreign_keys", "ON", "1"),
    ("trusted_schema", "OFF", "0"),
    ("cell_size_check", "ON", "1"),
    ("busy_timeout", "5000", "5000"),
];
const WRITER: &[Setting] = &[
    ("journal_mode", "WAL", "wal"),
    ("wal_autocheckpoint", "1000", "1000"),
    ("journal_size_limit", "4194304", "4194304"),
    ("cache_size", "-8192", "-8192"),
];
const READER: &[Setting] = &[("query_only", "ON", "1"), ("cache_size", "-4096", "-4096")];

/// The connection that writes: makes the file if there is none, and brings its schema up to date.
pub(super) fn writer(path: &Path, key: &[u8; 32]) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = connect(path, flags, key)?;
    // A newer program's file is left before anything in it is set.
    version(&conn, MIGRATIONS.len() as u32)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    settle(&conn, WRITER)?;
    migrate(&mut conn, MIGRATIONS)?;
    Ok(conn)
}

/// A connection that only reads. It leaves checkpoints to the writer.
pub(super) fn reader(path: &Path, key: &[u8; 32]) -> Result<Connection, StoreError> {
    let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX, key)?;
    settle(&conn, READER)?;
    Ok(conn)
}

/// Opens, gives the key and proves that it fits, without changing a byte: closing a connection would otherwise move the
/// write-ahead log into a file that may not be ours.
fn connect(path: &Path, flags: OpenFlags, key: &[u8; 32]) -> Result<Connection, StoreError> {
    let found = rusqlite::version_number();
    if found < OLDEST_SQLITE {
        return Err(StoreError::Setting { name: "sqlite version", found: rusqlite::version().to_owned() });
    }
    let conn = Connection::open_with_flags(path, flags)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // SQLCipher writes page errors to stderr (logcat on Android); they come back as codes and are reported once, by us.
    static QUIET: Once = Once::new();
    let mut quiet = Ok(());
    QUIET.call_once(|| quiet = conn.execute_batch("PRAGMA cipher_log = off"));
    quiet?;
    let pragma = Zeroizing::new(format!("PRAGMA key = \"x'{}'\"", Zeroizing::new(to_hex(key)).as_str()));
    conn.execute_batch(&pragma)?;
    if !healthy(&conn) {
        return Err(StoreError::Setting { name: "cipher_status", found: "0".into() });
    }
    match conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())) {
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => {
            return Err(StoreError::WrongKey);
        }
        other => other?,
    }
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(conn)
}

/// Whether SQLCipher is at work in this connection. It says no for ever after a page that failed its check, and nothing
/// at all where SQLite was built without it.
pub(super) fn healthy(conn: &Connection) -> bool {
    conn.query_row("PRAGMA cipher_status", [], |row| row.get::<_, String>(0)).is_ok_and(|status| status == "1")
}

fn settle(conn: &Connection, own: &[Setting]) -> Result<(), StoreError> {
    for (name, value, expected) in COMMON.iter().chain(own) {
        conn.execute_batch(&format!("PRAGMA {name} = {value}"))?;
        let found = conn.query_row(&format!("PRAGMA {name}"), [], |row| {
            Ok(match row.get_ref(0)? {
                ValueRef::Integer(number) => number.to_string(),
                other => other.as_str()?.to_owned(),
            })
        })?;
        if found != *expected {
            return Err(StoreError::Setting { name, found });
        }
    }
    Ok(())
}

fn version(conn: &Connection, known: u32) -> Result<u32, StoreError> {
    let found: u32 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > known { Err(StoreError::Newer { found, known }) } else { Ok(found) }
}

/// Applies the migrations a file lacks, each in one transaction with its number: a kill leaves the file before or after
/// one, never inside.
pub(super) fn migrate(conn: &mut Connection, migrations: &[&str]) -> Result<(), StoreError> {
    let found = version(conn, migrations.len() as u32)?;
    for (number, sql) in (1..).zip(migrations).skip(found as usize) {
        let tx = Transaction::new(conn, TransactionBehavior::Immediate)?;
        tx.execute_batch(sql)?;
        tx.execute_batch(&format!("PRAGMA user_version = {number}"))?;
        tx.commit()?;
    }
    Ok(())
}
