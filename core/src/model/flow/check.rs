//! Whether a command may be done, and what it does then. One answer for phone, guard and server.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Arg, ArgType, Args, Command, Flow, Given, Guard, INTENT, Intent, MAX_INTENT, Row, Step, day, says, ulid_of,
};
use crate::model::{
    Audience, Kind, Millis, RecordId, Role, Schema, Scope, UserId, Value,
    validate::{Problem, is_date},
};

/// Longest text of an argument in characters.
const MAX_TEXT: usize = 500;
/// Longest name of a unit, and most units in one argument.
const MAX_UNIT: usize = 64;
const MOST_UNITS: usize = 20;

/// The unit in charge, and when it is due.
const OWNER: &str = "owner_unit";
const DUE: &str = "due_at";

/// Who wants it.
#[derive(Clone, Copy, Debug)]
pub struct Actor<'a> {
    /// The person.
    pub user: &'a UserId,
    /// In which role.
    pub role: Role,
    /// Grids and units in which the person works in that role.
    pub scopes: &'a [Scope],
}

/// What is known of the record where a command is judged.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The record.
    pub record: RecordId,
    /// Its state in the command's flow.
    pub state: &'a str,
    /// Values in force, of all documents that are here; of a set one of those that are in it.
    pub values: &'a BTreeMap<String, Value>,
    /// Audiences that the asking side holds; conditions about others are left to the server.
    pub sees: &'a [Audience],
    /// What was done so far, in order.
    pub steps: &'a [Step],
    /// When it was seen or done.
    pub at: Millis,
    /// Now; on the server the time of acceptance.
    pub now: Millis,
    /// Latest observation of the record by anybody, where that is known.
    pub seen_at: Option<Millis>,
    /// Latest inspection that names the record, where that is known.
    pub checked_at: Option<Millis>,
}

/// What a command does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect<'a> {
    /// The row of the table.
    pub row: &'a Row,
    /// State it leads to; absent where it stays.
    pub to: Option<&'a str>,
    /// Fields and what they become. [`Given::Number`] is left out: the server knows it.
    pub set: BTreeMap<String, Value>,
    /// Fields that want a number of the county.
    pub numbers: Vec<String>,
    /// An entry for a log: field and text.
    pub append: Option<(String, String)>,
    /// Units that the record goes to.
    pub routes: Vec<Scope>,
    /// It takes back a slip: records that are parted so are not said to be different.
    pub slip: bool,
}

/// Checks a command against the table. The sentence of a [`Problem`] can stand on a screen; its rule is `command`,
/// `args`, `role`, `when`, `state` or the name of a guard.
pub fn check<'a>(
    schema: &Schema,
    flow: &'a Flow,
    command: &'a Command,
    args: &Args,
    facts: &Facts<'_>,
    actor: Actor<'_>,
) -> Result<Effect<'a>, Problem> {
    let kind = &schema.kinds[&flow.kind];
    if !command.is_for(actor.role) {
        return Err(says::role(command, actor.role));
    }
    check_args(schema, command, args)?;
    if command.joins.as_ref().and_then(|arg| args.get(arg)).and_then(Value::text) == Some(&facts.record.to_string()) {
        return Err(says::args("不能并入自己", "a record cannot be merged into itself"));
    }
    let case = Case { schema, kind, flow, command, args, facts, actor, asked: true };
    let row = case.row()?;
    Ok(case.effect(row))
}

/// Whether a person may do a command now, as far as that can be said before its arguments are known: what a screen
/// offers.
pub fn may(schema: &Schema, flow: &Flow, command: &Command, facts: &Facts<'_>, actor: Actor<'_>) -> bool {
    let (kind, args) = (&schema.kinds[&flow.kind], &Args::new());
    Case { schema, kind, flow, command, args, facts, actor, asked: false }.row().is_ok()
}

