//! The schema files of this build, and what the lint refuses in others.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeMap, fmt::Write as _, fs, path::PathBuf};

use wangge_core::model::{
    Audience, Field, Kind, Role, Rule, SCHEMA_VERSION, Schema, SchemaFiles, deny, lint, schema::SchemaError,
};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The files of `core/schema`, by name.
fn files() -> BTreeMap<String, String> {
    fs::read_dir(root().join("schema"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap()))
        .collect()
}

fn parse(files: &BTreeMap<String, String>) -> Result<Schema, Vec<SchemaError>> {
    let kinds: Vec<_> = files
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "codes.toml" | "access.toml" | "checklists.toml" | "flow.toml"))
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let files = SchemaFiles {
        kinds: &kinds,
        lists: &files["codes.toml"],
        access: &files["access.toml"],
        checklists: &files["checklists.toml"],
        flows: &files["flow.toml"],
    };
    Schema::parse(SCHEMA_VERSION, files)
}

/// The problems after `from` became `to` in one file.
fn problems(file: &str, from: &str, to: &str) -> Vec<SchemaError> {
    let mut files = files();
    let text = files.get_mut(file).unwrap();
    assert!(text.contains(from), "{file} does not hold {from}");
    *text = text.replacen(from, to, 1);
    parse(&files).err().unwrap_or_default()
}

#[test]
fn every_file_passes_and_is_built_in() {
    let parsed = parse(&files()).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(&parsed, Schema::built_in(), "a file in core/schema is not listed in KIND_FILES");
}

