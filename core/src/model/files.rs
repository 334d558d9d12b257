//! The schema files: which there are, and how a schema is read from their texts.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use toml::de::DeTable;

use super::{
    checklists::Checklists,
    flow::Flows,
    lint,
    reading::Reader,
    schema::{Access, CodeList, Kind, Label, Part, Schema, SchemaError},
};

/// The texts of all files of a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchemaFiles<'a> {
    /// Files of kinds by name, and `attachment.toml`.
    pub kinds: &'a [(&'a str, &'a str)],
    /// `codes.toml`.
    pub lists: &'a str,
    /// `access.toml`.
    pub access: &'a str,
    /// `checklists.toml`.
    pub checklists: &'a str,
    /// `flow.toml`.
    pub flows: &'a str,
}

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        &[$((concat!($name, ".toml"), include_str!(concat!("../../schema/", $name, ".toml")))),*]
    };
}

/// The files that ship with the core.
pub const BUILT_IN: SchemaFiles<'static> = SchemaFiles {
    kinds: built_in!(
        "region",
        "building",
        "dwelling",
        "household",
        "resident",
        "membership",
        "residence",
        "care",
        "child",
        "place",
        "inspection",
        "visit",
        "routine",
        "event",
        "consent",
        "rights_request",
        "campaign",
        "attachment",
    ),
    lists: include_str!("../../schema/codes.toml"),
    access: include_str!("../../schema/access.toml"),
    checklists: include_str!("../../schema/checklists.toml"),
    flows: include_str!("../../schema/flow.toml"),
};
/// File of the code lists.
pub const LISTS: &str = "codes.toml";
/// File of who receives and writes.
pub const ACCESS: &str = "access.toml";
/// File of the checklists.
pub const CHECKLISTS: &str = "checklists.toml";
/// File of the commands and the states they lead to.
pub const FLOWS: &str = "flow.toml";
/// File of what is said of an attachment.
pub const ATTACHMENT: &str = "attachment.toml";

/// Version of the schema files in this build.
pub const SCHEMA_VERSION: u32 = 1;

/// What one file says, and where.
pub(super) struct Source<'a, T> {
    /// Its name.
    pub file: &'a str,
    /// Its text.
    pub text: &'a str,
    /// Whether it is a county's, beside those that ship.
    pub county: bool,
    /// What it says.
    pub value: T,
}

/// What the files say, before anything in it is compared.
pub(super) struct Files<'a> {
    pub kinds: Vec<Source<'a, Kind>>,
    pub lists: Vec<Source<'a, Vec<CodeList>>>,
    pub access: Source<'a, Access>,
    pub checklists: Vec<Source<'a, Checklists>>,
    pub flows: Source<'a, Flows>,
    pub attachment: Source<'a, Part>,
    pub digest: [u8; 32],
}

impl<'a> Files<'a> {
    fn read(files: SchemaFiles<'a>, county: &[(&'a str, &'a str)], problems: &mut Vec<SchemaError>) -> Self {
        let mut attachment = None;
        let mut kinds = Vec::new();
        for &(file, text) in files.kinds {
            let mut reader = Reader { file, text, problems };
            if file == ATTACHMENT {
                attachment = reader.attachment().map(|value| Source { file, text, county: false, value });
            } else {
                kinds.extend(reader.kind().map(|value| Source { file, text, county: false, value }));
            }
        }
        let mut reader = |file, text| (Reader { file, text, problems: &mut *problems }).access().unwrap_or_default();
        let access = Source { file: ACCESS, text: files.access, county: false, value: reader(ACCESS, files.access) };
        let lists = Reader { file: LISTS, text: files.lists, problems }.lists();
        let checklists = Reader { file: CHECKLISTS, text: files.checklists, problems }.checklists();
        let flows = Reader { file: FLOWS, text: files.flows, problems }.flows().unwrap_or_default();
        let mut all = Self {
            kinds,
            lists: vec![Source { file: LISTS, text: files.lists, county: false, value: lists }],
            access,
            checklists: vec![Source {
                file: CHECKLISTS,
                text: files.checklists,
                county: false,
                value: checklists.unwrap_or_default(),
            }],
            flows: Source { file: FLOWS, text: files.flows, county: false, value: flows },
            attachment: attachment.unwrap_or(Source {
                file: ATTACHMENT,
                text: "",
                county: false,
                value: Part::default(),
            }),
            digest: digest(files, county),
        };
        for (file, text) in county {
            all.add(file, text, problems);
        }
        all
    }

