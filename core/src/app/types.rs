//! What goes in and comes out of the facade: plain data, ids and text, no documents.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    model::{
        Audience, ChangeHash, DeviceId, KindName, Member, Millis, RecordId, Role, Scope, Source, UserId, Value,
        flow::{Arg, Offline},
    },
    sync::wire::Lease,
};

/// Whose phone this is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The device's registration.
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
    /// Pin of the TLS root.
    pub root: [u8; 32],
    /// The county's identity key.
    pub identity: [u8; 32],
    /// Key to which the outbox is sealed.
    pub sealing_key: [u8; 32],
}

/// What changes from sync to sync.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Epoch of the server.
    pub epoch: u64,
    /// Server time of the last reply.
    pub server_time: Millis,
    /// This device's clock at that reply.
    pub device_time: Millis,
    /// Permission to hold and write.
    pub lease: Lease,
    /// (epoch, commit) up to which everything is backed up.
    pub backed_up_through: (u64, u64),
}

/// How the lease stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseState {
    /// Fine.
    Good,
    /// No contact for long: ask to sync.
    Warn,
    /// Locked until the next contact; unsent work can still be handed over.
    Locked,
}

/// One edited field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FieldEdit {
    /// A value; null clears.
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
        /// Since which day.
        date: Option<String>,
    },
    /// A member leaves a set; dated, not erased.
    End {
        /// Field.
        field: String,
        /// The member.
        text: String,
        /// On which day.
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

impl FieldEdit {
    /// A value for a field.
    pub fn put(field: &str, value: impl Into<Value>) -> Self {
        Self::Put { field: field.to_owned(), value: value.into() }
    }
    /// The field concerned.
    pub fn field(&self) -> &str {
        match self {
            Self::Put { field, .. }
            | Self::Add { field, .. }
            | Self::End { field, .. }
            | Self::Append { field, .. } => field,
        }
    }
}

/// One form: one observation of one record. A form with two sources is two requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditRequest {
    /// The record; none makes a new one.
    pub record: Option<RecordId>,
    /// Its kind.
    pub kind: KindName,
    /// Grid of a new record; the worker's first one where absent.
    pub scope: Option<Scope>,
    /// On what evidence.
    pub source: Source,
    /// When it was seen; now where absent.
    pub observed_at: Option<Millis>,
    /// New values.
    pub edits: Vec<FieldEdit>,
    /// Fields seen unchanged; `*` for all.
    pub confirm: Vec<String>,
    /// Claims decided by this edit: prefixes, or `*` for all of the edited fields.
    pub decide: Vec<String>,
    /// The visit on which it was seen.
    pub visit: Option<RecordId>,
    /// Ties several requests of one form together.
    pub submission: Option<String>,
    /// Commands that go with the form, with their arguments: an event is made and reported at once.
    pub commands: Vec<(String, BTreeMap<String, Value>)>,
}

/// A form that is kept and not handed in yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftView {
    /// Its name.
    pub id: String,
    /// What was filled in, right or wrong.
    pub request: EditRequest,
    /// When it was last kept.
    pub at: Millis,
    /// Version of the schema that it was filled in under.
    pub schema: u32,
    /// What is wrong with it as the record stands now; those that block keep it from being handed in.
    pub problems: Vec<crate::model::validate::Problem>,
}

/// One command on a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandRequest {
    /// The record.
    pub record: RecordId,
    /// The command.
    pub command: String,
    /// Its arguments.
    pub args: BTreeMap<String, Value>,
    /// On what evidence.
    pub source: Source,
    /// When it was done or seen; now where absent.
    pub observed_at: Option<Millis>,
}

/// A command as a screen offers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandView {
    /// Its name.
    pub name: String,
    /// What its button says.
    pub say: Sentence,
    /// How a phone without contact treats it; what cannot wait is done at the county.
    pub offline: Offline,
    /// Numbers to offer for a call before anything else.
    pub calls: Vec<String>,
    /// What it needs to know.
    pub needs: Vec<Arg>,
}

