//! After a refusal: what the author wrote on top of the refused change is written anew without it (DESIGN 7).
//!
//! The new changes name the fallen ones in `replaces`, so that the worker does not contradict herself where the county
//! accepts them after all. They are made by a new actor: the old one's numbers are used up by changes that may return.

use std::collections::BTreeSet;

use super::{Session, edit, error::AppError, views};
use crate::{
    doc::{Draft, chunk},
    model::{Actor, ChangeHash, DocId, change::ChangeBody},
    store::{ChangeState, StoredChange, Writer},
    sync::wire::Reason,
};

/// Rewrites the own, unaccepted changes of a document that stand on refused or reviewed ones; says how many.
pub fn rebase(writer: &mut Writer<'_>, session: &Session<'_>, actor: Actor, id: DocId) -> Result<usize, AppError> {
    let Some(row) = writer.doc(&id)? else { return Ok(0) };
    let mut state = views::doc_state(writer, session.eye(), row)?;
    let (standing, fallen) = standing_on_fallen(&state.stored);
    if standing.is_empty() {
        return Ok(0);
    }
    let mut document = edit::load(&state)?;
    for old in &standing {
        let draft = draft(old, &fallen);
        let written = document.write(actor, &draft)?;
        let hash = written.body.hash;
        let grid = state.row.scope.clone();
        edit::keep(writer, &mut state, &document, written)?;
        writer.enqueue(&id, &hash, &grid)?;
        let reason = Reason {
            rule: "rewritten".to_owned(),
            zh: "前一条被退回，这一条已重新写入".to_owned(),
            en: format!("written anew as {} because its predecessor was refused", hash.prefix()),
        };
        let reason = serde_json::to_string(&reason).map_err(|e| AppError::storage(&e))?;
        writer.set_state(&id, &old.hash, ChangeState::Refused, Some(&reason))?;
    }
    Ok(standing.len())
}

/// Own changes on top of fallen ones, in order, and the prefixes of the fallen.
fn standing_on_fallen(stored: &[StoredChange]) -> (Vec<ChangeBody>, Vec<String>) {
    let mut aside = BTreeSet::<ChangeHash>::new();
    let (mut standing, mut fallen) = (Vec::new(), Vec::new());
    for change in stored {
        let Ok(body) = chunk::read(&change.raw) else { continue };
        if matches!(change.state, ChangeState::Refused | ChangeState::Review) {
            aside.insert(body.hash);
            fallen.push(body.hash.prefix());
        } else if change.envelope.is_none() && body.deps.iter().any(|dep| aside.contains(dep)) {
            aside.insert(body.hash);
            standing.push(body);
        }
    }
    (standing, fallen)
}

fn draft(old: &ChangeBody, fallen: &[String]) -> Draft {
    let mut meta = old.meta.clone();
    meta.replaces.extend(fallen.iter().cloned());
    meta.replaces.push(old.hash.prefix());
    meta.replaces.sort();
    meta.replaces.dedup();
    // The message is bounded; the newest of very many are enough, each rewrite names its own predecessor.
    meta.replaces.truncate(8);
    let puts = old.puts.iter().filter(|(key, _)| key != "_id").cloned().collect();
    Draft { puts, time: old.time, meta }
}
