//! What an import came to: figures, and every row or cell that a person should look at. Values are masked.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Serialize;
use wangge_core::model::text;

/// One row or cell to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// File, and sheet where there are sheets.
    pub file: String,
    /// Line of the file or row of the sheet.
    pub line: u64,
    /// Key of the field (`resident.id_no`), `grid`, `address`, or `row` for all of it.
    pub field: String,
    /// Name of the rule, for programs.
    pub rule: String,
    /// The value with most of it hidden.
    pub value_masked: String,
    /// Chinese sentence.
    pub zh: String,
    /// English sentence.
    pub en: String,
}

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// File, and sheet where there are sheets.
    pub file: std::sync::Arc<str>,
    /// Line of the file or row of the sheet.
    pub line: u64,
}

impl Place {
    /// A problem of this row; the value is masked here, so that no caller forgets it.
    pub fn problem(
        &self,
        field: &str,
        rule: &str,
        value: &str,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) -> Problem {
        Problem {
            file: self.file.to_string(),
            line: self.line,
            field: field.to_owned(),
            rule: rule.to_owned(),
            value_masked: text::mask(value),
            zh: zh.into(),
            en: en.into(),
        }
    }
}

/// The figures. `ledger_rows` = `empty_rows` + `rows_rejected` + `persons_made` + `pairs_same_id` + `pairs_likely`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Rows of resident ledgers below the header.
    pub ledger_rows: u64,
    /// Of these, rows with nothing but a grid.
    pub empty_rows: u64,
    /// Rows that are a person of whom no row stands above.
    pub persons_made: u64,
    /// Rows that could not become a record; each is listed.
    pub rows_rejected: u64,
    /// Households formed from addresses.
    pub households: u64,
    /// Doors formed from addresses.
    pub dwellings: u64,
    /// Buildings of the register; where a grid has none, formed from addresses.
    pub buildings: u64,
    /// Places.
    pub places: u64,
    /// Hazards.
    pub hazards: u64,
    /// ID numbers that break GB 11643; kept and listed.
    pub bad_checksum: u64,
    /// Persons for whom no row has an ID number.
    pub missing_id: u64,
    /// Rows whose ID number stands above; a person judges.
    pub pairs_same_id: u64,
    /// Rows that look like a person above, one of the two without a valid ID number; a person judges.
    pub pairs_likely: u64,
    /// Columns of the deny list: left out, not read.
    pub denied_columns: u64,
    /// What a person should look at, in the order of files and lines.
    pub problems: Vec<Problem>,
}

/// Cells that were written in another way than they are kept, by what was done.
pub type Tidied = BTreeMap<&'static str, u64>;

const TIDIED: [(&str, &str, &str); 5] = [
    ("spaced_name", "姓名去空格", "names without the spaces in them"),
    ("fullwidth_phone", "全角电话", "telephones in full width"),
    ("formatted_phone", "带格式电话", "telephones with prefix or dashes"),
    ("untidy_id", "身份证号写法", "ID numbers with spaces or small x"),
    ("serial_date", "表格日期", "dates of a workbook"),
];

impl Report {
    fn lines(&self) -> [(&'static str, &'static str, u64); 14] {
        [
            ("台账行数", "ledger rows", self.ledger_rows),
            ("其中空行", "empty rows", self.empty_rows),
            ("新建居民", "persons made", self.persons_made),
            ("未导入行", "rows rejected", self.rows_rejected),
            ("住户", "households", self.households),
            ("房屋", "dwellings", self.dwellings),
            ("楼栋", "buildings", self.buildings),
            ("场所", "places", self.places),
            ("隐患", "hazards", self.hazards),
            ("身份证号不合规", "bad ID numbers", self.bad_checksum),
            ("无身份证号", "without ID number", self.missing_id),
            ("疑似重复(同号)", "pairs, same ID", self.pairs_same_id),
            ("疑似重复(相似)", "pairs, likely", self.pairs_likely),
            ("跳过的禁采列", "denied columns", self.denied_columns),
        ]
    }

    /// One sentence.
    pub fn line(&self) -> String {
        let Self { ledger_rows: rows, persons_made: persons, households, buildings, hazards, .. } = self;
        let (pairs, looks) = (self.pairs_same_id + self.pairs_likely, self.problems.len());
        format!(
            "{rows}行台账：居民{persons}，住户{households}，楼栋{buildings}，隐患{hazards}，疑似重复{pairs}对，待查看{looks}处 / \
             {rows} rows: {persons} persons, {households} households, {buildings} buildings, {hazards} hazards, {pairs} pairs to judge, {looks} to look at"
        )
    }

    /// The table for a terminal, with what was tidied and how many problems of each rule there are.
    pub fn table(&self, tidied: &Tidied) -> String {
        let mut out = String::new();
        for (zh, en, figure) in self.lines() {
            let _ = writeln!(out, "  {}{figure:>9}", pad(zh, en));
        }
        for (key, zh, en) in TIDIED {
            if let Some(count) = tidied.get(key) {
                let _ = writeln!(out, "  {}{count:>9}", pad(&format!("已整理·{zh}"), en));
            }
        }
        let mut rules: BTreeMap<&str, (u64, &Problem)> = BTreeMap::new();
        for problem in &self.problems {
            rules.entry(&problem.rule).or_insert((0, problem)).0 += 1;
        }
        if !rules.is_empty() {
            let _ = writeln!(out, "\n待查看 {} 处 / {} to look at", self.problems.len(), self.problems.len());
        }
        for (count, first) in rules.values() {
            let _ = writeln!(out, "  {count:>5} × {} / {}", first.zh, first.en);
            let _ = writeln!(out, "          如 {} 第{}行 / e.g. line {}", first.file, first.line, first.line);
        }
        out
    }
}

/// Both labels in a column of even width; a Chinese character takes two cells of a terminal.
fn pad(zh: &str, en: &str) -> String {
    let label = format!("{zh} {en}");
    let width: usize = label.chars().map(|c| if c.is_ascii() || c == '·' { 1 } else { 2 }).sum();
    label + &" ".repeat(52_usize.saturating_sub(width))
}
