//! Changes that a hostile or broken device could send, one rule each.

use wangge_core::{
    doc::{Document, Draft, chunk, guard::Claimed},
    model::{Audience, ChangeHash, Member, Millis, Role, Schema, Source, Value},
};

use super::kit::{
    Chunk, actor, body_of, claimed, doc_id, draft, first, judged, meta, put_number, put_prefixed, schema, seal,
};

const KEY: u64 = 0x15;
const INSERT: u64 = 0x34;
const ACTION: u64 = 0x42;
const VALUE_META: u64 = 0x56;
const VALUE: u64 = 0x57;
const PRED_COUNT: u64 = 0x70;
const PRED_ACTOR: u64 = 0x71;
const PRED_COUNTER: u64 = 0x73;

/// A record with one change, accepted; and its author's copy.
struct Scene {
    schema: Schema,
    here: Document,
    phone: Document,
}

impl Scene {
    fn new() -> Self {
        let mut phone = Document::new(doc_id(1));
        let raw = first(&mut phone).raw;
        let mut here = Document::new(doc_id(1));
        here.apply(&raw).unwrap();
        Self { schema: schema(), here, phone }
    }
    fn claimed(&self) -> Claimed<'_> {
        claimed(&self.schema, doc_id(1))
    }
    fn judge(&self, raw: &[u8]) -> String {
        judged(&self.claimed(), &self.here, raw)
    }
    /// An honest next change of the same writer.
    fn next(&self, puts: &[(&str, Value)]) -> Chunk {
        self.next_of(1, &draft(puts))
    }
    fn next_of(&self, writer: u8, draft: &Draft) -> Chunk {
        Chunk::open(&self.phone.clone().write(actor(writer), draft).unwrap().raw)
    }
    /// The rule that refuses an honest change after it was changed.
    fn changed(&self, puts: &[(&str, Value)], change: impl FnOnce(&mut Chunk)) -> String {
        let mut chunk = self.next(puts);
        assert_eq!(self.judge(&chunk.seal()), "admitted", "the honest change");
        change(&mut chunk);
        self.judge(&chunk.seal())
    }
}

fn text(text: &str) -> Value {
    Value::from(text)
}

#[test]
fn every_file_of_the_hostile_corpus_is_refused_before_the_library_sees_it() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/hostile");
    let scene = Scene::new();
    let mut grafted = Vec::new();
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "bin") {
            let raw = std::fs::read(&path).unwrap();
            assert!(chunk::read(&raw).is_err(), "{}", path.display());
            let empty = Document::new(doc_id(1));
            for doc in [&scene.here, &empty] {
                let rule = judged(&scene.claimed(), doc, &raw);
                assert!(rule.starts_with("chunk."), "{}: {rule}", path.display());
            }
            files += 1;
            // They all lack our message. With it, each must still be refused for what it was made for.
            if raw[8] == 1 {
                let mut chunk = Chunk::open(&raw);
                chunk.message = scene.next(&[]).message;
                let rule = judged(&scene.claimed(), &empty, &chunk.seal());
                let name = path.file_stem().unwrap().to_str().unwrap();
                grafted.push(format!("{} {rule}", name.trim_end_matches("-0").trim_end_matches('-')));
            }
        }
    }
    assert!(files >= 27, "only {files} files");
    grafted.sort();
    assert_eq!(grafted, GRAFTED);
}

/// The hostile corpus with a message of ours, and the rule that then refuses each.
const GRAFTED: [&str; 26] = [
    "bad_actor_idx chunk.column",
    "canon id",
    "canon--10 start_op",
    "canon--11 chunk.preds",
    "canon--13 chunk.action",
    "canon--14 chunk.action",
    "canon--16 chunk.action",
    "canon--17 chunk.action",
    "canon--19 chunk.value",
    "canon--2 chunk.trailing",
    "canon--21 chunk.deps",
    "canon--22 seq",
    "canon--3 chunk.column",
    "canon--4 time",
    "canon--6 chunk.other_actors",
    "canon--9 chunk.counter",
    "dup_opid--1 held, unknown deps",
    "long_actor chunk.actor",
    "missing_elem-77 chunk.column",
    "missing_obj-77 chunk.column",
    "missing_pred-1 chunk.runs",
    "rle_apply-1000000000 chunk.runs",
    "rle_text-1000000000 chunk.column",
    "seq_gap-5 chunk.runs",
    "start_op chunk.counter",
    "start_range-10 chunk.counter",
];

