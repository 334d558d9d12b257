//! Each row of every table: done where all it asks for is there, refused by role, by state and by each guard.

use std::collections::{BTreeMap, BTreeSet};

use wangge_core::model::{
    Audience, Millis, RecordId, Role, Schema, Scope, UserId, Value,
    flow::{Actor, Arg, ArgType, Args, Command, Effect, Facts, Flow, Guard, Row, Step, check, check_args, day, may},
    validate::Problem,
};

const NOW: Millis = Millis(1_772_928_000_000); // 2026-03-08 in China
const ME: &str = "me";

fn schema() -> &'static Schema {
    Schema::built_in()
}

/// Everything that a row asks for.
#[derive(Clone)]
struct World {
    state: String,
    values: BTreeMap<String, Value>,
    steps: Vec<Step>,
    args: Args,
    user: UserId,
    role: Role,
    scopes: Vec<Scope>,
    at: Millis,
    seen_at: Option<Millis>,
    checked_at: Option<Millis>,
}

fn step(flow: &Flow, command: &str, by: &str, role: Role) -> Step {
    Step {
        ulid: String::new(),
        of: String::new(),
        order: (1, 1),
        flow: flow.name.clone(),
        command: command.to_owned(),
        by: by.into(),
        role,
        at: NOW.plus(-Millis::DAY),
        accepted_at: NOW.plus(-Millis::DAY),
        from: String::new(),
        to: String::new(),
        args: Args::from([("units".to_owned(), "U1，U2".into()), ("unit".to_owned(), "U2".into())]),
    }
}

fn value_of(arg: &Arg) -> Value {
    match arg.arg_type {
        ArgType::Text => "说明".into(),
        ArgType::Code => schema().lists[arg.list.as_ref().unwrap()].codes[0].code.as_str().into(),
        ArgType::Date => Value::Text(day(NOW.plus(10 * Millis::DAY))),
        ArgType::Time => Value::Int(NOW.0 + 2 * Millis::DAY),
        ArgType::Bool => Value::Bool(true),
        ArgType::Record => Value::Text(RecordId([9; 16]).to_string()),
        ArgType::Unit => "U1".into(),
        ArgType::Units => "U1,U2".into(),
    }
}

impl World {
    fn fit(flow: &Flow, command: &Command, row: &Row) -> Self {
        let from = &row.from[0];
        let state = if from == "@open" { flow.open[0].clone() } else { from.clone() };
        let mut values: BTreeMap<String, Value> =
            row.when.iter().map(|(key, all)| (key.clone(), all[0].as_str().into())).collect();
        values.insert("owner_unit".to_owned(), "U1".into());
        values.insert("due_at".to_owned(), Value::Int(NOW.0 + Millis::DAY));
        values.insert("agreement".to_owned(), "01JP0000000000000000000001".into());
        let mut steps = Vec::new();
        if row.guards.contains(&Guard::Reporter) {
            steps.push(step(flow, "submit", ME, row.who[0]));
        }
        for guard in &row.guards {
            match guard {
                Guard::CalledUnit { by, .. } | Guard::AllTold { by, .. } => {
                    steps.push(step(flow, by, "other", Role::TC));
                }
                Guard::OwnWork(name) => steps.push(step(flow, name, ME, row.who[0])),
                Guard::Answers { ask, .. } => steps.push(step(flow, ask, "other", Role::DP)),
                Guard::WithinDays { after, .. } => steps.push(step(flow, &after[0], "other", Role::TC)),
                Guard::Above(name) => steps.push(step(flow, name, "other", Role::GL)),
                _ => {}
            }
        }
        Self {
            state,
            values,
            steps,
            args: command.args.iter().map(|arg| (arg.name.clone(), value_of(arg))).collect(),
            user: ME.into(),
            role: row.who[0],
            scopes: vec![Scope("U1".to_owned())],
            at: NOW,
            seen_at: None,
            checked_at: None,
        }
    }

