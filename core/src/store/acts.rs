//! What was done on this phone and can be taken back, what is put off to the next meeting, and which records are one.

use std::collections::BTreeSet;

use rusqlite::params;

use super::{Reader, StoreError, Writer};
use crate::model::{Millis, RecordId};

impl Reader<'_> {
    /// The record that a record is an alias of.
    pub fn alias(&self, record: &RecordId) -> Result<Option<RecordId>, StoreError> {
        self.first("SELECT head FROM aliases WHERE record = ?1", [record.0], |row| Ok(RecordId(row.get(0)?)))
    }

    /// Records that are an alias of this one, by id.
    pub fn aliases(&self, head: &RecordId) -> Result<Vec<RecordId>, StoreError> {
        let sql = "SELECT record FROM aliases WHERE head = ?1 ORDER BY record";
        self.all(sql, [head.0], |row| Ok(RecordId(row.get(0)?)))
    }

    /// Whether any document of a record is here.
    pub fn holds(&self, record: &RecordId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM docs WHERE record = ?1 LIMIT 1";
        Ok(self.first(sql, [record.0], |_| Ok(()))?.is_some())
    }

    /// What was done, by its name; made and read by the facade.
    pub fn act(&self, id: &str) -> Result<Option<String>, StoreError> {
        self.first("SELECT json FROM acts WHERE id = ?1", [id], |row| row.get(0))
    }

    /// What was done since a time, the newest first.
    pub fn acts(&self, since: Millis) -> Result<Vec<String>, StoreError> {
        self.all("SELECT json FROM acts WHERE at >= ?1 ORDER BY at DESC, id DESC", [since.0], |row| row.get(0))
    }

    /// Items that are put off to the next meeting.
    pub fn later(&self) -> Result<BTreeSet<[u8; 16]>, StoreError> {
        Ok(self.all("SELECT item FROM later", [], |row| row.get(0))?.into_iter().collect())
    }
}

impl Writer<'_> {
    /// Notes what a record is an alias of, or that it is none.
    pub fn set_alias(&mut self, record: &RecordId, head: Option<&RecordId>) -> Result<(), StoreError> {
        match head {
            None => self.run("DELETE FROM aliases WHERE record = ?1", [record.0]).map(drop),
            Some(head) => {
                let sql = "INSERT INTO aliases (record, head) VALUES (?1, ?2) \
                     ON CONFLICT (record) DO UPDATE SET head = excluded.head";
                self.run(sql, params![record.0, head.0]).map(drop)
            }
        }
    }

    /// Keeps what was done, in the place of what has its name.
    pub fn put_act(&mut self, id: &str, at: Millis, json: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO acts (id, at, json) VALUES (?1, ?2, ?3) \
             ON CONFLICT (id) DO UPDATE SET at = excluded.at, json = excluded.json";
        self.run(sql, params![id, at.0, json]).map(drop)
    }

    /// Forgets what was done before a time.
    pub fn drop_acts(&mut self, before: Millis) -> Result<(), StoreError> {
        self.run("DELETE FROM acts WHERE at < ?1", [before.0]).map(drop)
    }

    /// Puts an item off to the next meeting.
    pub fn put_later(&mut self, item: &[u8; 16], at: Millis) -> Result<(), StoreError> {
        let sql = "INSERT INTO later (item, at) VALUES (?1, ?2) ON CONFLICT (item) DO UPDATE SET at = excluded.at";
        self.run(sql, params![item, at.0]).map(drop)
    }

    /// Takes an item up again.
    pub fn drop_later(&mut self, item: &[u8; 16]) -> Result<(), StoreError> {
        self.run("DELETE FROM later WHERE item = ?1", [item]).map(drop)
    }

    /// Forgets what was put off before a time, and items that are settled.
    pub fn prune_later(&mut self, before: Millis) -> Result<(), StoreError> {
        let sql = "DELETE FROM later WHERE at < ?1 OR item NOT IN (SELECT id FROM attention)";
        self.run(sql, [before.0]).map(drop)
    }
}
