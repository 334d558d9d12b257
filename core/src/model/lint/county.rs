//! A county's files against those that ship: they may add and rename and choose other merge rules, but not show to more
//! people what ships, nor let more people act, nor make anything less safe, nor take away what records hold.

use std::fmt::Display;

use super::{Report, personal};
use crate::model::{
    access::widest,
    files::Files,
    flow::Flows,
    ids::{Audience, Role},
    schema::{Access, CodeList, Fact, Field, FieldType, Kind, Rule, Schema, SchemaError},
};

/// Checks the files of a county.
pub fn check_county(base: &Schema, schema: &Schema, files: &Files<'_>, problems: &mut Vec<SchemaError>) {
    for source in files.kinds.iter().filter(|source| source.county) {
        let mut report = Report::new(source, problems);
        personal::check_kind(&mut report, base, &source.value);
        if let Some(known) = base.kinds.get(&source.value.name) {
            check_kind(&mut report, base, known, &source.value);
        }
    }
    for source in files.lists.iter().filter(|source| source.county) {
        let mut report = Report::new(source, problems);
        for (n, list) in source.value.iter().enumerate() {
            personal::check_list(&mut report, base, schema, n, list);
            if let Some(known) = base.lists.get(&list.name) {
                check_list(&mut report, n, known, list);
            }
        }
    }
    for source in files.checklists.iter().filter(|source| source.county) {
        let mut report = Report::new(source, problems);
        for (n, item) in source.value.items.iter().enumerate() {
            report.at(&[("item", n)]);
            report.on("code").check(
                base.checklists.item(&item.code).is_none_or(|known| known == item),
                || format!("检查项 {} 已发布，不能改变含义；请另用代码", item.code),
                || format!("item {} is in use and keeps its meaning: what differs gets a code of its own", item.code),
            );
        }
        for (n, list) in source.value.lists.iter().enumerate() {
            report.at(&[("checklist", n)]);
            report.on("version").check(
                base.checklists.list(&list.code()).is_none_or(|known| known == list),
                || format!("检查表 {} 已发布，修改须用新版本号", list.code()),
                || format!("checklist {} is in use: what changes gets the next version", list.code()),
            );
        }
    }
    if files.access.county {
        check_access(&mut Report::new(&files.access, problems), base, &schema.access);
    }
    if files.flows.county {
        check_flows(&mut Report::new(&files.flows, problems), base, &schema.flows);
    }
}

/// Who receives, writes and leaves hints: nobody more than what ships names, but for the county's own kinds.
fn check_access(report: &mut Report<'_>, base: &Schema, access: &Access) {
    for role in base.access.write.keys() {
        report.on("receive").check(
            access.receive.get(role).is_some_and(|all| !all.is_empty()),
            || format!("{}（{role}）什么也不接收，手机上的资料会被清除", role.zh()),
            || format!("{role} receives nothing: phones in use would lose what they hold"),
        );
    }
    for (role, audiences) in &access.receive {
        report.on(&format!("receive.{role}"));
        // What the design rules out for a role is told with the other slips of the table.
        for audience in audiences.iter().filter(|a| !base.receives(*role, **a) && widest(*role).contains(a)) {
            report.say(
                "audience",
                format!("{}（{role}）原来不接收 {audience}，只能减少，不能增加", role.zh()),
                format!("{role} does not receive {audience} in what ships: a county may take away, not add"),
            );
        }
    }
    for (role, kinds) in &access.write {
        report.on(&format!("write.{role}"));
        let shipped = base.access.write.get(role).map_or(&[][..], Vec::as_slice);
        let own = |name: &str| name != "*" && base.kind(name).is_none();
        let may = |name: &String| own(name) || shipped.iter().any(|known| known == "*" || known == name);
        for name in kinds.iter().filter(|name| !may(name)) {
            report.add(
                format!("{}（{role}）原来不能填写 {name}，只能减少，不能增加", role.zh()),
                format!("{role} does not write {name} in what ships: a county may take away, not add"),
            );
        }
    }
    for (audience, roles) in &access.hint {
        report.on(&format!("hint.{audience}"));
        let shipped = base.access.hint.get(audience).map_or(&[][..], Vec::as_slice);
        for role in roles.iter().filter(|role| !shipped.contains(role)) {
            report.add(
                format!("{}（{role}）原来不能在 {audience} 留线索，只能减少，不能增加", role.zh()),
                format!("{role} leaves no hints in {audience} in what ships: a county may take away, not add"),
            );
        }
    }
}

