//! Rules over several records on real stores and the real server functions: a phone and the county ask the same of what
//! the phone holds, nobody is told of what is not theirs, and what is kept up is what would be made anew.

use std::collections::{BTreeMap, BTreeSet};

use wangge_core::{
    app::{AppError, AttentionView, EditRequest, FieldEdit, ListRequest},
    model::{KindName, Millis, RecordId, Role, Schema, Scope, Source, Value},
};
use wangge_harness::world::{Phone, Rng, World};
use wangge_server::county::CountyItem;

/// 2026-03-02 10:00 in China.
const START: Millis = Millis(1_772_416_800_000);
const HOUR: i64 = 3_600_000;

/// A form of one kind: values, and members of sets under `+field`.
fn form(kind: &str, record: Option<RecordId>, fields: &[(&str, &str)]) -> EditRequest {
    let edit = |(field, value): &(&str, &str)| match (field.strip_prefix('+'), field.strip_prefix('#')) {
        (Some(set), _) => FieldEdit::Add { field: set.into(), text: (*value).into(), date: None },
        (_, Some(number)) => FieldEdit::put(number, Value::Int(value.parse().expect("a number"))),
        _ => FieldEdit::put(field, *value),
    };
    EditRequest {
        record,
        kind: KindName::from(kind),
        source: Source::SelfSaid,
        edits: fields.iter().map(edit).collect(),
        ..EditRequest::default()
    }
}

fn phone<'a>(world: &'a World, name: &str) -> &'a Phone {
    world.phone(name).expect("phone")
}

fn write(world: &World, name: &str, request: &EditRequest) -> RecordId {
    phone(world, name).app.edit(request).unwrap_or_else(|error| panic!("{request:?}: {error}")).record
}

fn add(world: &World, name: &str, kind: &str, fields: &[(&str, &str)]) -> RecordId {
    write(world, name, &form(kind, None, fields))
}

fn sync(world: &World, names: &[&str]) {
    for name in names {
        let report = phone(world, name).sync().expect("sync");
        assert_eq!(report.fault, None, "{name}");
    }
}

fn pass(world: &World, ms: i64) {
    let now = world.clock.pass(ms);
    world.phones.iter().for_each(|phone| phone.env.live_until(now));
}

fn rules(items: &[AttentionView]) -> Vec<&str> {
    items.iter().map(|item| item.rule.as_str()).collect()
}

fn cross(phone: &Phone) -> BTreeMap<String, AttentionView> {
    let items = phone.app.attention().expect("items").into_iter().filter(|item| item.field.is_empty());
    items.map(|item| (item.id.clone(), item)).collect()
}

fn of_county(world: &World) -> Vec<CountyItem> {
    let items = world.county().attention().expect("items");
    items.into_iter().filter(|item| item.field.is_empty()).collect()
}

