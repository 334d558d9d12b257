//! Checks of schema files that no single line shows. All problems come at once, each with its file and line, so that a
//! county's clerk mends a file in one go.

mod access;
mod county;
mod fields;
mod lists;
mod personal;

use std::collections::BTreeSet;

pub(super) use county::check_county;

pub use super::deny::denied;
use super::{
    deny,
    files::{Files, Source},
    flow::check_flows,
    reading::{Step, line_of},
    schema::{Schema, SchemaError},
};

/// The list whose codes are the categories of hazards that a dangerous value may suggest.
const HAZARDS: &str = "hazard";
/// The list whose codes are the only words for `retain`.
const RETENTION: &str = "retention";

/// The problems of one file, and the place in it that is being looked at.
pub(super) struct Report<'a> {
    file: &'a str,
    text: &'a str,
    path: Vec<Step>,
    on: String,
    problems: &'a mut Vec<SchemaError>,
}

impl<'a> Report<'a> {
    pub(super) fn new<T>(source: &Source<'a, T>, problems: &'a mut Vec<SchemaError>) -> Self {
        Self { file: source.file, text: source.text, path: Vec::new(), on: String::new(), problems }
    }
    /// Goes to an element of an array of tables, or of one within it; what follows is about that.
    pub(super) fn at(&mut self, path: &[(&str, usize)]) {
        self.path = path.iter().flat_map(|(key, n)| [Step::Key((*key).to_owned()), Step::Nth(*n)]).collect();
        self.on.clear();
    }
    /// Goes to an attribute there, whose name is the name of the rule as well.
    pub(super) fn on(&mut self, attribute: &str) -> &mut Self {
        attribute.clone_into(&mut self.on);
        self
    }
    pub(super) fn add(&mut self, zh: String, en: String) {
        let rule = self.on.clone();
        self.say(&rule, zh, en);
    }
    fn say(&mut self, rule: &str, zh: String, en: String) {
        let mut path = self.path.clone();
        path.extend(self.on.split('.').filter(|key| !key.is_empty()).map(|key| Step::Key(key.to_owned())));
        let rule = if rule.is_empty() { "file" } else { rule }.to_owned();
        self.problems.push(SchemaError { file: self.file.to_owned(), line: line_of(self.text, &path), rule, zh, en });
    }
    pub(super) fn check(&mut self, holds: bool, zh: impl FnOnce() -> String, en: impl FnOnce() -> String) {
        if !holds {
            self.add(zh(), en());
        }
    }
    /// Keys of fields, kinds, lists and codes are 1 to 32 lower-case letters, digits and underscores.
    pub(super) fn key(&mut self, key: &str) {
        let shaped = (1..=32).contains(&key.len())
            && key.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
            && !key.starts_with('_');
        self.check(
            shaped,
            || format!("“{key}”不合规：只用小写字母、数字和下划线，1至32个"),
            || format!("'{key}' must be 1 to 32 lower-case letters, digits or underscores, not beginning with one"),
        );
    }
    pub(super) fn labels(&mut self, what: &str, zh: &str, en: &str) {
        let chinese =
            zh.chars().any(|c| ('\u{3400}'..='\u{9fff}').contains(&c)) || zh.bytes().any(|b| b.is_ascii_digit());
        if zh.trim().is_empty() || !chinese {
            self.on("zh").say("label", format!("{what}缺中文名称"), format!("{what} lacks a Chinese label"));
        }
        if en.trim().is_empty() || !en.is_ascii() {
            self.on("en").say("label", format!("{what}缺英文名称"), format!("{what} lacks an English label"));
        }
        self.on.clear();
    }
    /// None of the texts, each with its attribute, names what the deny list names.
    pub(super) fn innocent(&mut self, what: &str, texts: &[(&str, &str)]) {
        for (attribute, text) in texts {
            if let Some(found) = deny::category(text) {
                self.on(attribute).say(
                    "deny",
                    format!("{what}：“{text}”属于禁止采集的内容（{}）", found.zh),
                    format!("{what}: '{text}' may not be collected ({})", found.en),
                );
                break;
            }
        }
        self.on.clear();
    }
}

/// Checks all files, and what they say of each other.
pub(super) fn check(schema: &Schema, files: &Files<'_>, problems: &mut Vec<SchemaError>) {
    for source in &files.lists {
        lists::check_lists(&mut Report::new(source, problems), &source.value);
    }
    for source in &files.checklists {
        lists::check_checklists(&mut Report::new(source, problems), schema, &source.value);
    }
    let mut names = BTreeSet::new();
    for source in &files.kinds {
        let mut report = Report::new(source, problems);
        let name = &source.value.name;
        report.on("name").check(
            source.county || source.file == format!("{name}.toml"),
            || format!("文件名应为 {name}.toml"),
            || format!("the file must be named {name}.toml"),
        );
        report.check(
            names.insert(name) && name.0 != "attachment",
            || format!("记录类型 {name} 重复"),
            || format!("kind {name} stands twice"),
        );
        fields::check_kind(&mut report, schema, &source.value);
    }
    lists::check_attachment(&mut Report::new(&files.attachment, problems), schema);
    access::check_access(&mut Report::new(&files.access, problems), schema);
    check_flows(&mut Report::new(&files.flows, problems), schema, &schema.flows);
}
