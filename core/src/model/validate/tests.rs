#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::model::{
    Millis, Role, SCHEMA_VERSION,
    files::{BUILT_IN, SchemaFiles},
};

fn field(kind: &str, key: &str) -> &'static Field {
    Schema::built_in().kind(kind).unwrap().field(key).unwrap()
}
/// Rules that a value breaks, with `!` before those that keep it from being written.
fn rules(kind: &str, key: &str, value: impl Into<Value>) -> Vec<String> {
    let problems = check_value(Schema::built_in(), field(kind, key), &value.into());
    problems.iter().map(|p| format!("{}{}", if p.blocks() { "!" } else { "" }, p.rule)).collect()
}

#[test]
fn sound_values_pass() {
    for (kind, key, text) in [
        ("resident", "name", "阿依古丽·买买提"),
        ("resident", "name", "𫖯明"),
        ("resident", "sex", "1"),
        ("resident", "birth_date", "2024-02-29"),
        ("resident", "birth_date", "1958-03"),
        ("resident", "id_no", "11010519491231002X"),
        ("resident", "phone", "13800138000"),
        ("region", "notice_phone", "12345"),
        ("region", "notice_phone", "4008001234"),
        ("household", "contact_phone", "01062345678"),
        ("household", "contact_phone", "05382821234"),
        ("household", "contact_phone", "053182821234"),
        ("dwelling", "building", "018f4e3c-7f7e-7000-8000-000000000001"),
        ("event", "description", "楼道堆放杂物，\n堵塞消防通道"),
        ("resident", "phones", r#"{"text":"13800138000","on":false,"date":"2026-03-08"}"#),
        ("care", "tags", r#"{"text":"elder_alone","on":true}"#),
        ("event", "handling", r#"{"text":"已通知物业","done":true,"count":2}"#),
        ("event", "point", "360616469,1163006078,wgs84,12"),
        ("building", "point", "360616469,1163006078,gcj02,"),
        ("place", "uscc", "91350100M000100Y43"),
        ("region", "code", "990123001001001"),
        ("inspection", "checklist", "small_shop@1"),
        ("inspection", "failed", r#"{"text":"wiring","on":true}"#),
    ] {
        assert_eq!(rules(kind, key, text), [""; 0], "{kind}.{key} {text}");
    }
    assert_eq!(rules("dwelling", "floor", -1), [""; 0]);
    assert_eq!(rules("event", "found_at", 1_781_087_820_000), [""; 0]);
    for kind in Schema::built_in().kinds.values() {
        for field in &kind.fields {
            assert_eq!(check_value(Schema::built_in(), field, &Value::Null), [], "anything may be cleared");
        }
    }
}

#[test]
fn each_rule_is_named() {
    for (kind, key, text, expected) in [
        ("resident", "name", "", "!blank"),
        ("resident", "name", " \u{3000}", "!blank"),
        ("resident", "name", "张三 ", "spaces"),
        ("resident", "name", "张\u{0}三", "!control"),
        ("resident", "name", "张\u{202e}三", "!control"),
        ("resident", "name", "张\u{fffd}", "damaged"),
        ("resident", "name", "张\u{e5e5}", "private_use"),
        ("resident", "sex", "男", "!code"),
        ("resident", "life_status", "dead", "!command"),
        ("building", "safety_flag", "demolished", "!command"),
        ("resident", "birth_date", "1958.3.5", "!date_shape"),
        ("resident", "birth_date", "1958-3-05", "!date_shape"),
        ("resident", "birth_date", "一九五八-03", "!date_shape"),
        ("resident", "birth_date", "2023-02-29", "!date"),
        ("resident", "birth_date", "2023-13", "!date"),
        ("resident", "birth_date", "0058-03-05", "!date"),
        ("resident", "phone", "138 0013 8000", "!phone_digits"),
        ("resident", "phone", "", "!phone_digits"),
        ("resident", "phone", "１３８００１３８０００", "!phone_digits"),
        ("resident", "phone", "1380013800", "!phone"),
        ("resident", "phone", "12800138000", "!phone"),
        ("resident", "phone", "2821234", "phone_area"),
        ("resident", "id_no", "110105194912310021", "id_check_digit"),
        ("resident", "id_no", "11010519490231002X", "id_date"),
        ("resident", "id_no", "110105491231002", "id_length"),
        ("resident", "id_no", "1101051949123100AX", "id_characters"),
        ("resident", "id_no", "11010519491231002x", "!id_form"),
        ("dwelling", "building", "7", "!ref"),
        ("dwelling", "building", "018F4E3C-7F7E-7000-8000-000000000001", "!ref"),
        ("dwelling", "floor", "3", "!type"),
        ("dwelling", "smoke_alarm", "true", "!type"),
        ("resident", "phones", "13800138000", "!type"),
        ("resident", "phones", r#"{"text":"138","on":true}"#, "!phone"),
        ("resident", "phones", r#"{"text":"13800138000","on":true,"date":"8 Mar"}"#, "!date_shape"),
        ("care", "tags", r#"{"text":"独居","on":true}"#, "!code"),
        ("event", "handling", "已通知物业", "!entry"),
        ("event", "point", "36.06,116.3,wgs84,12", "!point_shape"),
        ("event", "point", "360616469,1163006078,bd09,12", "!point_crs"),
        ("event", "point", "960616469,1163006078,wgs84,12", "!point_range"),
        ("event", "point", "360616469,1163006078,wgs84,0", "!point_accuracy"),
        ("event", "point", "515000000,-1000000,wgs84,12", "point_far"),
        ("place", "uscc", "91350100M000100Y4", "!uscc_length"),
        ("place", "uscc", "91350100M000100Y4S", "!uscc_characters"),
        ("place", "uscc", "91350100M000100Y44", "!uscc_check"),
        ("region", "code", "9901230010", "!region_shape"),
        ("region", "code", "990123001001000", "!region_part"),
        ("resident", "id_no", "810105194912310021", "id_permit"),
        ("event", "photos", r#"{"text":"IMG_1.jpg","on":true}"#, "!attachment"),
        ("inspection", "checklist", "small_shop", "!code"),
        ("inspection", "checklist", "small_shop@99", "!code"),
        ("event", "handling", "{}", "!entry"),
        ("event", "handling", r#"{"a":{"b":1}}"#, "!entry"),
        ("event", "handling", r#"{"text":"a\u0007"}"#, "!control"),
    ] {
        assert_eq!(rules(kind, key, text), [expected], "{kind}.{key} {text:?}");
    }
    assert_eq!(rules("resident", "name", 7), ["!type"]);
    assert_eq!(rules("resident", "name", Value::Bytes(vec![1])), ["!type"]);
    assert_eq!(rules("dwelling", "area_m2", i64::MAX), ["!range"]);
    assert_eq!(
        (rules("building", "built_year", 1499), rules("building", "built_year", 2026)),
        (vec!["!range".to_owned()], vec![])
    );
    assert_eq!(rules("visit", "when", "2026-03-08"), ["!type"]);
    assert_eq!(rules("event", "found_at", 1_781_087_820_000_000), ["!range"], "microseconds are no milliseconds");
}

#[test]
fn lengths_count_characters_and_bytes() {
    assert_eq!(rules("resident", "name", "字".repeat(50).as_str()), [""; 0]);
    assert_eq!(rules("resident", "name", "字".repeat(51).as_str()), ["!length"]);
    assert_eq!(rules("event", "description", "a".repeat(4097).as_str()), ["!size", "!length"]);
    let entry = format!(r#"{{"text":"{}"}}"#, "字".repeat(501));
    assert_eq!(rules("event", "handling", entry.as_str()), ["!length"]);
}

#[test]
fn all_problems_of_a_value_come_at_once() {
    let text = format!(" {}\u{7}\u{fffd}", "字".repeat(60));
    assert_eq!(rules("resident", "name", text.as_str()), ["spaces", "!control", "damaged", "!length"]);
}

#[test]
fn times_are_the_years_they_say() {
    assert_eq!(crate::model::text::moment("1800-01-01 08:00"), Some(TIMES.start));
    assert_eq!(crate::model::text::moment("2200-01-01 08:00"), None, "2200 is out of the calendar of records");
    assert_eq!(crate::model::text::moment("2199-12-31 08:00").map(|ms| ms + 86_400_000), Some(TIMES.end));
}

#[test]
fn keys_follow_the_rule_of_the_field() {
    let member = Member::present("13800138000");
    let key = Member::key("phones", "13800138000");
    assert!(key_fits(field("resident", "phones"), &key, &member.to_value()));
    assert!(key_fits(field("resident", "phones"), &key, &Value::Null));
    assert!(!key_fits(field("resident", "phones"), &key, &Member::present("13900139000").to_value()));
    assert!(!key_fits(field("resident", "phones"), "phones", &member.to_value()));
    assert!(!key_fits(field("resident", "phones"), "phones/xyz", &Value::Null));
    assert!(key_fits(field("resident", "name"), "name", &"张三".into()));
    assert!(!key_fits(field("resident", "name"), "name/1", &"张三".into()));
    let log = field("event", "handling");
    assert!(key_fits(log, "handling/01ARZ3NDEKTSV4RRFFQ69G5FAV", &"{}".into()));
    for wrong in ["handling", "handling/", "handling/01arz3ndektsv4rrffq69g5fav", "handling/01ARZ3NDEK"] {
        assert!(!key_fits(log, wrong, &"{}".into()), "{wrong}");
    }
}

#[test]
fn a_record_must_hold_what_its_author_could_fill_in() {
    let schema = Schema::built_in();
    let resident = schema.kind("resident").unwrap();
    let missing = |role, kind, values: &[(&str, Value)]| {
        let values = values.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        let problems = check_record(schema, kind, role, &values, AT);
        problems.into_iter().map(|p| (p.field, p.rule)).collect::<Vec<_>>()
    };
    let required = |field: &str| (field.to_owned(), "required".to_owned());
    assert_eq!(missing(Role::GW, resident, &[("name", "张三".into())]), []);
    assert_eq!(missing(Role::GW, resident, &[("sex", "1".into())]), [required("name")]);
    assert_eq!(missing(Role::GW, resident, &[("name", Value::Null)]), [required("name")]);
    assert_eq!(missing(Role::GW, resident, &[("birth_date", "2026-03-02".into())]), [], "a newborn without a name yet");
    assert_eq!(missing(Role::PG, resident, &[]), [], "a part-time worker cannot fill in a name");
    let unknown = missing(Role::GW, resident, &[("name", "张三".into()), ("religion", "无".into())]);
    assert_eq!(unknown, [("religion".to_owned(), "unknown_field".to_owned())]);
    let wrong_key = missing(Role::GW, resident, &[("name", "张三".into()), ("sex/1", "1".into())]);
    assert_eq!(wrong_key, [("sex".to_owned(), "key".to_owned())]);
}

#[test]
fn sentences_begin_with_the_label_and_never_repeat_the_value() {
    let problems = check_value(Schema::built_in(), field("resident", "id_no"), &"110105194912310021".into());
    assert_eq!(problems[0].zh, "公民身份号码：身份证号末位校验码不符");
    assert_eq!(problems[0].en, "ID number: the check digit of the ID number does not fit");
    assert!(!problems[0].zh.contains("1101051949"));
}

/// 2026-06-10, 18:37 in China.
const AT: Millis = Millis(1_781_087_820_000);

/// Problems of a whole record, with `!` before those that keep it from being submitted.
fn record(schema: &Schema, kind: &str, role: Role, values: &[(&str, Value)]) -> Vec<String> {
    let values = values.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    let problems = check_record(schema, schema.kind(kind).unwrap(), role, &values, AT);
    problems.iter().map(|p| format!("{}{} {}", if p.blocks() { "!" } else { "" }, p.field, p.rule)).collect()
}

fn member(field: &str, text: &str) -> (String, Value) {
    (Member::key(field, text), Member::present(text).to_value())
}

#[test]
fn what_is_required_depends_on_the_state() {
    let schema = Schema::built_in();
    let event = |values: &[(&str, Value)]| record(schema, "event", Role::GW, values);
    let hazard = [("type", "hazard".into()), ("level", "3".into())];
    assert_eq!(event(&hazard), ["!category required"]);
    assert_eq!(event(&[hazard[0].clone(), hazard[1].clone(), ("category", "gas".into())]), [""; 0]);
    assert_eq!(event(&[]), ["!type required", "!level required"]);
    let request = [("type", "request".into()), ("level", "4".into()), ("request_item", "noise".into())];
    assert_eq!(event(&request), [""; 0]);
    let mixed = [
        ("type", "request".into()),
        ("level", "4".into()),
        ("request_item", "noise".into()),
        ("category", "gas".into()),
    ];
    assert_eq!(event(&mixed), ["category not_applicable"], "kept, for the type may be the slip");
    // A mediator does not receive the type and cannot be told that it does not fit.
    assert_eq!(record(schema, "event", Role::MD, &[("amount", 500.into())]), [""; 0]);
}

#[test]
fn dates_stand_in_their_order_and_not_in_the_future() {
    let schema = Schema::built_in();
    let stay = |from: &str, to: &str| {
        let ids = ["018f4e3c-7f7e-7000-8000-000000000001", "018f4e3c-7f7e-7000-8000-000000000002"];
        let values = [
            ("resident", ids[0].into()),
            ("dwelling", ids[1].into()),
            ("kind", "visitor".into()),
            ("from", from.into()),
            ("to", to.into()),
        ];
        record(schema, "residence", Role::GW, &values)
    };
    assert_eq!(stay("2026-01-05", "2026-01-05"), [""; 0]);
    assert_eq!(stay("2026-01-05", "2026-01-04"), ["!to order"]);
    assert_eq!(stay("2026-01-05", "2026-01"), [""; 0], "the day is not known");
    assert_eq!(stay("2026-02", "2026-01-31"), ["!to order"]);
    let born = |day: &str| record(schema, "resident", Role::GW, &[("name", "张三".into()), ("birth_date", day.into())]);
    assert_eq!((born("2026-06-10"), born("2026-06")), (vec![], vec![]));
    assert_eq!(born("2026-06-11"), ["!birth_date future"]);
    assert_eq!(born("2026-07"), ["!birth_date future"]);
    assert_eq!(born("yesterday"), ["!birth_date date_shape"], "no date lies nowhere");
    let when = |ms: i64| record(schema, "routine", Role::PG, &[("kind", "patrol".into()), ("when", ms.into())]);
    assert_eq!(when(AT.0 + AHEAD), [""; 0]);
    assert_eq!(when(AT.0 + AHEAD + 1), ["!when future"]);
}
/// As far as a clock may run ahead.
const AHEAD: i64 = 600_000;

#[test]
fn codes_count_by_the_day_of_the_observation() {
    let dated = BUILT_IN.lists.replace(
        r#"{ code = "noise", zh = "噪声", en = "noise","#,
        r#"{ code = "noise", zh = "噪声", en = "noise", until = "2026-06-09","#,
    );
    let dated = dated.replace(
        r#"{ code = "parking", zh = "停车", en = "parking" }"#,
        r#"{ code = "parking", zh = "停车", en = "parking", from = "2026-06-11" }"#,
    );
    let schema = Schema::parse(SCHEMA_VERSION, SchemaFiles { lists: &dated, ..BUILT_IN }).unwrap();
    let request = |code: &str| {
        let values = [("type", "request".into()), ("level", "4".into()), ("request_item", code.into())];
        record(&schema, "event", Role::GW, &values)
    };
    assert_eq!(request("noise"), ["request_item code_retired"], "understood, and marked");
    assert_eq!(request("parking"), ["request_item code_early"]);
    assert_eq!(request("job"), [""; 0]);
    assert_eq!(request("music"), ["!request_item code"]);
    let (key, value) = member("needs", "noise");
    let visit = [("kind", "routine".into()), ("mode", "home".into()), ("when", AT.0.into()), (key.as_str(), value)];
    assert_eq!(record(&schema, "visit", Role::GW, &visit), ["needs code_retired"]);
}

#[test]
fn items_belong_to_the_checklist_and_stand_once() {
    let schema = Schema::built_in();
    let check = |members: &[(String, Value)]| {
        let mut values = vec![("checklist", "small_shop@1".into()), ("when", AT.0.into()), ("result", "to_fix".into())];
        values.extend(members.iter().map(|(key, value)| (key.as_str(), value.clone())));
        record(schema, "inspection", Role::PG, &values)
    };
    assert_eq!(check(&[member("passed", "licence"), member("failed", "wiring")]), [""; 0]);
    assert_eq!(check(&[member("failed", "hood_clean")]), ["!failed check_item"], "of eateries");
    assert_eq!(check(&[member("passed", "wiring"), member("failed", "wiring")]), ["!failed check_twice"]);
    let ended = (Member::key("passed", "wiring"), Member::ended("wiring", None).to_value());
    assert_eq!(check(&[ended, member("failed", "wiring")]), [""; 0], "taken back");
}

#[test]
fn what_commands_set_no_hand_writes() {
    let problem = by_hand(field("event", "state")).unwrap();
    assert_eq!((problem.rule.as_str(), problem.blocks()), ("command", true));
    assert_eq!(by_hand(field("resident", "life_status")), None, "a death may be reported");
    assert_eq!(rules("resident", "life_status", "reported_dead"), [""; 0]);
}

proptest! {
    #[test]
    fn no_text_makes_a_check_panic(text in "\\PC{0,40}|[0-9-]{0,14}|\\{.{0,30}\\}") {
        let schema = Schema::built_in();
        for kind in schema.kinds.values() {
            for field in &kind.fields {
                let _ = check_put(schema, kind, &field.key, &Value::Text(text.clone()));
            }
        }
    }
}
