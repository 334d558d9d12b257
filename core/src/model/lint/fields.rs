//! Kinds and their fields.

use std::collections::BTreeSet;

use super::{HAZARDS, RETENTION, Report};
use crate::model::{
    ids::{Audience, Role},
    schema::{Effect, Fact, Field, FieldType, Kind, Rule, Schema, Suggest, When},
};

/// First parts of document keys that mean something else than a field (DESIGN 4 and 5).
const RESERVED: [&str; 3] = ["hint", "cmd", "out"];
/// A text of this many characters fits 4 KiB in any script, with room for the JSON of an entry.
const MAX_CHARS: i64 = 1000;

/// Checks one kind.
pub fn check_kind(report: &mut Report<'_>, schema: &Schema, kind: &Kind) {
    let name = &kind.name.0;
    report.on("name").key(name);
    report.labels(name, &kind.zh, &kind.en);
    report.innocent(name, &[("name", name), ("zh", &kind.zh), ("en", &kind.en)]);
    report.on("name").check(!kind.fields.is_empty(), || "没有字段".to_owned(), || "it has no fields".to_owned());
    report.on("title").check(
        !kind.title.is_empty(),
        || "缺标题字段 title".to_owned(),
        || "title names no field".to_owned(),
    );
    for key in &kind.title {
        report.check(
            kind.fields.iter().any(|field| field.key == *key),
            || format!("标题字段 {key} 不存在"),
            || format!("title names '{key}', which is no field"),
        );
    }
    let owner = kind.id_of.as_ref().map(|key| kind.fields.iter().find(|field| field.key == *key));
    report.on("id_of").check(
        owner.is_none_or(|owner| {
            owner.is_some_and(|f| f.value_type == FieldType::Ref && f.rule == Rule::Immutable && f.required)
        }),
        || "id_of 应指本表一个必填、不可更改的引用字段".to_owned(),
        || "id_of must name a reference of this kind that is required and immutable".to_owned(),
    );
    let mut keys = BTreeSet::new();
    for (n, field) in kind.fields.iter().enumerate() {
        report.at(&[("field", n)]);
        let key = &field.key;
        report.on("key").check(keys.insert(key), || format!("字段 {key} 重复"), || format!("field {key} stands twice"));
        check_field(report, schema, kind, field);
    }
    for (n, effect) in kind.effects.iter().enumerate() {
        report.at(&[("effect", n)]);
        check_effect(report, schema, kind, effect);
    }
}

fn check_field(report: &mut Report<'_>, schema: &Schema, kind: &Kind, field: &Field) {
    let key = &field.key;
    report.on("key").key(key);
    report.check(
        !RESERVED.contains(&key.as_str()),
        || format!("字段名 {key} 为系统保留"),
        || format!("the name {key} is reserved"),
    );
    report.labels(key, &field.zh, &field.en);
    report.innocent(key, &[("key", key), ("zh", &field.zh), ("en", &field.en), ("purpose", &field.purpose)]);
    report.on("purpose").check(
        !field.purpose.trim().is_empty(),
        || format!("{key}：缺采集目的 purpose"),
        || format!("{key}: says no purpose"),
    );
    report.on("retain").check(
        schema.lists.get(RETENTION).is_some_and(|list| list.get(&field.retain).is_some()),
        || format!("{key}：保存期限“{}”不在代码表 {RETENTION} 中", field.retain),
        || format!("{key}: retain '{}' is no code of the list {RETENTION}", field.retain),
    );
    check_type(report, schema, kind, field);
    check_rule(report, schema, field);
    check_roles(report, schema, kind, field);
    check_joins(report, kind, field);
    check_ref(report, schema, field);
    check_conditions(report, schema, kind, field);
    check_times(report, kind, field);
}

