//! Homes, the people in them, what visits found.

use super::world::{Field, World, at, id, is, names, none, noon, said, to};

/// Zhou lives with others at a door; 1 person, 2 home, 3 stay.
fn tenant() -> World {
    let mut world = World::default();
    world
        .put(1, "resident", &[("name", is("周海"))])
        .put(2, "dwelling", &[("address", is("解放街2号楼3单元102室")), ("tenure", said("rent", noon(1)))])
        .put(3, "residence", &[("resident", to(1)), ("dwelling", to(2)), ("kind", is("floating_in"))]);
    world
}

fn visit(world: &mut World, n: u8, day: i64) {
    world.put(
        n,
        "visit",
        &[("target", to(2)), ("met", to(1)), ("mode", is("home")), ("result", is("met")), ("when", at(noon(day)))],
    );
}

#[test]
fn a_vacant_home_with_a_tenant_asks_once_for_all_of_them() {
    let mut world = tenant();
    assert_eq!(world.rules(2), Vec::<String>::new());
    world.set(2, "tenure", said("vacant", noon(2)));
    let one = world.only(2);
    assert_eq!((one.rule.as_str(), one.records.clone()), ("vacant_occupied", vec![id(2), id(3), id(1)]));
    assert_eq!(one.zh, "解放街2号楼3单元102室记为空置，但周海登记住在这里。请确认现在有没有人住。");
    world.put(4, "resident", &[("name", is("吴敏"))]).put(
        5,
        "residence",
        &[("resident", to(4)), ("dwelling", to(2)), ("kind", is("floating_in"))],
    );
    let both = world.only(2);
    assert_eq!(both.id, one.id, "a second tenant does not make a new question");
    assert!(both.zh.contains("周海、吴敏"), "{}", both.zh);
    // Who is registered there and away leaves it vacant; so does a stay that ended.
    world.set(3, "kind", is("registered_away")).set(5, "to", said("2026-03-02", noon(3)));
    assert_eq!(world.rules(2), Vec::<String>::new());
    // An end that lies ahead is no end yet.
    world.set(5, "to", said("2026-09-01", noon(3)));
    assert_eq!(world.rules(2), ["vacant_occupied"]);
    world.set(2, "tenure", said("rent", noon(4)));
    assert_eq!(world.rules(2), Vec::<String>::new(), "a changed tenure clears it");
    world.set(2, "tenure", said("vacant", noon(5)));
    assert_ne!(world.only(2).id, one.id, "vacant again is said again, and asked again");
}

#[test]
fn an_ended_stay_and_a_later_meeting_at_home_ask_until_the_end_is_said_again() {
    let mut world = tenant();
    world.set(3, "to", said("2026-03-01", noon(2)));
    visit(&mut world, 6, 1);
    assert_eq!(world.rules(3), Vec::<String>::new(), "met on the day of the end");
    visit(&mut world, 7, 6);
    let item = world.only(3);
    assert_eq!(item.rule, "stay_ended_but_met");
    assert_eq!(
        item.zh,
        "周海在解放街2号楼3单元102室的居住记为2026年3月1日结束，但2026年3月6日入户走访时在家见到本人，疑似仍居住。请确认。"
    );
    visit(&mut world, 8, 8);
    assert_eq!(world.only(3).id, item.id, "another meeting is the same question");
    let near_misses: [(&str, Field); 4] =
        [("result", is("absent")), ("mode", is("phone")), ("mode", is("street")), ("target", to(9))];
    for (field, value) in near_misses {
        let mut world = world.clone();
        world.0.remove(&id(8));
        world.set(7, field, value);
        assert_eq!(world.rules(3), Vec::<String>::new(), "{field}");
    }
    let mut back = world.clone();
    back.put(9, "residence", &[("resident", to(1)), ("dwelling", to(2)), ("kind", is("floating_in"))]);
    assert_eq!(back.rules(3), Vec::<String>::new(), "a new stay there settles it");
    let mut reopened = world.clone();
    reopened.set(3, "to", none());
    assert_eq!(reopened.rules(3), Vec::<String>::new(), "the end was taken back");
    world.set(3, "to", said("2026-03-01", noon(9)));
    assert_eq!(world.rules(3), Vec::<String>::new(), "confirmed after the meetings");
}

#[test]
fn who_is_said_to_be_dead_and_is_met_later_is_asked_about() {
    let mut world = tenant();
    world.set(1, "life_status", said("reported_dead", noon(5)));
    visit(&mut world, 6, 4);
    assert_eq!(world.rules(1), Vec::<String>::new(), "met before");
    visit(&mut world, 7, 6);
    let item = world.only(1);
    assert_eq!(item.rule, "alive_after_dead");
    assert!(
        item.zh.starts_with("周海在2026年3月5日被记为") && item.zh.contains("2026年3月6日走访时见到本人"),
        "{}",
        item.zh
    );
    world.set(7, "result", is("absent"));
    assert_eq!(world.rules(1), Vec::<String>::new());
    world.set(1, "life_status", Field::OwnWord(noon(7))).set(1, "life_status", said("reported_dead", noon(5)));
    let own = world.only(1);
    assert_eq!((own.id, own.records.clone()), (item.id, vec![id(1)]), "his own word later asks the same");
    assert!(own.zh.contains("2026年3月7日又有本人讲述的记录"), "{}", own.zh);
    let mut again = world.clone();
    again.set(1, "life_status", said("dead", noon(8)));
    assert_eq!(again.rules(1), Vec::<String>::new(), "said again afterwards");
    world.set(1, "life_status", said("alive", noon(8)));
    assert_eq!(world.rules(1), Vec::<String>::new());
}

