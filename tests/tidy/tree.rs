//! The repository as the rules see it: paths, texts and findings.

use std::{fmt, fs, path::Path};

/// One file: its path from the top, with `/`, and its text.
pub struct File {
    pub path: String,
    pub text: String,
}

impl File {
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }
    /// The part of the name after the last dot.
    pub fn extension(&self) -> &str {
        self.path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, extension)| extension)
    }
    pub fn is_rust(&self) -> bool {
        self.extension() == "rs"
    }
    /// Files that only tests are compiled from.
    pub fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs") || self.path.ends_with("_tests.rs")
    }
    /// The rules themselves and made-up input: they name what they forbid.
    pub fn names_the_forbidden(&self) -> bool {
        self.path.starts_with("tests/tidy") || self.path.starts_with("tests/data/")
    }
}

/// A place that breaks a rule, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    pub path: String,
    pub line: usize,
    pub what: String,
}

impl Finding {
    pub fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// Reads every text file under `top` but what `.gitignore` names; binary files are left out.
pub fn read(top: &Path) -> Vec<File> {
    let ignored = ignored_names(&fs::read_to_string(top.join(".gitignore")).unwrap_or_default());
    let mut files = Vec::new();
    collect(top, "", &ignored, &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// The names of `.gitignore`; this repository keeps that file to plain names, so that nobody needs a matcher.
pub fn ignored_names(gitignore: &str) -> Vec<String> {
    let lines = gitignore.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.trim_matches('/').to_owned()).chain([".git".to_owned()]).collect()
}

fn collect(folder: &Path, prefix: &str, ignored: &[String], files: &mut Vec<File>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let entry = entry.expect("a folder that opened can be listed");
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if ignored.iter().any(|skip| *skip == name || *skip == path) {
            continue;
        }
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{path}/"), ignored, files);
        } else if let Ok(text) = fs::read_to_string(entry.path()) {
            files.push(File { path, text });
        }
    }
}

/// The line, from 1, that gives `key` a value in TOML; 1 where none does.
pub fn line_of_key(text: &str, key: &str) -> usize {
    let gives = |line: &str| {
        let rest = line.trim_start().trim_start_matches('"').strip_prefix(key);
        rest.is_some_and(|rest| rest.trim_start_matches('"').trim_start().starts_with(['=', '.']))
    };
    text.lines().position(gives).map_or(1, |index| index + 1)
}

#[test]
fn ignored_names_are_plain() {
    assert_eq!(ignored_names("# built\n/target/\n\n.demo\n"), ["target", ".demo", ".git"]);
}

#[test]
fn keys_are_found_and_not_their_like() {
    assert_eq!(line_of_key("ab = 1\nb = 2\n\"b\" = 3", "b"), 2);
    assert_eq!(line_of_key("[x]\na.workspace = true", "a"), 2);
}
