//! What people and the county do in a story, turned into calls of the facade and of the county's functions.

mod answer;
mod errand;
mod form;
mod office;

use std::collections::BTreeSet;

use toml::Spanned;
use wangge_core::{
    app::{AppError, Problem},
    model::{ChangeHash, DocId, Field, Kind, KindName, RecordId, Schema, Scope},
};

use super::{
    Finding,
    file::{Act, PhoneSays},
    play::{Kept, Play, Step, stop, wrong},
};
use crate::calendar;

/// What an act came to.
#[derive(Default)]
struct Done {
    /// The record that it made.
    made: Option<RecordId>,
    /// What the phone warned of.
    warned: Vec<(String, String)>,
}

impl Play<'_> {
    /// One person does something on one phone, out of contact.
    pub fn act(&mut self, spanned: &Spanned<Act>) -> Step<()> {
        let (line, act) = (self.line(spanned), spanned.get_ref());
        let grid = act.grid.as_deref().map(|name| self.grid(name));
        let phone = self.phone(&act.who, line)?;
        let Some(at) = calendar::millis(&act.at) else { return stop(line, "at 要写年月日", "`at` needs a date") };
        if at < phone.env.true_time() {
            let now = calendar::shown_time(phone.env.true_time());
            return stop(
                line,
                format!("{}那里已是 {now}，不能回到以前", act.who),
                format!("it is {now} for {}", act.who),
            );
        }
        phone.env.live_until(at);
        if act.dictionary.is_some() {
            let schema = self.dictionary(act.dictionary.as_deref(), line)?;
            return self.world.update_phone(&act.who, schema).map_err(wrong);
        }
        let before = self.held(act, line)?;
        match self.deed(act, grid, line)? {
            Ok(done) => {
                let new = self.held(act, line)?;
                let new = new.difference(&before).map(|(doc, change)| (doc.record, *change));
                self.journal.extend(new.map(|(record, change)| Kept { who: act.who.clone(), record, change }));
                if let Some(record) = done.made {
                    self.name_new(act.new.as_deref(), record, line)?;
                }
                if let Some(expected) = &act.refused {
                    let rule = &expected.rule;
                    return stop(
                        line,
                        format!("本应以 {rule} 拒绝，却写进去了"),
                        format!("kept, not refused by {rule}"),
                    );
                }
                self.compare_words(line, act.warned.as_ref(), &done.warned);
                Ok(())
            }
            Err(error) => self.refused(line, act, &error),
        }
    }

    /// Every change on the phone of an act's author.
    fn held(&self, act: &Act, line: Option<usize>) -> Step<BTreeSet<(DocId, ChangeHash)>> {
        let held = self.phone(&act.who, line)?.app.held();
        let held = held.map_err(|e| Finding::of(line, &format!("{}那里", act.who), &act.who, &e))?;
        Ok(held.into_iter().collect())
    }

    /// The call that an act stands for, and what the phone answered.
    fn deed(&mut self, act: &Act, grid: Option<Scope>, line: Option<usize>) -> Step<Result<Done, AppError>> {
        if let Some(answer) = &act.answer {
            return self.answer(act, answer, line);
        }
        if act.undo {
            return self.undo(act, line);
        }
        if act.merge_into.is_some() || act.unmerge {
            return self.merge(act, line);
        }
        if !act.hint.is_empty() {
            return self.hint(act, line);
        }
        if let Some(visit) = &act.go {
            return self.visit(act, visit, line);
        }
        if let (Some(command), None, true) = (&act.command, &act.new, act.put.is_empty()) {
            return self.command(act, command, line);
        }
        let request = self.request(act, grid, line)?;
        if let Some(names) = &act.likely {
            self.likely(act, &request, names, line)?;
        }
        if act.unsaved {
            return Ok(Ok(Done::default()));
        }
        let outcome = self.phone(&act.who, line)?.app.edit(&request);
        Ok(outcome.map(|outcome| Done {
            made: act.new.as_ref().map(|_| outcome.record),
            warned: outcome.warnings.iter().map(said).collect(),
        }))
    }

    fn name_new(&mut self, name: Option<&str>, record: RecordId, line: Option<usize>) -> Step<()> {
        match name {
            Some(name) if !self.names.give(name, record) => {
                stop(line, format!("已有叫“{name}”的记录"), format!("a record is called {name} already"))
            }
            _ => Ok(()),
        }
    }

    fn refused(&mut self, line: Option<usize>, act: &Act, error: &AppError) -> Step<()> {
        if act.refused.is_none() {
            let (zh, en) = (format!("{}写不进去", act.who), format!("{} cannot write", act.who));
            return Err(Finding::of(line, &zh, &en, error));
        }
        let said = match error {
            AppError::Invalid { problems } => problems.iter().map(said).collect(),
            other => vec![("not_allowed".to_owned(), other.to_string())],
        };
        self.compare_words(line, act.refused.as_ref(), &said);
        Ok(())
    }

    fn compare_words(&mut self, line: Option<usize>, expected: Option<&PhoneSays>, said: &[(String, String)]) {
        let Some(expected) = expected else { return };
        let fits = |(rule, words): &(String, String)| {
            *rule == expected.rule && expected.words.iter().all(|word| words.contains(word.as_str()))
        };
        let also = expected.also.iter().all(|rule| said.iter().any(|one| one.0 == *rule));
        if !also || !said.iter().any(fits) {
            let found: Vec<_> = said.iter().map(|(rule, words)| format!("{rule}：{words}")).collect();
            let rules = [vec![expected.rule.clone()], expected.also.clone()].concat().join("、");
            let (words, found) = (expected.words.join("、"), found.join("；"));
            self.findings.add(
                line,
                format!("手机应以 {rules} 提示“{words}”，实际为“{found}”"),
                format!("the phone should say {rules} with “{words}”, it says “{found}”"),
            );
        }
    }

    /// The record that an act names.
    fn record_of(&self, act: &Act, line: Option<usize>) -> Step<RecordId> {
        match &act.record {
            Some(name) => self.record(name, line),
            None => stop(line, "要写 record", "`record` is missing"),
        }
    }
}

fn kind_of<'k>(schema: &'k Schema, name: &KindName, line: Option<usize>) -> Step<&'k Kind> {
    match schema.kind(&name.0) {
        Some(kind) => Ok(kind),
        None => stop(line, format!("没有 {name} 这类记录"), format!("no kind {name}")),
    }
}

fn field_of<'k>(kind: &'k Kind, key: &str, line: Option<usize>) -> Step<&'k Field> {
    match kind.field(key) {
        Some(field) => Ok(field),
        None => stop(line, format!("“{}”没有 {key} 这一栏", kind.zh), format!("{} has no field {key}", kind.name)),
    }
}

fn said(problem: &Problem) -> (String, String) {
    (problem.rule.clone(), format!("{} / {}", problem.zh, problem.en))
}
