//! Import of ledgers: the sample county against its truth, other dirt, twice, and wrong input.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value as Json;
use tempfile::TempDir;
use wangge_core::model::{Crs, KindName, Millis, Point, RecordId, Role, Schema, Scope, Source, UserId, Value};
use wangge_server::{
    County, Keys,
    county::{NewCounty, ServerRecord},
    import::{ImportError, ImportPlan, Map, Problem, Regions, Written, known_regions, plan, write},
    keys::files,
};

const REPORT_KEYS: [&str; 15] = [
    "ledger_rows",
    "empty_rows",
    "persons_made",
    "rows_rejected",
    "households",
    "dwellings",
    "buildings",
    "places",
    "hazards",
    "bad_checksum",
    "missing_id",
    "pairs_same_id",
    "pairs_likely",
    "denied_columns",
    "problems",
];
const NOW: Millis = Millis(1_795_000_000_000);

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/county")
}
fn map() -> Map {
    Map::read(&sample().join("map.toml"), Schema::built_in()).unwrap()
}
fn planned(dir: &Path) -> ImportPlan {
    plan(dir, &map(), Schema::built_in(), Regions::default(), &mut |_| {}).unwrap()
}
fn refused(dir: &Path) -> ImportError {
    plan(dir, &map(), Schema::built_in(), Regions::default(), &mut |_| {}).unwrap_err()
}
fn figures(plan: &ImportPlan) -> Json {
    let mut json = serde_json::to_value(&plan.report).unwrap();
    json.as_object_mut().unwrap().remove("problems");
    json
}
fn of_rule<'a>(plan: &'a ImportPlan, rule: &str) -> Vec<&'a Problem> {
    plan.report.problems.iter().filter(|p| p.rule == rule).collect()
}

/// A county of two grids in one village, with one file more than it had.
struct Ledgers(TempDir);

const REGIONS: &str = "区划代码,名称,级别,上级代码\n110101000000,甲县,county,\n110101001000,乙镇,town,110101000000\n\
    110101001001,丙村,village,110101001000\n110101001001001,第1网格,grid,110101001001\n110101001001002,第2网格,grid,110101001001\n";
const BUILDINGS: &str = "网格编码,楼栋,用途,层数,建成年份,纬度,经度,坐标系\n110101001001001,幸福路1号楼,住宅,18层,2020,36.061711,116.30624,GCJ02\n";
const PLACES: &str =
    "网格编码,名称,类型,地址,负责人,电话\n110101001001001,陈记旅馆,小旅馆,幸福路177号,李 春,191-4822-2072\n";
const HAZARDS: &str =
    "网格编码,地点,类别,等级,描述,发现时间\n110101001001001,幸福路1号楼,路灯不亮,4,日常巡查发现,2026-06-10 18:37\n";
const HEADER: &str = "网格编码,地址,姓名,性别,身份证号,出生日期,联系电话,与户主关系,居住类型,关爱类型,民族,政治面貌";

impl Ledgers {
    fn new() -> Self {
        let all = Self(TempDir::new().unwrap());
        all.put("regions.csv", REGIONS)
            .put("buildings.csv", BUILDINGS)
            .put("places.csv", PLACES)
            .put("hazards.csv", HAZARDS);
        all
    }
    fn put(&self, name: &str, text: impl AsRef<[u8]>) -> &Self {
        fs::write(self.0.path().join(name), text).unwrap();
        self
    }
    fn rows(&self, rows: &[&str]) -> &Self {
        self.put("residents.csv", format!("{HEADER}\n{}\n", rows.join("\n")))
    }
    fn plan(&self) -> ImportPlan {
        planned(self.0.path())
    }
}

/// A valid number (GB 11643) of a place, day of birth and order.
fn id(birth: &str, order: u32) -> String {
    let head = format!("110000{}{order:03}", birth.replace('-', ""));
    "0123456789X".chars().map(|c| format!("{head}{c}")).find(|id| wangge_core::model::idno::is_valid_id(id)).unwrap()
}

