//! What a person reads when a command cannot be done, and arguments as a screen shows them.

use super::{Arg, ArgType, Command, Flow, Guard, day};
use crate::model::{Field, Millis, Role, Schema, Value, validate::Problem};

fn problem(rule: &str, zh: &str, en: &str) -> Problem {
    Problem::block("cmd", rule, zh, en)
}

pub(super) fn args(zh: &str, en: &str) -> Problem {
    problem("args", zh, en)
}

pub(super) fn role(command: &Command, role: Role) -> Problem {
    let mut who: Vec<Role> = command.rows.iter().flat_map(|row| row.who.iter().copied()).collect();
    who.sort_unstable();
    who.dedup();
    let zh: Vec<_> = who.iter().map(|role| role.zh()).collect();
    let en: Vec<_> = who.iter().map(ToString::to_string).collect();
    problem(
        "role",
        &format!("“{}”由{}操作，{}不能操作", command.zh, zh.join("、"), role.zh()),
        &format!("'{}' is for {}, not for {role}", command.en, en.join(", ")),
    )
}

pub(super) fn state(schema: &Schema, flow: &Flow, command: &Command, state: &str) -> Problem {
    let (zh, en) = flow.label(schema, state);
    problem(
        "state",
        &format!("现在是“{zh}”，不能“{}”", command.zh),
        &format!("it is '{en}' now, where '{}' cannot be done", command.en),
    )
}

pub(super) fn when(schema: &Schema, field: &Field, command: &Command, values: &[String], role: Role) -> Problem {
    let shown = |zh: bool| {
        let all: Vec<_> = values.iter().map(|value| schema.show(field, &Value::from(value.as_str()), zh)).collect();
        all.join(if zh { "、" } else { ", " })
    };
    problem(
        "when",
        &format!("{}只能在{}为{}时“{}”", role.zh(), field.zh, shown(true), command.zh),
        &format!("{role} can do '{}' only where {} is {}", command.en, field.en, shown(false)),
    )
}

pub(super) fn guard(flow: &Flow, command: &Command, guard: &Guard) -> Problem {
    let (rule, zh, en) = whose(flow, guard).unwrap_or_else(|| about(flow, command, guard));
    problem(rule, &zh, &en)
}