/// What the type asks for.
fn check_type(report: &mut Report<'_>, schema: &Schema, kind: &Kind, field: &Field) {
    let key = &field.key;
    report.on("list");
    match (field.value_type == FieldType::Code, &field.list) {
        (true, Some(list)) => report.check(
            schema.lists.contains_key(list),
            || format!("{key}：代码表 {list} 不存在"),
            || format!("{key}: there is no list {list}"),
        ),
        (true, None) => report.add(format!("{key}：缺代码表 list"), format!("{key}: a code needs a list")),
        (false, Some(_)) => {
            report.add(format!("{key}：只有代码类型才有 list"), format!("{key}: only a code has a list"));
        }
        (false, None) => {}
    }
    report.on("kind").check(
        (field.value_type == FieldType::Ref) == field.kind.is_some(),
        || format!("{key}：引用类型须写明 kind，其他类型不写"),
        || format!("{key}: a ref names a kind, and nothing else does"),
    );
    report.on("max").check(
        match field.value_type {
            FieldType::Text => field.min.is_none() && field.max.is_none_or(|max| (1..=MAX_CHARS).contains(&max)),
            FieldType::Int => field.min.zip(field.max).is_none_or(|(min, max)| min < max),
            _ => field.min.is_none() && field.max.is_none(),
        },
        || format!("{key}：max 用于文字（1至{MAX_CHARS}字）和数字，min 只用于数字且小于 max"),
        || format!("{key}: max is for text, 1 to {MAX_CHARS} characters, and numbers; min for numbers, below max"),
    );
    let of_persons = matches!(field.value_type, FieldType::IdNumber | FieldType::Phone);
    report.on("audience").check(
        field.audience != Audience::Open || !of_persons || kind.server,
        || format!("{key}：身份证号和电话不得公开给所有人员"),
        || format!("{key}: an ID number or a telephone cannot be open"),
    );
    for code in &field.by_command {
        report.on("by_command").check(
            field.list.as_ref().and_then(|list| schema.lists.get(list)).is_some_and(|list| list.get(code).is_some()),
            || format!("{key}：by_command 中的 {code} 不是该字段的代码"),
            || format!("{key}: by_command names '{code}', which is no code of its list"),
        );
    }
}

/// What the merge rule asks for.
fn check_rule(report: &mut Report<'_>, schema: &Schema, field: &Field) {
    let key = &field.key;
    let safer = field.rule == Rule::Safer;
    let fixed = field.fact == Fact::Fixed;
    report.on("fact").check(
        !fixed || field.rule == Rule::Authority,
        || format!("{key}：fact = fixed 只用于 authority"),
        || format!("{key}: fact = fixed goes with authority only"),
    );
    let list = field.list.as_ref().and_then(|name| schema.lists.get(name));
    let ranked = || list.is_none_or(|list| list.codes.iter().all(|code| code.rank > 0));
    report.on("rule").check(
        !safer || (field.value_type == FieldType::Code && ranked()),
        || format!("{key}：safer 需要每个代码都有 rank 的代码表"),
        || format!("{key}: safer needs a list in which every code has a rank"),
    );
    report.on("lower").check(
        safer || (field.lower.is_empty() && field.suggests.is_none()),
        || format!("{key}：lower 和 suggests 只用于 safer"),
        || format!("{key}: lower and suggests go with safer only"),
    );
    report.check(
        !safer || field.server || !field.lower.is_empty(),
        || format!("{key}：没有人能调低，须写明 lower"),
        || format!("{key}: nobody could ever lower it, name roles in lower"),
    );
    let contested = matches!(field.rule, Rule::KeepBoth | Rule::Sharper) || fixed;
    report.on("decide").check(
        contested || field.decide.is_empty(),
        || format!("{key}：decide 只用于 keep_both、sharper 和 fixed"),
        || format!("{key}: decide goes with keep_both, sharper and fixed facts only"),
    );
    report.check(
        !contested || field.server || !field.decide.is_empty(),
        || format!("{key}：没有人能裁定，须写明 decide"),
        || format!("{key}: nobody could ever decide it, name roles in decide"),
    );
    let fits = match field.rule {
        Rule::Set => matches!(
            field.value_type,
            FieldType::Text
                | FieldType::Code
                | FieldType::Phone
                | FieldType::Ref
                | FieldType::Region
                | FieldType::Attachment
        ),
        Rule::Sharper => field.value_type == FieldType::Point,
        Rule::Log => field.value_type == FieldType::Text,
        _ => true,
    };
    report.on("rule").check(
        fits,
        || format!("{key}：该类型不能用此合并规则"),
        || format!("{key}: this type cannot be merged by this rule"),
    );
    if let Some(suggests) = &field.suggests {
        report.on("suggests");
        check_suggests(report, schema, field, suggests);
    }
}

