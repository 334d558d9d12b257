//! Misfortunes of a phone, on real stores and the real server functions.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tempfile::TempDir;
use wangge_core::{
    app::{App, AppError, DraftView, EditRequest, FieldEdit, Link, Transport, TransportError},
    model::{KindName, Millis, RecordId, Role, Source, Value},
};
use wangge_harness::world::{LocalLink, Phone, World};

const START: Millis = Millis(1_780_000_000_000);

fn put(record: Option<RecordId>, field: &str, value: &str) -> EditRequest {
    EditRequest {
        record,
        kind: KindName::from("resident"),
        source: Source::SelfSaid,
        edits: vec![FieldEdit::put(field, value)],
        ..EditRequest::default()
    }
}

fn sync(phone: &Phone) {
    let report = phone.sync().expect("sync");
    assert_eq!(report.fault, None, "{}", phone.name);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("folder");
    for entry in std::fs::read_dir(from).expect("folder") {
        let entry = entry.expect("entry");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("copy");
    }
}

#[test]
fn a_phone_put_back_from_an_old_copy_gets_its_own_work_back_in_full() {
    let dir = TempDir::new().expect("folder");
    let (home, backup) = (dir.path().join("phone1"), dir.path().join("backup"));
    let mut world = World::in_dir(dir, 1, START).expect("world");
    world.enrol("甲", Role::GW, &[World::grid(1)], 0).expect("enrolment");
    let phone = &world.phones[0];
    let record = phone.app.edit(&put(None, "name", "张三")).expect("edit").record;
    sync(phone);
    phone.app.close().expect("close");
    copy(&home, &backup);
    phone.app.reopen().expect("reopen");
    phone.app.edit(&put(Some(record), "work", "县医院")).expect("edit");
    let later = phone.app.edit(&put(None, "name", "李四")).expect("edit").record;
    sync(phone);

    phone.app.close().expect("close");
    std::fs::remove_dir_all(&home).expect("remove");
    copy(&backup, &home);
    phone.app.reopen().expect("reopen");
    assert_eq!(phone.app.get(record).expect("record").field("work"), None, "the copy is old");
    sync(phone);
    let work = phone.app.get(record).expect("record");
    assert_eq!(work.field("work").map(|field| &field.value), Some(&Value::from("县医院")));
    assert_eq!(phone.app.get(later).expect("record").title, "李四");
    // And it can write on: its numbers do not meet those it used before.
    phone.app.edit(&put(Some(record), "work", "县中学")).expect("edit");
    sync(phone);
    let state = world.county().resolve_record(&record).expect("county");
    let value = state.docs.values().find_map(|doc| doc.fields.get("work")).map(|field| field.value.clone());
    assert_eq!(value, Some(Value::from("县中学")));
}

#[test]
fn what_was_written_on_top_of_a_refused_change_is_written_anew_and_arrives() {
    let mut world = World::new(2, START).expect("world");
    let grid = World::grid(1);
    world.enrol("甲", Role::GW, std::slice::from_ref(&grid), 0).expect("enrolment");
    let phone = &world.phones[0];
    let record = phone.app.edit(&put(None, "name", "张三")).expect("edit").record;
    sync(phone);
    phone.app.edit(&put(Some(record), "phone", "13800000001")).expect("edit");
    phone.app.edit(&put(Some(record), "work", "县医院")).expect("edit");

    // The county takes the worker off the grid, sees the first edit, and puts the worker back.
    world.county().unassign(&phone.user, Role::GW, &grid, world.clock.now()).expect("unassign");
    sync(phone);
    world.county().assign(&phone.user, Role::GW, &grid, world.clock.now()).expect("assign");
    sync(phone);

    let refusals = phone.app.refusals().expect("refusals");
    assert!(refusals.iter().any(|refusal| refusal.review && refusal.rule == "scope"), "{refusals:?}");
    let state = world.county().resolve_record(&record).expect("county");
    let value = |field: &str| state.docs.values().find_map(|doc| doc.fields.get(field)).map(|f| f.value.clone());
    assert_eq!(value("work"), Some(Value::from("县医院")), "the second edit stands without the first");
    assert_eq!(value("phone"), None, "the first waits for a person");
    assert_eq!(world.county().set_aside().expect("county").len(), 1);
}

/// A gateway that sends each request twice and, while it is on, hands over the second answer.
struct Gateway {
    line: LocalLink,
    doubles: Arc<AtomicBool>,
}

impl Link for Gateway {
    fn connect(&self, _: &str, _: [u8; 32], _: Option<Millis>) -> Result<Arc<dyn Transport>, TransportError> {
        Ok(Arc::new(Self { line: self.line.clone(), doubles: self.doubles.clone() }))
    }
}

impl Transport for Gateway {
    fn post(&self, path: &str, body: Vec<u8>) -> Result<(u16, Vec<u8>), TransportError> {
        if self.doubles.swap(false, Ordering::Relaxed) {
            self.line.post(path, body.clone())?;
        }
        self.line.post(path, body)
    }
}

#[test]
fn a_request_that_a_gateway_doubled_is_asked_again_and_nothing_is_lost() {
    let mut world = World::new(3, START).expect("world");
    world.enrol("甲", Role::GW, &[World::grid(1)], 0).expect("enrolment");
    let phone = &world.phones[0];
    let doubles = Arc::new(AtomicBool::new(false));
    let link = Arc::new(Gateway { line: phone.link.clone(), doubles: doubles.clone() });
    let home = TempDir::new().expect("folder");
    let app = App::open(home.path(), &[7; 32], phone.env.clone(), link).expect("open");
    let code = world.county().invite(&phone.user, Some(Role::GW), world.clock.now(), &mut |bytes| bytes.fill(5));
    app.enrol(&code.expect("invitation").to_string(), "乙机").expect("enrolment");
    app.sync(&()).expect("sync");
    let record = app.edit(&put(None, "name", "张三")).expect("edit").record;

    doubles.store(true, Ordering::Relaxed);
    let report = app.sync(&()).expect("a doubled request is no refusal");
    assert_eq!(report.fault, None);
    assert_eq!(app.outbox().expect("outbox").pending, 0);
    sync(phone);
    assert_eq!(phone.app.get(record).expect("record").title, "张三");
}

