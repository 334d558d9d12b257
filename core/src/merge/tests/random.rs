//! Random histories of two records that an alias joins: three phones that write and hear of each other in any order.

use proptest::{prelude::*, test_runner::TestRunner};

use super::{
    World,
    build::{At, at, sample},
};
use crate::model::{Member, Observation, Role, Source, Value};

/// Keys that random histories write, one for each rule and more than one member.
pub const KEYS: [&str; 10] =
    ["fixed", "changing", "both", "latest", "safer", "immutable", "id", "sharper", "set/1", "set/2"];
const VALUES: [&str; 4] = ["1", "2", "3", "4"];
const IDS: [&str; 4] = ["11010519491231002X", "440524188001010014", "110105194912310021", ""];
/// Two places, one of them in two systems; known to 8 metres, to 30, and not at all.
const POINTS: [&str; 5] = [
    "360616469,1163006078,gcj02,8",
    "360615917,1162949852,wgs84,8",
    "360616469,1163006078,wgs84,8",
    "360616469,1163006078,wgs84,30",
    "360615917,1162949852,wgs84,",
];

/// One step: a phone hears of another, or writes in one of the two documents.
#[derive(Clone, Debug)]
pub struct Step {
    phone: usize,
    document: usize,
    /// Whether the author knows of the alias and names what he saw there.
    beside: bool,
    hears: Option<usize>,
    puts: Vec<(usize, usize)>,
    seen: Vec<(usize, usize)>,
    star: bool,
    pub decides: Option<usize>,
    pub replaces: usize,
    pub undoes: Option<usize>,
    hint: Option<(usize, usize)>,
    pub outcome: bool,
    source: usize,
    role: usize,
    hour: i64,
    doubtful: bool,
    author: usize,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let rarely = |chance| proptest::bool::weighted(chance);
    let says = (
        proptest::collection::vec((0..KEYS.len(), 0_usize..6), 0..3),
        proptest::collection::vec((0..KEYS.len(), 0_usize..12), 0..2),
        rarely(0.15),
        proptest::option::weighted(0.25, 0_usize..12),
        0_usize..24,
    );
    let acts = (
        proptest::option::weighted(0.2, 0_usize..12),
        proptest::option::weighted(0.15, (0..KEYS.len(), 0_usize..5)),
        rarely(0.08),
    );
    let who = (0_usize..4, 0_usize..5, 0_i64..60, rarely(0.1), 0_usize..3);
    let place = (0_usize..3, proptest::bool::weighted(0.3), rarely(0.7));
    let step = (place, proptest::option::weighted(0.4, 0_usize..3), says, acts, who);
    proptest::collection::vec(
        step.prop_map(|((phone, document, beside), hears, says, acts, who)| {
            let (puts, seen, star, decides, replaces) = says;
            let (undoes, hint, outcome) = acts;
            let (source, role, hour, doubtful, author) = who;
            let document = usize::from(document);
            Step {
                phone,
                document,
                beside,
                hears,
                puts,
                seen,
                star,
                decides,
                replaces,
                undoes,
                hint,
                outcome,
                source,
                role,
                hour,
                doubtful,
                author,
            }
        }),
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
        ("sharper", _) => POINTS[choice % 5].into(),
        _ => VALUES[choice % 4].into(),
    }
}

/// A history, and in which of the two documents each change stands.
#[derive(Clone)]
pub struct Played {
    pub w: World,
    pub documents: Vec<usize>,
}

impl Played {
    /// The changes of one document alone.
    pub fn alone(&self, document: usize) -> Vec<Observation> {
        let of = self.w.all.iter().zip(&self.documents);
        of.filter(|(_, of)| **of == document).map(|(o, _)| o.clone()).collect()
    }
}

/// The history of the steps; ancestors stand before descendants.
pub fn play(steps: &[Step], salt: u64) -> Played {
    let mut w = World::of(sample(), salt);
    let mut documents: Vec<usize> = Vec::new();
    let mut known: [Vec<At>; 3] = Default::default();
    for step in steps {
        if let Some(from) = step.hears {
            let heard = known[from].clone();
            known[step.phone].extend(heard);
            known[step.phone].sort_unstable();
            known[step.phone].dedup();
        }
        let here = |change: &At| documents[*change] == step.document;
        let (deps, there): (Vec<At>, Vec<At>) = known[step.phone].iter().copied().partition(here);
        let there = if step.beside { there } else { Vec::new() };
        let change = write(&mut w, step, &deps, &there);
        known[step.phone].push(change);
        documents.push(step.document);
    }
    Played { w, documents }
}

fn write(w: &mut World, step: &Step, deps: &[At], there: &[At]) -> At {
    let roles = [Role::GW, Role::GW, Role::GL, Role::TC, Role::CC];
    let sources = [Source::Other, Source::SelfSaid, Source::DocumentSeen, Source::Registry];
    let seen: Vec<At> = deps.iter().chain(there).copied().collect();
    let older = |choice: usize| seen.get(choice % seen.len().max(1)).copied();
    let mut say = w.by(["li", "wang", "zhao"][step.author]).after(deps).beside(there);
    (say.it.at, say.it.doubtful) = (at(1, 0).plus(step.hour * 3_600_000 * 4), step.doubtful);
    say.it.body.meta.recorded_at = at(1, 0).plus(step.hour * 3_600_000);
    say = say.role(roles[step.role]).source(sources[step.source]);
    for (key, choice) in &step.puts {
        say = say.put(KEYS[*key], value(KEYS[*key], *choice));
    }
    if let Some((key, choice)) = step.hint {
        let field = KEYS[key].split('/').next().unwrap();
        say = say.hint(field, if field == "set" { Value::from(KEYS[key]) } else { value(field, choice) });
    }
    if step.outcome {
        say = say.put("out/01J9ZQ4M7N8P2R5S6T7V8W9X0Y", "{}");
    }
    for (key, choice) in &step.seen {
        say = match older(*choice).filter(|_| choice % 3 > 0) {
            Some(claim) => say.confirms_claim(KEYS[*key], claim),
            None => say.confirms(KEYS[*key].split('/').next().unwrap()),
        };
    }
    if step.star {
        say = say.confirms("*");
    }
    match step.decides.map(|choice| older(choice).filter(|_| choice > 3)) {
        Some(Some(claim)) => say = say.decides(&[claim]),
        Some(None) => say = say.decides_all(),
        None => {}
    }
    if let Some(undone) = step.undoes.and_then(older) {
        say = say.undoes(&[undone]);
    }
    if say.world_len() > step.replaces {
        say = say.replaces(step.replaces);
    }
    say.done()
}

/// Runs a law on many random histories, under a seed that is printed and can be set by `WANGGE_SEED`.
pub fn holds(law: impl Fn(Vec<Step>, u64) -> Result<(), TestCaseError>) {
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
