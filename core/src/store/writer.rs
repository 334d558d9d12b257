//! Writing rows, inside the transaction of [`super::Store::write`].

use std::ops::Deref;

use rusqlite::{Connection, Params, params};

use super::{
    AttentionRow, ChangeState, CursorRow, DocRow, Reader, StoreError, StoredChange, StoredTag, ViewRow, reader::doc_id,
};
use crate::model::{Bucket, ChangeHash, DocId, Envelope, Millis, RecordId, Role, Scope, UserId};

/// A page of the server names few batches at a time.
const COMMONS_REMEMBERED: usize = 32;

/// An open transaction. It can read what it has written.
pub struct Writer<'c> {
    reader: Reader<'c>,
    /// Highest number given to a change. Numbers are places in the outbox that a running sync remembers, so it never goes
    /// back while the store is open: not where the change was dropped, not where it was rolled back.
    last_change: &'c mut Option<i64>,
    /// The document named last: a page of changes and one edit name the same one many times.
    doc: Option<(DocId, i64)>,
    commons: Vec<(Common, i64)>,
}

/// What many envelopes have in common.
#[derive(PartialEq, Eq)]
struct Common {
    accepted_at: Millis,
    epoch: u64,
    kind: String,
    grid: Scope,
    author: UserId,
    role: Role,
    device: [u8; 16],
    lease: Option<String>,
    accepted_by: Option<UserId>,
}

impl Common {
    fn of(envelope: &Envelope) -> Self {
        Self {
            accepted_at: envelope.accepted_at,
            epoch: envelope.epoch,
            kind: envelope.kind.0.clone(),
            grid: envelope.grid.clone(),
            author: envelope.author.clone(),
            role: envelope.role,
            device: envelope.device.0,
            lease: envelope.lease.clone(),
            accepted_by: envelope.accepted_by.clone(),
        }
    }
}

impl<'c> Deref for Writer<'c> {
    type Target = Reader<'c>;
    fn deref(&self) -> &Reader<'c> {
        &self.reader
    }
}

impl<'c> Writer<'c> {
    pub(super) fn new(conn: &'c Connection, last_change: &'c mut Option<i64>) -> Self {
        Self { reader: Reader::new(conn), last_change, doc: None, commons: Vec::new() }
    }

    /// Keeps a small fact. Names that begin with `store.` are the store's own.
    pub fn set_meta(&mut self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        let sql =
            "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        self.run(sql, params![key, value]).map(drop)
    }

    /// Forgets a small fact.
    pub fn remove_meta(&mut self, key: &str) -> Result<(), StoreError> {
        self.run("DELETE FROM meta WHERE key = ?1", [key]).map(drop)
    }

    /// Writes a document's row, new or not. Its changes stay.
    pub fn put_doc(&mut self, row: &DocRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO docs (record, audience, generation, kind, scope, len, snapshot_len, snapshot) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (record, audience, generation) DO UPDATE SET \
             kind = excluded.kind, scope = excluded.scope, len = excluded.len, \
             snapshot_len = excluded.snapshot_len, snapshot = excluded.snapshot";
        let (id, snapshot) = (&row.id, row.snapshot.as_deref().unwrap_or_default());
        self.run(
            sql,
            params![
                id.record.0,
                id.audience.number(),
                id.generation,
                row.kind.0,
                row.scope.0,
                row.len,
                row.snapshot_len,
                snapshot
            ],
        )
        .map(drop)
    }

    /// Adds a change behind those the document has. `false` if it was there already, whatever its state; it is then left
    /// as it is.
    ///
    /// # Errors
    /// [`StoreError::Missing`] without [`Writer::put_doc`] before; [`StoreError::Inconsistent`] where the envelope is
    /// that of another change.
    pub fn add_change(&mut self, id: &DocId, change: &StoredChange) -> Result<bool, StoreError> {
        let doc = self.doc_of(id)?;
        let n = self.last_change()? + 1;
        let common = match &change.envelope {
            Some(envelope) => Some(self.common(id, &change.hash, envelope)?),
            None => None,
        };
        let bounded = change.envelope.as_ref().and_then(|envelope| envelope.bounded).map(|time| time.0);
        let sql = "INSERT INTO changes (n, doc, state, common, bounded, tag_key, tag_mac, hash, raw) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (doc, hash) DO NOTHING";
        let (key, mac) = (change.tag.map(|tag| tag.key), change.tag.map(|tag| tag.mac));
        let added = self
            .run(sql, params![n, doc, change.state.number(), common, bounded, key, mac, change.hash.0, change.raw])?
            == 1;
        if added {
            *self.last_change = Some(n);
        }
        Ok(added)
    }

