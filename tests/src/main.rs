//! `wangge-harness`: plays scenario files, measures.

use clap::Parser as _;

fn main() -> std::process::ExitCode {
    wangge_harness::command::Command::parse().run()
}
