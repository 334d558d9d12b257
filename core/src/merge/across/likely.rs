//! While somebody types: records of these grids that what is typed may already be.

use std::{collections::BTreeMap, rc::Rc};

use super::{
    ground::{Around, Ground},
    keys,
    pairs::{self, Alike},
    seen::{Facts, Seen},
};
use crate::model::{FieldType, Kind, Member, Millis, RecordId, Rule, Schema, Scope, Value, pinyin, text};

/// At most so many: a screen shows a handful.
const MOST: usize = 10;

/// A record that what is typed may already be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Likely {
    /// The record; of aliases their head.
    pub record: RecordId,
    /// How sure it is, from 1 (worth a look) to 9 (the same number).
    pub weight: u8,
    /// Its name in a list, Chinese.
    pub name: String,
    /// Why, in Chinese.
    pub zh: String,
    /// Why, in English.
    pub en: String,
}

/// What is typed so far of a new record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// Values by field; of a set one text each. A person's door may be given as `dwelling`.
    pub values: Vec<(String, Value)>,
    /// Grid of the new record.
    pub scope: Scope,
    /// Now: the time of a report that does not say when it was found.
    pub now: Millis,
}

/// Likely duplicates of what is typed, surest first; ties by record.
pub fn likely(schema: &Schema, around: &dyn Around, kind: &Kind, typed: &Typed) -> Vec<Likely> {
    let ground = Ground::new(schema, around);
    let new = draft(kind, typed);
    let door = typed.values.iter().find(|(field, _)| field == "dwelling" && kind.name.0 == "resident");
    let door = door.and_then(|(_, value)| value.text()?.parse::<RecordId>().ok()).map(|home| ground.head_of(&home));
    let mut found: BTreeMap<RecordId, Alike> = BTreeMap::new();
    let mut add = |other: &Rc<Seen>, alike: Option<Alike>| {
        let Some(alike) = alike else { return };
        let known = found.get(&other.record);
        if known.is_none_or(|known| known.weight < alike.weight) {
            found.insert(other.record, alike);
        }
    };
    for other in ground.sharing(&new) {
        let alike = match kind.name.0.as_str() {
            "resident" => person(&ground, &new, &other, door),
            "place" => pairs::place_alike(&new, &other),
            "dwelling" => home(&new, &other),
            _ => pairs::hazard_alike(&ground, &new, &other),
        };
        add(&other, alike);
    }
    if let Some(door) = door.and_then(|home| ground.plain(&home)) {
        for other in pairs::people(&ground, &door).iter().filter_map(|person| ground.head(person)) {
            add(&other, person(&ground, &new, &other, Some(door.record)));
        }
    }
    let mut out: Vec<Likely> = found
        .into_iter()
        .filter_map(|(record, alike)| {
            let name = ground.name(&*ground.plain(&record)?).zh;
            Some(Likely { record, weight: alike.weight, name, zh: alike.why.zh, en: alike.why.en })
        })
        .collect();
    out.sort_by(|a, b| (b.weight, a.record).cmp(&(a.weight, b.record)));
    out.truncate(MOST);
    out
}

/// What is typed, as if it were a record.
fn draft(kind: &Kind, typed: &Typed) -> Seen {
    let mut facts = Facts::default();
    for (key, value) in &typed.values {
        let Some(field) = kind.field(key).filter(|_| !value.is_null()) else { continue };
        if field.rule == Rule::Set {
            let text = Member::from_value(value).map(|member| member.text).or_else(|| value.text().map(str::to_owned));
            facts.members.entry(key.clone()).or_default().extend(text);
        } else {
            facts.values.insert(key.clone(), tidy(field.value_type, value));
        }
    }
    if kind.name.0 == "event" && !facts.values.contains_key("found_at") {
        facts.values.insert("found_at".to_owned(), Value::Int(typed.now.0));
    }
    Seen { record: RecordId([0; 16]), kind: kind.name.clone(), scope: typed.scope.clone(), facts }
}

fn tidy(kind: FieldType, value: &Value) -> Value {
    let typed = value.text().unwrap_or_default();
    let tidied = match kind {
        FieldType::Phone => text::phone(typed),
        FieldType::Date => text::date(typed),
        _ => None,
    };
    tidied.map_or_else(|| value.clone(), Value::Text)
}

/// Why a person who is typed may be one who is here. Besides what makes an item, a name and a birth, or a name at one
/// door, are worth a look while it costs nothing.
fn person(ground: &Ground<'_>, new: &Seen, other: &Seen, door: Option<RecordId>) -> Option<Alike> {
    let by_values = pairs::same_by_values(new, other);
    if by_values.as_ref().is_some_and(|alike| alike.weight == 9) {
        return by_values;
    }
    let here = door.is_some_and(|door| {
        let home = ground.plain(&door);
        home.is_some_and(|home| pairs::people(ground, &home).iter().any(|id| ground.head_of(id) == other.record))
    });
    let (name_new, name_other) = (text::name(new.text("name")), text::name(other.text("name")));
    let one_sound = !name_new.is_empty() && pinyin::of_name(&name_new) == pinyin::of_name(&name_other);
    let births = pairs::one_name_and_birth(new, other);
    let close = match (births, here, one_sound) {
        (true, true, _) => Some((8, "姓名、出生日期、住址相同", "one name, birth date and door")),
        (true, false, _) => Some((5, "姓名、出生日期相同", "one name and birth date")),
        (false, true, true) if pairs::births_agree(new, other) => {
            Some((4, "同一住处，姓名相同或同音", "one door, and names that are or sound the same"))
        }
        (false, _, true) if pairs::births_agree(new, other) && !new.text("birth_date").is_empty() => {
            Some((3, "姓名同音、出生年月相同", "names of one sound, one month of birth"))
        }
        _ => None,
    };
    let close = close.map(|(weight, zh, en)| Alike::new(weight, zh, en, &[]));
    by_values.into_iter().chain(close).max_by_key(|alike| alike.weight)
}

fn home(new: &Seen, other: &Seen) -> Option<Alike> {
    let one_door = keys::door(new).is_some_and(|door| Some(door) == keys::door(other));
    if one_door {
        return Some(Alike::new(9, "同一门牌", "one door", &[]));
    }
    pairs::dwelling_alike(new, other)
}
