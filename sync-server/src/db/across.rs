//! The projection for rules over several records: facts, links, keys, items, and how far it has come.

use rusqlite::Row;
use wangge_core::model::{KindName, RecordId, Scope};

use super::{
    Reader, Result, Writer,
    rows::{kind, record, scope},
};

/// What rules see of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactsRow {
    /// The record.
    pub record: RecordId,
    /// Its kind.
    pub kind: KindName,
    /// One of its grids.
    pub scope: Scope,
    /// The facts.
    pub json: String,
}

/// A stored item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemRow {
    /// The record it stands under.
    pub record: RecordId,
    /// Its id.
    pub id: [u8; 16],
    /// Its rule.
    pub rule: String,
    /// The field; empty where it is over several records.
    pub field: String,
    /// The item.
    pub json: String,
}

fn item_row(row: &Row<'_>) -> rusqlite::Result<ItemRow> {
    Ok(ItemRow { record: record(row, 0)?, id: row.get(1)?, rule: row.get(2)?, field: row.get(3)?, json: row.get(4)? })
}

impl Reader<'_> {
    /// The number of the last change.
    pub fn last_change(&self) -> Result<i64> {
        Ok(self.one("SELECT coalesce(max(n), 0) FROM changes", [], |row| row.get(0))?.unwrap_or(0))
    }
    /// Records with a change after `from` and up to `to`, each once.
    pub fn changed_records(&self, from: i64, to: i64) -> Result<Vec<RecordId>> {
        let sql = "SELECT DISTINCT r.id FROM changes c JOIN docs d ON d.n = c.doc JOIN records r ON r.n = d.record
                   WHERE c.n > ?1 AND c.n <= ?2";
        self.all(sql, [from, to], |row| record(row, 0))
    }
    /// The facts of a record.
    pub fn facts(&self, of: &RecordId) -> Result<Option<FactsRow>> {
        self.one("SELECT record, kind, scope, json FROM facts WHERE record = ?1", [of.0], |row| {
            Ok(FactsRow { record: record(row, 0)?, kind: kind(row, 1)?, scope: scope(row, 2)?, json: row.get(3)? })
        })
    }
    /// Records whose field leads to this one.
    pub fn linked(&self, link: &str, target: &RecordId) -> Result<Vec<RecordId>> {
        let sql = "SELECT record FROM links WHERE target = ?1 AND link = ?2 ORDER BY record";
        self.all(sql, (target.0, link), |row| record(row, 0))
    }
    /// Records with a key.
    pub fn with_key(&self, key: &[u8; 16]) -> Result<Vec<RecordId>> {
        self.all("SELECT record FROM keys WHERE key = ?1 ORDER BY record", [key], |row| record(row, 0))
    }
    /// Items over several records that stand under one of them.
    pub fn cross_items(&self, of: &RecordId) -> Result<Vec<ItemRow>> {
        let sql = "SELECT record, id, rule, field, json FROM attention WHERE record = ?1 AND field = '' ORDER BY id";
        self.all(sql, [of.0], item_row)
    }
    /// Every item once.
    pub fn items(&self) -> Result<Vec<ItemRow>> {
        let sql = "SELECT min(record), id, rule, field, json FROM attention GROUP BY id ORDER BY rule, 1, id";
        self.all(sql, [], item_row)
    }
}

impl Writer<'_> {
    /// Writes the facts of a record, new or not.
    pub fn put_facts(&mut self, row: &FactsRow) -> Result<()> {
        self.run(
            "INSERT INTO facts (record, kind, scope, json) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET kind = ?2, scope = ?3, json = ?4",
            (row.record.0, &row.kind.0, &row.scope.0, &row.json),
        )?;
        Ok(())
    }
    /// Adds a link, or takes it away.
    pub fn set_link(&mut self, (target, link, of): &(RecordId, String, RecordId), there: bool) -> Result<()> {
        let sql = if there {
            "INSERT INTO links (target, link, record) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING"
        } else {
            "DELETE FROM links WHERE target = ?1 AND link = ?2 AND record = ?3"
        };
        self.run(sql, (target.0, link, of.0))?;
        Ok(())
    }
    /// Adds a key, or takes it away.
    pub fn set_key(&mut self, key: &[u8; 16], of: &RecordId, there: bool) -> Result<()> {
        let sql = if there {
            "INSERT INTO keys (key, record) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
        } else {
            "DELETE FROM keys WHERE key = ?1 AND record = ?2"
        };
        self.run(sql, (key, of.0))?;
        Ok(())
    }
    /// Puts these items about fields of a record in the place of those it had.
    pub fn replace_items(&mut self, of: &RecordId, rows: &[ItemRow]) -> Result<()> {
        self.run("DELETE FROM attention WHERE record = ?1 AND field <> ''", [of.0])?;
        rows.iter().try_for_each(|row| self.add_item(row))
    }
    /// Puts an item over several records under each of them, in the place of the same item; of none it is gone.
    pub fn replace_cross(&mut self, id: &[u8; 16], rows: &[ItemRow]) -> Result<()> {
        self.run("DELETE FROM attention WHERE id = ?1 AND field = ''", [id])?;
        rows.iter().try_for_each(|row| self.add_item(row))
    }
    fn add_item(&mut self, row: &ItemRow) -> Result<()> {
        let sql = "INSERT INTO attention (record, id, rule, field, json) VALUES (?1, ?2, ?3, ?4, ?5)";
        self.run(sql, (row.record.0, row.id, &row.rule, &row.field, &row.json))?;
        Ok(())
    }
    /// Forgets the whole projection.
    pub fn clear_projection(&mut self) -> Result<()> {
        for table in ["facts", "links", "keys", "attention"] {
            self.run(&format!("DELETE FROM {table}"), [])?;
        }
        Ok(())
    }
}
