//! From changes to claims: per key, what each change says, and which claims it retires.

use std::{
    cell::RefCell,
    collections::HashMap,
    hash::{BuildHasherDefault, DefaultHasher},
    rc::Rc,
};

use super::{
    ancestry::{self, Ancestry, Prefix},
    decide::{self, Decision},
    rules::{self, View},
    types::Claim,
    validity,
};
use crate::model::{
    ChangeHash, Field, Kind, Member, Observation, Point, Rule, Schema, Source, Value, hint::HINT, ids::from_hex,
    schema::base_key,
};

/// The key that names the document; no field.
const ID_KEY: &str = "_id";
/// What stands before the `/` of the key of a command's outcome; only the server writes there.
pub(super) const OUTCOME: &str = "out";
/// Parts of a document beside its fields, each entry under a ULID.
const APART: [&str; 3] = [HINT, "cmd", OUTCOME];

fn is_apart(key: &str, part: &str) -> bool {
    key.strip_prefix(part).is_some_and(|rest| rest.starts_with('/'))
}
/// Whether a key is of a part beside the fields.
pub(super) fn is_beside_fields(key: &str) -> bool {
    APART.iter().any(|part| is_apart(key, part))
}

/// A confirmation as `meta.seen` writes it.
pub(super) enum Seen<'a> {
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
    pub(super) seen: Vec<Seen<'a>>,
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
    /// Changes with the outcome of a command.
    outcomes: Vec<usize>,
    /// What was in force where somebody confirmed, as far as an undo made it another value since.
    meant: Meant,
}

/// By change: keys and the values in force in its past.
type Meant = Rc<RefCell<HashMap<ChangeHash, Rc<Vec<(String, Value)>>>>>;

/// A scalar under a key of its own that is no field: a hint, an intent, an outcome.
#[derive(Clone, Copy)]
pub(super) struct Apart<'a> {
    /// Place of its change in the order.
    pub(super) change: usize,
    /// The whole key, `hint/<ulid>`.
    pub(super) key: &'a str,
    /// What it says.
    pub(super) value: &'a Value,
}

