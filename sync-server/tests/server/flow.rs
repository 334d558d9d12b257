//! Commands: intents in changes, outcomes in the log, and what people at the county do.

use std::{collections::BTreeMap, path::Path, process::Command};

use wangge_core::{
    doc::Draft,
    merge::FlowState,
    model::{
        Actor, Audience, DocId, Member, Meta, Millis, RecordId, Role, Scope, UserId, Value,
        flow::{Args, Intent, Outcome},
    },
    sync::wire::{Upload, UploadResult},
};
use wangge_server::{CountyError, county::CommandOrder};

use crate::support::{Phone, Place, START, grid};

const HOUR: i64 = 3_600_000;
const ULIDS: [&str; 4] = [
    "01JP0000000000000000000001",
    "01JP0000000000000000000002",
    "01JP0000000000000000000003",
    "01JP0000000000000000000004",
];

fn args(all: &[(&str, Value)]) -> Args {
    all.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn intent(command: &str, all: &[(&str, Value)]) -> Value {
    Intent { command: command.to_owned(), args: args(all) }.to_value()
}

fn key(number: usize) -> String {
    format!("cmd/{}", ULIDS[number])
}

/// A hazard of grid 1 that is reported in the change that makes it.
fn report(phone: &mut Phone, level: &str, at: Millis) -> Upload {
    let id = phone.new_doc(Audience::Open);
    let submit = intent("submit", &[]);
    let key = key(0);
    let puts: [(&str, Value); 5] = [
        ("type", "hazard".into()),
        ("category", "fire_exit".into()),
        ("level", level.into()),
        ("place_text", "二单元楼道".into()),
        (&key, submit),
    ];
    phone.write(id, "event", grid(1), at, &puts)
}

struct Case {
    place: Place,
    record: RecordId,
}

impl Case {
    fn course(&self) -> FlowState {
        self.place.county.course(&self.record).unwrap().remove(0).1
    }
    fn state(&self) -> String {
        self.course().states.values().next().unwrap().clone()
    }
    fn value(&self, field: &str) -> Value {
        let state = self.place.county.resolve_record(&self.record).unwrap();
        let found = state.docs.values().find_map(|doc| doc.fields.get(field));
        found.map_or(Value::Null, |field| field.value.clone())
    }
    /// Somebody at the county; the rule of the table in words where it is refused.
    fn act(&mut self, user: &str, role: Role, command: &str, all: &[(&str, Value)]) -> Result<String, String> {
        self.place.now = self.place.now.plus(60_000);
        let (user, args) = (UserId::from(user), args(all));
        let order = CommandOrder { user: &user, role, record: self.record, command, args: &args };
        let chance = &mut self.place.chance;
        match self.place.county.command(&order, self.place.now, &mut |bytes| chance.fill(bytes)) {
            Ok(done) => Ok(done.state.0),
            Err(CountyError::Invalid { zh, .. } | CountyError::NotFound { zh, .. }) => Err(zh),
            Err(error) => panic!("{error}"),
        }
    }
}

/// A county with a town centre for grid 1, a housing office and the fire brigade.
fn county() -> Place {
    let place = Place::new();
    let who = [("li.na", Role::TC, grid(1)), ("he.jun", Role::CC, grid(1)), ("sun.li", Role::GL, grid(1))];
    for (name, role, scope) in who {
        place.county.add_user(&name.into(), name, START).unwrap();
        place.county.assign(&name.into(), role, &scope, START).unwrap();
    }
    for (code, name, user) in [("U-FIRE", "消防救援大队", "zhao.yun"), ("U-HOUSE", "住建局", "qian.wu")] {
        place.county.add_region(&Scope(code.to_owned()), name).unwrap();
        place.county.add_user(&user.into(), user, START).unwrap();
        place.county.assign(&user.into(), Role::DP, &Scope(code.to_owned()), START).unwrap();
    }
    place
}

fn reported(level: &str) -> (Case, Phone) {
    let mut place = county();
    let mut phone = place.phone("zhang.wei", Role::GW, &[1]);
    let upload = report(&mut phone, level, START);
    let record = upload.doc.record;
    let (results, _) = phone.sync(&mut place, vec![upload]);
    assert_eq!(results, [UploadResult::Accepted]);
    (Case { place, record }, phone)
}

fn due(place: &Place) -> (&'static str, Value) {
    ("due_at", Value::Int(place.now.0 + 3 * Millis::DAY))
}

#[test]
fn a_hazard_goes_its_way_and_every_grid_and_unit_concerned_reads_it() {
    let (mut case, mut worker) = reported("3");
    assert_eq!(case.state(), "reported");
    assert_eq!(case.value("event_no"), Value::from("990123-20260308-1-00001"));
    assert_eq!(case.value("first_handler"), Value::from("zhang.wei"));
    assert_eq!(case.act("li.na", Role::TC, "accept", &[]), Ok("accepted".into()));
    let due = due(&case.place);
    assert_eq!(
        case.act("li.na", Role::TC, "dispatch", &[("unit", "U-FIRE".into()), due.clone()]),
        Ok("dispatched".into())
    );
    assert_eq!((case.value("owner_unit"), case.value("due_at")), (Value::from("U-FIRE"), due.1));

    // The brigade's phone gets the whole case, and does three things before its next contact.
    let fire = case.place.county.invite(&"zhao.yun".into(), None, case.place.now, &mut |b| b.fill(9)).unwrap();
    let mut brigade = Phone::new(77);
    brigade.enrol(&fire, &mut case.place).unwrap();
    brigade.sync(&mut case.place, Vec::new());
    let doc = DocId { record: case.record, audience: Audience::Open, generation: 0 };
    assert_eq!(brigade.docs[&doc].shown("place_text"), Some("二单元楼道".into()));
    let at = case.place.now;
    let done = intent("feedback", &[("result", "通道已清理".into())]);
    let steps = [("sign_in", intent("sign_in", &[])), ("start", intent("start", &[])), ("feedback", done)];
    let uploads: Vec<Upload> = (1..4)
        .zip(steps)
        .map(|(n, (_, value))| {
            brigade.write(doc, "event", Scope("U-FIRE".into()), at.plus(n as i64), &[(&key(n), value)])
        })
        .collect();
    let (results, _) = brigade.sync(&mut case.place, uploads.clone());
    assert_eq!(results, vec![UploadResult::Accepted; 3]);
    assert_eq!(case.state(), "feedback");
    let steps = case.course().steps.len();
    let (again, _) = brigade.sync(&mut case.place, uploads);
    assert_eq!((again, case.course().steps.len()), (vec![UploadResult::Duplicate; 3], steps), "nothing is done twice");

    assert_eq!(case.act("li.na", Role::TC, "verify_ok", &[]), Ok("closed".into()));
    let score = [("score", "satisfied".into()), ("channel", "phone".into())];
    assert_eq!(case.act("wang.wu", Role::RS, "rate", &score), Ok("rated".into()));
    assert_eq!(case.value("first_handler"), Value::from("zhang.wei"), "who began it stays");

    // The worker's phone learns all of it through the log, signed by the county.
    worker.sync(&mut case.place, Vec::new());
    let (_, last) = worker.received.last().unwrap();
    assert_eq!((last.author.0.as_str(), last.device.0), ("county", [0; 16]));
    let outcomes = worker.docs[&doc].entries().into_iter().filter(|(key, _)| key.starts_with("out/"));
    let outcomes: Vec<Outcome> = outcomes.filter_map(|(_, value)| Outcome::from_value(&value)).collect();
    assert_eq!(outcomes.len(), 8);
    assert!(outcomes.iter().all(|outcome| outcome.ok && outcome.epoch == 1));
    case.place.recount();
}

#[test]
fn what_the_table_does_not_allow_is_refused_in_words_and_leaves_no_trace() {
    let (mut case, _) = reported("2");
    let before = case.place.county.totals().unwrap().changes;
    let refused = [
        (("sun.li", Role::GL, "accept"), vec![], "网格长只能在等级为"),
        (("li.na", Role::TC, "verify_ok"), vec![], "现在是“已上报”，不能“核查通过”"),
        (("sun.li", Role::GL, "void"), vec![("reason", "误报".into())], "“作废”由镇街中心操作"),
        (("li.na", Role::TC, "send_back"), vec![], "请填写理由"),
        (("li.na", Role::TC, "dance"), vec![], "事件没有操作 dance"),
        (("chen.qi", Role::TC, "accept"), vec![], "chen.qi 不负责"),
    ];
    for ((user, role, command), all, why) in refused {
        let answer = case.act(user, role, command, &all).unwrap_err();
        assert!(answer.starts_with(why), "{command}: {answer}");
    }
    assert_eq!(case.act("li.na", Role::TC, "accept", &[]), Ok("accepted".into()));
    let due = due(&case.place);
    let no_unit = case.act("li.na", Role::TC, "dispatch", &[("unit", "U-NONE".into()), due.clone()]).unwrap_err();
    assert_eq!(no_unit, "没有单位或网格 U-NONE");
    let past = ("due_at", Value::Int(case.place.now.0 - 1));
    assert!(case.act("li.na", Role::TC, "dispatch", &[("unit", "U-FIRE".into()), past]).is_err());
    assert_eq!(case.place.county.totals().unwrap().changes, before + 2, "an intent and its outcome, nothing else");
}

#[test]
fn a_command_that_comes_too_late_stays_as_a_note_with_its_author() {
    let (mut case, mut phone) = reported("4");
    // The town takes it while the worker, without contact, settles what he believes is a draft.
    case.act("li.na", Role::TC, "accept", &[]).unwrap();
    let doc = DocId { record: case.record, audience: Audience::Open, generation: 0 };
    let settle = intent("settle", &[("result", "已清理".into())]);
    let upload = phone.write(doc, "event", grid(1), START.plus(HOUR), &[(&key(1), settle)]);
    assert_eq!(phone.sync(&mut case.place, vec![upload]).0, [UploadResult::Accepted]);
    let course = case.course();
    assert_eq!(course.states["event"], "accepted");
    let note = course.notes.first().unwrap();
    assert_eq!((note.wanted.by.0.as_str(), note.wanted.command.as_str()), ("zhang.wei", "settle"));
    assert_eq!(
        (note.zh.as_str(), note.en.as_str()),
        ("现在是“已受理”，不能“当场办结”", "it is 'accepted' now, where 'Settle on the spot' cannot be done",)
    );
    assert!(course.pending.is_empty());
    case.place.recount();
}

/// Row 31 and 32 of the scenarios: what was seen last holds, whenever it arrives.
#[test]
fn a_result_seen_before_the_latest_observation_changes_nothing() {
    let (mut case, mut seen) = reported("3");
    let due = due(&case.place);
    case.act("li.na", Role::TC, "accept", &[]).unwrap();
    case.act("li.na", Role::TC, "dispatch", &[("unit", grid(1).0.as_str().into()), due]).unwrap();
    let mut mender = case.place.phone("chen.fang", Role::GW, &[1]);
    mender.sync(&mut case.place, Vec::new());
    seen.sync(&mut case.place, Vec::new());
    let doc = DocId { record: case.record, audience: Audience::Open, generation: 0 };
    let at = case.place.now.plus(HOUR);
    let begin: Vec<Upload> = [("sign_in", 1), ("start", 2)]
        .map(|(command, n)| mender.write(doc, "event", grid(1), at, &[(&key(n), intent(command, &[]))]))
        .into();
    case.place.now = at.plus(10 * HOUR);
    mender.sync(&mut case.place, begin);
    // 14:00 it is still there, and that arrives first; "mended" was said of 11:00.
    let still = ("handling/01JP00000000000000000000ZZ", Value::from(r#"{"text":"复查仍存在"}"#));
    let upload = seen.write(doc, "event", grid(1), at.plus(5 * HOUR), &[still]);
    seen.sync(&mut case.place, vec![upload]);
    let fixed = intent("feedback", &[("result", "已整改".into())]);
    let upload = mender.write(doc, "event", grid(1), at.plus(2 * HOUR), &[(&key(3), fixed)]);
    mender.sync(&mut case.place, vec![upload]);
    let course = case.course();
    assert_eq!(course.states["event"], "in_progress");
    assert_eq!(course.notes[0].zh, "之后已有更晚的观察，此操作只作为情况说明保留");
}

#[test]
fn hostile_intents_are_refused_by_rule_or_answered_in_order() {
    let (mut case, _) = reported("3");
    let mut phone = case.place.phone("liu.xin", Role::PG, &[1]);
    phone.sync(&mut case.place, Vec::new());
    let doc = DocId { record: case.record, audience: Audience::Open, generation: 0 };
    let huge: String = "长".repeat(501);
    let long = "x".repeat(3500);
    let out = Outcome {
        n: 9,
        epoch: 1,
        command: "void".into(),
        ok: true,
        by: "liu.xin".into(),
        role: Role::TC,
        of: String::new(),
        from: "reported".into(),
        to: "voided".into(),
        set: BTreeMap::new(),
        why: String::new(),
        why_en: String::new(),
    };
    let bad: [(&str, Value); 9] = [
        (&key(1), intent("dance", &[])),
        (&key(1), intent("void", &[("reason", "不是我的权限".into())])),
        (&key(1), intent("submit", &[("extra", 1.into())])),
        (&key(1), intent("verify_fail", &[("reason", huge.as_str().into())])),
        (&key(1), Value::from(format!(r#"{{"do":"submit","x":"{long}"}}"#).as_str())),
        (&key(1), Value::from(r#"{"do":"submit","x":[1,2]}"#)),
        ("cmd/not-a-ulid", intent("submit", &[])),
        (&format!("out/{}", ULIDS[1]), out.to_value()),
        ("state", "voided".into()),
    ];
    for (key, value) in bad {
        // Each by a phone of its own, so that nothing stands on what was refused.
        let mut one = Phone::new(case.place.chance.number());
        let code = case.place.invite("liu.xin", Role::PG, &[1]);
        one.enrol(&code, &mut case.place).unwrap();
        one.sync(&mut case.place, Vec::new());
        let upload = one.write(doc, "event", grid(1), START, &[(key, value)]);
        let (results, _) = one.sync(&mut case.place, vec![upload]);
        assert!(matches!(&results[0], UploadResult::Refused(why) if why.rule == "command"), "{key}: {results:?}");
    }
    assert_eq!(case.course().steps.len(), 1);

    // Two at once are honest: they are answered in their order.
    let id = phone.new_doc(Audience::Open);
    let twice = [
        ("type", Value::from("hazard")),
        ("level", "4".into()),
        (&key(2) as &str, intent("submit", &[])),
        (&key(3), intent("submit", &[])),
    ];
    let upload = phone.write(id, "event", grid(1), START, &twice);
    phone.sync(&mut case.place, vec![upload]);
    case.record = id.record;
    let course = case.course();
    assert_eq!((course.steps.len(), course.notes.len(), course.pending.len()), (1, 1, 0));
    assert_eq!(course.states["event"], "reported");
    case.place.recount();
}

#[test]
fn a_dispute_shows_its_state_to_all_and_its_words_to_the_mediator_alone() {
    let mut place = county();
    let mut head = place.phone("zhou.min", Role::GL, &[1]);
    let mut mediator = place.phone("xu.hui", Role::MD, &[1]);
    let id = head.new_doc(Audience::Open);
    let open = [
        ("type", Value::from("dispute")),
        ("dispute_kind", "neighbour".into()),
        ("level", "3".into()),
        (&key(0) as &str, intent("submit", &[])),
    ];
    let parties = DocId { audience: Audience::Dispute, ..id };
    let party = Member::present("孙某与李某");
    let uploads = vec![
        head.write(id, "event", grid(1), START, &open),
        head.write(parties, "event", grid(1), START, &[(&Member::key("parties", &party.text), party.to_value())]),
    ];
    assert_eq!(head.sync(&mut place, uploads).0, vec![UploadResult::Accepted; 2]);
    let mut case = Case { place, record: id.record };
    case.act("li.na", Role::TC, "accept", &[]).unwrap();
    case.act("xu.hui", Role::MD, "ask_consent", &[]).unwrap();
    let no = case.act("xu.hui", Role::MD, "mediate", &[("both", Value::Bool(false))]).unwrap_err();
    assert_eq!(no, "须先确认：双方当事人都同意调解");
    case.act("xu.hui", Role::MD, "mediate", &[("both", Value::Bool(true))]).unwrap();
    let content = [("both", Value::Bool(true)), ("content", "李某月底前修好漏水的管道".into())];
    assert_eq!(case.act("xu.hui", Role::MD, "agree_written", &content), Err("须先附上协议".into()));
    mediator.sync(&mut case.place, Vec::new());
    let paper = Member::present(&format!("{},application/pdf,20480,{},xu.hui", "7a".repeat(32), START.0));
    let paper =
        mediator.write(parties, "event", grid(1), START, &[(&Member::key("agreement", &paper.text), paper.to_value())]);
    assert_eq!(mediator.sync(&mut case.place, vec![paper]).0, [UploadResult::Accepted]);
    assert_eq!(case.act("xu.hui", Role::MD, "agree_written", &content), Ok("agreed".into()));
    assert_eq!(case.value("result"), Value::from("agreed_written"));
    assert_eq!(case.value("confirm_by"), Value::from("2026-04-07"), "thirty days for the court to confirm");
    case.act("xu.hui", Role::MD, "perform", &[]).unwrap();
    assert_eq!(case.act("xu.hui", Role::MD, "fulfil", &[]), Ok("closed".into()));

    mediator.sync(&mut case.place, Vec::new());
    assert!(!mediator.docs.contains_key(&id), "mediators receive nothing open");
    let copies = mediator.docs[&parties].entries().into_iter().filter(|(key, _)| key.starts_with("out/")).count();
    assert_eq!(copies, 7, "every outcome of the case");
    let mut worker = case.place.phone("zhang.wei", Role::GW, &[1]);
    worker.sync(&mut case.place, Vec::new());
    let open = worker.docs[&id].entries();
    assert!(open.iter().all(|(_, value)| !value.text().unwrap_or_default().contains("管道")), "{open:?}");
    assert!(!worker.docs.contains_key(&parties));
    case.place.recount();
}

#[test]
fn a_person_who_moves_is_read_by_both_grids_with_what_belongs_to_him() {
    let mut place = Place::new();
    let mut old = place.phone("zhang.wei", Role::GW, &[1]);
    let resident = old.resident("张秀英", START);
    let person = resident.doc.record;
    let care = old.new_doc(Audience::Care);
    let name = person.to_string();
    let care_file =
        old.write(care, "care", grid(1), START, &[("resident", name.as_str().into()), ("tier", "high".into())]);
    let stranger = old.resident("王五", START);
    let other = stranger.doc;
    old.sync(&mut place, vec![resident, care_file, stranger]);
    // Somebody of both grids knows her and writes where she lives now.
    let mut both = place.phone("sun.li", Role::GW, &[1, 2]);
    both.sync(&mut place, Vec::new());
    let stay = both.new_doc(Audience::Personal);
    let puts = [("resident", Value::from(name.as_str())), ("kind", "registered_here".into())];
    let upload = both.write(stay, "residence", grid(2), START, &puts);
    both.sync(&mut place, vec![upload]);
    let mut new = place.phone("li.na", Role::GW, &[2]);
    new.sync(&mut place, Vec::new());
    let held = |audience| new.docs.contains_key(&DocId { record: person, audience, generation: 0 });
    assert!(held(Audience::Personal));
    assert!(new.docs.contains_key(&care) && new.docs.contains_key(&stay));
    assert!(!new.docs.contains_key(&other), "nobody else comes along");
    place.recount();
}

#[test]
fn homes_with_one_door_are_one_until_a_person_parts_them() {
    let mut place = Place::new();
    let mut phone = place.phone("sun.li", Role::GL, &[1, 2]);
    let home = |phone: &mut Phone, address: &str, at: u32| {
        let id = phone.new_doc(Audience::Open);
        (id, phone.write(id, "dwelling", grid(at), START, &[("address", address.into())]))
    };
    let (first, a) = home(&mut phone, "解放街2号楼3单元102室", 1);
    let (_, other) = home(&mut phone, "解放街2号楼3单元103室", 1);
    let (second, b) = home(&mut phone, "解放街２幢3单元1层02户", 2);
    let (results, _) = phone.sync(&mut place, vec![a, other, b]);
    assert_eq!(results, vec![UploadResult::Accepted; 3]);
    let mut case = Case { place, record: second.record };
    assert_eq!(case.state(), "merged");
    assert_eq!(case.value("alias_of"), Value::from(first.record.to_string().as_str()));
    assert_eq!(case.course().steps[0].by.0, "county");
    let mut neighbour = case.place.phone("wu.di", Role::GW, &[2]);
    neighbour.sync(&mut case.place, Vec::new());
    assert!(neighbour.docs.contains_key(&first), "both grids read both");

    let doc = DocId { record: second.record, ..first };
    let part = phone.write(doc, "dwelling", grid(2), START.plus(HOUR), &[(&key(1), intent("unmerge", &[]))]);
    case.place.now = START.plus(2 * HOUR);
    phone.sync(&mut case.place, vec![part]);
    assert_eq!((case.state().as_str(), case.value("alias_of")), ("single", Value::Null));
    // Written again, it is not joined again.
    phone.sync(&mut case.place, Vec::new());
    let again = phone.write(doc, "dwelling", grid(2), case.place.now, &[("address", "解放街2幢3单元102".into())]);
    phone.sync(&mut case.place, vec![again]);
    assert_eq!(case.state(), "single");
    for (record, twin) in [(first.record, second.record), (second.record, first.record)] {
        let state = case.place.county.resolve_record(&record).unwrap();
        let members = &state.docs.values().next().unwrap().fields["distinct"].members;
        assert_eq!(members[0].0.text, twin.to_string());
    }
    case.place.recount();
}

#[test]
fn the_dead_by_document_places_closed_and_care_ended() {
    let mut place = Place::new();
    let mut head = place.phone("sun.li", Role::GL, &[1]);
    let mut worker = place.phone("zhang.wei", Role::GW, &[1]);
    let person = worker.resident("王德顺", START);
    let person_doc = person.doc;
    let shop = worker.new_doc(Audience::Open);
    let shop_up =
        worker.write(shop, "place", grid(1), START, &[("name", "小吃店".into()), ("kind", "small_eatery".into())]);
    assert_eq!(worker.sync(&mut place, vec![person, shop_up]).0[0], UploadResult::Accepted);
    head.sync(&mut place, Vec::new());

    // By hand nobody is dead; by a document the grid head says so.
    let by_hand = head.write(person_doc, "resident", grid(1), START, &[("life_status", "dead".into())]);
    let (results, _) = head.sync(&mut place, vec![by_hand]);
    assert!(matches!(&results[0], UploadResult::Refused(_)), "{results:?}");
    let mut head = place.phone("sun.li", Role::GL, &[1]);
    head.sync(&mut place, Vec::new());
    let dead = intent("confirm_dead", &[("document", "死亡医学证明".into())]);
    let shut = intent("close", &[("reason", "卷帘门贴出停业告示".into())]);
    let dead = head.write(person_doc, "resident", grid(1), START, &[(&key(1), dead)]);
    let doubtful = worker.write(shop, "place", grid(1), START, &[(&key(2), shut.clone())]);
    head.sync(&mut place, vec![dead]);
    worker.sync(&mut place, vec![doubtful]);
    let mut case = Case { place, record: person_doc.record };
    assert_eq!(case.value("life_status"), Value::from("dead"));
    case.record = shop.record;
    assert_eq!(case.value("status"), Value::from("suspected_closed"));

    // It was checked after the head had seen it closed: that stays doubtful.
    let check = worker.new_doc(Audience::Open);
    let puts = [
        ("place", Value::from(shop.record.to_string().as_str())),
        ("checklist", "small_eatery@1".into()),
        ("when", Value::Int(START.0 + 5 * HOUR)),
        ("result", "sound".into()),
    ];
    case.place.now = START.plus(6 * HOUR);
    let upload = worker.write(check, "inspection", grid(1), START.plus(5 * HOUR), &puts);
    let (results, _) = worker.sync(&mut case.place, vec![upload]);
    assert_eq!(results, [UploadResult::Accepted], "a check");
    head.sync(&mut case.place, Vec::new());
    let early = head.write(shop, "place", grid(1), START.plus(HOUR), &[(&key(3), shut)]);
    head.sync(&mut case.place, vec![early]);
    assert_eq!(case.value("status"), Value::from("suspected_closed"));
    case.act("sun.li", Role::GL, "close", &[("reason", "到店核实".into())]).unwrap();
    assert_eq!(case.value("status"), Value::from("closed"));

    // Care ends by the grid head, with the reason and the day; a worker may only propose it.
    let care = worker.new_doc(Audience::Care);
    let name = person_doc.record.to_string();
    let end = |number| (key(number), intent("propose_end", &[("reason", "deceased".into())]));
    let (wish, value) = end(0);
    let puts = [("resident", Value::from(name.as_str())), ("tier", "high".into()), (&wish as &str, value)];
    let upload = worker.write(care, "care", grid(1), case.place.now, &puts);
    assert_eq!(worker.sync(&mut case.place, vec![upload]).0, [UploadResult::Accepted]);
    case.record = care.record;
    assert_eq!((case.state().as_str(), case.course().steps.len()), ("active", 1));
    let ended = [("reason", "deceased".into()), ("on", "2026-03-07".into())];
    assert!(case.act("zhang.wei", Role::GW, "end", &ended).is_err());
    assert_eq!(case.act("sun.li", Role::GL, "end", &ended), Ok("ended".into()));
    assert_eq!((case.value("end_reason"), case.value("ended_on")), ("deceased".into(), "2026-03-07".into()));
    case.place.recount();
}

#[test]
fn an_intent_of_a_newer_dictionary_waits_on_the_phone() {
    let (mut case, _) = reported("3");
    let doc = DocId { record: case.record, audience: Audience::Open, generation: 0 };
    let mut phone = case.place.phone("chen.fang", Role::GW, &[1]);
    phone.sync(&mut case.place, Vec::new());
    let meta = Meta { schema: 99, recorded_at: START, ..Meta::default() };
    let draft = Draft { puts: vec![(key(1), intent("something_new", &[("x", 1.into())]))], time: START, meta };
    let written = phone.docs.get_mut(&doc).unwrap().write(Actor([3; 16]), &draft).unwrap();
    let upload = Upload { doc, kind: "event".into(), grid: grid(1), raw: written.raw };
    let (results, _) = phone.sync(&mut case.place, vec![upload]);
    assert_eq!(results, [UploadResult::Held("schema 99".to_owned())]);
}

#[test]
fn what_its_author_took_back_in_time_is_not_done() {
    let (mut case, _) = reported("3");
    case.act("li.na", Role::TC, "accept", &[]).unwrap();
    let due = due(&case.place);
    case.act("li.na", Role::TC, "dispatch", &[("unit", grid(1).0.as_str().into()), due]).unwrap();
    let doc = DocId { record: case.record, audience: Audience::Open, generation: 0 };
    let mut phone = case.place.phone("chen.fang", Role::GW, &[1]);
    phone.sync(&mut case.place, Vec::new());
    let at = case.place.now;
    let wish = phone.write(doc, "event", grid(1), at, &[(&key(1), intent("sign_in", &[]))]);
    let prefix = wangge_core::doc::chunk::hash(&wish.raw).prefix();
    let meta = Meta { schema: 1, recorded_at: at, undoes: vec![prefix], ..Meta::default() };
    let undo = Draft { puts: Vec::new(), time: at.plus(1), meta };
    let written = phone.docs.get_mut(&doc).unwrap().write(Actor([4; 16]), &undo).unwrap();
    phone.raws.insert(written.body.hash, written.raw.clone());
    let undo = Upload { doc, kind: "event".into(), grid: grid(1), raw: written.raw };
    assert_eq!(phone.sync(&mut case.place, vec![wish, undo]).0, vec![UploadResult::Accepted; 2]);
    let course = case.course();
    assert_eq!(course.states["event"], "dispatched");
    assert_eq!((course.notes[0].zh.as_str(), course.notes[0].wanted.by.0.as_str()), ("本人已撤回", "chen.fang"));
    case.place.recount();
}

/// The program itself, without a console.
#[test]
fn a_case_is_worked_from_the_command_line() {
    use crate::command::{init, run, text};
    let dir = tempfile::TempDir::new().unwrap();
    assert!(init(dir.path()).status.success());
    let keys = dir.path().join("wangge-data-keys");
    let record = {
        let county = wangge_server::County::open(&dir.path().join("wangge-data"), &keys).unwrap();
        county.add_region(&grid(1), "第一网格").unwrap();
        for (name, role) in [("li.na", Role::TC), ("zhang.wei", Role::GW)] {
            county.add_user(&name.into(), name, START).unwrap();
            county.assign(&name.into(), role, &grid(1), START).unwrap();
        }
        let record = RecordId::new(START, [5; 10]);
        let fields = [("type", "request"), ("request_item", "noise"), ("level", "3"), ("place_text", "西门广场")];
        let record_of = wangge_server::county::ServerRecord {
            record,
            kind: "event".into(),
            scope: grid(1),
            source: wangge_core::model::Source::SelfSaid,
            observed_at: START,
            fields: fields.map(|(key, value)| (key.to_owned(), Value::from(value))).into(),
            seen: Vec::new(),
        };
        county.write_as_server(&"hotline".into(), Role::CC, START, &mut |b| b.fill(7), vec![record_of]).unwrap();
        record.to_string()
    };
    let step = |arguments: &[&str]| {
        let done = run(dir.path(), &[&["event", "do", "--record", &record], arguments].concat(), "");
        (done.status.success(), text(&done))
    };
    assert!(step(&["submit", "--user", "zhang.wei", "--role", "gw"]).0);
    let (done, said) = step(&["dispatch", "--user", "li.na", "--role", "tc", "unit=990123001001001"]);
    assert!(!done && said.contains("请填写办结时限 / Due at is required"), "{said}");
    assert!(
        step(&["accept", "--user", "li.na", "--role", "tc"]).1.contains("已办理，现在是“已受理” / done, now accepted")
    );
    let due = "due_at=2199-03-12 18:00";
    let (done, said) = step(&["--json", "dispatch", "--user", "li.na", "--role", "TC", "unit=990123001001001", due]);
    let answer: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert!(done && answer["state"] == "dispatched" && answer["state_zh"] == "已派单", "{said}");

    let list = text(&run(dir.path(), &["event", "list"], ""));
    assert!(list.contains("西门广场") && list.contains("已派单 / dispatched，限 2199-03-12 18:00"), "{list}");
    assert!(list.contains("    诉求 噪声 黄色(一般) / request, noise, 3 yellow, ordinary\n"), "{list}");
    for command in [&["event", "list"] as &[&str], &["attention"], &["status"], &["schema", "doc"]] {
        ends_well_where_nobody_reads(dir.path(), command);
    }
    let list = text(&run(dir.path(), &["event", "list", "--json", "--state", "closed"], ""));
    assert_eq!(serde_json::from_str::<serde_json::Value>(&list).unwrap()["events"], serde_json::json!([]));
    let shown = text(&run(dir.path(), &["event", "show", &record], ""));
    assert!(
        shown.contains("镇街中心li.na：派单（责任单位：990123001001001；办结时限：2199-03-12 18:00），已派单"),
        "{shown}"
    );
    let (done, said) = step(&["sign_in", "--user", "li.na", "--role", "tc", "nonsense"]);
    assert!(!done && said.contains("应写作 名称=内容"), "{said}");
}

/// As `| head -1` does after its line: the pipe has no reader any more.
fn ends_well_where_nobody_reads(dir: &Path, arguments: &[&str]) {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_wangge-server"));
    let done = command.args(arguments).current_dir(dir).stdout(writer).output().unwrap();
    assert!(done.status.success() && done.stderr.is_empty(), "{arguments:?}: {}", crate::command::text(&done));
}