#[test]
fn an_item_shows_at_all_its_records_and_goes_when_they_are_told_apart() {
    let mut world = World::new(7, START).expect("world");
    world.enrol("甲", Role::GW, &[World::grid(1)], 0).expect("enrolment");
    world.enrol("兼", Role::PG, &[World::grid(1)], 0).expect("enrolment");
    let person = [("name", "李红"), ("birth_date", "1958-03"), ("phone", "13800138000")];
    let first = add(&world, "甲", "resident", &person);
    let typed = [FieldEdit::put("name", "黎红"), FieldEdit::put("phone", "138 0013 8000")];
    let likely = phone(&world, "甲").app.likely(&"resident".into(), &typed, None).expect("likely");
    assert_eq!((likely.len(), likely[0].record, likely[0].title.as_str()), (1, first, "李红"));
    assert_eq!(likely[0].why.zh, "姓名同音、电话相同");
    let second = add(&world, "甲", "resident", &person);

    let items = phone(&world, "甲").app.attention().expect("items");
    assert_eq!(rules(&items), ["same_person"]);
    assert_eq!((items[0].record, items[0].others.as_slice()), (first.min(second), &[first.max(second)][..]));
    for (record, other) in [(first, second), (second, first)] {
        let view = phone(&world, "甲").app.get(record).expect("view");
        assert_eq!(rules(&view.attention), ["same_person"]);
        assert_eq!((view.attention[0].record, view.attention[0].others.as_slice()), (record, &[other][..]));
    }
    // Lists count fields, not these.
    let list = phone(&world, "甲").app.list(&ListRequest { contested_only: true, ..ListRequest::default() });
    assert_eq!(list.expect("list").items, []);

    sync(&world, &["甲", "兼"]);
    let county = of_county(&world);
    assert_eq!((county.len(), county[0].id.as_str()), (1, items[0].id.as_str()));
    assert_eq!((county[0].zh.as_str(), county[0].title.as_str()), (items[0].say.zh.as_str(), "李红"));
    assert!(!county[0].across_grids);
    let part_time = phone(&world, "兼");
    assert_eq!(part_time.app.attention().expect("items"), [], "a part-time worker holds no person");
    assert_eq!(part_time.app.get(first), Err(AppError::NotFound));
    assert_eq!(part_time.app.likely(&"resident".into(), &typed, None).expect("likely"), []);

    write(&world, "甲", &form("resident", Some(second), &[("+distinct", &first.to_string())]));
    assert_eq!(phone(&world, "甲").app.attention().expect("items"), []);
    sync(&world, &["甲"]);
    assert_eq!(of_county(&world), []);
}

#[test]
fn only_the_county_sees_a_person_in_two_grids_and_its_index_shows_no_number() {
    let mut world = World::new(8, START).expect("world");
    world.enrol("甲", Role::GW, &[World::grid(3)], 0).expect("enrolment");
    world.enrol("乙", Role::GW, &[World::grid(7)], 0).expect("enrolment");
    let number = "11010519491231002X";
    let first = add(&world, "甲", "resident", &[("name", "张三"), ("id_no", number)]);
    let second = add(&world, "乙", "resident", &[("name", "张珊"), ("id_no", number)]);
    sync(&world, &["甲", "乙"]);
    for name in ["甲", "乙"] {
        assert_eq!(cross(phone(&world, name)), BTreeMap::new(), "{name} holds one of them");
    }
    let items = of_county(&world);
    assert_eq!((items.len(), items[0].rule.as_str(), items[0].across_grids), (1, "same_person", true));
    assert_eq!(items[0].grids, [World::grid(3), World::grid(7)]);
    assert_eq!([items[0].record, items[0].others[0]], [first.min(second), first.max(second)]);
}

#[test]
fn the_county_marks_the_home_that_a_document_dates_last() {
    let mut world = World::new(9, START).expect("world");
    world.enrol("甲", Role::GW, &[World::grid(1)], 0).expect("enrolment");
    let person = add(&world, "甲", "resident", &[("name", "周海")]).to_string();
    let homes =
        ["解放街2号楼3单元102室", "赵桥村12号"].map(|a| add(&world, "甲", "dwelling", &[("address", a)]).to_string());
    let stay = |home: &str, from: &str, source: Source| {
        let fields = [("resident", person.as_str()), ("dwelling", home), ("kind", "registered_here"), ("from", from)];
        write(&world, "甲", &EditRequest { source, ..form("residence", None, &fields) })
    };
    let old = stay(&homes[0], "2020-01-01", Source::DocumentSeen);
    let new = stay(&homes[1], "2026-02-01", Source::SelfSaid);
    sync(&world, &["甲"]);
    let mut rng = Rng::new(1);
    let mut keep_up = || world.county().keep_up(world.clock.now(), &mut |bytes| rng.fill(bytes)).expect("kept up");
    assert_eq!(rules(&phone(&world, "甲").app.attention().expect("items")), ["two_stays"]);
    assert_eq!(keep_up(), 2, "one date is proven, the other is said: the proven one counts");
    assert_eq!(keep_up(), 0);
    pass(&world, HOUR);
    let proven =
        EditRequest { source: Source::DocumentSeen, ..form("residence", Some(new), &[("from", "2026-02-01")]) };
    write(&world, "甲", &proven);
    sync(&world, &["甲"]);
    assert_eq!(keep_up(), 2, "a later document turns it");
    assert_eq!(of_county(&world), []);
    sync(&world, &["甲"]);
    let current =
        |record| phone(&world, "甲").app.get(record).expect("view").field("current").expect("mark").value.clone();
    assert_eq!((current(old), current(new)), (Value::Bool(false), Value::Bool(true)));
    assert_eq!(phone(&world, "甲").app.attention().expect("items"), []);
}

