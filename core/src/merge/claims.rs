//! From changes to claims: per key, what each change says, and which claims it retires.

use std::collections::BTreeMap;

use super::{
    ancestry::{self, Ancestry},
    decide::{self, Decision},
    rules::{self, View},
    types::Claim,
    validity,
};
use crate::model::{Field, Kind, Member, Observation, Rule, Schema, Source, Value, ids::from_hex, schema::base_key};

/// The key that names the document; no field.
const ID_KEY: &str = "_id";

/// The first eight bytes of a change's hash.
pub(super) type Prefix = [u8; 8];

/// A confirmation as `meta.seen` writes it.
enum Seen<'a> {
    /// Everything that has a value.
    All,
    /// A field, or one key of a set.
    Key(&'a str),
    /// The claim that a change makes on a field.
    Named(&'a str, Prefix),
}

/// What a change does besides putting values.
pub(super) struct Acts<'a> {
    change: usize,
    seen: Vec<Seen<'a>>,
    /// Everything in its past is decided.
    pub(super) decides_all: bool,
    /// These claims are decided.
    pub(super) decides: Vec<Prefix>,
    replaces: Vec<Prefix>,
}

impl<'a> Acts<'a> {
    fn read(change: usize, observation: &'a Observation) -> Option<Self> {
        let meta = &observation.body.meta;
        if meta.seen.is_empty() && meta.decides.is_empty() && meta.replaces.is_empty() {
            return None;
        }
        let seen = meta.seen.iter().filter_map(|text| match text.split_once(':') {
            None if text == "*" => Some(Seen::All),
            None => Some(Seen::Key(text)),
            Some((field, claim)) => from_hex(claim).map(|prefix| Seen::Named(field, prefix)),
        });
        Some(Self {
            change,
            seen: seen.collect(),
            decides_all: meta.decides.iter().any(|claim| claim == "*"),
            decides: meta.decides.iter().filter_map(|claim| from_hex(claim)).collect(),
            replaces: meta.replaces.iter().filter_map(|change| from_hex(change)).collect(),
        })
    }
    /// Whether it decides anything.
    pub(super) fn is_decision(&self) -> bool {
        self.decides_all || !self.decides.is_empty()
    }
}

/// What all keys of a document share.
pub(super) struct Frame<'a> {
    /// The schema.
    pub(super) schema: &'a Schema,
    /// The kind of the record.
    pub(super) kind: &'a Kind,
    /// The changes.
    pub(super) ancestry: Ancestry<'a>,
    acts: Vec<Acts<'a>>,
}

impl<'a> Frame<'a> {
    /// Orders the changes and reads their messages.
    pub(super) fn new(schema: &'a Schema, kind: &'a Kind, observations: &'a [Observation]) -> Self {
        let ancestry = Ancestry::new(observations);
        let acts = ancestry.changes().filter_map(|(at, change)| Acts::read(at, change)).collect();
        Self { schema, kind, ancestry, acts }
    }

    /// One column for each key of a known field, in the order of the keys.
    pub(super) fn columns(&'a self) -> Vec<Column<'a>> {
        let mut puts: BTreeMap<&str, Vec<(usize, &Value)>> = BTreeMap::new();
        for (at, change) in self.ancestry.changes() {
            for (key, value) in &change.body.puts {
                let column = puts.entry(key).or_default();
                // Null and then the value: the last put is the claim.
                column.pop_if(|(last, _)| *last == at);
                column.push((at, value));
            }
        }
        let known = puts.into_iter().filter_map(|(key, puts)| Some((field_of(self.kind, key)?, key, puts)));
        known.map(|(field, key, puts)| Column::build(self, field, key, &puts)).collect()
    }

    fn acts_of(&self, change: usize) -> Option<&Acts<'a>> {
        self.acts.binary_search_by_key(&change, |acts| acts.change).ok().map(|at| &self.acts[at])
    }
    /// Whether a change's hash begins so.
    pub(super) fn is_named(&self, change: usize, prefix: &Prefix) -> bool {
        self.ancestry.change(change).body.hash.0.starts_with(prefix)
    }
}

/// The field of a key, where the key has the shape that the rule asks for: only sets and logs have keys of their own.
pub(super) fn field_of<'a>(kind: &'a Kind, key: &str) -> Option<&'a Field> {
    if key == ID_KEY {
        return None;
    }
    let apart = base_key(key).len() != key.len();
    kind.field(key).filter(|field| matches!(field.rule, Rule::Set | Rule::Log) == apart)
}

