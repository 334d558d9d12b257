//! From a cell to the value that a record holds. What cannot be read is listed and left out; what is read but looks
//! wrong is kept and listed.

use wangge_core::model::{
    Field, FieldType, Member, Rule, Schema, Value, idno, text,
    validate::{self, Severity},
};

use super::{
    map::Column,
    readers::Cell,
    report::{Place, Problem, Tidied},
};

/// Fields that hold a person's name; spaces in them mean nothing.
const NAMES: [&str; 5] =
    ["resident.name", "place.duty_person", "resident.emergency_contact", "household.emergency_contact", "care.helper"];
/// Integers up to here are exact in a spreadsheet's number.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Puts of one cell: document keys and values.
pub type Puts = Vec<(String, Value)>;

/// What cleaning one import has gathered.
pub struct Cleaner<'a> {
    /// Fields and code lists.
    pub schema: &'a Schema,
    /// Cells to look at.
    pub problems: Vec<Problem>,
    /// Cells that were written in another way.
    pub tidied: Tidied,
}

impl Cleaner<'_> {
    /// Counts a cell that was tidied.
    fn note(&mut self, what: &'static str) {
        *self.tidied.entry(what).or_default() += 1;
    }

    /// The puts that a cell makes for a field of a kind; none where it is blank or cannot be read.
    pub fn field(&mut self, place: &Place, kind: &str, field: &Field, column: &Column, cell: &Cell) -> Puts {
        if cell.is_blank() || says_nothing(field, cell) {
            return Puts::new();
        }
        let name = format!("{kind}.{}", field.key);
        let shown = cell.show();
        let read = match field.value_type {
            FieldType::Text if NAMES.contains(&name.as_str()) => {
                let clean = text::name(&shown);
                if shown.trim() != clean && text::tidy(&shown) != clean {
                    self.note("spaced_name");
                }
                Ok(vec![Value::Text(clean)])
            }
            FieldType::Text => Ok(vec![Value::Text(text::tidy(&shown))]),
            FieldType::Uscc | FieldType::Region => Ok(vec![Value::Text(text::compact(&shown).to_uppercase())]),
            FieldType::Code => return self.codes(place, &name, field, column, &shown),
            FieldType::Date => {
                self.date(cell).map(|day| vec![Value::Text(day)]).ok_or(("bad_date", "日期无法识别", "not a date"))
            }
            FieldType::Time => {
                moment(cell).map(|ms| vec![Value::Int(ms)]).ok_or(("bad_date", "时间无法识别", "not a time"))
            }
            FieldType::Phone => {
                self.note_phone(&shown);
                text::phones(&shown).map(|all| all.into_iter().map(Value::Text).collect()).ok_or((
                    "bad_phone",
                    "电话号码无法识别",
                    "not a telephone number",
                ))
            }
            FieldType::IdNumber => self.id(cell).map(|id| vec![Value::Text(id)]).ok_or((
                "float_id",
                "身份证号存成了数字，后几位已丢失，请按原件补录",
                "the ID number was kept as a number and lost its last digits; enter it from the document",
            )),
            FieldType::Int => {
                whole(&shown).map(|n| vec![Value::Int(n)]).ok_or(("bad_number", "不是整数", "not a whole number"))
            }
            FieldType::Bool => {
                yes_no(&shown).map(|yes| vec![Value::Bool(yes)]).ok_or(("bad_word", "应为是或否", "must be yes or no"))
            }
            FieldType::Point | FieldType::Ref | FieldType::Attachment => Ok(Vec::new()),
        };
        match read {
            Ok(values) => self.keep(place, &name, field, &shown, values),
            Err((rule, zh, en)) => {
                let (zh, en) = (format!("{}：{zh}", field.zh), format!("{}: {en}", field.en));
                self.problems.push(place.problem(&name, rule, &shown, zh, en));
                Puts::new()
            }
        }
    }

    /// Checks values as the schema does; of several for a field that holds one, the others go into the set it joins.
    fn keep(&mut self, place: &Place, name: &str, field: &Field, shown: &str, values: Vec<Value>) -> Puts {
        let mut puts = Puts::new();
        for value in values {
            let text = value.text().unwrap_or_default().to_owned();
            let (key, value) = match (field.rule, puts.is_empty(), &field.joins) {
                (Rule::Set, ..) => (Member::key(&field.key, &text), Member::present(&text).to_value()),
                (_, true, _) => (field.key.clone(), value),
                (_, false, Some(set)) => (Member::key(set, &text), Member::present(&text).to_value()),
                (_, false, None) => continue,
            };
            // A member of the joined set has the type of the main value, which is what is checked here.
            let found = if key == field.key || field.rule == Rule::Set {
                validate::check_value(self.schema, field, &value)
            } else {
                Vec::new()
            };
            let blocked = found.iter().any(validate::Problem::blocks);
            for problem in found {
                let rule = if problem.rule == "id_check_digit" { "bad_checksum" } else { &problem.rule };
                let (zh, en) = match problem.severity {
                    Severity::Warn => ("，照录待核", "; kept, to be checked"),
                    Severity::Block => ("，该项未导入", "; this value was left out"),
                };
                self.problems.push(place.problem(name, rule, shown, problem.zh + zh, problem.en + en));
            }
            if !blocked {
                puts.push((key, value));
            }
        }
        puts
    }

    /// Words to codes; a set takes several. A word that no list knows becomes `other` where the record must have a code.
    fn codes(&mut self, place: &Place, name: &str, field: &Field, column: &Column, shown: &str) -> Puts {
        let Some(list) = field.list.as_deref().and_then(|list| self.schema.lists.get(list)) else { return Puts::new() };
        let marks = ['、', ',', '，', ';', '；', '/', '|'];
        let many = field.rule == Rule::Set;
        let whole = text::compact(shown);
        let find =
            |word: &str| column.words.get(word).cloned().or_else(|| list.find_word(word).map(|c| c.code.clone()));
        let words: Vec<&str> = if many && find(&whole).is_none() { whole.split(marks).collect() } else { vec![&whole] };
        let mut puts = Puts::new();
        for word in words.into_iter().filter(|word| !word.is_empty()) {
            let mut code = find(word);
            if code.is_none() && matches!(word, "无" | "没有" | "暂无" | "-" | "/" | "—") {
                continue;
            }
            if code.is_none() {
                code = list.get("other").filter(|_| field.required).map(|c| c.code.clone());
                let (zh, en) = if code.is_some() {
                    ("，记为“其他”", "; kept as `other`")
                } else {
                    ("，该项未导入", "; left out")
                };
                let (zh, en) = (
                    format!("{}：代码表中没有这个词{zh}", field.zh),
                    format!("{}: no code for this word{en}", field.en),
                );
                self.problems.push(place.problem(name, "unknown_word", word, zh, en));
            }
            let Some(code) = code else { continue };
            puts.push(if many {
                (Member::key(&field.key, &code), Member::present(&code).to_value())
            } else {
                (field.key.clone(), Value::Text(code))
            });
        }
        puts
    }

    fn date(&mut self, cell: &Cell) -> Option<String> {
        let serial = match cell {
            Cell::Date(text) => return text::date(text).inspect(|_| self.note("serial_date")),
            Cell::Number(number) if (1e7..1e8).contains(number) => return text::date(&number.to_string()),
            Cell::Number(number) => *number,
            Cell::Text(text) if text::compact(text).len() == 5 => text::compact(text).parse().ok()?,
            Cell::Text(text) => return text::date(text),
            Cell::Empty => return None,
        };
        let day = (10_000.0..80_000.0).contains(&serial).then(|| text::serial_date(serial)).flatten();
        day.inspect(|_| self.note("serial_date"))
    }

    /// The number as it is stored; `None` where a spreadsheet has rounded it.
    fn id(&mut self, cell: &Cell) -> Option<String> {
        let shown = cell.show();
        let rounded = match cell {
            Cell::Number(number) => *number >= EXACT || number.fract() != 0.0,
            _ => text::half_width(&shown)
                .to_ascii_uppercase()
                .split_once("E+")
                .is_some_and(|(a, b)| a.trim().parse::<f64>().is_ok() && b.trim().parse::<u32>().is_ok()),
        };
        if rounded {
            return None;
        }
        let clean = idno::normalise(&shown);
        if clean != shown {
            self.note("untidy_id");
        }
        Some(clean)
    }

    fn note_phone(&mut self, shown: &str) {
        let half = text::half_width(shown);
        if half != shown {
            self.note("fullwidth_phone");
        }
        if half.contains(|c: char| !c.is_ascii_digit()) {
            self.note("formatted_phone");
        }
    }
}

