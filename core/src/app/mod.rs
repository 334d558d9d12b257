//! The facade: one method a use case. It delegates to documents, store, sync and net, and carries out what the sync
//! machine asks for; it decides nothing about records.

mod across;
mod acts;
mod alias;
mod answer;
mod apply;
mod check;
mod command;
mod day;
mod drafts;
mod edit;
mod effects;
mod enrol;
mod env;
mod error;
mod hint;
mod join;
mod look;
mod past;
mod read;
mod rebase;
mod run;
mod types;
mod views;
mod visit;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError},
};

pub use day::{DayCard, DayList, DayTask, TaskKind};
pub use env::{DeviceKey, Env, HttpLink, Link, SoftwareKey, SystemEnv};
pub use error::AppError;
pub use run::{SyncListener, SyncReport};
pub use types::{
    Account, ActView, Answer, AnswerKind, AttentionView, ClaimView, CommandRequest, CommandView, Contact, DraftView,
    EditOutcome, EditRequest, FieldEdit, FieldView, FlowView, HintRequest, HistoryRequest, LeaseState, LikelyView,
    ListItem, ListPage, ListRequest, RecordView, RefusalView, Sentence, StateView, SuggestionView,
};
pub use visit::{CheckRequest, FollowUp, VisitOutcome, VisitRequest};

pub use crate::{
    merge::HistoryLine,
    model::validate::{Problem, Severity},
    net::{Transport, TransportError},
    store::OutboxCounts,
    sync::machine::SyncProgress,
};
use crate::{
    model::{Actor, Kind, KindName, Meta, Millis, RecordId, Schema, Scope},
    store::Store,
};

const ACCOUNT: &str = "account";
const CONTACT: &str = "contact";
const CONTROL: &str = "control";
const SOFTWARE_KEY: &str = "software_key";

/// One person's data on one phone.
pub struct App {
    store: Store,
    env: Arc<dyn Env>,
    link: Arc<dyn Link>,
    key: Arc<dyn DeviceKey>,
    /// The writer of this process run; replaced after any failed commit, never persisted (DESIGN 3).
    actor: Mutex<Actor>,
    /// One sync at a time.
    syncing: Mutex<()>,
    /// The schema in force.
    schema: &'static Schema,
    /// What the store says of this person, read once between the writes that change it.
    known: Mutex<Option<(Account, Contact)>>,
}

/// Everything a use case needs to know before it begins.
struct Session<'a> {
    store: &'a Store,
    schema: &'static Schema,
    env: &'a dyn Env,
    account: Account,
    contact: Contact,
    now: Millis,
}

impl Session<'_> {
    fn person(&self) -> crate::model::flow::Actor<'_> {
        let account = &self.account;
        crate::model::flow::Actor { user: &account.user, role: account.role, scopes: &account.scopes }
    }
    fn eye(&self) -> views::Eye<'_> {
        views::Eye { schema: self.schema, account: &self.account, now: self.now }
    }
    fn kind(&self, name: &KindName) -> Result<&'static Kind, AppError> {
        self.schema.kind(&name.0).ok_or_else(|| AppError::invalid("", "kind", "没有这类记录", "no such kind of record"))
    }
    fn new_record(&self) -> RecordId {
        let mut random = [0; 10];
        self.env.fill(&mut random);
        RecordId::new(self.now, random)
    }
    fn new_ulid(&self) -> String {
        let mut random = [0; 16];
        self.env.fill(&mut random);
        let ms = u64::try_from(self.now.0).unwrap_or(0);
        ulid::Ulid::from_parts(ms, u128::from_be_bytes(random)).to_string()
    }
    /// What every change written now says of itself.
    fn meta(&self) -> Meta {
        Meta { recorded_at: self.now, schema: self.schema.version, lease: self.lease_id(), ..Meta::default() }
    }
    fn lease_state(&self) -> LeaseState {
        edit::lease_state(&self.contact, self.now)
    }
    fn lease_id(&self) -> Option<String> {
        Some(self.contact.lease.id.clone()).filter(|id| !id.is_empty())
    }
}

