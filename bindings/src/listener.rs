//! What the other language implements: who hears how far a sync has come, and the platform's signing key.
//!
//! A listener answers with a word, never with a bare yes or no: where the other side fails in a way that the bridge does not
//! understand, a missing answer must not look like one.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
};

use wangge_core::app;

use crate::errors::{KeyError, ListenerError, WanggeError};

/// How far a sync has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct SyncProgress {
    /// Requests answered.
    pub rounds: u32,
    /// Own changes that the county has on its disk through this sync.
    pub sent: u64,
    /// Entries received.
    pub received: u64,
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum SyncAnswer {
    /// Go on.
    Continue,
    /// Stop before the next request; what was done stays done.
    Cancel,
}

/// Hears how far a sync has come, once a round, on the thread that called `sync`. It may call any method of the object but
/// `sync`. If it throws, the sync is cancelled and the report says so.
#[uniffi::export(with_foreign)]
pub trait SyncListener: Send + Sync {
    /// A round is over.
    fn progress(&self, progress: SyncProgress) -> Result<SyncAnswer, ListenerError>;
}

/// The P-256 key with which this phone signs, in the key store of the platform.
#[uniffi::export(with_foreign)]
pub trait DeviceKey: Send + Sync {
    /// The public key, SEC1 compressed: 33 bytes. Asked once, when the data are opened.
    fn public_key(&self) -> Result<Vec<u8>, KeyError>;
    /// ECDSA over the SHA-256 of the bytes: 64 bytes, r and s.
    fn sign(&self, bytes: Vec<u8>) -> Result<Vec<u8>, KeyError>;
}

/// Passes progress on; a listener that fails cancels.
pub struct Hearing {
    listener: Arc<dyn SyncListener>,
    failure: Mutex<Option<String>>,
}

impl Hearing {
    pub fn new(listener: Arc<dyn SyncListener>) -> Self {
        Self { listener, failure: Mutex::new(None) }
    }
    /// Why the listener failed, if it did.
    pub fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl app::SyncListener for Hearing {
    fn progress(&self, progress: &app::SyncProgress) -> bool {
        let answer = guarded(|| self.listener.progress((*progress).into()), |reason| ListenerError::Failed { reason });
        match answer {
            Ok(answer) => answer == SyncAnswer::Continue,
            Err(error) => {
                *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
                false
            }
        }
    }
}

/// A signing key of the platform, with its public half read once.
pub struct ForeignKey {
    key: Arc<dyn DeviceKey>,
    public: Vec<u8>,
}

impl ForeignKey {
    pub fn new(key: Arc<dyn DeviceKey>) -> Result<Self, WanggeError> {
        let public = guarded(|| key.public_key(), |reason| KeyError::Unexpected { reason })?;
        Ok(Self { key, public })
    }
}

impl app::DeviceKey for ForeignKey {
    fn public(&self) -> Vec<u8> {
        self.public.clone()
    }
    fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let signed = guarded(|| self.key.sign(bytes.to_vec()), |reason| KeyError::Unexpected { reason });
        signed.map_err(KeyError::reason)
    }
}

/// Runs code of the other side: what it throws beyond its own errors reaches us as a panic, and must not unwind through a
/// sync that holds its place.
fn guarded<T, E>(call: impl FnOnce() -> Result<T, E>, unexpected: impl FnOnce(String) -> E) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| Err(unexpected(words(panic.as_ref()))))
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("panic").to_owned()
}

#[cfg(test)]
mod tests {
    use app::{DeviceKey as _, SyncListener as _};

    use super::*;

    enum Mood {
        Goes(SyncAnswer),
        Fails,
        Panics,
    }
    impl SyncListener for Mood {
        fn progress(&self, _: SyncProgress) -> Result<SyncAnswer, ListenerError> {
            match self {
                Self::Goes(answer) => Ok(*answer),
                Self::Fails => Err(uniffi::UnexpectedUniFFICallbackError::new("out of memory").into()),
                Self::Panics => panic!("no such screen"),
            }
        }
    }

    fn heard(mood: Mood) -> (bool, Option<String>) {
        let hearing = Hearing::new(Arc::new(mood));
        (hearing.progress(&app::SyncProgress::default()), hearing.failure())
    }

    #[test]
    fn only_a_clear_continue_goes_on() {
        assert_eq!(heard(Mood::Goes(SyncAnswer::Continue)), (true, None));
        assert_eq!(heard(Mood::Goes(SyncAnswer::Cancel)), (false, None));
        assert_eq!(heard(Mood::Fails), (false, Some("out of memory".into())));
        assert_eq!(heard(Mood::Panics), (false, Some("no such screen".into())));
    }

    struct Key(Option<KeyError>);
    impl DeviceKey for Key {
        fn public_key(&self) -> Result<Vec<u8>, KeyError> {
            Ok(vec![2; 33])
        }
        fn sign(&self, _: Vec<u8>) -> Result<Vec<u8>, KeyError> {
            Err(self.0.clone().unwrap_or_else(|| panic!("the key store fell over")))
        }
    }

    #[test]
    fn a_key_that_fails_says_so() {
        let sign = |key| ForeignKey::new(Arc::new(key)).map(|key| key.sign(b"bytes"));
        let locked = KeyError::Unavailable { reason: "locked".into() };
        assert_eq!(sign(Key(Some(locked))), Ok(Err("locked".into())));
        assert_eq!(sign(Key(None)), Ok(Err("the key store fell over".into())));
    }
}
