//! Keys under which likely duplicates meet: equal keys are a reason to compare two records, not to believe them the same.

use crate::model::{Address, Millis, idno, pinyin, text};

use super::{seen::Seen, words::bare};

/// Reports are compared over so many milliseconds.
pub(super) const A_DAY: i64 = Millis::DAY;

/// The keys to store of a record.
pub fn keys(seen: &Seen) -> Vec<String> {
    let mut keys = match seen.kind.0.as_str() {
        "resident" => person(seen),
        "place" => place(seen),
        "dwelling" => dwelling(seen),
        "event" => reported(seen).map(|at| event(seen, at.0.div_euclid(A_DAY))).into_iter().collect(),
        _ => Vec::new(),
    };
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// The keys to look under: of reports those of the days beside as well.
pub(super) fn looked_up(seen: &Seen) -> Vec<String> {
    match (seen.kind.0.as_str(), reported(seen)) {
        ("event", Some(at)) => {
            let day = at.0.div_euclid(A_DAY);
            (day - 1..=day + 1).map(|day| event(seen, day)).collect()
        }
        _ => keys(seen),
    }
}

fn person(seen: &Seen) -> Vec<String> {
    let mut keys = Vec::new();
    let id = id_body(seen.text("id_no"));
    if !id.is_empty() {
        keys.push(format!("id|{id}"));
    }
    let sound = pinyin::of_name(seen.text("name"));
    if sound.is_empty() {
        return keys;
    }
    if let Some(month) = seen.text("birth_date").get(..7) {
        keys.push(format!("pb|{sound}|{month}"));
    }
    keys.extend(phones(seen).map(|phone| format!("pp|{sound}|{phone}")));
    keys
}

/// An ID number without its check digit, which follows from the rest: a mistyped one still meets the right one.
pub(super) fn id_body(id: &str) -> String {
    idno::normalise(id).chars().take(17).collect()
}

/// Every telephone of a person.
pub(super) fn phones(seen: &Seen) -> impl Iterator<Item = &str> {
    let main = Some(seen.text("phone")).filter(|phone| !phone.is_empty());
    main.into_iter().chain(seen.members("phones").iter().map(String::as_str))
}

fn place(seen: &Seen) -> Vec<String> {
    let mut keys = Vec::new();
    let uscc = text::compact(seen.text("uscc")).to_uppercase();
    if !uscc.is_empty() {
        keys.push(format!("us|{uscc}"));
    }
    let (name, address) = (bare(seen.text("name")), bare(seen.text("address")));
    if !name.is_empty() && !address.is_empty() {
        keys.push(format!("pa|{}|{name}", seen.village()));
    }
    keys
}

fn dwelling(seen: &Seen) -> Vec<String> {
    let door = door(seen).map(|door| format!("dk|{door}"));
    let numbers = numbers(seen.text("address"));
    let loose = (numbers.len() > 1).then(|| format!("dn|{}|{}", seen.village(), numbers.join("-")));
    door.into_iter().chain(loose).collect()
}

/// The door inside its village, as far as the address says it without doubt: `370101001001|解放街|2|3|102`.
pub(super) fn door(seen: &Seen) -> Option<String> {
    let stored = seen.text("door_key");
    let key = match stored.matches('|').count() {
        4 => stored.to_owned(),
        _ => Address::parse(seen.text("address"))?.door_key(&seen.scope.0)?,
    };
    let (scope, rest) = key.split_once('|')?;
    Some(format!("{}|{rest}", scope.get(..12).unwrap_or(scope)))
}

/// The numbers of an address in their order, without leading zeros.
pub(super) fn numbers(address: &str) -> Vec<String> {
    let plain = text::half_width(address);
    let runs = plain.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty());
    runs.map(|run| run.trim_start_matches('0').to_owned()).collect()
}

/// When a hazard was found.
pub(super) fn reported(seen: &Seen) -> Option<Millis> {
    let hazard = seen.text("type") == "hazard" && !seen.text("category").is_empty();
    hazard.then(|| seen.time("found_at").or_else(|| seen.time("occurred_at")).unwrap_or_else(|| seen.made()))
}

fn event(seen: &Seen, day: i64) -> String {
    format!("ev|{}|{day}", seen.text("category"))
}
