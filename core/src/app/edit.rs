//! One form becomes one change for each audience it touches, in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Session,
    alias::Group,
    check,
    command::Course,
    effects,
    error::AppError,
    types::{EditOutcome, EditRequest, FieldEdit, LeaseState},
    views::{self, DocState},
};
use crate::{
    doc::{Document, Draft, Written},
    merge::{self, Edit, Resolved},
    model::{
        Actor, Audience, ChangeHash, DocId, Field, Kind, Member, Meta, Millis, RecordId, Scope, Value,
        schema::base_key, validate::Problem,
    },
    store::{ChangeState, StoredChange, Writer},
};

/// From this many changes on a document keeps a snapshot beside its changes (core/docs/adr/0002).
const SNAPSHOT_EVERY: u32 = 64;

/// Carries out one form.
pub fn edit(session: &Session<'_>, actor: Actor, request: &EditRequest) -> Result<EditOutcome, AppError> {
    let form = prepare(session, request)?;
    let wrote = session.store.write(|writer| write_all(writer, session, actor, &form))?;
    let changes = wrote.changes.into_iter().map(|(_, hash)| hash).collect();
    Ok(EditOutcome { record: form.record, changes, warnings: wrote.warnings })
}

/// The id of a new record of a kind that each record of another has one of: it follows from that one's, so that who may
/// not read it can leave a hint there.
fn owned_id(kind: &Kind, request: &EditRequest) -> Option<RecordId> {
    let of = kind.id_of.as_ref()?;
    let owner = request.edits.iter().find_map(|edit| match edit {
        FieldEdit::Put { field, value } if field == of => value.text()?.parse().ok(),
        _ => None,
    });
    owner.map(|owner| RecordId::derived(owner, &kind.name.0))
}

/// Writes a form and what the schema says goes with it.
pub fn write_all(
    writer: &mut Writer<'_>,
    session: &Session<'_>,
    actor: Actor,
    form: &Form<'_>,
) -> Result<Wrote, AppError> {
    let mut wrote = write(writer, session, actor, form)?;
    for request in effects::of(writer, session, form)? {
        let more = write(writer, session, actor, &prepare(session, &request)?)?;
        wrote.changes.extend(more.changes);
        wrote.warnings.extend(more.warnings);
    }
    Ok(wrote)
}

/// A form that this person may fill in now, split by audience.
pub struct Form<'a> {
    /// What was filled in.
    pub request: &'a EditRequest,
    /// Kind of the record.
    pub kind: &'static Kind,
    scope: Scope,
    /// The record, new or not.
    pub record: RecordId,
    parts: BTreeMap<Audience, Part>,
}

/// What a form wrote, and how the record stands after it.
pub struct Wrote {
    /// Changes with their documents.
    pub changes: Vec<(DocId, ChangeHash)>,
    /// The record's documents, resolved with them.
    pub resolved: Vec<Resolved>,
    /// What is kept, but marked.
    pub warnings: Vec<Problem>,
}

/// Takes a form apart without touching the store; its values are checked when it is written.
pub fn prepare<'a>(session: &Session<'_>, request: &'a EditRequest) -> Result<Form<'a>, AppError> {
    let kind = session.kind(&request.kind)?;
    may_write_now(session)?;
    let scope = scope(session, request)?;
    let record = request.record.or_else(|| owned_id(kind, request)).unwrap_or_else(|| session.new_record());
    Ok(Form { request, kind, scope, record, parts: parts(session, kind, request) })
}

/// Refuses to write where the phone was too long without contact.
pub fn may_write_now(session: &Session<'_>) -> Result<(), AppError> {
    if session.lease_state() == LeaseState::Locked {
        return Err(AppError::not_allowed(
            "已超过期限没有联系县里，请先联网同步一次再记录",
            "too long without contact: please sync once before going on",
        ));
    }
    Ok(())
}

