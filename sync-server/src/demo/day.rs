//! A day without signal: what each phone writes, and the demo's own journal of it.

use wangge_core::{
    app::{AppError, EditRequest, FieldEdit, ListItem, ListRequest},
    model::{ChangeHash, KindName, Millis, RecordId, Role, Source, UserId, Value},
};

use super::{cast::Chance, phones::Phone};
use crate::CountyError;

const HOUR: i64 = 3_600_000;

/// One statement, as the demo remembers it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Who said it.
    pub author: UserId,
    /// About which record.
    pub record: RecordId,
    /// On which field; none for "all unchanged".
    pub said: Option<(String, Value)>,
    /// The changes that the phone acknowledged for it.
    pub changes: Vec<ChangeHash>,
}

/// Lets every phone work offline; gives the journal.
pub fn work(phones: &mut [Phone], mut chance: Chance) -> Result<Vec<Entry>, CountyError> {
    let mut journal = Vec::new();
    collide(phones, &mut journal)?;
    for phone in phones.iter() {
        let mut worker = Worker { phone, journal: &mut journal };
        match phone.member.role {
            Role::PG => worker.patrol(&mut chance)?,
            _ => worker.round(&mut chance)?,
        }
    }
    Ok(journal)
}

struct Worker<'a> {
    phone: &'a Phone,
    journal: &'a mut Vec<Entry>,
}

impl Worker<'_> {
    /// Confirms, corrects, adds a resident and a hazard.
    fn round(&mut self, chance: &mut Chance) -> Result<(), CountyError> {
        let residents = self.list("resident")?;
        for offset in 0..5 {
            let item = &residents[(40 + offset * 7 + chance.below(5)) % residents.len()];
            self.confirm(item.record, 2)?;
        }
        let moved = &residents[30 + chance.below(8)];
        let phone = format!("139{:08}", chance.below(100_000_000));
        self.put(Some(moved.record), "resident", "phone", &phone, Source::SelfSaid, 3)?;
        let name = ["陈安", "李想", "周宁", "吴悠"][chance.below(4)];
        self.put(None, "resident", "name", name, Source::DocumentSeen, 3)?;
        self.hazard(chance, "ebike_indoor", "3", "2单元楼道里有电动自行车充电")
    }

    /// What a part-time worker can do: no names, only what is in the open.
    fn patrol(&mut self, chance: &mut Chance) -> Result<(), CountyError> {
        let doors = self.list("dwelling")?;
        self.confirm(doors[chance.below(doors.len())].record, 2)?;
        self.hazard(chance, "road", "4", "井盖松动，已放置警示")
    }

    fn hazard(&mut self, chance: &mut Chance, category: &str, level: &str, text: &str) -> Result<(), CountyError> {
        let buildings = self.list("building")?;
        let place = &buildings[chance.below(buildings.len())].title;
        let puts = [
            ("type", "hazard"),
            ("category", category),
            ("level", level),
            ("place_text", place.as_str()),
            ("description", text),
        ];
        let edits = puts.iter().map(|(field, value)| FieldEdit::put(field, *value)).collect();
        let request = EditRequest { kind: KindName::from("event"), source: Source::SelfSaid, edits, ..self.request(1) };
        self.write(request)
    }

    fn list(&self, kind: &str) -> Result<Vec<ListItem>, CountyError> {
        let scope = self.phone.member.scopes.first().cloned();
        let request = ListRequest { kind: Some(KindName::from(kind)), scope, limit: 200, ..ListRequest::default() };
        let items = self.phone.app()?.list(&request).map_err(said)?.items;
        if items.is_empty() {
            return Err(CountyError::invalid(
                format!("{} 的手机上没有 {kind}", self.phone.member.name),
                format!("the phone of {} holds no {kind}", self.phone.member.id),
            ));
        }
        Ok(items)
    }

    fn request(&self, hours_ago: i64) -> EditRequest {
        let seen = Millis(self.phone.began.0 - hours_ago * HOUR);
        EditRequest { observed_at: Some(seen), ..EditRequest::default() }
    }

    fn confirm(&mut self, record: RecordId, hours_ago: i64) -> Result<(), CountyError> {
        let kind = self.phone.app()?.get(record).map_err(said)?.kind;
        let request = EditRequest {
            record: Some(record),
            kind,
            source: Source::SelfSaid,
            confirm: vec!["*".to_owned()],
            ..self.request(hours_ago)
        };
        self.write(request)
    }

    fn put(
        &mut self,
        record: Option<RecordId>,
        kind: &str,
        field: &str,
        value: &str,
        source: Source,
        hours_ago: i64,
    ) -> Result<(), CountyError> {
        let request = EditRequest {
            record,
            kind: KindName::from(kind),
            source,
            edits: vec![FieldEdit::put(field, value)],
            ..self.request(hours_ago)
        };
        self.write(request)
    }

    fn write(&mut self, request: EditRequest) -> Result<(), CountyError> {
        let outcome = self.phone.app()?.edit(&request).map_err(said)?;
        let author = &self.phone.member.id;
        let record = outcome.record;
        for edit in &request.edits {
            if let FieldEdit::Put { field, value } = edit {
                let said = Some((field.clone(), value.clone()));
                self.journal.push(Entry { author: author.clone(), record, said, changes: outcome.changes.clone() });
            }
        }
        if !request.confirm.is_empty() {
            let changes = outcome.changes.clone();
            self.journal.push(Entry { author: author.clone(), record, said: None, changes });
        }
        Ok(())
    }
}

