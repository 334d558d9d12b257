//! The map: which file holds what, and which column fills which field. A TOML file that a clerk can read and change.

use std::{collections::BTreeMap, ops::Range, path::Path};

use serde::Deserialize;
use toml::Spanned;
use wangge_core::model::{Field, FieldType, Millis, Rule, Schema, Source, lint, text};

use super::ImportError;

/// Columns that together make a position.
pub const POINT_PARTS: [&str; 4] = ["point.lat", "point.lon", POINT_CRS, "point.accuracy_m"];
/// The column of the coordinate system.
pub const POINT_CRS: &str = "point.crs";

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holds {
    /// County, towns, villages, grids.
    Regions,
    /// The register of buildings.
    Buildings,
    /// The ledger: one person a row.
    Residents,
    /// Shops, schools, sites.
    Places,
    /// Hazards found.
    Hazards,
}

impl Holds {
    /// Kinds whose fields a column of such a file may fill.
    fn kinds(self) -> &'static [&'static str] {
        match self {
            Self::Regions => &["region"],
            Self::Buildings => &["building"],
            Self::Residents => &["resident", "membership", "residence", "care", "dwelling"],
            Self::Places => &["place"],
            Self::Hazards => &["event"],
        }
    }
    /// Columns without which a file says nothing.
    fn needs(self) -> &'static [&'static str] {
        match self {
            Self::Regions => &["region.code", "region.name", "region.level"],
            Self::Buildings => &["grid", "building.std_address"],
            Self::Residents => &["grid", "address", "resident.name"],
            Self::Places => &["grid", "place.name", "place.kind"],
            Self::Hazards => &["grid", "event.category"],
        }
    }
}

/// What a column fills.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// The grid code of the row.
    Grid,
    /// The address of the door, from which building, dwelling and household are formed.
    Address,
    /// Name of the head of the household, as some ledgers repeat it in every row.
    Head,
    /// A field of a record.
    Field {
        /// Kind of the record.
        kind: String,
        /// Key of the field.
        key: String,
    },
}

/// One column.
#[derive(Clone, Debug)]
pub struct Column {
    /// What it fills.
    pub to: Target,
    /// Texts of its header, best first, in comparable form.
    pub headers: Vec<String>,
    /// As the map writes the first of them, for messages.
    pub shown: String,
    /// Whether a file without it is refused.
    pub required: bool,
    /// Words of this ledger and the codes they stand for, besides those of the code list.
    pub words: BTreeMap<String, String>,
}

/// One entry of the map.
#[derive(Clone, Debug)]
pub struct FileSpec {
    /// What it holds.
    pub holds: Holds,
    /// Patterns of file names, `*` and `?`.
    pub patterns: Vec<String>,
    /// Whether a directory without such a file is complete.
    pub optional: bool,
    /// Pattern of sheet names; absent: every sheet that is not hidden.
    pub sheet: Option<String>,
    /// Row of the header; absent: the first that has the required columns.
    pub header_row: Option<u64>,
    /// On what evidence.
    pub source: Source,
    /// When it was seen; absent: the day of the import.
    pub observed: Option<Millis>,
    /// Its columns.
    pub columns: Vec<Column>,
}

impl FileSpec {
    /// The place of a target among the columns.
    pub fn column(&self, kind: &str, key: &str) -> Option<usize> {
        self.columns.iter().position(|c| matches!(&c.to, Target::Field { kind: k, key: f } if k == kind && f == key))
    }
}