/// A few days of work at random, in two grids, on every kind that rules look at.
struct Days<'a> {
    world: &'a World,
    rng: Rng,
    known: BTreeMap<&'static str, Vec<RecordId>>,
}

const WRITERS: [&str; 3] = ["甲", "乙", "丙"];

impl Days<'_> {
    fn pick<'t, T: ?Sized>(&mut self, all: &[&'t T]) -> &'t T {
        all[self.rng.below(all.len() as u64) as usize]
    }
    fn one(&mut self, kind: &str) -> Option<String> {
        let all = self.known.get(kind)?;
        Some(all[self.rng.below(all.len() as u64) as usize].to_string())
    }
    fn day(&mut self) -> String {
        format!("2026-03-{:02}", 1 + self.rng.below(5))
    }
    fn moment(&mut self) -> String {
        (START.0 - 2 * 24 * HOUR + self.rng.below(96) as i64 * HOUR).to_string()
    }

    fn act(&mut self) {
        let kinds =
            ["resident", "dwelling", "residence", "household", "membership", "visit", "place", "inspection", "event"];
        let kind = self.pick(&kinds);
        let Some(fields) = self.fields(kind) else { return };
        let old = self.rng.below(3) == 0 && !matches!(kind, "visit" | "inspection" | "event");
        let record = if old { self.one(kind).and_then(|id| id.parse().ok()) } else { None };
        let keep = |(field, _): &&(String, String)| {
            record.is_none() || !matches!(field.as_str(), "resident" | "dwelling" | "household") || kind == "household"
        };
        let fields: Vec<(&str, &str)> = fields.iter().filter(keep).map(|(f, v)| (f.as_str(), v.as_str())).collect();
        let writer = self.pick(&WRITERS);
        let mut request = form(kind, record, &fields);
        request.scope = phone(self.world, writer).scopes.last().cloned();
        request.source = [Source::Other, Source::SelfSaid, Source::DocumentSeen][self.rng.below(3) as usize];
        match phone(self.world, writer).app.edit(&request) {
            Ok(outcome) => {
                let kind = kinds.iter().find(|known| **known == kind).expect("known");
                self.known.entry(kind).or_default().push(outcome.record);
            }
            // The other grid's record has not come here.
            Err(AppError::NotFound | AppError::Invalid { .. }) => {}
            Err(error) => panic!("{request:?}: {error}"),
        }
        pass(self.world, (1 + self.rng.below(9) as i64) * HOUR / 4);
        if self.rng.below(4) == 0 {
            let who = self.pick(&WRITERS);
            sync(self.world, &[who]);
        }
    }

    fn person(&mut self) -> Vec<(&'static str, String)> {
        let mut all = vec![
            ("name", self.pick(&["李红", "李宏", "黎红", "王小宝"]).to_owned()),
            ("birth_date", self.pick(&["2026-02", "2026-02-03", "1958-03"]).to_owned()),
            ("phone", self.pick(&["13800138000", "13900139000"]).to_owned()),
        ];
        if self.rng.below(3) == 0 {
            all.push(("life_status", self.pick(&["alive", "reported_dead"]).to_owned()));
        }
        if self.rng.below(3) == 0 {
            all.push(("id_no", self.pick(&["11010519491231002X", "440524188001010014"]).to_owned()));
        }
        if let Some(other) = self.one("resident").filter(|_| self.rng.below(5) == 0) {
            all.push(("+distinct", other));
        }
        all
    }

    fn stay(&mut self) -> Option<Vec<(&'static str, String)>> {
        let mut all = vec![
            ("resident", self.one("resident")?),
            ("dwelling", self.one("dwelling")?),
            ("kind", self.pick(&["registered_here", "floating_in", "registered_away"]).to_owned()),
            ("from", "2025-01-01".to_owned()),
        ];
        if self.rng.below(2) == 0 {
            all.push(("to", self.day()));
        }
        Some(all)
    }

    fn fields(&mut self, kind: &str) -> Option<Vec<(String, String)>> {
        let own = |all: Vec<(&str, String)>| all.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        Some(own(match kind {
            "resident" => self.person(),
            "dwelling" => vec![
                (
                    "address",
                    self.pick(&["解放街2-3-102", "解放街2号楼3单元102室", "解放街12-3", "解放街12号3"]).to_owned(),
                ),
                ("tenure", self.pick(&["vacant", "rent", "self"]).to_owned()),
            ],
            "residence" => self.stay()?,
            "household" => vec![("dwelling", self.one("dwelling")?), ("head", self.one("resident")?)],
            "membership" => vec![
                ("household", self.one("household")?),
                ("resident", self.one("resident")?),
                ("relation", self.pick(&["02", "20", "40"]).to_owned()),
            ],
            "visit" => vec![
                ("target", self.one("dwelling")?),
                ("met", self.one("resident")?),
                ("kind", "routine".to_owned()),
                ("mode", self.pick(&["home", "phone"]).to_owned()),
                ("result", self.pick(&["met", "absent"]).to_owned()),
                ("#when", self.moment()),
            ],
            "place" => vec![
                ("name", "利民商店".to_owned()),
                ("kind", "small_shop".to_owned()),
                ("address", self.pick(&["解放街2号", "胜利路9号"]).to_owned()),
            ],
            "inspection" => vec![
                ("place", self.one("place")?),
                ("checklist", "small_shop@1".to_owned()),
                ("#when", self.moment()),
                ("result", "pass".to_owned()),
            ],
            _ => vec![
                ("type", "hazard".to_owned()),
                ("category", self.pick(&["fire_exit", "electric"]).to_owned()),
                ("level", "3".to_owned()),
                ("description", "堵".to_owned()),
                ("place_text", "2单元".to_owned()),
                ("point", self.pick(&["361230000,1171230000,wgs84,5", "361232600,1171230000,wgs84,5"]).to_owned()),
                ("#found_at", self.moment()),
            ],
        }))
    }
}

