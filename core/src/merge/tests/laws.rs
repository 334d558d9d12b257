//! Laws on random histories: three phones that write and hear of each other in any order.

use proptest::{prelude::*, test_runner::TestRunner};

use super::{
    World,
    build::{At, sample},
    naive::Naive,
};
use crate::{
    merge::{Resolved, history},
    model::{Member, Observation, Role, Schema, Source, Value},
};

/// Keys that random histories write, one for each rule and more than one member.
const KEYS: [&str; 9] = ["fixed", "changing", "both", "latest", "safer", "immutable", "id", "set/1", "set/2"];
const VALUES: [&str; 4] = ["1", "2", "3", "4"];
const IDS: [&str; 4] = ["11010519491231002X", "440524188001010014", "110105194912310021", ""];

/// One step: a phone hears of another, or writes.
#[derive(Clone, Debug)]
struct Step {
    phone: usize,
    hears: Option<usize>,
    puts: Vec<(usize, usize)>,
    seen: Vec<(usize, usize)>,
    star: bool,
    decides: Option<usize>,
    replaces: usize,
    source: usize,
    role: usize,
    hour: i64,
    doubtful: bool,
    author: usize,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let says = (
        proptest::collection::vec((0..KEYS.len(), 0_usize..6), 0..3),
        proptest::collection::vec((0..KEYS.len(), 0_usize..12), 0..2),
        proptest::bool::weighted(0.15),
        proptest::option::weighted(0.25, 0_usize..12),
        0_usize..24,
    );
    let who = (0_usize..4, 0_usize..5, 0_i64..60, proptest::bool::weighted(0.1), 0_usize..3);
    let step = (0_usize..3, proptest::option::weighted(0.4, 0_usize..3), says, who);
    proptest::collection::vec(
        step.prop_map(
            |(phone, hears, (puts, seen, star, decides, replaces), (source, role, hour, doubtful, author))| Step {
                phone,
                hears,
                puts,
                seen,
                star,
                decides,
                replaces,
                source,
                role,
                hour,
                doubtful,
                author,
            },
        ),
        1..22,
    )
}

fn value(key: &str, choice: usize) -> Value {
    match (key, choice) {
        (_, 5) => Value::Null,
        (key, _) if key.starts_with("set/") => {
            Member { text: key.to_owned(), on: choice.is_multiple_of(2), date: None }.to_value()
        }
        ("id", _) => IDS[choice % 4].into(),
        _ => VALUES[choice % 4].into(),
    }
}

/// The history of the steps; ancestors stand before descendants.
fn play(steps: &[Step], salt: u64) -> World {
    let mut w = World::of(sample(), salt);
    let mut known: [Vec<At>; 3] = Default::default();
    for step in steps {
        if let Some(from) = step.hears {
            let heard = known[from].clone();
            known[step.phone].extend(heard);
            known[step.phone].sort_unstable();
            known[step.phone].dedup();
        }
        let seen = known[step.phone].clone();
        let roles = [Role::GW, Role::GW, Role::GL, Role::TC, Role::CC];
        let sources = [Source::Other, Source::SelfSaid, Source::DocumentSeen, Source::Registry];
        let older = |choice: usize| seen.get(choice % seen.len().max(1)).copied();
        let decided = step.decides.map(|choice| older(choice).filter(|_| choice > 3));
        let named: Vec<_> =
            step.seen.iter().map(|(key, choice)| (KEYS[*key], older(*choice).filter(|_| choice % 3 > 0))).collect();
        let mut say = w.by(["li", "wang", "zhao"][step.author]).after(&seen);
        (say.it.at, say.it.doubtful) = (super::build::at(1, 0).plus(step.hour * 3_600_000 * 4), step.doubtful);
        say = say.role(roles[step.role]).source(sources[step.source]);
        for (key, choice) in &step.puts {
            say = say.put(KEYS[*key], value(KEYS[*key], *choice));
        }
        for (key, claim) in named {
            say = match claim {
                Some(claim) => say.confirms_claim(key, claim),
                None => say.confirms(key.split('/').next().unwrap()),
            };
        }
        if step.star {
            say = say.confirms("*");
        }
        match decided {
            Some(Some(claim)) => say = say.decides(&[claim]),
            Some(None) => say = say.decides_all(),
            None => {}
        }
        if say.world_len() > step.replaces {
            say = say.replaces(step.replaces);
        }
        let at = say.done();
        known[step.phone].push(at);
    }
    w
}

