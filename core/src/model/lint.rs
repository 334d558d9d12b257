//! Checks of schema files that no single line shows. All problems come at once, each with its file, so that a county's
//! clerk mends a file in one go.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    access, deny,
    files::{ACCESS, FLOWS, LISTS},
    flow::check_flows,
    ids::{Audience, Role},
    schema::{Code, CodeList, Fact, Field, FieldType, Kind, Rule, Schema, SchemaError},
    validate::is_date,
};

pub use super::deny::denied;

/// The list whose codes are the categories of hazards that a dangerous value may suggest.
const HAZARDS: &str = "hazard";
/// The list whose codes are the only words for `retain`.
const RETENTION: &str = "retention";
/// First parts of document keys that mean something else than a field (DESIGN 4 and 5).
const RESERVED: [&str; 3] = ["hint", "cmd", "out"];
/// A text of this many characters fits 4 KiB in any script, with room for the JSON of an entry.
const MAX_CHARS: i64 = 1000;

/// The problems of one file.
pub(super) struct Report<'a> {
    file: &'a str,
    problems: &'a mut Vec<SchemaError>,
}

impl Report<'_> {
    pub(super) fn add(&mut self, zh: String, en: String) {
        self.problems.push(SchemaError { file: self.file.to_owned(), zh, en });
    }
    pub(super) fn check(&mut self, holds: bool, zh: impl FnOnce() -> String, en: impl FnOnce() -> String) {
        if !holds {
            self.add(zh(), en());
        }
    }
    /// Keys of fields, kinds, lists and codes are 1 to 32 lower-case letters, digits and underscores.
    pub(super) fn key(&mut self, key: &str) {
        let shaped = (1..=32).contains(&key.len())
            && key.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
            && !key.starts_with('_');
        self.check(
            shaped,
            || format!("“{key}”不合规：只用小写字母、数字和下划线，1至32个"),
            || format!("'{key}' must be 1 to 32 lower-case letters, digits or underscores, not beginning with one"),
        );
    }
    pub(super) fn labels(&mut self, what: &str, zh: &str, en: &str) {
        let chinese =
            zh.chars().any(|c| ('\u{3400}'..='\u{9fff}').contains(&c)) || zh.bytes().any(|b| b.is_ascii_digit());
        self.check(
            !zh.trim().is_empty() && chinese,
            || format!("{what}缺中文名称"),
            || format!("{what} lacks a Chinese label"),
        );
        self.check(
            !en.trim().is_empty() && en.is_ascii(),
            || format!("{what}缺英文名称"),
            || format!("{what} lacks an English label"),
        );
    }
    pub(super) fn innocent(&mut self, what: &str, texts: &[&str]) {
        if let Some((text, found)) = texts.iter().find_map(|text| Some((text, deny::category(text)?))) {
            self.add(
                format!("{what}：“{text}”属于禁止采集的内容（{}）", found.zh),
                format!("{what}: '{text}' may not be collected ({})", found.en),
            );
        }
    }
}

/// Checks the code lists.
pub fn check_lists(lists: &[CodeList], problems: &mut Vec<SchemaError>) {
    let mut report = Report { file: LISTS, problems };
    let mut names = BTreeSet::new();
    for list in lists {
        let name = &list.name;
        report.key(name);
        report.check(names.insert(name), || format!("代码表 {name} 重复"), || format!("list {name} stands twice"));
        report.labels(name, &list.zh, &list.en);
        report.innocent(name, &[name, &list.zh, &list.en]);
        report.check(!list.codes.is_empty(), || format!("代码表 {name} 为空"), || format!("list {name} is empty"));
        let mut words: BTreeMap<&str, &str> = BTreeMap::new();
        for code in &list.codes {
            check_code(&mut report, list, code);
            let own: BTreeSet<_> = std::iter::once(&code.code).chain([&code.zh, &code.en]).chain(&code.also).collect();
            for word in own {
                if let Some(other) = words.insert(word, &code.code) {
                    report.add(
                        format!("代码表 {name}：“{word}”同时属于 {other} 和 {}", code.code),
                        format!("list {name}: '{word}' belongs to both {other} and {}", code.code),
                    );
                }
            }
        }
    }
}

