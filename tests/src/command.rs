//! The command line of the harness.

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::scenario;

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
}

impl Command {
    /// Does what was asked.
    pub fn run(self) -> ExitCode {
        match self.what {
            What::Scenario { files, quiet, seed } => scenarios(&files, quiet, seed),
        }
    }
}

fn scenarios(files: &[PathBuf], quiet: bool, seed: u64) -> ExitCode {
    let mut failed = 0;
    for file in files {
        let verdict = scenario::run_file(file, seed);
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
