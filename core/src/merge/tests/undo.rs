//! Taking back what one wrote oneself, for a day.

use super::{World, build::at};
use crate::{
    merge::history,
    model::{Role, Schema, Source, Value},
};

#[test]
fn what_is_undone_counts_for_nothing_and_stays_in_history() {
    let mut w = World::new("resident");
    let base = w.by("li").put("phone", "138").on(1, 9).done();
    let slip = w.by("li").put("phone", "139").add("phones", "139").after(&[base]).on(8, 10).done();
    assert_eq!(w.value("phone"), "139");
    w.by("li").undoes(&[slip]).after(&[slip]).on(8, 11).done();
    assert_eq!((w.value("phone").as_str(), w.live("phone")), ("138", vec![base]));
    assert!(!w.resolved().fields.contains_key("phones"), "nobody ever said anything there");
    let lines = history(Schema::built_in(), w.kind, &w.all);
    assert_eq!(lines.len(), 3);
    let told = lines.iter().find(|line| line.claim.change == w.hash(slip) && line.field == "phone").unwrap();
    assert_eq!(
        told.zh,
        "2026年3月8日10:00，li（专职网格员）把联系电话记为“139”，依据：本人述，2026年3月8日11:00由本人撤销。"
    );
    assert_eq!(
        told.en,
        "2026-03-08 10:00: li (grid worker) recorded Main telephone as \"139\"; evidence: own word, undone by the author \
         2026-03-08 11:00."
    );
    assert!(!lines[0].zh.contains("撤销"), "{}", lines[0].zh);
}

#[test]
fn an_undone_decision_opens_the_question_again() {
    let mut w = World::new("household");
    let a = w.by("a").put("head", "wife").done();
    let b = w.by("b").put("head", "son").done();
    let item = w.items()[0].id;
    let late = w.by("c").put("head", "son").on(2, 9).done();
    let decided = w.by("gl").role(Role::GL).put("head", "wife").decides_all().after(&[a, b]).on(3, 9).done();
    assert_eq!((w.live("head"), w.items().len()), (vec![decided], 0));
    let before = {
        let mut w = w.clone();
        w.all.pop();
        w.resolved()
    };
    w.by("gl").role(Role::GL).undoes(&[decided]).after(&[decided]).on(3, 10).done();
    assert_eq!(w.resolved(), before);
    assert_eq!(w.live("head"), [a, b, late], "what the decision had absorbed is there again");
    let without_late = {
        let mut w = w.clone();
        w.all.remove(late);
        w.items()[0].id
    };
    assert_eq!(without_late, item, "the same question");
}

#[test]
fn an_undone_undo_brings_the_value_back() {
    let mut w = World::new("resident");
    let base = w.by("li").put("phone", "138").on(1, 9).done();
    let put = w.by("li").put("phone", "139").after(&[base]).on(8, 9).done();
    let undo = w.by("li").undoes(&[put]).after(&[put]).on(8, 10).done();
    let redo = w.by("li").undoes(&[undo]).after(&[undo]).on(8, 11).done();
    assert_eq!((w.value("phone").as_str(), w.live("phone")), ("139", vec![put]));
    w.by("li").undoes(&[redo]).after(&[redo]).on(8, 12).done();
    assert_eq!((w.value("phone").as_str(), w.live("phone")), ("138", vec![base]), "and so on");
}

#[test]
fn only_the_author_undoes_and_only_for_a_day_and_only_what_he_saw() {
    let base = |who: &str| {
        let mut w = World::new("resident");
        let base = w.by("li").put("phone", "138").on(1, 9).done();
        (w.by(who).put("phone", "139").after(&[base]).on(8, 9).done(), w)
    };
    let (put, mut w) = base("wang");
    w.by("li").undoes(&[put]).after(&[put]).on(8, 10).done();
    assert_eq!(w.value("phone"), "139", "another one's word is not his to take back");

    let (put, w) = base("li");
    for (day, hour, value) in [(9, 9, "138"), (9, 10, "139"), (8, 8, "138")] {
        let mut w = w.clone();
        w.by("li").undoes(&[put]).after(&[put]).on(day, hour).done();
        assert_eq!(w.value("phone"), value, "the {day}th at {hour}");
    }
    // What counts is when it was written down: a visit of last week may be recorded and undone today.
    let mut late = w.clone();
    late.all[put].body.meta.recorded_at = at(20, 9);
    late.by("li").undoes(&[put]).after(&[put]).on(20, 10).done();
    assert_eq!(late.value("phone"), "138");

    let mut unseen = w;
    unseen.by("li").undoes(&[put]).after(&[0]).on(8, 10).done();
    assert_eq!(unseen.value("phone"), "139", "what he had not seen he cannot take back");
}

