//! The same questions to a phone and to the county: what is in force, what still stands, what waits for a person.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use toml::value::Datetime;
use wangge_core::{
    app::{AppError, AttentionView, HistoryRequest, ListRequest, RecordView},
    merge,
    model::{Audience, Field, KindName, Member, Observation, RecordId, Rule, Schema, Source, Value, ids::to_hex},
};
use wangge_server::county::CountyItem;

use crate::{
    calendar,
    world::{Ledger, Phone, World},
};

/// How the county is called in files.
pub const SERVER: &str = "server";

/// Who looks.
#[derive(Clone, Copy)]
pub enum Viewer<'a> {
    /// Somebody's phone.
    Phone(&'a Phone),
    /// The county, through its logs.
    Server(&'a Ledger),
}

/// One field as a viewer sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Value in force; none where there is none.
    pub value: Option<Value>,
    /// A person must decide.
    pub contested: bool,
    /// Shown only until then.
    pub provisional: bool,
    /// Evidence of the value in force.
    pub source: Option<Source>,
    /// Values that still stand, sorted.
    pub claims: Vec<Value>,
    /// Those among them whose time is doubtful.
    pub doubtful: Vec<Value>,
    /// Members present, and members that ended.
    pub members: (Vec<String>, Vec<String>),
    /// Entries of a log.
    pub log: Vec<String>,
}

impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |values: &[Value]| values.iter().map(ToString::to_string).collect::<Vec<_>>().join("、");
        let value = self.value.as_ref().map_or_else(|| "（空）".to_owned(), ToString::to_string);
        write!(f, "{value}[{}]", list(&self.claims))?;
        for (word, holds) in [("待确认", self.contested), ("暂用", self.provisional)] {
            if holds {
                write!(f, "{word}")?;
            }
        }
        let (on, off) = &self.members;
        let lists =
            [("依据", self.source.map(Source::zh).into_iter().collect::<String>()), ("存疑", list(&self.doubtful))];
        let more = [("在列", on.join("、")), ("已结束", off.join("、")), ("记录", self.log.join("、"))];
        for (word, said) in lists.iter().chain(&more).filter(|(_, said)| !said.is_empty()) {
            write!(f, " {word} {said}")?;
        }
        Ok(())
    }
}

/// One item that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Waiting {
    /// Equal everywhere.
    pub id: String,
    /// Which rule asks.
    pub rule: String,
    /// Record.
    pub record: RecordId,
    /// Field.
    pub field: String,
    /// Other records that it is about.
    pub others: Vec<RecordId>,
    /// Value in force meanwhile.
    pub in_force: Value,
    /// Between which values, sorted.
    pub between: Vec<Value>,
    /// The sentence.
    pub zh: String,
}

struct Standing<'a> {
    value: &'a Value,
    source: Source,
    doubtful: bool,
}

fn look<'a>(value: &Value, standing: impl Iterator<Item = Standing<'a>>, members: Vec<Member>) -> Look {
    let mut out = Look { value: Some(value.clone()).filter(|value| !value.is_null()), ..Look::default() };
    let (mut claims, mut doubtful) = (BTreeSet::new(), BTreeSet::new());
    for one in standing {
        if one.value == value && out.source.is_none() {
            out.source = Some(one.source);
        }
        claims.insert(one.value.clone());
        if one.doubtful {
            doubtful.insert(one.value.clone());
        }
    }
    (out.claims, out.doubtful) = (claims.into_iter().collect(), doubtful.into_iter().collect());
    for member in members {
        if member.on { out.members.0.push(member.text) } else { out.members.1.push(member.text) }
    }
    out.members.0.sort();
    out.members.1.sort();
    out
}

/// What a stored value says in one line: the member of a set, the text of a log's entry, otherwise the value.
fn plain(field: &Field, value: &Value) -> Value {
    match field.rule {
        Rule::Set => Member::from_value(value).map_or_else(|| value.clone(), |member| Value::Text(member.text)),
        Rule::Log => {
            let entry: Option<serde_json::Value> = value.text().and_then(|text| serde_json::from_str(text).ok());
            let text = entry.and_then(|entry| entry.get("text")?.as_str().map(str::to_owned));
            text.map_or_else(|| value.clone(), Value::Text)
        }
        _ => value.clone(),
    }
}

