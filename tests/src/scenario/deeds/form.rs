//! A form: what one person writes of one record.

use std::collections::BTreeMap;

use wangge_core::{
    app::{EditRequest, FieldEdit},
    model::{Field, Kind, KindName, RecordId, Schema, Scope, Value},
};

use super::{field_of, kind_of};
use crate::{
    calendar,
    scenario::{
        Finding,
        file::{Act, MemberLine},
        play::{Play, Step, stop},
        value,
    },
};

impl Play<'_> {
    pub(super) fn request(&self, act: &Act, grid: Option<Scope>, line: Option<usize>) -> Step<EditRequest> {
        let record = act.record.as_deref().map(|name| self.record(name, line)).transpose()?;
        let kind = self.kind(act, record, line)?;
        let field = |key: &str| field_of(kind, key, line);
        let schema = self.phone(&act.who, line)?.app.schema();
        let puts = self.puts(schema, kind, &act.put, line)?;
        let mut edits: Vec<_> = puts.into_iter().map(|(field, value)| FieldEdit::Put { field, value }).collect();
        edits.extend(act.clear.iter().map(|key| FieldEdit::Put { field: key.clone(), value: Value::Null }));
        for one in &act.add {
            let (text, date) = self.member(field(&one.field)?, one, line)?;
            edits.push(FieldEdit::Add { field: one.field.clone(), text, date });
        }
        for one in &act.end {
            let (text, date) = self.member(field(&one.field)?, one, line)?;
            edits.push(FieldEdit::End { field: one.field.clone(), text, date });
        }
        edits.extend(act.append.iter().map(|(key, text)| FieldEdit::Append { field: key.clone(), text: text.clone() }));
        let decide = self.decide(act, record, kind, line)?;
        Ok(EditRequest {
            record,
            kind: kind.name.clone(),
            scope: grid,
            source: act.source,
            observed_at: act.seen.as_ref().and_then(calendar::millis),
            edits,
            confirm: act.confirm.clone(),
            decide,
            visit: act.visit.as_deref().map(|name| self.record(name, line)).transpose()?,
            submission: None,
            commands: match &act.command {
                Some(command) => vec![(command.clone(), self.args(schema, &act.args, &kind.name, command, line)?)],
                None => Vec::new(),
            },
        })
    }

    fn kind(&self, act: &Act, record: Option<RecordId>, line: Option<usize>) -> Step<&'static Kind> {
        let name = match (record, &act.new, &act.kind) {
            (None, Some(_), Some(kind)) => KindName(kind.clone()),
            (Some(record), None, None) => {
                let view = self.phone(&act.who, line)?.app.get(record);
                // Somebody may try to write what is not on that phone: the phone answers, not the file.
                let elsewhere = || self.world.phones.iter().find_map(|phone| phone.app.get(record).ok());
                let lacks = |error| Finding::of(line, &format!("{}那里", act.who), &act.who, &error);
                view.or_else(|error| elsewhere().ok_or(error)).map_err(lacks)?.kind
            }
            _ => return stop(line, "要么写 record，要么写 new 和 kind", "either `record`, or `new` and `kind`"),
        };
        kind_of(self.phone(&act.who, line)?.app.schema(), &name, line)
    }

    pub(super) fn puts(
        &self,
        schema: &Schema,
        kind: &Kind,
        written: &BTreeMap<String, toml::Value>,
        line: Option<usize>,
    ) -> Step<Vec<(String, Value)>> {
        let read = |(key, written): (&String, &toml::Value)| {
            let value = value::read(schema, &self.names, field_of(kind, key, line)?, written);
            Ok((key.clone(), value.or_else(|words| stop(line, words.clone(), words))?))
        };
        written.iter().map(read).collect()
    }

    fn member(&self, field: &Field, one: &MemberLine, line: Option<usize>) -> Step<(String, Option<String>)> {
        let read = value::read(Schema::built_in(), &self.names, field, &one.member.as_str().into());
        let value = read.or_else(|words| stop(line, words.clone(), words))?;
        Ok((value.to_string(), one.date.as_ref().and_then(calendar::day)))
    }

    /// A decision names claims by their prefixes; the file names them by their values.
    fn decide(&self, act: &Act, record: Option<RecordId>, kind: &Kind, line: Option<usize>) -> Step<Vec<String>> {
        let mut prefixes = Vec::new();
        for decided in &act.decide {
            if decided == "*" {
                prefixes.push("*".to_owned());
                continue;
            }
            let before = prefixes.len();
            let view = record.and_then(|record| self.phone(&act.who, line).ok()?.app.get(record).ok());
            for field in act.put.keys().filter_map(|key| kind.field(key)) {
                let wanted = value::read(Schema::built_in(), &self.names, field, &decided.as_str().into());
                let claims = view.iter().filter_map(|view| view.field(&field.key)).flat_map(|field| &field.claims);
                prefixes.extend(claims.filter(|claim| wanted.as_ref() == Ok(&claim.value)).map(|c| c.prefix.clone()));
            }
            if prefixes.len() == before {
                return stop(line, format!("没有人说过“{decided}”，无从决定"), format!("nobody claims {decided}"));
            }
        }
        Ok(prefixes)
    }
}
