//! Reading rows.

use std::collections::BTreeMap;

use rusqlite::{
    CachedStatement, Connection, OptionalExtension as _, Params, Row, params,
    types::{FromSql, FromSqlError},
};

use super::{
    AttentionRow, ChangeState, CursorRow, DocRow, OutboxCounts, OutboxRow, Refusal, Storage, StoreError, StoredChange,
    StoredTag,
};
use crate::model::{
    Audience, Bucket, ChangeHash, DeviceId, DocId, Envelope, KindName, Millis, RecordId, Role, Scope, UserId,
};

/// One unchanging state of the database.
pub struct Reader<'c> {
    pub(super) conn: &'c Connection,
}

const DOC: &str = "SELECT record, audience, generation, kind, scope, len, snapshot_len, snapshot FROM docs";
const CHANGE: &str = "SELECT c.hash, c.raw, c.state, c.bounded, c.tag_key, c.tag_mac, \
     e.accepted_at, e.epoch, e.kind, e.grid, e.author, e.role, e.device, e.lease, e.accepted_by \
     FROM changes c LEFT JOIN envelope_commons e ON e.id = c.common";
const ATTENTION: &str = "SELECT record, id, rule, field, json FROM attention";

impl<'c> Reader<'c> {
    pub(super) fn new(conn: &'c Connection) -> Self {
        Self { conn }
    }

    /// A small fact, by its name.
    pub fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.first("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0))
    }

    /// One document.
    pub fn doc(&self, id: &DocId) -> Result<Option<DocRow>, StoreError> {
        let sql = format!("{DOC} WHERE record = ?1 AND audience = ?2 AND generation = ?3");
        self.first(&sql, params![id.record.0, id.audience.number(), id.generation], doc_row)
    }

    /// All documents of a record, by audience and generation.
    pub fn docs_of(&self, record: &RecordId) -> Result<Vec<DocRow>, StoreError> {
        self.all(&format!("{DOC} WHERE record = ?1 ORDER BY audience, generation"), [record.0], doc_row)
    }

    /// Up to `limit` documents in the order of their names, beginning behind `after`: a walk over all of them.
    pub fn docs_page(&self, after: Option<&DocId>, limit: usize) -> Result<Vec<DocRow>, StoreError> {
        const ORDER: &str = "ORDER BY record, audience, generation LIMIT";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let Some(id) = after else {
            return self.all(&format!("{DOC} {ORDER} ?1"), [limit], doc_row);
        };
        let sql = format!("{DOC} WHERE (record, audience, generation) > (?1, ?2, ?3) {ORDER} ?4");
        self.all(&sql, params![id.record.0, id.audience.number(), id.generation, limit], doc_row)
    }

    /// All changes of a document in the order of arrival: dependencies first.
    pub fn changes(&self, id: &DocId) -> Result<Vec<StoredChange>, StoreError> {
        let Some(doc) = self.doc_number(id)? else { return Ok(Vec::new()) };
        self.all(&format!("{CHANGE} WHERE c.doc = ?1 ORDER BY c.n"), [doc], |row| change_row(row, id))
    }

    /// One change.
    pub fn change(&self, id: &DocId, hash: &ChangeHash) -> Result<Option<StoredChange>, StoreError> {
        let Some(doc) = self.doc_number(id)? else { return Ok(None) };
        self.first(&format!("{CHANGE} WHERE c.doc = ?1 AND c.hash = ?2"), params![doc, hash.0], |row| {
            change_row(row, id)
        })
    }

    /// Whether a change is stored, in whatever state.
    pub fn has_change(&self, id: &DocId, hash: &ChangeHash) -> Result<bool, StoreError> {
        let Some(doc) = self.doc_number(id)? else { return Ok(false) };
        Ok(self.change_number(doc, hash)?.is_some())
    }

    /// Names and states of a document's changes in the order of arrival.
    pub fn change_states(&self, id: &DocId) -> Result<Vec<(ChangeHash, ChangeState)>, StoreError> {
        let Some(doc) = self.doc_number(id)? else { return Ok(Vec::new()) };
        self.all("SELECT hash, state FROM changes WHERE doc = ?1 ORDER BY n", [doc], |row| {
            Ok((ChangeHash(row.get(0)?), state_at(row, 1)?))
        })
    }

