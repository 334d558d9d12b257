//! Grids that read a person who moved, and homes that are written alike.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};
use wangge_core::{
    doc::chunk,
    model::{
        Address, Millis, RecordId, Role, Scope, Value,
        flow::{self, Actor, Args, Effect, Intent, Outcome},
    },
};

use super::{Door, Follower, case::Case, county_user, reference};
use crate::{
    CountyError,
    county::{Acceptor, County},
    db::Writer,
};

/// Digits of a village code.
const VILLAGE: usize = 12;

/// Brings the record that another one names into its grids, with what belongs to it.
pub(super) fn follow(
    w: &mut Writer<'_>,
    acceptor: &mut Acceptor<'_>,
    follower: &Follower,
    near: &BTreeMap<RecordId, BTreeSet<Scope>>,
) -> Result<(), CountyError> {
    let known = near.get(&follower.other);
    if known.is_some_and(|scopes| follower.scopes.iter().all(|scope| scopes.contains(scope))) {
        return Ok(());
    }
    let Some(other) = w.record(&follower.other)? else { return Ok(()) };
    let missing: Vec<&Scope> = follower.scopes.iter().filter(|scope| !other.routes.contains(scope)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut along = vec![other.n];
    let named = follower.other.to_string();
    for kind in &follower.with {
        for scope in &other.routes {
            for (n, _) in w.records_in(kind, scope)? {
                let names = |change: &crate::db::ChangeRow| {
                    let body = chunk::read(change.raw.as_deref().unwrap_or_default()).ok();
                    let puts = body.iter().flat_map(|body| &body.puts);
                    puts.into_iter().any(|(key, value)| *key == follower.field && value.text() == Some(&named))
                };
                if !along.contains(&n) && w.changes(n)?.iter().any(names) {
                    along.push(n);
                }
            }
        }
    }
    for n in along {
        for scope in &missing {
            acceptor.route(w, n, scope)?;
        }
    }
    Ok(())
}

/// Notes the door of a home, and makes the home an alias of an earlier one of the same village with the same door.
pub(super) fn join_door(
    county: &County,
    w: &mut Writer<'_>,
    acceptor: &mut Acceptor<'_>,
    home: &Door,
    now: Millis,
) -> Result<(), CountyError> {
    let village: String = home.scope.0.chars().take(VILLAGE).collect();
    let Some(door) = door_of(home) else { return Ok(()) };
    if !w.set_door(home.n, &village, &door)? {
        return Ok(());
    }
    let twins: Vec<RecordId> =
        w.same_door(&village, &door)?.into_iter().filter(|other| *other != home.record).collect();
    let Some((flow, command)) = county.schema.flows.find(&home.kind, "merge") else { return Ok(()) };
    let Some(arg) = &command.joins else { return Ok(()) };
    for twin in twins {
        let Some(mut this) = Case::load(county, w, &home.record)? else { return Ok(()) };
        if this.is_joined(flow) {
            return Ok(());
        }
        let Some(head) = head_of(county, w, twin)?.filter(|head| head.id != this.id) else { continue };
        if this.is_told_apart(&head.id) || head.is_told_apart(&this.id) {
            continue;
        }
        let args = Args::from([(arg.clone(), Value::Text(head.id.to_string()))]);
        let intent = Intent { command: command.name.clone(), args };
        let by = county_user();
        let actor = Actor { user: &by, role: Role::CC, scopes: &[] };
        let (state, _, last) = this.state(flow);
        let effect: Effect<'_> = match this.judge(w, flow, command, &intent, actor, (now, now), None)? {
            Ok(effect) => effect,
            Err(_) => continue,
        };
        let outcome = Outcome {
            n: last + 1,
            epoch: county.epoch(),
            command: command.name.clone(),
            ok: true,
            by: by.clone(),
            role: Role::CC,
            of: String::new(),
            from: state,
            to: String::new(),
            set: BTreeMap::new(),
            why: String::new(),
            why_en: String::new(),
        };
        let ulid = ulid_for(now, &this.id, &head.id);
        return this.carry_out(w, acceptor, (flow, command), &ulid, outcome, &effect, (now, now));
    }
    Ok(())
}

/// The normalised door without the grid in front: grids are redrawn, villages stay.
fn door_of(home: &Door) -> Option<String> {
    let key = match &home.key {
        Some(key) => key.clone(),
        None => Address::parse(home.address.as_deref()?)?.door_key("")?,
    };
    key.split_once('|').map(|(_, door)| door.to_owned())
}

/// The record that another one has become part of, or that one itself.
fn head_of<'c>(county: &'c County, w: &Writer<'_>, record: RecordId) -> Result<Option<Case<'c>>, CountyError> {
    let (mut at, mut passed) = (record, BTreeSet::new());
    while passed.insert(at) {
        let Some(case) = Case::load(county, w, &at)? else { return Ok(None) };
        match reference(case.values().get("alias_of")) {
            Some(next) => at = next,
            None => return Ok(Some(case)),
        }
    }
    Ok(None)
}

impl Case<'_> {
    /// Whether a person has said that this is not the other record.
    fn is_told_apart(&self, other: &RecordId) -> bool {
        let other = other.to_string();
        let field = self.kind.field("distinct").and_then(|field| self.resolved(field.audience));
        let members = field.as_ref().and_then(|doc| doc.fields.get("distinct")).map(|state| state.members.as_slice());
        members.unwrap_or_default().iter().any(|(member, _)| member.on && member.text == other)
    }
}

/// A name for what the county does by itself; it follows from the two records.
fn ulid_for(now: Millis, a: &RecordId, b: &RecordId) -> String {
    let hash = Sha256::digest([a.0, b.0].concat());
    let mut random = [0; 16];
    random.copy_from_slice(&hash[..16]);
    flow::new_ulid(now, random)
}