/// Flows of the county's own kinds are its own; those that ship say who may do what, and stay.
fn check_flows(report: &mut Report<'_>, base: &Schema, flows: &Flows) {
    for (n, flow) in flows.all.iter().enumerate().filter(|(_, flow)| base.kinds.contains_key(&flow.kind)) {
        report.at(&[("flow", n)]);
        report.check(
            base.flows.all.contains(flow),
            || format!("{} 的流程 {} 已发布，不能改、不能加", flow.kind, flow.name),
            || format!("flow {} of {}: who may do what with a kind that ships is not changed", flow.name, flow.kind),
        );
    }
    report.at(&[]);
    for flow in
        base.flows.all.iter().filter(|flow| !flows.all.iter().any(|f| (&f.kind, &f.name) == (&flow.kind, &flow.name)))
    {
        report.on("flow").add(
            format!("缺 {} 的流程 {}：文件须原样包含已发布的流程", flow.kind, flow.name),
            format!("flow {} of {} is missing: the file repeats what ships", flow.name, flow.kind),
        );
    }
    report.on("route").check(
        base.flows.routes.iter().all(|known| flows.routes.contains(known))
            && base.flows.twins.iter().all(|known| flows.twins.contains(known)),
        || "route、twin 须原样包含已发布的".to_owned(),
        || "route and twin repeat what ships".to_owned(),
    );
}

fn check_kind(report: &mut Report<'_>, base: &Schema, known: &Kind, kind: &Kind) {
    report.at(&[]);
    report.on("server").check(
        kind.server || !known.server,
        || format!("{}只由服务器写，不能放开", known.zh),
        || format!("{} is the server's alone", known.name),
    );
    report.on("id_of").check(
        kind.id_of == known.id_of,
        || format!("{}：id_of 不能改，已有记录的编号由它而来", known.zh),
        || format!("{}: id_of cannot change, the ids of records follow from it", known.name),
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
        check_field(report, base, old, field);
        check_safety(report, old, field);
        check_roles(report, old, field);
    }
}

