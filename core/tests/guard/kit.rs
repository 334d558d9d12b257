//! A schema for trying the guard, a pair of hands for changing chunks, and a small generator of random numbers.

use sha2::{Digest, Sha256};
use wangge_core::{
    doc::{
        Document, Draft, Written,
        guard::{Claimed, Held, Verdict, admit},
    },
    model::{Actor, Audience, CodeList, DocId, Kind, Meta, Millis, RecordId, Role, Schema, Source, Value},
};

const KIND: &str = r#"
name = "probe"
zh = "样本"
en = "Probe"
title = ["name"]
field = [
  { key = "name", zh = "姓名", en = "Name", type = "text", audience = "personal", rule = "authority", decide = ["GL"], retain = "r", purpose = "p" },
  { key = "count", zh = "数目", en = "Count", type = "int", audience = "personal", rule = "latest", retain = "r", purpose = "p" },
  { key = "at", zh = "时间", en = "At", type = "time", audience = "personal", rule = "latest", retain = "r", purpose = "p" },
  { key = "spot", zh = "位置", en = "Spot", type = "int", audience = "personal", rule = "latest", retain = "r", purpose = "p" },
  { key = "alone", zh = "独居", en = "Alone", type = "bool", audience = "personal", rule = "safer", retain = "r", purpose = "p" },
  { key = "town", zh = "镇填", en = "Town", type = "text", audience = "personal", rule = "keep_both", write = ["TC"], decide = ["TC"], retain = "r", purpose = "p" },
  { key = "state", zh = "状态", en = "State", type = "text", server = true, audience = "personal", rule = "latest", retain = "r", purpose = "p" },
  { key = "phones", zh = "电话", en = "Phones", type = "phone", audience = "personal", rule = "set", retain = "r", purpose = "p" },
  { key = "notes", zh = "备注", en = "Notes", type = "text", audience = "personal", rule = "log", retain = "r", purpose = "p" },
  { key = "state_of_flow", zh = "办理状态", en = "State of flow", type = "text", audience = "personal", rule = "command", retain = "r", purpose = "p" },
  { key = "shade", zh = "色调", en = "Shade", type = "code", list = "shade", by_command = ["black"], audience = "personal", rule = "latest", retain = "r", purpose = "p" },
  { key = "born", zh = "出生日期", en = "Born", type = "date", audience = "personal", rule = "latest", retain = "r", purpose = "p" },
  { key = "id", zh = "证件号码", en = "ID", type = "id_number", audience = "personal", rule = "latest", retain = "r", purpose = "p" },
  { key = "short", zh = "简称", en = "Short", type = "text", max = 3, audience = "personal", rule = "latest", retain = "r", purpose = "p" },
  { key = "shades", zh = "全部色调", en = "Shades", type = "code", list = "shade", audience = "personal", rule = "set", retain = "r", purpose = "p" },
  { key = "carer", zh = "照护人", en = "Carer", type = "text", max = 5, audience = "child", rule = "authority", decide = ["CM"], retain = "r", purpose = "p" },
  { key = "carers", zh = "照护人电话", en = "Telephones of carers", type = "phone", audience = "child", rule = "set", retain = "r", purpose = "p" },
  { key = "diary", zh = "情况", en = "Diary", type = "text", audience = "child", rule = "log", retain = "r", purpose = "p" },
  { key = "file_no", zh = "档案号", en = "File number", type = "text", server = true, audience = "child", rule = "latest", retain = "r", purpose = "p" },
  { key = "colour", zh = "颜色", en = "Colour", type = "text", audience = "open", rule = "latest", retain = "r", purpose = "p" },
]
"#;

/// One code went out of use years ago.
const LIST: &str = r#"
name = "shade"
zh = "色调"
en = "Shade"
version = 2
code = [
  { code = "light", zh = "浅", en = "light" },
  { code = "dim", zh = "暗", en = "dim", until = "2020-12-31" },
  { code = "black", zh = "黑", en = "black" },
]
"#;

/// Version of the schema that the tests use.
pub const VERSION: u32 = 3;