#[test]
fn frames_that_are_no_plain_change_are_refused() {
    let scene = Scene::new();
    let raw = scene.next(&[("count", Value::Int(4))]).seal();
    assert_eq!(scene.judge(&raw), "admitted");
    for (kind, rule) in [(0, "chunk.type"), (2, "chunk.type"), (3, "chunk.type"), (9, "chunk.type")] {
        assert_eq!(scene.judge(&seal(kind, body_of(&raw))), rule, "type {kind}");
    }
    assert_eq!(scene.judge(&[]), "chunk.magic");
    assert_eq!(scene.judge(&raw[..8]), "chunk.truncated");
    assert_eq!(scene.judge(&raw[..raw.len() - 1]), "chunk.truncated");
    assert_eq!(scene.judge(&[&raw[..], &[0]].concat()), "chunk.trailing");
    assert_eq!(scene.judge(&raw.repeat(2)), "chunk.trailing");
    assert_eq!(scene.judge(&vec![0x85; 256 * 1024 + 1]), "chunk.size");
    let mut flipped = raw.clone();
    flipped[20] ^= 1;
    assert_eq!(scene.judge(&flipped), "chunk.checksum");
    assert_eq!(scene.changed(&[("count", Value::Int(4))], |c| c.extra = vec![1]), "chunk.trailing");
    // The length of the body written in more bytes than it needs.
    let mut long = vec![0x85, 0x6f, 0x4a, 0x83, 0, 0, 0, 0, 1];
    put_number(&mut long, body_of(&raw).len() as u64);
    *long.last_mut().unwrap() |= 0x80;
    long.push(0);
    long.extend(body_of(&raw));
    assert_eq!(scene.judge(&long), "chunk.number");
}

#[test]
fn headers_out_of_bounds_are_refused() {
    let scene = Scene::new();
    let put = [("count", Value::Int(4))];
    assert_eq!(scene.changed(&put, |c| c.actor.push(1)), "chunk.actor");
    assert_eq!(scene.changed(&put, |c| c.actor.clear()), "chunk.actor");
    assert_eq!(scene.changed(&put, |c| c.deps.push(c.deps[0].clone())), "chunk.deps");
    assert_eq!(scene.changed(&put, |c| c.deps = (0..65).map(|n| vec![n; 32]).collect()), "chunk.deps");
    assert_eq!(scene.changed(&put, |c| c.deps = vec![vec![2; 32], vec![1; 32]]), "chunk.deps");
    assert_eq!(scene.changed(&put, |c| c.seq = 0), "chunk.counter");
    assert_eq!(scene.changed(&put, |c| c.start_op = 0), "chunk.counter");
    for far in [u64::from(u32::MAX), u64::from(u32::MAX) - 1, u64::MAX, 1 << 31] {
        assert_eq!(scene.changed(&put, |c| c.start_op = far), "chunk.counter", "{far}");
        assert_eq!(scene.changed(&put, |c| c.seq = far), "chunk.counter", "{far}");
    }
    for message in ["", "{}", "null", "[]", "{\"source\":\"self\",\"recorded_at\":1}", "\u{0}"] {
        assert_eq!(scene.changed(&put, |c| c.message = message.into()), "chunk.message", "{message}");
    }
    let long = format!("{{\"source\":\"self\",\"recorded_at\":1,\"schema\":3,\"x\":\"{}\"}}", "y".repeat(512));
    assert_eq!(scene.changed(&put, |c| c.message = long.into()), "chunk.message");
    assert_eq!(scene.changed(&put, |c| c.message = vec![b'['; 512]), "chunk.message");
    let newer = "{\"source\":\"self\",\"recorded_at\":1,\"schema\":3,\"later_member\":{\"a\":[1]}}";
    assert_eq!(scene.changed(&put, |c| c.message = newer.into()), "admitted", "unknown members are tolerated");
}

