//! Documents: writing, loading, confirmations, failures.

use wangge_core::{
    doc::{ChunkError, DocError, Document, Draft, chunk},
    model::{Member, Millis, RecordId, Source, Value},
};

use super::kit::{Chunk, actor, doc_id, draft, first, meta};

#[test]
fn two_equal_new_records_are_two_changes() {
    let [mut one, mut two] = [1, 2].map(|record| Document::new(doc_id(record)));
    let (one, two) = (first(&mut one), first(&mut two));
    assert_ne!(one.body.hash, two.body.hash);
    assert_eq!(one.body.puts[0], ("_id".to_owned(), Value::Bytes(doc_id(1).to_bytes().to_vec())));
    assert_eq!(one.body.puts[1..], two.body.puts[1..]);
}

#[test]
fn what_is_written_is_read_again_to_the_last_part() {
    let mut doc = Document::new(doc_id(1));
    first(&mut doc);
    let member = Member::present("13800000000");
    let mut draft = draft(&[
        ("alone", Value::Bool(true)),
        ("count", Value::Int(-9_000_000_000)),
        ("name", Value::from("👩‍👧 王\u{0}小明")),
        (Member::key("phones", &member.text).as_str(), member.to_value()),
        ("at", Value::Null),
    ]);
    draft.time = Millis(-86_400_000);
    draft.meta.source = Source::Registry;
    draft.meta.lease = Some("lease-7".to_owned());
    draft.meta.submission = Some("form-1".to_owned());
    draft.meta.visit = Some(RecordId([3; 16]));
    draft.meta.seen = vec!["name:0123456789abcdef".to_owned()];
    draft.meta.decides = vec!["*".to_owned()];
    draft.meta.replaces = vec!["0123456789abcdef".to_owned()];
    let before = doc.heads();
    let written = doc.write(actor(2), &draft).unwrap();
    assert_eq!(chunk::read(&written.raw).unwrap(), written.body);
    let body = written.body;
    assert_eq!((body.deps, body.actor, body.seq, body.start_op), (before, actor(2), 1, 4));
    assert_eq!((body.time, &body.meta, &body.puts), (draft.time, &draft.meta, &draft.puts));
    assert_eq!(doc.heads(), [body.hash]);
    assert_eq!((doc.len(), doc.contains(&body.hash)), (2, true));
    for (key, value) in &draft.puts {
        assert_eq!(doc.shown(key).as_ref(), Some(value), "{key}");
    }
    assert_eq!(doc.shown("colour"), None);
    assert_eq!(doc.entries().len(), 6);
}

#[test]
fn a_confirmation_has_no_operations_and_comes_through() {
    let mut doc = Document::new(doc_id(1));
    let begin = first(&mut doc);
    let mut draft = draft(&[]);
    draft.meta.seen = vec!["*".to_owned()];
    let seen = doc.write(actor(2), &draft).unwrap();
    assert!(seen.body.puts.is_empty());
    assert_eq!((seen.body.start_op, seen.body.meta.seen.len()), (4, 1));
    let after = doc.write(actor(2), &super::kit::draft(&[("count", Value::Int(9))])).unwrap();
    assert_eq!((after.body.start_op, after.body.seq), (4, 2));
    let raws = [&begin.raw[..], &seen.raw, &after.raw];
    let loaded = Document::load(doc_id(1), None, raws).unwrap();
    assert_eq!((loaded.heads(), loaded.len(), loaded.entries()), (doc.heads(), 3, doc.entries()));
    let snapshot = loaded.snapshot().unwrap();
    let again = Document::load(doc_id(1), Some(&snapshot), []).unwrap();
    assert_eq!((again.heads(), again.len(), again.entries()), (doc.heads(), 3, doc.entries()));
}

#[test]
fn a_put_equal_to_what_is_shown_still_counts() {
    let mut doc = Document::new(doc_id(1));
    first(&mut doc);
    let same = doc.write(actor(1), &draft(&[("count", Value::Int(3)), ("name", Value::from("乙"))])).unwrap();
    let keys: Vec<&str> = same.body.puts.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["count", "count", "name"]);
    assert_eq!((&same.body.puts[0].1, &same.body.puts[1].1), (&Value::Null, &Value::Int(3)));
    doc.write(actor(1), &draft(&[("count", Value::Null)])).unwrap();
    let cleared = doc.write(actor(1), &draft(&[("count", Value::Null)])).unwrap();
    assert_eq!(cleared.body.puts.iter().map(|put| &put.1).collect::<Vec<_>>(), [&Value::Bool(false), &Value::Null]);
    let contested = doc.clone();
    let [mut left, mut right] = [contested.clone(), contested];
    left.write(actor(7), &draft(&[("name", Value::from("丙"))])).unwrap();
    let theirs = right.write(actor(8), &draft(&[("name", Value::from("丁"))])).unwrap();
    left.apply(&theirs.raw).unwrap();
    let shown = left.shown("name").unwrap();
    let hidden = if shown == Value::from("丙") { "丁" } else { "丙" };
    assert_eq!(left.clone().write(actor(7), &draft(&[("name", Value::from(hidden))])).unwrap().body.puts.len(), 1);
    assert_eq!(left.write(actor(7), &draft(&[("name", shown)])).unwrap().body.puts.len(), 2);
    left.snapshot().unwrap();
}

