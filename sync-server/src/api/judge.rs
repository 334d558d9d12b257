//! Verdicts on uploads, record by record: pure functions over what the database knows (DESIGN 8).

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use wangge_core::{
    doc::{
        Document, chunk,
        guard::{self, Claimed, Held, Verdict},
    },
    model::{ChangeBody, ChangeHash, DocId, Kind, KindName, RecordId, Role, Schema, Scope},
    sync::wire::{Reason, Upload},
};

use crate::{
    CountyError,
    county::load_document,
    db::{DocRow, Reader, RecordRow},
    error::reason,
};

/// Fewer uploads than this are judged on one thread.
const WORTH_THREADS: usize = 24;
/// A document is saved as a snapshot each time it has grown by so many changes.
const SNAPSHOT_EVERY: usize = 16;
/// Longest grid code.
const LONGEST_GRID: usize = 64;

/// What shall become of one upload.
#[derive(Debug)]
pub(super) enum Judged {
    /// Known already.
    Duplicate,
    /// Into the log.
    Accept(Box<ChangeBody>),
    /// Nothing is stored.
    Held(String),
    /// Kept for a person.
    Review(Reason),
    /// Kept with its reason.
    Refused(Reason),
}

/// What uploads are judged against, besides their record.
#[derive(Clone, Copy)]
pub(super) struct Bench<'a> {
    /// The schema in force.
    pub schema: &'a Schema,
    /// The phone's role.
    pub role: Role,
    /// Where its owner works in that role, sorted.
    pub scopes: &'a [Scope],
    /// Schema version that the phone works under.
    pub phone_schema: u32,
}

/// The uploads that concern one record, by their place in the request, and what is known of the record.
pub(super) struct Case<'a> {
    /// The record.
    pub record: RecordId,
    /// Place and upload.
    pub uploads: Vec<(usize, &'a Upload)>,
    /// The record's row.
    pub known: Option<RecordRow>,
    /// Its documents.
    pub docs: Vec<DocRow>,
}

/// Verdicts of one case.
#[derive(Default)]
pub(super) struct Ruling {
    /// Place and verdict.
    pub verdicts: Vec<(usize, Judged)>,
    /// Documents that have grown enough to be saved: id, bytes, changes inside.
    pub snapshots: Vec<(DocId, Vec<u8>, usize)>,
}

impl<'a> Case<'a> {
    /// Groups uploads by record; dependencies never leave one.
    pub fn group(uploads: &'a [Upload]) -> Vec<Self> {
        let mut cases: Vec<Self> = Vec::new();
        let mut places: BTreeMap<RecordId, usize> = BTreeMap::new();
        for (index, upload) in uploads.iter().enumerate() {
            let record = upload.doc.record;
            let place = *places.entry(record).or_insert_with(|| {
                cases.push(Self { record, uploads: Vec::new(), known: None, docs: Vec::new() });
                cases.len() - 1
            });
            cases[place].uploads.push((index, upload));
        }
        cases
    }

    /// Reads what is known of the record. Without `trust` every document is rebuilt from its raw changes.
    pub fn read(&mut self, r: &Reader<'_>, trust: bool) -> Result<(), CountyError> {
        self.known = r.record(&self.record)?;
        self.docs = match &self.known {
            Some(known) => r.docs(&self.record, known.n, trust)?,
            None => Vec::new(),
        };
        Ok(())
    }

    /// Whether the record has changed since it was read.
    pub fn is_stale(&self, r: &Reader<'_>) -> Result<bool, CountyError> {
        let now = r.record(&self.record)?.map(|row| row.version);
        Ok(now != self.known.as_ref().map(|row| row.version))
    }

    /// Judges its uploads in order.
    pub fn judge(&self, bench: &Bench<'_>) -> Result<Ruling, CountyError> {
        let mut session = Session {
            bench: *bench,
            kind: self.known.as_ref().map(|row| row.kind.clone()),
            routes: self.known.as_ref().map(|row| row.routes.clone()).unwrap_or_default(),
            rows: self.docs.iter().map(|row| (row.id, row)).collect(),
            open: BTreeMap::new(),
        };
        let mut ruling = Ruling::default();
        for (index, upload) in &self.uploads {
            ruling.verdicts.push((*index, session.judge(upload)?));
        }
        for (id, document) in &session.open {
            let saved = session.rows.get(id).map_or(0, |row| row.snapshot_len);
            if document.len() >= saved + SNAPSHOT_EVERY
                && let Ok(bytes) = document.snapshot()
            {
                ruling.snapshots.push((*id, bytes, document.len()));
            }
        }
        Ok(ruling)
    }
}

