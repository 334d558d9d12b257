//! What was done, what waits and what was not done, in words.

use super::command::{FlowNote, Wanted};
use crate::model::{
    Kind, Millis, RecordId, Role, Schema,
    flow::{self, ArgType, Args, Step},
};

/// Puts commands of one kind into words. `name_of` says what a screen calls another record.
pub struct Tell<'a> {
    /// The schema.
    pub schema: &'a Schema,
    /// Kind of the record.
    pub kind: &'a Kind,
    /// Names of other records.
    pub name_of: &'a dyn Fn(RecordId) -> String,
}

impl Tell<'_> {
    /// What was done and where it led, Chinese and English.
    pub fn step(&self, step: &Step) -> (String, String) {
        let (zh, en) = self.act(&step.command, &step.args, step.role, &step.by.0, step.at);
        let flow = self.schema.flows.of(&self.kind.name).find(|known| known.name == step.flow);
        match flow.filter(|_| !step.to.is_empty()) {
            Some(flow) => {
                let (state, state_en) = flow.label(self.schema, &step.to);
                (format!("{zh}，{state}"), format!("{en}, now {state_en}"))
            }
            None => (zh, en),
        }
    }
    /// What waits for the county.
    pub fn pending(&self, one: &Wanted) -> (String, String) {
        let (zh, en) = self.wanted(one);
        (format!("等待县里答复：{zh}"), format!("waits for the county: {en}"))
    }
    /// What was not done, and why.
    pub fn note(&self, note: &FlowNote) -> (String, String) {
        let (zh, en) = self.wanted(&note.wanted);
        (
            format!("{zh}。未执行，作为情况说明保留：{}", note.zh),
            format!("{en}. Not done and kept as a note: {}", note.en),
        )
    }

    /// What somebody wanted, when.
    pub(super) fn wanted(&self, one: &Wanted) -> (String, String) {
        self.act(&one.command, &one.args, one.role, &one.by.0, one.at)
    }

    /// `2026-03-08 10:00 镇街中心li.na：派单（责任单位：住建局）`.
    fn act(&self, command: &str, args: &Args, role: Role, by: &str, at: Millis) -> (String, String) {
        let found = self.schema.flows.find(&self.kind.name, command).map(|(_, command)| command);
        let (mut zh, mut en) = (Vec::new(), Vec::new());
        for arg in found.iter().flat_map(|command| &command.args) {
            let Some(value) = args.get(&arg.name).filter(|value| !value.is_null()) else { continue };
            let named = value.text().filter(|_| arg.arg_type == ArgType::Record).and_then(|id| id.parse().ok());
            let shown = |zh| match named {
                Some(record) => (self.name_of)(record),
                None => flow::show_arg(self.schema, arg, value, zh),
            };
            zh.push(format!("{}：{}", arg.zh, shown(true)));
            en.push(format!("{}: {}", arg.en, shown(false)));
        }
        let (label, label_en) = found.map_or((command, command), |command| (&command.zh, &command.en));
        let with = if zh.is_empty() { String::new() } else { format!("（{}）", zh.join("；")) };
        let with_en = if en.is_empty() { String::new() } else { format!(" ({})", en.join("; ")) };
        let (who, who_en) = if by == flow::COUNTY {
            ("县里".to_owned(), "the county".to_owned())
        } else {
            (format!("{}{by}", role.zh()), format!("{} {by}", role.en()))
        };
        let when = flow::clock(at);
        (format!("{when} {who}：{label}{with}"), format!("{when} {who_en}: {label_en}{with_en}"))
    }
}
