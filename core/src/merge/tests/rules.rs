//! Each rule of the table by itself.

use super::World;
use crate::model::{Member, Role, Source, Value};

#[test]
fn one_change_is_in_force_as_it_stands() {
    let mut w = World::new("resident");
    let a = w
        .by("li")
        .put("name", "张玮")
        .put("phone", "138")
        .add("phones", "138")
        .put("_id", Value::Bytes(vec![1]))
        .done();
    assert_eq!(w.value("name"), "张玮");
    assert_eq!(w.value("phone"), "138");
    assert_eq!(w.present("phones"), ["138"]);
    let state = w.state("name");
    assert_eq!((state.claims.len(), state.claims[0].change), (1, w.hash(a)));
    assert_eq!((state.contested, state.provisional), (false, false));
    assert_eq!(w.resolved().fields.len(), 3, "`_id` is no field");
}

#[test]
fn null_and_then_a_value_is_a_claim_for_the_value() {
    for others in 0..2 {
        let mut w = World::new("resident");
        w.by("li").clear("phone").put("phone", "138").done();
        for _ in 0..others {
            w.by("wang").put("work", "粮站").done();
        }
        assert_eq!(w.value("phone"), "138");
        assert_eq!(w.state("phone").claims.len(), 1);
    }
}

#[test]
fn latest_takes_the_later_observation_and_flags_nothing() {
    let mut w = World::new("resident");
    let base = w.by("li").put("work", "粮站").done();
    w.by("li").put("work", "学校").after(&[base]).on(9, 10).done();
    w.by("wang").put("work", "医院").after(&[base]).on(8, 10).done();
    assert_eq!(w.value("work"), "学校");
    assert_eq!(w.live("work"), [1, 2]);
    assert!(!w.state("work").contested && w.state("work").told.is_empty() && w.items().is_empty());
}

#[test]
fn latest_lets_the_one_who_saw_the_other_win_whatever_the_clock_says() {
    let mut w = World::new("resident");
    let base = w.by("li").put("work", "粮站").on(9, 10).done();
    w.by("wang").put("work", "医院").after(&[base]).on(2, 10).done();
    assert_eq!(w.value("work"), "医院");
    assert_eq!(w.live("work"), [1]);
}

#[test]
fn keep_both_keeps_the_old_value_in_force_and_shows_both() {
    let mut w = World::new("household");
    let old = w.by("li").put("head", "father").done();
    let a = w.by("li").put("head", "wife").after(&[old]).on(8, 10).done();
    let b = w.by("wang").put("head", "son").after(&[old]).on(9, 10).done();
    let state = w.state("head");
    assert_eq!(state.value, "father".into());
    assert!(state.contested && !state.provisional);
    assert_eq!(w.live("head"), [a, b]);
    assert_eq!(w.rules(), ["contested"]);
}

#[test]
fn keep_both_without_an_older_value_shows_the_smallest_hash_provisionally() {
    for salt in 0..8 {
        let mut w = World::salted("household", salt);
        let a = w.by("li").put("head", "wife").done();
        let b = w.by("wang").put("head", "son").done();
        let state = w.state("head");
        let first = if w.hash(a) < w.hash(b) { "wife" } else { "son" };
        assert_eq!(state.value, first.into());
        assert!(state.contested && state.provisional);
        assert_eq!(state.claims[0].value, first.into());
    }
}

#[test]
fn safer_keeps_the_dangerous_value_until_a_role_that_may_lowers_it() {
    let mut w = World::new("event");
    let red = w.by("li").put("level", "1").done();
    let blue = w.by("wang").put("level", "4").after(&[red]).on(8, 10).done();
    assert_eq!(w.value("level"), "1");
    assert_eq!(w.rules(), ["lower_asked"]);
    w.by("town").role(Role::TC).put("level", "4").after(&[blue]).on(9, 10).done();
    assert_eq!(w.value("level"), "4");
    assert!(w.items().is_empty());
    assert_eq!(w.live("level").len(), 1);
}

#[test]
fn safer_is_lowered_by_roles_of_the_field_only_where_they_saw_the_danger() {
    let mut w = World::new("dwelling");
    let worn = w.by("li").put("gas_hose", "worn").on(8, 9).done();
    w.by("li").put("gas_hose", "leaking").after(&[worn]).on(8, 10).done();
    w.by("wang").put("gas_hose", "ok").after(&[worn]).on(8, 15).done();
    assert_eq!(w.value("gas_hose"), "leaking", "he may lower what he saw, and had not seen the leak");
    assert_eq!(w.rules(), ["lower_asked"], "but he was there later");
}

