//! Records that a person declares to be one, and parts again: on real stores and the real server functions.

use wangge_core::{
    app::{Answer, AnswerKind, AppError, AttentionView, EditRequest, FieldEdit, HistoryRequest, ListRequest},
    model::{KindName, Member, Millis, RecordId, Role, Source, Value},
};
use wangge_harness::world::{Phone, World};

/// 2026-03-02 10:00 in China.
const START: Millis = Millis(1_772_416_800_000);
const ID: &str = "11010519491231002X";

fn pass(world: &World, ms: i64) {
    let now = world.clock.pass(ms);
    world.phones.iter().for_each(|phone| phone.env.live_until(now));
}

fn phone<'a>(world: &'a World, name: &str) -> &'a Phone {
    world.phone(name).expect("phone")
}

fn sync(world: &World, names: &[&str]) {
    for name in names {
        pass(world, 1_000);
        let report = phone(world, name).sync().expect("sync");
        assert_eq!(report.fault, None, "{name}");
    }
}

fn world(seed: u64) -> World {
    let mut world = World::new(seed, START).expect("world");
    for (name, role) in [("甲", Role::GW), ("乙", Role::GW), ("丙", Role::GL)] {
        world.enrol(name, role, &[World::grid(1)], 0).expect("enrolment");
    }
    world
}

fn form(kind: &str, record: Option<RecordId>, puts: &[(&str, Value)]) -> EditRequest {
    EditRequest {
        record,
        kind: KindName::from(kind),
        source: Source::SelfSaid,
        edits: puts.iter().map(|(field, value)| FieldEdit::put(field, value.clone())).collect(),
        ..EditRequest::default()
    }
}

fn person(phone: &Phone, name: &str) -> RecordId {
    phone.app.edit(&form("resident", None, &[("name", name.into())])).expect("edit").record
}

fn tell(phone: &Phone, record: RecordId, field: &str, value: &str) {
    phone.app.edit(&form("resident", Some(record), &[(field, value.into())])).expect("edit");
}

fn shown(phone: &Phone, record: RecordId, field: &str) -> Option<String> {
    phone.app.get(record).expect("record").field(field).map(|field| field.shown.clone())
}

fn phones(phone: &Phone, record: RecordId) -> Vec<String> {
    let view = phone.app.get(record).expect("record");
    let members: &[Member] = view.field("phones").map(|field| field.members.as_slice()).unwrap_or_default();
    members.iter().filter(|member| member.on).map(|member| member.text.clone()).collect()
}

fn listed(phone: &Phone) -> Vec<RecordId> {
    let request = ListRequest { kind: Some(KindName::from("resident")), ..ListRequest::default() };
    phone.app.list(&request).expect("list").items.into_iter().map(|item| item.record).collect()
}

/// Two entries of one person, known to everybody.
fn twins(world: &World) -> (RecordId, RecordId) {
    let a = phone(world, "甲");
    let (kept, other) = (person(a, "李红"), person(a, "李虹"));
    tell(a, kept, "phone", "13800000001");
    tell(a, other, "work", "县医院");
    sync(world, &["甲", "乙", "丙"]);
    (kept, other)
}

#[test]
fn what_was_written_to_either_twin_lands_in_the_one_person() {
    let world = world(51);
    let (kept, other) = twins(&world);
    let (a, b) = (phone(&world, "甲"), phone(&world, "乙"));
    let act = a.app.merge(other, kept).expect("merge");
    assert!(act.say.zh.contains("李虹") && act.say.zh.contains("李红"), "{}", act.say.zh);
    // Meanwhile and without signal.
    tell(b, other, "phone", "13900000002");
    tell(b, kept, "occupation", "护士");
    sync(&world, &["甲", "乙", "丙", "甲", "乙"]);
    for name in ["甲", "乙", "丙"] {
        let phone = phone(&world, name);
        let view = phone.app.get(other).expect("record");
        assert_eq!((view.record, view.aliases.as_slice()), (kept, &[other][..]), "{name}");
        assert_eq!(phones(phone, kept), ["13800000001", "13900000002"], "{name}");
        assert_eq!(shown(phone, kept, "work").as_deref(), Some("县医院"), "{name}");
        assert_eq!(shown(phone, kept, "occupation").as_deref(), Some("护士"), "{name}");
        assert_eq!(listed(phone), [kept], "{name}");
        assert!(phone.app.refusals().expect("refusals").is_empty(), "{name}");
    }
    // A reference to either is a reference to the one.
    let household = a.app.edit(&form("household", None, &[("head", other.to_string().as_str().into())])).expect("edit");
    assert_eq!(a.app.get(household.record).expect("household").title, a.app.get(kept).expect("person").title);
    assert!(matches!(a.app.merge(other, kept), Err(AppError::Invalid { .. })), "they are one already");
}

