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
    pairs::Likeness,
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
/// Rank of keys that only find pairs.
const ALIKE: usize = 99;
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
    write_by(BATCH, county, plan, now, random, tick)
}

fn write_by(
    size: usize,
    county: &County,
    plan: &ImportPlan,
    now: Millis,
    random: Random<'_>,
    tick: &mut dyn FnMut(u64),
) -> Result<Written, ImportError> {
    let ids = county.db.read(|r| Matcher::new(r, plan).run(now, random))?;
    let mut writing = Writing { county, plan, ids: &ids, now, batch: ServerBatch::default(), done: Written::default() };
    let grids = plan.regions.0.iter().filter(|(_, region)| region.level == "grid");
    writing.batch.grids = grids.map(|(code, region)| (Scope(code.clone()), region.name.clone())).collect();
    let total = plan.records.len();
    for from in (0..total.max(1)).step_by(size) {
        let to = (from + size).min(total);
        for i in from..to {
            writing.record(i)?;
        }
        if to == total {
            writing.batch.pairs.extend(plan.pairs.iter().map(|p| pair(ids[p.a].id, ids[p.b].id, p.why)));
        }
        let batch = std::mem::take(&mut writing.batch);
        let summary = county.write_batch(&UserId::from(AUTHOR), Role::CC, now, random, &batch)?;
        writing.done.new_records += summary.new_records;
        writing.done.changes += summary.changes;
        writing.done.new_pairs += summary.new_pairs;
        tick(to as u64);
    }
    Ok(writing.done)
}

struct Writing<'a> {
    county: &'a County,
    plan: &'a ImportPlan,
    ids: &'a [Match],
    now: Millis,
    batch: ServerBatch,
    done: Written,
}

impl Writing<'_> {
    /// Puts one record into the batch: all of a new one, the changed cells of a known one.
    fn record(&mut self, i: usize) -> Result<(), ImportError> {
        let (planned, found) = (&self.plan.records[i], &self.ids[i]);
        let fields = planned.fields.iter().map(|(key, value)| (key.clone(), self.resolve(value)));
        let fields: Vec<(String, Value)> = fields.collect();
        let json = |value: &Value| serde_json::to_string(value).expect("a value is plain data");
        let cells = fields.iter().map(|(key, value)| (key.clone(), short_hash(&json(value))));
        let cells: BTreeMap<String, String> = cells.collect();
        let known = self.county.db.read(|r| Ok::<_, CountyError>(r.import_cells(&found.id)?))?;
        let last = known.as_deref().and_then(|json| serde_json::from_str(json).ok());
        let last: BTreeMap<String, String> = last.unwrap_or_default();
        if last != cells {
            let json = serde_json::to_string(&cells).expect("a map of texts is plain data");
            self.batch.import_cells.push((found.id, json));
        }
        let key = |key: &String| ImportKey { source: SOURCE.to_owned(), key: key.clone(), record: found.id };
        self.batch.import_keys.extend(found.keys.iter().map(key));
        self.batch.pairs.extend(found.alike.iter().map(|(why, other)| pair(found.id, *other, *why)));
        let mut record = ServerRecord {
            record: found.id,
            kind: KindName::from(planned.kind),
            scope: planned.scope.clone(),
            source: planned.source,
            observed_at: planned.observed.unwrap_or(self.now).min(self.now),
            fields,
            seen: Vec::new(),
        };
        if !found.new {
            record.fields.retain(|(key, _)| last.get(key) != cells.get(key));
            self.differences(planned, &mut record)?;
            if record.fields.is_empty() && record.seen.is_empty() {
                return Ok(());
            }
            self.done.changed_records += 1;
        }
        self.batch.records.push(record);
        Ok(())
    }

    /// Turns changed cells into what a phone would write for the same edit: new values, and confirmations of what is in
    /// force. What cannot change, and what somebody has seen later than the ledger was drawn up, is listed instead.
    fn differences(&mut self, planned: &PlannedRecord, record: &mut ServerRecord) -> Result<(), ImportError> {
        if record.fields.is_empty() {
            return Ok(());
        }
        let state = self.county.resolve_record(&record.record)?;
        let schema = self.county.schema();
        let Some(kind) = schema.kinds.get(&state.kind) else { return Ok(()) };
        for (key, value) in std::mem::take(&mut record.fields) {
            let audience = kind.field(&key).map(|field| field.audience);
            let Some((_, resolved)) = state.docs.iter().find(|(doc, _)| Some(doc.audience) == audience) else {
                record.fields.push((key, value));
                continue;
            };
            let shown = value.text().unwrap_or_default().to_owned();
            let mut list = |rule: &str, zh: &str, en: &str| {
                let field = format!("{}.{key}", planned.kind);
                self.done.problems.push(planned.place.problem(&field, rule, &shown, zh, en));
            };
            let backing = resolved.fields.get(&key).and_then(|field| field.claims.first());
            if backing.is_some_and(|claim| claim.at > record.observed_at && claim.value != value) {
                let (zh, en) =
                    ("现有记录比台账日期新，未改动", "the record is newer than the ledger and stays as it is");
                list("older_than_record", zh, en);
                continue;
            }
            let plan = merge::plan(schema, kind, resolved, &[Edit { key: key.clone(), value }], false);
            for (_, zh, en) in &plan.refused {
                list("cannot_change", zh, en);
            }
            record.fields.extend(plan.puts);
            record.seen.extend(plan.seen);
        }
        Ok(())
    }

    fn resolve(&self, value: &Planned) -> Value {
        match value {
            Planned::Value(value) => value.clone(),
            Planned::Record(i) => Value::Text(self.ids[*i].id.to_string()),
        }
    }
}

