//! Plain records of what a worker does besides filling in forms: answers, visits, the day list, commands, the past.

use std::collections::HashMap;

use wangge_core::{app, model};

use crate::{
    convert::all,
    ids::{KindName, Millis, RecordId, Scope},
    records::{AttentionItem, EditRequest, Problem, Sentence, Source, Suggestion, Value},
};

/// What fits an item as an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
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

impl From<app::AnswerKind> for AnswerKind {
    fn from(kind: app::AnswerKind) -> Self {
        match kind {
            app::AnswerKind::Choose => Self::Choose,
            app::AnswerKind::Value => Self::Value,
            app::AnswerKind::NextTime => Self::NextTime,
            app::AnswerKind::Same => Self::Same,
            app::AnswerKind::Different => Self::Different,
            app::AnswerKind::Confirm => Self::Confirm,
        }
    }
}

/// An answer to an item.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Answer {
    /// One of the statements.
    Choose {
        /// Which: `prefix` of the claim.
        claim: crate::ids::ClaimId,
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

impl From<Answer> for app::Answer {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Choose { claim } => Self::Choose { claim: claim.0 },
            Answer::Value { value, source } => Self::Value { value: value.into(), source: source.into() },
            Answer::NextTime => Self::NextTime,
            Answer::Same { keep } => Self::Same { keep: keep.0 },
            Answer::Different => Self::Different,
            Answer::Confirm => Self::Confirm,
        }
    }
}

/// Something that was done and can be taken back for 24 hours.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Act {
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

impl From<app::ActView> for Act {
    fn from(app::ActView { id, record, say, at, undo_until, undone }: app::ActView) -> Self {
        Self { id, record: record.into(), say: say.into(), at: at.into(), undo_until: undo_until.into(), undone }
    }
}

/// A record that what is being typed may already be.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Likely {
    /// The record.
    pub record: RecordId,
    /// Kind.
    pub kind: KindName,
    /// Its name in a list.
    pub title: String,
    /// How sure it is, from 1 to 9.
    pub weight: u8,
    /// Why.
    pub why: Sentence,
}

impl From<app::LikelyView> for Likely {
    fn from(app::LikelyView { record, kind, title, weight, why }: app::LikelyView) -> Self {
        Self { record: record.into(), kind: kind.into(), title, weight, why: why.into() }
    }
}

/// Which statements of a record's history to give, and as of when.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct HistoryRequest {
    /// The record.
    pub record: RecordId,
    /// Only this field.
    #[uniffi(default = None)]
    pub field: Option<String>,
    /// As seen: only what was observed until then.
    #[uniffi(default = None)]
    pub seen_until: Option<Millis>,
    /// As known: only what the county had accepted by then.
    #[uniffi(default = None)]
    pub known_until: Option<Millis>,
    /// At most so many, the newest; 0 for all.
    #[uniffi(default = 0)]
    pub limit: u32,
}

impl From<HistoryRequest> for app::HistoryRequest {
    fn from(HistoryRequest { record, field, seen_until, known_until, limit }: HistoryRequest) -> Self {
        let until = |at: Option<Millis>| at.map(|at| at.0);
        Self { record: record.0, field, seen_until: until(seen_until), known_until: until(known_until), limit }
    }
}

/// A command that goes with a form.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct FormCommand {
    /// The command.
    pub command: String,
    /// Its arguments.
    pub args: HashMap<String, Value>,
}

impl From<FormCommand> for (String, std::collections::BTreeMap<String, model::Value>) {
    fn from(FormCommand { command, args }: FormCommand) -> Self {
        (command, args.into_iter().map(|(name, value)| (name, value.into())).collect())
    }
}

/// One command on a record.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct CommandRequest {
    /// The record.
    pub record: RecordId,
    /// The command.
    pub command: String,
    /// Its arguments.
    pub args: HashMap<String, Value>,
    /// On what evidence.
    pub source: Source,
    /// When it was done or seen; now where absent.
    #[uniffi(default = None)]
    pub observed_at: Option<Millis>,
}

