//! Answering what waits for a person, and reading what became of a record: on real stores and the real server functions.

use wangge_core::{
    app::{Answer, AnswerKind, AppError, AttentionView, EditRequest, FieldEdit, HintRequest, HistoryRequest},
    model::{KindName, Millis, RecordId, Role, Source, Value},
};
use wangge_harness::world::{Phone, World};

/// 2026-03-02 10:00 in China.
const START: Millis = Millis(1_772_416_800_000);
const HOUR: i64 = 3_600_000;

fn put(record: Option<RecordId>, source: Source, field: &str, value: &str) -> EditRequest {
    EditRequest {
        record,
        kind: KindName::from("resident"),
        source,
        edits: vec![FieldEdit::put(field, value)],
        ..EditRequest::default()
    }
}

fn sync(world: &World, names: &[&str]) {
    for name in names {
        let report = phone(world, name).sync().expect("sync");
        assert_eq!(report.fault, None, "{name}");
    }
}

/// Time goes on for everybody, on- and offline.
fn pass(world: &World, ms: i64) {
    let now = world.clock.pass(ms);
    world.phones.iter().for_each(|phone| phone.env.live_until(now));
}

fn phone<'a>(world: &'a World, name: &str) -> &'a Phone {
    world.phone(name).expect("phone")
}

/// Two workers and the head of one grid.
fn world(seed: u64) -> World {
    let mut world = World::new(seed, START).expect("world");
    for (name, role) in [("甲", Role::GW), ("乙", Role::GW), ("丙", Role::GL)] {
        world.enrol(name, role, &[World::grid(1)], 0).expect("enrolment");
    }
    world
}

/// A person whose name two workers read differently from two documents.
fn two_names(world: &World) -> RecordId {
    let record = phone(world, "甲").app.edit(&put(None, Source::SelfSaid, "name", "张伟")).expect("edit").record;
    sync(world, &["甲", "乙"]);
    pass(world, HOUR);
    phone(world, "甲").app.edit(&put(Some(record), Source::DocumentSeen, "name", "张玮")).expect("edit");
    pass(world, HOUR);
    phone(world, "乙").app.edit(&put(Some(record), Source::DocumentSeen, "name", "张炜")).expect("edit");
    sync(world, &["甲", "乙", "甲", "丙"]);
    record
}

fn only(phone: &Phone) -> AttentionView {
    let items = phone.app.attention().expect("items");
    assert_eq!(items.len(), 1, "{items:#?}");
    assert_eq!(phone.app.attention_count().expect("count"), 1);
    items.into_iter().next().expect("one item")
}

fn value(phone: &Phone, record: RecordId, field: &str) -> Option<Value> {
    phone.app.get(record).expect("record").field(field).map(|field| field.value.clone())
}

fn claim(item: &AttentionView, value: &str) -> Answer {
    let claim = item.claims.iter().find(|claim| claim.value == Value::from(value)).expect("a claim");
    Answer::Choose { claim: claim.prefix.clone() }
}

#[test]
fn who_may_decide_chooses_and_every_phone_follows() {
    let world = world(11);
    let record = two_names(&world);
    let item = only(phone(&world, "丙"));
    assert_eq!(item, phone(&world, "丙").app.attention_item(&item.id).expect("detail"));
    let said: Vec<_> = item.claims.iter().map(|c| (c.author.0.as_str(), c.shown.as_str(), c.source)).collect();
    assert!(
        said.contains(&("甲", "张玮", Source::DocumentSeen)) && said.contains(&("乙", "张炜", Source::DocumentSeen))
    );
    assert_eq!(item.answers, [AnswerKind::Choose, AnswerKind::Value, AnswerKind::NextTime]);
    assert!(item.may_decide && item.who.is_none());

    let act = phone(&world, "丙").app.answer(&item.id, &claim(&item, "张炜")).expect("answer");
    assert_eq!((act.record, act.undo_until.0 - act.at.0), (record, Millis::DAY));
    assert!(act.say.zh.contains("张炜"), "{}", act.say.zh);
    assert_eq!(phone(&world, "丙").app.attention_count().expect("count"), 0);
    sync(&world, &["丙", "甲", "乙"]);
    for name in ["甲", "乙", "丙"] {
        assert_eq!(value(phone(&world, name), record, "name"), Some(Value::from("张炜")), "{name}");
        assert_eq!(phone(&world, name).app.attention().expect("items"), [], "{name}");
    }
}

