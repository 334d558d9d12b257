//! Two records that may be one: persons, children, places, doors, reports.

use super::world::{Field, MARCH, World, at, id, is, names, noon, said, to};

/// Two valid ID numbers (GB 11643's own examples).
const ZHANG: &str = "11010519491231002X";
const LI: &str = "440524188001010014";

/// Two entries, each living at a door of its own record: persons 1 and 2, homes 3 and 4, stays 5 and 6.
fn two(name_a: &str, name_b: &str, births: [&str; 2]) -> World {
    let mut world = World::default();
    for (n, name, birth) in [(1, name_a, births[0]), (2, name_b, births[1])] {
        world.put(n, "resident", &[("name", is(name)), ("birth_date", is(birth))]);
        world.put(n + 2, "dwelling", &[("address", is("解放街2号楼3单元102室"))]);
        world.put(n + 4, "residence", &[("resident", to(n)), ("dwelling", to(n + 2)), ("kind", is("registered_here"))]);
    }
    world
}

#[test]
fn one_name_birth_and_door_make_a_pair_and_each_near_miss_does_not() {
    let world = two("李红", "李红", ["1958-03", "1958-03"]);
    let item = world.only(1);
    assert_eq!(item.rule, "same_person");
    assert_eq!(item.zh, "李红和李红可能是同一个人：姓名、出生日期、住址相同。请当面核实。");
    assert_eq!(item.records[..2], [id(1), id(2)]);
    assert_eq!(world.only(2), item);
    assert_eq!(world.rules(5), ["same_person"], "the stay is what tells that the door is one");
    assert_eq!(
        two("李红", "李红", ["1958-03-05", "1958-03"]).rules(1),
        ["same_person"],
        "a day says more than a month"
    );

    let none = Vec::<String>::new();
    assert_eq!(two("李红", "李红", ["1958-03", "1958-04"]).rules(1), none);
    assert_eq!(two("李红", "李红", ["1958-03-05", "1958-03-06"]).rules(1), none);
    assert_eq!(two("李红", "李宏", ["1958-03", "1958-03"]).rules(1), none, "a homophone needs a telephone");
    let mut elsewhere = two("李红", "李红", ["1958-03", "1958-03"]);
    elsewhere.set(4, "address", is("解放街2号楼3单元103室"));
    assert_eq!(elsewhere.rules(1), none, "namesakes at two doors");
    let mut moved = two("李红", "李红", ["1958-03", "1958-03"]);
    moved.set(6, "to", said("2026-01-01", noon(1)));
    assert_eq!(moved.rules(1), none);
    let mut village = two("李红", "李红", ["1958-03", "1958-03"]);
    village.0.get_mut(&id(4)).unwrap().scope.0 = "370101001002001".into();
    assert_eq!(village.rules(1), none, "a door of that name in another village");
    let mut ids = two("李红", "李红", ["1958-03", "1958-03"]);
    ids.set(1, "id_no", is(ZHANG)).set(2, "id_no", is(LI));
    assert_eq!(ids.rules(1), none, "two valid numbers are two persons");
}

#[test]
fn one_id_number_makes_a_pair_whatever_else_differs() {
    let mut world = two("张三", "张珊", ["1949-12-31", "1950-01-01"]);
    world.set(1, "id_no", is(ZHANG)).set(2, "id_no", is("11010519491231002x")).set(4, "address", is("赵桥村12号"));
    let item = world.only(1);
    assert_eq!(item.zh, "张三和张珊可能是同一个人：证件号码相同。请当面核实。");
    // A mistyped check digit pairs only where name and birth agree.
    world.set(2, "id_no", is("110105194912310021"));
    assert_eq!(world.rules(1), Vec::<String>::new());
    world.set(2, "name", is("张三")).set(2, "birth_date", is("1949-12"));
    assert_eq!(world.only(1).id, item.id, "the same two, asked for another reason");
}

