//! Keeps what rules over several records need beside the views, in the same transaction.

use std::{cell::RefCell, collections::BTreeMap};

use super::{
    Session,
    error::AppError,
    types::{AttentionView, FieldEdit, LikelyView, Sentence},
    views,
};
use crate::{
    merge::across::{self, Around, Changed, CrossItem, Facts, Seen, Typed},
    model::{Kind, KindName, RecordId, Schema, Scope, Value, ids::to_hex},
    store::{FactsRow, Index, Reader, StoreError, Writer, key_number},
};

/// From so many records on, links and keys are read all at once.
const MANY: usize = 200;
/// Under which schema and rules the views were made.
const VIEWS: &str = "views";

/// The phone's store as rules see it. The first error is kept and everything after it is absent; who asks must look at
/// [`Held::fault`] before believing an answer.
struct Held<'a, 'c> {
    reader: &'a Reader<'c>,
    all: Option<Bulk>,
    fault: RefCell<Option<StoreError>>,
}

/// Links and keys in memory.
struct Bulk {
    links: BTreeMap<(RecordId, String), Vec<RecordId>>,
    keys: BTreeMap<i64, Vec<RecordId>>,
}

impl Bulk {
    fn of(index: Index) -> Self {
        let mut bulk = Self { links: BTreeMap::new(), keys: BTreeMap::new() };
        for (target, link, record) in index.links {
            bulk.links.entry((target, link)).or_default().push(record);
        }
        for (key, record) in index.keys {
            bulk.keys.entry(key).or_default().push(record);
        }
        bulk
    }
}

impl<'a, 'c> Held<'a, 'c> {
    fn new(reader: &'a Reader<'c>, touched: usize) -> Result<Self, StoreError> {
        let all = if touched > MANY { Some(Bulk::of(reader.index()?)) } else { None };
        Ok(Self { reader, all, fault: RefCell::new(None) })
    }

    fn or_none<T: Default>(&self, found: Result<T, StoreError>) -> T {
        found.unwrap_or_else(|error| {
            self.fault.borrow_mut().get_or_insert(error);
            T::default()
        })
    }

    fn items(&self, record: &RecordId) -> Vec<CrossItem> {
        let rows = self.or_none(self.reader.cross_items(record));
        let items = rows.iter().map(|row| serde_json::from_str(&row.json));
        self.or_none(items.collect::<Result<_, _>>().map_err(|_| StoreError::Corrupt("item".to_owned())))
    }

    fn finish<T>(self, answer: T) -> Result<T, StoreError> {
        self.fault.into_inner().map_or(Ok(answer), Err)
    }
}

impl Around for Held<'_, '_> {
    fn record(&self, record: &RecordId) -> Option<Seen> {
        let row = self.or_none(self.reader.facts(record))?;
        self.or_none(seen(row).map(Some))
    }
    fn linked(&self, link: &str, target: &RecordId) -> Vec<RecordId> {
        match &self.all {
            Some(all) => all.links.get(&(*target, link.to_owned())).cloned().unwrap_or_default(),
            None => self.or_none(self.reader.linked(link, target)),
        }
    }
    fn with_key(&self, key: &str) -> Vec<RecordId> {
        match &self.all {
            Some(all) => all.keys.get(&key_number(key)).cloned().unwrap_or_default(),
            None => self.or_none(self.reader.with_key(key_number(key))),
        }
    }
}

fn seen(row: FactsRow) -> Result<Seen, StoreError> {
    let facts = Facts::from_json(&row.json).ok_or_else(|| StoreError::Corrupt("facts".to_owned()))?;
    Ok(Seen { record: row.record, kind: row.kind, scope: row.scope, facts })
}

/// What a transaction has changed that rules over several records look at.
#[derive(Default)]
pub struct Upkeep(Changed);

impl Upkeep {
    /// Notes what a record says now; none where it is no longer here.
    pub fn note(
        &mut self,
        writer: &mut Writer<'_>,
        schema: &Schema,
        record: &RecordId,
        now: Option<(&Kind, &Scope, &Facts)>,
    ) -> Result<(), AppError> {
        let before = writer.facts(record)?;
        let now = now.filter(|(_, _, facts)| **facts != Facts::default()).map(|(kind, scope, facts)| Seen {
            record: *record,
            kind: kind.name.clone(),
            scope: scope.clone(),
            facts: facts.clone(),
        });
        match &now {
            None if before.is_none() => return Ok(()),
            None => writer.drop_facts(record)?,
            Some(now) => {
                let (kind, scope) = (now.kind.clone(), now.scope.clone());
                let row = FactsRow { record: *record, kind, scope, json: now.facts.to_json() };
                if before.as_ref() == Some(&row) {
                    return Ok(());
                }
                writer.put_facts(&row)?;
            }
        }
        self.0.note(schema, *record, before.map(seen).transpose()?, now.as_ref());
        Ok(())
    }

