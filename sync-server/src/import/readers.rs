//! From the bytes of a file to rows with line numbers. The format is told by the first bytes, the encoding by trial.

use std::{io::Cursor, path::Path};

use calamine::{Data, DataRef, Dimensions, Reader as _, SheetVisible, Xls, Xlsx};
use encoding_rs::{Encoding, GB18030, GBK, UTF_8};
use wangge_core::model::text;

/// Larger files are refused: a county's largest ledger has a tenth of this.
const MAX_BYTES: u64 = 512 << 20;
/// Cells further right than this are formatting, not data.
const MAX_COLUMNS: usize = 512;
/// A quoted cell over more lines than this is a quotation mark that nobody closed.
const MAX_LINES_IN_RECORD: u64 = 20;

/// One cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// Text as it stands.
    Text(String),
    /// A number of a workbook.
    Number(f64),
    /// A date of a workbook, `YYYY-MM-DD` or `YYYY-MM-DD hh:mm:ss`.
    Date(String),
}

impl Cell {
    /// What it shows; whole numbers without a decimal point.
    pub fn show(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) | Self::Date(text) => text.clone(),
            Self::Number(number) => number.to_string(),
        }
    }
    /// Whether nobody could see anything in it.
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Text(text) => text::tidy(text).is_empty(),
            Self::Number(_) | Self::Date(_) => false,
        }
    }
}

/// One row; `line` is what an editor or a spreadsheet shows beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Line of a text file, row number of a sheet; from 1.
    pub line: u64,
    /// Cells from the left.
    pub cells: Vec<Cell>,
}

/// Why a file cannot be read, in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

fn unreadable(zh: impl Into<String>, en: impl Into<String>) -> Unreadable {
    Unreadable { zh: zh.into(), en: en.into() }
}

/// Takes rows one by one, so that no more of a file is kept than was asked for. `false` ends the sheet.
pub trait Sink {
    /// A sheet begins; a text file is one sheet without a name. `hidden` ones come last to nobody's eyes.
    fn sheet(&mut self, name: Option<&str>, hidden: bool) -> bool;
    /// The next row.
    fn row(&mut self, row: Row) -> bool;
}

/// Reads a file whatever its format.
pub fn read(path: &Path, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    let disk = |error: std::io::Error| unreadable(format!("无法读取：{error}"), format!("cannot be read: {error}"));
    let size = std::fs::metadata(path).map_err(disk)?.len();
    if size > MAX_BYTES {
        return Err(unreadable("文件超过512 MiB", "larger than 512 MiB"));
    }
    let bytes = std::fs::read(path).map_err(disk)?;
    if bytes.starts_with(b"PK\x03\x04") {
        read_xlsx(bytes, sink)
    } else if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        read_xls(bytes, sink)
    } else {
        read_text(&bytes, sink)
    }
}

fn read_text(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), Unreadable> {
    if !sink.sheet(None, false) {
        return Ok(());
    }
    let text = decode(bytes);
    if text.contains('\0') {
        return Err(unreadable("不是文本、xlsx 或 xls 文件", "neither text nor xlsx nor xls"));
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(&text))
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => return Err(unreadable(format!("无法读取：{error}"), format!("cannot be read: {error}"))),
        }
        let line = record.position().map_or(0, |start| start.line() + line_ends(&text, start.byte()));
        if reader.position().line().saturating_sub(line) > MAX_LINES_IN_RECORD {
            let (zh, en) =
                (format!("第{line}行的引号没有结束"), format!("line {line}: a quotation mark is not closed"));
            return Err(unreadable(zh, en));
        }
        let cells = record.iter().map(|cell| Cell::Text(unmarked(cell).to_owned())).collect();
        if !sink.row(Row { line, cells }) {
            return Ok(());
        }
    }
}

/// A cell without the marks by which clerks keep a spreadsheet from reading a number: `="0102"` and `'0102`.
fn unmarked(cell: &str) -> &str {
    let formula = cell.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    let mark = cell.strip_prefix('\'').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    formula.or(mark).unwrap_or(cell)
}

/// Line ends between the place where the reader took up and the first character of the record: the second half of CR LF,
/// and blank lines, which are no rows.
fn line_ends(text: &str, from: u64) -> u64 {
    let rest = text.as_bytes().get(from as usize..).unwrap_or_default();
    rest.iter().take_while(|b| matches!(b, b'\r' | b'\n')).filter(|b| **b == b'\n').count() as u64
}

/// A byte order mark decides; then what is valid UTF-8 is UTF-8; then what is valid GB18030 (GBK and GB2312 are parts
/// of it) and not clearly something else is that.
fn decode(bytes: &[u8]) -> String {
    if Encoding::for_bom(bytes).is_some() {
        return UTF_8.decode(bytes).0.into_owned();
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let guess = detector.guess(Some(b"cn"), chardetng::Utf8Detection::Allow);
    let encoding = if guess == GBK || GB18030.decode_without_bom_handling_and_without_replacement(bytes).is_some() {
        GB18030
    } else {
        guess
    };
    encoding.decode(bytes).0.into_owned()
}

/// Comma, tab or semicolon: what the first line that is not blank has most of.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |mark: u8| first.bytes().filter(|b| *b == mark).count();
    [b',', b'\t', b';'].into_iter().max_by_key(|mark| (count(*mark), *mark == b',')).unwrap_or(b',')
}

