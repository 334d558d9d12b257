//! What names a person or a person's circumstances is no open field of a county's: everybody in a grid receives those.

use super::Report;
use crate::model::{
    deny::Heading,
    ids::Audience,
    schema::{CodeList, Field, FieldType, Kind, Schema},
};

/// Words, written as in the deny list, for what a field holds of a person: it cannot be open, unless it is a yes or no.
const HOLDS: (&str, &str) = (
    "姓名 人名 曾用名 身份证 身份号码 证件号 证件照 护照 社保卡 医保卡 银行卡 银行账号 电话 手机 联系方式 联系人 微信号 \
     出生 生日 年龄 住址 家庭地址 户籍 户主 房东 租客 出租人 承租人 负责人 责任人 当事人 举报人 婚姻 工作单位",
    "full name*, person name*, surname*, given name*, first name*, last name*, owner name*, contact name*, id card*, \
     id number*, id no, identity card*, identity number*, citizen id*, passport*, phone, phones, telephone, telephones, \
     mobile number*, =mobile, contact person*, contact number*, birth*, birthday*, dob, home address*, landlord*, \
     tenant name*, xingming*, shenfenzheng*, shenfen zheng*, sfz, sfzh, dianhua*, shouji*, chusheng*, shengri*, zhuzhi, \
     jiatingzhuzhi*, fuzeren*, lianxiren*, lianxifangshi*, huzhu*",
);
/// The same for what makes a person one who is cared for: the name of a yes or no says it as well.
const TRAITS: (&str, &str) = (
    "残疾 残障 失能 监护 家长 患者 患病 病史 病情 精神障碍 精神病 低保 特困 五保 孤儿 孤寡 独居 空巢 留守儿童 \
     困境儿童 照护人",
    "disab*, handicap*, guardian*, parents, parent name*, parent phone*, patient*, orphan*, lives alone, living alone, \
     illness*, disease history*, canji*, jianhu*, jiazhang*, dibao*, tekun*",
);
/// Phrases that hold such a word and mean a thing or a public number.
const INNOCENT: &str = "电话亭 电话线 电话柜 电话交接箱 公用电话 监督电话 报警电话 服务电话 公开电话 投诉电话 手机充电 手机信号 \
    手机店 手机维修 残疾人坡道 残疾人通道 残疾人停车 残疾人车位 残疾人厕所 残疾人卫生间 残疾人设施 残疾人专用 \
    残疾人联合会 家长学校 家长等候 家长接送区";

fn is_trait(text: &str) -> bool {
    Heading::new(text).names(TRAITS.0, TRAITS.1, INNOCENT)
}

fn is_personal(text: &str) -> bool {
    is_trait(text) || Heading::new(text).names(HOLDS.0, HOLDS.1, INNOCENT)
}

/// Checks what is open in a kind of a county's file, as far as it does not ship.
pub fn check_kind(report: &mut Report<'_>, base: &Schema, kind: &Kind) {
    let known = base.kinds.get(&kind.name);
    let open = |field: &Field| field.audience == Audience::Open;
    let name = known.is_none().then_some(("name", kind.name.0.as_str()));
    let labels = known.is_none_or(|known| (&known.zh, &known.en) != (&kind.zh, &kind.en));
    if kind.fields.iter().any(open) {
        report.at(&[]);
        let labels = [("zh", kind.zh.as_str()), ("en", &kind.en)].into_iter().filter(|_| labels);
        tell(report, &kind.name.0, name.into_iter().chain(labels), is_personal);
    }
    for (n, field) in kind.fields.iter().enumerate().filter(|(_, field)| open(field)) {
        report.at(&[("field", n)]);
        let known = known.and_then(|known| known.fields.iter().find(|old| old.key == field.key));
        check_field(report, base, known, field);
    }
}

