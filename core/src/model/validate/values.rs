//! Checks of single values by their type.

use super::Found;
use crate::model::{
    change::Value,
    geo::{Point, PointError},
    idno, region, uscc,
};

pub(super) fn check_text(found: &mut Found<'_>, text: &str) {
    if text.trim().is_empty() {
        found.block("blank", "没有内容；要清除请选“清除”", "blank; to clear a field, clear it");
        return;
    }
    if text.trim() != text {
        found.warn("spaces", "首尾有空格", "spaces at the beginning or end");
    }
    check_characters(found, text);
    check_length(found, text);
}

fn check_length(found: &mut Found<'_>, text: &str) {
    let count = text.chars().count();
    if let Some(max) = found.field.max
        && count as i64 > max
    {
        let (zh, en) = (format!("最多{max}字，现有{count}字"), format!("at most {max} characters, not {count}"));
        found.block("length", &zh, &en);
    }
}

/// Counts beyond this lose digits in JSON readers that know only doubles.
const MAX_INT: i64 = 1 << 53;

/// Control characters and those that turn the direction of writing could make one name look like another.
pub(super) fn check_characters(found: &mut Found<'_>, text: &str) {
    let turns = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    if text.chars().any(|c| (c.is_control() && c != '\n') || turns(c)) {
        found.block("control", "含有不可见的控制字符", "holds invisible control characters");
    }
    if text.contains('\u{fffd}') {
        found.warn("damaged", "有字符在转换编码时损坏", "characters were damaged by a change of encoding");
    }
    if text.chars().any(|c| matches!(c, '\u{e000}'..='\u{f8ff}')) {
        found.warn(
            "private_use",
            "有自造字，别的手机可能显示不出",
            "holds private-use characters that other phones may not show",
        );
    }
}

pub(super) fn check_date(found: &mut Found<'_>, date: &str) {
    if !is_date_shaped(date) {
        found.block("date_shape", "日期应写作2026-03-08，日不详时写2026-03", "write a date as 2026-03-08, or 2026-03");
    } else if !is_date(date) {
        found.block("date", "日历上没有这一天", "there is no such day");
    }
}

fn is_date_shaped(text: &str) -> bool {
    let bytes = text.as_bytes();
    matches!(bytes.len(), 7 | 10)
        && bytes.iter().enumerate().all(|(i, b)| if i == 4 || i == 7 { *b == b'-' } else { b.is_ascii_digit() })
}

/// Whether a text is a day of the calendar (`2026-03-08`), or a month (`2026-03`) where the day is not known.
pub fn is_date(text: &str) -> bool {
    let number = |range: std::ops::Range<usize>| text[range].parse().unwrap_or(0);
    is_date_shaped(text) && is_real_date(number(0..4), number(5..7), if text.len() == 10 { number(8..10) } else { 1 })
}

pub(super) fn check_phone(found: &mut Found<'_>, number: &str) {
    let digits = number.bytes().all(|b| b.is_ascii_digit());
    match phone_kind(number) {
        _ if !digits || number.is_empty() => found.block("phone_digits", "只填数字", "digits only"),
        Some(PhoneKind::Local) => found.warn("phone_area", "缺区号", "the area code is missing"),
        Some(_) => {}
        None => {
            found.block("phone", "不是11位手机号或带区号的固定电话", "neither a mobile of 11 digits nor a landline");
        }
    }
}

/// What a row of digits is as a telephone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneKind {
    /// 11 digits from 13 to 19.
    Mobile,
    /// Area code and number.
    Landline,
    /// A landline without its area code.
    Local,
    /// 110, 12345, 95598, 400…: numbers of offices.
    Service,
}

/// Which kind of telephone number digits are; `None` if they are none.
pub fn phone_kind(digits: &str) -> Option<PhoneKind> {
    let bytes = digits.as_bytes();
    if !bytes.iter().all(u8::is_ascii_digit) {
        return None;
    }
    match (bytes, bytes.len()) {
        ([b'1', b'3'..=b'9', ..], 11) => Some(PhoneKind::Mobile),
        ([b'0', b'1', b'0', b'2'..=b'8', ..] | [b'0', b'2', _, b'2'..=b'8', ..], 11)
        | ([b'0', b'3'..=b'9', _, _, b'2'..=b'8', ..], 11 | 12) => Some(PhoneKind::Landline),
        ([b'2'..=b'8', ..], 7 | 8) => Some(PhoneKind::Local),
        ([b'4' | b'8', b'0', b'0', ..], 10)
        | ([b'1', b'1' | b'2', _], 3)
        | ([b'1', b'0' | b'2', ..], 5)
        | ([b'9', b'5' | b'6', ..], 5..=6) => Some(PhoneKind::Service),
        _ => None,
    }
}