#[test]
fn parted_again_each_has_what_was_written_under_its_name() {
    let world = world(52);
    let (kept, other) = twins(&world);
    let (a, b) = (phone(&world, "甲"), phone(&world, "乙"));
    a.app.merge(other, kept).expect("merge");
    sync(&world, &["甲", "乙"]);
    assert_eq!(listed(b), [kept]);
    pass(&world, 3_600_000);
    tell(b, other, "work", "县中学");
    tell(b, kept, "occupation", "教师");
    assert_eq!(shown(b, kept, "work").as_deref(), Some("县中学"), "one person, whichever name");
    sync(&world, &["乙", "甲", "丙"]);
    pass(&world, 2 * Millis::DAY);

    phone(&world, "丙").app.unmerge(other).expect("unmerge");
    sync(&world, &["丙", "甲", "乙"]);
    for name in ["甲", "乙", "丙"] {
        let phone = phone(&world, name);
        let mut both = vec![kept, other];
        both.sort_unstable();
        let mut here = listed(phone);
        here.sort_unstable();
        assert_eq!(here, both, "{name}");
        assert_eq!((shown(phone, other, "work").as_deref(), shown(phone, other, "occupation")), (Some("县中学"), None));
        assert_eq!((shown(phone, kept, "occupation").as_deref(), shown(phone, kept, "work")), (Some("教师"), None));
        assert_eq!(phone.app.get(other).expect("record").aliases, []);
        assert_eq!(shown(phone, other, "name").as_deref(), Some("李虹"));
    }
    let refused = a.app.unmerge(other);
    assert!(matches!(&refused, Err(AppError::Invalid { problems }) if problems[0].rule == "single"), "{refused:?}");
}

/// Two entries with one ID number.
fn pair(world: &World) -> (RecordId, RecordId, AttentionView) {
    let (a, b) = (phone(world, "甲"), phone(world, "乙"));
    let (one, two) = (person(a, "李红"), person(b, "李虹"));
    tell(a, one, "id_no", ID);
    tell(b, two, "id_no", ID);
    sync(world, &["甲", "乙", "丙", "甲"]);
    let items = phone(world, "丙").app.attention().expect("items");
    let item = items.iter().find(|item| item.rule == "same_person").expect("an item").clone();
    (one, two, item)
}

fn asks(phone: &Phone, item: &AttentionView) -> bool {
    phone.app.attention().expect("items").iter().any(|other| other.id == item.id)
}

#[test]
fn a_pair_is_joined_by_an_answer_and_parted_by_taking_it_back() {
    let world = world(53);
    let (one, two, item) = pair(&world);
    let head = phone(&world, "丙");
    assert_eq!(item.answers, [AnswerKind::Same, AnswerKind::Different, AnswerKind::NextTime]);
    let detail = head.app.attention_item(&item.id).expect("detail");
    let said: Vec<_> = detail.claims.iter().map(|claim| (claim.author.0.as_str(), claim.shown.as_str())).collect();
    assert!(said.iter().any(|(who, what)| *who == "甲" && what.starts_with("李红，")), "{said:?}");
    assert!(said.iter().any(|(who, _)| *who == "乙"), "{said:?}");
    let wrong = head.app.answer(&item.id, &Answer::Same { keep: RecordId([7; 16]) });
    assert!(matches!(&wrong, Err(AppError::Invalid { problems }) if problems[0].rule == "keep"), "{wrong:?}");
    let wrong = head.app.answer(&item.id, &Answer::Confirm);
    assert!(matches!(&wrong, Err(AppError::Invalid { problems }) if problems[0].rule == "answer"), "{wrong:?}");

    let act = head.app.answer(&item.id, &Answer::Same { keep: one }).expect("answer");
    sync(&world, &["丙", "甲", "乙"]);
    for name in ["甲", "乙", "丙"] {
        assert_eq!(listed(phone(&world, name)), [one], "{name}");
        assert!(!asks(phone(&world, name), &item), "{name}");
    }
    pass(&world, Millis::DAY / 2);
    assert!(head.app.undo(&act.id).expect("undo").undone);
    sync(&world, &["丙", "甲", "乙"]);
    for name in ["甲", "乙", "丙"] {
        assert_eq!(listed(phone(&world, name)).len(), 2, "{name}");
        assert_eq!(shown(phone(&world, name), two, "name").as_deref(), Some("李虹"), "{name}");
    }
}