#[test]
fn numbers_must_follow_from_the_dependencies() {
    let mut scene = Scene::new();
    let put = [("count", Value::Int(4))];
    assert_eq!(scene.changed(&put, |c| c.seq = 3), "seq");
    assert_eq!(scene.changed(&put, |c| c.seq = 1), "fork");
    assert_eq!(scene.changed(&put, |c| c.actor = vec![9; 16]), "seq", "a new writer begins at 1");
    for start in [1, 2, 3, 5, 1000] {
        let without_preds = [("at", Value::Int(4))];
        assert_eq!(scene.changed(&without_preds, |c| c.start_op = start), "start_op", "{start}");
    }
    assert_eq!(scene.changed(&put, |c| c.deps = vec![vec![7; 32]]), "held, unknown deps");
    // A second branch of the same writer: what a restored phone would write.
    let branch = scene.next(&[("name", text("乙"))]).seal();
    let told = scene.phone.write(actor(1), &draft(&put)).unwrap().raw;
    assert_eq!(scene.judge(&branch), "admitted");
    scene.here.apply(&told).unwrap();
    assert_eq!(scene.judge(&branch), "fork");
    // The writer's next change, as if it had not seen the one before.
    let mut blind = Chunk::open(&branch);
    blind.seq = 3;
    assert_eq!(scene.judge(&blind.seal()), "own_past");
}

#[test]
fn the_document_must_be_named_once_and_first() {
    let scene = Scene::new();
    let empty = Document::new(doc_id(1));
    let at = |doc: u8, raw: &[u8]| judged(&claimed(&scene.schema, doc_id(doc)), &Document::new(doc_id(doc)), raw);
    let raw = Document::new(doc_id(1)).write(actor(1), &draft(&[("count", Value::Int(1))])).unwrap().raw;
    assert_eq!(at(1, &raw), "admitted");
    assert_eq!(at(2, &raw), "id", "the change of another record");
    let mut other_generation = doc_id(1);
    other_generation.generation = 1;
    let claim = Claimed { doc: other_generation, ..claimed(&scene.schema, doc_id(1)) };
    assert_eq!(judged(&claim, &Document::new(other_generation), &raw), "id");
    assert_eq!(judged(&claim, &empty, &raw), "document", "claimed for a document that it is not tried on");
    // Without dependencies and without `_id`, and with `_id` where there are dependencies.
    let mut rootless = scene.next(&[("count", Value::Int(4))]);
    (rootless.deps, rootless.start_op, rootless.seq) = (Vec::new(), 1, 1);
    for column in [PRED_ACTOR, PRED_COUNTER] {
        rootless.columns.retain(|(id, _)| *id != column);
    }
    *rootless.column(PRED_COUNT) = vec![0x7f, 0];
    assert_eq!(judged(&scene.claimed(), &empty, &rootless.seal()), "id");
    let mut named_again = scene.next(&[("name", text("乙"))]);
    let mut key = vec![0x7f];
    put_prefixed(&mut key, b"_id");
    *named_again.column(KEY) = key;
    assert_eq!(scene.judge(&named_again.seal()), "id");
}

