//! The ten thousand JSON records as forms: one record each, as much of it as the schema holds.

use std::{collections::BTreeMap, io::Read as _, path::Path};

use serde_json::{Map, Value as Json};
use toml::value::Datetime;
use wangge_core::{
    app::{EditRequest, FieldEdit},
    model::{Crs, FieldType, Kind, KindName, Point, RecordId, Schema, Scope, Source, Value},
};

use super::BenchError;
use crate::calendar;

/// Members of a JSON record, each with our field.
type Members = &'static [(&'static str, &'static str)];

/// Where each member of a JSON record goes: (kind of JSON record, our kind, its members and our fields). What is not
/// listed is dropped and counted: it belongs to records of other kinds (membership, residence, care), or to the server.
const MAP: &[(&str, &str, Members)] = &[
    (
        "household",
        "dwelling",
        &[
            ("address", "address"),
            ("housing_type", "tenure"),
            ("rooms", "rooms"),
            ("area_m2", "area_m2"),
            ("lat", "point"),
            ("lon", "point"),
            ("gas", "gas"),
            ("smoke_alarm", "smoke_alarm"),
        ],
    ),
    (
        "resident",
        "resident",
        &[
            ("name", "name"),
            ("sex", "sex"),
            ("id_number", "id_no"),
            ("birth_date", "birth_date"),
            ("phone", "phone"),
            ("education", "education"),
            ("occupation", "occupation"),
            ("employer", "work"),
            ("emergency_contact", "emergency_contact"),
            ("emergency_phone", "emergency_phone"),
            ("consent", "notice_given"),
        ],
    ),
    (
        "hazard",
        "event",
        &[
            ("category", "category"),
            ("level", "level"),
            ("description", "description"),
            ("household_id", "dwelling"),
            ("lat", "point"),
            ("lon", "point"),
            ("reported_at", "found_at"),
        ],
    ),
];

/// Members that become the time of the observation.
const SEEN: &[&str] = &["visited_at", "reported_at"];

/// One record, read.
pub struct Row {
    /// Its id in the file.
    pub id: String,
    json: Map<String, Json>,
    kind: &'static Kind,
    grid: Scope,
    members: Members,
}

/// All records and what they weigh.
pub struct Records {
    /// The records in the order of the file; what one refers to comes before it.
    pub rows: Vec<Row>,
    /// The lines themselves.
    pub lines: Vec<String>,
    /// Members that no field holds, by kind, with how often they said something.
    pub dropped: BTreeMap<String, u64>,
    /// The same records with only the members that are carried.
    pub carried: String,
}

impl Records {
    /// Reads zstd-compressed JSON lines.
    pub fn read(path: &Path) -> Result<Self, BenchError> {
        let file = std::fs::File::open(path).map_err(|e| BenchError::new(&path.display().to_string(), e))?;
        let mut text = String::new();
        zstd::Decoder::new(file)
            .and_then(|mut reader| reader.read_to_string(&mut text))
            .map_err(|e| BenchError::new(&path.display().to_string(), e))?;
        let mut all = Self { rows: Vec::new(), lines: Vec::new(), dropped: BTreeMap::new(), carried: String::new() };
        for line in text.lines() {
            all.add(line).map_err(|what| BenchError::new(&format!("line {}", all.lines.len() + 1), what))?;
        }
        Ok(all)
    }

    fn add(&mut self, line: &str) -> Result<(), String> {
        let json: Map<String, Json> = serde_json::from_str(line).map_err(|e| e.to_string())?;
        let text = |key: &str| json.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
        let (_, kind, members) = MAP.iter().find(|(from, ..)| *from == text("kind")).ok_or("unknown kind")?;
        let kind = Schema::built_in().kind(kind).ok_or("no such kind in the schema")?;
        let fields = json.get("fields").and_then(Json::as_object).ok_or("no fields")?.clone();
        for (member, value) in &fields {
            let carried = members.iter().any(|(from, _)| from == member) || SEEN.contains(&member.as_str());
            if !carried && !says_nothing(value) {
                *self.dropped.entry(format!("{}.{member}", text("kind"))).or_default() += 1;
            }
        }
        let mut carried = json.clone();
        if let Some(Json::Object(inner)) = carried.get_mut("fields") {
            inner.retain(|member, _| members.iter().any(|(from, _)| from == member) || SEEN.contains(&member.as_str()));
        }
        self.carried.push_str(&Json::Object(carried).to_string());
        self.carried.push('\n');
        self.rows.push(Row { id: text("id"), json: fields, kind, grid: Scope(text("grid")), members });
        self.lines.push(line.to_owned());
        Ok(())
    }

