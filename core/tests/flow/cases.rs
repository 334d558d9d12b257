//! Cases of events, step by step: who worked on it, how long it may take, who came, who took it on.

use std::collections::BTreeMap;

use wangge_core::model::{
    Audience, Millis, RecordId, Role, Schema, Scope, UserId, Value,
    flow::{Actor, Args, Effect, Facts, Step, check},
};

const NOW: Millis = Millis(1_772_928_000_000); // 2026-03-08 in China

/// An event on its way.
#[derive(Clone)]
struct Case {
    state: String,
    values: BTreeMap<String, Value>,
    steps: Vec<Step>,
    sees: Vec<Audience>,
}

fn args(all: &[(&str, Value)]) -> Args {
    all.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn days(number: i64) -> Value {
    Value::Int(NOW.0 + number * Millis::DAY)
}

impl Case {
    fn new(state: &str, level: &str) -> Self {
        let values =
            [("level", level.into()), ("type", "hazard".into()), ("owner_unit", "U1".into()), ("due_at", days(3))];
        let mut case =
            Self { state: state.to_owned(), values: args(&values), steps: Vec::new(), sees: Audience::ALL.to_vec() };
        case.did("reporter", Role::GW, "submit", &[]);
        let sent = [("unit", "U1".into()), ("due_at", days(3)), ("helpers", "U2，U3".into())];
        case.did("town", Role::TC, "dispatch", &sent);
        case
    }
    /// A step that was done, from wherever the table leads.
    fn did(&mut self, by: &str, role: Role, command: &str, all: &[(&str, Value)]) {
        let (flow, found) = Schema::built_in().flows.find(&"event".into(), command).unwrap();
        let row = found.rows.iter().find(|row| row.who.contains(&role)).unwrap();
        self.steps.push(Step {
            ulid: String::new(),
            of: String::new(),
            order: (1, self.steps.len() as u64 + 1),
            flow: flow.name.clone(),
            command: command.to_owned(),
            by: by.into(),
            role,
            at: NOW,
            accepted_at: NOW,
            from: row.from[0].clone(),
            to: row.to.clone().unwrap_or_default(),
            args: args(all),
        });
    }
    /// What a command does, or the rule that refuses it.
    fn act(
        &self,
        (user, role, unit): (&str, Role, &str),
        command: &str,
        all: &[(&str, Value)],
    ) -> Result<Effect<'_>, String> {
        let schema = Schema::built_in();
        let (flow, command) = schema.flows.find(&"event".into(), command).unwrap();
        let (user, scopes) = (UserId::from(user), [Scope(unit.to_owned())]);
        let facts = Facts {
            record: RecordId([1; 16]),
            state: &self.state,
            values: &self.values,
            sees: &self.sees,
            steps: &self.steps,
            at: NOW,
            now: NOW,
            seen_at: None,
            checked_at: None,
        };
        let actor = Actor { user: &user, role, scopes: &scopes };
        check(schema, flow, command, &args(all), &facts, actor).map_err(|problem| problem.rule)
    }
    fn refused(&self, who: (&str, Role, &str), command: &str, all: &[(&str, Value)]) -> Option<String> {
        self.act(who, command, all).err()
    }
}

#[test]
fn nobody_verifies_a_case_that_he_worked_on_in_any_way() {
    let head = ("zhou", Role::GL, "U1");
    let fresh = Case::new("feedback", "3");
    assert_eq!(fresh.refused(head, "verify_ok", &[]), None);
    let work = ["sign_in", "object", "start", "ask_suspend", "resume", "ask_extend", "order_fix", "feedback"];
    for command in work {
        let mut case = fresh.clone();
        case.did("zhou", Role::GL, command, &[]);
        for verify in ["verify_ok", "verify_fail"] {
            let reason = [("reason", Value::from("再看"))];
            let with: &[(&str, Value)] = if verify == "verify_fail" { &reason } else { &[] };
            assert_eq!(case.refused(head, verify, with).as_deref(), Some("not_handler"), "{command}");
            assert_eq!(case.refused(("wu", Role::GL, "U1"), verify, with), None, "another may, after {command}");
            // In another role he is the same person.
            assert_eq!(case.refused(("zhou", Role::TC, "U9"), verify, with).as_deref(), Some("not_handler"));
        }
    }
    // A department that was called, and the town that concluded the call.
    for (role, command) in
        [(Role::DP, "respond"), (Role::DP, "arrive"), (Role::DP, "unit_result"), (Role::TC, "conclude")]
    {
        let mut case = fresh.clone();
        case.did("li", role, command, &[]);
        assert_eq!(case.refused(("li", Role::TC, "T"), "verify_ok", &[]).as_deref(), Some("not_handler"), "{command}");
    }
    // What the level above does is no work on the case, unless it does so for its own unit.
    for command in ["resume", "order_fix"] {
        let mut case = fresh.clone();
        case.did("li", Role::TC, command, &[]);
        assert_eq!(case.refused(("li", Role::TC, "T"), "verify_ok", &[]), None, "{command}");
        assert_eq!(case.refused(("li", Role::TC, "U1"), "verify_ok", &[]).as_deref(), Some("not_handler"), "{command}");
    }
}