impl From<CommandRequest> for app::CommandRequest {
    fn from(CommandRequest { record, command, args, source, observed_at }: CommandRequest) -> Self {
        let args = args.into_iter().map(|(name, value)| (name, value.into())).collect();
        Self { record: record.0, command, args, source: source.into(), observed_at: observed_at.map(|at| at.0) }
    }
}

/// How a phone without contact treats a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Offline {
    /// Not at all: it is done at the county.
    No,
    /// It waits, and the state stays what it is.
    Queued,
    /// It waits, and the new state is shown as not yet confirmed.
    Provisional,
}

impl From<model::flow::Offline> for Offline {
    fn from(offline: model::flow::Offline) -> Self {
        match offline {
            model::flow::Offline::No => Self::No,
            model::flow::Offline::Queued => Self::Queued,
            model::flow::Offline::Provisional => Self::Provisional,
        }
    }
}

/// What an argument of a command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum ArgType {
    /// Text of at most 500 characters.
    Text,
    /// A code of a list.
    Code,
    /// `2026-03-08`.
    Date,
    /// Milliseconds since 1970 UTC.
    Time,
    /// Yes or no.
    Bool,
    /// The id of another record of the same kind.
    Record,
    /// A unit or grid.
    Unit,
    /// Units or grids, with commas between.
    Units,
}

impl From<model::flow::ArgType> for ArgType {
    fn from(of: model::flow::ArgType) -> Self {
        match of {
            model::flow::ArgType::Text => Self::Text,
            model::flow::ArgType::Code => Self::Code,
            model::flow::ArgType::Date => Self::Date,
            model::flow::ArgType::Time => Self::Time,
            model::flow::ArgType::Bool => Self::Bool,
            model::flow::ArgType::Record => Self::Record,
            model::flow::ArgType::Unit => Self::Unit,
            model::flow::ArgType::Units => Self::Units,
        }
    }
}

/// Something that a command needs to know.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Argument {
    /// Its name.
    pub name: String,
    /// Its label.
    pub say: Sentence,
    /// What it is.
    pub arg_type: ArgType,
    /// Name of the code list, for codes.
    pub list: Option<String>,
    /// Need not be given.
    pub optional: bool,
}

impl From<model::flow::Arg> for Argument {
    fn from(model::flow::Arg { name, zh, en, arg_type, list, optional }: model::flow::Arg) -> Self {
        Self { name, say: Sentence { zh, en }, arg_type: arg_type.into(), list, optional }
    }
}

/// A command as a screen offers it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct CommandView {
    /// Its name.
    pub name: String,
    /// What its button says.
    pub say: Sentence,
    /// How a phone without contact treats it.
    pub offline: Offline,
    /// Numbers to offer for a call before anything else.
    pub calls: Vec<String>,
    /// What it needs to know.
    pub needs: Vec<Argument>,
}

impl From<app::CommandView> for CommandView {
    fn from(app::CommandView { name, say, offline, calls, needs }: app::CommandView) -> Self {
        Self { name, say: say.into(), offline: offline.into(), calls, needs: all(needs) }
    }
}

/// How far a case has come.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct FlowView {
    /// State in force: its code.
    pub state: String,
    /// The same in words.
    pub say: Sentence,
    /// State after own commands that wait, where it may be shown before the county has answered.
    pub provisional: Option<Sentence>,
    /// Commands that wait for the county.
    pub pending: Vec<Sentence>,
    /// What was done, in order.
    pub steps: Vec<Sentence>,
    /// What was wanted and not done, with who wanted it and why not.
    pub notes: Vec<Sentence>,
}

impl From<app::FlowView> for FlowView {
    fn from(view: app::FlowView) -> Self {
        let app::FlowView { state, shown, shown_en, provisional, pending, steps, notes } = view;
        Self {
            state,
            say: Sentence { zh: shown, en: shown_en },
            provisional: provisional.map(|state| state.say.into()),
            pending: all(pending),
            steps: all(steps),
            notes: all(notes),
        }
    }
}

