//! From a form to what is written: new values as puts, values that are in force already as confirmations.

use super::{
    claims::field_of,
    types::{Claim, Edit, FieldState, Plan, Resolved},
    wording::Words,
};
use crate::model::{Kind, Member, Rule, Schema};

/// Turns edits into what is written. An edit that says what is in force confirms it; on a contested field it confirms
/// the claim that says so, unless it decides. A fixed value that is there already cannot be changed, other than by the server where it alone writes.
pub fn plan(schema: &Schema, kind: &Kind, resolved: &Resolved, edits: &[Edit], deciding: bool) -> Plan {
    let mut plan = Plan::default();
    for (at, edit) in edits.iter().enumerate() {
        if edits[at + 1..].iter().any(|later| later.key == edit.key) {
            continue;
        }
        let Some(field) = field_of(kind, &edit.key) else {
            let (zh, en) = (format!("没有“{}”这一项", edit.key), format!("there is no field {}", edit.key));
            plan.refused.push((edit.key.clone(), zh, en));
            continue;
        };
        let state = resolved.fields.get(&field.key);
        match field.rule {
            Rule::Log => plan.puts.push((edit.key.clone(), edit.value.clone())),
            Rule::Set => member(&mut plan, state, edit),
            Rule::Immutable if !(field.server || kind.server) && state.is_some_and(|state| is_fixed(state, edit)) => {
                let (zh, en) = Words::both(schema, field);
                let shown = |words: Words<'_>| state.map_or_else(String::new, |state| words.value(&state.value));
                let text_zh = format!("“{}”已登记为{}，登记后不能更改", field.zh, shown(zh));
                let text_en = format!("{} is recorded as {} and cannot be changed", field.en, shown(en));
                plan.refused.push((field.key.clone(), text_zh, text_en));
            }
            _ => scalar(&mut plan, state, edit, deciding),
        }
    }
    plan
}

fn is_fixed(state: &FieldState, edit: &Edit) -> bool {
    !state.value.is_null() && state.value != edit.value
}

fn scalar(plan: &mut Plan, state: Option<&FieldState>, edit: &Edit, deciding: bool) {
    let Some(state) = state else {
        // Clearing what nobody ever filled says nothing.
        if !edit.value.is_null() {
            plan.puts.push((edit.key.clone(), edit.value.clone()));
        }
        return;
    };
    if edit.value != state.value || deciding && state.contested {
        plan.puts.push((edit.key.clone(), edit.value.clone()));
        return;
    }
    // Where a field has claims for more than one value, the confirmation names the one it means. An older value that
    // stays in force over contested ones has no live claim; its field alone names it.
    let several = state.claims.iter().any(|claim| claim.value != state.value);
    let backing = state.claims.iter().find(|claim| several && claim.value == state.value);
    plan.seen.push(match backing {
        Some(claim) => format!("{}:{}", edit.key, claim.change.prefix()),
        None => edit.key.clone(),
    });
}

fn member(plan: &mut Plan, state: Option<&FieldState>, edit: &Edit) {
    let known = state.and_then(|state| state.members.iter().find(|(_, claim)| claim.key == edit.key));
    // A member is ended, never cleared: nobody could say later what a null had meant.
    let end =
        |(member, _): &(Member, Claim)| if member.on { Member::ended(&member.text, None) } else { member.clone() };
    let said = Member::from_value(&edit.value).or_else(|| known.filter(|_| edit.value.is_null()).map(end));
    match known {
        Some((member, _)) if said.as_ref() == Some(member) => plan.seen.push(edit.key.clone()),
        None if edit.value.is_null() => {}
        _ => plan.puts.push((edit.key.clone(), said.map_or_else(|| edit.value.clone(), |member| member.to_value()))),
    }
}
