//! What a form is checked for before anything of it is written: every problem at once.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Session, edit,
    error::AppError,
    types::{EditRequest, FieldEdit},
};
use crate::{
    merge::Resolved,
    model::{
        Audience, Field, Kind, Member, Millis, Rule, Value,
        ids::from_hex,
        validate::{self, Problem, Severity},
    },
};

/// Checks a form against what the record says now, as far as this phone holds it. Problems that keep the form from being
/// written are an error, and then every other problem stands behind them; otherwise what there is is given back. What
/// was wrong with the record before and is not touched does not count.
pub fn form(
    session: &Session<'_>,
    kind: &Kind,
    request: &EditRequest,
    resolved: &BTreeMap<Audience, Resolved>,
) -> Result<Vec<Problem>, AppError> {
    let mut problems = Vec::new();
    let before = in_force(resolved);
    let mut after = before.clone();
    let mut touched = BTreeSet::new();
    for edit in &request.edits {
        let Some(field) = kind.field(edit.field()).filter(|field| field.key == edit.field()) else {
            problems.push(Problem::block(edit.field(), "unknown_field", "没有这一栏", "no such field"));
            continue;
        };
        let shape = shape(field, edit);
        if shape.is_none() {
            problems.extend(overlay(session, kind, (field, edit), &mut after));
        }
        problems.extend(shape);
        problems.extend(rights(session, kind, request, field));
        touched.insert(field.key.as_str());
    }
    for named in request.confirm.iter().filter(|named| *named != "*") {
        match kind.field(named) {
            None => problems.push(Problem::block(named, "unknown_field", "没有这一栏", "no such field")),
            // A confirmation that decides needs the right to decide.
            Some(field) if !request.decide.is_empty() && !touched.contains(field.key.as_str()) => {
                problems.extend(rights(session, kind, request, field));
            }
            Some(_) => {}
        }
    }
    if request.source > session.schema.best_source(session.account.role) {
        let (zh, en) =
            ("依据不能是部门库，部门库由县里导入", "the evidence cannot be a registry: those the county imports");
        problems.push(Problem::block("", "source", zh, en));
    }
    problems.extend(deciding(request));
    problems.extend(seen_at(request.observed_at));
    if request.edits.is_empty() && request.confirm.is_empty() && request.commands.is_empty() {
        problems.push(Problem::block("", "empty", "没有填写任何内容", "nothing was filled in"));
    }
    if request.record.is_none() || !request.edits.is_empty() {
        let at = request.observed_at.unwrap_or(session.now);
        let relations = |values| validate::check_relations(session.schema, kind, session.account.role, values, at);
        let old = if request.record.is_none() { Vec::new() } else { relations(&before) };
        let new = relations(&after).into_iter();
        problems.extend(new.filter(|p| touched.contains(p.field.as_str()) || !old.contains(p)));
    }
    problems.sort_by_key(|problem| problem.severity != Severity::Block);
    let blocks = problems.first().is_some_and(|first| first.severity == Severity::Block);
    if blocks { Err(AppError::Invalid { problems }) } else { Ok(problems) }
}

/// Values in force and members that are present, by their document keys. Entries of logs say nothing of other fields.
fn in_force(resolved: &BTreeMap<Audience, Resolved>) -> BTreeMap<String, Value> {
    let mut values = BTreeMap::new();
    for state in resolved.values().flat_map(|resolved| resolved.fields.values()) {
        if !state.value.is_null() {
            values.insert(state.field.clone(), state.value.clone());
        }
        for (member, _) in state.members.iter().filter(|(member, _)| member.on) {
            values.insert(Member::key(&state.field, &member.text), member.to_value());
        }
    }
    values
}

/// Lays one edit over the values and checks what it puts. Ending a member is never wrong: it may be there by mistake.
fn overlay(
    session: &Session<'_>,
    kind: &Kind,
    (field, edit): (&Field, &FieldEdit),
    values: &mut BTreeMap<String, Value>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (key, value) in edit::scalars(field, edit, || ulid::Ulid::nil().to_string()) {
        if matches!(edit, FieldEdit::End { .. }) || value.is_null() {
            values.remove(&key);
        } else {
            // The set that a main value joins has its type: what is wrong is said once, of the main value.
            if key == field.key || kind.field(&key).is_some_and(|other| other.key == field.key) {
                problems.extend(validate::check_value(session.schema, field, &value));
            }
            values.insert(key, value);
        }
    }
    problems
}

fn rights(session: &Session<'_>, kind: &Kind, request: &EditRequest, field: &Field) -> Option<Problem> {
    let by_hand = validate::by_hand(field);
    if by_hand.is_some() {
        return by_hand;
    }
    if !session.schema.may_write(session.account.role, kind, field) {
        let (zh, en) = ("您的岗位不能填写这一栏", "your role may not write this field");
        return Some(Problem::block(&field.key, "role", zh, en));
    }
    (!request.decide.is_empty() && !field.decide.contains(&session.account.role)).then(|| {
        let (zh, en) = ("这一栏要由网格长或镇街中心确定", "a grid head or the town centre decides this");
        Problem::block(&field.key, "decide", zh, en)
    })
}

/// A decision names claims by the prefixes of their changes, and the fields that it is about.
fn deciding(request: &EditRequest) -> Vec<Problem> {
    let mut problems = Vec::new();
    let is_name = |name: &&String| *name == "*" || from_hex::<8>(name).is_some();
    for name in request.decide.iter().filter(|name| !is_name(name)) {
        let (zh, en) = (format!("没有这样的说法编号：{name}"), format!("{name} names no statement"));
        problems.push(Problem::block("", "decide_name", &zh, &en));
    }
    let confirms = |named: &String| named != "*";
    if !request.decide.is_empty() && request.edits.is_empty() && !request.confirm.iter().any(confirms) {
        let (zh, en) = ("请写明确定的是哪一栏", "say which field is decided");
        problems.push(Problem::block("", "decide", zh, en));
    }
    problems
}

/// 1900-01-01 in China. Nobody who writes today saw anything before it.
const FIRST_DAY: Millis = Millis(-2_209_017_600_000);

/// A time of observation that a person can have meant.
pub fn seen_at(at: Option<Millis>) -> Option<Problem> {
    at.filter(|at| *at < FIRST_DAY).map(|_| {
        Problem::block("observed_at", "too_early", "发现时间不能早于1900年", "it cannot have been seen before 1900")
    })
}

fn shape(field: &Field, edit: &FieldEdit) -> Option<Problem> {
    let fits = match edit {
        FieldEdit::Put { .. } => !matches!(field.rule, Rule::Set | Rule::Log),
        FieldEdit::Add { .. } | FieldEdit::End { .. } => field.rule == Rule::Set,
        FieldEdit::Append { .. } => field.rule == Rule::Log,
    };
    (!fits).then(|| {
        Problem::block(&field.key, "shape", "填写方式与这一栏不符", "this kind of entry does not fit the field")
    })
}
