//! Ways of playing a file: which there are, what a file must say about each, and the story as it then goes.

use std::{collections::BTreeMap, fmt};

use serde::Deserialize;
use toml::Spanned;

use super::{
    Finding,
    file::{Act, OtherRound, PhoneSays, Round, Scenario},
};

/// A way to play a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum Variant {
    /// As written.
    #[serde(skip)]
    AsWritten,
    /// The acts of two people exchanged.
    #[serde(rename = "authors")]
    Authors,
    /// Each round's syncs in the opposite order.
    #[serde(rename = "order")]
    Order,
    /// Every message reaches the server twice.
    #[serde(rename = "twice")]
    Twice,
    /// The first reply of every sync is lost.
    #[serde(rename = "lost")]
    Lost,
}

impl Variant {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::AsWritten, Self::Authors, Self::Order, Self::Twice, Self::Lost];
    /// Those of which a file says whether the outcome is the same.
    pub const STATED: [Self; 4] = [Self::Authors, Self::Order, Self::Twice, Self::Lost];

    /// Its name in files.
    pub fn key(self) -> &'static str {
        match self {
            Self::AsWritten => "as_written",
            Self::Authors => "authors",
            Self::Order => "order",
            Self::Twice => "twice",
            Self::Lost => "lost",
        }
    }
    /// Chinese name.
    pub fn zh(self) -> &'static str {
        match self {
            Self::AsWritten => "照原样",
            Self::Authors => "两人互换",
            Self::Order => "倒换同步次序",
            Self::Twice => "每条消息送到两次",
            Self::Lost => "答复丢失后重发",
        }
    }
    /// English name.
    pub fn en(self) -> &'static str {
        match self {
            Self::AsWritten => "as written",
            Self::Authors => "authors exchanged",
            Self::Order => "syncs in the opposite order",
            Self::Twice => "every message twice",
            Self::Lost => "replies lost",
        }
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {}", self.zh(), self.en())
    }
}

/// A file in one way of playing.
#[derive(Debug)]
pub struct Played {
    /// The story, with the expectations that then hold.
    pub story: Scenario,
    /// The rounds with the expectations of the story as written, where those must not hold all.
    pub differs_from: Option<Vec<Round>>,
}

/// What a file fails to say, or says wrongly, about the ways of playing it.
pub fn unstated(scenario: &Scenario, line: impl Fn(usize) -> Option<usize>) -> Vec<Finding> {
    let mut out = Vec::new();
    let mut add = |at: usize, zh: String, en: String| out.push(Finding { line: line(at), zh, en });
    let same = scenario.same.get_ref();
    for variant in Variant::STATED {
        let (at, key) = (scenario.same.span().start, variant.key());
        let stated = same.iter().filter(|one| **one == variant).count();
        match (stated, scenario.other.get(&variant)) {
            (0, None) => add(at, format!("没有写明“{variant}”时结果如何"), format!("says nothing about `{key}`")),
            (1, None) | (0, Some(_)) => {}
            _ => add(at, format!("“{variant}”写了两遍"), format!("says two things about `{key}`")),
        }
    }
    for (variant, other) in &scenario.other {
        if other.round.is_empty() || !other.why.contains(" / ") {
            let words = (format!("“{variant}”另有结果，要写明原因和结果"), "needs a reason and an outcome".to_owned());
            add(scenario.same.span().start, words.0, words.1);
        }
        for round in &other.round {
            let (at, one) = (round.span().start, round.get_ref());
            let acts = one.number.checked_sub(1).and_then(|n| scenario.round.get(n)).map(|round| round.act.len());
            if acts.is_none_or(|acts| one.act.iter().any(|act| !(1..=acts).contains(&act.get_ref().number))) {
                add(at, "没有这一轮，或这一轮没有这一步".to_owned(), "no such round, or no such act in it".to_owned());
            }
        }
    }
    let known = |name: &String| scenario.person.iter().any(|person| person.name == *name);
    let names: Vec<_> = scenario.authors.iter().flat_map(|(a, b)| [a, b]).collect();
    let once = |name: &&&String| names.iter().filter(|other| other == name).count() == 1;
    if names.is_empty() || !names.iter().all(|name| known(name)) || names.iter().filter(once).count() != names.len() {
        let zh = "authors 要写互换的两个人，每人只写一次".to_owned();
        add(scenario.same.span().start, zh, "`authors` names pairs of people, each once".to_owned());
    }
    out
}

