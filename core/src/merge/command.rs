//! The fold of commands: outcomes in the order of the server, through the table (DESIGN 5).
//!
//! The state of a record is never a value that somebody puts. It is what the outcomes come to, one after another by
//! (epoch, number, intent). Where two servers went on from one backup, both gave outcomes; those of the later epoch come
//! after, and what the table does not allow from the state reached is a note. Nothing is lost: each intent is a step, is
//! pending, or is a note.

use std::collections::{BTreeMap, BTreeSet};

use super::types::{Claim, Resolved};
use crate::model::{
    ChangeHash, DocId, Kind, Millis, Observation, Role, Schema, UserId, Value,
    flow::{self, Args, Command, Flow, INTENT, Intent, OUTCOME, Offline, Outcome, Step, ulid_of},
};

/// What somebody wants, or wanted, done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Name of the intent.
    pub ulid: String,
    /// The change that holds it.
    pub change: ChangeHash,
    /// The command; empty where it cannot be read.
    pub command: String,
    /// Its arguments.
    pub args: Args,
    /// Who.
    pub by: UserId,
    /// In which role.
    pub role: Role,
    /// When it was seen or done.
    pub at: Millis,
    /// When the county took it; absent while it waits on a phone.
    pub accepted_at: Option<Millis>,
}

/// A command that was not done and stays beside the record with its author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowNote {
    /// What was wanted.
    pub wanted: Wanted,
    /// Why it was not done, Chinese.
    pub zh: String,
    /// Why it was not done, English.
    pub en: String,
}

/// What commands have come to in one document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowState {
    /// State by flow.
    pub states: BTreeMap<String, String>,
    /// State by flow after what waits here, where the table lets a phone show it; only where it differs.
    pub provisional: BTreeMap<String, String>,
    /// State by flow after everything that waits here, as the county will find it if nothing else comes.
    pub ahead: BTreeMap<String, String>,
    /// What was done, in order.
    pub steps: Vec<Step>,
    /// What waits for the county, by time.
    pub pending: Vec<Wanted>,
    /// What was not done, by time.
    pub notes: Vec<FlowNote>,
    /// Command fields of this document with the outcome that gave each its value.
    pub values: BTreeMap<String, Claim>,
    /// Outcomes by intent that were read, whether done or not.
    pub answered: BTreeSet<String>,
    /// Highest number of an outcome.
    pub last: u64,
}

/// The state of a record in a flow, from what the resolver says of the document of the flow's audience.
pub fn state_of(flow: &Flow, kind: &Kind, resolved: Option<&Resolved>) -> String {
    let by_hand = || {
        let field = flow.field.as_deref().filter(|_| !flow.is_closed(kind))?;
        resolved?.fields.get(field)?.value.text().map(str::to_owned)
    };
    let folded = || resolved?.flow.as_ref()?.states.get(&flow.name).cloned();
    by_hand().or_else(folded).unwrap_or_else(|| flow.start.clone())
}

/// An outcome with the change it stands in.
struct Answer<'a> {
    outcome: Outcome,
    ulid: &'a str,
    seen: &'a Observation,
}

/// Folds the commands of one document; none where it holds no intent and no outcome. `values` gives the values in
/// force, for states that people may also put by hand.
pub fn fold<'a>(
    schema: &Schema,
    kind: &Kind,
    doc: DocId,
    observations: impl IntoIterator<Item = &'a Observation>,
    value_of: impl Fn(&str) -> Option<Value>,
) -> Option<FlowState> {
    let (wanted, answers) = read(observations);
    if wanted.is_empty() && answers.is_empty() {
        return None;
    }
    let flows: Vec<&Flow> = schema.flows.of(&kind.name).collect();
    let mut state = FlowState::default();
    for flow in &flows {
        let by_hand = flow.field.as_deref().filter(|_| !flow.is_closed(kind)).and_then(&value_of);
        let begins = by_hand.as_ref().and_then(Value::text).unwrap_or(&flow.start);
        state.states.insert(flow.name.clone(), begins.to_owned());
    }
    for answer in &answers {
        apply(&mut state, schema, kind, doc, answer, &wanted);
    }
    for one in wanted {
        if !state.answered.contains(&one.ulid) {
            state.pending.push(one);
        } else if !is_told(&state, &one) {
            let (zh, en) = ("操作编号与另一操作重复".to_owned(), "its number belongs to another command".to_owned());
            state.notes.push(FlowNote { wanted: one, zh, en });
        }
    }
    foresee(&mut state, &flows);
    Some(state)
}