pub fn schema() -> Schema {
    let kind: Kind = toml::from_str(KIND).unwrap();
    let mut schema = Schema::built_in().clone();
    schema.version = VERSION;
    schema.kinds.insert(kind.name.clone(), kind);
    let list: CodeList = toml::from_str(LIST).unwrap();
    schema.lists.insert(list.name.clone(), list);
    schema.access.write.insert(Role::CM, vec!["*".to_owned()]);
    schema.access.hint.insert(Audience::Child, vec![Role::GW, Role::CM]);
    schema
}

pub fn doc_id(record: u8) -> DocId {
    DocId { record: RecordId([record; 16]), audience: Audience::Personal, generation: 0 }
}

pub fn claimed(schema: &Schema, doc: DocId) -> Claimed<'_> {
    Claimed { doc, kind: schema.kind("probe").unwrap(), role: Role::GW, schema }
}

pub fn meta() -> Meta {
    Meta { source: Source::SelfSaid, recorded_at: Millis(1_780_000_000_000), schema: VERSION, ..Meta::default() }
}

pub fn draft(puts: &[(&str, Value)]) -> Draft {
    let puts = puts.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    Draft { puts, time: Millis(1_780_000_000_000), meta: meta() }
}

pub fn actor(number: u8) -> Actor {
    Actor([number; 16])
}

/// A record as it begins: a name and a count.
pub fn first(doc: &mut Document) -> Written {
    doc.write(actor(1), &draft(&[("name", Value::from("王小明")), ("count", Value::Int(3))])).unwrap()
}

/// The rule that refuses a change, `held` or `admitted`.
pub fn judged(claimed: &Claimed<'_>, doc: &Document, raw: &[u8]) -> String {
    match admit(claimed, doc, raw) {
        Verdict::Admit(_) => "admitted".to_owned(),
        Verdict::Held(Held::UnknownDeps(_)) => "held, unknown deps".to_owned(),
        Verdict::Held(Held::NewerSchema(_)) => "held, newer schema".to_owned(),
        Verdict::Refuse(refusal) => {
            assert!(!refusal.zh.is_ascii(), "{refusal:?}");
            assert!(!refusal.en.is_empty(), "{refusal:?}");
            refusal.rule.to_owned()
        }
    }
}

/// The parts of a change chunk, free to be changed.
#[derive(Clone, Debug, Default)]
pub struct Chunk {
    pub deps: Vec<Vec<u8>>,
    pub actor: Vec<u8>,
    pub seq: u64,
    pub start_op: u64,
    pub time: i64,
    pub message: Vec<u8>,
    pub others: Vec<Vec<u8>>,
    pub columns: Vec<(u64, Vec<u8>)>,
    pub extra: Vec<u8>,
}

impl Chunk {
    /// Takes an honest chunk apart.
    pub fn open(raw: &[u8]) -> Self {
        let mut at = 9;
        let mut chunk = Self::default();
        let length = usize::try_from(number(raw, &mut at)).unwrap();
        assert_eq!(raw.len(), at + length);
        for _ in 0..number(raw, &mut at) {
            chunk.deps.push(take(raw, &mut at, 32));
        }
        chunk.actor = prefixed(raw, &mut at);
        chunk.seq = number(raw, &mut at);
        chunk.start_op = number(raw, &mut at);
        chunk.time = signed(raw, &mut at);
        chunk.message = prefixed(raw, &mut at);
        for _ in 0..number(raw, &mut at) {
            chunk.others.push(prefixed(raw, &mut at));
        }
        let specs: Vec<(u64, u64)> =
            (0..number(raw, &mut at)).map(|_| (number(raw, &mut at), number(raw, &mut at))).collect();
        for (spec, length) in specs {
            let length = usize::try_from(length).unwrap();
            chunk.columns.push((spec, take(raw, &mut at, length)));
        }
        chunk.extra = raw[at..].to_vec();
        chunk
    }

