//! What became of a record, as few sentences as a worker needs: who changed what from what, and who confirmed it since.

use super::{
    ancestry,
    claims::{Column, Frame},
    rules::{self, View},
    types::HistoryLine,
    wording::{Words, short_day_en, short_day_zh},
};
use crate::model::{Kind, Member, Millis, Observation, Rule, Schema, Value};

/// One line for each value that somebody put, newest first. `today` lets dates of this year go without the year.
pub fn summary(schema: &Schema, kind: &Kind, observations: &[Observation], today: Millis) -> Vec<HistoryLine> {
    let frame = Frame::new(schema, kind, observations);
    let columns = frame.columns();
    let mut passages: Vec<Passage<'_>> = columns.iter().flat_map(passages).collect();
    passages.sort_by(|a, b| b.order().cmp(&a.order()).then(a.column.key.cmp(b.column.key)));
    passages.into_iter().map(|passage| passage.line(today)).collect()
}

/// A put, what stood before it in the eyes of its author, and the last one to confirm it.
struct Passage<'a> {
    column: &'a Column<'a>,
    node: usize,
    /// What was in force before; none where nothing was known.
    before: Option<&'a Value>,
    /// What was in force after.
    after: &'a Value,
    confirmed: Option<&'a Observation>,
    /// Whether a person has still to decide between it and others.
    contested: bool,
}

fn passages<'a>(column: &'a Column<'a>) -> Vec<Passage<'a>> {
    let mut out: Vec<Passage<'a>> = Vec::new();
    let mut nodes: Vec<usize> = (0..column.nodes.len()).collect();
    nodes.sort_by_key(|node| (column.observation(*node).at, column.nodes[*node].change));
    let mut view = View::default();
    for node in nodes {
        let claim = &column.nodes[node];
        let mut past = column.frame.ancestry.before(claim.change).to_vec();
        let empty = column.is_empty_in(&past);
        column.look(&past, &mut view);
        let before = (!empty).then(|| rules::judge(column, &view).value);
        if joined(column, node) {
            continue;
        }
        let says_it_again = column.field.rule != Rule::Log && before == Some(claim.value) && !claim.decision;
        if !claim.put || says_it_again {
            if let Some(passage) = out.iter_mut().rev().find(|passage| column.same(passage.node, node)) {
                passage.confirmed = Some(column.observation(node));
            }
            continue;
        }
        ancestry::put(&mut past, claim.change);
        column.look(&past, &mut view);
        let after = rules::judge(column, &view).value;
        out.push(Passage { column, node, before, after, confirmed: None, contested: false });
    }
    column.look(&column.frame.ancestry.all(), &mut view);
    let now = rules::judge(column, &view);
    for passage in out.iter_mut().filter(|passage| now.contested.contains(&passage.node)) {
        (passage.contested, passage.after) = (true, now.value);
    }
    out
}

/// Whether a member only follows the main value that was put beside it: the sentence on that one says both.
fn joined(column: &Column<'_>, node: usize) -> bool {
    let mains = column.frame.kind.fields.iter().filter(|field| field.joins.as_deref() == Some(&column.field.key));
    let text = Member::from_value(column.nodes[node].value).map(|member| Value::Text(member.text));
    let puts = &column.observation(node).body.puts;
    text.is_some_and(|text| {
        mains.flat_map(|field| puts.iter().filter(|(key, _)| *key == field.key)).any(|(_, v)| *v == text)
    })
}

impl Passage<'_> {
    fn order(&self) -> impl Ord + '_ {
        (self.column.observation(self.node).at, self.column.nodes[self.node].change)
    }

    fn line(&self, today: Millis) -> HistoryLine {
        let (zh, en) = Words::both(self.column.frame.schema, self.column.field);
        HistoryLine {
            field: self.column.field.key.clone(),
            claim: self.column.claim(self.node),
            zh: format!("{}{}。", self.said_zh(zh, today), self.since_zh(today)),
            en: format!("{}{}.", self.said_en(en, today), self.since_en(today)),
        }
    }

    fn said_zh(&self, words: Words<'_>, today: Millis) -> String {
        let (claim, by) = (&self.column.nodes[self.node], self.column.observation(self.node));
        let (label, value, source) = (words.label(), words.value(claim.value), claim.source.zh());
        let when = format!("{}由{}", short_day_zh(by.at, today), by.author);
        let before = self.before.filter(|before| !before.is_null()).map(|before| words.value(before));
        let was = before.map_or_else(String::new, |before| format!("，此前是{before}"));
        match self.column.field.rule {
            Rule::Log | Rule::Set => format!("{label}{when}记下{value}（{source}）"),
            _ if claim.decision && claim.value.is_null() => format!("{label}{when}（{}）核实后清空{was}", by.role.zh()),
            _ if claim.decision => format!("{label}{when}（{}）核实后定为{value}{was}", by.role.zh()),
            _ if self.contested => {
                let now = words.value(self.after);
                format!("{label}{when}记为{value}（{source}），有不同说法，待确认，目前仍用{now}")
            }
            _ if self.after != claim.value => {
                format!("{label}{when}记为{value}（{source}），没有采用，仍是{}", words.value(self.after))
            }
            _ if claim.value.is_null() => format!("{label}{when}清空（{source}）{was}"),
            _ if was.is_empty() => format!("{label}{when}记为{value}（{source}）"),
            _ => format!("{label}{when}改为{value}（{source}）{was}"),
        }
    }

    fn said_en(&self, words: Words<'_>, today: Millis) -> String {
        let (claim, by) = (&self.column.nodes[self.node], self.column.observation(self.node));
        let (label, value, source) = (words.label(), words.value(claim.value), claim.source.en());
        let when = format!("by {} on {}", by.author, short_day_en(by.at, today));
        let before = self.before.filter(|before| !before.is_null()).map(|before| words.value(before));
        let was = before.map_or_else(String::new, |before| format!("; before that {before}"));
        match self.column.field.rule {
            Rule::Log | Rule::Set => format!("{label}: {value} recorded {when} ({source})"),
            _ if claim.decision && claim.value.is_null() => {
                format!("{label} settled as empty {when} ({}){was}", by.role.en())
            }
            _ if claim.decision => format!("{label} settled as {value} {when} ({}){was}", by.role.en()),
            _ if self.contested => {
                let now = words.value(self.after);
                format!("{label} recorded as {value} {when} ({source}); others differ, to be settled, meanwhile {now}")
            }
            _ if self.after != claim.value => {
                format!("{label} recorded as {value} {when} ({source}), not taken: still {}", words.value(self.after))
            }
            _ if claim.value.is_null() => format!("{label} cleared {when} ({source}){was}"),
            _ if was.is_empty() => format!("{label} recorded as {value} {when} ({source})"),
            _ => format!("{label} changed to {value} {when} ({source}){was}"),
        }
    }

    fn since_zh(&self, today: Millis) -> String {
        let by = self.confirmed.map(|by| format!("；{}{}又确认过", short_day_zh(by.at, today), by.author));
        by.unwrap_or_default()
    }
    fn since_en(&self, today: Millis) -> String {
        let by = self.confirmed.map(|by| format!("; confirmed by {} on {}", by.author, short_day_en(by.at, today)));
        by.unwrap_or_default()
    }
}
