//! Commands of people at the county: done at once, with the answer in hand.

use std::collections::BTreeMap;

use wangge_core::{
    merge::{FlowState, Tell},
    model::{
        KindName, Millis, RecordId, Role, Source, UserId, Value,
        flow::{self, Actor, Args, INTENT, Intent},
    },
};

use super::{
    case::{By, Case},
    settle,
};
use crate::{
    County, CountyError,
    county::{Acceptor, Random, damaged},
};

/// What somebody at the county wants done.
#[derive(Clone, Debug)]
pub struct CommandOrder<'a> {
    /// The person; of a resident whatever the page knows of him.
    pub user: &'a UserId,
    /// In which role.
    pub role: Role,
    /// The record.
    pub record: RecordId,
    /// The command.
    pub command: &'a str,
    /// Its arguments.
    pub args: &'a Args,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandDone {
    /// The state now: code, Chinese, English.
    pub state: (String, String, String),
    /// Number of its outcome.
    pub n: u64,
}

/// A case in a list.
#[derive(Clone, Debug)]
pub struct EventLine {
    /// The record.
    pub record: RecordId,
    /// Its state: code, Chinese, English.
    pub state: (String, String, String),
    /// Values in force of its open document.
    pub values: BTreeMap<String, Value>,
}

impl EventLine {
    /// A value as text; empty where there is none.
    pub fn value(&self, field: &str) -> &str {
        self.values.get(field).and_then(Value::text).unwrap_or_default()
    }
}

/// A case from its beginning, in words: Chinese and English.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// State by flow: code, Chinese, English.
    pub states: BTreeMap<String, (String, String, String)>,
    /// What was done.
    pub steps: Vec<(String, String)>,
    /// What waits.
    pub pending: Vec<(String, String)>,
    /// What was not done.
    pub notes: Vec<(String, String)>,
}

impl County {
    /// All events, oldest first.
    pub fn events(&self) -> Result<Vec<EventLine>, CountyError> {
        let kind = KindName::from("event");
        let Some(flow) = self.schema.flows.of(&kind).next() else { return Ok(Vec::new()) };
        self.db.read(|r| {
            let mut out = Vec::new();
            for record in r.records_of(&kind)? {
                let Some(case) = Case::load(self, r, &record)? else { continue };
                let (state, _, _) = case.state(flow);
                let (zh, en) = flow.label(self.schema, &state);
                let open = case.resolved(flow.audience).map(|doc| doc.fields).unwrap_or_default();
                let values = open.into_iter().map(|(key, field)| (key, field.value)).collect();
                out.push(EventLine { record, state: (state, zh, en), values });
            }
            Ok(out)
        })
    }

    /// How far a record has come and how, of what the county holds in the documents of its flows.
    pub fn story(&self, record: &RecordId) -> Result<Story, CountyError> {
        self.db.read(|r| {
            let missing = || CountyError::not_found(format!("没有记录 {record}"), format!("no record {record}"));
            let case = Case::load(self, r, record)?.ok_or_else(missing)?;
            let name_of = |other: RecordId| other.to_string();
            let tell = Tell { schema: self.schema, kind: case.kind, name_of: &name_of };
            let (mut story, mut told) = (Story::default(), Vec::new());
            for flow in self.schema.flows.of(&case.kind.name) {
                let (state, _, _) = case.state(flow);
                let (zh, en) = flow.label(self.schema, &state);
                story.states.insert(flow.name.clone(), (state, zh, en));
                if told.contains(&flow.audience) {
                    continue;
                }
                told.push(flow.audience);
                let Some(folded) = case.resolved(flow.audience).and_then(|doc| doc.flow) else { continue };
                story.steps.extend(folded.steps.iter().map(|step| tell.step(step)));
                story.pending.extend(folded.pending.iter().map(|one| tell.pending(one)));
                story.notes.extend(folded.notes.iter().map(|note| tell.note(note)));
            }
            Ok(story)
        })
    }

    /// Does a command for a person at the county. What cannot be done is refused in words and leaves no trace.
    pub fn command(
        &self,
        order: &CommandOrder<'_>,
        now: Millis,
        random: Random<'_>,
    ) -> Result<CommandDone, CountyError> {
        let mut bytes = [0; 16];
        random(&mut bytes);
        let ulid = flow::new_ulid(now, bytes);
        self.db.write(|w| {
            let missing = || {
                let id = order.record;
                CountyError::not_found(format!("没有记录 {id}"), format!("no record {id}"))
            };
            let mut case = Case::load(self, w, &order.record)?.ok_or_else(missing)?;
            let Some((flow, command)) = self.schema.flows.find(&case.kind.name, order.command) else {
                let (zh, en) = (&case.kind.zh, &case.kind.en);
                return Err(CountyError::invalid(
                    format!("{zh}没有操作 {}", order.command),
                    format!("{en} has no command {}", order.command),
                ));
            };
            let scopes = w.scopes(order.user, order.role)?;
            let actor = Actor { user: order.user, role: order.role, scopes: &scopes };
            if !case.is_in_reach(actor) {
                return Err(CountyError::invalid(
                    format!("{} 不负责这条记录所在的网格", order.user),
                    format!("{} has no grid that holds this record", order.user),
                ));
            }
            let intent = Intent { command: order.command.to_owned(), args: order.args.clone() };
            if intent.to_value().text().is_some_and(|text| text.len() > flow::MAX_INTENT) {
                return Err(CountyError::invalid("填写的内容过长".to_owned(), "too much text".to_owned()));
            }
            case.judge(w, flow, command, &intent, actor, (now, now), None)?
                .map_err(|problem| CountyError::invalid(problem.zh, problem.en))?;
            let mut acceptor = Acceptor::begin(w, self)?;
            let grid = scopes.first().or(case.routes.first()).cloned().unwrap_or_default();
            let by = By { user: order.user.clone(), role: order.role, grid, source: Source::SelfSaid };
            let put = (format!("{INTENT}/{ulid}"), intent.to_value());
            case.add(w, &mut acceptor, command.audience(flow), vec![put], &by, (now, now))?;
            settle(self, w, &mut acceptor, now)?;
            acceptor.finish(w)?;
            let case = Case::load(self, w, &order.record)?.ok_or_else(missing)?;
            let (state, steps, _) = case.state(flow);
            let done = steps.iter().find(|step| step.ulid == ulid).ok_or_else(|| damaged("outcome"))?;
            let n = done.order.1;
            let (zh, en) = flow.label(self.schema, &state);
            Ok(CommandDone { state: (state, zh, en), n })
        })
    }

    /// What commands have come to on a record, by the document of each flow.
    pub fn course(&self, record: &RecordId) -> Result<Vec<(String, FlowState)>, CountyError> {
        self.db.read(|r| {
            let Some(case) = Case::load(self, r, record)? else { return Ok(Vec::new()) };
            let flows = self.schema.flows.of(&case.kind.name);
            Ok(flows.filter_map(|flow| Some((flow.name.clone(), case.resolved(flow.audience)?.flow?))).collect())
        })
    }
}