#[test]
fn each_level_grants_what_is_its_own_and_the_days_count_once() {
    let (gl, tc, cc) = (("g", Role::GL, "G"), ("t", Role::TC, "T"), ("c", Role::CC, "C"));
    // Level, who grants, last day of the limit: three days were set, and eight, four or two come to that; level 3 has
    // fifteen from the report on.
    let grants = [
        ("4", gl, Some((5, "limit"))),
        ("2", tc, Some((7, "limit"))),
        ("3", cc, Some((15, "in_all"))),
        ("1", cc, None),
    ];
    for (level, who, most) in grants {
        for (ask, grant) in [("ask_extend", "extend"), ("ask_suspend", "suspend")] {
            let mut case = Case::new("in_progress", level);
            let until = |day| [("reason", Value::from("等待配件")), ("until", days(day))];
            case.did("dp", Role::DP, ask, &until(4));
            for other in [gl, tc, cc].into_iter().filter(|other| other.1 != who.1) {
                for command in [grant, &format!("refuse_{grant}")] {
                    let with = if command == grant { until(4).to_vec() } else { until(4)[..1].to_vec() };
                    assert_eq!(case.refused(other, command, &with).as_deref(), Some("when"), "{level} {command}");
                }
            }
            assert_eq!(case.refused(who, &format!("refuse_{grant}"), &until(4)[..1]), None);
            let Some((most, rule)) = most else {
                assert_eq!(case.refused(who, grant, &until(40)), None, "the county alone says how long");
                continue;
            };
            assert_eq!(case.refused(who, grant, &until(most)), None, "{level}");
            assert_eq!(case.refused(who, grant, &until(most + 1)).as_deref(), Some(rule), "{level}");
            // Once granted, asking again leads no further.
            case.values.insert("due_at".to_owned(), days(most));
            assert_eq!(case.refused(who, grant, &until(most + 1)).as_deref(), Some(rule), "{level} again");
        }
    }
    // A case that is reopened has its fifteen days anew.
    let mut case = Case::new("in_progress", "3");
    case.steps[0].accepted_at = NOW.plus(-100 * Millis::DAY);
    case.did("dp", Role::DP, "ask_extend", &[]);
    let until = [("reason", Value::from("等待配件")), ("until", days(5))];
    assert_eq!(case.refused(cc, "extend", &until).as_deref(), Some("in_all"));
    case.steps.insert(1, Step { command: "reopen".into(), ..case.steps[0].clone() });
    case.steps[1].accepted_at = NOW;
    assert_eq!(case.refused(cc, "extend", &until), None);
}

#[test]
fn a_case_may_rest_before_it_is_due_and_keeps_its_limit() {
    let tc = ("t", Role::TC, "T");
    let mut case = Case::new("in_progress", "2");
    let until = |day| [("reason", Value::from("等待住户回家")), ("until", days(day))];
    assert_eq!(case.refused(("dp", Role::DP, "U1"), "ask_suspend", &until(1)), None);
    case.did("dp", Role::DP, "ask_suspend", &until(1));
    let set = |day| case.act(tc, "suspend", &until(day)).map(|effect| effect.set);
    assert_eq!(set(1), Ok(BTreeMap::new()), "the limit stays what it was");
    assert_eq!(set(5), Ok(BTreeMap::from([("due_at".to_owned(), days(5))])));
    assert_eq!(set(-1).err().as_deref(), Some("new_date"));
    let mut case = Case::new("in_progress", "2");
    case.did("dp", Role::DP, "ask_extend", &until(4));
    assert_eq!(case.refused(tc, "extend", &until(2)).as_deref(), Some("later"), "more time is more");
}

#[test]
fn a_rated_unit_had_to_do_with_the_case() {
    let mut case = Case::new("closed", "3");
    case.did("cc", Role::CC, "verify_ok", &[]);
    let rate = |case: &Case, unit: &str| {
        case.refused(("t", Role::TC, "T"), "rate_unit", &[("unit", unit.into()), ("score", "satisfied".into())])
    };
    for unit in ["U1", "U2", "U3"] {
        assert_eq!(rate(&case, unit), None, "{unit}");
    }
    assert_eq!(rate(&case, "U4").as_deref(), Some("unit_of_case"));
    case.steps.insert(2, case.steps[1].clone());
    (case.steps[2].command, case.steps[2].args) = ("whistle".into(), args(&[("units", "U4,U5".into())]));
    assert_eq!(rate(&case, "U4"), None);
    assert_eq!(rate(&case, "乱写").as_deref(), Some("unit_of_case"));
    // Whose objection was upheld is in charge no more.
    case.values.insert("owner_unit".to_owned(), "U6".into());
    assert_eq!((rate(&case, "U1").as_deref(), rate(&case, "U6")), (Some("unit_of_case"), None));
}

