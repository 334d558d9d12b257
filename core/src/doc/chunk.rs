//! Reads an uncompressed change chunk without the document library: bounded, without panics, in microseconds.
//!
//! It accepts exactly what this product writes: puts of scalars on root keys, in the one canonical encoding. Everything
//! else (deflated chunks, nested objects, lists, deletes, counters, marks, unknown columns, run lengths that claim more
//! rows than 5,000, bytes to spare) is an error, so that nothing hostile reaches the library, which panics, hangs or
//! spoils the document on such bytes (SECURITY 4). Format: <https://automerge.org/automerge-binary-format-spec/>.

use sha2::{Digest, Sha256};

use super::{
    columns::{Columns, read_ops},
    cursor::Cursor,
};
use crate::model::{Actor, ChangeBody, ChangeHash, Meta, Millis};

/// Longest change in bytes.
pub const MAX_CHANGE: usize = 256 * 1024;
/// Most dependencies, and most actors besides the author's.
pub const MAX_NAMES: u64 = 64;
/// Most rows that the runs of one column may claim.
pub const MAX_ROWS: u64 = 5_000;
/// Longest message in bytes.
pub const MAX_MESSAGE: usize = 512;
/// Operation numbers stay below this: the library breaks where they approach 2^32.
pub const MAX_OP: u64 = 1 << 31;

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
const TYPE_CHANGE: u8 = 1;
/// Magic and checksum; the hash covers what follows.
const HASHED_FROM: usize = 8;

/// Why bytes are not a change of ours. [`ChunkError::rule`] is stable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// Longer than [`MAX_CHANGE`].
    #[error("改动数据过大（{0} 字节） / change of {0} bytes is too large")]
    Size(usize),
    /// It does not start as a chunk does.
    #[error("不是改动数据 / not a change")]
    Magic,
    /// A document, a deflated change, or another chunk.
    #[error("不接受的数据块类型 {0} / chunk type {0} is not accepted")]
    Type(u8),
    /// The checksum is not that of the content.
    #[error("改动数据校验和不符 / checksum of the change does not match")]
    Checksum,
    /// It ends before its content does.
    #[error("改动数据不完整 / change is cut short")]
    Truncated,
    /// Bytes after the end, or extra bytes inside.
    #[error("改动数据后有多余字节 / bytes to spare after the change")]
    Trailing,
    /// A number is written too long or is too large.
    #[error("改动数据中的数字写法有误 / malformed number in the change")]
    Number,
    /// An actor is not 16 bytes long.
    #[error("写入者标识不是 16 字节 / actor is not 16 bytes long")]
    Actor,
    /// Too many dependencies, or not sorted, or one twice.
    #[error("改动的前序列表有误 / dependencies are too many or not sorted")]
    Deps,
    /// Too many other actors, not sorted, unused, or the author among them.
    #[error("改动引用的写入者列表有误 / other actors are too many, not sorted or not used")]
    OtherActors,
    /// The message is too long or is not the JSON that a change carries.
    #[error("改动附言格式有误 / message of the change cannot be read")]
    Message,
    /// Sequence or operation numbers out of range.
    #[error("改动序号超出范围 / sequence or operation number out of range")]
    Counter,
    /// A column that no put on a root key has, a deflated one, or columns out of order.
    #[error("不接受的数据列 {0:#x} / column {0:#x} is not accepted")]
    Column(u64),
    /// Run lengths that are not canonical, disagree between columns, or claim too many rows.
    #[error("数据列长度有误 / run lengths of a column are wrong")]
    Runs,
    /// An operation other than put: delete, increment, make, mark, insert.
    #[error("只接受对字段的写入 / only puts on fields are accepted")]
    Action,
    /// A key is not text.
    #[error("字段名不是文本 / key is not text")]
    Key,
    /// A value other than null, yes or no, whole number, text or bytes.
    #[error("值的类型不被接受 / type of a value is not accepted")]
    Value,
    /// Predecessors that are not sorted or not possible.
    #[error("改动的前值引用有误 / predecessors are wrong")]
    Preds,
}

impl ChunkError {
    /// The rule that refuses it; these names do not change.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::Size(_) => "chunk.size",
            Self::Magic => "chunk.magic",
            Self::Type(_) => "chunk.type",
            Self::Checksum => "chunk.checksum",
            Self::Truncated => "chunk.truncated",
            Self::Trailing => "chunk.trailing",
            Self::Number => "chunk.number",
            Self::Actor => "chunk.actor",
            Self::Deps => "chunk.deps",
            Self::OtherActors => "chunk.other_actors",
            Self::Message => "chunk.message",
            Self::Counter => "chunk.counter",
            Self::Column(_) => "chunk.column",
            Self::Runs => "chunk.runs",
            Self::Action => "chunk.action",
            Self::Key => "chunk.key",
            Self::Value => "chunk.value",
            Self::Preds => "chunk.preds",
        }
    }
}

