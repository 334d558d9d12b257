//! The county's projection: facts, links, keys and items of every record, brought up to date when somebody asks.
//!
//! It stands outside the upload path: acceptance only appends to the log, and the projection follows by the numbers of
//! changes. A round reads and resolves beside the writer, then writes in one short transaction, which is given up where
//! another process was faster.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::{MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};
use wangge_core::{
    merge::{
        self, Resolved,
        across::{self, Around, Changed, CrossItem, EDITION, Facts, Seen},
    },
    model::{
        Audience, DocId, FieldType, KindName, Millis, Observation, RecordId, Role, Scope, Source, UserId, Value,
        ids::to_hex,
    },
};

use super::{
    County, Random, ServerRecord, damaged,
    resolve::{RecordState, observations},
};
use crate::{
    CountyError,
    db::{DbError, FactsRow, ItemRow, Reader, Writer},
    keys::Keys,
};

/// Changes of one round: as many as a phone's sync may bring, and few enough that a phone does not wait for the writer.
const ROUND: i64 = 2_000;
/// Up to which change the projection goes, and under which schema and rules it was made.
const PROJECTED: &str = "projected";
const PROJECTED_BY: &str = "projected_by";
/// Who writes what follows from several records.
const AUTHOR: &str = "county";

/// Something that waits for a person, as the county sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CountyItem {
    /// Equal on every phone that has it.
    pub id: String,
    /// Its rule.
    pub rule: String,
    /// The record, of several the first.
    pub record: RecordId,
    /// Its kind.
    pub kind: KindName,
    /// Its name in a list.
    pub title: String,
    /// The field; empty where it is over several records.
    pub field: String,
    /// Other records that it concerns.
    pub others: Vec<RecordId>,
    /// Every grid that holds one of them.
    pub grids: Vec<Scope>,
    /// Whether no grid holds its first two records: only the county sees such a pair.
    pub across_grids: bool,
    /// The sentence in Chinese.
    pub zh: String,
    /// The sentence in English.
    pub en: String,
}

/// An item about a field, as it is stored.
#[derive(Serialize, Deserialize)]
struct FieldItem {
    kind: KindName,
    zh: String,
    en: String,
    /// Records that the sentence names by their ids.
    names: Vec<RecordId>,
}

/// A record read for the projection.
struct Read {
    record: RecordId,
    kind: KindName,
    scope: Scope,
    /// Observations of the newest generation of each audience.
    docs: BTreeMap<Audience, (DocId, Vec<Observation>)>,
}

/// The database as rules see it; the first error is kept.
struct Held<'a, 'c> {
    reader: &'a Reader<'c>,
    keys: &'a Keys,
    fault: RefCell<Option<DbError>>,
}

impl<'a, 'c> Held<'a, 'c> {
    fn new(reader: &'a Reader<'c>, keys: &'a Keys) -> Self {
        Self { reader, keys, fault: RefCell::new(None) }
    }
    fn or_none<T: Default>(&self, found: Result<T, DbError>) -> T {
        found.unwrap_or_else(|error| {
            self.fault.borrow_mut().get_or_insert(error);
            T::default()
        })
    }
    fn items(&self, record: &RecordId) -> Vec<CrossItem> {
        let rows = self.or_none(self.reader.cross_items(record));
        let items = rows.iter().map(|row| serde_json::from_str(&row.json));
        self.or_none(items.collect::<Result<_, _>>().map_err(|_| DbError::Damaged("item".to_owned())))
    }
    fn finish<T>(self, answer: T) -> Result<T, DbError> {
        self.fault.into_inner().map_or(Ok(answer), Err)
    }
}

impl Around for Held<'_, '_> {
    fn record(&self, record: &RecordId) -> Option<Seen> {
        let row = self.or_none(self.reader.facts(record))?;
        self.or_none(seen(row).map(Some))
    }
    fn linked(&self, link: &str, target: &RecordId) -> Vec<RecordId> {
        self.or_none(self.reader.linked(link, target))
    }
    fn with_key(&self, key: &str) -> Vec<RecordId> {
        self.or_none(self.reader.with_key(&self.keys.index(key)))
    }
}