/// A number that breaks a rule is kept and marked: it may be what the document shows, and no person is lost for it.
pub(super) fn check_id(found: &mut Found<'_>, number: &str) {
    check_text(found, number);
    if idno::normalise(number) != number {
        found.block("id_form", "请用半角、不带空格、大写X", "write it without spaces, in half width, with a capital X");
    } else if let Err(error) = idno::check(number) {
        let text = error.to_string();
        let (zh, en) = text.split_once(" / ").expect("every message of IdError has two halves");
        found.warn(error.rule(), zh, en);
    }
}

pub(super) fn check_entry(found: &mut Found<'_>, value: &Value) {
    let object = value.text().and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    let Some(serde_json::Value::Object(entry)) = object else {
        found.block("entry", "记录格式不对", "an entry is a small JSON object");
        return;
    };
    if entry.is_empty() || entry.values().any(|part| part.is_object() || part.is_array()) {
        found.block("entry", "记录格式不对", "an entry is one flat JSON object");
    }
    for text in entry.values().filter_map(serde_json::Value::as_str) {
        check_characters(found, text);
        check_length(found, text);
    }
}

/// Whether a day stands in the calendar, from 1800 to 2199.
pub fn is_real_date(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    (1800..2200).contains(&year) && (1..=days).contains(&day)
}

/// Whether one date or time lies before another of the same type; where a day is not known, its month counts. What is no
/// date lies nowhere: its own problem says so.
pub(super) fn is_before(value: &Value, other: &Value) -> bool {
    match (value, other) {
        (Value::Int(value), Value::Int(other)) => value < other,
        (Value::Text(value), Value::Text(other)) if is_date(value) && is_date(other) => {
            let known = value.len().min(other.len());
            value.get(..known) < other.get(..known)
        }
        _ => false,
    }
}

pub(super) fn check_number(found: &mut Found<'_>, number: i64) {
    let field = found.field;
    let (min, max) = (field.min.unwrap_or(-MAX_INT), field.max.unwrap_or(MAX_INT));
    if !(min..=max).contains(&number) {
        let (zh, en) = (format!("应在{min}至{max}之间"), format!("must lie between {min} and {max}"));
        found.block("range", &zh, &en);
    }
}

pub(super) fn check_uscc(found: &mut Found<'_>, code: &str) {
    use uscc::UsccError::{Characters, CheckCharacter, Length};
    match uscc::check(code) {
        Ok(()) => {}
        Err(Length) => found.block("uscc_length", "统一社会信用代码应为18位", "a social credit code has 18 characters"),
        Err(Characters) => found.block(
            "uscc_characters",
            "只能是数字和大写字母，不含I、O、S、V、Z，第3至8位为数字",
            "digits and capitals without I, O, S, V, Z; characters 3 to 8 are digits",
        ),
        Err(CheckCharacter) => found.block("uscc_check", "末位校验码不符", "the check character does not fit"),
    }
}

pub(super) fn check_region(found: &mut Found<'_>, code: &str) {
    match region::check(code) {
        Ok(()) => {}
        Err(region::RegionError::Shape) => {
            found.block("region_shape", "应为6、9、12或15位数字", "must be 6, 9, 12 or 15 digits");
        }
        Err(region::RegionError::Part) => {
            found.block(
                "region_part",
                "各段不成立（省、县、镇、村、网格）",
                "no such province, county, town, village or grid can be",
            );
        }
    }
}

pub(super) fn check_point(found: &mut Found<'_>, text: &str) {
    match Point::parse(text) {
        Ok(point) if point.canonical().is_near_china() => {}
        Ok(_) => found.warn("point_far", "不在中国境内或附近", "lies neither in China nor near it"),
        Err(PointError::Shape) => found.block(
            "point_shape",
            "位置应写作 纬度,经度,坐标系,精度（1e-7度的整数，精度为米）",
            "write a position as lat,lon,crs,accuracy: degrees in units of 1e-7, metres",
        ),
        Err(PointError::Crs) => found.block("point_crs", "坐标系不在代码表中", "not a coordinate system of the list"),
        Err(PointError::Range) => found.block("point_range", "经纬度超出范围", "degrees out of range"),
        Err(PointError::Accuracy) => {
            found.block("point_accuracy", "精度应为1米至100公里", "the accuracy must be 1 m to 100 km");
        }
    }
}