#[test]
fn immutable_keeps_the_first_one() {
    let mut w = World::new("event");
    let first = w.by("li").put("description", "楼道堆物").on(9, 9).done();
    w.by("wang").put("description", "改口").registry().after(&[first]).on(2, 9).done();
    assert_eq!(w.value("description"), "楼道堆物");
    assert_eq!(w.state("description").told.len(), 1);
    // Side by side: accepted first, and waiting ones last.
    for salt in 0..6 {
        let mut w = World::salted("event", salt);
        w.by("a").put("description", "甲").pending().done();
        w.by("b").put("description", "乙").done();
        w.by("c").put("description", "丙").done();
        assert_eq!(w.value("description"), "乙");
    }
}

#[test]
fn authority_of_changing_facts_goes_by_source_and_then_by_time() {
    let mut w = World::new("resident");
    let base = w.by("import").put("phone", "137").registry().done();
    let a = w.by("li").put("phone", "138").after(&[base]).on(8, 10).done();
    let b = w.by("wang").put("phone", "139").after(&[base]).on(9, 10).done();
    assert_eq!(w.value("phone"), "137", "a register outranks what was said");
    assert_eq!(w.live("phone"), [base, a, b]);
    assert_eq!(w.state("phone").told.len(), 2);
    w.by("import").put("phone", "136").registry().after(&[a, b]).on(2, 10).done();
    assert_eq!(w.value("phone"), "136", "who saw all and has as good a source retires all");
    assert_eq!(w.live("phone").len(), 1);

    let mut w = World::new("resident");
    w.by("li").put("phone", "138").on(8, 10).done();
    w.by("wang").put("phone", "139").on(9, 10).done();
    let state = w.state("phone");
    assert_eq!((state.value, state.contested), ("139".into(), false));
    assert_eq!(state.told.len(), 1);
}

#[test]
fn authority_of_fixed_facts_corrects_what_stood_alone() {
    let mut w = World::new("resident");
    let base = w.by("import").put("name", "张维").document().done();
    let a = w.by("li").put("name", "张玮").document().after(&[base]).done();
    assert_eq!((w.value("name").as_str(), w.live("name")), ("张玮", vec![a]));
    let b = w.by("wang").put("name", "章玮").hearsay().after(&[a]).done();
    assert_eq!((w.value("name").as_str(), w.live("name")), ("张玮", vec![a, b]));
    assert!(!w.state("name").contested, "a worse source contests nothing");
    // Now two values stand in the past of the next document: it adds a claim and settles nothing.
    w.by("zhao").put("name", "张伟").document().after(&[b]).done();
    let state = w.state("name");
    assert!(state.contested && !state.provisional);
    assert_eq!(state.value, "张玮".into(), "what all authors of contested claims knew");
}

#[test]
fn a_better_source_settles_a_fixed_fact_by_rule() {
    let mut w = World::new("resident");
    let a = w.by("li").put("name", "张玮").document().done();
    let b = w.by("wang").put("name", "张伟").document().done();
    w.by("import").put("name", "张伟").registry().after(&[a, b]).done();
    let state = w.state("name");
    assert_eq!((state.value, state.contested), ("张伟".into(), false));
    assert_eq!(state.told.iter().map(|told| w.number(told.claim.change)).collect::<Vec<_>>(), [a]);
}

#[test]
fn a_cleared_value_is_a_value() {
    let mut w = World::new("household");
    let base = w.by("import").put("head", "father").put("contact_phone", "137").done();
    w.by("li").clear("head").clear("contact_phone").after(&[base]).on(8, 9).done();
    w.by("wang").put("head", "son").after(&[base]).on(9, 9).done();
    assert_eq!(w.state("contact_phone").value, Value::Null);
    assert!(w.state("head").contested);
    assert_eq!(w.value("head"), "father");
    assert!(w.items()[0].zh.contains("（空）"), "{}", w.items()[0].zh);
}