#[test]
fn only_puts_of_plain_values_are_accepted() {
    let scene = Scene::new();
    let put = [("count", Value::Int(4))];
    let changed = |change: fn(&mut Chunk)| scene.changed(&put, change);
    for action in [0_u8, 2, 3, 4, 5, 6, 7, 8, 100] {
        assert_eq!(scene.changed(&put, |c| *c.column(ACTION) = vec![0x7f, action]), "chunk.action", "{action}");
    }
    assert_eq!(changed(|c| *c.column(INSERT) = vec![0, 1]), "chunk.action", "a list insertion");
    for (column, what) in [(0x01, "object"), (0x02, "object"), (0x11, "element"), (0x13, "element")] {
        assert_eq!(scene.changed(&put, |c| *c.column(column) = vec![0x7f, 0]), "chunk.column", "{what}");
    }
    for column in [0x94, 0xa5, 0xf6, 0x1d, 0x5f, 0x103] {
        assert_eq!(scene.changed(&put, |c| *c.column(column) = vec![1, 1]), "chunk.column", "{column:x}");
    }
    assert_eq!(changed(|c| c.columns.swap(0, 1)), "chunk.column", "out of order");
    assert_eq!(changed(|c| c.columns.push((PRED_COUNTER, vec![0x7f, 2]))), "chunk.column", "twice");
    assert_eq!(changed(|c| c.columns[0].0 |= 8), "chunk.column", "deflated");
    assert_eq!(changed(|c| c.column(VALUE).clear()), "chunk.column", "an empty column is not written");
    // The type of the value: unsigned, float, counter, time stamp, of a later library.
    for code in [3_u8, 5, 8, 9, 10, 15] {
        assert_eq!(scene.changed(&put, |c| *c.column(VALUE_META) = vec![0x7f, 0x10 | code]), "chunk.value", "{code}");
    }
    for code in [0_u8, 1, 2] {
        assert_eq!(scene.changed(&put, |c| *c.column(VALUE_META) = vec![0x7f, 0x10 | code]), "chunk.value", "{code}");
    }
    assert_eq!(changed(|c| *c.column(VALUE_META) = vec![0x7f, 0x24]), "chunk.truncated");
    assert_eq!(changed(|c| c.column(VALUE).push(0)), "chunk.trailing");
    let two_byte_four = |c: &mut Chunk| {
        *c.column(VALUE_META) = vec![0x7f, 0x24];
        *c.column(VALUE) = vec![0x84, 0];
    };
    assert_eq!(scene.changed(&put, two_byte_four), "chunk.number");
    let name = [("name", text("乙"))];
    assert_eq!(scene.changed(&name, |c| *c.column(VALUE) = vec![0xff, 0xff, 0xff]), "chunk.value", "not UTF-8");
    assert_eq!(scene.changed(&name, |c| *c.column(KEY) = vec![0x7f, 2, 0xff, 0xfe]), "chunk.key", "not UTF-8");
}

#[test]
fn runs_have_one_form_and_an_end() {
    let scene = Scene::new();
    let put = [("count", Value::Int(4))];
    let changed = |change: fn(&mut Chunk)| scene.changed(&put, change);
    assert_eq!(changed(|c| *c.column(ACTION) = vec![1, 1]), "chunk.runs", "a run of one");
    assert_eq!(changed(|c| *c.column(PRED_COUNT) = vec![1, 1]), "chunk.runs");
    assert_eq!(changed(|c| *c.column(KEY) = vec![0, 1]), "chunk.runs", "a gap");
    assert_eq!(changed(|c| *c.column(INSERT) = vec![2]), "chunk.runs");
    assert_eq!(changed(|c| *c.column(ACTION) = vec![0x7e, 1, 1]), "chunk.runs", "equal neighbours side by side");
    assert_eq!(changed(|c| *c.column(ACTION) = vec![0x7f, 1, 0x7f, 1]), "chunk.runs");
    assert_eq!(changed(|c| *c.column(ACTION) = vec![2, 1, 2, 1]), "chunk.runs");
    assert_eq!(changed(|c| *c.column(ACTION) = vec![2, 1]), "chunk.runs", "more actions than keys");
    for claimed_rows in [5_001_u64, 1 << 20, 1 << 40, 1 << 62] {
        let mut bomb = Vec::new();
        put_number(&mut bomb, claimed_rows);
        // A positive signed number must not have its sign bit set.
        if *bomb.last().unwrap() >= 0x40 {
            *bomb.last_mut().unwrap() |= 0x80;
            bomb.push(0);
        }
        bomb.push(1);
        for column in [ACTION, KEY, VALUE_META, PRED_COUNT, PRED_ACTOR, PRED_COUNTER] {
            assert_eq!(scene.changed(&put, |c| *c.column(column) = bomb.clone()), "chunk.runs", "{column:x}");
        }
        let all = |c: &mut Chunk| {
            for column in [ACTION, VALUE_META, PRED_COUNT, PRED_ACTOR, PRED_COUNTER] {
                c.column(column).clone_from(&bomb);
            }
        };
        assert_eq!(scene.changed(&put, all), "chunk.runs");
    }
    let mut literal = vec![0x80, 0x80, 0x80, 0x80, 0x70];
    literal.extend([1; 40]);
    assert_eq!(scene.changed(&put, |c| *c.column(ACTION) = literal), "chunk.runs", "a literal stretch of 2^32");
}