/// A new county in a directory of its own.
struct Home {
    _dir: TempDir,
    county: County,
    random: u64,
}

impl Home {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let (data, keys_dir) = (dir.path().join("data"), dir.path().join("keys"));
        let keys = Keys::from_seed([7; 32]);
        files::create(&keys_dir, &data, &keys, &["localhost".to_owned()], NOW).unwrap();
        let new = NewCounty { name: "甲县".to_owned(), url: "https://localhost".to_owned(), epoch: 1 };
        let county = County::create(&data, &keys_dir, &new, NOW).unwrap();
        Self { _dir: dir, county, random: 1 }
    }
    fn import(&mut self, dir: &Path) -> (ImportPlan, Written) {
        let known = known_regions(&self.county).unwrap();
        let plan = plan(dir, &map(), Schema::built_in(), known, &mut |_| {}).unwrap();
        let mut state = self.random;
        let mut random = |bytes: &mut [u8]| {
            for byte in bytes {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                *byte = (state >> 33) as u8;
            }
        };
        let written = write(&self.county, &plan, NOW, &mut random, &mut |_| {}).unwrap();
        self.random = state;
        (plan, written)
    }
    fn all(&self, kind: &str) -> Vec<RecordId> {
        self.county.records_of(&KindName::from(kind)).unwrap()
    }
    fn value(&self, record: &RecordId, field: &str) -> Value {
        let state = self.county.resolve_record(record).unwrap();
        state.docs.values().find_map(|doc| Some(doc.fields.get(field)?.value.clone())).unwrap_or(Value::Null)
    }
    fn find(&self, kind: &str, field: &str, text: &str) -> RecordId {
        self.all(kind).into_iter().find(|record| self.value(record, field) == Value::from(text)).unwrap()
    }
}

#[test]
fn the_sample_gives_the_figures_of_its_truth() {
    let truth: Json = serde_json::from_str(&fs::read_to_string(sample().join("EXPECTED.json")).unwrap()).unwrap();
    let plan = planned(&sample());
    let found = figures(&plan);
    for (ours, theirs) in [
        ("ledger_rows", "ledger_rows"),
        ("empty_rows", "empty_rows"),
        ("persons_made", "persons"),
        ("rows_rejected", "unknown_grid"),
        ("households", "households"),
        ("dwellings", "households"),
        ("buildings", "buildings"),
        ("places", "places"),
        ("hazards", "hazards"),
        ("bad_checksum", "bad_checksum"),
        ("missing_id", "missing_id"),
        ("pairs_same_id", "dup_same_id"),
        ("pairs_likely", "dup_without_id"),
        ("denied_columns", "denied_columns"),
    ] {
        assert_eq!(found[ours], truth[theirs], "{ours}");
    }
    assert_eq!(found.as_object().unwrap().len() + 1, REPORT_KEYS.len(), "exactly these figures, and `problems`");
    for tidied in ["spaced_name", "fullwidth_phone", "formatted_phone", "untidy_id"] {
        assert_eq!(Json::from(plan.tidied[tidied]), truth[tidied], "{tidied}");
    }
    assert_eq!(Json::from(plan.regions.grids()), truth["grids"]);
    assert_eq!(of_rule(&plan, "bad_checksum").len() as u64, plan.report.bad_checksum);
    assert_eq!(of_rule(&plan, "unknown_grid")[0].line, 581, "the line an editor shows");
}

#[test]
fn nothing_personal_and_nothing_denied_stands_in_the_report() {
    let plan = planned(&sample());
    let report = serde_json::to_string(&plan.report).unwrap();
    for word in ["汉族", "群众", "民族", "政治面貌", "赵无格", "990123195704229710"] {
        assert!(!report.contains(word), "{word}");
    }
    for record in &plan.records {
        assert!(!format!("{:?}", record.fields).contains("汉族"));
    }
}