    fn facts(&self) -> Facts<'_> {
        Facts {
            record: RecordId([1; 16]),
            state: &self.state,
            values: &self.values,
            sees: &Audience::ALL,
            steps: &self.steps,
            at: self.at,
            now: NOW,
            seen_at: self.seen_at,
            checked_at: self.checked_at,
        }
    }
    fn actor(&self) -> Actor<'_> {
        Actor { user: &self.user, role: self.role, scopes: &self.scopes }
    }
    fn check<'a>(&self, flow: &'a Flow, command: &'a Command) -> Result<Effect<'a>, Problem> {
        check(schema(), flow, command, &self.args, &self.facts(), self.actor())
    }
    fn rule(&self, flow: &Flow, command: &Command) -> Option<String> {
        self.check(flow, command).err().map(|problem| problem.rule)
    }

    /// The same where one guard does not hold.
    fn without(&self, flow: &Flow, command: &Command, guard: &Guard) -> Vec<Self> {
        let mut one = self.clone();
        match guard {
            Guard::OwnUnit => one.scopes.clear(),
            Guard::CalledUnit { arg, .. } => {
                one.scopes.push(Scope("U9".to_owned()));
                one.args.insert(arg.clone(), "U9".into());
            }
            Guard::OncePerUnit { arg, .. } => {
                let mut again = step(flow, &command.name, "other", Role::DP);
                again.args.insert(arg.clone(), self.args[arg].clone());
                one.steps.push(again);
            }
            Guard::Reporter => one.steps.insert(0, step(flow, "submit", "other", Role::GW)),
            Guard::NotOwnWork(names) => one.steps.push(step(flow, &names[0], ME, Role::DP)),
            Guard::NotHandler => one.steps.push(step(flow, "ask_extend", ME, Role::DP)),
            Guard::OwnWork(name) => one.steps.push(step(flow, name, "other", Role::GW)),
            Guard::Once => one.steps.push(step(flow, &command.name, "other", Role::DP)),
            Guard::Answers { .. } => one.steps.clear(),
            Guard::NotAsked { ask, .. } => one.steps.push(step(flow, ask, "other", Role::DP)),
            Guard::WithinDays { days, .. } => {
                let long = -(i64::from(*days) * Millis::DAY) - 1;
                one.steps.iter_mut().for_each(|step| step.accepted_at = NOW.plus(long));
            }
            Guard::NewDate(arg) => {
                let past = match self.args[arg] {
                    Value::Int(_) => Value::Int(NOW.0 - 1),
                    _ => Value::Text(day(NOW.plus(-Millis::DAY))),
                };
                one.args.insert(arg.clone(), past);
            }
            Guard::Later(arg) => {
                one.args.insert(arg.clone(), self.values["due_at"].clone());
            }
            Guard::Limit { arg, days, .. } => {
                let due = |value: &Value| if let Value::Int(due) = value { *due } else { 0 };
                let most = due(&self.values["due_at"]) + i64::from(*days) * Millis::DAY;
                one.args.insert(arg.clone(), Value::Int(most + 1));
            }
            Guard::InAll { arg, days, .. } => {
                one.steps.insert(0, step(flow, "submit", "other", Role::GW));
                one.args.insert(arg.clone(), Value::Int(NOW.0 + i64::from(*days - 1) * Millis::DAY + 1));
            }
            Guard::UnitOfCase(arg) => {
                one.args.insert(arg.clone(), "U9".into());
            }
            Guard::AllTold { absent, .. } => {
                one.args.remove(absent);
            }
            Guard::KeptBy { take, from } => {
                let taken = Step { from: from.clone(), ..step(flow, take, "other", Role::CC) };
                one.steps.push(taken);
            }
            Guard::Attached(key) => {
                one.values.remove(key);
            }
            Guard::Above(name) => one.steps.push(step(flow, name, "other", Role::CC)),
            Guard::Agreed(arg) => {
                one.args.insert(arg.clone(), Value::Bool(false));
            }
            Guard::Latest => one.seen_at = Some(NOW.plus(1)),
            Guard::NotCheckedLater => one.checked_at = Some(NOW.plus(1)),
        }
        vec![one]
    }
}

fn each(mut look: impl FnMut(&Flow, &Command, &Row, World)) {
    for flow in &schema().flows.all {
        for command in &flow.commands {
            for row in &command.rows {
                look(flow, command, row, World::fit(flow, command, row));
            }
        }
    }
}

fn name_of(guard: &Guard) -> String {
    match serde_json::to_value(guard).unwrap() {
        serde_json::Value::String(name) => name,
        other => other.as_object().unwrap().keys().next().unwrap().clone(),
    }
}

#[test]
fn every_row_can_be_done_by_each_of_its_roles_and_is_offered() {
    each(|flow, command, row, world| {
        for role in &row.who {
            let world = World { role: *role, ..world.clone() };
            // A step below is enough for the level above; the lowest level above a grid head is the town.
            let done = world.check(flow, command);
            let what = format!("{} {} {:?} {role}", flow.kind, command.name, row.from);
            let effect = done.unwrap_or_else(|problem| panic!("{what}: {}", problem.zh));
            assert!(effect.row.who.contains(role), "{what}");
            assert!(may(schema(), flow, command, &world.facts(), world.actor()), "{what}");
        }
    });
}