fn read_xlsx(bytes: Vec<u8>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| bad_book(&error))?;
    for (name, hidden) in sheets(book.sheets_metadata()) {
        if !sink.sheet(Some(&name), hidden) {
            continue;
        }
        let mut merged = Merged::new(book.merge_cells_by_sheet_name(&name).unwrap_or_default());
        let mut cells = book.worksheet_cells_reader(&name).map_err(|error| bad_book(&error))?;
        let mut row: Option<Row> = None;
        let mut wanted = true;
        while let Some(cell) = cells.next_cell().map_err(|error| bad_book(&error))? {
            let (at, column) = (cell.get_position().0, cell.get_position().1 as usize);
            let line = u64::from(at) + 1;
            if row.as_ref().is_none_or(|row| row.line != line) {
                wanted = row.take().is_none_or(|done| send(done, &mut merged, sink));
                row = Some(Row { line, cells: Vec::new() });
            }
            if !wanted {
                break;
            }
            if let Some(row) = row.as_mut().filter(|_| column < MAX_COLUMNS) {
                row.cells.resize(row.cells.len().max(column + 1), Cell::Empty);
                row.cells[column] = from_ref(cell.get_value());
            }
        }
        if let Some(row) = row.filter(|_| wanted) {
            send(row, &mut merged, sink);
        }
    }
    Ok(())
}

fn read_xls(bytes: Vec<u8>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    let mut book: Xls<_> = Xls::new(Cursor::new(bytes)).map_err(|error| bad_book(&error))?;
    for (name, hidden) in sheets(book.sheets_metadata()) {
        if !sink.sheet(Some(&name), hidden) {
            continue;
        }
        let mut merged = Merged::new(book.merge_cells_by_sheet_name(&name).unwrap_or_default());
        let range = book.worksheet_range(&name).map_err(|error| bad_book(&error))?;
        let (top, left) = range.start().unwrap_or_default();
        for (i, data) in range.rows().enumerate() {
            let mut cells = vec![Cell::Empty; left as usize];
            cells.extend(data.iter().take(MAX_COLUMNS).map(from_data));
            if !send(Row { line: u64::from(top) + i as u64 + 1, cells }, &mut merged, sink) {
                break;
            }
        }
    }
    Ok(())
}

fn sheets(all: &[calamine::Sheet]) -> Vec<(String, bool)> {
    all.iter().map(|sheet| (sheet.name.clone(), sheet.visible != SheetVisible::Visible)).collect()
}

fn bad_book(error: &dyn std::fmt::Display) -> Unreadable {
    unreadable(format!("工作簿损坏或加了密码：{error}"), format!("damaged or protected workbook: {error}"))
}

/// Rows without any cell are gaps of a sheet, not rows.
fn send(mut row: Row, merged: &mut Merged, sink: &mut dyn Sink) -> bool {
    let gap = row.cells.iter().all(|cell| *cell == Cell::Empty);
    merged.fill(&mut row);
    gap || sink.row(row)
}

/// Cells merged over several rows (an address written once for a whole household) count in each of them.
struct Merged {
    areas: Vec<(Dimensions, Cell)>,
}

impl Merged {
    fn new(areas: Vec<Dimensions>) -> Self {
        let tall = areas.into_iter().filter(|area| area.end.0 > area.start.0 && area.start.1 == area.end.1);
        Self { areas: tall.map(|area| (area, Cell::Empty)).collect() }
    }
    fn fill(&mut self, row: &mut Row) {
        let at = row.line - 1;
        for (area, first) in &mut self.areas {
            let column = area.start.1 as usize;
            if !(u64::from(area.start.0)..=u64::from(area.end.0)).contains(&at) || column >= MAX_COLUMNS {
                continue;
            }
            row.cells.resize(row.cells.len().max(column + 1), Cell::Empty);
            if at == u64::from(area.start.0) {
                *first = row.cells[column].clone();
            } else {
                row.cells[column] = first.clone();
            }
        }
    }
}

fn from_ref(data: &DataRef<'_>) -> Cell {
    match data {
        DataRef::String(text) => Cell::Text(text.clone()),
        DataRef::SharedString(text) => Cell::Text((*text).to_owned()),
        DataRef::Int(number) => Cell::Number(*number as f64),
        DataRef::Float(number) => Cell::Number(*number),
        DataRef::Bool(yes) => Cell::Text(if *yes { "是" } else { "否" }.to_owned()),
        DataRef::DateTime(moment) => from_moment(moment),
        DataRef::DateTimeIso(text) => Cell::Date(text.clone()),
        DataRef::DurationIso(_) | DataRef::Error(_) | DataRef::Empty => Cell::Empty,
    }
}

fn from_data(data: &Data) -> Cell {
    match data {
        Data::String(text) => Cell::Text(text.clone()),
        Data::Int(number) => Cell::Number(*number as f64),
        Data::Float(number) => Cell::Number(*number),
        Data::Bool(yes) => Cell::Text(if *yes { "是" } else { "否" }.to_owned()),
        Data::DateTime(moment) => from_moment(moment),
        Data::DateTimeIso(text) => Cell::Date(text.clone()),
        Data::DurationIso(_) | Data::Error(_) | Data::Empty => Cell::Empty,
    }
}

fn from_moment(moment: &calamine::ExcelDateTime) -> Cell {
    if moment.is_duration() {
        return Cell::Number(moment.as_f64());
    }
    let (y, m, d, hour, minute, second, _) = moment.to_ymd_hms_milli();
    let day = format!("{y:04}-{m:02}-{d:02}");
    let midnight = (hour, minute, second) == (0, 0, 0);
    Cell::Date(if midnight { day } else { format!("{day} {hour:02}:{minute:02}:{second:02}") })
}
