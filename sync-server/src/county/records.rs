//! Records as the county itself reads and writes them.

use std::collections::BTreeMap;

use wangge_core::{
    doc::{DocError, Document, Draft, Written},
    model::{
        Actor, Audience, DeviceId, DocId, Kind, KindName, Meta, Millis, RecordId, Role, Scope, Source, UserId, Value,
    },
    sync::wire::{Common, Reason},
};

use super::{Acceptor, County, Random, Target, commands::settle, damaged};
use crate::{
    CountyError,
    db::{DocRow, RecordRow, Writer},
};

/// The device that the server's own writes name.
pub const SERVER_DEVICE: DeviceId = DeviceId([0; 16]);
/// Batches smaller than this are not worth a second thread.
const WORTH_THREADS: usize = 64;

/// What the county itself writes of one record, from one source.
#[derive(Clone, Debug)]
pub struct ServerRecord {
    /// The record; new where it is not known.
    pub record: RecordId,
    /// Its kind.
    pub kind: KindName,
    /// Grid that holds it; one more where it is known in others.
    pub scope: Scope,
    /// On what evidence.
    pub source: Source,
    /// When it was seen.
    pub observed_at: Millis,
    /// Keys and values; each goes into the document of its field's audience.
    pub fields: Vec<(String, Value)>,
    /// Fields that are confirmed without being written.
    pub seen: Vec<String>,
}

/// A row of a ledger and the record that it became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportKey {
    /// Which ledger, in the importer's own words.
    pub source: String,
    /// Which row of it.
    pub key: String,
    /// The record.
    pub record: RecordId,
}

/// Two records that may be one, for a person to judge; never merged by machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// One.
    pub a: RecordId,
    /// The other.
    pub b: RecordId,
    /// Why they may be one.
    pub reason: Reason,
}

/// What the county writes in one transaction.
#[derive(Clone, Debug, Default)]
pub struct ServerBatch {
    /// Records.
    pub records: Vec<ServerRecord>,
    /// Rows that became records.
    pub import_keys: Vec<ImportKey>,
    /// What the cells of imported rows said: record and JSON object of hashes.
    pub import_cells: Vec<(RecordId, String)>,
    /// Grids with their names.
    pub grids: Vec<(Scope, String)>,
    /// Pairs that are new.
    pub pairs: Vec<Pair>,
}

/// What a batch came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteSummary {
    /// Records that were not known before.
    pub new_records: u64,
    /// Changes accepted.
    pub changes: u64,
    /// Pairs that were not known before.
    pub new_pairs: u64,
}

/// The entries of a batch that concern one record, with what the database knows of it.
struct Job<'a> {
    kind: &'a Kind,
    known: Option<RecordRow>,
    docs: Vec<DocRow>,
    entries: Vec<&'a ServerRecord>,
}

/// One change of a job, ready for the log.
struct Ready<'a> {
    id: DocId,
    scope: &'a Scope,
    written: Written,
}

impl County {
    /// Writes records for the county itself, see [`County::write_batch`].
    pub fn write_as_server(
        &self,
        author: &UserId,
        role: Role,
        now: Millis,
        random: Random<'_>,
        records: Vec<ServerRecord>,
    ) -> Result<WriteSummary, CountyError> {
        self.write_batch(author, role, now, random, &ServerBatch { records, ..ServerBatch::default() })
    }