/// A map that fits the schema.
#[derive(Clone, Debug)]
pub struct Map {
    /// Its entries, in order.
    pub files: Vec<FileSpec>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMap {
    source: Source,
    observed: Option<Spanned<String>>,
    file: Vec<RawFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    holds: Spanned<Holds>,
    files: Vec<String>,
    #[serde(default)]
    optional: bool,
    sheet: Option<String>,
    header_row: Option<u64>,
    source: Option<Source>,
    observed: Option<Spanned<String>>,
    columns: Vec<RawColumn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawColumn {
    to: Spanned<String>,
    header: Spanned<Vec<String>>,
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    words: BTreeMap<String, String>,
}

impl Map {
    /// Reads a map file.
    pub fn read(path: &Path, schema: &Schema) -> Result<Self, ImportError> {
        let name = path.display().to_string();
        let bytes =
            std::fs::read(path).map_err(|error| ImportError::NoMap { path: name.clone(), error: error.to_string() })?;
        let text = String::from_utf8(bytes)
            .map_err(|error| Wrong::at(0..0, "对照表须存为UTF-8", "must be UTF-8").error(&name, &error.to_string()))?;
        Self::parse(text.trim_start_matches('\u{feff}'), &name, schema)
    }

    /// Reads the text of a map; `name` is for messages.
    pub fn parse(text: &str, name: &str, schema: &Schema) -> Result<Self, ImportError> {
        let raw: RawMap = toml::from_str(text).map_err(|error| {
            let zh = format!("写法有误：{}", error.message());
            Wrong::at(error.span().unwrap_or_default(), zh, error.message()).error(name, text)
        })?;
        raw.check(schema).map_err(|wrong| wrong.error(name, text))
    }
}

/// What is wrong, and where in the text.
struct Wrong {
    span: Range<usize>,
    zh: String,
    en: String,
}

impl Wrong {
    fn at(span: Range<usize>, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { span, zh: zh.into(), en: en.into() }
    }
    fn error(self, file: &str, text: &str) -> ImportError {
        let line = text.get(..self.span.start).unwrap_or_default().matches('\n').count() + 1;
        ImportError::Map { file: file.to_owned(), line, zh: self.zh, en: self.en }
    }
}

fn day(observed: Option<&Spanned<String>>) -> Result<Option<Millis>, Wrong> {
    let Some(day) = observed else { return Ok(None) };
    match text::moment(day.get_ref()) {
        Some(ms) => Ok(Some(Millis(ms))),
        None => {
            Err(Wrong::at(day.span(), "observed 应是日期，如 2026-10-31", "observed must be a date such as 2026-10-31"))
        }
    }
}

impl RawMap {
    fn check(self, schema: &Schema) -> Result<Map, Wrong> {
        let observed = day(self.observed.as_ref())?;
        let files =
            self.file.into_iter().map(|file| file.check(self.source, observed, schema)).collect::<Result<_, _>>()?;
        Ok(Map { files })
    }
}

impl RawFile {
    fn check(self, source: Source, observed: Option<Millis>, schema: &Schema) -> Result<FileSpec, Wrong> {
        let holds = *self.holds.get_ref();
        let span = self.holds.span();
        let mut columns: Vec<Column> = Vec::new();
        for raw in self.columns {
            let at = raw.to.span();
            let column = raw.check(holds, schema)?;
            if columns.iter().any(|known| known.to == column.to) {
                return Err(Wrong::at(at, "这一字段已有一列", "a column for this field stands above"));
            }
            columns.push(column);
        }
        for need in holds.needs() {
            let Some(column) = columns.iter_mut().find(|c| c.to.to_string() == *need) else {
                let zh = format!("这类文件必须说明哪一列是 {need}");
                return Err(Wrong::at(span, zh, format!("such a file needs a column for {need}")));
            };
            column.required = true;
        }
        Ok(FileSpec {
            holds,
            patterns: self.files,
            optional: self.optional,
            sheet: self.sheet,
            header_row: self.header_row,
            source: self.source.unwrap_or(source),
            observed: day(self.observed.as_ref())?.or(observed),
            columns,
        })
    }
}

impl RawColumn {
    fn check(self, holds: Holds, schema: &Schema) -> Result<Column, Wrong> {
        let to = target(&self.to, holds, schema)?;
        for header in self.header.get_ref() {
            if let Some(what) = lint::denied(header) {
                let zh = format!("“{header}”在禁止采集之列（{what}），不能导入");
                return Err(Wrong::at(self.header.span(), zh, format!("`{header}` is on the deny list ({what})")));
            }
        }
        let Some(shown) = self.header.get_ref().first().cloned() else {
            return Err(Wrong::at(self.header.span(), "header 不能为空", "header must not be empty"));
        };
        if let Target::Field { kind, key } = &to {
            let field = schema.kind(kind).and_then(|k| k.field(key));
            let list = if key == POINT_CRS { Some("crs") } else { field.and_then(|f| f.list.as_deref()) };
            let list = list.and_then(|name| schema.lists.get(name));
            for code in self.words.values() {
                if list.is_none_or(|list| list.get(code).is_none()) {
                    let (zh, en) = (format!("代码表中没有 {code}"), format!("no code {code} in the list"));
                    return Err(Wrong::at(self.to.span(), zh, en));
                }
            }
        }
        let words = self.words.into_iter().map(|(word, code)| (text::compact(&word), code)).collect();
        let headers = self.header.get_ref().iter().map(|text| comparable(text)).collect();
        Ok(Column { to, headers, shown, required: !self.optional, words })
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Grid => f.write_str("grid"),
            Self::Address => f.write_str("address"),
            Self::Head => f.write_str("head"),
            Self::Field { kind, key } => write!(f, "{kind}.{key}"),
        }
    }
}

fn target(to: &Spanned<String>, holds: Holds, schema: &Schema) -> Result<Target, Wrong> {
    match (to.get_ref().as_str(), holds) {
        ("grid", Holds::Buildings | Holds::Residents | Holds::Places | Holds::Hazards) => return Ok(Target::Grid),
        ("address", Holds::Residents) => return Ok(Target::Address),
        ("head", Holds::Residents) => return Ok(Target::Head),
        _ => {}
    }
    let known = to.get_ref().split_once('.').filter(|(kind, key)| {
        let field = |key: &str| schema.kind(kind).and_then(|k| k.fields.iter().find(|f| f.key == key));
        let by_hand = |f: &Field| !f.server && f.rule != Rule::Command;
        let whole = field(key).is_some_and(|f| {
            by_hand(f) && !matches!(f.value_type, FieldType::Ref | FieldType::Point | FieldType::Attachment)
        });
        let part =
            POINT_PARTS.contains(key) && field("point").is_some_and(|f| by_hand(f) && f.value_type == FieldType::Point);
        holds.kinds().contains(kind) && (whole || part)
    });
    let Some((kind, key)) = known else {
        let to_text = to.get_ref();
        let (zh, en) = (format!("这类文件不能填 {to_text}"), format!("such a file cannot fill {to_text}"));
        return Err(Wrong::at(to.span(), zh, en));
    };
    Ok(Target::Field { kind: kind.to_owned(), key: key.to_owned() })
}

/// A header without what clerks add to it: spaces, line breaks, stars, colons, full-width forms.
pub fn comparable(header: &str) -> String {
    let plain = text::compact(header).to_lowercase();
    plain.chars().filter(|c| !matches!(c, '*' | ':' | '：' | '★' | '"' | '\'')).collect()
}

/// Whether a name fits a pattern of `*` (any text) and `?` (one character); case does not count.
pub fn fits(pattern: &str, name: &str) -> bool {
    fn rest(pattern: &[char], name: &[char]) -> bool {
        match (pattern.split_first(), name.split_first()) {
            (None, None) => true,
            (Some(('*', after)), None) => rest(after, name),
            (Some(('*', after)), Some((_, tail))) => rest(after, name) || rest(pattern, tail),
            (Some((p, after)), Some((n, tail))) => (*p == '?' || p == n) && rest(after, tail),
            _ => false,
        }
    }
    let chars = |text: &str| text.to_lowercase().chars().collect::<Vec<_>>();
    pattern.len() <= 200 && rest(&chars(pattern), &chars(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
source = "self"
observed = "2026-10-31"

[[file]]
holds = "places"
files = ["places*"]
columns = [
  { to = "grid", header = ["网格 编码"] },
  { to = "place.name", header = ["名称", "单位名称"] },
  { to = "place.kind", header = ["类型"], words = { "农家乐" = "small_eatery" } },
]
"#;

    fn parse(text: &str) -> Result<Map, ImportError> {
        Map::parse(text, "map.toml", Schema::built_in())
    }

    #[test]
    fn a_good_map_is_read() {
        let map = parse(GOOD).expect("a good map");
        let file = &map.files[0];
        assert_eq!((file.source, file.observed), (Source::SelfSaid, Some(Millis(1_793_376_000_000))));
        assert_eq!(file.columns[0].headers, ["网格编码"]);
        assert!(file.columns.iter().all(|c| c.required), "what a kind needs is required without being said");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (from, to, line, word) in [
            ("holds = \"places\"", "holds = \"people\"", 6, "people"),
            ("files = [\"places*\"]", "file = [\"places*\"]", 7, "file"),
            ("place.name", "place.nome", 10, "place.nome"),
            ("place.name", "resident.name", 10, "resident.name"),
            ("单位名称", "宗教信仰", 10, "deny list"),
            ("small_eatery", "farm", 11, "farm"),
            ("\"2026-10-31\"", "\"gestern\"", 3, "observed"),
            ("  { to = \"grid\", header = [\"网格 编码\"] },\n", "", 6, "grid"),
            ("[\"类型\"]", "[]", 11, "header"),
        ] {
            assert!(GOOD.contains(from));
            match parse(&GOOD.replacen(from, to, 1)) {
                Err(ImportError::Map { line: found, zh, en, .. }) => {
                    assert_eq!(found, line, "{to}: {en}");
                    assert!(en.contains(word), "{to}: {en}");
                    assert!(!zh.is_empty());
                }
                other => panic!("{to}: {other:?}"),
            }
        }
    }

    #[test]
    fn patterns_fit_names() {
        for (pattern, name, expected) in [
            ("residents*", "residents_gbk.csv", true),
            ("*人口*.xls?", "北山镇人口台账.xlsx", true),
            ("*人口*.xls?", "北山镇人口台账.xls", false),
            ("Places.CSV", "places.csv", true),
            ("*a*a*a*b", "aaaaaaaaaaaaaaaaaaaa", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
