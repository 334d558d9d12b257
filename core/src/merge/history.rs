//! Every claim there ever was, as sentences.

use super::{
    claims::{Column, Frame},
    types::HistoryLine,
    wording::{Words, clock, day_en, day_zh, role_en, when_en, when_zh},
};
use crate::model::{Kind, Observation, Rule, Schema};

/// Every claim on every field, newest last: by time of observation, then in the order in which authors saw them.
pub fn history(schema: &Schema, kind: &Kind, observations: &[Observation]) -> Vec<HistoryLine> {
    let frame = Frame::new(schema, kind, observations);
    let columns = frame.columns();
    let mut all: Vec<(&Column<'_>, usize)> =
        columns.iter().flat_map(|column| (0..column.nodes.len()).map(move |node| (column, node))).collect();
    all.sort_by_key(|(column, node)| (column.observation(*node).at, column.nodes[*node].change, column.key));
    all.into_iter().map(|(column, node)| line(column, node)).collect()
}

fn line(column: &Column<'_>, node: usize) -> HistoryLine {
    let change = column.observation(node);
    let (zh, en) = Words::both(column.frame.schema, column.field);
    let source = column.nodes[node].source;
    HistoryLine {
        field: column.field.key.clone(),
        claim: column.claim(node),
        zh: format!(
            "{}，{}（{}）{}，依据：{}{}。",
            when_zh(change),
            change.author,
            change.role.zh(),
            act_zh(column, node, zh),
            source.zh(),
            written_zh(change)
        ),
        en: format!(
            "{}: {} ({}) {}; evidence: {}{}.",
            when_en(change),
            change.author,
            role_en(change.role),
            act_en(column, node, en),
            source.en(),
            written_en(change)
        ),
    }
}

/// When it was written down, where that was on another day than it was seen.
fn written_zh(change: &Observation) -> String {
    let at = change.body.meta.recorded_at;
    let waiting = if change.accepted_at.is_none() { "，待上传" } else { "" };
    if day_zh(at) == day_zh(change.at) {
        waiting.to_owned()
    } else {
        format!("，{}{}录入{waiting}", day_zh(at), clock(at))
    }
}
fn written_en(change: &Observation) -> String {
    let at = change.body.meta.recorded_at;
    let waiting = if change.accepted_at.is_none() { ", waiting for upload" } else { "" };
    if day_en(at) == day_en(change.at) {
        waiting.to_owned()
    } else {
        format!(", written down {} {}{waiting}", day_en(at), clock(at))
    }
}

fn act_zh(column: &Column<'_>, node: usize, words: Words<'_>) -> String {
    let claim = &column.nodes[node];
    let (label, value) = (words.label(), words.value(claim.value));
    match column.field.rule {
        Rule::Log => format!("在{label}中记下{value}"),
        Rule::Set => format!("{}{label}{value}", if claim.put { "记下" } else { "确认" }),
        _ if claim.decision => format!("决定{label}为{value}"),
        _ if !claim.put => format!("确认{label}为{value}"),
        _ if claim.value.is_null() => format!("清空了{label}"),
        _ => format!("把{label}记为{value}"),
    }
}
fn act_en(column: &Column<'_>, node: usize, words: Words<'_>) -> String {
    let claim = &column.nodes[node];
    let (label, value) = (words.label(), words.value(claim.value));
    match column.field.rule {
        Rule::Log => format!("added {value} to {label}"),
        Rule::Set => format!("{} {label} {value}", if claim.put { "recorded" } else { "confirmed" }),
        _ if claim.decision => format!("decided that {label} is {value}"),
        _ if !claim.put => format!("confirmed {label} as {value}"),
        _ if claim.value.is_null() => format!("cleared {label}"),
        _ => format!("recorded {label} as {value}"),
    }
}
