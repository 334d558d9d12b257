//! Makes observations without documents: hashes are SHA-256 of a counter.

use sha2::{Digest, Sha256};

use crate::{
    merge::{Attention, FieldState, Resolved, resolve},
    model::{
        Actor, Audience, ChangeBody, ChangeHash, DocId, Hint, Kind, Member, Meta, Millis, Observation, RecordId, Role,
        Schema, Source, UserId, Value,
    },
};

/// A change by its number.
pub type At = usize;

/// A kind with a field for each rule; everything may be decided by grid head, town and county.
pub fn sample() -> &'static Kind {
    static KIND: std::sync::OnceLock<Kind> = std::sync::OnceLock::new();
    let field = |key: &str, rest: &str| {
        format!(
            "[[field]]\nkey = \"{key}\"\nzh = \"{key}\"\nen = \"{key}\"\naudience = \"open\"\n\
             decide = [\"GL\", \"TC\", \"CC\"]\nlower = [\"TC\"]\nretain = \"while_in_use\"\npurpose = \"tests\"\n{rest}\n"
        )
    };
    KIND.get_or_init(|| {
        let fields = [
            field("fixed", "type = \"text\"\nrule = \"authority\"\nfact = \"fixed\""),
            field("changing", "type = \"text\"\nrule = \"authority\""),
            field("both", "type = \"text\"\nrule = \"keep_both\""),
            field("latest", "type = \"text\"\nrule = \"latest\""),
            field("safer", "type = \"code\"\nlist = \"level\"\nrule = \"safer\""),
            field("immutable", "type = \"text\"\nrule = \"immutable\""),
            field("id", "type = \"id_number\"\nrule = \"authority\"\nfact = \"fixed\""),
            field("sharper", "type = \"point\"\nrule = \"sharper\""),
            field("set", "type = \"text\"\nrule = \"set\""),
            field("log", "type = \"text\"\nrule = \"log\""),
        ];
        toml::from_str(&format!("name = \"sample\"\nzh = \"样例\"\nen = \"Sample\"\ntitle = []\n{}", fields.concat()))
            .unwrap()
    })
}

/// All that the author of a change had seen, in a history with ancestors first.
pub fn ancestors(all: &[Observation], change: At) -> Vec<At> {
    let mut seen = vec![change];
    for earlier in (0..change).rev() {
        let prefix = all[earlier].body.hash.prefix();
        let names =
            |o: &Observation| o.body.deps.contains(&all[earlier].body.hash) || o.body.meta.beside.contains(&prefix);
        if seen.iter().any(|later| names(&all[*later])) {
            seen.push(earlier);
        }
    }
    seen
}

/// One document and its changes.
#[derive(Clone)]
pub struct World {
    pub kind: &'static Kind,
    pub all: Vec<Observation>,
    salt: u64,
}

pub const DOC: DocId = DocId { record: RecordId([7; 16]), audience: Audience::Personal, generation: 0 };

/// 2026-03-`day` at `hour` in China.
pub fn at(day: i64, hour: i64) -> Millis {
    const MARCH: i64 = 1_772_294_400_000; // 2026-03-01 00:00 in China
    Millis(MARCH + (day - 1) * Millis::DAY + hour * 3_600_000)
}

impl World {
    pub fn new(kind: &str) -> Self {
        Self::salted(kind, 0)
    }
    /// Other salts give other hashes, so that no test leans on the order of hashes.
    pub fn salted(kind: &str, salt: u64) -> Self {
        Self { kind: Schema::built_in().kind(kind).unwrap(), all: Vec::new(), salt }
    }
    /// A document of a kind that ships nowhere.
    pub fn of(kind: &'static Kind, salt: u64) -> Self {
        Self { kind, all: Vec::new(), salt }
    }
    /// A change of a full-time worker on his own word, on 1 March, who had seen nothing.
    pub fn by(&mut self, author: &str) -> Say<'_> {
        let number = self.all.len() as u64;
        let hash = ChangeHash(Sha256::digest([self.salt.to_be_bytes(), number.to_be_bytes()].concat()).into());
        let body = ChangeBody {
            hash,
            deps: Vec::new(),
            actor: Actor([0; 16]),
            seq: 1,
            start_op: 1,
            time: at(1, 9),
            meta: Meta { source: Source::SelfSaid, schema: 1, recorded_at: at(1, 9), ..Meta::default() },
            puts: Vec::new(),
        };
        let author = UserId::from(author);
        let accepted_at = Some(at(20, 0).plus(number as i64));
        let it = Observation { body, author, role: Role::GW, at: at(1, 9), doubtful: false, accepted_at };
        Say { world: self, it }
    }
    /// The document: hints are read in the audience that their field belongs to.
    pub fn doc(&self) -> DocId {
        DocId { audience: self.kind.fields[0].audience, ..DOC }
    }
    pub fn resolved(&self) -> Resolved {
        self.resolve(&self.all)
    }
    /// What some of its changes, or all in another order, come to.
    pub fn resolve(&self, all: &[Observation]) -> Resolved {
        resolve(Schema::built_in(), self.kind, self.doc(), all)
    }
    pub fn state(&self, field: &str) -> FieldState {
        self.resolved().fields.remove(field).unwrap()
    }
    pub fn value(&self, field: &str) -> String {
        self.state(field).value.to_string()
    }
    pub fn items(&self) -> Vec<Attention> {
        self.resolved().attention
    }
    pub fn rules(&self) -> Vec<String> {
        self.items().into_iter().map(|item| item.rule).collect()
    }
    pub fn hash(&self, change: At) -> ChangeHash {
        self.all[change].body.hash
    }
    pub fn prefix(&self, change: At) -> String {
        self.hash(change).prefix()
    }
    /// Changes whose claims on a field nothing retired.
    pub fn live(&self, field: &str) -> Vec<At> {
        let mut live: Vec<At> = self.state(field).claims.iter().map(|claim| self.number(claim.change)).collect();
        live.sort_unstable();
        live
    }
    pub fn number(&self, hash: ChangeHash) -> At {
        self.all.iter().position(|o| o.body.hash == hash).unwrap()
    }
    /// Present members of a set.
    pub fn present(&self, field: &str) -> Vec<String> {
        self.state(field).members.into_iter().filter(|(m, _)| m.on).map(|(m, _)| m.text).collect()
    }
}

