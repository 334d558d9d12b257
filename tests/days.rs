//! A worker's day: what is due, one visit with many uses, and what it takes back: on real stores and the real server functions.

use wangge_core::{
    app::{
        Answer, AppError, CheckRequest, DayCard, DayList, EditRequest, FieldEdit, FollowUp, ListRequest, TaskKind,
        VisitOutcome, VisitRequest,
    },
    model::{KindName, Millis, RecordId, Role, Source, Value},
};
use wangge_harness::world::{Phone, World};

/// 2026-03-02 10:00 in China.
const START: Millis = Millis(1_772_416_800_000);
const HOUR: i64 = 3_600_000;

fn pass(world: &World, ms: i64) {
    let now = world.clock.pass(ms);
    world.phones.iter().for_each(|phone| phone.env.live_until(now));
}

fn phone<'a>(world: &'a World, name: &str) -> &'a Phone {
    world.phone(name).expect("phone")
}

fn sync(world: &World, names: &[&str]) {
    for name in names {
        let report = phone(world, name).sync().expect("sync");
        assert_eq!(report.fault, None, "{name}");
    }
}

fn world(seed: u64) -> World {
    let mut world = World::new(seed, START).expect("world");
    for (name, role) in [("甲", Role::GW), ("乙", Role::GW), ("丙", Role::PG), ("丁", Role::GL)] {
        world.enrol(name, role, &[World::grid(1)], 0).expect("enrolment");
    }
    world
}

fn form(kind: &str, puts: &[(&str, Value)]) -> EditRequest {
    EditRequest {
        kind: KindName::from(kind),
        source: Source::SelfSaid,
        edits: puts.iter().map(|(field, value)| FieldEdit::put(field, value.clone())).collect(),
        ..EditRequest::default()
    }
}

fn new(phone: &Phone, kind: &str, puts: &[(&str, Value)]) -> RecordId {
    phone.app.edit(&form(kind, puts)).unwrap_or_else(|error| panic!("{kind}: {error}")).record
}

fn id(record: RecordId) -> Value {
    Value::from(record.to_string().as_str())
}

fn value(phone: &Phone, record: RecordId, field: &str) -> Option<Value> {
    phone.app.get(record).expect("record").field(field).map(|field| field.value.clone())
}

/// A door with a household of two; the mother is on the care list.
struct Door {
    dwelling: RecordId,
    household: RecordId,
    mother: RecordId,
    son: RecordId,
    care: RecordId,
}

fn door(phone: &Phone, address: &str, tier: &str) -> Door {
    let dwelling = new(phone, "dwelling", &[("address", address.into()), ("tenure", "self".into())]);
    let household = new(phone, "household", &[("dwelling", id(dwelling))]);
    let person = |name: &str, relation: &str| {
        let resident = new(phone, "resident", &[("name", name.into())]);
        let of = [("household", id(household)), ("resident", id(resident)), ("relation", relation.into())];
        new(phone, "membership", &of);
        let stay = [("resident", id(resident)), ("dwelling", id(dwelling)), ("kind", "registered_here".into())];
        new(phone, "residence", &stay);
        resident
    };
    let (mother, son) = (person("孙大娘", "02"), person("孙小军", "20"));
    let care = new(phone, "care", &[("resident", id(mother)), ("tier", tier.into())]);
    Door { dwelling, household, mother, son, care }
}

fn today(phone: &Phone) -> DayList {
    phone.app.day_list(None).expect("day list")
}

fn only_home(phone: &Phone) -> DayCard {
    let list = today(phone);
    assert_eq!(list.homes.len(), 1, "{list:#?}");
    list.homes.into_iter().next().expect("a card")
}

