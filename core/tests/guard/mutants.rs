//! Mutants of honest changes with a true checksum: the guard never panics, and whatever it admits leaves a document
//! that can be saved, loaded, written and replayed (SECURITY, C2).

use std::collections::BTreeMap;

use wangge_core::{
    doc::{
        Document,
        guard::{Claimed, Verdict, admit_into},
    },
    model::{Member, Role, Value},
};

use super::kit::{Chunk, Random, actor, body_of, claimed, doc_id, draft, schema, seal};

/// A document as it was, and an honest change that comes next.
struct Case {
    before: Document,
    raws: Vec<Vec<u8>>,
    next: Vec<u8>,
}

/// Changes of several shapes: first, next, of another writer, a merge, a confirmation, a decision, a late one.
fn cases() -> Vec<Case> {
    let member = Member::present("13800000000");
    let phone = Member::key("phones", &member.text);
    let note = "notes/01J9ZQ4M7N8P2R5S6T7V8W9X0Y";
    let mut cases = Vec::new();
    let mut doc = Document::new(doc_id(1));
    let mut raws: Vec<Vec<u8>> = Vec::new();
    let mut late = None;
    let mut seen = draft(&[]);
    seen.meta.seen = vec!["*".to_owned()];
    let mut decided = draft(&[("name", Value::from("甲")), ("count", Value::Int(2))]);
    decided.puts.truncate(1);
    decided.meta.decides = vec!["*".to_owned()];
    let drafts = [
        draft(&[("name", Value::from("甲")), ("count", Value::Int(1)), ("alone", Value::Bool(true))]),
        draft(&[("count", Value::Int(2)), (&phone, member.to_value()), (note, Value::from("{\"text\":\"看过\"}"))]),
        seen,
        draft(&[("name", Value::from("乙")), ("count", Value::Int(2)), ("at", Value::Null), ("spot", Value::Int(7))]),
        decided,
        draft(&[("name", Value::Null), ("count", Value::Int(-1)), ("alone", Value::Null), (&phone, member.to_value())]),
    ];
    for (at, draft) in drafts.iter().enumerate() {
        let written = doc.clone().write(actor(1 + at as u8 / 2), draft).unwrap().raw;
        cases.push(Case { before: doc.clone(), raws: raws.clone(), next: written.clone() });
        doc.apply(&written).unwrap();
        raws.push(written);
        if at == 1 {
            late = Some(doc.clone().write(actor(9), &drafts[3]).unwrap().raw);
        }
    }
    let late = late.unwrap();
    cases.push(Case { before: doc.clone(), raws: raws.clone(), next: late.clone() });
    doc.apply(&late).unwrap();
    raws.push(late);
    let merge = doc.clone().write(actor(1), &drafts[5]).unwrap().raw;
    cases.push(Case { before: doc, raws, next: merge });
    cases
}

fn mutate(raw: &[u8], others: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    if random.one_in(2) {
        let mut body = body_of(raw).to_vec();
        for _ in 0..=random.below(3) {
            mutate_bytes(&mut body, random);
        }
        return seal(1, &body);
    }
    let mut chunk = Chunk::open(raw);
    for _ in 0..=random.below(2) {
        mutate_parts(&mut chunk, others, random);
    }
    chunk.seal()
}

fn mutate_bytes(body: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(body.len());
    match random.below(7) {
        0 => body[at] ^= 1 << random.below(8),
        1 => body[at] = random.next() as u8,
        2 => body[at] = *random.pick(&[0, 1, 2, 0x3f, 0x40, 0x7e, 0x7f, 0x80, 0xff]),
        3 => body.insert(at, random.next() as u8),
        4 => drop(body.remove(at)),
        5 => {
            let end = (at + random.below(12)).min(body.len());
            let piece = body[at..end].to_vec();
            let to = random.below(body.len());
            body.splice(to..to, piece);
        }
        _ => body[at] = body[at].wrapping_add(1),
    }
    if body.is_empty() {
        body.push(0);
    }
}

