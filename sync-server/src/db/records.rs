//! Records, documents, changes and where they are routed.

use rusqlite::Row;
use wangge_core::{
    model::{ChangeHash, DocId, KindName, Millis, RecordId, Scope},
    sync::wire::{Common, Tag},
};

use super::{
    ChangeRow, DocRow, Reader, RecordRow, Result, Writer,
    rows::{audience, count, device, hash, kind, maybe_millis, millis, record, role, role_number, scope, signed, user},
};

/// Columns of [`change_row`], from tables c (changes), d (docs), r (records).
macro_rules! change_columns {
    () => {
        "c.n, c.hash, c.common, c.bounded, c.tag_key, c.tag, r.id, d.audience, d.generation, r.kind"
    };
}
pub(super) use change_columns;

/// Reads the change columns and, after them, the raw bytes.
pub(super) fn change_row(row: &Row<'_>) -> rusqlite::Result<ChangeRow> {
    Ok(ChangeRow {
        n: row.get(0)?,
        hash: hash(row, 1)?,
        common: row.get(2)?,
        bounded: maybe_millis(row, 3)?,
        tag: Tag { key: row.get(4)?, mac: row.get(5)? },
        doc: DocId { record: record(row, 6)?, audience: audience(row, 7)?, generation: row.get(8)? },
        kind: kind(row, 9)?,
        raw: row.get(10)?,
    })
}

impl Reader<'_> {
    /// A record with its routes.
    pub fn record(&self, id: &RecordId) -> Result<Option<RecordRow>> {
        let found = self.one("SELECT n, kind, version FROM records WHERE id = ?1", [id.0], |row| {
            Ok(RecordRow { n: row.get(0)?, kind: kind(row, 1)?, version: row.get(2)?, routes: Vec::new() })
        })?;
        let Some(mut found) = found else { return Ok(None) };
        let sql = "SELECT scope FROM routes WHERE record = ?1 ORDER BY scope";
        found.routes = self.all(sql, [found.n], |row| scope(row, 0))?;
        Ok(Some(found))
    }
    /// The documents of a record with their bytes. Without `trust` snapshots are left out, and every change is given.
    pub fn docs(&self, id: &RecordId, n: i64, trust: bool) -> Result<Vec<DocRow>> {
        let sql = if trust {
            "SELECT n, audience, generation, snapshot, snapshot_len FROM docs WHERE record = ?1 ORDER BY n"
        } else {
            "SELECT n, audience, generation, x'', 0 FROM docs WHERE record = ?1 ORDER BY n"
        };
        let mut docs = self.all(sql, [n], |row| {
            Ok(DocRow {
                n: row.get(0)?,
                id: DocId { record: *id, audience: audience(row, 1)?, generation: row.get(2)? },
                snapshot: row.get(3)?,
                snapshot_len: count(row, 4)? as usize,
                raws: Vec::new(),
            })
        })?;
        for doc in &mut docs {
            let sql = "SELECT raw FROM changes WHERE doc = ?1 ORDER BY n LIMIT -1 OFFSET ?2";
            doc.raws = self.all(sql, (doc.n, doc.snapshot_len as i64), |row| row.get(0))?;
        }
        Ok(docs)
    }
    /// Every change of a record with its bytes, in the order of acceptance.
    pub fn changes(&self, n: i64) -> Result<Vec<ChangeRow>> {
        let sql = concat!(
            "SELECT ",
            change_columns!(),
            ", c.raw FROM changes c JOIN docs d ON d.n = c.doc JOIN records r ON r.n = d.record
             WHERE d.record = ?1 ORDER BY c.n"
        );
        self.all(sql, [n], change_row)
    }
    /// Shared envelope parts.
    pub fn common(&self, n: i64) -> Result<Option<Common>> {
        let sql = "SELECT author, role, device, lease, grid, accepted_at, epoch, accepted_by FROM commons WHERE n = ?1";
        self.one(sql, [n], |row| {
            Ok(Common {
                author: user(row, 0)?,
                role: role(row, 1)?,
                device: device(row, 2)?,
                lease: row.get(3)?,
                grid: scope(row, 4)?,
                accepted_at: millis(row, 5)?,
                epoch: count(row, 6)?,
                accepted_by: row.get::<_, Option<String>>(7)?.map(wangge_core::model::UserId),
            })
        })
    }
    /// Ids of all records of a kind, oldest first.
    pub fn records_of(&self, of: &KindName) -> Result<Vec<RecordId>> {
        self.all("SELECT id FROM records WHERE kind = ?1 ORDER BY n", [&of.0], |row| record(row, 0))
    }
}

