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
        "flow.toml" => BUILT_IN.flows,
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

/// Whether a changed file is refused by one of the rules named.
fn refused(cases: &[(&str, &str, &str, &str)]) {
    for (file, from, to, rule) in cases {
        let found = changed(file, from, to);
        assert!(found.iter().any(|p| p.0 == "own.toml" && p.2 == *rule), "{to:?} in {file}: {found:?}");
    }
}

#[test]
fn widening_is_judged_by_who_receives() {
    let tags = "list = \"care\"\naudience = \"care\"";
    let text = "type = \"text\"\naudience = \"open\"\nrule = \"immutable\"";
    refused(&[
        ("care.toml", tags, "list = \"care\"\naudience = \"dispute\"", "audience"),
        ("care.toml", tags, "list = \"care\"\naudience = \"child\"", "audience"),
        ("care.toml", tags, "list = \"care\"\naudience = \"personal\"", "audience"),
        ("event.toml", text, &text.replace("open", "dispute"), "audience"),
        ("event.toml", text, &text.replace("open", "child"), "audience"),
    ]);
    for to in ["personal", "reporter"] {
        let found = changed("event.toml", text, &text.replace("open", to));
        assert!(found.iter().all(|p| p.2 != "audience"), "{to} is received by fewer: {found:?}");
    }
}

#[test]
fn a_countys_table_of_access_only_takes_away() {
    refused(&[
        ("access.toml", "CC = [\"open\", \"personal\", \"care\"]", "CC = [\"open\", \"dispute\"]", "audience"),
        ("access.toml", "CM = [\"child\"]\nDP", "CM = [\"child\", \"open\"]\nDP", "audience"),
        ("access.toml", "GD = [\"visit\", \"routine\", \"event\"]", "GD = [\"visit\", \"place\"]", "write.GD"),
        ("access.toml", "GD = [\"visit\", \"routine\", \"event\"]", "GD = [\"*\"]", "write.GD"),
        ("access.toml", "dispute = [\"GW\"]", "dispute = [\"GW\", \"PG\"]", "hint.dispute"),
        ("access.toml", "dispute = [\"GW\"]", "dispute = [\"GW\"]\ncare = [\"PG\"]", "hint.care"),
    ]);
    for (from, to) in [
        ("\"care\"]\nMD", "]\nMD"),
        ("\"TC\"]\ndispute", "]\ndispute"),
        ("GW = [\"*\"]", "GW = [\"visit\", \"event\"]"),
        ("dispute = [\"GW\"]", ""),
    ] {
        let found = changed("access.toml", from, to);
        assert!(
            found.iter().all(|p| !["audience", "write.GW", "hint.child"].contains(&p.2.as_str())),
            "{to}: {found:?}"
        );
    }
    let access = BUILT_IN.access.replace("PG = [\"building\"", "PG = [\"well\", \"building\"");
    let schema = with(&[("机井.toml", KIND), ("井盖.toml", LISTS), ("权限.toml", &access)]).unwrap();
    assert!(schema.may_write_kind(Role::PG, schema.kind("well").unwrap()), "a kind of the county's own");
}

#[test]
fn what_names_a_person_is_no_open_field_of_a_county() {
    let label = |zh: &str| KIND.replace("zh = \"名称\"", &format!("zh = \"{zh}\""));
    let key = |key: &str| {
        KIND.replace("\"name\"]", &format!("\"{key}\"]")).replace("key = \"name\"", &format!("key = \"{key}\""))
    };
    let personal = |text: &str| {
        let found = with(&[("k.toml", text), ("l.toml", LISTS)]).err().unwrap_or_default();
        let told = found.iter().any(|p| p.rule == "personal" && p.zh.contains("open") && p.line > 0);
        assert_eq!(told, found.iter().any(|p| p.rule == "personal"), "{found:?}");
        told
    };
    for zh in
        ["姓名", "看井人姓名", "身份证", "联系电话", "手机号码", "出生年月", "家庭住址", "残疾情况", "监护人", "家长"]
    {
        assert!(personal(&label(zh)), "{zh}");
        let close = label(zh).replacen("audience = \"open\"", "audience = \"personal\"", 1);
        assert!(!personal(&close), "{zh} in personal");
    }
    for name in ["owner_phone", "xingming", "guardian", "birth_date"] {
        assert!(personal(&key(name)), "{name}");
    }
    assert!(personal(&KIND.replace("en = \"Name\"", "en = \"Full name\"")));
    assert!(personal(&KIND.replace("zh = \"机井\"", "zh = \"残疾人\"")), "the kind itself");
    for zh in ["地址", "残疾人坡道", "监督电话", "手机充电柜"] {
        assert!(!personal(&label(zh)), "{zh}");
    }
    let yes = |zh: &str| label(zh).replacen("type = \"text\"", "type = \"bool\"", 1).replace("max = 40\n", "");
    assert!(personal(&yes("户内有残疾人")) && !personal(&yes("张贴负责人电话")));
    let renamed = changed("place.toml", "zh = \"名称\"", "zh = \"老板姓名\"");
    assert!(renamed.iter().any(|p| p.2 == "personal"), "{renamed:?}");
}

#[test]
fn lists_that_tell_of_people_stay_out_of_open_fields() {
    for list in ["care", "disability", "child_care", "guardian_relation", "hardship"] {
        let text = KIND.replace("\"well_cover\"", &format!("\"{list}\""));
        let text = text.replace("rule = \"safer\"\nlower = [\"GW\", \"GL\"]", "rule = \"latest\"");
        let found = with(&[("k.toml", &text)]).unwrap_err();
        let at = text.lines().position(|line| line.starts_with("list")).unwrap() + 1;
        assert!(found.iter().any(|p| (p.line, p.rule.as_str()) == (at, "personal")), "{list}: {found:?}");
    }
    let copied = LISTS.replace("zh = \"完好\"", "zh = \"视力残疾\"");
    let found = with(&[("k.toml", KIND), ("l.toml", &copied)]).unwrap_err();
    assert!(found.iter().any(|p| p.file == "l.toml" && p.rule == "personal"), "{found:?}");
}