/// Runs a law on many random histories, under a seed that is printed and can be set by `WANGGE_SEED`.
fn holds(law: impl Fn(Vec<Step>, u64) -> Result<(), TestCaseError>) {
    let seed: u64 = std::env::var("WANGGE_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(|| std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(1, |since| since.as_nanos() as u64));
    println!("WANGGE_SEED={seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() };
    let rng = proptest::test_runner::TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, rng);
    runner
        .run(&(steps(), any::<u64>()), |(steps, salt)| law(steps, salt))
        .unwrap_or_else(|e| panic!("seed {seed}: {e}"));
}

fn resolved(w: &World, all: &[Observation]) -> Resolved {
    w.resolve(all)
}

#[test]
fn the_answer_depends_on_the_set_alone() {
    holds(|steps, salt| {
        let w = play(&steps, salt);
        let expected = w.resolved();
        let mut shuffled = w.all.clone();
        // Any order will do: by hash turned, and each twice.
        shuffled.sort_by_key(|o| o.body.hash.0.map(|byte| byte.wrapping_mul(salt as u8 | 1)));
        shuffled.extend(w.all.iter().rev().cloned());
        prop_assert_eq!(resolved(&w, &shuffled), expected);
        let lines = history(Schema::built_in(), w.kind, &w.all);
        prop_assert_eq!(history(Schema::built_in(), w.kind, &shuffled), lines);
        Ok(())
    });
}

#[test]
fn the_quick_resolver_says_what_the_naive_one_says() {
    holds(|steps, salt| {
        let w = play(&steps, salt);
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
        Ok(())
    });
}

#[test]
fn no_value_is_invented_and_no_put_is_forgotten() {
    holds(|steps, salt| {
        let w = play(&steps, salt);
        let put = |field: &str, value: &Value| {
            w.all.iter().flat_map(|o| &o.body.puts).any(|(key, put)| key == field && put == value)
        };
        for (field, state) in w.resolved().fields {
            prop_assert!(state.value.is_null() || put(&field, &state.value), "{} is {}", field, state.value);
            prop_assert!(field == "set" || !state.claims.is_empty());
            prop_assert_eq!(state.contested, w.items().iter().any(|i| i.field == field && i.rule == "contested"));
            for claim in &state.claims {
                prop_assert!(put(&claim.key, &claim.value), "claim {:?}", claim);
            }
        }
        let lines = history(Schema::built_in(), w.kind, &w.all);
        for o in &w.all {
            let mut keys: Vec<_> = o.body.puts.iter().map(|(key, _)| key).collect();
            keys.sort_unstable();
            keys.dedup();
            let told = lines.iter().filter(|line| line.claim.change == o.body.hash && !line.claim.confirms).count();
            prop_assert_eq!(told, keys.len());
        }
        prop_assert!(lines.windows(2).all(|pair| pair[0].claim.at <= pair[1].claim.at));
        Ok(())
    });
}

#[test]
fn a_confirmation_retires_nothing_that_it_had_not_seen() {
    holds(|steps, salt| {
        let w = play(&steps, salt);
        let last = w.all.last().unwrap();
        if !last.body.puts.is_empty() {
            return Ok(());
        }
        let others = &w.all[..w.all.len() - 1];
        let seen: Vec<_> = super::build::ancestors(&w.all, w.all.len() - 1);
        let (before, after) = (resolved(&w, others), w.resolved());
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
        let server = play(&steps, salt);
        let mut phone = play(&steps, salt);
        // The last ones wait on the phone; the server accepts them after all others, at one time.
        let waiting = server.all.len() / 2;
        let mut server = server;
        for o in &mut server.all[waiting..] {
            o.accepted_at = Some(super::build::at(25, 0));
        }
        phone.all[waiting..].iter_mut().for_each(|o| o.accepted_at = None);
        let plain = |mut out: Resolved| {
            let claims = out.fields.values_mut().flat_map(|state| {
                let members = state.members.iter_mut().map(|(_, claim)| claim);
                state.claims.iter_mut().chain(members).chain(state.told.iter_mut().map(|told| &mut told.claim))
            });
            claims.chain(out.attention.iter_mut().flat_map(|item| &mut item.claims)).for_each(|c| c.accepted_at = None);
            out
        };
        prop_assert_eq!(plain(phone.resolved()), plain(server.resolved()));
        Ok(())
    });
}
