//! From what a file writes to what a document holds, and back to words.

use wangge_core::model::{Field, FieldType, Millis, RecordId, Schema, Value};

use crate::calendar::{day, millis, shown_time};

/// Names that a file gives to records.
#[derive(Clone, Debug, Default)]
pub struct Names(Vec<(String, RecordId)>);

impl Names {
    /// Gives a name; false where it is taken.
    pub fn give(&mut self, name: &str, record: RecordId) -> bool {
        let free = self.record(name).is_none();
        if free {
            self.0.push((name.to_owned(), record));
        }
        free
    }
    /// The record of a name.
    pub fn record(&self, name: &str) -> Option<RecordId> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, record)| *record)
    }
    /// The name of a record; its id where the file gave none.
    pub fn name(&self, record: RecordId) -> String {
        self.0.iter().find(|(_, known)| *known == record).map_or_else(|| record.to_string(), |(name, _)| name.clone())
    }
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = (&str, RecordId)> {
        self.0.iter().map(|(name, record)| (name.as_str(), *record))
    }
}

/// The value of a field: codes by their Chinese words, references by the file's names, times as dates. What fits none
/// of these goes on as written, so that a file can also show what a phone refuses.
pub fn read(schema: &Schema, names: &Names, field: &Field, written: &toml::Value) -> Result<Value, String> {
    Ok(match (field.value_type, written) {
        (FieldType::Time, toml::Value::Datetime(time)) => {
            Value::Int(millis(time).ok_or("时间要写日期 / a time needs its date")?.0)
        }
        (FieldType::Date, toml::Value::Datetime(date)) => {
            Value::Text(day(date).ok_or("日期要写年月日 / a date needs year, month and day")?)
        }
        (FieldType::Code, toml::Value::String(word)) => {
            let list = field.list.as_deref().and_then(|name| schema.lists.get(name));
            Value::Text(
                list.and_then(|list| list.find_word(word)).map_or_else(|| word.clone(), |code| code.code.clone()),
            )
        }
        (FieldType::Ref, toml::Value::String(name)) => {
            let record = names.record(name);
            let record = record.ok_or_else(|| format!("没有叫“{name}”的记录 / no record called {name}"))?;
            Value::Text(record.to_string())
        }
        (_, toml::Value::String(text)) => Value::Text(text.clone()),
        (_, toml::Value::Integer(number)) => Value::Int(*number),
        (_, toml::Value::Boolean(yes)) => Value::Bool(*yes),
        (_, other) => return Err(format!("“{}”不能写成 {other} / {} cannot be written so", field.zh, field.key)),
    })
}

/// A value in the words of a file.
pub fn show(schema: &Schema, names: &Names, field: &Field, value: &Value) -> String {
    match (field.value_type, value) {
        (_, Value::Null) => "（空）".to_owned(),
        (FieldType::Ref, Value::Text(id)) => id.parse().map_or_else(|_| id.clone(), |record| names.name(record)),
        (FieldType::Time, Value::Int(ms)) => shown_time(Millis(*ms)),
        _ => schema.show(field, value, true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_codes_and_names_become_ids() {
        let schema = Schema::built_in();
        let field = |kind: &str, key: &str| {
            schema.kind(kind).and_then(|kind| kind.field(key)).expect("a field of the schema").clone()
        };
        let mut names = Names::default();
        let sun = RecordId([7; 16]);
        assert!(names.give("孙奶奶", sun) && !names.give("孙奶奶", RecordId([8; 16])));
        let hose = field("dwelling", "gas_hose");
        let worn = read(schema, &names, &hose, &"老化".into()).expect("a word of the list");
        assert_eq!((worn.clone(), show(schema, &names, &hose, &worn)), ("worn".into(), "老化".to_owned()));
        let met = field("visit", "met");
        let id = read(schema, &names, &met, &"孙奶奶".into()).expect("a name of the file");
        assert_eq!((id.clone(), show(schema, &names, &met, &id)), (Value::Text(sun.to_string()), "孙奶奶".to_owned()));
        assert!(read(schema, &names, &met, &"谁".into()).is_err());
    }
}
