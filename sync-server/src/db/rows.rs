//! What rows hold, and how columns are read back into names.

use rusqlite::{Error, Row, types::Type};
use wangge_core::{
    model::{Audience, Bucket, ChangeHash, DeviceId, DocId, KindName, Millis, RecordId, Role, Scope, UserId},
    sync::wire::{Digest, Tag},
};

/// A person with an account.
#[derive(Clone, Debug)]
pub struct UserRow {
    /// Account name.
    pub id: UserId,
    /// As screens show it.
    pub name: String,
    /// May administer this server.
    pub admin: bool,
}

/// A registered phone.
#[derive(Clone, Debug)]
pub struct DeviceRow {
    /// Its id.
    pub id: DeviceId,
    /// SEC1 compressed P-256 key.
    pub public_key: Vec<u8>,
    /// What its owner calls it.
    pub name: String,
    /// Owner.
    pub user: UserId,
    /// Role it works in.
    pub role: Role,
    /// Last verified request.
    pub last_contact: Millis,
    /// Since when it may no longer.
    pub revoked_at: Option<Millis>,
}

/// An invitation.
#[derive(Clone, Debug)]
pub struct InviteRow {
    /// The secret; empty where it was wiped after its time.
    pub secret: Vec<u8>,
    /// For whom.
    pub user: UserId,
    /// In which role.
    pub role: Role,
    /// Until when.
    pub expires: Millis,
    /// Wrong proofs so far.
    pub failures: u32,
    /// The phone that has used it.
    pub device: Option<DeviceId>,
}

/// A record and where it is routed.
#[derive(Clone, Debug)]
pub struct RecordRow {
    /// Number inside the database.
    pub n: i64,
    /// Kind.
    pub kind: KindName,
    /// Counts what was added.
    pub version: i64,
    /// Grids that hold it.
    pub routes: Vec<Scope>,
}

/// A document with its bytes.
#[derive(Clone, Debug)]
pub struct DocRow {
    /// Number inside the database.
    pub n: i64,
    /// Its id.
    pub id: DocId,
    /// Saved document; empty for none.
    pub snapshot: Vec<u8>,
    /// Changes inside the snapshot.
    pub snapshot_len: usize,
    /// Changes after those of the snapshot, dependencies first.
    pub raws: Vec<Vec<u8>>,
}

/// A change with the parts of its envelope.
#[derive(Clone, Debug)]
pub struct ChangeRow {
    /// Number inside the database.
    pub n: i64,
    /// Its bytes; absent where the reader asked to leave out its own.
    pub raw: Option<Vec<u8>>,
    /// Name.
    pub hash: ChangeHash,
    /// Number of its shared envelope parts.
    pub common: i64,
    /// Where observed_at lay after acceptance.
    pub bounded: Option<Millis>,
    /// Tag.
    pub tag: Tag,
    /// Document.
    pub doc: DocId,
    /// Kind of the record.
    pub kind: KindName,
}

/// One entry of a bucket's log.
#[derive(Clone, Debug)]
pub struct LogRow {
    /// Sequence number.
    pub seq: u64,
    /// Running sum up to and with it.
    pub digest: Digest,
    /// The change.
    pub change: ChangeRow,
}

/// Where a bucket's log stands.
#[derive(Clone, Debug)]
pub struct BucketRow {
    /// Number inside the database; 0 where nothing was ever logged.
    pub n: i64,
    /// Its name.
    pub bucket: Bucket,
    /// Last sequence number.
    pub head: u64,
    /// Running sum.
    pub digest: Digest,
}

/// Bytes that were not accepted.
#[derive(Clone, Debug)]
pub struct AsideRow {
    /// Document they claimed.
    pub doc: DocId,
    /// Name of the change, or SHA-256 of bytes that cannot be read.
    pub hash: ChangeHash,
    /// Kind they claimed.
    pub kind: KindName,
    /// Grid they claimed.
    pub grid: Scope,
    /// The bytes.
    pub raw: Vec<u8>,
    /// Whether a person shall judge; otherwise refused.
    pub review: bool,
    /// Why.
    pub reason: wangge_core::sync::wire::Reason,
    /// From which phone.
    pub device: DeviceId,
    /// Whose.
    pub user: UserId,
    /// In which role.
    pub role: Role,
    /// When.
    pub at: Millis,
}

type Read<T> = rusqlite::Result<T>;

fn odd(column: usize, what: &str) -> Error {
    Error::FromSqlConversionFailure(column, Type::Blob, format!("not a {what}").into())
}
pub(super) fn role(row: &Row<'_>, column: usize) -> Read<Role> {
    let number: u8 = row.get(column)?;
    Role::ALL.get(usize::from(number)).copied().ok_or_else(|| odd(column, "role"))
}
pub(super) fn audience(row: &Row<'_>, column: usize) -> Read<Audience> {
    Audience::from_number(row.get(column)?).ok_or_else(|| odd(column, "audience"))
}
pub(super) fn user(row: &Row<'_>, column: usize) -> Read<UserId> {
    Ok(UserId(row.get(column)?))
}
pub(super) fn scope(row: &Row<'_>, column: usize) -> Read<Scope> {
    Ok(Scope(row.get(column)?))
}
pub(super) fn kind(row: &Row<'_>, column: usize) -> Read<KindName> {
    Ok(KindName(row.get(column)?))
}
pub(super) fn millis(row: &Row<'_>, column: usize) -> Read<Millis> {
    Ok(Millis(row.get(column)?))
}
pub(super) fn maybe_millis(row: &Row<'_>, column: usize) -> Read<Option<Millis>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Millis))
}
pub(super) fn hash(row: &Row<'_>, column: usize) -> Read<ChangeHash> {
    Ok(ChangeHash(row.get(column)?))
}
pub(super) fn device(row: &Row<'_>, column: usize) -> Read<DeviceId> {
    Ok(DeviceId(row.get(column)?))
}
pub(super) fn record(row: &Row<'_>, column: usize) -> Read<RecordId> {
    Ok(RecordId(row.get(column)?))
}
pub(super) fn digest(row: &Row<'_>, column: usize) -> Read<Digest> {
    Ok(Digest(row.get(column)?))
}
pub(super) fn doc(row: &Row<'_>, column: usize) -> Read<DocId> {
    DocId::from_bytes(row.get_ref(column)?.as_blob()?).ok_or_else(|| odd(column, "document id"))
}
pub(super) fn role_number(role: Role) -> i64 {
    Role::ALL.iter().position(|known| *known == role).expect("ALL holds every role") as i64
}

/// A count; SQLite has no unsigned numbers, and a negative one is not ours.
pub(super) fn count(row: &Row<'_>, column: usize) -> Read<u64> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|_| odd(column, "count"))
}
/// A count as SQLite stores it. Counts that grow by one never reach the bound.
pub(super) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