#[test]
fn a_home_is_due_by_the_tier_of_whom_it_holds() {
    let world = world(31);
    let app = phone(&world, "甲");
    let high = door(app, "1栋101", "high");
    let general = door(app, "1栋102", "general");
    let list = today(app);
    assert_eq!(list.day, "2026-03-02");
    let order: Vec<_> = list.homes.iter().map(|card| card.target).collect();
    assert_eq!(order, [high.dwelling, general.dwelling], "the shorter cycle first");
    assert_eq!(list.homes[0].tasks[0].say.zh, "走访孙大娘：高频(7天一访)，还没有走访过");
    assert_eq!((list.homes[0].tasks[0].record, list.homes[0].title.as_str()), (high.care, "1栋101"));

    app.app.visit(&VisitRequest::met(high.dwelling)).expect("visit");
    app.app.visit(&VisitRequest::met(general.dwelling)).expect("visit");
    assert_eq!(today(app).homes, []);
    assert_eq!(app.app.day_list(Some("2026-03-08")).expect("list").homes, [], "not due on the sixth day");
    let on_time = app.app.day_list(Some("2026-03-09")).expect("list");
    assert_eq!(on_time.homes[0].tasks[0].say.zh, "走访孙大娘：高频(7天一访)，上次走访3月2日，今天到期");
    let late = app.app.day_list(Some("2026-03-12")).expect("list").homes.remove(0);
    assert_eq!((late.tasks[0].due.as_deref(), late.tasks[0].overdue_days), (Some("2026-03-09"), 3));
    assert!(late.tasks[0].say.zh.ends_with("，已超过3天"), "{}", late.tasks[0].say.zh);
    assert_eq!(app.app.day_list(Some("2026-05-31")).expect("list").homes.len(), 2, "90 days");
    assert_eq!(app.app.day_list(Some("2026-05-30")).expect("list").homes.len(), 1);
    assert!(app.app.day_list(Some("31 May")).is_err());

    // A cycle of its own, set by the head of the grid, goes before the tier's.
    let own = EditRequest { record: Some(general.care), ..form("care", &[("cycle_days", 2.into())]) };
    sync(&world, &["甲", "丁"]);
    phone(&world, "丁").app.edit(&own).expect("edit");
    sync(&world, &["丁", "甲"]);
    assert_eq!(app.app.day_list(Some("2026-03-04")).expect("list").homes.len(), 1);
}

#[test]
fn nobody_at_home_is_no_visit_and_a_refusal_is_respected() {
    let world = world(32);
    let app = phone(&world, "甲");
    let home = door(app, "1栋101", "high");
    let absent = VisitRequest { result: Some("absent".into()), ..VisitRequest::met(home.dwelling) };
    let outcome = app.app.visit(&absent).expect("visit");
    assert_eq!(outcome.done, []);
    assert_eq!(only_home(app).last_visit, None);
    let unchanged = app.app.visit(&VisitRequest { unchanged: true, ..absent });
    assert!(
        matches!(&unchanged, Err(AppError::Invalid { problems }) if problems[0].rule == "not_met"),
        "{unchanged:?}"
    );
    app.app.visit(&VisitRequest { result: Some("refused".into()), ..VisitRequest::met(home.dwelling) }).expect("visit");
    assert_eq!(today(app).homes, [], "no second knock before the next turn");
    // Whom somebody else met is not who is due.
    pass(&world, 7 * Millis::DAY);
    app.app.visit(&VisitRequest { met: vec![home.son], ..VisitRequest::met(home.dwelling) }).expect("visit");
    assert_eq!(only_home(app).tasks[0].kind, TaskKind::Visit);
    let street = VisitRequest { met: vec![home.mother], mode: "street".into(), ..VisitRequest::met(home.dwelling) };
    let outcome = app.app.visit(&street).expect("visit");
    assert_eq!(outcome.done.iter().map(|task| task.record).collect::<Vec<_>>(), [home.care]);
    assert_eq!(today(app).homes, []);
}

