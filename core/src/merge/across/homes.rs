//! Rules about homes, the people in them and what a visit found.

use std::{collections::BTreeSet, rc::Rc};

use super::{
    Found,
    ground::{Around, Ground},
    keys,
    seen::{OWN_WORD, Seen, is_dead},
    words::{self, Said},
};
use crate::model::{RecordId, Schema, Source};

fn ids(all: &[Rc<Seen>]) -> Vec<RecordId> {
    all.iter().map(|seen| seen.record).collect()
}

fn targets(all: &[Rc<Seen>], field: &str) -> Vec<RecordId> {
    all.iter().filter_map(|seen| seen.target(field)).collect()
}

/// Residents near a record.
pub(super) fn residents(ground: &Ground<'_>, seen: &Seen) -> Vec<RecordId> {
    match seen.kind.0.as_str() {
        "resident" => vec![seen.record],
        "residence" | "membership" => seen.target("resident").into_iter().collect(),
        "visit" => seen.target("met").into_iter().collect(),
        "household" => targets(&ground.linked("membership.household", seen), "resident"),
        "dwelling" => {
            let mut near = targets(&ground.linked("residence.dwelling", seen), "resident");
            for household in ground.linked("household.dwelling", seen) {
                near.extend(targets(&ground.linked("membership.household", &household), "resident"));
            }
            near
        }
        _ => Vec::new(),
    }
}

/// Households near a record.
pub(super) fn households(ground: &Ground<'_>, seen: &Seen) -> Vec<RecordId> {
    match seen.kind.0.as_str() {
        "household" => vec![seen.record],
        "membership" => seen.target("household").into_iter().collect(),
        "resident" => {
            let mut near = targets(&ground.linked("membership.resident", seen), "household");
            near.extend(ids(&ground.linked("household.head", seen)));
            near
        }
        "dwelling" => ids(&ground.linked("household.dwelling", seen)),
        _ => Vec::new(),
    }
}

/// Dwellings near a record.
pub(super) fn dwellings(ground: &Ground<'_>, seen: &Seen) -> Vec<RecordId> {
    match seen.kind.0.as_str() {
        "dwelling" => vec![seen.record],
        "residence" => seen.target("dwelling").into_iter().collect(),
        "resident" => targets(&ground.linked("residence.resident", seen), "dwelling"),
        _ => Vec::new(),
    }
}

/// Stays near a record.
pub(super) fn stays(ground: &Ground<'_>, seen: &Seen) -> Vec<RecordId> {
    match seen.kind.0.as_str() {
        "resident" => ids(&ground.linked("residence.resident", seen)),
        "residence" => {
            let of_person = ground.follow(seen, "resident").map(|person| stays(ground, &person));
            of_person.into_iter().flatten().chain([seen.record]).collect()
        }
        "dwelling" => ids(&ground.linked("residence.dwelling", seen)),
        "visit" => ground.follow(seen, "met").map_or_else(Vec::new, |person| stays(ground, &person)),
        _ => Vec::new(),
    }
}