#[test]
fn every_row_is_refused_to_other_roles_and_in_other_states() {
    let mut by_state = 0;
    each(|flow, command, row, world| {
        let what = format!("{} {} {:?}", flow.kind, command.name, row.from);
        for role in Role::ALL.into_iter().filter(|role| !command.is_for(*role)) {
            let world = World { role, ..world.clone() };
            assert_eq!(world.rule(flow, command).as_deref(), Some("role"), "{what} {role}");
            assert!(!may(schema(), flow, command, &world.facts(), world.actor()), "{what} {role}");
        }
        let leads =
            |state: &str| command.rows.iter().any(|row| row.who.contains(&world.role) && flow.leads_from(row, state));
        for state in flow.states(schema()).into_iter().filter(|state| !leads(&state.code)) {
            let world = World { state: state.code.clone(), ..world.clone() };
            assert_eq!(world.rule(flow, command).as_deref(), Some("state"), "{what} in {}", state.code);
            by_state += 1;
        }
    });
    assert!(by_state > 500, "{by_state}");
}

#[test]
fn every_guard_of_every_row_refuses_by_its_name() {
    let mut seen = BTreeSet::new();
    each(|flow, command, row, world| {
        for guard in &row.guards {
            for one in world.without(flow, command, guard) {
                let other_row =
                    |other: &Row| other != row && other.who.contains(&world.role) && !other.guards.contains(guard);
                // Where another row takes the role without this guard, the command goes that way instead.
                let elsewhere = command.rows.iter().any(|o| other_row(o) && flow.leads_from(o, &world.state));
                match one.check(flow, command) {
                    Err(problem) if !elsewhere => {
                        assert_eq!(problem.rule, name_of(guard), "{} {}", flow.kind, command.name);
                        assert!(!problem.zh.is_empty() && !problem.en.is_empty());
                    }
                    Err(_) => {}
                    Ok(effect) => assert!(elsewhere && effect.row != row, "{} {} {guard:?}", flow.kind, command.name),
                }
            }
            seen.insert(name_of(guard));
        }
        let taken = |key: &str, code: &String| {
            let rows = command.rows.iter().filter(|other| other.who.contains(&world.role));
            rows.filter_map(|other| other.when.get(key)).any(|all| all.contains(code))
        };
        for key in row.when.keys() {
            let field = schema().kinds[&flow.kind].field(key).unwrap();
            let list = &schema().lists[field.list.as_ref().unwrap()];
            let Some(other) = list.codes.iter().find(|code| !taken(key, &code.code)) else { continue };
            let mut one = world.clone();
            one.values.insert(key.clone(), other.code.as_str().into());
            let open = command.rows.iter().any(|o| o.who.contains(&world.role) && !o.when.contains_key(key));
            let rule = one.rule(flow, command);
            assert!(open || rule.as_deref() == Some("when"), "{} {}: {rule:?}", flow.kind, command.name);
        }
    });
    assert_eq!(seen.len(), 23, "each guard is used: {seen:?}");
}

#[test]
fn every_argument_is_asked_for_and_judged_by_its_type() {
    each(|_, command, _, world| {
        for arg in &command.args {
            let mut lacks = world.args.clone();
            lacks.remove(&arg.name);
            assert_eq!(check_args(schema(), command, &lacks).is_ok(), arg.optional, "{}.{}", command.name, arg.name);
            let wrong = match arg.arg_type {
                ArgType::Time | ArgType::Bool => "2026".into(),
                _ => Value::Bytes(vec![1]),
            };
            lacks.insert(arg.name.clone(), wrong);
            assert!(check_args(schema(), command, &lacks).is_err(), "{}.{}", command.name, arg.name);
        }
        let mut more = world.args.clone();
        more.insert("no_such".to_owned(), 1.into());
        assert!(check_args(schema(), command, &more).is_err(), "{}", command.name);
    });
}

#[test]
fn a_red_report_offers_the_calls_first() {
    let (flow, _) = schema().flows.find(&"event".into(), "submit").unwrap();
    let submit = flow.command("submit").unwrap();
    let red = BTreeMap::from([("level".to_owned(), Value::from("1"))]);
    assert_eq!(submit.calls_for(&red), ["119", "110", "120", "gas"]);
    assert!(submit.calls_for(&BTreeMap::new()).is_empty());
}

#[test]
fn a_record_cannot_become_an_alias_of_itself() {
    let (flow, merge) = schema().flows.find(&"resident".into(), "merge").unwrap();
    let mut world = World::fit(flow, merge, &merge.rows[0]);
    world.args.insert("into".to_owned(), Value::Text(RecordId([1; 16]).to_string()));
    assert_eq!(world.rule(flow, merge).as_deref(), Some("args"));
}