#[test]
fn an_undo_may_come_before_what_it_undoes() {
    let mut w = World::new("resident");
    let base = w.by("li").put("phone", "138").on(1, 9).done();
    let slip = w.by("li").put("phone", "139").after(&[base]).on(8, 10).done();
    let other = w.by("li").put("work", "粮站").after(&[slip]).on(8, 10).done();
    w.by("li").undoes(&[slip, other]).after(&[other]).on(8, 11).done();
    let after = w.resolved();
    assert_eq!(after.fields.len(), 1, "two at once");
    let mut reversed = w.clone();
    reversed.all.reverse();
    assert_eq!(reversed.resolved(), after);
    // Before what it undoes is here, it undoes nothing, and what it names is not in force either.
    let mut early = w.clone();
    early.all.retain(|o| o.body.hash != w.hash(slip) && o.body.hash != w.hash(other));
    assert_eq!(early.value("phone"), "138");
}

#[test]
fn who_confirmed_in_between_said_what_he_saw() {
    let mut w = World::new("resident");
    let base = w.by("li").put("phone", "138").on(1, 9).done();
    let put = w.by("li").put("phone", "139").after(&[base]).on(8, 9).done();
    let seen = w.by("wang").confirms("*").after(&[put]).on(8, 10).done();
    let undo = w.by("li").undoes(&[put]).after(&[put]).on(8, 11).done();
    let claim = &w.state("phone").claims[0];
    assert_eq!((w.value("phone").as_str(), claim.change), ("139", w.hash(seen)), "wang saw 139 and found it right");
    let later = w.by("zhao").confirms("phone").after(&[undo]).on(8, 12).done();
    let mut alone = w.clone();
    alone.all.remove(seen);
    assert_eq!(alone.value("phone"), "138", "who saw the undo confirmed the old number");
    assert_eq!(alone.state("phone").claims[0].change, w.hash(later));
    // The other way round: who saw the undo, but not that it was undone.
    let mut w = World::new("resident");
    let base = w.by("li").put("phone", "138").on(1, 9).done();
    let put = w.by("li").put("phone", "139").after(&[base]).on(8, 9).done();
    let undo = w.by("li").undoes(&[put]).after(&[put]).on(8, 10).done();
    let seen = w.by("wang").confirms("phone").source(Source::DocumentSeen).after(&[undo]).on(8, 11).done();
    w.by("li").undoes(&[undo]).after(&[undo]).on(8, 12).done();
    let claims = w.state("phone").claims;
    let told = claims.iter().find(|claim| claim.change == w.hash(seen)).unwrap();
    assert_eq!(told.value, "138".into());
    let named = w.by("zhao").confirms_claim("phone", put).after(&[put]).on(8, 13).done();
    let claims = w.state("phone").claims;
    assert!(claims.iter().any(|claim| claim.change == w.hash(named) && claim.value == "139".into()));
}

#[test]
fn an_undone_confirmation_and_an_undone_member_are_gone() {
    let mut w = World::new("resident");
    let base = w.by("li").put("phone", "138").add("phones", "138").on(1, 9).done();
    let without = w.resolved();
    let ended = w.by("li").end("phones", "138", "2026-03-08").confirms("phone").after(&[base]).on(8, 9).done();
    assert!(w.present("phones").is_empty());
    w.by("li").undoes(&[ended]).after(&[ended]).on(8, 10).done();
    assert_eq!(w.resolved(), without);
    let lines = history(Schema::built_in(), w.kind, &w.all);
    assert_eq!(lines.iter().filter(|line| line.zh.contains("由本人撤销")).count(), 2, "a member and a confirmation");
}

#[test]
fn a_hundred_rounds_of_doing_and_undoing_stay_quick() {
    let mut w = World::new("resident");
    let mut last = w.by("li").put("phone", "138").on(1, 0).done();
    for round in 0..100 {
        let put = w.by("li").put("phone", if round % 2 == 0 { "139" } else { "137" }).after(&[last]).on(1, 1).done();
        let seen = w.by("wang").confirms("*").after(&[put]).on(1, 2).done();
        last = w.by("li").undoes(&[put]).after(&[seen]).on(1, 3).done();
    }
    let start = std::time::Instant::now();
    let out = w.resolved();
    assert_eq!(out.fields["phone"].value, Value::from("137"), "as wang found it last");
    assert!(start.elapsed().as_secs() < 20, "{:?}, so something grows too fast", start.elapsed());
}

#[test]
fn a_command_taken_back_before_the_county_answered_waits_no_more() {
    let mut w = World::new("event");
    let base = w.by("li").put("type", "hazard").done();
    let wanted = w.by("li").put("cmd/01J9ZQ4M7N8P2R5S6T7V8W9X0Y", "{\"do\":\"submit\"}").after(&[base]).on(8, 9).done();
    assert_eq!(w.resolved().flow.unwrap().pending.len(), 1);
    w.by("li").undoes(&[wanted]).after(&[wanted]).on(8, 10).done();
    assert_eq!(w.resolved().flow, None);
}
