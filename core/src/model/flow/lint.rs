//! Checks of `flow.toml` that no single line shows: states, roles, arguments, fields and labels.

use std::collections::BTreeSet;

use super::{Arg, ArgType, Command, Flow, Flows, Given, Guard, Offline, Row};
use crate::model::{Audience, Field, FieldType, Kind, Role, Rule, Schema, lint::Report};

/// Checks all flows against kinds, lists and access.
pub(in crate::model) fn check_flows(report: &mut Report<'_>, schema: &Schema, flows: &Flows) {
    let mut names = BTreeSet::new();
    for (n, flow) in flows.all.iter().enumerate() {
        report.at(&[("flow", n)]);
        report.key(&flow.name);
        report.labels(&flow.name, &flow.zh, &flow.en);
        report.check(
            names.insert((&flow.kind, &flow.name)),
            || format!("{} 的流程 {} 重复", flow.kind, flow.name),
            || format!("flow {} of {} stands twice", flow.name, flow.kind),
        );
        let Some(kind) = schema.kinds.get(&flow.kind) else {
            report.add(
                format!("流程 {}：没有记录类型 {}", flow.name, flow.kind),
                format!("flow {}: there is no kind {}", flow.name, flow.kind),
            );
            continue;
        };
        check_flow(report, schema, kind, (n, flow));
        report.at(&[("flow", n)]);
        let others = flows.all.iter().filter(|other| other.kind == flow.kind && other.name != flow.name);
        for name in others.flat_map(|other| &other.commands).map(|command| &command.name) {
            report.check(
                flow.command(name).is_none(),
                || format!("{} 的操作 {name} 在两个流程中重复", flow.kind),
                || format!("command {name} of {} stands in two flows", flow.kind),
            );
        }
    }
    for (n, twin) in flows.twins.iter().enumerate() {
        report.at(&[("twin", n)]);
        let text = |kind: &Kind, key: &str| kind.field(key).is_some_and(|field| field.value_type == FieldType::Text);
        let named = |kind: &Kind| text(kind, &twin.key) && text(kind, &twin.address);
        report.check(
            schema.kinds.get(&twin.kind).is_some_and(named)
                && flows.find(&twin.kind, "merge").is_some_and(|(_, merge)| merge.joins.is_some()),
            || format!("twin：{} 缺文字字段 {}、{} 或操作 merge", twin.kind, twin.key, twin.address),
            || format!("twin: {} lacks the texts {} and {}, or the command merge", twin.kind, twin.key, twin.address),
        );
    }
    for (n, follow) in flows.routes.iter().enumerate() {
        report.at(&[("route", n)]);
        let names = |kind: &Kind| kind.field(&follow.field).is_some_and(|field| field.value_type == FieldType::Ref);
        for kind in std::iter::once(&follow.kind).chain(&follow.with) {
            report.check(
                schema.kinds.get(kind).is_some_and(names),
                || format!("route：{kind} 没有引用字段 {}", follow.field),
                || format!("route: {kind} has no field {} that refers to a record", follow.field),
            );
        }
    }
}

fn check_flow(report: &mut Report<'_>, schema: &Schema, kind: &Kind, (n, flow): (usize, &Flow)) {
    let name = &flow.name;
    for audience in flow.audiences() {
        report.check(
            kind.audiences().contains(&audience),
            || format!("流程 {name}：{} 没有 {audience} 部分", kind.name),
            || format!("flow {name}: {} has no document in {audience}", kind.name),
        );
    }
    if let Some(key) = &flow.field {
        let field = flow.state_field(kind);
        report.check(
            field.is_some_and(|f| f.value_type == FieldType::Code && f.audience == flow.audience),
            || format!("流程 {name}：状态字段 {key} 应为同一范围的代码字段"),
            || format!("flow {name}: {key} must be a code field of its audience"),
        );
        report.check(
            flow.states.is_empty(),
            || format!("流程 {name}：状态由 {key} 的代码表规定"),
            || format!("flow {name}: its states are the codes of {key}"),
        );
    }
    for state in &flow.states {
        report.key(&state.code);
        report.labels(&state.code, &state.zh, &state.en);
    }
    check_states(report, schema, kind, flow);
    let mut names = BTreeSet::new();
    for (m, command) in flow.commands.iter().enumerate() {
        report.at(&[("flow", n), ("command", m)]);
        report.check(
            names.insert(&command.name),
            || format!("流程 {name}：操作 {} 重复", command.name),
            || format!("flow {name}: command {} stands twice", command.name),
        );
        check_command(report, schema, kind, flow, command);
    }
}

