//! Dictionaries that a story puts beside the one that ships: an older one, or one in which a code went out of use.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use sha2::{Digest as _, Sha256};
use wangge_core::model::{Code, Field, KindName, Rule, Schema};

use super::file::{Dictionary, Scenario};
use crate::calendar;

/// The dictionaries of a story by name; `""` is the one that ships.
#[derive(Debug)]
pub struct Dictionaries(BTreeMap<String, &'static Schema>);

impl Dictionaries {
    /// Those of a file.
    pub fn of(scenario: &Scenario) -> Result<Self, String> {
        let mut all = BTreeMap::from([(String::new(), Schema::built_in())]);
        for (name, written) in &scenario.dictionary {
            all.insert(name.clone(), edition(written)?);
        }
        Ok(Self(all))
    }

    /// The dictionary of a name; the one that ships where there is no name.
    pub fn get(&self, name: Option<&str>) -> Option<&'static Schema> {
        self.0.get(name.unwrap_or_default()).copied()
    }
}

fn edition(written: &Dictionary) -> Result<&'static Schema, String> {
    let unknown = |what: &str| format!("字典里没有 {what} / no {what} in the dictionary");
    let mut schema = Schema::built_in().clone();
    schema.version = written.version;
    // The digest names the text of files; this edition has none, so it says what was changed.
    let said = format!("{written:?}");
    schema.digest = Sha256::digest(said.as_bytes()).into();
    for key in &written.without {
        let known = match key.split_once('.') {
            Some((kind, field)) => schema.kinds.values_mut().find(|known| known.name.0 == kind).is_some_and(|known| {
                let before = known.fields.len();
                known.fields.retain(|one| one.key != field);
                known.fields.len() < before
            }),
            None => schema.kinds.remove(&key.as_str().into()).is_some(),
        };
        if !known {
            return Err(unknown(key));
        }
    }
    for one in &written.retired {
        let list = schema.lists.get_mut(&one.list).ok_or_else(|| unknown(&one.list))?;
        let into = one.into.as_ref().map(|word| list.find_word(word).ok_or_else(|| unknown(word)));
        let into = into.transpose()?.map(|code| code.code.clone());
        let code = list.codes.iter_mut().find(|code| code.zh == one.code).ok_or_else(|| unknown(&one.code))?;
        (code.until, code.into) = (calendar::day(&one.until), into);
    }
    for one in &written.codes {
        let list = schema.lists.get_mut(&one.list).ok_or_else(|| unknown(&one.list))?;
        let like = list.codes.first().ok_or_else(|| unknown(&one.list))?;
        list.codes.push(Code { code: one.code.clone(), zh: one.zh.clone(), en: one.code.clone(), ..like.clone() });
    }
    for key in &written.free {
        let named = key.split_once('.');
        let kind = named.and_then(|(kind, _)| schema.kinds.get_mut(&KindName::from(kind)));
        let field = kind.and_then(|kind| kind.fields.iter_mut().find(|field| named.is_some_and(|n| n.1 == field.key)));
        set_free(field.ok_or_else(|| unknown(key))?);
    }
    Ok(kept(schema))
}

/// Takes away what a field asks of its writers, so that the program lets pass what the county must not.
fn set_free(field: &mut Field) {
    field.server = false;
    (field.min, field.max) = (None, None);
    field.write.clear();
    field.decide.clear();
    field.by_command.clear();
    if field.rule == Rule::Command {
        field.rule = Rule::Latest;
    }
}

/// Facade and county hold their schema for the life of the process, as a program does; equal editions are kept once.
fn kept(schema: Schema) -> &'static Schema {
    static KEPT: Mutex<Vec<&'static Schema>> = Mutex::new(Vec::new());
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept.iter().find(|known| ***known == schema) {
        return known;
    }
    let schema: &'static Schema = Box::leak(Box::new(schema));
    kept.push(schema);
    schema
}
