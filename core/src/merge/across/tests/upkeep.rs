//! Upkeep after each change comes to what a computation from nothing comes to, in whatever order records came.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::world::{DAY, Field, MARCH, World, at, id, is, said, schema, to};
use crate::{
    merge::across::{CrossItem, RULES, Seen, items, review},
    model::{RecordId, Value},
};

/// Items as a store keeps them: under each of their records.
#[derive(Default)]
struct Stored(BTreeMap<RecordId, BTreeMap<[u8; 16], CrossItem>>);

impl Stored {
    fn under(&self, record: &RecordId) -> Vec<CrossItem> {
        self.0.get(record).into_iter().flat_map(|items| items.values().cloned()).collect()
    }
    fn keep_up(&mut self, world: &World, touched: BTreeMap<RecordId, Option<Seen>>) {
        let review = review(schema(), world, &touched, &|record| self.under(record));
        let replaced = review.gone.iter().chain(review.put.iter().map(|item| &item.id));
        for id in replaced.copied().collect::<BTreeSet<_>>() {
            self.0.values_mut().for_each(|items| drop(items.remove(&id)));
        }
        for item in review.put {
            for record in &item.records {
                self.0.entry(*record).or_default().insert(item.id, item.clone());
            }
        }
    }
    fn all(&self) -> BTreeMap<[u8; 16], CrossItem> {
        self.0.values().flatten().map(|(id, item)| (*id, item.clone())).collect()
    }
}

fn from_nothing(world: &World) -> BTreeMap<[u8; 16], CrossItem> {
    let all = world.0.keys().flat_map(|record| items(schema(), world, record));
    all.map(|item| (item.id, item)).collect()
}

/// A record as it was; what it was and is an alias of changes with it.
fn touched(before: &World, now: &World, record: RecordId) -> BTreeMap<RecordId, Option<Seen>> {
    let alias = |world: &World| world.0.get(&record).and_then(|seen| seen.target("alias_of"));
    let heads = alias(before).into_iter().chain(alias(now)).map(|head| (head, None));
    heads.chain([(record, before.0.get(&record).cloned())]).collect()
}

/// A small town in which rules meet often: numbers 0 to 31, a kind each by their place.
fn act(world: &mut World, (n, choice, other): (u8, u8, u8)) {
    const KINDS: [&str; 8] =
        ["resident", "dwelling", "residence", "household", "membership", "visit", "place", "inspection"];
    let kind = KINDS[usize::from(n % 8)];
    let of = |kind: &str, pick: u8| {
        let place = KINDS.iter().position(|known| *known == kind).unwrap_or(0) as u8;
        place + 8 * (pick % 4)
    };
    let pick = |list: &[&str]| list[usize::from(choice) % list.len()].to_owned();
    let when = MARCH + i64::from(other % 8) * DAY;
    if choice % 11 == 0 {
        world.0.remove(&id(n));
        return;
    }
    let mut fields: Vec<(&str, Field)> = match kind {
        "resident" => vec![
            ("name", is(&pick(&["李红", "李宏", "", "王小宝"]))),
            ("birth_date", is(&pick(&["2026-02", "2026-02-03", "1958-03"]))),
            ("phone", is(&pick(&["13800138000", "13900139000"]))),
            ("life_status", said(&pick(&["alive", "reported_dead", "dead"]), when)),
        ],
        "dwelling" => vec![
            ("address", is(&pick(&["解放街2-3-102", "解放街2号楼3单元102室", "解放街12-3", "解放街12号3"]))),
            ("tenure", said(&pick(&["vacant", "rent"]), when)),
        ],
        "residence" => vec![
            ("resident", to(of("resident", choice))),
            ("dwelling", to(of("dwelling", other))),
            ("kind", is(&pick(&["registered_here", "floating_in", "registered_away"]))),
        ],
        "household" => {
            vec![("dwelling", to(of("dwelling", choice))), ("head", said(&id(of("resident", other)).to_string(), when))]
        }
        "membership" => vec![
            ("household", to(of("household", choice))),
            ("resident", to(of("resident", other))),
            ("relation", is(&pick(&["02", "40", "20"]))),
        ],
        "visit" => vec![
            ("met", to(of("resident", choice))),
            ("target", to(of("dwelling", other))),
            ("result", is(&pick(&["met", "absent"]))),
            ("when", at(when)),
        ],
        "place" => vec![
            ("name", is("利民商店")),
            ("address", is(&pick(&["解放街2号", "胜利路9号"]))),
            ("status", said(&pick(&["open", "suspected_closed"]), when)),
        ],
        _ => vec![("place", to(of("place", choice))), ("when", at(when))],
    };
    if matches!(kind, "residence" | "membership") && choice % 3 == 0 {
        fields.push(("to", said("2026-03-02", when)));
    }
    if matches!(kind, "resident" | "dwelling") {
        if choice % 5 == 0 {
            fields.push(("alias_of", to(of(kind, other))));
        } else if choice % 7 == 0 {
            fields.push(("distinct", super::world::names(of(kind, other))));
        }
    }
    world.put(n, kind, &fields);
    if choice % 13 == 0 && kind == "residence" {
        world.set(n, "current", Field::Is(Value::Bool(other % 2 == 0)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn kept_up_is_computed_from_nothing(acts in prop::collection::vec((0_u8..32, any::<u8>(), any::<u8>()), 1..90)) {
        let (mut world, mut stored) = (World::default(), Stored::default());
        for one in acts {
            let before = world.clone();
            act(&mut world, one);
            stored.keep_up(&world, touched(&before, &world, id(one.0)));
            prop_assert_eq!(stored.all(), from_nothing(&world));
        }
    }

    #[test]
    fn the_order_in_which_records_came_does_not_matter(
        acts in prop::collection::vec((0_u8..32, any::<u8>(), any::<u8>()), 1..90),
        at_once in any::<bool>(),
        backwards in any::<bool>(),
    ) {
        let mut world = World::default();
        for one in acts {
            act(&mut world, one);
        }
        let mut order: Vec<_> = world.0.keys().copied().collect();
        if backwards {
            order.reverse();
        }
        let (mut part, mut stored) = (World::default(), Stored::default());
        for record in &order {
            let before = part.clone();
            part.0.insert(*record, world.0[record].clone());
            if !at_once {
                stored.keep_up(&part, touched(&before, &part, *record));
            }
        }
        if at_once {
            stored.keep_up(&world, order.iter().map(|record| (*record, None)).collect());
        }
        prop_assert_eq!(stored.all(), from_nothing(&world));
    }

    #[test]
    fn who_holds_every_record_of_an_item_has_the_item(
        acts in prop::collection::vec((0_u8..32, any::<u8>(), any::<u8>()), 1..90),
        held in any::<u32>(),
    ) {
        let mut world = World::default();
        for one in acts {
            act(&mut world, one);
        }
        let mut part = world.clone();
        part.0.retain(|record, _| held & (1 << (record.0[15] % 32)) != 0);
        let here = from_nothing(&part);
        for (id, item) in from_nothing(&world) {
            if item.records.iter().all(|record| part.0.contains_key(record)) {
                prop_assert!(here.contains_key(&id), "{item:?}");
            }
        }
    }
}

#[test]
fn every_rule_has_its_own_name_and_whole_sentences() {
    let names: BTreeSet<_> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), RULES.len());
    for rule in RULES {
        assert!(
            !rule.say.0.contains("冲突") && rule.say.0.ends_with('。') && rule.say.1.ends_with('.'),
            "{}",
            rule.name
        );
        assert!(rule.kinds.iter().all(|kind| schema().kind(kind).is_some()), "{}", rule.name);
    }
}
