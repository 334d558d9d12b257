//! Reading schema files so that every slip is told at once, each with its line: a file that cannot be read as a whole is
//! read entry by entry.

use serde::de::DeserializeOwned;
use toml::{
    Spanned,
    de::{DeTable, DeValue, ValueDeserializer},
};

use super::{
    checklists::Checklists,
    flow::Flows,
    schema::{Access, CodeList, Kind, Part, SchemaError},
};

/// Names that would let a role see one part of an audience and not another, were they allowed.
const PARTIAL: [&str; 14] = [
    "read",
    "reads",
    "reader",
    "readers",
    "see",
    "sees",
    "visible",
    "visible_to",
    "receive",
    "receives",
    "hide",
    "hide_from",
    "only",
    "roles",
];

/// One step to a place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The value of a key.
    Key(String),
    /// An element of an array, from 0.
    Nth(usize),
}

/// The line, from 1, of a place in a file, or of the nearest thing around it that is there.
pub fn line_of(text: &str, path: &[Step]) -> usize {
    let (root, _) = DeTable::parse_recoverable(text);
    let mut at = 0;
    let mut table = Some(root.get_ref());
    let mut value: Option<&Spanned<DeValue<'_>>> = None;
    for step in path {
        let next = match step {
            Step::Key(key) => {
                let found = table.and_then(|t| t.iter().find(|(k, _)| k.get_ref() == key));
                if let Some((key, _)) = found {
                    at = key.span().start;
                }
                found.map(|(_, value)| value)
            }
            Step::Nth(n) => {
                let found = value.and_then(|v| v.get_ref().as_array()).and_then(|all| all.get(*n));
                if let Some(element) = found {
                    at = element.span().start;
                }
                found
            }
        };
        let Some(next) = next else { break };
        table = next.get_ref().as_table();
        value = Some(next);
    }
    line_at(text, at)
}

