//! A county's own schema files, checked with those that ship.

#![expect(clippy::unwrap_used, reason = "tests")]

use wangge_core::model::{
    Audience, Role, SCHEMA_VERSION, Schema, SchemaError,
    files::{BUILT_IN, understood},
};

const KIND: &str = r#"
name = "well"
zh = "机井"
en = "Well"
title = ["name"]

[[field]]
key = "name"
zh = "名称"
en = "Name"
type = "text"
required = true
audience = "open"
rule = "authority"
max = 40
retain = "while_in_use"
purpose = "find wells that children could fall into"

[[field]]
key = "cover"
zh = "井盖"
en = "Cover"
type = "code"
list = "well_cover"
audience = "open"
rule = "safer"
lower = ["GW", "GL"]
retain = "while_in_use"
purpose = "find wells that children could fall into"
"#;
const LISTS: &str = r#"
[[list]]
name = "well_cover"
zh = "井盖情况"
en = "Covers of wells"
version = 1
code = [
  { code = "sound", zh = "完好", en = "sound", rank = 1 },
  { code = "missing", zh = "缺失", en = "missing", rank = 2 },
]
"#;

fn with(county: &[(&str, &str)]) -> Result<Schema, Vec<SchemaError>> {
    Schema::with_county(SCHEMA_VERSION + 1, county)
}

fn built_in(name: &str) -> &'static str {
    BUILT_IN.kinds.iter().find(|(file, _)| *file == name).unwrap().1
}

/// Line and rule of each problem, once `from` became `to` in one of the files that ship, as a county would hand it in.
fn changed(name: &str, from: &str, to: &str) -> Vec<(String, usize, String)> {
    let text = match name {
        "codes.toml" => BUILT_IN.lists,
        "access.toml" => BUILT_IN.access,
        "checklists.toml" => BUILT_IN.checklists,
        kind => built_in(kind),
    };
    assert!(text.contains(from), "{name} does not hold {from}");
    let text = text.replacen(from, to, 1);
    let found = with(&[("own.toml", &text)]).err().unwrap_or_default();
    found.into_iter().map(|p| (p.file, p.line, p.rule)).collect()
}

fn line(name: &str, of: &str) -> usize {
    built_in(name).lines().position(|line| line.contains(of)).unwrap() + 1
}

#[test]
fn a_county_adds_kinds_and_lists() {
    let schema = with(&[("机井.toml", KIND), ("井盖.toml", LISTS)]).unwrap();
    let well = schema.kind("well").unwrap();
    assert!(schema.may_write(Role::GW, well, well.field("cover").unwrap()));
    assert_eq!(schema.kinds.len(), Schema::built_in().kinds.len() + 1);
    assert_ne!(schema.hash(), Schema::built_in().hash());
    assert_eq!(understood(&schema, KIND).zh, "新类型“机井”（well）：2个字段，新增2个");
    assert_eq!(understood(&schema, LISTS).en, "code lists: well_cover");
    let alone = with(&[("机井.toml", KIND)]).unwrap_err();
    let at = KIND.lines().position(|line| line.contains("well_cover")).unwrap() + 1;
    assert!(alone.iter().any(|p| (p.line, p.rule.as_str()) == (at, "list")), "{alone:?}");
}

#[test]
fn a_county_adds_fields_to_a_kind_and_renames_and_chooses_rules() {
    let more = KIND.split("[[field]]").nth(1).unwrap().replace("key = \"name\"", "key = \"shelter_no\"");
    let text = built_in("building.toml").replacen("标准地址", "详细地址", 1).replacen(
        "rule = \"authority\"",
        "rule = \"latest\"",
        1,
    );
    let text = format!("{text}\n[[field]]{more}").replace("required = true", "");
    let schema = with(&[("own.toml", &text)]).unwrap();
    let building = schema.kind("building").unwrap();
    assert_eq!(building.fields.len(), Schema::built_in().kind("building").unwrap().fields.len() + 1);
    assert_eq!(building.field("std_address").unwrap().zh, "详细地址");
    assert!(understood(&schema, &text).en.ends_with("11 fields, 1 new"), "{}", understood(&schema, &text).en);
}