#[test]
fn predecessors_must_be_what_the_dependencies_show() {
    let mut scene = Scene::new();
    let put = [("count", Value::Int(4))];
    // `count` was operation 3 of writer 1; 2 is `name`, 1 is `_id`.
    let with = |indexes: &'static [u8], counters: &'static [u8], count: u8| {
        scene.changed(&put, move |c| {
            *c.column(PRED_COUNT) = vec![0x7f, count];
            *c.column(PRED_ACTOR) = indexes.to_vec();
            *c.column(PRED_COUNTER) = counters.to_vec();
            c.columns.retain(|(_, data)| !data.is_empty());
        })
    };
    assert_eq!(with(&[0x7f, 0], &[0x7f, 3], 1), "admitted");
    assert_eq!(with(&[], &[], 0), "preds", "missing");
    assert_eq!(with(&[0x7f, 0], &[0x7f, 2], 1), "preds", "of another key");
    assert_eq!(with(&[2, 0], &[0x7e, 2, 1], 2), "preds", "one too many");
    assert_eq!(with(&[2, 0], &[0x7e, 3, 0], 2), "chunk.preds", "one twice");
    assert_eq!(with(&[2, 0], &[0x7e, 3, 0x7f], 2), "chunk.preds", "not sorted");
    assert_eq!(with(&[0x7f, 0], &[0x7f, 4], 1), "chunk.preds", "itself");
    assert_eq!(with(&[0x7f, 0], &[0x7f, 0], 1), "chunk.preds", "nothing");
    assert_eq!(with(&[0x7f, 0], &[0x7f, 0x7f], 1), "chunk.preds", "negative");
    assert_eq!(with(&[0x7f, 1], &[0x7f, 3], 1), "chunk.preds", "of an actor that is not listed");
    assert_eq!(with(&[0x7f, 0], &[0x7f, 3], 0), "chunk.runs", "not counted");
    assert_eq!(with(&[0x7f, 0], &[0x7f, 3], 2), "chunk.runs", "counted twice");
    assert_eq!(scene.changed(&put, |c| c.others = vec![vec![5; 16]]), "chunk.other_actors", "unused");
    assert_eq!(scene.changed(&put, |c| c.others = vec![vec![1; 16]]), "chunk.other_actors", "the author");
    let many = (0..65).map(|n| vec![n + 20; 16]).collect();
    assert_eq!(scene.changed(&put, |c| c.others = many), "chunk.other_actors");
    assert_eq!(scene.changed(&put, |c| c.others = vec![vec![5; 17]]), "chunk.actor");
    // Another writer's change replaces operations of the first, so it lists that writer.
    let told = scene.next_of(2, &draft(&put));
    assert_eq!(told.others, vec![vec![1; 16]]);
    let mut stranger = told.clone();
    stranger.others = vec![vec![3; 16]];
    assert_eq!(scene.judge(&stranger.seal()), "preds");
    scene.here.apply(&told.seal()).unwrap();
    // A late change that had not seen it replaces what it saw, not what is here now.
    assert_eq!(scene.judge(&scene.next(&[("count", Value::Int(9))]).seal()), "admitted");
}