#[test]
fn the_sample_becomes_records_and_twice_adds_nothing() {
    let mut home = Home::new();
    let (plan, written) = home.import(&sample());
    let counts = home.county.counts().unwrap();
    let count = |kind: &str| counts.get(&KindName::from(kind)).copied().unwrap_or_default();
    assert_eq!((count("region"), count("building"), count("dwelling"), count("household")), (22, 27, 540, 540));
    assert_eq!(count("resident"), 1554, "every row is kept: 1529 persons and the second rows of 25 pairs");
    assert_eq!((count("membership"), count("residence"), count("care")), (1554, 1554, 125));
    assert_eq!((count("place"), count("event")), (27, 36));
    assert_eq!(written.new_records, counts.values().sum::<u64>());
    assert_eq!((written.new_pairs, home.county.pairs().unwrap().len()), (25, 25));
    assert_eq!(home.county.regions().unwrap().len(), 9);

    let before = home.county.totals().unwrap();
    let (again, second) = home.import(&sample());
    assert_eq!(figures(&again), figures(&plan));
    assert_eq!(second, Written::default());
    assert_eq!(home.county.totals().unwrap(), before);
}

#[test]
fn what_one_row_says_becomes_linked_records() {
    let mut home = Home::new();
    let ledgers = Ledgers::new();
    let number = id("1949-03-05", 12);
    ledgers.rows(&[
        &format!("110101001001001,丙村幸福路１号楼２单元３０１室,张 三,女, {number} ,1949.3.5,+86 138-0013-8000,户主,户在人在,独居老人、失能老人,x,y"),
        "110101001001001,幸福路1幢2-301,张小三,男,,2010年5月6日,0538-2821234/13900139000,子,户在人不在,,x,y",
    ]);
    let (plan, _) = home.import(ledgers.0.path());
    assert_eq!((plan.report.dwellings, plan.report.households, plan.report.buildings), (1, 1, 1));
    let head = home.find("resident", "name", "张三");
    for (field, text) in
        [("sex", "2"), ("birth_date", "1949-03-05"), ("id_no", number.as_str()), ("phone", "13800138000")]
    {
        assert_eq!(home.value(&head, field), Value::from(text), "{field}");
    }
    let (household, dwelling, building) = (home.all("household")[0], home.all("dwelling")[0], home.all("building")[0]);
    assert_eq!(home.value(&household, "head"), Value::Text(head.to_string()));
    assert_eq!(home.value(&household, "dwelling"), Value::Text(dwelling.to_string()));
    assert_eq!(home.value(&dwelling, "building"), Value::Text(building.to_string()));
    assert_eq!(home.value(&dwelling, "address"), Value::from("幸福路1号楼2单元301室"));
    assert_eq!(home.value(&dwelling, "door_key"), Value::from("110101001001001|幸福路|1|2|301"));
    assert_eq!((home.all("membership").len(), home.all("residence").len()), (2, 2));
    let care = home.county.resolve_record(&home.all("care")[0]).unwrap();
    let tags = &care.docs.values().next().unwrap().fields["tags"].members;
    assert_eq!(tags.iter().map(|(m, _)| m.text.as_str()).collect::<Vec<_>>(), ["elder_alone", "elder_disabled"]);
    let son = home.county.resolve_record(&home.find("resident", "name", "张小三")).unwrap();
    let doc = son.docs.values().next().unwrap();
    assert_eq!(doc.fields["phone"].value, Value::from("05382821234"));
    assert!(doc.fields["phones"].members.iter().any(|(m, _)| m.text == "13900139000"), "the second number is not lost");
    // GCJ-02 of the register is some 500 metres off; stored is WGS-84, and says so.
    let point = Point::parse(home.value(&building, "point").text().unwrap()).unwrap();
    assert_eq!((point.crs, point.accuracy_m), (Crs::Wgs84, None));
    assert!((point.lat - 360_616_469).abs() < 2 && (point.lon - 1_163_006_078).abs() < 2, "{point:?}");
    let hazard = home.all("event")[0];
    assert_eq!(home.value(&hazard, "building"), Value::Text(building.to_string()));
    assert_eq!(home.value(&hazard, "category"), Value::from("street_light"));
}