/// The seed is `WANGGE_SEED`, or fresh; printed, so that a failure can be repeated.
fn seed() -> u64 {
    let given = std::env::var("WANGGE_SEED").ok().and_then(|text| text.parse().ok());
    let fresh =
        || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(1, |d| d.as_nanos() as u64);
    let seed = given.unwrap_or_else(fresh);
    println!("WANGGE_SEED={seed}");
    seed
}

fn town(seed: u64) -> World {
    let mut world = World::new(seed, START).expect("world");
    let both: [Scope; 2] = [World::grid(1), World::grid(2)];
    for (name, role, grids) in [
        ("甲", Role::GW, &both[..1]),
        ("乙", Role::GW, &both[1..]),
        ("丙", Role::GL, &both[..]),
        ("兼", Role::PG, &both[..]),
    ] {
        world.enrol(name, role, grids, 0).expect("enrolment");
    }
    world
}

/// Homes that are an alias or have one.
fn joined(world: &World, homes: &[RecordId]) -> BTreeSet<RecordId> {
    let mut joined = BTreeSet::new();
    for home in homes {
        let Ok(state) = world.county().resolve_record(home) else { continue };
        let of = state.docs.values().find_map(|doc| doc.fields.get("alias_of")?.value.text()?.parse().ok());
        joined.extend(of.into_iter().flat_map(|head: RecordId| [head, *home]));
    }
    joined
}

