//! What the store takes and gives: plain rows.

use std::collections::BTreeMap;

use crate::model::{Bucket, ChangeHash, DocId, Envelope, KindName, Millis, RecordId, Scope};

/// Key id and eight bytes of the county's tag over an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredTag {
    /// Which tag key.
    pub key: u32,
    /// Truncated HMAC.
    pub mac: [u8; 8],
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeState {
    /// Own, not yet answered by the server.
    Pending,
    /// Committed on the server's disk.
    Accepted,
    /// Stored by the server for a person to judge.
    Review,
    /// Refused by the server, which kept it with its reason.
    Refused,
    /// The server lacks a dependency or the schema version; it is offered again at the next sync.
    Held,
}

impl ChangeState {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Accepted, Self::Review, Self::Refused, Self::Held];

    /// The number that stands for it in the database.
    pub(super) fn number(self) -> i64 {
        self as i64
    }
    /// The state of a number.
    pub(super) fn from_number(number: i64) -> Option<Self> {
        Self::ALL.get(usize::try_from(number).ok()?).copied()
    }
}

/// One change as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredChange {
    /// Its name.
    pub hash: ChangeHash,
    /// The chunk, byte for byte.
    pub raw: Vec<u8>,
    /// Given by the server at acceptance.
    pub envelope: Option<Envelope>,
    /// The tag over the envelope.
    pub tag: Option<StoredTag>,
    /// What became of it.
    pub state: ChangeState,
}

/// One document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocRow {
    /// Its name.
    pub id: DocId,
    /// Kind of the record.
    pub kind: KindName,
    /// The grid it is filed under.
    pub scope: Scope,
    /// Saved document: a cache of the changes.
    pub snapshot: Option<Vec<u8>>,
    /// How many changes the snapshot holds.
    pub snapshot_len: u32,
    /// How many changes the document has.
    pub len: u32,
}

/// What screens show of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewRow {
    /// The record.
    pub record: RecordId,
    /// Its kind.
    pub kind: KindName,
    /// The grid it is filed under.
    pub scope: Scope,
    /// The line a list shows.
    pub title: String,
    /// Where it stands in a list; compared byte by byte.
    pub sort: String,
    /// Everything else, made and read by the facade.
    pub json: String,
    /// How many fields wait for a decision.
    pub contested: u32,
    /// How many own changes of it the server has not accepted yet.
    pub pending: u32,
    /// When it last changed.
    pub updated: Millis,
}

impl ViewRow {
    /// Where the next page begins after this row.
    pub fn cursor(&self) -> ViewCursor {
        ViewCursor { kind: self.kind.clone(), sort: self.sort.clone(), record: self.record }
    }
}

/// A place in the order (kind, sort, record). It stays valid when rows come and go.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ViewCursor {
    /// Kind of the last row seen.
    pub kind: KindName,
    /// Sort key of the last row seen.
    pub sort: String,
    /// The last row seen.
    pub record: RecordId,
}

/// Which views a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ViewFilter {
    /// Only this kind.
    pub kind: Option<KindName>,
    /// Only this grid.
    pub scope: Option<Scope>,
    /// Only titles that contain this text; ASCII letters match in either case.
    pub text: Option<String>,
    /// Only records with a field that waits for a decision.
    pub contested_only: bool,
}

/// An own change on its way to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its place in the order of writing.
    pub id: i64,
    /// Document.
    pub doc: DocId,
    /// Kind of the record.
    pub kind: KindName,
    /// Grid at writing time.
    pub scope: Scope,
    /// Its name.
    pub hash: ChangeHash,
    /// The chunk.
    pub raw: Vec<u8>,
}

/// How many own changes are where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxCounts {
    /// Not yet answered.
    pub pending: u64,
    /// To be offered again.
    pub held: u64,
    /// Before a person on the server.
    pub review: u64,
    /// Refused, with a reason.
    pub refused: u64,
    /// Accepted.
    pub accepted: u64,
}

/// An own change that the server refused or put before a person: document, change, reason as JSON, which of the two.
pub type Refusal = (DocId, ChangeHash, String, ChangeState);

/// Where this phone is in one bucket's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CursorRow {
    /// The bucket.
    pub bucket: Bucket,
    /// Last entry applied.
    pub seq: u64,
    /// Running sum up to and with it.
    pub digest: [u8; 32],
}

/// Something a person should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttentionRow {
    /// Hash of rule, records and claims: the same on every phone.
    pub id: [u8; 16],
    /// The record it is about.
    pub record: RecordId,
    /// The field.
    pub field: String,
    /// The rule that made it.
    pub rule: String,
    /// Everything else, made and read by the facade.
    pub json: String,
}

/// What the database takes on disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Storage {
    /// Bytes of the database file, without the write-ahead log.
    pub total: u64,
    /// Bytes in it that are free for reuse.
    pub free: u64,
    /// Bytes of each table and index.
    pub parts: BTreeMap<String, u64>,
}
