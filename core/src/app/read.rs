//! Lists, records, history and what waits: everything that only reads.

use super::{
    Session, answer,
    error::AppError,
    types::{AttentionView, ListPage, ListRequest, RecordView, RefusalView, Sentence},
    views,
};
use crate::{
    model::{ChangeHash, DocId, RecordId},
    store::{ChangeState, Store, ViewCursor, ViewFilter},
    sync::wire::Reason,
};

const PAGE: u32 = 100;

/// One record.
pub fn get(session: &Session<'_>, record: RecordId) -> Result<RecordView, AppError> {
    let view = reading(session, |reader| views::record_view(reader, session.eye(), &record))?;
    view.ok_or(AppError::NotFound)
}

/// One page of a list.
pub fn list(session: &Session<'_>, request: &ListRequest) -> Result<ListPage, AppError> {
    let filter = ViewFilter {
        kind: request.kind.clone(),
        scope: request.scope.clone(),
        text: request.text.clone(),
        contested_only: request.contested_only,
    };
    let limit = if request.limit == 0 { PAGE } else { request.limit };
    let after = request.after.as_deref().map(cursor_from_text).transpose()?;
    reading(session, |reader| {
        let rows = reader.views(&filter, after.as_ref(), limit as usize)?;
        let full = rows.len() == limit as usize;
        let next = rows.last().filter(|_| full).map(|row| cursor_to_text(&row.cursor())).transpose()?;
        let items = rows.into_iter().map(|row| views::list_item(reader, session.schema, row));
        Ok(ListPage { items: items.collect::<Result<_, _>>()?, next })
    })
}

fn cursor_to_text(cursor: &ViewCursor) -> Result<String, AppError> {
    let parts = (&cursor.kind, &cursor.sort, cursor.record);
    serde_json::to_string(&parts).map_err(|e| AppError::storage(&e))
}

fn cursor_from_text(text: &str) -> Result<ViewCursor, AppError> {
    let (kind, sort, record) = serde_json::from_str(text)
        .map_err(|_| AppError::invalid("after", "cursor", "翻页位置无效", "not a place in a list"))?;
    Ok(ViewCursor { kind, sort, record })
}

/// What waits for a person.
pub fn attention(session: &Session<'_>) -> Result<Vec<AttentionView>, AppError> {
    reading(session, |reader| {
        let rows = reader.attention()?;
        rows.iter().map(|row| views::stored_attention(reader, session.eye(), row)).collect()
    })
}

/// One item.
pub fn attention_item(session: &Session<'_>, item: &str) -> Result<AttentionView, AppError> {
    reading(session, |reader| {
        let row = answer::find(reader, item)?;
        let mut view = views::stored_attention(reader, session.eye(), &row)?;
        views::statements(reader, session.eye(), &mut view)?;
        Ok(view)
    })
}

/// Own changes that the county did not take, or not yet.
pub fn refusals(session: &Session<'_>) -> Result<Vec<RefusalView>, AppError> {
    let rows = reading(session, |reader| Ok(reader.refusals()?))?;
    rows.into_iter()
        .map(|(doc, change, reason, state)| {
            let reason: Reason = serde_json::from_str(&reason).map_err(|e| AppError::storage(&e))?;
            Ok(RefusalView {
                record: doc.record,
                change,
                review: state == ChangeState::Review,
                rule: reason.rule,
                say: Sentence { zh: reason.zh, en: reason.en },
            })
        })
        .collect()
}

/// Every change held here.
pub fn held(store: &Store) -> Result<Vec<(DocId, ChangeHash)>, AppError> {
    let mut out = Vec::new();
    store.read(|reader| {
        let mut after = None;
        loop {
            let docs = reader.docs_page(after.as_ref(), 500)?;
            let Some(last) = docs.last() else { return Ok(()) };
            after = Some(last.id);
            for doc in &docs {
                out.extend(reader.changes(&doc.id)?.into_iter().map(|change| (doc.id, change.hash)));
            }
        }
    })?;
    Ok(out)
}

/// Runs a read whose own errors are the facade's.
pub fn reading<T>(
    session: &Session<'_>,
    work: impl FnOnce(&crate::store::Reader<'_>) -> Result<T, AppError>,
) -> Result<T, AppError> {
    session.store.read(|reader| Ok(work(reader)))?
}