/// Judges all cases, on two threads where that is worth it; a case that failed gives no ruling.
pub(super) fn judge_all(bench: &Bench<'_>, cases: &[Case<'_>]) -> Vec<Option<Ruling>> {
    let uploads: usize = cases.iter().map(|case| case.uploads.len()).sum();
    if uploads < WORTH_THREADS || cases.len() < 2 {
        return cases.iter().map(|case| case.judge(bench).ok()).collect();
    }
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Option<Ruling>>> = Mutex::new(cases.iter().map(|_| None).collect());
    let work = || {
        while let Some((at, case)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            cases.get(at).map(|case| (at, case))
        } {
            let ruling = case.judge(bench).ok();
            done.lock().unwrap_or_else(PoisonError::into_inner)[at] = ruling;
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        work();
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// One record while its uploads are judged.
struct Session<'a> {
    bench: Bench<'a>,
    kind: Option<KindName>,
    routes: Vec<Scope>,
    rows: BTreeMap<DocId, &'a DocRow>,
    open: BTreeMap<DocId, Document>,
}

impl<'a> Session<'a> {
    fn judge(&mut self, upload: &Upload) -> Result<Judged, CountyError> {
        let kind = match self.check_claim(upload) {
            Ok(kind) => kind,
            Err(judged) => return Ok(judged),
        };
        let id = upload.doc;
        let mut document = match (self.open.remove(&id), self.rows.get(&id)) {
            (Some(document), _) => document,
            (None, Some(row)) => load_document(row)?,
            (None, None) => Document::new(id),
        };
        if document.contains(&chunk::hash(&upload.raw)) {
            self.open.insert(id, document);
            return Ok(Judged::Duplicate);
        }
        let claimed = Claimed { doc: id, kind, role: self.bench.role, schema: self.bench.schema };
        let may = self.may_write(&upload.grid);
        let verdict = if may {
            guard::admit_into(&claimed, &mut document, &upload.raw)
        } else {
            guard::admit(&claimed, &document, &upload.raw)
        };
        if !document.is_empty() {
            self.open.insert(id, document);
        }
        Ok(match verdict {
            Verdict::Admit(body) if may => {
                self.kind = Some(upload.kind.clone());
                if self.routes.is_empty() {
                    self.routes.push(upload.grid.clone());
                }
                Judged::Accept(Box::new(body))
            }
            Verdict::Admit(_) => Judged::Review(reason(
                "scope",
                "这条记录不在您负责的网格内，已交县里核定",
                "this record is not in a grid of yours; a person at the county will judge it",
            )),
            Verdict::Held(Held::NewerSchema(version)) => Judged::Held(format!("schema {version}")),
            Verdict::Held(Held::UnknownDeps(deps)) => {
                Judged::Held(deps.iter().take(4).map(ChangeHash::prefix).collect::<Vec<_>>().join(" "))
            }
            Verdict::Refuse(refusal) => Judged::Refused(reason(refusal.rule, refusal.zh, refusal.en)),
        })
    }

    /// The author works where the record is, or where it is proposed to be if it is nowhere yet.
    fn may_write(&self, grid: &Scope) -> bool {
        let works_in = |scope: &Scope| self.bench.scopes.contains(scope);
        if self.routes.is_empty() { works_in(grid) } else { self.routes.iter().any(works_in) }
    }

    /// What the upload says of itself, before its bytes are looked at.
    fn check_claim(&self, upload: &Upload) -> Result<&'a Kind, Judged> {
        let refused = |rule: &str, zh: String, en: &str| Err(Judged::Refused(reason(rule, zh, en)));
        let grid = &upload.grid.0;
        if grid.is_empty() || grid.len() > LONGEST_GRID || grid.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return refused("grid", "网格编码无效".to_owned(), "the grid code is not valid");
        }
        let Some(kind) = self.bench.schema.kinds.get(&upload.kind) else {
            if self.bench.phone_schema > self.bench.schema.version {
                return Err(Judged::Held(format!("schema {}", self.bench.phone_schema)));
            }
            return refused("kind", "没有这种记录".to_owned(), "no such kind of record");
        };
        if self.kind.as_ref().is_some_and(|known| *known != upload.kind) {
            return refused("kind", "同一编号的记录已是另一种类".to_owned(), "a record of this id is of another kind");
        }
        let newest = self.rows.keys().filter(|id| id.audience == upload.doc.audience).map(|id| id.generation).max();
        if upload.doc.generation != newest.unwrap_or(0) {
            return refused(
                "generation",
                "这份资料已由县里重新编制，请先同步".to_owned(),
                "this document was reissued; sync first",
            );
        }
        Ok(kind)
    }
}
