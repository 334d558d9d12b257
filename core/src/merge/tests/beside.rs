//! Records joined by an alias resolve as one: a change names the heads that its author saw of the others.

use super::World;
use crate::model::Rule;

#[test]
fn a_change_beside_another_document_has_seen_what_stands_there() {
    let mut w = World::new("resident");
    let here = w.by("a").put("name", "张玮").document().done();
    let there = w.by("b").put("name", "张伟").document().done();
    assert!(w.state("name").contested, "two records of one person");
    let mut blind = w.clone();
    blind.by("c").put("name", "张玮").registry().after(&[here]).done();
    assert_eq!(blind.state("name").told.len(), 1, "it had not seen the other record");
    w.by("c").put("name", "张玮").registry().after(&[here]).beside(&[there]).on(2, 9).done();
    let state = w.state("name");
    assert_eq!((state.value, state.contested), ("张玮".into(), false));
    assert_eq!(w.kind.field("name").unwrap().rule, Rule::Authority);
}

#[test]
fn what_was_seen_through_another_document_counts_too() {
    let mut w = World::new("resident");
    let old = w.by("b").put("work", "粮站").on(9, 9).done();
    let head = w.by("b").put("occupation", "会计").after(&[old]).on(9, 10).done();
    let here = w.by("a").put("work", "学校").on(8, 9).done();
    w.by("c").put("work", "医院").after(&[here]).beside(&[head]).on(2, 9).done();
    assert_eq!(w.value("work"), "医院", "he saw both, whatever the clock says");
    assert_eq!(w.live("work").len(), 1);
}

#[test]
fn apart_again_each_document_says_what_it_says_by_itself() {
    let mut w = World::new("resident");
    let here = w.by("a").put("phone", "138").on(1, 9).done();
    let there = w.by("b").put("phone", "139").on(2, 9).done();
    let joined = w.by("c").put("phone", "137").after(&[here]).beside(&[there]).on(1, 10).done();
    assert_eq!(w.live("phone"), [joined]);
    let mut alone = w.clone();
    alone.all.remove(there);
    assert_eq!(alone.value("phone"), "137", "heads that are not here count for nothing");
    let mut other = w.clone();
    other.all.retain(|o| o.body.hash == w.hash(there));
    assert_eq!(other.value("phone"), "139");
}

#[test]
fn names_that_lead_in_a_circle_lead_nowhere() {
    let mut w = World::new("resident");
    let a = w.by("a").put("phone", "138").done();
    let b = w.by("b").put("phone", "139").beside(&[a]).on(2, 9).done();
    w.all[a].body.meta.beside = vec![w.prefix(b), w.prefix(a), "zz".to_owned(), String::new()];
    let forth = w.resolved();
    w.all.reverse();
    assert_eq!(w.resolved(), forth);
}