#[test]
fn a_changed_cell_is_one_new_observation() {
    let mut home = Home::new();
    let ledgers = Ledgers::new();
    let (zhang, li) = (id("1949-03-05", 12), id("1980-01-02", 11));
    let row = |name: &str, id: &str, birth: &str, phone: &str| {
        format!("110101001001001,幸福路1-2-301,{name},女,{id},{birth},{phone},户主,户在人在,,,")
    };
    let other = row("李四", &li, "1980-01-02", "13900000000").replace("户主", "配偶");
    ledgers.rows(&[&row("张三", &zhang, "1949-03-05", "13800000000"), &other]);
    home.import(ledgers.0.path());
    let before = home.county.totals().unwrap();
    let zhang_record = home.find("resident", "name", "张三");

    for (name, number, phone, field, value) in [
        ("张三", zhang.as_str(), "13811111111", "phone", "13811111111"),
        ("张珊", zhang.as_str(), "13811111111", "name", "张珊"),
        ("张珊", "", "13811111111", "id_no", zhang.as_str()),
    ] {
        // The rows change places as well: a row is known by what it says, not by where it stands.
        ledgers.rows(&[&other, &row(name, number, "1949-03-05", phone)]);
        let (_, written) = home.import(ledgers.0.path());
        assert_eq!(written.new_records, 0, "{field}");
        assert!(written.changes <= 1 && written.changed_records <= 1, "{field}: {written:?}");
        let state = home.county.resolve_record(&zhang_record).unwrap();
        let claims = &state.docs.values().next().unwrap().fields[field];
        assert!(
            claims.value == Value::from(value) || claims.claims.iter().any(|c| c.value == Value::from(value)),
            "{field}: {claims:?}"
        );
    }
    assert_eq!(
        home.county.totals().unwrap().changes,
        before.changes + 2,
        "telephone and name; an emptied cell says nothing"
    );
    let (_, again) = home.import(ledgers.0.path());
    assert_eq!(again, Written::default());
}

#[test]
fn the_same_rows_in_other_dress_give_the_same_figures() {
    let rows = [
        format!(
            "110101001001001,幸福路1号楼2单元301室,张三,女,{},1949-03-05,13800138000,户主,户在人在,,a,b",
            id("1949-03-05", 12)
        ),
        "110101001001002,幸福路1号楼2单元301室,李四,男,,1980-01-02,,户主,户在人在,,a,b".to_owned(),
        "110101001001001,,,,,,,,,,,".to_owned(),
    ];
    let text = format!("{HEADER}\n{}\n", rows.join("\n"));
    let short = text.replace(",a,b\n", "\n").replace(",,,,,,,,,,,\n", "\n");
    let odd = text.replacen("身份证号", "＊ 身份 证号", 1).replacen("姓名", "\"姓\n名\"", 1);
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let gbk = encoding_rs::GBK.encode(&text).0.into_owned();
    let dresses: [(&str, Vec<u8>); 9] = [
        ("UTF-8", text.clone().into_bytes()),
        ("BOM and CRLF", format!("\u{feff}{}", text.replace('\n', "\r\n")).into_bytes()),
        ("GBK", gbk),
        ("UTF-16", utf16),
        ("tabs", text.replace(',', "\t").into_bytes()),
        ("fewer columns", short.into_bytes()),
        ("headers with stars, spaces and line breaks", odd.into_bytes()),
        (
            "blank lines, title rows",
            format!("甲县台账\n填报：丙村,,\n\n{}\n\n", text.replace('\n', "\n\n")).into_bytes(),
        ),
        ("quotes", format!("\"{}\"\n", text.trim().replace(',', "\",\"").replace('\n', "\"\n\"")).into_bytes()),
    ];
    for (what, bytes) in dresses {
        let ledgers = Ledgers::new();
        let report = ledgers.put("residents.csv", bytes).plan().report;
        let found = (report.ledger_rows, report.empty_rows, report.persons_made, report.households, report.missing_id);
        assert_eq!(found, (3, 1, 2, 2, 1), "{what}: {:?}", report.problems);
        assert_eq!(report.denied_columns, 2, "{what}");
    }
}