impl App {
    /// Opens the data of one person, or begins them. The signing key is kept in software, inside the encrypted store.
    pub fn open(dir: &Path, key: &[u8; 32], env: Arc<dyn Env>, link: Arc<dyn Link>) -> Result<Self, AppError> {
        let store = Store::open(dir, key)?;
        let signing = Self::software_key(&store, env.as_ref())?;
        Ok(Self::with(store, env, link, Arc::new(signing)))
    }

    /// The same with a signing key of the platform.
    pub fn open_with_key(
        dir: &Path,
        key: &[u8; 32],
        env: Arc<dyn Env>,
        link: Arc<dyn Link>,
        signing: Arc<dyn DeviceKey>,
    ) -> Result<Self, AppError> {
        Ok(Self::with(Store::open(dir, key)?, env, link, signing))
    }

    fn with(store: Store, env: Arc<dyn Env>, link: Arc<dyn Link>, key: Arc<dyn DeviceKey>) -> Self {
        let actor = Mutex::new(fresh_actor(env.as_ref()));
        Self {
            store,
            env,
            link,
            key,
            actor,
            schema: Schema::built_in(),
            syncing: Mutex::new(()),
            known: Mutex::new(None),
        }
    }

    /// Works under another schema than the one that ships with this build.
    #[must_use]
    pub fn with_schema(mut self, schema: &'static Schema) -> Self {
        self.schema = schema;
        self
    }

