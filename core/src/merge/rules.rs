//! The table of DESIGN 4: which claims a claim retires, and what is in force among those that are left.

use std::cmp::Ordering;

use super::{
    ancestry,
    claims::{Column, Node},
    decide::{self, Decision},
};
use crate::model::{Fact, Millis, Rule, Source, Value};

/// What is in force where nobody said anything.
pub(super) static NOTHING: Value = Value::Null;

/// The claims of a column that count in a past, sorted by what becomes of them. Used again and again, since most
/// questions have an answer of one claim.
#[derive(Default)]
pub(super) struct View {
    /// Not retired, in the order of their changes.
    pub(super) live: Vec<usize>,
    /// Late claims for what a decision rejected.
    pub(super) absorbed: Vec<usize>,
    /// Confirmations that had not seen a put at least as good.
    pub(super) beaten: Vec<usize>,
    /// Decisions beside a different one of a higher role.
    pub(super) outranked: Vec<usize>,
    /// The rest of `live`: what the rule chooses from.
    pub(super) standing: Vec<usize>,
    /// Changes whose claims are retired.
    pub(super) retired: Vec<u64>,
    /// Room for [`Column::look`].
    pub(super) open: Vec<u64>,
}

impl View {
    /// Sorts the live claims of a past.
    pub(super) fn sort_out(&mut self, column: &Column<'_>, past: &[u64]) {
        self.absorbed.clear();
        self.beaten.clear();
        self.outranked.clear();
        self.standing.clone_from(&self.live);
        if self.live.len() < 2 {
            return;
        }
        if !column.decisions.is_empty() {
            self.absorbed = decide::absorbed(column, past, &self.live);
            drop_from(&mut self.standing, &self.absorbed);
        }
        if self.standing.iter().any(|n| column.nodes[*n].soft()) {
            let beaten = |c: &usize| {
                column.nodes[*c].soft() && self.standing.iter().any(|put| beats(column, &self.standing, *put, *c))
            };
            self.beaten = self.standing.iter().copied().filter(beaten).collect();
            drop_from(&mut self.standing, &self.beaten);
        }
        if !column.decisions.is_empty() {
            self.outranked = decide::outranked(column, &self.standing);
            drop_from(&mut self.standing, &self.outranked);
        }
        if self.standing.is_empty() {
            self.standing.clone_from(&self.live);
        }
    }
    /// Whether a claim counts but does not stand.
    fn lost(&self, node: usize) -> bool {
        self.absorbed.contains(&node) || self.beaten.contains(&node) || self.outranked.contains(&node)
    }
}

fn drop_from(standing: &mut Vec<usize>, which: &[usize]) {
    if !which.is_empty() {
        standing.retain(|node| !which.contains(node));
    }
}

/// Whether a confirmation loses to a put that it had not seen: unless its source outranks that of the put's value, or
/// the put is worth less than what was confirmed.
fn beats(column: &Column<'_>, standing: &[usize], put: usize, confirmation: usize) -> bool {
    let (p, c) = (&column.nodes[put], &column.nodes[confirmation]);
    !p.soft()
        && !column.saw(confirmation, put)
        && (!matches!(column.field.rule, Rule::Authority | Rule::Sharper) || p.weight >= c.weight)
        && !column.same(put, confirmation)
        && standing.iter().any(|n| column.nodes[*n].source >= c.source && column.same(*n, put))
}

/// Adds to the row of a new claim what it retires of what its author saw.
pub(super) fn retire(
    column: &Column<'_>,
    new: &Node<'_>,
    view: &View,
    decision: Option<&Decision<'_>>,
    row: &mut [u64],
) {
    let alone = view.standing.split_first().is_none_or(|(first, rest)| rest.iter().all(|n| column.same(*first, *n)));
    for old in &view.live {
        let decided = decision.is_some_and(|decision| decision.settles(column.nodes[*old].value));
        let absorbed = view.absorbed.contains(old);
        if decided || absorbed || retires(column, new, *old, alone || view.lost(*old)) {
            ancestry::put(row, column.nodes[*old].change);
        }
    }
}

