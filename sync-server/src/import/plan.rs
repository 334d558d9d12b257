//! From files to a plan: which records, with which values, under which keys. Pure: the same files, map and regions give
//! the same plan, and nothing is written.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use wangge_core::model::{Millis, Schema, Scope, Source, Value};

use super::{
    ImportError,
    clean::{Cleaner, Puts},
    homes,
    ledger::{self, Outcome, Person},
    map::{FileSpec, Holds, Map, fits},
    pairs::{self, Likeness},
    regions::Regions,
    report::{Place, Problem, Report, Tidied},
    table::{self, Table},
    things,
};

/// A value, or another record of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Planned {
    /// Written as it is.
    Value(Value),
    /// The id of the record of this number.
    Record(usize),
}

/// What a record is recognised by when the same ledger comes again; never shown, and stored only as a hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// What the row says of its identity.
    pub text: String,
    /// Records whose ids are part of it.
    pub records: Vec<usize>,
}

impl From<String> for Key {
    fn from(text: String) -> Self {
        Self { text, records: Vec::new() }
    }
}

/// Something that records of one person share, to find pairs across imports.
#[derive(Clone, Debug)]
pub struct Alike {
    /// Why those that share it may be one person.
    pub why: Likeness,
    /// What they share.
    pub key: Key,
    /// Whether the record has it.
    pub has: bool,
    /// Whether those that have it may be the same person as the record.
    pub seeks: bool,
}

/// One record to write.
#[derive(Clone, Debug)]
pub struct PlannedRecord {
    /// The row that first speaks of it.
    pub place: Place,
    /// Its kind.
    pub kind: &'static str,
    /// Grid that holds it; for regions their own code.
    pub scope: Scope,
    /// Strongest first; a record of an earlier import is the same where a key of equal rank is equal.
    pub keys: Vec<Option<Key>>,
    /// What another record of the same person would share; only for finding pairs, never for recognition.
    pub alike: Vec<Alike>,
    /// Document keys and values.
    pub fields: Vec<(String, Planned)>,
    /// On what evidence.
    pub source: Source,
    /// When it was seen; absent: at the import.
    pub observed: Option<Millis>,
}

/// Two records for a person to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedPair {
    /// Number of the record above.
    pub a: usize,
    /// Number of the record below.
    pub b: usize,
    /// Why.
    pub why: Likeness,
}

/// All that an import will write, and its report.
#[derive(Clone, Debug, Default)]
pub struct ImportPlan {
    /// Records, referred-to ones first.
    pub records: Vec<PlannedRecord>,
    /// Pairs.
    pub pairs: Vec<PlannedPair>,
    /// Regions after this import.
    pub regions: Regions,
    /// Figures and problems.
    pub report: Report,
    /// Cells that were tidied.
    pub tidied: Tidied,
    /// Files that look like ledgers and that no entry of the map names.
    pub unused: Vec<String>,
}

/// A record's puts as planned values.
pub(super) fn values(puts: Puts) -> Vec<(String, Planned)> {
    puts.into_iter().map(|(key, value)| (key, Planned::Value(value))).collect()
}

/// Reads all files of a directory that the map names and plans their import. `known` are regions imported before.
pub fn plan(
    dir: &Path,
    map: &Map,
    schema: &'static Schema,
    known: Regions,
    tick: &mut dyn FnMut(&str),
) -> Result<ImportPlan, ImportError> {
    let (files, unused) = assign(dir, map)?;
    let mut planner = Planner {
        map,
        out: ImportPlan { regions: known, unused, ..ImportPlan::default() },
        cleaner: Cleaner { schema, problems: Vec::new(), tidied: Tidied::default() },
        persons: Vec::new(),
    };
    // Regions first: every other row is checked against them. Buildings before the doors in them.
    let order = [Holds::Regions, Holds::Buildings, Holds::Residents, Holds::Places, Holds::Hazards];
    let mut doors = homes::Homes::default();
    for holds in order {
        for (spec, name) in files.iter().filter(|(spec, _)| map.files[*spec].holds == holds) {
            tick(name);
            planner.file(dir, *spec, name, &mut doors)?;
        }
        if holds == Holds::Regions && planner.out.regions.grids() == 0 {
            return Err(ImportError::NoGrids);
        }
        if holds == Holds::Residents {
            planner.residents(&mut doors);
        }
    }
    Ok(planner.finish())
}

type Assigned = (Vec<(usize, String)>, Vec<String>);