#[test]
fn who_may_not_decide_reads_who_does_and_writes_nothing() {
    let world = world(12);
    two_names(&world);
    let item = only(phone(&world, "甲"));
    assert_eq!(item.answers, [AnswerKind::NextTime]);
    let who = item.who.clone().expect("who decides");
    assert!(who.zh.contains("网格长") && !item.may_decide, "{}", who.zh);
    assert_eq!(
        who.en,
        "Name is settled by: grid head or town centre or county centre; you can choose to ask next time"
    );
    let refused = phone(&world, "甲").app.answer(&item.id, &claim(&item, "张玮"));
    assert_eq!(refused, Err(AppError::not_allowed(&who.zh, &who.en)));
    assert_eq!(phone(&world, "甲").app.outbox().expect("outbox").pending, 0);
    assert_eq!(only(phone(&world, "甲")), item, "it waits as before");
}

#[test]
fn a_new_value_with_its_evidence_settles_the_question() {
    let world = world(13);
    let record = two_names(&world);
    let item = only(phone(&world, "丙"));
    let answer = Answer::Value { value: Value::from("张卫"), source: Source::DocumentSeen };
    phone(&world, "丙").app.answer(&item.id, &answer).expect("answer");
    sync(&world, &["丙", "甲"]);
    assert_eq!(value(phone(&world, "甲"), record, "name"), Some(Value::from("张卫")));
    assert_eq!(phone(&world, "甲").app.attention_count().expect("count"), 0);
}

#[test]
fn an_answer_to_an_item_that_changed_meanwhile_is_refused_and_nothing_is_written() {
    let world = world(14);
    let record = two_names(&world);
    let item = only(phone(&world, "丙"));
    phone(&world, "乙").app.edit(&put(Some(record), Source::DocumentSeen, "name", "章炜")).expect("edit");
    sync(&world, &["乙", "丙"]);
    let refused = phone(&world, "丙").app.answer(&item.id, &claim(&item, "张炜"));
    let Err(AppError::Invalid { problems }) = refused else { panic!("{refused:?}") };
    assert_eq!(problems[0].rule, "item_changed");
    assert_eq!(phone(&world, "丙").app.outbox().expect("outbox").pending, 0);
    let now = only(phone(&world, "丙"));
    assert_ne!(now.id, item.id);
    phone(&world, "丙").app.answer(&now.id, &claim(&now, "章炜")).expect("the question as it is now");
}

#[test]
fn a_confirmation_of_an_old_screen_is_settled_by_whoever_asks_again() {
    let world = world(15);
    let first = put(None, Source::SelfSaid, "name", "李四");
    let record = phone(&world, "甲").app.edit(&first).expect("edit").record;
    phone(&world, "甲").app.edit(&put(Some(record), Source::SelfSaid, "phone", "13800000001")).expect("edit");
    sync(&world, &["甲", "乙"]);
    pass(&world, HOUR);
    phone(&world, "甲").app.edit(&put(Some(record), Source::SelfSaid, "phone", "13900000002")).expect("edit");
    pass(&world, HOUR);
    let confirm = EditRequest {
        confirm: vec!["phone".into()],
        edits: Vec::new(),
        ..put(Some(record), Source::SelfSaid, "phone", "")
    };
    phone(&world, "乙").app.edit(&confirm).expect("edit");
    sync(&world, &["甲", "乙", "甲"]);
    let item = only(phone(&world, "乙"));
    assert_eq!((item.rule.as_str(), item.may_decide), ("confirmed_other", true));
    // Who only heard it from a neighbour does not settle it.
    let hearsay = Answer::Value { value: Value::from("13700000003"), source: Source::Other };
    let refused = phone(&world, "乙").app.answer(&item.id, &hearsay);
    assert!(
        matches!(&refused, Err(AppError::Invalid { problems }) if problems[0].rule == "not_settled"),
        "{refused:?}"
    );
    assert_eq!(phone(&world, "乙").app.outbox().expect("outbox").pending, 0);
    phone(&world, "乙").app.answer(&item.id, &claim(&item, "13800000001")).expect("answer");
    sync(&world, &["乙", "甲"]);
    assert_eq!(value(phone(&world, "甲"), record, "phone"), Some(Value::from("13800000001")));
    assert_eq!(phone(&world, "甲").app.attention().expect("items"), []);
}