    /// Writes links and keys in their order, then brings the items up to date.
    pub fn settle(self, writer: &mut Writer<'_>, schema: &Schema) -> Result<(), AppError> {
        let Changed { touched, links, keys } = self.0;
        if touched.is_empty() {
            return Ok(());
        }
        for ((target, link, record), there) in &links {
            writer.set_link((link, target), record, *there)?;
        }
        let keys: BTreeMap<_, _> =
            keys.iter().map(|((key, record), there)| ((key_number(key), record), there)).collect();
        for ((key, record), there) in keys {
            writer.set_key(key, record, *there)?;
        }
        let held = Held::new(writer, touched.len())?;
        let review = across::review(schema, &held, &touched, &|record| held.items(record));
        let review = held.finish(review)?;
        for id in review.gone {
            writer.replace_cross(id, &[], "", "")?;
        }
        for item in review.put {
            let json = serde_json::to_string(&item).map_err(|e| AppError::storage(&e))?;
            writer.replace_cross(item.id, &item.records, &item.rule, &json)?;
        }
        Ok(())
    }
}

/// Makes everything that is derived anew where it was made under another schema, by other rules, or not at all.
pub fn renew(session: &Session<'_>) -> Result<(), AppError> {
    let edition =
        [&session.schema.hash()[..], &session.schema.version.to_be_bytes(), &across::EDITION.to_be_bytes()].concat();
    if session.store.read(|reader| reader.meta(VIEWS))?.as_ref() == Some(&edition) {
        return Ok(());
    }
    session.store.write(|writer| {
        writer.clear_derived()?;
        let mut upkeep = Upkeep::default();
        let mut after = None;
        let mut last = None;
        loop {
            let docs = writer.docs_page(after.as_ref(), 500)?;
            let Some(end) = docs.last() else { break };
            after = Some(end.id);
            for record in docs.iter().map(|doc| doc.id.record) {
                if last != Some(record) {
                    views::refresh_one(writer, session.eye(), &record, &mut upkeep)?;
                    last = Some(record);
                }
            }
        }
        upkeep.settle(writer, session.schema)?;
        Ok::<_, AppError>(writer.set_meta(VIEWS, &edition)?)
    })
}

/// An item over several records, as the screen of one of them needs it.
pub fn cross_view(
    reader: &Reader<'_>,
    schema: &Schema,
    item: CrossItem,
    at: Option<RecordId>,
) -> Result<AttentionView, AppError> {
    let record = at.or_else(|| item.records.first().copied()).ok_or_else(|| AppError::storage(&"item"))?;
    let row = reader.view(&record)?;
    let kind = match &row {
        Some(row) => row.kind.clone(),
        None => KindName(String::new()),
    };
    let title = row.map(|row| views::list_item(reader, schema, row)).transpose()?.map(|line| line.title);
    Ok(AttentionView {
        id: to_hex(&item.id),
        rule: item.rule,
        record,
        kind,
        title: title.unwrap_or_default(),
        field: String::new(),
        in_force: Value::Null,
        in_force_shown: String::new(),
        claims: Vec::new(),
        others: item.records.into_iter().filter(|other| *other != record).collect(),
        about: item.about,
        say: Sentence { zh: item.zh, en: item.en },
        answers: Vec::new(),
        may_decide: false,
        who: None,
    })
}

/// Records of these grids that what is typed may already be, surest first.
pub fn likely(
    session: &Session<'_>,
    kind: &KindName,
    edits: &[FieldEdit],
    scope: Option<&Scope>,
) -> Result<Vec<LikelyView>, AppError> {
    let kind = session.kind(kind)?;
    let value = |edit: &FieldEdit| match edit {
        FieldEdit::Put { field, value } => Some((field.clone(), value.clone())),
        FieldEdit::Add { field, text, .. } => Some((field.clone(), Value::Text(text.clone()))),
        FieldEdit::End { .. } | FieldEdit::Append { .. } => None,
    };
    let typed = Typed {
        values: edits.iter().filter_map(value).collect(),
        scope: scope.or_else(|| session.account.scopes.first()).cloned().unwrap_or_default(),
        now: session.now,
    };
    let found = session.store.read(|reader| {
        let held = Held::new(reader, 0)?;
        let found = across::likely(session.schema, &held, kind, &typed);
        held.finish(found)
    })?;
    Ok(found
        .into_iter()
        .map(|one| LikelyView {
            record: one.record,
            kind: kind.name.clone(),
            title: one.name,
            weight: one.weight,
            why: Sentence { zh: one.zh, en: one.en },
        })
        .collect())
}