/// Whether the table leads from one state to another by a command, whoever did it. What the server has decided under
/// conditions that nobody can look up later is judged by this alone.
pub fn allows(flow: &Flow, command: &Command, from: &str, to: &str) -> bool {
    command.rows.iter().any(|row| flow.leads_from(row, from) && row.to.as_deref().unwrap_or_default() == to)
}

/// Checks a document key and value as an intent: what the guard can know without the record.
pub fn check_intent(
    schema: &Schema,
    kind: &Kind,
    audience: Audience,
    role: Role,
    key: &str,
    value: &Value,
) -> Result<Intent, Problem> {
    let bad = |zh: &str, en: &str| Problem::block(INTENT, "command", zh, en);
    if ulid_of(key, INTENT).is_none() {
        return Err(bad("操作编号写法有误", "the key of a command is malformed"));
    }
    let intent = value.text().filter(|text| text.len() <= MAX_INTENT).and_then(|_| Intent::from_value(value));
    let Some(intent) = intent else {
        return Err(bad("操作内容写法有误或过长", "a command is malformed or too long"));
    };
    let found = schema.flows.find(&kind.name, &intent.command);
    let Some((_, command)) = found.filter(|(flow, command)| command.audience(flow) == audience) else {
        return Err(bad("这类记录在此没有这个操作", "there is no such command here"));
    };
    if !command.is_for(role) {
        return Err(says::role(command, role));
    }
    check_args(schema, command, &intent.args)?;
    Ok(intent)
}

/// Checks the arguments of a command by their types.
pub fn check_args(schema: &Schema, command: &Command, args: &Args) -> Result<(), Problem> {
    if let Some(name) = args.keys().find(|name| command.arg(name).is_none()) {
        let name: String = name.chars().take(32).collect();
        return Err(says::args(
            &format!("“{}”没有“{name}”这一项", command.zh),
            &format!("there is no argument {name}"),
        ));
    }
    for arg in &command.args {
        match args.get(&arg.name).filter(|value| !value.is_null()) {
            None if arg.optional => {}
            None => return Err(says::args(&format!("请填写{}", arg.zh), &format!("{} is required", arg.en))),
            Some(value) if fits(schema, arg, value) => {}
            Some(_) => {
                return Err(says::args(&format!("{}填写有误", arg.zh), &format!("{} is not valid", arg.en)));
            }
        }
    }
    Ok(())
}

fn fits(schema: &Schema, arg: &Arg, value: &Value) -> bool {
    match (arg.arg_type, value) {
        (ArgType::Bool, Value::Bool(_)) | (ArgType::Time, Value::Int(_)) => true,
        (_, Value::Text(text)) => match arg.arg_type {
            ArgType::Text => {
                let odd = |c: char| c.is_control() && c != '\n';
                !text.trim().is_empty() && text.chars().count() <= MAX_TEXT && !text.chars().any(odd)
            }
            ArgType::Code => {
                arg.list.as_ref().and_then(|list| schema.lists.get(list)).is_some_and(|list| list.get(text).is_some())
            }
            ArgType::Date => text.len() == 10 && is_date(text),
            ArgType::Record => text.parse::<RecordId>().is_ok_and(|id| id.to_string() == *text),
            ArgType::Unit => is_unit(text),
            ArgType::Units => {
                let all = units(text);
                (1..=MOST_UNITS).contains(&all.len()) && all.iter().all(|unit| is_unit(&unit.0))
            }
            ArgType::Bool | ArgType::Time => false,
        },
        _ => false,
    }
}

fn is_unit(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_UNIT && !text.chars().any(|c| c.is_control() || c.is_whitespace() || c == ',')
}

fn time(value: Option<&Value>) -> Option<i64> {
    match value {
        Some(Value::Int(time)) => Some(*time),
        _ => None,
    }
}

/// The units of an argument.
fn units(text: &str) -> Vec<Scope> {
    text.split([',', '，', '、']).map(|unit| Scope(unit.trim().to_owned())).collect()
}

