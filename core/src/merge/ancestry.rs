//! Who saw whom: the changes of one document in one order, and the ancestors of each as a row of bits.

use std::{cmp::Reverse, collections::BinaryHeap};

use crate::model::Observation;

/// Whether a bit is set.
pub(super) fn has(bits: &[u64], at: usize) -> bool {
    bits[at / 64] >> (at % 64) & 1 == 1
}
/// Sets a bit.
pub(super) fn put(bits: &mut [u64], at: usize) {
    bits[at / 64] |= 1 << (at % 64);
}
/// Adds the bits of another row.
pub(super) fn join(into: &mut [u64], from: &[u64]) {
    into.iter_mut().zip(from).for_each(|(a, b)| *a |= b);
}
/// Takes the bits of another row away.
pub(super) fn cut(from: &mut [u64], what: &[u64]) {
    from.iter_mut().zip(what).for_each(|(a, b)| *a &= !b);
}
/// Keeps only the bits of another row.
pub(super) fn keep(bits: &mut [u64], only: &[u64]) {
    bits.iter_mut().zip(only).for_each(|(a, b)| *a &= b);
}
/// Takes a bit away.
pub(super) fn take(bits: &mut [u64], at: usize) {
    bits[at / 64] &= !(1 << (at % 64));
}
/// The highest bit.
pub(super) fn last(bits: &[u64]) -> Option<usize> {
    bits.iter().rposition(|w| *w != 0).map(|i| i * 64 + 63 - bits[i].leading_zeros() as usize)
}
/// All bits, lowest first.
pub(super) fn each(bits: &[u64]) -> impl Iterator<Item = usize> + '_ {
    bits.iter().enumerate().flat_map(|(i, word)| {
        std::iter::successors(Some(*word).filter(|w| *w != 0), |w| Some(w & (w - 1)).filter(|w| *w != 0))
            .map(move |w| i * 64 + w.trailing_zeros() as usize)
    })
}

/// The changes of one document, each once, ancestors before descendants and otherwise by hash, so that the order of
/// arrival shows nowhere.
pub(super) struct Ancestry<'a> {
    changes: Vec<&'a Observation>,
    words: usize,
    rows: Vec<u64>,
}

impl<'a> Ancestry<'a> {
    /// Orders the changes. Dependencies that are not there count for nothing. Of two copies of one change the accepted
    /// one counts.
    pub(super) fn new(observations: &'a [Observation]) -> Self {
        let mut by_hash: Vec<&Observation> = observations.iter().collect();
        by_hash.sort_unstable_by(|a, b| copy_order(a).cmp(&copy_order(b)));
        by_hash.dedup_by(|later, first| later.body.hash == first.body.hash);
        let edges = edges(&by_hash);
        let order = order(by_hash.len(), &edges);
        let words = by_hash.len().div_ceil(64);
        Self {
            rows: rows(&order, &edges, words),
            words,
            changes: order.into_iter().map(|index| by_hash[index]).collect(),
        }
    }

    /// How many changes there are.
    pub(super) fn len(&self) -> usize {
        self.changes.len()
    }
    /// Words in a row of bits.
    pub(super) fn words(&self) -> usize {
        self.words
    }
    /// A change by its place.
    pub(super) fn change(&self, at: usize) -> &'a Observation {
        self.changes[at]
    }
    /// The changes in order.
    pub(super) fn changes(&self) -> impl Iterator<Item = (usize, &'a Observation)> + '_ {
        self.changes.iter().copied().enumerate()
    }
    /// All that the author of a change had seen, without the change itself.
    pub(super) fn before(&self, at: usize) -> &[u64] {
        &self.rows[at * self.words..(at + 1) * self.words]
    }
    /// Whether the author of `later` had seen `earlier`.
    pub(super) fn saw(&self, later: usize, earlier: usize) -> bool {
        has(self.before(later), earlier)
    }
    /// A row with every change.
    pub(super) fn all(&self) -> Vec<u64> {
        vec![!0; self.words]
    }
}

fn copy_order(o: &Observation) -> impl Ord + '_ {
    (o.body.hash, o.accepted_at.is_none(), o.accepted_at, o.at, o.doubtful, &o.author, o.role)
}

/// (ancestor, descendant) as places in the order by hash, sorted.
fn edges(by_hash: &[&Observation]) -> Vec<(usize, usize)> {
    let mut edges = Vec::with_capacity(by_hash.len());
    for (to, change) in by_hash.iter().enumerate() {
        let found = change.body.deps.iter().filter_map(|dep| by_hash.binary_search_by(|o| o.body.hash.cmp(dep)).ok());
        edges.extend(found.filter(|from| *from != to).map(|from| (from, to)));
    }
    edges.sort_unstable();
    edges.dedup();
    edges
}

/// Kahn's algorithm with ties by hash. Hashes allow no circle; fabricated input gets its circles in the order by hash.
fn order(len: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut waits = vec![0_u32; len];
    for (_, to) in edges {
        waits[*to] += 1;
    }
    let mut ready: BinaryHeap<_> = (0..len).filter(|i| waits[*i] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(len);
    while let Some(Reverse(next)) = ready.pop() {
        order.push(next);
        let first = edges.partition_point(|(from, _)| *from < next);
        for (_, to) in edges[first..].iter().take_while(|(from, _)| *from == next) {
            waits[*to] -= 1;
            if waits[*to] == 0 {
                ready.push(Reverse(*to));
            }
        }
    }
    order.extend((0..len).filter(|i| waits[*i] > 0));
    order
}

fn rows(order: &[usize], edges: &[(usize, usize)], words: usize) -> Vec<u64> {
    let mut place = vec![0; order.len()];
    for (at, index) in order.iter().enumerate() {
        place[*index] = at;
    }
    let mut inward: Vec<(usize, usize)> = edges.iter().map(|(from, to)| (place[*to], place[*from])).collect();
    inward.sort_unstable();
    let mut rows = vec![0; order.len() * words];
    for (to, from) in inward.into_iter().filter(|(to, from)| from < to) {
        let (done, open) = rows.split_at_mut(to * words);
        let row = &mut open[..words];
        join(row, &done[from * words..(from + 1) * words]);
        put(row, from);
    }
    rows
}
