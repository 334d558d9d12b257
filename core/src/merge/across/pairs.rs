//! Rules about two records that may be one.

use std::{collections::BTreeSet, rc::Rc};

use super::{
    Found,
    ground::Ground,
    homes, keys,
    seen::Seen,
    words::{Said, bare},
};
use crate::model::{Address, Point, RecordId, geo, idno, pinyin, text};

/// Two reports of one hazard lie no further apart (SCENARIOS 29).
const NEAR_M: f64 = 30.0;
/// A child is newborn in the first months after its birth.
const NEWBORN_MONTHS: i32 = 12;

/// Residents near a record.
pub(super) fn people(ground: &Ground<'_>, seen: &Seen) -> Vec<RecordId> {
    homes::residents(ground, seen)
}

/// The record itself.
pub(super) fn itself(_: &Ground<'_>, seen: &Seen) -> Vec<RecordId> {
    vec![seen.record]
}

/// Why two records may be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Alike {
    /// How sure it is: the higher, the surer.
    pub weight: u8,
    /// In words.
    pub why: Said,
    /// What it rests on besides the two.
    pub rests_on: Vec<RecordId>,
    /// The fields that agree.
    pub fields: &'static [&'static str],
}

impl Alike {
    pub fn new(weight: u8, zh: &str, en: &str, fields: &'static [&'static str]) -> Self {
        Self { weight, why: Said::both(zh, en), rests_on: Vec::new(), fields }
    }
}

/// A door where a person is at home, and the records that say so.
struct Home {
    door: String,
    through: Vec<RecordId>,
}

/// Every door of a person: by open stays, and by the household.
fn doors(ground: &Ground<'_>, person: &Seen) -> Vec<Home> {
    let mut out = Vec::new();
    let mut at = |home: &Seen, through: &[RecordId]| {
        let through: Vec<_> = through.iter().copied().chain([home.record]).collect();
        out.extend(keys::door(home).map(|door| Home { door, through: through.clone() }));
        out.push(Home { door: home.record.to_string(), through });
    };
    for stay in ground.linked("residence.resident", person).iter().filter(|stay| homes::is_open(stay)) {
        if let Some(home) = ground.follow(stay, "dwelling") {
            at(&home, &[stay.record]);
        }
    }
    for member in ground.linked("membership.resident", person).iter().filter(|member| homes::is_open(member)) {
        let Some(household) = ground.follow(member, "household") else { continue };
        at(&household, &[member.record]);
        if let Some(home) = ground.follow(&household, "dwelling") {
            at(&home, &[member.record, household.record]);
        }
    }
    out
}

/// The first door that two persons share, with everything that says so.
fn shared_door(ground: &Ground<'_>, a: &Seen, b: &Seen) -> Option<Vec<RecordId>> {
    let (of_a, of_b) = (doors(ground, a), doors(ground, b));
    let mut all = of_a.iter().flat_map(|x| of_b.iter().filter(|y| y.door == x.door).map(move |y| (x, y)));
    all.next().map(|(x, y)| x.through.iter().chain(&y.through).copied().collect())
}

/// Whether two days may be one: either is not known, or says less than the other.
fn compatible(a: &str, b: &str) -> bool {
    a.starts_with(b) || b.starts_with(a)
}

/// Whether two persons may be one, as far as their own values say.
pub(super) fn same_by_values(a: &Seen, b: &Seen) -> Option<Alike> {
    let (id_a, id_b) = (idno::normalise(a.text("id_no")), idno::normalise(b.text("id_no")));
    let both_valid = idno::is_valid_id(&id_a) && idno::is_valid_id(&id_b);
    if both_valid && id_a != id_b {
        return None;
    }
    let births = compatible(a.text("birth_date"), b.text("birth_date"));
    let (name_a, name_b) = (text::name(a.text("name")), text::name(b.text("name")));
    if !id_a.is_empty() && !id_b.is_empty() && keys::id_body(&id_a) == keys::id_body(&id_b) {
        // Where a check digit was mistyped, name and birth must agree as well.
        if both_valid || (name_a == name_b && births) {
            return Some(Alike::new(9, "证件号码相同", "one ID number", &["id_no"]));
        }
    }
    let sound = pinyin::of_name(&name_a);
    if sound.is_empty() || sound != pinyin::of_name(&name_b) || !births {
        return None;
    }
    let phones: BTreeSet<&str> = keys::phones(a).collect();
    if keys::phones(b).any(|phone| phones.contains(phone)) {
        return Some(if name_a == name_b {
            Alike::new(7, "姓名、电话相同", "one name and telephone", &["name", "phone"])
        } else {
            Alike::new(6, "姓名同音、电话相同", "names of one sound and one telephone", &["name", "phone"])
        });
    }
    None
}

/// Whether two births may be one, and no valid ID numbers say that these are two persons.
pub(super) fn births_agree(a: &Seen, b: &Seen) -> bool {
    let (id_a, id_b) = (idno::normalise(a.text("id_no")), idno::normalise(b.text("id_no")));
    let two_people = idno::is_valid_id(&id_a) && idno::is_valid_id(&id_b) && id_a != id_b;
    !two_people && compatible(a.text("birth_date"), b.text("birth_date"))
}

