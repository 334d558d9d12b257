//! `demo`: a county in a minute.

use std::path::PathBuf;

use clap::Args;

use super::Place;
use crate::{CountyError, demo, serve::entropy};

/// What `demo` is told.
#[derive(Args, Debug)]
pub struct Demo {
    /// 核对完成后退出，不再继续服务 / end after the checks instead of serving on
    #[arg(long)]
    once: bool,
    /// 输出目录，演示的数据也在其中，不用 --data / folder for pages and figures and for the demo's own data; --data is not used
    #[arg(long, value_name = "DIR", default_value = "target/demo")]
    out: PathBuf,
    /// 样例台账目录 / folder of the sample ledgers
    #[arg(long, value_name = "DIR", default_value = "tests/data/county")]
    ledgers: PathBuf,
    /// 随机种子，用于重现一次演示 / seed, to repeat a run
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

impl Demo {
    pub(super) fn run(&self, place: &Place) -> Result<(), CountyError> {
        let mut random = [0; 4];
        entropy(&mut random);
        let seed = self.seed.unwrap_or_else(|| u64::from(u32::from_be_bytes(random)));
        let options = demo::Options { out: self.out.clone(), ledgers: self.ledgers.clone(), seed };
        let finished = demo::run(&options)?;
        if place.json {
            super::print_json(&serde_json::json!(finished.report));
        } else {
            demo::print_table(&finished.report);
        }
        eprintln!("打开 / open: {}", finished.page.display());
        if !finished.report.holds() {
            return Err(CountyError::invalid("演示未通过核对", "the demo did not pass its checks"));
        }
        eprintln!("全部核对通过 / all checks hold");
        if self.once {
            return Ok(());
        }
        eprintln!("服务器仍在运行：{}，按 Ctrl-C 停止 / still serving, press Ctrl-C to stop", finished.address);
        finished.server.stop_on_signal()?;
        finished.server.wait()
    }
}

/// The phone of a demo that is killed; started by `demo` itself.
#[derive(Args, Debug)]
pub struct DemoPhone {
    /// 手机目录 / folder of the phone
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
}

impl DemoPhone {
    pub(super) fn run(&self) -> Result<(), CountyError> {
        demo::run_child(&self.dir)
    }
}
