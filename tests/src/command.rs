//! The command line of the harness.

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand, ValueEnum};

use crate::{bench, scenario};

/// Scenarios and measures of Wangge.
#[derive(Debug, Parser)]
#[command(name = "wangge-harness", version, about = "网格：情景与测量 / scenarios and measures")]
pub struct Command {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// 演练情景文件，核对各方结果 / plays scenario files and checks what everybody then sees
    Scenario {
        /// 情景文件 / scenario files
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// 只显示不符的 / shows only what does not hold
        #[arg(long)]
        quiet: bool,
        /// 随机种子，结果不应随它而变 / seed of all that is random; no result depends on it
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// 测量，每项旁边有对照 / measures, each beside its floor
    Bench {
        /// 只测一组 / one group only
        #[arg(long)]
        only: Option<Only>,
        /// 同时写入 JSON 文件 / also writes a JSON file
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        /// 记录文件（JSON 行，zstd）/ the records, zstd-compressed JSON lines
        #[arg(long, value_name = "FILE", default_value = "tests/data/records_10k.jsonl.zst")]
        records: PathBuf,
        /// 由测量自己启动的子进程 / a child process that the measure starts itself
        #[arg(long, hide = true, value_name = "FILE")]
        child: Option<PathBuf>,
    },
}

/// A group of measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Only {
    /// 手机上保存 / saving on the phone
    Store,
    /// 上传、下载、空同步 / upload, bootstrap, idle sync
    Sync,
    /// 待确认、查重 / items over several records, duplicates while typing
    Attention,
}

impl Command {
    /// Does what was asked.
    pub fn run(self) -> ExitCode {
        match self.what {
            What::Scenario { files, quiet, seed } => scenarios(&files, quiet, seed),
            What::Bench { only, json, records, child } => bench::run(&bench::Options { only, json, records, child }),
        }
    }
}

fn scenarios(files: &[PathBuf], quiet: bool, seed: u64) -> ExitCode {
    let mut failed = 0;
    for verdict in scenario::run_files(files, seed) {
        failed += usize::from(!verdict.holds());
        if !quiet || !verdict.holds() {
            println!("{verdict}");
        }
    }
    let played = files.len();
    if failed > 0 {
        println!(
            "{played} 个情景，{failed} 个不符（种子 {seed}） / {failed} of {played} scenarios do not hold (seed {seed})"
        );
        return ExitCode::FAILURE;
    }
    println!("{played} 个情景全部相符 / all {played} scenarios hold");
    ExitCode::SUCCESS
}
