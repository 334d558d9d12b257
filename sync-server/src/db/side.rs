//! What was set aside, keys of imported rows, pairs for a person to judge, and counts.

use std::collections::BTreeMap;

use wangge_core::{
    model::{ChangeHash, DeviceId, DocId, KindName, Millis, RecordId},
    sync::wire::Reason,
};

use super::{
    AsideRow, Reader, Result, Writer,
    rows::{count, device, doc, hash, kind, millis, record, role, role_number, scope, user},
};

/// Figures of the whole county.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Records.
    pub records: u64,
    /// Accepted changes.
    pub changes: u64,
    /// Buckets.
    pub buckets: u64,
    /// Phones in use.
    pub devices: u64,
    /// Waiting for a person.
    pub review: u64,
    /// Refused.
    pub refused: u64,
    /// Pairs that nobody has judged.
    pub pairs: u64,
}

impl Reader<'_> {
    /// What is kept of a device's uploads that were not accepted: rows and bytes.
    pub fn aside_size(&self, id: &DeviceId) -> Result<(u64, u64)> {
        let sql = "SELECT count(*), coalesce(sum(length(raw)), 0) FROM set_aside WHERE device = ?1";
        Ok(self.one(sql, [id.0], |row| Ok((count(row, 0)?, count(row, 1)?)))?.unwrap_or_default())
    }
    /// What was set aside, oldest first.
    pub fn aside(&self) -> Result<Vec<AsideRow>> {
        let sql = "SELECT doc, hash, kind, grid, raw, state = 0, rule, zh, en, device, user, role, at
                   FROM set_aside ORDER BY n";
        self.all(sql, [], |row| {
            Ok(AsideRow {
                doc: doc(row, 0)?,
                hash: hash(row, 1)?,
                kind: kind(row, 2)?,
                grid: scope(row, 3)?,
                raw: row.get(4)?,
                review: row.get(5)?,
                reason: Reason { rule: row.get(6)?, zh: row.get(7)?, en: row.get(8)? },
                device: device(row, 9)?,
                user: user(row, 10)?,
                role: role(row, 11)?,
                at: millis(row, 12)?,
            })
        })
    }
    /// Every key of a source.
    pub fn import_keys(&self, source: &str) -> Result<BTreeMap<String, RecordId>> {
        let sql = "SELECT key, record FROM import_keys WHERE source = ?1";
        Ok(self.all(sql, [source], |row| Ok((row.get(0)?, record(row, 1)?)))?.into_iter().collect())
    }
    /// Pairs that nobody has judged: both records and the rule.
    pub fn pairs(&self) -> Result<Vec<(RecordId, RecordId, Reason)>> {
        self.all("SELECT a, b, rule, zh, en FROM pairs WHERE judged = 0 ORDER BY a, b", [], |row| {
            let reason = Reason { rule: row.get(2)?, zh: row.get(3)?, en: row.get(4)? };
            Ok((record(row, 0)?, record(row, 1)?, reason))
        })
    }
    /// How many records of each kind there are.
    pub fn counts(&self) -> Result<BTreeMap<KindName, u64>> {
        let sql = "SELECT kind, count(*) FROM records GROUP BY kind ORDER BY kind";
        Ok(self.all(sql, [], |row| Ok((kind(row, 0)?, count(row, 1)?)))?.into_iter().collect())
    }
    /// Figures of the whole county. Records and changes are numbered without gaps and never deleted.
    pub fn totals(&self) -> Result<Totals> {
        let sql = "SELECT (SELECT coalesce(max(n), 0) FROM records), (SELECT coalesce(max(n), 0) FROM changes),
                   (SELECT count(*) FROM buckets), (SELECT count(*) FROM devices WHERE revoked_at IS NULL),
                   (SELECT count(*) FROM set_aside WHERE state = 0), (SELECT count(*) FROM set_aside WHERE state = 1),
                   (SELECT count(*) FROM pairs WHERE judged = 0)";
        let found = self.one(sql, [], |row| {
            Ok(Totals {
                records: count(row, 0)?,
                changes: count(row, 1)?,
                buckets: count(row, 2)?,
                devices: count(row, 3)?,
                review: count(row, 4)?,
                refused: count(row, 5)?,
                pairs: count(row, 6)?,
            })
        })?;
        Ok(found.unwrap_or_default())
    }
}

impl Writer<'_> {
    /// Keeps bytes that were not accepted; a later judgement of the same bytes replaces the earlier one.
    pub fn set_aside(&mut self, row: &AsideRow) -> Result<()> {
        self.run(
            "INSERT INTO set_aside (doc, hash, kind, grid, raw, state, rule, zh, en, device, user, role, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
             ON CONFLICT (doc, hash) DO UPDATE SET state = ?6, rule = ?7, zh = ?8, en = ?9",
            rusqlite::params![
                row.doc.to_bytes(),
                row.hash.0,
                row.kind.0,
                row.grid.0,
                row.raw,
                i64::from(!row.review),
                row.reason.rule,
                row.reason.zh,
                row.reason.en,
                row.device.0,
                row.user.0,
                role_number(row.role),
                row.at.0,
            ],
        )?;
        Ok(())
    }
    /// Takes bytes out of what was set aside, because they were accepted after all.
    pub fn drop_aside(&mut self, id: &DocId, name: &ChangeHash) -> Result<()> {
        self.run("DELETE FROM set_aside WHERE doc = ?1 AND hash = ?2", (id.to_bytes(), name.0))?;
        Ok(())
    }
    /// Remembers the record that an imported row became.
    pub fn set_import_key(&mut self, source: &str, key: &str, id: &RecordId) -> Result<()> {
        let sql = "INSERT INTO import_keys (source, key, record) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        self.run(sql, (source, key, id.0))?;
        Ok(())
    }
    /// Adds a pair for a person to judge; false where it is known.
    pub fn add_pair(&mut self, a: &RecordId, b: &RecordId, why: &Reason, now: Millis) -> Result<bool> {
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        let sql = "INSERT INTO pairs (a, b, rule, zh, en, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
        Ok(self.run(sql, (a.0, b.0, &why.rule, &why.zh, &why.en, now.0))? == 1)
    }
}