/// The homes that two people see on one day, differently.
fn collide(phones: &[Phone], journal: &mut Vec<Entry>) -> Result<(), CountyError> {
    let head = phones.iter().position(|p| p.member.role == Role::GL);
    let part_time = phones.iter().position(|p| p.member.role == Role::PG);
    let (Some(head), Some(part_time)) = (head, part_time) else { return Ok(()) };
    for worker in 0..2 {
        let (a, b) = (&phones[worker], &phones[head]);
        let homes = Worker { phone: a, journal }.list("resident")?;
        let hazards = Worker { phone: a, journal }.list("event")?;
        let doors = Worker { phone: a, journal }.list("dwelling")?;
        let households = Worker { phone: a, journal }.list("household")?;
        let mut both = |phone, kind: &str, record, field: &str, value: &str, source, hours| {
            Worker { phone, journal }.put(Some(record), kind, field, value, source, hours)
        };
        // Two identity cards read differently.
        let title = homes[1].title.clone();
        both(a, "resident", homes[1].record, "name", &format!("{title}玮"), Source::DocumentSeen, 6)?;
        both(b, "resident", homes[1].record, "name", &format!("{title}炜"), Source::DocumentSeen, 5)?;
        // One worker asks the woman herself, the other a neighbour.
        both(a, "resident", homes[2].record, "phone", "13800000001", Source::SelfSaid, 6)?;
        both(b, "resident", homes[2].record, "phone", "13900000002", Source::Other, 4)?;
        // A hazard is red to one and blue to the other.
        both(a, "event", hazards[0].record, "level", "1", Source::SelfSaid, 3)?;
        both(b, "event", hazards[0].record, "level", "4", Source::SelfSaid, 2)?;
        // A gas hose is sound in the morning and worn in the afternoon.
        both(a, "dwelling", doors[0].record, "gas_hose", "ok", Source::SelfSaid, 8)?;
        both(b, "dwelling", doors[0].record, "gas_hose", "worn", Source::SelfSaid, 3)?;
        // The household head: the wife, says one; the son, says the other.
        let (wife, son) = (homes[3].record.to_string(), homes[4].record.to_string());
        both(a, "household", households[0].record, "head", &wife, Source::SelfSaid, 4)?;
        both(b, "household", households[0].record, "head", &son, Source::SelfSaid, 4)?;
        // One corrects the number at ten; the other confirms the old screen at three.
        both(a, "resident", homes[5].record, "phone", "13900000139", Source::SelfSaid, 7)?;
        Worker { phone: b, journal }.confirm(homes[5].record, 2)?;
    }
    // The part-time worker calls the same hazard by another name.
    let hazards = Worker { phone: &phones[0], journal }.list("event")?;
    Worker { phone: &phones[0], journal }.put(
        Some(hazards[1].record),
        "event",
        "category",
        "gas",
        Source::SelfSaid,
        5,
    )?;
    Worker { phone: &phones[part_time], journal }.put(
        Some(hazards[1].record),
        "event",
        "category",
        "electric",
        Source::SelfSaid,
        4,
    )
}

pub(super) fn said(error: AppError) -> CountyError {
    CountyError::Storage(error.to_string())
}