#[test]
fn one_tap_confirms_a_home_and_one_undo_takes_the_visit_back() {
    let world = world(33);
    let app = phone(&world, "甲");
    let home = door(app, "1栋101", "high");
    sync(&world, &["甲", "乙"]);
    pass(&world, HOUR);
    let moved = EditRequest {
        record: Some(home.son),
        ..form("resident", &[("phone", "13800000001".into()), ("work", "县医院".into())])
    };
    let request = VisitRequest {
        kind: "care".into(),
        met: vec![home.mother, home.son],
        unchanged: true,
        needs: vec!["policy".into()],
        note: Some("想问医保报销".into()),
        routine: Some("visit".into()),
        edits: vec![moved],
        ..VisitRequest::met(home.dwelling)
    };
    let pending = app.app.outbox().expect("outbox").pending;
    let outcome = app.app.visit(&request).expect("visit");
    assert_eq!(pending, 0);
    assert_eq!(outcome.visits.len(), 2, "one for each person met");
    let confirmed: Vec<RecordId> = vec![home.dwelling, home.household, home.mother, home.son];
    assert!(confirmed.iter().all(|record| outcome.confirmed.contains(record)), "{:?}", outcome.confirmed);
    assert_eq!(outcome.confirmed.len(), 8, "with two stays and two memberships");
    assert_eq!(value(app, home.son, "phone"), Some(Value::from("13800000001")));
    let lines = app.app.history(home.mother, Some("name")).expect("history");
    assert!(lines.last().is_some_and(|line| line.claim.confirms && line.claim.at == START.plus(HOUR)), "{lines:?}");
    assert_eq!(app.app.counts().expect("counts").get(&KindName::from("routine")), Some(&1));

    sync(&world, &["甲", "乙", "丙"]);
    let other = phone(&world, "乙");
    assert_eq!(today(other).homes, [], "a visit by one worker is a visit for all");
    assert_eq!(
        other.app.get(outcome.visits[0]).expect("visit").field("met").map(|met| met.shown.clone()),
        Some("孙大娘".into())
    );
    let part_time = phone(&world, "丙").app.get(outcome.visits[0]).expect("the bare fact is open");
    assert!(part_time.field("met").is_none() && part_time.field("target").is_some());

    let undone = app.app.undo(&outcome.act.id).expect("undo");
    assert!(undone.undone && undone.say.zh.contains("1栋101"));
    assert_eq!(only_home(app).last_visit, None);
    assert_eq!(value(app, home.son, "phone"), None);
    sync(&world, &["甲", "乙"]);
    assert_eq!(only_home(other).tasks[0].say.zh, "走访孙大娘：高频(7天一访)，还没有走访过");
    let listed = |kind: &str| {
        let request = ListRequest { kind: Some(KindName::from(kind)), ..ListRequest::default() };
        other.app.list(&request).expect("list").items.len()
    };
    assert_eq!((listed("visit"), listed("routine"), listed("resident")), (0, 0, 2));
    let told = other.app.history(outcome.visits[0], None).expect("the past stays");
    assert!(!told.is_empty());
}

#[test]
fn a_visit_that_cannot_be_written_in_full_is_not_written_at_all() {
    let world = world(34);
    let app = phone(&world, "甲");
    let home = door(app, "1栋101", "high");
    let waiting = app.app.outbox().expect("outbox").pending;
    let wrong = EditRequest { record: Some(home.son), ..form("resident", &[("phone", "一三八".into())]) };
    let request = VisitRequest { unchanged: true, edits: vec![wrong], ..VisitRequest::met(home.dwelling) };
    assert!(matches!(app.app.visit(&request), Err(AppError::Invalid { .. })));
    assert_eq!(app.app.outbox().expect("outbox").pending, waiting);
    assert_eq!(app.app.counts().expect("counts").get(&KindName::from("visit")), None);
    assert!(matches!(app.app.visit(&VisitRequest::met(home.son)), Err(AppError::Invalid { .. })), "no home");
    assert_eq!(app.app.visit(&VisitRequest::met(RecordId([9; 16]))).err(), Some(AppError::NotFound));
}