    /// Writes a batch for the county itself: the same documents, envelopes, log and digests as for a phone's changes, in
    /// one transaction. An unknown kind or field, or a kind that does not fit the record, leaves everything unwritten.
    pub fn write_batch(
        &self,
        author: &UserId,
        role: Role,
        now: Millis,
        random: Random<'_>,
        batch: &ServerBatch,
    ) -> Result<WriteSummary, CountyError> {
        let mut actor = Actor([0; 16]);
        random(&mut actor.0);
        let common = |grid: &Scope| Common {
            author: author.clone(),
            role,
            device: SERVER_DEVICE,
            lease: None,
            grid: grid.clone(),
            accepted_at: now,
            epoch: self.epoch,
            accepted_by: None,
        };
        self.db.write(|w| {
            let jobs = self.jobs(w, &batch.records)?;
            let ready = self.write_documents(&jobs, actor, now)?;
            let mut acceptor = Acceptor::begin(w, self)?;
            let mut summary = WriteSummary::default();
            for (job, ready) in jobs.iter().zip(ready) {
                summary.new_records += u64::from(job.known.is_none());
                let (n, mut routes) = match &job.known {
                    Some(known) => (known.n, known.routes.clone()),
                    None => (w.add_record(&job.entries[0].record, &job.kind.name)?, Vec::new()),
                };
                let mut docs: BTreeMap<DocId, i64> = job.docs.iter().map(|row| (row.id, row.n)).collect();
                for one in ready {
                    if !routes.contains(one.scope) {
                        acceptor.route(w, n, one.scope)?;
                        routes.push(one.scope.clone());
                    }
                    let doc = match docs.get(&one.id) {
                        Some(doc) => *doc,
                        None => w.add_doc(n, &one.id)?,
                    };
                    docs.insert(one.id, doc);
                    let target = Target { record: n, doc, id: one.id, kind: &job.kind.name, routes: &routes };
                    acceptor.accept(w, &target, common(one.scope), &one.written.body, &one.written.raw, now)?;
                }
            }
            settle(self, w, &mut acceptor, now)?;
            summary.changes = acceptor.finish(w)?;
            for row in &batch.import_keys {
                w.set_import_key(&row.source, &row.key, &row.record)?;
            }
            for (record, cells) in &batch.import_cells {
                w.set_import_cells(record, cells)?;
            }
            for (code, name) in &batch.grids {
                w.put_region(code, name)?;
            }
            for pair in &batch.pairs {
                summary.new_pairs += u64::from(w.add_pair(&pair.a, &pair.b, &pair.reason, now)?);
            }
            Ok(summary)
        })
    }

    /// Groups a batch by record, in the order of first appearance, and reads what is known.
    fn jobs<'a>(&'a self, w: &Writer<'_>, records: &'a [ServerRecord]) -> Result<Vec<Job<'a>>, CountyError> {
        let mut jobs: Vec<Job<'a>> = Vec::with_capacity(records.len());
        let mut places: BTreeMap<RecordId, usize> = BTreeMap::new();
        for new in records {
            if let Some(place) = places.get(&new.record) {
                let job = &mut jobs[*place];
                if job.kind.name != new.kind {
                    return Err(other_kind(new));
                }
                job.entries.push(new);
                continue;
            }
            let kind = self.schema.kinds.get(&new.kind).ok_or_else(|| {
                CountyError::invalid(format!("没有记录种类 {}", new.kind), format!("no record kind {}", new.kind))
            })?;
            let known = w.record(&new.record)?;
            if known.as_ref().is_some_and(|known| known.kind != new.kind) {
                return Err(other_kind(new));
            }
            let docs = match &known {
                Some(known) => w.docs(&new.record, known.n, false)?,
                None => Vec::new(),
            };
            places.insert(new.record, jobs.len());
            jobs.push(Job { kind, known, docs, entries: vec![new] });
        }
        Ok(jobs)
    }

    /// Writes the documents of all jobs; large batches on two threads.
    fn write_documents<'a>(
        &self,
        jobs: &[Job<'a>],
        actor: Actor,
        now: Millis,
    ) -> Result<Vec<Vec<Ready<'a>>>, CountyError> {
        let version = self.schema.version;
        let all = |jobs: &[Job<'a>]| -> Result<Vec<Vec<Ready<'a>>>, CountyError> {
            jobs.iter().map(|job| job.write(actor, now, version)).collect()
        };
        if jobs.len() < WORTH_THREADS {
            return all(jobs);
        }
        let (left, right) = jobs.split_at(jobs.len() / 2);
        let (left, right) = std::thread::scope(|scope| {
            let other = scope.spawn(|| all(right));
            (all(left), other.join().unwrap_or_else(|_| Err(damaged("a document panicked"))))
        });
        let mut out = left?;
        out.extend(right?);
        Ok(out)
    }

    /// Rows of a ledger that became records in earlier imports.
    pub fn import_keys(&self, source: &str) -> Result<BTreeMap<String, RecordId>, CountyError> {
        self.db.read(|r| Ok(r.import_keys(source)?))
    }
    /// Pairs that nobody has judged yet.
    pub fn pairs(&self) -> Result<Vec<Pair>, CountyError> {
        let rows = self.db.read(|r| Ok::<_, CountyError>(r.pairs()?))?;
        Ok(rows.into_iter().map(|(a, b, reason)| Pair { a, b, reason }).collect())
    }
    /// Ids of all records of a kind, oldest first.
    pub fn records_of(&self, kind: &KindName) -> Result<Vec<RecordId>, CountyError> {
        self.db.read(|r| Ok(r.records_of(kind)?))
    }
}

