//! Plans, histories and the words on a screen.

use super::{
    World,
    build::{DOC, at},
};
use crate::{
    merge::{Edit, Plan, history, plan, wording},
    model::{Member, Millis, Role, Schema, Value},
};

fn planned(w: &World, edits: &[(&str, Value)], deciding: bool) -> Plan {
    let edits: Vec<Edit> = edits.iter().map(|(key, value)| Edit { key: (*key).into(), value: value.clone() }).collect();
    plan(Schema::built_in(), w.kind, &w.resolved(), &edits, deciding)
}

#[test]
fn what_is_in_force_is_confirmed_and_the_rest_is_put() {
    let mut w = World::new("resident");
    w.by("li").put("phone", "138").put("work", "粮站").add("phones", "138").done();
    let phones = Member::key("phones", "138");
    let edits = [
        ("phone", "138".into()),
        ("work", "学校".into()),
        ("occupation", Value::Null),
        (phones.as_str(), Member::present("138").to_value()),
    ];
    let plan = planned(&w, &edits, false);
    assert_eq!(plan.seen, ["phone".to_owned(), phones.clone()]);
    assert_eq!(plan.puts, [("work".to_owned(), "学校".into())]);
    assert!(plan.refused.is_empty());
    let plan = planned(&w, &[(phones.as_str(), Member::ended("138", Some("2026-03-08")).to_value())], false);
    assert_eq!(plan.puts.len(), 1);
    let plan = planned(&w, &[("phone", "138".into())], true);
    assert_eq!((plan.puts.len(), plan.seen), (0, vec!["phone".to_owned()]), "there is nothing to decide");
    let plan = planned(&w, &[("work", Value::Null), ("work", "医院".into())], false);
    assert_eq!(plan.puts, [("work".to_owned(), "医院".into())], "the last word on a key counts");
}

#[test]
fn on_a_contested_field_a_confirmation_names_its_claim() {
    let mut w = World::new("household");
    let a = w.by("a").put("head", "wife").done();
    let b = w.by("b").put("head", "son").done();
    let first = if w.hash(a) < w.hash(b) { a } else { b };
    let value = w.state("head").value;
    let plan = planned(&w, &[("head", value.clone())], false);
    assert_eq!((plan.puts.len(), plan.seen), (0, vec![format!("head:{}", w.prefix(first))]));
    let plan = planned(&w, &[("head", value.clone())], true);
    assert_eq!(plan.puts, [("head".to_owned(), value)], "who decides puts the value");
    // An older value in force has no live claim: its field names it.
    let mut w = World::new("household");
    let base = w.by("import").put("head", "father").done();
    w.by("a").put("head", "wife").after(&[base]).done();
    w.by("b").put("head", "son").after(&[base]).done();
    assert_eq!(planned(&w, &[("head", "father".into())], false).seen, ["head"]);
    assert_eq!(planned(&w, &[("head", "son".into())], false).puts.len(), 1);
}

#[test]
fn a_confirmation_as_planned_claims_what_was_shown() {
    let mut w = World::new("resident");
    w.by("a").put("phone", "138").registry().done();
    w.by("b").put("phone", "139").done();
    let plan = planned(&w, &[("phone", "138".into())], false);
    assert_eq!(plan.seen, [format!("phone:{}", w.prefix(0))], "beside another claim it names its own");
    let c = w.by("c").confirms(&plan.seen[0]).registry().after(&[0, 1]).done();
    assert_eq!(w.state("phone").claims[0].change, w.hash(c));
    assert_eq!(w.value("phone"), "138");
}

#[test]
fn a_fixed_value_and_an_unknown_field_are_refused_with_a_reason() {
    let mut w = World::new("event");
    w.by("li").put("description", "楼道堆物").done();
    let plan = planned(&w, &[("description", "改口".into()), ("nothing", "x".into())], false);
    assert!(plan.puts.is_empty() && plan.seen.is_empty());
    assert_eq!(plan.refused[0].0, "description");
    assert!(plan.refused[0].1.contains("楼道堆物") && plan.refused[0].2.contains("cannot be changed"));
    assert_eq!(plan.refused[1].0, "nothing");
    assert_eq!(planned(&w, &[("description", "楼道堆物".into())], false).seen, ["description"]);
    assert_eq!(planned(&World::new("event"), &[("description", "楼道堆物".into())], false).puts.len(), 1);
}