#[test]
fn a_name_of_one_sound_and_one_telephone_make_a_pair() {
    let mut world = two("张玮", "张伟", ["", "1980-01"]);
    world.set(4, "address", is("赵桥村12号")).set(1, "phone", is("13800138000"));
    assert_eq!(world.rules(1), Vec::<String>::new());
    world.set(2, "phones", Field::Has(vec!["13900139000", "13800138000"]));
    assert_eq!(world.only(1).zh, "张玮和张伟可能是同一个人：姓名同音、电话相同。请当面核实。");
    world.set(2, "name", is("章伟"));
    assert_eq!(world.rules(1), ["same_person"], "a surname of the same sound");
    world.set(2, "name", is("王伟"));
    assert_eq!(world.rules(1), Vec::<String>::new(), "a family shares its telephone");
    world.set(2, "name", is("张伟")).set(1, "birth_date", is("1979-01"));
    assert_eq!(world.rules(1), Vec::<String>::new(), "two births");
}

#[test]
fn a_pair_told_apart_or_joined_is_no_question_any_more() {
    for side in [1, 2] {
        let mut world = two("李红", "李红", ["1958-03", "1958-03"]);
        world.set(side, "distinct", names(3 - side));
        assert_eq!(world.rules(1), Vec::<String>::new(), "said at {side}");
        world.set(side, "distinct", names(9));
        assert_eq!(world.rules(1), ["same_person"], "said of somebody else");
    }
    let mut world = two("李红", "李红", ["1958-03", "1958-03"]);
    world.set(2, "alias_of", to(1));
    assert_eq!(world.rules(1), Vec::<String>::new());
    assert_eq!(world.rules(2), Vec::<String>::new());
    // Told apart from an alias is told apart from its head.
    let mut world = two("李红", "李红", ["1958-03", "1958-03"]);
    world.put(9, "resident", &[("alias_of", to(2))]).set(1, "distinct", names(9));
    assert_eq!(world.rules(1), Vec::<String>::new());
}

#[test]
fn two_newborn_of_one_household_ask_whether_they_are_twins() {
    let mut world = World::default();
    world.put(1, "dwelling", &[("address", is("幸福里3-301"))]).put(2, "household", &[("dwelling", to(1))]);
    for (n, name) in [(3, ""), (4, "王小宝")] {
        world.put(n, "resident", &[("name", is(name)), ("birth_date", is("2026-02"))]);
        world.put(n + 2, "membership", &[("household", to(2)), ("resident", to(n)), ("relation", is("40"))]);
    }
    let item = world.only(3);
    assert_eq!(item.rule, "newborn_pair");
    assert_eq!(
        item.zh,
        "幸福里3-301这一户登记了两个同月出生的孩子：未取名的孩子和王小宝。请确认是同一个孩子还是双胞胎。"
    );
    let none = Vec::<String>::new();
    let mut other = world.clone();
    other.set(3, "birth_date", is("2026-01-30"));
    assert_eq!(other.rules(4), none, "another month");
    let mut grown = world.clone();
    grown.set(3, "birth_date", is("2015-02")).set(4, "birth_date", is("2015-02"));
    assert_eq!(grown.rules(4), none, "twins of eleven years are known");
    let mut apart = world.clone();
    apart.put(7, "household", &[]).set(6, "household", to(7));
    assert_eq!(apart.rules(4), none, "two households");
    world.set(4, "distinct", names(3));
    assert_eq!(world.rules(3), none, "twins, somebody said");
}

#[test]
fn two_places_of_one_code_or_of_one_name_and_address() {
    let shop = |world: &mut World, n: u8, name: &str, address: &str, uscc: &str| {
        world.put(n, "place", &[("name", is(name)), ("address", is(address)), ("uscc", is(uscc))]);
    };
    let code = "91350100M000100Y43";
    let mut world = World::default();
    shop(&mut world, 1, "利民商店", "解放街2号", code);
    shop(&mut world, 2, "利民超市", "胜利路9号", &code.to_lowercase());
    assert_eq!(world.only(1).zh, "利民商店和利民超市可能是同一个场所：统一社会信用代码相同。请核实。");
    shop(&mut world, 2, "利民 商店", "解放街２号", "");
    assert_eq!(world.only(2).rule, "same_place");
    shop(&mut world, 2, "利民商店", "解放街2号", "91350100M000100Y44");
    assert_eq!(world.rules(1), Vec::<String>::new(), "two codes are two firms");
    shop(&mut world, 2, "利民商店", "解放街3号", "");
    assert_eq!(world.rules(1), Vec::<String>::new());
    shop(&mut world, 2, "利民商店", "解放街2号", "");
    world.set(2, "status", is("closed"));
    assert_eq!(world.rules(1), Vec::<String>::new(), "the one that closed is not the one that opened there");
    world.set(2, "status", is("open")).set(1, "distinct", names(2));
    assert_eq!(world.rules(1), Vec::<String>::new());
}