/// Whether a claim retires another one that its author had seen. `alone`: nothing else stood beside the old one.
fn retires(column: &Column<'_>, new: &Node<'_>, old: usize, alone: bool) -> bool {
    let (node, field) = (&column.nodes[old], column.field);
    if new.soft() && column.agree(new, node) {
        return node.soft() && refreshes(column, new, old);
    }
    if column.is_servers() || new.put && column.frame.is_outcome(new.change) {
        return true;
    }
    match field.rule {
        Rule::Immutable | Rule::Log | Rule::Command => false,
        Rule::Latest | Rule::Set => true,
        Rule::KeepBoth => alone,
        // A sharper position settles by rule; among equals only a person does.
        Rule::Sharper => new.weight > node.weight || new.weight == node.weight && alone,
        Rule::Authority => {
            new.weight >= node.weight && new.source >= node.source && (field.fact == Fact::Changing || alone)
        }
        Rule::Safer => {
            let role = column.frame.ancestry.change(new.change).role;
            new.weight >= node.weight || field.lower.contains(&role)
        }
    }
}

/// Whether a confirmation takes the place of an earlier one of the same value. It never takes the place of a put: what
/// was put keeps its standing towards others that had not seen the confirmation.
fn refreshes(column: &Column<'_>, new: &Node<'_>, old: usize) -> bool {
    let (now, before) = (column.frame.ancestry.change(new.change), column.observation(old));
    new.source >= column.nodes[old].source && now.at >= before.at && (before.doubtful || !now.doubtful)
}

/// What is in force in a past.
pub(super) struct Verdict<'a> {
    /// The value in force.
    pub(super) value: &'a Value,
    /// The strongest standing claim that says so; none where an older value stays in force.
    pub(super) backing: Option<usize>,
    /// The contested claims, without confirmations where the others differ; empty where nothing is contested.
    pub(super) contested: Vec<usize>,
    /// Whether one of the contested values is shown because there is no older one.
    pub(super) provisional: bool,
}

/// Applies the rule of the field to what stands in a past.
pub(super) fn judge<'a>(column: &Column<'a>, view: &View) -> Verdict<'a> {
    let Some((first, rest)) = view.standing.split_first() else {
        return Verdict { value: &NOTHING, backing: None, contested: Vec::new(), provisional: false };
    };
    if rest.is_empty() {
        let value = column.nodes[*first].value;
        return Verdict { value, backing: Some(*first), contested: Vec::new(), provisional: false };
    }
    let contested =
        if rest.iter().all(|n| column.same(*first, *n)) { Vec::new() } else { contested(column, &view.standing) };
    if !contested.is_empty() && keeps_old_value(column) {
        let (value, provisional) = old_value(column, &contested);
        let agree = |n: &&usize| column.says(**n, value);
        let backing = view.standing.iter().filter(agree).max_by(|a, b| stronger(column, **a, **b)).copied();
        return Verdict { value, backing, contested, provisional };
    }
    let winner = pick(column, &view.standing);
    let backing = match column.field.rule {
        Rule::Set | Rule::Immutable => winner,
        // Equal values collapse; the best evidence for the value is the evidence for it.
        _ => {
            let agree = view.standing.iter().filter(|n| column.same(winner, **n));
            agree.copied().max_by(|a, b| stronger(column, *a, *b)).unwrap_or(winner)
        }
    };
    Verdict { value: column.nodes[winner].value, backing: Some(backing), contested, provisional: false }
}

fn keeps_old_value(column: &Column<'_>) -> bool {
    match column.field.rule {
        Rule::KeepBoth | Rule::Sharper => true,
        Rule::Authority => column.field.fact == Fact::Fixed,
        _ => false,
    }
}

/// The claims between which a person has to choose.
fn contested(column: &Column<'_>, standing: &[usize]) -> Vec<usize> {
    // Evidence says which of two facts is better known, accuracy which of two positions.
    let top = |node: usize| {
        let claim = &column.nodes[node];
        (claim.weight, if column.field.rule == Rule::Sharper { Source::default() } else { claim.source })
    };
    let mut contested: Vec<usize> = match column.field.rule {
        Rule::KeepBoth => standing.to_vec(),
        _ if keeps_old_value(column) => {
            let best = standing.iter().map(|n| top(*n)).max();
            let mut equals: Vec<usize> = standing.iter().copied().filter(|n| Some(top(*n)) == best).collect();
            if equals.iter().all(|n| column.same(equals[0], *n)) {
                equals.clear();
            }
            equals
        }
        _ => Vec::new(),
    };
    contested.extend(decide::open_again(column, standing));
    contested.sort_unstable();
    contested.dedup();
    // Confirmations support what others put; where those differ by themselves, the item is about them.
    let puts: Vec<usize> = contested.iter().copied().filter(|n| !column.nodes[*n].soft()).collect();
    if puts.iter().any(|n| !column.same(puts[0], *n)) { puts } else { contested }
}