#[test]
fn a_call_is_concluded_when_each_department_told_its_result_or_is_named() {
    let mut case = Case::new("whistled", "2");
    let conclude = |case: &Case, more: &[(&str, Value)]| {
        let all = [&[("result", Value::from("已联合处置"))], more].concat();
        case.refused(("t", Role::TC, "T"), "conclude", &all)
    };
    // A result of an earlier call says nothing of this one.
    case.did("f", Role::DP, "unit_result", &[("unit", "U-FIRE".into())]);
    case.did("t", Role::TC, "whistle", &[("units", "U-FIRE、U-HOUSE".into())]);
    let named = |units: &str| [("absent", Value::from(units)), ("absent_reason", "两次催办未到".into())];
    assert_eq!(conclude(&case, &[]).as_deref(), Some("all_told"));
    assert_eq!(conclude(&case, &named("U-HOUSE")).as_deref(), Some("all_told"));
    assert_eq!(conclude(&case, &named("U-HOUSE,U-FIRE")), None);
    case.did("f", Role::DP, "unit_result", &[("unit", "U-FIRE".into())]);
    assert_eq!(conclude(&case, &[]).as_deref(), Some("all_told"));
    assert_eq!(conclude(&case, &named("U-HOUSE")[..1]).as_deref(), Some("all_told"), "a reason is needed");
    assert_eq!(conclude(&case, &named("U-FIRE")).as_deref(), Some("all_told"));
    assert_eq!(conclude(&case, &named("U-HOUSE")), None);
    case.did("h", Role::DP, "unit_result", &[("unit", "U-HOUSE".into())]);
    assert_eq!(conclude(&case, &[]), None);
    assert_eq!(conclude(&case, &named("U-HOUSE")).as_deref(), Some("all_told"), "who came is not called absent");
}

#[test]
fn what_the_county_took_on_does_not_come_down() {
    let (gl, tc) = (("g", Role::GL, "G"), ("t", Role::TC, "T"));
    let reason = [("reason", Value::from("超出权限"))];
    let mut case = Case::new("accepted", "2");
    assert_eq!((case.refused(gl, "escalate", &reason), case.refused(tc, "escalate", &reason)), (None, None));
    let taken = |case: &mut Case, by: &str, role| {
        case.did(by, role, "accept", &[]);
        case.steps.last_mut().unwrap().from = "escalated".to_owned();
    };
    case.did("g", Role::GL, "escalate", &reason);
    taken(&mut case, "t", Role::TC);
    assert_eq!(case.refused(gl, "escalate", &reason).as_deref(), Some("kept_by"));
    assert_eq!(case.refused(tc, "escalate", &reason), None, "the town may still hand it up");
    case.did("t", Role::TC, "escalate", &reason);
    taken(&mut case, "c", Role::CC);
    assert_eq!(case.refused(gl, "escalate", &reason).as_deref(), Some("kept_by"));
    assert_eq!(case.refused(tc, "escalate", &reason).as_deref(), Some("kept_by"));
    // Reopened and accepted anew, it begins at the bottom again.
    case.did("g", Role::GL, "accept", &[]);
    assert_eq!(case.refused(gl, "escalate", &reason), None);
}

#[test]
fn a_written_agreement_is_attached_and_another_way_is_a_result() {
    let mut case = Case::new("mediating", "3");
    case.values.insert("type".to_owned(), "dispute".into());
    let md = ("xu", Role::MD, "G");
    let agree = [("both", Value::Bool(true)), ("content", "月底前修好".into())];
    assert_eq!(case.refused(md, "agree_written", &agree).as_deref(), Some("attached"));
    assert_eq!(case.refused(md, "agree_oral", &agree), None);
    case.sees = vec![Audience::Open];
    assert_eq!(case.refused(md, "agree_written", &agree), None, "who does not see it leaves it to the server");
    case.sees = Audience::ALL.to_vec();
    case.values.insert("agreement".to_owned(), "协议".into());
    assert_eq!(case.refused(md, "agree_written", &agree), None);
    let way = |told| [("way", Value::from("劳动仲裁")), ("told", Value::Bool(told))];
    let effect = case.act(md, "other_way", &way(true)).unwrap();
    assert_eq!((effect.to, &effect.set["result"]), (Some("failed"), &Value::from("other_way")));
    assert_eq!(case.refused(md, "other_way", &way(false)).as_deref(), Some("agreed"));
}
