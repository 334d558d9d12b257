//! Deciding is an own act: a change that names the claims it decides, by a role that may (DESIGN 4).

use super::{
    ancestry,
    claims::{Acts, Column, Node},
};
use crate::model::{Observation, Value};

/// A claim that decides.
pub(super) struct Decision<'a> {
    /// Its change.
    change: usize,
    /// The values it chose between, its own among them where somebody had claimed it.
    settled: Vec<&'a Value>,
    /// Its own value.
    value: &'a Value,
}

impl Decision<'_> {
    /// Whether it chose between this value and others.
    pub(super) fn settles(&self, value: &Value) -> bool {
        self.settled.contains(&value)
    }
    /// Who decided, where this is the value that was chosen.
    pub(super) fn by<'c>(&self, column: &Column<'c>, value: &Value) -> Option<&'c Observation> {
        (self.value == value).then(|| column.frame.ancestry.change(self.change))
    }
    fn rejects(&self, value: &Value) -> bool {
        *self.value != *value && self.settles(value)
    }
}

/// Reads a decision: it settles the values of the claims that it names and saw, and has the best of their evidence.
/// Where the role may not decide, or nothing here is named, the claim stays an ordinary one.
pub(super) fn read<'a>(column: &Column<'a>, node: &mut Node<'a>, acts: &Acts<'_>) -> Option<Decision<'a>> {
    let ancestry = &column.frame.ancestry;
    if !column.field.decide.contains(&ancestry.change(node.change).role) {
        return None;
    }
    let past = ancestry.before(node.change);
    let seen = || column.nodes.iter().filter(|old| ancestry::has(past, old.change));
    let is_named =
        |change| acts.decides_all || acts.decides.iter().any(|prefix| column.frame.is_named(change, *prefix));
    let mut settled: Vec<&Value> = seen().filter(|old| is_named(old.change)).map(|old| old.value).collect();
    if settled.is_empty() {
        return None;
    }
    settled.sort_unstable();
    settled.dedup();
    let best = seen().filter(|old| settled.contains(&old.value)).map(|old| old.source).max();
    node.source = node.source.max(best.unwrap_or_default());
    node.decision = true;
    Some(Decision { change: node.change, settled, value: node.value })
}

/// Late claims for a value that a decision rejected: their authors knew neither this decision nor another one beside
/// it. (What the decision itself had seen it retired.)
pub(super) fn absorbed(column: &Column<'_>, past: &[u64], live: &[usize]) -> Vec<usize> {
    let ancestry = &column.frame.ancestry;
    let here = || column.decisions.iter().filter(|decision| ancestry::has(past, decision.change));
    let late = |node: &Node<'_>, decision: &Decision<'_>| {
        // No decision is its own ancestor, so that it counts here itself.
        let beside = |other: &&Decision<'_>| !ancestry.saw(decision.change, other.change);
        !here().filter(beside).any(|other| ancestry.saw(node.change, other.change))
    };
    let absorbed =
        |node: &Node<'_>| !node.decision && here().any(|decision| decision.rejects(node.value) && late(node, decision));
    live.iter().copied().filter(|n| absorbed(&column.nodes[*n])).collect()
}

/// Decisions beside a different one of a higher role that had not seen them.
pub(super) fn outranked(column: &Column<'_>, standing: &[usize]) -> Vec<usize> {
    let decisions = || standing.iter().copied().filter(|n| column.nodes[*n].decision);
    let rank = |n: usize| column.observation(n).role.rank();
    let over = |high: usize, low: usize| {
        rank(high) > rank(low) && !column.same(high, low) && !column.saw(high, low) && !column.saw(low, high)
    };
    decisions().filter(|low| decisions().any(|high| over(high, *low))).collect()
}

/// Decisions for different values that stand side by side.
pub(super) fn open_again(column: &Column<'_>, standing: &[usize]) -> Vec<usize> {
    if column.decisions.len() < 2 {
        return Vec::new();
    }
    let decisions: Vec<usize> = standing.iter().copied().filter(|n| column.nodes[*n].decision).collect();
    let agree = decisions.split_first().is_none_or(|(first, rest)| rest.iter().all(|n| column.same(*first, *n)));
    if agree { Vec::new() } else { decisions }
}