/// What a phone shows of an item, with all its records.
type Shown = (String, String, String, BTreeSet<RecordId>);

#[test]
fn phones_and_county_ask_the_same_and_what_is_kept_up_is_what_is_made_anew() {
    let seed = seed();
    let mut met = BTreeSet::new();
    for round in 0..3 {
        let mut world = town(seed.wrapping_add(round));
        let mut days = Days { world: &world, rng: Rng::new(seed.wrapping_add(100 + round)), known: BTreeMap::new() };
        for _ in 0..90 {
            days.act();
        }
        for _ in 0..2 {
            sync(&world, &["甲", "乙", "丙", "兼"]);
        }
        let joined = joined(&world, &days.known["dwelling"]);
        let county = of_county(&world);
        met.extend(county.iter().map(|item| item.rule.clone()));
        for phone in &world.phones {
            let held: BTreeSet<RecordId> =
                phone.app.held().expect("held").into_iter().map(|(doc, _)| doc.record).collect();
            // Of homes that are one door, a phone may lack one of the records that speak for them together.
            let whole = |item: &Shown| item.3.iter().all(|record| !joined.contains(record));
            let here: BTreeSet<Shown> = cross(phone)
                .into_values()
                .map(|item| (item.id, item.rule, item.say.zh, item.others.into_iter().chain([item.record]).collect()))
                .filter(whole)
                .collect();
            let there: BTreeSet<Shown> = county
                .iter()
                .map(|item| {
                    let all: BTreeSet<RecordId> = item.others.iter().copied().chain([item.record]).collect();
                    (item.id.clone(), item.rule.clone(), item.zh.clone(), all)
                })
                .filter(|item: &Shown| item.3.is_subset(&held) && whole(item))
                .collect();
            // A phone that holds a part of what an item rests on may ask with fewer words, under an id that the county has.
            let of_county: BTreeSet<String> = county.iter().map(|item| item.id.clone()).collect();
            let (lacks, more): (Vec<_>, Vec<_>) =
                (there.difference(&here).collect(), here.difference(&there).collect());
            assert!(lacks.is_empty(), "{} lacks {lacks:#?} and has {more:#?}", phone.name);
            let alone: Vec<_> = here.iter().filter(|item| !of_county.contains(&item.0)).collect();
            assert!(alone.is_empty(), "{} alone has {alone:#?}", phone.name);
            if phone.role == Role::PG {
                let open = ["same_place", "same_dwelling_unsure", "hazard_twice", "place_closed_but_checked"];
                assert!(here.iter().all(|(_, rule, ..)| open.contains(&rule.as_str())), "{here:#?}");
            }
        }
        // Another edition of the dictionary, in which every word is the same, makes everything anew.
        let mut other = Schema::built_in().clone();
        other.version += 1;
        let other: &'static Schema = Box::leak(Box::new(other));
        let names: Vec<String> = world.phones.iter().map(|phone| phone.name.clone()).collect();
        for name in names {
            let before = phone(&world, &name).app.attention().expect("items");
            world.update_phone(&name, other).expect("update");
            let anew = phone(&world, &name).app.attention().expect("items");
            let changed: Vec<_> = before.iter().zip(&anew).filter(|(old, new)| old != new).take(2).collect();
            assert!(before.len() == anew.len() && changed.is_empty(), "{name}: {changed:#?}");
        }
        world.reopen_county(other).expect("reopened");
        assert_eq!(of_county(&world), county);
    }
    let often = ["same_person", "hazard_twice", "same_place"];
    assert!(often.iter().all(|rule| met.contains(*rule)), "the days are too quiet: {met:?}");
}
