//! Commands from end to end: real phones, the real server, and people at the county.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use wangge_core::{
    app::{AppError, CommandRequest, EditRequest, FieldEdit, RecordView},
    model::{Millis, RecordId, Role, Scope, Source, UserId, Value, flow::Offline},
};
use wangge_harness::world::{Rng, World};
use wangge_server::county::CommandOrder;

const START: Millis = Millis(1_772_931_600_000); // 2026-03-08 09:00 in China
const HOUR: i64 = 3_600_000;

type Args = BTreeMap<String, Value>;

fn args(all: &[(&str, Value)]) -> Args {
    all.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn hazard(level: &str, commands: Vec<(String, Args)>) -> EditRequest {
    EditRequest {
        kind: "event".into(),
        source: Source::SelfSaid,
        edits: vec![
            FieldEdit::put("type", "hazard"),
            FieldEdit::put("category", "fire_exit"),
            FieldEdit::put("level", level),
            FieldEdit::put("place_text", "二单元楼道"),
        ],
        commands,
        ..EditRequest::default()
    }
}

fn wish(record: RecordId, command: &str, all: &[(&str, Value)]) -> CommandRequest {
    CommandRequest { record, command: command.to_owned(), args: args(all), source: Source::SelfSaid, observed_at: None }
}

fn rule(error: AppError) -> String {
    match error {
        AppError::Invalid { problems } => problems[0].rule.clone(),
        other => panic!("{other}"),
    }
}

/// Somebody at the county.
fn act(world: &mut World, user: &str, role: Role, record: RecordId, command: &str, all: &[(&str, Value)]) -> String {
    let (user, args, now) = (UserId::from(user), args(all), world.clock.now());
    let order = CommandOrder { user: &user, role, record, command, args: &args };
    let mut random = Rng::new(now.0 as u64 ^ command.bytes().map(u64::from).sum::<u64>());
    let done = world.county().command(&order, now, &mut |bytes| random.fill(bytes));
    done.unwrap().state.0
}

fn world() -> World {
    let mut world = World::new(11, START).unwrap();
    let grid = World::grid(1);
    world.enrol("zhang.wei", Role::GW, std::slice::from_ref(&grid), 0).unwrap();
    world.enrol("sun.li", Role::GL, std::slice::from_ref(&grid), 0).unwrap();
    world.enrol("zhao.yun", Role::DP, &[Scope("U-FIRE".to_owned())], 0).unwrap();
    let county = world.county();
    county.add_user(&"li.na".into(), "李娜", START).unwrap();
    county.assign(&"li.na".into(), Role::TC, &grid, START).unwrap();
    world
}

fn view(world: &World, phone: usize, record: RecordId) -> RecordView {
    world.phones[phone].app.get(record).unwrap()
}

fn offered(world: &World, phone: usize, record: RecordId) -> Vec<String> {
    world.phones[phone].app.commands(record).unwrap().into_iter().map(|command| command.name).collect()
}

#[test]
fn a_form_makes_and_reports_an_event_and_the_phones_see_what_the_county_answers() {
    let mut world = world();
    let app = &world.phones[0].app;
    let made = app.edit(&hazard("1", vec![("submit".to_owned(), Args::new())])).unwrap();
    assert_eq!(made.changes.len(), 1, "one form, one change");
    let before = view(&world, 0, made.record);
    let flow = before.flow.unwrap();
    assert_eq!((flow.state.as_str(), flow.shown.as_str(), flow.shown_en.as_str()), ("draft", "草稿", "draft"));
    assert_eq!(flow.provisional, None, "a report is only queued");
    assert_eq!(flow.pending[0].zh, "等待县里答复：2026-03-08 09:00 专职网格员zhang.wei：上报");
    assert_eq!(flow.pending[0].en, "waits for the county: 2026-03-08 09:00 grid worker zhang.wei: Report");

    world.phones[0].sync().unwrap();
    let flow = view(&world, 0, made.record).flow.unwrap();
    assert_eq!((flow.shown.as_str(), flow.pending.len()), ("已上报", 0));
    assert_eq!(flow.steps[0].zh, "2026-03-08 09:00 专职网格员zhang.wei：上报，已上报");
    let number = view(&world, 0, made.record).field("event_no").unwrap().shown.clone();
    assert!(number.starts_with("990123-20260308-1-"), "{number}");

    world.clock.pass(HOUR);
    act(&mut world, "li.na", Role::TC, made.record, "accept", &[]);
    let due = Value::Int(world.clock.now().0 + Millis::DAY);
    act(&mut world, "li.na", Role::TC, made.record, "dispatch", &[("unit", "U-FIRE".into()), ("due_at", due)]);
    world.phones[1].sync().unwrap();
    world.phones[2].sync().unwrap();
    assert!(offered(&world, 2, made.record).contains(&"sign_in".to_owned()));
    assert!(!offered(&world, 1, made.record).contains(&"sign_in".to_owned()), "the grid head's unit is another");

    // Three steps before the next contact are judged as the county will find them.
    let brigade = &world.phones[2].app;
    assert_eq!(rule(brigade.command(&wish(made.record, "start", &[])).unwrap_err()), "state");
    brigade.command(&wish(made.record, "sign_in", &[])).unwrap();
    assert_eq!(rule(brigade.command(&wish(made.record, "sign_in", &[])).unwrap_err()), "waiting");
    brigade.command(&wish(made.record, "start", &[])).unwrap();
    assert_eq!(rule(brigade.command(&wish(made.record, "feedback", &[])).unwrap_err()), "args");
    brigade.command(&wish(made.record, "feedback", &[("result", "通道已清理".into())])).unwrap();
    assert_eq!(view(&world, 2, made.record).flow.unwrap().state, "dispatched");
    world.phones[2].sync().unwrap();
    world.phones[0].sync().unwrap();
    for phone in [0, 2] {
        let seen = view(&world, phone, made.record);
        assert_eq!(seen.flow.as_ref().unwrap().state, "feedback");
        assert!(seen.field("handling").unwrap().log.contains(&"通道已清理".to_owned()));
    }
}

#[test]
fn what_cannot_wait_is_refused_on_a_phone_and_what_can_shows_as_not_yet_confirmed() {
    let world = world();
    let made = world.phones[0].app.edit(&hazard("4", Vec::new())).unwrap();
    let settle = wish(made.record, "settle", &[("result", "当场清走杂物".into())]);
    let offer = world.phones[0].app.commands(made.record).unwrap();
    let names: Vec<_> = offer.iter().map(|command| (command.name.as_str(), command.offline)).collect();
    assert_eq!(names, [("submit", Offline::Queued), ("settle", Offline::Provisional)]);
    assert_eq!(offer[1].needs[0].zh, "处理结果");
    world.phones[0].app.command(&settle).unwrap();
    let flow = view(&world, 0, made.record).flow.unwrap();
    assert_eq!((flow.shown.as_str(), flow.provisional.unwrap().say.zh.as_str()), ("草稿", "网格自处"));
    world.phones[0].sync().unwrap();
    let flow = view(&world, 0, made.record).flow.unwrap();
    assert_eq!((flow.state.as_str(), flow.provisional), ("self_handled", None));

    // The grid head accepts nothing without the county, and does not settle what is settled.
    world.phones[1].sync().unwrap();
    let head = &world.phones[1].app;
    assert_eq!(rule(head.command(&wish(made.record, "accept", &[])).unwrap_err()), "online_only");
    assert_eq!(rule(head.command(&settle).unwrap_err()), "state");
    assert_eq!(rule(head.command(&wish(made.record, "dance", &[])).unwrap_err()), "command");
    head.command(&wish(made.record, "spot_ok", &[])).unwrap();
    world.phones[1].sync().unwrap();
    assert_eq!(view(&world, 1, made.record).flow.unwrap().state, "closed");
    // A red hazard is no matter to settle on the spot, and a state is no field to fill in.
    let red = hazard("1", vec![("settle".to_owned(), args(&[("result", "已处理".into())]))]);
    assert_eq!(rule(world.phones[0].app.edit(&red).unwrap_err()), "when");
    let by_hand = EditRequest {
        record: Some(made.record),
        kind: "event".into(),
        edits: vec![FieldEdit::put("state", "voided")],
        ..EditRequest::default()
    };
    assert_eq!(rule(world.phones[0].app.edit(&by_hand).unwrap_err()), "command");
}

/// Row 33 of the scenarios: the centre dispatched what the worker, without contact, settles.
#[test]
fn what_lost_stays_beside_the_case_with_its_author() {
    let world = world();
    let made = world.phones[0].app.edit(&hazard("4", vec![("submit".to_owned(), Args::new())])).unwrap();
    world.phones[0].sync().unwrap();
    world.phones[1].sync().unwrap();
    let other = world.phones[1].app.edit(&hazard("4", Vec::new())).unwrap();
    world.phones[1].sync().unwrap();
    world.phones[0].sync().unwrap();
    // Both see the draft; the head settles it first, the worker reports it.
    world.phones[0].app.command(&wish(other.record, "submit", &[])).unwrap();
    world.phones[1].app.command(&wish(other.record, "settle", &[("result", "已清理".into())])).unwrap();
    world.phones[1].sync().unwrap();
    world.phones[0].sync().unwrap();
    world.phones[1].sync().unwrap();
    for phone in [0, 1] {
        let flow = view(&world, phone, other.record).flow.unwrap();
        assert_eq!(flow.state, "self_handled");
        assert_eq!(
            flow.notes[0].zh,
            "2026-03-08 09:00 专职网格员zhang.wei：上报。未执行，作为情况说明保留：现在是“网格自处”，不能“上报”"
        );
        assert!(flow.pending.is_empty());
    }
    assert_eq!(view(&world, 0, made.record).flow.unwrap().state, "reported");
}
