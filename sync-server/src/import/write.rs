//! From a plan to the county. Running it twice adds nothing: a row is recognised by its keys, and only cells that changed
//! since the last import become new observations. Everything of one batch is one transaction; a plan larger than a batch
//! goes in several, and after an interruption the same command does the rest.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};
use wangge_core::{
    merge::{self, Edit},
    model::{KindName, Millis, RecordId, Role, Scope, UserId, Value, ids::to_hex},
    sync::wire::Reason,
};

use super::{
    ImportError,
    plan::{ImportPlan, Key, Planned, PlannedRecord},
    regions::{Region, Regions},
    report::Problem,
};
use crate::{
    County, CountyError,
    county::{ImportKey, Pair, Random, ServerBatch, ServerRecord},
    db::Reader,
};

/// Who the county's own imports are written by.
pub const AUTHOR: &str = "import";
/// Name of the keys of all imports: a person of one ledger is the same person in another.
const SOURCE: &str = "ledger";
/// Records in one transaction. A county has a hundred times this, and all of it need not be in memory twice.
const BATCH: usize = 20_000;

/// What came of writing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Records that are new.
    pub new_records: u64,
    /// Records of an earlier import of which a cell changed.
    pub changed_records: u64,
    /// Changes accepted.
    pub changes: u64,
    /// Pairs that are new.
    pub new_pairs: u64,
    /// Cells that changed where a record cannot.
    pub problems: Vec<Problem>,
}

/// The regions that a county has already.
pub fn known_regions(county: &County) -> Result<Regions, ImportError> {
    let mut regions = Regions::default();
    for record in county.records_of(&KindName::from("region"))? {
        let state = county.resolve_record(&record)?;
        let text = |key: &str| {
            let value = state.docs.values().find_map(|doc| Some(doc.fields.get(key)?.value.clone()));
            value.as_ref().and_then(Value::text).unwrap_or_default().to_owned()
        };
        regions.0.insert(text("code"), Region { name: text("name"), level: text("level"), parent: text("parent") });
    }
    // Grids that were registered by hand have no record.
    for (code, name) in county.regions()? {
        regions.0.entry(code.0).or_insert(Region { name, level: "grid".to_owned(), parent: String::new() });
    }
    Ok(regions)
}

/// Writes a plan. `tick` hears how many records are done.
pub fn write(
    county: &County,
    plan: &ImportPlan,
    now: Millis,
    random: Random<'_>,
    tick: &mut dyn FnMut(u64),
) -> Result<Written, ImportError> {
    let ids = county.db.read(|r| Matcher::new(r, plan).run(now, random))?;
    let mut done = Written::default();
    let total = plan.records.len();
    for from in (0..total.max(1)).step_by(BATCH) {
        let to = (from + BATCH).min(total);
        let mut batch = ServerBatch::default();
        for i in from..to {
            record(county, plan, &ids, i, now, &mut batch, &mut done)?;
        }
        if from == 0 {
            let grids = plan.regions.0.iter().filter(|(_, region)| region.level == "grid");
            batch.grids = grids.map(|(code, region)| (Scope(code.clone()), region.name.clone())).collect();
        }
        if to == total {
            batch.pairs = plan
                .pairs
                .iter()
                .map(|pair| Pair {
                    a: ids[pair.a].id,
                    b: ids[pair.b].id,
                    reason: Reason { rule: pair.why.rule().into(), zh: pair.why.zh().into(), en: pair.why.en().into() },
                })
                .collect();
        }
        let summary = county.write_batch(&UserId::from(AUTHOR), Role::CC, now, random, &batch)?;
        done.new_records += summary.new_records;
        done.changes += summary.changes;
        done.new_pairs += summary.new_pairs;
        tick(to as u64);
    }
    Ok(done)
}

/// Puts one record into the batch: all of a new one, the changed cells of a known one.
fn record(
    county: &County,
    plan: &ImportPlan,
    ids: &[Match],
    i: usize,
    now: Millis,
    batch: &mut ServerBatch,
    done: &mut Written,
) -> Result<(), ImportError> {
    let (planned, found) = (&plan.records[i], &ids[i]);
    let fields: Vec<(String, Value)> =
        planned.fields.iter().map(|(key, value)| (key.clone(), resolve(value, ids))).collect();
    let mut cells: BTreeMap<String, String> = BTreeMap::new();
    for (key, value) in &fields {
        cells.insert(key.clone(), short_hash(&serde_json::to_string(value).expect("a value is plain data")));
    }
    let known = if found.new { None } else { county.db.read(|r| Ok::<_, CountyError>(r.import_cells(&found.id)?))? };
    let last: BTreeMap<String, String> =
        known.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    let changed: Vec<(String, Value)> = fields.into_iter().filter(|(key, _)| last.get(key) != cells.get(key)).collect();
    if last != cells {
        let json = serde_json::to_string(&cells).expect("a map of texts is plain data");
        batch.import_cells.push((found.id, json));
    }
    batch.import_keys.extend(found.keys.iter().map(|key| ImportKey {
        source: SOURCE.to_owned(),
        key: key.clone(),
        record: found.id,
    }));
    if changed.is_empty() && !found.new {
        return Ok(());
    }
    let (fields, seen) =
        if found.new { (changed, Vec::new()) } else { differences(county, planned, found.id, changed, done)? };
    if fields.is_empty() && seen.is_empty() {
        return Ok(());
    }
    done.changed_records += u64::from(!found.new);
    batch.records.push(ServerRecord {
        record: found.id,
        kind: KindName::from(planned.kind),
        scope: planned.scope.clone(),
        source: planned.source,
        observed_at: planned.observed.unwrap_or(now).min(now),
        fields,
        seen,
    });
    Ok(())
}

