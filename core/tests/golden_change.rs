//! The bytes of one change, fixed for ever: a phone of today must be understood by a server of tomorrow.
#![expect(clippy::unwrap_used, reason = "tests")]

use wangge_core::{
    doc::{Document, Draft, chunk},
    model::{
        Actor, Audience, ChangeBody, ChangeHash, DocId, Member, Meta, Millis, RecordId, Source, Value,
        ids::{from_hex, to_hex},
    },
};

const GOLDEN: &str = include_str!("golden/change.hex");

fn doc() -> DocId {
    DocId {
        record: RecordId(from_hex("0197a2c4b8f07c3e9d5a61f2e4b8c7d0").unwrap()),
        audience: Audience::Personal,
        generation: 2,
    }
}

fn draft() -> Draft {
    let member = Member::present("13800000000");
    let puts = vec![
        ("name".to_owned(), Value::from("王小明")),
        ("count".to_owned(), Value::Int(-130)),
        ("alone".to_owned(), Value::Bool(true)),
        ("gone".to_owned(), Value::Null),
        (Member::key("phones", &member.text), member.to_value()),
    ];
    let meta = Meta {
        source: Source::DocumentSeen,
        recorded_at: Millis(1_780_000_123_456),
        schema: 1,
        lease: Some("l-42".to_owned()),
        submission: Some("f-7".to_owned()),
        visit: Some(RecordId([0x11; 16])),
        seen: vec!["alone".to_owned()],
        decides: vec!["0123456789abcdef".to_owned()],
        replaces: vec!["fedcba9876543210".to_owned()],
        ..Meta::default()
    };
    Draft { puts, time: Millis(1_780_000_000_000), meta }
}

fn golden(name: &str) -> &'static str {
    let line = GOLDEN.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no line {name}"))
}

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[test]
fn writing_gives_the_golden_bytes() {
    let written = Document::new(doc()).write(Actor([0xa7; 16]), &draft()).unwrap();
    assert_eq!(to_hex(&written.raw), golden("raw"));
    assert_eq!(written.body.hash.to_string(), golden("hash"));
}

#[test]
fn reading_the_golden_bytes_gives_what_was_written() {
    let mut puts = vec![("_id".to_owned(), Value::Bytes(doc().to_bytes().to_vec()))];
    puts.extend(draft().puts);
    let expected = ChangeBody {
        hash: ChangeHash(from_hex(golden("hash")).unwrap()),
        deps: vec![],
        actor: Actor([0xa7; 16]),
        seq: 1,
        start_op: 1,
        time: Millis(1_780_000_000_000),
        meta: draft().meta,
        puts,
    };
    assert_eq!(chunk::read(&bytes(golden("raw"))), Ok(expected.clone()));
    let mut doc = Document::new(doc());
    assert_eq!(doc.apply(&bytes(golden("raw"))), Ok(expected));
    assert_eq!(doc.shown("name"), Some(Value::from("王小明")));
}
