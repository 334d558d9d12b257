//! Opening a connection: key, check, settings, migrations. One path, so that every connection is the same.

use std::{path::Path, sync::Once};

use rusqlite::{
    Connection, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior, config::DbConfig, types::ValueRef,
};
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
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/0001_first.sql"),
    include_str!("../../migrations/0002_across.sql"),
    include_str!("../../migrations/0003_acts.sql"),
    include_str!("../../migrations/0004_drafts.sql"),
];

/// Setting, what it is set to (nothing: only asked for), what it must then say.
type Setting = (&'static str, &'static str, &'static str);
/// Before the first page is read. `cipher_status` answers nothing where SQLite was built without SQLCipher.
///
/// SQLCipher signs each page with HMAC-SHA-512 unless told otherwise. Processors of cheap phones (ARMv8.0) have
/// instructions for SHA-256 and none for SHA-512. Measured on x86-64 with SHA-NI (SQLCipher 4.19.0): one edit 131 -> 104
/// us of processor time, the first list after opening 0.68 -> 0.48 ms; a forger meets 256 bits either way.
///
/// `cipher_memory_security` stays off: it wipes what SQLite frees, but the same rows stand in strings of the caller, and
/// it costs a third of the bulk writing and 2 to 10 ms at each opening (measured). SQLCipher wipes keys in any case.
const CIPHER: &[Setting] = &[
    ("cipher_hmac_algorithm", "HMAC_SHA256", "HMAC_SHA256"),
    ("cipher_page_size", "4096", "4096"),
    ("cipher_use_hmac", "ON", "1"),
    ("cipher_status", "", "1"),
];
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
    ("cache_size", "-16384", "-16384"),
];
const READER: &[Setting] = &[("query_only", "ON", "1"), ("cache_size", "-4096", "-4096")];

/// The connection that writes: makes the file if there is none, and brings its schema up to date.
pub(super) fn writer(path: &Path, key: &[u8; 32]) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = connect(path, flags, key)?;
    // A newer program's file is left before anything in it is set.
    version(&conn, MIGRATIONS.len() as u32)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    settle(&conn, COMMON)?;
    settle(&conn, WRITER)?;
    migrate(&mut conn, MIGRATIONS)?;
    Ok(conn)
}

/// A connection that only reads. It leaves checkpoints to the writer.
pub(super) fn reader(path: &Path, key: &[u8; 32]) -> Result<Connection, StoreError> {
    let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX, key)?;
    settle(&conn, COMMON)?;
    settle(&conn, READER)?;
    Ok(conn)
}

/// Lets SQLite and SQLCipher set themselves up on one thread, once in a process. SQLite calls itself ready before
/// SQLCipher's part of the start is done, so that of two threads that open a first database at once the second could
/// find no cipher. Everybody who opens a database, the server too, calls this before.
pub fn prepare_library() {
    static READY: std::sync::Once = std::sync::Once::new();
    READY.call_once(|| drop(Connection::open_in_memory()));
}

/// Opens, gives the key and proves that it fits, without changing a byte: closing a connection would otherwise move the
/// write-ahead log into a file that may not be ours.
pub(super) fn connect(path: &Path, flags: OpenFlags, key: &[u8; 32]) -> Result<Connection, StoreError> {
    let found = rusqlite::version_number();
    if found < OLDEST_SQLITE {
        return Err(StoreError::Setting { name: "sqlite version", found: rusqlite::version().to_owned() });
    }
    prepare_library();
    let conn = Connection::open_with_flags(path, flags)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // SQLCipher writes page errors to stderr (logcat on Android); they come back as codes and are reported once, by us.
    static QUIET: Once = Once::new();
    let mut quiet = Ok(());
    QUIET.call_once(|| quiet = conn.execute_batch("PRAGMA cipher_log = off"));
    quiet?;
    conn.execute_batch(&key_pragma(key))?;
    settle(&conn, CIPHER)?;
    let schema = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()));
    match schema {
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => {
            return Err(StoreError::WrongKey);
        }
        other => other?,
    }
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(conn)
}

/// In one allocation of the right size, so that no part of the key stays behind where a string grew.
fn key_pragma(key: &[u8; 32]) -> Zeroizing<String> {
    let mut pragma = Zeroizing::new(String::with_capacity(96));
    pragma.push_str("PRAGMA key = \"x'");
    pragma.push_str(&Zeroizing::new(to_hex(key)));
    pragma.push_str("'\"");
    pragma
}

/// Whether SQLCipher is at work in this connection. It says no for ever after a page that failed its check, and nothing
/// at all where SQLite was built without it.
pub(super) fn healthy(conn: &Connection) -> bool {
    conn.query_row("PRAGMA cipher_status", [], |row| row.get::<_, String>(0)).is_ok_and(|status| status == "1")
}

/// Sets each and reads it back: SQLite ignores a setting it does not know, and takes some only at certain times.
fn settle(conn: &Connection, settings: &[Setting]) -> Result<(), StoreError> {
    for (name, value, expected) in settings {
        if !value.is_empty() {
            conn.execute_batch(&format!("PRAGMA {name} = {value}"))?;
        }
        let found = conn.query_row(&format!("PRAGMA {name}"), [], |row| {
            Ok(match row.get_ref(0)? {
                ValueRef::Integer(number) => number.to_string(),
                other => other.as_str()?.to_owned(),
            })
        });
        let found = found.optional()?.unwrap_or_else(|| "nothing".into());
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
