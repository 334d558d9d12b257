//! Plays a file: enrols the people, lets them write and sync, and asks for the checks after each round.

use toml::Spanned;
use wangge_core::model::{ChangeHash, Millis, RecordId, Schema, Scope};

use super::{
    Finding, Findings, Variant, check,
    dictionary::Dictionaries,
    file::{Round, Scenario},
    laws,
    value::Names,
    variant::Played,
};
use crate::{
    calendar,
    world::{Phone, Weather, World, WorldError},
};

/// Between the last work of a round and the first sync: the way home.
const EVENING_MS: i64 = 3_600_000;
/// Between two syncs.
const GAP_MS: i64 = 5_000;
/// Syncs after which everybody must know everything.
const SETTLED_AFTER: usize = 5;

/// A change that a phone said it kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// On whose phone.
    pub who: String,
    /// Record.
    pub record: RecordId,
    /// The change.
    pub change: ChangeHash,
}

/// A file being played.
pub struct Play<'s> {
    /// The file.
    pub scenario: &'s Scenario,
    text: &'s str,
    /// The county and its people.
    pub world: World,
    /// What the file calls its records.
    pub names: Names,
    /// What phones said they kept, written down here and not by the core.
    pub journal: Vec<Kept>,
    variant: Variant,
    grids: Vec<String>,
    dictionaries: Dictionaries,
    /// What is wrong so far.
    pub findings: Findings,
}

/// A story that cannot go on.
pub type Step<T> = Result<T, Finding>;

/// The same of a world that could not be made.
pub fn wrong(error: WorldError) -> Finding {
    Finding { line: None, zh: error.0.clone(), en: error.0 }
}

/// Ends a story.
pub fn stop<T>(line: Option<usize>, zh: impl Into<String>, en: impl Into<String>) -> Step<T> {
    Err(Finding { line, zh: zh.into(), en: en.into() })
}

impl<'s> Play<'s> {
    /// Plays a file in one way; what is wrong comes back.
    pub fn run(played: &'s Played, text: &'s str, variant: Variant, seed: u64) -> Vec<Finding> {
        let mut play = match Self::begin(&played.story, text, variant, seed) {
            Ok(play) => play,
            Err(finding) => return vec![finding],
        };
        if let Err(finding) = play.go(played.differs_from.as_deref()) {
            play.findings.0.push(finding);
        }
        play.findings.0
    }

    fn begin(scenario: &'s Scenario, text: &'s str, variant: Variant, seed: u64) -> Step<Self> {
        let acts = scenario.before.iter().chain(scenario.round.iter().flat_map(|round| &round.act));
        let Some(first) = acts.filter_map(|act| calendar::millis(&act.get_ref().at)).min() else {
            return stop(None, "没有写任何人做了什么", "nobody does anything");
        };
        let start = first.plus(-Millis::DAY);
        let world = World::new(seed, start).map_err(wrong)?;
        let dictionaries = Dictionaries::of(scenario).or_else(|words| stop(None, words.clone(), words))?;
        let mut play = Self {
            scenario,
            text,
            world,
            names: Names::default(),
            journal: Vec::new(),
            variant,
            grids: Vec::new(),
            dictionaries,
            findings: Findings::default(),
        };
        for person in &scenario.person {
            let scopes: Vec<Scope> = person.grids.iter().map(|name| play.grid(name)).collect();
            let shown = person.clock.as_ref().and_then(calendar::millis);
            let offset = shown.map_or(0, |shown| shown.0 - start.0);
            let schema = play.dictionary(person.dictionary.as_deref(), None)?;
            let enrolled = play.world.enrol_under(schema, &person.name, person.role, &scopes, offset).map(|_| ());
            enrolled.map_err(wrong)?;
        }
        let schema = play.dictionary(scenario.server.as_deref(), None)?;
        play.world.reopen_county(schema).map_err(wrong)?;
        Ok(play)
    }