#[test]
fn history_tells_every_claim_in_order() {
    let mut w = World::new("resident");
    let base = w.by("import").put("phone", "138").put("id_no", "11010519491231002X").registry().on(1, 9).done();
    let late = w.by("li").put("phone", "139").after(&[base]).on(8, 10).pending().done();
    w.all[late].body.meta.recorded_at = at(9, 7);
    w.by("wang").confirms("phone").after(&[base]).on(8, 9).done();
    w.by("gl")
        .role(Role::GL)
        .clear("phone")
        .end("phones", "138", "2026-03-09")
        .after(&[late])
        .on(9, 10)
        .doubtful()
        .done();
    let lines = history(Schema::built_in(), w.kind, &w.all);
    let zh: Vec<_> = lines.iter().map(|line| line.zh.as_str()).collect();
    assert_eq!(
        zh,
        [
            "2026年3月1日09:00，import（专职网格员）把公民身份号码记为“尾号002X”，依据：部门库。",
            "2026年3月1日09:00，import（专职网格员）把联系电话记为“138”，依据：部门库。",
            "2026年3月8日09:00，wang（专职网格员）确认联系电话为“138”，依据：本人述。",
            "2026年3月8日10:00，li（专职网格员）把联系电话记为“139”，依据：本人述，2026年3月9日07:00录入，待上传。",
            "2026年3月9日10:00（手机时间不准），gl（网格长）清空了联系电话，依据：本人述。",
            "2026年3月9日10:00（手机时间不准），gl（网格长）记下全部电话“138”（2026-03-09终止），依据：本人述。",
        ]
    );
    assert_eq!(
        lines[3].en,
        "2026-03-08 10:00: li (grid worker) recorded Main telephone as \"139\"; evidence: own word, written down \
         2026-03-09 07:00, waiting for upload."
    );
    assert!(lines[2].claim.confirms && lines[2].field == "phone");
}

#[test]
fn sentences_are_plain_and_never_speak_of_a_clash() {
    let mut w = World::new("resident");
    let base = w.by("import").put("name", "张维").done();
    w.by("li").put("name", "张玮").document().after(&[base]).on(8, 10).done();
    w.by("wang").put("name", "张伟").document().after(&[base]).on(8, 11).done();
    let item = &w.items()[0];
    assert_eq!(
        item.zh,
        "姓名有2种说法：wang在2026年3月8日记为“张伟”（见证件），li在2026年3月8日记为“张玮”（见证件）；都已保留，\
         目前仍用“张维”，请核实后由网格长或镇街中心或县网格中心确认。"
    );
    assert_eq!(
        item.en,
        "Name has 2 values: \"张伟\" by wang on 2026-03-08 (document seen), \"张玮\" by li on 2026-03-08 (document seen); \
         all are kept, still in force: \"张维\"; grid head or town centre or county centre decides after checking."
    );
    assert!(!item.zh.contains("冲突"));
}

#[test]
fn an_item_has_one_name_everywhere_and_another_one_elsewhere() {
    let build = |field: &str| {
        let mut w = World::of(super::build::sample(), 0);
        let base = w.by("import").put(field, "1").done();
        w.by("li").put(field, "2").after(&[base]).done();
        w.by("wang").put(field, "3").after(&[base]).done();
        w
    };
    let mut w = build("both");
    let id = w.items()[0].id;
    w.all.reverse();
    assert_eq!(w.items()[0].id, id);
    assert_ne!(build("fixed").items()[0].id, id, "another field");
    let other = crate::model::DocId { record: crate::model::RecordId([8; 16]), ..DOC };
    let there = crate::merge::resolve(Schema::built_in(), w.kind, other, &w.all).attention;
    assert_ne!(there[0].id, id, "another record");
}

#[test]
fn days_are_those_of_china() {
    assert_eq!(wording::day_zh(at(8, 0)), "2026年3月8日");
    assert_eq!(wording::day_zh(at(8, 0).plus(-1)), "2026年3月7日");
    assert_eq!(wording::day_en(Millis(0)), "1970-01-01");
    assert_eq!(wording::day_en(Millis(951_782_400_000)), "2000-02-29");
    assert_eq!(wording::day_en(Millis(-Millis::DAY)), "1969-12-31");
    assert_eq!(wording::clock(at(8, 15)), "15:00");
}