#[test]
fn loading_wants_everything_and_the_right_document() {
    let mut doc = Document::new(doc_id(1));
    let one = first(&mut doc);
    let snapshot = doc.snapshot().unwrap();
    let two = doc.write(actor(1), &draft(&[("count", Value::Int(4))])).unwrap();
    let three = doc.write(actor(2), &draft(&[("count", Value::Int(5))])).unwrap();
    let load = |snapshot: Option<&[u8]>, raws: &[&[u8]]| Document::load(doc_id(1), snapshot, raws.iter().copied());
    for raws in [[&one.raw[..], &two.raw, &three.raw], [&three.raw[..], &two.raw, &one.raw]] {
        assert_eq!(load(None, &raws).unwrap().heads(), doc.heads());
    }
    let both = load(Some(&snapshot), &[&one.raw, &two.raw, &three.raw]).unwrap();
    assert_eq!((both.heads(), both.len()), (doc.heads(), 3));
    let gap = load(None, &[&one.raw, &three.raw]);
    assert_eq!(gap.unwrap_err(), DocError::UnknownDeps(vec![two.body.hash]));
    assert_eq!(load(Some(&snapshot), &[&three.raw]).unwrap_err(), DocError::UnknownDeps(vec![two.body.hash]));
    assert_eq!(load(None, &[&one.raw, &two.raw[1..]]).unwrap_err(), DocError::Chunk(ChunkError::Magic));
    let other = Document::load(doc_id(2), None, [&one.raw[..]]);
    assert_eq!(other.unwrap_err(), DocError::OtherDocument);
    let mut torn = snapshot.clone();
    torn.truncate(snapshot.len() - 3);
    assert!(matches!(load(Some(&torn), &[]), Err(DocError::Library(_))));
    assert!(load(None, &[]).unwrap().is_empty());
}

#[test]
fn applying_checks_before_it_trusts_and_fails_for_good() {
    let mut doc = Document::new(doc_id(1));
    let one = first(&mut doc);
    let two = doc.write(actor(1), &draft(&[("count", Value::Int(4))])).unwrap();
    let fresh = || {
        let mut doc = Document::new(doc_id(1));
        doc.apply(&one.raw).unwrap();
        doc
    };
    let mut twice = fresh();
    assert_eq!(twice.apply(&two.raw).unwrap(), two.body);
    assert_eq!(twice.apply(&two.raw).unwrap(), two.body, "again changes nothing");
    assert_eq!((twice.heads(), twice.len()), (doc.heads(), 2));
    let mut early = Document::new(doc_id(1));
    assert_eq!(early.apply(&two.raw), Err(DocError::UnknownDeps(vec![one.body.hash])));
    assert_eq!(early.apply(&one.raw), Err(DocError::Poisoned));
    assert_eq!(early.snapshot(), Err(DocError::Poisoned));
    assert_eq!(early.write(actor(1), &draft(&[])), Err(DocError::Poisoned));
    assert_eq!((early.heads(), early.len(), early.shown("name")), (vec![], 0, None));
    assert_eq!(Document::new(doc_id(2)).apply(&one.raw), Err(DocError::OtherDocument));
    let mut overlap = Chunk::open(&two.raw);
    overlap.start_op = 2;
    overlap.columns.retain(|(id, _)| *id < 0x70);
    *overlap.column(0x70) = vec![0x7f, 0];
    assert_eq!(fresh().apply(&overlap.seal()), Err(DocError::Numbers));
    let mut flipped = two.raw.clone();
    *flipped.last_mut().unwrap() ^= 1;
    assert_eq!(fresh().apply(&flipped), Err(DocError::Chunk(ChunkError::Checksum)));
}

#[test]
fn drafts_that_would_be_refused_are_not_written() {
    let mut doc = Document::new(doc_id(1));
    first(&mut doc);
    let before = doc.heads();
    let mut refused = |draft: &Draft| match doc.write(actor(1), draft) {
        Err(DocError::Draft { zh, en }) => !zh.is_empty() && !en.is_empty(),
        other => panic!("{other:?}"),
    };
    let text = Value::from("x");
    assert!(refused(&draft(&[("name", text.clone()), ("count", text.clone()), ("name", text.clone())])));
    for key in ["", "_id", "字段", &"k".repeat(65)] {
        assert!(refused(&draft(&[(key, text.clone())])));
    }
    assert!(refused(&draft(&[("name", Value::from("x".repeat(4097).as_str()))])));
    assert!(refused(&draft(&[("name", Value::Bytes(vec![1]))])));
    let mut long = draft(&[("name", text.clone())]);
    long.meta.lease = Some("l".repeat(512));
    assert!(refused(&long));
    assert!(refused(&Draft { time: Millis(i64::MAX), meta: meta(), puts: vec![] }));
    let keys: Vec<String> = (0..40).map(|n| format!("k{n}")).collect();
    let much = Value::from("x".repeat(4096).as_str());
    assert!(refused(&draft(&keys.iter().map(|key| (key.as_str(), much.clone())).collect::<Vec<_>>())));
    assert_eq!(doc.heads(), before, "and the document is as it was");
    doc.write(actor(1), &draft(&[("name", text)])).unwrap();
}
