//! Plain records that cross the bridge: the facade's own, with typed names and without what no screen needs.

use std::collections::HashMap;

use wangge_core::app;

use crate::{
    errors::WanggeError,
    ids::{ChangeId, ClaimId, DeviceId, KindName, Millis, RecordId, Scope, UserId},
    work::{AnswerKind, FlowView, FormCommand},
};

/// A sentence in both languages.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Sentence {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// A role of the county.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Role {
    /// Full-time grid worker 专职网格员.
    GW,
    /// Part-time grid worker 兼职网格员.
    PG,
    /// Grid head 网格长.
    GL,
    /// Grid guide 网格指导员.
    GD,
    /// Town centre 镇街中心.
    TC,
    /// County centre 县网格中心.
    CC,
    /// Department handler 部门.
    DP,
    /// Mediator 调解员.
    MD,
    /// Child officer 儿童主任.
    CM,
    /// Resident 居民.
    RS,
    /// System administrator 系统管理员.
    AD,
    /// Security administrator 安全管理员.
    SA,
    /// Auditor 审计员.
    AU,
}

/// On what evidence something was seen; later ones outrank earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Source {
    /// Somebody else said so 他人述.
    Other,
    /// The person concerned said so, or the worker saw it 本人述.
    SelfSaid,
    /// A document was shown 见证件.
    DocumentSeen,
    /// An official register 部门库.
    Registry,
}

/// Who receives a part of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Audience {
    /// Buildings, doors, places, hazards, without names.
    Open,
    /// Names, ID numbers, telephones, residence.
    Personal,
    /// Care, disability, hardship, consent.
    Care,
    /// Child files and guardians.
    Child,
    /// Parties, sessions and agreements of a dispute.
    Dispute,
    /// Who reported and asked to stay unnamed.
    Reporter,
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Value {
    /// Nothing, or cleared.
    Null,
    /// Yes or no.
    Bool {
        /// Which.
        value: bool,
    },
    /// A count, 1e-7 degree, milliseconds.
    Int {
        /// The number.
        value: i64,
    },
    /// Text, a code, a date `2026-03-08`, the id of another record.
    Text {
        /// The text.
        value: String,
    },
    /// Bytes; no field of a form holds them.
    Bytes {
        /// The bytes.
        value: Vec<u8>,
    },
}

/// Whose phone this is.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Account {
    /// The phone's registration.
    pub device: DeviceId,
    /// The person.
    pub user: UserId,
    /// The person's name on screens.
    pub user_name: String,
    /// Role.
    pub role: Role,
    /// Grids.
    pub scopes: Vec<Scope>,
    /// Name of the county.
    pub county: String,
    /// Address of the server.
    pub url: String,
}

/// What changes from sync to sync.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Contact {
    /// Server time of the last reply.
    pub server_time: Millis,
    /// This phone's clock at that reply.
    pub device_time: Millis,
    /// From when on the phone warns.
    pub warn_at: Millis,
    /// From when on the phone locks.
    pub lock_at: Millis,
    /// Counts the server's lives: one more after each restore.
    pub epoch: u64,
    /// Epoch up to which everything is backed up.
    pub backed_up_epoch: u64,
    /// Commit of that epoch up to which everything is backed up.
    pub backed_up_commit: u64,
}

/// How the permission to hold and write stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum LeaseState {
    /// Fine.
    Good,
    /// No contact for long: ask to sync.
    Warn,
    /// Locked until the next contact; unsent work can still be handed over.
    Locked,
}

/// One edited field.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum FieldEdit {
    /// A value; `Null` clears.
    Put {
        /// Field.
        field: String,
        /// Value.
        value: Value,
    },
    /// A member joins a set.
    Add {
        /// Field.
        field: String,
        /// The member.
        text: String,
        /// Since which day, `2026-03-08`; none where it is not known.
        date: Option<String>,
    },
    /// A member leaves a set; dated, not erased.
    End {
        /// Field.
        field: String,
        /// The member.
        text: String,
        /// On which day, `2026-03-08`; none where it is not known.
        date: Option<String>,
    },
    /// An entry of a log.
    Append {
        /// Field.
        field: String,
        /// Text of the entry.
        text: String,
    },
}