#[test]
fn keys_and_values_must_be_those_of_a_field() {
    let scene = Scene::new();
    let judge = |puts: &[(&str, Value)]| scene.judge(&scene.next(puts).seal());
    let member = Member::present("13800000000");
    let phone = Member::key("phones", &member.text);
    let note = "notes/01J9ZQ4M7N8P2R5S6T7V8W9X0Y";
    for (key, value) in [
        ("name", text("乙")),
        ("name", Value::Null),
        ("count", Value::Int(-(1 << 53))),
        ("count", Value::Int(1 << 53)),
        ("count", Value::Null),
        ("at", Value::Int(0)),
        ("spot", Value::Int(-1_150_000_000)),
        ("alone", Value::Bool(true)),
        (phone.as_str(), member.to_value()),
        (phone.as_str(), Member::ended("13800000000", Some("2026-03-08")).to_value()),
        (note, text("{\"text\":\"看过\"}")),
        ("name", text(&"长".repeat(1365))),
    ] {
        assert_eq!(judge(&[(key, value.clone())]), "admitted", "{key} {value:?}");
    }
    for key in ["colour", "nothing", "Name", "name/x", "phones", "notes", "name ", "phones/", "notes/1", "/name"] {
        assert_eq!(judge(&[(key, text("1"))]), "key", "{key}");
    }
    assert_eq!(judge(&[("phones/0000000000000000", member.to_value())]), "key", "the key of another member");
    assert_eq!(judge(&[("notes/01j9zq4m7n8p2r5s6t7v8w9x0y", text("{}"))]), "key", "written otherwise");
    assert_eq!(judge(&[(phone.as_str(), text("13800000000"))]), "key", "not a member");
    for (key, value) in [
        ("name", Value::Int(1)),
        ("name", Value::Bool(true)),
        ("count", text("1")),
        ("count", Value::Bool(true)),
        ("at", text("now")),
        ("spot", text("1")),
        ("alone", Value::Int(1)),
        ("alone", text("yes")),
        (note, text("[]")),
        (note, text("{")),
        (note, Value::Null),
        (note, Value::Int(1)),
    ] {
        assert_eq!(judge(&[(key, value.clone())]), "value", "{key} {value:?}");
    }
    // Bytes and long texts cannot be written honestly, so they are made by hand.
    let bytes = |c: &mut Chunk| c.column(VALUE_META)[1] += 1;
    assert_eq!(scene.changed(&[("name", text("乙"))], bytes), "value");
    let long = |c: &mut Chunk| {
        *c.column(VALUE) = vec![b'x'; 4097];
        *c.column(VALUE_META) = vec![0x7f];
        put_number(c.column(VALUE_META), 4097 << 4 | 6);
    };
    assert_eq!(scene.changed(&[("name", text("乙"))], long), "size");
    let mut wide = scene.next(&[("name", text("乙"))]);
    let mut key = vec![0x7f];
    put_prefixed(&mut key, &[b'k'; 65]);
    *wide.column(KEY) = key;
    assert_eq!(scene.judge(&wide.seal()), "key");
}

