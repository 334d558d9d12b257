//! One automerge document: a flat map of scalars that knows only one operation, put.

use automerge::{Automerge, Change, ROOT, transaction::CommitOptions, transaction::Transactable};

use super::{
    chunk::{self, ChunkError, MAX_CHANGE},
    history::{History, Misfit},
    library::{self, Fault, guarded},
    vocabulary::{ID_KEY, MAX_KEY, MAX_TEXT, clock_is_sane, filler},
};
use crate::model::{Actor, ChangeBody, ChangeHash, DocId, Meta, Millis, Value};

/// Why a document could not be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocError {
    /// An earlier failure left it unusable: load it again from the raw changes.
    #[error("此文档实例已失效，请重新读取 / this document instance is no longer usable, load it again")]
    Poisoned,
    /// The draft holds something that a document cannot.
    #[error("无法写入：{zh} / cannot be written: {en}")]
    Draft {
        /// Chinese.
        zh: String,
        /// English.
        en: String,
    },
    /// Bytes that are no change of ours.
    #[error(transparent)]
    Chunk(#[from] ChunkError),
    /// Changes that it depends on are not here.
    #[error("缺少 {} 条前序改动 / {} changes it depends on are missing", .0.len(), .0.len())]
    UnknownDeps(Vec<ChangeHash>),
    /// Its numbers do not follow from the changes it depends on, or the writer is used twice.
    #[error("改动序号与前序改动不符 / numbers of the change do not follow from its dependencies")]
    Numbers,
    /// The change belongs to another document.
    #[error("改动不属于此文档 / the change belongs to another document")]
    OtherDocument,
    /// The document library failed or gave another result than expected.
    #[error("文档库出错：{0} / document library failed: {0}")]
    Library(String),
}

impl From<Fault> for DocError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Panic => Self::Library("panic".to_owned()),
            Fault::Said(text) => Self::Library(text),
        }
    }
}

impl From<Misfit> for DocError {
    fn from(misfit: Misfit) -> Self {
        match misfit {
            Misfit::Unknown(deps) => Self::UnknownDeps(deps),
            _ => Self::Numbers,
        }
    }
}

/// What is to be written as one change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// Keys and values, each key once; `_id` is added where it belongs.
    pub puts: Vec<(String, Value)>,
    /// observed_at by the device clock.
    pub time: Millis,
    /// The message.
    pub meta: Meta,
}

/// A change that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The uncompressed chunk, as it is stored and sent.
    pub raw: Vec<u8>,
    /// What it says.
    pub body: ChangeBody,
}

/// One automerge document in memory; a cache of its raw changes.
///
/// After a failure inside the library it is *poisoned*: methods that can fail return [`DocError::Poisoned`], the others
/// answer as for an empty document. Load it again then, and take a new actor.
#[derive(Clone, Debug)]
pub struct Document {
    id: DocId,
    inner: Option<Automerge>,
    history: History,
}

impl Document {
    /// A document without changes.
    pub fn new(id: DocId) -> Self {
        Self { id, inner: Some(Automerge::new()), history: History::default() }
    }

    /// Loads a snapshot and the raw changes that it does not hold; together they must be complete.
    pub fn load<'a>(
        id: DocId,
        snapshot: Option<&[u8]>,
        raws: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self, DocError> {
        let raws: Vec<&[u8]> = raws.into_iter().collect();
        let bodies = raws.iter().map(|raw| chunk::read(raw)).collect::<Result<Vec<_>, _>>()?;
        let (inner, history) = guarded(|| {
            let mut inner = match snapshot {
                Some(bytes) => Automerge::load(bytes).map_err(Fault::said)?,
                None => Automerge::new(),
            };
            let changes =
                raws.iter().map(|raw| Change::try_from(*raw).map_err(Fault::said)).collect::<Result<_, _>>()?;
            library::apply(&mut inner, changes, None)?;
            // What we read of the changes says the same as the library would, for half the time of a small document.
            let history = match History::of(&bodies).filter(|_| snapshot.is_none()) {
                Some(history) if history.heads() == library::hashes(&inner.get_heads()) => history,
                _ => library::history(&inner)?,
            };
            Ok((inner, history))
        })?;
        let missing: Vec<ChangeHash> = bodies
            .iter()
            .flat_map(|body| history.missing(&body.deps).into_iter().chain(history.missing(&[body.hash])))
            .filter(|hash| !bodies.iter().any(|body| body.hash == *hash))
            .collect();
        if !missing.is_empty() {
            return Err(DocError::UnknownDeps(missing));
        }
        if bodies.iter().any(|body| !history.contains(&body.hash)) {
            return Err(DocError::Library("a change was not taken".to_owned()));
        }
        let document = Self { id, inner: Some(inner), history };
        let names_itself = document.shown(ID_KEY) == Some(Value::Bytes(id.to_bytes().to_vec()));
        if names_itself || document.is_empty() { Ok(document) } else { Err(DocError::OtherDocument) }
    }

