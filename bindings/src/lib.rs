//! The core for other languages: one object, plain records, typed errors. Glue only; what a record means is decided in
//! the core.
//!
//! Every call is synchronous and runs on the caller's thread; listeners are called on that thread too, with no lock of the
//! store held, so that they may call back.

mod calls;
mod convert;
mod errors;
mod forms;
mod ids;
mod listener;
mod records;
mod work;

use std::{collections::HashMap, path::Path, sync::Arc};

use wangge_core::app::{App, HttpLink, SystemEnv};
use zeroize::Zeroizing;

pub use errors::{KeyError, ListenerError, WanggeError};
pub use forms::{CodeForm, FieldForm, FieldType, KindForm, Rule};
pub use ids::{ChangeId, ClaimId, DeviceId, KindName, Millis, RecordId, Scope, UserId};
pub use listener::{DeviceKey, SyncAnswer, SyncListener, SyncProgress};
pub use records::{
    Account, AttentionItem, Audience, Claim, Contact, EditOutcome, EditRequest, FieldEdit, FieldView, HistoryLine,
    LeaseState, ListItem, ListPage, ListRequest, Member, OutboxCounts, Problem, RecordView, Refusal, Role, Sentence,
    Severity, Source, Suggestion, SyncReport, Value,
};

pub use work::{
    Act, Answer, AnswerKind, ArgType, Argument, CheckRequest, CommandRequest, CommandView, DayCard, DayList, DayTask,
    FlowView, FollowUp, FormCommand, HintRequest, HistoryRequest, Likely, Offline, TaskKind, VisitOutcome,
    VisitRequest,
};

#[cfg(not(panic = "unwind"))]
compile_error!("a panic must become an error at the bridge: build with panic = \"unwind\"");

uniffi::setup_scaffolding!();

/// One person's data on one phone.
///
/// Calls may come from any thread; each one runs on the thread that makes it, and waits for the disk or the network there.
#[derive(uniffi::Object)]
pub struct Wangge {
    app: App,
}

#[uniffi::export]
impl Wangge {
    /// Opens the data in `dir`, or begins them there. `key` is the 32 bytes that encrypt the database; keep it in the key
    /// store of the platform. The key that signs for this phone is made here and kept inside the database.
    #[uniffi::constructor]
    pub fn open(dir: String, key: Vec<u8>) -> Result<Arc<Self>, WanggeError> {
        let key = database_key(key)?;
        let app = App::open(Path::new(&dir), &key, Arc::new(SystemEnv), Arc::new(HttpLink))?;
        Ok(Arc::new(Self { app }))
    }

    /// The same with a signing key that the platform keeps.
    #[uniffi::constructor]
    pub fn open_with_key(dir: String, key: Vec<u8>, signing: Arc<dyn DeviceKey>) -> Result<Arc<Self>, WanggeError> {
        let key = database_key(key)?;
        let signing = Arc::new(listener::ForeignKey::new(signing)?);
        let app = App::open_with_key(Path::new(&dir), &key, Arc::new(SystemEnv), Arc::new(HttpLink), signing)?;
        Ok(Arc::new(Self { app }))
    }

    /// Closes files and locks, for example before the system puts the app to sleep. Until `reopen` every other call
    /// answers `Closed`.
    pub fn close_files(&self) -> Result<(), WanggeError> {
        Ok(self.app.close()?)
    }

    /// Opens them again.
    pub fn reopen(&self) -> Result<(), WanggeError> {
        Ok(self.app.reopen()?)
    }

    /// Whose phone this is; none before enrolment.
    pub fn account(&self) -> Result<Option<Account>, WanggeError> {
        Ok(self.app.account()?.map(Into::into))
    }

    /// What the last contact with the county said; none before enrolment.
    pub fn contact(&self) -> Result<Option<Contact>, WanggeError> {
        Ok(self.app.contact()?.map(Into::into))
    }

    /// How the permission to hold and write stands.
    pub fn lease(&self) -> Result<LeaseState, WanggeError> {
        Ok(self.app.lease()?.into())
    }

    /// Registers this phone with the code of an invitation: scanned, or typed with or without groups.
    pub fn enrol(&self, code: &str, device_name: &str) -> Result<Account, WanggeError> {
        Ok(self.app.enrol(code, device_name)?.into())
    }

    /// Writes one form. It is on the disk when this returns, whether or not there is a network.
    pub fn edit(&self, request: EditRequest) -> Result<EditOutcome, WanggeError> {
        Ok(self.app.edit(&request.into())?.into())
    }

    /// One record with all fields that this phone may see.
    pub fn get(&self, record: RecordId) -> Result<RecordView, WanggeError> {
        Ok(self.app.get(record.0)?.into())
    }

    /// One page of a list.
    pub fn list(&self, request: ListRequest) -> Result<ListPage, WanggeError> {
        Ok(self.app.list(&request.into())?.into())
    }

    /// How many records of each kind are on this phone.
    pub fn counts(&self) -> Result<HashMap<KindName, u64>, WanggeError> {
        Ok(self.app.counts()?.into_iter().map(|(kind, count)| (KindName(kind), count)).collect())
    }

    /// Who said what about a record, or about one field of it, oldest first.
    #[uniffi::method(default(field = None))]
    pub fn history(&self, record: RecordId, field: Option<String>) -> Result<Vec<HistoryLine>, WanggeError> {
        Ok(convert::all(self.app.history(record.0, field.as_deref())?))
    }

    /// What waits for a person to settle it.
    pub fn attention(&self) -> Result<Vec<AttentionItem>, WanggeError> {
        Ok(convert::all(self.app.attention()?))
    }

    /// How many own changes wait, were put aside, were refused.
    pub fn outbox(&self) -> Result<OutboxCounts, WanggeError> {
        Ok(self.app.outbox()?.into())
    }

    /// Own changes that the county did not take, or not yet, each with the reason.
    pub fn refusals(&self) -> Result<Vec<Refusal>, WanggeError> {
        Ok(convert::all(self.app.refusals()?))
    }

    /// Hands over what waits and fetches what is new. What was done before a cancellation or a broken line stays done;
    /// `fault` of the report then says why the rest waits for the next time.
    pub fn sync(&self, listener: Arc<dyn SyncListener>) -> Result<SyncReport, WanggeError> {
        let listener = listener::Hearing::new(listener);
        let report = self.app.sync(&listener)?;
        Ok(SyncReport::new(report, listener.failure()))
    }

    /// The forms of every kind of record, for the person whose phone this is.
    pub fn kinds(&self) -> Result<Vec<KindForm>, WanggeError> {
        Ok(forms::kinds(self.app.schema(), self.app.account()?.map(|account| account.role)))
    }

    /// The form of one kind; none where there is no such kind.
    pub fn kind(&self, name: KindName) -> Result<Option<KindForm>, WanggeError> {
        Ok(forms::kind(self.app.schema(), &name, self.app.account()?.map(|account| account.role)))
    }
}

fn database_key(bytes: Vec<u8>) -> Result<Zeroizing<[u8; 32]>, WanggeError> {
    let bytes = Zeroizing::new(bytes);
    <[u8; 32]>::try_from(bytes.as_slice()).map(Zeroizing::new).map_err(|_| WanggeError::bad_key())
}
