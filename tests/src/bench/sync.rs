//! Upload of ten thousand records, their way onto a second phone, and a sync in which nothing is new: the real listener
//! with TLS on loopback, the phone's bytes and the server's on the same disk.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use wangge_core::{
    app::{App, Link, SyncReport},
    model::{Millis, Scope},
    net::{Transport, TransportError},
};
use wangge_server::{
    County, api,
    serve::{clock, entropy},
};

use super::{
    BenchError, child,
    floor::Floor,
    records::Records,
    report::{Measure, median},
    site::{self, Site},
};

/// How often upload and bootstrap are repeated, each time from the same start.
const TIMES: usize = 3;
const IDLE_TIMES: usize = 51;
/// Thirty grids of three audiences are the ninety buckets of the budget.
const GRIDS: usize = 30;

/// Figures of some runs of the same work.
#[derive(Debug, Default)]
pub struct Runs {
    seconds: Vec<f64>,
    up: Vec<f64>,
    down: Vec<f64>,
    rounds: Vec<f64>,
    rss_mib: Vec<f64>,
}

impl Runs {
    fn add(&mut self, seconds: f64, report: &SyncReport) {
        self.seconds.push(seconds);
        self.up.push(report.bytes_up as f64);
        self.down.push(report.bytes_down as f64);
        self.rounds.push(f64::from(report.summary.rounds));
    }
    /// Adds what a child process measured.
    pub fn add_child(&mut self, done: &child::Done) {
        self.seconds.push(done.seconds);
        self.up.push(done.bytes_up as f64);
        self.down.push(done.bytes_down as f64);
        self.rounds.push(f64::from(done.rounds));
        self.rss_mib.push(done.peak_kib as f64 / 1024.0);
    }
    fn bytes(&self) -> f64 {
        median(self.up.clone()) + median(self.down.clone())
    }
}

/// Carries out all three.
pub fn measure(dir: &Path, records: &Records) -> Result<Vec<Measure>, BenchError> {
    let start = Start::collect(dir, records)?;
    let floors = Floors {
        one_commit: median(
            (0..TIMES)
                .map(|n| Floor::new(dir, &format!("sync-floor-{n}.db"))?.commit_all(&records.lines))
                .collect::<Result<_, _>>()?,
        ),
        commits: Floor::new(dir, "collect-floor.db")?.commit_each(&records.lines)?.iter().sum(),
        zstd: records.zstd_bytes()? as f64,
        carried: records.zstd_carried_bytes()? as f64,
    };
    let (mut upload, mut bootstrap, mut idle) = (Runs::default(), Runs::default(), Idle::default());
    for time in 0..TIMES {
        let last = time + 1 == TIMES;
        start.run(dir, time, records.rows.len(), &mut upload, &mut bootstrap, last.then_some(&mut idle))?;
    }
    let mut measures = vec![
        Measure::new(
            "collect_s",
            ("在手机上逐条录入", "all records entered on a phone, each durable"),
            start.seconds,
            "s",
        )
        .beside(floors.commits, "plain SQLite, no key, WAL, synchronous FULL: one commit a JSON line"),
    ];
    let names = [
        ("upload_s", "上传到空服务器", "upload to an empty server"),
        ("upload_bytes", "上传，线上字节（双向）", "upload, bytes on the wire, both ways"),
        ("upload_rounds", "上传，往返次数", "upload, round trips"),
    ];
    measures.extend(floors.measures(names, &upload));
    let names = ("上传，服务器用时", "upload, the server's part");
    measures.push(Measure::new("upload_server_s", names, start.server_part(dir)?, "s"));
    let names = [
        ("bootstrap_s", "下载到新手机", "onto a new phone"),
        ("bootstrap_bytes", "下载，线上字节（双向）", "onto a new phone, bytes on the wire, both ways"),
        ("bootstrap_rounds", "下载，往返次数", "onto a new phone, round trips"),
    ];
    measures.extend(floors.measures(names, &bootstrap));
    let names = ("下载，手机进程的最大内存", "onto a new phone, peak memory of its process");
    measures.push(Measure::new("bootstrap_rss_mib", names, median(bootstrap.rss_mib), "MiB").at_most(100.0));
    measures.extend(idle.measures());
    Ok(measures)
}

