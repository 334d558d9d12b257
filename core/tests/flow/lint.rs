//! `flow.toml` is checked like every other file of a schema, and the page in the docs follows it.

use std::{fs, path::Path};

use wangge_core::model::{Schema, SchemaFiles, files, flow, schema::SchemaError};

fn parse(flows: &str) -> Vec<SchemaError> {
    let files = SchemaFiles { flows, ..files::BUILT_IN };
    Schema::parse(1, files).err().unwrap_or_default()
}

/// The problems after a part of the file became another.
fn slip(from: &str, to: &str) -> String {
    let text = files::BUILT_IN.flows;
    assert!(text.contains(from), "the file does not hold {from}");
    let found = parse(&text.replacen(from, to, 1));
    assert!(found.iter().all(|problem| problem.file == "flow.toml" && !problem.zh.is_empty()), "{found:#?}");
    let said: Vec<String> = found.iter().map(ToString::to_string).collect();
    said.join("\n")
}

#[test]
fn each_slip_is_named() {
    let slips = [
        ("to = \"self_handled\"", "to = \"gone\"", "there is no state gone"),
        ("to = \"consent_wait\"", "to = \"accepted\"", "nothing leads to the state consent_wait"),
        ("ends = [\"voided\"]", "ends = []", "nothing leads on from voided"),
        ("who = [\"GW\", \"PG\", \"GL\", \"RS\"] },", "who = [\"XX\"] },", "cannot be read"),
        ("guards = [\"latest\"]", "guards = [\"lately\"]", "cannot be read"),
        ("zh = \"上报\"", "zh = \"\"", "submit lacks a Chinese label"),
        ("en = \"Report\"", "en = \"\"", "submit lacks an English label"),
        ("own_work = \"merge\"", "own_work = \"mix\"", "names the command mix"),
        ("not_own_work = [\"settle\"]", "not_own_work = [\"setle\"]", "names the command setle"),
        ("attached = \"agreement\"", "attached = \"paper\"", "names a field that is not there"),
        ("take = \"accept\", from = \"escalated\"", "take = \"accept\", from = \"high\"", "names a state that"),
        ("told = \"unit_result\"", "told = \"unit_say\"", "names the command unit_say"),
        ("due_at = \"$later:until\"", "due_at = \"$later:when\"", "cannot set due_at"),
        ("new_date = \"due_at\"", "new_date = \"unit\"", "names the argument unit"),
        ("list = \"whistle_case\"", "list = \"no_list\"", "a code needs a list"),
        ("when = { level = [\"3\", \"4\"] }", "when = { level = [\"7\"] }", "names level"),
        ("when = { type = [\"hazard\"] }", "when = { colour = [\"red\"] }", "names colour"),
        (
            "set = { owner_unit = \"$unit\", due_at = \"$due_at\" }",
            "set = { owner_unit = \"$due_at\" }",
            "cannot set owner_unit",
        ),
        ("set = { merged_into = \"$into\" }", "set = { merged_to = \"$into\" }", "cannot set merged_to"),
        (
            "append = { field = \"handling\", args = [\"result\"] }",
            "append = { field = \"level\", args = [\"result\"] }",
            "level is no log",
        ),
        ("routes = [\"unit\", \"helpers\"]", "routes = [\"due_at\"]", "routes, joins or append"),
        ("parts = \"alias_of\"", "parts = \"name\"", "parts needs a reference"),
        ("name = \"settle\"", "name = \"submit\"", "stands twice"),
        ("field = \"state\"", "field = \"place_text\"", "must be a code field"),
        ("kind = \"care\"\nzh", "kind = \"cares\"\nzh", "there is no kind cares"),
        (
            "who = [\"GL\"], guards = [{ not_own_work = [\"settle\"] }",
            "who = [\"CM\"], guards = [{ not_own_work = [\"settle\"] }",
            "phones of CM do not receive open",
        ),
        ("zh = \"理由\"", "zh = \"宗教信仰\"", "may not be collected"),
        (
            "kind = \"residence\"\nfield = \"resident\"",
            "kind = \"residence\"\nfield = \"kind\"",
            "route: residence has no field kind",
        ),
        ("key = \"door_key\"", "key = \"floor\"", "twin: dwelling lacks"),
    ];
    for (from, to, expected) in slips {
        let found = slip(from, to);
        assert!(found.contains(expected), "{from} → {to}: {found}");
    }
}

#[test]
fn the_page_of_the_flows_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/flow.md");
    let page = flow::markdown(Schema::built_in());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &page).unwrap();
    }
    assert!(fs::read_to_string(&path).unwrap() == page, "core/docs/flow.md: UPDATE_GOLDEN=1 writes it anew");
}
