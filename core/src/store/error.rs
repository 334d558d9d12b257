//! What can go wrong in the store, and how SQLite's codes become it.

use std::{fmt, io};

use rusqlite::ffi;

/// A failure of the store. Texts name tables, settings and codes, never a value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// The key does not fit, or the file is not a database of this program. SQLCipher cannot tell the two apart, because
    /// its check of the first page fails for both. Nothing was changed in the file.
    WrongKey,
    /// Another process, or another handle in this one, has the directory open.
    InUse,
    /// No room on the disk. The transaction was rolled back; the same call works once there is room.
    Full,
    /// Between `close` and `reopen`.
    Closed,
    /// The store was called from inside one of its own closures.
    Reentered,
    /// The database was written by a newer version of the program.
    Newer {
        /// Version of the file.
        found: u32,
        /// Newest version this program knows.
        known: u32,
    },
    /// A page or a row does not say what it must.
    Corrupt(String),
    /// What a call names is not stored: a document or a change.
    Missing(&'static str),
    /// What a call gives contradicts itself.
    Inconsistent(&'static str),
    /// SQLite did not take a setting this store depends on, or is too old.
    Setting {
        /// Which.
        name: &'static str,
        /// What it says instead.
        found: String,
    },
    /// The file system refused.
    Io(String),
    /// Any other code of SQLite.
    Sqlite(String),
}

impl StoreError {
    /// The message in Chinese.
    pub fn zh(&self) -> String {
        match self {
            Self::WrongKey => "密钥不符，或者这不是本程序的数据库；文件没有被改动".into(),
            Self::InUse => "数据目录正被另一个程序使用".into(),
            Self::Full => "存储空间已满，本次没有写入；腾出空间后可重试".into(),
            Self::Closed => "数据库已关闭".into(),
            Self::Reentered => "数据库操作中不能再次调用数据库".into(),
            Self::Newer { found, known } => format!("数据库版本 {found} 比本程序（{known}）新，请更新程序"),
            Self::Corrupt(what) => format!("数据库损坏（{what}）；文件没有被删除"),
            Self::Missing(what) => format!("数据库中没有：{what}"),
            Self::Inconsistent(what) => format!("写入内容自相矛盾：{what}"),
            Self::Setting { name, found } => format!("数据库设置 {name} 未生效（现为 {found}），拒绝运行"),
            Self::Io(what) => format!("读写文件失败：{what}"),
            Self::Sqlite(what) => format!("数据库错误：{what}"),
        }
    }
    /// The message in English.
    pub fn en(&self) -> String {
        match self {
            Self::WrongKey => {
                "the key does not fit, or this is not a database of this program; the file was left as it is".into()
            }
            Self::InUse => "the data directory is in use by another program".into(),
            Self::Full => "no space left; nothing was written, try again when there is room".into(),
            Self::Closed => "the database is closed".into(),
            Self::Reentered => "the database was called from inside one of its own operations".into(),
            Self::Newer { found, known } => {
                format!("database version {found} is newer than this program ({known}); please update")
            }
            Self::Corrupt(what) => format!("the database is damaged ({what}); the file was not deleted"),
            Self::Missing(what) => format!("not in the database: {what}"),
            Self::Inconsistent(what) => format!("what was to be written contradicts itself: {what}"),
            Self::Setting { name, found } => {
                format!("database setting {name} was not taken (it is {found}); refusing to run")
            }
            Self::Io(what) => format!("reading or writing a file failed: {what}"),
            Self::Sqlite(what) => format!("database error: {what}"),
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {}", self.zh(), self.en())
    }
}
impl std::error::Error for StoreError {}

/// Whether the operating system's last word was that there is no room. SQLite gives `SQLITE_FULL` for a failed write, but
/// a plain I/O error where the sync or the growth of the shared-memory file failed for the same reason.
fn no_room(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        if no_room(&error) { Self::Full } else { Self::Io(error.kind().to_string()) }
    }
}

impl From<rusqlite::Error> for StoreError {
    /// Only the code goes into the text: messages of SQLite can quote SQL, and that of `PRAGMA key` holds the key.
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        let Some(code) = error.sqlite_extended_error_code() else {
            return match error {
                E::FromSqlConversionFailure(column, ..)
                | E::IntegralValueOutOfRange(column, _)
                | E::Utf8Error(column, _)
                | E::InvalidColumnType(column, ..) => Self::Corrupt(format!("column {column} of a row")),
                E::InvalidPath(_) | E::NulError(_) => Self::Io("path".into()),
                E::QueryReturnedNoRows => Self::Sqlite("no row".into()),
                _ => Self::Sqlite("misuse".into()),
            };
        };
        let text = || format!("{} ({code})", ffi::code_to_str(code));
        match code & 0xff {
            ffi::SQLITE_FULL => Self::Full,
            ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB => Self::Corrupt(text()),
            ffi::SQLITE_IOERR if no_room(&io::Error::last_os_error()) => Self::Full,
            ffi::SQLITE_IOERR | ffi::SQLITE_CANTOPEN => Self::Io(text()),
            _ => Self::Sqlite(text()),
        }
    }
}
