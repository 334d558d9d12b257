//! Saving on the phone: one edited field of an existing record, durable when the call returns.

use std::{collections::BTreeMap, path::Path, time::Instant};

use wangge_core::{
    app::{EditRequest, FieldEdit},
    model::{ChangeHash, RecordId, Source},
};

use super::{
    BenchError,
    floor::Floor,
    records::Records,
    report::{Measure, median, p95},
    site::{self, Site},
};

/// Records on the phone: a worker's grid (DESIGN 1).
const RECORDS: usize = 1_500;
const BATCHES: usize = 10;
const BATCH: usize = 100;

/// Times edits and plain commits of the same changes in turns, so that a slow moment of the disk falls on both.
pub fn measure(dir: &Path, records: &Records) -> Result<Vec<Measure>, BenchError> {
    let site = Site::new(&dir.join("store"))?;
    let phone = site::phone_over_tls(&dir.join("store-phone"))?;
    phone.enrol(&site.invite("gw", &records.grids())?, "bench").map_err(|e| BenchError::new("enrol", e))?;
    let mut ids = BTreeMap::new();
    let mut residents = Vec::new();
    for row in records.rows.iter().take(RECORDS) {
        let form = row.form(&ids);
        let record = phone.edit(&form).map_err(|e| BenchError::new("record", e))?.record;
        if form.kind.0 == "resident" {
            residents.push(record);
        }
        ids.insert(row.id.clone(), record);
    }
    phone.sync(&()).map_err(|e| BenchError::new("sync", e))?;

    let (mut floor, mut keyed) = (Floor::new(dir, "store-floor.db")?, Floor::encrypted(dir, "store-keyed.db")?);
    let (mut edits, mut commits, mut keyed_commits) = (Vec::new(), Vec::new(), Vec::new());
    for batch in 0..BATCHES {
        let mut changes = Vec::new();
        for one in 0..BATCH {
            let record = residents[(batch * BATCH + one) % residents.len()];
            let form = edit(record, batch * BATCH + one);
            let began = Instant::now();
            let outcome = phone.edit(&form).map_err(|e| BenchError::new("edit", e))?;
            edits.push(began.elapsed().as_secs_f64());
            changes.extend(outcome.changes);
        }
        phone.sync(&()).map_err(|e| BenchError::new("sync", e))?;
        let bytes = bytes_of(&site, &changes)?;
        commits.extend(floor.commit_each(&bytes)?);
        keyed_commits.extend(keyed.commit_each(&bytes)?);
    }
    let (slow, slow_floor) = (p95(edits.clone()), p95(commits.clone()));
    let (edit, commit, keyed) = (median(edits), median(commits), median(keyed_commits));
    let is = "plain SQLite, no key, WAL, synchronous FULL: one commit of the same change";
    Ok(vec![
        Measure::new("edits_per_second", ("保存一项修改", "one field saved, durable"), 1.0 / edit, "/s")
            .beside_speed(1.0 / commit, is)
            .at_most_times(1.5),
        Measure::new("edit_ms", ("同上，中位数", "the same, median"), edit * 1e3, "ms").beside(commit * 1e3, is),
        Measure::new("edit_p95_ms", ("同上，95%以内", "the same, 95th percentile"), slow * 1e3, "ms")
            .beside(slow_floor * 1e3, is),
        Measure::new(
            "keyed_commit_ms",
            ("其中加密库的一次提交", "of which one commit to an encrypted table"),
            keyed * 1e3,
            "ms",
        )
        .beside(commit * 1e3, is),
    ])
}

fn edit(record: RecordId, number: usize) -> EditRequest {
    EditRequest {
        record: Some(record),
        kind: "resident".into(),
        source: Source::SelfSaid,
        edits: vec![FieldEdit::put("work", format!("云溪县第{number}工厂").as_str())],
        ..EditRequest::default()
    }
}

/// The very bytes that the phone wrote, from the county's logs.
fn bytes_of(site: &Site, changes: &[ChangeHash]) -> Result<Vec<Vec<u8>>, BenchError> {
    let failed = |e| BenchError::new("log", e);
    let mut bytes = BTreeMap::new();
    for head in site.county().buckets().map_err(failed)? {
        for entry in site.county().log_after(&head.bucket, 0).map_err(failed)? {
            bytes.insert(entry.envelope.hash, entry.raw);
        }
    }
    let all: Option<Vec<_>> = changes.iter().map(|change| bytes.remove(change)).collect();
    all.ok_or_else(|| BenchError::new("log", "a change that was kept is not there"))
}