type Said = (&'static str, String, String);

fn said(rule: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Said {
    (rule, zh.into(), en.into())
}

fn label(flow: &Flow, name: &str) -> (String, String) {
    flow.command(name).map_or_else(|| (name.to_owned(), name.to_owned()), |c| (c.zh.clone(), c.en.clone()))
}

/// Guards about the person.
fn whose(flow: &Flow, guard: &Guard) -> Option<Said> {
    Some(match guard {
        Guard::OwnUnit => said("own_unit", "只有责任单位的人员可以操作", "only the unit in charge can do this"),
        Guard::CalledUnit { .. } => {
            said("called_unit", "只有被吹哨的部门可以操作", "only a unit that was called can do this")
        }
        Guard::OncePerUnit { .. } => said("once_per_unit", "本部门已操作过", "this unit has done it already"),
        Guard::Reporter => said("reporter", "只有上报人本人可以操作", "only who reported it can do this"),
        Guard::NotOwnWork(_) => {
            said("not_own_work", "不能核查、裁定或批准自己办理的事项", "nobody may check or grant what is his own work")
        }
        Guard::NotHandler => {
            said("not_handler", "办理人不能核查本人参与办理的事项", "who worked on it may not check it")
        }
        Guard::KeptBy { take, .. } => {
            let (zh, en) = label(flow, take);
            let zh = format!("上级已“{zh}”，只能由该级或更上一级操作");
            said("kept_by", zh, format!("the level above did '{en}': this is for that level or one above"))
        }
        Guard::OwnWork(name) => {
            let (zh, en) = label(flow, name);
            said("own_work", format!("只有“{zh}”的本人可以操作"), format!("only who did '{en}' can do this"))
        }
        Guard::Above(name) => {
            let (zh, en) = label(flow, name);
            said("above", format!("“{zh}”后由上一级操作"), format!("after '{en}' this is for the level above"))
        }
        _ => return None,
    })
}

/// Guards about the case and the arguments.
fn about(flow: &Flow, command: &Command, guard: &Guard) -> Said {
    let arg = |name: &str| {
        command.arg(name).map_or_else(|| (name.to_owned(), name.to_owned()), |a| (a.zh.clone(), a.en.clone()))
    };
    match guard {
        Guard::Answers { ask, .. } => {
            let (zh, en) = label(flow, ask);
            said("answers", format!("没有待答复的“{zh}”"), format!("no '{en}' waits for an answer"))
        }
        Guard::NotAsked { ask, .. } => {
            let (zh, en) = label(flow, ask);
            said("not_asked", format!("“{zh}”正在等待答复"), format!("'{en}' waits for an answer already"))
        }
        Guard::WithinDays { days, .. } => said(
            "within_days",
            format!("已超过{days}天，不能“{}”", command.zh),
            format!("more than {days} days have passed"),
        ),
        Guard::NewDate(name) => {
            let (zh, en) = arg(name);
            said("new_date", format!("{zh}应在今后"), format!("{en} must lie ahead"))
        }
        Guard::Later(name) => {
            let (zh, en) = arg(name);
            said("later", format!("{zh}应晚于现在的时限"), format!("{en} must be later than what is due now"))
        }
        Guard::Limit { arg: name, of, days } => {
            let ((zh, en), (of, of_en)) = (arg(name), label(flow, of));
            let zh = format!("{zh}最多比“{of}”时的时限晚{days}天，多次合计");
            said("limit", zh, format!("{en}: at most {days} days after the limit of '{of_en}', all in all"))
        }
        Guard::InAll { arg: name, days, .. } => {
            let (zh, en) = arg(name);
            let zh = format!("{zh}应在受理之日起共{days}天以内");
            said("in_all", zh, format!("{en}: at most {days} days after the county took it, all in all"))
        }
        Guard::UnitOfCase(_) => said(
            "unit_of_case",
            "该单位不是本案的责任、协办或报到单位",
            "that unit is not in charge, helping or called here",
        ),
        Guard::AllTold { told, absent, .. } => {
            let ((told, told_en), (zh, en)) = (label(flow, told), arg(absent));
            let zh = format!("尚有部门没有“{told}”，或“{zh}”与实际不符；没有结果的部门须逐一列出并说明原因");
            said(
                "all_told",
                zh,
                format!("each unit without '{told_en}' must be named in '{en}', with a reason, and no other"),
            )
        }
        Guard::Attached(_) => said("attached", "须先附上协议", "the agreement must be attached first"),
        Guard::Agreed(name) => {
            let (zh, en) = arg(name);
            said("agreed", format!("须先确认：{zh}"), format!("must be confirmed first: {en}"))
        }
        Guard::Latest => said(
            "latest",
            "之后已有更晚的观察，此操作只作为情况说明保留",
            "something was seen later, so this is kept as a note",
        ),
        Guard::NotCheckedLater => said("not_checked_later", "之后还有检查记录", "an inspection has seen it later"),
        // What is about the person was said before.
        _ => said("once", format!("“{}”只能有一次", command.zh), format!("'{}' can be done only once", command.en)),
    }
}

/// A guard as the page of the table says it.
pub(super) fn condition(flow: &Flow, command: &Command, guard: &Guard) -> String {
    let label = |name: &str| flow.command(name).map_or_else(|| name.to_owned(), |c| format!("“{}”", c.zh));
    let arg = |name: &str| command.arg(name).map_or_else(|| name.to_owned(), |a| a.zh.clone());
    let labels = |names: &[String]| names.iter().map(|name| label(name)).collect::<Vec<_>>().join("、");
    match guard {
        Guard::OwnUnit => "责任单位的人员".to_owned(),
        Guard::CalledUnit { .. } => "被吹哨的部门".to_owned(),
        Guard::OncePerUnit { .. } => "每个部门一次".to_owned(),
        Guard::Reporter => "上报人本人".to_owned(),
        Guard::NotOwnWork(names) => format!("本人没有{}", labels(names)),
        Guard::OwnWork(name) => format!("{}是本人所为", label(name)),
        Guard::Once => "只能一次".to_owned(),
        Guard::Answers { ask, .. } => format!("有待答复的{}", label(ask)),
        Guard::NotAsked { ask, .. } => format!("没有待答复的{}", label(ask)),
        Guard::WithinDays { after, days } => format!("{}后{days}天内", labels(after)),
        Guard::NewDate(name) => format!("{}在今后", arg(name)),
        Guard::Later(name) => format!("{}晚于现在的时限", arg(name)),
        Guard::Limit { arg: name, of, days } => format!("{}最多比{}时的时限晚{days}天", arg(name), label(of)),
        Guard::InAll { arg: name, since, days } => format!("{}在{}后{days}天内", arg(name), labels(since)),
        Guard::UnitOfCase(name) => format!("{}为责任、协办或报到单位", arg(name)),
        Guard::AllTold { told, absent, .. } => format!("各部门已有{}，否则列入{}并说明原因", label(told), arg(absent)),
        Guard::KeptBy { take, .. } => format!("不低于{}的一级", label(take)),
        Guard::Attached(_) => "已附协议".to_owned(),
        Guard::NotHandler => "本人没有参与办理".to_owned(),
        Guard::Above(name) => format!("高于{}的人", label(name)),
        Guard::Agreed(name) => format!("确认{}", arg(name)),
        Guard::Latest => "没有更晚的观察".to_owned(),
        Guard::NotCheckedLater => "之后没有检查记录".to_owned(),
    }
}

/// An argument as a screen shows it.
pub fn value(schema: &Schema, arg: &Arg, value: &Value, zh: bool) -> String {
    match (arg.arg_type, value) {
        (ArgType::Code, Value::Text(code)) => {
            let found = arg.list.as_ref().and_then(|list| schema.lists.get(list)).and_then(|list| list.get(code));
            found.map_or_else(|| code.clone(), |code| if zh { code.zh.clone() } else { code.en.clone() })
        }
        (ArgType::Time, Value::Int(ms)) => clock(Millis(*ms)),
        (_, Value::Bool(yes)) if !zh => if *yes { "yes" } else { "no" }.to_owned(),
        (_, value) => value.to_string(),
    }
}

/// Day and time in China: `2026-03-08 10:00`.
pub fn clock(at: Millis) -> String {
    let minutes = at.plus(8 * 3_600_000).0.rem_euclid(Millis::DAY) / 60_000;
    format!("{} {:02}:{:02}", day(at), minutes / 60, minutes % 60)
}
