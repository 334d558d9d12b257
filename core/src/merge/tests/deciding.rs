//! Deciding is an own act.

use super::{World, build::At};
use crate::model::Role;

/// 张维, then 张玮 and 张伟 from documents, side by side.
fn contested() -> (World, At, At) {
    let mut w = World::new("resident");
    let base = w.by("import").put("name", "张维").done();
    let a = w.by("a").put("name", "张玮").document().after(&[base]).on(2, 9).done();
    let b = w.by("b").put("name", "张伟").document().after(&[base]).on(2, 10).done();
    (w, a, b)
}

#[test]
fn a_decision_has_the_best_evidence_among_what_it_decided() {
    let (mut w, a, b) = contested();
    let gl = w.by("gl").role(Role::GL).put("name", "张玮").hearsay().decides(&[a, b]).after(&[a, b]).on(3, 9).done();
    let state = w.state("name");
    assert!(state.claims[0].decision);
    assert_eq!(state.claims[0].source, crate::model::Source::DocumentSeen);
    // A later word does not touch it, a later document corrects it: the rule of the field as usual.
    let c = w.by("c").put("name", "章玮").after(&[gl]).on(4, 9).done();
    assert_eq!((w.value("name").as_str(), w.live("name")), ("张玮", vec![gl, c]));
    let mut w2 = w.clone();
    w2.all.pop();
    w2.by("d").put("name", "章玮").document().after(&[gl]).on(4, 9).done();
    assert_eq!((w2.value("name").as_str(), w2.state("name").contested), ("章玮", false));
}

#[test]
fn who_may_not_decide_adds_a_claim() {
    let (mut w, a, b) = contested();
    let c = w.by("c").role(Role::GW).put("name", "张玮").document().decides_all().after(&[a, b]).done();
    let state = w.state("name");
    assert!(state.contested && state.claims.iter().all(|claim| !claim.decision));
    assert_eq!(w.live("name"), [a, b, c]);
}

#[test]
fn a_decision_retires_what_it_names_and_saw() {
    let (mut w, a, b) = contested();
    let c = w.by("c").put("name", "章伟").document().after(&[a, b]).done();
    // It names one of three: the others stay.
    let gl = w.by("gl").role(Role::GL).put("name", "张玮").decides(&[b]).after(&[c]).done();
    assert_eq!(w.live("name"), [a, c, gl]);
    assert!(w.state("name").contested);
    // It names what it had not seen: an ordinary claim.
    let (mut w, a, b) = contested();
    let gl = w.by("gl").role(Role::GL).put("name", "张玮").document().decides(&[b]).after(&[a]).done();
    assert_eq!(w.live("name"), [b, gl]);
    assert!(!w.state("name").claims[0].decision && w.state("name").contested);
}

#[test]
fn a_named_claim_stands_for_all_that_say_the_same() {
    let (mut w, a, b) = contested();
    let again = w.by("c").put("name", "张伟").document().after(&[a, b]).done();
    let voice = w.by("d").confirms_claim("name", b).document().after(&[again]).done();
    let gl = w.by("gl").role(Role::GL).put("name", "张玮").decides(&[a, b]).after(&[voice]).done();
    assert_eq!(w.live("name"), [gl]);
    assert!(!w.state("name").contested);
}

#[test]
fn a_late_claim_for_a_rejected_value_is_absorbed_and_a_new_value_is_not() {
    let (mut w, a, b) = contested();
    let base = 0;
    let gl = w.by("gl").role(Role::GL).put("name", "张玮").decides(&[a, b]).after(&[a, b]).on(3, 9).done();
    let late = w.by("c").put("name", "张伟").document().after(&[base]).on(4, 9).done();
    let state = w.state("name");
    assert_eq!((state.value, state.contested), ("张玮".into(), false));
    assert_eq!(w.live("name"), [gl]);
    assert_eq!(state.told.len(), 1);
    assert_eq!(state.told[0].claim.change, w.hash(late));
    assert!(state.told[0].zh.contains("gl") && state.told[0].zh.contains("网格长"), "{}", state.told[0].zh);
    // The next one who saw both ends it for good.
    let mut later = w.clone();
    later.by("d").confirms("name").document().after(&[gl, late]).done();
    assert!(later.state("name").told.is_empty());
    assert_eq!(later.value("name"), "张玮");
    // A new value contests as usual.
    w.by("e").put("name", "章玮").document().after(&[base]).on(4, 9).done();
    let state = w.state("name");
    assert!(state.contested);
    assert_eq!(state.value, "张维".into());
}

#[test]
fn who_knew_another_decision_is_not_late() {
    let (mut w, a, b) = contested();
    let one = w.by("gl1").role(Role::GL).put("name", "张玮").decides_all().after(&[a, b]).done();
    let two = w.by("gl2").role(Role::GL).put("name", "张伟").decides_all().after(&[a, b]).done();
    // After the first decision somebody corrects it with a document to what the second one rejected.
    let c = w.by("c").put("name", "张维").document().after(&[one]).done();
    assert_eq!(w.live("name"), [two, c]);
    assert!(w.state("name").contested);
}

