//! What was done on this phone and can be taken back for 24 hours: answers, visits, merges.
//!
//! Taking back is a change of its own that names what it undoes; nothing is erased, and every phone comes to the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Session,
    alias::Group,
    edit,
    error::AppError,
    join,
    read::reading,
    types::{ActView, Sentence},
    views,
};
use crate::{
    doc::Draft,
    model::{Actor, ChangeHash, DocId, Meta, Millis, RecordId, Source},
    store::{ChangeState, Writer},
};

/// Acts are forgotten after so many days; until then a late undo is told why it is late.
const KEPT_DAYS: i64 = 30;
/// What is put off is forgotten after so many days: by then nobody met the person.
const PUT_OFF_DAYS: i64 = 180;
/// Most changes of one document that one change undoes: its message is bounded.
const MOST_UNDONE: usize = 16;

/// What an act did.
pub struct Done {
    /// The record it is about.
    pub record: RecordId,
    /// What was done.
    pub say: Sentence,
    /// Changes written.
    pub changes: Vec<(DocId, ChangeHash)>,
    /// Items that were put off before and were taken up again by it.
    pub put_off: Vec<[u8; 16]>,
    /// The record that it made an alias.
    pub merged: Option<RecordId>,
}

impl Done {
    /// An act that wrote changes and nothing else.
    pub fn new(record: RecordId, say: Sentence, changes: Vec<(DocId, ChangeHash)>) -> Self {
        Self { record, say, changes, put_off: Vec::new(), merged: None }
    }
}

/// An act as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    view: ActView,
    changes: Vec<(DocId, ChangeHash)>,
    #[serde(default)]
    put_off: Vec<[u8; 16]>,
    /// The item that it put off.
    #[serde(default)]
    later: Option<[u8; 16]>,
    #[serde(default)]
    merged: Option<RecordId>,
}

/// Keeps an act, in the transaction that wrote it.
pub fn keep(writer: &mut Writer<'_>, session: &Session<'_>, done: Done) -> Result<ActView, AppError> {
    let view = view(session, done.record, done.say);
    let Done { changes, put_off, merged, .. } = done;
    store(writer, &Stored { view: view.clone(), changes, put_off, later: None, merged })?;
    writer.drop_acts(session.now.plus(-KEPT_DAYS * Millis::DAY))?;
    Ok(view)
}

/// Puts an item off to the next meeting.
pub fn put_off(
    writer: &mut Writer<'_>,
    session: &Session<'_>,
    record: RecordId,
    item: [u8; 16],
) -> Result<ActView, AppError> {
    writer.prune_later(session.now.plus(-PUT_OFF_DAYS * Millis::DAY))?;
    writer.put_later(&item, session.now)?;
    let say = Sentence { zh: "下次见面时再问".to_owned(), en: "ask at the next meeting".to_owned() };
    let view = view(session, record, say);
    let (changes, put_off) = (Vec::new(), Vec::new());
    store(writer, &Stored { view: view.clone(), changes, put_off, later: Some(item), merged: None })?;
    Ok(view)
}

fn view(session: &Session<'_>, record: RecordId, say: Sentence) -> ActView {
    let undo_until = session.now.plus(Millis::DAY);
    ActView { id: session.new_ulid(), record, say, at: session.now, undo_until, undone: false }
}

fn store(writer: &mut Writer<'_>, act: &Stored) -> Result<(), AppError> {
    let json = serde_json::to_string(act).map_err(|e| AppError::storage(&e))?;
    Ok(writer.put_act(&act.view.id, act.view.at, &json)?)
}

fn read(json: &str) -> Result<Stored, AppError> {
    serde_json::from_str(json).map_err(|e| AppError::storage(&e))
}

/// What was done in the last 24 hours, the newest first.
pub fn list(session: &Session<'_>) -> Result<Vec<ActView>, AppError> {
    reading(session, |reader| {
        let since = session.now.plus(-Millis::DAY);
        reader.acts(since)?.iter().map(|json| Ok(read(json)?.view)).collect()
    })
}

/// Takes an act back.
pub fn undo(session: &Session<'_>, actor: Actor, id: &str) -> Result<ActView, AppError> {
    edit::may_write_now(session)?;
    session.store.write(|writer| {
        let mut act = read(&writer.act(id)?.ok_or(AppError::NotFound)?)?;
        if act.view.undone {
            return Err(AppError::invalid("", "undone", "这一步已经撤回", "this was taken back already"));
        }
        if session.now > act.view.undo_until {
            return Err(AppError::not_allowed(
                "已超过24小时，不能撤回；情况有变时请直接修改，原来的记录都会保留",
                "more than 24 hours have passed; please record what is right now, nothing of the past is lost",
            ));
        }
        match act.merged {
            // What the county has done is undone by the county; an intent that still waits is taken back.
            Some(alias) if join::stands(writer, session.eye(), alias, &act.changes)? => {
                join::stand_alone(writer, session, actor, alias, true)?;
            }
            _ => undo_changes(writer, session, actor, &act.changes)?,
        }
        for item in &act.put_off {
            writer.put_later(item, act.view.at)?;
        }
        if let Some(item) = &act.later {
            writer.drop_later(item)?;
        }
        act.view.undone = true;
        store(writer, &act)?;
        Ok(act.view)
    })
}

fn undo_changes(
    writer: &mut Writer<'_>,
    session: &Session<'_>,
    actor: Actor,
    changes: &[(DocId, ChangeHash)],
) -> Result<(), AppError> {
    let mut by_doc: BTreeMap<DocId, Vec<ChangeHash>> = BTreeMap::new();
    for (doc, change) in changes {
        by_doc.entry(*doc).or_default().push(*change);
    }
    by_doc.into_iter().try_for_each(|(doc, changes)| undo_in(writer, session, actor, doc, changes))
}

/// Writes into one document that changes of it count for nothing. What the county refused counts for nothing anyway.
fn undo_in(
    writer: &mut Writer<'_>,
    session: &Session<'_>,
    actor: Actor,
    doc: DocId,
    mut changes: Vec<ChangeHash>,
) -> Result<(), AppError> {
    if writer.doc(&doc)?.is_none() {
        return Err(AppError::not_allowed(
            "县里已经收到，这台手机上不再保存，不能撤回；请告诉负责的人",
            "the county has it and this phone keeps it no longer, so it cannot be taken back; tell who is in charge",
        ));
    }
    let states: BTreeMap<ChangeHash, ChangeState> = writer.change_states(&doc)?.into_iter().collect();
    let stands = |hash: &ChangeHash| {
        states.get(hash).is_some_and(|state| !matches!(state, ChangeState::Refused | ChangeState::Review))
    };
    changes.retain(stands);
    if changes.is_empty() {
        return Ok(());
    }
    let Some(row) = writer.doc(&doc)? else { return Ok(()) };
    let mut state = views::doc_state(writer, session.eye(), row)?;
    // Of a file that the author may not read there is no group here, and nothing beside it.
    let group = Group::read(writer, session.eye(), &doc.record)?;
    let beside = group.map(|group| group.beside(doc.record, doc.audience)).unwrap_or_default();
    for some in changes.chunks(MOST_UNDONE) {
        let meta = Meta {
            source: Source::SelfSaid,
            undoes: some.iter().map(ChangeHash::prefix).collect(),
            beside: beside.clone(),
            ..session.meta()
        };
        let draft = Draft { puts: Vec::new(), time: session.now, meta };
        let scope = state.row.scope.clone();
        edit::add(writer, session, actor, &mut state, &scope, &draft)?;
    }
    views::refresh(writer, session.eye(), &doc.record)
}