/// A state as a screen shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateView {
    /// Its code.
    pub code: String,
    /// In words.
    pub say: Sentence,
}

/// How far a case has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowView {
    /// State in force: its code.
    pub state: String,
    /// The same in Chinese words.
    pub shown: String,
    /// The same in English words.
    pub shown_en: String,
    /// State after own commands that wait, where it may be shown before the county has answered.
    pub provisional: Option<StateView>,
    /// Commands that wait for the county.
    pub pending: Vec<Sentence>,
    /// What was done, in order.
    pub steps: Vec<Sentence>,
    /// What was wanted and not done, with who wanted it and why not.
    pub notes: Vec<Sentence>,
}

/// What an edit made.
#[derive(Clone, Debug, PartialEq)]
pub struct EditOutcome {
    /// The record.
    pub record: RecordId,
    /// Changes written, one an audience.
    pub changes: Vec<ChangeHash>,
    /// Warnings: kept, but marked.
    pub warnings: Vec<crate::model::validate::Problem>,
}

/// One statement about a field, with its author and evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimView {
    /// First eight bytes of its change: how a decision names it.
    pub prefix: String,
    /// Value.
    pub value: Value,
    /// As a screen shows it.
    pub shown: String,
    /// Who.
    pub author: UserId,
    /// In which role.
    pub role: Role,
    /// Evidence.
    pub source: Source,
    /// When seen.
    pub at: Millis,
    /// The device clock was not credible.
    pub doubtful: bool,
    /// When the server took it; absent while it waits.
    pub accepted_at: Option<Millis>,
    /// A confirmation rather than a new value.
    pub confirms: bool,
}

/// A field of a record as a screen needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldView {
    /// Key.
    pub field: String,
    /// Chinese label.
    pub zh: String,
    /// English label.
    pub en: String,
    /// Audience.
    pub audience: Audience,
    /// Value in force.
    pub value: Value,
    /// The same in Chinese words.
    pub shown: String,
    /// The same in English words.
    pub shown_en: String,
    /// A person must decide.
    pub contested: bool,
    /// Shown only until then.
    pub provisional: bool,
    /// Members of a set, ended ones included.
    pub members: Vec<Member>,
    /// Entries of a log in order.
    pub log: Vec<String>,
    /// Statements in force or beside it, strongest first.
    pub claims: Vec<ClaimView>,
}

/// A record as a screen needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordView {
    /// The record: of several that are one, the one that lists show.
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
    pub attention: Vec<AttentionView>,
    /// What the authors of claims that lost should know.
    pub told: Vec<Sentence>,
    /// Drafts that suggest themselves, for example a hazard.
    pub suggestions: Vec<SuggestionView>,
    /// Own changes not yet with the county.
    pub pending: u32,
    /// Own changes refused or under review.
    pub refused: u32,
}

impl RecordView {
    /// A field by key.
    pub fn field(&self, key: &str) -> Option<&FieldView> {
        self.fields.iter().find(|f| f.field == key)
    }
}

/// A sentence in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sentence {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// A draft that suggests itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuggestionView {
    /// The field that suggests it.
    pub field: String,
    /// Category of the hazard.
    pub category: String,
    /// What to say.
    pub say: Sentence,
}

/// Something only a person can settle 待确认.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttentionView {
    /// Equal on every phone and the server.
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
    pub claims: Vec<ClaimView>,
    /// The question.
    pub say: Sentence,
    /// Other records that it is about.
    #[serde(default)]
    pub others: Vec<RecordId>,
    /// Statements of these records that it is about, by record and field; empty where the item is about one field.
    #[serde(default)]
    pub about: Vec<(RecordId, String)>,
    /// What can be answered here and now.
    #[serde(skip)]
    pub answers: Vec<AnswerKind>,
    /// Whether the owner of this phone may settle it.
    #[serde(skip)]
    pub may_decide: bool,
    /// Who settles it, where the owner of this phone may not.
    #[serde(skip)]
    pub who: Option<Sentence>,
}