    /// Own changes to offer the server, in the order of writing, beginning behind `after` (0 at first): pending and held
    /// ones. Ends before `max_bytes` of raw changes are passed, but gives at least one.
    pub fn outbox(&self, after: i64, max_bytes: usize) -> Result<Vec<OutboxRow>, StoreError> {
        let mut statement = self.prepare(
            "SELECT d.record, d.audience, d.generation, o.n, d.kind, o.scope, c.hash, c.raw \
             FROM outbox o CROSS JOIN changes c ON c.n = o.n CROSS JOIN docs d ON d.doc = c.doc \
             WHERE o.n > ?1 AND c.state IN (?2, ?3) ORDER BY o.n",
        )?;
        let states = [ChangeState::Pending.number(), ChangeState::Held.number()];
        let mut rows = statement.query(params![after, states[0], states[1]])?;
        let (mut out, mut bytes) = (Vec::new(), 0usize);
        while let Some(row) = rows.next()? {
            let row = OutboxRow {
                doc: doc_id(row)?,
                id: row.get(3)?,
                kind: KindName(row.get(4)?),
                scope: Scope(row.get(5)?),
                hash: ChangeHash(row.get(6)?),
                raw: row.get(7)?,
            };
            bytes = bytes.saturating_add(row.raw.len());
            if bytes > max_bytes && !out.is_empty() {
                break;
            }
            out.push(row);
        }
        Ok(out)
    }

    /// How many own changes are where.
    pub fn outbox_counts(&self) -> Result<OutboxCounts, StoreError> {
        let mut counts = OutboxCounts::default();
        let sql = "SELECT c.state, count(*) FROM outbox o CROSS JOIN changes c ON c.n = o.n GROUP BY c.state";
        for (state, count) in self.all(sql, [], |row| Ok((state_at(row, 0)?, count_at(row, 1)?)))? {
            match state {
                ChangeState::Pending => counts.pending = count,
                ChangeState::Held => counts.held = count,
                ChangeState::Review => counts.review = count,
                ChangeState::Refused => counts.refused = count,
                ChangeState::Accepted => {}
            }
        }
        let accepted = "SELECT count(*) FROM changes WHERE own = 1 AND state = 1";
        counts.accepted = self.first(accepted, [], |row| count_at(row, 0))?.unwrap_or(0);
        Ok(counts)
    }

    /// Own changes that were refused or are in review, with the server's reason, in the order of writing.
    pub fn refusals(&self) -> Result<Vec<Refusal>, StoreError> {
        let sql = "SELECT d.record, d.audience, d.generation, c.hash, o.reason, c.state \
             FROM outbox o CROSS JOIN changes c ON c.n = o.n CROSS JOIN docs d ON d.doc = c.doc \
             WHERE c.state IN (?1, ?2) ORDER BY o.n";
        self.all(sql, [ChangeState::Review.number(), ChangeState::Refused.number()], |row| {
            Ok((doc_id(row)?, ChangeHash(row.get(3)?), row.get(4)?, state_at(row, 5)?))
        })
    }

    /// Every cursor, sorted by bucket.
    pub fn cursors(&self) -> Result<Vec<CursorRow>, StoreError> {
        self.all("SELECT scope, audience, seq, digest FROM cursors ORDER BY scope, audience", [], |row| {
            let bucket = Bucket { scope: Scope(row.get(0)?), audience: audience_at(row, 1)? };
            Ok(CursorRow { bucket, seq: row.get::<_, i64>(2)?.cast_unsigned(), digest: row.get(3)? })
        })
    }

    /// Every attention item once, by record.
    pub fn attention(&self) -> Result<Vec<AttentionRow>, StoreError> {
        let sql = "SELECT min(record), id, rule, field, json FROM attention GROUP BY id ORDER BY 1, 2";
        self.all(sql, [], attention_row)
    }

    /// The attention items of a record.
    pub fn attention_of(&self, record: &RecordId) -> Result<Vec<AttentionRow>, StoreError> {
        self.all(&format!("{ATTENTION} WHERE record = ?1 ORDER BY id"), [record.0], attention_row)
    }

    /// One attention item, wherever it is stored.
    pub fn attention_item(&self, id: &[u8; 16]) -> Result<Option<AttentionRow>, StoreError> {
        self.first(&format!("{ATTENTION} WHERE id = ?1 ORDER BY record LIMIT 1"), [id], attention_row)
    }

    /// How many attention items there are.
    pub fn attention_count(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(DISTINCT id) FROM attention";
        Ok(self.first(sql, [], |row| count_at(row, 0))?.unwrap_or(0))
    }

    /// What the database takes on disk, by table and index. Reads every page: for a settings screen, not for a list.
    pub fn storage(&self) -> Result<Storage, StoreError> {
        let sizes = "SELECT page_count * page_size, freelist_count * page_size \
             FROM pragma_page_count, pragma_freelist_count, pragma_page_size";
        let (total, free) =
            self.first(sizes, [], |row| Ok((count_at(row, 0)?, count_at(row, 1)?)))?.unwrap_or_default();
        let parts = self.all("SELECT name, pgsize FROM dbstat WHERE aggregate = TRUE", [], |row| {
            Ok((row.get(0)?, count_at(row, 1)?))
        })?;
        Ok(Storage { total, free, parts: parts.into_iter().collect::<BTreeMap<_, _>>() })
    }