/// An operation's name: its number and the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct OpName {
    pub counter: u64,
    pub actor: Actor,
}

/// A change with what the guard needs besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parsed {
    pub body: ChangeBody,
    /// For each put, the operations it replaces, sorted.
    pub preds: Vec<Vec<OpName>>,
}

/// Reads a change chunk. Accepts only puts of scalars on root keys, canonically encoded.
pub fn read(raw: &[u8]) -> Result<ChangeBody, ChunkError> {
    parse(raw).map(|parsed| parsed.body)
}

/// The name of a chunk: SHA-256 of what its checksum covers. Says nothing about whether the chunk is good.
pub fn hash(raw: &[u8]) -> ChangeHash {
    ChangeHash(Sha256::digest(raw.get(HASHED_FROM..).unwrap_or_default()).into())
}

pub(super) fn parse(raw: &[u8]) -> Result<Parsed, ChunkError> {
    if raw.len() > MAX_CHANGE {
        return Err(ChunkError::Size(raw.len()));
    }
    let mut cursor = open(raw)?;
    let hash = hash(raw);
    if raw[MAGIC.len()..HASHED_FROM] != hash.0[..4] {
        return Err(ChunkError::Checksum);
    }
    let deps = read_deps(&mut cursor)?;
    let actor = read_actor(&mut cursor)?;
    let seq = cursor.unsigned()?;
    let start_op = cursor.unsigned()?;
    if seq == 0 || start_op == 0 || seq >= MAX_OP || start_op >= MAX_OP - MAX_ROWS {
        return Err(ChunkError::Counter);
    }
    let time = Millis(cursor.signed()?);
    let meta = read_message(&mut cursor)?;
    let actors = read_actors(&mut cursor, actor)?;
    let columns = Columns::read(&mut cursor)?;
    let (puts, preds) = read_ops(&columns, &actors, start_op)?;
    Ok(Parsed { body: ChangeBody { hash, deps, actor, seq, start_op, time, meta, puts }, preds })
}

/// Checks the frame; the cursor then stands on the content and ends with it.
fn open(raw: &[u8]) -> Result<Cursor<'_>, ChunkError> {
    let mut cursor = Cursor::new(raw);
    if cursor.take(MAGIC.len()) != Ok(&MAGIC) {
        return Err(ChunkError::Magic);
    }
    cursor.take(HASHED_FROM - MAGIC.len())?;
    match cursor.take(1)? {
        [TYPE_CHANGE] => {}
        other => return Err(ChunkError::Type(other[0])),
    }
    let length = cursor.unsigned()?;
    match length.cmp(&(cursor.left() as u64)) {
        std::cmp::Ordering::Less => Err(ChunkError::Trailing),
        std::cmp::Ordering::Equal => Ok(cursor),
        std::cmp::Ordering::Greater => Err(ChunkError::Truncated),
    }
}

fn read_deps(cursor: &mut Cursor<'_>) -> Result<Vec<ChangeHash>, ChunkError> {
    let count = cursor.unsigned()?;
    if count > MAX_NAMES {
        return Err(ChunkError::Deps);
    }
    let mut deps = Vec::with_capacity(count as usize);
    for _ in 0..count {
        let dep = ChangeHash(cursor.array()?);
        if deps.last().is_some_and(|last| *last >= dep) {
            return Err(ChunkError::Deps);
        }
        deps.push(dep);
    }
    Ok(deps)
}

fn read_actor(cursor: &mut Cursor<'_>) -> Result<Actor, ChunkError> {
    if cursor.unsigned()? != 16 {
        return Err(ChunkError::Actor);
    }
    Ok(Actor(cursor.array()?))
}

/// The author first, then the others, in the order that predecessors count them.
fn read_actors(cursor: &mut Cursor<'_>, author: Actor) -> Result<Vec<Actor>, ChunkError> {
    let count = cursor.unsigned()?;
    if count > MAX_NAMES {
        return Err(ChunkError::OtherActors);
    }
    let mut actors = Vec::with_capacity(1 + count as usize);
    actors.push(author);
    for _ in 0..count {
        let actor = read_actor(cursor)?;
        if actor == author || (actors.len() > 1 && actors.last() >= Some(&actor)) {
            return Err(ChunkError::OtherActors);
        }
        actors.push(actor);
    }
    Ok(actors)
}

fn read_message(cursor: &mut Cursor<'_>) -> Result<Meta, ChunkError> {
    let length = usize::try_from(cursor.unsigned()?).map_err(|_| ChunkError::Truncated)?;
    if length > MAX_MESSAGE {
        return Err(ChunkError::Message);
    }
    serde_json::from_slice(cursor.take(length)?).map_err(|_| ChunkError::Message)
}