fn check_field(report: &mut Report<'_>, base: &Schema, known: Option<&Field>, field: &Field) {
    let test = if field.value_type == FieldType::Bool { is_trait } else { is_personal };
    let key = &field.key;
    let name = known.is_none().then_some(("key", key.as_str()));
    let labels = known.is_none_or(|known| (&known.zh, &known.en) != (&field.zh, &field.en));
    let labels = [("zh", field.zh.as_str()), ("en", &field.en)].into_iter().filter(|_| labels);
    tell(report, key, name.into_iter().chain(labels), test);
    if known.is_some() {
        return;
    }
    if matches!(field.value_type, FieldType::Phone | FieldType::IdNumber) {
        report.on("type").say(
            "personal",
            format!("{key}：身份证号和电话不得公开给所有人员"),
            format!("{key}: an ID number or a telephone cannot be open"),
        );
    }
    if let Some(list) = field.list.as_ref().filter(|list| is_kept_close(base, list)) {
        report.on("list").say(
            "personal",
            format!("{key}：代码表 {list} 记的是个人情况，不能放在公开（open）的字段"),
            format!("{key}: the list {list} tells of people and cannot stand in an open field"),
        );
    }
}

/// Checks the codes that a county adds to lists of open fields: what no label may say, no code says either.
pub fn check_list(report: &mut Report<'_>, base: &Schema, schema: &Schema, n: usize, list: &CodeList) {
    let fields = || schema.kinds.values().flat_map(|kind| &kind.fields);
    if !fields().any(|field| field.audience == Audience::Open && field.list.as_ref() == Some(&list.name)) {
        return;
    }
    let known = base.lists.get(&list.name);
    for (m, code) in list.codes.iter().enumerate() {
        if known.and_then(|known| known.get(&code.code)).is_none() {
            report.at(&[("list", n), ("code", m)]);
            tell(report, &code.code, [("zh", code.zh.as_str()), ("en", &code.en)].into_iter(), is_trait);
        }
    }
}

/// Whether what ships uses a list, and never in an open field.
fn is_kept_close(base: &Schema, list: &str) -> bool {
    let uses = || base.kinds.values().flat_map(|kind| &kind.fields).filter(|field| field.list.as_deref() == Some(list));
    uses().next().is_some() && uses().all(|field| field.audience != Audience::Open)
}

fn tell<'t>(
    report: &mut Report<'_>,
    what: &str,
    texts: impl Iterator<Item = (&'static str, &'t str)>,
    test: fn(&str) -> bool,
) {
    if let Some((attribute, text)) = texts.into_iter().find(|(_, text)| test(text)) {
        report.on(attribute).say(
            "personal",
            format!("{what}：“{text}”是个人情况，不能放在公开（open）的字段；请用 personal 或更窄的范围"),
            format!(
                "{what}: '{text}' tells of people and cannot be open; give it the audience personal or a narrower one"
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_of_people_is_known_and_what_tells_of_things_passes() {
        for text in [
            "姓名",
            "负责人姓名",
            "身份证号",
            "身份证照片",
            "电话",
            "联系电话",
            "手机号码",
            "出生年月",
            "家庭住址",
            "残疾情况",
            "监护人",
            "家长",
            "owner_phone",
            "xingming",
            "sfzh",
            "guardian",
            "full name",
            "birth_date",
            "Disabled",
        ] {
            assert!(is_personal(text), "{text}");
        }
        for text in [
            "名称",
            "地址",
            "电话亭",
            "监督电话",
            "手机充电柜",
            "残疾人坡道",
            "家长学校",
            "name",
            "parent",
            "shelter_no",
            "井盖",
            "mobile toilet",
            "建成年份",
            "责任单位",
        ] {
            assert!(!is_personal(text), "{text}");
        }
    }

    #[test]
    fn lists_of_people_and_lists_of_things_are_told_apart() {
        let base = Schema::built_in();
        for list in ["care", "disability", "child_care", "guardian_relation", "hardship", "sex", "self_care"] {
            assert!(is_kept_close(base, list), "{list}");
        }
        for list in ["gas_check", "hazard", "place", "no_such_list"] {
            assert!(!is_kept_close(base, list), "{list}");
        }
    }
}
