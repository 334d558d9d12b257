//! Measures, each beside its floor in the same run. No figure is asserted anywhere: the machine decides it.

mod attention;
mod child;
mod floor;
mod records;
mod report;
mod site;
mod store;
mod sync;

use std::{fmt::Display, path::PathBuf, process::ExitCode};

use records::Records;
use report::Report;

use crate::command::Only;

/// What to measure.
#[derive(Debug)]
pub struct Options {
    /// One group only.
    pub only: Option<Only>,
    /// Where to write the JSON file.
    pub json: Option<PathBuf>,
    /// The records.
    pub records: PathBuf,
    /// Set for a child process.
    pub child: Option<PathBuf>,
}

/// Why a measure could not be taken.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BenchError(String);

impl BenchError {
    fn new(what: &str, error: impl Display) -> Self {
        Self(format!("{what}: {error}"))
    }
}

/// Measures and prints.
pub fn run(options: &Options) -> ExitCode {
    let done = match &options.child {
        Some(task) => child::run(task),
        None => measure(options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("错误 / error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(options: &Options) -> Result<(), BenchError> {
    let records = Records::read(&options.records)?;
    // Beside the program, so that floors and stores share the disk that is meant, not a file system in memory.
    let beside =
        std::env::current_exe().ok().and_then(|program| program.parent().map(PathBuf::from)).unwrap_or_default();
    let dir =
        tempfile::Builder::new().prefix("bench-").tempdir_in(beside).map_err(|e| BenchError::new("directory", e))?;
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let mut report = Report {
        cpus,
        release: !cfg!(debug_assertions),
        records: records.rows.len(),
        measures: Vec::new(),
        dropped: records.dropped.clone(),
    };
    if !report.release {
        eprintln!("未优化的程序，数字没有意义；请加 --release / not an optimised build: add --release");
    }
    let wanted = |group| options.only.is_none_or(|only| only == group);
    if wanted(Only::Store) {
        eprintln!("保存：{} 次 / saving on the phone …", 1_000);
        report.measures.extend(store::measure(dir.path(), &records)?);
    }
    if wanted(Only::Sync) {
        eprintln!("同步：{} 条记录 / syncing {} records …", report.records, report.records);
        report.measures.extend(sync::measure(dir.path(), &records)?);
    }
    if wanted(Only::Attention) {
        eprintln!("待确认与查重 / items and duplicates …");
        report.measures.extend(attention::measure(dir.path())?);
    }
    println!("{}", report.table());
    if let Some(path) = &options.json {
        report.write(path)?;
    }
    Ok(())
}
