//! Rows of SCENARIOS.md, as far as one document shows them.

use super::{World, build::at};
use crate::model::{Role, Source, Value};

#[test]
fn row_1_different_fields_never_meet() {
    let mut w = World::new("resident");
    let base = w.by("import").put("phone", "137").put("work", "粮站").registry().done();
    w.by("a").put("phone", "138").registry().after(&[base]).done();
    w.by("b").put("work", "学校").after(&[base]).done();
    assert_eq!((w.value("phone"), w.value("work")), ("138".to_owned(), "学校".to_owned()));
    assert!(w.items().is_empty());
    assert!(w.resolved().fields.values().all(|state| state.told.is_empty()));
}

#[test]
fn row_2_the_better_source_is_the_main_number_and_the_other_author_is_told() {
    for (own, hearsay) in [(8, 9), (9, 8)] {
        let mut w = World::new("resident");
        let base = w.by("import").put("phone", "137").done();
        let a = w.by("a").put("phone", "138").add("phones", "138").after(&[base]).on(own, 10).done();
        let b = w.by("b").put("phone", "139").add("phones", "139").hearsay().after(&[base]).on(hearsay, 10).done();
        let state = w.state("phone");
        assert_eq!(state.value, "138".into());
        assert!(!state.contested);
        assert_eq!(w.present("phones"), ["138", "139"]);
        assert_eq!(state.told.len(), 1);
        assert_eq!(state.told[0].claim.change, w.hash(b));
        assert!(state.told[0].zh.contains("139") && state.told[0].zh.contains("他人述"), "{}", state.told[0].zh);
        assert_eq!(state.claims[0].change, w.hash(a));
        assert!(w.items().is_empty());
    }
}

#[test]
fn row_3_two_documents_say_different_names() {
    let mut w = World::new("resident");
    let base = w.by("import").put("name", "张维").done();
    let a = w.by("a").put("name", "张玮").document().after(&[base]).on(8, 10).done();
    let b = w.by("b").put("name", "张伟").document().after(&[base]).on(8, 11).done();
    let state = w.state("name");
    assert!(state.contested && !state.provisional);
    assert_eq!(state.value, "张维".into());
    let items = w.items();
    assert_eq!(items.len(), 1);
    let [item] = &items[..] else { unreachable!() };
    assert_eq!((item.rule.as_str(), item.field.as_str(), &item.in_force), ("contested", "name", &state.value));
    for text in ["张玮", "张伟", "张维", "网格长", "见证件", "2026年3月8日"] {
        assert!(item.zh.contains(text), "{text} in {}", item.zh);
    }
    let gl = w.by("head").role(Role::GL).put("name", "张玮").decides(&[a, b]).after(&[a, b]).on(10, 9).done();
    let state = w.state("name");
    assert_eq!((state.value, state.contested), ("张玮".into(), false));
    assert_eq!(w.live("name"), [gl]);
    assert!(w.items().is_empty());
}

#[test]
fn row_4_a_valid_identity_number_beats_one_with_a_bad_check_digit() {
    let mut w = World::new("resident");
    let base = w.by("import").put("name", "张玮").done();
    let bad = w.by("a").put("id_no", "110105194912310021").registry().after(&[base]).done();
    w.by("b").put("id_no", "11010519491231002X").hearsay().after(&[base]).done();
    let state = w.state("id_no");
    assert_eq!((state.value.to_string().as_str(), state.contested), ("11010519491231002X", false));
    assert_eq!(state.told[0].claim.change, w.hash(bad));
    assert!(state.told[0].zh.contains("校验码"), "{}", state.told[0].zh);
    assert!(!state.told[0].zh.contains("11010519491231002"), "whole numbers stay out of sentences");
}

#[test]
fn row_5_two_valid_identity_numbers_are_kept() {
    let mut w = World::new("resident");
    let x = w.by("a").put("id_no", "11010519491231002X").done();
    let y = w.by("b").put("id_no", "440524188001010014").done();
    let state = w.state("id_no");
    assert!(state.contested && state.provisional);
    assert_eq!(w.live("id_no"), [x, y]);
    assert!(w.items()[0].zh.contains("尾号002X") && w.items()[0].zh.contains("尾号0014"));
}

#[test]
fn row_9_reported_dead_by_hearsay_stays_alive_and_is_to_be_checked() {
    let mut w = World::new("resident");
    let base = w.by("import").put("life_status", "alive").done();
    w.by("a").put("life_status", "reported_dead").hearsay().after(&[base]).on(8, 10).done();
    w.by("b").put("phone", "138").after(&[base]).on(9, 10).done();
    assert_eq!(w.value("life_status"), "alive");
    assert_eq!(w.rules(), ["lower_asked"]);
    assert!(w.items()[0].zh.contains("网格长"));
}