fn wrong(refused: &Result<VisitOutcome, AppError>) -> Vec<(&str, &str)> {
    match refused {
        Err(AppError::Invalid { problems }) => problems.iter().map(|p| (p.field.as_str(), p.rule.as_str())).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_role_may_not_write_of_a_visit_is_refused_by_name_and_nothing_is_lost() {
    let world = world(41);
    let app = phone(&world, "丙");
    let dwelling = new(app, "dwelling", &[("address", "1栋101".into())]);
    let waiting = app.app.outbox().expect("outbox").pending;
    let person = RecordId([7; 16]);
    let request = VisitRequest {
        met: vec![person],
        needs: vec!["policy".into()],
        difficulty: Some("看病难".into()),
        note: Some("想问医保".into()),
        ..VisitRequest::met(dwelling)
    };
    let refused = app.app.visit(&request);
    let fields = ["result", "met", "needs", "difficulty", "notes"].map(|field| (field, "role"));
    assert_eq!(wrong(&refused), fields);
    assert_eq!(app.app.outbox().expect("outbox").pending, waiting);
    assert_eq!(app.app.counts().expect("counts").get(&KindName::from("visit")), None);
    // The bare fact is for everybody; who may say what came of it has to.
    app.app.visit(&VisitRequest { unchanged: true, ..VisitRequest::at(dwelling) }).expect("the bare fact");
    sync(&world, &["丙", "甲"]);
    let refused = phone(&world, "甲").app.visit(&VisitRequest::at(dwelling));
    assert_eq!(wrong(&refused), [("result", "required")]);
}

#[test]
fn a_visit_says_everything_that_is_wrong_with_any_of_its_forms() {
    let world = world(42);
    let app = phone(&world, "甲");
    let home = door(app, "1栋101", "high");
    let of = |record, puts: &[(&str, Value)]| EditRequest { record: Some(record), ..form("resident", puts) };
    let edits = vec![
        of(home.son, &[("phone", "一三八".into()), ("no_such", "x".into())]),
        of(home.mother, &[("birth_date", "2099-01-01".into())]),
    ];
    let refused = app.app.visit(&VisitRequest { edits, kind: "no_such".into(), ..VisitRequest::met(home.dwelling) });
    let fields: Vec<&str> = wrong(&refused).into_iter().map(|(field, _)| field).collect();
    for field in ["kind", "phone", "no_such", "birth_date"] {
        assert!(fields.contains(&field), "{field} in {refused:?}");
    }
}

#[test]
fn no_change_never_confirms_a_death_of_whom_was_met() {
    let world = world(43);
    let (a, b) = (phone(&world, "甲"), phone(&world, "乙"));
    let home = door(a, "1栋101", "high");
    let texts = [("phone", "13800000001"), ("work", "县医院"), ("occupation", "护士"), ("birth_date", "1950-03-01")];
    let puts: Vec<(&str, Value)> = texts.iter().map(|(field, text)| (*field, Value::from(*text))).collect();
    a.app.edit(&EditRequest { record: Some(home.mother), ..form("resident", &puts) }).expect("edit");
    sync(&world, &["甲", "乙"]);
    pass(&world, HOUR);
    let dead = EditRequest {
        record: Some(home.mother),
        source: Source::Other,
        ..form("resident", &[("life_status", "reported_dead".into())])
    };
    a.app.edit(&dead).expect("edit");
    sync(&world, &["甲", "乙"]);
    pass(&world, Millis::DAY);
    let asks = |phone: &Phone| {
        phone.app.attention().expect("items").iter().filter(|item| item.rule == "alive_after_dead").count()
    };
    // Who met the son alone knows nothing new of the mother.
    let son = VisitRequest { met: vec![home.son], unchanged: true, ..VisitRequest::met(home.dwelling) };
    let outcome = b.app.visit(&son).expect("visit");
    assert!(!outcome.confirmed.contains(&home.mother) && outcome.confirmed.contains(&home.son));
    assert_eq!(asks(b), 0);
    pass(&world, HOUR);
    let mother = VisitRequest { met: vec![home.mother], unchanged: true, ..VisitRequest::met(home.dwelling) };
    let outcome = b.app.visit(&mother).expect("visit");
    assert!(outcome.confirmed.contains(&home.mother));
    sync(&world, &["乙", "甲", "丁"]);
    for name in ["甲", "乙", "丁"] {
        let phone = phone(&world, name);
        assert_eq!(asks(phone), 1, "{name}");
        assert_eq!(value(phone, home.mother, "life_status"), Some(Value::from("reported_dead")), "{name}");
        let last = |field| phone.app.history(home.mother, Some(field)).expect("history").pop().expect("a line").claim;
        for (field, _) in texts {
            assert!(last(field).confirms, "{name}: {field}");
        }
        assert!(!last("life_status").confirms, "{name}");
    }
}

#[test]
fn two_care_files_of_one_person_are_one_line() {
    let world = world(44);
    let app = phone(&world, "甲");
    let home = door(app, "1栋101", "general");
    let second = new(app, "care", &[("resident", id(home.mother)), ("tier", "high".into())]);
    let card = only_home(app);
    let lines: Vec<_> = card.tasks.iter().map(|task| (task.record, task.say.zh.as_str())).collect();
    assert_eq!(lines, [(second, "走访孙大娘：高频(7天一访)，还没有走访过")], "the most urgent file says why");
    let outcome = app.app.visit(&VisitRequest::met(home.dwelling)).expect("visit");
    assert_eq!(outcome.done.len(), 1);
    assert_eq!(today(app).homes, []);
}

#[test]
fn places_and_rented_homes_are_checked_by_their_lists() {
    let world = world(35);
    let app = phone(&world, "丙");
    let eatery = new(app, "place", &[("name", "老孙面馆".into()), ("kind", "small_eatery".into())]);
    let shop = new(app, "place", &[("name", "便利店".into()), ("kind", "small_shop".into())]);
    new(app, "place", &[("name", "避险场所".into()), ("kind", "shelter".into())]);
    let rented = new(app, "dwelling", &[("address", "2栋101".into()), ("tenure", "rent".into())]);
    let list = today(app);
    let due: Vec<_> = list.places.iter().map(|card| card.target).collect();
    assert!(due.contains(&eatery) && due.contains(&shop) && due.len() == 2, "{list:#?}");
    assert_eq!(list.homes.iter().map(|card| card.target).collect::<Vec<_>>(), [rented]);

    let check = CheckRequest { failed: vec!["exit_clear".into()], ..CheckRequest::default() };
    let outcome = app.app.visit(&VisitRequest { check: Some(check), ..VisitRequest::at(eatery) }).expect("visit");
    assert_eq!(outcome.suggestions[0].category, "fire_exit");
    assert_eq!(outcome.done.iter().map(|task| task.kind).collect::<Vec<_>>(), [TaskKind::Check]);
    let inspection = app.app.get(outcome.inspection.expect("a check")).expect("record");
    assert_eq!(inspection.field("result").map(|f| f.value.clone()), Some(Value::from("to_fix")));
    assert_eq!(inspection.field("failed").map(|f| f.members.len()), Some(1));
    assert!(inspection.field("passed").is_some_and(|f| f.members.len() > 5));
    app.app.visit(&VisitRequest::at(shop)).expect("a visit without a check");
    let list = today(app);
    assert_eq!(list.places.iter().map(|card| card.target).collect::<Vec<_>>(), [shop]);
    assert!(list.places[0].last_visit.is_some());
    let later = app.app.day_list(Some("2026-04-01")).expect("list");
    assert!(
        later.places.iter().any(|card| card.target == eatery && card.tasks[0].due.as_deref() == Some("2026-04-01"))
    );

    let wrong = CheckRequest { failed: vec!["no_such_item".into()], ..CheckRequest::default() };
    let refused = app.app.visit(&VisitRequest { check: Some(wrong), ..VisitRequest::at(eatery) });
    assert!(matches!(&refused, Err(AppError::Invalid { problems }) if problems[0].rule == "check_item"), "{refused:?}");
}

#[test]
fn what_is_put_off_to_the_next_meeting_goes_along_and_comes_back() {
    let world = world(36);
    let (a, b) = (phone(&world, "甲"), phone(&world, "乙"));
    let home = door(a, "1栋101", "high");
    sync(&world, &["甲", "乙"]);
    let seen = |name: &str| EditRequest {
        record: Some(home.son),
        source: Source::DocumentSeen,
        ..form("resident", &[("name", name.into())])
    };
    a.app.edit(&seen("孙小君")).expect("edit");
    b.app.edit(&seen("孙晓军")).expect("edit");
    sync(&world, &["甲", "乙", "甲"]);
    let card = only_home(a);
    assert_eq!(card.tasks.iter().map(|task| task.kind).collect::<Vec<_>>(), [TaskKind::Visit, TaskKind::Confirm]);
    let item = card.tasks[1].item.clone().expect("an item");

    let act = a.app.answer(&item, &Answer::NextTime).expect("answer");
    assert_eq!(only_home(a).tasks[1].kind, TaskKind::Ask, "it goes along with the visit");
    assert_eq!(a.app.outbox().expect("outbox").pending, 0, "and nobody else is told");
    assert_eq!(a.app.attention_count().expect("count"), 1, "it still waits");
    assert!(!a.app.undo(&act.id).expect("undo").say.zh.is_empty());
    assert_eq!(only_home(a).tasks[1].kind, TaskKind::Confirm);

    a.app.answer(&item, &Answer::NextTime).expect("answer");
    let outcome = a.app.visit(&VisitRequest::met(home.dwelling)).expect("visit");
    assert_eq!(outcome.asked, std::slice::from_ref(&item));
    let card = only_home(a);
    assert_eq!(
        card.tasks.iter().map(|task| task.kind).collect::<Vec<_>>(),
        [TaskKind::Confirm],
        "asked, and not answered"
    );
    a.app.answer(&item, &Answer::NextTime).expect("answer");
    assert_eq!(today(a).homes, [], "no reason of its own to go there");
    assert_eq!(today(a).items, []);
}

#[test]
fn registering_a_tenant_makes_a_vacant_home_rented_in_the_same_step() {
    let world = world(37);
    let (a, b) = (phone(&world, "甲"), phone(&world, "乙"));
    let dwelling = new(a, "dwelling", &[("address", "1栋101".into())]);
    sync(&world, &["甲", "乙"]);
    let vacant = EditRequest { record: Some(dwelling), ..form("dwelling", &[("tenure", "vacant".into())]) };
    a.app.edit(&vacant).expect("edit");
    let person = new(b, "resident", &[("name", "李红".into())]);
    let stay = [("resident", id(person)), ("dwelling", id(dwelling)), ("kind", "floating_in".into())];
    let outcome = b.app.edit(&form("residence", &stay)).expect("edit");
    assert_eq!(outcome.changes.len(), 2, "the stay and the tenure");
    assert_eq!(value(b, dwelling, "tenure"), Some(Value::from("rent")));
    let again = b.app.edit(&form("residence", &stay)).expect("edit");
    assert_eq!(again.changes.len(), 1, "a rented home stays as it is");
    sync(&world, &["甲", "乙", "甲"]);
    assert_eq!(value(a, dwelling, "tenure"), Some(Value::from("rent")), "occupied over vacant");
    // Who registers an owner does not touch the tenure.
    let own = new(a, "dwelling", &[("address", "1栋102".into()), ("tenure", "self".into())]);
    let stay = [("resident", id(person)), ("dwelling", id(own)), ("kind", "floating_in".into())];
    assert_eq!(a.app.edit(&form("residence", &stay)).expect("edit").changes.len(), 1);
    assert_eq!(value(a, own, "tenure"), Some(Value::from("self")));
}

#[test]
fn a_follow_up_is_told_to_the_event() {
    let world = world(38);
    let app = phone(&world, "甲");
    let home = door(app, "1栋101", "high");
    let event = new(
        app,
        "event",
        &[
            ("type", "hazard".into()),
            ("category", "gas_hose".into()),
            ("level", "3".into()),
            ("dwelling", id(home.dwelling)),
        ],
    );
    let seen = FollowUp { event, note: "软管已换新".into() };
    let outcome =
        app.app.visit(&VisitRequest { follow_ups: vec![seen], ..VisitRequest::met(home.dwelling) }).expect("visit");
    assert_eq!(
        app.app.get(event).expect("event").field("handling").map(|f| f.log.clone()),
        Some(vec!["软管已换新".into()])
    );
    app.app.undo(&outcome.act.id).expect("undo");
    let handling = app.app.get(event).expect("event").field("handling").map(|f| f.log.len()).unwrap_or_default();
    assert_eq!(handling, 0);
}
