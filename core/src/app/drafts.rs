//! Forms that are kept and not handed in yet: right or wrong, they stay as they were filled in.

use super::{
    Session,
    alias::Group,
    check, edit,
    error::AppError,
    types::{DraftView, EditOutcome, EditRequest},
};
use crate::{
    model::{Actor, validate::Problem},
    store::{DraftRow, Reader},
};

/// Longest form in bytes of JSON: far more than a person types, and nothing that fills a phone.
const MAX_DRAFT: usize = 256 * 1024;

/// Keeps a form under its name, or under a new one, with everything that keeps it from being handed in.
pub fn keep(session: &Session<'_>, id: Option<&str>, request: &EditRequest) -> Result<DraftView, AppError> {
    let json = serde_json::to_string(request).map_err(|e| AppError::storage(&e))?;
    if json.len() > MAX_DRAFT {
        return Err(AppError::invalid("", "size", "这张表太大，存不下", "the form is too large to be kept"));
    }
    let id = id.map_or_else(|| session.new_ulid(), str::to_owned);
    let row = DraftRow { id, at: session.now, schema: session.schema.version, json };
    session.store.write(|writer| {
        writer.put_draft(&row)?;
        view(writer, session, &row)
    })
}

/// Every kept form, the newest first.
pub fn list(session: &Session<'_>) -> Result<Vec<DraftView>, AppError> {
    session.store.read(|reader| {
        let rows = reader.drafts()?;
        Ok(rows.iter().map(|row| view(reader, session, row)).collect())
    })?
}

/// Forgets a kept form.
pub fn discard(session: &Session<'_>, id: &str) -> Result<(), AppError> {
    let was_there = session.store.write(|writer| Ok::<_, AppError>(writer.drop_draft(id)?))?;
    if was_there { Ok(()) } else { Err(AppError::NotFound) }
}

/// Hands a kept form in. It is gone in the transaction that wrote it, and stays where anything is wrong with it.
pub fn submit(session: &Session<'_>, actor: Actor, id: &str) -> Result<EditOutcome, AppError> {
    session.store.write(|writer| {
        let row = writer.draft(id)?.ok_or(AppError::NotFound)?;
        let request = read(&row)?;
        let form = edit::prepare(session, &request)?;
        let wrote = edit::write_all(writer, session, actor, &form)?;
        writer.drop_draft(id)?;
        let changes = wrote.changes.into_iter().map(|(_, hash)| hash).collect();
        Ok(EditOutcome { record: form.record, changes, warnings: wrote.warnings })
    })
}

fn read(row: &DraftRow) -> Result<EditRequest, AppError> {
    serde_json::from_str(&row.json).map_err(|e| AppError::storage(&e))
}

fn view(reader: &Reader<'_>, session: &Session<'_>, row: &DraftRow) -> Result<DraftView, AppError> {
    let request = read(row)?;
    let problems = problems(reader, session, &request)?;
    Ok(DraftView { id: row.id.clone(), request, at: row.at, schema: row.schema, problems })
}

/// What is wrong with a form as the record stands now, those that only mark it included.
fn problems(reader: &Reader<'_>, session: &Session<'_>, request: &EditRequest) -> Result<Vec<Problem>, AppError> {
    let kind = match session.kind(&request.kind) {
        Ok(kind) => kind,
        Err(AppError::Invalid { problems }) => return Ok(problems),
        Err(other) => return Err(other),
    };
    let group = request.record.map(|record| Group::read(reader, session.eye(), &record)).transpose()?.flatten();
    if request.record.is_some() && group.is_none() {
        let (zh, en) = ("这条记录已不在本机", "the record is no longer on this phone");
        return Ok(vec![Problem::block("", "record", zh, en)]);
    }
    let resolved = group.map(|group| group.resolve(session.eye(), kind)).unwrap_or_default();
    match check::form(session, kind, request, &resolved) {
        Ok(problems) | Err(AppError::Invalid { problems }) => Ok(problems),
        Err(other) => Err(other),
    }
}
