//! What can go wrong outside of a request, in words for the person at the keyboard.

use std::{io, path::Path};

use wangge_core::sync::wire::Reason;

use crate::db::DbError;

/// Every variant is another step for the person who sees it.
#[derive(Debug, thiserror::Error)]
pub enum CountyError {
    /// No data directory, or no database in it.
    #[error(
        "找不到数据目录 {0}：请先运行 wangge-server init，或用 --data 指明位置 / no county data in {0}: run `wangge-server init` first, or say where with --data"
    )]
    Missing(String),
    /// Would overwrite a county.
    #[error("{0} 已有县级数据，不会覆盖 / {0} already holds a county and is left as it is")]
    Exists(String),
    /// Another process has it open.
    #[error(
        "数据目录正在使用：请先停止正在运行的 wangge-server / data directory in use: stop the running wangge-server first"
    )]
    InUse,
    /// The keys are not those of this data.
    #[error(
        "密钥与数据不符：请用 --keys 指明本县的密钥目录 / the keys do not fit this data: name the county's keys directory with --keys"
    )]
    WrongKeys,
    /// No room on the disk.
    #[error("磁盘已满：未写入任何内容，请清理后重试 / disk full: nothing was written, free some space and try again")]
    Full,
    /// Written by a newer program.
    #[error(
        "数据来自更新的版本（{found}，本程序认识 {known}）：请升级程序 / data written by a newer version ({found}, this program knows {known}): upgrade the program"
    )]
    Newer {
        /// Migration number found.
        found: u32,
        /// Newest migration number known.
        known: u32,
    },
    /// Something asked for does not exist.
    #[error("{zh} / {en}")]
    NotFound {
        /// Chinese.
        zh: String,
        /// English.
        en: String,
    },
    /// Input that cannot be right.
    #[error("{zh} / {en}")]
    Invalid {
        /// Chinese.
        zh: String,
        /// English.
        en: String,
    },
    /// The operating system refused.
    #[error("无法访问 {path}：{error} / cannot access {path}: {error}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// The database failed in a way that no person can mend by another command.
    #[error("数据库出错：{0} / database error: {0}")]
    Storage(String),
    /// Schema files with this many problems, which have been printed.
    #[error("表单文件有{0}处问题，未通过 / {0} problems in the schema files")]
    Schema(usize),
}

impl CountyError {
    pub(crate) fn invalid(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Invalid { zh: zh.into(), en: en.into() }
    }
    pub(crate) fn not_found(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::NotFound { zh: zh.into(), en: en.into() }
    }
    pub(crate) fn file(path: &Path, error: io::Error) -> Self {
        let full = error.kind() == io::ErrorKind::StorageFull || error.kind() == io::ErrorKind::QuotaExceeded;
        if full { Self::Full } else { Self::File { path: path.display().to_string(), error } }
    }
}

impl From<DbError> for CountyError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::WrongKey => Self::WrongKeys,
            DbError::InUse => Self::InUse,
            DbError::Full => Self::Full,
            DbError::Newer { found, known } => Self::Newer { found, known },
            DbError::File { path, error } => Self::file(&path, error),
            DbError::Damaged(what) | DbError::Sqlite(what) => Self::Storage(what),
        }
    }
}

/// A reason in the form that goes over the wire and into the set-aside table.
pub(crate) fn reason(rule: &str, zh: impl Into<String>, en: impl Into<String>) -> Reason {
    Reason { rule: rule.to_owned(), zh: zh.into(), en: en.into() }
}
