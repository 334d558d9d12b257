//! Records around one another as lists know them: read through aliases, each once. What the day list and a visit ask.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use super::{
    alias,
    error::AppError,
    views::{self, Eye},
};
use crate::{
    model::{KindName, Millis, RecordId, Scope, Value, day},
    store::Reader,
};

/// A record as its row says.
pub struct Line {
    /// The record.
    pub record: RecordId,
    /// Its kind.
    pub kind: KindName,
    /// The grid it is filed under.
    pub scope: Scope,
    /// Its name.
    pub title: String,
    values: BTreeMap<String, Value>,
}

impl Line {
    /// Text in force; empty where there is none.
    pub fn text(&self, key: &str) -> &str {
        self.values.get(key).and_then(Value::text).unwrap_or_default()
    }
    /// A number or a time in force.
    pub fn number(&self, key: &str) -> Option<i64> {
        if let Some(Value::Int(number)) = self.values.get(key) { Some(*number) } else { None }
    }
    /// The record that a reference leads to.
    pub fn target(&self, key: &str) -> Option<RecordId> {
        self.text(key).parse().ok()
    }
    /// Whether a stay or membership goes on.
    pub fn is_open(&self, today: i64) -> bool {
        day::parse(self.text("to")).is_none_or(|to| to > today)
    }
    /// When the record was made, by the clock in its id.
    fn made(&self) -> Millis {
        let ms = self.record.0[..6].iter().fold(0_i64, |ms, byte| ms << 8 | i64::from(*byte));
        Millis(ms)
    }
}

/// Who lives at a door, and by which records.
#[derive(Debug, Default)]
pub struct Home {
    /// Households whose home it is.
    pub households: BTreeSet<RecordId>,
    /// Members of them, and who has an open stay here.
    pub residents: BTreeSet<RecordId>,
    /// Open stays.
    pub residences: BTreeSet<RecordId>,
    /// Open memberships.
    pub memberships: BTreeSet<RecordId>,
}

impl Home {
    /// Every record that tells of the home, by kind.
    pub fn records(&self) -> impl Iterator<Item = (&'static str, RecordId)> + '_ {
        let of = |kind: &'static str, ids: &BTreeSet<RecordId>| ids.iter().map(|id| (kind, *id)).collect::<Vec<_>>();
        let groups = [
            of("household", &self.households),
            of("resident", &self.residents),
            of("residence", &self.residences),
            of("membership", &self.memberships),
        ];
        groups.into_iter().flatten()
    }
}

/// One unchanging state of the store, looked at record by record.
pub struct Look<'r, 'c> {
    reader: &'r Reader<'c>,
    /// Who looks.
    pub eye: Eye<'r>,
    /// The day for which is asked.
    pub today: i64,
    lines: RefCell<BTreeMap<RecordId, Option<Rc<Line>>>>,
}

impl<'r, 'c> Look<'r, 'c> {
    /// Looks on a day.
    pub fn new(reader: &'r Reader<'c>, eye: Eye<'r>, today: i64) -> Self {
        Self { reader, eye, today, lines: RefCell::default() }
    }

    /// The record that is shown for a record.
    pub fn head(&self, record: &RecordId) -> Result<RecordId, AppError> {
        alias::head(self.reader, record)
    }

    /// The row of a record, of an alias that of its head; none where it is not here.
    pub fn line(&self, record: &RecordId) -> Result<Option<Rc<Line>>, AppError> {
        if let Some(known) = self.lines.borrow().get(record) {
            return Ok(known.clone());
        }
        let line = views::row_of(self.reader, record)?.map(|row| self.read(row)).transpose()?;
        self.lines.borrow_mut().insert(*record, line.clone());
        Ok(line)
    }

    fn read(&self, row: crate::store::ViewRow) -> Result<Rc<Line>, AppError> {
        let values = serde_json::from_str(&row.json).map_err(|e| AppError::storage(&e))?;
        let item = views::list_item(self.reader, self.eye.schema, row)?;
        Ok(Rc::new(Line { record: item.record, kind: item.kind, scope: item.scope, title: item.title, values }))
    }

    /// Every record of a kind.
    pub fn all(&self, kind: &str) -> Result<Vec<Rc<Line>>, AppError> {
        let filter = crate::store::ViewFilter { kind: Some(KindName::from(kind)), ..Default::default() };
        let rows = self.reader.views(&filter, None, usize::MAX)?;
        rows.into_iter()
            .map(|row| {
                let line = self.read(row)?;
                self.lines.borrow_mut().insert(line.record, Some(line.clone()));
                Ok(line)
            })
            .collect()
    }