#[test]
fn row_15_both_members_are_kept() {
    let mut w = World::new("resident");
    let base = w.by("import").put("name", "王").done();
    w.by("a").add("phones", "138").after(&[base]).done();
    w.by("b").add("phones", "139").after(&[base]).done();
    assert_eq!(w.present("phones"), ["138", "139"]);
}

#[test]
fn row_17_the_old_head_stays_until_a_person_decides() {
    let mut w = World::new("household");
    let base = w.by("import").put("head", "father").done();
    w.by("a").put("head", "wife").after(&[base]).done();
    w.by("b").put("head", "son").after(&[base]).done();
    assert_eq!(w.value("head"), "father");
    assert_eq!(w.rules(), ["contested"]);
}

#[test]
fn row_21_the_worn_hose_counts_and_suggests_a_hazard() {
    let mut w = World::new("dwelling");
    let base = w.by("import").put("address", "3-2-301").done();
    w.by("a").put("gas_hose", "ok").after(&[base]).on(8, 10).done();
    w.by("b").put("gas_hose", "worn").after(&[base]).on(8, 15).done();
    assert_eq!(w.value("gas_hose"), "worn");
    let suggestions = w.resolved().suggestions;
    assert_eq!((suggestions[0].field.as_str(), suggestions[0].category.as_str()), ("gas_hose", "gas_hose"));
    assert!(suggestions[0].zh.contains("老化"), "{}", suggestions[0].zh);
    assert_eq!(w.live("gas_hose"), [1, 2], "both checks are kept");
    assert!(w.items().is_empty(), "the sound check came first");
    w.by("b").put("gas_hose", "ok").after(&[1, 2]).on(9, 10).done();
    assert_eq!(w.value("gas_hose"), "ok");
    assert!(w.resolved().suggestions.is_empty());
}

#[test]
fn row_24_the_later_observation_removes_and_unclear_times_keep() {
    let tags = |removed: (i64, i64), added: (i64, i64), doubtful: bool| {
        let mut w = World::new("care");
        let base = w.by("import").add("tags", "elder_alone").on(1, 9).done();
        let off = w.by("a").end("tags", "elder_alone", "2026-03-08").after(&[base]).on(removed.0, removed.1);
        if doubtful {
            off.doubtful().done()
        } else {
            off.done()
        };
        w.by("b").add("tags", "elder_alone").after(&[base]).on(added.0, added.1).done();
        let members = w.state("tags").members;
        assert_eq!(members.len(), 1, "an ended member stays with its date");
        members[0].0.on
    };
    assert!(!tags((8, 10), (2, 10), false));
    assert!(tags((2, 10), (8, 10), false));
    assert!(tags((8, 10), (8, 10), false), "equal times");
    assert!(tags((8, 10), (2, 10), true), "doubtful clock");
    assert!(!tags((8, 15), (8, 10), false), "one day, but clear hours");
    assert!(tags((8, 15), (8, 0), false), "of one only the day is known");
}

#[test]
fn row_25_the_shorter_cycle_stays_until_the_grid_head_lowers_it() {
    let mut w = World::new("care");
    let base = w.by("import").put("tier", "key").done();
    w.by("a").put("tier", "high").after(&[base]).on(8, 10).done();
    let asked = w.by("b").put("tier", "general").after(&[base]).on(8, 9).done();
    assert_eq!(w.value("tier"), "high");
    let items = w.items();
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].rule, "lower_asked");
    assert!(items[0].claims.iter().any(|claim| claim.change == w.hash(asked)));
    assert_eq!(w.state("tier").told.len(), 1);
    w.by("gl").role(Role::GL).put("tier", "general").after(&[0, 1, 2]).on(9, 9).done();
    assert_eq!(w.value("tier"), "general");
    assert!(w.items().is_empty() && w.state("tier").told.is_empty());
}

#[test]
fn row_27_two_notes_of_one_day_are_two_notes() {
    let mut w = World::new("household");
    let base = w.by("import").put("head", "father").done();
    w.by("b").put("notes/01J0000000000000000000000B", "{\"text\":\"电话问候\"}").after(&[base]).on(8, 16).done();
    w.by("a").put("notes/01J0000000000000000000000A", "{\"text\":\"入户见面\"}").after(&[base]).on(8, 10).done();
    let log = w.state("notes").log;
    let times: Vec<_> = log.iter().map(|(_, _, claim)| claim.at).collect();
    assert_eq!(times, [at(8, 10), at(8, 16)]);
}