impl<'a> Viewer<'a> {
    /// Whose view it is.
    pub fn name(self) -> &'a str {
        match self {
            Self::Phone(phone) => &phone.name,
            Self::Server(_) => SERVER,
        }
    }

    /// Whether a record's part for an audience may be seen here, by role and grids.
    pub fn may_see(self, ledger: &Ledger, record: RecordId, audience: Audience) -> bool {
        match self {
            Self::Server(_) => true,
            Self::Phone(phone) => {
                Schema::built_in().receives(phone.role, audience)
                    && ledger.buckets.iter().any(|(bucket, changes)| {
                        phone.scopes.contains(&bucket.scope) && changes.iter().any(|(doc, _)| doc.record == record)
                    })
            }
        }
    }

    /// Whether any part of a record is here.
    pub fn holds(self, record: RecordId) -> bool {
        match self {
            Self::Phone(phone) => phone.app.get(record).is_ok(),
            Self::Server(ledger) => ledger.kind(record).is_some(),
        }
    }

    /// A field; an empty look where nothing of it is here.
    pub fn field(self, record: RecordId, field: &Field) -> Result<Look, AppError> {
        match self {
            Self::Phone(phone) => match phone.app.get(record) {
                Ok(view) => Ok(of_view(&view, field)),
                Err(AppError::NotFound) => Ok(Look::default()),
                Err(error) => Err(error),
            },
            Self::Server(ledger) => {
                let Some(found) = ledger.resolved(record).iter().find_map(|(_, doc)| doc.fields.get(&field.key)) else {
                    return Ok(Look::default());
                };
                let standing = found.claims.iter().map(|claim| Standing {
                    value: &claim.value,
                    source: claim.source,
                    doubtful: claim.doubtful,
                });
                let members = found.members.iter().map(|(member, _)| member.clone()).collect();
                let log = found.log.iter().map(|(_, value, _)| plain(field, value).to_string()).collect();
                let look = look(&found.value, standing, members);
                Ok(Look { contested: found.contested, provisional: found.provisional, log, ..look })
            }
        }
    }

    /// Every value that anybody gave for a field, in the order of history.
    pub fn history(self, record: RecordId, field: &Field) -> Result<Vec<Value>, AppError> {
        let lines = match self {
            Self::Phone(phone) => phone.app.history(record, Some(&field.key))?,
            Self::Server(ledger) => {
                let schema = Schema::built_in();
                let kind = ledger.kind(record).and_then(|name| schema.kind(&name.0)).ok_or(AppError::NotFound)?;
                let mut observed: BTreeMap<Audience, Vec<Observation>> = BTreeMap::new();
                for name in ledger.records().into_iter().filter(|name| ledger.head(*name) == ledger.head(record)) {
                    for (doc, logged) in ledger.of_record(name) {
                        let seen = logged.iter().map(|one| one.observation.clone());
                        observed.entry(doc.audience).or_default().extend(seen);
                    }
                }
                let lines = observed.values().flat_map(|observations| merge::history(schema, kind, observations));
                lines.filter(|line| line.field == field.key).collect()
            }
        };
        Ok(lines.iter().map(|line| plain(field, &line.claim.value)).collect())
    }

    /// What waits for a person, sorted.
    pub fn waiting(self) -> Result<Vec<Waiting>, AppError> {
        let mut out: Vec<Waiting> = match self {
            Self::Phone(phone) => phone.app.attention()?.into_iter().map(of_phone).collect(),
            Self::Server(ledger) => {
                let mut all = ledger.records();
                all.retain(|record| ledger.head(*record) == *record);
                let docs = all.iter().flat_map(|record| ledger.resolved(*record));
                let fields = docs.flat_map(|(_, resolved)| resolved.attention.clone()).map(of_server);
                fields.chain(ledger.across.iter().map(of_county)).collect()
            }
        };
        out.sort();
        Ok(out)
    }

    /// How many records of a kind are here.
    pub fn records(self, kind: &str) -> Result<u64, AppError> {
        let kind = KindName::from(kind);
        Ok(match self {
            Self::Phone(phone) => phone.app.counts()?.get(&kind).copied().unwrap_or(0),
            Self::Server(ledger) => {
                ledger.records().iter().filter(|record| ledger.kind(**record) == Some(&kind)).count() as u64
            }
        })
    }

    /// The values in force of one field of all records of a kind.
    pub fn values(self, kind: &str, key: &str) -> Result<Vec<Value>, AppError> {
        let mut values = Vec::new();
        match self {
            Self::Phone(phone) => {
                let mut request = ListRequest { kind: Some(kind.into()), limit: 200, ..ListRequest::default() };
                loop {
                    let page = phone.app.list(&request)?;
                    values.extend(page.items.iter().filter_map(|item| item.values.get(key).cloned()));
                    let Some(next) = page.next else { break };
                    request.after = Some(next);
                }
            }
            Self::Server(ledger) => {
                let records = ledger.records().into_iter().filter(|record| ledger.head(*record) == *record);
                let of_kind = records.filter(|record| ledger.kind(*record).is_some_and(|name| name.0 == kind));
                let docs = of_kind
                    .filter_map(|record| ledger.resolved(record).iter().find_map(|(_, doc)| doc.fields.get(key)));
                values.extend(docs.map(|field| field.value.clone()));
            }
        }
        Ok(values)
    }

    /// How many different people were met in a month (月探访): visits with the result 已见, each person once.
    pub fn visited_persons(self, month: &str) -> Result<u64, AppError> {
        let mut met = BTreeSet::new();
        let mut note = |value: &dyn Fn(&str) -> Value| {
            let in_month =
                matches!(value("when"), Value::Int(ms) if calendar::month(wangge_core::model::Millis(ms)) == month);
            if in_month && value("result").text() == Some("met") && !value("met").is_null() {
                met.insert(value("met"));
            }
        };
        match self {
            Self::Phone(phone) => {
                let mut request = ListRequest { kind: Some("visit".into()), limit: 200, ..ListRequest::default() };
                loop {
                    let page = phone.app.list(&request)?;
                    for item in &page.items {
                        note(&|key| item.values.get(key).cloned().unwrap_or(Value::Null));
                    }
                    let Some(next) = page.next else { break };
                    request.after = Some(next);
                }
            }
            Self::Server(ledger) => {
                let visits = ledger.records().into_iter().filter(|r| ledger.kind(*r).is_some_and(|k| k.0 == "visit"));
                for record in visits {
                    let docs = ledger.resolved(record);
                    let of = |key: &str| docs.iter().find_map(|(_, doc)| Some(doc.fields.get(key)?.value.clone()));
                    note(&|key| of(key).unwrap_or(Value::Null));
                }
            }
        }
        Ok(met.len() as u64)
    }
}

