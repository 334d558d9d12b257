//! Our reader of change chunks beside the document library's own.

use std::hash::{BuildHasher, RandomState};

use automerge::{ActorId, Automerge, Change, ObjType, ROOT, transaction::CommitOptions, transaction::Transactable};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};
use sha2::{Digest, Sha256};

use super::{Document, Draft, chunk, library};
use crate::model::{Actor, Audience, DocId, Meta, Millis, RecordId, Source, Value};

fn meta(seen: Vec<String>) -> Meta {
    Meta { source: Source::SelfSaid, recorded_at: Millis(9), schema: 1, seen, ..Meta::default() }
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (-70_i64..70).prop_map(Value::Int),
        ".{0,40}".prop_map(Value::Text),
    ]
}

/// A writer, a time, and what it puts.
type Edit = (u8, i64, Vec<(u8, Value)>);

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let puts = prop::collection::vec((0_u8..8, value()), 0..8);
    prop::collection::vec((0_u8..4, -253_402_300_799_999_i64..253_402_300_799_999, puts), 1..8)
}

/// Writers that edit the same document, each knowing what all before wrote, or only its own.
fn history(edits: &[Edit], concurrent: bool) -> Vec<Vec<u8>> {
    let id = DocId { record: RecordId([5; 16]), audience: Audience::Open, generation: 7 };
    let mut docs: Vec<Document> = (0..4).map(|_| Document::new(id)).collect();
    let mut raws: Vec<Vec<u8>> = Vec::new();
    for (at, (writer, time, puts)) in edits.iter().enumerate() {
        let mut puts: Vec<(String, Value)> =
            puts.iter().map(|(key, value)| (format!("k{key}"), value.clone())).collect();
        puts.sort();
        puts.dedup_by(|a, b| a.0 == b.0);
        let doc = &mut docs[usize::from(*writer)];
        if !concurrent || at % 3 == 2 {
            for raw in &raws {
                doc.apply(raw).expect("an honest change");
            }
        }
        let draft = Draft { puts, time: Millis(*time), meta: meta(vec!["*".to_owned()]) };
        // Actors in another order than the writers, so that merged changes list them in both directions.
        raws.push(doc.write(Actor([[9, 3, 7, 1][usize::from(*writer)]; 16]), &draft).expect("a sound draft").raw);
    }
    raws
}

/// What the library says of bytes, where it does not panic.
fn theirs(raw: &[u8]) -> Option<(automerge::ExpandedChange, Vec<u8>)> {
    let read = || {
        let change = Change::try_from(raw).ok()?;
        let expanded = change.decode();
        Some((expanded.clone(), Change::from(expanded).raw_bytes().to_vec()))
    };
    library::guarded(|| Ok(read())).ok().flatten()
}

fn sealed(body: &[u8]) -> Vec<u8> {
    let mut hashed = vec![1];
    let mut length = body.len();
    while length >= 0x80 {
        hashed.push(length as u8 | 0x80);
        length >>= 7;
    }
    hashed.push(length as u8);
    hashed.extend(body);
    let mut raw = vec![0x85, 0x6f, 0x4a, 0x83];
    raw.extend(&Sha256::digest(&hashed)[..4]);
    raw.extend(hashed);
    raw
}