/// What is suggested is a category of hazards, from a rank on that some code has.
fn check_suggests(report: &mut Report<'_>, schema: &Schema, field: &Field, suggests: &Suggest) {
    let (key, category) = (&field.key, &suggests.category);
    report.check(
        schema.lists.get(HAZARDS).is_some_and(|hazards| hazards.get(category).is_some()),
        || format!("{key}：隐患分类 {category} 不存在"),
        || format!("{key}: suggests '{category}', which is no code of the list {HAZARDS}"),
    );
    let list = field.list.as_ref().and_then(|name| schema.lists.get(name));
    report.check(
        list.is_none_or(|list| list.codes.iter().any(|code| code.rank >= suggests.from_rank)),
        || format!("{key}：没有代码达到 from_rank {}", suggests.from_rank),
        || format!("{key}: no code reaches from_rank {}", suggests.from_rank),
    );
}

/// Roles that a field names can write it at all, and what the server writes names none.
fn check_roles(report: &mut Report<'_>, schema: &Schema, kind: &Kind, field: &Field) {
    let key = &field.key;
    let named = [("write", &field.write), ("decide", &field.decide), ("lower", &field.lower)];
    if kind.server || field.server || field.rule == Rule::Command {
        report.on("write").check(
            named.iter().all(|(_, roles)| roles.is_empty()) && (kind.server || !field.required),
            || format!("{key}：由服务器填写，不能指定角色或必填"),
            || format!("{key}: is written by the server, so it names no roles and a form cannot require it"),
        );
        return;
    }
    for (what, roles) in named {
        for role in roles.iter().filter(|role| !schema.may_write(**role, kind, field)) {
            report.on(what).add(
                format!("{key}：{what} 中的{}（{role}）无权填写该字段", role.zh()),
                format!("{key}: {what} names {role}, who may not write this field"),
            );
        }
    }
    report.on("required").check(
        !field.required || Role::ALL.iter().any(|role| schema.may_write(*role, kind, field)),
        || format!("{key}：必填但没有角色能填写"),
        || format!("{key}: is required and no role may write it"),
    );
}

fn check_joins(report: &mut Report<'_>, kind: &Kind, field: &Field) {
    let (key, Some(joins)) = (&field.key, &field.joins) else { return };
    report.on("joins");
    let Some(set) = kind.fields.iter().find(|other| other.key == *joins) else {
        report.add(format!("{key}：joins 的字段 {joins} 不存在"), format!("{key}: joins '{joins}', which is no field"));
        return;
    };
    let same = set.rule == Rule::Set
        && !matches!(field.rule, Rule::Set | Rule::Log)
        && (set.value_type, set.audience, &set.list) == (field.value_type, field.audience, &field.list);
    report.check(
        same,
        || format!("{key}：joins 的 {joins} 应为同类型、同范围的 set"),
        || format!("{key}: {joins} must be a set of the same type and audience"),
    );
}

/// A reference leads to a kind, and never from an open document to a person: ids there would tie open facts to people.
fn check_ref(report: &mut Report<'_>, schema: &Schema, field: &Field) {
    let (key, Some(name)) = (&field.key, &field.kind) else { return };
    report.on("kind");
    let Some(target) = schema.kind(name) else {
        report.add(format!("{key}：引用的记录类型 {name} 不存在"), format!("{key}: there is no kind {name}"));
        return;
    };
    report.check(
        field.audience != Audience::Open || target.audiences().contains(&Audience::Open),
        || format!("{key}：公开字段不能引用没有公开部分的 {name}"),
        || format!("{key}: an open field cannot refer to {name}, which has no open part"),
    );
}