    pub(super) fn doc_number(&self, id: &DocId) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT doc FROM docs WHERE record = ?1 AND audience = ?2 AND generation = ?3";
        self.first(sql, params![id.record.0, id.audience.number(), id.generation], |row| row.get(0))
    }

    pub(super) fn change_number(&self, doc: i64, hash: &ChangeHash) -> Result<Option<i64>, StoreError> {
        self.first("SELECT n FROM changes WHERE doc = ?1 AND hash = ?2", params![doc, hash.0], |row| row.get(0))
    }

    pub(super) fn prepare(&self, sql: &str) -> Result<CachedStatement<'c>, StoreError> {
        Ok(self.conn.prepare_cached(sql)?)
    }

    pub(super) fn first<T>(
        &self,
        sql: &str,
        params: impl Params,
        f: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.prepare(sql)?.query_row(params, f).optional()?)
    }

    pub(super) fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        f: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        Ok(self.prepare(sql)?.query_map(params, f)?.collect::<Result<_, _>>()?)
    }
}

/// A column that holds something else than it may: the row is damaged.
fn unreadable(column: usize, row: &Row<'_>) -> rusqlite::Error {
    let found = row.get_ref(column).map_or(rusqlite::types::Type::Null, |value| value.data_type());
    rusqlite::Error::FromSqlConversionFailure(column, found, Box::new(FromSqlError::InvalidType))
}

fn audience_at(row: &Row<'_>, column: usize) -> rusqlite::Result<Audience> {
    Audience::from_number(row.get(column)?).ok_or_else(|| unreadable(column, row))
}

fn state_at(row: &Row<'_>, column: usize) -> rusqlite::Result<ChangeState> {
    ChangeState::from_number(row.get(column)?).ok_or_else(|| unreadable(column, row))
}

/// A count or a size: SQLite's integers are signed, these are never negative.
pub(super) fn count_at(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}

/// A document's name in the first three columns.
pub(super) fn doc_id(row: &Row<'_>) -> rusqlite::Result<DocId> {
    Ok(DocId { record: RecordId(row.get(0)?), audience: audience_at(row, 1)?, generation: row.get(2)? })
}

fn doc_row(row: &Row<'_>) -> rusqlite::Result<DocRow> {
    let snapshot: Vec<u8> = row.get(7)?;
    Ok(DocRow {
        id: doc_id(row)?,
        kind: KindName(row.get(3)?),
        scope: Scope(row.get(4)?),
        len: row.get(5)?,
        snapshot_len: row.get(6)?,
        snapshot: (!snapshot.is_empty()).then_some(snapshot),
    })
}

fn change_row(row: &Row<'_>, doc: &DocId) -> rusqlite::Result<StoredChange> {
    let hash = ChangeHash(row.get(0)?);
    let mac: Option<[u8; 8]> = row.get(5)?;
    let tag = match (row.get(4)?, mac) {
        (Some(key), Some(mac)) => Some(StoredTag { key, mac }),
        _ => None,
    };
    let envelope =
        optional::<i64>(row, 6)?.map(|accepted_at| envelope(row, doc, hash, Millis(accepted_at))).transpose()?;
    Ok(StoredChange { hash, raw: row.get(1)?, envelope, tag, state: state_at(row, 2)? })
}

fn envelope(row: &Row<'_>, doc: &DocId, hash: ChangeHash, accepted_at: Millis) -> rusqlite::Result<Envelope> {
    let role: String = row.get(11)?;
    Ok(Envelope {
        doc: *doc,
        kind: KindName(row.get(8)?),
        hash,
        author: UserId(row.get(10)?),
        role: role.parse::<Role>().map_err(|_| unreadable(11, row))?,
        device: DeviceId(row.get(12)?),
        lease: row.get(13)?,
        grid: Scope(row.get(9)?),
        accepted_at,
        bounded: optional(row, 3)?.map(Millis),
        epoch: row.get::<_, i64>(7)?.cast_unsigned(),
        accepted_by: optional(row, 14)?.map(UserId),
    })
}

fn optional<T: FromSql>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    row.get(column)
}

pub(super) fn attention_row(row: &Row<'_>) -> rusqlite::Result<AttentionRow> {
    Ok(AttentionRow {
        record: RecordId(row.get(0)?),
        id: row.get(1)?,
        rule: row.get(2)?,
        field: row.get(3)?,
        json: row.get(4)?,
    })
}
