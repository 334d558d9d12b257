//! Commands of people at the county: done at once, with the answer in hand.

use wangge_core::{
    merge::FlowState,
    model::{
        Millis, RecordId, Role, Source, UserId,
        flow::{self, Actor, Args, INTENT, Intent},
    },
};

use super::{
    case::{By, Case},
    settle,
};
use crate::{
    County, CountyError,
    county::{Acceptor, Random},
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

impl County {
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
            let n = steps.iter().find(|step| step.ulid == ulid).map_or(0, |step| step.order.1);
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
