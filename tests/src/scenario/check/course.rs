//! What a file expects of records that are one.

use std::collections::BTreeSet;

use toml::Spanned;
use wangge_core::{
    app::{AppError, ListRequest},
    model::{KindName, RecordId, Value},
};

use super::{Checker, Step, broken};
use crate::{
    scenario::{Findings, file::Same, look::Viewer},
    world::Phone,
};

/// Aliases of aliases are followed so far.
const CHAIN: usize = 16;

impl Checker<'_, '_> {
    /// Whether records are one: each of their ids leads to the same record, and lists show it once.
    pub(super) fn same(&self, spanned: &Spanned<Same>, findings: &mut Findings) -> Step<()> {
        let (line, same) = (self.play.line(spanned), spanned.get_ref());
        let records = same.records.iter().map(|name| self.play.record(name, line)).collect::<Step<Vec<_>>>()?;
        for viewer in self.viewers(line, same.on.as_deref())? {
            let heads: BTreeSet<RecordId> = match viewer {
                Viewer::Phone(phone) => {
                    let held: Vec<_> = records.iter().filter_map(|record| phone.app.get(*record).ok()).collect();
                    if held.len() < records.len() && same.on.is_none() {
                        // Who holds none of them, or only some because of grids, can say nothing of them together.
                        continue;
                    }
                    held.iter().map(|view| view.record).collect()
                }
                Viewer::Server(_) => records.iter().map(|record| self.head_at_county(*record)).collect(),
            };
            let wanted = if same.apart { records.len() } else { 1 };
            let listed = match viewer {
                Viewer::Phone(phone) => listed(phone, &records).map_err(|e| broken(&e))?,
                Viewer::Server(_) => heads.len(),
            };
            if heads.len() != wanted || listed != wanted {
                let (who, names) = (viewer.name(), same.records.join("、"));
                findings.add(
                    line,
                    format!("{who}：{names}应是 {wanted} 条，实为 {} 条，列表里 {listed} 条", heads.len()),
                    format!("{who}: {names} are {} records, {listed} in lists, not {wanted}", heads.len()),
                );
            }
        }
        Ok(())
    }

    /// The record that a record goes on as, at the county.
    fn head_at_county(&self, record: RecordId) -> RecordId {
        let next = |record: RecordId| {
            let docs = self.ledger.resolved(record);
            let alias = docs.iter().find_map(|(_, doc)| doc.fields.get("alias_of")).map(|field| &field.value);
            alias.and_then(Value::text).and_then(|id| id.parse().ok())
        };
        std::iter::successors(Some(record), |record| next(*record)).take(CHAIN).last().unwrap_or(record)
    }
}

/// How many of these records a phone's lists show.
fn listed(phone: &Phone, records: &[RecordId]) -> Result<usize, AppError> {
    let Some(kind) = records.iter().find_map(|record| phone.app.get(*record).ok()).map(|view| view.kind) else {
        return Ok(0);
    };
    let mut request = ListRequest { kind: Some(KindName(kind.0)), limit: 200, ..ListRequest::default() };
    let mut count = 0;
    loop {
        let page = phone.app.list(&request)?;
        count += page.items.iter().filter(|item| records.contains(&item.record)).count();
        let Some(next) = page.next else { return Ok(count) };
        request.after = Some(next);
    }
}