#[test]
fn row_30_red_until_the_town_lowers_it() {
    let mut w = World::new("event");
    let base = w.by("c").put("level", "3").done();
    w.by("a").put("level", "1").after(&[base]).on(8, 10).done();
    w.by("b").put("level", "4").after(&[base]).on(8, 11).done();
    assert_eq!(w.value("level"), "1");
    assert_eq!(w.rules(), ["lower_asked"]);
    assert_eq!(w.state("level").told.len(), 1);
    w.by("gl").role(Role::GL).put("level", "4").after(&[1, 2]).on(9, 9).done();
    assert_eq!(w.value("level"), "1", "the grid head may not lower a hazard");
    w.by("tc").role(Role::TC).put("level", "4").after(&[3]).on(9, 10).done();
    assert_eq!(w.value("level"), "4");
}

#[test]
fn rows_43_and_54_a_wrong_clock_wins_nothing() {
    let mut w = World::new("resident");
    let base = w.by("import").put("phone", "137").done();
    // A clock set to 2099 is bounded by the last contact of its device before acceptance.
    w.by("a").put("phone", "138").after(&[base]).on(6, 10).doubtful().done();
    w.by("b").put("phone", "139").after(&[base]).on(8, 10).done();
    let state = w.state("phone");
    assert_eq!(state.value, "139".into());
    let doubtful: Vec<_> = state.claims.iter().map(|claim| claim.doubtful).collect();
    assert_eq!(doubtful, [false, true]);
    // Of equal times the sure clock counts.
    for salt in 0..6 {
        let mut w = World::salted("resident", salt);
        w.by("a").put("work", "粮站").on(8, 10).doubtful().done();
        w.by("b").put("work", "学校").on(8, 10).done();
        assert_eq!(w.value("work"), "学校");
    }
}

#[test]
fn row_47_a_confirmation_loses_to_a_number_it_had_not_seen_and_both_are_asked_about() {
    let mut w = World::new("resident");
    let base = w.by("import").put("phone", "138").done();
    let a = w.by("a").put("phone", "139").after(&[base]).on(8, 10).done();
    let b = w.by("b").confirms("*").after(&[base]).on(8, 15).done();
    assert_eq!(w.value("phone"), "139");
    let items = w.items();
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].rule, "confirmed_other");
    let about: Vec<_> = items[0].claims.iter().map(|claim| w.number(claim.change)).collect();
    assert_eq!(about, [a, b]);
    assert!(items[0].zh.contains("139") && items[0].zh.contains("138") && items[0].zh.contains("再问"));
    assert!(!w.state("phone").contested);
    // The answer at the next visit settles it.
    let mut asked = w.clone();
    asked.by("a").confirms("phone").after(&[a, b]).on(9, 10).done();
    assert_eq!((asked.value("phone").as_str(), asked.items().len()), ("139", 0));
    w.by("a").put("phone", "138").after(&[a, b]).on(9, 10).done();
    assert_eq!((w.value("phone").as_str(), w.items().len()), ("138", 0));
}

#[test]
fn row_47_earlier_or_better_confirmations() {
    let mut w = World::new("resident");
    let base = w.by("import").put("phone", "138").done();
    w.by("a").put("phone", "139").after(&[base]).on(8, 10).done();
    w.by("b").confirms("phone").after(&[base]).on(8, 9).done();
    assert_eq!((w.value("phone").as_str(), w.items().len()), ("139", 0), "it was confirmed before the number changed");
    w.by("c").confirms("phone").document().after(&[base]).on(7, 9).done();
    assert_eq!(w.value("phone"), "138", "a document outranks somebody's word, seen or not");
    assert_eq!(w.state("phone").claims[0].source, Source::DocumentSeen);
}

#[test]
fn row_48_hearsay_decides_nothing() {
    let mut w = World::new("resident");
    let base = w.by("import").put("name", "张维").done();
    let a = w.by("a").put("name", "张玮").document().after(&[base]).done();
    let b = w.by("b").put("name", "张伟").document().after(&[base]).done();
    let before = w.items();
    let c = w.by("c").put("name", "章伟").hearsay().after(&[a, b]).on(9, 10).done();
    let state = w.state("name");
    assert!(state.contested);
    assert_eq!(state.value, "张维".into());
    assert_eq!(w.live("name"), [a, b, c]);
    assert_eq!(w.items()[0].id, before[0].id, "it is still the same item");
    assert_eq!(state.told.len(), 1);
    // Nor does a third document, or a confirmation of one of them.
    w.by("c").put("name", "章玮").document().after(&[c]).on(9, 11).done();
    w.by("d").confirms_claim("name", a).document().after(&[a, b]).on(9, 12).done();
    assert!(w.state("name").contested);
    assert_eq!(w.value("name"), "张维");
}