/// A check by the list for the kind of place, or for rented homes: what is not named passed.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct CheckRequest {
    /// Items that failed.
    pub failed: Vec<String>,
    /// Items that do not apply.
    pub na: Vec<String>,
    /// A code of the list `check_result`.
    #[uniffi(default = None)]
    pub result: Option<String>,
    /// A note.
    #[uniffi(default = None)]
    pub note: Option<String>,
}

impl From<CheckRequest> for app::CheckRequest {
    fn from(CheckRequest { failed, na, result, note }: CheckRequest) -> Self {
        Self { failed, na, result, note }
    }
}

/// What was seen of an event.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct FollowUp {
    /// The event.
    pub event: RecordId,
    /// What was seen.
    pub note: String,
}

impl From<FollowUp> for app::FollowUp {
    fn from(FollowUp { event, note }: FollowUp) -> Self {
        Self { event: event.0, note }
    }
}

/// A visit to a home or a place as a worker tells of it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct VisitRequest {
    /// The dwelling or place.
    pub target: RecordId,
    /// A code of the list `visit_kind`.
    pub kind: String,
    /// A code of the list `visit_mode`.
    pub mode: String,
    /// A code of the list `visit_result`; none where the role does not write it.
    pub result: Option<String>,
    /// On what evidence; what was seen at the door is `SelfSaid`.
    pub source: Source,
    /// When; now where absent.
    #[uniffi(default = None)]
    pub when: Option<Millis>,
    /// Who was met.
    #[uniffi(default = [])]
    pub met: Vec<RecordId>,
    /// 无变化: everything that tells of the home is as recorded, as far as this role sees it.
    #[uniffi(default = false)]
    pub unchanged: bool,
    /// What people asked for, codes of the list `request`.
    #[uniffi(default = [])]
    pub needs: Vec<String>,
    /// What is hard for them, in words.
    #[uniffi(default = None)]
    pub difficulty: Option<String>,
    /// Whether they are content with the service, a code of the list `rating`.
    #[uniffi(default = None)]
    pub satisfied: Option<String>,
    /// A note.
    #[uniffi(default = None)]
    pub note: Option<String>,
    /// A check that was made on the way.
    #[uniffi(default = None)]
    pub check: Option<CheckRequest>,
    /// What was seen of events that are open here.
    #[uniffi(default = [])]
    pub follow_ups: Vec<FollowUp>,
    /// Routine work that it was besides, a code of the list `routine`.
    #[uniffi(default = None)]
    pub routine: Option<String>,
    /// What was found to be otherwise: one form a record.
    #[uniffi(default = [])]
    pub edits: Vec<EditRequest>,
}

impl From<VisitRequest> for app::VisitRequest {
    fn from(request: VisitRequest) -> Self {
        Self {
            target: request.target.0,
            kind: request.kind,
            mode: request.mode,
            result: request.result,
            when: request.when.map(|at| at.0),
            met: request.met.into_iter().map(|id| id.0).collect(),
            unchanged: request.unchanged,
            source: request.source.into(),
            needs: request.needs,
            difficulty: request.difficulty,
            satisfied: request.satisfied,
            note: request.note,
            check: request.check.map(Into::into),
            follow_ups: all(request.follow_ups),
            routine: request.routine,
            edits: all(request.edits),
        }
    }
}

/// What a visit wrote.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct VisitOutcome {
    /// The visit; for each further person who was met there is one more.
    pub visits: Vec<RecordId>,
    /// The check, if one was made.
    pub inspection: Option<RecordId>,
    /// Records that were confirmed as they are.
    pub confirmed: Vec<RecordId>,
    /// What was due here before and is not any more.
    pub done: Vec<DayTask>,
    /// Items that had been put off to the next meeting here: now they are asked again.
    pub asked: Vec<String>,
    /// Hazards that failed items suggest.
    pub suggestions: Vec<Suggestion>,
    /// Kept, but marked.
    pub warnings: Vec<Problem>,
    /// By which all of it can be taken back for 24 hours.
    pub act: Act,
}