/// What a phone would write for the same edit: new values, confirmations of what is in force, and what cannot change.
#[expect(clippy::type_complexity, reason = "two lists, taken apart at once")]
fn differences(
    county: &County,
    planned: &PlannedRecord,
    id: RecordId,
    changed: Vec<(String, Value)>,
    done: &mut Written,
) -> Result<(Vec<(String, Value)>, Vec<String>), ImportError> {
    let state = county.resolve_record(&id)?;
    let Some(kind) = county.schema().kinds.get(&state.kind) else { return Ok((changed, Vec::new())) };
    let (mut fields, mut seen) = (Vec::new(), Vec::new());
    for (key, value) in changed {
        let audience = kind.field(&key).map(|field| field.audience);
        let Some(resolved) = state.docs.iter().find(|(doc, _)| Some(doc.audience) == audience).map(|(_, doc)| doc)
        else {
            fields.push((key, value));
            continue;
        };
        let plan = merge::plan(county.schema(), kind, resolved, &[Edit { key, value: value.clone() }], false);
        fields.extend(plan.puts);
        seen.extend(plan.seen);
        for (key, zh, en) in plan.refused {
            done.problems.push(planned.place.problem(
                &format!("{}.{key}", planned.kind),
                "cannot_change",
                value.text().unwrap_or_default(),
                zh,
                en,
            ));
        }
    }
    Ok((fields, seen))
}

fn resolve(value: &Planned, ids: &[Match]) -> Value {
    match value {
        Planned::Value(value) => value.clone(),
        Planned::Record(i) => Value::Text(ids[*i].id.to_string()),
    }
}

/// Sixteen hexadecimal digits; keys and cells hold personal data and are kept as hashes alone.
fn short_hash(text: &str) -> String {
    to_hex(&Sha256::digest(text.as_bytes())[..16])
}

/// The record of a planned one.
#[derive(Clone, Debug)]
struct Match {
    id: RecordId,
    new: bool,
    /// Keys to remember that are not remembered yet.
    keys: Vec<String>,
}

/// Finds for every planned record the one that an earlier import made of it.
struct Matcher<'a> {
    reader: &'a Reader<'a>,
    plan: &'a ImportPlan,
    found: Vec<Option<RecordId>>,
    taken: BTreeSet<RecordId>,
}

impl<'a> Matcher<'a> {
    fn new(reader: &'a Reader<'a>, plan: &'a ImportPlan) -> Self {
        Self { reader, plan, found: vec![None; plan.records.len()], taken: BTreeSet::new() }
    }

    /// Stronger keys of all records before weaker keys of any: a weak key never takes a record from its own row. Records
    /// whose keys name others come after those are known.
    fn run(mut self, now: Millis, random: Random<'_>) -> Result<Vec<Match>, CountyError> {
        let records = &self.plan.records;
        let ranks = records.iter().map(|record| record.keys.len()).max().unwrap_or_default();
        let mut new = vec![false; records.len()];
        for dependent in [false, true] {
            let mine =
                |record: &PlannedRecord| record.keys.iter().flatten().any(|key| !key.records.is_empty()) == dependent;
            for rank in 0..ranks {
                for (i, record) in records.iter().enumerate().filter(|(_, record)| mine(record)) {
                    if let Some(key) =
                        record.keys.get(rank).and_then(Option::as_ref).filter(|_| self.found[i].is_none())
                    {
                        self.found[i] = self.take(&self.text(rank, key))?;
                    }
                }
            }
            for (i, _) in records.iter().enumerate().filter(|(_, record)| mine(record)) {
                if self.found[i].is_none() {
                    let mut bytes = [0; 10];
                    random(&mut bytes);
                    self.found[i] = Some(RecordId::new(now, bytes));
                    new[i] = true;
                }
            }
        }
        self.name(&new)
    }

    fn id(&self, i: usize) -> RecordId {
        self.found[i].expect("records that are named by others are found before them")
    }

    fn text(&self, rank: usize, key: &Key) -> String {
        let mut whole = key.text.clone();
        for i in &key.records {
            whole.push('|');
            whole.push_str(&self.id(*i).to_string());
        }
        format!("{rank}:{}", short_hash(&whole))
    }

    /// The first record of this key that no row has taken; rows of equal keys are told apart by a number.
    fn take(&mut self, key: &str) -> Result<Option<RecordId>, CountyError> {
        for n in 1.. {
            match self.reader.import_key(SOURCE, &format!("{key}#{n}"))? {
                Some(id) if self.taken.insert(id) => return Ok(Some(id)),
                Some(_) => {}
                None => break,
            }
        }
        Ok(None)
    }

    /// The keys by which each record will be found the next time.
    fn name(self, new: &[bool]) -> Result<Vec<Match>, CountyError> {
        let mut used: BTreeMap<String, u64> = BTreeMap::new();
        let mut out = Vec::with_capacity(new.len());
        for (i, record) in self.plan.records.iter().enumerate() {
            let mut keys = Vec::new();
            for (rank, key) in record.keys.iter().enumerate() {
                let Some(key) = key else { continue };
                let text = self.text(rank, key);
                let n = used.entry(text.clone()).or_default();
                loop {
                    *n += 1;
                    let numbered = format!("{text}#{n}");
                    match self.reader.import_key(SOURCE, &numbered)? {
                        Some(id) if id == self.id(i) => break,
                        Some(_) => {}
                        None => {
                            keys.push(numbered);
                            break;
                        }
                    }
                }
            }
            out.push(Match { id: self.id(i), new: new[i], keys });
        }
        Ok(out)
    }
}