/// Every intent and every outcome, each once: intents by time, outcomes in the order of the server.
fn read<'a>(observations: impl IntoIterator<Item = &'a Observation>) -> (Vec<Wanted>, Vec<Answer<'a>>) {
    let mut changes: BTreeMap<ChangeHash, &Observation> = BTreeMap::new();
    for seen in observations.into_iter().filter(|seen| seen.body.puts.iter().any(|(key, _)| is_key(key))) {
        let known = changes.entry(seen.body.hash).or_insert(seen);
        if known.accepted_at.is_none() {
            *known = seen;
        }
    }
    let (mut wanted, mut answers) = (Vec::new(), Vec::new());
    for (hash, seen) in changes {
        // Null and then the value: the last put of a key counts.
        let puts: BTreeMap<&str, &Value> = seen.body.puts.iter().map(|(key, value)| (key.as_str(), value)).collect();
        for (key, value) in puts {
            if let Some(ulid) = ulid_of(key, INTENT) {
                let intent = Intent::from_value(value).unwrap_or(Intent { command: String::new(), args: Args::new() });
                wanted.push(Wanted {
                    ulid: ulid.to_owned(),
                    change: hash,
                    command: intent.command,
                    args: intent.args,
                    by: seen.author.clone(),
                    role: seen.role,
                    at: seen.at,
                    accepted_at: seen.accepted_at,
                });
            } else if let Some((ulid, outcome)) = ulid_of(key, OUTCOME).zip(Outcome::from_value(value)) {
                answers.push(Answer { outcome, ulid, seen });
            }
        }
    }
    wanted.sort_by(|a, b| (a.at, &a.ulid, a.change).cmp(&(b.at, &b.ulid, b.change)));
    let order = |a: &Answer<'_>| (a.outcome.epoch, a.outcome.n, a.ulid.to_owned(), a.seen.body.hash);
    answers.sort_by_cached_key(order);
    (wanted, answers)
}

fn is_key(key: &str) -> bool {
    ulid_of(key, INTENT).is_some() || ulid_of(key, OUTCOME).is_some()
}

/// Whether an intent is already a step or a note.
fn is_told(state: &FlowState, one: &Wanted) -> bool {
    let noted = state.notes.iter().any(|note| note.wanted.ulid == one.ulid && note.wanted.change == one.change);
    let prefix = one.change.prefix();
    noted || state.steps.iter().any(|step| step.ulid == one.ulid && (step.of.is_empty() || step.of == prefix))
}