/// The story as it goes in one way of playing.
pub fn played(scenario: &Scenario, variant: Variant) -> Played {
    let mut story = scenario.clone();
    let everybody: Vec<_> = scenario.person.iter().map(|person| person.name.clone()).collect();
    if variant == Variant::Authors {
        let exchange = Exchange::new(&scenario.authors);
        for round in &mut story.round {
            // Who does another's work also syncs at the other's time: nothing but the authors differs.
            let order = round.sync.get_or_insert_with(|| everybody.clone());
            for name in order {
                exchange.name(name);
            }
            exchange.round(round);
        }
    }
    if variant == Variant::Order {
        for round in &mut story.round {
            round.sync.get_or_insert_with(|| everybody.clone()).reverse();
        }
    }
    let Some(other) = scenario.other.get(&variant) else { return Played { story, differs_from: None } };
    let plain = story.round.clone();
    for one in &other.round {
        if let Some(round) = one.get_ref().number.checked_sub(1).and_then(|n| story.round.get_mut(n)) {
            replace(round, one.get_ref());
        }
    }
    Played { story, differs_from: Some(plain) }
}

fn replace(round: &mut Round, other: &OtherRound) {
    fn table<T: Clone>(is: &mut Vec<T>, other: Option<&Vec<T>>) {
        if let Some(other) = other {
            is.clone_from(other);
        }
    }
    table(&mut round.expect, other.expect.as_ref());
    table(&mut round.course, other.course.as_ref());
    table(&mut round.same, other.same.as_ref());
    table(&mut round.day, other.day.as_ref());
    table(&mut round.item, other.item.as_ref());
    table(&mut round.told, other.told.as_ref());
    table(&mut round.suggest, other.suggest.as_ref());
    table(&mut round.refused, other.refused.as_ref());
    table(&mut round.held, other.held.as_ref());
    table(&mut round.not_held, other.not_held.as_ref());
    table(&mut round.count, other.count.as_ref());
    for one in other.act.iter().map(Spanned::get_ref) {
        if let Some(act) = one.number.checked_sub(1).and_then(|n| round.act.get_mut(n)) {
            let act = act.get_mut();
            (act.refused, act.warned) = (one.refused.clone(), one.warned.clone());
        }
    }
}

/// Who stands in for whom. Acts change hands, and with them what is said to and about their authors; what a person's
/// own phone may hold stays with the person.
struct Exchange<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Exchange<'a> {
    fn new(pairs: &'a [(String, String)]) -> Self {
        let both = |(a, b): &'a (String, String)| [(a.as_str(), b.as_str()), (b.as_str(), a.as_str())];
        Self(pairs.iter().flat_map(both).collect())
    }

    fn name(&self, name: &mut String) {
        if let Some(other) = self.0.get(name.as_str()) {
            (*other).clone_into(name);
        }
    }

    fn words(&self, words: Option<&mut PhoneSays>) {
        words.into_iter().flat_map(|words| &mut words.words).for_each(|word| self.name(word));
    }

    fn act(&self, act: &mut Act) {
        self.name(&mut act.who);
        self.words(act.refused.as_mut());
        self.words(act.warned.as_mut());
    }

    fn round(&self, round: &mut Round) {
        round.act.iter_mut().for_each(|act| self.act(act.get_mut()));
        for item in &mut round.item {
            item.get_mut().words.iter_mut().for_each(|word| self.name(word));
        }
        for course in &mut round.course {
            let course = course.get_mut();
            let lists = course.steps.iter_mut().chain(&mut course.pending).chain(&mut course.notes);
            for word in lists.flatten().flatten() {
                self.name(word);
            }
        }
        for told in &mut round.told {
            let told = told.get_mut();
            self.name(&mut told.who);
            told.words.iter_mut().for_each(|word| self.name(word));
        }
        round.day.iter_mut().for_each(|one| self.name(&mut one.get_mut().who));
        round.held.iter_mut().for_each(|one| self.name(&mut one.get_mut().who));
        round.refused.iter_mut().for_each(|one| self.name(&mut one.get_mut().who));
    }
}
