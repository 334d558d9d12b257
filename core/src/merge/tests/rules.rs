//! Each rule of the table by itself.

use super::World;
use crate::model::{Role, Value};

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
        (0..others).for_each(|_| drop(w.by("wang").put("work", "粮站").done()));
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
    let mut w = World::new("hazard");
    let red = w.by("li").put("level", "1").done();
    let blue = w.by("wang").put("level", "4").after(&[red]).on(8, 10).done();
    assert_eq!(w.value("level"), "1");
    assert_eq!(w.rules(), ["lower_asked"]);
    w.by("town").role(Role::TC).put("level", "4").after(&[blue]).on(9, 10).done();
    assert_eq!(w.value("level"), "4");
    assert!(w.items().is_empty());
    assert_eq!(w.live("level").len(), 1);
}
