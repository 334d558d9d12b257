//! What a change may say: values that a form would write, undoing, and hints of those who may not read.

use wangge_core::{
    doc::{Document, Draft, guard::Claimed},
    model::{Audience, DocId, Hint, Member, Role, Value},
};

use super::kit::{actor, claimed, doc_id, draft, first, judged, schema};

/// The rule that refuses an honest writer's next change to a record of one change.
fn next(role: Role, draft: &Draft) -> String {
    let (schema, mut here) = (schema(), Document::new(doc_id(1)));
    first(&mut here);
    let raw = here.clone().write(actor(3), draft).unwrap().raw;
    judged(&Claimed { role, ..claimed(&schema, doc_id(1)) }, &here, &raw)
}

fn text(text: &str) -> Value {
    Value::from(text)
}

#[test]
fn values_are_those_that_a_form_would_write() {
    let judge = |puts: &[(&str, Value)]| next(Role::GW, &draft(puts));
    let phone = Member::key("phones", "13800000000");
    let note = "notes/01J9ZQ4M7N8P2R5S6T7V8W9X0Y";
    for (key, value) in [
        ("shade", text("light")),
        ("shade", text("dim")),
        ("short", text("三个字")),
        ("born", text("2024-02-29")),
        ("born", text("1958-03")),
        ("id", text("110105194912310021")),
        ("id", text("11010519491231002")),
    ] {
        assert_eq!(judge(&[(key, value.clone())]), "admitted", "{key} {value:?}");
    }
    let shades = |code: &str| Member::key("shades", code);
    for (key, value, rule) in [
        ("count", Value::Int(i64::MAX), "value"),
        ("name", text(" "), "value"),
        ("name", text("张\u{202e}三"), "value"),
        ("id", text("11010519491231002x"), "value"),
        (phone.as_str(), Member::present("13800000000").to_value(), "admitted"),
        (&Member::key("phones", "138"), Member::present("138").to_value(), "value"),
        (phone.as_str(), Member::ended("13800000000", Some("2026-02-30")).to_value(), "date"),
        ("shade", text("grey"), "code"),
        ("shade", text("浅"), "code"),
        (&shades("grey"), Member::present("grey").to_value(), "code"),
        (&shades("dim"), Member::present("dim").to_value(), "admitted"),
        ("shade", text("black"), "command"),
        ("state_of_flow", text("accepted"), "command"),
        ("state_of_flow", Value::Null, "command"),
        ("short", text("四个字了"), "length"),
        ("born", text("2023-02-29"), "date"),
        ("born", text("1958.3.5"), "date"),
        (note, text("{}"), "value"),
        (note, text("{\"a\":{}}"), "value"),
        ("hint/01J9ZQ4M7N8P2R5S6T7V8W9X0Y", text("{\"field\":\"name\",\"value\":\"x\"}"), "hint"),
    ] {
        assert_eq!(judge(&[(key, value.clone())]), rule, "{key} {value:?}");
    }
}

#[test]
fn undoing_and_joining_name_changes_that_can_be() {
    let claim = "0123456789abcdef";
    for (undoes, beside, rule) in [
        (claim, None, "admitted"),
        ("x", None, "undoes"),
        ("*", None, "undoes"),
        (claim, Some(claim), "admitted"),
        (claim, Some("0123456789ABCDEF"), "beside"),
        (claim, Some(""), "beside"),
    ] {
        let mut undo = draft(&[]);
        undo.meta.undoes = vec![undoes.to_owned()];
        undo.meta.beside = beside.iter().map(|head| (*head).to_owned()).collect();
        assert_eq!(next(Role::GW, &undo), rule, "{undoes} {beside:?}");
    }
    let mut first = draft(&[("name", text("乙"))]);
    first.meta.undoes = vec![claim.to_owned()];
    let raw = Document::new(doc_id(2)).write(actor(1), &first).unwrap().raw;
    let (schema, here) = (schema(), Document::new(doc_id(2)));
    assert_eq!(judged(&claimed(&schema, doc_id(2)), &here, &raw), "undoes", "its author has seen nothing here");
    let mut beside = draft(&[]);
    beside.meta.beside = vec![claim.to_owned()];
    assert_eq!(next(Role::GW, &beside), "empty", "naming heads says nothing by itself");
}