#[test]
fn row_49_two_decisions_open_it_again_and_the_town_decides() {
    let mut w = World::new("resident");
    let base = w.by("import").put("name", "张维").done();
    let a = w.by("a").put("name", "张玮").document().after(&[base]).done();
    let b = w.by("b").put("name", "张伟").document().after(&[base]).done();
    let one = w.by("gl1").role(Role::GL).put("name", "张玮").decides(&[a, b]).after(&[a, b]).on(9, 10).done();
    let two = w.by("gl2").role(Role::GL).put("name", "张伟").decides_all().after(&[a, b]).on(9, 11).done();
    let state = w.state("name");
    assert!(state.contested);
    assert_eq!(state.value, "张维".into());
    assert_eq!(w.live("name"), [one, two]);
    let item = &w.items()[0];
    assert!(item.zh.contains("gl1") && item.zh.contains("gl2") && item.zh.contains("决定"), "{}", item.zh);
    let town = w.by("tc").role(Role::TC).put("name", "张伟").decides(&[one, two]).after(&[one, two]).on(10, 9).done();
    assert_eq!((w.value("name").as_str(), w.state("name").contested), ("张伟", false));
    assert_eq!(w.live("name"), [town]);
}

#[test]
fn row_50_one_value_with_the_best_source() {
    let mut w = World::new("resident");
    let base = w.by("a").put("name", "张玮").done();
    let a = w.by("a").put("phone", "138").after(&[base]).on(9, 10).done();
    let import = w.by("import").put("phone", "138").registry().after(&[base]).on(8, 10).done();
    let state = w.state("phone");
    assert_eq!(state.claims[0].change, w.hash(import));
    assert_eq!(state.claims[0].source, Source::Registry);
    assert_eq!(w.live("phone"), [a, import]);
    assert!(!state.contested && state.told.is_empty());
    w.by("b").put("phone", "139").after(&[a, import]).on(10, 10).done();
    assert_eq!(w.value("phone"), "138");
    assert_eq!(w.state("phone").told[0].claim.value, Value::from("139"));
}

#[test]
fn row_51_a_number_taken_off_stays_off_when_an_older_list_is_confirmed() {
    for (confirmed, items) in [(2, 0), (9, 1)] {
        let mut w = World::new("resident");
        let base = w.by("import").add("phones", "138").add("phones", "139").on(1, 9).done();
        w.by("a").end("phones", "138", "2026-03-08").after(&[base]).on(8, 10).done();
        w.by("b").confirms("phones").after(&[base]).on(confirmed, 10).done();
        assert_eq!(w.present("phones"), ["139"]);
        let state = w.state("phones");
        let ended = state.members.iter().find(|(member, _)| member.text == "138").unwrap();
        assert_eq!(ended.0.date.as_deref(), Some("2026-03-08"));
        assert_eq!(w.items().len(), items);
    }
}

#[test]
fn row_52_two_records_share_nothing() {
    let mut one = World::salted("resident", 1);
    let mut two = World::salted("resident", 2);
    one.by("a").put("name", "李红").done();
    two.by("a").put("name", "李红").done();
    assert_eq!(one.resolved().fields.len(), 1);
    assert_ne!(one.state("name").claims[0].change, two.state("name").claims[0].change);
}

#[test]
fn row_55_a_change_that_stands_for_a_refused_one_does_not_meet_it_as_a_stranger() {
    let mut w = World::new("household");
    let base = w.by("import").put("head", "father").done();
    let refused = w.by("a").put("head", "wife").after(&[base]).done();
    let again = w.by("a").put("head", "son").after(&[base]).replaces(refused).done();
    assert_eq!((w.value("head").as_str(), w.state("head").contested), ("son", false));
    assert_eq!(w.live("head"), [again]);
    // Somebody else's change is not his to replace.
    let mut w = World::new("household");
    let base = w.by("import").put("head", "father").done();
    let other = w.by("b").put("head", "wife").after(&[base]).done();
    w.by("a").put("head", "son").after(&[base]).replaces(other).done();
    assert!(w.state("head").contested);
}
