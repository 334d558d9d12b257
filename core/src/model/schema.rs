//! The schema is data: one file a record kind, one for code lists, one for access (DESIGN 3).
//!
//! Phone forms, console, validation, merge, access, export and docs all read what stands here; nothing about a field is
//! written in code.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    ids::{Audience, KindName, Role},
    lint,
};

/// Text in both languages; Chinese is the first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// The type of a field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// Free text.
    Text,
    /// Whole number.
    Int,
    /// Yes or no.
    Bool,
    /// `YYYY-MM-DD`, or `YYYY-MM` where the day is not known.
    Date,
    /// A code of `list`.
    Code,
    /// Telephone number, digits only.
    Phone,
    /// Citizen identity number (GB 11643).
    IdNumber,
    /// The id of another record, of kind `kind`.
    Ref,
    /// Milliseconds since 1970 UTC.
    Time,
    /// 1e-7 degree (WGS-84 / CGCS2000).
    Degree,
    /// A position as one text, so that its parts never come from two observations: `lat,lon,crs,accuracy_m`, degrees in
    /// units of 1e-7, a code of the list `crs`, whole metres or nothing where the accuracy is not known.
    Point,
    /// Unified social credit code (GB 32100).
    Uscc,
    /// Region code: 6, 9, 12 or 15 digits (DOMAIN 3.7).
    Region,
}

/// The merge rule of a field (DESIGN 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Fixed after creation.
    Immutable,
    /// Latest observation.
    Latest,
    /// Keep all, a person decides.
    KeepBoth,
    /// Higher source first.
    Authority,
    /// The safer value until a role that may lower it does.
    Safer,
    /// The position of smaller error.
    Sharper,
    /// Add-wins members with dated removal.
    Set,
    /// Append only.
    Log,
    /// Set by the outcomes of commands alone.
    Command,
}

/// Whether the world changes the value, or only our knowledge of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A telephone, a gas hose: a later observation is better.
    #[default]
    Changing,
    /// A name, a birth date: two values mean that one is wrong.
    Fixed,
}

/// One field of a record kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its key in documents: lower-case ASCII, at most 32 characters.
    pub key: String,
    /// Chinese label.
    pub zh: String,
    /// English label.
    pub en: String,
    /// Type of the value (of a member, where the rule is `set`).
    #[serde(rename = "type")]
    pub value_type: FieldType,
    /// Name of the code list, for codes.
    #[serde(default)]
    pub list: Option<String>,
    /// Kind of the record referred to.
    #[serde(default)]
    pub kind: Option<String>,
    /// Must be there before a form can be submitted.
    #[serde(default)]
    pub required: bool,
    /// Written by the server alone.
    #[serde(default)]
    pub server: bool,
    /// Who receives it.
    pub audience: Audience,
    /// Merge rule.
    pub rule: Rule,
    /// Changing or fixed.
    #[serde(default)]
    pub fact: Fact,
    /// Who may write it; empty: every role that may write the kind and receives the audience.
    #[serde(default)]
    pub write: Vec<Role>,
    /// Who may decide between contested values.
    #[serde(default)]
    pub decide: Vec<Role>,
    /// Who may lower a `safer` value.
    #[serde(default)]
    pub lower: Vec<Role>,
    /// Where this is a main value, the set that its value also joins.
    #[serde(default)]
    pub joins: Option<String>,
    /// For `safer`: values of this code-list rank or more suggest a hazard of this category.
    #[serde(default)]
    pub suggests: Option<Suggest>,
    /// Longest text in characters.
    #[serde(default)]
    pub max: Option<u32>,
    /// How long it is kept, in the words of the retention list (DOMAIN 3.9).
    pub retain: String,
    /// What it is collected for.
    pub purpose: String,
}

/// A dangerous value that suggests a hazard report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suggest {
    /// Rank in the code list from which on it is suggested.
    pub from_rank: u8,
    /// Category of the hazard, a code of the list `hazard`.
    pub category: String,
}

