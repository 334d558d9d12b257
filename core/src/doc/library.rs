//! The few calls into automerge, each behind `catch_unwind` where it handles bytes of others: the library panics on
//! some of them (SECURITY 4).

use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::{ActorId, Automerge, Change, ObjId, ROOT, ReadDoc, ScalarValue, ScalarValueRef, ValueRef};

use super::{
    chunk::{OpName, Parsed},
    history::{History, Node},
};
use crate::model::{Actor, ChangeHash, Value};

/// How a call into the library failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It panicked; the instance must not be used again.
    Panic,
    /// It returned an error, or an answer that is not the expected one.
    Said(String),
}

impl Fault {
    pub fn said(error: impl std::fmt::Display) -> Self {
        Self::Said(error.to_string())
    }
}

/// Runs a call that may panic. Whatever it touched must be thrown away when it did.
pub(super) fn guarded<T>(call: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or(Err(Fault::Panic))
}

pub(super) fn to_library(value: &Value) -> ScalarValue {
    match value {
        Value::Null => ScalarValue::Null,
        Value::Bool(yes) => ScalarValue::Boolean(*yes),
        Value::Int(number) => ScalarValue::Int(*number),
        Value::Text(text) => ScalarValue::Str(text.as_str().into()),
        Value::Bytes(bytes) => ScalarValue::Bytes(bytes.clone()),
    }
}

pub(super) fn from_library(value: &ScalarValue) -> Option<Value> {
    match value {
        ScalarValue::Null => Some(Value::Null),
        ScalarValue::Boolean(yes) => Some(Value::Bool(*yes)),
        ScalarValue::Int(number) => Some(Value::Int(*number)),
        ScalarValue::Str(text) => Some(Value::Text(text.to_string())),
        ScalarValue::Bytes(bytes) => Some(Value::Bytes(bytes.clone())),
        _ => None,
    }
}

fn from_reference(value: &ValueRef<'_>) -> Option<Value> {
    let ValueRef::Scalar(scalar) = value else { return None };
    match scalar {
        ScalarValueRef::Null => Some(Value::Null),
        ScalarValueRef::Boolean(yes) => Some(Value::Bool(*yes)),
        ScalarValueRef::Int(number) => Some(Value::Int(*number)),
        ScalarValueRef::Str(text) => Some(Value::Text(text.to_string())),
        ScalarValueRef::Bytes(bytes) => Some(Value::Bytes(bytes.to_vec())),
        _ => None,
    }
}

pub(super) fn actor_id(actor: &Actor) -> ActorId {
    ActorId::from(&actor.0)
}

pub(super) fn hashes(library: &[automerge::ChangeHash]) -> Vec<ChangeHash> {
    library.iter().map(|hash| ChangeHash(hash.0)).collect()
}

pub(super) fn library_hashes(ours: &[ChangeHash]) -> Vec<automerge::ChangeHash> {
    ours.iter().map(|hash| automerge::ChangeHash(hash.0)).collect()
}

fn actor(id: &ActorId) -> Option<Actor> {
    id.to_bytes().try_into().ok().map(Actor)
}

fn name(id: &ObjId) -> Option<OpName> {
    match id {
        ObjId::Id(counter, id, _) => Some(OpName { counter: *counter, actor: actor(id)? }),
        ObjId::Root => None,
    }
}

/// What is shown under a key.
pub(super) fn shown(doc: &Automerge, key: &str) -> Option<Value> {
    match doc.get(ROOT, key).ok()?? {
        (automerge::Value::Scalar(scalar), _) => from_library(&scalar),
        (automerge::Value::Object(_), _) => None,
    }
}

/// Everything that is shown, in the order of keys, as far as it is of our vocabulary.
pub(super) fn entries(doc: &Automerge) -> Vec<(String, Value)> {
    doc.map_range(ROOT, ..).filter_map(|item| Some((item.key.into_owned(), from_reference(&item.value)?))).collect()
}

/// The operations that a put on `key` replaces if it has seen `heads`, sorted.
pub(super) fn visible_at(doc: &Automerge, key: &str, heads: &[automerge::ChangeHash]) -> Option<Vec<OpName>> {
    let all = doc.get_all_at(ROOT, key, heads).ok()?;
    let mut names = all.iter().map(|(_, id)| name(id)).collect::<Option<Vec<_>>>()?;
    names.sort_unstable();
    Some(names)
}

/// The order and origin of the changes in a document.
pub(super) fn history(doc: &Automerge) -> Result<History, Fault> {
    let mut history = History::default();
    for meta in doc.get_changes_meta(&[]) {
        let actor = actor(&meta.actor).ok_or_else(|| Fault::said("an actor is not 16 bytes long"))?;
        let node = Node { actor, seq: meta.seq, max_op: meta.max_op, deps: hashes(&meta.deps) };
        history.add(ChangeHash(meta.hash.0), node);
    }
    Ok(history)
}

/// Whether the library reads the same from a change as we did.
pub(super) fn agrees(change: &automerge::ExpandedChange, parsed: &Parsed) -> bool {
    use automerge::legacy::{Key, ObjectId, OpType};
    let body = &parsed.body;
    let header = change.hash.is_some_and(|hash| hash.0 == body.hash.0)
        && hashes(&change.deps) == body.deps
        && actor(&change.actor_id) == Some(body.actor)
        && (change.seq, change.start_op.get(), change.time) == (body.seq, body.start_op, body.time.0)
        && change.extra_bytes.is_empty()
        && change.operations.len() == body.puts.len();
    let ops = change.operations.iter().zip(&body.puts).zip(&parsed.preds);
    header
        && ops.into_iter().all(|((op, (key, value)), preds)| {
            !op.insert
                && op.obj == ObjectId::Root
                && matches!(&op.key, Key::Map(name) if name == key)
                && matches!(&op.action, OpType::Put(scalar) if from_library(scalar).as_ref() == Some(value))
                && op.pred.len() == preds.len()
                && op
                    .pred
                    .iter()
                    .zip(preds)
                    .all(|(theirs, ours)| theirs.counter() == ours.counter && actor(theirs.actor()) == Some(ours.actor))
        })
}

/// Adds changes and compares the heads with those expected.
pub(super) fn apply(
    doc: &mut Automerge,
    changes: Vec<Change>,
    expected: Option<&[automerge::ChangeHash]>,
) -> Result<(), Fault> {
    doc.apply_changes(changes).map_err(Fault::said)?;
    if expected.is_some_and(|expected| doc.get_heads() != expected) {
        return Err(Fault::said("the heads after applying are not those expected"));
    }
    Ok(())
}

/// Saves, loads and compares. Returns the saved bytes.
pub(super) fn proven(doc: &Automerge, deflate: bool) -> Result<Vec<u8>, Fault> {
    let bytes = if deflate { doc.save() } else { doc.save_nocompress() };
    let loaded = Automerge::load(&bytes).map_err(Fault::said)?;
    if loaded.get_heads() != doc.get_heads() {
        return Err(Fault::said("the heads after loading are not those saved"));
    }
    let mut after = loaded.map_range(ROOT, ..);
    let same = doc.map_range(ROOT, ..).all(|item| {
        after.next().is_some_and(|other| {
            item.key == other.key
                && item.value == other.value
                && item.conflict == other.conflict
                && item.id() == other.id()
        })
    });
    if same && after.next().is_none() {
        Ok(bytes)
    } else {
        Err(Fault::said("the values after loading are not those saved"))
    }
}
