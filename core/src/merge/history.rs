//! Every claim there ever was, as sentences.

use super::{
    claims::{Column, Frame, Node},
    hints::{self, Left},
    types::{Claim, HistoryLine},
    wording::{Words, clock, day_en, day_zh, when_en, when_zh},
};
use crate::model::{Kind, Observation, Rule, Schema};

/// Every claim on every field, newest last: by time of observation, then in the order in which authors saw them. What
/// was undone stays, and says so; a hint says what it suggested.
pub fn history(schema: &Schema, kind: &Kind, observations: &[Observation]) -> Vec<HistoryLine> {
    let frame = Frame::new(schema, kind, observations);
    let columns = frame.columns();
    let claims = columns.iter().flat_map(|column| {
        let all = column.nodes.iter().chain(&column.undone);
        all.map(move |node| ((node.change, column.key), line(column, node)))
    });
    let hints = hints::left(&frame).map(|left| ((left.change, left.key), hint(&frame, &left)));
    let mut all: Vec<_> = claims.chain(hints).collect();
    all.sort_by_key(|((change, key), line)| (line.claim.at, *change, *key));
    all.into_iter().map(|(_, line)| line).collect()
}

fn line(column: &Column<'_>, node: &Node<'_>) -> HistoryLine {
    let (zh, en) = Words::both(column.frame.schema, column.field);
    said(column.frame, node.change, zh, column.claim_of(node), (act_zh(column, node, zh), act_en(column, node, en)))
}

fn hint(frame: &Frame<'_>, left: &Left<'_>) -> HistoryLine {
    let (zh, en) = Words::both(frame.schema, left.field);
    let acts = (
        format!("提示{}为{}", zh.label(), zh.plain(&left.claim.value)),
        format!("suggested that {} is {}", en.label(), en.plain(&left.claim.value)),
    );
    said(frame, left.change, zh, left.claim.clone(), acts)
}

fn said(frame: &Frame<'_>, at: usize, words: Words<'_>, claim: Claim, (zh, en): (String, String)) -> HistoryLine {
    let change = frame.ancestry.change(at);
    let (undone_zh, undone_en) = frame.ancestry.undone_by(at).map_or_else(Default::default, |by| {
        (format!("，{}由本人撤销", when_zh(by)), format!(", undone by the author {}", when_en(by)))
    });
    HistoryLine {
        field: words.field().key.clone(),
        zh: format!(
            "{}，{}（{}）{zh}，依据：{}{}{undone_zh}。",
            when_zh(change),
            change.author,
            change.role.zh(),
            claim.source.zh(),
            written_zh(change)
        ),
        en: format!(
            "{}: {} ({}) {en}; evidence: {}{}{undone_en}.",
            when_en(change),
            change.author,
            change.role.en(),
            claim.source.en(),
            written_en(change)
        ),
        claim,
    }
}

/// When it was written down, where that was on another day than it was seen.
pub(super) fn written_zh(change: &Observation) -> String {
    let at = change.body.meta.recorded_at;
    let waiting = if change.accepted_at.is_none() { "，待上传" } else { "" };
    if day_zh(at) == day_zh(change.at) {
        waiting.to_owned()
    } else {
        format!("，{}{}录入{waiting}", day_zh(at), clock(at))
    }
}
pub(super) fn written_en(change: &Observation) -> String {
    let at = change.body.meta.recorded_at;
    let waiting = if change.accepted_at.is_none() { ", waiting for upload" } else { "" };
    if day_en(at) == day_en(change.at) {
        waiting.to_owned()
    } else {
        format!(", written down {} {}{waiting}", day_en(at), clock(at))
    }
}

/// Whether it is a decision, or was meant as one before its author undid it.
fn decided(column: &Column<'_>, claim: &Node<'_>) -> bool {
    let change = column.frame.ancestry.change(claim.change);
    let undone = column.frame.ancestry.is_undone(claim.change);
    claim.decision || undone && !change.body.meta.decides.is_empty() && column.field.decide.contains(&change.role)
}

fn act_zh(column: &Column<'_>, claim: &Node<'_>, words: Words<'_>) -> String {
    let (label, value) = (words.label(), words.value(claim.value));
    let decision = decided(column, claim);
    match column.field.rule {
        Rule::Log => format!("在{label}中记下{value}"),
        Rule::Set => format!("{}{label}{value}", if claim.put { "记下" } else { "确认" }),
        _ if decision && claim.value.is_null() => format!("决定清空{label}"),
        _ if decision => format!("决定{label}为{value}"),
        _ if !claim.put => format!("确认{label}为{value}"),
        _ if claim.value.is_null() => format!("清空了{label}"),
        _ => format!("把{label}记为{value}"),
    }
}
fn act_en(column: &Column<'_>, claim: &Node<'_>, words: Words<'_>) -> String {
    let (label, value) = (words.label(), words.value(claim.value));
    let decision = decided(column, claim);
    match column.field.rule {
        Rule::Log => format!("added {value} to {label}"),
        Rule::Set => format!("{} {label} {value}", if claim.put { "recorded" } else { "confirmed" }),
        _ if decision && claim.value.is_null() => format!("decided that {label} is empty"),
        _ if decision => format!("decided that {label} is {value}"),
        _ if !claim.put => format!("confirmed {label} as {value}"),
        _ if claim.value.is_null() => format!("cleared {label}"),
        _ => format!("recorded {label} as {value}"),
    }
}