/// A claim inside the resolver.
pub(super) struct Node<'a> {
    /// Place of its change in the order.
    pub(super) change: usize,
    /// What it says.
    pub(super) value: &'a Value,
    /// Its evidence; of a decision, the best among what it decided.
    pub(super) source: Source,
    /// Whether it puts the value itself.
    pub(super) put: bool,
    /// Whether it decides.
    pub(super) decision: bool,
    /// What the rule weighs first: rank (safer), valid or not (authority), present or ended (set).
    pub(super) weight: u8,
}

impl Node<'_> {
    /// A confirmation that is no decision.
    pub(super) fn soft(&self) -> bool {
        !self.put && !self.decision
    }
}

/// All claims of one key. Nodes stand in the order of their changes; a change has at most one.
pub(super) struct Column<'a> {
    /// What it shares with the other columns.
    pub(super) frame: &'a Frame<'a>,
    /// The field.
    pub(super) field: &'a Field,
    /// The key.
    pub(super) key: &'a str,
    /// The claims.
    pub(super) nodes: Vec<Node<'a>>,
    /// Decisions among them.
    pub(super) decisions: Vec<Decision<'a>>,
    /// The changes that have a claim here.
    here: Vec<u64>,
    /// A row for each node: what is retired wherever the node and its past are.
    retired: Vec<u64>,
}

