//! Scenarios: stories of a few people out of contact, and what the county expects when they meet again.
//!
//! A file is played in a [`World`](crate::world::World): once as written, once with the acts of two people exchanged, once
//! with the syncs in the opposite order, once with every message arriving twice, once with replies lost. The file says of
//! each whether the outcome is the same or, with a reason, which other one. Each time these expectations must hold, and
//! the laws that hold for every story (`laws`).

mod check;
mod deeds;
mod dictionary;
mod file;
mod laws;
mod look;
mod play;
mod value;
mod variant;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

pub use file::Scenario;
use play::Play;
pub use variant::Variant;
use wangge_core::app::{AppError, Problem};

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Line of the file that asks for it; none for a law.
    pub line: Option<usize>,
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "第{line}行：{} / line {line}: {}", self.zh, self.en),
            None => write!(f, "{} / {}", self.zh, self.en),
        }
    }
}

impl Finding {
    /// What the product answered, in both languages.
    fn of(line: Option<usize>, zh: &str, en: &str, error: &AppError) -> Self {
        let (why_zh, why_en) = match error {
            AppError::Invalid { problems } => {
                let join = |side: fn(&Problem) -> &str| problems.iter().map(side).collect::<Vec<_>>().join("；");
                (join(|problem| &problem.zh), join(|problem| &problem.en))
            }
            other => {
                let text = other.to_string();
                let (zh, en) = text.split_once(" / ").unwrap_or((&text, &text));
                (zh.to_owned(), en.to_owned())
            }
        };
        Self { line, zh: format!("{zh}：{why_zh}"), en: format!("{en}: {why_en}") }
    }
}

/// Collects findings.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, line: Option<usize>, zh: impl Into<String>, en: impl Into<String>) {
        self.0.push(Finding { line, zh: zh.into(), en: en.into() });
    }
}

/// What became of one file.
#[derive(Debug)]
pub struct Verdict {
    /// Its row and title; its path where it cannot be read.
    pub title: String,
    /// Ways in which it was played; of those that end otherwise, the reason.
    pub played: Vec<(Variant, Option<String>)>,
    /// What is wrong, by the way it was played; empty: all holds.
    pub findings: Vec<(Option<Variant>, Finding)>,
}

impl Verdict {
    /// Whether all holds.
    pub fn holds(&self) -> bool {
        self.findings.is_empty()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", if self.holds() { "✓" } else { "✗" }, self.title)?;
        let ways = |name: fn(Variant) -> &'static str, comma: &str| {
            let same = self.played.iter().filter(|(_, why)| why.is_none());
            same.map(|(variant, _)| name(*variant)).collect::<Vec<_>>().join(comma)
        };
        if !self.played.is_empty() {
            write!(f, "\n    结果相同：{} / same outcome: {}", ways(Variant::zh, "、"), ways(Variant::en, ", "))?;
        }
        for (variant, why) in &self.played {
            let Some((zh, en)) = why.as_ref().and_then(|why| why.split_once(" / ")) else { continue };
            write!(f, "\n    另有结果：{}，{zh} / another outcome: {}, {en}", variant.zh(), variant.en())?;
        }
        let of = |variant: &Option<Variant>| -> Vec<_> {
            self.findings.iter().filter(|(way, _)| way == variant).map(|(_, finding)| finding).collect()
        };
        let mut shown: Vec<&Option<Variant>> = Vec::new();
        for (variant, _) in &self.findings {
            if shown.contains(&variant) {
                continue;
            }
            let (found, first) = (of(variant), shown.first().map(|first| of(first)));
            if let Some(variant) = variant {
                write!(f, "\n  [{variant}]")?;
            }
            shown.push(variant);
            if first.as_ref() == Some(&found) {
                write!(f, " 同上 / as above")?;
                continue;
            }
            for finding in found {
                write!(f, "\n    {}", finding.to_string().replace('\n', "\n    "))?;
            }
        }
        Ok(())
    }
}

/// Reads files and plays each in every way, as many at a time as there are processors; verdicts in the order of the files.
pub fn run_files(files: &[PathBuf], seed: u64) -> Vec<Verdict> {
    let (next, verdicts) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some((n, file)) = Some(next.fetch_add(1, Relaxed)).and_then(|n| Some((n, files.get(n)?))) {
            let verdict = run_file(file, seed);
            verdicts.lock().unwrap_or_else(PoisonError::into_inner).push((n, verdict));
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(files.len());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let mut verdicts = verdicts.into_inner().unwrap_or_else(PoisonError::into_inner);
    verdicts.sort_by_key(|(n, _)| *n);
    verdicts.into_iter().map(|(_, verdict)| verdict).collect()
}

/// Reads a file and plays it in every way. The seed moves ids, keys and chance, never what is expected.
pub fn run_file(path: &Path, seed: u64) -> Verdict {
    match std::fs::read_to_string(path) {
        Ok(text) => run_text(&path.display().to_string(), &text, seed, &Variant::ALL),
        Err(error) => {
            unreadable(path.display().to_string(), format!("打不开：{error}"), format!("cannot open: {error}"))
        }
    }
}

fn unreadable(title: String, zh: String, en: String) -> Verdict {
    Verdict { title, played: vec![], findings: vec![(None, Finding { line: None, zh, en })] }
}

/// The same with the text at hand and the ways of playing it chosen.
pub fn run_text(name: &str, text: &str, seed: u64, variants: &[Variant]) -> Verdict {
    let scenario: Scenario = match toml::from_str(text) {
        Ok(scenario) => scenario,
        Err(error) => {
            let words = error.to_string();
            return unreadable(
                name.to_owned(),
                "文件写法有误".to_owned(),
                format!("cannot be read:\n{}", words.trim_end()),
            );
        }
    };
    let title = format!("{:02} {}", scenario.row, scenario.title);
    let line = |at: usize| Some(text.get(..at)?.matches('\n').count() + 1);
    let unstated = variant::unstated(&scenario, line);
    if !unstated.is_empty() {
        return Verdict { title, played: vec![], findings: unstated.into_iter().map(|one| (None, one)).collect() };
    }
    let mut verdict = Verdict { title, played: vec![], findings: vec![] };
    for variant in variants.iter().copied() {
        verdict.played.push((variant, scenario.other.get(&variant).map(|other| other.why.clone())));
        let findings = Play::run(&variant::played(&scenario, variant), text, variant, seed);
        verdict.findings.extend(findings.into_iter().map(|finding| (Some(variant), finding)));
    }
    verdict
}
