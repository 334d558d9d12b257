//! One county: its data directory, its keys, and what can be done with them. Plain functions; no socket, no clock.

mod accept;
mod commands;
mod control;
mod people;
mod project;
mod records;
mod resolve;

use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
};

use wangge_core::{
    model::{Bucket, ChangeHash, Envelope, KindName, Millis, RecordId, Schema},
    sync::wire::{Common, Digest, Reason, Tag},
};

pub(crate) use accept::{Acceptor, Target};
pub(crate) use commands::settle;
pub use commands::{CommandDone, CommandOrder, EventLine, Story};
pub use control::verify_chain;
pub use people::{Device, INVITE_MS, Person};
pub use project::CountyItem;
pub(crate) use records::load_document;
pub use records::{ImportKey, Pair, SERVER_DEVICE, ServerBatch, ServerRecord, WriteSummary};
pub use resolve::RecordState;

use crate::{
    CountyError, Keys,
    db::{self, Db, Hold, Reader, Totals},
    keys::files,
    metrics::Metrics,
};

/// Source of random bytes.
pub type Random<'a> = &'a mut dyn FnMut(&mut [u8]);

/// Unpacked bytes that a reply's pages start from; it adapts to what packs into the limit of a frame.
const PAGE_BYTES: usize = 3 << 20;

/// What a new county starts with.
#[derive(Clone, Debug, Default)]
pub struct NewCounty {
    /// Its name as screens show it.
    pub name: String,
    /// Address that phones reach it at, for enrolment codes; may change later.
    pub url: String,
    /// 1 for a new county; higher where phones already know an earlier one of the same keys.
    pub epoch: u64,
}

/// An open county.
pub struct County {
    pub(crate) db: Db,
    pub(crate) keys: Keys,
    pub(crate) schema: &'static Schema,
    pub(crate) metrics: Metrics,
    name: String,
    epoch: u64,
    page_bytes: AtomicUsize,
    pruned_at: AtomicI64,
    /// One round of the projection at a time.
    projecting: Mutex<()>,
}

impl std::fmt::Debug for County {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("County").field("name", &self.name).field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

/// One entry of a bucket's log, as an auditor or a simulator reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedChange {
    /// Sequence number.
    pub seq: u64,
    /// Running sum up to and with it.
    pub digest: Digest,
    /// Envelope.
    pub envelope: Envelope,
    /// Tag over it.
    pub tag: Tag,
    /// The change.
    pub raw: Vec<u8>,
}

/// A bucket and where its log stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketHead {
    /// The bucket.
    pub bucket: Bucket,
    /// Last sequence number.
    pub head: u64,
    /// Running sum.
    pub digest: Digest,
}

/// Something that was not accepted and waits, or was refused; without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// The record it claimed.
    pub record: RecordId,
    /// Its name.
    pub hash: ChangeHash,
    /// Whether a person shall judge; otherwise refused.
    pub review: bool,
    /// Why.
    pub reason: Reason,
    /// When it came.
    pub at: Millis,
}

impl County {
    /// Makes a new county in an empty place. `keys_dir` must hold its keys already, see [`files::create`].
    pub fn create(data: &Path, keys_dir: &Path, new: &NewCounty, now: Millis) -> Result<Self, CountyError> {
        if db::exists(data) {
            return Err(CountyError::Exists(data.display().to_string()));
        }
        let keys = files::load(keys_dir)?;
        files::make_private_dir(data)?;
        let db = Db::open(data, keys.database(), Hold::Alone)?;
        let identity = keys.identity_public();
        db.write(|w| {
            w.set_meta("identity", &identity)?;
            w.set_meta("name", new.name.as_bytes())?;
            w.set_meta("url", new.url.as_bytes())?;
            w.set_meta_number("epoch", new.epoch)?;
            control::begin(w, &keys, now)
        })?;
        files::sync_dir(data)?;
        Self::over(db, keys)
    }

    /// Opens a county as its only server. A second process, or a second handle, gets [`CountyError::InUse`].
    pub fn open(data: &Path, keys_dir: &Path) -> Result<Self, CountyError> {
        Self::open_as(data, keys_dir, Hold::Alone)
    }

    /// Opens a county for one short command, beside a server that may be running.
    pub fn open_beside(data: &Path, keys_dir: &Path) -> Result<Self, CountyError> {
        Self::open_as(data, keys_dir, Hold::Beside)
    }

    fn open_as(data: &Path, keys_dir: &Path, hold: Hold) -> Result<Self, CountyError> {
        if !db::exists(data) {
            return Err(CountyError::Missing(data.display().to_string()));
        }
        let keys = files::load(keys_dir)?;
        Self::over(Db::open(data, keys.database(), hold)?, keys)
    }

    fn over(db: Db, keys: Keys) -> Result<Self, CountyError> {
        let (identity, name, epoch) =
            db.read(|r| Ok::<_, CountyError>((r.meta("identity")?, r.meta_text("name")?, r.meta_number("epoch")?)))?;
        if identity.as_deref() != Some(keys.identity_public().as_slice()) {
            return Err(CountyError::WrongKeys);
        }
        Ok(Self {
            db,
            keys,
            schema: Schema::built_in(),
            metrics: Metrics::default(),
            name,
            epoch,
            page_bytes: AtomicUsize::new(PAGE_BYTES),
            pruned_at: AtomicI64::new(0),
            projecting: Mutex::new(()),
        })
    }

