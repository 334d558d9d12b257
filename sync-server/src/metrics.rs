//! Counters of this process, and their OpenMetrics text; no personal data, no names.

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::{County, CountyError};

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Answered.
    Done,
    /// Not ours, damaged, unknown, revoked, replayed.
    Rejected,
    /// The server itself failed.
    Failed,
}

/// Counters since the start.
#[derive(Debug, Default)]
pub struct Metrics {
    enrol: [AtomicU64; 3],
    sync: [AtomicU64; 3],
    uploads: [AtomicU64; 5],
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
}

const OUTCOMES: [&str; 3] = ["done", "rejected", "failed"];
const RESULTS: [&str; 5] = ["accepted", "duplicate", "held", "review", "refused"];

impl Metrics {
    pub(crate) fn request(&self, enrol: bool, outcome: Outcome, bytes_in: usize, bytes_out: usize) {
        let counters = if enrol { &self.enrol } else { &self.sync };
        counters[outcome as usize].fetch_add(1, Ordering::Relaxed);
        self.bytes_in.fetch_add(bytes_in as u64, Ordering::Relaxed);
        self.bytes_out.fetch_add(bytes_out as u64, Ordering::Relaxed);
    }
    pub(crate) fn uploads(&self, counts: [u64; 5]) {
        for (counter, count) in self.uploads.iter().zip(counts) {
            counter.fetch_add(count, Ordering::Relaxed);
        }
    }
    /// Accepted changes since the start.
    pub fn accepted(&self) -> u64 {
        self.uploads[0].load(Ordering::Relaxed)
    }
}

/// The text that `GET /metrics` answers.
pub fn text(county: &County) -> Result<String, CountyError> {
    let totals = county.totals()?;
    let mut out = String::new();
    let gauges = [
        ("records", "Records of all kinds", totals.records),
        ("changes", "Accepted changes in the log", totals.changes),
        ("buckets", "Buckets written to", totals.buckets),
        ("devices", "Phones in use", totals.devices),
        ("review", "Changes waiting for a person", totals.review),
        ("refused", "Changes refused and kept", totals.refused),
        ("pairs", "Likely duplicates nobody has judged", totals.pairs),
        ("epoch", "Epoch of this server", county.epoch()),
    ];
    for (name, help, value) in gauges {
        let _ = write!(out, "# TYPE wangge_{name} gauge\n# HELP wangge_{name} {help}\nwangge_{name} {value}\n");
    }
    let metrics = county.metrics();
    out.push_str("# TYPE wangge_requests counter\n# HELP wangge_requests Requests since the start\n");
    for (path, counters) in [("enrol", &metrics.enrol), ("sync", &metrics.sync)] {
        for (outcome, counter) in OUTCOMES.iter().zip(counters) {
            let count = counter.load(Ordering::Relaxed);
            let _ = writeln!(out, "wangge_requests_total{{path=\"{path}\",outcome=\"{outcome}\"}} {count}");
        }
    }
    out.push_str("# TYPE wangge_uploads counter\n# HELP wangge_uploads Uploaded changes since the start\n");
    for (result, counter) in RESULTS.iter().zip(&metrics.uploads) {
        let _ = writeln!(out, "wangge_uploads_total{{result=\"{result}\"}} {}", counter.load(Ordering::Relaxed));
    }
    for (name, counter) in [("received", &metrics.bytes_in), ("sent", &metrics.bytes_out)] {
        let _ = write!(
            out,
            "# TYPE wangge_{name}_bytes counter\n# UNIT wangge_{name}_bytes bytes\nwangge_{name}_bytes_total {}\n",
            counter.load(Ordering::Relaxed)
        );
    }
    out.push_str("# EOF\n");
    Ok(out)
}
