//! Laws that hold for every history.

use proptest::prelude::*;

use super::{
    build::{At, ancestors, at},
    naive::{Naive, open_hints},
    random::{KEYS, holds, play},
};
use crate::{
    merge::{Claim, Resolved, history},
    model::{ChangeHash, Member, Observation, Role, Schema, Value},
};

fn claims_of(out: &Resolved) -> impl Iterator<Item = &Claim> {
    let fields = out.fields.values().flat_map(|state| {
        let members = state.members.iter().map(|(_, claim)| claim);
        let log = state.log.iter().map(|(_, _, claim)| claim);
        state.claims.iter().chain(members).chain(log).chain(state.told.iter().map(|told| &told.claim))
    });
    let items = out.attention.iter().flat_map(|item| &item.claims);
    fields.chain(items).chain(out.hints.iter().map(|hint| &hint.claim))
}

#[test]
fn the_answer_depends_on_the_set_alone() {
    holds(|steps, salt| {
        let w = play(&steps, salt).w;
        let expected = w.resolved();
        let mut shuffled = w.all.clone();
        // Any order will do: by hash turned, and each twice.
        shuffled.sort_by_key(|o| o.body.hash.0.map(|byte| byte.wrapping_mul(salt as u8 | 1)));
        shuffled.extend(w.all.iter().rev().cloned());
        prop_assert_eq!(w.resolve(&shuffled), expected);
        let lines = history(Schema::built_in(), w.kind, &w.all);
        prop_assert_eq!(history(Schema::built_in(), w.kind, &shuffled), lines);
        Ok(())
    });
}

#[test]
fn the_quick_resolver_says_what_the_naive_one_says() {
    holds(|steps, salt| {
        let w = play(&steps, salt).w;
        let out = w.resolved();
        for key in KEYS {
            let naive = Naive::new(w.kind, &w.all, key);
            let field = key.split('/').next().unwrap();
            let state = out.fields.get(field);
            let answer = naive.answer(!0);
            let mut live: Vec<At> = state
                .iter()
                .flat_map(|state| &state.claims)
                .filter(|claim| claim.key == key)
                .map(|claim| w.number(claim.change))
                .collect();
            live.sort_unstable();
            prop_assert_eq!(live, answer.live, "claims of {}", key);
            let Some(state) = state else { continue };
            if key == field {
                prop_assert_eq!(&state.value, &answer.value, "value of {}", key);
                prop_assert_eq!(state.provisional, answer.provisional, "provisional {}", key);
                prop_assert_eq!(state.contested, !answer.contested.is_empty(), "contested {}", key);
            } else {
                let member = state.members.iter().find(|(_, claim)| claim.key == key).map(|(member, _)| member.on);
                let on = Member::from_value(&answer.value).is_some_and(|member| member.on);
                prop_assert_eq!(member.unwrap_or(false), on, "member {}", key);
            }
        }
        let mut open: Vec<At> =
            out.hints.iter().filter(|hint| hint.open).map(|hint| w.number(hint.claim.change)).collect();
        open.sort_unstable();
        prop_assert_eq!(open, open_hints(w.kind, &w.all, &out), "hints that wait");
        Ok(())
    });
}

#[test]
fn no_value_is_invented_and_no_put_is_forgotten() {
    holds(|steps, salt| {
        let w = play(&steps, salt).w;
        let put = |field: &str, value: &Value| {
            w.all.iter().flat_map(|o| &o.body.puts).any(|(key, put)| key == field && put == value)
        };
        let out = w.resolved();
        for (field, state) in &out.fields {
            prop_assert!(state.value.is_null() || put(field, &state.value), "{} is {}", field, state.value);
            prop_assert!(field == "set" || !state.claims.is_empty());
            let asked = out.attention.iter().any(|item| item.field == *field && item.rule == "contested");
            prop_assert_eq!(state.contested, asked);
            for claim in &state.claims {
                prop_assert!(put(&claim.key, &claim.value), "claim {:?}", claim);
            }
        }
        let lines = history(Schema::built_in(), w.kind, &w.all);
        for o in &w.all {
            let mut keys: Vec<_> =
                o.body.puts.iter().map(|(key, _)| key).filter(|key| !key.starts_with("out/")).collect();
            keys.sort_unstable();
            keys.dedup();
            let told = lines.iter().filter(|line| line.claim.change == o.body.hash && !line.claim.confirms).count();
            prop_assert_eq!(told, keys.len(), "what was undone and what was hinted at stand there too");
        }
        prop_assert!(lines.windows(2).all(|pair| pair[0].claim.at <= pair[1].claim.at));
        Ok(())
    });
}

