//! Rows of a resident ledger: which is a person, which is not, and why.

use wangge_core::model::{Address, Scope, idno, text};

use super::{
    clean::{Cleaner, Puts},
    map::{FileSpec, Target},
    plan::Row,
    readers::Cell,
    regions::Regions,
    report::Place,
    table::{Line, Table},
};

/// Code of the relation that makes a member the head of a household (GB/T 4761).
pub const HEAD: &str = "02";

/// An ID number as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Id {
    /// Normal form.
    pub text: String,
    /// Whether it follows GB 11643.
    pub valid: bool,
}

impl Id {
    /// Checks a number in normal form.
    pub fn new(text: String) -> Self {
        Self { valid: idno::check(&text).is_ok(), text }
    }
    /// The digits that name the person: all but the check digit.
    pub fn body(&self) -> &str {
        self.text
            .char_indices()
            .nth(17)
            .filter(|_| self.text.chars().count() == 18)
            .map_or(&self.text, |(at, _)| &self.text[..at])
    }
}

/// A row that is a person.
#[derive(Clone, Debug)]
pub struct Person {
    /// Where it stands.
    pub place: Place,
    /// Number of the file's entry in the map, for source and date.
    pub spec: usize,
    /// Grid of the row.
    pub grid: Scope,
    /// The door, where the address names one without doubt.
    pub address: Option<Address>,
    /// Comparable form of the home: the door's key, or the address as it stands.
    pub home: String,
    /// Name in normal form.
    pub name: String,
    /// Name of the head of the household, where the ledger has it in every row.
    pub head: String,
    /// Day of birth.
    pub birth: Option<String>,
    /// ID number.
    pub id: Option<Id>,
    /// First telephone.
    pub phone: Option<String>,
    /// Puts by kind, in the order of the map.
    pub puts: Vec<(String, Puts)>,
}

impl Default for Person {
    fn default() -> Self {
        Self {
            place: Place { file: "".into(), line: 0 },
            spec: 0,
            grid: Scope::default(),
            address: None,
            home: String::new(),
            name: String::new(),
            head: String::new(),
            birth: None,
            id: None,
            phone: None,
            puts: Vec::new(),
        }
    }
}

impl Person {
    /// Its row, for the records made of it.
    pub fn row(&self) -> Row<'_> {
        Row { place: &self.place, spec: self.spec, scope: &self.grid }
    }
    /// The puts of a kind.
    pub fn of(&self, kind: &str) -> Puts {
        self.puts.iter().filter(|(k, _)| k == kind).flat_map(|(_, puts)| puts.clone()).collect()
    }
    /// The relation to the head, as a code.
    pub fn relation(&self) -> Option<&str> {
        self.puts
            .iter()
            .filter(|(k, _)| k == "membership")
            .flat_map(|(_, puts)| puts)
            .find(|(key, _)| key == "relation")?
            .1
            .text()
    }
}

/// What a row came to.
pub enum Outcome {
    /// A person; on the heap, for it is large beside the others.
    Person(Box<Person>),
    /// Nothing stands in it.
    Empty,
    /// Listed among the problems.
    Rejected,
}

/// Reads one row.
pub fn read(
    cleaner: &mut Cleaner<'_>,
    table: &Table,
    spec: (usize, &FileSpec),
    line: &Line,
    regions: &Regions,
) -> Outcome {
    let place = Place { file: table.name.clone(), line: line.number };
    let at = |to: &Target| spec.1.columns.iter().position(|column| column.to == *to).and_then(|i| line.cells.get(i));
    let grid_cell = at(&Target::Grid).cloned().unwrap_or_default();
    let rest = spec.1.columns.iter().zip(&line.cells).filter(|(column, _)| column.to != Target::Grid);
    if !line.footer && rest.clone().all(|(_, cell)| cell.is_blank()) && (grid_cell.is_blank() || is_code(&grid_cell)) {
        cleaner.problems.push(place.problem("row", "empty_row", "", "空行，未导入", "empty row, left out"));
        return Outcome::Empty;
    }
    let name = Target::Field { kind: "resident".to_owned(), key: "name".to_owned() };
    let name_cell = at(&name).cloned().unwrap_or_default();
    if let Some((field, rule, value, zh, en)) = not_a_person(line, &grid_cell, &name_cell, regions) {
        cleaner.problems.push(place.problem(field, rule, &value, zh, en));
        return Outcome::Rejected;
    }
    let grid = Scope(text::compact(&grid_cell.show()));
    // A workbook turns 3-2-1 into a date; which door was meant is lost.
    let door_cell = at(&Target::Address).filter(|cell| !matches!(cell, Cell::Date(_)));
    let raw_address = door_cell.map(Cell::show).unwrap_or_default();
    let outer = regions.outer_names(&grid);
    let outer: Vec<&str> = outer.iter().map(String::as_str).collect();
    let address = Address::parse_within(&raw_address, &outer).filter(Address::is_door);
    let key = address.as_ref().and_then(|a| a.door_key(&grid.0));
    if key.is_none() {
        let (zh, en) = (
            "地址无法确定到户，已建居民，未建房屋和住户",
            "the address names no door; person kept, without dwelling and household",
        );
        cleaner.problems.push(place.problem("address", "unclear_address", &raw_address, zh, en));
    }
    let mut person = Person {
        spec: spec.0,
        head: at(&Target::Head).map(|cell| text::name(&cell.show())).unwrap_or_default(),
        home: key.unwrap_or_else(|| format!("{grid}|{}", text::compact(&raw_address))),
        address,
        grid,
        ..Person::default()
    };
    for (column, cell) in spec.1.columns.iter().zip(&line.cells) {
        let Target::Field { kind, key } = &column.to else { continue };
        let Some(field) = cleaner.schema.kind(kind).and_then(|k| k.field(key)) else { continue };
        let puts = cleaner.field(&place, kind, field, column, cell);
        person.puts.push((kind.clone(), puts));
    }
    person.place = place;
    finish(cleaner, person)
}