#[test]
fn a_household_with_two_heads_asks_until_one_is_left() {
    let mut world = World::default();
    world
        .put(1, "resident", &[("name", is("王芳"))])
        .put(2, "resident", &[("name", is("王强"))])
        .put(3, "dwelling", &[("address", is("幸福里3-301"))])
        .put(4, "household", &[("dwelling", to(3)), ("head", said(&id(1).to_string(), noon(1)))])
        .put(5, "membership", &[("household", to(4)), ("resident", to(1)), ("relation", is("02"))])
        .put(6, "membership", &[("household", to(4)), ("resident", to(2)), ("relation", is("20"))]);
    assert_eq!(world.rules(4), Vec::<String>::new());
    world.set(6, "relation", is("02"));
    let item = world.only(4);
    assert_eq!(item.zh, "幸福里3-301这一户登记的户主不止一位：王芳、王强。请确认谁是户主。");
    assert_eq!(world.rules(1), ["one_head"]);
    let mut moved = world.clone();
    moved.set(6, "to", said("2026-02-01", noon(2)));
    assert_eq!(moved.rules(4), Vec::<String>::new(), "a membership that ended");
    let mut one = world.clone();
    one.put(2, "resident", &[("name", is("王强")), ("alias_of", to(1))]);
    assert_eq!(one.rules(4), Vec::<String>::new(), "two entries of one person");
    world.set(5, "relation", is("10"));
    assert_eq!(world.rules(4), ["one_head"], "the household still names another");
    world.set(4, "head", said(&id(2).to_string(), noon(3)));
    assert_eq!(world.rules(4), Vec::<String>::new());
}

#[test]
fn two_homes_of_one_person_ask_until_one_is_current() {
    let mut world = tenant();
    world.put(4, "dwelling", &[("address", is("赵桥村12号"))]).put(
        5,
        "residence",
        &[("resident", to(1)), ("dwelling", to(4)), ("kind", is("registered_away"))],
    );
    assert_eq!(world.rules(1), Vec::<String>::new(), "registered there, living here");
    world.set(5, "kind", is("registered_here"));
    let item = world.only(1);
    assert_eq!(item.zh, "周海同时登记住在解放街2号楼3单元102室和赵桥村12号。请确认现在住在哪里。");
    let yes = |yes| Field::Is(crate::model::Value::Bool(yes));
    let mut half = world.clone();
    half.set(3, "current", yes(true));
    assert_eq!(half.rules(1), ["two_stays"], "nothing is said of the other");
    half.set(5, "current", yes(false));
    assert_eq!(half.rules(1), Vec::<String>::new());
    let mut ended = world.clone();
    ended.set(5, "to", said("2026-03-01", noon(2)));
    assert_eq!(ended.rules(1), Vec::<String>::new());
    world.put(4, "dwelling", &[("address", is("赵桥村12号")), ("alias_of", to(2))]);
    assert_eq!(world.rules(1), Vec::<String>::new(), "two spellings of one door");
}

#[test]
fn a_closed_place_that_is_inspected_later_is_asked_about() {
    let mut world = World::default();
    world.put(1, "place", &[("name", is("利民商店")), ("status", said("suspected_closed", noon(5)))]).put(
        2,
        "inspection",
        &[("place", to(1)), ("when", at(noon(4)))],
    );
    assert_eq!(world.rules(1), Vec::<String>::new(), "inspected before");
    world.put(3, "inspection", &[("place", to(1)), ("when", at(noon(6)))]);
    let item = world.only(1);
    assert_eq!(item.rule, "place_closed_but_checked");
    assert!(item.zh.starts_with("利民商店记为") && item.zh.contains("2026年3月6日"), "{}", item.zh);
    let mut again = world.clone();
    again.set(1, "status", said("closed", noon(7)));
    assert_eq!(again.rules(1), Vec::<String>::new());
    world.set(1, "status", said("open", noon(7)));
    assert_eq!(world.rules(1), Vec::<String>::new());
}

#[test]
fn visits_of_an_alias_are_visits_of_its_head() {
    let mut world = tenant();
    world.set(1, "life_status", said("reported_dead", noon(5)));
    world.put(9, "resident", &[("name", is("周海")), ("alias_of", to(1))]);
    visit(&mut world, 7, 6);
    world.set(7, "met", to(9));
    assert_eq!(world.only(1).rule, "alive_after_dead");
    assert_eq!(world.items(9), world.items(1), "it rests on the alias as well");
    world.set(9, "alias_of", none());
    assert_eq!(world.rules(1), Vec::<String>::new());
    // A ring of aliases has one head, the smallest id, and no side hangs.
    world.set(1, "alias_of", to(9)).set(9, "alias_of", to(1)).set(9, "distinct", names(1));
    assert_eq!(world.rules(1), ["alive_after_dead"]);
}