    /// Size of the whole file under zstd level 3.
    pub fn zstd_bytes(&self) -> Result<usize, BenchError> {
        packed(&(self.lines.join("\n") + "\n"))
    }
    /// Size of what is carried under zstd level 3.
    pub fn zstd_carried_bytes(&self) -> Result<usize, BenchError> {
        packed(&self.carried)
    }
    /// Grids of the file.
    pub fn grids(&self) -> Vec<Scope> {
        let grids: std::collections::BTreeSet<_> = self.rows.iter().map(|row| row.grid.clone()).collect();
        grids.into_iter().collect()
    }
}

fn packed(text: &str) -> Result<usize, BenchError> {
    zstd::bulk::compress(text.as_bytes(), 3).map(|bytes| bytes.len()).map_err(|e| BenchError::new("zstd", e))
}

fn says_nothing(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        _ => false,
    }
}

impl Row {
    /// The form that makes this record; `ids` knows the records made before.
    pub fn form(&self, ids: &BTreeMap<String, RecordId>) -> EditRequest {
        let mut edits = Vec::new();
        for (member, key) in self.members.iter().filter(|(_, key)| *key != "point") {
            let Some((value, field)) = self.json.get(*member).zip(self.kind.field(key)) else { continue };
            if let Some(value) = scalar(field.value_type, field.list.as_deref(), value, ids) {
                edits.push(FieldEdit::Put { field: field.key.clone(), value });
            }
        }
        let degrees = |member: &str| self.json.get(member).and_then(Json::as_f64);
        let point = degrees("lat").zip(degrees("lon"));
        if let Some(point) = point.and_then(|(lat, lon)| Point::from_degrees(lat, lon, Crs::Wgs84, None)) {
            edits.push(FieldEdit::put("point", point.to_text().as_str()));
        }
        if self.kind.name.0 == "event" {
            edits.push(FieldEdit::put("type", "hazard"));
        }
        let seen =
            SEEN.iter().find_map(|key| calendar::millis(&self.json.get(*key)?.as_str()?.parse::<Datetime>().ok()?));
        EditRequest {
            kind: KindName(self.kind.name.0.clone()),
            scope: Some(self.grid.clone()),
            source: Source::SelfSaid,
            observed_at: seen,
            edits,
            ..EditRequest::default()
        }
    }
}

fn scalar(kind: FieldType, list: Option<&str>, json: &Json, ids: &BTreeMap<String, RecordId>) -> Option<Value> {
    let text = json.as_str().filter(|text| !text.is_empty());
    match kind {
        FieldType::Code => {
            let list = Schema::built_in().lists.get(list?)?;
            let code = list.find_word(text?).or_else(|| list.get("other"))?;
            Some(Value::Text(code.code.clone()))
        }
        FieldType::Ref => Some(Value::Text(ids.get(text?)?.to_string())),
        FieldType::Time => Some(Value::Int(calendar::millis(&text?.parse().ok()?)?.0)),
        FieldType::Int => Some(Value::Int(json.as_i64()?)),
        FieldType::Bool => Some(Value::Bool(json.as_bool()?)),
        FieldType::Text
        | FieldType::Date
        | FieldType::Phone
        | FieldType::IdNumber
        | FieldType::Point
        | FieldType::Uscc
        | FieldType::Region
        | FieldType::Attachment => Some(Value::Text(text?.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_of_the_sample_becomes_a_form_and_what_is_dropped_is_counted() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/records_10k.jsonl.zst");
        let records = Records::read(&path).expect("the sample");
        assert_eq!((records.rows.len(), records.grids().len()), (10_251, 9));
        assert!(records.zstd_carried_bytes().expect("packed") < records.zstd_bytes().expect("packed"));
        let dropped: Vec<_> = records.dropped.keys().map(String::as_str).collect();
        let expected = [
            "hazard.status",
            "household.head_id",
            "resident.care_tags",
            "resident.household_id",
            "resident.note",
            "resident.relation",
            "resident.residence_type",
        ];
        assert_eq!(dropped, expected);
        let ids = records.rows.iter().map(|row| (row.id.clone(), RecordId([1; 16]))).collect();
        let mut filled = BTreeMap::<&str, usize>::new();
        for row in &records.rows {
            let form = row.form(&ids);
            assert!(form.observed_at.is_some() || form.kind.0 == "resident");
            *filled.entry(row.kind.name.0.as_str()).or_default() += form.edits.len();
        }
        // Seven fields each; of residents ten or eleven, since some have no employer.
        assert_eq!((filled["dwelling"], filled["event"]), (2_500 * 7, 625 * 7));
        assert!(filled["resident"] > 7_126 * 10);
    }
}