fn check_code(report: &mut Report, list: &CodeList, code: &Code) {
    let what = format!("{}.{}", list.name, code.code);
    report.key(&code.code);
    report.labels(&what, &code.zh, &code.en);
    report.innocent(&what, &[&code.code, &code.zh, &code.en]);
    for word in &code.also {
        report.innocent(&what, &[word]);
    }
    let days = [&code.from, &code.until];
    report.check(
        days.iter().all(|day| day.as_deref().is_none_or(|day| day.len() == 10 && is_date(day))),
        || format!("{what}：起止日期应写作2026-03-08"),
        || format!("{what}: write the days of use as 2026-03-08"),
    );
    if let (Some(from), Some(until)) = (&code.from, &code.until) {
        report.check(from <= until, || format!("{what}：止期早于起期"), || format!("{what}: ends before it begins"));
    }
}

/// Checks that every kind stands once and in the file of its name.
pub fn check_names(kinds: &[(String, Kind)], problems: &mut Vec<SchemaError>) {
    let mut names = BTreeSet::new();
    for (file, kind) in kinds {
        let mut report = Report { file, problems };
        let name = &kind.name;
        report.check(
            *file == file_of(kind),
            || format!("文件名应为 {name}.toml"),
            || format!("the file must be named {name}.toml"),
        );
        report.check(names.insert(name), || format!("记录类型 {name} 重复"), || format!("kind {name} stands twice"));
    }
}

/// Checks every kind, and what kinds, lists and access say of each other.
pub fn check(schema: &Schema, problems: &mut Vec<SchemaError>) {
    for kind in schema.kinds.values() {
        check_kind(&mut Report { file: &file_of(kind), problems }, schema, kind);
    }
    check_access(&mut Report { file: ACCESS, problems }, schema);
    check_flows(&mut Report { file: FLOWS, problems }, schema, &schema.flows);
}

fn file_of(kind: &Kind) -> String {
    format!("{}.toml", kind.name)
}

fn check_kind(report: &mut Report, schema: &Schema, kind: &Kind) {
    let name = &kind.name.0;
    report.key(name);
    report.labels(name, &kind.zh, &kind.en);
    report.innocent(name, &[name, &kind.zh, &kind.en]);
    report.check(!kind.fields.is_empty(), || "没有字段".to_owned(), || "it has no fields".to_owned());
    report.check(!kind.title.is_empty(), || "缺标题字段 title".to_owned(), || "title names no field".to_owned());
    for key in &kind.title {
        report.check(
            kind.fields.iter().any(|field| field.key == *key),
            || format!("标题字段 {key} 不存在"),
            || format!("title names '{key}', which is no field"),
        );
    }
    let mut keys = BTreeSet::new();
    for field in &kind.fields {
        let key = &field.key;
        report.check(keys.insert(key), || format!("字段 {key} 重复"), || format!("field {key} stands twice"));
        check_field(report, schema, kind, field);
    }
}

fn check_field(report: &mut Report, schema: &Schema, kind: &Kind, field: &Field) {
    let key = &field.key;
    report.key(key);
    report.check(
        !RESERVED.contains(&key.as_str()),
        || format!("字段名 {key} 为系统保留"),
        || format!("the name {key} is reserved"),
    );
    report.labels(key, &field.zh, &field.en);
    report.innocent(key, &[key, &field.zh, &field.en, &field.purpose]);
    report.check(
        !field.purpose.trim().is_empty(),
        || format!("{key}：缺采集目的 purpose"),
        || format!("{key}: says no purpose"),
    );
    report.check(
        schema.lists.get(RETENTION).is_some_and(|list| list.get(&field.retain).is_some()),
        || format!("{key}：保存期限“{}”不在代码表 {RETENTION} 中", field.retain),
        || format!("{key}: retain '{}' is no code of the list {RETENTION}", field.retain),
    );
    check_type(report, schema, field);
    check_rule(report, schema, field);
    check_roles(report, schema, kind, field);
    check_joins(report, kind, field);
    check_ref(report, schema, field);
}

/// What the type asks for.
fn check_type(report: &mut Report, schema: &Schema, field: &Field) {
    let key = &field.key;
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
    report.check(
        (field.value_type == FieldType::Ref) == field.kind.is_some(),
        || format!("{key}：引用类型须写明 kind，其他类型不写"),
        || format!("{key}: a ref names a kind, and nothing else does"),
    );
    report.check(
        match field.value_type {
            FieldType::Text => field.min.is_none() && field.max.is_none_or(|max| (1..=MAX_CHARS).contains(&max)),
            FieldType::Int => field.min.zip(field.max).is_none_or(|(min, max)| min < max),
            _ => field.min.is_none() && field.max.is_none(),
        },
        || format!("{key}：max 用于文字（1至{MAX_CHARS}字）和数字，min 只用于数字且小于 max"),
        || format!("{key}: max is for text, 1 to {MAX_CHARS} characters, and numbers; min for numbers, below max"),
    );
    report.check(
        field.value_type != FieldType::IdNumber || field.audience != Audience::Open,
        || format!("{key}：身份证号不得公开给所有人员"),
        || format!("{key}: an ID number cannot be open"),
    );
}