/// Writes a form inside a transaction. The record is read once: what it said before tells what has to be written, and
/// with the new changes it makes the view.
pub fn write(writer: &mut Writer<'_>, session: &Session<'_>, actor: Actor, form: &Form<'_>) -> Result<Wrote, AppError> {
    let eye = session.eye();
    let mut group = match form.request.record {
        Some(record) => Group::read(writer, eye, &record)?.ok_or(AppError::NotFound)?,
        None => Group::read(writer, eye, &form.record)?.unwrap_or_else(|| Group::new(form.record)),
    };
    if group.docs.first().is_some_and(|doc| doc.row.kind != form.kind.name) {
        return Err(AppError::invalid("", "kind", "这条记录不是这一类", "the record is of another kind"));
    }
    let mut resolved = group.resolve(eye, form.kind);
    let warnings = check::form(session, form.kind, form.request, &resolved)?;
    let mut changes = Vec::new();
    let mut intents = intents(session, form, &group)?;
    let (nothing, audiences) = (Part::default(), form.parts.keys().chain(intents.keys()).copied());
    for audience in &audiences.collect::<BTreeSet<_>>() {
        let (part, before) = (form.parts.get(audience).unwrap_or(&nothing), resolved.get(audience));
        let wanted = intents.remove(audience).unwrap_or_default();
        let Some(draft) = draft(session, form, &group, *audience, (part, wanted), before)? else { continue };
        let doc = group.doc_mut(form.record, *audience, form.kind, &form.scope);
        let hash = add(writer, session, actor, doc, &form.scope, &draft)?;
        changes.push((doc.row.id, hash));
        resolved.insert(*audience, group.resolve_one(eye, form.kind, *audience));
    }
    let resolved: Vec<Resolved> = resolved.into_values().collect();
    views::refresh_from(writer, eye, &group, form.kind, &resolved)?;
    Ok(Wrote { changes, resolved, warnings })
}

/// Commands that go with the form, as keys and values by document. They are judged by the record as the form leaves it.
fn intents(
    session: &Session<'_>,
    form: &Form<'_>,
    group: &Group,
) -> Result<BTreeMap<Audience, Vec<(String, Value)>>, AppError> {
    let mut out: BTreeMap<Audience, Vec<(String, Value)>> = BTreeMap::new();
    if form.request.commands.is_empty() {
        return Ok(out);
    }
    let own = group.docs.iter().filter(|doc| doc.row.id.record == form.record);
    let puts = form.parts.values().flat_map(|part| &part.edits).map(|edit| (edit.key.as_str(), &edit.value));
    let course = Course::of(session.eye(), form.kind, form.record, own).with_values(puts);
    for (name, args) in &form.request.commands {
        let at = form.request.observed_at.unwrap_or(session.now);
        let (audience, put) = course.intent(session, (name, args), at)?;
        out.entry(audience).or_default().push(put);
    }
    Ok(out)
}

/// What one audience's document gets.
#[derive(Debug, Default)]
struct Part {
    edits: Vec<Edit>,
    confirm: Vec<String>,
}

fn scope(session: &Session<'_>, request: &EditRequest) -> Result<Scope, AppError> {
    let asked = request.scope.clone().or_else(|| session.account.scopes.first().cloned());
    asked
        .filter(|scope| session.account.scopes.contains(scope))
        .ok_or_else(|| AppError::not_allowed("这个网格不归您负责", "this grid is not one of yours"))
}

/// Splits a form by audience and turns field edits into keys and scalars.
fn parts(session: &Session<'_>, kind: &Kind, request: &EditRequest) -> BTreeMap<Audience, Part> {
    let mut parts: BTreeMap<Audience, Part> = BTreeMap::new();
    for edit in &request.edits {
        let Some(field) = kind.field(edit.field()) else { continue };
        for (key, value) in scalars(field, edit, || session.new_ulid()) {
            let audience = kind.field(&key).map_or(field.audience, |f| f.audience);
            parts.entry(audience).or_default().edits.push(Edit { key, value });
        }
    }
    for confirm in &request.confirm {
        if confirm == "*" {
            for audience in kind.audiences() {
                if session.schema.receives(session.account.role, audience) {
                    parts.entry(audience).or_default().confirm.push("*".to_owned());
                }
            }
        } else if let Some(field) = kind.field(confirm) {
            parts.entry(field.audience).or_default().confirm.push(confirm.clone());
        }
    }
    parts
}

/// Document keys and values of one edit; a log entry gets a name of its own.
pub fn scalars(field: &Field, edit: &FieldEdit, name: impl FnOnce() -> String) -> Vec<(String, Value)> {
    let member = |set: &str, member: Member| (Member::key(set, &member.text), member.to_value());
    match edit {
        FieldEdit::Put { value, .. } => {
            let joins = field.joins.as_deref().zip(value.text()).map(|(set, text)| member(set, Member::present(text)));
            std::iter::once((field.key.clone(), value.clone())).chain(joins).collect()
        }
        FieldEdit::Add { text, date, .. } => {
            vec![member(&field.key, Member { text: text.clone(), on: true, date: date.clone() })]
        }
        FieldEdit::End { text, date, .. } => vec![member(&field.key, Member::ended(text, date.as_deref()))],
        FieldEdit::Append { text, .. } => {
            let entry = serde_json::json!({ "text": text }).to_string();
            vec![(format!("{}/{}", field.key, name()), Value::Text(entry))]
        }
    }
}

