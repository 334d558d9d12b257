//! Columns to fields: one document, resolved.

use super::{
    attention,
    claims::{self, Column, Frame, field_of},
    command, hints,
    rules::{self, Verdict, View},
    types::{Claim, FieldState, Resolved},
    wording::Words,
};
use crate::model::{DocId, Field, Kind, Member, Observation, Rule, Schema, Value};

/// Resolves one document. The answer depends on the set of observations and on the schema, not on their order: the
/// same on every phone and on the server.
pub fn resolve(schema: &Schema, kind: &Kind, doc: DocId, observations: &[Observation]) -> Resolved {
    let mut out = Resolved::default();
    if let [only] = observations
        && !only.body.puts.iter().any(|(key, _)| claims::is_beside_fields(key))
    {
        lone(&mut out, kind, only);
    } else {
        let frame = Frame::new(schema, kind, observations);
        let everything = frame.ancestry.all();
        let mut view = View::default();
        for column in frame.columns().iter().filter(|column| !column.nodes.is_empty()) {
            column.look(&everything, &mut view);
            add(&mut out, column, doc, &view);
        }
        hints::add(&mut out, &frame, doc);
        add_commands(&mut out, &frame, doc);
    }
    for field in kind.fields.iter().filter(|field| field.suggests.is_some()) {
        if let Some(state) = out.fields.get(&field.key) {
            out.suggestions.extend(attention::suggestion(Words::both(schema, field), &state.value));
        }
    }
    for state in out.fields.values_mut() {
        if state.claims.first().is_some_and(|claim| claim.key != state.field) {
            state.claims.sort_by(|a, b| a.key.cmp(&b.key));
        }
        state.members.sort_by(|(a, _), (b, _)| (b.on, &a.text).cmp(&(a.on, &b.text)));
        state.log.sort_by(|a, b| (a.2.at, &a.0, a.2.change).cmp(&(b.2.at, &b.0, b.2.change)));
    }
    out
}

/// What commands have come to, and the fields that they alone set.
fn add_commands(out: &mut Resolved, frame: &Frame<'_>, doc: DocId) {
    let (kind, counting) = (frame.kind, frame.counting().map(|(_, change)| change));
    let flow = command::fold(frame.schema, kind, doc, counting, |key| Some(out.fields.get(key)?.value.clone()));
    for (key, claim) in flow.iter().flat_map(|flow| &flow.values) {
        let Some(field) = kind.field(key).filter(|field| field.rule == Rule::Command) else { continue };
        let state = state_of(out, field);
        state.value = claim.value.clone();
        state.claims = vec![claim.clone()];
    }
    out.flow = flow;
}

/// Of documents joined by an alias, values join and states do not: what commands came to is told by the head alone, or
/// the merge of an alias would make the head an alias of itself.
pub fn keep_own_commands(kind: &Kind, joined: &mut Resolved, mut own: Resolved) {
    let by_command = |key: &String| kind.field(key).is_some_and(|field| field.rule == Rule::Command);
    joined.fields.retain(|key, _| !by_command(key));
    own.fields.retain(|key, _| by_command(key));
    joined.fields.append(&mut own.fields);
    joined.flow = own.flow;
}

/// A document of one change, as most are: whatever it puts is in force.
fn lone(out: &mut Resolved, kind: &Kind, change: &Observation) {
    let puts = &change.body.puts;
    for (at, (key, value)) in puts.iter().enumerate() {
        let Some(field) = field_of(kind, key) else { continue };
        if puts[at + 1..].iter().any(|(later, _)| later == key) {
            continue;
        }
        let claim = claims::claim(change, key, value);
        let state = state_of(out, field);
        match field.rule {
            Rule::Set => add_member(state, value, claim),
            Rule::Log => add_entry(state, value, claim),
            _ => {
                state.value = value.clone();
                state.claims.push(claim);
            }
        }
    }
}

fn state_of<'a>(out: &'a mut Resolved, field: &Field) -> &'a mut FieldState {
    out.fields.entry(field.key.clone()).or_insert_with(|| FieldState {
        field: field.key.clone(),
        value: Value::Null,
        claims: Vec::new(),
        contested: false,
        provisional: false,
        members: Vec::new(),
        log: Vec::new(),
        told: Vec::new(),
    })
}

fn add_entry(state: &mut FieldState, value: &Value, claim: Claim) {
    // An entry is never erased: a null beside it says nothing.
    if !value.is_null() {
        state.log.push((claim.key.clone(), value.clone(), claim));
    }
}

fn add_member(state: &mut FieldState, value: &Value, claim: Claim) {
    if let Some(member) = Member::from_value(value) {
        state.members.push((member, claim.clone()));
    }
    state.claims.push(claim);
}

fn add(out: &mut Resolved, column: &Column<'_>, doc: DocId, view: &View) {
    let verdict = rules::judge(column, view);
    let state = state_of(out, column.field);
    match column.field.rule {
        Rule::Log => {
            for node in &view.live {
                add_entry(state, column.nodes[*node].value, column.claim(*node));
            }
            return;
        }
        Rule::Set => {
            let member = verdict.backing.and_then(|node| Some((member_of(column, node)?, column.claim(node))));
            state.members.extend(member);
            state.contested |= !verdict.contested.is_empty();
        }
        _ => {
            state.value = verdict.value.clone();
            state.contested = !verdict.contested.is_empty();
            state.provisional = verdict.provisional;
        }
    }
    if let [only] = view.live[..] {
        state.claims.push(column.claim(only));
        return;
    }
    state.claims.extend(unretired(column, view, &verdict).into_iter().map(|node| column.claim(node)));
    state.told.extend(attention::told(column, view, &verdict));
    out.attention.extend(attention::items(column, doc, view, &verdict));
}

/// The member of a claim; where it was cleared by a null, the text that others gave it, ended.
fn member_of(column: &Column<'_>, node: usize) -> Option<Member> {
    Member::from_value(column.nodes[node].value).or_else(|| {
        let named = column.nodes.iter().find_map(|node| Member::from_value(node.value))?;
        Some(Member::ended(&named.text, None))
    })
}

/// Claims that nothing retired: what backs the value in force, what is contested with it, what lost.
fn unretired(column: &Column<'_>, view: &View, verdict: &Verdict<'_>) -> Vec<usize> {
    let class = |node: usize| {
        if verdict.backing == Some(node) {
            0
        } else if column.says(node, verdict.value) {
            1
        } else if verdict.contested.contains(&node) {
            2
        } else {
            3
        }
    };
    let mut nodes: Vec<usize> = view.live.iter().copied().filter(|node| !view.absorbed.contains(node)).collect();
    nodes.sort_by(|a, b| class(*a).cmp(&class(*b)).then_with(|| rules::stronger(column, *b, *a)));
    nodes
}