struct Floors {
    one_commit: f64,
    commits: f64,
    zstd: f64,
    carried: f64,
}

impl Floors {
    fn measures(&self, names: [(&'static str, &'static str, &'static str); 3], runs: &Runs) -> Vec<Measure> {
        let [seconds, bytes, rounds] = names;
        let carried = if bytes.0 == "upload_bytes" { "upload_bytes_carried" } else { "bootstrap_bytes_carried" };
        let one_commit = "plain SQLite, no key: all JSON lines in one commit";
        vec![
            Measure::new(seconds.0, (seconds.1, seconds.2), median(runs.seconds.clone()), "s")
                .beside(self.one_commit, one_commit)
                .at_most(1.5),
            Measure::new(bytes.0, (bytes.1, bytes.2), runs.bytes(), "B")
                .beside(self.zstd, "zstd level 3 of the JSON lines")
                .at_most_times(1.5),
            Measure::new(carried, ("同上，只比带上的内容", "the same, beside only what is carried"), runs.bytes(), "B")
                .beside(self.carried, "zstd level 3 of the JSON lines without the members that no field holds"),
            Measure::new(rounds.0, (rounds.1, rounds.2), median(runs.rounds.clone()), ""),
        ]
    }
}

/// A county and a phone full of records that it does not know yet, both at rest, to start from again and again.
struct Start {
    site: PathBuf,
    phone: PathBuf,
    port: u16,
    grids: Vec<Scope>,
    seconds: f64,
}

impl Start {
    fn collect(dir: &Path, records: &Records) -> Result<Self, BenchError> {
        let (site_dir, phone_dir) = (dir.join("start"), dir.join("start-phone"));
        let mut grids = records.grids();
        grids.extend((grids.len()..GRIDS).map(|number| Scope(format!("990123009009{number:03}"))));
        let site = Site::new(&site_dir)?;
        let phone = site::phone_over_tls(&phone_dir)?;
        phone.enrol(&site.invite("gw1", &grids)?, "bench").map_err(|e| BenchError::new("enrol", e))?;
        let mut ids = BTreeMap::new();
        let began = Instant::now();
        for row in &records.rows {
            let outcome = phone.edit(&row.form(&ids)).map_err(|e| BenchError::new(&format!("record {}", row.id), e))?;
            ids.insert(row.id.clone(), outcome.record);
        }
        let seconds = began.elapsed().as_secs_f64();
        phone.close().map_err(|e| BenchError::new("close", e))?;
        let port = site.port();
        site.stop();
        Ok(Self { site: site_dir, phone: phone_dir, port, grids, seconds })
    }

    /// Seconds that the server's function takes of an upload, called in place.
    fn server_part(&self, dir: &Path) -> Result<f64, BenchError> {
        let site = Site::copy_of(&self.site, &dir.join("site-direct"), self.port)?;
        let phone_dir = dir.join("phone-direct");
        site::copy_dir(&self.phone, &phone_dir)?;
        let direct = Direct::new(site.county());
        let phone = site::phone(&phone_dir, Arc::new(direct.clone()))?;
        timed_sync(&phone)?;
        site.stop();
        Ok(direct.nanos.load(Relaxed) as f64 / 1e9)
    }

    fn run(
        &self,
        dir: &Path,
        time: usize,
        records: usize,
        upload: &mut Runs,
        bootstrap: &mut Runs,
        idle: Option<&mut Idle>,
    ) -> Result<(), BenchError> {
        let site = Site::copy_of(&self.site, &dir.join(format!("site-{time}")), self.port)?;
        let phone_dir = dir.join(format!("phone-{time}"));
        site::copy_dir(&self.phone, &phone_dir)?;
        let phone = site::phone_over_tls(&phone_dir)?;
        let (seconds, report) = timed_sync(&phone)?;
        if report.summary.sent != records as u64 {
            let what = format!("{} of {records} changes were accepted", report.summary.sent);
            return Err(BenchError::new("upload", what));
        }
        upload.add(seconds, &report);

        let code = site.invite(&format!("gw{}", time + 2), &self.grids)?;
        let done = child::bootstrap(&dir.join(format!("second-{time}")), &code)?;
        if done.received != records as u64 {
            return Err(BenchError::new("bootstrap", format!("{} of {records} changes arrived", done.received)));
        }
        bootstrap.add_child(&done);
        if let Some(idle) = idle {
            idle.measure(site.county(), &phone_dir, phone)?;
        }
        site.stop();
        Ok(())
    }
}

/// One sync with its time; anything that ended it early is an error.
pub fn timed_sync(phone: &App) -> Result<(f64, SyncReport), BenchError> {
    let began = Instant::now();
    let report = phone.sync(&()).map_err(|e| BenchError::new("sync", e))?;
    let seconds = began.elapsed().as_secs_f64();
    match report.fault {
        Some(fault) => Err(BenchError::new("sync", fault)),
        None => Ok((seconds, report)),
    }
}

#[derive(Debug, Default)]
struct Idle {
    over_tls: Runs,
    server_ms: f64,
    buckets: usize,
}

impl Idle {
    fn measure(&mut self, county: &Arc<County>, dir: &Path, phone: App) -> Result<(), BenchError> {
        timed_sync(&phone)?;
        for _ in 0..IDLE_TIMES {
            let (seconds, report) = timed_sync(&phone)?;
            self.over_tls.add(seconds, &report);
        }
        self.buckets = phone.cursors().map_err(|e| BenchError::new("cursors", e))?.len();
        drop(phone);
        // The same without a socket, to see the server's own part.
        let direct = Direct::new(county);
        let phone = site::phone(dir, Arc::new(direct.clone()))?;
        let mut server = Vec::new();
        for _ in 0..IDLE_TIMES {
            let before = direct.nanos.load(Relaxed);
            timed_sync(&phone)?;
            server.push((direct.nanos.load(Relaxed) - before) as f64 / 1e6);
        }
        self.server_ms = median(server);
        Ok(())
    }

    fn measures(&self) -> Vec<Measure> {
        let runs = &self.over_tls;
        let of = |values: &[f64]| median(values.to_vec());
        vec![
            Measure::new("idle_buckets", ("空同步，数据桶", "nothing new, buckets"), self.buckets as f64, ""),
            Measure::new("idle_rounds", ("空同步，往返次数", "nothing new, round trips"), of(&runs.rounds), "")
                .at_most(1.0),
            Measure::new("idle_up_bytes", ("空同步，上行", "nothing new, request body"), of(&runs.up), "B")
                .at_most(400.0),
            Measure::new("idle_down_bytes", ("空同步，下行", "nothing new, reply body"), of(&runs.down), "B")
                .at_most(400.0),
            Measure::new(
                "idle_ms",
                ("空同步，含新建TLS连接", "nothing new, with a new TLS connection"),
                of(&runs.seconds) * 1e3,
                "ms",
            ),
            Measure::new(
                "idle_server_ms",
                ("空同步，服务器用时", "nothing new, the server's part"),
                self.server_ms,
                "ms",
            )
            .at_most(5.0),
        ]
    }
}

/// Calls the server's function in place and adds up its time.
#[derive(Clone)]
struct Direct {
    county: Arc<County>,
    nanos: Arc<AtomicU64>,
}

impl Direct {
    fn new(county: &Arc<County>) -> Self {
        Self { county: county.clone(), nanos: Arc::default() }
    }
}

impl Link for Direct {
    fn connect(&self, _: &str, _: [u8; 32], _: Option<Millis>) -> Result<Arc<dyn Transport>, TransportError> {
        Ok(Arc::new(self.clone()))
    }
}

impl Transport for Direct {
    fn post(&self, path: &str, body: Vec<u8>) -> Result<(u16, Vec<u8>), TransportError> {
        let began = Instant::now();
        let reply = api::handle(&self.county, path, &body, clock(), &mut entropy);
        self.nanos.fetch_add(began.elapsed().as_nanos() as u64, Relaxed);
        Ok(reply)
    }
}