    /// A county's file: what stands in it says what it is.
    fn add(&mut self, file: &'a str, text: &'a str, problems: &mut Vec<SchemaError>) {
        let (root, _) = DeTable::parse_recoverable(text);
        let holds = |keys: &[&str]| root.get_ref().keys().any(|key| keys.contains(&key.get_ref().as_ref()));
        let mut reader = Reader { file, text, problems };
        let county = true;
        if holds(&["list"]) {
            let value = reader.lists();
            self.lists.push(Source { file, text, county, value });
        } else if holds(&["receive", "write", "hint"]) {
            if let Some(value) = reader.access() {
                self.access = Source { file, text, county, value };
            }
        } else if holds(&["checklist", "item"]) {
            self.checklists.extend(reader.checklists().map(|value| Source { file, text, county, value }));
        } else if holds(&["flow"]) {
            if let Some(value) = reader.flows() {
                self.flows = Source { file, text, county, value };
            }
        } else if let Some(value) = reader.kind() {
            self.kinds.retain(|kind| kind.county || kind.value.name != value.name);
            self.kinds.push(Source { file, text, county, value });
        }
    }
}

impl Schema {
    /// The schema that ships with this build. Its files are checked by a test, so that a phone need not check them again
    /// each time it starts.
    pub fn built_in() -> &'static Self {
        static SCHEMA: std::sync::OnceLock<Schema> = std::sync::OnceLock::new();
        SCHEMA.get_or_init(|| {
            let mut problems = Vec::new();
            let files = Files::read(BUILT_IN, &[], &mut problems);
            assert!(problems.is_empty(), "the schema files in core/schema are checked by a test: {problems:?}");
            Self::of(SCHEMA_VERSION, &files)
        })
    }

    /// Reads schema files and checks them against each other; every problem at once.
    pub fn parse(version: u32, files: SchemaFiles<'_>) -> Result<Self, Vec<SchemaError>> {
        Self::check(version, files, &[])
    }

    /// The schema that ships with this build, with a county's files, (name, text) each: kinds of its own, kinds that ship
    /// with more fields, more code lists and checklists, another table of access. Everything is checked together, and the
    /// county's files against what ships: they may not widen an audience, nor take away what records hold.
    pub fn with_county(version: u32, county: &[(&str, &str)]) -> Result<Self, Vec<SchemaError>> {
        Self::check(version, BUILT_IN, county)
    }

    fn check(version: u32, files: SchemaFiles<'_>, county: &[(&str, &str)]) -> Result<Self, Vec<SchemaError>> {
        let mut problems = Vec::new();
        let files = Files::read(files, county, &mut problems);
        let schema = Self::of(version, &files);
        // What was slipped in an entry is stood in for, and the rest is judged all the same; not so where a whole file is
        // lacking, for then everything that names it would be blamed.
        if problems.iter().all(|problem| problem.rule != "syntax") {
            lint::check(&schema, &files, &mut problems);
            if !county.is_empty() {
                lint::check_county(Self::built_in(), &schema, &files, &mut problems);
            }
        }
        problems.sort();
        problems.dedup();
        if problems.is_empty() { Ok(schema) } else { Err(problems) }
    }

    fn of(version: u32, files: &Files<'_>) -> Self {
        let lists = files.lists.iter().flat_map(|source| &source.value);
        let mut lists: BTreeMap<_, _> = lists.map(|list| (list.name.clone(), list.clone())).collect();
        let mut checklists = Checklists::default();
        for source in &files.checklists {
            checklists.extend(&source.value);
        }
        // What a check stores is a code like any other: of the list of checklists, and of the list of their items.
        for list in checklists.code_lists() {
            lists.insert(list.name.clone(), list);
        }
        Self {
            version,
            kinds: files.kinds.iter().map(|kind| (kind.value.name.clone(), kind.value.clone())).collect(),
            lists,
            access: files.access.value.clone(),
            checklists,
            flows: files.flows.value.clone(),
            attachment: files.attachment.value.clone(),
            digest: files.digest,
        }
    }
}