#[test]
fn every_field_is_in_the_golden_list() {
    let mut list = String::from("# kind.field type audience rule; rewritten by UPDATE_GOLDEN=1\n");
    for kind in Schema::built_in().kinds.values() {
        for field in &kind.fields {
            writeln!(list, "{}.{} {}", kind.name, field.key, facts(kind, field)).unwrap();
        }
    }
    let access = &Schema::built_in().access;
    for (role, audiences) in &access.receive {
        let names: Vec<_> = audiences.iter().map(|audience| audience.name()).collect();
        writeln!(list, "{role} receives {}", names.join(" ")).unwrap();
    }
    for (role, kinds) in &access.write {
        writeln!(list, "{role} writes {}", kinds.join(" ")).unwrap();
    }
    for (audience, roles) in &access.hint {
        let roles: Vec<_> = roles.iter().map(ToString::to_string).collect();
        writeln!(list, "{audience} takes hints of {}", roles.join(" ")).unwrap();
    }
    let path = root().join("tests/golden/schema.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|v| v == "1") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &list).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap();
    assert_eq!(
        golden, list,
        "a field changed: who receives it and how it merges is a decision; UPDATE_GOLDEN=1 takes it"
    );
}

/// What a change of must be seen in review: type, audience, merge rule, and who may do more than write.
fn facts(kind: &Kind, field: &Field) -> String {
    let name = |value: serde_json::Value| value.as_str().unwrap().to_owned();
    let mut out = format!(
        "{} {} {}",
        name(serde_json::to_value(field.value_type).unwrap()),
        field.audience,
        name(serde_json::to_value(field.rule).unwrap())
    );
    if field.fact == wangge_core::model::Fact::Fixed {
        out += " fixed";
    }
    for (what, roles) in [("write", &field.write), ("decide", &field.decide), ("lower", &field.lower)] {
        if !roles.is_empty() {
            let roles: Vec<_> = roles.iter().map(ToString::to_string).collect();
            write!(out, " {what}={}", roles.join("+")).unwrap();
        }
    }
    for (word, holds) in [("required", field.required), ("server", field.server || kind.server)] {
        if holds {
            write!(out, " {word}").unwrap();
        }
    }
    out
}

const HOSE: &str = "list = \"gas_check\"";
const HOSE_RULE: &str = "audience = \"open\"\nrule = \"safer\"";
/// File, what stands there, what a slip makes of it, and a part of the sentence that tells it.
const SLIPS: &[(&str, &str, &str, &str)] = &[
    ("dwelling.toml", HOSE, "list = \"gas_chek\"", "there is no list gas_chek"),
    ("dwelling.toml", HOSE, "", "a code needs a list"),
    ("dwelling.toml", HOSE, "list = \"gas_supply\"", "every code has a rank"),
    ("dwelling.toml", "category = \"gas_hose\"", "category = \"gass\"", "suggests 'gass'"),
    ("dwelling.toml", "from_rank = 2", "from_rank = 9", "no code reaches from_rank 9"),
    ("dwelling.toml", HOSE_RULE, "audience = \"open\"\nrule = \"latest\"", "lower and suggests go with safer only"),
    ("dwelling.toml", "lower = [\"GW\", \"GL\", \"TC\", \"CC\"]", "", "nobody could ever lower it"),
    ("dwelling.toml", "kind = \"building\"", "kind = \"bilding\"", "there is no kind bilding"),
    ("dwelling.toml", "kind = \"building\"", "kind = \"resident\"", "has no open part"),
    ("dwelling.toml", "kind = \"building\"", "", "a ref names a kind"),
    ("dwelling.toml", "title = [\"address\"]", "title = [\"adress\"]", "title names 'adress'"),
    ("dwelling.toml", "title = [\"address\"]", "title = []", "title names no field"),
    ("dwelling.toml", "key = \"unit\"", "key = \"floor\"", "field floor stands twice"),
    ("dwelling.toml", "key = \"unit\"", "key = \"Unit\"", "'Unit' must be 1 to 32"),
    ("dwelling.toml", "key = \"unit\"", "key = \"cmd\"", "the name cmd is reserved"),
    ("dwelling.toml", "zh = \"单元\"", "zh = \"\"", "lacks a Chinese label"),
    ("dwelling.toml", "en = \"Unit\"", "en = \"单元\"", "lacks an English label"),
    ("dwelling.toml", "max = 10", "max = 4000", "max is for text"),
    ("dwelling.toml", "retain = \"while_in_use\"", "retain = \"for_ever\"", "retain 'for_ever' is no code"),
    ("dwelling.toml", "purpose = \"know the door", "purpose = \"\" #", "says no purpose"),
    ("membership.toml", "name = \"membership\"", "name = \"care\"", "kind care stands twice"),
    ("dwelling.toml", "name = \"dwelling\"", "name = \"flat\"", "the file must be named flat.toml"),
    ("resident.toml", "joins = \"phones\"", "joins = \"fones\"", "joins 'fones'"),
    ("resident.toml", "joins = \"phones\"", "joins = \"comm_needs\"", "must be a set of the same type"),
    ("resident.toml", "rule = \"authority\"\nfact", "rule = \"latest\"\nfact", "fact = fixed goes with authority only"),
    ("resident.toml", "decide = [\"GL\", \"TC\", \"CC\"]", "decide = [\"PG\"]", "names PG, who may not write"),
    ("resident.toml", "decide = [\"GL\", \"TC\", \"CC\"]", "", "nobody could ever decide it"),
    ("resident.toml", "joins = \"phones\"", "decide = [\"GL\"]", "decide goes with keep_both"),
    (
        "resident.toml",
        "type = \"id_number\"\naudience = \"personal\"",
        "type = \"id_number\"\naudience = \"open\"",
        "an ID number or a telephone cannot be open",
    ),
    ("resident.toml", "rule = \"set\"", "rule = \"log\"", "cannot be merged by this rule"),
    ("household.toml", "server = true", "server = true\nrequired = true", "written by the server"),
    ("region.toml", "required = true", "decide = [\"CC\"]", "written by the server"),
    ("codes.toml", "code = \"worn\"", "code = \"ok\"", "belongs to both ok and ok"),
    ("codes.toml", "also = [\"超期\", \"开裂\"]", "also = [\"完好\"]", "'完好' belongs to both ok and worn"),
    ("codes.toml", "name = \"tenure\"", "name = \"sex\"", "list sex stands twice"),
    ("codes.toml", "en = \"worn\"", "en = \"worn\", from = \"2026-13-01\"", "write the days of use"),
    (
        "codes.toml",
        "en = \"worn\"",
        "en = \"worn\", from = \"2026-02-01\", until = \"2026-01-31\"",
        "ends before it begins",
    ),
    ("access.toml", "PG = [\"open\"]", "PG = [\"open\", \"personal\"]", "PG may not receive personal"),
    ("access.toml", "CM = [\"child\"]", "CM = [\"child\"]\nAD = [\"open\"]", "AD may not receive open"),
    (
        "access.toml",
        "GD = [\"visit\", \"routine\", \"event\"]",
        "GD = [\"visits\"]",
        "GD writes visits, which is no kind",
    ),
    ("access.toml", "GD = [\"visit\", \"routine\", \"event\"]", "GD = [\"region\"]", "GD writes region"),
    (
        "access.toml",
        "GD = [\"visit\", \"routine\", \"event\"]",
        "AU = [\"visit\"]",
        "AU writes kinds and receives nothing",
    ),
    ("dwelling.toml", "required = true", "requird = true", "unknown field `requird`"),
    ("dwelling.toml", "list = \"tenure\"", "list = \"tenure\"\nby_command = [\"sold\"]", "by_command names 'sold'"),
    ("dwelling.toml", "is = [\"rent\"]", "is = [\"let\"]", "the condition names 'let'"),
    ("dwelling.toml", "when = { field = \"tenure\"", "when = { field = \"rooms\"", "the condition asks 'rooms'"),
    ("dwelling.toml", "not_before = \"rent_from\"", "not_before = \"rooms\"", "not_before names 'rooms'"),
    ("dwelling.toml", "min = 0", "min = 1000", "below max"),
    ("dwelling.toml", "hidden = true", "hidden = true\nrequired = true", "a hidden field cannot be required"),
    ("dwelling.toml", "rule = \"authority\"", "rule = \"lastest\"", "unknown rule `lastest`"),
    ("resident.toml", "past = true", "not_before = \"birth_date\"", "not_before names 'birth_date'"),
    (
        "resident.toml",
        "type = \"phone\"\naudience = \"personal\"",
        "type = \"phone\"\naudience = \"open\"",
        "a telephone cannot be open",
    ),
    ("residence.toml", "record = \"dwelling\"", "record = \"from\"", "'from' is no reference"),
    ("residence.toml", "put = { tenure = \"rent\" }", "put = { tenure = \"let\" }", "cannot be put to 'let'"),
    ("residence.toml", "\"dorm\", \"public\"", "\"dorms\", \"public\"", "unless names a code"),
    ("event.toml", "required_when = {", "required = true\nrequired_when = {", "required anyway"),
    ("resident.toml", "unless_given = \"birth_date\"", "unless_given = \"shoe_size\"", "another field of the kind"),
    ("event.toml", "zh = \"补充\"\n", "", "lacks a Chinese label"),
    ("event.toml", "rule = \"log\"", "rule = \"log\"\nread = [\"GW\"]", "all of an audience or nothing"),
    ("event.toml", "title = [", "visible_to = [\"GL\"]\ntitle = [", "all of an audience or nothing"),
    ("access.toml", "CM = [\"child\"]", "CM = [\"child.name\"]", "all of an audience or nothing"),
    ("access.toml", "CM = [\"child\"]", "CM = { child = [\"name\"] }", "all of an audience or nothing"),
    ("access.toml", "CM = [\"child\"]", "CM = [\"children\"]", "unknown CM `children`"),
    ("access.toml", "dispute = [\"GW\"]", "dispute = [\"MD\"]", "MD receives dispute"),
    ("checklists.toml", "suggests = \"fire_exit\"", "suggests = \"fires\"", "suggests 'fires'"),
    ("checklists.toml", "  \"hood_clean\",", "  \"hoods_clean\",", "item hoods_clean is not there"),
    ("checklists.toml", "places = [\"small_shop\"]", "places = [\"big_shop\"]", "'big_shop' is no code"),
    ("checklists.toml", "name = \"small_shop\"", "name = \"small_eatery\"", "checklist small_eatery@1 stands twice"),
    ("checklists.toml", "zh = \"没有飞线充电\"", "zh = \"\"", "lacks a Chinese label"),
    ("attachment.toml", "key = \"mime\"", "key = \"format\"", "the parts of an attachment"),
    ("codes.toml", "name = \"id_type\"", "name = \"check_item\"", "made from the checklists"),
    ("codes.toml", "code = \"passport\", ", "", "lacks code"),
    (
        "codes.toml",
        "en = \"worn\"",
        "en = \"worn\", into = \"ok\"",
        "worn: ok must be a code of the list that is in use",
    ),
    ("codes.toml", "en = \"worn\"", "en = \"worn\", until = \"2026-01-31\", into = \"torn\"", "worn: torn must be"),
    ("codes.toml", "en = \"worn\"", "en = \"worn\", until = \"2026-01-31\", into = \"worn\"", "worn: worn must be"),
    ("child.toml", "id_of = \"resident\"", "id_of = \"name\"", "id_of must name a reference"),
];

#[test]
fn each_slip_is_named_in_its_file() {
    for &(file, from, to, expected) in SLIPS {
        let found = problems(file, from, to);
        let named = found.iter().any(|p| p.file == file && p.en.contains(expected) && !p.zh.is_empty());
        assert!(named, "{to:?} in {file} should give {expected:?}, gave {found:#?}");
    }
}

#[test]
fn a_slip_is_told_with_its_line() {
    let lines = |file: &str, from: &str, to: &str| -> Vec<(usize, String)> {
        let mut files = files();
        let text = files.get_mut(file).unwrap();
        *text = text.replacen(from, to, 1);
        let at = text.lines().position(|line| line.contains(to)).unwrap() + 1;
        let found = parse(&files).err().unwrap_or_default();
        found.into_iter().map(|p| (p.line.abs_diff(at), p.rule)).collect()
    };
    for (file, from, to, rule) in [
        ("event.toml", "rule = \"log\"", "rule = \"logg\"", "unknown_rule"),
        ("event.toml", "zh = \"补充\"", "zh = \"重点人员\"", "deny"),
        ("event.toml", "zh = \"补充\"", "zh = \"?\"", "label"),
        ("visit.toml", "list = \"rating\"", "list = \"ratings\"", "list"),
        ("visit.toml", "retain = \"visit_2y\"", "retain = \"visit_9y\"", "retain"),
        ("codes.toml", "zh = \"手语\"", "zh = \"宗教\"", "deny"),
        ("checklists.toml", "zh = \"没有飞线充电\"", "zh = \"没有信访人员\"", "deny"),
        ("access.toml", "PG = [\"open\"]", "PG = [\"open\", \"care\"]", "audience"),
        ("flow.toml", "zh = \"受理\"", "zh = \"?\"", "label"),
    ] {
        assert!(files()[file].contains(from), "{file} does not hold {from}");
        assert_eq!(lines(file, from, to), [(0, rule.to_owned())], "{to} in {file}");
    }
    let broken = problems("event.toml", "zh = \"补充\"", "zh = 补充");
    let line = files()["event.toml"].lines().position(|line| line.contains("补充")).unwrap() + 1;
    assert!(!broken.is_empty() && broken.iter().all(|p| p.line == line && p.rule == "syntax"), "{broken:?}");
}

#[test]
fn all_slips_come_at_once() {
    let mut files = files();
    for (file, from, to) in [
        ("dwelling.toml", "retain = \"while_in_use\"", "retain = \"for_ever\""),
        ("dwelling.toml", "kind = \"building\"", "kind = \"bilding\""),
        ("visit.toml", "zh = \"记录\"", "zh = \"\""),
        ("codes.toml", "code = \"worn\"", "code = \"Worn\""),
        ("access.toml", "PG = [\"open\"]", "PG = [\"care\"]"),
    ] {
        let text = files.get_mut(file).unwrap();
        *text = text.replacen(from, to, 1);
    }
    let found = parse(&files).unwrap_err();
    let in_file = |file: &str| found.iter().filter(|problem| problem.file == file).count();
    assert_eq!((in_file("dwelling.toml"), in_file("visit.toml")), (2, 1), "{found:#?}");
    assert!(in_file("codes.toml") >= 1 && in_file("access.toml") >= 1, "{found:#?}");
}

#[test]
fn no_schema_can_hold_what_the_deny_list_names() {
    let mut files = files();
    let resident = files.get_mut("resident.toml").unwrap();
    let labels: Vec<_> = resident.lines().filter(|line| line.starts_with("zh = ")).skip(1).map(str::to_owned).collect();
    assert!(labels.len() >= deny::CATEGORIES.len(), "one label for each category");
    for (label, category) in labels.iter().zip(deny::CATEGORIES) {
        *resident = resident.replacen(label.as_str(), &format!("zh = \"{}\"", category.zh), 1);
    }
    let found = parse(&files).unwrap_err();
    for category in deny::CATEGORIES {
        let told = |p: &&SchemaError| p.en.contains("may not be collected") && p.en.contains(category.en);
        assert_eq!(found.iter().filter(told).count(), 1, "{} in {found:#?}", category.name);
    }
    for (file, label) in [("codes.toml", "沟通需要"), ("codes.toml", "手语"), ("place.toml", "场所")] {
        let found = problems(file, &format!("zh = \"{label}\""), "zh = \"重点人员\"");
        assert!(found.iter().any(|p| p.file == file && p.en.contains("may not be collected")), "{label} in {file}");
    }
    for key in ["political_outlook", "is_attention"] {
        let found = problems("resident.toml", "key = \"occupation\"", &format!("key = \"{key}\""));
        assert!(found.iter().any(|p| p.zh.contains("禁止采集")), "{key}");
    }
    assert!(problems("codes.toml", "also = [\"夫\"", "also = [\"重点人员\"").iter().any(|p| p.zh.contains("禁止采集")));
}

#[test]
fn the_ledger_headings_that_may_not_be_imported_are_the_denied_ones() {
    let headings = "网格编码,地址,姓名,性别,身份证号,出生日期,联系电话,与户主关系,居住类型,关爱类型,民族,政治面貌";
    let denied: Vec<_> = headings.split(',').filter(|heading| lint::denied(heading).is_some()).collect();
    assert_eq!(denied, ["民族", "政治面貌"]);
}

#[test]
fn words_of_the_sample_ledger_are_known() {
    let schema = Schema::built_in();
    for (file, column, list) in [
        ("hazards.csv", 2, "hazard"),
        ("hazards.csv", 3, "level"),
        ("places.csv", 2, "place"),
        ("regions.csv", 2, "region_level"),
    ] {
        let text = fs::read_to_string(root().join("../tests/data/county").join(file)).unwrap();
        for line in text.lines().skip(1) {
            let word = line.split(',').nth(column).unwrap();
            assert!(schema.lists[list].find_word(word).is_some(), "{word} of {file} is not in the list {list}");
        }
    }
    for (list, words) in [
        ("relation", &["户主", "配偶", "子", "女", "父母", "租客"][..]),
        ("residence_kind", &["户在人在", "户在人不在", "户不在人在"]),
        ("care", &["失能老人", "独居老人", "空巢老人"]),
        ("sex", &["男", "女"]),
        ("use", &["住宅", "商住"]),
        ("crs", &["WGS84", "GCJ02"]),
    ] {
        for word in words {
            assert!(schema.lists[list].find_word(word).is_some(), "{word} is not in the list {list}");
        }
    }
    assert_eq!(schema.lists["relation"].find_word("租客").unwrap().code, "99");
    assert_eq!(schema.lists["hazard"].find_word("燃气软管老化").unwrap().code, "gas_hose");
}

#[test]
fn ranks_say_what_is_more_dangerous() {
    let schema = Schema::built_in();
    for (kind, key, from_high_to_low) in [
        ("event", "level", &["1", "2", "3", "4"][..]),
        ("dwelling", "gas_hose", &["leaking", "worn", "ok"]),
        ("care", "tier", &["high", "key", "general"]),
        ("resident", "life_status", &["alive", "reported_dead", "dead"]),
        ("building", "safety_flag", &["serious", "suspected", "none"]),
    ] {
        let field = schema.kind(kind).unwrap().field(key).unwrap();
        assert_eq!(field.rule, Rule::Safer, "{kind}.{key}");
        let ranks: Vec<_> = from_high_to_low.iter().map(|code| schema.rank(field, &(*code).into())).collect();
        assert!(ranks.is_sorted_by(|a, b| a > b) && ranks.iter().all(|rank| *rank > 0), "{kind}.{key}: {ranks:?}");
    }
    let hose = schema.kind("dwelling").unwrap().field("gas_hose").unwrap();
    let suggests = hose.suggests.as_ref().unwrap();
    assert!(schema.rank(hose, &"worn".into()) >= suggests.from_rank);
    assert!(schema.rank(hose, &"ok".into()) < suggests.from_rank);
}

#[test]
fn names_telephones_and_id_numbers_are_in_no_open_document() {
    use wangge_core::model::FieldType;
    for kind in Schema::built_in().kinds.values().filter(|kind| !kind.server) {
        for field in kind.fields.iter().filter(|field| field.audience == Audience::Open) {
            let personal = matches!(field.value_type, FieldType::Phone | FieldType::IdNumber)
                || field.kind.as_deref().is_some_and(|k| matches!(k, "resident" | "household"));
            assert!(!personal, "{}.{} is open", kind.name, field.key);
        }
    }
}

#[test]
fn the_hash_follows_every_byte_of_every_file() {
    let files = files();
    let first = parse(&files).unwrap();
    assert_eq!(first.hash(), Schema::built_in().hash());
    for name in files.keys() {
        let mut changed = files.clone();
        changed.get_mut(name).unwrap().push_str("\n# a remark\n");
        assert_ne!(parse(&changed).unwrap().hash(), first.hash(), "{name}");
    }
}

#[test]
fn every_field_can_be_written_by_somebody_or_the_server() {
    let schema = Schema::built_in();
    for kind in schema.kinds.values().filter(|kind| !kind.server) {
        for field in kind.fields.iter().filter(|field| !field.server && field.rule != Rule::Command) {
            let writes =
                |role: &&Role| schema.may_write(**role, kind, field) || schema.may_hint(**role, field.audience);
            assert!(Role::ALL.iter().any(|role| writes(&role)), "{}.{}", kind.name, field.key);
        }
    }
}

#[test]
fn figures_count_a_code_out_of_use_under_the_one_it_went_into() {
    let mut files = files();
    let text = files.get_mut("codes.toml").unwrap();
    let (from, to) =
        ("en = \"damaged or leaking\"", "en = \"damaged or leaking\", until = \"2026-01-31\", into = \"worn\"");
    assert!(text.contains(from));
    *text = text.replacen(from, to, 1);
    let schema = parse(&files).unwrap();
    let list = &schema.lists["gas_check"];
    let counted = |code| list.counted_as(code).map(|now| now.code.as_str());
    assert_eq!(counted("leaking"), Some("worn"));
    assert_eq!((counted("worn"), counted("no such code")), (Some("worn"), None));
    assert_eq!(list.get("leaking").unwrap().zh, "破损漏气", "it is still understood as what it was");
}
