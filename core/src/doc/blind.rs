//! What somebody may leave in a document that he may not read: hints, and nothing else (DESIGN 4).

use super::{
    guard::{Claimed, Stop, check_sound, here, refuse},
    vocabulary::{MAX_KEY, is_ulid},
};
use crate::model::{ChangeBody, Hint, Member, Rule, Value, hint::HINT};

/// Whether a key is that of a hint.
pub(super) fn is_hint(key: &str) -> bool {
    key.strip_prefix(HINT).is_some_and(|rest| rest.starts_with('/'))
}

/// A change of a role that does not receive the audience: each put is a hint at a field of it, or the change takes back
/// hints of its author. It confirms and decides nothing, and names nothing of another document.
pub(super) fn check(claimed: &Claimed<'_>, body: &ChangeBody, puts: &[(String, Value)]) -> Result<(), Stop> {
    let meta = &body.meta;
    if !(meta.seen.is_empty() && meta.decides.is_empty() && meta.beside.is_empty()) {
        return Err(refused(
            "只能留下提示，不能确认或决定",
            "only hints can be left here, nothing confirmed or decided",
        ));
    }
    for (at, (key, value)) in puts.iter().enumerate() {
        if puts[at + 1..].iter().any(|(other, _)| other == key) {
            return Err(refused("同一条提示写了两次", "a hint is put twice"));
        }
        check_hint(claimed, key, value)?;
    }
    Ok(())
}

fn refused(zh: &str, en: &str) -> Stop {
    refuse("hint", zh, en)
}

fn check_hint(claimed: &Claimed<'_>, key: &str, value: &Value) -> Result<(), Stop> {
    let tail = key.strip_prefix(HINT).and_then(|rest| rest.strip_prefix('/'));
    if key.len() > MAX_KEY || !tail.is_some_and(is_ulid) {
        return Err(refused("这里只能留下提示", "only hints can be left here"));
    }
    let Some(hint) = Hint::from_value(value) else {
        return Err(refused("提示格式不对", "not a hint"));
    };
    let open = |field: &&crate::model::Field| {
        field.key == hint.field && !field.server && !claimed.kind.server && field.rule != Rule::Command
    };
    let Some(field) = here(claimed, &hint.field).filter(open) else {
        return Err(refused("没有可以提示的这一项", "no such field to hint at"));
    };
    // The value is one that somebody who may write here could put.
    let put = match (field.rule, hint.value.text()) {
        (Rule::Set, Some(text)) => Member::present(text).to_value(),
        (Rule::Log, Some(text)) => Value::Text(serde_json::json!({ "text": text }).to_string()),
        (Rule::Set | Rule::Log, None) => return Err(refused("提示没有内容", "a hint that says nothing")),
        _ => hint.value,
    };
    check_sound(claimed.schema, field, &put)
}