/// What the merge rule asks for.
fn check_rule(report: &mut Report, schema: &Schema, field: &Field) {
    let key = &field.key;
    let safer = field.rule == Rule::Safer;
    let fixed = field.fact == Fact::Fixed;
    report.check(
        !fixed || field.rule == Rule::Authority,
        || format!("{key}：fact = fixed 只用于 authority"),
        || format!("{key}: fact = fixed goes with authority only"),
    );
    let list = field.list.as_ref().and_then(|name| schema.lists.get(name));
    let ranked = || list.is_none_or(|list| list.codes.iter().all(|code| code.rank > 0));
    report.check(
        !safer || (field.value_type == FieldType::Code && ranked()),
        || format!("{key}：safer 需要每个代码都有 rank 的代码表"),
        || format!("{key}: safer needs a list in which every code has a rank"),
    );
    report.check(
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
    report.check(
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
    report.check(
        fits,
        || format!("{key}：该类型不能用此合并规则"),
        || format!("{key}: this type cannot be merged by this rule"),
    );
    if let Some(suggests) = &field.suggests {
        let category = &suggests.category;
        report.check(
            schema.lists.get(HAZARDS).is_some_and(|hazards| hazards.get(category).is_some()),
            || format!("{key}：隐患分类 {category} 不存在"),
            || format!("{key}: suggests '{category}', which is no code of the list {HAZARDS}"),
        );
        report.check(
            list.is_none_or(|list| list.codes.iter().any(|code| code.rank >= suggests.from_rank)),
            || format!("{key}：没有代码达到 from_rank {}", suggests.from_rank),
            || format!("{key}: no code reaches from_rank {}", suggests.from_rank),
        );
    }
}

/// Roles that a field names can write it at all, and what the server writes names none.
fn check_roles(report: &mut Report, schema: &Schema, kind: &Kind, field: &Field) {
    let key = &field.key;
    let named = [("write", &field.write), ("decide", &field.decide), ("lower", &field.lower)];
    if kind.server || field.server || field.rule == Rule::Command {
        report.check(
            named.iter().all(|(_, roles)| roles.is_empty()) && (kind.server || !field.required),
            || format!("{key}：由服务器填写，不能指定角色或必填"),
            || format!("{key}: is written by the server, so it names no roles and a form cannot require it"),
        );
        return;
    }
    for (what, roles) in named {
        for role in roles.iter().filter(|role| !schema.may_write(**role, kind, field)) {
            report.add(
                format!("{key}：{what} 中的{}（{role}）无权填写该字段", role.zh()),
                format!("{key}: {what} names {role}, who may not write this field"),
            );
        }
    }
    report.check(
        !field.required || Role::ALL.iter().any(|role| schema.may_write(*role, kind, field)),
        || format!("{key}：必填但没有角色能填写"),
        || format!("{key}: is required and no role may write it"),
    );
}

fn check_joins(report: &mut Report, kind: &Kind, field: &Field) {
    let (key, Some(joins)) = (&field.key, &field.joins) else { return };
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
fn check_ref(report: &mut Report, schema: &Schema, field: &Field) {
    let (key, Some(name)) = (&field.key, &field.kind) else { return };
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

fn check_access(report: &mut Report, schema: &Schema) {
    for (role, audiences) in &schema.access.receive {
        for audience in audiences.iter().filter(|audience| !access::widest(*role).contains(audience)) {
            report.add(
                format!("{}（{role}）不得接收 {audience}", role.zh()),
                format!("{role} may not receive {audience}"),
            );
        }
    }
    for (role, kinds) in &schema.access.write {
        report.check(
            kinds.is_empty() || !schema.audiences_of(*role).is_empty(),
            || format!("{}（{role}）能写却什么也不接收", role.zh()),
            || format!("{role} writes kinds and receives nothing"),
        );
        for name in kinds.iter().filter(|name| *name != "*") {
            let writable = schema.kind(name).is_some_and(|kind| !kind.server);
            report.check(
                writable,
                || format!("{}（{role}）能写的 {name} 不存在或只由服务器写", role.zh()),
                || format!("{role} writes {name}, which is no kind or the server's alone"),
            );
        }
    }
}