/// Words that clerks write into a cell that is empty. In texts such a word may be meant, and `无` answers a question.
fn says_nothing(field: &Field, cell: &Cell) -> bool {
    const WORDS: [&str; 15] =
        ["无", "没有", "暂无", "不详", "未知", "不清楚", "-", "--", "—", "——", "/", "\\", "*", "N/A", "NULL"];
    let meant = matches!(field.value_type, FieldType::Text | FieldType::Bool | FieldType::Code);
    !meant && WORDS.contains(&text::compact(&cell.show()).to_uppercase().as_str())
}

fn moment(cell: &Cell) -> Option<i64> {
    match cell {
        Cell::Number(serial) if (10_000.0..80_000.0).contains(serial) => {
            let midnight = text::moment(&text::serial_date(*serial)?)?;
            Some(midnight + (serial.fract() * 86_400.0).round() as i64 * 1000)
        }
        _ => text::moment(&cell.show()),
    }
}

/// `18`, `18.0`, `18层`, `2020年`.
fn whole(shown: &str) -> Option<i64> {
    let plain = text::compact(shown);
    let number = plain.trim_end_matches(['层', '年', '米', '人', '间', '户']);
    match number.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|b| b == b'0') => whole.parse().ok(),
        Some(_) => None,
        None => number.parse().ok(),
    }
}

fn yes_no(shown: &str) -> Option<bool> {
    match text::compact(shown).to_lowercase().as_str() {
        "是" | "有" | "已" | "√" | "y" | "yes" | "true" | "1" => Some(true),
        "否" | "无" | "未" | "×" | "x" | "n" | "no" | "false" | "0" => Some(false),
        _ => None,
    }
}