#[test]
fn a_field_is_read_as_it_was_seen_and_as_it_was_known() {
    let world = world(16);
    let record = phone(&world, "甲").app.edit(&put(None, Source::SelfSaid, "name", "王五")).expect("edit").record;
    sync(&world, &["甲", "乙"]);
    let told = |value: &str, at: i64| EditRequest {
        observed_at: Some(START.plus(at)),
        ..put(Some(record), Source::SelfSaid, "work", value)
    };
    // 甲 saw the mill on the third day and handed it over on the fifth; 乙 saw the school on the second, on the fourth.
    pass(&world, 3 * Millis::DAY);
    phone(&world, "甲").app.edit(&told("面粉厂", 2 * Millis::DAY)).expect("edit");
    phone(&world, "乙").app.edit(&told("县中学", Millis::DAY)).expect("edit");
    sync(&world, &["乙"]);
    pass(&world, Millis::DAY);
    sync(&world, &["甲", "乙"]);

    let app = &phone(&world, "甲").app;
    let then = |seen: Option<i64>, known: Option<i64>| {
        let request = HistoryRequest {
            seen_until: seen.map(|at| START.plus(at)),
            known_until: known.map(|at| START.plus(at)),
            ..HistoryRequest::all(record)
        };
        app.as_of(&request).map(|view| view.field("work").map(|field| field.shown.clone()).unwrap_or_default())
    };
    assert_eq!(then(None, None).as_deref(), Ok("面粉厂"));
    assert_eq!(then(Some(Millis::DAY), None).as_deref(), Ok("县中学"), "seen by the second day");
    assert_eq!(then(None, Some(3 * Millis::DAY)).as_deref(), Ok("县中学"), "known on the fourth day");
    assert_eq!(then(Some(HOUR), None).as_deref(), Ok(""), "on the first day nobody had asked");
    assert_eq!(then(Some(-HOUR), None), Err(AppError::NotFound));

    let lines = app.history_of(&HistoryRequest {
        field: Some("work".into()),
        known_until: Some(START.plus(3 * Millis::DAY)),
        ..HistoryRequest::all(record)
    });
    let lines = lines.expect("history");
    assert_eq!(lines.len(), 1);
    assert_eq!((lines[0].claim.author.0.as_str(), lines[0].claim.at), ("乙", START.plus(Millis::DAY)));
    let newest = app.history_of(&HistoryRequest { limit: 1, ..HistoryRequest::all(record) }).expect("history");
    assert_eq!(newest.iter().map(|line| line.claim.value.to_string()).collect::<Vec<_>>(), ["面粉厂"]);
}