/// Keys and cells hold personal data and are kept as hashes alone.
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
    /// Of a new record: those of earlier imports that may be the same person.
    alike: Vec<(Likeness, RecordId)>,
}

fn pair(a: RecordId, b: RecordId, why: Likeness) -> Pair {
    Pair { a, b, reason: Reason { rule: why.rule().into(), zh: why.zh().into(), en: why.en().into() } }
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
            let mut found = Match { id: self.id(i), new: new[i], keys: Vec::new(), alike: Vec::new() };
            for (rank, key) in record.keys.iter().enumerate() {
                let Some(key) = key else { continue };
                self.number(&self.text(rank, key), true, &mut used, &mut found)?;
            }
            for alike in &record.alike {
                let others = self.number(&self.text(ALIKE, &alike.key), alike.has, &mut used, &mut found)?;
                // Rows that both stand in this import have been compared with each other already.
                let others = others.into_iter().filter(|id| new[i] && alike.seeks && !self.taken.contains(id));
                found.alike.extend(others.map(|id| (alike.why, id)));
            }
            out.push(found);
        }
        Ok(out)
    }

    /// Gives a key the next free number to keep, unless the record has one; the records of an earlier import that have the key.
    fn number(
        &self,
        text: &str,
        keep: bool,
        used: &mut BTreeMap<String, u64>,
        found: &mut Match,
    ) -> Result<Vec<RecordId>, CountyError> {
        let mut others = Vec::new();
        let taken = used.entry(text.to_owned()).or_default();
        for n in 1.. {
            let numbered = format!("{text}#{n}");
            match self.reader.import_key(SOURCE, &numbered)? {
                Some(id) if id == found.id => break,
                Some(id) => others.push(id),
                None if n > *taken => {
                    if keep {
                        *taken = n;
                        found.keys.push(numbered);
                    }
                    break;
                }
                None => {}
            }
        }
        Ok(others)
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::{
        Keys,
        county::NewCounty,
        import::{Map, plan},
        keys::files,
    };

    const NOW: Millis = Millis(1_795_000_000_000);

    #[test]
    fn an_import_cut_off_between_batches_is_finished_by_the_next() {
        let sample = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/county");
        let dir = tempfile::tempdir().expect("a directory");
        let (data, keys) = (dir.path().join("data"), dir.path().join("keys"));
        files::create(&keys, &data, &Keys::from_seed([7; 32]), &["localhost".to_owned()], NOW).expect("keys");
        let new = NewCounty { name: "县".to_owned(), url: "https://localhost".to_owned(), epoch: 1 };
        let county = County::create(&data, &keys, &new, NOW).expect("a county");
        let map = Map::read(&sample.join("map.toml"), county.schema()).expect("the map");
        let planned = plan(&sample, &map, county.schema(), Regions::default(), &mut |_| {}).expect("a plan");
        let mut next = 0_u64;
        let mut random = |bytes: &mut [u8]| {
            next += 1;
            bytes.iter_mut().rev().zip(next.to_le_bytes()).for_each(|(byte, n)| *byte = n);
        };
        let mut cut = |done: u64| assert!(done < 3000, "cut off here");
        let first = AssertUnwindSafe(|| write_by(1000, &county, &planned, NOW, &mut random, &mut cut));
        let what = catch_unwind(first).expect_err("the first run is cut off");
        assert_eq!(what.downcast_ref::<&str>(), Some(&"cut off here"));
        let half = county.totals().expect("totals");
        assert_eq!((half.records, half.pairs), (3000, 0));

        let rest = write(&county, &planned, NOW, &mut random, &mut |_| {}).expect("the rest");
        let whole = county.totals().expect("totals");
        assert_eq!((half.records + rest.new_records, whole.pairs), (planned.records.len() as u64, 25));
        assert_eq!((whole.records, rest.changed_records), (planned.records.len() as u64, 0));
        let again = write(&county, &planned, NOW, &mut random, &mut |_| {}).expect("nothing");
        assert_eq!(again, Written::default());
    }
}