#[test]
fn of_two_decisions_the_higher_role_counts() {
    for first in [true, false] {
        let (mut w, a, b) = contested();
        let gl =
            |w: &mut World| w.by("gl").role(Role::GL).put("name", "张玮").decides_all().after(&[a, b]).on(4, 9).done();
        let tc =
            |w: &mut World| w.by("tc").role(Role::TC).put("name", "张伟").decides_all().after(&[a, b]).on(3, 9).done();
        let lower = if first {
            let gl = gl(&mut w);
            tc(&mut w);
            gl
        } else {
            tc(&mut w);
            gl(&mut w)
        };
        let state = w.state("name");
        assert_eq!((state.value, state.contested), ("张伟".into(), false));
        assert_eq!(state.told.len(), 1);
        assert_eq!(state.told[0].claim.change, w.hash(lower));
        assert!(state.told[0].zh.contains("镇街中心"), "{}", state.told[0].zh);
    }
}

#[test]
fn equal_decisions_are_one() {
    let (mut w, a, b) = contested();
    w.by("gl1").role(Role::GL).put("name", "张玮").decides_all().after(&[a, b]).done();
    w.by("gl2").role(Role::GL).put("name", "张玮").decides(&[b]).after(&[a, b]).done();
    assert_eq!((w.value("name").as_str(), w.state("name").contested), ("张玮", false));
    assert!(w.items().is_empty());
}

#[test]
fn one_may_decide_by_confirming_a_claim() {
    let (mut w, a, b) = contested();
    let gl = w.by("gl").role(Role::GL).confirms_claim("name", b).decides_all().after(&[a, b]).done();
    let state = w.state("name");
    assert_eq!((state.value, state.contested), ("张伟".into(), false));
    assert!(state.claims[0].decision && state.claims[0].confirms);
    assert_eq!(w.live("name"), [gl]);
    // Everything confirmed names no field: nothing is decided by accident.
    let (mut w, a, b) = contested();
    w.by("gl").role(Role::GL).confirms("*").decides_all().after(&[a, b]).done();
    assert!(w.state("name").contested);
}

#[test]
fn a_decision_on_one_field_is_none_on_another() {
    let mut w = World::new("resident");
    let base = w.by("import").put("name", "张维").put("sex", "1").done();
    let a = w.by("a").put("name", "张玮").document().after(&[base]).done();
    let b = w.by("b").put("name", "张伟").document().after(&[base]).done();
    let two = w.by("c").put("sex", "2").document().after(&[base]).done();
    let one = w.by("d").put("sex", "1").document().after(&[base]).done();
    let seen = [a, b, one, two];
    let gl = w.by("gl").role(Role::GL).put("name", "张玮").put("sex", "2").decides(&[a, b]).after(&seen).done();
    assert_eq!(w.live("name"), [gl]);
    assert!(w.state("sex").contested, "it names no claim on sex");
}

#[test]
fn deciding_goes_for_every_rule_that_names_roles() {
    let mut w = World::of(super::build::sample(), 3);
    let a = w.by("a").put("both", "1").put("changing", "1").registry().done();
    let b = w.by("b").put("both", "2").put("changing", "2").done();
    w.by("gl").role(Role::GL).put("both", "2").put("changing", "2").hearsay().decides_all().after(&[a, b]).done();
    assert_eq!((w.value("both").as_str(), w.value("changing").as_str()), ("2", "2"));
    assert_eq!(w.state("changing").claims[0].source, crate::model::Source::Registry);
    // Two decisions side by side open it again also where the rule by itself would choose.
    w.by("gl2").role(Role::GL).put("changing", "1").decides_all().after(&[a, b]).done();
    assert!(w.state("changing").contested);
}

#[test]
fn decisions_of_one_rank_do_not_cancel_each_other() {
    let (mut w, a, b) = contested();
    let one = w.by("gl1").role(Role::GL).put("name", "张玮").decides_all().after(&[a, b]).done();
    let two = w.by("gl2").role(Role::GL).put("name", "张伟").decides_all().after(&[a, b]).done();
    let word = w.by("c").put("name", "章维").hearsay().after(&[one, two]).done();
    let state = w.state("name");
    assert!(state.contested);
    assert_eq!(state.value, "张维".into());
    assert_eq!(w.live("name"), [one, two, word]);
}

#[test]
fn two_decisions_over_a_field_without_an_older_value_leave_it_provisional() {
    let mut w = World::new("household");
    let a = w.by("a").put("head", "wife").done();
    let b = w.by("b").put("head", "son").done();
    w.by("gl1").role(Role::GL).put("head", "wife").decides_all().after(&[a, b]).done();
    w.by("gl2").role(Role::GL).put("head", "son").decides_all().after(&[a, b]).done();
    let state = w.state("head");
    assert!(state.contested && state.provisional);
    assert_eq!(state.value.to_string(), if w.hash(a) < w.hash(b) { "wife" } else { "son" });
}