/// Gives every file to the first entry of the map that names it.
fn assign(dir: &Path, map: &Map) -> Result<Assigned, ImportError> {
    let disk = |error: std::io::Error| ImportError::Dir { path: dir.display().to_string(), error: error.to_string() };
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(dir).map_err(disk)? {
        let entry = entry.map_err(disk)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // `~$ledger.xlsx` is what a spreadsheet leaves beside an open file.
        if entry.path().is_file() && !name.starts_with(['.', '~']) {
            names.insert(name);
        }
    }
    let named = |spec: &FileSpec, name: &str| spec.patterns.iter().any(|pattern| fits(pattern, name));
    let (mut files, mut unused) = (Vec::new(), Vec::new());
    for name in names {
        let ledger = [".csv", ".txt", ".tsv", ".xls", ".xlsx", ".xlsm", ".et", ".ods"];
        match map.files.iter().position(|spec| named(spec, &name)) {
            Some(spec) => files.push((spec, name)),
            None if ledger.iter().any(|end| name.to_lowercase().ends_with(end)) => unused.push(name),
            None => {}
        }
    }
    for (i, spec) in map.files.iter().enumerate().filter(|(_, spec)| !spec.optional) {
        if !files.iter().any(|(found, _)| *found == i) {
            return Err(ImportError::NoFile { dir: dir.display().to_string(), patterns: spec.patterns.clone() });
        }
    }
    Ok((files, unused))
}

/// The row that a record comes from.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    /// Where it stands.
    pub place: &'a Place,
    /// Entry of the map.
    pub spec: usize,
    /// Grid that will hold the record.
    pub scope: &'a Scope,
}

/// The plan as far as it is made.
pub(super) struct Planner<'a> {
    pub map: &'a Map,
    pub out: ImportPlan,
    pub cleaner: Cleaner<'a>,
    pub persons: Vec<Person>,
}

impl Planner<'_> {
    /// Adds a record and gives its number.
    pub fn add(
        &mut self,
        kind: &'static str,
        from: Row<'_>,
        keys: Vec<Option<Key>>,
        fields: Vec<(String, Planned)>,
    ) -> usize {
        let FileSpec { source, observed, .. } = self.map.files[from.spec];
        let (place, scope) = (from.place.clone(), from.scope.clone());
        self.out.records.push(PlannedRecord { place, kind, scope, keys, alike: Vec::new(), fields, source, observed });
        self.out.records.len() - 1
    }

    fn file(&mut self, dir: &Path, spec: usize, name: &str, homes: &mut homes::Homes) -> Result<(), ImportError> {
        let entry = &self.map.files[spec];
        let (tables, without) = table::read(&dir.join(name), name, entry)?;
        for sheet in without {
            let (zh, en) = ("工作表没有所需的表头，未读取", "sheet without the headers asked for, not read");
            let problem = Problem {
                file: sheet,
                line: 0,
                field: "row".into(),
                rule: "sheet_skipped".into(),
                value_masked: String::new(),
                zh: zh.into(),
                en: en.into(),
            };
            self.cleaner.problems.push(problem);
        }
        for table in &tables {
            self.out.report.denied_columns += table.denied;
            if entry.holds == Holds::Residents {
                self.ledger(spec, table);
            } else {
                for line in &table.lines {
                    things::row(self, spec, table, line, homes);
                }
            }
        }
        Ok(())
    }

    fn ledger(&mut self, spec: usize, table: &Table) {
        for line in &table.lines {
            self.out.report.ledger_rows += 1;
            match ledger::read(&mut self.cleaner, table, (spec, &self.map.files[spec]), line, &self.out.regions) {
                Outcome::Person(person) => self.persons.push(*person),
                Outcome::Empty => self.out.report.empty_rows += 1,
                Outcome::Rejected => self.out.report.rows_rejected += 1,
            }
        }
    }

    /// Turns the rows into homes, persons, and pairs.
    fn residents(&mut self, homes: &mut homes::Homes) {
        let persons = std::mem::take(&mut self.persons);
        let found = pairs::find(&persons);
        let records = homes.form(self, &persons, &found);
        let report = &mut self.out.report;
        for pair in &found.list {
            let count = if pair.why == Likeness::SameId { &mut report.pairs_same_id } else { &mut report.pairs_likely };
            *count += 1;
            let (above, below) = (&persons[pair.first].place, &persons[pair.second].place);
            let (zh, en) = (
                format!("可能与{}第{}行是同一人，两条都已保留，请核实", above.file, above.line),
                format!("perhaps the person of {} line {}; both are kept, please check", above.file, above.line),
            );
            let shown = &persons[pair.second].name;
            self.cleaner.problems.push(below.problem("row", pair.why.rule(), shown, zh, en));
            self.out.pairs.push(PlannedPair { a: records[pair.first], b: records[pair.second], why: pair.why });
        }
        report.persons_made = (persons.len() - found.list.len()) as u64;
        report.bad_checksum = persons.iter().filter(|p| p.id.as_ref().is_some_and(|id| !id.valid)).count() as u64;
        let mut with_id: BTreeMap<usize, bool> = BTreeMap::new();
        for (person, first) in persons.iter().zip(&found.person) {
            *with_id.entry(*first).or_default() |= person.id.is_some();
        }
        report.missing_id = with_id.values().filter(|has| !**has).count() as u64;
    }

    fn finish(mut self) -> ImportPlan {
        self.out.tidied = self.cleaner.tidied;
        self.out.report.problems = self.cleaner.problems;
        self.out.report.problems.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        self.out
    }
}