#[test]
fn every_row_is_a_person_part_of_a_pair_or_listed() {
    let ledgers = Ledgers::new();
    let rows = [
        "110101001001001,幸福路1-2-301,张三,女,,1949-03-05,,户主,,,,",
        "110101001001001,未知,王五,女,,1950-03-05,,户主,,,,",
        "110101001001001,幸福路1-2-301,,女,,1949-03-05,,户主,,,,",
        "999999999999999,幸福路1-2-301,赵六,女,,1949-03-05,,户主,,,,",
        "110101001001001,幸福路1-2-301,周七,外星,9.90123E+17,1949-13-05,12,户主,随便,,,",
        "110101001001001,幸福路,1-2-301,吴八,女,,1949-03-05,,户主,,,,,错位",
        "\u{3000}  ,  ,,,,,,,,,,",
        "合计,,6人,,,,,,,,,",
        HEADER,
    ];
    let plan = ledgers.rows(&rows).plan();
    let report = &plan.report;
    assert_eq!((report.ledger_rows, report.persons_made, report.rows_rejected, report.empty_rows), (9, 3, 5, 1));
    let lines = |rule: &str| of_rule(&plan, rule).iter().map(|p| p.line).collect::<Vec<_>>();
    for (rule, expected) in [
        ("unclear_address", 3),
        ("missing_name", 4),
        ("unknown_grid", 5),
        ("float_id", 6),
        ("bad_date", 6),
        ("bad_phone", 6),
        ("second_head", 6),
        ("shifted_row", 7),
        ("empty_row", 8),
        ("total_row", 9),
        ("repeated_header", 10),
    ] {
        assert_eq!(lines(rule), [expected], "{rule}");
    }
    assert_eq!(lines("unknown_word"), [6, 6], "sex and kind of stay");
    assert_eq!((report.dwellings, report.households), (1, 1), "no door is invented for an unknown address");
    for problem in &report.problems {
        assert!(!problem.zh.is_empty() && !problem.en.is_empty() && !problem.value_masked.contains("张三"));
    }
}

#[test]
fn pairs_are_counted_and_stored_and_nobody_is_merged() {
    let mut home = Home::new();
    let ledgers = Ledgers::new();
    let number = id("1949-03-05", 12);
    let broken = format!("{}{}", &number[..17], if number.ends_with('0') { '1' } else { '0' });
    ledgers.rows(&[
        &format!("110101001001001,幸福路1-2-301,张三,女,{broken},1949-03-05,13800138000,户主,,,,"),
        &format!("110101001001002,幸福路1-2-302,张三,女,{number},1949-03-05,,户主,,,,"),
        "110101001001001,幸福路1号楼2单元301室,张 三,女,,1949.3.5,,户主,,,,",
        "110101001001002,幸福路9-9-909,张三,女,,1949.3.5,13800138000,户主,,,,",
        &format!("110101001001001,幸福路1-2-301,张三,女,{},1949-03-05,,女,,,,", id("1949-03-05", 14)),
    ]);
    let (plan, _) = home.import(ledgers.0.path());
    let report = &plan.report;
    assert_eq!((report.persons_made, report.pairs_same_id, report.pairs_likely), (2, 1, 2));
    assert_eq!((report.bad_checksum, report.missing_id), (1, 0));
    assert_eq!(home.all("resident").len(), 5);
    let mut rules: Vec<String> = home.county.pairs().unwrap().into_iter().map(|pair| pair.reason.rule).collect();
    rules.sort();
    assert_eq!(rules, ["pair_same_door", "pair_same_id", "pair_same_phone"]);
    assert_eq!(of_rule(&plan, "second_head").len(), 0, "the head written twice is a pair, not a second head");
}