#[test]
fn a_confirmation_keeps_a_value_fresh_and_lifts_its_source() {
    let mut w = World::new("resident");
    let base = w.by("li").put("phone", "138").on(1, 9).done();
    let one = w.by("li").confirms("phone").after(&[base]).on(5, 9).done();
    let two = w.by("wang").confirms("*").document().after(&[one]).on(6, 9).done();
    let state = w.state("phone");
    assert_eq!(w.live("phone"), [base, two], "the put stays, the newer confirmation takes the place of the older");
    assert_eq!((state.claims[0].source, state.claims[0].change), (Source::DocumentSeen, w.hash(two)));
    assert!(state.claims[0].confirms);
    w.by("zhao").put("phone", "139").after(&[two]).on(7, 9).done();
    assert_eq!(w.value("phone"), "138", "a later word does not outweigh the document");
}

#[test]
fn a_confirmation_does_not_weaken_what_it_confirms() {
    let mut w = World::new("household");
    let a = w.by("li").put("head", "wife").done();
    let b = w.by("wang").put("head", "son").done();
    let c = w.by("zhao").confirms("head").after(&[a]).on(8, 9).done();
    assert_eq!(w.live("head"), [a, b, c], "the put stays beside its confirmation");
    assert!(w.state("head").contested, "though the confirmation loses to what it had not seen");
    let items = w.items();
    assert_eq!((items.len(), items[0].claims.len()), (1, 3), "it is shown beside what it supports");
}

#[test]
fn everything_confirmed_leaves_out_what_is_empty() {
    let mut w = World::new("resident");
    let base = w.by("li").put("phone", "138").clear("work").done();
    let all = w.by("wang").confirms("*").after(&[base]).done();
    assert_eq!(w.live("work"), [base]);
    assert_eq!(w.live("phone"), [base, all]);
    assert_eq!(w.resolved().fields.len(), 2);
    let work = w.by("wang").confirms("work").after(&[all]).done();
    assert_eq!(w.live("work"), [base, work], "by name it says that there is still nothing");
}

#[test]
fn a_confirmation_of_a_named_claim_is_a_voice_for_it() {
    let mut w = World::new("household");
    let a = w.by("li").put("head", "wife").done();
    let b = w.by("wang").put("head", "son").done();
    let item = w.items()[0].id;
    let c = w.by("zhao").confirms_claim("head", b).after(&[a, b]).done();
    let state = w.state("head");
    assert!(state.contested, "it settles nothing");
    assert_eq!(w.live("head"), [a, b, c]);
    let voice = state.claims.iter().find(|claim| claim.change == w.hash(c)).unwrap();
    assert_eq!((&voice.value, voice.confirms), (&"son".into(), true));
    assert_eq!(w.items()[0].id, item);
    assert_eq!(w.items()[0].claims.len(), 3, "shown beside what it supports");
    // A claim that he had not seen cannot be confirmed.
    let mut w = World::new("household");
    let a = w.by("li").put("head", "wife").done();
    let b = w.by("wang").put("head", "son").done();
    w.by("zhao").confirms_claim("head", b).after(&[a]).done();
    assert_eq!(w.live("head"), [a, b]);
}

#[test]
fn sets_confirm_one_member_or_all() {
    let mut w = World::new("resident");
    let base = w.by("li").add("phones", "138").add("phones", "139").on(1, 9).done();
    let one = w.by("li").confirms(&Member::key("phones", "138")).after(&[base]).on(2, 9).done();
    let all = w.by("li").confirms("phones").after(&[one]).on(3, 9).done();
    let claims = w.state("phones").claims;
    let of = |text: &str, change| {
        let key = Member::key("phones", text);
        claims.iter().any(|claim| claim.key == key && claim.change == w.hash(change))
    };
    assert!(of("138", all) && of("139", all) && !of("138", one) && !of("139", one));
}

#[test]
fn a_member_ended_by_null_is_shown_as_ended() {
    let mut w = World::new("resident");
    let base = w.by("li").add("phones", "138").done();
    w.by("li").clear(&Member::key("phones", "138")).after(&[base]).done();
    let members = w.state("phones").members;
    assert_eq!((members[0].0.text.as_str(), members[0].0.on), ("138", false));
}

#[test]
fn log_entries_are_never_retired() {
    let mut w = World::new("household");
    let key = "notes/01J0000000000000000000000A";
    let base = w.by("li").put(key, "{\"text\":\"一\"}").done();
    w.by("wang").put(key, "{\"text\":\"二\"}").after(&[base]).done();
    w.by("wang").clear(key).after(&[base]).done();
    w.by("wang").confirms("notes").after(&[base]).done();
    let log = w.state("notes").log;
    assert_eq!(log.len(), 2);
    assert!(w.state("notes").claims.is_empty());
}

