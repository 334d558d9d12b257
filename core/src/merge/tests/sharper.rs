//! Positions: the smaller error wins, and among equals a person chooses.

use super::{World, build::sample};
use crate::model::{Point, Role, Value};

const FIELD: &str = "sharper";

/// A position some 11 metres further north for each step.
fn spot(step: i64, accuracy: &str) -> Value {
    format!("{},1163006078,wgs84,{accuracy}", 360_616_469 + step * 1_000).as_str().into()
}

#[test]
fn the_smaller_error_wins_whoever_came_later() {
    for (first, second) in [("8", "30"), ("30", "8"), ("8", ""), ("", "8")] {
        let mut w = World::of(sample(), 1);
        w.by("a").put(FIELD, spot(0, first)).on(1, 9).done();
        w.by("b").put(FIELD, spot(9, second)).on(2, 9).done();
        let state = w.state(FIELD);
        assert!(state.value.text().unwrap().ends_with(",8"), "{first} and {second}: {}", state.value);
        assert_eq!((state.contested, state.told.len()), (false, 1));
        assert!(state.told[0].zh.ends_with("因为它的定位更准。"), "{}", state.told[0].zh);
        assert!(state.told[0].en.ends_with("because it was measured more closely."), "{}", state.told[0].en);
    }
}

#[test]
fn a_position_takes_the_place_of_those_no_sharper_that_it_saw() {
    for (first, second, stays) in
        [("30", "8", false), ("8", "8", false), ("8", "30", true), ("", "", false), ("", "30", false), ("30", "", true)]
    {
        let mut w = World::of(sample(), 1);
        let a = w.by("a").put(FIELD, spot(0, first)).on(2, 9).done();
        w.by("b").put(FIELD, spot(9, second)).after(&[a]).on(1, 9).done();
        assert_eq!(w.live(FIELD).contains(&a), stays, "{first} and then {second}");
        assert_eq!(w.value(FIELD), if stays { spot(0, first) } else { spot(9, second) }.to_string());
    }
}

#[test]
fn equally_sharp_positions_of_two_places_wait_for_a_person() {
    let mut w = World::of(sample(), 3);
    let old = w.by("import").put(FIELD, spot(5, "50")).done();
    let a = w.by("a").put(FIELD, spot(0, "8")).after(&[old]).on(2, 9).done();
    let b = w.by("b").put(FIELD, spot(9, "8")).after(&[old]).on(3, 9).done();
    let state = w.state(FIELD);
    assert_eq!((state.value, state.contested, state.provisional), (spot(5, "50"), true, false));
    assert_eq!((w.live(FIELD), w.rules()), (vec![a, b], vec!["contested".to_owned()]));
    let item = &w.items()[0];
    assert!(item.zh.contains("36.06165，116.30061（误差约8米）"), "{}", item.zh);
    assert!(item.en.contains("36.06165, 116.30061 (to about 8 m)"), "{}", item.en);
    // One more of the same kind settles nothing, a sharper one does, and so does a decision.
    let more = |accuracy: &str| {
        let mut w = w.clone();
        let c = w.by("c").put(FIELD, spot(7, accuracy)).after(&[a, b]).on(4, 9).done();
        (w.live(FIELD), c)
    };
    let (live, c) = more("8");
    assert_eq!(live, [a, b, c]);
    let (live, c) = more("5");
    assert_eq!(live, [c]);
    let gl = w.by("gl").role(Role::GL).put(FIELD, spot(0, "8")).decides_all().after(&[a, b]).on(4, 9).done();
    assert_eq!((w.live(FIELD), w.items().len()), (vec![gl], 0));
}

#[test]
fn one_place_in_two_systems_is_one_place() {
    let shown = Point::parse("360616469,1163006078,gcj02,8").unwrap();
    let mut w = World::of(sample(), 1);
    w.by("a").put(FIELD, shown.to_text().as_str()).done();
    w.by("b").put(FIELD, shown.canonical().to_text().as_str()).on(2, 9).done();
    let state = w.state(FIELD);
    assert!(!state.contested && state.told.is_empty() && w.items().is_empty());
    assert_eq!(state.value, shown.canonical().to_text().as_str().into());
    // The numbers as they stand, in another system, are another place.
    let mut w = World::of(sample(), 1);
    w.by("a").put(FIELD, "360616469,1163006078,gcj02,8").done();
    w.by("b").put(FIELD, "360616469,1163006078,wgs84,8").done();
    assert!(w.state(FIELD).contested);
    // One place, once well and once badly known: the better evidence for the place backs it.
    let mut w = World::of(sample(), 1);
    let sharp = w.by("a").put(FIELD, spot(0, "8")).on(1, 9).done();
    w.by("b").put(FIELD, spot(0, "30")).on(2, 9).done();
    assert_eq!((w.value(FIELD), w.state(FIELD).claims[0].change), (spot(0, "8").to_string(), w.hash(sharp)));
    assert!(w.state(FIELD).told.is_empty());
}

#[test]
fn what_is_no_position_is_worth_nothing_and_a_position_can_be_cleared() {
    let mut w = World::of(sample(), 1);
    w.by("a").put(FIELD, spot(0, "")).on(1, 9).done();
    w.by("b").put(FIELD, "36.1,116.3").on(2, 9).done();
    assert_eq!(w.value(FIELD), spot(0, "").to_string());
    let mut w = World::of(sample(), 1);
    let a = w.by("a").put(FIELD, spot(0, "")).done();
    let b = w.by("b").clear(FIELD).after(&[a]).on(2, 9).done();
    assert_eq!((w.state(FIELD).value, w.live(FIELD)), (Value::Null, vec![b]));
    let mut w = World::of(sample(), 1);
    let a = w.by("a").put(FIELD, spot(0, "8")).done();
    w.by("b").clear(FIELD).after(&[a]).on(2, 9).done();
    assert_eq!(w.value(FIELD), spot(0, "8").to_string(), "a well measured one goes only by a decision");
    let gl = w.by("gl").role(Role::GL).clear(FIELD).decides_all().after(&[a, 1]).on(3, 9).done();
    assert_eq!((w.state(FIELD).value, w.live(FIELD)), (Value::Null, vec![gl]));
}

#[test]
fn a_confirmation_of_a_sharp_position_stands_beside_a_blunt_one() {
    let mut w = World::of(sample(), 1);
    let sharp = w.by("a").put(FIELD, spot(0, "8")).on(1, 9).done();
    let seen = w.by("a").confirms(FIELD).after(&[sharp]).on(3, 9).done();
    w.by("b").put(FIELD, spot(9, "30")).after(&[sharp]).on(2, 9).done();
    assert_eq!(w.state(FIELD).claims[0].change, w.hash(seen));
    assert!(w.items().is_empty());
}
