//! `wangge-server import`: reads, shows, writes.

use std::{fs, path::PathBuf, time::Duration};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use wangge_core::model::Schema;

use super::{ImportError, ImportPlan, Map, Written, known_regions, plan, write};
use crate::{
    County, CountyError,
    cli::Place,
    serve::{clock, entropy},
};

/// What `import` is told.
#[derive(Args, Clone, Debug)]
pub struct Import {
    /// 存放台账的目录（csv、txt、xlsx、xls）/ directory of the ledgers
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// 对照表：哪一列是什么 / the map: which column is what
    #[arg(long, value_name = "MAP.toml")]
    map: PathBuf,
    /// 只核对，不写入 / check only, write nothing
    #[arg(long)]
    dry_run: bool,
    /// 把数字和逐条清单写入文件 / write figures and the whole list of problems to a file
    #[arg(long, value_name = "FILE.json")]
    report: Option<PathBuf>,
}

impl Import {
    /// Runs the command. A dry run needs no county; where there is one, its grids are known.
    pub(crate) fn run(&self, place: &Place) -> Result<(), CountyError> {
        let county = match place.open() {
            Ok(county) => Some(county),
            Err(CountyError::Missing(_)) if self.dry_run => None,
            Err(CountyError::InUse) if self.dry_run => Some(place.open_beside()?),
            Err(error) => return Err(error),
        };
        crate::out::print(format_args!("{}", self.work(place.json, county.as_ref())?));
        Ok(())
    }

    /// Reads, saves the report, writes; gives what to print.
    fn work(&self, json: bool, county: Option<&County>) -> Result<String, ImportError> {
        let schema = Schema::built_in();
        let map = Map::read(&self.map, schema)?;
        let bar = bar();
        let known = county.map(known_regions).transpose()?.unwrap_or_default();
        let mut planned = plan(&self.dir, &map, schema, known, &mut |file| {
            bar.set_message(format!("读取 reading {file}"));
            bar.tick();
        })?;
        self.save(&planned)?;
        let mut written = None;
        if let Some(county) = county.filter(|_| !self.dry_run) {
            bar.set_length(planned.records.len() as u64);
            bar.set_message("写入 writing");
            bar.enable_steady_tick(Duration::from_millis(100));
            let done = write(county, &planned, clock(), &mut entropy, &mut |n| bar.set_position(n))?;
            if !done.problems.is_empty() {
                planned.report.problems.extend(done.problems.iter().cloned());
                self.save(&planned)?;
            }
            written = Some(done);
        }
        bar.finish_and_clear();
        Ok(if json { to_json(&planned) } else { self.screen(&planned, written.as_ref()) })
    }

    /// Writes the report file: before the county is touched, so that a wrong path costs nothing.
    fn save(&self, planned: &ImportPlan) -> Result<(), ImportError> {
        let Some(path) = &self.report else { return Ok(()) };
        fs::write(path, to_json(planned))
            .map_err(|error| ImportError::Output { path: path.display().to_string(), error: error.to_string() })
    }

    fn screen(&self, planned: &ImportPlan, written: Option<&Written>) -> String {
        let dir = self.dir.display();
        let mut lines = vec![format!("导入 {dir} / import of {dir}\n"), planned.report.table(&planned.tidied)];
        if !planned.unused.is_empty() {
            let names = planned.unused.join(" ");
            lines.push(format!("对照表未提及、没有读取：{names} / not named by the map, not read: {names}"));
        }
        lines.push(match written {
            None => "只核对，未写入任何内容 / checked only, nothing written".to_owned(),
            Some(done) if *done == Written::default() => {
                "与上次导入相同，没有新内容 / the same as before, nothing new".to_owned()
            }
            Some(Written { new_records, changed_records, new_pairs, .. }) => format!(
                "已写入：新记录 {new_records}，更新 {changed_records}，疑似重复 {new_pairs} 对 / \
                 written: {new_records} new records, {changed_records} updated, {new_pairs} pairs to judge"
            ),
        });
        lines.join("\n") + "\n"
    }
}

/// Drawn on standard error, and only where that is a terminal.
fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{spinner} {wide_bar} {pos}/{len} {elapsed} {msg}");
    bar.set_style(style.expect("the template is a constant"));
    bar
}

fn to_json(planned: &ImportPlan) -> String {
    serde_json::to_string_pretty(&planned.report).expect("a report is plain data") + "\n"
}
