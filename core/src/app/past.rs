//! What was said of a record, when, by whom; and how it stood at an earlier time.

use std::collections::BTreeMap;

use super::{
    Session,
    alias::Group,
    error::AppError,
    read::reading,
    types::{HistoryRequest, RecordView, Sentence},
    views,
};
use crate::{
    merge::{self, HistoryLine},
    model::{ChangeHash, Millis, Observation, RecordId},
    store::Reader,
};

/// Most sentences of a summary: as many as are read on one screen.
const SENTENCES: usize = 12;

/// Which observations count.
#[derive(Clone, Copy)]
struct Until {
    seen: Option<Millis>,
    known: Option<Millis>,
}

impl Until {
    fn of(request: &HistoryRequest) -> Self {
        Self { seen: request.seen_until, known: request.known_until }
    }

    fn counts(self, change: &Observation) -> bool {
        let seen = self.seen.is_none_or(|until| change.at <= until);
        // What waits in an outbox is known to its author alone, not to the county.
        let known = self.known.is_none_or(|until| change.accepted_at.is_some_and(|at| at <= until));
        seen && known
    }

    /// The observations that count. Whose author saw another through one that does not count still saw it.
    fn cut(self, all: &mut Vec<Observation>) {
        let mut gone: BTreeMap<ChangeHash, Vec<ChangeHash>> = BTreeMap::new();
        // Stored changes stand behind those that they depend on.
        for change in all.iter_mut() {
            let deps = change.body.deps.iter();
            let mut through: Vec<ChangeHash> =
                deps.flat_map(|dep| gone.get(dep).cloned().unwrap_or_else(|| vec![*dep])).collect();
            through.sort_unstable();
            through.dedup();
            if self.counts(change) {
                change.body.deps = through;
            } else {
                gone.insert(change.body.hash, through);
            }
        }
        all.retain(|change| !gone.contains_key(&change.body.hash));
    }
}

/// Every statement about a record or a field, oldest first; of a bounded number the newest.
pub fn history(session: &Session<'_>, request: &HistoryRequest) -> Result<Vec<HistoryLine>, AppError> {
    reading(session, |reader| {
        let group = group(reader, session, &request.record, Until::of(request))?;
        let kind = group.kind(session.eye())?;
        let asked = |line: &HistoryLine| request.field.as_deref().is_none_or(|field| line.field == field);
        let docs = group.docs.iter().map(|doc| (doc.row.id, doc.observations.as_slice()));
        let commands = merge::command_history(session.schema, kind, docs);
        let claims = group.unions().flat_map(|all| merge::history(session.schema, kind, &all));
        let mut lines: Vec<HistoryLine> = claims.chain(commands).filter(asked).collect();
        lines.sort_by_key(|line| (line.claim.at, line.claim.change));
        let spare = lines.len().saturating_sub(if request.limit == 0 { usize::MAX } else { request.limit as usize });
        lines.drain(..spare);
        name_all(reader, &mut lines)?;
        Ok(lines)
    })
}

/// How a record stood: as seen by a time, as known by a time, or both.
pub fn as_of(session: &Session<'_>, request: &HistoryRequest) -> Result<RecordView, AppError> {
    reading(session, |reader| {
        let group = group(reader, session, &request.record, Until::of(request))?;
        if group.docs.iter().all(|doc| doc.observations.is_empty()) {
            return Err(AppError::NotFound);
        }
        views::group_view(reader, session.eye(), &group)
    })
}

/// What became of a record, newest first, in a few sentences.
pub fn summary(session: &Session<'_>, record: &RecordId) -> Result<Vec<Sentence>, AppError> {
    reading(session, |reader| {
        let group = group(reader, session, record, Until { seen: None, known: None })?;
        let kind = group.kind(session.eye())?;
        let mut lines: Vec<HistoryLine> =
            group.unions().flat_map(|all| merge::summary(session.schema, kind, &all, session.now)).collect();
        lines.sort_by_key(|line| std::cmp::Reverse(line.claim.at));
        lines.truncate(SENTENCES);
        name_all(reader, &mut lines)?;
        Ok(lines.into_iter().map(|line| Sentence { zh: line.zh, en: line.en }).collect())
    })
}

fn group(reader: &Reader<'_>, session: &Session<'_>, record: &RecordId, until: Until) -> Result<Group, AppError> {
    if until.seen.is_none() && until.known.is_none() {
        return Group::read(reader, session.eye(), record)?.ok_or(AppError::NotFound);
    }
    Group::then(reader, session.eye(), record, |all| until.cut(all))?.ok_or(AppError::NotFound)
}

/// Sentences about references say names, not ids.
fn name_all(reader: &Reader<'_>, lines: &mut [HistoryLine]) -> Result<(), AppError> {
    for line in lines {
        line.zh = views::name_ids(reader, &line.zh)?;
        line.en = views::name_ids(reader, &line.en)?;
    }
    Ok(())
}