/// One form: one observation of one record. A form with two sources is two requests.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct EditRequest {
    /// Kind of the record.
    pub kind: KindName,
    /// On what evidence.
    pub source: Source,
    /// The record; none makes a new one.
    #[uniffi(default = None)]
    pub record: Option<RecordId>,
    /// Grid of a new record; the worker's first one where absent.
    #[uniffi(default = None)]
    pub scope: Option<Scope>,
    /// When it was seen; now where absent.
    #[uniffi(default = None)]
    pub observed_at: Option<Millis>,
    /// New values.
    #[uniffi(default = [])]
    pub edits: Vec<FieldEdit>,
    /// Fields seen unchanged; `*` is all.
    #[uniffi(default = [])]
    pub confirm: Vec<String>,
    /// Statements that this edit decides between: those that lose, or `*` for all about the edited fields.
    #[uniffi(default = [])]
    pub decide: Vec<ClaimId>,
    /// The visit on which it was seen.
    #[uniffi(default = None)]
    pub visit: Option<RecordId>,
    /// Ties several requests of one form together.
    #[uniffi(default = None)]
    pub submission: Option<String>,
    /// Commands that go with the form: an event is made and reported at once.
    #[uniffi(default = [])]
    pub commands: Vec<FormCommand>,
}

/// What an edit made.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct EditOutcome {
    /// The record.
    pub record: RecordId,
    /// Changes written, one for each audience.
    pub changes: Vec<ChangeId>,
    /// What was kept, but marked.
    pub warnings: Vec<Problem>,
}

/// Whether a problem only marks a value or keeps it from being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Severity {
    /// The value is kept and marked.
    Warn,
    /// The value is not written.
    Block,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Problem {
    /// Key of the field.
    pub field: String,
    /// Name of the rule, for programs.
    pub rule: String,
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
    /// Kept and marked, or not written.
    pub severity: Severity,
}

/// One statement about a field, with its author and evidence.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Claim {
    /// How a decision names it.
    pub id: ClaimId,
    /// What it says.
    pub value: Value,
    /// The same as a screen shows it.
    pub shown: String,
    /// Who says it.
    pub author: UserId,
    /// In which role.
    pub role: Role,
    /// On what evidence.
    pub source: Source,
    /// When it was seen.
    pub at: Millis,
    /// The clock of its phone was not credible.
    pub doubtful: bool,
    /// When the county took it; none while it waits.
    pub accepted_at: Option<Millis>,
    /// A confirmation rather than a new value.
    pub confirms: bool,
}

/// A member of a set field.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Member {
    /// The member: a telephone, a code.
    pub text: String,
    /// Present, or ended.
    pub present: bool,
    /// Day of that, where known.
    pub date: Option<String>,
}

/// A field of a record as a screen needs it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct FieldView {
    /// Key.
    pub field: String,
    /// Chinese label.
    pub zh: String,
    /// English label.
    pub en: String,
    /// Who receives it.
    pub audience: Audience,
    /// Value in force.
    pub value: Value,
    /// The same in Chinese words.
    pub shown: String,
    /// The same in English words.
    pub shown_en: String,
    /// A person has to decide.
    pub contested: bool,
    /// Shown only until then: there is no older value.
    pub provisional: bool,
    /// Members of a set, ended ones included.
    pub members: Vec<Member>,
    /// Entries of a log in order.
    pub log: Vec<String>,
    /// Statements in force or beside it, strongest first.
    pub claims: Vec<Claim>,
}

/// A record as a screen needs it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct RecordView {
    /// The record.
    pub record: RecordId,
    /// Other records that are the same, by a person's decision.
    pub aliases: Vec<RecordId>,
    /// Kind.
    pub kind: KindName,
    /// Grid.
    pub scope: Scope,
    /// Its name in a list.
    pub title: String,
    /// Fields that this phone may see, in the order of the form.
    pub fields: Vec<FieldView>,
    /// How far it has come, where commands move it.
    pub flow: Option<FlowView>,
    /// What waits for a person.
    pub attention: Vec<AttentionItem>,
    /// What the authors of statements that lost should know.
    pub told: Vec<Sentence>,
    /// Drafts that suggest themselves, for example a hazard.
    pub suggestions: Vec<Suggestion>,
    /// Own changes not yet with the county.
    pub pending: u32,
    /// Own changes refused or put aside.
    pub refused: u32,
}

/// Something that only a person can settle 待确认.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct AttentionItem {
    /// Equal on every phone and on the server.
    pub id: String,
    /// Which rule asks.
    pub rule: String,
    /// Record.
    pub record: RecordId,
    /// Kind.
    pub kind: KindName,
    /// The record's name in a list.
    pub title: String,
    /// Field.
    pub field: String,
    /// Value in force meanwhile.
    pub in_force: Value,
    /// The same as a screen shows it.
    pub in_force_shown: String,
    /// The statements between which to choose.
    pub claims: Vec<Claim>,
    /// The question.
    pub say: Sentence,
    /// Other records that it is about.
    pub others: Vec<RecordId>,
    /// What can be answered here and now.
    pub answers: Vec<AnswerKind>,
    /// Whether the owner of this phone may settle it.
    pub may_decide: bool,
    /// Who settles it, where the owner of this phone may not.
    pub who: Option<Sentence>,
}

