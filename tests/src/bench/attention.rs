//! What rules over several records cost a phone: after a sync, and while somebody types.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use wangge_core::{
    app::{App, EditRequest, FieldEdit, HttpLink, Link},
    model::{Millis, RecordId, Scope, Source},
    net::{Transport, TransportError},
};

use super::{
    BenchError,
    report::{Measure, median, p95},
    site::{self, Site},
};

/// A grid: homes with their people, each with a stay and a membership (DESIGN 1).
const HOMES: usize = 250;
const PEOPLE: usize = 500;
/// Changes that a sync brings.
const CHANGES: usize = 100;
const ROUNDS: usize = 20;
/// Residents over which duplicates are looked for.
const RESIDENTS: usize = 10_000;
const TYPED: usize = 300;

/// The way to the county, with the time that passed on it.
struct Timed(Arc<AtomicU64>);

struct TimedTransport {
    inner: Arc<dyn Transport>,
    away: Arc<AtomicU64>,
}

impl Link for Timed {
    fn connect(&self, url: &str, root: [u8; 32], time: Option<Millis>) -> Result<Arc<dyn Transport>, TransportError> {
        let inner = HttpLink.connect(url, root, time)?;
        Ok(Arc::new(TimedTransport { inner, away: self.0.clone() }))
    }
}

impl Transport for TimedTransport {
    fn post(&self, path: &str, body: Vec<u8>) -> Result<(u16, Vec<u8>), TransportError> {
        let began = Instant::now();
        let answer = self.inner.post(path, body);
        self.away.fetch_add(began.elapsed().as_nanos() as u64, Relaxed);
        answer
    }
}

fn failed(error: impl std::fmt::Display) -> BenchError {
    BenchError::new("attention", error)
}

fn form(kind: &str, record: Option<RecordId>, fields: &[(&str, &str)]) -> EditRequest {
    EditRequest {
        record,
        kind: kind.into(),
        source: Source::SelfSaid,
        edits: fields.iter().map(|(field, value)| FieldEdit::put(field, *value)).collect(),
        ..EditRequest::default()
    }
}

fn write(app: &App, kind: &str, record: Option<RecordId>, fields: &[(&str, &str)]) -> Result<RecordId, BenchError> {
    Ok(app.edit(&form(kind, record, fields)).map_err(failed)?.record)
}

const SURNAMES: [&str; 12] = ["王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙"];
const GIVEN: [&str; 15] = ["伟", "玮", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "涛"];