    /// Its name.
    pub fn id(&self) -> DocId {
        self.id
    }
    /// The changes that no other change depends on, sorted.
    pub fn heads(&self) -> Vec<ChangeHash> {
        self.inner.as_ref().map(|inner| library::hashes(&inner.get_heads())).unwrap_or_default()
    }
    /// How many changes it holds.
    pub fn len(&self) -> usize {
        self.history.len()
    }
    /// Whether it holds no change.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Whether it holds a change.
    pub fn contains(&self, hash: &ChangeHash) -> bool {
        self.history.contains(hash)
    }
    /// What automerge shows under a key; not the value in force, which the resolver finds from all claims.
    pub fn shown(&self, key: &str) -> Option<Value> {
        let inner = self.inner.as_ref()?;
        guarded(|| Ok(library::shown(inner, key))).unwrap_or_default()
    }
    /// Everything that automerge shows, by key.
    pub fn entries(&self) -> Vec<(String, Value)> {
        let all = self.inner.as_ref().map(|inner| guarded(|| Ok(library::entries(inner))).unwrap_or_default());
        all.unwrap_or_default()
    }

    /// Writes one change.
    ///
    /// A first change puts `_id` before everything else. Where a put equals what automerge shows, automerge would drop
    /// it: there the change puts something else first (see [`super::guard`]) and then the value, and the last put of a
    /// key is the claim. Without puts it is a confirmation: a change without operations.
    pub fn write(&mut self, actor: Actor, draft: &Draft) -> Result<Written, DocError> {
        let message = check_draft(draft)?;
        let mut inner = self.inner.take().ok_or(DocError::Poisoned)?;
        let mut puts = Vec::with_capacity(draft.puts.len() + 1);
        if self.history.len() == 0 {
            puts.push((ID_KEY.to_owned(), Value::Bytes(self.id.to_bytes().to_vec())));
        }
        let written = guarded(|| {
            for (key, value) in &draft.puts {
                if library::shown(&inner, key).as_ref() == Some(value) {
                    puts.push((key.clone(), filler(value)));
                }
                puts.push((key.clone(), value.clone()));
            }
            inner.set_actor(library::actor_id(&actor));
            let raw = commit(&mut inner, &puts, draft.time, message)?;
            Ok((inner, raw))
        });
        let (inner, raw) = written.inspect_err(|_| self.history = History::default())?;
        let body = chunk::read(&raw).inspect_err(|_| self.history = History::default())?;
        if body.puts != puts || (body.actor, body.time, &body.meta) != (actor, draft.time, &draft.meta) {
            self.history = History::default();
            return Err(DocError::Library("the change is not what was to be written".to_owned()));
        }
        self.adopt(inner, &body);
        Ok(Written { raw, body })
    }