fn line_at(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

/// A file that is being read.
pub struct Reader<'a, 'p> {
    /// Its name.
    pub file: &'a str,
    /// Its text.
    pub text: &'a str,
    /// What is wrong so far, in all files.
    pub problems: &'p mut Vec<SchemaError>,
}

/// What a table must hold to be read at all; stands in for what is missing, so that the rest can be judged.
const KIND: &str = "name = \"unnamed\"\nzh = \"未填\"\nen = \"missing\"\ntitle = []";
const FIELD: &str = "key = \"unnamed\"\nzh = \"未填\"\nen = \"missing\"\ntype = \"text\"\naudience = \"care\"\n\
    rule = \"latest\"\nretain = \"while_in_use\"\npurpose = \"missing\"";
const EFFECT: &str = "when = { field = \"\", is = [] }\nrecord = \"\"\nput = {}";
const LIST: &str = "name = \"unnamed\"\nzh = \"未填\"\nen = \"missing\"\nversion = 1";
const CODE: &str = "code = \"unnamed\"\nzh = \"未填\"\nen = \"missing\"";
const ITEM: &str = CODE;
const CHECKLIST: &str = "name = \"unnamed\"\nversion = 1\nzh = \"未填\"\nen = \"missing\"\nplaces = []\nitems = []";

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct ListsFile {
    list: Vec<CodeList>,
}

impl Reader<'_, '_> {
    /// The file of a kind.
    pub fn kind(&mut self) -> Option<Kind> {
        self.whole(|reader, root| {
            let mut kind: Kind = reader.table(&[], &without(root, &["field", "effect"]), KIND)?;
            kind.fields = reader.each(root, "field", FIELD);
            kind.effects = reader.each(root, "effect", EFFECT);
            Some(kind)
        })
    }

    /// A file of code lists.
    pub fn lists(&mut self) -> Vec<CodeList> {
        let whole = self.whole(|reader, root| {
            reader.only(root, &["list"]);
            let mut lists = Vec::new();
            for (n, table) in elements(root, "list").into_iter().enumerate() {
                let path = [Step::Key("list".to_owned()), Step::Nth(n)];
                let Some(inner) = table.get_ref().as_table() else { continue };
                let head = without(inner, &["code"]);
                let Some(mut list) = reader.table::<CodeList>(&path, &head, LIST) else { continue };
                list.codes = reader.each_at(&path, inner, "code", CODE);
                lists.push(list);
            }
            Some(ListsFile { list: lists })
        });
        whole.unwrap_or_default().list
    }

    /// The file of access.
    pub fn access(&mut self) -> Option<Access> {
        self.whole(|reader, root| {
            let sample = "receive = {}\nwrite = {}";
            let mut parts: Vec<(String, String, Spanned<DeValue<'_>>)> = Vec::new();
            for (section, value) in root {
                for (role, said) in value.get_ref().as_table().into_iter().flatten() {
                    parts.push((section.get_ref().to_string(), role.get_ref().to_string(), said.clone()));
                }
            }
            let mut access = Access::default();
            reader.only(root, &["receive", "write", "hint"]);
            for (section, role, said) in parts {
                let inner: DeTable<'_> =
                    [(Spanned::new(0..0, role.clone().into()), said.clone())].into_iter().collect();
                let one = Spanned::new(said.span(), DeValue::Table(inner));
                let mut whole = DeTable::parse(sample).ok()?.into_inner();
                whole.insert(Spanned::new(0..0, section.clone().into()), one);
                match of_table::<Access>(whole) {
                    Ok(mut read) => {
                        access.receive.append(&mut read.receive);
                        access.write.append(&mut read.write);
                        access.hint.append(&mut read.hint);
                    }
                    Err(_) if !matches!(section.as_str(), "receive" | "write" | "hint") => {}
                    Err(error) => {
                        let path = [Step::Key(section.clone()), Step::Key(role.clone())];
                        let part = section == "receive" && (said.get_ref().is_table() || names_part(said.get_ref()));
                        if part { reader.partial(&path) } else { reader.slip(&path, &role, error.message()) }
                    }
                }
            }
            Some(access)
        })
    }

    /// A file of checklists.
    pub fn checklists(&mut self) -> Option<Checklists> {
        self.whole(|reader, root| {
            reader.only(root, &["item", "checklist"]);
            Some(Checklists {
                items: reader.each(root, "item", ITEM),
                lists: reader.each(root, "checklist", CHECKLIST),
            })
        })
    }

    /// The file of flows.
    pub fn flows(&mut self) -> Option<Flows> {
        self.plain()
    }

    /// The file of attachments.
    pub fn attachment(&mut self) -> Option<Part> {
        self.plain()
    }

    fn plain<T: DeserializeOwned>(&mut self) -> Option<T> {
        match toml::from_str(self.text) {
            Ok(read) => Some(read),
            Err(error) => {
                self.syntax(&error);
                None
            }
        }
    }

    /// The file at one go; if that fails, entry by entry.
    fn whole<T: DeserializeOwned>(&mut self, by_entry: impl FnOnce(&mut Self, &DeTable<'_>) -> Option<T>) -> Option<T> {
        if let Ok(read) = toml::from_str(self.text) {
            return Some(read);
        }
        let (root, errors) = DeTable::parse_recoverable(self.text);
        if errors.is_empty() {
            return by_entry(self, root.get_ref());
        }
        for error in errors {
            self.syntax(&error);
        }
        None
    }

    fn syntax(&mut self, error: &toml::de::Error) {
        let line = line_at(self.text, error.span().map_or(0, |span| span.start));
        let (zh, en) = (format!("文件写法有误：{}", error.message()), format!("cannot be read: {}", error.message()));
        self.problems.push(SchemaError { file: self.file.to_owned(), line, rule: "syntax".to_owned(), zh, en });
    }

    fn add(&mut self, path: &[Step], rule: &str, zh: String, en: String) {
        let line = line_of(self.text, path);
        self.problems.push(SchemaError { file: self.file.to_owned(), line, rule: rule.to_owned(), zh, en });
    }

    fn each<T: DeserializeOwned>(&mut self, root: &DeTable<'_>, key: &str, sample: &str) -> Vec<T> {
        self.each_at(&[], root, key, sample)
    }

    /// The elements of an array of tables, each by itself.
    fn each_at<T: DeserializeOwned>(&mut self, at: &[Step], table: &DeTable<'_>, key: &str, sample: &str) -> Vec<T> {
        let mut all = Vec::new();
        for (n, element) in elements(table, key).into_iter().enumerate() {
            let mut path = at.to_vec();
            path.extend([Step::Key(key.to_owned()), Step::Nth(n)]);
            match element.get_ref().as_table() {
                Some(inner) => all.extend(self.table(&path, inner, sample)),
                None => self.add(&path, "syntax", format!("{key} 应是表"), format!("{key} must be a table")),
            }
        }
        all
    }

    /// One table. What is wrong in it is told key by key, and what is right is read all the same.
    fn table<T: DeserializeOwned>(&mut self, path: &[Step], table: &DeTable<'_>, sample: &str) -> Option<T> {
        if let Ok(read) = of_table(table.clone()) {
            return Some(read);
        }
        let mut good = DeTable::parse(sample).ok()?.into_inner();
        for key in good.keys().filter(|key| !table.contains_key(*key)).cloned().collect::<Vec<_>>() {
            self.missing(path, key.get_ref());
        }
        for (key, value) in table {
            let alone = [(key.clone(), value.clone())].into_iter().collect();
            match of_table::<T>(alone) {
                Err(error) if !error.message().starts_with("missing field") => {
                    let mut to = path.to_vec();
                    to.push(Step::Key(key.get_ref().to_string()));
                    self.slip(&to, key.get_ref(), error.message());
                }
                _ => {
                    good.insert(key.clone(), value.clone());
                }
            }
        }
        of_table(good).ok()
    }

    fn missing(&mut self, path: &[Step], key: &str) {
        let (rule, zh, en) = match key {
            "zh" => ("label", "缺中文名称 zh".to_owned(), "lacks a Chinese label (zh)".to_owned()),
            "en" => ("label", "缺英文名称 en".to_owned(), "lacks an English label (en)".to_owned()),
            _ => ("missing", format!("缺 {key}"), format!("lacks {key}")),
        };
        self.add(path, rule, zh, en);
    }

    /// Keys at the top of a file that mean nothing there.
    fn only(&mut self, root: &DeTable<'_>, known: &[&str]) {
        for key in root.keys().map(|key| key.get_ref().to_string()).filter(|key| !known.contains(&key.as_str())) {
            self.slip(&[Step::Key(key.clone())], &key, &format!("unknown field `{key}`"));
        }
    }

    /// A key that is not known, or a value that is none of those it may be.
    fn slip(&mut self, path: &[Step], key: &str, message: &str) {
        let words: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
        match (message.split_once(' '), words.split_first()) {
            (Some(("unknown", rest)), Some((wrong, _))) if rest.starts_with("field") && PARTIAL.contains(wrong) => {
                self.partial(path);
            }
            (Some(("unknown", rest)), Some((wrong, _))) if rest.starts_with("field") => {
                self.add(path, "unknown_key", format!("没有属性 {wrong}"), format!("unknown field `{wrong}`"));
            }
            (Some(("unknown", _)), Some((wrong, known))) => {
                let rule = if key == "rule" { "unknown_rule" } else { key };
                let known = known.join("、");
                let what = if key == "rule" { "合并规则" } else { key };
                let zh = format!("“{wrong}”不是可用的{what}；可用：{known}");
                self.add(path, rule, zh, format!("unknown {key} `{wrong}`; one of {known}"));
            }
            _ => self.add(path, key, format!("{key} 写法有误：{message}"), format!("{key}: {message}")),
        }
    }

    fn partial(&mut self, path: &[Step]) {
        self.add(
            path,
            "partial",
            "一个角色对一类资料要么全部接收，要么完全不接收，不能只看其中一部分；请在 access.toml 中按资料范围分配"
                .to_owned(),
            "a role receives all of an audience or nothing of it, never a part; say in access.toml which audiences"
                .to_owned(),
        );
    }
}

/// Whether a list of audiences names a part of one, such as `personal.phone`.
fn names_part(said: &DeValue<'_>) -> bool {
    let all = said.as_array().into_iter().flatten();
    all.filter_map(|one| one.get_ref().as_str()).any(|name| name.contains(['.', ':', '/', '-', '!']))
}

fn of_table<T: DeserializeOwned>(table: DeTable<'_>) -> Result<T, toml::de::Error> {
    T::deserialize(ValueDeserializer::from(Spanned::new(0..0, DeValue::Table(table))))
}

fn elements<'t, 'i>(table: &'t DeTable<'i>, key: &str) -> Vec<&'t Spanned<DeValue<'i>>> {
    let found = table.iter().find(|(k, _)| k.get_ref() == key);
    found.and_then(|(_, value)| value.get_ref().as_array()).into_iter().flatten().collect()
}

fn without<'i>(table: &DeTable<'i>, keys: &[&str]) -> DeTable<'i> {
    let kept = table.iter().filter(|(key, _)| !keys.contains(&key.get_ref().as_ref()));
    kept.map(|(key, value)| (key.clone(), value.clone())).collect()
}