fn problems<T: std::fmt::Debug>(refused: &Result<T, AppError>) -> Vec<(&str, &str)> {
    match refused {
        Err(AppError::Invalid { problems }) => problems.iter().map(|p| (p.field.as_str(), p.rule.as_str())).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_form_that_cannot_be_written_is_told_everything_that_is_wrong_with_it() {
    let world = world(61);
    let record = two_names(&world);
    let item = only(phone(&world, "甲"));
    let named: Vec<String> = item.claims.iter().map(|claim| claim.prefix.clone()).collect();
    let form = |record| EditRequest { record: Some(record), ..put(None, Source::SelfSaid, "work", "粮站") };
    let confirm = EditRequest { edits: Vec::new(), confirm: vec!["name".into()], decide: named, ..form(record) };
    let (worker, head) = (&phone(&world, "甲").app, &phone(&world, "丙").app);
    assert_eq!(problems(&worker.edit(&confirm)), [("name", "decide")], "a confirmation that decides");
    let nothing = EditRequest { confirm: vec!["*".into()], ..confirm.clone() };
    assert_eq!(problems(&head.edit(&nothing)), [("", "decide")], "of which field?");
    let garbled = EditRequest { decide: vec!["0123".into(), "zz".repeat(8)], ..confirm.clone() };
    assert_eq!(problems(&head.edit(&garbled)), [("", "decide_name"), ("", "decide_name")]);
    let early = EditRequest { observed_at: Some(Millis(-2_209_017_600_001)), ..form(record) };
    assert_eq!(problems(&worker.edit(&early)), [("observed_at", "too_early")]);
    let old = EditRequest { observed_at: Some(Millis(-2_209_017_600_000)), ..form(record) };
    worker.edit(&old).expect("the first day of 1900");
    head.edit(&confirm).expect("who may decide does");
    assert_eq!(head.attention_count().expect("count"), 0);

    // What is only a warning is told beside what blocks, behind it.
    let odd = |edits: Vec<FieldEdit>| EditRequest { edits, ..put(None, Source::SelfSaid, "name", "") };
    let warns = vec![FieldEdit::put("name", "李红 ")];
    let warned = worker.edit(&odd(warns.clone())).expect("kept").warnings;
    assert!(!warned.is_empty());
    let both = worker.edit(&odd([warns, vec![FieldEdit::put("birth_date", "2099-01-01")]].concat()));
    let told = problems(&both);
    assert_eq!(told[0], ("birth_date", "future"));
    assert_eq!(told[1..], warned.iter().map(|p| (p.field.as_str(), p.rule.as_str())).collect::<Vec<_>>());
}

#[test]
fn a_summary_says_who_changed_what_from_what() {
    let world = world(17);
    let record = phone(&world, "甲").app.edit(&put(None, Source::DocumentSeen, "name", "王五")).expect("edit").record;
    phone(&world, "甲").app.edit(&put(Some(record), Source::SelfSaid, "phone", "13800000001")).expect("edit");
    sync(&world, &["甲", "乙"]);
    pass(&world, 6 * Millis::DAY);
    phone(&world, "乙").app.edit(&put(Some(record), Source::SelfSaid, "phone", "13900000002")).expect("edit");
    pass(&world, Millis::DAY);
    let confirm = EditRequest {
        confirm: vec!["*".into()],
        edits: Vec::new(),
        ..put(Some(record), Source::SelfSaid, "phone", "")
    };
    phone(&world, "乙").app.edit(&confirm).expect("edit");
    phone(&world, "乙").app.edit(&put(Some(record), Source::Other, "phone", "13700000003")).expect("edit");
    let said: Vec<String> =
        phone(&world, "乙").app.summary(record).expect("summary").into_iter().map(|sentence| sentence.zh).collect();
    assert_eq!(
        said,
        [
            "联系电话3月9日由乙记为“13700000003”（他人述），没有采用，仍是“13900000002”。",
            "联系电话3月8日由乙改为“13900000002”（本人述），此前是“13800000001”；3月9日乙又确认过。",
            "联系电话3月2日由甲记为“13800000001”（本人述）。",
            "姓名3月2日由甲记为“王五”（见证件）；3月9日乙又确认过。",
        ]
    );
    for at in 0..20 {
        pass(&world, HOUR);
        phone(&world, "乙").app.edit(&put(Some(record), Source::SelfSaid, "work", &format!("第{at}处"))).expect("edit");
    }
    let bounded = phone(&world, "乙").app.summary(record).expect("summary");
    assert_eq!(bounded.len(), 12);
    assert!(bounded[0].zh.contains("“第19处”") && bounded[0].zh.contains("此前是“第18处”"), "{}", bounded[0].zh);
}

#[test]
fn a_summary_tells_what_is_open_as_open_and_what_is_cleared_as_cleared() {
    let world = world(62);
    let record = two_names(&world);
    let head = phone(&world, "丙");
    let said = || head.app.summary(record).expect("summary").into_iter().map(|one| one.zh).collect::<Vec<_>>();
    let open = said();
    assert_eq!(
        open[..2],
        [
            "姓名3月2日由乙记为“张炜”（见证件），有不同说法，待确认，目前仍用“张伟”。",
            "姓名3月2日由甲记为“张玮”（见证件），有不同说法，待确认，目前仍用“张伟”。",
        ]
    );
    let act = head.app.answer(&only(head).id, &claim(&only(head), "张炜")).expect("answer");
    assert!(
        said()[0].contains("核实后定为“张炜”") && said().iter().all(|line| !line.contains("待确认")),
        "{:?}",
        said()
    );
    head.app.undo(&act.id).expect("undo");
    assert_eq!(said(), open);
    let history = head.app.history(record, Some("name")).expect("history").pop().expect("a line");
    assert!(history.zh.contains("决定姓名为“张炜”") && history.zh.contains("撤销"), "{}", history.zh);

    head.app.edit(&put(Some(record), Source::SelfSaid, "work", "粮站")).expect("edit");
    let clear = EditRequest {
        edits: vec![FieldEdit::put("work", Value::Null)],
        ..put(Some(record), Source::SelfSaid, "work", "")
    };
    pass(&world, HOUR);
    head.app.edit(&clear).expect("edit");
    assert_eq!(said()[0], "工作单位3月2日由丙清空（本人述），此前是“粮站”。");
}

#[test]
fn an_answer_is_taken_back_within_a_day_and_the_question_returns_to_everybody() {
    let world = world(18);
    let record = two_names(&world);
    let item = only(phone(&world, "丙"));
    let act = phone(&world, "丙").app.answer(&item.id, &claim(&item, "张炜")).expect("answer");
    sync(&world, &["丙", "甲"]);
    assert_eq!(phone(&world, "甲").app.attention_count().expect("count"), 0);
    assert_eq!(phone(&world, "丙").app.acts().expect("acts"), std::slice::from_ref(&act));

    pass(&world, Millis::DAY);
    let undone = phone(&world, "丙").app.undo(&act.id).expect("undo");
    assert!(undone.undone);
    assert_eq!(only(phone(&world, "丙")).id, item.id, "the same question again");
    sync(&world, &["丙", "甲"]);
    assert_eq!(only(phone(&world, "甲")).id, item.id);
    assert_eq!(value(phone(&world, "甲"), record, "name"), Some(Value::from("张伟")), "the old name is in force again");
    let again = phone(&world, "丙").app.undo(&act.id);
    assert!(matches!(&again, Err(AppError::Invalid { problems }) if problems[0].rule == "undone"), "{again:?}");
    assert_eq!(phone(&world, "丙").app.undo("no such act"), Err(AppError::NotFound));
}

#[test]
fn after_a_day_an_answer_stands() {
    let world = world(19);
    let record = two_names(&world);
    let item = only(phone(&world, "丙"));
    let act = phone(&world, "丙").app.answer(&item.id, &claim(&item, "张炜")).expect("answer");
    pass(&world, Millis::DAY + 1);
    let late = phone(&world, "丙").app.undo(&act.id);
    assert!(matches!(&late, Err(AppError::NotAllowed { zh, .. }) if zh.contains("24小时")), "{late:?}");
    assert_eq!(value(phone(&world, "丙"), record, "name"), Some(Value::from("张炜")));
    assert_eq!(phone(&world, "丙").app.acts().expect("acts"), [], "it is not offered any more");
}

#[test]
fn no_sentence_frightens() {
    let world = world(20);
    let record = two_names(&world);
    for name in ["甲", "乙", "丙"] {
        let app = &phone(&world, name).app;
        let mut texts: Vec<String> = app.summary(record).expect("summary").into_iter().map(|s| s.zh).collect();
        texts.extend(app.history(record, None).expect("history").into_iter().map(|line| line.zh));
        for item in app.attention().expect("items") {
            texts.extend([item.say.zh, item.who.map(|who| who.zh).unwrap_or_default()]);
        }
        assert!(texts.len() > 4 && texts.iter().all(|text| !text.contains("冲突")), "{texts:?}");
    }
}

#[test]
fn a_hint_reaches_who_may_read_the_file_and_nobody_else() {
    let mut world = world(21);
    world.enrol("戊", Role::CM, &[World::grid(1)], 0).expect("enrolment");
    let worker = phone(&world, "甲");
    let child = worker.app.edit(&put(None, Source::SelfSaid, "name", "王小宝")).expect("edit").record;
    let file = RecordId::derived(child, "child");
    let hint = |value: &str| HintRequest {
        about: child,
        kind: KindName::from("child"),
        field: "guardian_phone".into(),
        value: Value::from(value),
        source: Source::SelfSaid,
        observed_at: None,
    };
    assert!(matches!(worker.app.hint(&hint("not a number")), Err(AppError::Invalid { .. })));
    let wrong = worker.app.hint(&hint("13700000009")).expect("hint");
    worker.app.undo(&wrong.id).expect("taken back");
    let left = worker.app.hint(&hint("13800000001")).expect("hint");
    sync(&world, &["甲", "乙", "戊"]);
    let late = phone(&world, "甲").app.undo(&left.id);
    assert!(matches!(late, Err(AppError::NotAllowed { .. })), "the county has it: {late:?}");
    let held = phone(&world, "甲").app.held().expect("held");
    assert!(held.iter().all(|(doc, _)| doc.record != file), "its author's phone keeps it no longer");
    let refused = phone(&world, "戊").app.hint(&hint("13800000001"));
    assert!(
        matches!(refused, Err(AppError::NotAllowed { .. } | AppError::NotFound)),
        "a reader writes the field itself"
    );
    for name in ["甲", "乙"] {
        let app = &phone(&world, name).app;
        assert_eq!(app.get(file).err(), Some(AppError::NotFound), "{name} does not learn of a file");
        assert_eq!(app.counts().expect("counts").get(&KindName::from("child")), None);
        assert_eq!(app.attention_count().expect("count"), 0);
    }
    assert!(phone(&world, "甲").app.refusals().expect("refusals").is_empty());

    let item = only(phone(&world, "戊"));
    assert_eq!((item.rule.as_str(), item.record, item.may_decide), ("hint", file, true));
    assert!(item.say.zh.contains("13800000001"), "{}", item.say.zh);
    let officer = phone(&world, "戊");
    officer.app.answer(&item.id, &claim(&item, "13800000001")).expect("answer");
    assert_eq!(officer.app.attention_count().expect("count"), 0);
    assert_eq!(value(officer, file, "guardian_phone"), Some(Value::from("13800000001")));
}