#[test]
fn a_confirmation_retires_nothing_that_it_had_not_seen() {
    holds(|steps, salt| {
        let w = play(&steps, salt).w;
        let last = w.all.last().unwrap();
        if !last.body.puts.is_empty() || !last.body.meta.undoes.is_empty() {
            return Ok(());
        }
        let others = &w.all[..w.all.len() - 1];
        let seen: Vec<_> = ancestors(&w.all, w.all.len() - 1);
        let (before, after) = (w.resolve(others), w.resolved());
        for (field, state) in before.fields {
            for claim in state.claims.iter().filter(|claim| !seen.contains(&w.number(claim.change))) {
                let decided = !last.body.meta.decides.is_empty();
                let kept =
                    after.fields[&field].claims.iter().any(|left| left.change == claim.change && left.key == claim.key);
                prop_assert!(kept || decided, "{:?}", claim);
            }
        }
        Ok(())
    });
}

#[test]
fn a_phone_that_waits_for_acceptance_says_what_the_server_says() {
    holds(|steps, salt| {
        let mut server = play(&steps, salt).w;
        let mut phone = server.clone();
        // The last ones wait on the phone; the server accepts them after all others, at one time.
        let waiting = server.all.len() / 2;
        for o in &mut server.all[waiting..] {
            o.accepted_at = Some(at(25, 0));
        }
        phone.all[waiting..].iter_mut().for_each(|o| o.accepted_at = None);
        let plain = |mut out: Resolved| {
            let claims = out.fields.values_mut().flat_map(|state| {
                let members = state.members.iter_mut().map(|(_, claim)| claim);
                state.claims.iter_mut().chain(members).chain(state.told.iter_mut().map(|told| &mut told.claim))
            });
            let items = out.attention.iter_mut().flat_map(|item| &mut item.claims);
            let hints = out.hints.iter_mut().map(|hint| &mut hint.claim);
            claims.chain(items).chain(hints).for_each(|c| c.accepted_at = None);
            out
        };
        prop_assert_eq!(plain(phone.resolved()), plain(server.resolved()));
        Ok(())
    });
}

#[test]
fn what_a_document_shows_comes_from_its_own_changes() {
    holds(|steps, salt| {
        let played = play(&steps, salt);
        for document in 0..2 {
            let alone = played.alone(document);
            let here: Vec<ChangeHash> = alone.iter().map(|o| o.body.hash).collect();
            let out = played.w.resolve(&alone);
            for claim in claims_of(&out) {
                prop_assert!(here.contains(&claim.change), "{:?}", claim);
            }
            for item in &out.attention {
                let doc = played.w.doc();
                prop_assert_eq!((item.doc, played.w.kind.field(&item.field).unwrap().audience), (doc, doc.audience));
            }
        }
        Ok(())
    });
}

#[test]
fn a_document_that_leaves_its_alias_says_what_it_says_by_itself() {
    holds(|steps, salt| {
        let played = play(&steps, salt);
        for document in 0..2 {
            let alone = played.alone(document);
            let mut never_joined = alone.clone();
            for o in &mut never_joined {
                o.body.meta.beside.clear();
            }
            prop_assert_eq!(played.w.resolve(&alone), played.w.resolve(&never_joined));
        }
        Ok(())
    });
}

#[test]
fn a_safer_value_is_lowered_by_a_role_that_may_and_saw_it() {
    holds(|mut steps, salt| {
        // Decisions, outcomes and rewritten changes are acts of their own.
        for step in &mut steps {
            (step.decides, step.outcome, step.replaces) = (None, false, usize::MAX);
        }
        let w = play(&steps, salt).w;
        let out = w.resolved();
        let Some(state) = out.fields.get("safer") else { return Ok(()) };
        let field = w.kind.field("safer").unwrap();
        let rank = |value: &Value| Schema::built_in().rank(field, value);
        let counts: Vec<bool> = super::naive::undone(&w.all).into_iter().map(|undone| !undone).collect();
        for (at, o) in w.all.iter().enumerate().filter(|(at, _)| counts[*at]) {
            let Some((_, value)) = o.body.puts.iter().rev().find(|(key, _)| key == "safer") else { continue };
            let lowered = |by: At| {
                counts[by] && field.lower.contains(&w.all[by].role) && by != at && ancestors(&w.all, by).contains(&at)
            };
            let safe = rank(&state.value) >= rank(value) || (0..w.all.len()).any(lowered);
            prop_assert!(safe, "{} by nobody who may", state.value);
        }
        Ok(())
    });
}