/// What is to be written into one audience's document; none where the form says nothing to it.
fn draft(
    session: &Session<'_>,
    form: &Form<'_>,
    group: &Group,
    audience: Audience,
    (part, wanted): (&Part, Vec<(String, Value)>),
    before: Option<&Resolved>,
) -> Result<Option<Draft>, AppError> {
    if before.is_none() && part.edits.is_empty() && wanted.is_empty() {
        return Ok(None);
    }
    let nothing = Resolved::default();
    let request = form.request;
    let deciding = !request.decide.is_empty();
    let plan = merge::plan(session.schema, form.kind, before.unwrap_or(&nothing), &part.edits, deciding);
    if let Some((field, zh, en)) = plan.refused.first() {
        return Err(AppError::invalid(base_key(field), "immutable", zh, en));
    }
    let mut meta = Meta {
        source: request.source,
        submission: request.submission.clone(),
        visit: request.visit,
        seen: plan.seen,
        decides: request.decide.clone(),
        beside: group.beside(form.record, audience),
        ..session.meta()
    };
    meta.seen.extend(part.confirm.iter().cloned());
    let puts = [plan.puts, wanted].concat();
    if puts.is_empty() && meta.seen.is_empty() {
        return Ok(None);
    }
    Ok(Some(Draft { puts, time: request.observed_at.unwrap_or(session.now), meta }))
}

/// Writes one change behind those of a document, and puts it into the outbox.
pub fn add(
    writer: &mut Writer<'_>,
    session: &Session<'_>,
    actor: Actor,
    state: &mut DocState,
    scope: &Scope,
    draft: &Draft,
) -> Result<ChangeHash, AppError> {
    let mut document = load(state)?;
    let written = document.write(actor, draft)?;
    let hash = written.body.hash;
    let observation = views::own(session.eye(), written.body.clone());
    keep(writer, state, &document, written)?;
    state.observations.push(observation);
    let grid = if state.row.scope.0.is_empty() { scope } else { &state.row.scope };
    writer.enqueue(&state.row.id, &hash, grid)?;
    Ok(hash)
}

/// The document of what counts here: without refused changes and what stands on them.
pub fn load(state: &DocState) -> Result<Document, AppError> {
    let counted = state.observations.len() == state.stored.len();
    if let (true, Some(snapshot)) = (counted, &state.row.snapshot) {
        let later = state.stored.iter().skip(state.row.snapshot_len as usize).map(|c| c.raw.as_slice());
        return Ok(Document::load(state.row.id, Some(snapshot), later)?);
    }
    let counts = |change: &&StoredChange| state.observations.iter().any(|o| o.body.hash == change.hash);
    let raws = state.stored.iter().filter(|c| counted || counts(c)).map(|c| c.raw.as_slice());
    Ok(Document::load(state.row.id, None, raws)?)
}

/// Stores a written change, and now and then a proven snapshot.
pub fn keep(
    writer: &mut Writer<'_>,
    state: &mut DocState,
    document: &Document,
    written: Written,
) -> Result<(), AppError> {
    state.row.len = state.stored.len() as u32 + 1;
    if document.len() == state.row.len as usize && state.row.len - state.row.snapshot_len >= SNAPSHOT_EVERY {
        state.row.snapshot = Some(document.snapshot()?);
        state.row.snapshot_len = state.row.len;
    }
    writer.put_doc(&state.row)?;
    let stored = StoredChange {
        hash: written.body.hash,
        raw: written.raw,
        envelope: None,
        tag: None,
        state: ChangeState::Pending,
    };
    writer.add_change(&state.row.id, &stored)?;
    state.stored.push(stored);
    Ok(())
}

/// The lease by the server's clock as this device can know it: its own clock is believed only to run forward.
pub fn lease_state(contact: &super::Contact, now: Millis) -> LeaseState {
    let passed = (now.0 - contact.device_time.0).max(0);
    let server_now = contact.server_time.plus(passed);
    if server_now >= contact.lease.lock_at {
        LeaseState::Locked
    } else if server_now >= contact.lease.warn_at {
        LeaseState::Warn
    } else {
        LeaseState::Good
    }
}
