//! Figures of the server alone, without sockets and without a phone's store; run with
//! `cargo test --release -p wangge-server --test server -- speed --ignored --nocapture`.

use std::time::Instant;

use wangge_core::{
    model::{Audience, RecordId, Role, Source, UserId},
    sync::{
        frame,
        wire::{SyncReply, Upload},
    },
};
use wangge_server::{api, county::ServerRecord};

use crate::support::{Phone, Place, START, grid, open};

fn residents(phone: &mut Phone, count: usize) -> Vec<Upload> {
    (0..count)
        .map(|n| {
            let id = phone.new_doc(Audience::Personal);
            let name = format!("居民{n}");
            let id_no = format!("99012319{:02}0101{:04}", n % 100, n % 10_000);
            let puts = [
                ("name", name.as_str().into()),
                ("id_no", id_no.as_str().into()),
                ("phone", "13800000000".into()),
                ("work", "镇中心小学".into()),
            ];
            phone.write(id, "resident", grid(1), START, &puts)
        })
        .collect()
}

/// Seconds of processor time that this process has used: on a shared machine they say more than the clock.
fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = |n: usize| stat.split(' ').nth(n).and_then(|t| t.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(13) + ticks(14)) / 100.0
}

fn upload(place: &mut Place, phone: &mut Phone, uploads: Vec<Upload>) -> f64 {
    let count = uploads.len();
    let request = phone.request(uploads);
    let signed = phone.sign(&request);
    let body = frame::pack(&signed).unwrap();
    let (began, used) = (Instant::now(), processor());
    let (status, reply) = place.post(api::SYNC, &body);
    let (took, used) = (began.elapsed().as_secs_f64(), processor() - used);
    assert_eq!(status, 200);
    let (up, down) = (body.len() / 1024, reply.len() / 1024);
    let micros = used * 1e6 / count as f64;
    println!("  {count} changes, {up} KiB up, {down} KiB down: {took:.3} s, {micros:.0} µs of processor each");
    let reply: SyncReply = open(status, &reply, &phone.identity, &signed.nonce).unwrap();
    phone.apply(&reply, &request.uploads);
    took
}

#[test]
#[ignore = "measures; prints figures"]
fn new_documents() {
    let mut place = Place::new();
    let mut phone = place.phone("zhang.wei", Role::GW, &[1]);
    println!("new documents:");
    let mut total = 0.0;
    for _ in 0..4 {
        let uploads = residents(&mut phone, 2500);
        total += upload(&mut place, &mut phone, uploads);
    }
    println!("  10,000 in {total:.2} s");
    let mut reader = place.phone("li.na", Role::GL, &[1]);
    let began = Instant::now();
    let (_, rounds) = reader.sync(&mut place, Vec::new());
    println!(
        "bootstrap: {} entries in {rounds} rounds, {:.2} s with applying",
        reader.received.len(),
        began.elapsed().as_secs_f64()
    );
    let mut reader = place.phone("li.na", Role::GL, &[1]);
    let mut server = 0.0;
    loop {
        let signed = reader.sign(&reader.request(Vec::new()));
        let body = frame::pack(&signed).unwrap();
        let began = Instant::now();
        let (_, bytes) = place.post(api::SYNC, &body);
        server += began.elapsed().as_secs_f64();
        let reply: SyncReply = open(200, &bytes, &reader.identity, &signed.nonce).unwrap();
        println!(
            "  page of {} entries, {} KiB",
            reply.pages.iter().map(|p| p.entries.len()).sum::<usize>(),
            bytes.len() / 1024
        );
        reader.apply(&reply, &[]);
        if !reply.more {
            break;
        }
    }
    println!("  server's part {server:.2} s");
}

#[test]
#[ignore = "measures; prints figures"]
fn documents_of_sixty_changes() {
    let mut place = Place::new();
    let mut phone = place.phone("zhang.wei", Role::GW, &[1]);
    let first = residents(&mut phone, 100);
    let docs: Vec<_> = first.iter().map(|u| u.doc).collect();
    upload(&mut place, &mut phone, first);
    let edits = |phone: &mut Phone, place: &mut Place, rounds: usize, tag: &str| {
        let uploads: Vec<_> = (0..rounds)
            .flat_map(|n| docs.iter().map(move |doc| (n, *doc)))
            .map(|(n, doc)| {
                phone.write(doc, "resident", grid(1), START, &[("work", format!("{tag}{n}").as_str().into())])
            })
            .collect();
        upload(place, phone, uploads)
    };
    for batch in 0..6 {
        edits(&mut phone, &mut place, 10, &format!("a{batch}-"));
    }
    println!("documents of sixty changes, one change each:");
    for batch in 0..3 {
        edits(&mut phone, &mut place, 1, &format!("b{batch}-"));
    }
}

#[test]
#[ignore = "measures; prints figures"]
fn import_and_idle() {
    let mut place = Place::new();
    let records: Vec<_> = (0..10_000)
        .map(|n| ServerRecord {
            record: RecordId::new(START, place.chance.bytes()),
            kind: "resident".into(),
            scope: grid(1),
            source: Source::Registry,
            observed_at: START,
            fields: vec![
                ("name".to_owned(), format!("居民{n}").as_str().into()),
                ("phone".to_owned(), "13800000000".into()),
                ("work".to_owned(), "镇中心小学".into()),
            ],
            seen: Vec::new(),
        })
        .collect();
    let (began, used) = (Instant::now(), processor());
    place.county.write_as_server(&UserId::from("import"), Role::CC, START, &mut |b| b.fill(7), records).unwrap();
    let (took, micros) = (began.elapsed().as_secs_f64(), (processor() - used) * 100.0);
    println!("import: {:.0} records/s, {micros:.0} µs of processor each", 10_000.0 / took);

    let grids: Vec<u32> = (1..=30).collect();
    for number in &grids {
        place.county.add_region(&grid(*number), "").unwrap();
    }
    let mut phone = place.phone("zhang.wei", Role::GW, &grids);
    phone.sync(&mut place, Vec::new());
    phone.sync(&mut place, Vec::new());
    let signed: Vec<_> =
        (0..200).map(|_| phone.sign(&phone.request(Vec::new()))).map(|s| frame::pack(&s).unwrap()).collect();
    let began = Instant::now();
    for body in &signed {
        assert_eq!(place.post(api::SYNC, body).0, 200);
    }
    println!("idle, {} buckets: {:.2} ms", phone.cursors.len(), began.elapsed().as_secs_f64() * 5.0);
}

#[test]
#[ignore = "measures; prints figures"]
fn many_phones() {
    let mut place = Place::new();
    let mut phones: Vec<_> = (0..100).map(|n| place.phone(&format!("w{n}"), Role::GW, &[1 + n % 3])).collect();
    let bodies: Vec<Vec<u8>> = phones
        .iter_mut()
        .zip(0u32..)
        .map(|(phone, n)| {
            let mut uploads = residents(phone, 75);
            for upload in &mut uploads {
                upload.grid = grid(1 + n % 3);
            }
            frame::pack(&phone.sign(&phone.request(uploads))).unwrap()
        })
        .collect();
    let (began, used) = (Instant::now(), processor());
    let (county, now) = (&place.county, place.now);
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(body) = bodies.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    let (status, _) = api::handle(county, api::SYNC, body, now, &mut |b| b.fill(1));
                    assert_eq!(status, 200);
                }
            });
        }
    });
    let took = began.elapsed().as_secs_f64();
    let micros = (processor() - used) * 1e6 / 7500.0;
    println!("100 phones x 75 changes: {took:.2} s, {micros:.0} µs of processor each");
    place.recount();
}