impl<'a> Frame<'a> {
    /// Orders the changes and reads their messages.
    pub(super) fn new(schema: &'a Schema, kind: &'a Kind, observations: &'a [Observation]) -> Self {
        Self::of(schema, kind, Ancestry::new(observations), Meant::default())
    }
    fn of(schema: &'a Schema, kind: &'a Kind, ancestry: Ancestry<'a>, meant: Meant) -> Self {
        let acts = ancestry.changes().filter_map(|(at, change)| Acts::read(at, change)).collect();
        let outcome = |change: &Observation| change.body.puts.iter().any(|(key, _)| is_apart(key, OUTCOME));
        let outcomes = ancestry.changes().filter(|(_, change)| outcome(change)).map(|(at, _)| at).collect();
        Self { schema, kind, ancestry, acts, outcomes, meant }
    }
    /// What was in force in the past of a change: that past, resolved by itself, undone or not as it was then.
    fn meant(&self, change: usize) -> Rc<Vec<(String, Value)>> {
        let hash = self.ancestry.change(change).body.hash;
        if let Some(known) = self.meant.borrow().get(&hash) {
            return Rc::clone(known);
        }
        let past = ancestry::each(self.ancestry.before(change)).map(|at| self.ancestry.change(at));
        let frame = Frame::of(self.schema, self.kind, Ancestry::new(past), Rc::clone(&self.meant));
        let (mut view, all) = (View::default(), frame.ancestry.all());
        let in_force = frame.columns().into_iter().filter(|column| !column.nodes.is_empty()).map(|column| {
            column.look(&all, &mut view);
            (column.key.to_owned(), rules::judge(&column, &view).value.clone())
        });
        let in_force = Rc::new(in_force.collect::<Vec<_>>());
        self.meant.borrow_mut().insert(hash, Rc::clone(&in_force));
        in_force
    }
    /// The changes that nobody undid, in order.
    pub(super) fn counting(&self) -> impl Iterator<Item = (usize, &'a Observation)> + '_ {
        self.ancestry.changes().filter(|(at, _)| !self.ancestry.is_undone(*at))
    }
    /// Everything under `part/<ulid>`, in the order of the changes, undone or not.
    pub(super) fn apart(&self, part: &'static str) -> impl Iterator<Item = Apart<'a>> + '_ {
        self.ancestry.changes().flat_map(move |(change, observation)| {
            let puts = observation.body.puts.iter().filter(move |(key, _)| is_apart(key, part));
            puts.map(move |(key, value)| Apart { change, key, value })
        })
    }
    /// Whether a change carries the outcome of a command: what it puts takes the place of what it saw, whatever the rule.
    pub(super) fn is_outcome(&self, change: usize) -> bool {
        self.outcomes.binary_search(&change).is_ok()
    }

    /// One column for each key of a known field, in the order of the keys.
    pub(super) fn columns(&'a self) -> Vec<Column<'a>> {
        let mut said: Vec<(&str, Vec<(usize, &Value)>)> = Vec::new();
        // A hasher without randomness: the order of the keys comes from sorting.
        let mut places: HashMap<&str, usize, BuildHasherDefault<DefaultHasher>> = HashMap::default();
        for (at, change) in self.ancestry.changes() {
            for (key, value) in &change.body.puts {
                let place = *places.entry(key).or_insert(said.len());
                if place == said.len() {
                    said.push((key, Vec::new()));
                }
                // Null and then the value: the last put is the claim.
                said[place].1.pop_if(|(last, _)| *last == at);
                said[place].1.push((at, value));
            }
        }
        said.sort_unstable_by_key(|(key, _)| *key);
        let mut view = View::default();
        let known = said.into_iter().filter_map(|(key, puts)| Some((field_of(self.kind, key)?, key, puts)));
        known.map(|(field, key, puts)| Column::build(self, field, key, &puts, &mut view)).collect()
    }

    pub(super) fn acts_of(&self, change: usize) -> Option<&Acts<'a>> {
        self.acts.binary_search_by_key(&change, |acts| acts.change).ok().map(|at| &self.acts[at])
    }
    /// Whether a change's hash begins so.
    pub(super) fn is_named(&self, change: usize, prefix: Prefix) -> bool {
        self.ancestry.change(change).body.hash.0.starts_with(&prefix)
    }
}

/// The field of a key, where the key has the shape that the rule asks for: only sets and logs have keys of their own.
pub(super) fn field_of<'a>(kind: &'a Kind, key: &str) -> Option<&'a Field> {
    if key == ID_KEY {
        return None;
    }
    let apart = base_key(key).len() != key.len();
    // What commands set is folded from their outcomes; a put there says nothing.
    let put = |field: &&Field| field.rule != Rule::Command && matches!(field.rule, Rule::Set | Rule::Log) == apart;
    kind.field(key).filter(put)
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
    /// What the rule weighs first: rank (safer), valid or not (authority), present or ended (set), accuracy (sharper).
    pub(super) weight: u32,
    /// Of a position, where it is in WGS-84.
    place: Option<Place>,
}

/// Latitude and longitude in units of 1e-7 degree.
type Place = (i32, i32);

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
    /// Claims that their authors undid: they count for nothing, and stay in history.
    pub(super) undone: Vec<Node<'a>>,
    /// Decisions among the claims.
    pub(super) decisions: Vec<Decision<'a>>,
    /// The changes that have a claim here; left out where a single put is all there is.
    here: Vec<u64>,
    /// A row for each node: what is retired wherever the node and its past are.
    retired: Vec<u64>,
    /// For each node, where its part of `after` ends.
    ends: Vec<usize>,
    /// For each node, the claims that count where the node and its past are all there is.
    after: Vec<usize>,
}