fn seen(row: FactsRow) -> Result<Seen, DbError> {
    let facts = Facts::from_json(&row.json).ok_or_else(|| DbError::Damaged("facts".to_owned()))?;
    Ok(Seen { record: row.record, kind: row.kind, scope: row.scope, facts })
}

impl County {
    /// Brings the projection up to date with the log; says how many records were looked at.
    pub fn project(&self) -> Result<u64, CountyError> {
        Ok(self.projected()?.len() as u64)
    }

    /// What waits for a person, over the whole county: fields, then rules, each in the order of records.
    pub fn attention(&self) -> Result<Vec<CountyItem>, CountyError> {
        self.project()?;
        self.db.read(|r| {
            let items = r.items()?.into_iter().map(|row| self.item(r, row));
            items.collect()
        })
    }

    /// What a list calls a record, as far as rules over several records name it.
    pub fn title(&self, record: &RecordId) -> Result<String, CountyError> {
        self.db.read(|r| self.title_in(r, record))
    }

    /// A record with everything that an alias joins to it, under any of its names: what a phone shows. The grids are those
    /// that hold the record that goes on.
    pub fn resolve_joined(&self, record: &RecordId) -> Result<RecordState, CountyError> {
        self.project()?;
        let found = self.db.read(|r| {
            let held = Held::new(r, &self.keys);
            let head = across::head_of(self.schema, &held, record);
            let aliases = across::aliases_of(self.schema, &held, &head);
            let (head, aliases) = held.finish((head, aliases))?;
            if aliases.is_empty() {
                return Ok(None);
            }
            let scopes = r.record(&head)?.map(|row| row.routes).unwrap_or_default();
            Ok::<_, CountyError>(self.union(r, &head, &aliases)?.map(|found| (found, scopes)))
        })?;
        let Some(((union, resolved), scopes)) = found else { return self.resolve_record(record) };
        let docs = union.docs.into_values().map(|(id, _)| id).zip(resolved).collect();
        Ok(RecordState { record: union.record, kind: union.kind, scopes, docs })
    }

    /// Brings the projection up to date and writes what follows from it: which of several homes of a person is the
    /// current one. Says how many marks were written.
    pub fn keep_up(&self, now: Millis, random: Random<'_>) -> Result<u64, CountyError> {
        let touched = self.projected()?;
        let marks = self.db.read(|r| {
            let held = Held::new(r, &self.keys);
            let asked = r.items()?.into_iter().filter(|row| row.rule == "two_stays");
            let mut people: BTreeSet<RecordId> = asked.map(|row| row.record).collect();
            for record in &touched {
                people.extend(across::residents_near(self.schema, &held, record));
            }
            let mut marks = BTreeMap::new();
            for person in &people {
                marks.extend(across::current_stays(self.schema, &held, person));
            }
            held.finish(())?;
            let mut out = Vec::with_capacity(marks.len());
            for (stay, current) in marks {
                let Some(row) = r.record(&stay)? else { continue };
                out.push(ServerRecord {
                    record: stay,
                    kind: row.kind,
                    scope: row.routes.into_iter().next().unwrap_or_default(),
                    source: Source::Registry,
                    observed_at: now,
                    fields: vec![("current".to_owned(), Value::Bool(current))],
                    seen: Vec::new(),
                });
            }
            Ok::<_, CountyError>(out)
        })?;
        if marks.is_empty() {
            return Ok(0);
        }
        let written = self.write_as_server(&UserId::from(AUTHOR), Role::CC, now, random, marks)?;
        self.projected()?;
        Ok(written.changes)
    }

    /// Rounds until the end of the log; gives the records looked at.
    fn projected(&self) -> Result<BTreeSet<RecordId>, CountyError> {
        let _one: MutexGuard<'_, ()> = self.projecting.lock().unwrap_or_else(PoisonError::into_inner);
        let edition = [&self.schema.hash()[..], &self.schema.version.to_be_bytes(), &EDITION.to_be_bytes()].concat();
        if self.db.read(|r| r.meta(PROJECTED_BY))?.as_ref() != Some(&edition) {
            self.db.write_lightly(|w| {
                w.clear_projection()?;
                w.set_meta_number(PROJECTED, 0)?;
                Ok::<_, CountyError>(w.set_meta(PROJECTED_BY, &edition)?)
            })?;
        }
        let mut all = BTreeSet::new();
        while let Some(records) = self.round()? {
            all.extend(records);
        }
        Ok(all)
    }

