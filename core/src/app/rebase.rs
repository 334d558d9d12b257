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
    let mut renamed = Vec::new();
    for old in &standing {
        let Some(draft) = draft(old, &fallen, &renamed) else {
            let reason = Reason {
                rule: "rewritten".to_owned(),
                zh: "它所撤销的那条已被退回，不需再写".to_owned(),
                en: "what it undid was refused, so that nothing is left to undo".to_owned(),
            };
            let reason = serde_json::to_string(&reason).map_err(|e| AppError::storage(&e))?;
            writer.set_state(&id, &old.hash, ChangeState::Refused, Some(&reason))?;
            continue;
        };
        let written = document.write(actor, &draft)?;
        let hash = written.body.hash;
        renamed.push((old.hash.prefix(), hash.prefix()));
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

/// What is written anew; nothing where all that it did was to undo what was refused. `renamed` says under which name a
/// change that it undoes or decides stands now.
fn draft(old: &ChangeBody, fallen: &[String], renamed: &[(String, String)]) -> Option<Draft> {
    let mut meta = old.meta.clone();
    meta.undoes.retain(|name| !fallen.contains(name));
    for name in meta.undoes.iter_mut().chain(&mut meta.decides) {
        if let Some((_, now)) = renamed.iter().find(|(before, _)| before == name) {
            name.clone_from(now);
        }
    }
    meta.replaces.extend(fallen.iter().cloned());
    meta.replaces.push(old.hash.prefix());
    meta.replaces.sort();
    meta.replaces.dedup();
    // The message is bounded; the newest of very many are enough, each rewrite names its own predecessor.
    meta.replaces.truncate(8);
    let puts: Vec<_> = old.puts.iter().filter(|(key, _)| key != "_id").cloned().collect();
    let says_something =
        !(puts.is_empty() && meta.seen.is_empty() && meta.decides.is_empty() && meta.undoes.is_empty());
    says_something.then_some(Draft { puts, time: old.time, meta })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Actor, Meta, Millis};

    fn body(hash: u8, puts: &[(&str, &str)]) -> ChangeBody {
        ChangeBody {
            hash: ChangeHash([hash; 32]),
            deps: Vec::new(),
            actor: Actor([0; 16]),
            seq: 1,
            start_op: 1,
            time: Millis(7),
            meta: Meta::default(),
            puts: puts.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect(),
        }
    }

    #[test]
    fn what_is_written_anew_names_what_it_undoes_by_its_new_name() {
        let prefix = |hash: u8| ChangeHash([hash; 32]).prefix();
        let (fallen, renamed) = ([prefix(1)], [(prefix(2), prefix(9))]);
        let mut undo = body(3, &[]);
        undo.meta.undoes = vec![prefix(2), prefix(1), prefix(4)];
        undo.meta.decides = vec![prefix(2)];
        let anew = draft(&undo, &fallen, &renamed);
        let anew = anew.map(|draft| (draft.meta.undoes, draft.meta.decides, draft.meta.replaces, draft.time));
        let expected = (vec![prefix(9), prefix(4)], vec![prefix(9)], vec![prefix(1), prefix(3)], Millis(7));
        assert_eq!(anew, Some(expected));
        let mut undo = body(3, &[]);
        undo.meta.undoes = vec![prefix(1)];
        assert_eq!(draft(&undo, &fallen, &renamed), None, "what it undid is refused already");
        let both = ChangeBody { puts: body(3, &[("phone", "138")]).puts, ..undo };
        assert_eq!(draft(&both, &fallen, &renamed).map(|draft| draft.meta.undoes), Some(Vec::new()));
    }
}