/// Judges a change of somebody who holds nothing of a document with one change in an audience that he does not receive.
fn blind(role: Role, draft: &Draft) -> String {
    let (schema, doc) = (schema(), DocId { audience: Audience::Child, ..doc_id(3) });
    let mut here = Document::new(doc);
    here.write(actor(7), &super::kit::draft(&[("carer", text("奶奶"))])).unwrap();
    let raw = Document::new(doc).write(actor(1), draft).unwrap().raw;
    judged(&Claimed { role, ..claimed(&schema, doc) }, &here, &raw)
}
const HINT: &str = "hint/01J9ZQ4M7N8P2R5S6T7V8W9X0Y";
fn hint(field: &str, value: Value) -> Value {
    Hint { field: field.to_owned(), value }.to_value()
}

#[test]
fn who_may_not_read_leaves_hints_and_nothing_else() {
    let key = HINT;
    let put = |puts: &[(&str, Value)]| blind(Role::GW, &draft(puts));
    for (field, value) in [
        ("carer", text("外婆")),
        ("carer", Value::Null),
        ("carers", text("13800000000")),
        ("diary", text("最近没去上学")),
    ] {
        assert_eq!(put(&[(key, hint(field, value.clone()))]), "admitted", "{field} {value:?}");
    }
    let two = [(key, hint("carer", text("外婆"))), ("hint/01J9ZQ4M7N8P2R5S6T7V8W9X0Z", hint("diary", text("好")))];
    assert_eq!(put(&two), "admitted");
    for (key, value, rule) in [
        ("carer", text("外婆"), "hint"),
        ("diary/01J9ZQ4M7N8P2R5S6T7V8W9X0Y", text("{\"text\":\"x\"}"), "hint"),
        ("hint", hint("carer", text("外婆")), "hint"),
        ("hint/1", hint("carer", text("外婆")), "hint"),
        ("hint/01j9zq4m7n8p2r5s6t7v8w9x0y", hint("carer", text("外婆")), "hint"),
        ("cmd/01J9ZQ4M7N8P2R5S6T7V8W9X0Y", hint("carer", text("外婆")), "hint"),
        (key, text("外婆"), "hint"),
        (key, Value::Null, "hint"),
        (key, text("{\"field\":\"carer\"}"), "hint"),
        (key, hint("name", text("甲")), "hint"),
        (key, hint("nothing", text("甲")), "hint"),
        (key, hint("file_no", text("7")), "hint"),
        (key, hint("carers/00", text("13800000000")), "hint"),
        (key, hint("carers", Value::Null), "hint"),
        (key, hint("diary", Value::Int(1)), "hint"),
        (key, hint("carer", text("一二三四五六")), "length"),
        (key, hint("carer", Value::Int(1)), "value"),
        (key, hint("carers", text("138")), "value"),
    ] {
        assert_eq!(put(&[(key, value.clone())]), rule, "{key} {value:?}");
    }
}

#[test]
fn a_hint_stands_alone_and_comes_from_who_may_not_read() {
    let (key, doc, schema) = (HINT, DocId { audience: Audience::Child, ..doc_id(3) }, schema());
    let with = |change: fn(&mut Draft)| {
        let mut draft = draft(&[(key, hint("carer", text("外婆")))]);
        change(&mut draft);
        blind(Role::GW, &draft)
    };
    assert_eq!(with(|draft| draft.meta.seen = vec!["*".to_owned()]), "hint");
    assert_eq!(with(|draft| draft.meta.decides = vec!["*".to_owned()]), "hint");
    assert_eq!(with(|draft| draft.meta.beside = vec!["0123456789abcdef".to_owned()]), "hint");
    assert_eq!(with(|draft| draft.meta.replaces = vec!["0123456789abcdef".to_owned()]), "admitted");
    let one = draft(&[(key, hint("carer", text("外婆")))]);
    for (role, rule) in [(Role::GW, "admitted"), (Role::CM, "hint"), (Role::GL, "audience"), (Role::PG, "audience")] {
        assert_eq!(blind(role, &one), rule, "{role}: the table names full-time workers; the child officer reads");
    }
    // Its author may take it back, and name nothing else.
    let mut own = Document::new(doc);
    own.write(actor(1), &one).unwrap();
    let mut undo = draft(&[]);
    undo.meta.undoes = vec!["0123456789abcdef".to_owned()];
    let raw = own.clone().write(actor(1), &undo).unwrap().raw;
    assert_eq!(judged(&Claimed { role: Role::GW, ..claimed(&schema, doc) }, &own, &raw), "admitted");
}