/// Whether two persons have one name and compatible, known births: no more than a reason to look at their doors.
pub(super) fn one_name_and_birth(a: &Seen, b: &Seen) -> bool {
    let known = !a.text("birth_date").is_empty() && !b.text("birth_date").is_empty();
    let (name_a, name_b) = (text::name(a.text("name")), text::name(b.text("name")));
    known && births_agree(a, b) && !name_a.is_empty() && name_a == name_b
}

/// Two persons who may be one: by ID number; by name, birth and door; by the sound of the name and a telephone.
pub(super) fn same_person(ground: &Ground<'_>, person: &Rc<Seen>) -> Vec<Found> {
    pairs(ground, person, |a, b| {
        let by_values = same_by_values(a, b);
        if by_values.as_ref().is_some_and(|alike| alike.weight == 9) {
            return by_values;
        }
        let at_door = one_name_and_birth(a, b).then(|| shared_door(ground, a, b)).flatten().map(|rests_on| Alike {
            rests_on,
            ..Alike::new(8, "姓名、出生日期、住址相同", "one name, birth date and door", &["name", "birth_date"])
        });
        at_door.or(by_values)
    })
}

/// Two places that may be one.
pub(super) fn place_alike(a: &Seen, b: &Seen) -> Option<Alike> {
    let code = |seen: &Seen| text::compact(seen.text("uscc")).to_uppercase();
    let closed = |seen: &Seen| seen.text("status") == "closed";
    if closed(a) || closed(b) {
        return None;
    }
    let one_address = !a.text("address").is_empty() && spelled_alike(a.text("address"), b.text("address"));
    match (code(a), code(b)) {
        (x, y) if !x.is_empty() && x == y => Some(Alike::new(9, "统一社会信用代码相同", "one credit code", &["uscc"])),
        (x, y) if !x.is_empty() && !y.is_empty() => None,
        _ if one_address && bare(a.text("name")) == bare(b.text("name")) && a.village() == b.village() => {
            Some(Alike::new(8, "名称、地址相同", "one name and address", &["name", "address"]))
        }
        _ => None,
    }
}

fn spelled_alike(a: &str, b: &str) -> bool {
    bare(a) == bare(b) || Address::parse(a).is_some_and(|read| Some(read) == Address::parse(b))
}

/// Two places that may be one, by credit code or by name and address.
pub(super) fn same_place(ground: &Ground<'_>, place: &Rc<Seen>) -> Vec<Found> {
    pairs(ground, place, place_alike)
}

/// Two homes whose addresses have the same numbers, where one of them cannot be read for certain. Doors that can be read
/// and agree are joined by the server; doors that can be read and differ are two.
pub(super) fn dwelling_alike(a: &Seen, b: &Seen) -> Option<Alike> {
    let (x, y) = (a.text("address"), b.text("address"));
    let numbers = keys::numbers(x);
    if a.village() != b.village() || numbers.len() < 2 || numbers != keys::numbers(y) {
        return None;
    }
    if let (Some(door_a), Some(door_b)) = (keys::door(a), keys::door(b))
        && (door_a == door_b || !(without_building(x) || without_building(y)))
    {
        return None;
    }
    let (lead_a, lead_b) = (street(x), street(y));
    let streets = lead_a.is_empty() || lead_b.is_empty() || lead_a == lead_b;
    let buildings = [a, b].map(|seen| seen.target("building"));
    let one_building = !matches!(buildings, [Some(a), Some(b)] if a != b);
    (streets && one_building)
        .then(|| Alike::new(5, "门牌数字相同，写法不同", "the same numbers, written differently", &["address"]))
}

/// What stands before the first number.
fn street(address: &str) -> String {
    let plain = text::compact(address);
    plain.chars().take_while(|c| !c.is_ascii_digit()).collect()
}

/// Whether an address begins with its numbers, so that it leaves open whether the first is a building or a staircase.
fn without_building(address: &str) -> bool {
    street(address).is_empty()
}

/// Two homes that may be one door.
pub(super) fn same_dwelling(ground: &Ground<'_>, dwelling: &Rc<Seen>) -> Vec<Found> {
    pairs(ground, dwelling, dwelling_alike)
}