/// Every state named is known, every known one can be reached, and each leads on or is an end.
fn check_states(report: &mut Report<'_>, schema: &Schema, kind: &Kind, flow: &Flow) {
    let known: BTreeSet<String> = flow.states(schema).into_iter().map(|state| state.code).collect();
    let rows = || flow.commands.iter().flat_map(|command| &command.rows);
    let named = rows().flat_map(|row| row.from.iter().chain(&row.to)).filter(|state| *state != "@open");
    let all = named.chain(&flow.open).chain(&flow.ends).chain([&flow.start]);
    for state in all.collect::<BTreeSet<_>>() {
        report.check(
            known.contains(state),
            || format!("流程 {}：没有状态 {state}", flow.name),
            || format!("flow {}: there is no state {state}", flow.name),
        );
    }
    let by_hand = flow.state_field(kind).filter(|_| !flow.is_closed(kind));
    let mut reached: BTreeSet<&str> = match by_hand {
        // People put these codes themselves, all but those that only a command may set.
        Some(_) => known
            .iter()
            .map(String::as_str)
            .filter(|state| !rows().any(|row| row.to.as_deref() == Some(*state)))
            .collect(),
        None => BTreeSet::new(),
    };
    reached.insert(&flow.start);
    loop {
        let before = reached.len();
        let next: Vec<&str> = rows()
            .filter(|row| reached.iter().any(|state| flow.leads_from(row, state)))
            .filter_map(|row| row.to.as_deref())
            .collect();
        reached.extend(next);
        if reached.len() == before {
            break;
        }
    }
    for state in known.iter().filter(|state| !reached.contains(state.as_str())) {
        report.add(
            format!("流程 {}：没有操作能到达状态 {state}", flow.name),
            format!("flow {}: nothing leads to the state {state}", flow.name),
        );
    }
    if by_hand.is_some() {
        return;
    }
    for state in &known {
        let leads = rows().any(|row| row.to.is_some() && flow.leads_from(row, state));
        report.check(
            leads || flow.ends.contains(state),
            || format!("流程 {}：状态 {state} 没有出路，也不是终点 ends", flow.name),
            || format!("flow {}: nothing leads on from {state}, and it is no end", flow.name),
        );
    }
}

fn check_command(report: &mut Report<'_>, schema: &Schema, kind: &Kind, flow: &Flow, command: &Command) {
    let name = &command.name;
    report.key(name);
    report.labels(name, &command.zh, &command.en);
    report.innocent(name, &[("zh", &command.zh), ("en", &command.en)]);
    report.check(!command.rows.is_empty(), || format!("{name}：没有 row"), || format!("{name}: it has no row"));
    let mut names = BTreeSet::new();
    for arg in &command.args {
        report.check(
            names.insert(&arg.name),
            || format!("{name}：参数 {} 重复", arg.name),
            || format!("{name}: argument {} stands twice", arg.name),
        );
        check_arg(report, schema, name, arg);
    }
    for row in &command.rows {
        check_row(report, schema, kind, flow, command, row);
    }
    for (key, given) in command.set.iter().chain(&command.first) {
        check_set(report, schema, kind, flow, command, (key, given));
    }
    if let Some(append) = &command.append {
        report.check(
            kind.field(&append.field).is_some_and(|field| field.rule == Rule::Log),
            || format!("{name}：append 的 {} 不是 log 字段", append.field),
            || format!("{name}: {} is no log", append.field),
        );
    }
    let typed = |names: &[String], types: &[ArgType]| {
        names.iter().all(|arg| command.arg(arg).is_some_and(|arg| types.contains(&arg.arg_type)))
    };
    let joins: Vec<String> = command.joins.iter().cloned().collect();
    let appended = command.append.as_ref().map(|append| append.args.clone()).unwrap_or_default();
    report.check(
        typed(&command.routes, &[ArgType::Unit, ArgType::Units])
            && typed(&joins, &[ArgType::Record])
            && appended.iter().all(|arg| command.arg(arg).is_some()),
        || format!("{name}：routes、joins 或 append 所指的参数不存在或类型不对"),
        || format!("{name}: routes, joins or append name an argument that is missing or of another type"),
    );
    report.check(
        command.parts.as_ref().is_none_or(|key| {
            kind.field(key).is_some_and(|field| field.value_type == FieldType::Ref)
                && kind.field("distinct").is_some_and(|field| field.rule == Rule::Set)
        }),
        || format!("{name}：parts 需要引用字段和集合字段 distinct"),
        || format!("{name}: parts needs a reference, and a set named distinct"),
    );
}

