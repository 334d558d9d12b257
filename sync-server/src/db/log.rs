//! Buckets, their logs, and the control log.

use wangge_core::{
    model::{Audience, Bucket, DeviceId, Role, Scope, UserId},
    sync::wire::{ControlEntry, Digest},
};

use super::{
    BucketRow, DbError, LogRow, Reader, Result, Writer,
    records::{change_columns, change_row},
    rows::{audience, count, digest, role_number, scope, signed},
};

impl Reader<'_> {
    /// Every bucket that was ever written to, in order.
    pub fn buckets(&self) -> Result<Vec<BucketRow>> {
        self.all("SELECT n, scope, audience, head, digest FROM buckets ORDER BY scope, audience", [], |row| {
            let bucket = Bucket { scope: scope(row, 1)?, audience: audience(row, 2)? };
            Ok(BucketRow { n: row.get(0)?, bucket, head: count(row, 3)?, digest: digest(row, 4)? })
        })
    }
    /// One bucket.
    pub fn bucket(&self, bucket: &Bucket) -> Result<Option<BucketRow>> {
        let sql = "SELECT n, head, digest FROM buckets WHERE scope = ?1 AND audience = ?2";
        self.one(sql, (&bucket.scope.0, bucket.audience.number()), |row| {
            Ok(BucketRow { n: row.get(0)?, bucket: bucket.clone(), head: count(row, 1)?, digest: digest(row, 2)? })
        })
    }
    /// The buckets that a person may hold in a role, in order, whether anything was written to them or not.
    pub fn buckets_for(&self, user: &UserId, role: Role, audiences: &[Audience]) -> Result<Vec<BucketRow>> {
        let sql = "SELECT a.scope, b.audience, b.n, b.head, b.digest
                   FROM assignments a LEFT JOIN buckets b ON b.scope = a.scope
                   WHERE a.user = ?1 AND a.role = ?2";
        let mut written = Vec::new();
        let mut scopes: Vec<Scope> = Vec::new();
        let found = self.all(sql, (&user.0, role_number(role)), |row| {
            let scope = scope(row, 0)?;
            let Some(n) = row.get::<_, Option<i64>>(2)? else { return Ok((scope, None)) };
            let bucket = Bucket { scope: scope.clone(), audience: audience(row, 1)? };
            Ok((scope, Some(BucketRow { n, bucket, head: count(row, 3)?, digest: digest(row, 4)? })))
        })?;
        for (scope, row) in found {
            scopes.push(scope);
            written.extend(row);
        }
        scopes.sort();
        scopes.dedup();
        let mut audiences = audiences.to_vec();
        audiences.sort();
        let wanted = scopes.iter().flat_map(|scope| audiences.iter().map(move |a| (scope, *a)));
        written.sort_by(|a, b| a.bucket.cmp(&b.bucket));
        Ok(wanted
            .map(|(scope, audience)| {
                let bucket = Bucket { scope: scope.clone(), audience };
                match written.binary_search_by(|row| row.bucket.cmp(&bucket)) {
                    Ok(at) => written[at].clone(),
                    Err(_) => BucketRow { n: 0, bucket, head: 0, digest: Digest::default() },
                }
            })
            .collect())
    }
    /// The running sum at an entry.
    pub fn digest_at(&self, bucket: i64, seq: u64) -> Result<Option<Digest>> {
        self.one("SELECT digest FROM log WHERE bucket = ?1 AND seq = ?2", (bucket, signed(seq)), |row| digest(row, 0))
    }
    /// Visits the entries after `after` in order until `visit` says false. Changes of the device `own` come without bytes.
    pub fn log(
        &self,
        bucket: i64,
        after: u64,
        own: Option<&DeviceId>,
        mut visit: impl FnMut(LogRow) -> Result<bool>,
    ) -> Result<()> {
        let sql = concat!(
            "SELECT ",
            change_columns!(),
            ", CASE WHEN m.device = ?3 THEN NULL ELSE c.raw END, l.seq, l.digest
             FROM log l JOIN changes c ON c.n = l.change JOIN commons m ON m.n = c.common
             JOIN docs d ON d.n = c.doc JOIN records r ON r.n = d.record
             WHERE l.bucket = ?1 AND l.seq > ?2 ORDER BY l.seq"
        );
        let mut statement = self.0.prepare_cached(sql)?;
        let mut rows = statement.query((bucket, signed(after), own.map(|id| id.0)))?;
        while let Some(row) = rows.next()? {
            if !visit(LogRow { seq: count(row, 11)?, digest: digest(row, 12)?, change: change_row(row)? })? {
                break;
            }
        }
        Ok(())
    }
    /// The number of the last control entry.
    pub fn control_head(&self) -> Result<u64> {
        Ok(self.one("SELECT coalesce(max(seq), 0) FROM control", [], |row| count(row, 0))?.unwrap_or(0))
    }
    /// Control entries after a number, at most so many.
    pub fn control_after(&self, after: u64, most: u64) -> Result<Vec<ControlEntry>> {
        let sql = "SELECT entry FROM control WHERE seq > ?1 ORDER BY seq LIMIT ?2";
        let rows: Vec<Vec<u8>> = self.all(sql, (signed(after), signed(most)), |row| row.get(0))?;
        let damaged = |_| DbError::Damaged("control".to_owned());
        rows.iter().map(|bytes| minicbor::decode(bytes).map_err(damaged)).collect()
    }
}

impl Writer<'_> {
    /// One bucket, made where it is not there yet.
    pub fn bucket_or_new(&mut self, bucket: &Bucket) -> Result<BucketRow> {
        if let Some(row) = self.bucket(bucket)? {
            return Ok(row);
        }
        let sql = "INSERT INTO buckets (scope, audience) VALUES (?1, ?2)";
        let n = self.insert(sql, (&bucket.scope.0, bucket.audience.number()))?;
        Ok(BucketRow { n, bucket: bucket.clone(), head: 0, digest: Digest::default() })
    }
    /// Adds the entry `row.head` with the sum `row.digest`; [`Writer::set_bucket`] must follow in the same transaction.
    pub fn add_log(&mut self, row: &BucketRow, change: i64) -> Result<()> {
        let sql = "INSERT INTO log (bucket, seq, change, digest) VALUES (?1, ?2, ?3, ?4)";
        self.run(sql, (row.n, signed(row.head), change, row.digest.0))?;
        Ok(())
    }
    /// Notes where a bucket's log stands.
    pub fn set_bucket(&mut self, row: &BucketRow) -> Result<()> {
        self.run("UPDATE buckets SET head = ?2, digest = ?3 WHERE n = ?1", (row.n, signed(row.head), row.digest.0))?;
        Ok(())
    }
    /// Adds a control entry.
    pub fn add_control(&mut self, entry: &ControlEntry) -> Result<()> {
        let bytes = minicbor::to_vec(entry).expect("encoding into memory cannot fail");
        self.run("INSERT INTO control (seq, entry) VALUES (?1, ?2)", (signed(entry.seq), bytes))?;
        Ok(())
    }
}