/// A change in the making.
pub struct Say<'w> {
    world: &'w mut World,
    pub it: Observation,
}

impl Say<'_> {
    /// How many changes there are before this one.
    pub fn world_len(&self) -> usize {
        self.world.all.len()
    }
    pub fn put(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.it.body.puts.push((key.to_owned(), value.into()));
        self
    }
    pub fn clear(self, key: &str) -> Self {
        self.put(key, Value::Null)
    }
    pub fn add(self, set: &str, text: &str) -> Self {
        let key = Member::key(set, text);
        self.put(&key, Member::present(text).to_value())
    }
    pub fn end(self, set: &str, text: &str, date: &str) -> Self {
        let key = Member::key(set, text);
        self.put(&key, Member::ended(text, Some(date)).to_value())
    }
    pub fn after(mut self, seen: &[At]) -> Self {
        // Those that others of them had seen are no dependencies of their own; it makes no difference to name them.
        self.it.body.deps = seen.iter().map(|change| self.world.hash(*change)).collect();
        self.it.body.deps.sort_unstable();
        self
    }
    pub fn on(mut self, day: i64, hour: i64) -> Self {
        self.it.at = at(day, hour);
        self.it.body.time = self.it.at;
        self.it.body.meta.recorded_at = self.it.at;
        self
    }
    pub fn doubtful(mut self) -> Self {
        self.it.doubtful = true;
        self
    }
    pub fn pending(mut self) -> Self {
        self.it.accepted_at = None;
        self
    }
    pub fn role(mut self, role: Role) -> Self {
        self.it.role = role;
        self
    }
    pub fn source(mut self, source: Source) -> Self {
        self.it.body.meta.source = source;
        self
    }
    pub fn hearsay(self) -> Self {
        self.source(Source::Other)
    }
    pub fn document(self) -> Self {
        self.source(Source::DocumentSeen)
    }
    pub fn registry(self) -> Self {
        self.source(Source::Registry)
    }
    pub fn confirms(mut self, what: &str) -> Self {
        self.it.body.meta.seen.push(what.to_owned());
        self
    }
    pub fn confirms_claim(self, field: &str, change: At) -> Self {
        let what = format!("{field}:{}", self.world.prefix(change));
        self.confirms(&what)
    }
    pub fn decides(mut self, claims: &[At]) -> Self {
        self.it.body.meta.decides = claims.iter().map(|change| self.world.prefix(*change)).collect();
        self
    }
    pub fn decides_all(mut self) -> Self {
        self.it.body.meta.decides = vec!["*".to_owned()];
        self
    }
    pub fn replaces(mut self, change: At) -> Self {
        self.it.body.meta.replaces = vec![self.world.prefix(change)];
        self
    }
    pub fn undoes(mut self, changes: &[At]) -> Self {
        self.it.body.meta.undoes = changes.iter().map(|change| self.world.prefix(*change)).collect();
        self
    }
    /// Names heads that its author saw in another document of the alias.
    pub fn beside(mut self, heads: &[At]) -> Self {
        self.it.body.meta.beside = heads.iter().map(|change| self.world.prefix(*change)).collect();
        self
    }
    pub fn hint(self, field: &str, value: impl Into<Value>) -> Self {
        let key = format!("hint/{:026}", self.world.all.len());
        let hint = Hint { field: field.to_owned(), value: value.into() };
        self.put(&key, hint.to_value())
    }
    pub fn done(self) -> At {
        self.world.all.push(self.it);
        self.world.all.len() - 1
    }
}