/// A person of a number; a name of three characters, so that namesakes are as rare as in a town.
fn person(n: usize) -> [(&'static str, String); 3] {
    let (surname, first) = (SURNAMES[n % 12], GIVEN[n / 12 % 15]);
    let second = GIVEN[n / 180 % 15];
    let birth = format!("{}-{:02}-{:02}", 1940 + n / 7 % 70, 1 + n / 3 % 12, 1 + n % 28);
    [("name", format!("{surname}{first}{second}")), ("birth_date", birth), ("phone", format!("138{:08}", n / 2))]
}

fn add_person(app: &App, n: usize) -> Result<RecordId, BenchError> {
    let fields = person(n);
    let fields: Vec<_> = fields.iter().map(|(key, value)| (*key, value.as_str())).collect();
    write(app, "resident", None, &fields)
}

/// Both measures.
pub fn measure(dir: &Path) -> Result<Vec<Measure>, BenchError> {
    let site = Site::new(&dir.join("attention"))?;
    let mut out = after_a_sync(dir, &site)?;
    out.extend(while_typing(dir, &site)?);
    site.stop();
    Ok(out)
}

/// A colleague's changes arrive: everything that the phone does between two requests.
fn after_a_sync(dir: &Path, site: &Site) -> Result<Vec<Measure>, BenchError> {
    let grid = [Scope("990123001001001".to_owned())];
    let away = Arc::new(AtomicU64::new(0));
    let phone = site::phone(&dir.join("attention-phone"), Arc::new(Timed(away.clone())))?;
    phone.enrol(&site.invite("a", &grid)?, "bench").map_err(failed)?;
    let other = site::phone_over_tls(&dir.join("attention-other"))?;
    other.enrol(&site.invite("b", &grid)?, "bench").map_err(failed)?;
    let mut residents = Vec::new();
    let mut stays = Vec::new();
    for home in 0..HOMES {
        let address = format!("解放街{}号楼{}单元{}室", 1 + home / 50, 1 + home / 10 % 5, 101 + home % 10);
        let dwelling = write(&other, "dwelling", None, &[("address", &address), ("tenure", "self")])?.to_string();
        for n in 0..PEOPLE / HOMES {
            let resident = add_person(&other, home * PEOPLE / HOMES + n)?;
            let fields = [("resident", &*resident.to_string()), ("dwelling", &dwelling), ("kind", "registered_here")];
            stays.push(write(&other, "residence", None, &fields)?);
            residents.push(resident);
        }
    }
    other.sync(&()).map_err(failed)?;
    phone.sync(&()).map_err(failed)?;
    let mut own = Vec::new();
    for round in 0..ROUNDS {
        for n in 0..CHANGES {
            let at = (round * CHANGES + n) % residents.len();
            // Three edits of four touch what rules look at: a name, a telephone, a stay.
            match n % 4 {
                0 => write(&other, "resident", Some(residents[at]), &[("name", &person(at + round + 1)[0].1)])?,
                1 => write(&other, "resident", Some(residents[at]), &[("phone", &person(at + round + 9)[2].1)])?,
                2 => write(
                    &other,
                    "residence",
                    Some(stays[at]),
                    &[("kind", ["registered_here", "floating_in"][round % 2])],
                )?,
                _ => write(&other, "resident", Some(residents[at]), &[("work", &format!("第{round}工厂"))])?,
            };
        }
        other.sync(&()).map_err(failed)?;
        away.store(0, Relaxed);
        let began = Instant::now();
        let report = phone.sync(&()).map_err(failed)?;
        let took = began.elapsed().as_secs_f64() - away.load(Relaxed) as f64 / 1e9;
        if report.summary.received < CHANGES as u64 {
            return Err(BenchError::new("attention", "the changes did not arrive"));
        }
        own.push(took * 1e3);
    }
    let most = own.iter().copied().fold(0.0, f64::max);
    let times = [("after_sync_ms", median(own.clone())), ("after_sync_p95_ms", p95(own)), ("after_sync_max_ms", most)];
    let names = [
        ("收到100条修改后，手机用时", "100 changes arrived: the phone's own work"),
        ("同上，95%以内", "the same, 95th percentile"),
        ("同上，最长", "the same, longest"),
    ];
    let all = times.into_iter().zip(names);
    Ok(all.map(|((name, ms), words)| Measure::new(name, words, ms, "ms").at_most(30.0)).collect())
}

/// Somebody types a person who may be here already.
fn while_typing(dir: &Path, site: &Site) -> Result<Vec<Measure>, BenchError> {
    let grid = [Scope("990123001001002".to_owned())];
    let phone = site::phone_over_tls(&dir.join("attention-typing"))?;
    phone.enrol(&site.invite("c", &grid)?, "bench").map_err(failed)?;
    for n in 0..RESIDENTS {
        add_person(&phone, n)?;
    }
    let mut times = Vec::new();
    let mut found = 0;
    for n in 0..TYPED {
        let typed = person(n * 31 % RESIDENTS);
        let edits: Vec<_> = typed.iter().map(|(key, value)| FieldEdit::put(key, value.as_str())).collect();
        // A form asks after each field.
        for so_far in 1..=edits.len() {
            let began = Instant::now();
            let likely = phone.likely(&"resident".into(), &edits[..so_far], None).map_err(failed)?;
            times.push(began.elapsed().as_secs_f64() * 1e3);
            found += usize::from(so_far == edits.len() && !likely.is_empty());
        }
    }
    if found < TYPED {
        return Err(BenchError::new("attention", "a person who is here was not found"));
    }
    Ok(vec![
        Measure::new(
            "likely_ms",
            ("输入时查重，一万居民", "duplicates while typing, 10,000 residents"),
            median(times.clone()),
            "ms",
        ),
        Measure::new("likely_p95_ms", ("同上，95%以内", "the same, 95th percentile"), p95(times), "ms").at_most(10.0),
    ])
}
