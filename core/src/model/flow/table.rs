//! The tables as a page: what stands in `core/docs/flow.md`.

use std::fmt::Write as _;

use super::{Arg, Command, Flow, Offline, Row, says};
use crate::model::{Role, Schema};

/// All flows of a schema as Markdown.
pub fn markdown(schema: &Schema) -> String {
    let mut out = String::from(
        "# 流程 Flows\n\n由 `core/schema/flow.toml` 生成，请勿手改；测试 `the_page_of_the_flows_is_current` 会核对。\n\
         Made from `core/schema/flow.toml`, not by hand; the test of that name compares. \
         A row leads from a state to a state; where several rows of a command fit, the first is taken.\n",
    );
    for flow in &schema.flows.all {
        write_flow(&mut out, schema, flow);
    }
    out
}

fn write_flow(out: &mut String, schema: &Schema, flow: &Flow) {
    let kind = schema.kinds.get(&flow.kind).map_or(flow.kind.0.as_str(), |kind| &kind.zh);
    let _ = write!(out, "\n## {kind} `{}`：{} {}\n\n", flow.kind, flow.zh, flow.en);
    let _ = writeln!(out, "| # | 从 from | 到 to | 操作 command | 谁 who | 离线 offline | 填写 needs | 条件 guards |");
    let _ = writeln!(out, "|---|---|---|---|---|---|---|---|");
    for command in &flow.commands {
        for row in &command.rows {
            write_row(out, schema, flow, command, row);
        }
    }
}

fn write_row(out: &mut String, schema: &Schema, flow: &Flow, command: &Command, row: &Row) {
    let state =
        |code: &str| if code == "@open" { "任一未结 any open".to_owned() } else { flow.label(schema, code).0 };
    let number = if row.n == 0 { String::new() } else { row.n.to_string() };
    let from: Vec<_> = row.from.iter().map(|code| state(code)).collect();
    let to = row.to.as_deref().map_or_else(|| "（不变 same）".to_owned(), state);
    let who: Vec<_> = row.who.iter().map(Role::to_string).collect();
    let offline = match command.offline {
        Offline::No => "否 no",
        Offline::Queued => "排队 queued",
        Offline::Provisional => "暂记 provisional",
    };
    let need = |arg: &Arg| format!("{}{}", arg.zh, if arg.optional { "（可空）" } else { "" });
    let needs: Vec<_> = command.args.iter().map(need).collect();
    let mut guards: Vec<String> = Vec::new();
    let kind = schema.kinds.get(&flow.kind);
    for (key, values) in &row.when {
        let Some(field) = kind.and_then(|kind| kind.field(key)) else { continue };
        let shown: Vec<_> = values.iter().map(|value| schema.show(field, &value.as_str().into(), true)).collect();
        guards.push(format!("{}：{}", field.zh, shown.join("、")));
    }
    guards.extend(row.guards.iter().map(|guard| says::condition(flow, command, guard)));
    if let Some(calls) = &command.calls {
        guards.push(format!("紧急时先拨 {}", calls.numbers.join("/")));
    }
    let _ = writeln!(
        out,
        "| {number} | {} | {to} | {} `{}` | {} | {offline} | {} | {} |",
        from.join("、"),
        command.zh,
        command.name,
        who.join(" "),
        needs.join("；"),
        guards.join("；")
    );
}
