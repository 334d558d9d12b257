//! `wangge-server demo`: a county in a minute, with real parts only.
//!
//! A new server takes the sample ledger and listens on loopback with TLS; eleven phones enrol over it, go offline, each
//! does a day's work, some of it on the same homes; they come back in any order, one is killed at the worst moment; then
//! everything is compared with a journal that the demo kept itself.

mod cast;
mod check;
mod child;
mod day;
mod page;
mod phones;

use std::{
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

pub use child::run as run_child;
use serde::Serialize;

use crate::{
    County, CountyError, Keys,
    county::NewCounty,
    import,
    keys::files,
    log::Log,
    serve::{DEFAULT_PORT, Listen, Server, clock, entropy},
};

/// How the demo runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// Folder for the server's data, the phones and the pages.
    pub out: PathBuf,
    /// Ledgers to import, with their `map.toml`.
    pub ledgers: PathBuf,
    /// Seed of everything that is left to chance.
    pub seed: u64,
}

/// Figures of a run, written to `report.json`.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Phones enrolled.
    pub phones: u64,
    /// Records on the server at the end.
    pub records: u64,
    /// Statements in the demo's own journal.
    pub edits_made: u64,
    /// Of these, found on the server at the end.
    pub edits_found: u64,
    /// Questions kept for a person.
    pub conflicts: u64,
    /// Every phone and the server agree bucket by bucket and value by value.
    pub converged: bool,
    /// Bytes of the bodies of all syncs that ended; enrolment and the sync that was killed are not in it.
    pub wire_bytes: u64,
    /// Requests answered.
    pub round_trips: u64,
    /// From an empty folder to the last check.
    pub seconds: f64,
}

impl Report {
    /// Whether all holds.
    pub fn holds(&self) -> bool {
        self.converged && self.edits_found == self.edits_made && self.edits_made > 0
    }
}

/// A demo after its checks: the server goes on serving until this is dropped.
pub struct Finished {
    /// Figures.
    pub report: Report,
    /// Where the server listens.
    pub address: String,
    /// The page to open.
    pub page: PathBuf,
    /// The running server.
    pub server: Server,
}

/// Says what happens next, with the seconds since the start.
struct Voice(Instant);

impl Voice {
    fn say(&self, zh: &str, en: &str) {
        eprintln!("[{:5.1}s] {zh} / {en}", self.0.elapsed().as_secs_f64());
    }
}

/// Runs the whole demo.
pub fn run(options: &Options) -> Result<Finished, CountyError> {
    let voice = Voice(Instant::now());
    let random = cast::Chance::new(options.seed);
    voice.say(&format!("随机种子 {}", options.seed), "seed");
    let folders = Folders::fresh(&options.out)?;
    voice.say("建立县服务器，导入样例台账", "a new county server imports the sample ledgers");
    let county = Arc::new(found_county(&folders, options)?);
    let listen = Listen { address: Ipv4Addr::LOCALHOST.into(), port: DEFAULT_PORT, any_port: true };
    let server = Server::start(county.clone(), &folders.keys, Vec::new(), &listen, Log::Quiet)?;
    let address = format!("https://{}", server.address());
    county.set_url(&address)?;
    voice.say(&format!("服务器已启动 {address}"), "the server listens (TLS, loopback)");
    let cast = cast::hire(&county, clock())?;
    let mut phones = phones::enrol_all(&county, &cast, &folders.phones)?;
    voice.say(&format!("{} 台手机已注册并下载各自网格", phones.len()), "phones enrolled and hold their grids");
    let journal = day::work(&mut phones, random.clone())?;
    voice.say(&format!("全部离线，各自工作一天：{} 项内容", journal.len()), "all offline, a day's work each");
    phones::sync_all(&mut phones, random, &voice)?;
    voice.say("核对：逐桶、逐值、逐条", "checking bucket by bucket, value by value, edit by edit");
    let verdict = check::check(&county, &phones, &journal)?;
    let report = Report {
        phones: phones.len() as u64,
        records: county.counts()?.values().sum(),
        edits_made: journal.len() as u64,
        edits_found: verdict.found,
        conflicts: verdict.questions,
        converged: verdict.problems.is_empty(),
        wire_bytes: phones.iter().map(|p| p.bytes).sum(),
        round_trips: phones.iter().map(|p| p.rounds).sum(),
        seconds: (voice.0.elapsed().as_secs_f64() * 10.0).round() / 10.0,
    };
    for problem in &verdict.problems {
        eprintln!("  ✗ {problem}");
    }
    let page = page::write(&options.out, &county, &phones, &report)?;
    write_report(&options.out, &report)?;
    Ok(Finished { report, address, page, server })
}

