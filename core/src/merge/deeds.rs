//! Every command there ever was, as lines of a history: done, waiting, not done, taken back.

use std::collections::BTreeMap;

use super::{
    ancestry::Ancestry,
    claims,
    command::{FlowState, Wanted, fold},
    course::Tell,
    history::{written_en, written_zh},
    types::{Claim, HistoryLine},
    wording::{Words, when_en, when_zh},
};
use crate::model::{
    ChangeHash, DocId, Kind, Observation, RecordId, Schema, Value,
    flow::{self, Flow, INTENT, OUTCOME, Outcome, Step, ulid_of},
};

/// A line for every command of a record, under the field that shows the state (of flows without one, the field that
/// they set), and one for each other field that it set. Documents that hold a copy of an outcome alone say nothing where
/// the one with the intent is here.
pub fn command_history<'a>(
    schema: &Schema,
    kind: &Kind,
    docs: impl IntoIterator<Item = (DocId, &'a [Observation])>,
) -> Vec<HistoryLine> {
    let mut all: Vec<Deed> = docs.into_iter().flat_map(|(doc, seen)| Page::deeds(schema, kind, doc, seen)).collect();
    // With the intent first, and of copies the first.
    all.sort_by(|a, b| (&a.name, !a.is_whole).cmp(&(&b.name, !b.is_whole)));
    let mut last: Option<(RecordId, String, String, String)> = None;
    all.retain(|deed| {
        let copy = !deed.is_whole && last.as_ref() == Some(&deed.name);
        last = Some(deed.name.clone());
        !copy
    });
    all.sort_by_key(|deed| (deed.line.claim.at, deed.order));
    all.into_iter().map(|deed| deed.line).collect()
}

struct Deed {
    /// Record, intent, command, and the field beside the state.
    name: (RecordId, String, String, String),
    /// Whether the intent stands in this document.
    is_whole: bool,
    order: (u64, u64),
    line: HistoryLine,
}

/// By intent, epoch and number: what the county said, and in which change.
type Answers<'a> = BTreeMap<(&'a str, (u64, u64)), (&'a Observation, Outcome)>;

/// One document.
struct Page<'a> {
    schema: &'a Schema,
    kind: &'a Kind,
    doc: DocId,
    changes: BTreeMap<String, &'a Observation>,
    /// Whose author took it back, and when.
    undone: BTreeMap<ChangeHash, &'a Observation>,
    outcomes: Answers<'a>,
}