impl Reader<'_> {
    /// Numbers and ids of the records of a kind that a grid holds.
    pub fn records_in(&self, of: &KindName, scope: &Scope) -> Result<Vec<(i64, RecordId)>> {
        let sql = "SELECT r.n, r.id FROM records r JOIN routes t ON t.record = r.n
                   WHERE r.kind = ?1 AND t.scope = ?2 ORDER BY r.n";
        self.all(sql, (&of.0, &scope.0), |row| Ok((row.get(0)?, record(row, 1)?)))
    }
    /// Homes of a village that were last written with a door, oldest first.
    pub fn same_door(&self, village: &str, door: &str) -> Result<Vec<RecordId>> {
        let sql = "SELECT r.id FROM doors d JOIN records r ON r.n = d.record
                   WHERE d.village = ?1 AND d.door = ?2 ORDER BY r.n";
        self.all(sql, (village, door), |row| record(row, 0))
    }
}

impl Writer<'_> {
    /// Notes the door of a home; false where it was noted so before.
    pub fn set_door(&mut self, n: i64, village: &str, door: &str) -> Result<bool> {
        let sql = "INSERT INTO doors (record, village, door) VALUES (?1, ?2, ?3)
                   ON CONFLICT DO UPDATE SET village = ?2, door = ?3 WHERE village != ?2 OR door != ?3";
        Ok(self.run(sql, (n, village, door))? == 1)
    }
}

/// What a stored change consists of.
pub struct NewChange<'a> {
    /// Number of its document.
    pub doc: i64,
    /// Name.
    pub hash: ChangeHash,
    /// Bytes.
    pub raw: &'a [u8],
    /// Number of its shared envelope parts.
    pub common: i64,
    /// Where observed_at lay after acceptance.
    pub bounded: Option<Millis>,
    /// Tag.
    pub tag: Tag,
    /// Number of the commit.
    pub commit: u64,
}

impl Writer<'_> {
    /// Adds a record.
    pub fn add_record(&mut self, id: &RecordId, of: &KindName) -> Result<i64> {
        self.insert("INSERT INTO records (id, kind) VALUES (?1, ?2)", (id.0, &of.0))
    }
    /// Notes that something was added to a record.
    pub fn touch_record(&mut self, n: i64) -> Result<()> {
        self.run("UPDATE records SET version = version + 1 WHERE n = ?1", [n])?;
        Ok(())
    }
    /// Routes a record to a grid; false where it was.
    pub fn add_route(&mut self, n: i64, to: &Scope) -> Result<bool> {
        Ok(self.run("INSERT INTO routes (record, scope) VALUES (?1, ?2) ON CONFLICT DO NOTHING", (n, &to.0))? == 1)
    }
    /// Adds a document.
    pub fn add_doc(&mut self, record: i64, id: &DocId) -> Result<i64> {
        let sql = "INSERT INTO docs (record, audience, generation) VALUES (?1, ?2, ?3)";
        self.insert(sql, (record, id.audience.number(), id.generation))
    }
    /// Replaces a document's snapshot; the caller has proved that it loads to the same heads.
    pub fn set_snapshot(&mut self, doc: i64, bytes: &[u8], len: usize) -> Result<()> {
        self.run("UPDATE docs SET snapshot = ?2, snapshot_len = ?3 WHERE n = ?1", (doc, bytes, len as i64))?;
        Ok(())
    }
    /// Adds shared envelope parts.
    pub fn add_common(&mut self, common: &Common) -> Result<i64> {
        self.insert(
            "INSERT INTO commons (author, role, device, lease, grid, accepted_at, epoch, accepted_by)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            (
                &common.author.0,
                role_number(common.role),
                common.device.0,
                &common.lease,
                &common.grid.0,
                common.accepted_at.0,
                signed(common.epoch),
                common.accepted_by.as_ref().map(|by| &by.0),
            ),
        )
    }
    /// Adds a change.
    pub fn add_change(&mut self, new: &NewChange<'_>) -> Result<i64> {
        self.insert(
            "INSERT INTO changes (doc, hash, raw, common, bounded, tag_key, tag, commit_no)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            (
                new.doc,
                new.hash.0,
                new.raw,
                new.common,
                new.bounded.map(|at| at.0),
                new.tag.key,
                new.tag.mac,
                signed(new.commit),
            ),
        )
    }
}