    /// Works under another schema than the one that ships with this build.
    #[must_use]
    pub fn with_schema(mut self, schema: &'static Schema) -> Self {
        self.schema = schema;
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// Counts restorations from 1; phones notice when it changes.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }
    /// Its keys.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }
    /// Counters of this process.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }
    /// The schema in force.
    pub fn schema(&self) -> &'static Schema {
        self.schema
    }
    /// The address that enrolment codes name.
    pub fn url(&self) -> Result<String, CountyError> {
        self.db.read(|r| Ok(r.meta_text("url")?))
    }
    /// Changes the address that enrolment codes name.
    pub fn set_url(&self, url: &str) -> Result<(), CountyError> {
        let host = url.strip_prefix("https://").map(|rest| rest.split(['/', ':']).next().unwrap_or_default());
        if host.is_none_or(|host| host.is_empty() || host.contains(char::is_whitespace)) {
            return Err(CountyError::invalid(
                format!("地址 {url} 不对，应如 https://10.0.0.5:8443"),
                format!("{url} is no address of ours; write it like https://10.0.0.5:8443"),
            ));
        }
        self.db.write(|w| Ok(w.set_meta("url", url.as_bytes())?))
    }
    /// How many records of each kind there are.
    pub fn counts(&self) -> Result<BTreeMap<KindName, u64>, CountyError> {
        self.db.read(|r| Ok(r.counts()?))
    }
    /// Figures of the whole county.
    pub fn totals(&self) -> Result<Totals, CountyError> {
        self.db.read(|r| Ok(r.totals()?))
    }
    /// Every bucket that was written to, in order.
    pub fn buckets(&self) -> Result<Vec<BucketHead>, CountyError> {
        let rows = self.db.read(|r| Ok::<_, CountyError>(r.buckets()?))?;
        Ok(rows.into_iter().map(|row| BucketHead { bucket: row.bucket, head: row.head, digest: row.digest }).collect())
    }
    /// The entries of a bucket after a sequence number.
    pub fn log_after(&self, bucket: &Bucket, seq: u64) -> Result<Vec<LoggedChange>, CountyError> {
        self.db.read(|r| {
            let Some(row) = r.bucket(bucket)? else { return Ok(Vec::new()) };
            let mut rows = Vec::new();
            r.log(row.n, seq, None, |entry| {
                rows.push(entry);
                Ok(true)
            })?;
            let mut commons = Commons::default();
            let mut out = Vec::with_capacity(rows.len());
            for entry in rows {
                let envelope = envelope(&entry.change, commons.get(r, entry.change.common)?);
                let raw = entry.change.raw.unwrap_or_default();
                out.push(LoggedChange { seq: entry.seq, digest: entry.digest, envelope, tag: entry.change.tag, raw });
            }
            Ok(out)
        })
    }
    /// What was not accepted, oldest first.
    pub fn set_aside(&self) -> Result<Vec<SetAside>, CountyError> {
        let rows = self.db.read(|r| Ok::<_, CountyError>(r.aside()?))?;
        let plain = |row: db::AsideRow| SetAside {
            record: row.doc.record,
            hash: row.hash,
            review: row.review,
            reason: row.reason,
            at: row.at,
        };
        Ok(rows.into_iter().map(plain).collect())
    }

    /// Whether old nonces should be forgotten now: once an hour.
    pub(crate) fn should_prune(&self, now: Millis) -> bool {
        let last = self.pruned_at.load(Ordering::Relaxed);
        let due = now.0.abs_diff(last) >= 3_600_000;
        due && self.pruned_at.compare_exchange(last, now.0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
    pub(crate) fn page_bytes(&self) -> usize {
        self.page_bytes.load(Ordering::Relaxed)
    }
    /// Learns how well pages pack: less after one that did not fit, slowly more after one that did.
    pub(crate) fn learn_page_bytes(&self, tried: usize, fitted: bool) {
        let next = if fitted { (tried + tried / 32).min(2 * PAGE_BYTES) } else { tried * 2 / 3 };
        self.page_bytes.store(next, Ordering::Relaxed);
    }
}

/// Shared envelope parts that were read before.
#[derive(Default)]
pub(crate) struct Commons(BTreeMap<i64, Common>);

impl Commons {
    /// The parts of a number.
    pub fn get(&mut self, r: &Reader<'_>, n: i64) -> Result<&Common, CountyError> {
        match self.0.entry(n) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(slot) => Ok(slot.insert(r.common(n)?.ok_or_else(|| damaged("common"))?)),
        }
    }
}

/// The envelope of a stored change.
pub(crate) fn envelope(change: &db::ChangeRow, common: &Common) -> Envelope {
    Envelope {
        doc: change.doc,
        kind: change.kind.clone(),
        hash: change.hash,
        author: common.author.clone(),
        role: common.role,
        device: common.device,
        lease: common.lease.clone(),
        grid: common.grid.clone(),
        accepted_at: common.accepted_at,
        bounded: change.bounded,
        epoch: common.epoch,
        accepted_by: common.accepted_by.clone(),
    }
}

pub(crate) fn damaged(what: &str) -> CountyError {
    CountyError::Storage(format!("damaged: {what}"))
}
