//! What admission costs. Not run by default: `cargo test --release -p wangge-core --test guard -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use wangge_core::{
    doc::{
        Document, chunk,
        guard::{Verdict, admit, admit_into},
    },
    model::{Actor, Value},
};

use super::kit::{actor, claimed, doc_id, draft, schema};

/// The median of some runs, so that a busy machine does not blur it.
fn median(mut run: impl FnMut() -> Duration) -> Duration {
    let mut times: Vec<Duration> = (0..1_000).map(|_| run()).collect();
    times.sort_unstable();
    times[times.len() / 2]
}

fn timed<T>(call: impl FnOnce() -> T) -> Duration {
    let begin = Instant::now();
    std::hint::black_box(call());
    begin.elapsed()
}

fn twelve_fields(salt: i64) -> Vec<(String, Value)> {
    let mut puts = vec![("name".to_owned(), Value::from("王小明")), ("count".to_owned(), Value::Int(salt))];
    puts.extend(
        (0..10).map(|n| (format!("notes/01J9ZQ4M7N8P2R5S6T7V8W9X0{n}"), Value::from("{\"text\":\"看过一次\"}"))),
    );
    puts
}

#[test]
#[ignore = "a measurement, for a release build"]
fn cost() {
    let schema = schema();
    let claim = claimed(&schema, doc_id(1));
    let mut draft = draft(&[]);
    draft.puts = twelve_fields(0);
    let first = Document::new(doc_id(1)).write(actor(1), &draft).unwrap();
    println!("a first change of 12 fields, {} bytes", first.raw.len());
    println!("  chunk::read {:?}", median(|| timed(|| chunk::read(&first.raw).unwrap())));
    let admit_first = || {
        let mut doc = Document::new(doc_id(1));
        timed(|| assert!(matches!(admit_into(&claim, &mut doc, &first.raw), Verdict::Admit(_))))
    };
    println!("  admit_into  {:?}", median(admit_first));
    println!("  apply       {:?}", median(|| timed(|| Document::new(doc_id(1)).apply(&first.raw).unwrap())));
    for length in [10_u16, 60, 500] {
        let mut doc = Document::new(doc_id(1));
        for n in 0..length {
            let mut writer = [7; 16];
            writer[..2].copy_from_slice(&(n / 3).wrapping_mul(40_503).to_be_bytes());
            draft.puts = twelve_fields(i64::from(n));
            draft.puts.truncate(if n == 0 { 12 } else { 3 });
            doc.write(Actor(writer), &draft).unwrap();
        }
        let next = doc.clone().write(actor(200), &draft).unwrap().raw;
        println!("the next change on a document of {length}");
        println!("  admit       {:?}", median(|| timed(|| admit(&claim, &doc, &next))));
        let apply = || {
            let mut copy = doc.clone();
            timed(|| copy.apply(&next).unwrap())
        };
        println!("  apply       {:?}", median(apply));
        println!("  snapshot    {:?}", median(|| timed(|| doc.snapshot().unwrap())));
    }
}
