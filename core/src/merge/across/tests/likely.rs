//! What is typed beside what is here.

use super::world::{Field, World, id, is, noon, said, schema, to};
use crate::{
    merge::across::{Typed, likely},
    model::{Millis, Value},
};

fn ask(world: &World, kind: &str, values: &[(&str, &str)]) -> Vec<(crate::model::RecordId, u8, String)> {
    let typed = Typed {
        values: values.iter().map(|(field, value)| ((*field).to_owned(), Value::from(*value))).collect(),
        scope: "370101001001001".into(),
        now: Millis(noon(1)),
    };
    let found = likely(schema(), world, schema().kind(kind).unwrap(), &typed);
    found.into_iter().map(|one| (one.record, one.weight, one.zh)).collect()
}

fn street() -> World {
    let mut world = World::default();
    world
        .put(
            1,
            "resident",
            &[
                ("name", is("李红")),
                ("birth_date", is("1958-03")),
                ("id_no", is("11010519491231002X")),
                ("phones", Field::Has(vec!["13800138000"])),
            ],
        )
        .put(2, "resident", &[("name", is("李宏")), ("birth_date", is("1958-03-09"))])
        .put(3, "dwelling", &[("address", is("解放街2号楼3单元102室"))])
        .put(4, "residence", &[("resident", to(2)), ("dwelling", to(3))])
        .put(5, "place", &[("name", is("利民商店")), ("address", is("解放街2号"))])
        .put(6, "resident", &[("name", is("赵大")), ("alias_of", to(2)), ("id_no", is("440524188001010014"))]);
    world
}

#[test]
fn persons_come_surest_first_with_a_reason() {
    let world = street();
    let found = ask(&world, "resident", &[("name", "李红"), ("birth_date", "1958.3")]);
    let shown: Vec<_> = found.iter().map(|(record, weight, zh)| (*record, *weight, zh.as_str())).collect();
    assert_eq!(shown, [(id(1), 5, "姓名、出生日期相同"), (id(2), 3, "姓名同音、出生年月相同")]);
    let found = ask(&world, "resident", &[("name", "黎红"), ("phone", "138-0013-8000")]);
    assert_eq!(found, [(id(1), 6, "姓名同音、电话相同".to_owned())]);
    let found = ask(&world, "resident", &[("id_no", "11010519491231002x")]);
    assert_eq!(found, [(id(1), 9, "证件号码相同".to_owned())]);
    let door = id(3).to_string();
    let found = ask(&world, "resident", &[("name", "李宏"), ("birth_date", "1958-03"), ("dwelling", &door)]);
    assert_eq!(found[0], (id(2), 8, "姓名、出生日期、住址相同".to_owned()));
    let found = ask(&world, "resident", &[("name", "李虹"), ("dwelling", &door)]);
    assert_eq!(found, [(id(2), 4, "同一住处，姓名相同或同音".to_owned())]);
    assert_eq!(ask(&world, "resident", &[("name", "李红")]), [], "a name alone says nothing");
    assert_eq!(ask(&world, "resident", &[("name", "王五"), ("birth_date", "1958-03"), ("dwelling", &door)]), []);
    assert_eq!(ask(&world, "resident", &[("name", "李红"), ("birth_date", "1958-04")]), []);
}

#[test]
fn a_valid_id_number_tells_namesakes_apart() {
    let found = ask(
        &street(),
        "resident",
        &[("name", "李红"), ("birth_date", "1958-03"), ("phone", "13800138000"), ("id_no", "440524188001010014")],
    );
    assert_eq!(
        found.iter().map(|one| one.0).collect::<Vec<_>>(),
        [id(2)],
        "only the one of that sound without a number"
    );
}

#[test]
fn homes_places_and_reports() {
    let mut world = street();
    let found = ask(&world, "dwelling", &[("address", "解放街2幢3单元1层02户")]);
    assert_eq!(found, [(id(3), 9, "同一门牌".to_owned())]);
    assert_eq!(ask(&world, "dwelling", &[("address", "解放街2幢3单元103")]), []);
    let found = ask(&world, "place", &[("name", "利民商店"), ("address", "解放街２号")]);
    assert_eq!(found, [(id(5), 8, "名称、地址相同".to_owned())]);
    world.put(
        7,
        "event",
        &[
            ("type", is("hazard")),
            ("category", is("fire_exit")),
            ("dwelling", to(3)),
            ("found_at", super::world::at(noon(1) - 3 * 3_600_000)),
        ],
    );
    let door = id(3).to_string();
    let found = ask(&world, "event", &[("type", "hazard"), ("category", "fire_exit"), ("dwelling", &door)]);
    assert_eq!(found, [(id(7), 6, "同一住户，相隔3小时".to_owned())]);
    world.set(7, "tenure", said("x", 0));
    assert_eq!(ask(&world, "event", &[("type", "hazard"), ("category", "electric"), ("dwelling", &door)]), []);
}
