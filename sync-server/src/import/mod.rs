//! Import of what a county hands over: ledgers as they are, with a map that says which column is what.
//!
//! `readers` (bytes ▶ rows) ▶ `table` (header, only the columns asked for) ▶ `clean` (cells ▶ values) ▶ `ledger`,
//! `things` (rows ▶ persons, buildings, …) ▶ `pairs`, `homes` (who may be one person; doors and households) ▶ `plan`
//! (records and report; pure) ▶ `write` (plan ▶ county, in one transaction).
//!
//! `persons_made` counts rows that are a new person. A row that looks like a person above (a pair) is a record of its own
//! all the same: nothing is merged, nothing is lost, and a person judges each pair later.

mod clean;
mod command;
mod homes;
mod ledger;
pub mod map;
mod pairs;
pub mod plan;
mod readers;
mod regions;
pub mod report;
mod table;
mod things;
pub mod write;

pub use command::Import;
pub use map::Map;
pub use pairs::Likeness;
pub use plan::{ImportPlan, plan};
pub use regions::{Region, Regions};
pub use report::{Problem, Report};
pub use write::{Written, known_regions, write};

use std::path::Path;

use wangge_core::model::{Millis, Schema};

use crate::{County, CountyError, county::Random};

/// Why an import stopped; nothing of the batch at hand has been written then.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The map cannot be read.
    #[error("无法读取对照表 {path}：{error} / cannot read the map {path}: {error}")]
    NoMap {
        /// Its path.
        path: String,
        /// Why.
        error: String,
    },
    /// The map says something that cannot be.
    #[error("对照表 {file} 第{line}行：{zh} / map {file}, line {line}: {en}")]
    Map {
        /// Its path.
        file: String,
        /// Line of it.
        line: usize,
        /// Chinese.
        zh: String,
        /// English.
        en: String,
    },
    /// The directory cannot be read.
    #[error("无法读取目录 {path}：{error} / cannot read directory {path}: {error}")]
    Dir {
        /// Its path.
        path: String,
        /// Why.
        error: String,
    },
    /// A file that the map names is not there.
    #[error("{dir} 中没有文件 {} / no file {} in {dir}", patterns.join(" "), patterns.join(" "))]
    NoFile {
        /// The directory.
        dir: String,
        /// Patterns of the map.
        patterns: Vec<String>,
    },
    /// A file cannot be read.
    #[error("{file}：{zh} / {file}: {en}")]
    File {
        /// The file.
        file: String,
        /// Chinese.
        zh: String,
        /// English.
        en: String,
    },
    /// A file lacks columns that must be there.
    #[error("{file} 缺少必需的列：{} / {file} lacks required columns: {}", columns.join("、"), columns.join(", "))]
    Columns {
        /// The file.
        file: String,
        /// Headers as the map writes them.
        columns: Vec<String>,
    },
    /// Nothing says which grids there are.
    #[error("没有任何网格：请先导入区划表 / there is no grid yet: import the regions first")]
    NoGrids,
    /// A report cannot be written.
    #[error("无法写入 {path}：{error} / cannot write {path}: {error}")]
    Output {
        /// Where.
        path: String,
        /// Why.
        error: String,
    },
    /// The county could not be read or written.
    #[error(transparent)]
    County(#[from] CountyError),
}

impl From<ImportError> for CountyError {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::County(inner) => inner,
            other => {
                let text = other.to_string();
                let (zh, en) = text.split_once(" / ").unwrap_or((&text, &text));
                Self::Invalid { zh: zh.to_owned(), en: en.to_owned() }
            }
        }
    }
}

/// Imports a directory without a terminal: the plan as it was made, and what came of writing it.
pub fn run(
    county: &County,
    dir: &Path,
    map: &Path,
    now: Millis,
    random: Random<'_>,
) -> Result<(ImportPlan, Written), ImportError> {
    let schema = Schema::built_in();
    let map = Map::read(map, schema)?;
    let planned = plan(dir, &map, schema, known_regions(county)?, &mut |_| {})?;
    let written = write(county, &planned, now, random, &mut |_| {})?;
    Ok((planned, written))
}