    /// Puts it together again, with a true checksum.
    pub fn seal(&self) -> Vec<u8> {
        let mut body = Vec::new();
        put_number(&mut body, self.deps.len() as u64);
        self.deps.iter().for_each(|dep| body.extend(dep));
        put_prefixed(&mut body, &self.actor);
        put_number(&mut body, self.seq);
        put_number(&mut body, self.start_op);
        put_signed(&mut body, self.time);
        put_prefixed(&mut body, &self.message);
        put_number(&mut body, self.others.len() as u64);
        self.others.iter().for_each(|other| put_prefixed(&mut body, other));
        put_number(&mut body, self.columns.len() as u64);
        for (spec, data) in &self.columns {
            put_number(&mut body, *spec);
            put_number(&mut body, data.len() as u64);
        }
        self.columns.iter().for_each(|(_, data)| body.extend(data));
        body.extend(&self.extra);
        seal(1, &body)
    }

    /// The bytes of a column, made if it is not there.
    pub fn column(&mut self, spec: u64) -> &mut Vec<u8> {
        let at = self.columns.iter().position(|(id, _)| *id >= spec).unwrap_or(self.columns.len());
        if self.columns.get(at).is_none_or(|(id, _)| *id != spec) {
            self.columns.insert(at, (spec, Vec::new()));
        }
        &mut self.columns[at].1
    }
}

/// A chunk of a type around a body, with a true checksum.
pub fn seal(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut hashed = vec![kind];
    put_number(&mut hashed, body.len() as u64);
    hashed.extend(body);
    let mut raw = vec![0x85, 0x6f, 0x4a, 0x83];
    raw.extend(&Sha256::digest(&hashed)[..4]);
    raw.extend(hashed);
    raw
}

pub fn body_of(raw: &[u8]) -> &[u8] {
    let mut at = 9;
    number(raw, &mut at);
    &raw[at..]
}

fn take(raw: &[u8], at: &mut usize, count: usize) -> Vec<u8> {
    *at += count;
    raw[*at - count..*at].to_vec()
}
fn prefixed(raw: &[u8], at: &mut usize) -> Vec<u8> {
    let length = usize::try_from(number(raw, at)).unwrap();
    take(raw, at, length)
}
fn number(raw: &[u8], at: &mut usize) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = raw[*at];
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return value;
        }
    }
}
fn signed(raw: &[u8], at: &mut usize) -> i64 {
    let from = *at;
    let value = number(raw, at);
    let bits = 7 * (*at - from);
    if bits < 64 { (value as i64) << (64 - bits) >> (64 - bits) } else { value as i64 }
}
pub fn put_number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
pub fn put_signed(out: &mut Vec<u8>, mut value: i64) {
    while !(-64..64).contains(&value) {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8 & 0x7f);
}
pub fn put_prefixed(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len() as u64);
    out.extend(bytes);
}

/// `SplitMix64`.
pub struct Random(pub u64);

impl Random {
    /// From the environment variable `WANGGE_SEED`, or fresh; printed, so that a failure can be repeated.
    pub fn seeded(test: &str) -> Self {
        use std::hash::{BuildHasher, RandomState};
        let given = std::env::var("WANGGE_SEED").ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| RandomState::new().hash_one(test));
        println!("{test}: WANGGE_SEED={seed}");
        Self(seed)
    }
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
    pub fn one_in(&mut self, chance: u64) -> bool {
        self.next().is_multiple_of(chance)
    }
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

#[test]
fn a_chunk_taken_apart_and_put_together_is_the_same() {
    let mut doc = Document::new(doc_id(1));
    for time in [0, 1, -1, 63, 64, -64, -65, 1_780_000_000_000, -1_780_000_000_000] {
        let mut draft = draft(&[("name", Value::from("甲"))]);
        draft.time = Millis(time);
        let raw = doc.write(actor(4), &draft).unwrap().raw;
        let chunk = Chunk::open(&raw);
        assert_eq!(chunk.seal(), raw);
        assert_eq!(chunk.time, time);
        assert_eq!(seal(1, body_of(&raw)), raw);
    }
}