    /// Puts a stored change into the outbox, marks it as written here and sets it to pending. `scope` is the grid at
    /// writing time.
    pub fn enqueue(&mut self, id: &DocId, hash: &ChangeHash, scope: &Scope) -> Result<(), StoreError> {
        let n = self.change_of(id, hash)?;
        self.run("UPDATE changes SET own = 1, state = ?2 WHERE n = ?1", [n, ChangeState::Pending.number()])?;
        let sql = "INSERT INTO outbox (n, scope) VALUES (?1, ?2) \
             ON CONFLICT (n) DO UPDATE SET scope = excluded.scope, reason = ''";
        self.run(sql, params![n, scope.0]).map(drop)
    }

    /// Keeps the server's envelope and tag of a change; it leaves the outbox.
    pub fn set_accepted(
        &mut self,
        id: &DocId,
        hash: &ChangeHash,
        envelope: &Envelope,
        tag: &StoredTag,
    ) -> Result<(), StoreError> {
        let n = self.change_of(id, hash)?;
        let common = self.common(id, hash, envelope)?;
        let sql = "UPDATE changes SET state = ?2, common = ?3, bounded = ?4, tag_key = ?5, tag_mac = ?6 WHERE n = ?1";
        let bounded = envelope.bounded.map(|time| time.0);
        self.run(sql, params![n, ChangeState::Accepted.number(), common, bounded, tag.key, tag.mac])?;
        self.run("DELETE FROM outbox WHERE n = ?1", [n]).map(drop)
    }

    /// Notes what became of a change. Accepted, it leaves the outbox (its envelope may come later); otherwise the reason
    /// is kept beside it.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where the change is unknown, or is to wait in the outbox and is not there.
    pub fn set_state(
        &mut self,
        id: &DocId,
        hash: &ChangeHash,
        state: ChangeState,
        reason_json: Option<&str>,
    ) -> Result<(), StoreError> {
        let n = self.change_of(id, hash)?;
        self.run("UPDATE changes SET state = ?2 WHERE n = ?1", [n, state.number()])?;
        if state == ChangeState::Accepted {
            return self.run("DELETE FROM outbox WHERE n = ?1", [n]).map(drop);
        }
        match self.run("UPDATE outbox SET reason = ?2 WHERE n = ?1", params![n, reason_json.unwrap_or_default()])? {
            0 => Err(StoreError::Missing("change in the outbox")),
            _ => Ok(()),
        }
    }

    /// Writes what screens show of a record.
    pub fn put_view(&mut self, row: &ViewRow) -> Result<(), StoreError> {
        // Most edits leave a record where it stands in the lists. Naming only the other columns then spares the index.
        let in_place = "INSERT INTO views (record, kind, scope, title, sort, contested, pending, updated, json) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (record) DO UPDATE SET \
             pending = excluded.pending, updated = excluded.updated, json = excluded.json \
             WHERE kind = excluded.kind AND scope = excluded.scope AND sort = excluded.sort \
             AND contested = excluded.contested AND title = excluded.title";
        let moved = "UPDATE views SET kind = ?2, scope = ?3, title = ?4, sort = ?5, contested = ?6, pending = ?7, \
             updated = ?8, json = ?9 WHERE record = ?1";
        let values = params![
            row.record.0,
            row.kind.0,
            row.scope.0,
            row.title,
            row.sort,
            row.contested,
            row.pending,
            row.updated.0,
            row.json
        ];
        if self.run(in_place, values)? == 0 {
            self.run(moved, values)?;
        }
        Ok(())
    }

    /// Takes a record out of the lists.
    pub fn drop_view(&mut self, record: &RecordId) -> Result<(), StoreError> {
        self.run("DELETE FROM views WHERE record = ?1", [record.0]).map(drop)
    }

    /// Moves the cursor of a bucket.
    pub fn set_cursor(&mut self, row: &CursorRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO cursors (scope, audience, seq, digest) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (scope, audience) DO UPDATE SET seq = excluded.seq, digest = excluded.digest";
        let (scope, audience) = (&row.bucket.scope.0, row.bucket.audience.number());
        self.run(sql, params![scope, audience, row.seq.cast_signed(), row.digest]).map(drop)
    }

