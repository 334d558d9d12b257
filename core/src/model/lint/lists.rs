//! Code lists, checklists and the parts of attachments.

use std::collections::{BTreeMap, BTreeSet};

use super::{HAZARDS, Report};
use crate::model::{
    attachment,
    checklists::{CHECK_ITEM, CHECKLIST, Checklist, Checklists},
    schema::{Code, CodeList, FieldType, Schema},
    validate::is_date,
};

/// The list whose codes are the kinds of place.
const PLACES: &str = "place";

/// Checks the code lists of one file.
pub fn check_lists(report: &mut Report<'_>, lists: &[CodeList]) {
    let mut names = BTreeSet::new();
    for (n, list) in lists.iter().enumerate() {
        report.at(&[("list", n)]);
        let name = &list.name;
        report.on("name").key(name);
        report.check(names.insert(name), || format!("代码表 {name} 重复"), || format!("list {name} stands twice"));
        report.check(
            ![CHECKLIST, CHECK_ITEM].contains(&name.as_str()),
            || format!("代码表 {name} 由检查表生成，不能另写"),
            || format!("list {name} is made from the checklists"),
        );
        report.labels(name, &list.zh, &list.en);
        report.innocent(name, &[("name", name), ("zh", &list.zh), ("en", &list.en)]);
        report.on("version").check(
            list.version > 0,
            || format!("代码表 {name} 的版本从1起"),
            || format!("the versions of list {name} begin with 1"),
        );
        report.on("code").check(
            !list.codes.is_empty(),
            || format!("代码表 {name} 为空"),
            || format!("list {name} is empty"),
        );
        let mut words: BTreeMap<&str, &str> = BTreeMap::new();
        for (m, code) in list.codes.iter().enumerate() {
            report.at(&[("list", n), ("code", m)]);
            check_code(report, list, code);
            let own: BTreeSet<_> = std::iter::once(&code.code).chain([&code.zh, &code.en]).chain(&code.also).collect();
            for word in own {
                if let Some(other) = words.insert(word, &code.code) {
                    report.on("code").add(
                        format!("代码表 {name}：“{word}”同时属于 {other} 和 {}", code.code),
                        format!("list {name}: '{word}' belongs to both {other} and {}", code.code),
                    );
                }
            }
        }
    }
}

fn check_code(report: &mut Report<'_>, list: &CodeList, code: &Code) {
    let what = format!("{}.{}", list.name, code.code);
    report.on("code").key(&code.code);
    report.labels(&what, &code.zh, &code.en);
    report.innocent(&what, &[("code", &code.code), ("zh", &code.zh), ("en", &code.en)]);
    for word in &code.also {
        report.innocent(&what, &[("also", word)]);
    }
    check_days(report, &what, code.from.as_deref(), code.until.as_deref());
    if let Some(into) = &code.into {
        let leads = list.counted_as(&code.code).is_some_and(|now| now.code != code.code && now.into.is_none());
        report.on("into").check(
            code.until.is_some() && leads,
            || format!("{what}：停用后归入的 {into} 应是本表仍在使用的代码，并写明止期"),
            || format!("{what}: {into} must be a code of the list that is in use, and `until` must be given"),
        );
    }
}

fn check_days(report: &mut Report<'_>, what: &str, from: Option<&str>, until: Option<&str>) {
    for (attribute, day) in [("from", from), ("until", until)] {
        report.on(attribute).check(
            day.is_none_or(|day| day.len() == 10 && is_date(day)),
            || format!("{what}：起止日期应写作2026-03-08"),
            || format!("{what}: write the days of use as 2026-03-08"),
        );
    }
    if let Some((from, until)) = from.zip(until) {
        report.check(from <= until, || format!("{what}：止期早于起期"), || format!("{what}: ends before it begins"));
    }
}

/// Checks the checklists of one file; their items may stand in another.
pub fn check_checklists(report: &mut Report<'_>, schema: &Schema, checklists: &Checklists) {
    let mut codes = BTreeSet::new();
    for (n, item) in checklists.items.iter().enumerate() {
        report.at(&[("item", n)]);
        let code = &item.code;
        report.on("code").key(code);
        report.check(codes.insert(code), || format!("检查项 {code} 重复"), || format!("item {code} stands twice"));
        report.labels(code, &item.zh, &item.en);
        report.innocent(code, &[("code", code), ("zh", &item.zh), ("en", &item.en)]);
        if let Some(category) = &item.suggests {
            report.on("suggests").check(
                schema.lists.get(HAZARDS).is_some_and(|list| list.get(category).is_some()),
                || format!("{code}：隐患分类 {category} 不存在"),
                || format!("{code}: suggests '{category}', which is no code of the list {HAZARDS}"),
            );
        }
    }
    let mut names = BTreeSet::new();
    for (n, list) in checklists.lists.iter().enumerate() {
        report.at(&[("checklist", n)]);
        report.on("name").check(
            names.insert(list.code()),
            || format!("检查表 {} 重复", list.code()),
            || format!("checklist {} stands twice", list.code()),
        );
        check_checklist(report, schema, list);
    }
}

fn check_checklist(report: &mut Report<'_>, schema: &Schema, list: &Checklist) {
    let name = &list.name;
    report.on("name").key(name);
    report.labels(name, &list.zh, &list.en);
    report.innocent(name, &[("name", name), ("zh", &list.zh), ("en", &list.en)]);
    report.on("places").check(
        !list.places.is_empty(),
        || format!("{name}：没有写适用场所"),
        || format!("{name}: says no places"),
    );
    for place in &list.places {
        report.check(
            schema.lists.get(PLACES).is_some_and(|list| list.get(place).is_some()),
            || format!("{name}：场所类型 {place} 不存在"),
            || format!("{name}: '{place}' is no code of the list {PLACES}"),
        );
    }
    let mut items = BTreeSet::new();
    report.on("items").check(
        !list.items.is_empty(),
        || format!("{name}：没有检查项"),
        || format!("{name}: has no items"),
    );
    for item in &list.items {
        report.check(
            schema.checklists.item(item).is_some() && items.insert(item),
            || format!("{name}：检查项 {item} 不存在或重复"),
            || format!("{name}: item {item} is not there, or stands twice"),
        );
    }
    check_days(report, name, list.from.as_deref(), list.until.as_deref());
}

/// The parts of an attachment are those that the program writes, with labels and purposes.
pub fn check_attachment(report: &mut Report<'_>, schema: &Schema) {
    let part = &schema.attachment;
    report.labels(&part.name, &part.zh, &part.en);
    let keys: Vec<_> = part.fields.iter().map(|field| field.key.as_str()).collect();
    report.on("field").check(
        keys == attachment::PARTS,
        || format!("附件的各部分应依次为 {}", attachment::PARTS.join("、")),
        || format!("the parts of an attachment are {}", attachment::PARTS.join(", ")),
    );
    for (n, field) in part.fields.iter().enumerate() {
        report.at(&[("field", n)]);
        report.labels(&field.key, &field.zh, &field.en);
        report.innocent(&field.key, &[("zh", &field.zh), ("en", &field.en), ("purpose", &field.purpose)]);
        let plain = matches!(field.value_type, FieldType::Text | FieldType::Int | FieldType::Time);
        report.on("type").check(plain, || "类型应为 text、int 或 time".to_owned(), || "text, int or time".to_owned());
    }
}