#[test]
fn a_key_may_stand_twice_only_behind_its_filler() {
    let scene = Scene::new();
    // Equal to what is shown: null and then the value.
    let pair = scene.next(&[("count", Value::Int(3))]);
    assert_eq!(scene.judge(&pair.seal()), "admitted");
    assert_eq!(chunk::read(&pair.seal()).unwrap().puts.len(), 2);
    let mut other_filler = pair.clone();
    *other_filler.column(VALUE_META) = vec![0x7e, 1, 0x14];
    assert_eq!(scene.judge(&other_filler.seal()), "twice");
    // Two different keys, made one.
    let twice = |c: &mut Chunk| {
        *c.column(KEY) = vec![2, 4, b'n', b'a', b'm', b'e'];
        *c.column(VALUE_META) = vec![2, 0x16];
        *c.column(VALUE) = b"ab".to_vec();
        *c.column(PRED_COUNT) = vec![0x7e, 1, 0];
        *c.column(PRED_ACTOR) = vec![0x7f, 0];
        *c.column(PRED_COUNTER) = vec![0x7f, 2];
    };
    assert_eq!(scene.changed(&[("name", text("乙")), ("count", Value::Int(9))], twice), "twice");
    let apart = |c: &mut Chunk| {
        let mut keys = vec![0x7d];
        for key in ["count", "name", "count"] {
            put_prefixed(&mut keys, key.as_bytes());
        }
        *c.column(KEY) = keys;
    };
    let three = [("count", Value::Int(5)), ("name", text("乙")), ("at", Value::Int(7))];
    assert_eq!(scene.changed(&three, apart), "twice");
}

#[test]
fn only_who_has_a_register_writes_on_its_evidence() {
    let scene = Scene::new();
    let mut name = draft(&[("name", text("乙"))]);
    for source in [Source::Other, Source::SelfSaid, Source::DocumentSeen, Source::Registry] {
        name.meta.source = source;
        let raw = scene.next_of(3, &name).seal();
        for role in [Role::GW, Role::GL, Role::TC, Role::CC] {
            let refused = source == Source::Registry && !matches!(role, Role::TC | Role::CC);
            let expected = if refused { "source" } else { "admitted" };
            assert_eq!(judged(&Claimed { role, ..scene.claimed() }, &scene.here, &raw), expected, "{role} {source:?}");
        }
    }
}

#[test]
fn the_role_decides_what_may_be_written_confirmed_and_decided() {
    let mut scene = Scene::new();
    let as_role = |scene: &Scene, role: Role, draft: &Draft| {
        let claim = Claimed { role, ..scene.claimed() };
        judged(&claim, &scene.here, &scene.next_of(3, draft).seal())
    };
    let name = draft(&[("name", text("乙"))]);
    assert_eq!(as_role(&scene, Role::GW, &name), "admitted");
    for role in [Role::PG, Role::DP, Role::MD, Role::CM, Role::RS, Role::AD, Role::AU] {
        assert_eq!(as_role(&scene, role, &name), "audience", "{role}");
    }
    let town = draft(&[("town", text("东"))]);
    assert_eq!(as_role(&scene, Role::TC, &town), "admitted");
    assert_eq!(as_role(&scene, Role::GW, &town), "role");
    assert_eq!(as_role(&scene, Role::TC, &draft(&[("state", text("x"))])), "role", "the server's own field");
    let with = |seen: &[&str], decides: &[&str], puts: &[(&str, Value)]| {
        let mut draft = draft(puts);
        draft.meta.seen = seen.iter().map(|s| (*s).to_owned()).collect();
        draft.meta.decides = decides.iter().map(|s| (*s).to_owned()).collect();
        draft
    };
    let claim = "0123456789abcdef";
    let judge = |role, seen: &[&str], decides: &[&str], puts: &[(&str, Value)]| {
        as_role(&scene, role, &with(seen, decides, puts))
    };
    assert_eq!(judge(Role::GW, &[], &[], &[]), "empty");
    for seen in ["*", "name", "name:0123456789abcdef", "phones"] {
        assert_eq!(judge(Role::GW, &[seen], &[], &[]), "admitted", "{seen}");
    }
    for seen in ["", "_id", "colour", "name:", "name:xyz", "name:0123456789ABCDEF", "nothing", "**"] {
        assert_eq!(judge(Role::GW, &[seen], &[], &[]), "seen", "{seen}");
    }
    assert_eq!(judge(Role::GW, &["town"], &[], &[]), "role", "confirming is writing");
    let put = [("name", text("乙"))];
    assert_eq!(judge(Role::GL, &[], &[claim], &put), "admitted");
    assert_eq!(judge(Role::GL, &[], &["*"], &put), "admitted");
    assert_eq!(judge(Role::GW, &[], &[claim], &put), "decide");
    let both = [("name", text("乙")), ("count", Value::Int(9))];
    assert_eq!(judge(Role::GL, &[], &[claim], &both), "admitted", "`count` names nobody: there it is an ordinary edit");
    let count = [("count", Value::Int(9))];
    for role in [Role::GW, Role::GL] {
        assert_eq!(judge(role, &[], &[claim], &count), "decide", "{role}: nothing can be decided there");
        assert_eq!(judge(role, &["count"], &["*"], &[]), "decide", "{role}");
    }
    assert_eq!(judge(Role::GW, &[], &[claim], &both), "decide");
    assert_eq!(judge(Role::GL, &["name"], &[claim], &[]), "admitted");
    assert_eq!(judge(Role::GW, &["name"], &[claim], &[]), "decide");
    assert_eq!(judge(Role::GL, &[], &[claim], &[]), "decide", "naming no field, it is also about `town`");
    for decides in ["", "0123", "name", "0123456789ABCDEF"] {
        assert_eq!(judge(Role::GL, &[], &[decides], &put), "decide", "{decides}");
    }
    let mut replacing = name.clone();
    replacing.meta.replaces = vec![claim.to_owned()];
    assert_eq!(as_role(&scene, Role::GW, &replacing), "admitted");
    replacing.meta.replaces = vec!["x".to_owned()];
    assert_eq!(as_role(&scene, Role::GW, &replacing), "replaces");
    // A kind without fields in the audience has no document there.
    let mut bare = scene.schema.kind("probe").unwrap().clone();
    bare.fields.retain(|field| field.audience == Audience::Open);
    let claim = Claimed { kind: &bare, ..scene.claimed() };
    assert_eq!(judged(&claim, &scene.here, &scene.next(&put).seal()), "audience");
    scene.schema.kinds.values_mut().for_each(|kind| kind.server = true);
    assert_eq!(scene.judge(&scene.next(&put).seal()), "role", "only the server writes this kind");
}