impl<'a> Column<'a> {
    fn build(
        frame: &'a Frame<'a>,
        field: &'a Field,
        key: &'a str,
        puts: &[(usize, &'a Value)],
        view: &mut View,
    ) -> Self {
        let mut confirming = frame.acts.iter().filter(|acts| column_is_named(acts, field, key)).peekable();
        let single = puts.len() == 1 && confirming.peek().is_none() && !frame.ancestry.is_undone(puts[0].0);
        let mut column = Self {
            frame,
            field,
            key,
            nodes: Vec::with_capacity(puts.len()),
            undone: Vec::new(),
            decisions: Vec::new(),
            here: if single { Vec::new() } else { vec![0; frame.ancestry.words()] },
            retired: Vec::new(),
            ends: Vec::new(),
            after: Vec::new(),
        };
        if single {
            let (change, value) = puts[0];
            column.nodes.push(column.node(change, value, true));
            return column;
        }
        for (change, value) in puts {
            while let Some(acts) = confirming.next_if(|acts| acts.change <= *change) {
                if acts.change < *change {
                    column.confirm(acts, view);
                }
            }
            let node = column.node(*change, value, true);
            if frame.ancestry.is_undone(*change) {
                column.undone.push(node);
                continue;
            }
            column.look(frame.ancestry.before(*change), view);
            column.say(node, frame.acts_of(*change), view);
        }
        confirming.for_each(|acts| column.confirm(acts, view));
        column
    }

    fn node(&self, change: usize, value: &'a Value, put: bool) -> Node<'a> {
        let source = self.frame.ancestry.change(change).body.meta.source;
        let (weight, place) = weigh(self.frame, self.field, value);
        Node { change, value, source, put, decision: false, weight, place }
    }

    /// Adds a claim; `view` is what its author saw.
    fn say(&mut self, mut node: Node<'a>, acts: Option<&Acts<'a>>, view: &View) {
        let decision = acts.filter(|acts| acts.is_decision()).and_then(|acts| decide::read(self, &mut node, acts));
        let start = self.retired.len();
        let mut rows = std::mem::take(&mut self.retired);
        rows.extend_from_slice(&view.retired);
        let row = &mut rows[start..];
        rules::retire(self, &node, view, decision.as_ref(), row);
        if let Some(acts) = acts.filter(|_| node.put) {
            self.replace(acts, row);
        }
        let left = view.live.iter().copied().filter(|old| !ancestry::has(row, self.nodes[*old].change));
        self.after.extend(left);
        self.after.push(self.nodes.len());
        self.ends.push(self.after.len());
        self.retired = rows;
        self.decisions.extend(decision);
        ancestry::put(&mut self.here, node.change);
        self.nodes.push(node);
    }

    /// A change that stands for refused ones of the same author retires their claims, seen or not.
    fn replace(&self, acts: &Acts<'_>, row: &mut [u64]) {
        let ancestry = &self.frame.ancestry;
        let author = &ancestry.change(acts.change).author;
        for prefix in &acts.replaces {
            let named =
                (0..ancestry.len()).filter(|other| *other != acts.change && self.frame.is_named(*other, *prefix));
            named.filter(|other| ancestry.change(*other).author == *author).for_each(|other| ancestry::put(row, other));
        }
    }

    /// Adds what a confirmation claims here: the claim it names, or the value in force where it was written.
    fn confirm(&mut self, acts: &Acts<'a>, view: &mut View) {
        let frame = self.frame;
        let past = frame.ancestry.before(acts.change);
        let in_past = |node: &&Node<'a>| ancestry::has(past, node.change);
        if self.is_empty_in(past) && !self.undone.iter().any(|node| in_past(&node)) {
            return;
        }
        let mut named = acts.seen.iter().filter_map(|seen| match seen {
            Seen::Named(field, prefix) if self.answers_to(field) => Some(prefix),
            _ => None,
        });
        let claims = || self.nodes.iter().chain(&self.undone).filter(in_past);
        let claim = named.find_map(|prefix| claims().find(|n| frame.is_named(n.change, *prefix)).map(|n| n.value));
        let meant = acts.seen.iter().any(|seen| matches!(seen, Seen::Key(field) if self.answers_to(field)));
        let all = acts.seen.iter().any(|seen| matches!(seen, Seen::All));
        self.look(past, view);
        let then = || if meant || all { self.in_force_then(acts.change, view) } else { None };
        let Some(value) = claim.or_else(then) else { return };
        if claim.is_none() && !meant && value.is_null() {
            return;
        }
        let node = self.node(acts.change, value, false);
        if frame.ancestry.is_undone(acts.change) {
            self.undone.push(node);
            return;
        }
        // Only a change that puts nothing can decide by confirming, and only where it names the field.
        let deciding = claim.is_some() || meant;
        let alone = frame.ancestry.change(acts.change).body.puts.iter().all(|(key, _)| key == ID_KEY);
        self.say(node, Some(acts).filter(|_| deciding && alone), view);
    }

    /// The value that the author of a confirmation saw in force; none where nobody had said anything. Where something was
    /// undone since, or an undo undone, that is not what his past comes to now.
    fn in_force_then(&self, change: usize, view: &View) -> Option<&'a Value> {
        if !self.frame.ancestry.saw_otherwise(change) {
            return (!view.live.is_empty()).then(|| rules::judge(self, view).value);
        }
        let meant = self.frame.meant(change);
        let (_, value) = meant.iter().find(|(key, _)| key == self.key)?;
        let mut said = self.nodes.iter().chain(&self.undone).map(|node| node.value);
        Some(said.find(|said| *said == value).unwrap_or(&rules::NOTHING))
    }

    fn answers_to(&self, name: &str) -> bool {
        name == self.field.key || name == self.key
    }

    /// Looks at a past (a set of changes that holds the ancestors of each of its changes): which claims count there.
    pub(super) fn look(&self, past: &[u64], view: &mut View) {
        view.live.clear();
        view.retired.clear();
        view.retired.resize(past.len(), 0);
        if self.here.is_empty() {
            view.live.extend((0..self.nodes.len()).filter(|node| ancestry::has(past, self.nodes[*node].change)));
        } else {
            self.find_live(past, view);
        }
        view.sort_out(self, past);
    }

    fn find_live(&self, past: &[u64], view: &mut View) {
        let ancestry = &self.frame.ancestry;
        let mut open = std::mem::take(&mut view.open);
        open.clear();
        open.extend(self.here.iter().zip(past).map(|(a, b)| a & b));
        let mut tips = 0;
        while let Some(top) = ancestry::last(&open) {
            let node = self.node_of(top);
            ancestry::join(&mut view.retired, self.retired_row(node));
            ancestry::cut(&mut open, ancestry.before(top));
            ancestry::take(&mut open, top);
            tips += 1;
            if tips == 1 && open.iter().all(|word| *word == 0) {
                // One claim saw all the others: what counts was found when it was read.
                let start = if node == 0 { 0 } else { self.ends[node - 1] };
                view.live.extend_from_slice(&self.after[start..self.ends[node]]);
            }
        }
        if tips > 1 {
            open.extend(self.here.iter().zip(past).zip(&view.retired).map(|((a, b), gone)| a & b & !gone));
            let words = past.len();
            view.live.extend(ancestry::each(&open[words..]).map(|change| self.node_of(change)));
        }
        view.open = open;
    }

    /// Whether a past holds any claim.
    pub(super) fn is_empty_in(&self, past: &[u64]) -> bool {
        if self.here.is_empty() {
            return !self.nodes.iter().any(|node| ancestry::has(past, node.change));
        }
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
    /// Whether the server alone writes here: what it writes takes the place of what it saw, whatever the rule.
    pub(super) fn is_servers(&self) -> bool {
        self.field.server || self.frame.kind.server
    }
    /// Whether the author of one claim had seen another.
    pub(super) fn saw(&self, later: usize, earlier: usize) -> bool {
        self.frame.ancestry.saw(self.nodes[later].change, self.nodes[earlier].change)
    }
    /// Whether two claims say the same: of members, whether both are present or both ended; of positions, whether they
    /// are one place, however well it is known.
    pub(super) fn same(&self, a: usize, b: usize) -> bool {
        self.agree(&self.nodes[a], &self.nodes[b])
    }
    /// The same of claims that need not stand here yet.
    pub(super) fn agree(&self, a: &Node<'_>, b: &Node<'_>) -> bool {
        match self.field.rule {
            Rule::Set => a.weight == b.weight,
            Rule::Sharper if a.place.is_some() => a.place == b.place,
            _ => a.value == b.value,
        }
    }
    /// Whether a claim says what is in force.
    pub(super) fn says(&self, node: usize, value: &Value) -> bool {
        let node = &self.nodes[node];
        node.value == value || node.place.is_some() && node.place == weigh(self.frame, self.field, value).1
    }
    /// A claim for the outside.
    pub(super) fn claim(&self, node: usize) -> Claim {
        self.claim_of(&self.nodes[node])
    }
    /// The same of one that was undone.
    pub(super) fn claim_of(&self, node: &Node<'_>) -> Claim {
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

/// What the rule weighs first, and the place of a position. A position of unknown accuracy is worth the least, as much as
/// the word that there is none.
fn weigh(frame: &Frame<'_>, field: &Field, value: &Value) -> (u32, Option<Place>) {
    let weight = match field.rule {
        Rule::Safer => u32::from(frame.schema.rank(field, value)),
        Rule::Authority => u32::from(validity::fault(field, value).is_none()),
        Rule::Set => u32::from(Member::from_value(value).is_some_and(|member| member.on)),
        Rule::Sharper => match value.text().map(Point::parse) {
            Some(Ok(point)) => {
                let (weight, point) =
                    (point.accuracy_m.map_or(1, |metres| (u32::MAX - metres).max(2)), point.canonical());
                return (weight, Some((point.lat, point.lon)));
            }
            Some(Err(_)) => 0,
            None => 1,
        },
        _ => 0,
    };
    (weight, None)
}