fn check_arg(report: &mut Report<'_>, schema: &Schema, command: &str, arg: &Arg) {
    let what = format!("{command}.{}", arg.name);
    report.key(&arg.name);
    report.labels(&what, &arg.zh, &arg.en);
    report.innocent(&what, &[("arg", &arg.name), ("arg", &arg.zh), ("arg", &arg.en)]);
    report.check(
        arg.name != "do",
        || format!("{what}：名称 do 为系统保留"),
        || format!("{what}: the name do is reserved"),
    );
    report.check(
        (arg.arg_type == ArgType::Code) == arg.list.is_some()
            && arg.list.as_ref().is_none_or(|list| schema.lists.contains_key(list)),
        || format!("{what}：代码类型须有存在的 list，其他类型没有"),
        || format!("{what}: a code needs a list that is there, and nothing else has one"),
    );
}

fn check_row(report: &mut Report<'_>, schema: &Schema, kind: &Kind, flow: &Flow, command: &Command, row: &Row) {
    let name = &command.name;
    report.check(!row.who.is_empty(), || format!("{name}：没有人能操作"), || format!("{name}: nobody may do it"));
    report.check(!row.from.is_empty(), || format!("{name}：缺 from"), || format!("{name}: it leads from nowhere"));
    report.check(
        command.offline != Offline::Provisional || row.to.is_some(),
        || format!("{name}：provisional 的操作须有 to"),
        || format!("{name}: what is provisional must lead somewhere"),
    );
    let audience = command.audience(flow);
    let on_phones = |role: &Role| command.offline != Offline::No && !outside(*role);
    for role in row.who.iter().filter(|role| on_phones(role) && !receives(schema, **role, audience)) {
        report.add(
            format!("{name}：{}（{role}）的手机不接收 {audience}", role.zh()),
            format!("{name}: phones of {role} do not receive {audience}"),
        );
    }
    for (key, values) in &row.when {
        let list = kind.field(key).and_then(|field| schema.lists.get(field.list.as_ref()?));
        report.check(
            list.is_some_and(|list| values.iter().all(|value| list.get(value).is_some())) && !values.is_empty(),
            || format!("{name}：when 的 {key} 不是代码字段，或值不在代码表中"),
            || format!("{name}: when names {key}, which is no code field with these values"),
        );
    }
    for guard in &row.guards {
        check_guard(report, schema, flow, command, guard);
    }
}

/// Residents use pages of the server, never a phone of ours.
fn outside(role: Role) -> bool {
    role == Role::RS
}

fn receives(schema: &Schema, role: Role, audience: Audience) -> bool {
    schema.receives(role, audience)
}

