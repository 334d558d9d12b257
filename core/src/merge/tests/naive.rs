//! A second resolver, written from the table of DESIGN 4 word by word: sets instead of rows, definitions instead of
//! increments. Slow, and only for comparison.

use std::{cell::RefCell, collections::BTreeMap};

use crate::{
    merge::{Resolved, validity},
    model::{Fact, Field, Hint, Kind, Member, Millis, Observation, Point, Rule, Schema, Source, Value},
};

type Past = u64;

#[derive(Clone)]
pub struct Said {
    pub change: usize,
    pub value: Value,
    undone: bool,
    soft: bool,
    decision: bool,
    source: Source,
    settled: Vec<Value>,
}

pub struct Naive<'a> {
    kind: &'a Kind,
    all: &'a [Observation],
    past: Vec<Past>,
    undone: Vec<bool>,
    field: &'a Field,
    key: &'a str,
    pub said: Vec<Said>,
    known: RefCell<BTreeMap<Past, Vec<usize>>>,
}

pub struct Answer {
    pub value: Value,
    pub live: Vec<usize>,
    pub contested: Vec<usize>,
    pub provisional: bool,
}

fn inside(past: Past, change: usize) -> bool {
    past >> change & 1 == 1
}
fn named(o: &Observation, list: &[String]) -> bool {
    list.iter().any(|name| *name == o.body.hash.prefix())
}

/// What the author of each change had seen, here and beside.
fn pasts(all: &[Observation]) -> Vec<Past> {
    let mut past: Vec<Past> = Vec::new();
    for o in all {
        let seen = |dep: &Observation| o.body.deps.contains(&dep.body.hash) || named(dep, &o.body.meta.beside);
        let deps = all[..past.len()].iter().enumerate().filter(|(_, dep)| seen(dep));
        past.push(deps.fold(0, |sum, (at, _)| sum | past[at] | 1 << at));
    }
    past
}

/// Which changes were undone, by changes that were not.
pub fn undone(all: &[Observation]) -> Vec<bool> {
    let past = pasts(all);
    let mut undone = vec![false; all.len()];
    for change in (0..all.len()).rev() {
        undone[change] = (change + 1..all.len()).any(|by| {
            let (by_o, o) = (&all[by], &all[change]);
            !undone[by]
                && inside(past[by], change)
                && named(o, &by_o.body.meta.undoes)
                && by_o.author == o.author
                && by_o.body.meta.recorded_at.0 <= o.body.meta.recorded_at.0 + Millis::DAY
        });
    }
    undone
}

/// Changes whose hint waits for a reader.
pub fn open_hints(kind: &Kind, all: &[Observation], out: &Resolved) -> Vec<usize> {
    let (past, undone) = (pasts(all), undone(all));
    let is_open = |at: &usize| {
        let puts = all[*at].body.puts.iter().filter(|(key, _)| key.starts_with("hint/"));
        puts.filter_map(|(_, value)| Hint::from_value(value)).any(|hint| {
            let about = |key: &str| key.split('/').next() == Some(&hint.field);
            let taken_up = |by: usize| {
                let body = &all[by].body;
                let names = body.meta.seen.iter().map(|seen| seen.split(':').next().unwrap());
                body.puts.iter().any(|(key, _)| about(key))
                    || names.into_iter().any(about)
                    || named(&all[*at], &body.meta.decides)
            };
            let known = out.fields.get(&hint.field).is_some_and(|state| {
                state.members.iter().any(|(member, _)| member.on && hint.value.text() == Some(&member.text))
                    || kind.field(&hint.field).unwrap().rule != Rule::Set && state.value == hint.value
            });
            !known && !(0..all.len()).any(|by| !undone[by] && inside(past[by], *at) && taken_up(by))
        })
    };
    (0..all.len()).filter(|at| !undone[*at]).filter(is_open).collect()
}

impl<'a> Naive<'a> {
    /// `all` must have ancestors before descendants.
    pub fn new(kind: &'a Kind, all: &'a [Observation], key: &'a str) -> Self {
        let field = kind.field(key).unwrap();
        let (past, undone) = (pasts(all), undone(all));
        let mut it = Self { kind, all, past, undone, field, key, said: Vec::new(), known: RefCell::default() };
        for change in 0..all.len() {
            if let Some(said) = it.read(change, key) {
                it.said.push(said);
                it.known.borrow_mut().clear();
            }
        }
        it
    }

