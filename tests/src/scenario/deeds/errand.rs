//! What people do besides filling in forms: commands, visits, merges, hints, and looking for a record while typing.

use std::collections::{BTreeMap, BTreeSet};

use wangge_core::{
    app::{AppError, CheckRequest, CommandRequest, EditRequest, FieldEdit, HintRequest, VisitRequest},
    model::{KindName, RecordId, Schema, Value, flow::ArgType},
};

use super::{Done, field_of, kind_of, said};
use crate::{
    calendar,
    scenario::{
        Finding,
        file::{Act, Visit},
        play::{Play, Step, stop},
        value,
    },
};

impl Play<'_> {
    /// A command on a record that is there.
    pub(super) fn command(&self, act: &Act, name: &str, line: Option<usize>) -> Step<Result<Done, AppError>> {
        let record = self.record_of(act, line)?;
        let app = &self.phone(&act.who, line)?.app;
        let kind = app.get(record).map_err(|e| Finding::of(line, &format!("{}那里", act.who), &act.who, &e))?.kind;
        let request = CommandRequest {
            record,
            command: name.to_owned(),
            args: self.args(app.schema(), &act.args, &kind, name, line)?,
            source: act.source,
            observed_at: act.seen.as_ref().and_then(calendar::millis),
        };
        Ok(app
            .command(&request)
            .map(|outcome| Done { made: None, warned: outcome.warnings.iter().map(said).collect() }))
    }

    /// What a command is told: codes by their Chinese words, records by the names of the file, times as dates.
    pub(super) fn args(
        &self,
        schema: &Schema,
        written: &BTreeMap<String, toml::Value>,
        kind: &KindName,
        command: &str,
        line: Option<usize>,
    ) -> Step<BTreeMap<String, Value>> {
        let known = schema.flows.find(kind, command).map(|(_, command)| command);
        let mut args = BTreeMap::new();
        for (name, written) in written {
            let arg = known.and_then(|command| command.arg(name));
            let value = match (arg.map(|arg| arg.arg_type), written) {
                (Some(ArgType::Record), toml::Value::String(name)) => Value::Text(self.record(name, line)?.to_string()),
                (Some(ArgType::Code), toml::Value::String(word)) => {
                    let list = arg.and_then(|arg| schema.lists.get(arg.list.as_ref()?));
                    let code = list.and_then(|list| list.find_word(word)).map(|code| code.code.clone());
                    Value::Text(code.unwrap_or_else(|| word.clone()))
                }
                (Some(ArgType::Date), toml::Value::Datetime(day)) => {
                    Value::Text(calendar::day(day).unwrap_or_default())
                }
                (_, toml::Value::Datetime(time)) => match calendar::millis(time) {
                    Some(at) => Value::Int(at.0),
                    None => return stop(line, "时间要写日期", "a time needs its date"),
                },
                (_, toml::Value::String(text)) => Value::Text(text.clone()),
                (_, toml::Value::Boolean(yes)) => Value::Bool(*yes),
                (_, other) => {
                    return stop(line, format!("{name} 不能写成 {other}"), format!("{name} cannot be {other}"));
                }
            };
            args.insert(name.clone(), value);
        }
        Ok(args)
    }

    /// Says of two records that they are one, or that they are not.
    pub(super) fn merge(&self, act: &Act, line: Option<usize>) -> Step<Result<Done, AppError>> {
        let record = self.record_of(act, line)?;
        let app = &self.phone(&act.who, line)?.app;
        let done = match &act.merge_into {
            Some(into) => app.merge(record, self.record(into, line)?).map(drop),
            None => app.unmerge(record).map(drop),
        };
        Ok(done.map(|()| Done::default()))
    }

    /// Leaves hints about a resident in a file that the author may not read.
    pub(super) fn hint(&self, act: &Act, line: Option<usize>) -> Step<Result<Done, AppError>> {
        let resident = self.record_of(act, line)?;
        let app = &self.phone(&act.who, line)?.app;
        let child = kind_of(app.schema(), &KindName::from("child"), line)?;
        for (key, written) in &act.hint {
            let read = value::read(app.schema(), &self.names, field_of(child, key, line)?, written);
            let request = HintRequest {
                about: resident,
                kind: child.name.clone(),
                field: key.clone(),
                value: read.or_else(|words| stop(line, words.clone(), words))?,
                source: act.source,
                observed_at: act.seen.as_ref().and_then(calendar::millis),
            };
            if let Err(error) = app.hint(&request) {
                return Ok(Err(error));
            }
        }
        Ok(Ok(Done::default()))
    }

    /// One visit with everything that came of it.
    pub(super) fn visit(&self, act: &Act, visit: &Visit, line: Option<usize>) -> Step<Result<Done, AppError>> {
        let app = &self.phone(&act.who, line)?.app;
        let schema = app.schema();
        let code = |list: &str, word: &str| {
            let code = schema.lists.get(list).and_then(|list| list.find_word(word));
            code.map_or_else(|| word.to_owned(), |code| code.code.clone())
        };
        let mut edits = Vec::new();
        for one in &visit.found {
            let record = self.record(&one.record, line)?;
            let view = app.get(record).map_err(|e| Finding::of(line, &format!("{}那里", act.who), &act.who, &e))?;
            let puts = self.puts(schema, kind_of(schema, &view.kind, line)?, &one.put, line)?;
            edits.push(EditRequest {
                record: Some(record),
                kind: view.kind,
                source: act.source,
                edits: puts.into_iter().map(|(field, value)| FieldEdit::Put { field, value }).collect(),
                ..EditRequest::default()
            });
        }
        let met = visit.met.iter().map(|name| self.record(name, line)).collect::<Step<Vec<_>>>()?;
        let check = visit.failed.clone().map(|failed| CheckRequest { failed, ..CheckRequest::default() });
        let request = VisitRequest {
            kind: code("visit_kind", &visit.kind),
            mode: code("visit_mode", &visit.mode),
            result: Some(visit.result.as_str()).filter(|word| !word.is_empty()).map(|word| code("visit_result", word)),
            when: act.seen.as_ref().and_then(calendar::millis),
            met,
            unchanged: visit.unchanged,
            source: act.source,
            check,
            edits,
            ..VisitRequest::met(self.record(&visit.to, line)?)
        };
        Ok(app.visit(&request).map(|outcome| Done {
            made: outcome.visits.first().copied().filter(|_| act.new.is_some()),
            warned: outcome.warnings.iter().map(said).collect(),
        }))
    }

    /// What the phone shows while a form is typed.
    pub(super) fn likely(
        &mut self,
        act: &Act,
        request: &EditRequest,
        names: &[String],
        line: Option<usize>,
    ) -> Step<()> {
        let app = &self.phone(&act.who, line)?.app;
        let found = app.likely(&request.kind, &request.edits, request.scope.as_ref());
        let found = found.map_err(|e| Finding::of(line, &format!("{}那里", act.who), &act.who, &e))?;
        let found: BTreeSet<RecordId> = found.into_iter().map(|one| one.record).collect();
        let wanted = names.iter().map(|name| self.record(name, line)).collect::<Step<BTreeSet<_>>>()?;
        if found != wanted {
            let shown: Vec<_> = found.iter().map(|record| self.names.name(*record)).collect();
            let (wanted, shown) = (names.join("、"), shown.join("、"));
            self.findings.add(
                line,
                format!("填写时应提示可能已有 [{wanted}]，实为 [{shown}]"),
                format!("while typing the phone should show [{wanted}], it shows [{shown}]"),
            );
        }
        Ok(())
    }
}
