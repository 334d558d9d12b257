//! What rules over several records need: facts, links, keys, and the items themselves.

use rusqlite::{Row, params};
use sha2::{Digest as _, Sha256};

use super::{AttentionRow, Reader, StoreError, Writer, reader::attention_row};
use crate::model::{KindName, RecordId, Scope};

/// The facts of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactsRow {
    /// The record.
    pub record: RecordId,
    /// Its kind.
    pub kind: KindName,
    /// The grid it is filed under.
    pub scope: Scope,
    /// Made and read by the facade.
    pub json: String,
}

/// Every reference and every key at once, for work on many records.
#[derive(Debug, Default)]
pub struct Index {
    /// Target, `kind.field` and record, in order.
    pub links: Vec<(RecordId, String, RecordId)>,
    /// Hash of a key and record, in order; only keys that more than one record has.
    pub keys: Vec<(i64, RecordId)>,
}

/// What a key is stored as.
pub fn key_number(key: &str) -> i64 {
    let digest = Sha256::digest(key.as_bytes());
    i64::from_be_bytes(std::array::from_fn(|at| digest[at]))
}

impl Reader<'_> {
    /// The facts of a record.
    pub fn facts(&self, record: &RecordId) -> Result<Option<FactsRow>, StoreError> {
        self.first("SELECT record, kind, scope, json FROM facts WHERE record = ?1", [record.0], facts_row)
    }

    /// Records whose field leads to this one, by id; `link` is `kind.field`.
    pub fn linked(&self, link: &str, target: &RecordId) -> Result<Vec<RecordId>, StoreError> {
        let sql = "SELECT record FROM links WHERE target = ?1 AND link = ?2 ORDER BY record";
        self.all(sql, params![target.0, link], |row| Ok(RecordId(row.get(0)?)))
    }

    /// Records with a key, by id.
    pub fn with_key(&self, key: i64) -> Result<Vec<RecordId>, StoreError> {
        let sql = "SELECT record FROM keys WHERE key = ?1 ORDER BY record";
        self.all(sql, [key], |row| Ok(RecordId(row.get(0)?)))
    }

    /// Every reference, and every key that more than one record has.
    pub fn index(&self) -> Result<Index, StoreError> {
        let links = self.all("SELECT target, link, record FROM links ORDER BY target, link, record", [], |row| {
            Ok((RecordId(row.get(0)?), row.get(1)?, RecordId(row.get(2)?)))
        })?;
        let keys = self.all("SELECT key, record FROM keys ORDER BY key, record", [], |row| {
            Ok((row.get::<_, i64>(0)?, RecordId(row.get(1)?)))
        })?;
        let keys = keys.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1).flatten().copied().collect();
        Ok(Index { links, keys })
    }

    /// Items over several records that are stored under this one.
    pub fn cross_items(&self, record: &RecordId) -> Result<Vec<AttentionRow>, StoreError> {
        let sql = "SELECT record, id, rule, field, json FROM attention WHERE record = ?1 AND field = '' ORDER BY id";
        self.all(sql, [record.0], attention_row)
    }
}

impl Writer<'_> {
    /// Writes the facts of a record, new or not.
    pub fn put_facts(&mut self, row: &FactsRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO facts (record, kind, scope, json) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (record) \
             DO UPDATE SET kind = excluded.kind, scope = excluded.scope, json = excluded.json";
        self.run(sql, params![row.record.0, row.kind.0, row.scope.0, row.json]).map(drop)
    }

    /// Takes away the facts of a record.
    pub fn drop_facts(&mut self, record: &RecordId) -> Result<(), StoreError> {
        self.run("DELETE FROM facts WHERE record = ?1", [record.0]).map(drop)
    }

    /// Adds a reference, or takes it away.
    pub fn set_link(
        &mut self,
        (link, target): (&str, &RecordId),
        record: &RecordId,
        there: bool,
    ) -> Result<(), StoreError> {
        let sql = if there {
            "INSERT INTO links (target, link, record) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING"
        } else {
            "DELETE FROM links WHERE target = ?1 AND link = ?2 AND record = ?3"
        };
        self.run(sql, params![target.0, link, record.0]).map(drop)
    }

    /// Adds a key, or takes it away.
    pub fn set_key(&mut self, key: i64, record: &RecordId, there: bool) -> Result<(), StoreError> {
        let sql = if there {
            "INSERT INTO keys (key, record) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
        } else {
            "DELETE FROM keys WHERE key = ?1 AND record = ?2"
        };
        self.run(sql, params![key, record.0]).map(drop)
    }

    /// Stores an item over several records under each of them, in the place of the same item; of none it is gone.
    pub fn replace_cross(
        &mut self,
        id: [u8; 16],
        records: &[RecordId],
        rule: &str,
        json: &str,
    ) -> Result<(), StoreError> {
        self.run("DELETE FROM attention WHERE id = ?1 AND field = ''", [id])?;
        let sql = "INSERT INTO attention (record, id, rule, field, json) VALUES (?1, ?2, ?3, '', ?4)";
        for record in records {
            self.run(sql, params![record.0, id, rule, json])?;
        }
        Ok(())
    }

    /// Takes away everything that is derived from documents, to be made anew.
    pub fn clear_derived(&mut self) -> Result<(), StoreError> {
        for table in ["views", "attention", "facts", "links", "keys", "aliases"] {
            self.run(&format!("DELETE FROM {table}"), [])?;
        }
        Ok(())
    }
}

fn facts_row(row: &Row<'_>) -> rusqlite::Result<FactsRow> {
    Ok(FactsRow {
        record: RecordId(row.get(0)?),
        kind: KindName(row.get(1)?),
        scope: Scope(row.get(2)?),
        json: row.get(3)?,
    })
}
