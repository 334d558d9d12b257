//! Finds the header of a sheet and keeps of each row only the cells that the map asks for: what stands in other columns,
//! those of the deny list above all, is dropped with the row.

use std::{path::Path, sync::Arc};

use wangge_core::model::{lint, text};

use super::{
    ImportError,
    map::{FileSpec, comparable, fits},
    readers::{self, Cell, Row, Sink},
};

/// First words of rows below the data.
const FOOTERS: [&str; 12] =
    ["合计", "总计", "小计", "共计", "填表", "制表", "审核", "说明", "备注", "注:", "填报", "统计"];
/// Title rows above a header: more than this are none.
const HEADER_WITHIN: usize = 30;

/// A row as far as the map asks for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Line of the file or row of the sheet.
    pub number: u64,
    /// One cell for each column of the map, in its order.
    pub cells: Vec<Cell>,
    /// Something stands right of the last header: the row is shifted and its cells cannot be trusted.
    pub shifted: bool,
    /// The header once more, as printed ledgers repeat it.
    pub header: bool,
    /// A total or a note below the rows, told by the first word of the row.
    pub footer: bool,
}

/// A sheet, or a text file.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// File name, and sheet where there are sheets.
    pub name: Arc<str>,
    /// Columns of the deny list that were left out.
    pub denied: u64,
    /// Its rows.
    pub lines: Vec<Line>,
}

/// Reads the sheets of a file that have the columns of a spec. Sheets that have not are named; all of them is an error.
pub fn read(path: &Path, file: &str, spec: &FileSpec) -> Result<(Vec<Table>, Vec<String>), ImportError> {
    let mut finder = Finder {
        spec,
        file,
        sheet: None,
        state: State::Search(0),
        missing: Vec::new(),
        found: Vec::new(),
        without: Vec::new(),
    };
    readers::read(path, &mut finder).map_err(|why| ImportError::File {
        file: file.to_owned(),
        zh: why.zh,
        en: why.en,
    })?;
    finder.close();
    if finder.found.is_empty() {
        return Err(ImportError::Columns { file: file.to_owned(), columns: finder.missing });
    }
    Ok((finder.found, finder.without))
}

enum State {
    /// Rows looked at so far.
    Search(usize),
    /// For each column of the map its place in the row; all headers as they stand.
    Read {
        places: Vec<Option<usize>>,
        headers: Vec<String>,
    },
    Skip,
}

struct Finder<'a> {
    spec: &'a FileSpec,
    file: &'a str,
    sheet: Option<String>,
    state: State,
    /// Of the sheet that came closest: the required columns it lacks.
    missing: Vec<String>,
    found: Vec<Table>,
    without: Vec<String>,
}

impl Finder<'_> {
    fn name(&self) -> String {
        self.sheet.as_ref().map_or_else(|| self.file.to_owned(), |sheet| format!("{} [{sheet}]", self.file))
    }
    fn close(&mut self) {
        if matches!(self.state, State::Search(_)) && self.sheet.is_some() {
            self.without.push(self.name());
        }
        if self.missing.is_empty() {
            self.missing = self.spec.columns.iter().filter(|c| c.required).map(|c| c.shown.clone()).collect();
        }
        self.state = State::Skip;
    }
    fn try_header(&mut self, row: &Row, looked: usize) -> bool {
        let texts: Vec<String> = row.cells.iter().map(|cell| comparable(&cell.show())).collect();
        // 电话（手机） is first looked for as it stands, then without what the brackets add.
        let bare: Vec<&str> = texts.iter().map(|text| text.split('(').next().unwrap_or_default()).collect();
        let exact = |header: &String| texts.iter().position(|text| text == header);
        let near = |header: &String| bare.iter().position(|text| text == header);
        let place = |headers: &[String]| headers.iter().find_map(exact).or_else(|| headers.iter().find_map(near));
        let places: Vec<Option<usize>> = self.spec.columns.iter().map(|column| place(&column.headers)).collect();
        let lacks = |(column, place): (&super::map::Column, &Option<usize>)| {
            (column.required && place.is_none()).then(|| column.shown.clone())
        };
        let missing: Vec<String> = self.spec.columns.iter().zip(&places).filter_map(lacks).collect();
        let asked = self.spec.header_row.is_none_or(|line| line == row.line);
        if asked && missing.is_empty() {
            let denied = row.cells.iter().filter(|cell| lint::denied(&cell.show()).is_some()).count() as u64;
            let width = texts.iter().rposition(|text| !text.is_empty()).map_or(0, |last| last + 1);
            let headers = texts[..width].to_vec();
            self.found.push(Table { name: self.name().into(), denied, lines: Vec::new() });
            self.state = State::Read { places, headers };
        } else {
            if asked
                && places.iter().any(Option::is_some)
                && (self.missing.is_empty() || missing.len() < self.missing.len())
            {
                self.missing = missing;
            }
            self.state = State::Search(looked + 1);
        }
        let given_up = self.spec.header_row.is_some_and(|line| row.line >= line) || looked + 1 >= HEADER_WITHIN;
        !(given_up && matches!(self.state, State::Search(_)))
    }
}

impl Sink for Finder<'_> {
    fn sheet(&mut self, name: Option<&str>, hidden: bool) -> bool {
        self.close();
        let wanted = match (name, &self.spec.sheet) {
            (Some(name), Some(pattern)) => fits(pattern, name),
            _ => !hidden,
        };
        self.sheet = name.map(str::to_owned);
        self.state = if wanted { State::Search(0) } else { State::Skip };
        wanted
    }

    fn row(&mut self, row: Row) -> bool {
        match &self.state {
            State::Search(looked) => {
                let looked = *looked;
                self.try_header(&row, looked)
            }
            State::Read { places, headers } => {
                let mut all = row.cells;
                let shifted = all.iter().skip(headers.len()).any(|cell| !cell.is_blank());
                let first = all.iter().find(|cell| !cell.is_blank()).map(|cell| text::compact(&cell.show()));
                let footer = first.is_some_and(|first| FOOTERS.iter().any(|word| first.starts_with(word)));
                let again = |at: &usize| all.get(*at).is_some_and(|cell| comparable(&cell.show()) == headers[*at]);
                let header = places.iter().flatten().all(again);
                let mut take =
                    |at: &Option<usize>| at.and_then(|at| all.get_mut(at)).map(std::mem::take).unwrap_or_default();
                let cells: Vec<Cell> = places.iter().map(&mut take).collect();
                let line = Line { number: row.line, cells, shifted, header, footer };
                if let Some(table) = self.found.last_mut() {
                    table.lines.push(line);
                }
                true
            }
            State::Skip => false,
        }
    }
}