    /// What was in force where a change was written: its past by itself, undone or not as it was then.
    fn in_force_then(&self, change: usize) -> Option<Value> {
        let past = self.past[change];
        if self.all.iter().all(|o| o.body.meta.undoes.is_empty()) {
            return (!self.live(past).is_empty()).then(|| self.answer(past).value);
        }
        let then: Vec<Observation> =
            (0..self.all.len()).filter(|at| inside(past, *at)).map(|at| self.all[at].clone()).collect();
        let then = Naive::new(self.kind, &then, self.key);
        (!then.live(!0).is_empty()).then(|| then.answer(!0).value)
    }

    fn read(&self, change: usize, key: &str) -> Option<Said> {
        let o = &self.all[change];
        let meta = &o.body.meta;
        let put = o.body.puts.iter().rev().find(|(k, _)| k == key).map(|(_, value)| value.clone());
        let mut said = Said {
            change,
            value: Value::Null,
            undone: self.undone[change],
            soft: put.is_none(),
            decision: false,
            source: meta.source,
            settled: vec![],
        };
        let mut on_purpose = true;
        let seen: Vec<usize> =
            (0..self.said.len()).filter(|n| inside(self.past[change], self.said[*n].change)).collect();
        said.value = if let Some(value) = put {
            value
        } else {
            let mine = |name: &str| name == key || name == self.field.key;
            let claim = meta.seen.iter().find_map(|text| {
                let prefix = text.split_once(':').filter(|(name, _)| mine(name))?.1;
                seen.iter().find(|n| self.all[self.said[**n].change].body.hash.prefix() == prefix)
            });
            let meant = meta.seen.iter().any(|text| mine(text));
            on_purpose = claim.is_some() || meant;
            match claim {
                Some(n) => self.said[*n].value.clone(),
                None if meant && !seen.is_empty() => self.in_force_then(change)?,
                None if meta.seen.iter().any(|text| text == "*") => {
                    self.in_force_then(change).filter(|value| !value.is_null())?
                }
                None => return None,
            }
        };
        let only_confirms = o.body.puts.iter().all(|(k, _)| k == "_id");
        if self.field.decide.contains(&o.role) && (!said.soft || on_purpose && only_confirms) {
            let is_named = |n: &&usize| {
                meta.decides.iter().any(|d| d == "*") || named(&self.all[self.said[**n].change], &meta.decides)
            };
            let seen: Vec<usize> = seen.iter().copied().filter(|n| !self.said[*n].undone).collect();
            said.settled = seen.iter().filter(is_named).map(|n| self.said[*n].value.clone()).collect();
            if !said.settled.is_empty() {
                let of = seen.iter().filter(|n| said.settled.contains(&self.said[**n].value));
                said.source = of.map(|n| self.said[*n].source).max().unwrap().max(said.source);
                said.decision = true;
                said.soft = false;
            }
        }
        Some(said)
    }

    fn saw(&self, later: usize, earlier: usize) -> bool {
        inside(self.past[self.said[later].change], self.said[earlier].change)
    }
    fn apart(&self, a: usize, b: usize) -> bool {
        !self.saw(a, b) && !self.saw(b, a)
    }
    fn on(value: &Value) -> bool {
        Member::from_value(value).is_some_and(|m| m.on)
    }
    fn same(&self, a: usize, b: usize) -> bool {
        let (a, b) = (&self.said[a].value, &self.said[b].value);
        let place = |value: &Value| Some(Point::parse(value.text()?).ok()?.canonical()).map(|p| (p.lat, p.lon));
        match self.field.rule {
            Rule::Set => Self::on(a) == Self::on(b),
            Rule::Sharper => a == b || place(a).is_some() && place(a) == place(b),
            _ => a == b,
        }
    }
    /// Metres that a position may be off; what says nothing of that is the worst, and what is no position worse still.
    fn error(&self, n: usize) -> u64 {
        match self.said[n].value.text().map(Point::parse) {
            Some(Ok(point)) => point.accuracy_m.map_or(u64::MAX - 1, u64::from),
            None => u64::MAX - 1,
            Some(Err(_)) => u64::MAX,
        }
    }
    fn rank(&self, n: usize) -> u8 {
        Schema::built_in().rank(self.field, &self.said[n].value)
    }
    fn valid(&self, n: usize) -> bool {
        self.field.rule != Rule::Authority || validity::fault(self.field, &self.said[n].value).is_none()
    }