/// Tries a property on random cases. The seed is `WANGGE_SEED`, or fresh; printed, so that a failure can be repeated.
fn check<S: Strategy>(name: &str, strategy: S, property: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let given = std::env::var("WANGGE_SEED").ok().and_then(|text| text.parse().ok());
    let seed: u64 = given.unwrap_or_else(|| RandomState::new().hash_one(name));
    println!("{name}: WANGGE_SEED={seed}");
    let config = Config { cases: 200, failure_persistence: None, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed.to_le_bytes().repeat(4));
    TestRunner::new_with_rng(config, rng).run(&strategy, property).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn the_library_reads_the_same_from_honest_changes() {
    check("honest changes", (edits(), any::<bool>()), |(edits, concurrent)| {
        for raw in history(&edits, concurrent) {
            let parsed = chunk::parse(&raw).expect("an honest change");
            let (expanded, encoded) = theirs(&raw).expect("an honest change");
            prop_assert!(library::agrees(&expanded, &parsed), "{parsed:?}\n{expanded:?}");
            prop_assert_eq!(encoded, raw);
            let message = expanded.message.expect("a message");
            prop_assert_eq!(&serde_json::from_str::<Meta>(&message).expect("ours"), &parsed.body.meta);
        }
        Ok(())
    });
}

#[test]
fn what_we_read_from_mutants_the_library_reads_too() {
    let blow = (any::<prop::sample::Index>(), 0_u8..4, any::<u8>());
    check("mutants", (edits(), prop::collection::vec(blow, 300)), |(edits, blows)| {
        let raws = history(&edits, true);
        let raw = raws.last().expect("at least one edit");
        let body = &raw[raw.len() - chunk_body_length(raw)..];
        for (place, kind, byte) in blows {
            let mut body = body.to_vec();
            let at = place.index(body.len());
            match kind {
                0 => body[at] ^= 1 << (byte % 8),
                1 => body[at] = byte,
                2 => body.insert(at, byte),
                _ => drop(body.remove(at)),
            }
            let raw = sealed(&body);
            // Where we refuse, the library is not asked: it may panic, hang or fill the memory.
            if let Ok(parsed) = chunk::parse(&raw) {
                let (expanded, encoded) = theirs(&raw).expect("we read it, so the library must");
                prop_assert!(library::agrees(&expanded, &parsed), "{parsed:?}\n{expanded:?}");
                prop_assert_eq!(encoded, raw, "we accept only canonical bytes");
            }
        }
        Ok(())
    });
}

#[test]
fn no_bytes_make_it_panic() {
    check("bytes", prop::collection::vec(any::<u8>(), 0..300), |bytes| {
        prop_assert!(chunk::read(&bytes).is_err());
        prop_assert!(chunk::read(&sealed(&bytes)).is_err());
        let mut framed = vec![0, 16];
        framed.extend([7; 16]);
        framed.extend([1, 1, 0, 44]);
        framed.extend(b"{\"source\":\"self\",\"recorded_at\":1,\"schema\":1}");
        framed.extend(&bytes);
        // Random columns may by chance be none at all, which is a change without operations.
        if let Ok(body) = chunk::read(&sealed(&framed)) {
            prop_assert!(theirs(&sealed(&framed)).is_some(), "{body:?}");
        }
        Ok(())
    });
}

fn chunk_body_length(raw: &[u8]) -> usize {
    let after_type = &raw[9..];
    let digits = after_type.iter().position(|byte| byte & 0x80 == 0).expect("a length") + 1;
    after_type.len() - digits
}

/// Changes that the library itself writes for other operations than put.
#[test]
fn other_operations_of_the_library_are_refused() {
    let message = serde_json::to_string(&meta(vec![])).expect("plain data");
    let written = |write: &dyn Fn(&mut automerge::transaction::Transaction<'_>)| {
        let mut doc = Automerge::new();
        doc.set_actor(ActorId::from([4; 16]));
        let mut begin = doc.transaction();
        begin.put(ROOT, "k", "v").expect("a put");
        begin.put(ROOT, "n", automerge::ScalarValue::counter(3)).expect("a put");
        begin.commit();
        let mut transaction = doc.transaction();
        write(&mut transaction);
        transaction.commit_with(CommitOptions::default().with_message(message.clone()).with_time(0));
        doc.get_last_local_change().expect("a change")
    };
    let read = |write: &dyn Fn(&mut automerge::transaction::Transaction<'_>)| {
        chunk::read(written(write).raw_bytes()).map_err(|error| error.rule())
    };
    assert!(read(&|t| t.put(ROOT, "k", "w").expect("a put")).is_ok());
    assert_eq!(read(&|t| t.delete(ROOT, "k").expect("a delete")), Err("chunk.action"));
    assert_eq!(read(&|t| t.increment(ROOT, "n", 2).expect("an increment")), Err("chunk.action"));
    for kind in [ObjType::Map, ObjType::List, ObjType::Text] {
        assert_eq!(read(&|t| drop(t.put_object(ROOT, "o", kind).expect("an object"))), Err("chunk.action"), "{kind}");
    }
    let nested = |t: &mut automerge::transaction::Transaction<'_>| {
        let object = t.put_object(ROOT, "o", ObjType::Map).expect("an object");
        t.put(&object, "inside", 1).expect("a put");
    };
    assert_eq!(read(&nested), Err("chunk.column"));
    let listed = |t: &mut automerge::transaction::Transaction<'_>| {
        let list = t.put_object(ROOT, "l", ObjType::List).expect("a list");
        t.insert(&list, 0, 1).expect("an insertion");
    };
    assert_eq!(read(&listed), Err("chunk.column"));
    for (value, what) in [
        (automerge::ScalarValue::Uint(1), "unsigned"),
        (automerge::ScalarValue::F64(1.0), "float"),
        (automerge::ScalarValue::Timestamp(1), "time stamp"),
        (automerge::ScalarValue::counter(1), "counter"),
    ] {
        assert_eq!(read(&|t| t.put(ROOT, "k", value.clone()).expect("a put")), Err("chunk.value"), "{what}");
    }
    let mut long = written(&|t| t.put(ROOT, "k", "x".repeat(500)).expect("a put"));
    assert!(chunk::read(long.raw_bytes()).is_ok());
    assert_eq!(chunk::read(&long.bytes()).map_err(|error| error.rule()), Err("chunk.type"), "deflated");
    let mut doc = Automerge::new();
    doc.transact::<_, _, automerge::AutomergeError>(|t| t.put(ROOT, "k", "v")).expect("a put");
    assert_eq!(chunk::read(&doc.save()).map_err(|error| error.rule()), Err("chunk.type"), "a document");
    let mut signed = Automerge::new().with_author(Some(automerge::Author::from(vec![1, 2])));
    signed.set_actor(ActorId::from([4; 16]));
    signed.empty_commit(CommitOptions::default().with_message(message));
    let signed = signed.get_last_local_change().expect("a change");
    assert_eq!(chunk::read(signed.raw_bytes()).map_err(|error| error.rule()), Err("chunk.trailing"), "extra bytes");
}

/// Five thousand rows are the bound, and the library writes and we read up to it.
#[test]
fn the_bound_on_rows_is_exact() {
    let wide = |rows: usize| {
        let mut doc = Automerge::new();
        doc.set_actor(ActorId::from([4; 16]));
        let mut transaction = doc.transaction();
        for row in 0..rows {
            transaction.put(ROOT, format!("k{row}"), 1).expect("a put");
        }
        let message = serde_json::to_string(&meta(vec![])).expect("plain data");
        transaction.commit_with(CommitOptions::default().with_message(message));
        let change = doc.get_last_local_change().expect("a change");
        chunk::read(change.raw_bytes()).map(|body| body.puts.len()).map_err(|error| error.rule())
    };
    assert_eq!(wide(5_000), Ok(5_000));
    assert_eq!(wide(5_001), Err("chunk.runs"));
}