fn apply(state: &mut FlowState, schema: &Schema, kind: &Kind, doc: DocId, answer: &Answer<'_>, wanted: &[Wanted]) {
    let (outcome, ulid) = (&answer.outcome, answer.ulid);
    state.answered.insert(ulid.to_owned());
    state.last = state.last.max(outcome.n);
    // Two servers may have answered one intent: it is done once.
    if state.steps.iter().any(|step| step.ulid == ulid) {
        return;
    }
    let intent =
        wanted.iter().find(|one| one.ulid == ulid && (outcome.of.is_empty() || one.change.prefix() == outcome.of));
    let found = schema.flows.find(&kind.name, &outcome.command);
    let reached = found.map(|(flow, _)| state.states.get(&flow.name).cloned().unwrap_or_default()).unwrap_or_default();
    let done = outcome.ok
        && found
            .is_some_and(|(flow, command)| !flow.is_closed(kind) || flow::allows(flow, command, &reached, &outcome.to));
    let Some((flow, _)) = found.filter(|_| done) else {
        return note(state, schema, answer, intent, found, &reached);
    };
    // A later outcome that was done replaces what an earlier one, not done, had said of this intent.
    state.notes.retain(|note| note.wanted.ulid != ulid);
    if flow.is_closed(kind) && !outcome.to.is_empty() {
        state.states.insert(flow.name.clone(), outcome.to.clone());
    }
    for (key, value) in &outcome.set {
        if kind.field(key).is_some_and(|field| field.audience == doc.audience) {
            state.values.insert(key.clone(), claim(answer, key, value));
        }
    }
    state.steps.push(Step {
        ulid: ulid.to_owned(),
        of: outcome.of.clone(),
        order: (outcome.epoch, outcome.n),
        flow: flow.name.clone(),
        command: outcome.command.clone(),
        by: outcome.by.clone(),
        role: outcome.role,
        at: answer.seen.at,
        accepted_at: answer.seen.accepted_at.unwrap_or(answer.seen.at),
        from: outcome.from.clone(),
        to: outcome.to.clone(),
        args: intent.map(|one| one.args.clone()).unwrap_or_default(),
    });
}

fn note(
    state: &mut FlowState,
    schema: &Schema,
    answer: &Answer<'_>,
    intent: Option<&Wanted>,
    found: Option<(&Flow, &Command)>,
    reached: &str,
) {
    let outcome = &answer.outcome;
    if state.notes.iter().any(|note| note.wanted.ulid == answer.ulid) {
        return;
    }
    let wanted = intent.cloned().unwrap_or_else(|| Wanted {
        ulid: answer.ulid.to_owned(),
        change: answer.seen.body.hash,
        command: outcome.command.clone(),
        args: Args::new(),
        by: outcome.by.clone(),
        role: outcome.role,
        at: answer.seen.at,
        accepted_at: answer.seen.accepted_at,
    });
    let (zh, en) = match found {
        _ if !outcome.why.is_empty() => (outcome.why.clone(), outcome.why_en.clone()),
        Some((flow, _)) => {
            let (zh, en) = flow.label(schema, reached);
            (format!("当时已是“{zh}”"), format!("it was '{en}' by then"))
        }
        None => ("本机还不认识这个操作".to_owned(), "this command is not known here yet".to_owned()),
    };
    state.notes.push(FlowNote { wanted, zh, en });
}

/// What the state comes to with what waits: all of it, and as far as a phone may show it before the county answered.
fn foresee(state: &mut FlowState, flows: &[&Flow]) {
    let (mut ahead, mut shown) = (state.states.clone(), state.states.clone());
    for one in &state.pending {
        let found = flows.iter().find_map(|flow| Some((*flow, flow.command(&one.command)?)));
        let Some((flow, command)) = found else { continue };
        step(&mut ahead, flow, command, one.role);
        if command.offline == Offline::Provisional {
            step(&mut shown, flow, command, one.role);
        }
    }
    shown.retain(|flow, now| state.states.get(flow) != Some(now));
    (state.ahead, state.provisional) = (ahead, shown);
}

fn step(states: &mut BTreeMap<String, String>, flow: &Flow, command: &Command, role: Role) {
    let Some(now) = states.get_mut(&flow.name) else { return };
    let row = command.rows.iter().find(|row| row.who.contains(&role) && flow.leads_from(row, now));
    if let Some(to) = row.and_then(|row| row.to.clone()) {
        *now = to;
    }
}

fn claim(answer: &Answer<'_>, key: &str, value: &Value) -> Claim {
    let mut claim = super::claims::claim(answer.seen, key, value);
    claim.author.clone_from(&answer.outcome.by);
    claim.role = answer.outcome.role;
    claim
}