#[test]
fn a_worker_taken_off_a_grid_and_put_back_sees_her_own_work_again() {
    let mut world = World::new(4, START).expect("world");
    let grid = World::grid(1);
    world.enrol("甲", Role::GW, std::slice::from_ref(&grid), 0).expect("enrolment");
    let phone = &world.phones[0];
    let record = phone.app.edit(&put(None, "name", "张三")).expect("edit").record;
    sync(phone);
    world.county().unassign(&phone.user, Role::GW, &grid, world.clock.now()).expect("unassign");
    sync(phone);
    assert!(phone.app.get(record).is_err(), "what is not hers any more is gone");
    world.county().assign(&phone.user, Role::GW, &grid, world.clock.now()).expect("assign");
    sync(phone);
    assert_eq!(phone.app.get(record).expect("record").title, "张三");
}

#[test]
fn a_form_is_told_every_problem_at_once_also_against_what_the_record_says() {
    let mut world = World::new(5, START).expect("world");
    world.enrol("甲", Role::GW, &[World::grid(1)], 0).expect("enrolment");
    let app = &world.phones[0].app;
    let form =
        |record, edits| EditRequest { record, kind: KindName::from("dwelling"), edits, ..EditRequest::default() };
    let rented = vec![
        FieldEdit::put("address", "西王村3号"),
        FieldEdit::put("tenure", "rent"),
        FieldEdit::put("rent_from", "2026-05-01"),
    ];
    let record = app.edit(&form(None, rented)).expect("edit").record;
    let wrong = vec![
        FieldEdit::put("rent_to", "2026-04-01"),
        FieldEdit::put("rent_phone", "12"),
        FieldEdit::Put { field: "floor".into(), value: Value::Int(999) },
        FieldEdit::put("alias_of", "018f4e3c-7f7e-7000-8000-000000000001"),
    ];
    let Err(AppError::Invalid { problems }) = app.edit(&form(Some(record), wrong)) else { panic!("refused") };
    let mut told: Vec<_> = problems.iter().map(|p| (p.field.as_str(), p.rule.as_str())).collect();
    told.sort_unstable();
    assert_eq!(told, [("alias_of", "command"), ("floor", "range"), ("rent_phone", "phone"), ("rent_to", "order")]);
    assert_eq!(app.get(record).expect("record").field("floor"), None, "nothing of the form was written");

    let own = vec![FieldEdit::put("tenure", "self")];
    let outcome = app.edit(&form(Some(record), own)).expect("a state may change");
    let warned: Vec<_> = outcome.warnings.iter().map(|p| (p.field.as_str(), p.rule.as_str())).collect();
    assert_eq!(warned, [("rent_from", "not_applicable")], "what was said of the tenancy is kept");
    let rooms = vec![FieldEdit::Put { field: "rooms".into(), value: Value::Int(2) }];
    assert_eq!(app.edit(&form(Some(record), rooms)).expect("edit").warnings, [], "and not told again");
}

#[test]
fn a_form_that_is_not_ready_is_kept_as_it_is() {
    let mut world = World::new(11, START).expect("world");
    world.enrol("甲", Role::GW, &[World::grid(1)], 0).expect("enrolment");
    let app = &world.phones[0].app;
    let too_long = "堵".repeat(501);
    let mut form = EditRequest {
        kind: KindName::from("event"),
        edits: vec![FieldEdit::put("type", "hazard"), FieldEdit::put("description", too_long.as_str())],
        ..EditRequest::default()
    };
    let draft = app.keep_draft(None, &form).expect("right or wrong, it is kept");
    let rules =
        |draft: &DraftView| draft.problems.iter().map(|p| format!("{} {}", p.field, p.rule)).collect::<Vec<_>>();
    assert_eq!(rules(&draft), ["description length", "category required", "level required"]);
    assert!(matches!(app.submit_draft(&draft.id), Err(AppError::Invalid { .. })));

    app.close().expect("close");
    app.reopen().expect("reopen");
    let kept = app.drafts().expect("drafts");
    assert_eq!(kept, std::slice::from_ref(&draft), "nothing that was typed is lost, and nothing of it was written");
    assert_eq!((app.held().expect("held").len(), app.outbox().expect("outbox").pending), (0, 0));

    form.edits = vec![
        FieldEdit::put("type", "hazard"),
        FieldEdit::put("category", "fire_exit"),
        FieldEdit::put("level", "3"),
        FieldEdit::put("description", "二单元门口堵住了"),
    ];
    let mended = app.keep_draft(Some(&draft.id), &form).expect("kept under its name");
    assert_eq!((mended.id.as_str(), rules(&mended)), (draft.id.as_str(), Vec::new()));
    let outcome = app.submit_draft(&draft.id).expect("handed in");
    let view = app.get(outcome.record).expect("the event");
    assert_eq!(view.field("description").map(|field| field.shown.as_str()), Some("二单元门口堵住了"));
    assert_eq!(app.drafts().expect("drafts"), []);
    assert!(matches!(app.submit_draft(&draft.id), Err(AppError::NotFound)), "once");
    assert!(matches!(app.discard_draft(&draft.id), Err(AppError::NotFound)));
}