#[test]
fn an_answer_that_the_county_has_not_heard_yet_is_taken_back_at_once() {
    let world = world(54);
    let (one, _, item) = pair(&world);
    let head = phone(&world, "丙");
    let act = head.app.answer(&item.id, &Answer::Same { keep: one }).expect("answer");
    head.app.undo(&act.id).expect("undo");
    sync(&world, &["丙", "甲", "丙"]);
    assert_eq!(listed(phone(&world, "甲")).len(), 2);
    assert_eq!(listed(head).len(), 2);
    assert!(asks(head, &item), "it asks again");
}

#[test]
fn two_namesakes_are_told_apart_for_everybody_until_it_is_taken_back() {
    let world = world(55);
    let (_, _, item) = pair(&world);
    let worker = phone(&world, "甲");
    assert!(asks(worker, &item));
    let act = worker.app.answer(&item.id, &Answer::Different).expect("answer");
    assert!(!asks(worker, &item));
    sync(&world, &["甲", "乙", "丙"]);
    assert!(!asks(phone(&world, "乙"), &item) && !asks(phone(&world, "丙"), &item));
    let late = phone(&world, "丙").app.answer(&item.id, &Answer::Different);
    assert!(matches!(&late, Err(AppError::Invalid { problems }) if problems[0].rule == "item_changed"), "{late:?}");
    worker.app.undo(&act.id).expect("undo");
    sync(&world, &["甲", "乙"]);
    assert!(asks(worker, &item) && asks(phone(&world, "乙"), &item));
}

#[test]
fn who_met_a_person_reported_dead_settles_it_by_saying_what_is() {
    let world = world(56);
    let (a, b) = (phone(&world, "甲"), phone(&world, "乙"));
    let record = person(a, "孙大娘");
    sync(&world, &["甲", "乙"]);
    pass(&world, 1_000);
    let hearsay = EditRequest {
        source: Source::Other,
        ..form("resident", Some(record), &[("life_status", "reported_dead".into())])
    };
    a.app.edit(&hearsay).expect("edit");
    pass(&world, Millis::DAY);
    tell(b, record, "phone", "13800000001");
    sync(&world, &["甲", "乙", "甲"]);
    let items = a.app.attention().expect("items");
    let item = items.iter().find(|item| item.rule == "alive_after_dead").expect("an item").clone();
    assert_eq!(item.answers, [AnswerKind::Value, AnswerKind::Confirm, AnswerKind::NextTime]);
    pass(&world, Millis::DAY);
    let alive = Answer::Value { value: Value::from("alive"), source: Source::SelfSaid };
    let act = b.app.answer(&item.id, &alive).expect("answer");
    assert!(act.say.zh.contains("健在"), "{}", act.say.zh);
    sync(&world, &["乙", "甲"]);
    assert!(!asks(a, &item));
    assert_eq!(shown(a, record, "life_status").as_deref(), Some("健在"));
}

fn rule<T: std::fmt::Debug>(refused: &Result<T, AppError>) -> &str {
    match refused {
        Err(AppError::Invalid { problems }) => &problems[0].rule,
        other => panic!("{other:?}"),
    }
}

fn notes(phone: &Phone, record: RecordId) -> Vec<String> {
    let flow = phone.app.get(record).expect("record").flow.expect("a course");
    flow.notes.into_iter().map(|note| note.zh).collect()
}