#[test]
fn times_schemas_and_sizes_have_bounds() {
    let scene = Scene::new();
    let put = [("count", Value::Int(4))];
    assert_eq!(scene.changed(&put, |c| c.time = -2_000_000_000_000), "admitted", "a document of 1906");
    for time in [i64::MIN, i64::MAX, 1 << 60, -(1 << 60)] {
        assert_eq!(scene.changed(&put, |c| c.time = time), "time", "{time}");
    }
    let mut newer = draft(&put);
    newer.meta.schema += 1;
    assert_eq!(scene.judge(&scene.next_of(1, &newer).seal()), "held, newer schema");
    newer.meta.schema -= 2;
    assert_eq!(scene.judge(&scene.next_of(1, &newer).seal()), "admitted", "an older schema");
    // A newer schema is held before anything else is judged: its keys are not known here.
    let mut later = draft(&[("later_field", text("x"))]);
    later.meta.schema += 1;
    assert_eq!(scene.judge(&scene.next_of(1, &later).seal()), "held, newer schema");
}

#[test]
fn held_changes_say_what_they_wait_for() {
    use wangge_core::doc::guard::{Held, Verdict, admit};
    let scene = Scene::new();
    let mut chunk = scene.next(&[("count", Value::Int(4))]);
    let known = ChangeHash(chunk.deps[0].clone().try_into().unwrap());
    chunk.deps.push(vec![0xff; 32]);
    let verdict = admit(&scene.claimed(), &scene.here, &chunk.seal());
    assert_eq!(verdict, Verdict::Held(Held::UnknownDeps(vec![ChangeHash([0xff; 32])])));
    assert!(scene.here.contains(&known));
    let mut draft = Draft { puts: vec![], time: Millis(0), meta: meta() };
    draft.meta.schema = 40;
    let raw = scene.phone.clone().write(actor(1), &draft).unwrap().raw;
    assert_eq!(admit(&scene.claimed(), &scene.here, &raw), Verdict::Held(Held::NewerSchema(40)));
}