/// The value that all authors of contested claims knew; where there is none, that of the smallest hash, provisionally.
fn old_value<'a>(column: &Column<'a>, contested: &[usize]) -> (&'a Value, bool) {
    let ancestry = &column.frame.ancestry;
    let mut common = ancestry.all();
    for node in contested {
        let mut known = ancestry.before(column.nodes[*node].change).to_vec();
        ancestry::put(&mut known, column.nodes[*node].change);
        ancestry::keep(&mut common, &known);
    }
    if column.is_empty_in(&common) {
        let first = contested.iter().min_by_key(|node| column.observation(**node).body.hash);
        return (first.map_or(&NOTHING, |node| column.nodes[*node].value), true);
    }
    // Of two contested claims one is outside the common past, so that this ends.
    let mut view = View::default();
    column.look(&common, &mut view);
    let old = judge(column, &view);
    (old.value, old.provisional)
}

/// The claim that the rule puts in force.
fn pick(column: &Column<'_>, standing: &[usize]) -> usize {
    let all = standing.iter().copied();
    let node = |n: usize| &column.nodes[n];
    match column.field.rule {
        Rule::Immutable => first(column, standing),
        Rule::Latest | Rule::KeepBoth | Rule::Log | Rule::Command => all.max_by(|a, b| later(column, *a, *b)),
        Rule::Authority => all.max_by(|a, b| {
            (node(*a).weight, node(*a).source).cmp(&(node(*b).weight, node(*b).source)).then(later(column, *a, *b))
        }),
        Rule::Safer | Rule::Sharper => {
            all.max_by(|a, b| node(*a).weight.cmp(&node(*b).weight).then(later(column, *a, *b)))
        }
        Rule::Set => member(column, standing),
    }
    .unwrap_or(standing[0])
}

/// First in ancestry, then in acceptance, then by hash; a cleared value is none to keep.
fn first(column: &Column<'_>, standing: &[usize]) -> Option<usize> {
    let filled: Vec<usize> = standing.iter().copied().filter(|n| !column.nodes[*n].value.is_null()).collect();
    let from = if filled.is_empty() { standing } else { &filled };
    let first = from.iter().copied().filter(|n| !from.iter().any(|other| column.saw(*n, *other)));
    first.min_by_key(|n| {
        let change = column.observation(*n);
        (change.accepted_at.is_none(), change.accepted_at, change.body.hash)
    })
}

/// Present, unless it clearly ended later.
fn member(column: &Column<'_>, standing: &[usize]) -> Option<usize> {
    let latest = |on: bool| {
        let side = standing.iter().copied().filter(|n| (column.nodes[*n].weight == 1) == on);
        side.max_by(|a, b| later(column, *a, *b))
    };
    let (Some(on), Some(off)) = (latest(true), latest(false)) else { return latest(true).or(latest(false)) };
    let present = standing.iter().filter(|n| column.nodes[**n].weight == 1);
    let over = present.map(|n| column.observation(*n)).all(|p| clearly_later(column.observation(off), p));
    Some(if over { off } else { on })
}

fn clearly_later(end: &crate::model::Observation, present: &crate::model::Observation) -> bool {
    let unclear = (is_whole_day(end.at) || is_whole_day(present.at)) && day(end.at) == day(present.at);
    end.at > present.at && !end.doubtful && !present.doubtful && !unclear
}

/// The day in China (UTC+8).
pub(super) fn day(at: Millis) -> i64 {
    at.plus(8 * 3_600_000).0.div_euclid(Millis::DAY)
}
/// Midnight in China: an observation of which only the day was written down.
fn is_whole_day(at: Millis) -> bool {
    at.plus(8 * 3_600_000).0.rem_euclid(Millis::DAY) == 0
}

/// Later observation; of equal times a sure clock before a doubtful one; then the hash.
fn later(column: &Column<'_>, a: usize, b: usize) -> Ordering {
    let key = |n: usize| {
        let change = column.observation(n);
        (change.at, !change.doubtful, change.body.hash)
    };
    key(a).cmp(&key(b))
}

/// Better claim for one value: evidence, then time.
pub(super) fn stronger(column: &Column<'_>, a: usize, b: usize) -> Ordering {
    let key = |n: usize| (column.nodes[n].weight, column.nodes[n].source);
    key(a).cmp(&key(b)).then(later(column, a, b))
}