impl<'a> Page<'a> {
    fn deeds(schema: &'a Schema, kind: &'a Kind, doc: DocId, seen: &'a [Observation]) -> Vec<Deed> {
        let Some(state) = fold(schema, kind, doc, seen, |_| None) else { return Vec::new() };
        let ancestry = Ancestry::new(seen);
        let undone =
            ancestry.changes().filter_map(|(at, one)| Some((one.body.hash, ancestry.undone_by(at)?))).collect();
        let outcome = |one: &'a Observation| {
            one.body.puts.iter().filter_map(move |(key, value)| {
                let (ulid, outcome) = (ulid_of(key, OUTCOME)?, Outcome::from_value(value)?);
                Some(((ulid, (outcome.epoch, outcome.n)), (one, outcome)))
            })
        };
        let outcomes = seen.iter().flat_map(outcome).collect();
        let changes = seen.iter().map(|one| (one.body.hash.prefix(), one)).collect();
        Self { schema, kind, doc, changes, undone, outcomes }.told(&state)
    }

    fn told(&self, state: &FlowState) -> Vec<Deed> {
        let name_of = |record: RecordId| record.to_string();
        let tell = Tell { schema: self.schema, kind: self.kind, name_of: &name_of };
        let mut out: Vec<Deed> = state.steps.iter().flat_map(|step| self.step(step, tell.step(step))).collect();
        for note in &state.notes {
            out.extend(self.wanted(&note.wanted, tell.note(note)));
        }
        for one in &state.pending {
            let said = match self.undone.get(&one.change) {
                Some(by) => {
                    let (zh, en) = tell.wanted(one);
                    (format!("{zh}，{}由本人撤销", when_zh(by)), format!("{en}, undone by the author {}", when_en(by)))
                }
                None => tell.pending(one),
            };
            out.extend(self.wanted(one, said));
        }
        out
    }

    fn step(&self, step: &Step, said: (String, String)) -> Vec<Deed> {
        let answer = self.outcomes.get(&(step.ulid.as_str(), step.order));
        let intent = self.changes.get(&step.of).copied();
        let Some(base) = intent.or(answer.map(|(seen, _)| *seen)) else { return Vec::new() };
        let set = answer.map(|(_, outcome)| &outcome.set);
        let field = self.field(&step.command);
        let moved = || Some(Value::from(step.to.as_str())).filter(|_| !step.to.is_empty());
        let value = set.and_then(|set| set.get(&field)).cloned().or_else(moved).unwrap_or(Value::Null);
        let claim = |value: &Value| {
            let mut claim = claims::claim(base, &format!("{INTENT}/{}", step.ulid), value);
            claim.author.clone_from(&step.by);
            (claim.role, claim.at) = (step.role, step.at);
            claim
        };
        let beside = set.into_iter().flatten().filter(|(key, _)| **key != field).filter_map(|(key, value)| {
            let field = self.kind.field(key).filter(|field| field.audience == self.doc.audience)?;
            let (zh, en) = Words::both(self.schema, field);
            let said = self.beside(step, base, (zh, en), value);
            Some(self.deed(&step.ulid, &step.command, (key, true), step.order, claim(value), said))
        });
        let (zh, en) = (format!("{}{}。", said.0, written_zh(base)), format!("{}{}.", said.1, written_en(base)));
        let mut deed =
            self.deed(&step.ulid, &step.command, ("", intent.is_some()), step.order, claim(&value), (zh, en));
        deed.line.field.clone_from(&field);
        std::iter::once(deed).chain(beside).collect()
    }

    /// `3月8日10:00，li.na（镇街中心）通过“派单”把办结时限记为“…”`.
    fn beside(
        &self,
        step: &Step,
        base: &Observation,
        (zh, en): (Words<'_>, Words<'_>),
        value: &Value,
    ) -> (String, String) {
        let found = self.schema.flows.find(&self.kind.name, &step.command);
        let (act, act_en) = found.map_or((step.command.as_str(), step.command.as_str()), |(_, c)| (&c.zh, &c.en));
        let (who, who_en) = if step.by.0 == flow::COUNTY {
            ("县里".to_owned(), "the county".to_owned())
        } else {
            (format!("{}（{}）", step.by, step.role.zh()), format!("{} ({})", step.by, step.role.en()))
        };
        (
            format!("{}，{who}通过“{act}”把{}记为{}。", when_zh(base), zh.label(), zh.value(value)),
            format!("{}: {who_en} set {} to {} by '{act_en}'.", when_en(base), en.label(), en.value(value)),
        )
    }

    fn wanted(&self, one: &Wanted, (zh, en): (String, String)) -> Option<Deed> {
        let base = self.changes.get(&one.change.prefix())?;
        let is_whole = base.body.puts.iter().any(|(key, _)| ulid_of(key, INTENT) == Some(&one.ulid));
        let mut claim = claims::claim(base, &format!("{INTENT}/{}", one.ulid), &Value::Null);
        claim.author.clone_from(&one.by);
        (claim.role, claim.at) = (one.role, one.at);
        let said = (format!("{zh}{}。", written_zh(base)), format!("{en}{}.", written_en(base)));
        let mut deed = self.deed(&one.ulid, &one.command, ("", is_whole), (u64::MAX, 0), claim, said);
        deed.line.field = self.field(&one.command);
        Some(deed)
    }

    fn deed(
        &self,
        ulid: &str,
        command: &str,
        (field, is_whole): (&str, bool),
        order: (u64, u64),
        claim: Claim,
        (zh, en): (String, String),
    ) -> Deed {
        Deed {
            name: (self.doc.record, ulid.to_owned(), command.to_owned(), field.to_owned()),
            is_whole,
            order,
            line: HistoryLine { field: field.to_owned(), claim, zh, en },
        }
    }

    /// The field under which a command stands: what shows the state of its flow, or what the flow sets.
    fn field(&self, command: &str) -> String {
        let found = self.schema.flows.find(&self.kind.name, command);
        let flow = found.map(|(flow, _)| flow).or_else(|| self.schema.flows.of(&self.kind.name).next());
        let set = |flow: &Flow| flow.commands.iter().find_map(|command| command.set.keys().next().cloned());
        flow.and_then(|flow| flow.field.clone().or_else(|| set(flow))).unwrap_or_default()
    }
}
