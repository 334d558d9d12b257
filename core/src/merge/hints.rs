//! Hints: what people who may not read a document left there for those who do (DESIGN 4, blind writes).
//!
//! A hint retires nothing and is no claim: it is a question to the readers. It waits until a reader who saw it puts or
//! confirms the field, or names it in a decision. The one tap that confirms a whole record answers no question that was
//! put by itself.

use super::{
    attention::name_of,
    claims::{Apart, Frame, Seen, claim},
    types::{Attention, Claim, FieldState, Hinted, Resolved},
    wording::{Words, day_en, day_zh},
};
use crate::model::{DocId, Field, Hint, Observation, Rule, Value, hint::HINT, schema::base_key};

/// A hint that names a field of the kind.
pub(super) struct Left<'a> {
    /// Place of its change.
    pub(super) change: usize,
    /// Its key, `hint/<ulid>`.
    pub(super) key: &'a str,
    /// The field.
    pub(super) field: &'a Field,
    /// Who left it, and the value.
    pub(super) claim: Claim,
}

/// Every hint there ever was, undone or not, in the order of the changes.
pub(super) fn left<'f, 'a>(frame: &'f Frame<'a>) -> impl Iterator<Item = Left<'a>> + use<'f, 'a> {
    frame.apart(HINT).filter_map(|Apart { change, key, value }| {
        let hint = Hint::from_value(value)?;
        let field = frame.kind.field(&hint.field).filter(|field| field.key == hint.field)?;
        Some(Left { change, key, field, claim: claim(frame.ancestry.change(change), key, &hint.value) })
    })
}

impl Left<'_> {
    /// Whether somebody who saw it put or confirmed the field, or named it in a decision.
    fn is_answered(&self, frame: &Frame<'_>) -> bool {
        frame.counting().any(|(at, change)| frame.ancestry.saw(at, self.change) && self.is_taken_up(frame, at, change))
    }
    fn is_taken_up(&self, frame: &Frame<'_>, at: usize, change: &Observation) -> bool {
        let is_mine = |key: &str| base_key(key) == self.field.key;
        let acts = frame.acts_of(at);
        let confirms = |seen: &Seen<'_>| matches!(seen, Seen::Key(name) | Seen::Named(name, _) if is_mine(name));
        change.body.puts.iter().any(|(key, _)| is_mine(key))
            || acts.is_some_and(|acts| {
                acts.seen.iter().any(confirms) || acts.decides.iter().any(|claim| frame.is_named(self.change, *claim))
            })
    }
    /// Whether it says what is in force anyway.
    fn is_known(&self, state: Option<&FieldState>) -> bool {
        state.is_some_and(|state| match self.field.rule {
            Rule::Set => {
                state.members.iter().any(|(member, _)| member.on && self.claim.value.text() == Some(&member.text))
            }
            Rule::Log => false,
            _ => state.value == self.claim.value,
        })
    }
}

/// Adds the hints of a document and their items to what its columns gave.
pub(super) fn add(out: &mut Resolved, frame: &Frame<'_>, doc: DocId) {
    let here = |left: &Left<'_>| left.field.audience == doc.audience && !frame.ancestry.is_undone(left.change);
    let mut all: Vec<Left<'_>> = left(frame).filter(here).collect();
    if all.is_empty() {
        return;
    }
    all.sort_by(|a, b| order(a).cmp(&order(b)));
    for left in all {
        let state = out.fields.get(&left.field.key);
        let open = !left.is_answered(frame) && !left.is_known(state);
        if open {
            let item = item(frame, doc, &left, state);
            out.attention.push(item);
        }
        out.hints.push(Hinted { field: left.field.key.clone(), claim: left.claim, open });
    }
    out.attention.sort_by(|a, b| (&a.field, &a.rule).cmp(&(&b.field, &b.rule)));
}

fn order<'l>(left: &'l Left<'_>) -> impl Ord + use<'l> {
    (left.field.key.as_str(), left.claim.at, left.claim.change, left.key)
}

fn item(frame: &Frame<'_>, doc: DocId, left: &Left<'_>, state: Option<&FieldState>) -> Attention {
    let (zh, en) = Words::both(frame.schema, left.field);
    let hint = &left.claim;
    let in_force = state.map_or(Value::Null, |state| state.value.clone());
    // Of what has many entries none is the one in force.
    let (now_zh, now_en) = match left.field.rule {
        Rule::Set | Rule::Log => (String::new(), String::new()),
        _ if in_force.is_null() => ("目前没有登记，".to_owned(), "nothing is recorded; ".to_owned()),
        _ => (format!("目前用{}，", zh.value(&in_force)), format!("{} is in force; ", en.value(&in_force))),
    };
    let backing = state.and_then(|state| state.claims.first()).filter(|claim| claim.value == in_force);
    Attention {
        id: name_of(HINT, &hint.key, doc, vec![hint.change]),
        rule: HINT.to_owned(),
        doc,
        kind: frame.kind.name.clone(),
        field: left.field.key.clone(),
        in_force,
        claims: std::iter::once(hint).chain(backing).cloned().collect(),
        zh: format!(
            "{}在{}提示{}为{}（{}）；{now_zh}请核实后更新或确认。",
            hint.author,
            day_zh(hint.at),
            zh.label(),
            zh.plain(&hint.value),
            hint.source.zh()
        ),
        en: format!(
            "{} suggested on {} that {} is {} ({}); {now_en}please check, then update or confirm.",
            hint.author,
            day_en(hint.at),
            en.label(),
            en.plain(&hint.value),
            hint.source.en()
        ),
    }
}