/// One command on one record.
struct Case<'c, 'a> {
    schema: &'c Schema,
    kind: &'c Kind,
    flow: &'a Flow,
    command: &'a Command,
    args: &'c Args,
    facts: &'c Facts<'c>,
    actor: Actor<'c>,
    /// Whether the arguments are known; otherwise conditions about them hold.
    asked: bool,
}

impl<'a> Case<'_, 'a> {
    /// The first row that fits; otherwise what the row that came furthest asks for.
    fn row(&self) -> Result<&'a Row, Problem> {
        let mut nearest: Option<(u8, Problem)> = None;
        for row in self.command.rows.iter().filter(|row| row.who.contains(&self.actor.role)) {
            match self.judge(row) {
                Ok(()) => return Ok(row),
                Err((far, problem)) if nearest.as_ref().is_none_or(|(known, _)| far > *known) => {
                    nearest = Some((far, problem));
                }
                Err(_) => {}
            }
        }
        Err(nearest.map_or_else(|| says::role(self.command, self.actor.role), |(_, problem)| problem))
    }

    fn judge(&self, row: &Row) -> Result<(), (u8, Problem)> {
        if !self.flow.leads_from(row, self.facts.state) {
            return Err((1, says::state(self.schema, self.flow, self.command, self.facts.state)));
        }
        for (key, values) in &row.when {
            let Some(field) = self.kind.field(key).filter(|field| self.facts.sees.contains(&field.audience)) else {
                continue;
            };
            let value = self.facts.values.get(key).and_then(Value::text).unwrap_or_default();
            if !values.iter().any(|known| known == value) {
                return Err((2, says::when(self.schema, field, self.command, values, self.actor.role)));
            }
        }
        let failed = row.guards.iter().find(|guard| !self.holds(guard));
        failed.map_or(Ok(()), |guard| Err((3, says::guard(self.flow, self.command, guard))))
    }

    fn text(&self, arg: &str) -> Option<&str> {
        self.args.get(arg).and_then(Value::text)
    }
    /// The last step of one of these commands, with its place.
    fn last<'s>(&'s self, commands: &[&str]) -> Option<(usize, &'s Step)> {
        let mut steps = self.facts.steps.iter().enumerate();
        steps.rfind(|(_, step)| step.flow == self.flow.name && commands.contains(&step.command.as_str()))
    }
    fn own_steps(&self) -> impl Iterator<Item = &Step> {
        self.facts.steps.iter().filter(|step| step.flow == self.flow.name)
    }

    fn holds(&self, guard: &Guard) -> bool {
        let (facts, actor) = (self.facts, self.actor);
        match guard {
            Guard::OwnUnit => self.works_in_charge(),
            Guard::CalledUnit { .. }
            | Guard::OncePerUnit { .. }
            | Guard::NewDate(_)
            | Guard::Later(_)
            | Guard::Limit { .. }
            | Guard::InAll { .. }
            | Guard::UnitOfCase(_)
            | Guard::AllTold { .. }
            | Guard::Agreed(_)
                if !self.asked =>
            {
                true
            }
            Guard::CalledUnit { arg, by } => self.is_called(arg, by),
            Guard::OncePerUnit { arg, by } => {
                let since = self.last(&[by]).map_or(0, |(at, _)| at);
                let again = |step: &Step| step.command == self.command.name && step.args.get(arg) == self.args.get(arg);
                !facts.steps.iter().skip(since).any(again)
            }
            Guard::Reporter => self.own_steps().next().is_some_and(|first| first.by == *actor.user),
            Guard::NotOwnWork(commands) => {
                !self.own_steps().any(|step| step.by == *actor.user && commands.contains(&step.command))
            }
            Guard::NotHandler => !self.own_steps().any(|step| step.by == *actor.user && self.is_work(step)),
            Guard::OwnWork(command) => self.last(&[command]).is_some_and(|(_, step)| step.by == *actor.user),
            Guard::Once => !self.own_steps().any(|step| step.command == self.command.name),
            Guard::Answers { ask, by } => self.is_asked(ask, by),
            Guard::NotAsked { ask, by } => !self.is_asked(ask, by),
            Guard::WithinDays { after, days } => {
                let after: Vec<&str> = after.iter().map(String::as_str).collect();
                let limit = i64::from(*days) * Millis::DAY;
                self.last(&after).is_some_and(|(_, step)| facts.now <= step.accepted_at.plus(limit))
            }
            Guard::NewDate(arg) => match self.args.get(arg) {
                Some(Value::Text(date)) => *date >= day(facts.now),
                Some(Value::Int(time)) => *time > facts.now.0,
                _ => true,
            },
            Guard::Later(arg) => self.time(arg).zip(self.due()).is_none_or(|(new, due)| new > due),
            Guard::Limit { arg, of, days } => {
                let set = self.last(&[of]).and_then(|(_, step)| time(step.args.get(DUE)));
                self.is_within(arg, set.or_else(|| self.due()), *days)
            }
            Guard::InAll { arg, since, days } => {
                let since: Vec<&str> = since.iter().map(String::as_str).collect();
                let begun = self.last(&since).map(|(_, step)| step).or_else(|| self.own_steps().next());
                self.is_within(arg, begun.map(|step| step.accepted_at.0), *days)
            }
            Guard::UnitOfCase(arg) => self.text(arg).is_some_and(|unit| self.is_of_case(unit)),
            Guard::AllTold { by, told, absent, reason } => self.are_told(by, told, absent, reason),
            Guard::KeptBy { take, from } => {
                let taken = self.last(&[take]).filter(|(_, step)| step.from == *from);
                taken.is_none_or(|(_, step)| actor.role.rank() >= step.role.rank())
            }
            Guard::Attached(key) => {
                let seen = self.kind.field(key).is_some_and(|field| facts.sees.contains(&field.audience));
                !seen || facts.values.get(key).is_some_and(|value| !value.is_null())
            }
            Guard::Above(command) => self.last(&[command]).is_none_or(|(_, step)| actor.role.rank() > step.role.rank()),
            Guard::Agreed(arg) => self.args.get(arg) == Some(&Value::Bool(true)),
            Guard::Latest => facts.seen_at.is_none_or(|seen| facts.at >= seen),
            Guard::NotCheckedLater => facts.checked_at.is_none_or(|checked| facts.at >= checked),
        }
    }

    fn is_called(&self, arg: &str, by: &str) -> bool {
        let Some(unit) = self.text(arg) else { return false };
        let called = self.last(&[by]).and_then(|(_, step)| step.args.get("units").and_then(Value::text));
        called.is_some_and(|all| units(all).iter().any(|one| one.0 == unit))
            && self.actor.scopes.iter().any(|scope| scope.0 == unit)
    }

    fn is_asked(&self, ask: &str, by: &[String]) -> bool {
        let all: Vec<&str> = std::iter::once(ask).chain(by.iter().map(String::as_str)).collect();
        self.last(&all).is_some_and(|(_, step)| step.command == ask)
    }

    fn time(&self, arg: &str) -> Option<i64> {
        time(self.args.get(arg))
    }
    fn due(&self) -> Option<i64> {
        time(self.facts.values.get(DUE))
    }
    fn is_within(&self, arg: &str, from: Option<i64>, days: u16) -> bool {
        let most = from.map(|from| from.saturating_add(i64::from(days) * Millis::DAY));
        self.time(arg).zip(most).is_none_or(|(new, most)| new <= most)
    }

    fn works_in_charge(&self) -> bool {
        let unit = self.facts.values.get(OWNER).and_then(Value::text);
        unit.is_some_and(|unit| self.actor.scopes.iter().any(|scope| scope.0 == unit))
    }

    /// Whether a step was work on the case: done for a unit, or what brought it where it stands. A step says in which
    /// role it was done, not by which row: where a role may do it for the unit and also from above, whoever works in
    /// the unit in charge did it for the unit.
    fn is_work(&self, step: &Step) -> bool {
        let from_here = |row: &&Row| step.from.is_empty() || self.flow.leads_from(row, &step.from);
        let rows = self.flow.command(&step.command).into_iter().flat_map(|command| &command.rows);
        let mut fit =
            rows.filter(|row| row.who.contains(&step.role)).filter(from_here).map(Row::is_for_unit).peekable();
        let known = fit.peek().is_some();
        let (any, all) = fit.fold((false, known), |(any, all), one| (any || one, all && one));
        all || any && self.works_in_charge() || step.to == self.facts.state
    }

    /// Whether a unit is in charge, helps, or was called.
    fn is_of_case(&self, unit: &str) -> bool {
        let sent_for = |step: &Step| {
            let command = self.flow.command(&step.command)?;
            let beside = |name: &&String| command.arg(name).is_some_and(|arg| arg.arg_type == ArgType::Units);
            let mut named = command.routes.iter().filter(beside).filter_map(|name| step.args.get(name)?.text());
            named.any(|all| units(all).iter().any(|one| one.0 == unit)).then_some(())
        };
        let in_charge = self.facts.values.get(OWNER).and_then(Value::text) == Some(unit);
        in_charge || self.own_steps().any(|step| sent_for(step).is_some())
    }

    /// Whether the units without a result are those that the arguments name, and a reason stands beside them.
    fn are_told(&self, by: &str, told: &str, absent: &str, reason: &str) -> bool {
        let Some((at, call)) = self.last(&[by]) else { return false };
        let set = |text: Option<&str>| text.map(units).unwrap_or_default().into_iter().collect::<BTreeSet<Scope>>();
        let answers = self.facts.steps.iter().skip(at).filter(|step| step.command == told);
        let answered: BTreeSet<Scope> =
            answers.flat_map(|step| set(step.args.get("unit").and_then(Value::text))).collect();
        let called = set(call.args.get("units").and_then(Value::text));
        let missing: BTreeSet<Scope> = called.difference(&answered).cloned().collect();
        missing == set(self.text(absent)) && (missing.is_empty() || self.text(reason).is_some())
    }

    fn effect(&self, row: &'a Row) -> Effect<'a> {
        let (mut set, mut numbers) = (BTreeMap::new(), Vec::new());
        let missing = |key: &String| self.facts.values.get(key).is_none_or(Value::is_null);
        let first = self.command.first.iter().filter(|(key, _)| missing(key));
        for (key, given) in self.command.set.iter().chain(first) {
            let value = match Given::read(given) {
                Given::Plain(text) => Value::from(text),
                // A resident reports, and handles nothing.
                Given::Author if self.actor.role == Role::RS => continue,
                Given::Author => Value::Text(self.actor.user.0.clone()),
                Given::None => Value::Null,
                Given::Today(days) => Value::Text(day(self.facts.now.plus(i64::from(days) * Millis::DAY))),
                Given::Number => {
                    numbers.push(key.clone());
                    continue;
                }
                Given::Later(name) => match self.time(name) {
                    Some(new) if time(self.facts.values.get(key)).is_none_or(|old| new > old) => Value::Int(new),
                    // The later one stays.
                    _ => continue,
                },
                Given::Arg(name) => match self.args.get(name) {
                    Some(value) => value.clone(),
                    // What an optional argument does not say stays as it is.
                    None => continue,
                },
            };
            set.insert(key.clone(), value);
        }
        let append = self.command.append.as_ref().map(|append| {
            let parts = append.args.iter().filter_map(|name| {
                let (arg, value) = (self.command.arg(name)?, self.args.get(name)?);
                Some(says::value(self.schema, arg, value, true))
            });
            (append.field.clone(), parts.collect::<Vec<_>>().join("；"))
        });
        let routes = self.command.routes.iter().filter_map(|arg| self.text(arg)).flat_map(units).collect();
        let slip = self.args.get("again") == Some(&Value::Bool(true));
        Effect { row, to: row.to.as_deref(), set, numbers, append, routes, slip }
    }
}