    pub fn live(&self, past: Past) -> Vec<usize> {
        if let Some(known) = self.known.borrow().get(&past) {
            return known.clone();
        }
        let counts = |n: &usize| !self.said[*n].undone && inside(past, self.said[*n].change);
        let here: Vec<usize> = (0..self.said.len()).filter(counts).collect();
        let live: Vec<usize> =
            here.iter().copied().filter(|a| !here.iter().any(|b| a != b && self.retires(*b, *a))).collect();
        self.known.borrow_mut().insert(past, live.clone());
        live
    }

    fn absorbed(&self, past: Past, n: usize) -> bool {
        let decisions: Vec<usize> = (0..self.said.len())
            .filter(|d| self.said[*d].decision && !self.said[*d].undone && inside(past, self.said[*d].change))
            .collect();
        let rejects =
            |d: usize| self.said[d].settled.contains(&self.said[n].value) && self.said[d].value != self.said[n].value;
        let knew_another = |d: usize| decisions.iter().any(|e| self.saw(n, *e) && !self.saw(d, *e));
        !self.said[n].decision && decisions.iter().any(|d| rejects(*d) && self.apart(*d, n) && !knew_another(*d))
    }

    fn standing(&self, past: Past) -> Vec<usize> {
        let live = self.live(past);
        let mut left: Vec<usize> =
            live.iter().copied().filter(|n| live.len() < 2 || !self.absorbed(past, *n)).collect();
        let beaten = |c: usize| {
            let best = |p: usize| left.iter().filter(|n| self.same(**n, p)).map(|n| self.said[*n].source).max();
            self.said[c].soft
                && left.iter().any(|p| {
                    !self.said[*p].soft
                        && !self.same(*p, c)
                        && !self.saw(c, *p)
                        && best(*p) >= Some(self.said[c].source)
                        && (self.valid(*p) || !self.valid(c))
                        && (self.field.rule != Rule::Sharper || self.error(*p) <= self.error(c))
                })
        };
        left = left.iter().copied().filter(|c| !beaten(*c)).collect();
        let role = |n: usize| self.all[self.said[n].change].role.rank();
        let outranked = |d: usize| {
            self.said[d].decision
                && left
                    .iter()
                    .any(|e| self.said[*e].decision && role(*e) > role(d) && !self.same(*e, d) && self.apart(*e, d))
        };
        left = left.iter().copied().filter(|d| !outranked(*d)).collect();
        if left.is_empty() { live } else { left }
    }

    fn retires(&self, b: usize, a: usize) -> bool {
        let (new, old) = (&self.all[self.said[b].change], &self.all[self.said[a].change]);
        let puts = new.body.puts.iter().any(|(k, _)| k == self.key);
        if puts && named(old, &new.body.meta.replaces) && new.author == old.author {
            return true;
        }
        if !self.saw(b, a) {
            return false;
        }
        let past = self.past[self.said[b].change];
        let standing = self.standing(past);
        let (soft_b, soft_a) = (self.said[b].soft, self.said[a].soft);
        if self.said[b].settled.contains(&self.said[a].value) && self.said[b].decision || self.absorbed(past, a) {
            return true;
        }
        if soft_b && self.same(a, b) {
            let fresher = new.at >= old.at && (old.doubtful || !new.doubtful);
            return soft_a && self.said[b].source >= self.said[a].source && fresher;
        }
        if puts && new.body.puts.iter().any(|(k, _)| k.starts_with("out/")) {
            return true;
        }
        let alone = !standing.contains(&a) || standing.iter().all(|n| self.same(standing[0], *n));
        let as_good = self.said[b].source >= self.said[a].source && (self.valid(b) || !self.valid(a));
        match self.field.rule {
            Rule::Immutable | Rule::Log | Rule::Command => false,
            Rule::Latest | Rule::Set => true,
            Rule::Sharper => self.error(b) < self.error(a) || self.error(b) == self.error(a) && alone,
            Rule::KeepBoth => alone,
            Rule::Authority => as_good && (self.field.fact == Fact::Changing || alone),
            Rule::Safer => self.rank(b) >= self.rank(a) || self.field.lower.contains(&new.role),
        }
    }