    /// A dictionary of the file.
    pub fn dictionary(&self, name: Option<&str>, line: Option<usize>) -> Step<&'static Schema> {
        let shown = name.unwrap_or_default();
        match self.dictionaries.get(name) {
            Some(schema) => Ok(schema),
            None => stop(line, format!("没有叫“{shown}”的字典"), format!("no dictionary is called {shown}")),
        }
    }

    /// Plays all rounds. Where the outcome is said to differ from that of other rounds, it must differ somewhere.
    fn go(&mut self, differs_from: Option<&[Round]>) -> Step<()> {
        let everybody: Vec<String> = self.scenario.person.iter().map(|person| person.name.clone()).collect();
        for act in &self.scenario.before {
            self.act(act)?;
            self.meet(&everybody, 0)?;
        }
        let mut differs = differs_from.is_none();
        for (n, round) in self.scenario.round.iter().enumerate() {
            let plain = differs_from.and_then(|rounds| rounds.get(n));
            differs |= self.round(round, plain, &everybody)?;
        }
        if !differs {
            let zh = "文件说结果不同，其实与照原样时相同";
            self.findings.add(None, zh, "the file says that the outcome differs, but it is the same");
        }
        Ok(())
    }

    /// Plays one round; whether it ends otherwise than `plain` says.
    fn round(&mut self, round: &Round, plain: Option<&Round>, everybody: &[String]) -> Step<bool> {
        for act in &round.act {
            self.act(act)?;
        }
        for act in &round.county {
            self.county_act(act)?;
        }
        let order = round.sync.clone().unwrap_or_else(|| everybody.to_vec());
        self.meet(&order, EVENING_MS)?;
        let mut findings = std::mem::take(&mut self.findings);
        check::round(self, round, &order, &mut findings)?;
        laws::hold(self, round, &order, &mut findings)?;
        self.findings = findings;
        let Some(plain) = plain else { return Ok(false) };
        let answers = |round: &Round| {
            let acts = round.act.iter().map(Spanned::get_ref);
            acts.map(|act| (act.refused.is_some(), act.warned.is_some())).collect::<Vec<_>>()
        };
        let mut otherwise = Findings::default();
        check::round(self, plain, &order, &mut otherwise)?;
        Ok(!otherwise.0.is_empty() || answers(plain) != answers(round))
    }

    /// The grid of a name, a new one where the name is new.
    pub fn grid(&mut self, name: &str) -> Scope {
        let number = self.grids.iter().position(|known| known == name).unwrap_or_else(|| {
            self.grids.push(name.to_owned());
            self.grids.len() - 1
        });
        World::grid(number + 1)
    }

    /// The line that a part of the file stands in.
    pub fn line<T>(&self, part: &Spanned<T>) -> Option<usize> {
        let before = self.text.get(..part.span().start)?;
        Some(before.matches('\n').count() + 1)
    }

    /// A person's phone.
    pub fn phone(&self, name: &str, line: Option<usize>) -> Step<&Phone> {
        match self.world.phone(name) {
            Some(phone) => Ok(phone),
            None => stop(line, format!("没有叫“{name}”的人"), format!("nobody is called {name}")),
        }
    }

    /// A record of the file.
    pub fn record(&self, name: &str, line: Option<usize>) -> Step<RecordId> {
        match self.names.record(name) {
            Some(record) => Ok(record),
            None => stop(line, format!("没有叫“{name}”的记录"), format!("no record is called {name}")),
        }
    }

    /// Some time after their last work, syncs these people in this order, and then until none has news.
    fn meet(&mut self, order: &[String], later_ms: i64) -> Step<()> {
        let mut latest = self.world.clock.now();
        for name in order {
            latest = latest.max(self.phone(name, None)?.env.true_time());
        }
        self.world.clock.reach(latest.plus(later_ms));
        for _ in 0..SETTLED_AFTER {
            let mut quiet = true;
            for name in order {
                quiet &= self.sync(name)?;
            }
            // What the county does in the background, as while it serves.
            quiet &= self.world.keep_up().map_err(wrong)? == 0;
            if quiet {
                return Ok(());
            }
        }
        stop(None, "多次同步后仍有新内容", "still news after many syncs")
    }

    /// One sync; whether nothing was new.
    fn sync(&self, name: &str) -> Step<bool> {
        let phone = self.phone(name, None)?;
        self.world.clock.pass(GAP_MS);
        phone.link.set(match self.variant {
            Variant::Twice => Weather { twice: true, ..Weather::default() },
            Variant::Lost => Weather { lose_replies: 1, ..Weather::default() },
            Variant::AsWritten | Variant::Authors | Variant::Order => Weather::default(),
        });
        let report = phone.sync().and_then(|report| report.fault.clone().map_or(Ok(report), Err));
        phone.link.set(Weather::default());
        match report {
            Ok(report) => Ok(report.summary.sent == 0 && report.summary.received == 0),
            Err(error) => Err(Finding::of(None, &format!("{name}同步失败"), &format!("{name} cannot sync"), &error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORY: &str = r#"
        row = 0
        title = "甲写了，没有同步 / A wrote and did not sync"
        county_expects = "查得出来 / it is found"
        same = ["authors", "order", "twice", "lost"]
        [[person]]
        name = "甲"
        role = "GW"
        [[before]]
        who = "甲"
        at = 2026-03-01 09:00:00
        new = "李红"
        kind = "resident"
        put = { name = "李红" }
        [[round]]
          [[round.act]]
          who = "甲"
          at = 2026-03-08 10:00:00
          record = "李红"
          put = { phone = "13800000002" }
    "#;

    /// The laws are asked about a phone that has not synced: each that is broken must say so.
    #[test]
    fn broken_laws_are_found() {
        let scenario: Scenario = toml::from_str(STORY).expect("a story");
        let mut play = Play::begin(&scenario, STORY, Variant::AsWritten, 7).expect("a world");
        let alone = vec!["甲".to_owned()];
        play.act(&scenario.before[0]).expect("kept");
        play.meet(&alone, 0).expect("met");
        let mut none = Findings::default();
        laws::hold(&play, &scenario.round[0], &alone, &mut none).expect("readable");
        assert_eq!(none.0, [], "after a sync all laws hold");

        play.act(&scenario.round[0].act[0]).expect("kept");
        let mut found = Findings::default();
        laws::hold(&play, &scenario.round[0], &alone, &mut found).expect("readable");
        let said: Vec<_> = found.0.iter().map(|finding| finding.zh.as_str()).collect();
        for law in ["多 1 条", "记下的一条李红的改动不见了", "同步后仍有待上传", "没有新内容时同步仍用了"]
        {
            assert!(said.iter().any(|words| words.contains(law)), "{law}: {said:#?}");
        }
    }

    #[test]
    fn a_phone_behind_the_county_is_found() {
        let scenario: Scenario = toml::from_str(STORY).expect("a story");
        let mut play = Play::begin(&scenario, STORY, Variant::AsWritten, 7).expect("a world");
        let (alone, other) = (vec!["甲".to_owned()], vec!["乙".to_owned()]);
        let scope = play.grid("一号网格");
        play.world.enrol("乙", wangge_core::model::Role::GW, &[scope], 0).expect("enrolled");
        play.act(&scenario.before[0]).expect("kept");
        play.meet(&alone, 0).expect("met");
        let mut found = Findings::default();
        laws::hold(&play, &scenario.round[0], &other, &mut found).expect("readable");
        let said: Vec<_> = found.0.iter().map(|finding| finding.zh.as_str()).collect();
        for law in ["与县里不一致", "缺 1 条", "没有新内容时同步仍用了"] {
            assert!(said.iter().any(|words| words.contains(law)), "{law}: {said:#?}");
        }
    }
}