impl From<app::VisitOutcome> for VisitOutcome {
    fn from(outcome: app::VisitOutcome) -> Self {
        Self {
            visits: all(outcome.visits),
            inspection: outcome.inspection.map(Into::into),
            confirmed: all(outcome.confirmed),
            done: all(outcome.done),
            asked: outcome.asked,
            suggestions: all(outcome.suggestions),
            warnings: all(outcome.warnings),
            act: outcome.act.into(),
        }
    }
}

/// What kind of task a line of a card is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum TaskKind {
    /// A question to ask when somebody is there anyway.
    Ask,
    /// Something to settle 待确认.
    Confirm,
    /// A check by a checklist.
    Check,
    /// A visit to somebody on the care list.
    Visit,
    /// An event past its time.
    Event,
}

/// One reason to go somewhere.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct DayTask {
    /// What kind.
    pub kind: TaskKind,
    /// The record it is about.
    pub record: RecordId,
    /// The item, where it is one.
    pub item: Option<String>,
    /// The day it was or is due, `2026-03-08`.
    pub due: Option<String>,
    /// Days past that day.
    pub overdue_days: u32,
    /// Why, in words.
    pub say: Sentence,
}

impl From<app::DayTask> for DayTask {
    fn from(task: app::DayTask) -> Self {
        let kind = match task.kind {
            app::TaskKind::Ask => TaskKind::Ask,
            app::TaskKind::Confirm => TaskKind::Confirm,
            app::TaskKind::Check => TaskKind::Check,
            app::TaskKind::Visit => TaskKind::Visit,
            app::TaskKind::Event => TaskKind::Event,
        };
        Self {
            kind,
            record: task.record.into(),
            item: task.item,
            due: task.due,
            overdue_days: task.overdue_days,
            say: task.say.into(),
        }
    }
}

/// A home or a place with everything that is to be done there.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct DayCard {
    /// The dwelling or place.
    pub target: RecordId,
    /// Its kind.
    pub kind: KindName,
    /// Its grid.
    pub scope: Scope,
    /// Its name.
    pub title: String,
    /// When somebody was last met there.
    pub last_visit: Option<Millis>,
    /// Why to go, the most urgent first.
    pub tasks: Vec<DayTask>,
}

impl From<app::DayCard> for DayCard {
    fn from(app::DayCard { target, kind, scope, title, last_visit, tasks }: app::DayCard) -> Self {
        Self {
            target: target.into(),
            kind: kind.into(),
            scope: scope.into(),
            title,
            last_visit: last_visit.map(Into::into),
            tasks: all(tasks),
        }
    }
}

/// One day's work.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct DayList {
    /// The day, `2026-03-08`.
    pub day: String,
    /// Homes, the most urgent first.
    pub homes: Vec<DayCard>,
    /// Places, the most urgent first.
    pub places: Vec<DayCard>,
    /// Events past their time that belong to no home and no place here.
    pub events: Vec<DayTask>,
    /// Items that belong to no home and no place here.
    pub items: Vec<AttentionItem>,
}

impl From<app::DayList> for DayList {
    fn from(app::DayList { day, homes, places, events, items }: app::DayList) -> Self {
        Self { day, homes: all(homes), places: all(places), events: all(events), items: all(items) }
    }
}

/// A value for somebody whose file the author may not read.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct HintRequest {
    /// The record that it is about and that is here: of a child the resident.
    pub about: RecordId,
    /// Kind of the file: `child`.
    pub kind: KindName,
    /// Field of the file.
    pub field: String,
    /// The value.
    pub value: Value,
    /// On what evidence.
    pub source: Source,
    /// When it was seen; now where absent.
    #[uniffi(default = None)]
    pub observed_at: Option<Millis>,
}

impl From<HintRequest> for app::HintRequest {
    fn from(HintRequest { about, kind, field, value, source, observed_at }: HintRequest) -> Self {
        Self {
            about: about.0,
            kind: kind.0,
            field,
            value: value.into(),
            source: source.into(),
            observed_at: observed_at.map(|at| at.0),
        }
    }
}