    pub fn answer(&self, past: Past) -> Answer {
        let live = self.live(past);
        let standing = self.standing(past);
        let shown = live.iter().copied().filter(|n| live.len() < 2 || !self.absorbed(past, *n));
        let live: Vec<usize> = shown.map(|n| self.said[n].change).collect();
        let Some(winner) = self.winner(&standing) else {
            return Answer { value: Value::Null, live, contested: vec![], provisional: false };
        };
        let contested = self.contested(&standing);
        let changes = contested.iter().map(|n| self.said[*n].change).collect();
        let old = matches!(self.field.rule, Rule::KeepBoth | Rule::Sharper)
            || self.field.rule == Rule::Authority && self.field.fact == Fact::Fixed;
        if contested.is_empty() || !old {
            let value = self.said[winner].value.clone();
            return Answer { value, live, contested: changes, provisional: false };
        }
        let known = |n: &usize| self.past[self.said[*n].change] | 1 << self.said[*n].change;
        let common = contested.iter().map(known).fold(!0, |a, b| a & b);
        if self.said.iter().any(|said| !said.undone && inside(common, said.change)) {
            let old = self.answer(common);
            return Answer { value: old.value, live, contested: changes, provisional: old.provisional };
        }
        let first = contested.iter().min_by_key(|n| self.all[self.said[**n].change].body.hash).unwrap();
        Answer { value: self.said[*first].value.clone(), live, contested: changes, provisional: true }
    }

    fn contested(&self, standing: &[usize]) -> Vec<usize> {
        let differ = |list: &[usize]| list.iter().any(|n| !self.same(list[0], *n));
        let worth = |n: usize| (self.valid(n), self.said[n].source);
        let mut out = Vec::new();
        if self.field.rule == Rule::KeepBoth && differ(standing) {
            out = standing.to_vec();
        }
        if self.field.rule == Rule::Authority && self.field.fact == Fact::Fixed {
            let best = standing.iter().map(|n| worth(*n)).max();
            let top: Vec<usize> = standing.iter().copied().filter(|n| Some(worth(*n)) == best).collect();
            if differ(&top) {
                out = top;
            }
        }
        if self.field.rule == Rule::Sharper {
            let best = standing.iter().map(|n| self.error(*n)).min();
            let top: Vec<usize> = standing.iter().copied().filter(|n| Some(self.error(*n)) == best).collect();
            if differ(&top) {
                out = top;
            }
        }
        let decisions: Vec<usize> = standing.iter().copied().filter(|n| self.said[*n].decision).collect();
        if differ(&decisions) {
            out.extend(decisions);
        }
        out.sort_unstable();
        out.dedup();
        let hard: Vec<usize> = out.iter().copied().filter(|n| !self.said[*n].soft).collect();
        if differ(&hard) { hard } else { out }
    }

    fn winner(&self, standing: &[usize]) -> Option<usize> {
        let o = |n: usize| &self.all[self.said[n].change];
        let late = |n: usize| (o(n).at, !o(n).doubtful, o(n).body.hash);
        let all = standing.iter().copied();
        match self.field.rule {
            Rule::Latest | Rule::KeepBoth | Rule::Log | Rule::Command => all.max_by_key(|n| late(*n)),
            Rule::Sharper => all.max_by_key(|n| (std::cmp::Reverse(self.error(*n)), late(*n))),
            Rule::Authority => all.max_by_key(|n| (self.valid(*n), self.said[*n].source, late(*n))),
            Rule::Safer => all.max_by_key(|n| (self.rank(*n), late(*n))),
            Rule::Immutable => {
                let filled: Vec<usize> = all.clone().filter(|n| !self.said[*n].value.is_null()).collect();
                let from = if filled.is_empty() { standing.to_vec() } else { filled };
                let first = from.iter().copied().filter(|n| !from.iter().any(|m| self.saw(*n, *m)));
                first.min_by_key(|n| (o(*n).accepted_at.is_none(), o(*n).accepted_at, o(*n).body.hash))
            }
            Rule::Set => {
                let side =
                    |on| all.clone().filter(move |n| Self::on(&self.said[*n].value) == on).max_by_key(|n| late(*n));
                let (Some(on), Some(off)) = (side(true), side(false)) else { return side(true).or(side(false)) };
                let mut present = all.clone().filter(|n| Self::on(&self.said[*n].value));
                let after =
                    |n: usize| o(off).at > o(n).at && !o(off).doubtful && !o(n).doubtful && !unclear(o(off), o(n));
                Some(if present.all(after) { off } else { on })
            }
        }
    }
}

/// Both on one day, and one of them at midnight in China: only the day was written down.
fn unclear(a: &Observation, b: &Observation) -> bool {
    let hours = |o: &Observation| (o.at.0 + 8 * 3_600_000).rem_euclid(86_400_000);
    let day = |o: &Observation| (o.at.0 + 8 * 3_600_000).div_euclid(86_400_000);
    day(a) == day(b) && (hours(a) == 0 || hours(b) == 0)
}
