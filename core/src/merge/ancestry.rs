//! Who saw whom: the changes of one document in one order, and the ancestors of each as a row of bits; and which of them
//! their authors undid.
//!
//! The changes may be those of one document or of several that an alias joins: a change names what its author saw in
//! its own document by dependencies, and the heads that he saw of the others in `beside`.

use std::{cmp::Reverse, collections::BinaryHeap};

use crate::model::{Millis, Observation, ids::from_hex};

/// The first eight bytes of a change's hash.
pub(super) type Prefix = [u8; 8];

/// For how long an author may undo what he wrote, by the clock that he wrote it with.
const UNDO_WITHIN: i64 = Millis::DAY;

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
    /// Who undoes what, as (change, earlier change of its author), in the order of the changes.
    undoes: Vec<(usize, usize)>,
    /// Changes that were undone; empty where nobody undid anything.
    undone: Vec<u64>,
}

impl<'a> Ancestry<'a> {
    /// Orders the changes. Dependencies that are not there count for nothing. Of two copies of one change the accepted
    /// one counts.
    pub(super) fn new(observations: impl IntoIterator<Item = &'a Observation>) -> Self {
        let mut by_hash: Vec<&Observation> = observations.into_iter().collect();
        by_hash.sort_unstable_by(|a, b| copy_order(a).cmp(&copy_order(b)));
        by_hash.dedup_by(|later, first| later.body.hash == first.body.hash);
        let edges = edges(&by_hash);
        let order = order(by_hash.len(), &edges);
        let words = by_hash.len().div_ceil(64);
        let mut it = Self {
            rows: rows(&order, &edges, words),
            words,
            changes: order.into_iter().map(|index| by_hash[index]).collect(),
            undoes: Vec::new(),
            undone: Vec::new(),
        };
        it.undoes = it.undoings();
        it.undone = it.undone_in(&it.all());
        it
    }

    /// Who undoes what: the same author, who saw it, within a day.
    fn undoings(&self) -> Vec<(usize, usize)> {
        let mut undoes = Vec::new();
        for (at, change) in self.changes().filter(|(_, change)| !change.body.meta.undoes.is_empty()) {
            let prefixes: Vec<Prefix> = change.body.meta.undoes.iter().filter_map(|name| from_hex(name)).collect();
            let may = |earlier: &usize| {
                let other = self.changes[*earlier];
                let passed = change.body.meta.recorded_at.0.saturating_sub(other.body.meta.recorded_at.0);
                prefixes.iter().any(|prefix| other.body.hash.0.starts_with(prefix))
                    && other.author == change.author
                    && passed <= UNDO_WITHIN
            };
            undoes.extend(each(self.before(at)).filter(may).map(|earlier| (at, earlier)));
        }
        undoes
    }
    /// What is undone where a past is all there is. Who undoes stands after what he undoes, so that one pass from the end
    /// decides, and undoing an undo restores.
    fn undone_in(&self, past: &[u64]) -> Vec<u64> {
        let mut undone = if self.undoes.is_empty() { Vec::new() } else { vec![0; self.words] };
        for (at, earlier) in self.undoes.iter().rev() {
            if has(past, *at) && !has(&undone, *at) {
                put(&mut undone, *earlier);
            }
        }
        undone
    }
    /// Whether a change was undone, so that it counts for nothing.
    pub(super) fn is_undone(&self, at: usize) -> bool {
        !self.undone.is_empty() && has(&self.undone, at)
    }
    /// The change by which it was undone.
    pub(super) fn undone_by(&self, at: usize) -> Option<&'a Observation> {
        let by = self.undoes.iter().rev().find(|(by, earlier)| *earlier == at && !self.is_undone(*by));
        by.map(|(by, _)| self.changes[*by])
    }
    /// Whether the author of a change saw something undone that counts now, or something count that is undone now.
    pub(super) fn saw_otherwise(&self, at: usize) -> bool {
        let past = self.before(at);
        let then = self.undone_in(past);
        then.iter().zip(&self.undone).zip(past).any(|((then, now), past)| (then ^ now) & past != 0)
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
    pub(super) fn changes(&self) -> impl DoubleEndedIterator<Item = (usize, &'a Observation)> + ExactSizeIterator + '_ {
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
        let beside = change.body.meta.beside.iter().filter_map(|name| from_hex(name));
        let beside = beside.flat_map(|prefix: Prefix| {
            let first = by_hash.partition_point(|o| o.body.hash.0[..prefix.len()] < prefix[..]);
            (first..by_hash.len()).take_while(move |at| by_hash[*at].body.hash.0.starts_with(&prefix))
        });
        edges.extend(found.chain(beside).filter(|from| *from != to).map(|from| (from, to)));
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