    /// One round; none where there was nothing to do.
    fn round(&self) -> Result<Option<Vec<RecordId>>, CountyError> {
        let (from, to, read) = self.db.read(|r| {
            let from = r.meta_number(PROJECTED)? as i64;
            let to = r.last_change()?.min(from + ROUND);
            let records = if to > from { r.changed_records(from, to)? } else { Vec::new() };
            let read = records.iter().map(|record| self.read_record(r, record)).collect::<Result<Vec<_>, _>>()?;
            Ok::<_, CountyError>((from, to, read))
        })?;
        if to <= from {
            return Ok(None);
        }
        let records = read.iter().flatten().map(|one| one.record).collect();
        self.db.write_lightly(|w| {
            // Another process may have done this round meanwhile.
            if w.meta_number(PROJECTED)? as i64 != from {
                return Ok::<_, CountyError>(());
            }
            let mut changed = Changed::default();
            let mut around: BTreeSet<RecordId> = BTreeSet::new();
            for one in read.iter().flatten() {
                let near = self.put_own(w, one, &mut changed)?;
                if self.schema.kinds.get(&one.kind).is_some_and(|kind| kind.field("alias_of").is_some()) {
                    around.extend(near);
                }
            }
            self.put_index(w, &changed)?;
            let own: BTreeSet<RecordId> = read.iter().flatten().map(|one| one.record).collect();
            let joined = self.joined(w, &around, &own)?;
            for (head, aliases) in &joined {
                self.put_group(w, (head, aliases), &mut changed)?;
            }
            if !joined.is_empty() {
                self.put_index(w, &changed)?;
            }
            self.put_cross(w, &changed)?;
            Ok(w.set_meta_number(PROJECTED, to as u64)?)
        })?;
        Ok(Some(records))
    }
}

impl County {
    fn read_record(&self, r: &Reader<'_>, record: &RecordId) -> Result<Option<Read>, CountyError> {
        let Some((row, seen)) = observations(r, record)? else { return Ok(None) };
        // A kind that this schema does not know is projected when the schema that does has come.
        if !self.schema.kinds.contains_key(&row.kind) {
            return Ok(None);
        }
        let mut docs: BTreeMap<Audience, (DocId, Vec<Observation>)> = BTreeMap::new();
        for (id, one) in seen {
            let known = docs.entry(id.audience).or_insert((id, Vec::new()));
            if known.0.generation < id.generation {
                *known = (id, Vec::new());
            }
            if known.0 == id {
                known.1.push(one);
            }
        }
        let scope = row.routes.into_iter().next().unwrap_or_default();
        Ok(Some(Read { record: *record, kind: row.kind, scope, docs }))
    }

