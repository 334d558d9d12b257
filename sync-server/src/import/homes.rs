//! Buildings, doors and households from the addresses of a ledger: the same door is the same dwelling.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use wangge_core::model::{Address, Scope};

use super::{
    ledger::{HEAD, Id, Person},
    pairs::{Likeness, Pairs},
    plan::{Alike, Key, Planned, Planner, values},
};

/// What has been formed so far.
#[derive(Default)]
pub(super) struct Homes {
    /// Record of each building by its key; absent where the register of its grid does not have it.
    buildings: BTreeMap<String, Option<usize>>,
    /// Grids that handed over a register of buildings.
    registered: BTreeSet<Scope>,
    doors: BTreeMap<String, Door>,
}

struct Door {
    dwelling: usize,
    household: usize,
    /// The person of the head: the first row that says so.
    head: Option<usize>,
}

impl Homes {
    /// The record of a building, if there is one.
    pub fn building(&self, key: &str) -> Option<usize> {
        self.buildings.get(key).copied().flatten()
    }
    /// Notes a building of the register; false where it stands there already.
    pub fn register(&mut self, grid: &Scope, key: &str, record: usize) -> bool {
        self.registered.insert(grid.clone());
        match self.buildings.entry(key.to_owned()) {
            Entry::Vacant(slot) => slot.insert(Some(record)).is_some(),
            Entry::Occupied(_) => false,
        }
    }

    /// Makes the records of all persons with their homes; the number of each person's record.
    pub fn form(&mut self, planner: &mut Planner<'_>, persons: &[Person], pairs: &Pairs) -> Vec<usize> {
        let records: Vec<usize> = persons.iter().map(|person| resident(planner, person)).collect();
        for (i, person) in persons.iter().enumerate() {
            let Some(address) = &person.address else { continue };
            self.door(planner, person, address);
            let Some(door) = self.doors.get_mut(&person.home) else { continue };
            if person.relation() == Some(HEAD) {
                match door.head {
                    None => {
                        door.head = Some(pairs.person[i]);
                        let head = ("head".to_owned(), Planned::Record(records[i]));
                        planner.out.records[door.household].fields.push(head);
                    }
                    // The same person twice is a pair to judge, not a second head.
                    Some(head) if head == pairs.person[i] => {}
                    Some(_) => {
                        let (zh, en) = (
                            "这一户已有户主，先以在前的为准，请核对",
                            "the household has a head already; the first stands, to be checked",
                        );
                        let problem = person.place.problem("membership.relation", "second_head", &person.name, zh, en);
                        planner.cleaner.problems.push(problem);
                    }
                }
            }
            live_there(planner, person, records[i], door);
        }
        planner.out.report.dwellings += self.doors.len() as u64;
        planner.out.report.households += self.doors.len() as u64;
        records
    }

    /// Makes building, dwelling and household of a door that is new.
    fn door(&mut self, planner: &mut Planner<'_>, person: &Person, address: &Address) {
        if self.doors.contains_key(&person.home) {
            return;
        }
        let building = self.building_of(planner, person, address);
        let key = |kind: &str| vec![Some(Key::from(format!("{kind}|{}", person.home)))];
        let mut fields = values(person.of("dwelling"));
        let mut put = |field: &str, text: String| {
            if !text.is_empty() && !fields.iter().any(|(key, _)| key == field) {
                fields.push((field.to_owned(), Planned::Value(text.as_str().into())));
            }
        };
        put("address", address.building_name() + &address.door_name());
        put("door_key", person.home.clone());
        put("door_no", address.door_name());
        put("unit", address.unit.clone().unwrap_or_default());
        if let Some(building) = building {
            fields.push(("building".to_owned(), Planned::Record(building)));
        }
        let dwelling = planner.add("dwelling", person.row(), key("dwelling"), fields);
        let at = vec![("dwelling".to_owned(), Planned::Record(dwelling))];
        let household = planner.add("household", person.row(), key("household"), at);
        self.doors.insert(person.home.clone(), Door { dwelling, household, head: None });
    }

