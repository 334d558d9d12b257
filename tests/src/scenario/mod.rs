//! Scenarios: stories of a few people out of contact, and what the county expects when they meet again.
//!
//! A file is played in a [`World`](crate::world::World): once as written, once with the syncs in the opposite order, once
//! with every message arriving twice, once with replies lost. Each time its expectations must hold, and the laws that
//! hold for every story (`laws`).

mod check;
mod file;
mod laws;
mod look;
mod play;
mod value;

use std::{fmt, path::Path};

pub use file::Scenario;
use play::Play;
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

/// A way to play a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// As written.
    AsWritten,
    /// Each round's syncs in the opposite order.
    Swapped,
    /// Every message reaches the server twice.
    Twice,
    /// The first reply of every sync is lost.
    LostReplies,
}

impl Variant {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::AsWritten, Self::Swapped, Self::Twice, Self::LostReplies];

    /// Its name on screens.
    pub fn name(self) -> &'static str {
        match self {
            Self::AsWritten => "照原样 / as written",
            Self::Swapped => "倒换同步次序 / syncs in the opposite order",
            Self::Twice => "每条消息送到两次 / every message twice",
            Self::LostReplies => "答复丢失后重发 / replies lost",
        }
    }
}

/// What became of one file.
#[derive(Debug)]
pub struct Verdict {
    /// Its row and title; its path where it cannot be read.
    pub title: String,
    /// Ways in which it was played.
    pub variants: usize,
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
        let mut shown = None;
        for (variant, finding) in &self.findings {
            if shown != Some(*variant) {
                if let Some(variant) = variant {
                    write!(f, "\n  [{}]", variant.name())?;
                }
                shown = Some(*variant);
            }
            write!(f, "\n    {}", finding.to_string().replace('\n', "\n    "))?;
        }
        Ok(())
    }
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
    Verdict { title, variants: 0, findings: vec![(None, Finding { line: None, zh, en })] }
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
    let mut verdict =
        Verdict { title: format!("{:02} {}", scenario.row, scenario.title), variants: 0, findings: vec![] };
    for variant in variants.iter().copied() {
        if variant == Variant::Swapped && scenario.order_matters.is_some() {
            continue;
        }
        verdict.variants += 1;
        let findings = Play::run(&scenario, text, variant, seed);
        verdict.findings.extend(findings.into_iter().map(|finding| (Some(variant), finding)));
    }
    verdict
}
