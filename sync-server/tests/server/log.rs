//! What the county itself writes and reads, and its data directory.

use std::fs;

use wangge_core::model::{Audience, Bucket, DocId, KindName, Millis, RecordId, Role, Source, UserId, Value};
use wangge_server::{
    County, CountyError, Keys,
    county::{ImportKey, NewCounty, Pair, SERVER_DEVICE, ServerBatch, ServerRecord},
    keys::files,
};

use crate::support::{Chance, Place, START, grid};

fn record(chance: &mut Chance, kind: &str, fields: &[(&str, Value)]) -> ServerRecord {
    ServerRecord {
        record: RecordId::new(START, chance.bytes()),
        kind: kind.into(),
        scope: grid(1),
        source: Source::Registry,
        observed_at: START,
        fields: fields.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect(),
        seen: Vec::new(),
    }
}

fn write(place: &mut Place, records: Vec<ServerRecord>) -> Result<wangge_server::county::WriteSummary, CountyError> {
    let (by, now, chance) = (UserId::from("import"), place.now, &mut place.chance);
    place.county.write_as_server(&by, Role::CC, now, &mut |b| chance.fill(b), records)
}

#[test]
fn the_countys_own_records_reach_phones_like_any_other() {
    let mut place = Place::new();
    let shop = record(
        &mut Chance::new(1),
        "place",
        &[("name", "惠民超市".into()), ("duty_person", "王芳".into()), ("address", "人民路 1 号".into())],
    );
    let id = shop.record;
    let summary = write(&mut place, vec![shop.clone()]).unwrap();
    assert_eq!((summary.new_records, summary.changes), (1, 2), "one document for each audience");
    let (mut worker, mut part_time) = (place.phone("a", Role::GW, &[1]), place.phone("b", Role::PG, &[1]));
    worker.sync(&mut place, Vec::new());
    part_time.sync(&mut place, Vec::new());
    assert_eq!((worker.docs.len(), part_time.docs.len()), (2, 1), "the part-time worker holds no name");
    let envelope = &worker.received[0].1;
    assert_eq!((&envelope.author, envelope.role, envelope.device), (&"import".into(), Role::CC, SERVER_DEVICE));

    // A later batch adds to what is there, also where one batch holds two sources of one record.
    let later = |source, key: &str, value: &str| ServerRecord {
        source,
        fields: vec![(key.to_owned(), value.into())],
        ..shop.clone()
    };
    let again = vec![later(Source::SelfSaid, "name", "惠民大超市"), later(Source::Other, "duty_phone", "13800000000")];
    let summary = write(&mut place, again).unwrap();
    assert_eq!((summary.new_records, summary.changes), (0, 2));
    let state = place.county.resolve_record(&id).unwrap();
    assert_eq!((state.kind, state.scopes), (KindName::from("place"), vec![grid(1)]));
    let open = DocId { record: id, audience: Audience::Open, generation: 0 };
    assert_eq!(state.docs[&open].fields["name"].value, Value::from("惠民超市"), "a registry outranks hearsay");
    let edit = worker.write(open, "place", grid(1), START, &[("address", "人民路 2 号".into())]);
    worker.sync(&mut place, vec![edit]);
    assert_eq!(place.county.totals().unwrap().changes, 5);
    assert_eq!(place.county.counts().unwrap()[&KindName::from("place")], 1);
    place.recount();
}

#[test]
fn a_second_grid_receives_what_the_first_one_has() {
    let mut place = Place::new();
    let home = record(&mut Chance::new(1), "resident", &[("name", "张伟".into())]);
    write(&mut place, vec![home.clone()]).unwrap();
    let moved = ServerRecord { scope: grid(2), fields: vec![("work".to_owned(), "供电所".into())], ..home.clone() };
    write(&mut place, vec![moved]).unwrap();
    assert_eq!(place.county.resolve_record(&home.record).unwrap().scopes, [grid(1), grid(2)]);
    for number in [1, 2] {
        let bucket = Bucket { scope: grid(number), audience: Audience::Personal };
        assert_eq!(place.county.log_after(&bucket, 0).unwrap().len(), 2, "{bucket}");
        let mut phone = place.phone(&format!("w{number}"), Role::GW, &[number]);
        phone.sync(&mut place, Vec::new());
        assert_eq!(phone.received.len(), 2);
    }
    place.recount();
}

#[test]
fn a_batch_with_a_mistake_writes_nothing() {
    let mut place = Place::new();
    let mut chance = Chance::new(1);
    let good = record(&mut chance, "resident", &[("name", "张伟".into())]);
    for bad in [
        record(&mut chance, "dragon", &[("name", "x".into())]),
        record(&mut chance, "resident", &[("religion", "x".into())]),
        ServerRecord { kind: "place".into(), ..good.clone() },
    ] {
        assert!(matches!(write(&mut place, vec![good.clone(), bad]), Err(CountyError::Invalid { .. })));
    }
    assert_eq!(place.county.totals().unwrap(), wangge_server::Totals::default());
}

