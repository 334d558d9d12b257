//! The committed dictionary is current, and what a schema file says is all there is: another label or rule in its text is
//! another form, another merge, another page, with no code touched.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{fs, path::PathBuf};

use wangge_core::{
    merge,
    model::{
        Actor, Audience, ChangeBody, ChangeHash, DocId, Meta, Millis, Observation, RecordId, Role, Rule,
        SCHEMA_VERSION, Schema, SchemaFiles, Source, UserId, Value, dictionary, files::BUILT_IN,
    },
};

#[test]
fn the_committed_dictionary_is_current() {
    for (name, zh) in [("dictionary.md", false), ("dictionary.zh-CN.md", true)] {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
        let page = dictionary::markdown(Schema::built_in(), zh);
        if std::env::var_os("UPDATE_GOLDEN").is_some_and(|v| v == "1") {
            fs::write(&path, &page).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == page, "{name} is stale; UPDATE_GOLDEN=1 writes it anew");
    }
}

/// The schema with one file's text changed.
fn changed(name: &str, edits: &[(&str, &str)]) -> Schema {
    let mut text = BUILT_IN.kinds.iter().find(|(file, _)| *file == name).unwrap().1.to_owned();
    for (from, to) in edits {
        assert!(text.contains(from), "{name} does not hold {from}");
        text = text.replacen(from, to, 1);
    }
    let kinds: Vec<_> =
        BUILT_IN.kinds.iter().map(|(file, old)| (*file, if *file == name { text.as_str() } else { old })).collect();
    Schema::parse(SCHEMA_VERSION, SchemaFiles { kinds: &kinds, ..BUILT_IN }).unwrap_or_else(|p| panic!("{p:#?}"))
}

/// Two workers who have not seen each other write where a resident works.
fn resolved(schema: &Schema) -> merge::Resolved {
    let doc = DocId { record: RecordId([1; 16]), audience: Audience::Personal, generation: 0 };
    let observation = |number: u8, work: &str, author: &str, deps: Vec<ChangeHash>| {
        let at = Millis(1_780_000_000_000 + i64::from(number) * 60_000);
        let body = ChangeBody {
            hash: ChangeHash([number; 32]),
            start_op: if deps.is_empty() { 1 } else { 3 },
            deps,
            actor: Actor([number; 16]),
            seq: 1,
            time: at,
            meta: Meta { source: Source::SelfSaid, recorded_at: at, schema: schema.version, ..Meta::default() },
            puts: vec![("work".to_owned(), Value::from(work))],
        };
        Observation::pending(body, UserId::from(author), Role::GW, at)
    };
    let first = observation(1, "县医院", "导入", Vec::new());
    let seen = vec![first.body.hash];
    let all = [first, observation(2, "县中学", "李娜", seen.clone()), observation(3, "粮站", "王强", seen)];
    merge::resolve(schema, schema.kind("resident").unwrap(), doc, &all)
}

#[test]
fn another_rule_and_label_in_the_file_change_merge_form_and_page() {
    let before = Schema::built_in();
    let after = changed(
        "resident.toml",
        &[
            ("zh = \"工作单位\"\nen = \"Workplace\"", "zh = \"就业单位\"\nen = \"Employer\""),
            ("rule = \"latest\"\nmax = 80", "rule = \"keep_both\"\ndecide = [\"GL\"]\nmax = 80"),
        ],
    );
    // The form.
    let field = after.kind("resident").unwrap().field("work").unwrap();
    assert_eq!((field.zh.as_str(), field.rule), ("就业单位", Rule::KeepBoth));
    assert!(after.may_decide(Role::GL, after.kind("resident").unwrap(), field));
    // The merge: the later word was in force, now the old one stays until somebody decides.
    let (old, new) = (resolved(before), resolved(&after));
    assert_eq!((&old.fields["work"].value, old.fields["work"].contested), (&Value::from("粮站"), false));
    assert_eq!((&new.fields["work"].value, new.fields["work"].contested), (&Value::from("县医院"), true));
    assert!(old.attention.is_empty());
    assert!(new.attention[0].zh.contains("就业单位"), "{}", new.attention[0].zh);
    assert!(new.attention[0].en.to_lowercase().contains("employer"), "{}", new.attention[0].en);
    // The page.
    let page = dictionary::markdown(&after, true);
    let row = page.lines().find(|line| line.starts_with("| `work` |")).unwrap();
    assert!(row.contains("就业单位") && row.contains("都保留，请人确认") && row.contains("裁定：GL"), "{row}");
    assert!(!dictionary::markdown(before, true).contains("就业单位"));
}

#[test]
fn another_label_of_a_place_changes_its_problems_and_the_page() {
    let after = changed("place.toml", &[("zh = \"名称\"\nen = \"Name\"", "zh = \"字号\"\nen = \"Trade name\"")]);
    let place = after.kind("place").unwrap();
    let nothing = std::collections::BTreeMap::new();
    let problems = wangge_core::model::validate::check_record(&after, place, Role::GW, &nothing, Millis(0));
    assert!(problems.iter().any(|p| p.zh == "字号：必填" && p.en == "Trade name: must be filled in"), "{problems:?}");
    assert!(dictionary::markdown(&after, false).contains("| `name` | Trade name |"));
}