/// What fits an item as an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerKind {
    /// One of the statements.
    Choose,
    /// A value that nobody said yet.
    Value,
    /// Ask at the next meeting 下次见面问.
    NextTime,
    /// The records are the same.
    Same,
    /// They are not.
    Different,
    /// It is as the item supposes.
    Confirm,
}

/// An answer to an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// One of the statements, by the prefix of its change.
    Choose {
        /// [`ClaimView::prefix`].
        claim: String,
    },
    /// A value that nobody said yet.
    Value {
        /// The value.
        value: Value,
        /// On what evidence.
        source: Source,
    },
    /// Ask at the next meeting 下次见面问; kept on this phone.
    NextTime,
    /// The records are the same.
    Same {
        /// The one that lists go on showing.
        keep: RecordId,
    },
    /// They are not.
    Different,
    /// It is as the item supposes.
    Confirm,
}

/// A value for somebody whose file the author may not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HintRequest {
    /// The record that it is about and that is here: of a child the resident.
    pub about: RecordId,
    /// Kind of the file: `child`.
    pub kind: KindName,
    /// Field of the file.
    pub field: String,
    /// The value; of a set the text of a member, of a log the text of an entry.
    pub value: Value,
    /// On what evidence.
    pub source: Source,
    /// When it was seen; now where absent.
    pub observed_at: Option<Millis>,
}

/// Something that was done and can be taken back for 24 hours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActView {
    /// Its name on this phone.
    pub id: String,
    /// The record it is about.
    pub record: RecordId,
    /// What was done.
    pub say: Sentence,
    /// When.
    pub at: Millis,
    /// Until when it can be taken back.
    pub undo_until: Millis,
    /// Whether it was.
    pub undone: bool,
}

/// Which statements of a record's history to give, and as of when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryRequest {
    /// The record.
    pub record: RecordId,
    /// Only this field.
    pub field: Option<String>,
    /// As seen: only what was observed until then.
    pub seen_until: Option<Millis>,
    /// As known: only what the county had accepted by then.
    pub known_until: Option<Millis>,
    /// At most so many, the newest; 0 for all.
    pub limit: u32,
}

impl HistoryRequest {
    /// Everything about a record.
    pub fn all(record: RecordId) -> Self {
        Self { record, field: None, seen_until: None, known_until: None, limit: 0 }
    }
}

/// A record that what is being typed may already be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LikelyView {
    /// The record.
    pub record: RecordId,
    /// Kind.
    pub kind: KindName,
    /// Its name in a list.
    pub title: String,
    /// How sure it is, from 1 (worth a look) to 9 (the same number).
    pub weight: u8,
    /// Why.
    pub why: Sentence,
}

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListItem {
    /// Record.
    pub record: RecordId,
    /// Kind.
    pub kind: KindName,
    /// Grid.
    pub scope: Scope,
    /// Name.
    pub title: String,
    /// Fields waiting for a person.
    pub contested: u32,
    /// Own changes not yet with the county.
    pub pending: u32,
    /// Values in force by field.
    pub values: BTreeMap<String, Value>,
}

/// Which records to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListRequest {
    /// Of one kind.
    pub kind: Option<KindName>,
    /// Of one grid.
    pub scope: Option<Scope>,
    /// Whose name holds this text.
    pub text: Option<String>,
    /// Only what waits for a person.
    pub contested_only: bool,
    /// Where the page before ended.
    pub after: Option<String>,
    /// At most so many; 0 for 100.
    pub limit: u32,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPage {
    /// Lines.
    pub items: Vec<ListItem>,
    /// Where to go on; none at the end.
    pub next: Option<String>,
}

/// A change that the county did not take, or not yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusalView {
    /// Record.
    pub record: RecordId,
    /// The change.
    pub change: ChangeHash,
    /// Put aside for a person to judge, rather than refused.
    pub review: bool,
    /// Why, by rule.
    pub rule: String,
    /// Why, in words.
    pub say: Sentence,
}
