//! Rules over several records: one table, pure functions over views (DESIGN 4).
//!
//! **What a rule sees.** [`Seen`]: values in force of one record as its reader holds them, never a document. A phone that
//! does not receive an audience has none of its values, so that no rule of it can speak of them.
//!
//! **What an item is.** A subject (a home, a person, a pair), the other records it rests on, and one sentence. Its id is
//! made of the rule, the subjects and what is claimed of them (field, value, when it was last said). It rests on nothing
//! else: whoever holds all the records of an item has the item, under the same id. That a fuller view adds a record (a
//! second tenant of a vacant home) changes the sentence, not the id.
//!
//! **Upkeep.** An item depends on nothing but its own records, those they are aliases of and what they hold as keys. So
//! after a change of one record, [`review`] asks every rule for the subjects near it, and again for the subjects of the
//! items stored under it. The outcome is that of a computation from nothing, in whatever order records came.
//!
//! **How an item goes.** By ordinary acts: a changed tenure, a later confirmation of an end, two records named as
//! distinct, an alias, an event dispatched. Nothing is ever marked as done in a list of items.

mod changed;
mod ground;
mod homes;
mod keys;
mod likely;
mod pairs;
mod seen;
#[cfg(test)]
mod tests;
mod words;

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use changed::Changed;
pub use ground::Around;
pub use homes::current_stays;
pub use keys::keys;
pub use likely::{Likely, Typed, likely};
pub use seen::{Facts, Seen};

use crate::model::{RecordId, Schema};
use ground::Ground;
use words::Said;

/// Counts up when rules, facts or keys change their meaning, so that whoever keeps them makes them anew.
pub const EDITION: u32 = 1;

/// An item that concerns several records, or one record beside what others say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrossItem {
    /// Equal on every phone and on the server.
    pub id: [u8; 16],
    /// Name of its rule, see [`RULES`].
    pub rule: String,
    /// Every record it rests on, the subjects first, each once.
    pub records: Vec<RecordId>,
    /// Which statements it is about: record and field.
    pub about: Vec<(RecordId, String)>,
    /// One plain sentence in Chinese; people and homes by their names.
    pub zh: String,
    /// The same in English.
    pub en: String,
}

/// A rule over several records.
pub struct CrossRule {
    /// Its name.
    pub name: &'static str,
    /// Kinds of records whose change can make or clear its items; the subjects' kind first.
    pub kinds: &'static [&'static str],
    /// What it says, Chinese and English, with `{0}` … for names.
    pub say: (&'static str, &'static str),
    near: Near,
    find: Find,
}