/// One kind of record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Its name.
    pub name: KindName,
    /// Chinese label.
    pub zh: String,
    /// English label.
    pub en: String,
    /// Fields that together name a record in a list.
    pub title: Vec<String>,
    /// Only the server writes records of this kind.
    #[serde(default)]
    pub server: bool,
    /// The fields, in the order of the form.
    #[serde(rename = "field", default)]
    pub fields: Vec<Field>,
}

impl Kind {
    /// The field of a key; `phones/ab12` belongs to `phones`.
    pub fn field(&self, key: &str) -> Option<&Field> {
        let base = base_key(key);
        self.fields.iter().find(|f| f.key == base)
    }
    /// The audiences in which this kind has a document.
    pub fn audiences(&self) -> Vec<Audience> {
        let mut all: Vec<_> = self.fields.iter().map(|f| f.audience).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// The field that a document key belongs to.
pub fn base_key(key: &str) -> &str {
    key.split_once('/').map_or(key, |(base, _)| base)
}

/// One code of a list. Codes are never reused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// The code as stored.
    pub code: String,
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
    /// For `safer`: the higher, the more dangerous, the longer, the more alive.
    #[serde(default)]
    pub rank: u8,
    /// First day of use.
    #[serde(default)]
    pub from: Option<String>,
    /// Last day of use; still understood after.
    #[serde(default)]
    pub until: Option<String>,
    /// Other words that ledgers use for it.
    #[serde(default)]
    pub also: Vec<String>,
}

/// A list of codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeList {
    /// Its name.
    pub name: String,
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
    /// The codes in the order of the form.
    #[serde(rename = "code")]
    pub codes: Vec<Code>,
}

impl CodeList {
    /// The entry of a code.
    pub fn get(&self, code: &str) -> Option<&Code> {
        self.codes.iter().find(|c| c.code == code)
    }
    /// The code for a word of a ledger: its code, a label, or another word for it.
    pub fn find_word(&self, word: &str) -> Option<&Code> {
        self.codes.iter().find(|c| c.code == word || c.zh == word || c.en == word || c.also.iter().any(|a| a == word))
    }
}

/// Who receives and who writes: one table for phone, server and console.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// Audiences that the phones or desks of a role receive.
    pub receive: BTreeMap<Role, Vec<Audience>>,
    /// Kinds that a role may write; `*` is every kind that is not the server's alone.
    pub write: BTreeMap<Role, Vec<String>>,
}

/// Everything that schema files say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// Its version; an input of the resolver.
    pub version: u32,
    /// Kinds by name.
    pub kinds: BTreeMap<KindName, Kind>,
    /// Code lists by name.
    pub lists: BTreeMap<String, CodeList>,
    /// Who receives and writes.
    pub access: Access,
    /// SHA-256 over the texts of the files it was read from.
    pub digest: [u8; 32],
}

/// What is wrong in a schema file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {zh} / {en}")]
pub struct SchemaError {
    /// File name.
    pub file: String,
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListsFile {
    list: Vec<CodeList>,
}

/// What the files say, before anything in it is compared.
struct Files {
    kinds: Vec<(String, Kind)>,
    lists: Vec<CodeList>,
    access: Access,
    digest: [u8; 32],
}

impl Files {
    fn read(kinds: &[(&str, &str)], lists: &str, access: &str, problems: &mut Vec<SchemaError>) -> Self {
        Self {
            lists: toml_of::<ListsFile>(LISTS, lists, problems).unwrap_or_default().list,
            access: toml_of(ACCESS, access, problems).unwrap_or_default(),
            kinds: kinds
                .iter()
                .filter_map(|(file, text)| Some(((*file).to_owned(), toml_of(file, text, problems)?)))
                .collect(),
            digest: digest(kinds, lists, access),
        }
    }
}

fn toml_of<T: serde::de::DeserializeOwned>(file: &str, text: &str, problems: &mut Vec<SchemaError>) -> Option<T> {
    toml::from_str(text).map_err(|error| problems.push(syntax(file, &error))).ok()
}

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        &[$((concat!($name, ".toml"), include_str!(concat!("../../schema/", $name, ".toml")))),*]
    };
}

