//! A new phone in a process of its own, so that its memory is its own.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde::{Deserialize, Serialize};

use super::{BenchError, site::phone_over_tls, sync::timed_sync};

#[derive(Serialize, Deserialize)]
struct Task {
    dir: PathBuf,
    code: String,
}

/// What the child measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Done {
    /// From the first byte to the last entry applied.
    pub seconds: f64,
    /// Request bodies.
    pub bytes_up: u64,
    /// Reply bodies.
    pub bytes_down: u64,
    /// Round trips.
    pub rounds: u32,
    /// Entries.
    pub received: u64,
    /// Largest resident size of the process; 0 where the system does not say.
    pub peak_kib: u64,
}

/// Starts the child, which enrols and syncs, and reads what it measured.
pub fn bootstrap(dir: &Path, code: &str) -> Result<Done, BenchError> {
    let failed = |error: &dyn std::fmt::Display| BenchError::new("child process", error);
    let task = Task { dir: dir.to_owned(), code: code.to_owned() };
    let file = dir.with_extension("task.json");
    let text = serde_json::to_string(&task).map_err(|e| failed(&e))?;
    std::fs::write(&file, text).map_err(|e| failed(&e))?;
    let program = std::env::current_exe().map_err(|e| failed(&e))?;
    let output = Command::new(program).args(["bench", "--child"]).arg(&file).output().map_err(|e| failed(&e))?;
    if !output.status.success() {
        return Err(failed(&String::from_utf8_lossy(&output.stderr)));
    }
    serde_json::from_slice(&output.stdout).map_err(|e| failed(&e))
}

/// What the child does.
pub fn run(file: &Path) -> Result<(), BenchError> {
    let failed = |error: &dyn std::fmt::Display| BenchError::new("child process", error);
    let text = std::fs::read_to_string(file).map_err(|e| failed(&e))?;
    let task: Task = serde_json::from_str(&text).map_err(|e| failed(&e))?;
    let phone = phone_over_tls(&task.dir)?;
    phone.enrol(&task.code, "bench").map_err(|e| failed(&e))?;
    let (seconds, report) = timed_sync(&phone)?;
    let done = Done {
        seconds,
        bytes_up: report.bytes_up,
        bytes_down: report.bytes_down,
        rounds: report.summary.rounds,
        received: report.summary.received,
        peak_kib: peak_kib(),
    };
    println!("{}", serde_json::to_string(&done).map_err(|e| failed(&e))?);
    Ok(())
}

/// `VmHWM` of Linux: the largest resident size so far.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