#[test]
fn what_a_worker_saw_later_is_not_overwritten_by_an_older_ledger() {
    let mut home = Home::new();
    let ledgers = Ledgers::new();
    let row = |phone: &str| {
        format!("110101001001001,幸福路1-2-301,张三,女,{},1949-03-05,{phone},户主,,,,", id("1949-03-05", 12))
    };
    ledgers.rows(&[&row("13800000000")]);
    home.import(ledgers.0.path());
    let zhang = home.find("resident", "name", "张三");
    let seen = ServerRecord {
        record: zhang,
        kind: KindName::from("resident"),
        scope: Scope::from("110101001001001"),
        source: Source::SelfSaid,
        observed_at: NOW.plus(-Millis::DAY),
        fields: vec![("phone".to_owned(), Value::from("13911111111"))],
        seen: Vec::new(),
    };
    home.county.write_as_server(&UserId::from("worker"), Role::GW, NOW, &mut |b| b.fill(9), vec![seen]).unwrap();

    assert_eq!(home.import(ledgers.0.path()).1, Written::default(), "the same old cell says nothing new");
    ledgers.rows(&[&row("13822222222")]);
    let (_, written) = home.import(ledgers.0.path());
    assert_eq!(home.value(&zhang, "phone"), Value::from("13911111111"));
    assert_eq!(written.problems.iter().map(|p| p.rule.as_str()).collect::<Vec<_>>(), ["older_than_record"]);
    ledgers.rows(&[&row("13911111111")]);
    let (_, confirmed) = home.import(ledgers.0.path());
    assert_eq!(
        (confirmed.changed_records, confirmed.problems.len()),
        (1, 0),
        "the ledger confirms what the worker saw"
    );
}

#[test]
fn a_person_of_another_ledger_is_a_pair_and_not_an_update() {
    let mut home = Home::new();
    let number = id("1949-03-05", 12);
    let first = Ledgers::new();
    first.rows(&[&format!("110101001001001,幸福路1-2-301,张三,女,{number},1949-03-05,13800138000,户主,,,,")]);
    home.import(first.0.path());
    let second = Ledgers::new();
    second.rows(&[
        &format!("110101001001002,幸福路8-2-301,张三,女,{number},1949-03-05,13900139000,户主,,,,"),
        "110101001001002,幸福路9-2-301,张三,女,,1949-03-05,13800138000,户主,,,,",
        "110101001001002,幸福路9-2-301,李四,女,,1949-03-05,13800138000,配偶,,,,",
    ]);
    let (plan, written) = home.import(second.0.path());
    assert_eq!((plan.report.persons_made, plan.report.pairs_same_id, plan.report.pairs_likely), (3, 0, 0));
    assert_eq!((home.all("resident").len(), written.changed_records), (4, 0));
    let mut rules: Vec<String> = home.county.pairs().unwrap().into_iter().map(|pair| pair.reason.rule).collect();
    rules.sort();
    assert_eq!(rules, ["pair_same_id", "pair_same_phone"]);
    assert_eq!(home.import(second.0.path()).1, Written::default());
    assert_eq!(home.import(first.0.path()).1, Written::default());
}

#[test]
fn grids_of_an_earlier_import_are_known() {
    let mut home = Home::new();
    let ledgers = Ledgers::new();
    ledgers.rows(&["110101001001001,幸福路1-2-301,张三,女,,1949-03-05,,户主,,,,"]);
    home.import(ledgers.0.path());
    let regions = known_regions(&home.county).unwrap();
    assert_eq!(regions.grids(), 2);
    assert_eq!(regions.0["110101001001001"].parent, "110101001001");
}

