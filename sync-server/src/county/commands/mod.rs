//! What the county does by itself when changes are accepted, in the same transaction: it answers intents, in the order
//! of the log, joins homes that are written alike, and lets both grids read who moved (DESIGN 5).

mod case;
mod order;
mod routes;

use std::collections::{BTreeMap, BTreeSet};

use wangge_core::model::{
    Audience, ChangeBody, KindName, Millis, RecordId, Schema, Scope, Value,
    flow::{COUNTY, INTENT},
    schema::base_key,
};

pub use order::{CommandDone, CommandOrder, EventLine, Story};

use super::{Acceptor, County, Target};
use crate::{CountyError, db::Writer};
use case::Case;

/// What accepted changes leave to do.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    /// Records with new intents, or with a document that needs copies of outcomes.
    commanded: Vec<RecordId>,
    /// Homes that were written with an address: number, record, normalised key or address.
    doors: Vec<Door>,
    /// Records that name others, with their grids.
    follows: Vec<Follower>,
    /// Grids of records that may be followed and were accepted here.
    near: BTreeMap<RecordId, BTreeSet<Scope>>,
}

/// A home that was written with an address.
#[derive(Debug)]
struct Door {
    n: i64,
    record: RecordId,
    kind: KindName,
    key: Option<String>,
    address: Option<String>,
    scope: Scope,
}

/// A record that brings another one into its grids.
#[derive(Debug)]
struct Follower {
    field: String,
    with: Vec<KindName>,
    other: RecordId,
    scopes: Vec<Scope>,
}

impl Noted {
    /// Looks at an accepted change. It asks the database nothing.
    pub fn see(&mut self, schema: &Schema, target: &Target<'_>, body: &ChangeBody) {
        let record = target.id.record;
        let begins = body.deps.is_empty();
        let copied = |audience: Audience| schema.flows.of(target.kind).any(|flow| flow.also.contains(&audience));
        if body.puts.iter().any(|(key, _)| base_key(key) == INTENT) || begins && copied(target.id.audience) {
            self.add_commanded(record);
        }
        let text = |key: &str| body.puts.iter().rev().find(|(put, _)| put == key).and_then(|(_, value)| value.text());
        for follow in schema.flows.routes.iter().filter(|_| begins) {
            let field = schema.kind(&follow.kind.0).and_then(|kind| kind.field(&follow.field));
            if field.is_some_and(|field| field.kind.as_ref() == Some(&target.kind.0)) {
                self.near.entry(record).or_default().extend(target.routes.iter().cloned());
            }
            let other =
                (follow.kind == *target.kind).then(|| text(&follow.field)).flatten().and_then(|t| t.parse().ok());
            self.follows.extend(other.map(|other| Follower {
                field: follow.field.clone(),
                with: follow.with.clone(),
                other,
                scopes: target.routes.to_vec(),
            }));
        }
        if let Some(twin) = schema.flows.twins.iter().find(|twin| twin.kind == *target.kind) {
            let (key, address) = (text(&twin.key).map(str::to_owned), text(&twin.address).map(str::to_owned));
            let first = target.routes.first().filter(|_| key.is_some() || address.is_some());
            self.doors.extend(first.map(|scope| Door {
                n: target.record,
                record,
                kind: target.kind.clone(),
                key,
                address,
                scope: scope.clone(),
            }));
        }
    }

    fn add_commanded(&mut self, record: RecordId) {
        if !self.commanded.contains(&record) {
            self.commanded.push(record);
        }
    }
}

/// Does what accepted changes leave to do; to be called before [`Acceptor::finish`], after snapshots were set.
pub(crate) fn settle(
    county: &County,
    w: &mut Writer<'_>,
    acceptor: &mut Acceptor<'_>,
    now: Millis,
) -> Result<(), CountyError> {
    let noted = acceptor.take_noted();
    for follower in &noted.follows {
        routes::follow(w, acceptor, follower, &noted.near)?;
    }
    for door in &noted.doors {
        routes::join_door(county, w, acceptor, door, now)?;
    }
    for record in &noted.commanded {
        if let Some(mut case) = Case::load(county, w, record)? {
            case.answer_all(w, acceptor, now)?;
        }
    }
    Ok(())
}

/// Who signs what the county does by itself.
fn county_user() -> wangge_core::model::UserId {
    COUNTY.into()
}

/// A value as the text of a reference.
fn reference(value: Option<&Value>) -> Option<RecordId> {
    value.and_then(Value::text).and_then(|text| text.parse().ok())
}