fn mutate_parts(chunk: &mut Chunk, others: &[Vec<u8>], random: &mut Random) {
    let small = |random: &mut Random| *random.pick(&[0_u64, 1, 2, 3, 4, 5, 8, 13, 127, 128, 1 << 31, u64::MAX]);
    match random.below(14) {
        0 => chunk.seq = small(random),
        1 => chunk.start_op = small(random),
        2 => chunk.time = random.next() as i64 >> random.below(64),
        3 => chunk.actor = vec![random.below(10) as u8; 16],
        4 => {
            let at = random.below(chunk.deps.len() + 1);
            chunk.deps.splice(at..(at + random.below(2)).min(chunk.deps.len()), []);
        }
        5 => {
            let raw = random.pick(others);
            let hash = wangge_core::doc::chunk::read(raw).unwrap().hash;
            chunk.deps.push(hash.0.to_vec());
            chunk.deps.sort();
        }
        6 => chunk.others.push(vec![random.below(10) as u8; 16]),
        7 => drop(chunk.others.pop()),
        8 if !chunk.columns.is_empty() => {
            let at = random.below(chunk.columns.len());
            mutate_bytes(&mut chunk.columns[at].1, random);
        }
        9 if !chunk.columns.is_empty() => drop(chunk.columns.remove(random.below(chunk.columns.len()))),
        10 => {
            // Columns of another change.
            let other = Chunk::open(random.pick::<Vec<u8>>(others));
            if random.one_in(2) {
                chunk.columns = other.columns;
            } else if let Some((id, data)) = other.columns.get(random.below(other.columns.len().max(1))) {
                chunk.column(*id).clone_from(data);
            }
        }
        11 => chunk.message.clone_from(&Chunk::open(random.pick::<Vec<u8>>(others)).message),
        12 => *chunk.column(*random.pick(&[0x01, 0x02, 0x11, 0x13, 0x94, 0xa5, 0x21])) = vec![0x7f, 1],
        _ => {
            let at = random.below(chunk.message.len().max(1));
            if let Some(byte) = chunk.message.get_mut(at) {
                *byte = *random.pick(b"0123456789abcdefx,:\"{}[]*");
            }
        }
    }
}

/// Everything that must still work on a document that took a change.
fn survives(case: &Case, taken: &mut Document, raw: &[u8]) {
    let raws = || case.raws.iter().map(Vec::as_slice).chain([raw]);
    let replayed = Document::load(taken.id(), None, raws()).unwrap();
    assert_eq!((replayed.heads(), replayed.entries()), (taken.heads(), taken.entries()));
    let snapshot = taken.snapshot().unwrap();
    let loaded = Document::load(taken.id(), Some(&snapshot), []).unwrap();
    assert_eq!((loaded.heads(), loaded.entries(), loaded.len()), (taken.heads(), taken.entries(), taken.len()));
    let edit = draft(&[("name", Value::from("后来")), ("count", Value::Int(77)), ("alone", Value::Bool(false))]);
    for (doc, writer) in [(taken, 40), (&mut loaded.clone(), 1)] {
        let later = doc.write(actor(writer), &edit).unwrap();
        assert_eq!(doc.shown("name"), Some(Value::from("后来")));
        doc.snapshot().unwrap();
        Document::load(doc.id(), None, raws().chain([&later.raw[..]])).unwrap();
    }
}

#[test]
fn no_mutant_panics_the_guard_or_spoils_a_document() {
    let count = std::env::var("WANGGE_MUTANTS").ok().and_then(|text| text.parse().ok()).unwrap_or(24_000);
    let mut random = Random::seeded("mutants");
    let schema = schema();
    let claim = Claimed { role: Role::GL, ..claimed(&schema, doc_id(1)) };
    let cases = cases();
    let pool: Vec<Vec<u8>> = cases.iter().map(|case| case.next.clone()).collect();
    let mut tally: BTreeMap<String, u32> = BTreeMap::new();
    for round in 0..count {
        let case = &cases[round % cases.len()];
        let control = round < cases.len();
        let raw = if control { case.next.clone() } else { mutate(&case.next, &pool, &mut random) };
        let mut taken = case.before.clone();
        let outcome = match admit_into(&claim, &mut taken, &raw) {
            Verdict::Admit(_) if taken.len() > case.before.len() => {
                survives(case, &mut taken, &raw);
                if raw == case.next { "admitted, as it was" } else { "admitted, changed" }
            }
            Verdict::Admit(_) => "known",
            Verdict::Held(_) => "held",
            Verdict::Refuse(refusal) => refusal.rule,
        };
        assert!(!control || outcome == "admitted, as it was", "{outcome}");
        if outcome != "admitted, as it was" && outcome != "admitted, changed" {
            assert_eq!((taken.heads(), taken.len()), (case.before.heads(), case.before.len()));
        }
        *tally.entry(outcome.to_owned()).or_default() += 1;
    }
    println!("{tally:#?}");
    // The loop is worth its time only while mutants come this far.
    for outcome in ["admitted, changed", "start_op", "seq", "preds", "key", "chunk.runs", "chunk.preds", "held"] {
        assert!(tally.contains_key(outcome), "no mutant came to: {outcome}");
    }
}