#[test]
fn a_household_moved_within_its_grid_keeps_its_people() {
    let mut home = Home::new();
    let ledgers = Ledgers::new();
    let row =
        |door: &str| format!("110101001001001,{door},张三,女,{},1949-03-05,,户主,户在人在,,,", id("1949-03-05", 12));
    ledgers.rows(&[&row("幸福路1-2-301")]);
    home.import(ledgers.0.path());
    ledgers.rows(&[&row("幸福路1-2-302")]);
    let (_, written) = home.import(ledgers.0.path());
    assert_eq!((home.all("resident").len(), home.all("dwelling").len(), home.all("residence").len()), (1, 2, 2));
    assert_eq!((written.new_records, written.new_pairs), (4, 0), "a new door, household, membership and stay");
}

#[test]
fn wrong_input_is_told_before_anything_is_written() {
    let ledgers = Ledgers::new();
    let told = |ledgers: &Ledgers| refused(ledgers.0.path()).to_string();
    assert!(told(&ledgers).contains("residents*"), "a missing file is named by its patterns");

    ledgers.put("residents.csv", "网格编码,地址,性别\n1,2,3\n");
    let text = told(&ledgers);
    assert!(text.contains("residents.csv") && text.contains("姓名") && !text.contains("性别"), "{text}");

    ledgers.put("residents.csv", b"PK\x03\x04 no workbook at all");
    assert!(told(&ledgers).contains("residents.csv"), "a damaged workbook");
    ledgers.put("residents.csv", [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, 0, 0]);
    assert!(told(&ledgers).contains("residents.csv"), "a damaged xls");
    ledgers.put("residents.csv", [0_u8, 159, 146, 150, 0, 1, 2, 3]);
    assert!(told(&ledgers).contains("residents.csv"), "no text");
    ledgers.put("residents.csv", format!("{HEADER}\n1,\"幸福路{}", "\n1,2,3".repeat(40)));
    assert!(told(&ledgers).contains('2'), "a quotation mark that nobody closed, by its line");

    let nameless = HEADER.replace("身份证号", "证件");
    ledgers.put("residents.csv", format!("{nameless}\n"));
    let text = told(&ledgers);
    assert!(text.contains("residents.csv") && text.contains("身份证号"), "a renamed column is no empty one: {text}");

    ledgers.rows(&[]).put("regions.csv", "区划代码,名称,级别,上级代码\n110101000000,甲县,county,\n");
    assert!(matches!(refused(ledgers.0.path()), ImportError::NoGrids));
    assert!(matches!(refused(Path::new("/nonexistent")), ImportError::Dir { .. }));
    for error in [refused(ledgers.0.path()), refused(Path::new("/nonexistent"))] {
        let text = error.to_string();
        let (zh, en) = text.split_once(" / ").unwrap();
        assert!(!zh.is_ascii() && !en.is_empty(), "{text}");
    }
}