#[test]
fn of_two_merges_the_one_that_lost_is_told_and_takes_nothing_back() {
    let world = world(57);
    let (kept, other) = twins(&world);
    let (a, b) = (phone(&world, "甲"), phone(&world, "乙"));
    let third = person(b, "李鸿");
    sync(&world, &["乙", "甲"]);
    let won = a.app.merge(other, kept).expect("merge");
    let lost = b.app.merge(other, third).expect("merge");
    sync(&world, &["甲", "乙", "丙", "甲"]);
    let both = |phone: &Phone| {
        let mut both = listed(phone);
        both.sort_unstable();
        both
    };
    let apart = {
        let mut both = vec![kept, third];
        both.sort_unstable();
        both
    };
    assert_eq!(both(b), apart);
    for (name, record) in [("甲", other), ("乙", other), ("乙", kept)] {
        let told = notes(phone(&world, name), record);
        assert_eq!(told.len(), 1, "{name}");
        assert!(told[0].contains("乙：合并到另一人（保留的记录：李鸿）。未执行"), "{name}: {told:?}");
    }
    let steps = b.app.get(kept).expect("record").flow.expect("a course").steps;
    assert!(steps.iter().any(|step| step.zh.contains("甲：合并到另一人（保留的记录：李红）")), "{steps:?}");

    assert_eq!(rule(&b.app.undo(&lost.id)), "not_done");
    sync(&world, &["乙", "甲", "丙"]);
    assert_eq!(both(a), apart, "the merge of somebody else stands");

    // Who did it takes it back; who comes after that finds nothing of his own.
    let own = a.app.undo(&won.id).expect("a worker parts what he joined himself");
    assert!(own.undone);
    sync(&world, &["甲", "乙", "丙"]);
    for name in ["甲", "乙", "丙"] {
        assert_eq!(listed(phone(&world, name)).len(), 3, "{name}");
    }
}

#[test]
fn a_merge_that_gave_way_to_another_is_not_taken_back_by_its_author() {
    let world = world(58);
    let (kept, other) = twins(&world);
    let (a, head) = (phone(&world, "甲"), phone(&world, "丙"));
    let act = a.app.merge(other, kept).expect("merge");
    sync(&world, &["甲", "丙"]);
    head.app.unmerge(other).expect("unmerge");
    sync(&world, &["丙"]);
    head.app.merge(other, kept).expect("merge");
    sync(&world, &["丙", "甲"]);
    assert_eq!(listed(a), [kept]);
    assert_eq!(rule(&a.app.undo(&act.id)), "overtaken");
    sync(&world, &["甲", "丙"]);
    assert_eq!(listed(head), [kept]);
}

#[test]
fn before_a_merge_and_after_it_was_parted_the_past_stays_as_it_was() {
    let world = world(59);
    let (kept, other) = twins(&world);
    let (a, head) = (phone(&world, "甲"), phone(&world, "丙"));
    let apart = world.clock.pass(1_000);
    pass(&world, 60_000);
    a.app.merge(other, kept).expect("merge");
    sync(&world, &["甲", "丙"]);
    pass(&world, 60_000);
    let joined = world.clock.pass(1_000);
    let then = |phone: &Phone, at: Millis, record| {
        let request = HistoryRequest { known_until: Some(at), ..HistoryRequest::all(record) };
        let view = phone.app.as_of(&request).expect("as of");
        (view.record, view.aliases.clone(), view.field("work").map(|field| field.shown.clone()))
    };
    let work = Some("县医院".to_owned());
    assert_eq!(then(a, apart, kept), (kept, vec![], None), "nobody had joined them");
    assert_eq!(then(a, apart, other), (other, vec![], work.clone()));
    assert_eq!(then(a, joined, other), (kept, vec![other], work.clone()));
    pass(&world, 60_000);
    head.app.unmerge(other).expect("unmerge");
    sync(&world, &["丙", "甲"]);
    pass(&world, 60_000);
    let parted = world.clock.pass(1_000);
    for phone in [a, head] {
        assert_eq!(then(phone, apart, kept), (kept, vec![], None));
        assert_eq!(then(phone, joined, kept), (kept, vec![other], work.clone()), "then they were one");
        assert_eq!(then(phone, parted, kept), (kept, vec![], None));
    }
}