fn of_view(view: &RecordView, field: &Field) -> Look {
    let Some(found) = view.field(&field.key) else { return Look::default() };
    let standing = found.claims.iter().map(|claim| Standing {
        value: &claim.value,
        source: claim.source,
        doubtful: claim.doubtful,
    });
    let look = look(&found.value, standing, found.members.clone());
    Look { contested: found.contested, provisional: found.provisional, log: found.log.clone(), ..look }
}

/// A field as a phone says it stood: as seen by a time, as known by a time, or both.
pub fn past(
    phone: &Phone,
    record: RecordId,
    field: &Field,
    seen: Option<&Datetime>,
    known: Option<&Datetime>,
) -> Result<Look, AppError> {
    let request = HistoryRequest {
        seen_until: seen.and_then(calendar::millis),
        known_until: known.and_then(calendar::millis),
        ..HistoryRequest::all(record)
    };
    match phone.app.as_of(&request) {
        Ok(view) => Ok(of_view(&view, field)),
        Err(AppError::NotFound) => Ok(Look::default()),
        Err(error) => Err(error),
    }
}

fn sorted(values: impl Iterator<Item = Value>) -> Vec<Value> {
    values.collect::<BTreeSet<_>>().into_iter().collect()
}

fn of_phone(item: AttentionView) -> Waiting {
    Waiting {
        id: item.id,
        rule: item.rule,
        record: item.record,
        field: item.field,
        others: item.others,
        in_force: item.in_force,
        between: sorted(item.claims.into_iter().map(|claim| claim.value)),
        zh: item.say.zh,
    }
}

fn of_county(item: &CountyItem) -> Waiting {
    Waiting {
        id: item.id.clone(),
        rule: item.rule.clone(),
        record: item.record,
        field: item.field.clone(),
        in_force: Value::Null,
        between: Vec::new(),
        others: item.others.clone(),
        zh: item.zh.clone(),
    }
}

fn of_server(item: merge::Attention) -> Waiting {
    Waiting {
        id: to_hex(&item.id),
        rule: item.rule,
        record: item.doc.record,
        field: item.field,
        others: Vec::new(),
        in_force: item.in_force,
        between: sorted(item.claims.into_iter().map(|claim| claim.value)),
        zh: item.zh,
    }
}

/// The viewers that a file names; everybody who was in contact, and the county, where it names none.
pub fn viewers<'a>(
    world: &'a World,
    ledger: &'a Ledger,
    named: Option<&[String]>,
    in_contact: &[String],
) -> Result<Vec<Viewer<'a>>, String> {
    let phone = |name: &String| world.phone(name).map(Viewer::Phone).ok_or_else(|| name.clone());
    match named {
        Some(names) => {
            names.iter().map(|name| if name == SERVER { Ok(Viewer::Server(ledger)) } else { phone(name) }).collect()
        }
        None => in_contact.iter().map(phone).chain([Ok(Viewer::Server(ledger))]).collect(),
    }
}