#[test]
fn what_the_schema_does_not_know_is_left_alone() {
    let mut w = World::new("resident");
    w.by("li")
        .put("hint/01J", "x")
        .put("unknown", "y")
        .put("phone/ab", "z")
        .put("phones", "138")
        .put("work", "w")
        .done();
    assert_eq!(w.resolved().fields.keys().collect::<Vec<_>>(), ["work"]);
    w.by("wang").put("unknown", "x").done();
    assert_eq!(w.resolved().fields.keys().collect::<Vec<_>>(), ["work"]);
}

#[test]
fn absent_dependencies_count_for_nothing_and_copies_for_one() {
    let mut w = World::new("resident");
    let a = w.by("li").put("work", "粮站").on(9, 9).done();
    w.by("li").put("work", "学校").after(&[a]).on(8, 9).done();
    w.all.remove(a);
    assert_eq!(w.value("work"), "学校");
    let mut copy = w.all[0].clone();
    copy.accepted_at = None;
    w.all.insert(0, copy);
    let claims = w.state("work").claims;
    assert_eq!((claims.len(), claims[0].accepted_at.is_some()), (1, true), "the accepted copy counts");
}

#[test]
fn nothing_gives_nothing() {
    assert_eq!(World::new("resident").resolved(), crate::merge::Resolved::default());
}

#[test]
fn claims_of_a_set_stand_in_the_order_of_their_keys_however_few_changes_there_are() {
    let mut w = World::new("resident");
    w.by("li").add("phones", "2").add("phones", "1").add("phones", "3").add("phones", "4").done();
    let keys = |w: &World| w.state("phones").claims.into_iter().map(|claim| claim.key).collect::<Vec<_>>();
    let alone = keys(&w);
    assert!(alone.is_sorted());
    w.by("wang").put("work", "粮站").done();
    assert_eq!(keys(&w), alone);
}

#[test]
fn an_identity_number_can_be_cleared() {
    let mut w = World::new("resident");
    let base = w.by("li").put("id_no", "11010519491231002X").document().done();
    w.by("li").clear("id_no").document().after(&[base]).done();
    assert_eq!(w.state("id_no").value, Value::Null);
    let mut w = World::new("resident");
    let base = w.by("li").put("id_no", "11010519491231002X").hearsay().done();
    w.by("wang").put("id_no", "110105194912310021").registry().after(&[base]).done();
    assert_eq!(w.value("id_no"), "11010519491231002X", "an invalid number never retires a valid one");
    assert_eq!(w.live("id_no").len(), 2);
}

#[test]
fn an_invalid_number_does_not_beat_the_confirmation_of_a_valid_one() {
    let mut w = World::new("resident");
    let base = w.by("li").put("id_no", "11010519491231002X").on(1, 9).done();
    let confirmed = w.by("li").confirms("id_no").document().after(&[base]).on(2, 9).done();
    w.by("wang").put("id_no", "110105194912310021").registry().after(&[base]).on(1, 10).done();
    let state = w.state("id_no");
    assert_eq!((state.claims[0].change, state.claims[0].source), (w.hash(confirmed), Source::DocumentSeen));
    assert!(w.items().is_empty());
}

#[test]
fn what_the_server_alone_writes_takes_the_place_of_what_it_saw() {
    let mut w = World::new("household");
    let first = w.by("server").put("hh_no", "H1").done();
    let second = w.by("server").put("hh_no", "H2").after(&[first]).done();
    assert_eq!((w.value("hh_no").as_str(), w.live("hh_no")), ("H2", vec![second]));
}

#[test]
fn an_item_about_a_confirmation_names_the_put_that_was_missed() {
    let mut w = World::new("resident");
    let base = w.by("import").put("phone", "138").done();
    let put = w.by("a").put("phone", "139").after(&[base]).on(8, 10).done();
    let late = w.by("b").confirms("*").after(&[base]).on(8, 15).done();
    let id = w.items()[0].id;
    // Somebody else who saw only the new number confirms it: the same item, with one more voice.
    let voice = w.by("c").confirms("phone").document().after(&[put]).on(8, 12).done();
    let item = &w.items()[0];
    assert_eq!(item.id, id);
    assert_eq!(item.claims.iter().map(|claim| w.number(claim.change)).collect::<Vec<_>>(), [put, late, voice]);
    assert!(item.zh.starts_with("a在2026年3月8日10:00把联系电话记为“139”，b在"), "{}", item.zh);
}
