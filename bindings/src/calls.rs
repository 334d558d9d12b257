//! The calls of a worker's day, beside those of a form and a list.

use wangge_core::app;

use crate::{
    Wangge,
    convert::all,
    errors::WanggeError,
    ids::{KindName, RecordId, Scope},
    records::{AttentionItem, EditOutcome, FieldEdit, HistoryLine, RecordView, Sentence},
    work::{
        Act, Answer, CommandRequest, CommandView, DayList, HintRequest, HistoryRequest, Likely, VisitOutcome,
        VisitRequest,
    },
};

#[uniffi::export]
impl Wangge {
    /// How many items wait for a person.
    pub fn attention_count(&self) -> Result<u64, WanggeError> {
        Ok(self.app.attention_count()?)
    }

    /// One item with its statements, and what can be answered to it.
    pub fn attention_item(&self, item: &str) -> Result<AttentionItem, WanggeError> {
        Ok(self.app.attention_item(item)?.into())
    }

    /// Answers an item. What was written can be taken back for 24 hours.
    pub fn answer(&self, item: &str, answer: Answer) -> Result<Act, WanggeError> {
        Ok(self.app.answer(item, &answer.into())?.into())
    }

    /// What was done here in the last 24 hours and can be taken back, the newest first.
    pub fn acts(&self) -> Result<Vec<Act>, WanggeError> {
        Ok(all(self.app.acts()?))
    }

    /// Takes an act back within 24 hours.
    pub fn undo(&self, act: &str) -> Result<Act, WanggeError> {
        Ok(self.app.undo(act)?.into())
    }

    /// Records of this phone that what is being typed may already be, surest first.
    #[uniffi::method(default(scope = None))]
    pub fn likely(
        &self,
        kind: KindName,
        edits: Vec<FieldEdit>,
        scope: Option<Scope>,
    ) -> Result<Vec<Likely>, WanggeError> {
        let edits: Vec<app::FieldEdit> = all(edits);
        Ok(all(self.app.likely(&kind.0, &edits, scope.map(|scope| scope.0).as_ref())?))
    }

    /// Records a visit with everything that came of it, in one go.
    pub fn visit(&self, request: VisitRequest) -> Result<VisitOutcome, WanggeError> {
        Ok(self.app.visit(&request.into())?.into())
    }

    /// What is to be done on a day (`2026-03-08`), today where none is named.
    #[uniffi::method(default(day = None))]
    pub fn day_list(&self, day: Option<String>) -> Result<DayList, WanggeError> {
        Ok(self.app.day_list(day.as_deref())?.into())
    }

    /// Who said what about a record as seen or as known at an earlier time, or only the newest lines, oldest first.
    pub fn history_of(&self, request: HistoryRequest) -> Result<Vec<HistoryLine>, WanggeError> {
        Ok(all(self.app.history_of(&request.into())?))
    }

    /// How a record stood at an earlier time.
    pub fn as_of(&self, request: HistoryRequest) -> Result<RecordView, WanggeError> {
        Ok(self.app.as_of(&request.into())?.into())
    }

    /// What became of a record, newest first, in at most a dozen sentences.
    pub fn summary(&self, record: RecordId) -> Result<Vec<Sentence>, WanggeError> {
        Ok(all(self.app.summary(record.0)?))
    }

    /// What this person may do to a record now.
    pub fn commands(&self, record: RecordId) -> Result<Vec<CommandView>, WanggeError> {
        Ok(all(self.app.commands(record.0)?))
    }

    /// Asks the county to carry out a command; it waits where there is no contact.
    pub fn command(&self, request: CommandRequest) -> Result<EditOutcome, WanggeError> {
        Ok(self.app.command(&request.into())?.into())
    }

    /// Asks the county to make a record an alias of another one that is the same.
    pub fn merge(&self, from: RecordId, into: RecordId) -> Result<Act, WanggeError> {
        Ok(self.app.merge(from.0, into.0)?.into())
    }

    /// Asks the county to let a record stand for itself again.
    pub fn unmerge(&self, record: RecordId) -> Result<EditOutcome, WanggeError> {
        Ok(self.app.unmerge(record.0)?.into())
    }

    /// Leaves a value for those who may read a file that the owner of this phone may not.
    pub fn hint(&self, request: HintRequest) -> Result<Act, WanggeError> {
        Ok(self.app.hint(&request.into())?.into())
    }
}