fn other_kind(new: &ServerRecord) -> CountyError {
    CountyError::invalid(
        format!("记录 {} 已是另一种类，不是 {}", new.record, new.kind),
        format!("record {} is of another kind, not {}", new.record, new.kind),
    )
}

impl<'a> Job<'a> {
    fn write(&self, actor: Actor, now: Millis, schema: u32) -> Result<Vec<Ready<'a>>, CountyError> {
        let mut documents: BTreeMap<Audience, Document> = BTreeMap::new();
        for row in &self.docs {
            let document = load_document(row)?;
            let newer = documents.get(&row.id.audience).is_none_or(|d| d.id().generation < row.id.generation);
            if newer {
                documents.insert(row.id.audience, document);
            }
        }
        let mut out = Vec::new();
        for entry in &self.entries {
            for (audience, (puts, seen)) in self.by_audience(entry, &documents)? {
                let id = DocId { record: entry.record, audience, generation: 0 };
                let document = documents.entry(audience).or_insert_with(|| Document::new(id));
                let meta = Meta { source: entry.source, recorded_at: now, schema, seen, ..Meta::default() };
                let draft = Draft { puts, time: entry.observed_at, meta };
                let written = document.write(actor, &draft).map_err(|error| unwritable(&error))?;
                out.push(Ready { id: document.id(), scope: &entry.scope, written });
            }
        }
        Ok(out)
    }

    /// Puts and confirmations, sorted into the documents that they belong to.
    #[expect(clippy::type_complexity, reason = "a map of two lists, used once")]
    fn by_audience(
        &self,
        entry: &ServerRecord,
        documents: &BTreeMap<Audience, Document>,
    ) -> Result<BTreeMap<Audience, (Vec<(String, Value)>, Vec<String>)>, CountyError> {
        let audience = |key: &str| {
            self.kind.field(key).map(|field| field.audience).ok_or_else(|| {
                let kind = &self.kind.name;
                CountyError::invalid(format!("{kind} 没有字段 {key}"), format!("{kind} has no field {key}"))
            })
        };
        let mut parts: BTreeMap<Audience, (Vec<(String, Value)>, Vec<String>)> = BTreeMap::new();
        for (key, value) in &entry.fields {
            parts.entry(audience(key)?).or_default().0.push((key.clone(), value.clone()));
        }
        for seen in &entry.seen {
            if seen == "*" {
                for audience in documents.keys() {
                    parts.entry(*audience).or_default().1.push(seen.clone());
                }
            } else {
                let key = seen.split(':').next().unwrap_or_default();
                parts.entry(audience(key)?).or_default().1.push(seen.clone());
            }
        }
        Ok(parts)
    }
}

/// A stored document in memory.
pub(crate) fn load_document(row: &DocRow) -> Result<Document, CountyError> {
    let snapshot = Some(row.snapshot.as_slice()).filter(|bytes| !bytes.is_empty());
    Document::load(row.id, snapshot, row.raws.iter().map(Vec::as_slice)).map_err(|error| unwritable(&error))
}

fn unwritable(error: &DocError) -> CountyError {
    CountyError::Storage(error.to_string())
}