/// A condition asks a code field of the same kind for codes that it has.
fn check_when(report: &mut Report<'_>, schema: &Schema, kind: &Kind, key: &str, when: &When) {
    let list = kind.fields.iter().find(|f| f.key == when.field && f.key != key).and_then(|f| f.list.as_ref());
    let Some(list) = list.and_then(|name| schema.lists.get(name)) else {
        return report.add(
            format!("{key}：条件中的 {} 不是本类型的代码字段", when.field),
            format!("{key}: the condition asks '{}', which is no other code field here", when.field),
        );
    };
    for code in &when.is {
        report.check(
            list.get(code).is_some(),
            || format!("{key}：条件中的 {code} 不在代码表 {} 中", list.name),
            || format!("{key}: the condition names '{code}', which is no code of the list {}", list.name),
        );
    }
}

fn check_conditions(report: &mut Report<'_>, schema: &Schema, kind: &Kind, field: &Field) {
    for (attribute, when) in [("when", &field.when), ("required_when", &field.required_when)] {
        if let Some(when) = when {
            report.on(attribute);
            check_when(report, schema, kind, &field.key, when);
        }
    }
    let never = field.hidden || field.server || field.rule == Rule::Command;
    report.on("required_when").check(
        field.required_when.is_none() || !(never || field.required),
        || format!("{}：已是必填、不在表单上或由系统填写，不能再写 required_when", field.key),
        || format!("{}: is required anyway, hidden, or set by the machine, so required_when says nothing", field.key),
    );
    report.on("unless_given").check(
        field.unless_given.as_deref().is_none_or(|other| {
            field.required && other != field.key && kind.fields.iter().any(|field| field.key == other)
        }),
        || format!("{}：unless_given 只用于必填项，且须是同一记录的另一栏", field.key),
        || format!("{}: unless_given goes with a required field and names another field of the kind", field.key),
    );
    report.on("hidden").check(
        !(field.hidden && field.required),
        || format!("{}：隐藏的字段不能必填", field.key),
        || format!("{}: a hidden field cannot be required", field.key),
    );
}

fn check_times(report: &mut Report<'_>, kind: &Kind, field: &Field) {
    let key = &field.key;
    let timed = |field: &Field| matches!(field.value_type, FieldType::Date | FieldType::Time);
    report.on("past").check(
        !field.past || timed(field),
        || format!("{key}：past 只用于日期和时间"),
        || format!("{key}: past is for dates and times"),
    );
    if let Some(earlier) = &field.not_before {
        let other = kind.fields.iter().find(|f| f.key == *earlier && f.key != *key);
        report.on("not_before").check(
            timed(field) && other.is_some_and(|other| other.value_type == field.value_type),
            || format!("{key}：not_before 的 {earlier} 应是本类型另一个同类日期或时间"),
            || format!("{key}: not_before names '{earlier}', which is no other date or time of its type here"),
        );
    }
}

/// What making a record changes elsewhere: through a reference of its own, codes that are there, by hand.
fn check_effect(report: &mut Report<'_>, schema: &Schema, kind: &Kind, effect: &Effect) {
    report.on("when");
    check_when(report, schema, kind, "effect", &effect.when);
    let target = kind.fields.iter().find(|field| field.key == effect.record).and_then(|field| field.kind.as_deref());
    report.on("record");
    let Some(target) = target.and_then(|name| schema.kind(name)) else {
        return report.add(
            format!("effect：{} 不是本类型的引用字段", effect.record),
            format!("effect: '{}' is no reference of this kind", effect.record),
        );
    };
    for (key, code) in &effect.put {
        let field = target.fields.iter().find(|field| field.key == *key);
        let list = field.and_then(|field| schema.lists.get(field.list.as_deref()?));
        let known = |code: &String| list.is_some_and(|list| list.get(code).is_some());
        let by_hand = field.is_some_and(|f| !f.server && f.rule != Rule::Command && !f.by_command.contains(code));
        report.on("put").check(
            known(code) && by_hand,
            || format!("effect：{} 的 {key} 不能填 {code}", target.name),
            || format!("effect: {key} of {} cannot be put to '{code}'", target.name),
        );
        report.on("unless").check(
            effect.unless.iter().all(known),
            || format!("effect：unless 中有 {key} 没有的代码"),
            || format!("effect: unless names a code that {key} does not have"),
        );
    }
}