/// Fills what other rows compare, and checks the ID number against what else the row says.
fn finish(cleaner: &mut Cleaner<'_>, mut person: Person) -> Outcome {
    let resident = person.of("resident");
    let text =
        |key: &str| resident.iter().find(|(k, _)| k == key).and_then(|(_, value)| value.text()).map(str::to_owned);
    let Some(name) = text("name") else {
        // The problem of the name itself is listed already.
        return Outcome::Rejected;
    };
    person.name = name;
    if person.head == person.name && person.relation().is_none() {
        person.puts.push(("membership".to_owned(), vec![("relation".to_owned(), HEAD.into())]));
    }
    person.birth = text("birth_date");
    person.phone = text("phone");
    person.id = text("id_no").map(Id::new);
    let Some(id) = person.id.as_ref().filter(|id| id.valid).map(|id| id.text.clone()) else {
        return Outcome::Person(Box::new(person));
    };
    let (born, sex) = (idno::birth_of(&id), idno::sex_of(&id));
    match (&person.birth, born) {
        (None, Some(born)) => {
            person.puts.push(("resident".to_owned(), vec![("birth_date".to_owned(), born.as_str().into())]));
            person.birth = Some(born);
        }
        (Some(said), Some(born)) if !born.starts_with(said.as_str()) => {
            let (zh, en) = (
                "出生日期与身份证号不一致，两者照录，请核对",
                "birth date and ID number disagree; both kept, to be checked",
            );
            cleaner.problems.push(person.place.problem("resident.birth_date", "birth_and_id", said, zh, en));
        }
        _ => {}
    }
    if let (Some(said), Some(sex)) = (text("sex").filter(|said| said == "1" || said == "2"), sex)
        && said != sex.code()
    {
        let (zh, en) =
            ("性别与身份证号不一致，两者照录，请核对", "sex and ID number disagree; both kept, to be checked");
        cleaner.problems.push(person.place.problem("resident.sex", "sex_and_id", "", zh, en));
    }
    Outcome::Person(Box::new(person))
}

type Why = (&'static str, &'static str, String, &'static str, &'static str);

fn not_a_person(line: &Line, grid: &Cell, name: &Cell, regions: &Regions) -> Option<Why> {
    if line.header {
        return Some(("row", "repeated_header", String::new(), "重复的表头，未导入", "the header once more, left out"));
    }
    if line.footer && !is_code(grid) {
        return Some((
            "row",
            "total_row",
            String::new(),
            "合计或说明行，不是居民，未导入",
            "a total or a note, not a person, left out",
        ));
    }
    if line.shifted {
        let (zh, en) =
            ("该行比表头多出内容，列可能错位，未导入", "more cells than headers: the row may be shifted, left out");
        return Some(("row", "shifted_row", String::new(), zh, en));
    }
    if text::name(&name.show()).is_empty() {
        return Some(("resident.name", "missing_name", String::new(), "没有姓名，未导入", "no name, left out"));
    }
    let code = text::compact(&grid.show());
    if !regions.is_grid(&Scope(code.clone())) {
        let (zh, en) = ("网格编码不在区划表中，该行未导入", "no such grid among the regions, row left out");
        return Some(("grid", "unknown_grid", code, zh, en));
    }
    None
}

fn is_code(cell: &Cell) -> bool {
    let text = text::compact(&cell.show());
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