#[test]
fn a_batch_keeps_the_rows_and_pairs_it_came_with() {
    let place = Place::new();
    let mut chance = Chance::new(1);
    let records: Vec<_> =
        (0..200).map(|n| record(&mut chance, "resident", &[("name", format!("居民{n}").as_str().into())])).collect();
    let (a, b) = (records[0].record, records[1].record);
    let reason =
        |rule: &str| wangge_core::sync::wire::Reason { rule: rule.into(), zh: "同名".into(), en: "same".into() };
    let batch = ServerBatch {
        import_keys: vec![ImportKey { source: "residents".into(), key: "r1".into(), record: a }],
        pairs: vec![Pair { a: b, b: a, reason: reason("name") }, Pair { a, b, reason: reason("name") }],
        records,
        ..ServerBatch::default()
    };
    let by = UserId::from("import");
    let summary = place.county.write_batch(&by, Role::CC, START, &mut |x| x.fill(4), &batch).unwrap();
    assert_eq!((summary.new_records, summary.changes, summary.new_pairs), (200, 200, 1), "a pair has no order");
    assert_eq!(place.county.import_keys("residents").unwrap()["r1"], a);
    assert!(place.county.import_keys("other").unwrap().is_empty());
    assert_eq!(place.county.pairs().unwrap().len(), 1);
    assert_eq!(place.county.records_of(&"resident".into()).unwrap().len(), 200);
    place.recount();
}

#[test]
fn a_data_directory_serves_one_server_and_any_number_of_short_commands() {
    let place = Place::new();
    assert!(matches!(County::open(&place.data(), &place.keys_dir()), Err(CountyError::InUse)));
    let beside = County::open_beside(&place.data(), &place.keys_dir()).unwrap();
    beside.add_user(&"li.na".into(), "李娜", START).unwrap();
    assert_eq!(place.county.person(&"li.na".into()).unwrap().name, "李娜");
    let (data, keys) = (place.data(), place.keys_dir());
    drop(beside);
    let message = County::open(&data, &keys).unwrap_err().to_string();
    assert!(message.contains("正在使用") && message.contains("in use"));
}

#[test]
fn other_keys_and_empty_places_are_told_apart() {
    let place = Place::new();
    let other = place.root().join("other-keys");
    files::create(&other, &place.data(), &Keys::from_seed([1; 32]), &[], START).unwrap();
    assert!(matches!(County::open_beside(&place.data(), &other), Err(CountyError::WrongKeys)));
    let nowhere = place.root().join("nowhere");
    assert!(matches!(County::open(&nowhere, &other), Err(CountyError::Missing(_))));
    assert!(!nowhere.exists(), "looking does not make a directory");
    let again = County::create(&place.data(), &place.keys_dir(), &NewCounty::default(), START);
    assert!(matches!(again, Err(CountyError::Exists(_))));
    let missing = County::open_beside(&place.data(), &nowhere).unwrap_err();
    assert!(missing.to_string().contains("--recover"));
}

#[test]
fn keys_stay_out_of_the_data_and_out_of_reach() {
    let place = Place::new();
    let keys = Keys::from_seed([1; 32]);
    for inside in [place.data().join("keys"), place.data(), place.data().join("../data/x")] {
        let refused = files::create(&inside, &place.data(), &keys, &[], START).unwrap_err();
        assert!(refused.to_string().contains("不能放在数据目录"), "{refused}");
    }
    #[cfg(unix)]
    for entry in fs::read_dir(place.keys_dir()).unwrap() {
        use std::os::unix::fs::PermissionsExt as _;
        let path = entry.unwrap().path();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
    // The data holds no plain text: neither the county's name nor the file format shows.
    let bytes = fs::read(place.data().join("county.db")).unwrap();
    assert!(!bytes.starts_with(b"SQLite format 3"));
    assert!(!bytes.windows("云溪县".len()).any(|w| w == "云溪县".as_bytes()));
}

#[test]
fn an_administrator_signs_in_with_the_password_and_nothing_else() {
    let place = Place::new();
    let (admin, other) = (UserId::from("admin"), UserId::from("li.na"));
    assert!(place.county.add_admin(&admin, "short", START, &mut |b| b.fill(1)).is_err());
    place.county.add_admin(&admin, "correct horse 电池", START, &mut |b| b.fill(1)).unwrap();
    place.county.add_user(&other, "李娜", START).unwrap();
    assert!(place.county.check_admin(&admin, "correct horse 电池").unwrap());
    assert!(!place.county.check_admin(&admin, "correct horse").unwrap());
    assert!(!place.county.check_admin(&other, "").unwrap(), "no password is no sign-in");
    assert!(!place.county.check_admin(&UserId::from("nobody"), "").unwrap());
}

#[test]
fn long_documents_are_saved_and_go_on_from_the_saved_form() {
    let mut place = Place::new();
    let mut phone = place.phone("zhang.wei", Role::GW, &[1]);
    let first = phone.resident("张伟", START);
    let doc = first.doc;
    phone.sync(&mut place, vec![first]);
    for round in 0..10 {
        place.now = place.now.plus(Millis::DAY);
        let uploads = (0..7)
            .map(|n| {
                phone.write(doc, "resident", grid(1), place.now, &[("work", format!("{round}-{n}").as_str().into())])
            })
            .collect();
        let (results, _) = phone.sync(&mut place, uploads);
        assert!(results.iter().all(|r| *r == wangge_core::sync::wire::UploadResult::Accepted), "{results:?}");
    }
    let state = place.county.resolve_record(&doc.record).unwrap();
    assert_eq!(state.docs[&doc].fields["work"].value, Value::from("9-6"));
    place.recount();
}

#[test]
fn figures_say_nothing_of_persons() {
    let mut place = Place::new();
    let mut phone = place.phone("zhang.wei", Role::GW, &[1]);
    let uploads = vec![phone.resident("张伟", START), phone.hazard("墙", 2)];
    phone.sync(&mut place, uploads);
    let text = wangge_server::metrics::text(&place.county).unwrap();
    for line in [
        "wangge_records 1\n",
        "wangge_changes 1\n",
        "wangge_review 1\n",
        "wangge_requests_total{path=\"sync\",outcome=\"done\"} 1\n",
        "wangge_uploads_total{result=\"review\"} 1\n",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
    assert!(!text.contains("zhang") && !text.contains("张") && !text.contains("9901"));
}