#[test]
fn what_ships_is_not_shown_to_more_people() {
    let phone =
        ("audience = \"personal\"\nrule = \"authority\"\njoins", "audience = \"care\"\nrule = \"authority\"\njoins");
    assert!(changed("resident.toml", phone.0, phone.1).iter().all(|p| p.2 != "audience"), "care is the narrower");
    let care = changed("care.toml", "audience = \"care\"", "audience = \"personal\"");
    assert_eq!(care, [("own.toml".to_owned(), line("care.toml", "audience = \"care\""), "audience".to_owned())]);
    let open = changed("resident.toml", "audience = \"personal\"", "audience = \"open\"");
    assert_eq!(
        open,
        [("own.toml".to_owned(), line("resident.toml", "audience = \"personal\""), "audience".to_owned())]
    );
    let dispute = changed("event.toml", "audience = \"dispute\"", "audience = \"child\"");
    assert!(dispute.iter().any(|p| p.2 == "audience"), "beside is not narrower: {dispute:?}");
    let wide = changed("access.toml", "PG = [\"open\"]", "PG = [\"open\", \"personal\"]");
    assert!(wide.iter().any(|p| p.2 == "audience"), "{wide:?}");
    assert_eq!(changed("access.toml", "\"routine\", \"event\"]", "\"event\"]"), [], "less is allowed");
    assert!(!Schema::built_in().receives(Role::PG, Audience::Personal));
}

#[test]
fn what_records_hold_stays_readable() {
    for (file, from, to, rule) in [
        ("place.toml", "key = \"address\"", "key = \"street\"", "field_gone"),
        ("building.toml", "type = \"int\"\naudience", "type = \"text\"\naudience", "type"),
        ("building.toml", "rule = \"set\"", "rule = \"latest\"", "rule"),
        ("household.toml", "server = true", "", "server"),
        ("region.toml", "server = true", "", "server"),
        ("codes.toml", "{ code = \"2\", zh = \"女\"", "{ code = \"3\", zh = \"女\"", "code_gone"),
        ("codes.toml", "zh = \"女\"", "zh = \"女士\"", "version"),
        ("checklists.toml", "  \"hood_clean\",\n", "", "version"),
    ] {
        let found = changed(file, from, to);
        assert!(
            found.iter().any(|(name, _, found)| name == "own.toml" && found == rule),
            "{to:?} in {file}: {found:?}"
        );
    }
}

#[test]
fn the_deny_list_holds_for_counties() {
    for (file, text) in [
        ("k.toml", KIND.replace("zh = \"井盖\"", "zh = \"关注程度\"")),
        ("k.toml", KIND.replace("name = \"well\"\nzh = \"机井\"", "name = \"well\"\nzh = \"重点人员\"")),
        ("k.toml", KIND.replace("key = \"cover\"", "key = \"is_attention\"")),
        ("l.toml", LISTS.replace("zh = \"井盖情况\"", "zh = \"信访情况\"")),
        ("l.toml", LISTS.replace("name = \"well_cover\"", "name = \"petition_level\"")),
        ("l.toml", LISTS.replace("zh = \"完好\"", "zh = \"吸毒\"")),
        ("c.toml", "[[item]]\ncode = \"a\"\nzh = \"是否有上访人员\"\nen = \"no\"\n".to_owned()),
    ] {
        let found = with(&[(file, &text)]).unwrap_err();
        assert!(found.iter().any(|p| p.file == file && p.rule == "deny" && p.line > 0), "{text}: {found:?}");
    }
}

#[test]
fn several_slips_in_several_files_come_at_once() {
    let kind = KIND.replace("rule = \"safer\"", "rule = \"safest\"").replace("en = \"Well\"\n", "").replace(
        "retain = \"while_in_use\"\npurpose = \"find wells that children could fall into\"\n\n",
        "retain = \"long\"\nread = [\"GL\"]\n\n",
    );
    let lists = LISTS.replace("rank = 2", "rank = \"two\"").replace("zh = \"井盖情况\"\n", "");
    let found = with(&[("k.toml", &kind), ("l.toml", &lists)]).unwrap_err();
    let told: Vec<_> = found.iter().map(|p| (p.file.as_str(), p.rule.as_str())).collect();
    for expected in [
        ("k.toml", "unknown_rule"),
        ("k.toml", "label"),
        ("k.toml", "retain"),
        ("k.toml", "partial"),
        ("k.toml", "missing"),
        ("l.toml", "rank"),
        ("l.toml", "label"),
    ] {
        assert!(told.contains(&expected), "{expected:?} in {found:#?}");
    }
    assert!(found.iter().all(|p| !p.zh.is_empty() && !p.en.is_empty() && p.line > 0));
}
