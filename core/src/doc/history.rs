//! What a document's changes say of each other: whose, in which order, after which, up to which operation.

use std::collections::{HashMap, HashSet};

use crate::model::{Actor, ChangeBody, ChangeHash};

/// One change.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub actor: Actor,
    pub seq: u64,
    /// Highest operation number in its past and itself.
    pub max_op: u64,
    pub deps: Vec<ChangeHash>,
}

/// The changes of one document.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    nodes: HashMap<ChangeHash, Node>,
    last: HashMap<Actor, ChangeHash>,
}

/// Why a change does not follow from what it depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    /// Dependencies that are not here.
    Unknown(Vec<ChangeHash>),
    /// Its first operation does not have the number after the highest in its past.
    StartOp { expected: u64 },
    /// It is not the actor's next change.
    Seq { expected: u64 },
    /// The actor has another change of this number: a copied or restored phone.
    Fork,
    /// It had not seen the actor's own change before.
    OwnPast,
}

impl History {
    /// The history of these changes; none where one stands before what it depends on.
    pub fn of(bodies: &[ChangeBody]) -> Option<Self> {
        let mut history = Self::default();
        for body in bodies {
            if !history.missing(&body.deps).is_empty() {
                return None;
            }
            history.add_body(body);
        }
        Some(history)
    }
    /// The changes that no other one depends on, sorted.
    pub fn heads(&self) -> Vec<ChangeHash> {
        let inner: std::collections::BTreeSet<_> = self.nodes.values().flat_map(|node| &node.deps).collect();
        let mut heads: Vec<ChangeHash> = self.nodes.keys().filter(|hash| !inner.contains(hash)).copied().collect();
        heads.sort_unstable();
        heads
    }
    pub fn len(&self) -> usize {
        self.nodes.len()
    }
    pub fn contains(&self, hash: &ChangeHash) -> bool {
        self.nodes.contains_key(hash)
    }
    pub fn missing(&self, deps: &[ChangeHash]) -> Vec<ChangeHash> {
        deps.iter().filter(|dep| !self.contains(dep)).copied().collect()
    }

    pub fn add(&mut self, hash: ChangeHash, node: Node) {
        let newer = self.last_of(&node.actor).is_none_or(|(_, last)| last.seq < node.seq);
        if newer {
            self.last.insert(node.actor, hash);
        }
        self.nodes.insert(hash, node);
    }
    pub fn add_body(&mut self, body: &ChangeBody) {
        let node = Node {
            actor: body.actor,
            seq: body.seq,
            max_op: body.start_op + body.puts.len() as u64 - 1,
            deps: body.deps.clone(),
        };
        self.add(body.hash, node);
    }

    fn last_of(&self, actor: &Actor) -> Option<(&ChangeHash, &Node)> {
        let hash = self.last.get(actor)?;
        Some((hash, self.nodes.get(hash)?))
    }

    /// Checks that numbers follow from dependencies: the library accepts gaps and overlaps, and breaks later.
    pub fn check(&self, body: &ChangeBody) -> Result<(), Misfit> {
        let missing = self.missing(&body.deps);
        if !missing.is_empty() {
            return Err(Misfit::Unknown(missing));
        }
        let highest = body.deps.iter().filter_map(|dep| Some(self.nodes.get(dep)?.max_op)).max().unwrap_or(0);
        if body.start_op != highest + 1 {
            return Err(Misfit::StartOp { expected: highest + 1 });
        }
        let Some((last, node)) = self.last_of(&body.actor) else {
            return if body.seq == 1 { Ok(()) } else { Err(Misfit::Seq { expected: 1 }) };
        };
        if body.seq <= node.seq {
            return Err(Misfit::Fork);
        }
        if body.seq != node.seq + 1 {
            return Err(Misfit::Seq { expected: node.seq + 1 });
        }
        if self.is_past(last, node.max_op, &body.deps) { Ok(()) } else { Err(Misfit::OwnPast) }
    }

    /// Whether `hash` is among `heads` or their ancestors. A change whose highest operation is lower cannot come after.
    fn is_past(&self, hash: &ChangeHash, max_op: u64, heads: &[ChangeHash]) -> bool {
        let mut seen = HashSet::new();
        let mut open: Vec<&ChangeHash> = heads.iter().collect();
        while let Some(next) = open.pop() {
            if next == hash {
                return true;
            }
            let Some(node) = self.nodes.get(next) else { continue };
            if node.max_op >= max_op && seen.insert(next) {
                open.extend(&node.deps);
            }
        }
        false
    }
}