struct Folders {
    data: PathBuf,
    keys: PathBuf,
    phones: PathBuf,
}

impl Folders {
    /// Clears what a demo before left behind, and nothing else.
    fn fresh(out: &Path) -> Result<Self, CountyError> {
        let folders = Self { data: out.join("server"), keys: out.join("server-keys"), phones: out.join("phones") };
        // A demo that still serves from here keeps its data.
        if let Err(CountyError::InUse) = County::open(&folders.data, &folders.keys) {
            return Err(CountyError::InUse);
        }
        for file in ["report.json", "index.html"].map(|name| out.join(name)).iter().filter(|file| file.exists()) {
            std::fs::remove_file(file).map_err(|e| CountyError::file(file, e))?;
        }
        for dir in [&folders.data, &folders.keys, &folders.phones] {
            if dir.exists() {
                std::fs::remove_dir_all(dir).map_err(|e| CountyError::file(dir, e))?;
            }
        }
        std::fs::create_dir_all(&folders.phones).map_err(|e| CountyError::file(&folders.phones, e))?;
        Ok(folders)
    }
}

fn found_county(folders: &Folders, options: &Options) -> Result<County, CountyError> {
    let mut seed = [0; 32];
    entropy(&mut seed);
    files::create(&folders.keys, &folders.data, &Keys::from_seed(seed), &[], clock())?;
    let new = NewCounty { name: "云溪县".to_owned(), url: String::new(), epoch: 1 };
    let county = County::create(&folders.data, &folders.keys, &new, clock())?;
    let map = options.ledgers.join("map.toml");
    let (plan, _) = import::run(&county, &options.ledgers, &map, clock(), &mut entropy)?;
    let r = &plan.report;
    eprintln!(
        "         {} 行台账 ledger rows → {} 人 persons, {} 户 households, {} 条问题 problems",
        r.ledger_rows,
        r.persons_made,
        r.households,
        r.problems.len()
    );
    Ok(county)
}

fn write_report(out: &Path, report: &Report) -> Result<(), CountyError> {
    let path = out.join("report.json");
    let text = serde_json::to_string_pretty(report).map_err(|e| CountyError::Storage(e.to_string()))?;
    std::fs::write(&path, text + "\n").map_err(|e| CountyError::file(&path, e))
}

/// The figures as a table, for people.
pub fn print_table(report: &Report) {
    let yes = |yes| if yes { "是 yes" } else { "否 no" };
    let rows = [
        ("手机 phones", report.phones.to_string()),
        ("记录 records", report.records.to_string()),
        ("离线写下 edits made", report.edits_made.to_string()),
        ("县里找到 edits found", report.edits_found.to_string()),
        ("待确认 kept for a person", report.conflicts.to_string()),
        ("全部一致 converged", yes(report.converged).to_owned()),
        ("流量 bytes", report.wire_bytes.to_string()),
        ("往返 round trips", report.round_trips.to_string()),
        ("用时 seconds", report.seconds.to_string()),
    ];
    say!();
    for (name, value) in rows {
        say!("  {name:<28} {value:>12}");
    }
    say!();
}
