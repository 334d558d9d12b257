//! The schema files: which there are, and how a schema is read from their texts.

use std::collections::BTreeMap;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{
    checklists::Checklists,
    flow::Flows,
    lint,
    schema::{Access, CodeList, Kind, Part, Schema, SchemaError},
};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListsFile {
    list: Vec<CodeList>,
}

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

/// What the files say, before anything in it is compared.
struct Files {
    kinds: Vec<(String, Kind)>,
    lists: Vec<CodeList>,
    access: Access,
    checklists: Checklists,
    flows: Flows,
    attachment: Option<Part>,
    digest: [u8; 32],
}

impl Files {
    fn read(files: SchemaFiles<'_>, problems: &mut Vec<SchemaError>) -> Self {
        let mut attachment = None;
        let mut kinds = Vec::new();
        for (file, text) in files.kinds {
            if *file == ATTACHMENT {
                attachment = toml_of(file, text, problems);
            } else {
                kinds.extend(toml_of(file, text, problems).map(|kind| ((*file).to_owned(), kind)));
            }
        }
        Self {
            kinds,
            lists: toml_of::<ListsFile>(LISTS, files.lists, problems).unwrap_or_default().list,
            access: toml_of(ACCESS, files.access, problems).unwrap_or_default(),
            checklists: toml_of(CHECKLISTS, files.checklists, problems).unwrap_or_default(),
            flows: toml_of(FLOWS, files.flows, problems).unwrap_or_default(),
            attachment,
            digest: digest(files),
        }
    }
}

fn toml_of<T: serde::de::DeserializeOwned>(file: &str, text: &str, problems: &mut Vec<SchemaError>) -> Option<T> {
    toml::from_str(text).map_err(|error| problems.push(syntax(file, &error))).ok()
}

impl Schema {
    /// The schema that ships with this build. Its files are checked by a test, so that a phone need not check them again
    /// each time it starts.
    pub fn built_in() -> &'static Self {
        static SCHEMA: std::sync::OnceLock<Schema> = std::sync::OnceLock::new();
        SCHEMA.get_or_init(|| {
            let mut problems = Vec::new();
            let files = Files::read(BUILT_IN, &mut problems);
            assert!(problems.is_empty(), "the schema files in core/schema are checked by a test: {problems:?}");
            Self::of(SCHEMA_VERSION, files)
        })
    }

    /// Reads schema files and checks them against each other; every problem at once.
    pub fn parse(version: u32, files: SchemaFiles<'_>) -> Result<Self, Vec<SchemaError>> {
        let mut problems = Vec::new();
        let files = Files::read(files, &mut problems);
        // What files say of each other can be judged only when all of them could be read.
        let complete = problems.is_empty();
        lint::check_lists(&files.lists, &mut problems);
        lint::check_names(&files.kinds, &mut problems);
        let schema = Self::of(version, files);
        if complete {
            lint::check(&schema, &mut problems);
        }
        if problems.is_empty() { Ok(schema) } else { Err(problems) }
    }

    fn of(version: u32, files: Files) -> Self {
        let mut lists: BTreeMap<_, _> = files.lists.into_iter().map(|list| (list.name.clone(), list)).collect();
        // What a check stores is a code like any other: of the list of checklists, and of the list of their items.
        for list in files.checklists.code_lists() {
            lists.insert(list.name.clone(), list);
        }
        Self {
            version,
            kinds: files.kinds.into_iter().map(|(_, kind)| (kind.name.clone(), kind)).collect(),
            lists,
            access: files.access,
            checklists: files.checklists,
            flows: files.flows,
            attachment: files.attachment.unwrap_or_default(),
            digest: files.digest,
        }
    }
}

/// Names and lengths go in, so that no two sets of files give the same bytes; the order of the kinds does not count.
fn digest(files: SchemaFiles<'_>) -> [u8; 32] {
    let mut all = files.kinds.to_vec();
    all.extend([(LISTS, files.lists), (ACCESS, files.access), (CHECKLISTS, files.checklists), (FLOWS, files.flows)]);
    all.sort_unstable();
    let mut sha = Sha256::new();
    for part in all.into_iter().flat_map(|(name, text)| [name, text]) {
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part);
    }
    sha.finalize().into()
}

fn syntax(file: &str, error: &toml::de::Error) -> SchemaError {
    SchemaError {
        file: file.to_owned(),
        zh: format!("文件写法有误：{}", error.message()),
        en: format!("cannot be read: {error}"),
    }
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
