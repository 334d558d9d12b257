//! Answers to items, and acts taken back.

use wangge_core::app::{Answer, AppError, AttentionView};

use super::{Done, field_of, kind_of};
use crate::scenario::{
    Finding,
    file::{Act, AnswerLine},
    play::{Play, Step, stop},
    value,
};

impl Play<'_> {
    /// Answers the one item of a record that the file means.
    pub(super) fn answer(&self, act: &Act, answer: &AnswerLine, line: Option<usize>) -> Step<Result<Done, AppError>> {
        let app = &self.phone(&act.who, line)?.app;
        let record = self.record_of(act, line)?;
        let items = app.attention().map_err(|e| Finding::of(line, &format!("{}那里", act.who), &act.who, &e))?;
        let meant = |item: &&AttentionView| {
            item.rule == answer.rule
                && (item.record == record || item.others.contains(&record))
                && answer.field.as_ref().is_none_or(|field| *field == item.field)
        };
        let found: Vec<_> = items.iter().filter(meant).collect();
        let [item] = found.as_slice() else {
            let zh = format!("{}那里有 {} 条这样的待确认，应是一条", act.who, found.len());
            return stop(line, zh, format!("{} has {} such items, not one", act.who, found.len()));
        };
        let answer = self.answered(act, answer, item, line)?;
        Ok(app.answer(&item.id, &answer).map(|_| Done::default()))
    }

    fn answered(&self, act: &Act, answer: &AnswerLine, item: &AttentionView, line: Option<usize>) -> Step<Answer> {
        let schema = self.phone(&act.who, line)?.app.schema();
        let read = |written: &toml::Value| {
            let field = field_of(kind_of(schema, &item.kind, line)?, &item.field, line)?;
            value::read(schema, &self.names, field, written).or_else(|words| stop(line, words.clone(), words))
        };
        let mut all = Vec::new();
        if let Some(written) = &answer.choose {
            let wanted = read(written)?;
            let Some(claim) = item.claims.iter().find(|claim| claim.value == wanted) else {
                return stop(line, format!("待确认中没有 {written}"), format!("the item has no {written}"));
            };
            all.push(Answer::Choose { claim: claim.prefix.clone() });
        }
        if let Some(written) = &answer.value {
            all.push(Answer::Value { value: read(written)?, source: act.source });
        }
        if let Some(name) = &answer.same {
            all.push(Answer::Same { keep: self.record(name, line)? });
        }
        let plain = [(answer.next_time, Answer::NextTime), (answer.different, Answer::Different)];
        all.extend(
            plain.into_iter().chain([(answer.confirm, Answer::Confirm)]).filter_map(|(said, one)| said.then_some(one)),
        );
        match all.pop() {
            Some(one) if all.is_empty() => Ok(one),
            _ => stop(line, "answer 只写一种回答", "`answer` says one thing"),
        }
    }

    /// Takes back the last thing that a person did to a record.
    pub(super) fn undo(&self, act: &Act, line: Option<usize>) -> Step<Result<Done, AppError>> {
        let app = &self.phone(&act.who, line)?.app;
        let record = self.record_of(act, line)?;
        let lacks = |e| Finding::of(line, &format!("{}那里", act.who), &act.who, &e);
        // What was done to a record that is one with others is kept under the name that lists show.
        let head = app.get(record).map_or(record, |view| view.record);
        let acts = app.acts().map_err(lacks)?;
        let last = acts.iter().find(|done| !done.undone && [record, head].contains(&done.record));
        match last {
            Some(done) => Ok(app.undo(&done.id).map(|_| Done::default())),
            None => stop(line, "没有可以撤回的", "there is nothing to take back"),
        }
    }
}