#[test]
fn a_decision_settles_nothing_that_it_had_not_seen() {
    holds(|mut steps, salt| {
        for step in &mut steps {
            step.replaces = usize::MAX;
        }
        let last = steps.last_mut().unwrap();
        (last.decides, last.undoes, last.outcome) = (Some(0), None, false);
        let w = play(&steps, salt).w;
        let seen: Vec<_> = ancestors(&w.all, w.all.len() - 1);
        let (before, after) = (w.resolve(&w.all[..w.all.len() - 1]), w.resolved());
        // A late claim for what was rejected is absorbed: it says nothing that the decision had not weighed.
        let weighed = |key: &str, value: &Value| {
            seen.iter().flat_map(|at| &w.all[*at].body.puts).any(|(put, said)| put == key && said == value)
        };
        for (field, state) in before.fields {
            for claim in state.claims.iter().filter(|claim| !seen.contains(&w.number(claim.change))) {
                let kept =
                    after.fields[&field].claims.iter().any(|left| left.change == claim.change && left.key == claim.key);
                prop_assert!(kept || weighed(&claim.key, &claim.value), "{:?}", claim);
            }
        }
        Ok(())
    });
}

#[test]
fn an_undo_leaves_what_there_was_without_the_undone_change() {
    holds(|steps, salt| {
        let mut w = play(&steps, salt).w;
        let undone = salt as usize % w.all.len();
        // Who confirmed in between said what he saw, and that stays.
        let saw = |all: &[Observation], at: At| ancestors(all, at).contains(&undone);
        for later in undone + 1..w.all.len() {
            if saw(&w.all, later) {
                w.all[later].body.meta.seen.clear();
            }
        }
        let mut without = w.clone();
        let body = &mut without.all[undone].body;
        body.puts.clear();
        (body.meta.seen, body.meta.decides, body.meta.undoes) = Default::default();
        body.meta.replaces.clear();
        let author = w.all[undone].author.0.clone();
        let all: Vec<At> = (0..w.all.len()).collect();
        let recorded_at = w.all[undone].body.meta.recorded_at.plus(3_600_000);
        let mut say = w.by(&author).after(&all).undoes(&[undone]);
        say.it.body.meta.recorded_at = recorded_at;
        say.done();
        // An undo of the undone change has nothing left to do; its own undo might.
        let prefix = w.prefix(undone);
        for o in &mut without.all {
            o.body.meta.undoes.retain(|name| *name != prefix);
        }
        let earlier = w.all[..w.all.len() - 1].iter().any(|o| o.body.meta.undoes.contains(&prefix));
        if !earlier {
            prop_assert_eq!(w.resolved(), without.resolved());
        }
        Ok(())
    });
}

#[test]
fn hints_change_no_field() {
    holds(|steps, salt| {
        let mut w = play(&steps, salt).w;
        let with = w.resolved();
        for o in &mut w.all {
            // A change that says nothing else stays: it may be named, and what follows has seen it.
            if o.body.meta.decides.is_empty() {
                o.body.puts.retain(|(key, _)| !key.starts_with("hint/"));
            }
        }
        prop_assert_eq!(w.resolved().fields, with.fields);
        Ok(())
    });
}

#[test]
fn every_sentence_of_every_history_is_plain() {
    holds(|steps, salt| {
        let w = play(&steps, salt).w;
        let out = w.resolved();
        let told = out.fields.values().flat_map(|state| &state.told).map(|told| (&told.zh, &told.en));
        let items = out.attention.iter().map(|item| (&item.zh, &item.en));
        let lines = history(Schema::built_in(), w.kind, &w.all);
        for (zh, en) in told.chain(items).chain(lines.iter().map(|line| (&line.zh, &line.en))) {
            prop_assert!(!zh.contains("冲突") && zh.ends_with('。'), "{}", zh);
            prop_assert!(!en.contains("conflict") && en.ends_with('.'), "{}", en);
            prop_assert!(!zh.contains("11010519491231002"), "an identity number stands there whole: {}", zh);
        }
        prop_assert!(w.all.iter().all(|o| Role::ALL.contains(&o.role)));
        Ok(())
    });
}