    /// Forgets a bucket: its cursor and every document filed under it, except those with an own change that the server
    /// has not accepted. Gives the records whose views must be made anew.
    pub fn drop_bucket(&mut self, bucket: &Bucket) -> Result<Vec<RecordId>, StoreError> {
        let (scope, audience) = (&bucket.scope.0, bucket.audience.number());
        self.run("DELETE FROM cursors WHERE scope = ?1 AND audience = ?2", params![scope, audience])?;
        let sql = "SELECT record, audience, generation FROM docs d WHERE scope = ?1 AND audience = ?2 AND NOT EXISTS \
             (SELECT 1 FROM changes c JOIN outbox o ON o.n = c.n WHERE c.doc = d.doc) ORDER BY 1, 2, 3";
        let docs = self.all(sql, params![scope, audience], doc_id)?;
        for id in &docs {
            self.drop_doc(id)?;
        }
        let mut records: Vec<_> = docs.into_iter().map(|id| id.record).collect();
        records.dedup();
        Ok(records)
    }

    /// Forgets a document with all its changes, own and waiting ones too. No error where there is none.
    pub fn drop_doc(&mut self, id: &DocId) -> Result<(), StoreError> {
        let Some(doc) = self.doc_number(id)? else { return Ok(()) };
        self.last_change()?;
        self.doc = None;
        self.run("DELETE FROM docs WHERE doc = ?1", [doc]).map(drop)
    }

    /// Puts these items about fields of a record in the place of those it had.
    pub fn replace_attention(&mut self, record: &RecordId, rows: &[AttentionRow]) -> Result<(), StoreError> {
        self.run("DELETE FROM attention WHERE record = ?1 AND field <> ''", [record.0])?;
        let sql = "INSERT INTO attention (record, id, rule, field, json) VALUES (?1, ?2, ?3, ?4, ?5)";
        for row in rows {
            if row.record != *record {
                return Err(StoreError::Inconsistent("attention item of another record"));
            }
            self.run(sql, params![record.0, row.id, row.rule, row.field, row.json])?;
        }
        Ok(())
    }

    pub(super) fn run(&self, sql: &str, params: impl Params) -> Result<usize, StoreError> {
        Ok(self.prepare(sql)?.execute(params)?)
    }

    fn doc_of(&mut self, id: &DocId) -> Result<i64, StoreError> {
        if let Some((_, doc)) = self.doc.filter(|(last, _)| last == id) {
            return Ok(doc);
        }
        let doc = self.doc_number(id)?.ok_or(StoreError::Missing("document"))?;
        self.doc = Some((*id, doc));
        Ok(doc)
    }

    fn change_of(&mut self, id: &DocId, hash: &ChangeHash) -> Result<i64, StoreError> {
        let doc = self.doc_of(id)?;
        self.change_number(doc, hash)?.ok_or(StoreError::Missing("change"))
    }

    fn last_change(&mut self) -> Result<i64, StoreError> {
        if let Some(n) = *self.last_change {
            return Ok(n);
        }
        let stored: Option<i64> = self.first("SELECT max(n) FROM changes", [], |row| row.get(0))?.flatten();
        Ok(*self.last_change.insert(stored.unwrap_or(0)))
    }

    /// The number under which the shared parts of an envelope are stored.
    fn common(&mut self, id: &DocId, hash: &ChangeHash, envelope: &Envelope) -> Result<i64, StoreError> {
        if envelope.doc != *id || envelope.hash != *hash {
            return Err(StoreError::Inconsistent("envelope of another change"));
        }
        let common = Common::of(envelope);
        if let Some((_, number)) = self.commons.iter().find(|(known, _)| *known == common) {
            return Ok(*number);
        }
        let number = self.store_common(&common)?;
        if self.commons.len() == COMMONS_REMEMBERED {
            self.commons.remove(0);
        }
        self.commons.push((common, number));
        Ok(number)
    }

    fn store_common(&mut self, common: &Common) -> Result<i64, StoreError> {
        let role = common.role.to_string();
        let accepted_by = common.accepted_by.as_ref().map(|user| &user.0);
        let values = params![
            common.accepted_at.0,
            common.epoch.cast_signed(),
            common.kind,
            common.grid.0,
            common.author.0,
            role,
            common.device,
            common.lease,
            accepted_by
        ];
        let find = "SELECT id FROM envelope_commons WHERE accepted_at = ?1 AND epoch = ?2 AND kind = ?3 AND grid = ?4 \
             AND author = ?5 AND role = ?6 AND device = ?7 AND lease IS ?8 AND accepted_by IS ?9";
        if let Some(number) = self.first(find, values, |row| row.get(0))? {
            return Ok(number);
        }
        let add = "INSERT INTO envelope_commons \
             (accepted_at, epoch, kind, grid, author, role, device, lease, accepted_by) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        Ok(self.prepare(add)?.insert(values)?)
    }
}