/// The kinds that ship with the core.
const KIND_FILES: &[(&str, &str)] = built_in!(
    "region",
    "building",
    "dwelling",
    "household",
    "resident",
    "membership",
    "residence",
    "care",
    "place",
    "visit",
    "hazard",
);
pub(super) const LISTS: &str = "codes.toml";
pub(super) const ACCESS: &str = "access.toml";
const LISTS_FILE: &str = include_str!("../../schema/codes.toml");
const ACCESS_FILE: &str = include_str!("../../schema/access.toml");

/// Version of the schema files in this build.
pub const SCHEMA_VERSION: u32 = 1;

impl Schema {
    /// The schema that ships with this build. Its files are checked by a test, so that a phone need not check them again
    /// each time it starts.
    pub fn built_in() -> &'static Self {
        static SCHEMA: std::sync::OnceLock<Schema> = std::sync::OnceLock::new();
        SCHEMA.get_or_init(|| {
            let mut problems = Vec::new();
            let files = Files::read(KIND_FILES, LISTS_FILE, ACCESS_FILE, &mut problems);
            assert!(problems.is_empty(), "the schema files in core/schema are checked by a test: {problems:?}");
            Self::of(SCHEMA_VERSION, files)
        })
    }

    /// Reads schema files and checks them against each other; every problem at once.
    pub fn parse(version: u32, kinds: &[(&str, &str)], lists: &str, access: &str) -> Result<Self, Vec<SchemaError>> {
        let mut problems = Vec::new();
        let files = Files::read(kinds, lists, access, &mut problems);
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
        Self {
            version,
            kinds: files.kinds.into_iter().map(|(_, kind)| (kind.name.clone(), kind)).collect(),
            lists: files.lists.into_iter().map(|list| (list.name.clone(), list)).collect(),
            access: files.access,
            digest: files.digest,
        }
    }

    /// SHA-256 over the texts of its files: the control log names a schema by version and hash.
    pub fn hash(&self) -> [u8; 32] {
        self.digest
    }
    /// A kind by name.
    pub fn kind(&self, name: &str) -> Option<&Kind> {
        self.kinds.get(&KindName(name.to_owned()))
    }
    /// The rank of a value in the field's code list; values out of the list rank 0.
    pub fn rank(&self, field: &Field, value: &super::change::Value) -> u8 {
        let code = value.text().unwrap_or_default();
        field.list.as_ref().and_then(|name| self.lists.get(name)).and_then(|list| list.get(code)).map_or(0, |c| c.rank)
    }
    /// What a screen shows for a value: the label of a code, otherwise the value itself.
    pub fn show(&self, field: &Field, value: &super::change::Value, zh: bool) -> String {
        let code = value.text().and_then(|text| self.lists.get(field.list.as_deref()?)?.get(text));
        match (code, value) {
            (Some(code), _) => {
                if zh {
                    code.zh.clone()
                } else {
                    code.en.clone()
                }
            }
            (None, super::change::Value::Bool(yes)) if !zh => if *yes { "yes" } else { "no" }.to_owned(),
            _ => value.to_string(),
        }
    }
}

/// Names and lengths go in, so that no two sets of files give the same bytes; the order of the kinds does not count.
fn digest(kinds: &[(&str, &str)], lists: &str, access: &str) -> [u8; 32] {
    let mut files = kinds.to_vec();
    files.extend([(LISTS, lists), (ACCESS, access)]);
    files.sort_unstable();
    let mut sha = Sha256::new();
    for part in files.into_iter().flat_map(|(name, text)| [name, text]) {
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
        let schema = Schema::parse(SCHEMA_VERSION, KIND_FILES, LISTS_FILE, ACCESS_FILE);
        let schema = schema.unwrap_or_else(|problems| panic!("{problems:#?}"));
        assert_eq!(schema.kinds.len(), KIND_FILES.len());
    }
}