#[test]
fn safety_that_ships_is_not_weakened() {
    let hose = "rule = \"safer\"\nlower = [\"GW\", \"GL\", \"TC\", \"CC\"]";
    let suggests = built_in("dwelling.toml").lines().find(|line| line.starts_with("suggests")).unwrap();
    refused(&[
        ("dwelling.toml", hose, "rule = \"latest\"", "rule"),
        ("dwelling.toml", suggests, "", "suggests"),
        ("resident.toml", "rule = \"authority\"\nfact = \"fixed\"", "rule = \"authority\"", "rule"),
        ("resident.toml", "rule = \"authority\"\nfact = \"fixed\"", "rule = \"latest\"", "rule"),
        ("resident.toml", "decide = [\"GL\", \"TC\", \"CC\"]", "decide = [\"GW\", \"GL\"]", "decide"),
        ("event.toml", "lower = [\"TC\", \"CC\"]", "lower = [\"GW\", \"TC\"]", "lower"),
        ("care.toml", "list = \"care\"", "list = \"child_care\"", "list"),
        ("visit.toml", "retain = \"visit_2y\"", "retain = \"while_in_use\"", "retain"),
        ("visit.toml", "retain = \"visit_2y\"", "retain = \"log_3y\"", "retain"),
        ("child.toml", "id_of = \"resident\"", "", "id_of"),
    ]);
    let mut commands = 0;
    for (file, text) in BUILT_IN.kinds {
        for line in text.lines().filter(|line| line.starts_with("by_command")) {
            assert!(changed(file, line, "").iter().any(|p| p.2 == "by_command"), "{line} in {file}");
            commands += 1;
        }
        for line in text.lines().filter(|line| line.starts_with("write")) {
            assert!(changed(file, line, "").iter().any(|p| p.2 == "write"), "{line} in {file}");
        }
    }
    assert!(commands > 0);
}

#[test]
fn ordinary_fields_take_other_rules_and_shorter_terms() {
    let work = "rule = \"latest\"\nmax = 80";
    assert_eq!(changed("resident.toml", work, "rule = \"keep_both\"\ndecide = [\"GL\"]\nmax = 80"), []);
    assert_eq!(changed("resident.toml", "decide = [\"GL\", \"TC\", \"CC\"]", "decide = [\"CC\"]"), []);
    let one = "  { code = \"visit_1y\", zh = \"走访记录1年\", en = \"visit, 1 year\" },\n]\n";
    let retention = BUILT_IN.lists.split("[[list]]").find(|list| list.contains("name = \"retention\"")).unwrap();
    let retention = retention.trim_end().strip_suffix(']').unwrap().replace("version = 1", "version = 2");
    let list = format!("[[list]]{retention}{one}");
    let kind = built_in("visit.toml").replace("retain = \"visit_2y\"", "retain = \"visit_1y\"");
    with(&[("l.toml", &list), ("k.toml", &kind)]).unwrap_or_else(|found| panic!("{found:#?}"));
}

#[test]
fn codes_that_ship_keep_their_meaning() {
    let newer = |from: &str, to: &str| {
        let text: String = BUILT_IN.lists.replacen(from, to, 1);
        assert_ne!(text, BUILT_IN.lists, "{from}");
        let text = text.replace("version = 1", "version = 9");
        let found = with(&[("own.toml", &text)]).err().unwrap_or_default();
        found.into_iter().map(|p| p.rule).collect::<Vec<_>>()
    };
    for (from, to) in [
        ("zh = \"女\"", "zh = \"其他\""),
        ("en = \"worn\"", "en = \"sound as new\""),
        ("days = 7,", "days = 90,"),
        ("rank = 3, also = [\"漏气", "rank = 1, also = [\"漏气"),
    ] {
        assert!(newer(from, to).contains(&"code_meaning".to_owned()), "{to}");
    }
    assert_eq!(newer("en = \"worn\"", "en = \"worn\", until = \"2026-12-31\""), [""; 0], "one may end");
    refused(&[("checklists.toml", "zh = \"没有飞线充电\"", "zh = \"允许飞线充电\"", "code")]);
}

#[test]
fn flows_that_ship_stay() {
    let who = BUILT_IN.flows.lines().find(|line| line.contains("who = [\"GL\"]")).unwrap();
    let wide = changed("flow.toml", who, &who.replace("\"GL\"", "\"GL\", \"GW\""));
    assert!(wide.iter().any(|p| p.0 == "own.toml" && p.2 == "file"), "{wide:?}");
    assert_eq!(changed("flow.toml", "[[flow]]", "# as it ships\n[[flow]]"), []);
    let cut = BUILT_IN.flows.rfind("[[flow]]").unwrap();
    let less = with(&[("own.toml", &BUILT_IN.flows[..cut])]).unwrap_err();
    assert!(less.iter().any(|p| p.rule == "flow"), "{less:?}");
    let own = format!("{}\n{}", BUILT_IN.flows, BUILT_IN.flows[cut..].replacen("name = \"", "name = \"own_", 1));
    let more = with(&[("own.toml", &own)]).unwrap_err();
    assert!(more.iter().any(|p| p.zh.contains("不能改、不能加")), "{more:?}");
}