/// The subjects near a record whose items may rest on it.
type Near = fn(&Ground<'_>, &Seen) -> Vec<RecordId>;
/// The items of one subject.
type Find = fn(&Ground<'_>, &Rc<Seen>) -> Vec<Found>;

/// What a rule found.
#[derive(Default)]
struct Found {
    /// One, or two of a pair.
    subjects: Vec<RecordId>,
    /// Statements about the subjects that make the item what it is.
    claims: Vec<(Rc<Seen>, &'static str)>,
    /// What else it rests on.
    others: Vec<RecordId>,
    /// Further statements worth showing.
    beside: Vec<(RecordId, &'static str)>,
    /// Words for the places of the sentence.
    words: Vec<Said>,
}

/// Every rule over several records.
pub const RULES: &[CrossRule] = &[
    CrossRule {
        name: "one_head",
        kinds: &["household", "membership", "resident", "dwelling"],
        say: (
            "{0}这一户登记的户主不止一位：{1}。请确认谁是户主。",
            "More than one head is on record for the household {0}: {1}. Please confirm who it is.",
        ),
        near: homes::households,
        find: homes::one_head,
    },
    CrossRule {
        name: "vacant_occupied",
        kinds: &["dwelling", "residence", "resident"],
        say: (
            "{0}记为空置，但{1}登记住在这里。请确认现在有没有人住。",
            "{0} is recorded as vacant, but {1} is registered there. Please confirm whether anybody lives there.",
        ),
        near: homes::dwellings,
        find: homes::vacant_occupied,
    },
    CrossRule {
        name: "newborn_pair",
        kinds: &["resident", "membership", "household", "dwelling"],
        say: (
            "{0}这一户登记了两个同月出生的孩子：{1}和{2}。请确认是同一个孩子还是双胞胎。",
            "Two children born in one month are on record for the household {0}: {1} and {2}. \
             Please confirm whether they are one child or twins.",
        ),
        near: pairs::people,
        find: pairs::newborn_pair,
    },
    CrossRule {
        name: "same_person",
        kinds: &["resident", "residence", "membership", "household", "dwelling"],
        say: (
            "{0}和{1}可能是同一个人：{2}。请当面核实。",
            "{0} and {1} may be one person: {2}. Please ask at the door.",
        ),
        near: pairs::people,
        find: pairs::same_person,
    },
    CrossRule {
        name: "same_place",
        kinds: &["place"],
        say: ("{0}和{1}可能是同一个场所：{2}。请核实。", "{0} and {1} may be one place: {2}. Please check."),
        near: pairs::itself,
        find: pairs::same_place,
    },
    CrossRule {
        name: "same_dwelling_unsure",
        kinds: &["dwelling"],
        say: (
            "“{0}”和“{1}”可能是同一扇门的两种写法。请核实。",
            "\"{0}\" and \"{1}\" may be one door written in two ways. Please check.",
        ),
        near: pairs::itself,
        find: pairs::same_dwelling,
    },
    CrossRule {
        name: "hazard_twice",
        kinds: &["event"],
        say: (
            "“{0}”和“{1}”可能是同一处隐患报了两次：{2}。可由镇街中心并案。",
            "\"{0}\" and \"{1}\" may be one hazard reported twice: {2}. The town centre may join them.",
        ),
        near: pairs::itself,
        find: pairs::hazard_twice,
    },
    CrossRule {
        name: "alive_after_dead",
        kinds: &["resident", "visit"],
        say: ("{0}在{1}被记为{2}，但{3}。请核实。", "{0} was recorded as {2} on {1}, but {3}. Please check."),
        near: homes::residents,
        find: homes::alive_after_dead,
    },
    CrossRule {
        name: "stay_ended_but_met",
        kinds: &["residence", "visit", "resident", "dwelling"],
        say: (
            "{0}在{1}的居住记为{2}结束，但{3}入户走访时在家见到本人，疑似仍居住。请确认。",
            "The stay of {0} at {1} is recorded as ended on {2}, but a visit on {3} met the person at home. \
             Please confirm.",
        ),
        near: homes::stays,
        find: homes::stay_ended_but_met,
    },
    CrossRule {
        name: "place_closed_but_checked",
        kinds: &["place", "inspection"],
        say: (
            "{0}记为{1}，但{2}仍做过检查。请确认是否还在营业。",
            "{0} is recorded as {1}, but was inspected on {2}. Please confirm whether it is open.",
        ),
        near: homes::places,
        find: homes::place_closed_but_checked,
    },
    CrossRule {
        name: "two_stays",
        kinds: &["resident", "residence", "dwelling"],
        say: (
            "{0}同时登记住在{1}。请确认现在住在哪里。",
            "{0} is registered as living at {1} at once. Please confirm where the person lives now.",
        ),
        near: homes::residents,
        find: homes::two_stays,
    },
];

/// The items in which a record takes part, in the order of the rules.
pub fn items(schema: &Schema, around: &dyn Around, record: &RecordId) -> Vec<CrossItem> {
    let ground = Ground::new(schema, around);
    let mut out: Vec<CrossItem> = Vec::new();
    for (rule, subject) in subjects(&ground, record) {
        for item in of_subject(&ground, rule, &subject) {
            if item.records.contains(record) && out.iter().all(|known| known.id != item.id) {
                out.push(item);
            }
        }
    }
    out
}

/// What lists call a record, in Chinese; empty where it is not here.
pub fn title(schema: &Schema, around: &dyn Around, record: &RecordId) -> String {
    let ground = Ground::new(schema, around);
    ground.head(record).map(|seen| ground.name(&seen).zh).unwrap_or_default()
}

/// The record that a record is an alias of, in the end; itself where it is of none.
pub fn head_of(schema: &Schema, around: &dyn Around, record: &RecordId) -> RecordId {
    Ground::new(schema, around).head_of(record)
}

/// Every alias of a head, by id.
pub fn aliases_of(schema: &Schema, around: &dyn Around, head: &RecordId) -> Vec<RecordId> {
    let ground = Ground::new(schema, around);
    ground.head(head).map_or_else(Vec::new, |seen| ground.group(&seen)[1..].to_vec())
}

/// Persons whose homes a record speaks of.
pub fn residents_near(schema: &Schema, around: &dyn Around, record: &RecordId) -> Vec<RecordId> {
    let ground = Ground::new(schema, around);
    let near = ground.head(record).map_or_else(Vec::new, |seen| homes::residents(&ground, &seen));
    near.iter().map(|person| ground.head_of(person)).collect()
}

/// What becomes of stored items after some records changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Review {
    /// Items to store anew under each of their records, in the place of the same id.
    pub put: Vec<CrossItem>,
    /// Items that are no more.
    pub gone: Vec<[u8; 16]>,
}

/// Brings items up to date after some records changed. `touched` holds each of them with what it said before, and also
/// the records that it was or is an alias of; `stored` gives the items under a record.
pub fn review(
    schema: &Schema,
    around: &dyn Around,
    touched: &BTreeMap<RecordId, Option<Seen>>,
    stored: &dyn Fn(&RecordId) -> Vec<CrossItem>,
) -> Review {
    let ground = Ground::new(schema, around);
    let mut old: BTreeMap<[u8; 16], CrossItem> = BTreeMap::new();
    let mut asked: BTreeSet<(usize, RecordId)> = BTreeSet::new();
    for (record, before) in touched {
        let now = subjects(&ground, record);
        // What it led to before may have asked because of it, or not asked because of it.
        let then = before.as_ref().map_or_else(Vec::new, |before| near(&ground, before, before));
        asked.extend(now.into_iter().chain(then).map(|(rule, subject)| (rule, subject.record)));
        for item in stored(record) {
            let rule = RULES.iter().position(|rule| rule.name == item.rule);
            asked.extend(rule.zip(item.records.first().copied()));
            old.insert(item.id, item);
        }
    }
    let mut rules_of: BTreeMap<RecordId, Vec<usize>> = BTreeMap::new();
    for (rule, subject) in &asked {
        rules_of.entry(*subject).or_default().push(*rule);
    }
    for (subject, rules) in rules_of {
        let of_rules = |item: &CrossItem| rules.iter().any(|rule| RULES[*rule].name == item.rule);
        let of_subject =
            stored(&subject).into_iter().filter(|item| item.records.first() == Some(&subject) && of_rules(item));
        old.extend(of_subject.map(|item| (item.id, item)));
    }
    let mut found: BTreeMap<[u8; 16], CrossItem> = BTreeMap::new();
    for (rule, subject) in asked {
        let Some(subject) = ground.head(&subject).filter(|seen| seen.record == subject) else { continue };
        found.extend(of_subject(&ground, rule, &subject).into_iter().map(|item| (item.id, item)));
    }
    let gone = old.keys().filter(|id| !found.contains_key(*id)).copied().collect();
    let put = found.into_values().filter(|item| old.get(&item.id) != Some(item)).collect();
    Review { put, gone }
}

/// Rules and subjects near a record, by the number of the rule.
fn subjects(ground: &Ground<'_>, record: &RecordId) -> Vec<(usize, Rc<Seen>)> {
    let (Some(plain), Some(head)) = (ground.plain(record), ground.head(record)) else { return Vec::new() };
    near(ground, &plain, &head)
}

/// The same where the record is at hand, and the head that speaks for it.
fn near(ground: &Ground<'_>, plain: &Seen, head: &Seen) -> Vec<(usize, Rc<Seen>)> {
    let mut out = Vec::new();
    for (number, rule) in RULES.iter().enumerate().filter(|(_, rule)| rule.kinds.contains(&plain.kind.0.as_str())) {
        let near: BTreeSet<RecordId> = (rule.near)(ground, head).iter().map(|id| ground.head_of(id)).collect();
        out.extend(near.iter().filter_map(|id| ground.plain(id)).map(|subject| (number, subject)));
    }
    out
}

fn of_subject(ground: &Ground<'_>, rule: usize, subject: &Rc<Seen>) -> Vec<CrossItem> {
    let rule = &RULES[rule];
    let fits = rule.kinds[0] == subject.kind.0;
    let found = if fits { (rule.find)(ground, subject) } else { Vec::new() };
    found.into_iter().map(|found| item(ground, rule, found)).collect()
}

fn item(ground: &Ground<'_>, rule: &CrossRule, found: Found) -> CrossItem {
    let mut subjects = found.subjects;
    subjects.sort_unstable();
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    part(rule.name.as_bytes());
    for record in &subjects {
        part(&record.0);
    }
    for (seen, field) in &found.claims {
        part(&seen.record.0);
        part(field.as_bytes());
        part(seen.facts.values.get(*field).map(ToString::to_string).unwrap_or_default().as_bytes());
        part(&seen.said(field).map_or(0, |at| at.0).to_be_bytes());
    }
    let digest = hash.finalize();
    let mut records = Vec::new();
    for record in subjects.into_iter().chain(found.others) {
        if !records.contains(&record) {
            records.push(record);
        }
    }
    // What leads to a head by way of an alias rests on the alias as well.
    let through: BTreeSet<RecordId> =
        records.iter().flat_map(|record| ground.aliases_on_the_way(record, &records)).collect();
    let through: Vec<_> = through.into_iter().filter(|alias| !records.contains(alias)).collect();
    records.extend(through);
    let about = found.claims.iter().map(|(seen, field)| (seen.record, *field)).chain(found.beside);
    let said = Said::fill(rule.say, &found.words);
    CrossItem {
        id: std::array::from_fn(|at| digest[at]),
        rule: rule.name.to_owned(),
        records,
        about: about.map(|(record, field)| (record, field.to_owned())).collect(),
        zh: said.zh,
        en: said.en,
    }
}