/// Places near a record.
pub(super) fn places(_: &Ground<'_>, seen: &Seen) -> Vec<RecordId> {
    match seen.kind.0.as_str() {
        "place" => vec![seen.record],
        "inspection" => seen.target("place").into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Whether a stay or a membership goes on: it has no end, or one that lay ahead when it was last said.
pub(super) fn is_open(seen: &Seen) -> bool {
    let to = seen.text("to");
    to.is_empty() || seen.said("to").is_some_and(|at| to > words::stored_day(at).as_str())
}

/// Whether a stay says that the person sleeps there, and is no guest.
fn lives_there(stay: &Seen) -> bool {
    is_open(stay) && !matches!(stay.text("kind"), "registered_away" | "visitor")
}

/// The home of a household and its name.
pub(super) fn door_of(ground: &Ground<'_>, household: &Seen) -> (Option<RecordId>, Said) {
    match ground.follow(household, "dwelling") {
        Some(home) => (Some(home.record), ground.name(&home)),
        None => (None, Said::both("（地址未填）", "(no address)")),
    }
}

/// A household has one head: the one it names, and whoever is a member as head.
pub(super) fn one_head(ground: &Ground<'_>, household: &Rc<Seen>) -> Vec<Found> {
    let members = ground.linked("membership.household", household);
    let heads: Vec<_> =
        members.into_iter().filter(|m| is_open(m) && matches!(m.text("relation"), "01" | "02")).collect();
    let mut people: BTreeSet<RecordId> =
        targets(&heads, "resident").iter().map(|record| ground.head_of(record)).collect();
    let said_so = !people.is_empty();
    people.extend(household.target("head").map(|record| ground.head_of(&record)));
    if !said_so || people.len() < 2 {
        return Vec::new();
    }
    let names: Vec<Said> = people.iter().map(|person| ground.name_of(person, "resident")).collect();
    let (home, home_name) = door_of(ground, household);
    let mut others = ids(&heads);
    others.extend(people);
    others.extend(home);
    vec![Found {
        subjects: vec![household.record],
        claims: vec![(household.clone(), "head")],
        others,
        beside: heads.iter().map(|membership| (membership.record, "relation")).collect(),
        words: vec![home_name, Said::list(&names)],
    }]
}

/// A home that is vacant has nobody registered in it.
pub(super) fn vacant_occupied(ground: &Ground<'_>, dwelling: &Rc<Seen>) -> Vec<Found> {
    if dwelling.text("tenure") != "vacant" {
        return Vec::new();
    }
    let mut stays = ground.linked("residence.dwelling", dwelling);
    stays.retain(|stay| is_open(stay) && stay.text("kind") != "registered_away");
    let people: BTreeSet<RecordId> = targets(&stays, "resident").iter().map(|record| ground.head_of(record)).collect();
    if people.is_empty() {
        return Vec::new();
    }
    let names: Vec<Said> = people.iter().map(|person| ground.name_of(person, "resident")).collect();
    let mut others = ids(&stays);
    others.extend(people);
    vec![Found {
        subjects: vec![dwelling.record],
        claims: vec![(dwelling.clone(), "tenure")],
        others,
        beside: stays.iter().map(|stay| (stay.record, "kind")).collect(),
        words: vec![ground.name(dwelling), Said::list(&names)],
    }]
}

/// Who died is not met afterwards.
pub(super) fn alive_after_dead(ground: &Ground<'_>, person: &Rc<Seen>) -> Vec<Found> {
    let dead = person.facts.values.get("life_status").is_some_and(is_dead);
    let Some(since) = person.said("life_status").filter(|_| dead) else { return Vec::new() };
    let visits = ground.linked("visit.met", person);
    let met = visits.iter().filter(|visit| visit.text("result") == "met");
    let met = met.filter_map(|visit| Some((visit.time("when").filter(|at| *at > since)?, visit)));
    let (evidence, others) = match met.max_by_key(|(at, visit)| (*at, visit.record)) {
        Some((at, visit)) => {
            let day = words::day(at);
            let said = Said {
                zh: format!("{}走访时见到本人", day.zh),
                en: format!("a visit on {} met the person", day.en),
            };
            (said, vec![visit.record])
        }
        None => match person.said(OWN_WORD).filter(|at| *at > since) {
            Some(at) => {
                let day = words::day(at);
                let said = Said {
                    zh: format!("{}又有本人讲述的记录", day.zh),
                    en: format!("a record of {} has the person's own word", day.en),
                };
                (said, Vec::new())
            }
            None => return Vec::new(),
        },
    };
    vec![Found {
        subjects: vec![person.record],
        claims: vec![(person.clone(), "life_status")],
        beside: others.iter().map(|visit| (*visit, "result")).collect(),
        others,
        words: vec![ground.name(person), words::day(since), ground.shown(person, "life_status"), evidence],
    }]
}

/// Who moved out is not met at home afterwards.
pub(super) fn stay_ended_but_met(ground: &Ground<'_>, stay: &Rc<Seen>) -> Vec<Found> {
    let (Some(person), Some(home)) = (ground.follow(stay, "resident"), ground.follow(stay, "dwelling")) else {
        return Vec::new();
    };
    let end = stay.text("to");
    let Some(said) = stay.said("to").filter(|_| !end.is_empty()) else { return Vec::new() };
    let contradicts = |visit: &Seen| {
        let at_home = visit.text("result") == "met" && matches!(visit.text("mode"), "" | "home");
        let here = visit.target("target").is_some_and(|target| ground.head_of(&target) == home.record);
        let when = visit.time("when").filter(|when| at_home && here && *when > said)?;
        (words::stored_day(when).as_str() > end).then_some(when)
    };
    let visits = ground.linked("visit.met", &person);
    let first =
        visits.iter().filter_map(|visit| Some((contradicts(visit)?, visit))).min_by_key(|(at, v)| (*at, v.record));
    let Some((when, visit)) = first else { return Vec::new() };
    // A stay that began again there is another record, and the question is settled.
    let again = ground.linked("residence.resident", &person).iter().any(|other| {
        let here = other.target("dwelling").is_some_and(|target| ground.head_of(&target) == home.record);
        other.record != stay.record && here && is_open(other)
    });
    if again {
        return Vec::new();
    }
    vec![Found {
        subjects: vec![stay.record],
        claims: vec![(stay.clone(), "to")],
        others: vec![person.record, home.record, visit.record],
        beside: vec![(visit.record, "result")],
        words: vec![ground.name(&person), ground.name(&home), words::date(end), words::day(when)],
    }]
}

/// A place that closed is not inspected afterwards.
pub(super) fn place_closed_but_checked(ground: &Ground<'_>, place: &Rc<Seen>) -> Vec<Found> {
    let closed = matches!(place.text("status"), "suspected_closed" | "closed");
    let Some(since) = place.said("status").filter(|_| closed) else { return Vec::new() };
    let checks = ground.linked("inspection.place", place);
    let later = checks.iter().filter_map(|check| Some((check.time("when").filter(|at| *at > since)?, check)));
    let Some((when, check)) = later.max_by_key(|(at, check)| (*at, check.record)) else { return Vec::new() };
    vec![Found {
        subjects: vec![place.record],
        claims: vec![(place.clone(), "status")],
        others: vec![check.record],
        beside: vec![(check.record, "when")],
        words: vec![ground.name(place), ground.shown(place, "status"), words::day(when)],
    }]
}

/// A person lives in one home, unless the county has seen which of several is the current one.
pub(super) fn two_stays(ground: &Ground<'_>, person: &Rc<Seen>) -> Vec<Found> {
    let mut stays = ground.linked("residence.resident", person);
    stays.retain(|stay| lives_there(stay));
    let homes: BTreeSet<RecordId> = targets(&stays, "dwelling").iter().map(|home| ground.head_of(home)).collect();
    let settled = stays.iter().all(|stay| stay.flag("current").is_some())
        && stays.iter().filter(|stay| stay.flag("current") == Some(true)).count() == 1;
    // Two entries of one door are one home.
    let mut doors = BTreeSet::new();
    for home in &homes {
        let door = ground.plain(home).and_then(|home| keys::door(&home));
        doors.insert(door.unwrap_or_else(|| home.to_string()));
    }
    if doors.len() < 2 || settled {
        return Vec::new();
    }
    let names: Vec<Said> = homes.iter().map(|home| ground.name_of(home, "dwelling")).collect();
    let names =
        Said { zh: names.iter().map(|said| said.zh.as_str()).collect::<Vec<_>>().join("和"), ..Said::list(&names) };
    let mut others = ids(&stays);
    others.extend(homes);
    vec![Found {
        subjects: vec![person.record],
        claims: Vec::new(),
        others,
        beside: stays.iter().map(|stay| (stay.record, "from")).collect(),
        words: vec![ground.name(person), names],
    }]
}

/// Which of several homes of a person is the current one, where a document or a lease says so: the one dated last. Gives
/// the stays whose mark is to change. Where no date tells them apart, nothing is said and the question stays open.
pub fn current_stays(schema: &Schema, around: &dyn Around, person: &RecordId) -> Vec<(RecordId, bool)> {
    let ground = Ground::new(schema, around);
    let Some(person) = ground.head(person) else { return Vec::new() };
    let mut stays = ground.linked("residence.resident", &person);
    stays.retain(|stay| lives_there(stay));
    let current = match &stays[..] {
        [only] if only.flag("current") == Some(false) => Some(only.record),
        [] | [_] => None,
        several => latest_dated(&ground, several),
    };
    let Some(current) = current else { return Vec::new() };
    let marks = stays.iter().map(|stay| (stay.record, stay.record == current));
    marks.zip(&stays).filter(|((_, mark), stay)| stay.flag("current") != Some(*mark)).map(|(mark, _)| mark).collect()
}

fn latest_dated(ground: &Ground<'_>, stays: &[Rc<Seen>]) -> Option<RecordId> {
    let proven = |seen: &Seen, field: &str| {
        let day = seen.text(field).to_owned();
        (seen.evidence(field) >= Some(Source::DocumentSeen) && !day.is_empty()).then_some(day)
    };
    let dated = |stay: &Rc<Seen>| {
        let lease = ground.follow(stay, "dwelling").and_then(|home| proven(&home, "rent_from"));
        proven(stay, "from").max(lease).map(|day| (day, stay.record))
    };
    let mut dates: Vec<_> = stays.iter().filter_map(dated).collect();
    dates.sort();
    let (last, record) = dates.pop()?;
    dates.last().is_none_or(|(day, _)| *day < last).then_some(record)
}