#[test]
fn doors_that_cannot_be_read_for_certain_are_asked_about_and_others_not() {
    let door = |a: &str, b: &str| {
        let mut world = World::default();
        world.put(1, "dwelling", &[("address", is(a))]).put(2, "dwelling", &[("address", is(b))]);
        world.rules(1)
    };
    let asked = ["same_dwelling_unsure"];
    assert_eq!(door("解放街12-3", "解放街12号院3号"), asked);
    assert_eq!(door("3-2-301", "3单元2楼301"), asked, "3 may be the building or the staircase");
    let none = Vec::<String>::new();
    assert_eq!(door("解放街2号楼3单元102室", "解放街2幢3单元1层02户"), none, "one door, joined by the server");
    assert_eq!(door("解放街2-3-102", "胜利路2-3-102"), none, "two streets");
    assert_eq!(door("解放街12-3", "解放街12-4"), none);
    assert_eq!(door("村东头", "村东头"), none, "no number to compare");
}

#[test]
fn one_hazard_reported_twice_within_thirty_metres_and_a_day() {
    let report = |n: u8, point: &str, found: i64| {
        let mut world = World::default();
        for (n, point, found) in [(1, "361230000,1171230000,wgs84,5", MARCH), (n, point, found)] {
            world.put(
                n,
                "event",
                &[
                    ("type", is("hazard")),
                    ("category", is("fire_exit")),
                    ("place_text", is("2单元门口")),
                    ("point", is(point)),
                    ("found_at", at(found)),
                ],
            );
        }
        world
    };
    let (near, far) = ("361232600,1171230000,wgs84,5", "361232800,1171230000,wgs84,5");
    let day = 86_400_000;
    let world = report(2, near, MARCH + 40 * 60_000);
    let item = world.only(1);
    assert_eq!(
        item.zh,
        "“2单元门口 消防通道堵塞”和“2单元门口 消防通道堵塞”可能是同一处隐患报了两次：相距约29米，相隔40分钟。可由镇街中心并案。"
    );
    assert_eq!(report(2, near, MARCH + day).rules(1), ["hazard_twice"], "24 hours");
    let none = Vec::<String>::new();
    assert_eq!(report(2, near, MARCH + day + 3_600_000).rules(1), none, "25 hours");
    assert_eq!(report(2, far, MARCH).rules(1), none, "31 metres");
    let mut other = world.clone();
    other.set(2, "category", is("electric"));
    assert_eq!(other.rules(1), none);
    let mut request = world.clone();
    request.set(2, "type", is("request"));
    assert_eq!(request.rules(1), none);
    // Without a position the same home, place or building will do.
    let mut homes = world.clone();
    homes.set(2, "point", is("")).set(1, "building", to(7)).set(2, "building", to(7));
    assert!(homes.only(1).zh.contains("同一楼栋"));
    homes.set(2, "building", to(8));
    assert_eq!(homes.rules(1), none);
    // Taken up one by one, somebody has judged them to be two; joined, to be one.
    let mut taken = world.clone();
    taken.set(1, "state", is("accepted"));
    assert_eq!(taken.rules(1), ["hazard_twice"]);
    taken.set(2, "state", is("dispatched"));
    assert_eq!(taken.rules(1), none);
    let mut joined = world;
    joined.set(2, "state", is("merged")).set(2, "merged_into", to(1));
    assert_eq!(joined.rules(1), none);
}