    /// Records that lead to this one under any of its names, oldest first.
    pub fn linked(&self, link: &str, target: &RecordId) -> Result<Vec<Rc<Line>>, AppError> {
        let mut found = BTreeSet::new();
        for name in alias::names(self.reader, &self.head(target)?)? {
            found.extend(self.reader.linked(link, &name)?);
        }
        found.iter().filter_map(|record| self.line(record).transpose()).collect()
    }

    /// Who lives at a door.
    pub fn home(&self, dwelling: &RecordId) -> Result<Home, AppError> {
        let mut home = Home::default();
        for stay in self.linked("residence.dwelling", dwelling)?.iter().filter(|stay| stay.is_open(self.today)) {
            home.residences.insert(stay.record);
            self.lives(&mut home, stay)?;
        }
        for household in self.linked("household.dwelling", dwelling)? {
            home.households.insert(household.record);
            let members = self.linked("membership.household", &household.record)?;
            for membership in members.iter().filter(|membership| membership.is_open(self.today)) {
                home.memberships.insert(membership.record);
                self.lives(&mut home, membership)?;
            }
        }
        Ok(home)
    }

    fn lives(&self, home: &mut Home, by: &Line) -> Result<(), AppError> {
        if let Some(person) = by.target("resident")
            && let Some(line) = self.line(&person)?
        {
            home.residents.insert(line.record);
        }
        Ok(())
    }

    /// Doors at which a person is to be met: open stays of somebody who is there, otherwise the household's home.
    pub fn homes_of(&self, resident: &RecordId) -> Result<BTreeSet<RecordId>, AppError> {
        let mut homes = BTreeSet::new();
        let stays = self.linked("residence.resident", resident)?;
        let open: Vec<_> = stays.iter().filter(|stay| stay.is_open(self.today)).collect();
        for stay in open.iter().filter(|stay| stay.text("kind") != "registered_away") {
            homes.extend(stay.target("dwelling"));
        }
        if homes.is_empty() && open.is_empty() {
            let memberships = self.linked("membership.resident", resident)?;
            for membership in memberships.iter().filter(|membership| membership.is_open(self.today)) {
                homes.extend(self.over(membership, &["household", "dwelling"])?);
            }
        }
        let here = homes.iter().filter_map(|home| self.line(home).transpose());
        here.map(|line| line.map(|line| line.record)).collect()
    }

    /// Follows references one after another.
    fn over(&self, from: &Line, way: &[&str]) -> Result<Option<RecordId>, AppError> {
        let mut target = None;
        let mut at = None;
        for key in way {
            let line: Option<Rc<Line>> = at.take();
            target = line.as_deref().unwrap_or(from).target(key);
            let Some(next) = target else { return Ok(None) };
            at = self.line(&next)?;
            if at.is_none() {
                break;
            }
        }
        Ok(target)
    }

    /// The home or place that a record belongs to: where a person would ask about it.
    pub fn places_of(&self, record: &RecordId) -> Result<BTreeSet<RecordId>, AppError> {
        let Some(line) = self.line(record)? else { return Ok(BTreeSet::new()) };
        let direct = match line.kind.0.as_str() {
            "dwelling" | "place" => Some(line.record),
            "resident" => return self.homes_of(&line.record),
            "care" | "consent" | "rights_request" => {
                return line.target("resident").map_or(Ok(BTreeSet::new()), |person| self.homes_of(&person));
            }
            "membership" => self.over(&line, &["household", "dwelling"])?,
            "visit" => line.target("target").or(line.target("place")),
            _ => line.target("dwelling").or(line.target("place")),
        };
        let here = direct.map(|place| self.line(&place)).transpose()?.flatten();
        Ok(here.iter().map(|place| place.record).collect())
    }

    /// The time of the latest record of those given that counts; they stand oldest first. A record tells of nothing
    /// later than its making, so that the search from the end stops early.
    pub fn latest(lines: &[Rc<Line>], counts: impl Fn(&Line) -> bool) -> Option<Millis> {
        let mut best: Option<Millis> = None;
        for line in lines.iter().rev() {
            if best.is_some_and(|best| line.made() <= best) {
                break;
            }
            let when = line.number("when").map(Millis).filter(|_| counts(line));
            best = best.max(when);
        }
        best
    }
}