fn check_field(report: &mut Report<'_>, base: &Schema, old: &Field, field: &Field) {
    let key = &old.key;
    report.on("audience").check(
        narrows(base, old.audience, field.audience),
        || format!("{key}：从 {} 改到 {}，会有原来看不到的人看到", old.audience, field.audience),
        || format!("{key}: moved from {} to {}, people would receive it who did not", old.audience, field.audience),
    );
    report.on("type").check(
        (old.value_type, &old.kind) == (field.value_type, &field.kind),
        || format!("{key}：类型不能改，已有记录中的值会不合规"),
        || format!("{key}: its type cannot change, records hold values of it"),
    );
    report.on("list").check(
        old.list == field.list,
        || format!("{key}：代码表不能换，已有记录中的代码会变成别的意思；可在原表中加代码"),
        || format!("{key}: its list cannot change, records hold codes of it; a county adds codes to the list"),
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
    report.on("retain").check(
        keeps_no_longer(&old.retain, &field.retain),
        || format!("{key}：保存期限只能缩短：{} 不能改为 {}", old.retain, field.retain),
        || format!("{key}: may be kept shorter, not longer: '{}' cannot become '{}'", old.retain, field.retain),
    );
}

/// Rules that keep people safe, and values that only a command may set, stay.
fn check_safety(report: &mut Report<'_>, old: &Field, field: &Field) {
    let key = &old.key;
    let guarded = matches!(old.rule, Rule::Safer | Rule::Immutable)
        || old.fact == Fact::Fixed
        || old.value_type == FieldType::IdNumber;
    report.on("rule").check(
        !guarded || (old.rule, old.fact) == (field.rule, field.fact),
        || format!("{key}：safer、immutable、fact = fixed 和身份证号的合并规则不能改"),
        || format!("{key}: the rule of what is safer, immutable, a fixed fact or an ID number cannot change"),
    );
    for code in old.by_command.iter().filter(|code| !field.by_command.contains(code)) {
        report
            .on("by_command")
            .add(format!("{key}：{code} 只由操作设定，不能放开"), format!("{key}: '{code}' is set by commands alone"));
    }
    let warns = old.suggests.as_ref().is_none_or(|old| {
        field.suggests.as_ref().is_some_and(|new| new.category == old.category && new.from_rank <= old.from_rank)
    });
    report.on("suggests").check(
        warns,
        || format!("{key}：危险时提示上报不能取消或放宽"),
        || format!("{key}: a dangerous value offers a report as before"),
    );
}

/// Who writes, decides and lowers: fewer, never more. What nobody decided or lowered before, because the rule was another,
/// the county gives to whom it will.
fn check_roles(report: &mut Report<'_>, old: &Field, field: &Field) {
    let more = |old: &[Role], new: &[Role]| new.iter().copied().find(|role| !old.contains(role));
    let key = &old.key;
    let anybody = (!old.write.is_empty() && field.write.is_empty()).then_some("*".to_owned());
    let writer = more(&old.write, &field.write).filter(|_| !old.write.is_empty());
    tell_more(report, "write", key, anybody.or(writer.map(|role| role.to_string())));
    let decided = !old.decide.is_empty() || old.rule == field.rule;
    tell_more(report, "decide", key, more(&old.decide, &field.decide).filter(|_| decided));
    let lowered = !old.lower.is_empty() || old.rule == field.rule;
    tell_more(report, "lower", key, more(&old.lower, &field.lower).filter(|_| lowered));
}

fn tell_more(report: &mut Report<'_>, what: &str, key: &str, role: Option<impl Display>) {
    if let Some(role) = role {
        report.on(what).add(
            format!("{key}：{what} 不能加入 {role}，只能减少"),
            format!("{key}: {what} cannot take in {role}, only become fewer"),
        );
    }
}

/// Whether those who receive `to` are no others than those who receive `from`, in what ships. Care is received by the
/// same roles as names today; a county may take it from some of them, so that it never turns into a plain personal thing.
fn narrows(base: &Schema, from: Audience, to: Audience) -> bool {
    let fewer = Role::ALL.iter().all(|role| base.receives(*role, from) || !base.receives(*role, to));
    from == to || (fewer && (from, to) != (Audience::Care, Audience::Personal))
}

/// Whether a term is the same or a shorter one. Terms that count from different days are not compared: `visit_1y` is
/// shorter than `visit_2y`, and nothing is known of `log_3y` beside it.
fn keeps_no_longer(old: &str, new: &str) -> bool {
    let days = |term: &str| {
        let (from, length) = term.rsplit_once('_')?;
        let unit = length.chars().last()?;
        let each = match unit {
            'y' => 366,
            'm' => 31,
            'd' => 1,
            _ => return None,
        };
        Some((from.to_owned(), length.strip_suffix(unit)?.parse::<u32>().ok()?.checked_mul(each)?))
    };
    let shorter = |((a, old), (b, new))| a == b && new <= old;
    old == new || days(old).zip(days(new)).is_some_and(shorter)
}

fn check_list(report: &mut Report<'_>, n: usize, known: &CodeList, list: &CodeList) {
    let name = &list.name;
    report.at(&[("list", n)]);
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
    for (m, code) in list.codes.iter().enumerate() {
        let Some(known) = known.get(&code.code) else { continue };
        report.at(&[("list", n), ("code", m)]);
        if (&known.zh, &known.en, known.rank, known.days) != (&code.zh, &code.en, code.rank, code.days) {
            report.on("code").say(
                "code_meaning",
                format!(
                    "代码表 {name}：代码 {} 的名称、rank 和 days 不能改（{}）；请停用并另立代码",
                    code.code, known.zh
                ),
                format!("list {name}: the code {} keeps its labels, rank and days ({})", code.code, known.en),
            );
        }
    }
}