#[test]
fn a_workbook_as_towns_send_it() {
    let mut home = Home::new();
    let ledgers = Ledgers::new();
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/untidy.xlsx");
    ledgers.put("residents.xlsx", fs::read(book).unwrap());
    let (plan, _) = home.import(ledgers.0.path());
    let report = &plan.report;
    assert_eq!((report.ledger_rows, report.persons_made, report.rows_rejected, report.empty_rows), (6, 4, 2, 0));
    assert_eq!((report.households, report.buildings), (2, 1), "an address merged over three rows is one door");
    assert_eq!((report.denied_columns, report.missing_id, report.bad_checksum), (1, 3, 0));
    assert_eq!(plan.tidied["serial_date"], 3, "two cells formatted as dates and one plain number");
    let at = |rule: &str| of_rule(&plan, rule).iter().map(|p| (p.file.as_str(), p.line)).collect::<Vec<_>>();
    assert_eq!(at("float_id"), [("residents.xlsx [第1村]", 5)], "a rounded number is never taken for an ID number");
    assert_eq!(at("total_row"), [("residents.xlsx [第1村]", 10), ("residents.xlsx [第1村]", 11)]);
    assert_eq!(
        at("sheet_skipped"),
        [("residents.xlsx [说明]", 0)],
        "a hidden sheet is passed over, a visible one named"
    );
    let zhang = home.find("resident", "name", "张三");
    assert_eq!(home.value(&zhang, "birth_date"), Value::from("1958-03-05"));
    assert_eq!((home.value(&zhang, "id_no"), home.value(&zhang, "phone")), (Value::Null, Value::from("13800138000")));
    let second = home.find("resident", "name", "张小三");
    assert_eq!(home.value(&second, "id_no"), Value::from("11010519491231002X"));
    assert_eq!(home.value(&second, "birth_date"), Value::from("1950-04-02"), "as the ledger says");
    assert_eq!(at("birth_and_id"), [("residents.xlsx [第1村]", 6)]);
    let heads: Vec<Value> = home.all("household").iter().map(|id| home.value(id, "head")).collect();
    assert!(heads.contains(&Value::Text(zhang.to_string())), "the head is known by the name in every row");
}

/// The program itself, on a county of its own.
fn run(dir: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_wangge-server")).current_dir(dir).args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (done.status.code(), text(done.stdout), text(done.stderr))
}

#[test]
fn the_command_says_what_it_did() {
    let dir = TempDir::new().unwrap();
    let (data, keys_dir) = (dir.path().join("wangge-data"), dir.path().join("wangge-data-keys"));
    let ledgers = sample().canonicalize().unwrap();
    let (ledgers, map) = (ledgers.to_str().unwrap(), ledgers.join("map.toml"));
    let import = ["import", ledgers, "--map", map.to_str().unwrap()];
    let with = |more: &[&str]| run(dir.path(), &[&import, more].concat());

    let (status, out, _) = with(&["--dry-run", "--report", "report.json"]);
    assert_eq!(status, Some(0));
    assert!(out.contains("1529") && out.contains("nothing written"), "{out}");
    let report = fs::read_to_string(dir.path().join("report.json")).unwrap();
    let keys: Vec<usize> = REPORT_KEYS.map(|key| report.find(&format!("\n  \"{key}\":")).unwrap()).to_vec();
    assert!(keys.is_sorted(), "every key, in this order");
    assert!(!data.exists(), "a dry run makes nothing");
    let (status, _, told) = with(&[]);
    assert_eq!(status, Some(1));
    assert!(told.contains("init"), "{told}");

    files::create(&keys_dir, &data, &Keys::from_seed([7; 32]), &["localhost".to_owned()], NOW).unwrap();
    let new = NewCounty { name: "云溪县".to_owned(), url: "https://localhost".to_owned(), epoch: 1 };
    drop(County::create(&data, &keys_dir, &new, NOW).unwrap());
    let (status, out, _) = with(&[]);
    assert_eq!(status, Some(0));
    assert!(out.contains("5979 new records"), "{out}");
    assert!(with(&[]).1.contains("nothing new"));
    let json: Json = serde_json::from_str(&with(&["--dry-run", "--json"]).1).unwrap();
    assert_eq!(json, serde_json::from_str::<Json>(&report).unwrap(), "the same figures whatever was imported before");

    let _held = County::open(&data, &keys_dir).unwrap();
    assert_eq!(with(&[]).0, Some(1), "a server is running");
    assert_eq!(with(&["--dry-run"]).0, Some(0), "looking is possible beside it");
    let (status, _, told) = run(dir.path(), &["import", ledgers, "--map", "none.toml", "--dry-run"]);
    assert_eq!(status, Some(1));
    assert!(told.contains("none.toml"), "{told}");
}
