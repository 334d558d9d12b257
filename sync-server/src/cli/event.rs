//! `event …`: cases at the county, for who has no console: which there are, how far one has come, the next step.

use clap::{Args, Subcommand};
use serde_json::json;
use wangge_core::model::{
    Millis, RecordId, Role, Schema, UserId, Value,
    flow::{self, ArgType},
};

use super::{Place, people::role, print_json};
use crate::{
    County, CountyError,
    county::{CommandOrder, EventLine},
    serve::{clock, entropy},
};

/// States that need nobody any more.
const DONE: [&str; 5] = ["closed", "rated", "voided", "merged", "self_handled"];

/// `event …`.
#[derive(Subcommand, Debug)]
pub enum Event {
    /// 列出未结事件 / list open cases
    List {
        /// 只列某一状态，如 reported / only those in a state
        #[arg(long, value_name = "STATE")]
        state: Option<String>,
        /// 包括已结的 / finished ones too
        #[arg(long)]
        all: bool,
    },
    /// 查看一个事件的全过程 / one case from its beginning
    Show {
        /// 记录编号，见 list / record id, see list
        #[arg(value_name = "RECORD", value_parser = record)]
        record: RecordId,
    },
    /// 办理一步，如 accept、dispatch / take the next step
    Do(Do),
}

/// What `event do` is told.
#[derive(Args, Debug)]
pub struct Do {
    /// 操作，如 accept 受理、dispatch 派单 / command
    #[arg(value_name = "COMMAND")]
    command: String,
    /// 记录编号 / record id
    #[arg(long, value_name = "RECORD", value_parser = record)]
    record: RecordId,
    /// 办理人账号 / who does it
    #[arg(long, value_name = "USER")]
    user: UserId,
    /// 办理人角色 / in which role
    #[arg(long, value_name = "ROLE", value_parser = role)]
    role: Role,
    /// 需填写的内容，如 unit=U-01 due_at="2026-03-10 18:00" / what it needs, as name=value
    #[arg(value_name = "NAME=VALUE")]
    args: Vec<String>,
}

fn record(text: &str) -> Result<RecordId, String> {
    text.parse().map_err(|_| "记录编号有误，见 event list / no record id, see event list".to_owned())
}

impl Event {
    pub(super) fn run(&self, place: &Place) -> Result<(), CountyError> {
        let county = place.open_beside()?;
        match self {
            Self::List { state, all } => list(&county, place.json, state.as_deref(), *all),
            Self::Show { record } => show(&county, place.json, record),
            Self::Do(step) => step.run(&county, place.json),
        }
    }
}

fn list(county: &County, as_json: bool, state: Option<&str>, all: bool) -> Result<(), CountyError> {
    let wanted = |line: &EventLine| match state {
        Some(state) => line.state.0 == state,
        None => all || !DONE.contains(&line.state.0.as_str()),
    };
    let lines: Vec<EventLine> = county.events()?.into_iter().filter(wanted).collect();
    if as_json {
        let lines: Vec<_> = lines
            .iter()
            .map(|line| {
                json!({
                    "record": line.record, "event_no": line.value("event_no"), "state": line.state.0,
                    "state_zh": line.state.1, "state_en": line.state.2, "type": line.value("type"),
                    "category": line.value(about(line)), "level": line.value("level"), "owner_unit": line.value("owner_unit"),
                    "due_at": line.values.get("due_at"), "place_text": line.value("place_text"),
                })
            })
            .collect();
        print_json(&json!({ "events": lines }));
        return Ok(());
    }
    if lines.is_empty() {
        say!("没有这样的事件 / no such cases");
    }
    for line in &lines {
        let due = match line.values.get("due_at") {
            Some(Value::Int(due)) => format!("，限 {} / due", flow::clock(Millis(*due))),
            _ => String::new(),
        };
        say!("{}  {} {}", line.record, line.value("event_no"), line.value("place_text"));
        say!("    {} / {}{due} {}", line.state.1, line.state.2, line.value("owner_unit"));
        let (zh, en) = (sort_of(county, line, true).join(" "), sort_of(county, line, false).join(", "));
        say!("    {zh} / {en}");
    }
    Ok(())
}

/// The field that says what a case of its type is about.
fn about(line: &EventLine) -> &'static str {
    let fields = ["category", "dispute_kind", "request_item"];
    fields.into_iter().find(|field| !line.value(field).is_empty()).unwrap_or(fields[0])
}