/// A draft that suggests itself.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Suggestion {
    /// The field that suggests it.
    pub field: String,
    /// Category of the hazard.
    pub category: String,
    /// What to say.
    pub say: Sentence,
}

/// Which records to list; without anything, the first hundred of all.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ListRequest {
    /// Of one kind.
    #[uniffi(default = None)]
    pub kind: Option<KindName>,
    /// Of one grid.
    #[uniffi(default = None)]
    pub scope: Option<Scope>,
    /// Whose name holds this text.
    #[uniffi(default = None)]
    pub text: Option<String>,
    /// Only what waits for a person.
    #[uniffi(default = false)]
    pub contested_only: bool,
    /// `next` of the page before.
    #[uniffi(default = None)]
    pub after: Option<String>,
    /// At most so many; 0 is a hundred.
    #[uniffi(default = 0)]
    pub limit: u32,
}

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ListItem {
    /// Record.
    pub record: RecordId,
    /// Kind.
    pub kind: KindName,
    /// Grid.
    pub scope: Scope,
    /// Name.
    pub title: String,
    /// Fields that wait for a person.
    pub contested: u32,
    /// Own changes not yet with the county.
    pub pending: u32,
    /// Values in force by field.
    pub values: HashMap<String, Value>,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ListPage {
    /// Lines.
    pub items: Vec<ListItem>,
    /// Where to go on; none at the end.
    pub next: Option<String>,
}

/// One statement in the history of a record.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct HistoryLine {
    /// The field.
    pub field: String,
    /// The change that says it.
    pub change: ChangeId,
    /// What it says.
    pub value: Value,
    /// Who says it.
    pub author: UserId,
    /// In which role.
    pub role: Role,
    /// On what evidence.
    pub source: Source,
    /// When it was seen.
    pub at: Millis,
    /// When it was written down, by the clock of its phone.
    pub recorded_at: Millis,
    /// The clock of its phone was not credible.
    pub doubtful: bool,
    /// When the county took it; none while it waits.
    pub accepted_at: Option<Millis>,
    /// A confirmation rather than a new value.
    pub confirms: bool,
    /// A decision between statements.
    pub decision: bool,
    /// All of it in words.
    pub say: Sentence,
}

/// How many own changes are where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct OutboxCounts {
    /// Not yet answered.
    pub pending: u64,
    /// To be offered again.
    pub held: u64,
    /// Before a person at the county.
    pub review: u64,
    /// Refused, with a reason.
    pub refused: u64,
    /// Accepted.
    pub accepted: u64,
}

/// An own change that the county did not take, or not yet.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Refusal {
    /// Record.
    pub record: RecordId,
    /// The change.
    pub change: ChangeId,
    /// Put aside for a person to judge, rather than refused.
    pub review: bool,
    /// Why, by rule.
    pub rule: String,
    /// Why, in words.
    pub say: Sentence,
}

/// What a sync did, and what ended it early.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct SyncReport {
    /// Requests answered.
    pub rounds: u32,
    /// Own changes that the county accepted, or had before.
    pub sent: u64,
    /// Kept here because the county lacks something.
    pub held: u64,
    /// With a person to judge.
    pub review: u64,
    /// Refused, kept on both sides.
    pub refused: u64,
    /// Entries received.
    pub received: u64,
    /// Buckets read again from the start.
    pub repaired: u64,
    /// Bytes of all request bodies.
    pub bytes_up: u64,
    /// Bytes of all reply bodies.
    pub bytes_down: u64,
    /// None when all is done; otherwise why the rest waits for the next time.
    pub fault: Option<WanggeError>,
    /// Why the listener failed, where that is what cancelled the sync.
    pub listener_failure: Option<String>,
}

impl SyncReport {
    pub(crate) fn new(report: app::SyncReport, listener_failure: Option<String>) -> Self {
        let summary = report.summary;
        Self {
            rounds: summary.rounds,
            sent: summary.sent,
            held: summary.held,
            review: summary.review,
            refused: summary.refused,
            received: summary.received,
            repaired: summary.repaired,
            bytes_up: report.bytes_up,
            bytes_down: report.bytes_down,
            fault: report.fault.map(Into::into),
            listener_failure,
        }
    }
}

#[uniffi::export]
impl Role {
    /// Its name on screens.
    pub fn zh(&self) -> String {
        wangge_core::model::Role::from(*self).zh().to_owned()
    }
}

#[uniffi::export]
impl Source {
    /// Its words on screens.
    pub fn say(&self) -> Sentence {
        let source = wangge_core::model::Source::from(*self);
        Sentence { zh: source.zh().to_owned(), en: source.en().to_owned() }
    }
}