    /// A building that the register of its grid lacks is listed, once; where there is no register, it is formed.
    fn building_of(&mut self, planner: &mut Planner<'_>, person: &Person, address: &Address) -> Option<usize> {
        let key = address.building_key(&person.grid.0);
        if let Some(known) = self.buildings.get(&key) {
            return *known;
        }
        let name = address.building_name();
        let registered = self.registered.contains(&person.grid);
        // Registers of buildings seldom hold farmhouses; that one is missing says nothing.
        let formed = if name.is_empty() || (registered && address.building.is_none()) {
            None
        } else if registered {
            let (zh, en) = (
                "楼栋台账中没有这栋楼，房屋未挂楼栋",
                "the register has no such building; its dwellings are kept without one",
            );
            planner.cleaner.problems.push(person.place.problem("address", "unknown_building", &name, zh, en));
            None
        } else {
            planner.out.report.buildings += 1;
            let fields = vec![
                ("std_address".to_owned(), Planned::Value(name.as_str().into())),
                ("address_key".to_owned(), Planned::Value(key.as_str().into())),
            ];
            let keys = vec![Some(Key::from(format!("building|{key}")))];
            Some(planner.add("building", person.row(), keys, fields))
        };
        self.buildings.insert(key, formed);
        formed
    }
}

/// The person's own record, and the care record where the ledger says what help is needed.
fn resident(planner: &mut Planner<'_>, person: &Person) -> usize {
    let record = planner.add("resident", person.row(), identity(person), values(person.of("resident")));
    planner.out.records[record].alike = alike(person);
    let care = person.of("care");
    if !care.is_empty() {
        let keys = vec![Some(Key { text: "care".to_owned(), records: vec![record] })];
        let mut fields = vec![("resident".to_owned(), Planned::Record(record))];
        fields.extend(values(care));
        planner.add("care", person.row(), keys, fields);
    }
    record
}

/// Ways to recognise a person in a later import, so that one changed cell does not make a new person. All stay within
/// the grid: a row elsewhere that looks the same is a record of its own and a pair.
fn identity(person: &Person) -> Vec<Option<Key>> {
    let id = person.id.as_ref().map(Id::body);
    let (name, birth, home) = (&person.name, person.birth.as_deref(), &person.home);
    let all = format!("{}|{name}|{}|{home}", id.unwrap_or_default(), birth.unwrap_or_default());
    [
        Some(all),
        id.map(|id| format!("{id}|{home}")),
        birth.map(|birth| format!("{name}|{birth}|{home}")),
        id.map(|id| format!("{id}|{name}|{}", person.grid)),
        birth.zip(person.phone.as_deref()).map(|(birth, phone)| format!("{name}|{birth}|{phone}|{}", person.grid)),
    ]
    .into_iter()
    .map(|text| text.map(|text| Key::from(format!("resident|{text}"))))
    .collect()
}

/// What another record of the same person would share, wherever it lives.
fn alike(person: &Person) -> Vec<Alike> {
    let mut all = Vec::new();
    let mut add = |why, text: String, has, seeks| all.push(Alike { why, key: Key::from(text), has, seeks });
    if let Some(id) = &person.id {
        add(Likeness::SameId, format!("id|{}", id.body()), true, true);
    }
    if let Some((birth, phone)) = person.birth.as_ref().zip(person.phone.as_ref()) {
        // Of two with different valid ID numbers nothing else counts.
        let valid = person.id.as_ref().is_some_and(|id| id.valid);
        let text = format!("{}|{birth}|{phone}", person.name);
        add(Likeness::SamePhone, format!("phone, valid ID|{text}"), valid, !valid);
        add(Likeness::SamePhone, format!("phone, no valid ID|{text}"), !valid, true);
    }
    all
}

/// Membership of the household and the stay at the door.
fn live_there(planner: &mut Planner<'_>, person: &Person, resident: usize, door: &Door) {
    for (kind, field, other) in [("membership", "household", door.household), ("residence", "dwelling", door.dwelling)]
    {
        let mut fields =
            vec![("resident".to_owned(), Planned::Record(resident)), (field.to_owned(), Planned::Record(other))];
        fields.extend(values(person.of(kind)));
        let keys = vec![Some(Key { text: kind.to_owned(), records: vec![resident, other] })];
        planner.add(kind, person.row(), keys, fields);
    }
}