/// Type, what it is about, and level, as far as they are known.
fn sort_of(county: &County, line: &EventLine, zh: bool) -> Vec<String> {
    let kind = county.schema().kind("event");
    let shown = |key: &str| {
        let (field, value) = (kind?.field(key)?, line.values.get(key).filter(|value| !value.is_null())?);
        Some(county.schema().show(field, value, zh))
    };
    ["type", about(line), "level"].into_iter().filter_map(shown).collect()
}

fn show(county: &County, as_json: bool, record: &RecordId) -> Result<(), CountyError> {
    let story = county.story(record)?;
    if as_json {
        let say =
            |all: &[(String, String)]| all.iter().map(|(zh, en)| json!({ "zh": zh, "en": en })).collect::<Vec<_>>();
        print_json(&json!({
            "record": record, "states": story.states, "steps": say(&story.steps), "pending": say(&story.pending),
            "notes": say(&story.notes),
        }));
        return Ok(());
    }
    for (zh, en) in story.steps.iter().chain(&story.pending).chain(&story.notes) {
        say!("{zh}\n    {en}");
    }
    for (code, zh, en) in story.states.values() {
        say!("现在 / now: {zh} / {en}（{code}）");
    }
    Ok(())
}

impl Do {
    fn run(&self, county: &County, as_json: bool) -> Result<(), CountyError> {
        let kind = county.resolve_record(&self.record)?.kind;
        let mut args = flow::Args::new();
        for text in &self.args {
            let (name, value) = text.split_once('=').ok_or_else(|| {
                CountyError::invalid(format!("“{text}”应写作 名称=内容"), format!("write '{text}' as name=value"))
            })?;
            let arg = county.schema().flows.find(&kind, &self.command).and_then(|(_, command)| command.arg(name));
            args.insert(name.to_owned(), arg.map_or_else(|| value.into(), |arg| read(county.schema(), arg, value)));
        }
        let order = CommandOrder {
            user: &self.user,
            role: self.role,
            record: self.record,
            command: &self.command,
            args: &args,
        };
        let done = county.command(&order, clock(), &mut entropy)?;
        let (code, zh, en) = &done.state;
        if as_json {
            print_json(&json!({ "record": self.record, "n": done.n, "state": code, "state_zh": zh, "state_en": en }));
        } else {
            say!("已办理，现在是“{zh}” / done, now {en}");
        }
        Ok(())
    }
}

/// What was typed, as the argument's type; what does not fit is refused by the table, in words.
fn read(schema: &Schema, arg: &flow::Arg, text: &str) -> Value {
    match arg.arg_type {
        ArgType::Bool => match text {
            "是" | "yes" | "true" | "1" => Value::Bool(true),
            "否" | "no" | "false" | "0" => Value::Bool(false),
            other => other.into(),
        },
        ArgType::Time => time(text).map_or_else(|| text.into(), Value::Int),
        ArgType::Code => {
            let list = arg.list.as_ref().and_then(|list| schema.lists.get(list));
            list.and_then(|list| list.find_word(text)).map_or(text, |code| &code.code).into()
        }
        _ => text.into(),
    }
}

/// `2026-03-10 18:00`, or `2026-03-10` for the end of that day, in China.
fn time(text: &str) -> Option<i64> {
    let (date, clock) = text.split_once([' ', 'T']).unwrap_or((text, "23:59"));
    let mut parts = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let (hour, minute) = clock.split_once(':')?;
    let (hour, minute): (i64, i64) = (hour.parse().ok()?, minute.parse().ok()?);
    let known = wangge_core::model::validate::is_date(date) && (0..24).contains(&hour) && (0..60).contains(&minute);
    // Days since 1970 by Hinnant's `days_from_civil`.
    let shifted = if month > 2 { year } else { year - 1 };
    let (era, of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    known.then_some(days * Millis::DAY + (hour - 8) * 3_600_000 + minute * 60_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_shown() {
        for text in ["2026-03-10 18:00", "2024-02-29 00:05", "1999-12-31 23:59"] {
            assert_eq!(time(text).map(|ms| flow::clock(Millis(ms))).as_deref(), Some(text));
        }
        assert_eq!(time("2026-03-10"), time("2026-03-10 23:59"));
        assert_eq!((time("2026-02-30"), time("soon"), time("2026-03-10 25:00")), (None, None, None));
    }
}