    /// Applies a change that was checked before: one of a page of the pinned server. Bounded reading, numbers that
    /// follow from the dependencies, `catch_unwind` and the expected heads. On an error, discard the document.
    pub fn apply(&mut self, raw: &[u8]) -> Result<ChangeBody, DocError> {
        let mut inner = self.inner.take().ok_or(DocError::Poisoned)?;
        let history = std::mem::take(&mut self.history);
        let body = chunk::read(raw)?;
        if history.contains(&body.hash) {
            (self.inner, self.history) = (Some(inner), history);
            return Ok(body);
        }
        history.check(&body)?;
        if !super::guard::names_document(&body, self.id) {
            return Err(DocError::OtherDocument);
        }
        let inner = guarded(|| {
            let expected = heads_after(&inner, &body);
            let change = Change::try_from(raw).map_err(Fault::said)?;
            library::apply(&mut inner, vec![change], Some(&expected))?;
            Ok(inner)
        })?;
        self.history = history;
        self.adopt(inner, &body);
        Ok(body)
    }

    /// Bytes of a snapshot, proven: saved, loaded, and the same heads and values found.
    pub fn snapshot(&self) -> Result<Vec<u8>, DocError> {
        let inner = self.inner.as_ref().ok_or(DocError::Poisoned)?;
        Ok(guarded(|| library::proven(inner, true))?)
    }

    pub(super) fn parts(&self) -> Option<(&Automerge, &History)> {
        self.inner.as_ref().map(|inner| (inner, &self.history))
    }

    /// Takes over a copy that holds one change more.
    pub(super) fn adopt(&mut self, inner: Automerge, body: &ChangeBody) {
        self.inner = Some(inner);
        self.history.add_body(body);
    }
}

/// The heads that a document has once a change is applied.
pub(super) fn heads_after(inner: &Automerge, body: &ChangeBody) -> Vec<automerge::ChangeHash> {
    let deps = library::library_hashes(&body.deps);
    let mut heads = inner.get_heads();
    heads.retain(|head| !deps.contains(head));
    heads.push(automerge::ChangeHash(body.hash.0));
    heads.sort_unstable();
    heads
}

fn commit(inner: &mut Automerge, puts: &[(String, Value)], time: Millis, message: String) -> Result<Vec<u8>, Fault> {
    let options = CommitOptions::default().with_time(time.0).with_message(message);
    if puts.is_empty() {
        inner.empty_commit(options);
    } else {
        let mut transaction = inner.transaction();
        for (key, value) in puts {
            transaction.put(ROOT, key.as_str(), library::to_library(value)).map_err(Fault::said)?;
        }
        transaction.commit_with(options);
    }
    let change = inner.get_last_local_change().ok_or_else(|| Fault::said("nothing was written"))?;
    Ok(change.raw_bytes().to_vec())
}

/// Refuses what would be refused later; returns the message.
fn check_draft(draft: &Draft) -> Result<String, DocError> {
    let refuse = |zh: &str, en: &str| Err(DocError::Draft { zh: zh.to_owned(), en: en.to_owned() });
    let message = serde_json::to_string(&draft.meta).expect("a message is plain data");
    if message.len() > chunk::MAX_MESSAGE {
        return refuse("附言过长", "the message is too long");
    }
    if !clock_is_sane(draft.time) {
        return refuse("观察时间不合理", "the time of observation is impossible");
    }
    let mut keys: Vec<&str> = draft.puts.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    if keys.windows(2).any(|pair| pair[0] == pair[1]) {
        return refuse("同一字段出现两次", "a field stands there twice");
    }
    if keys.iter().any(|key| key.is_empty() || key.len() > MAX_KEY || !key.is_ascii() || *key == ID_KEY) {
        return refuse("字段名不可用", "a field name cannot be used");
    }
    let mut bytes = 0;
    for (key, value) in &draft.puts {
        let length = match value {
            Value::Text(text) if text.len() > MAX_TEXT => return refuse("文本过长", "a text is too long"),
            Value::Bytes(_) => return refuse("不能写入字节", "bytes cannot be written"),
            Value::Text(text) => text.len(),
            _ => 10,
        };
        // A put may need a second one before it; each costs its key, some numbers and its predecessors.
        bytes += 2 * key.len() + length + 64;
    }
    if bytes > MAX_CHANGE / 2 {
        return refuse("一次写入过多，请分次保存", "too much for one change, save in parts");
    }
    Ok(message)
}