impl<'a> Column<'a> {
    fn build(frame: &'a Frame<'a>, field: &'a Field, key: &'a str, puts: &[(usize, &'a Value)]) -> Self {
        let here = vec![0; frame.ancestry.words()];
        let mut column =
            Self { frame, field, key, nodes: Vec::new(), decisions: Vec::new(), here, retired: Vec::new() };
        let mut confirming = frame.acts.iter().filter(|acts| column_is_named(acts, field, key)).peekable();
        for (change, value) in puts {
            while let Some(acts) = confirming.next_if(|acts| acts.change <= *change) {
                if acts.change < *change {
                    column.confirm(acts);
                }
            }
            column.say(*change, value, true, frame.acts_of(*change));
        }
        confirming.for_each(|acts| column.confirm(acts));
        column
    }

    /// Adds the claim of a change: a put, or a confirmation whose value is known by now.
    fn say(&mut self, change: usize, value: &'a Value, put: bool, acts: Option<&Acts<'a>>) {
        let source = self.frame.ancestry.change(change).body.meta.source;
        let mut node =
            Node { change, value, source, put, decision: false, weight: weight(self.frame, self.field, value) };
        let mut row;
        if self.nodes.is_empty() {
            row = vec![0; self.here.len()];
        } else {
            let view = self.view(self.frame.ancestry.before(change));
            let decision = acts.filter(|acts| acts.is_decision()).and_then(|acts| decide::read(self, &mut node, acts));
            row = rules::retired_by(self, &node, view, decision.as_ref());
            self.decisions.extend(decision);
        }
        if let Some(acts) = acts.filter(|_| put) {
            self.replace(acts, &mut row);
        }
        ancestry::put(&mut self.here, change);
        self.nodes.push(node);
        self.retired.extend(row);
    }

    /// A change that stands for refused ones of the same author retires their claims, seen or not.
    fn replace(&self, acts: &Acts<'_>, row: &mut [u64]) {
        let ancestry = &self.frame.ancestry;
        let author = &ancestry.change(acts.change).author;
        for prefix in &acts.replaces {
            let named =
                (0..ancestry.len()).filter(|other| *other != acts.change && self.frame.is_named(*other, prefix));
            named.filter(|other| ancestry.change(*other).author == *author).for_each(|other| ancestry::put(row, other));
        }
    }

    /// Adds what a confirmation claims here: the claim it names, or the value in force where it was written.
    fn confirm(&mut self, acts: &Acts<'a>) {
        let past = self.frame.ancestry.before(acts.change);
        if self.nodes.iter().all(|node| !ancestry::has(past, node.change)) {
            return;
        }
        let mut named = acts.seen.iter().filter_map(|seen| match seen {
            Seen::Named(field, prefix) if self.answers_to(field) => Some(prefix),
            _ => None,
        });
        let claim = named.find_map(|prefix| {
            self.nodes.iter().find(|n| ancestry::has(past, n.change) && self.frame.is_named(n.change, prefix))
        });
        let meant = acts.seen.iter().any(|seen| matches!(seen, Seen::Key(field) if self.answers_to(field)));
        let all = acts.seen.iter().any(|seen| matches!(seen, Seen::All));
        let value = match claim {
            Some(node) => node.value,
            None if meant || all => rules::judge(self, past).value,
            None => return,
        };
        if claim.is_some() || meant || !value.is_null() {
            // Only a change that puts nothing can decide by confirming, and only where it names the field.
            let deciding = claim.is_some() || meant;
            let puts = &self.frame.ancestry.change(acts.change).body.puts;
            let alone = puts.iter().all(|(key, _)| key == ID_KEY);
            self.say(acts.change, value, false, Some(acts).filter(|_| deciding && alone));
        }
    }

    fn answers_to(&self, name: &str) -> bool {
        name == self.field.key || name == self.key
    }

    /// The claims that count in a past (a set of changes that holds the ancestors of each of its changes).
    pub(super) fn view(&self, past: &[u64]) -> View {
        let mut live = ancestry::both(&self.here, past);
        let mut retired = vec![0; live.len()];
        let mut open = live.clone();
        while let Some(top) = ancestry::last(&open) {
            ancestry::join(&mut retired, self.retired_row(self.node_of(top)));
            ancestry::cut(&mut open, self.frame.ancestry.before(top));
            open[top / 64] &= !(1 << (top % 64));
        }
        ancestry::cut(&mut live, &retired);
        let live = ancestry::each(&live).map(|change| self.node_of(change)).collect();
        View::new(self, past, live, retired)
    }

    /// Whether a past holds any claim.
    pub(super) fn is_empty_in(&self, past: &[u64]) -> bool {
        self.here.iter().zip(past).all(|(a, b)| a & b == 0)
    }

    fn node_of(&self, change: usize) -> usize {
        self.nodes.binary_search_by_key(&change, |node| node.change).expect("only changes with a claim here are asked")
    }
    fn retired_row(&self, node: usize) -> &[u64] {
        &self.retired[node * self.here.len()..(node + 1) * self.here.len()]
    }

    /// The change of a node.
    pub(super) fn observation(&self, node: usize) -> &'a Observation {
        self.frame.ancestry.change(self.nodes[node].change)
    }
    /// Whether the author of one claim had seen another.
    pub(super) fn saw(&self, later: usize, earlier: usize) -> bool {
        self.frame.ancestry.saw(self.nodes[later].change, self.nodes[earlier].change)
    }
    /// Whether two claims say the same: of members, whether both are present or both ended.
    pub(super) fn same(&self, a: usize, b: usize) -> bool {
        self.says(&self.nodes[a], self.nodes[b].value, self.nodes[b].weight)
    }
    /// Whether a claim says this.
    pub(super) fn says(&self, node: &Node<'_>, value: &Value, weight: u8) -> bool {
        if self.field.rule == Rule::Set { node.weight == weight } else { node.value == value }
    }
    /// A claim for the outside.
    pub(super) fn claim(&self, node: usize) -> Claim {
        let node = &self.nodes[node];
        let mut claim = claim(self.frame.ancestry.change(node.change), self.key, node.value);
        (claim.source, claim.confirms, claim.decision) = (node.source, !node.put, node.decision);
        claim
    }
}

/// The claim of a plain put.
pub(super) fn claim(observation: &Observation, key: &str, value: &Value) -> Claim {
    Claim {
        change: observation.body.hash,
        key: key.to_owned(),
        value: value.clone(),
        source: observation.body.meta.source,
        author: observation.author.clone(),
        role: observation.role,
        at: observation.at,
        doubtful: observation.doubtful,
        accepted_at: observation.accepted_at,
        recorded_at: observation.body.meta.recorded_at,
        confirms: false,
        decision: false,
        schema: observation.body.meta.schema,
    }
}

fn column_is_named(acts: &Acts<'_>, field: &Field, key: &str) -> bool {
    field.rule != Rule::Log
        && acts.seen.iter().any(|seen| match seen {
            Seen::All => true,
            Seen::Key(name) | Seen::Named(name, _) => *name == field.key || *name == key,
        })
}

fn weight(frame: &Frame<'_>, field: &Field, value: &Value) -> u8 {
    match field.rule {
        Rule::Safer => frame.schema.rank(field, value),
        Rule::Authority => u8::from(validity::fault(field, value).is_none()),
        Rule::Set => u8::from(Member::from_value(value).is_some_and(|member| member.on)),
        _ => 0,
    }
}