    fn resolve<'a>(
        &self,
        kind: &KindName,
        docs: impl Iterator<Item = &'a (DocId, Vec<Observation>)>,
    ) -> Result<Vec<Resolved>, CountyError> {
        let kind = self.schema.kinds.get(kind).ok_or_else(|| damaged("kind"))?;
        Ok(docs.map(|(id, seen)| merge::resolve(self.schema, kind, *id, seen)).collect())
    }

    /// Writes what a record says by itself; gives the heads that read it as a part of themselves, now or before.
    fn put_own(&self, w: &mut Writer<'_>, one: &Read, changed: &mut Changed) -> Result<Vec<RecordId>, CountyError> {
        let own = self.resolve(&one.kind, one.docs.values())?;
        let kind = self.schema.kinds.get(&one.kind).ok_or_else(|| damaged("kind"))?;
        let facts = Facts::of(kind, own.iter());
        let now = facts.values.get("alias_of").and_then(Value::text).and_then(|text| text.parse().ok());
        let before = self.put_facts(w, one, facts, changed)?;
        let before = before.and_then(|seen| seen.target("alias_of"));
        self.put_items(w, one, &own)?;
        Ok(before.into_iter().chain(now).chain([one.record]).collect())
    }

    /// The heads, of these records, that have aliases now or had one before.
    fn joined(
        &self,
        w: &Writer<'_>,
        around: &BTreeSet<RecordId>,
        own: &BTreeSet<RecordId>,
    ) -> Result<BTreeMap<RecordId, Vec<RecordId>>, CountyError> {
        let held = Held::new(w, &self.keys);
        let mut joined = BTreeMap::new();
        for record in around {
            let head = across::head_of(self.schema, &held, record);
            let aliases = across::aliases_of(self.schema, &held, &head);
            // A record that stands alone was written as such, unless an alias has just left it.
            if !aliases.is_empty() || !own.contains(&head) {
                joined.insert(head, aliases);
            }
        }
        Ok(held.finish(joined)?)
    }

    /// Writes what a head and its aliases say together, the items about fields under the head alone.
    fn put_group(
        &self,
        w: &mut Writer<'_>,
        (head, aliases): (&RecordId, &[RecordId]),
        changed: &mut Changed,
    ) -> Result<(), CountyError> {
        let Some((union, resolved)) = self.union(w, head, aliases)? else { return Ok(()) };
        for alias in aliases {
            if let Some(one) = self.read_record(w, alias)? {
                self.put_items(w, &one, &[])?;
            }
        }
        let kind = self.schema.kinds.get(&union.kind).ok_or_else(|| damaged("kind"))?;
        let facts = Facts::of(kind, resolved.iter());
        self.put_facts(w, &union, facts, changed)?;
        self.put_items(w, &union, &resolved)
    }

    /// A head with the documents of its aliases, and what they say together; its commands stay its own.
    fn union(
        &self,
        r: &Reader<'_>,
        head: &RecordId,
        aliases: &[RecordId],
    ) -> Result<Option<(Read, Vec<Resolved>)>, CountyError> {
        let Some(mut union) = self.read_record(r, head)? else { return Ok(None) };
        let own: BTreeMap<Audience, Resolved> =
            union.docs.keys().copied().zip(self.resolve(&union.kind, union.docs.values())?).collect();
        for alias in aliases {
            let Some(one) = self.read_record(r, alias)? else { continue };
            for (audience, (id, seen)) in one.docs {
                let id = DocId { record: *head, ..id };
                union.docs.entry(audience).or_insert((id, Vec::new())).1.extend(seen);
            }
        }
        let kind = self.schema.kinds.get(&union.kind).ok_or_else(|| damaged("kind"))?;
        let mut resolved = self.resolve(&union.kind, union.docs.values())?;
        for (audience, joined) in union.docs.keys().zip(&mut resolved).filter(|_| !aliases.is_empty()) {
            merge::keep_own_commands(kind, joined, own.get(audience).cloned().unwrap_or_default());
        }
        Ok(Some((union, resolved)))
    }

    /// Writes facts where they are others than before; gives those before.
    fn put_facts(
        &self,
        w: &mut Writer<'_>,
        one: &Read,
        facts: Facts,
        changed: &mut Changed,
    ) -> Result<Option<Seen>, CountyError> {
        let before = w.facts(&one.record)?;
        let now = Seen { record: one.record, kind: one.kind.clone(), scope: one.scope.clone(), facts };
        let json = now.facts.to_json();
        let row = FactsRow { record: one.record, kind: one.kind.clone(), scope: one.scope.clone(), json };
        let same = before.as_ref() == Some(&row);
        let before = before.map(seen).transpose()?;
        if !same {
            w.put_facts(&row)?;
            changed.note(self.schema, one.record, before.clone(), Some(&now));
        }
        Ok(before)
    }

    fn put_items(&self, w: &mut Writer<'_>, one: &Read, resolved: &[Resolved]) -> Result<(), CountyError> {
        let kind = self.schema.kinds.get(&one.kind).ok_or_else(|| damaged("kind"))?;
        let mut rows = Vec::new();
        for item in resolved.iter().flat_map(|doc| &doc.attention) {
            let refers = kind.field(&item.field).is_some_and(|field| field.value_type == FieldType::Ref);
            let values = item.claims.iter().map(|claim| &claim.value).chain([&item.in_force]);
            let names = values.filter(|_| refers).filter_map(|value| value.text()?.parse().ok());
            let kept = FieldItem {
                kind: one.kind.clone(),
                zh: item.zh.clone(),
                en: item.en.clone(),
                names: names.collect::<BTreeSet<_>>().into_iter().collect(),
            };
            let json = serde_json::to_string(&kept).map_err(|_| damaged("item"))?;
            let (rule, field) = (item.rule.clone(), item.field.clone());
            rows.push(ItemRow { record: one.record, id: item.id, rule, field, json });
        }
        Ok(w.replace_items(&one.record, &rows)?)
    }

    fn put_index(&self, w: &mut Writer<'_>, changed: &Changed) -> Result<(), CountyError> {
        for (link, there) in &changed.links {
            w.set_link(link, *there)?;
        }
        let keys = changed.keys.iter().map(|((key, record), there)| ((self.keys.index(key), *record), *there));
        for ((key, record), there) in keys.collect::<BTreeMap<_, _>>() {
            w.set_key(&key, &record, there)?;
        }
        Ok(())
    }

    fn put_cross(&self, w: &mut Writer<'_>, changed: &Changed) -> Result<(), CountyError> {
        let review = {
            let held = Held::new(w, &self.keys);
            let review = across::review(self.schema, &held, &changed.touched, &|record| held.items(record));
            held.finish(review)?
        };
        for id in &review.gone {
            w.replace_cross(id, &[])?;
        }
        for item in review.put {
            let json = serde_json::to_string(&item).map_err(|_| damaged("item"))?;
            let row = |record: &RecordId| ItemRow {
                record: *record,
                id: item.id,
                rule: item.rule.clone(),
                field: String::new(),
                json: json.clone(),
            };
            w.replace_cross(&item.id, &item.records.iter().map(row).collect::<Vec<_>>())?;
        }
        Ok(())
    }

    fn title_in(&self, r: &Reader<'_>, record: &RecordId) -> Result<String, CountyError> {
        let held = Held::new(r, &self.keys);
        let title = across::title(self.schema, &held, record);
        Ok(held.finish(title)?)
    }

    fn item(&self, r: &Reader<'_>, row: ItemRow) -> Result<CountyItem, CountyError> {
        let (record, others, zh, en) = if row.field.is_empty() {
            let item: CrossItem = serde_json::from_str(&row.json).map_err(|_| damaged("item"))?;
            let mut records = item.records.into_iter();
            let first = records.next().ok_or_else(|| damaged("item"))?;
            (first, records.collect(), item.zh, item.en)
        } else {
            let item: FieldItem = serde_json::from_str(&row.json).map_err(|_| damaged("item"))?;
            let (mut zh, mut en) = (item.zh, item.en);
            for named in &item.names {
                let (id, name) = (named.to_string(), self.title_in(r, named)?);
                (zh, en) = (zh.replace(&id, &name), en.replace(&id, &name));
            }
            (row.record, Vec::new(), zh, en)
        };
        let mut grids = Vec::new();
        for one in std::iter::once(&record).chain(&others) {
            grids.push(r.record(one)?.map(|row| row.routes).unwrap_or_default());
        }
        let across_grids = row.rule.starts_with("same_") && !grids[0].iter().any(|grid| grids[1].contains(grid));
        let grids: BTreeSet<Scope> = grids.into_iter().flatten().collect();
        let kind = r.record(&record)?.map(|row| row.kind).ok_or_else(|| damaged("record"))?;
        let mut title = self.title_in(r, &record)?;
        if title.is_empty() {
            title = self.schema.kinds.get(&kind).map(|kind| kind.zh.clone()).unwrap_or_default();
        }
        Ok(CountyItem {
            id: to_hex(&row.id),
            rule: row.rule,
            record,
            kind,
            title,
            field: row.field,
            others,
            grids: grids.into_iter().collect(),
            across_grids,
            zh,
            en,
        })
    }
}
