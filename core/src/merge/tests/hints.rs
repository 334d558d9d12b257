//! Hints of people who may not read.

use super::{World, build::sample};
use crate::{
    merge::history,
    model::{Role, Schema, Source, Value},
};

/// What a reader recorded, and what somebody who may not read suggests.
fn hinted() -> (World, usize, usize) {
    let mut w = World::of(sample(), 1);
    let base = w.by("cm").role(Role::CM).put("changing", "138").on(1, 9).done();
    let hint = w.by("li").hint("changing", "139").on(8, 10).done();
    (w, base, hint)
}

#[test]
fn a_hint_changes_nothing_and_asks_the_readers() {
    let (mut w, base, hint) = hinted();
    let mut without = w.clone();
    without.all.remove(hint);
    let (with, without) = (w.resolved(), without.resolved());
    assert_eq!(with.fields, without.fields, "it is no claim");
    assert_eq!(with.hints.len(), 1);
    let left = &with.hints[0];
    assert_eq!((left.field.as_str(), &left.claim.value, left.open), ("changing", &"139".into(), true));
    assert!(left.claim.key.starts_with("hint/"));
    let item = &with.attention[0];
    assert_eq!((item.rule.as_str(), item.field.as_str(), &item.in_force), ("hint", "changing", &"138".into()));
    let changes: Vec<_> = item.claims.iter().map(|claim| w.number(claim.change)).collect();
    assert_eq!(changes, [hint, base]);
    assert_eq!(item.zh, "li在2026年3月8日提示changing为“139”（本人述）；目前用“138”，请核实后更新或确认。");
    assert_eq!(
        item.en,
        "li suggested on 2026-03-08 that changing is \"139\" (own word); \"138\" is in force; please check, then update or \
         confirm."
    );
    // The item keeps its name whatever happens to the field.
    w.by("cm").role(Role::CM).put("changing", "137").after(&[base]).on(9, 9).done();
    assert_eq!(w.items()[0].id, item.id);
    let lines = history(Schema::built_in(), w.kind, &w.all);
    assert_eq!(lines[1].zh, "2026年3月8日10:00，li（专职网格员）提示changing为“139”，依据：本人述。");
    assert_eq!(
        lines[1].en,
        "2026-03-08 10:00: li (grid worker) suggested that changing is \"139\"; evidence: own word."
    );
}

#[test]
fn a_document_of_a_hint_alone_asks_too() {
    let mut w = World::of(sample(), 1);
    w.by("li").hint("changing", "139").done();
    let out = w.resolved();
    assert!(out.fields.is_empty());
    assert!(out.attention[0].zh.contains("目前没有登记"), "{}", out.attention[0].zh);
    assert!(out.attention[0].en.contains("nothing is recorded"), "{}", out.attention[0].en);
}

#[test]
fn it_waits_until_a_reader_who_saw_it_takes_up_the_field() {
    type Act = fn(super::build::Say<'_>) -> super::build::Say<'_>;
    let (w, base, hint) = hinted();
    let is_open = |saw: &[usize], act: Act| {
        let mut w = w.clone();
        act(w.by("cm").role(Role::CM)).after(saw).on(9, 9).done();
        let out = w.resolved();
        assert_eq!(out.hints[0].open, out.attention.iter().any(|item| item.rule == "hint"));
        out.hints[0].open
    };
    let both = [base, hint];
    assert!(!is_open(&both, |say| say.put("changing", "139")), "taken over");
    assert!(!is_open(&both, |say| say.put("changing", "137")), "another value");
    assert!(!is_open(&both, |say| say.confirms("changing")), "found right as it is");
    assert!(!is_open(&both, |say| say.confirms_claim("changing", 0)));
    assert!(!is_open(&both, |say| say.decides(&[1])), "set aside");
    assert!(is_open(&both, |say| say.decides(&[0])), "another claim was decided");
    assert!(is_open(&both, |say| say.confirms("*")), "one tap for the whole record answers no question");
    assert!(is_open(&both, |say| say.put("latest", "x").confirms("latest")), "another field");
    assert!(is_open(&[base], |say| say.put("changing", "137")), "not seen");
    assert!(!is_open(&[base], |say| say.put("changing", "139")), "it is in force anyway");
    // An answer that was undone is none.
    let mut undone = w.clone();
    let answer = undone.by("cm").role(Role::CM).put("changing", "137").after(&both).on(9, 9).done();
    undone.by("cm").role(Role::CM).undoes(&[answer]).after(&[answer]).on(9, 10).done();
    assert!(undone.resolved().hints[0].open);
    // And so is a hint.
    let mut taken_back = w;
    taken_back.by("li").undoes(&[hint]).after(&[hint]).on(8, 11).done();
    assert!(taken_back.resolved().hints.is_empty() && taken_back.items().is_empty());
    assert!(history(Schema::built_in(), taken_back.kind, &taken_back.all)[1].zh.contains("由本人撤销"));
}

#[test]
fn members_and_entries_can_be_hinted_at() {
    let mut w = World::of(sample(), 1);
    let base = w.by("cm").role(Role::CM).add("set", "138").done();
    let known = w.by("li").hint("set", "138").on(2, 9).done();
    w.by("li").hint("set", "139").source(Source::Other).after(&[known]).on(3, 9).done();
    w.by("li").hint("log", "孩子最近没去上学").on(4, 9).done();
    let out = w.resolved();
    let open: Vec<_> = out.hints.iter().map(|hint| (hint.field.as_str(), hint.open)).collect();
    assert_eq!(open, [("log", true), ("set", false), ("set", true)], "by field and time; 138 is there");
    assert_eq!(out.attention.len(), 2);
    assert_eq!(out.attention[0].zh, "li在2026年3月4日提示log为“孩子最近没去上学”（本人述）；请核实后更新或确认。");
    assert!(out.attention[1].zh.contains("“139”（他人述）"), "{}", out.attention[1].zh);
    assert_eq!(out.attention[1].in_force, Value::Null);
    w.by("cm").role(Role::CM).add("set", "139").after(&[base, 2]).on(5, 9).done();
    assert_eq!(w.items().len(), 1, "a member that was added answers a hint at the set");
}

#[test]
fn what_names_no_field_of_the_document_is_left_alone() {
    let mut w = World::of(sample(), 1);
    w.by("li").put("hint/x", "no json").hint("nothing", "x").hint("set/ab", "x").put("hint/y", Value::Null).done();
    let out = w.resolved();
    assert!(out.hints.is_empty() && out.attention.is_empty() && out.fields.is_empty());
    // A field of the kind in another audience is not of this document.
    let mut w = World::new("visit");
    let kind = w.kind;
    let audience = kind.fields[0].audience;
    let other = kind.fields.iter().find(|field| field.audience != audience).unwrap();
    w.by("li").hint(&other.key, "x").done();
    assert!(w.resolved().hints.is_empty());
}
