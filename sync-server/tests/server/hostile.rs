//! Bytes that were made to do harm.

use std::{fs, path::Path, time::Instant};

use wangge_core::{
    doc::chunk,
    model::{Audience, DocId, KindName, Role, Scope},
    sync::wire::{Upload, UploadResult},
};

use crate::support::{Place, START, grid};

fn corpus() -> Vec<(String, Vec<u8>)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/hostile");
    let mut files: Vec<_> = fs::read_dir(&dir)
        .unwrap_or_else(|error| panic!("{}: {error}", dir.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "bin"))
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    assert!(files.len() >= 20, "the corpus is there");
    files
}

#[test]
fn hostile_chunks_are_refused_while_the_honest_ones_beside_them_are_accepted() {
    let mut place = Place::new();
    let mut phone = place.phone("zhang.wei", Role::GW, &[1]);
    let corpus = corpus();
    let mut uploads = Vec::new();
    for (_, raw) in &corpus {
        let doc = phone.new_doc(Audience::Personal);
        uploads.push(Upload { doc, kind: KindName::from("resident"), grid: grid(1), raw: raw.clone() });
        uploads.push(phone.resident("张伟", START));
    }
    let began = Instant::now();
    let (results, _) = phone.sync(&mut place, uploads);
    let took = began.elapsed();
    for ((name, _), pair) in corpus.iter().zip(results.chunks(2)) {
        assert!(matches!(&pair[0], UploadResult::Refused(why) if !why.zh.is_empty()), "{name}: {:?}", pair[0]);
        assert_eq!(pair[1], UploadResult::Accepted, "beside {name}");
    }
    assert!(took.as_secs() < 20, "{took:?}");
    assert_eq!(place.county.set_aside().unwrap().len(), corpus.len(), "refused bytes are kept");
    assert_eq!(place.county.totals().unwrap().changes, corpus.len() as u64);
    place.recount();
}

#[test]
fn a_hostile_chunk_on_an_existing_record_leaves_it_as_it_was() {
    let mut place = Place::new();
    let mut phone = place.phone("zhang.wei", Role::GW, &[1]);
    let first = phone.resident("张伟", START);
    let doc = first.doc;
    phone.sync(&mut place, vec![first]);
    for (name, raw) in corpus() {
        let upload = Upload { doc, kind: KindName::from("resident"), grid: grid(1), raw };
        let edit = phone.write(doc, "resident", grid(1), START, &[("work", name.as_str().into())]);
        let (results, _) = phone.sync(&mut place, vec![upload, edit]);
        assert!(matches!(results[0], UploadResult::Refused(_) | UploadResult::Held(_)), "{name}: {results:?}");
        assert_eq!(results[1], UploadResult::Accepted, "after {name}");
    }
    let state = place.county.resolve_record(&doc.record).unwrap();
    assert!(state.docs[&doc].fields.contains_key("work"));
    place.recount();
}

#[test]
fn every_bent_byte_of_an_honest_change_is_refused_or_another_change() {
    let mut place = Place::new();
    let mut phone = place.phone("zhang.wei", Role::GW, &[1]);
    let honest = phone.resident("张伟", START);
    let uploads: Vec<_> = (0..honest.raw.len())
        .map(|at| {
            let mut raw = honest.raw.clone();
            raw[at] ^= 1;
            Upload { raw, ..honest.clone() }
        })
        .collect();
    let (results, _) = phone.sync(&mut place, uploads);
    assert!(results.iter().all(|r| !matches!(r, UploadResult::Accepted)), "the checksum covers every byte");
    assert_eq!(phone.sync(&mut place, vec![honest]).0, [UploadResult::Accepted]);
}

#[test]
fn claims_that_do_not_fit_the_change_are_refused() {
    let mut place = Place::new();
    let mut phone = place.phone("zhang.wei", Role::GW, &[1]);
    let good = phone.resident("张伟", START);
    let other = phone.new_doc(Audience::Personal);
    let wrong = [
        ("id", Upload { doc: other, ..good.clone() }),
        ("id", Upload { doc: DocId { audience: Audience::Care, ..good.doc }, kind: "care".into(), ..good.clone() }),
        ("generation", Upload { doc: DocId { generation: 3, ..good.doc }, ..good.clone() }),
        ("kind", Upload { kind: KindName::from("dragon"), ..good.clone() }),
        ("grid", Upload { grid: Scope(String::new()), ..good.clone() }),
        ("grid", Upload { grid: Scope("9".repeat(65)), ..good.clone() }),
    ];
    for (rule, upload) in wrong {
        let (results, _) = phone.sync(&mut place, vec![upload]);
        assert!(matches!(&results[0], UploadResult::Refused(why) if why.rule == rule), "{rule}: {results:?}");
    }
    assert_eq!(phone.sync(&mut place, vec![good.clone()]).0, [UploadResult::Accepted]);
    // A record keeps its kind.
    let id = DocId { audience: Audience::Open, ..good.doc };
    let upload = phone.write(id, "event", grid(1), START, &[("description", "x".into())]);
    let (results, _) = phone.sync(&mut place, vec![upload]);
    assert!(matches!(&results[0], UploadResult::Refused(why) if why.rule == "kind"), "{results:?}");
}

#[test]
fn a_change_whose_past_is_missing_is_held_and_nothing_is_stored() {
    let mut place = Place::new();
    let mut phone = place.phone("zhang.wei", Role::GW, &[1]);
    let first = phone.resident("张伟", START);
    let second = phone.write(first.doc, "resident", grid(1), START, &[("work", "供电所".into())]);
    let (results, _) = phone.sync(&mut place, vec![second.clone()]);
    let named = chunk::hash(&first.raw).prefix();
    assert!(matches!(&results[0], UploadResult::Held(what) if what.contains(&named)), "{results:?}");
    assert_eq!(place.county.totals().unwrap(), wangge_server::Totals { devices: 1, ..Default::default() });
    let (results, _) = phone.sync(&mut place, vec![first, second]);
    assert_eq!(results, [UploadResult::Accepted, UploadResult::Accepted]);
}
