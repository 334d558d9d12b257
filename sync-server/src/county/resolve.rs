//! A record as the county knows it: its documents, resolved by the same rules as on a phone.

use std::collections::BTreeMap;

use wangge_core::{
    doc::chunk,
    merge::{self, Resolved},
    model::{DocId, KindName, Observation, RecordId, Scope},
};

use super::{Commons, County, damaged, envelope};
use crate::{
    CountyError,
    db::{Reader, RecordRow},
};

/// A record as the county knows it.
#[derive(Clone, Debug)]
pub struct RecordState {
    /// The record.
    pub record: RecordId,
    /// Kind.
    pub kind: KindName,
    /// Grids that hold it.
    pub scopes: Vec<Scope>,
    /// Its documents, resolved.
    pub docs: BTreeMap<DocId, Resolved>,
}

impl County {
    /// The documents of a record, resolved field by field, without what an alias joins to it: see
    /// [`County::resolve_joined`].
    pub fn resolve_record(&self, record: &RecordId) -> Result<RecordState, CountyError> {
        let found = self.db.read(|r| observations(r, record))?;
        let (row, seen) =
            found.ok_or_else(|| CountyError::not_found(format!("没有记录 {record}"), format!("no record {record}")))?;
        let kind = self.schema.kinds.get(&row.kind).ok_or_else(|| damaged("kind"))?;
        let mut docs: BTreeMap<DocId, Vec<Observation>> = BTreeMap::new();
        for (id, one) in seen {
            docs.entry(id).or_default().push(one);
        }
        let docs = docs.into_iter().map(|(id, seen)| (id, merge::resolve(self.schema, kind, id, &seen))).collect();
        Ok(RecordState { record: *record, kind: row.kind, scopes: row.routes, docs })
    }
}

/// Everything accepted of a record, in the order of acceptance.
#[expect(clippy::type_complexity, reason = "two lists, taken apart by both callers")]
pub(super) fn observations(
    r: &Reader<'_>,
    record: &RecordId,
) -> Result<Option<(RecordRow, Vec<(DocId, Observation)>)>, CountyError> {
    let Some(row) = r.record(record)? else { return Ok(None) };
    let mut commons = Commons::default();
    let mut seen = Vec::new();
    for change in r.changes(row.n)? {
        let raw = change.raw.as_deref().unwrap_or_default();
        let body = chunk::read(raw).map_err(|_| damaged("change"))?;
        let envelope = envelope(&change, commons.get(r, change.common)?);
        seen.push((change.doc, Observation::accepted(body, &envelope)));
    }
    Ok(Some((row, seen)))
}
