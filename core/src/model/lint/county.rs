//! A county's files against those that ship: they may add and rename and choose other merge rules, but not show to more
//! people what ships, nor take away what records hold.

use super::Report;
use crate::model::{
    files::Files,
    ids::Audience,
    schema::{CodeList, Field, Kind, Rule, Schema, SchemaError},
};

/// Checks the files of a county.
pub fn check_county(base: &Schema, schema: &Schema, files: &Files<'_>, problems: &mut Vec<SchemaError>) {
    for source in files.kinds.iter().filter(|source| source.county) {
        if let Some(known) = base.kinds.get(&source.value.name) {
            check_kind(&mut Report::new(source, problems), known, &source.value);
        }
    }
    for source in files.lists.iter().filter(|source| source.county) {
        let mut report = Report::new(source, problems);
        for (n, list) in source.value.iter().enumerate() {
            report.at(&[("list", n)]);
            if let Some(known) = base.lists.get(&list.name) {
                check_list(&mut report, known, list);
            }
        }
    }
    for source in files.checklists.iter().filter(|source| source.county) {
        let mut report = Report::new(source, problems);
        for (n, list) in source.value.lists.iter().enumerate() {
            report.at(&[("checklist", n)]);
            report.on("version").check(
                base.checklists.list(&list.code()).is_none_or(|known| known == list),
                || format!("检查表 {} 已发布，修改须用新版本号", list.code()),
                || format!("checklist {} is in use: what changes gets the next version", list.code()),
            );
        }
    }
    let mut report = Report::new(&files.access, problems);
    for role in base.access.write.keys().filter(|_| files.access.county) {
        let nothing = schema.access.receive.get(role).is_none_or(Vec::is_empty);
        report.on("receive").check(
            !nothing,
            || format!("{}（{role}）什么也不接收，手机上的资料会被清除", role.zh()),
            || format!("{role} receives nothing: phones in use would lose what they hold"),
        );
    }
}

fn check_kind(report: &mut Report<'_>, known: &Kind, kind: &Kind) {
    report.on("server").check(
        kind.server || !known.server,
        || format!("{}只由服务器写，不能放开", known.zh),
        || format!("{} is the server's alone", known.name),
    );
    for old in &known.fields {
        let Some((n, field)) = kind.fields.iter().enumerate().find(|(_, field)| field.key == old.key) else {
            report.at(&[]);
            report.on("name").say(
                "field_gone",
                format!("缺字段 {}（{}）：已有记录中的内容会看不到；不再使用可写 hidden = true", old.key, old.zh),
                format!("field {} is gone, and records hold it; `hidden = true` takes it off the form", old.key),
            );
            continue;
        };
        report.at(&[("field", n)]);
        check_field(report, old, field);
    }
}

fn check_field(report: &mut Report<'_>, old: &Field, field: &Field) {
    let key = &old.key;
    report.on("audience").check(
        narrows(old.audience, field.audience),
        || format!("{key}：从 {} 改到 {}，看到的人会变多", old.audience, field.audience),
        || format!("{key}: moved from {} to {}, an audience that more people receive", old.audience, field.audience),
    );
    report.on("type").check(
        (old.value_type, &old.kind) == (field.value_type, &field.kind),
        || format!("{key}：类型不能改，已有记录中的值会不合规"),
        || format!("{key}: its type cannot change, records hold values of it"),
    );
    let shape = |rule: Rule| [rule == Rule::Set, rule == Rule::Log, rule == Rule::Command];
    report.on("rule").check(
        shape(old.rule) == shape(field.rule),
        || format!("{key}：set、log、command 与其他合并规则之间不能互换，存法不同"),
        || format!("{key}: set, log and command are stored in their own way and cannot be exchanged with other rules"),
    );
    report.on("server").check(
        field.server || !old.server,
        || format!("{key}：只由服务器填写，不能放开"),
        || format!("{key}: is the server's alone"),
    );
}

/// Whether those who receive `to` are no others than those who receive `from`.
fn narrows(from: Audience, to: Audience) -> bool {
    use Audience::{Care, Open, Personal, Reporter};
    from == to
        || match from {
            Open => true,
            Personal => to != Open,
            Care => !matches!(to, Open | Personal),
            _ => to == Reporter,
        }
}

fn check_list(report: &mut Report<'_>, known: &CodeList, list: &CodeList) {
    let name = &list.name;
    report.on("version").check(
        list.version > known.version || list == known,
        || format!("代码表 {name} 已是第{}版，修改须用更大的版本号", known.version),
        || format!("list {name} is at version {}: what changes gets a higher one", known.version),
    );
    for code in known.codes.iter().filter(|code| list.get(&code.code).is_none()) {
        report.on("code").say(
            "code_gone",
            format!("代码表 {name} 缺代码 {}（{}）：停用请写 until", code.code, code.zh),
            format!("list {name} lacks the code {}: to end its use, write `until`", code.code),
        );
    }
}