/// Commands and arguments that a guard names are there.
fn check_guard(report: &mut Report<'_>, schema: &Schema, flow: &Flow, command: &Command, guard: &Guard) {
    let (mut commands, mut args): (Vec<&String>, Vec<(&String, &[ArgType])>) = (Vec::new(), Vec::new());
    let (mut state, mut field): (Option<&String>, Option<&String>) = (None, None);
    match guard {
        Guard::CalledUnit { arg, by } | Guard::OncePerUnit { arg, by } => {
            commands.push(by);
            args.push((arg, &[ArgType::Unit]));
        }
        Guard::NotOwnWork(names) | Guard::WithinDays { after: names, .. } => commands.extend(names),
        Guard::InAll { arg, since, .. } => {
            commands.extend(since);
            args.push((arg, &[ArgType::Time]));
        }
        Guard::Limit { arg, of, .. } => {
            commands.push(of);
            args.push((arg, &[ArgType::Time]));
        }
        Guard::AllTold { by, told, absent, reason } => {
            commands.extend([by, told]);
            args.extend([(absent, &[ArgType::Units] as &[ArgType]), (reason, &[ArgType::Text])]);
        }
        Guard::KeptBy { take, from } => {
            commands.push(take);
            state = Some(from);
        }
        Guard::Attached(key) => field = Some(key),
        Guard::UnitOfCase(arg) => args.push((arg, &[ArgType::Unit])),
        Guard::OwnWork(name) | Guard::Above(name) => commands.push(name),
        Guard::Answers { ask, by } | Guard::NotAsked { ask, by } => {
            commands.push(ask);
            commands.extend(by);
        }
        Guard::NewDate(arg) => args.push((arg, &[ArgType::Date, ArgType::Time])),
        Guard::Later(arg) => args.push((arg, &[ArgType::Time])),
        Guard::Agreed(arg) => args.push((arg, &[ArgType::Bool])),
        Guard::OwnUnit | Guard::NotHandler | Guard::Reporter | Guard::Once | Guard::Latest | Guard::NotCheckedLater => {
        }
    }
    report.check(
        state.is_none_or(|state| flow.states(schema).iter().any(|known| known.code == *state)),
        || format!("{}：条件所指的状态不存在", command.name),
        || format!("{}: a guard names a state that is not there", command.name),
    );
    report.check(
        field.is_none_or(|field| schema.kinds.get(&flow.kind).is_some_and(|kind| kind.field(field).is_some())),
        || format!("{}：条件所指的字段不存在", command.name),
        || format!("{}: a guard names a field that is not there", command.name),
    );
    for other in commands {
        report.check(
            flow.command(other).is_some(),
            || format!("{}：条件所指的操作 {other} 不存在", command.name),
            || format!("{}: a guard names the command {other}, which is not there", command.name),
        );
    }
    for (arg, types) in args {
        report.check(
            command.arg(arg).is_some_and(|arg| types.contains(&arg.arg_type)),
            || format!("{}：条件所指的参数 {arg} 不存在或类型不对", command.name),
            || format!("{}: a guard names the argument {arg}, which is missing or of another type", command.name),
        );
    }
}

/// A field that a command sets is there, in reach, and of the type of what it gets.
fn check_set(
    report: &mut Report<'_>,
    schema: &Schema,
    kind: &Kind,
    flow: &Flow,
    command: &Command,
    (key, given): (&String, &String),
) {
    let field = kind.field(key).filter(|field| !matches!(field.rule, Rule::Set | Rule::Log));
    let reached = |field: &&Field| [flow.audience, command.audience(flow)].contains(&field.audience);
    let fits = field.filter(reached).is_some_and(|field| match Given::read(given) {
        Given::Plain(text) => match &field.list {
            Some(list) => schema.lists.get(list).is_some_and(|list| list.get(text).is_some()),
            None => field.value_type == FieldType::Text,
        },
        Given::Author | Given::Number => field.value_type == FieldType::Text,
        Given::None => true,
        Given::Today(_) => field.value_type == FieldType::Date,
        Given::Arg(name) => command.arg(name).is_some_and(|arg| arg_fits(arg, field)),
        Given::Later(name) => {
            field.value_type == FieldType::Time && command.arg(name).is_some_and(|arg| arg_fits(arg, field))
        }
    });
    report.check(
        fits,
        || format!("{}：set 的 {key} = {given} 不成立", command.name),
        || format!("{}: it cannot set {key} to {given}", command.name),
    );
}

fn arg_fits(arg: &Arg, field: &Field) -> bool {
    match arg.arg_type {
        ArgType::Text | ArgType::Units => field.value_type == FieldType::Text,
        ArgType::Unit => matches!(field.value_type, FieldType::Text | FieldType::Region),
        ArgType::Code => field.value_type == FieldType::Code && field.list == arg.list,
        ArgType::Date => field.value_type == FieldType::Date,
        ArgType::Time => field.value_type == FieldType::Time,
        ArgType::Bool => field.value_type == FieldType::Bool,
        ArgType::Record => field.value_type == FieldType::Ref,
    }
}
