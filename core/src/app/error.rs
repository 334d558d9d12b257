//! What can go wrong, as decisions of a screen: at most eight.

use crate::{
    doc::DocError,
    model::validate::Problem,
    net::TransportError,
    store::StoreError,
    sync::{code::CodeError, frame::FrameError, wire::Reason},
};

/// An error that a screen can act on; every text is Chinese first, English beside.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AppError {
    /// The record is not on this phone.
    #[error("本机没有这条记录 / no such record on this device")]
    NotFound,
    /// What was entered cannot be kept so; every problem at once.
    #[error("{}", problems.iter().map(|p| format!("{} / {}", p.zh, p.en)).collect::<Vec<_>>().join("; "))]
    Invalid {
        /// Field by field.
        problems: Vec<Problem>,
    },
    /// The role, the lease or the device does not allow it.
    #[error("{zh} / {en}")]
    NotAllowed {
        /// Chinese.
        zh: String,
        /// English.
        en: String,
    },
    /// No answer, or not from our server; later again. Nothing is lost.
    #[error("{zh} / {en}")]
    Network {
        /// Chinese.
        zh: String,
        /// English.
        en: String,
    },
    /// Another program holds the data directory.
    #[error("数据目录正被另一个程序使用 / the data directory is in use by another program")]
    Busy,
    /// Called between `close` and `reopen`.
    #[error("资料库已关闭 / the store is closed")]
    Closed,
    /// The data are newer than this program.
    #[error("资料由更新的版本写成，请升级应用 / the data were written by a newer version, please update")]
    NeedsUpdate,
    /// The disk, the key or the file.
    #[error("{zh} / {en}")]
    Storage {
        /// Chinese.
        zh: String,
        /// English.
        en: String,
    },
}

impl AppError {
    /// A refusal with its sentence.
    pub fn not_allowed(zh: &str, en: &str) -> Self {
        Self::NotAllowed { zh: zh.to_owned(), en: en.to_owned() }
    }
    /// One problem of one field.
    pub fn invalid(field: &str, rule: &str, zh: &str, en: &str) -> Self {
        Self::Invalid { problems: vec![Problem::block(field, rule, zh, en)] }
    }
    pub(crate) fn network(zh: &str, en: &str) -> Self {
        Self::Network { zh: zh.to_owned(), en: en.to_owned() }
    }
    pub(crate) fn refused(reason: &Reason) -> Self {
        Self::NotAllowed { zh: reason.zh.clone(), en: reason.en.clone() }
    }
    pub(crate) fn storage(error: &impl ToString) -> Self {
        let text = error.to_string();
        let (zh, en) = text.split_once(" / ").unwrap_or((&text, &text));
        Self::Storage { zh: zh.to_owned(), en: en.to_owned() }
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Closed => Self::Closed,
            StoreError::InUse => Self::Busy,
            StoreError::Newer { .. } => Self::NeedsUpdate,
            other => Self::storage(&other),
        }
    }
}

impl From<DocError> for AppError {
    fn from(error: DocError) -> Self {
        Self::storage(&error)
    }
}

impl From<CodeError> for AppError {
    fn from(error: CodeError) -> Self {
        let text = error.to_string();
        let (zh, en) = text.split_once(" / ").unwrap_or((&text, &text));
        Self::invalid("code", "enrolment_code", zh, en)
    }
}

impl From<TransportError> for AppError {
    fn from(error: TransportError) -> Self {
        let text = error.to_string();
        let (zh, en) = text.split_once(" / ").unwrap_or((&text, &text));
        Self::network(zh, en)
    }
}

impl From<FrameError> for AppError {
    fn from(error: FrameError) -> Self {
        let text = error.to_string();
        let (zh, en) = text.split_once(" / ").unwrap_or((&text, &text));
        Self::network(zh, en)
    }
}