    /// The schema in force.
    pub fn schema(&self) -> &'static Schema {
        self.schema
    }

    fn software_key(store: &Store, env: &dyn Env) -> Result<SoftwareKey, AppError> {
        if let Some(bytes) = store.read(|reader| reader.meta(SOFTWARE_KEY))? {
            return SoftwareKey::from_bytes(&bytes)
                .ok_or_else(|| AppError::storage(&"签名密钥损坏 / signing key damaged"));
        }
        let key = SoftwareKey::generate(&mut |bytes| env.fill(bytes));
        store.write(|writer| writer.set_meta(SOFTWARE_KEY, &key.to_bytes()))?;
        Ok(key)
    }

    /// Closes files and locks; every other call then answers [`AppError::Closed`].
    pub fn close(&self) -> Result<(), AppError> {
        self.forget();
        Ok(self.store.close()?)
    }

    /// Opens them again.
    pub fn reopen(&self) -> Result<(), AppError> {
        self.forget();
        Ok(self.store.reopen()?)
    }

    /// Whose phone this is; none before enrolment.
    pub fn account(&self) -> Result<Option<Account>, AppError> {
        self.read_json(ACCOUNT)
    }

    /// What the last contact said; none before enrolment.
    pub fn contact(&self) -> Result<Option<Contact>, AppError> {
        self.read_json(CONTACT)
    }

    /// How the lease stands.
    pub fn lease(&self) -> Result<LeaseState, AppError> {
        Ok(self.session()?.lease_state())
    }

    /// Registers this phone with the code of an invitation.
    pub fn enrol(&self, code: &str, device_name: &str) -> Result<Account, AppError> {
        let account = enrol::enrol(self, code, device_name);
        self.forget();
        account
    }

    /// Writes one form: durable when this returns.
    pub fn edit(&self, request: &EditRequest) -> Result<EditOutcome, AppError> {
        self.writing(|session, actor| edit::edit(session, actor, request))
    }

    /// Keeps a form that is not to be handed in yet, right or wrong: under the name of an earlier one, or a new one. Says
    /// what is wrong with it.
    pub fn keep_draft(&self, id: Option<&str>, request: &EditRequest) -> Result<DraftView, AppError> {
        drafts::keep(&self.session()?, id, request)
    }

    /// Every kept form, the newest first.
    pub fn drafts(&self) -> Result<Vec<DraftView>, AppError> {
        drafts::list(&self.session()?)
    }

    /// Forgets a kept form.
    pub fn discard_draft(&self, id: &str) -> Result<(), AppError> {
        drafts::discard(&self.session()?, id)
    }

    /// Hands a kept form in, like [`App::edit`]; it stays kept where anything is wrong with it.
    pub fn submit_draft(&self, id: &str) -> Result<EditOutcome, AppError> {
        self.writing(|session, actor| drafts::submit(session, actor, id))
    }

    /// One writing at a time; after a failure its actor is never used again.
    fn writing<T>(&self, work: impl FnOnce(&Session<'_>, Actor) -> Result<T, AppError>) -> Result<T, AppError> {
        let session = self.session()?;
        let mut actor = lock(&self.actor);
        let outcome = work(&session, *actor);
        if outcome.is_err() {
            *actor = fresh_actor(self.env.as_ref());
        }
        outcome
    }

    /// What this person may do to a record now, beyond its fields.
    pub fn commands(&self, record: RecordId) -> Result<Vec<CommandView>, AppError> {
        command::commands(&self.session()?, record)
    }

    /// Wants something done that the county answers: durable when this returns. Refused with the rule `online_only` where
    /// it cannot wait for the next contact.
    pub fn command(&self, request: &CommandRequest) -> Result<EditOutcome, AppError> {
        let session = self.session()?;
        let mut actor = lock(&self.actor);
        let outcome = command::command(&session, *actor, request);
        if outcome.is_err() {
            *actor = fresh_actor(self.env.as_ref());
        }
        outcome
    }

    /// One record.
    pub fn get(&self, record: RecordId) -> Result<RecordView, AppError> {
        read::get(&self.session()?, record)
    }

    /// One page of a list.
    pub fn list(&self, request: &ListRequest) -> Result<ListPage, AppError> {
        read::list(&self.session()?, request)
    }

    /// How many records of each kind are here.
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the method's lifetime is fixed, the closure's is not"
    )]
    pub fn counts(&self) -> Result<std::collections::BTreeMap<KindName, u64>, AppError> {
        Ok(self.store.read(|reader| reader.counts())?)
    }

    /// Who said what about a record, or one field of it, oldest first.
    pub fn history(&self, record: RecordId, field: Option<&str>) -> Result<Vec<HistoryLine>, AppError> {
        self.history_of(&HistoryRequest { field: field.map(str::to_owned), ..HistoryRequest::all(record) })
    }

    /// The same as seen or as known at an earlier time, or only the newest lines of it.
    pub fn history_of(&self, request: &HistoryRequest) -> Result<Vec<HistoryLine>, AppError> {
        past::history(&self.session()?, request)
    }

    /// How a record stood at an earlier time: what had been observed by then, what the county knew by then, or both.
    pub fn as_of(&self, request: &HistoryRequest) -> Result<RecordView, AppError> {
        past::as_of(&self.session()?, request)
    }

    /// What became of a record, newest first, in at most a dozen sentences.
    pub fn summary(&self, record: RecordId) -> Result<Vec<Sentence>, AppError> {
        past::summary(&self.session()?, &record)
    }

    /// What waits for a person: fields with several values, and what rules over several records ask. Lists count the
    /// former alone (`contested`).
    pub fn attention(&self) -> Result<Vec<AttentionView>, AppError> {
        read::attention(&self.session()?)
    }

    /// How many items wait for a person.
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the method's lifetime is fixed, the closure's is not"
    )]
    pub fn attention_count(&self) -> Result<u64, AppError> {
        Ok(self.store.read(|reader| reader.attention_count())?)
    }

    /// One item with its statements, and what can be answered to it.
    pub fn attention_item(&self, item: &str) -> Result<AttentionView, AppError> {
        read::attention_item(&self.session()?, item)
    }

    /// Answers an item. What was written can be taken back for 24 hours.
    pub fn answer(&self, item: &str, answer: &Answer) -> Result<ActView, AppError> {
        self.writing(|session, actor| answer::answer(session, actor, item, answer))
    }

    /// Records of this phone that what is being typed may already be, surest first. For a resident the door may be given
    /// as a value for `dwelling`, though it is no field of residents. Without a scope the worker's first grid counts.
    pub fn likely(
        &self,
        kind: &KindName,
        edits: &[FieldEdit],
        scope: Option<&Scope>,
    ) -> Result<Vec<LikelyView>, AppError> {
        across::likely(&self.session()?, kind, edits, scope)
    }

    /// What was done here in the last 24 hours and can be taken back, the newest first.
    pub fn acts(&self) -> Result<Vec<ActView>, AppError> {
        acts::list(&self.session()?)
    }

    /// Takes an act back within 24 hours: what it wrote counts for nothing, for everybody.
    pub fn undo(&self, act: &str) -> Result<ActView, AppError> {
        self.writing(|session, actor| acts::undo(session, actor, act))
    }

    /// Records a visit with everything that came of it, in one go.
    pub fn visit(&self, request: &VisitRequest) -> Result<VisitOutcome, AppError> {
        self.writing(|session, actor| visit::visit(session, actor, request))
    }

    /// Asks the county to make a record an alias of another one that is the same: both are read as one from then on.
    pub fn merge(&self, from: RecordId, into: RecordId) -> Result<ActView, AppError> {
        self.writing(|session, actor| join::merge(session, actor, from, into))
    }

    /// Asks the county to let a record stand for itself again: each then has what was written under its own name.
    pub fn unmerge(&self, record: RecordId) -> Result<EditOutcome, AppError> {
        self.writing(|session, actor| join::unmerge(session, actor, record))
    }

    /// Leaves a value for those who may read a file that the owner of this phone may not.
    pub fn hint(&self, request: &HintRequest) -> Result<ActView, AppError> {
        self.writing(|session, actor| hint::hint(session, actor, request))
    }

    /// What is to be done on a day (`2026-03-08`), today where none is named: one card for each home and place.
    pub fn day_list(&self, day: Option<&str>) -> Result<DayList, AppError> {
        day::day_list(&self.session()?, day)
    }

    /// How many own changes wait, were put aside, refused.
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the method's lifetime is fixed, the closure's is not"
    )]
    pub fn outbox(&self) -> Result<OutboxCounts, AppError> {
        Ok(self.store.read(|reader| reader.outbox_counts())?)
    }

    /// Own changes that the county did not take, or not yet.
    pub fn refusals(&self) -> Result<Vec<RefusalView>, AppError> {
        read::refusals(&self.session()?)
    }

    /// Where this phone is in each bucket's log.
    pub fn cursors(&self) -> Result<Vec<crate::sync::wire::Cursor>, AppError> {
        run::cursors(&self.store)
    }

    /// Every change held here, by document: what a check compares with the server.
    pub fn held(&self) -> Result<Vec<(crate::model::DocId, crate::model::ChangeHash)>, AppError> {
        read::held(&self.store)
    }

    /// Hands over what waits and fetches what is new. The listener may cancel; what was done stays done.
    pub fn sync(&self, listener: &dyn SyncListener) -> Result<SyncReport, AppError> {
        let _one = match self.syncing.try_lock() {
            Ok(one) => one,
            Err(TryLockError::Poisoned(one)) => one.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(AppError::Busy),
        };
        run::sync(self, &self.session()?, listener)
    }

    fn session(&self) -> Result<Session<'_>, AppError> {
        let mut known = lock(&self.known);
        let first = known.is_none();
        if first {
            *known = self.account()?.zip(self.contact()?);
        }
        let Some((account, contact)) = known.clone() else {
            return Err(AppError::not_allowed("这台手机还没有注册", "this phone is not enrolled yet"));
        };
        let now = self.env.now();
        let session =
            Session { store: &self.store, schema: self.schema, env: self.env.as_ref(), account, contact, now };
        if first && let Err(error) = across::renew(&session) {
            *known = None;
            return Err(error);
        }
        Ok(session)
    }

    /// To be called after whatever may have changed the account or the contact in the store.
    fn forget(&self) {
        *lock(&self.known) = None;
    }

    fn read_json<T: serde::de::DeserializeOwned>(&self, key: &str) -> Result<Option<T>, AppError> {
        let bytes = self.store.read(|reader| reader.meta(key))?;
        bytes.map(|bytes| serde_json::from_slice(&bytes).map_err(|e| AppError::storage(&e))).transpose()
    }
}

fn to_json(value: &impl serde::Serialize) -> Result<Vec<u8>, AppError> {
    serde_json::to_vec(value).map_err(|e| AppError::storage(&e))
}

fn fresh_actor(env: &dyn Env) -> Actor {
    let mut bytes = [0; 16];
    env.fill(&mut bytes);
    Actor(bytes)
}

/// A panic elsewhere leaves nothing half-done behind these locks, so a poisoned one is taken as it is.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
