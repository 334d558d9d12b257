//! What places and rented homes are checked for (`core/schema/checklists.toml`).

use serde::{Deserialize, Serialize};

use super::schema::{Code, CodeList};

/// Name of the code list that holds every checklist in every version, as `name@version`.
pub const CHECKLIST: &str = "checklist";
/// Name of the code list that holds every item.
pub const CHECK_ITEM: &str = "check_item";

/// Items, and the lists that ask for them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checklists {
    /// Every item once.
    #[serde(rename = "item", default)]
    pub items: Vec<CheckItem>,
    /// The lists.
    #[serde(rename = "checklist", default)]
    pub lists: Vec<Checklist>,
}

/// One thing that is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckItem {
    /// Its code, never reused.
    pub code: String,
    /// Chinese, as what is true when it passes.
    pub zh: String,
    /// English.
    pub en: String,
    /// Category of the hazard that is offered when it fails, a code of the list `hazard`.
    #[serde(default)]
    pub suggests: Option<String>,
}

/// What a kind of place is checked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checklist {
    /// Its name.
    pub name: String,
    /// Counts up with every change of the items.
    pub version: u32,
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
    /// Kinds of place that it is for, codes of the list `place`.
    #[serde(default)]
    pub places: Vec<String>,
    /// Homes that it is for, codes of the list `tenure`.
    #[serde(default)]
    pub tenures: Vec<String>,
    /// After so many days the next check is due; none where nobody has to come again.
    #[serde(default)]
    pub cycle_days: Option<u16>,
    /// Codes of its items, in the order of the form.
    pub items: Vec<String>,
    /// First day of use.
    #[serde(default)]
    pub from: Option<String>,
    /// Last day of use; checks made by it are still understood.
    #[serde(default)]
    pub until: Option<String>,
}

impl Checklist {
    /// How a check names it: `small_shop@1`.
    pub fn code(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }
}

impl Checklists {
    /// The list of a code such as `small_shop@1`.
    pub fn list(&self, code: &str) -> Option<&Checklist> {
        self.lists.iter().find(|list| list.code() == code)
    }
    /// The item of a code.
    pub fn item(&self, code: &str) -> Option<&CheckItem> {
        self.items.iter().find(|item| item.code == code)
    }
    /// Takes up what another file adds: an item of the same code and a list of the same name and version take the place
    /// of the first.
    pub(super) fn extend(&mut self, more: &Self) {
        self.items.retain(|item| more.item(&item.code).is_none());
        self.items.extend_from_slice(&more.items);
        self.lists.retain(|list| more.list(&list.code()).is_none());
        self.lists.extend_from_slice(&more.lists);
    }
    /// The newest list for a kind of place.
    pub fn for_place(&self, place: &str) -> Option<&Checklist> {
        self.lists.iter().filter(|list| list.places.iter().any(|p| p == place)).max_by_key(|list| list.version)
    }
    /// The newest list for homes of a tenure.
    pub fn for_tenure(&self, tenure: &str) -> Option<&Checklist> {
        self.lists.iter().filter(|list| list.tenures.iter().any(|t| t == tenure)).max_by_key(|list| list.version)
    }
    /// The same as code lists, so that checks are validated, shown and exported like everything else.
    pub(super) fn code_lists(&self) -> [CodeList; 2] {
        let code = |code: String, zh: &str, en: &str, from: &Option<String>, until: &Option<String>| Code {
            code,
            zh: zh.to_owned(),
            en: en.to_owned(),
            rank: 0,
            days: None,
            from: from.clone(),
            until: until.clone(),
            into: None,
            also: Vec::new(),
        };
        let version = self.lists.iter().map(|list| list.version).max().unwrap_or(1);
        let list = |name: &str, zh: &str, en: &str, codes| CodeList {
            name: name.to_owned(),
            zh: zh.to_owned(),
            en: en.to_owned(),
            version,
            codes,
        };
        let lists = self.lists.iter().map(|l| code(l.code(), &l.zh, &l.en, &l.from, &l.until)).collect();
        let items = self.items.iter().map(|i| code(i.code.clone(), &i.zh, &i.en, &None, &None)).collect();
        [list(CHECKLIST, "检查表", "Checklists", lists), list(CHECK_ITEM, "检查项", "Items of checks", items)]
    }
}