/// What a county's file was understood to say, in a few words.
pub fn understood(schema: &Schema, text: &str) -> Label {
    let mut none = Vec::new();
    let mut files =
        Files::read(SchemaFiles { kinds: &[], lists: "", access: "", checklists: "", flows: "" }, &[], &mut none);
    files.lists.clear();
    files.checklists.clear();
    files.add("", text, &mut none);
    let built_in = Schema::built_in();
    if let Some(kind) = files.kinds.first().map(|source| &source.value) {
        let known = built_in.kinds.get(&kind.name);
        let new = kind.fields.iter().filter(|f| known.is_none_or(|k| k.fields.iter().all(|old| old.key != f.key)));
        let (count, new) = (kind.fields.len(), new.count());
        let (zh, en) =
            if known.is_some() { ("已有类型", "a kind that ships") } else { ("新类型", "a new kind") };
        return Label {
            zh: format!("{zh}“{}”（{}）：{count}个字段，新增{new}个", kind.zh, kind.name),
            en: format!("{en}, {} ({}): {count} fields, {new} new", kind.en, kind.name),
        };
    }
    if let Some(lists) = files.lists.first().map(|source| &source.value) {
        let names: Vec<_> = lists.iter().map(|list| list.name.as_str()).collect();
        let names = names.join(", ");
        return Label { zh: format!("代码表：{names}"), en: format!("code lists: {names}") };
    }
    if let Some(lists) = files.checklists.first().map(|source| &source.value) {
        let (items, lists) = (lists.items.len(), lists.lists.len());
        return Label {
            zh: format!("检查表{lists}张，检查项{items}项"),
            en: format!("{lists} checklists, {items} items"),
        };
    }
    let (zh, en) = if files.access.county {
        (format!("接收和填写权限，{}个角色", schema.access.receive.len()), "who receives and who writes")
    } else {
        (format!("办理流程，{}条", schema.flows.all.len()), "flows")
    };
    Label { zh, en: en.to_owned() }
}

/// Names and lengths go in, so that no two sets of files give the same bytes; the order of the kinds does not count.
fn digest(files: SchemaFiles<'_>, county: &[(&str, &str)]) -> [u8; 32] {
    let mut all: Vec<(&str, &str, &str)> = files.kinds.iter().map(|(name, text)| ("", *name, *text)).collect();
    let rest = [(LISTS, files.lists), (ACCESS, files.access), (CHECKLISTS, files.checklists), (FLOWS, files.flows)];
    all.extend(rest.map(|(name, text)| ("", name, text)));
    // A county's file counts by what it says, wherever it lay when it was read.
    all.extend(county.iter().map(|(_, text)| ("county", "", *text)));
    all.sort_unstable();
    let mut sha = Sha256::new();
    for part in all.into_iter().flat_map(|(whose, name, text)| [whose, name, text]) {
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part);
    }
    sha.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_files_load() {
        let schema = Schema::parse(SCHEMA_VERSION, BUILT_IN);
        let schema = schema.unwrap_or_else(|problems| panic!("{problems:#?}"));
        assert_eq!(schema.kinds.len() + 1, BUILT_IN.kinds.len());
    }
}
