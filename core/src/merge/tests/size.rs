//! Long documents stay cheap.

use std::time::{Duration, Instant};

use super::{
    World,
    build::{At, sample},
};
use crate::model::Role;

/// A document of `len` changes by three phones: edits, confirmations of everything, now and then a decision.
pub fn busy(len: usize) -> World {
    let mut w = World::of(sample(), 1);
    let mut heads: [Vec<At>; 3] = Default::default();
    for number in 0..len {
        let phone = number * 7 % 3;
        if number % 5 == 0 {
            let other = heads[(phone + 1) % 3].clone();
            heads[phone].extend(other);
        }
        let seen = heads[phone].clone();
        let mut say = w.by(["li", "wang", "zhao"][phone]).after(&seen).on(1 + number as i64 / 24, number as i64 % 24);
        match number % 4 {
            0 if number > 0 => say = say.confirms("*"),
            1 if number % 16 == 13 => say = say.role(Role::GL).put("both", "1").put("fixed", "1").decides_all(),
            _ => {
                for field in ["both", "fixed", "changing", "latest", "safer", "immutable"] {
                    say = say.put(field, ["1", "2", "3", "4"][(number * 5 + field.len()) % 4]);
                }
                say = say.add("set", ["a", "b", "c"][number % 3]).put(&format!("log/{number:026}"), "x");
            }
        }
        let at = say.done();
        heads[phone] = vec![at];
    }
    w
}

#[test]
fn five_hundred_changes_are_resolved_at_once() {
    let w = busy(500);
    let start = Instant::now();
    let out = w.resolved();
    assert!(out.fields["log"].log.len() > 300);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}, so something grows too fast", start.elapsed());
}

#[test]
fn a_long_row_of_confirmations_is_one_voice() {
    let mut w = World::new("resident");
    let mut last = w.by("li").put("name", "张玮").put("phone", "138").done();
    for day in 0..300 {
        last = w.by("li").confirms("*").after(&[last]).on(2 + day, 9).done();
    }
    assert_eq!(w.live("phone"), [0, last]);
}

#[test]
fn rounds_of_edits_that_nobody_decides_end() {
    let mut w = World::new("household");
    let mut heads = vec![w.by("import").put("head", "father").done()];
    for round in 0..40 {
        let seen = heads.clone();
        heads = (0..3)
            .map(|phone| w.by("li").put("head", format!("{round}-{phone}").as_str()).after(&seen).done())
            .collect();
        w.by("wang").confirms("*").after(&seen).done();
    }
    let state = w.state("head");
    assert!(state.contested);
    assert_eq!(state.value, "father".into());
}

/// What a document costs, by its length: `cargo test --release -p wangge-core --lib figures_of_resolving -- --ignored
/// --nocapture`.
#[test]
#[ignore = "prints figures"]
fn figures_of_resolving() {
    for len in [1, 2, 10, 60, 500] {
        let w = busy(len);
        let rounds = (20_000 / (len * len)).clamp(3, 20_000);
        let mut best = Duration::MAX;
        for _ in 0..5 {
            let start = Instant::now();
            for _ in 0..rounds {
                std::hint::black_box(w.resolved());
            }
            best = best.min(start.elapsed() / rounds as u32);
        }
        println!("{len} changes: {best:?}");
    }
}

#[test]
fn sixty_changes_with_undone_ones_hints_and_another_record_are_resolved_at_once() {
    let mut w = busy(60);
    let all: Vec<At> = (0..60).collect();
    for number in 0..10 {
        w.by("cm").hint("changing", i64::from(number)).done();
        w.by("li").put("changing", "5").beside(&all[..40]).done();
    }
    let last = w.by("li").after(&all).undoes(&[1, 4, 7]).on(1, 9).done();
    w.by("li").after(&[last]).confirms("*").done();
    let start = Instant::now();
    for _ in 0..20 {
        assert_eq!(w.resolved().hints.len(), 10);
    }
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}, so something grows too fast", start.elapsed());
}
