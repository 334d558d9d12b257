//! What can go wrong, as decisions of a screen.

use wangge_core::{
    app::AppError,
    model::{self, BadName},
};

use crate::{
    convert,
    records::{Problem, Sentence},
};

/// What went wrong; each case is another thing for a screen to do. Texts are ready to show, Chinese and English.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum WanggeError {
    /// The record is not on this phone.
    #[error("{zh} / {en}")]
    NotFound {
        /// Chinese.
        zh: String,
        /// English.
        en: String,
    },
    /// What was entered cannot be kept so; every problem at once, for the fields of the form.
    #[error("{zh} / {en}")]
    Invalid {
        /// Field by field.
        problems: Vec<Problem>,
        /// All of them in Chinese.
        zh: String,
        /// All of them in English.
        en: String,
    },
    /// The role, the lease or the device does not allow it.
    #[error("{zh} / {en}")]
    NotAllowed {
        /// Chinese.
        zh: String,
        /// English.
        en: String,
    },
    /// No answer, or not from the county's server; later again. Nothing is lost.
    #[error("{zh} / {en}")]
    Network {
        /// Chinese.
        zh: String,
        /// English.
        en: String,
    },
    /// The data are in use: by another program, or by a sync that is still running.
    #[error("{zh} / {en}")]
    Busy {
        /// Chinese.
        zh: String,
        /// English.
        en: String,
    },
    /// Called between closing the files and reopening them.
    #[error("{zh} / {en}")]
    Closed {
        /// Chinese.
        zh: String,
        /// English.
        en: String,
    },
    /// The data are newer than this program.
    #[error("{zh} / {en}")]
    NeedsUpdate {
        /// Chinese.
        zh: String,
        /// English.
        en: String,
    },
    /// The disk, the key or the file.
    #[error("{zh} / {en}")]
    Storage {
        /// Chinese.
        zh: String,
        /// English.
        en: String,
    },
}

#[uniffi::export]
impl WanggeError {
    /// The words of any case.
    pub fn say(&self) -> Sentence {
        let (Self::NotFound { zh, en }
        | Self::Invalid { zh, en, .. }
        | Self::NotAllowed { zh, en }
        | Self::Network { zh, en }
        | Self::Busy { zh, en }
        | Self::Closed { zh, en }
        | Self::NeedsUpdate { zh, en }
        | Self::Storage { zh, en }) = self;
        Sentence { zh: zh.clone(), en: en.clone() }
    }
}

impl WanggeError {
    pub(crate) fn bad_key() -> Self {
        AppError::invalid("key", "length", "数据库密钥须为 32 字节", "the database key must have 32 bytes").into()
    }
    /// Names no more than the kind of name: the text could be anything.
    pub(crate) fn bad_name(zh: &str, error: &BadName) -> Self {
        AppError::invalid("", "name", &format!("{zh}无效"), &format!("not a valid {}", error.what)).into()
    }
}

impl From<AppError> for WanggeError {
    fn from(error: AppError) -> Self {
        let text = error.to_string();
        let (zh, en) = text.split_once(" / ").unwrap_or((&text, &text));
        let (zh, en) = (zh.to_owned(), en.to_owned());
        match error {
            AppError::NotFound => Self::NotFound { zh, en },
            AppError::Invalid { problems } => Self::Invalid {
                zh: join(&problems, "；", |p| &p.zh),
                en: join(&problems, "; ", |p| &p.en),
                problems: convert::all(problems),
            },
            AppError::NotAllowed { zh, en } => Self::NotAllowed { zh, en },
            AppError::Network { zh, en } => Self::Network { zh, en },
            AppError::Busy => Self::Busy { zh, en },
            AppError::Closed => Self::Closed { zh, en },
            AppError::NeedsUpdate => Self::NeedsUpdate { zh, en },
            AppError::Storage { zh, en } => Self::Storage { zh, en },
        }
    }
}

fn join(problems: &[model::Problem], between: &str, text: impl Fn(&model::Problem) -> &String) -> String {
    problems.iter().map(|problem| text(problem).as_str()).collect::<Vec<_>>().join(between)
}

/// A signing key of the platform did not do its work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum KeyError {
    /// The key is gone or locked: the person has to unlock the phone, or register it again.
    #[error("密钥不可用：{reason} / the key is not available: {reason}")]
    Unavailable {
        /// For a log.
        reason: String,
    },
    /// Something that nobody foresaw.
    #[error("密钥出错：{reason} / the key failed: {reason}")]
    Unexpected {
        /// For a log.
        reason: String,
    },
}

impl KeyError {
    pub(crate) fn reason(self) -> String {
        let (Self::Unavailable { reason } | Self::Unexpected { reason }) = self;
        reason
    }
}

impl From<uniffi::UnexpectedUniFFICallbackError> for KeyError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Unexpected { reason: error.reason }
    }
}

impl From<KeyError> for WanggeError {
    fn from(error: KeyError) -> Self {
        let text = error.to_string();
        let (zh, en) = text.split_once(" / ").unwrap_or((&text, &text));
        Self::Storage { zh: zh.to_owned(), en: en.to_owned() }
    }
}

/// A listener did not do its work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum ListenerError {
    /// It threw; the sync is cancelled.
    #[error("{reason}")]
    Failed {
        /// For a log.
        reason: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for ListenerError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed { reason: error.reason }
    }
}