/// Whether two reports may be of one hazard: one category, within thirty metres and a day.
pub(super) fn hazard_alike(ground: &Ground<'_>, a: &Seen, b: &Seen) -> Option<Alike> {
    let apart = (keys::reported(a)?.0 - keys::reported(b)?.0).abs();
    if a.text("category") != b.text("category") || apart > keys::A_DAY {
        return None;
    }
    let hours = apart / 3_600_000;
    let time = if hours == 0 {
        let minutes = apart / 60_000;
        Said { zh: format!("相隔{minutes}分钟"), en: format!("{minutes} minutes apart") }
    } else {
        Said { zh: format!("相隔{hours}小时"), en: format!("{hours} hours apart") }
    };
    let points = Point::parse(a.text("point")).ok().zip(Point::parse(b.text("point")).ok());
    let place = if let Some((x, y)) = points {
        let metres = geo::distance_m(x, y);
        if metres > NEAR_M {
            return None;
        }
        Said { zh: format!("相距约{metres:.0}米"), en: format!("about {metres:.0} m apart") }
    } else {
        let one =
            |field| a.target(field).zip(b.target(field)).is_some_and(|(x, y)| ground.head_of(&x) == ground.head_of(&y));
        match ["dwelling", "place", "building"].into_iter().find(|field| one(field))? {
            "dwelling" => Said::both("同一住户", "in one home"),
            "place" => Said::both("同一场所", "in one place"),
            _ => Said::both("同一楼栋", "in one building"),
        }
    };
    let why = Said { zh: format!("{}，{}", place.zh, time.zh), en: format!("{}, {}", place.en, time.en) };
    Some(Alike { why, ..Alike::new(6, "", "", &["category", "point"]) })
}

/// Two reports of one hazard, until somebody has joined them or taken up both.
pub(super) fn hazard_twice(ground: &Ground<'_>, event: &Rc<Seen>) -> Vec<Found> {
    pairs(ground, event, |a, b| {
        let waits = |seen: &Seen| matches!(seen.text("state"), "" | "draft" | "reported" | "returned");
        let joined = |seen: &Seen| seen.target("merged_into").is_some() || seen.text("state") == "merged";
        let open = (waits(a) || waits(b)) && !joined(a) && !joined(b);
        open.then(|| hazard_alike(ground, a, b)).flatten()
    })
}

/// Two children of one household, born in one month and recorded soon after: one child entered twice, or twins.
pub(super) fn newborn_pair(ground: &Ground<'_>, child: &Rc<Seen>) -> Vec<Found> {
    if !newborn(child) {
        return Vec::new();
    }
    let mut out: Vec<Found> = Vec::new();
    for own in ground.linked("membership.resident", child).iter().filter(|member| homes::is_open(member)) {
        let Some(household) = ground.follow(own, "household") else { continue };
        for member in ground.linked("membership.household", &household).iter().filter(|member| homes::is_open(member)) {
            let Some(other) = ground.follow(member, "resident") else { continue };
            let known = out.iter().any(|found| found.subjects.contains(&other.record));
            if known || other.record == child.record || !may_be_one_child(ground, child, &other) {
                continue;
            }
            let (home, home_name) = homes::door_of(ground, &household);
            let (first, second) = if child.record < other.record { (child, &other) } else { (&other, child) };
            let mut others = vec![household.record, own.record, member.record];
            others.sort_unstable();
            others.extend(home);
            out.push(Found {
                subjects: vec![first.record, second.record],
                claims: Vec::new(),
                others,
                beside: [first, second]
                    .iter()
                    .flat_map(|one| [(one.record, "name"), (one.record, "birth_date")])
                    .collect(),
                words: vec![home_name, child_name(ground, first), child_name(ground, second)],
            });
        }
    }
    out
}

fn newborn(seen: &Seen) -> bool {
    let month = |day: &str| Some(day.get(..4)?.parse::<i32>().ok()? * 12 + day.get(5..7)?.parse::<i32>().ok()?);
    let made = super::words::stored_day(seen.made());
    month(seen.text("birth_date"))
        .zip(month(&made))
        .is_some_and(|(born, made)| (0..=NEWBORN_MONTHS).contains(&(made - born)))
}

fn may_be_one_child(ground: &Ground<'_>, a: &Seen, b: &Seen) -> bool {
    let (id_a, id_b) = (idno::normalise(a.text("id_no")), idno::normalise(b.text("id_no")));
    let two = idno::is_valid_id(&id_a) && idno::is_valid_id(&id_b) && id_a != id_b;
    let one_month = a.text("birth_date").get(..7) == b.text("birth_date").get(..7);
    newborn(b) && one_month && !two && !ground.told_apart(a, b)
}

fn child_name(ground: &Ground<'_>, child: &Seen) -> Said {
    if child.text("name").is_empty() {
        Said::both("未取名的孩子", "a child without a name yet")
    } else {
        ground.name(child)
    }
}

/// The pairs of a record with others that share a key, where `alike` says why and nobody has told them apart.
fn pairs(ground: &Ground<'_>, seen: &Rc<Seen>, alike: impl Fn(&Seen, &Seen) -> Option<Alike>) -> Vec<Found> {
    let mut out = Vec::new();
    for other in ground.sharing(seen) {
        let (first, second) = if seen.record < other.record { (seen, &other) } else { (&other, seen) };
        let Some(alike) = alike(first, second) else { continue };
        if ground.told_apart(first, second) {
            continue;
        }
        let about = |one: &Rc<Seen>| alike.fields.iter().map(|field| (one.record, *field)).collect::<Vec<_>>();
        out.push(Found {
            subjects: vec![first.record, second.record],
            claims: Vec::new(),
            others: alike.rests_on,
            beside: about(first).into_iter().chain(about(second)).collect(),
            words: vec![ground.name(first), ground.name(second), alike.why],
        });
    }
    out
}
