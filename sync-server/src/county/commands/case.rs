//! One record whose intents are answered.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};
use wangge_core::{
    doc::{Document, Draft, chunk},
    merge::{self, Resolved},
    model::{
        Audience, ChangeHash, DocId, Envelope, Kind, Member, Meta, Millis, Observation, RecordId, Role, Rule, Scope,
        Source, UserId, Value,
        flow::{self, Actor, Command, Effect, Facts, Flow, Guard, INTENT, Intent, OUTCOME, Outcome, Step, ulid_of},
        validate::Problem,
    },
    sync::wire::Common,
};

use super::{county_user, reference};
use crate::{
    CountyError,
    county::{Acceptor, Commons, County, SERVER_DEVICE, Target, damaged, envelope, load_document},
    db::{Reader, Writer},
};

/// A record with its documents in their newest generation, and everything accepted of it in the order of the log.
pub(super) struct Case<'c> {
    county: &'c County,
    pub id: RecordId,
    pub n: i64,
    pub kind: &'static Kind,
    pub routes: Vec<Scope>,
    docs: BTreeMap<Audience, Open>,
    log: Vec<(Audience, ChangeHash)>,
}

struct Open {
    n: Option<i64>,
    document: Document,
    seen: Vec<Observation>,
}

/// Puts for one change of the county, by document.
type Puts = BTreeMap<Audience, Vec<(String, Value)>>;

impl<'c> Case<'c> {
    /// Reads a record; none where there is no such record.
    pub fn load(county: &'c County, r: &Reader<'_>, id: &RecordId) -> Result<Option<Self>, CountyError> {
        let Some(row) = r.record(id)? else { return Ok(None) };
        let kind = county.schema.kinds.get(&row.kind).ok_or_else(|| damaged("kind"))?;
        let mut docs: BTreeMap<Audience, Open> = BTreeMap::new();
        for doc in r.docs(id, row.n, false)? {
            let older = docs.get(&doc.id.audience).is_none_or(|o| o.document.id().generation < doc.id.generation);
            if older {
                let open = Open { n: Some(doc.n), document: load_document(&doc)?, seen: Vec::new() };
                docs.insert(doc.id.audience, open);
            }
        }
        let (mut commons, mut log) = (Commons::default(), Vec::new());
        for change in r.changes(row.n)? {
            let Some(open) = docs.get_mut(&change.doc.audience).filter(|o| o.document.id() == change.doc) else {
                continue;
            };
            let body = chunk::read(change.raw.as_deref().unwrap_or_default()).map_err(|_| damaged("change"))?;
            log.push((change.doc.audience, body.hash));
            open.seen.push(Observation::accepted(body, &envelope(&change, commons.get(r, change.common)?)));
        }
        Ok(Some(Self { county, id: *id, n: row.n, kind, routes: row.routes, docs, log }))
    }

    /// Answers every intent that has no outcome yet, in the order of the log, and completes copies of outcomes.
    pub fn answer_all(
        &mut self,
        w: &mut Writer<'_>,
        acceptor: &mut Acceptor<'_>,
        now: Millis,
    ) -> Result<(), CountyError> {
        for (at, (audience, hash)) in self.log.clone().into_iter().enumerate() {
            let Some(change) = self.docs.get(&audience).and_then(|o| o.seen.iter().find(|c| c.body.hash == hash))
            else {
                continue;
            };
            let change = change.clone();
            for (key, value) in &change.body.puts {
                let Some(ulid) = ulid_of(key, INTENT).filter(|ulid| !self.is_answered(ulid)) else { continue };
                let intent = Intent::from_value(value);
                self.answer(w, acceptor, Asked { ulid, intent: intent.as_ref(), change: &change, at }, now)?;
            }
        }
        self.complete_copies(w, acceptor, now)
    }

    fn is_answered(&self, ulid: &str) -> bool {
        let key = format!("{OUTCOME}/{ulid}");
        self.docs.values().flat_map(|open| &open.seen).any(|seen| seen.body.puts.iter().any(|(put, _)| *put == key))
    }

    /// What the resolver says of one document.
    pub fn resolved(&self, audience: Audience) -> Option<Resolved> {
        let open = self.docs.get(&audience)?;
        Some(merge::resolve(self.county.schema, self.kind, open.document.id(), &open.seen))
    }

    /// State in a flow and the steps that led there.
    pub fn state(&self, flow: &Flow) -> (String, Vec<Step>, u64) {
        let resolved = self.resolved(flow.audience);
        let state = merge::state_of(flow, self.kind, resolved.as_ref());
        let last = self.docs.keys().filter_map(|audience| self.resolved(*audience)?.flow).map(|flow| flow.last).max();
        (state, resolved.and_then(|r| r.flow).map(|f| f.steps).unwrap_or_default(), last.unwrap_or(0))
    }

    /// Values in force of all documents; of a set one of those that are in it.
    pub fn values(&self) -> BTreeMap<String, Value> {
        let all = self.docs.keys().filter_map(|audience| self.resolved(*audience)).flat_map(|doc| doc.fields);
        all.filter_map(|(key, state)| Some((key, state.held()?))).collect()
    }

    fn answer(
        &mut self,
        w: &mut Writer<'_>,
        acceptor: &mut Acceptor<'_>,
        asked: Asked<'_>,
        now: Millis,
    ) -> Result<(), CountyError> {
        let schema = self.county.schema;
        let (by, role, at) = (asked.change.author.clone(), asked.change.role, asked.change.at);
        let found = asked.intent.and_then(|intent| {
            let (flow, command) = schema.flows.find(&self.kind.name, &intent.command)?;
            Some((flow, command, intent))
        });
        let Some((flow, command, intent)) = found else { return Ok(()) };
        let (state, _, last) = self.state(flow);
        let scopes = w.scopes(&by, role)?;
        let actor = Actor { user: &by, role, scopes: &scopes };
        let judged = match self.taken_back(&asked) {
            Some(problem) => Err(problem),
            None => self.judge(w, flow, command, intent, actor, (at, now), Some(asked.at))?,
        };
        let mut outcome = Outcome {
            n: last + 1,
            epoch: self.county.epoch(),
            command: command.name.clone(),
            ok: judged.is_ok(),
            by: by.clone(),
            role,
            of: asked.change.body.hash.prefix(),
            from: state,
            to: String::new(),
            set: BTreeMap::new(),
            why: String::new(),
            why_en: String::new(),
        };
        match judged {
            Ok(effect) => self.carry_out(w, acceptor, (flow, command), asked.ulid, outcome, &effect, (at, now)),
            Err(problem) => {
                (outcome.why, outcome.why_en) = (problem.zh, problem.en);
                let mut puts = Puts::new();
                for audience in self.audiences(flow, command) {
                    puts.entry(audience).or_default().push((format!("{OUTCOME}/{}", asked.ulid), outcome.to_value()));
                }
                self.write(w, acceptor, puts, at, now)
            }
        }
    }

    /// An intent whose author took its change back before the county saw it.
    fn taken_back(&self, asked: &Asked<'_>) -> Option<Problem> {
        let (prefix, author) = (asked.change.body.hash.prefix(), &asked.change.author);
        let mut all = self.docs.values().flat_map(|open| &open.seen);
        let undone = all.any(|seen| seen.author == *author && seen.body.meta.undoes.contains(&prefix));
        undone.then(|| Problem::block(INTENT, "undone", "本人已撤回", "its author took it back"))
    }

    /// Whether a command may be done. `place` is where its change stands in the log; absent for what comes last.
    #[expect(clippy::too_many_arguments, reason = "everything that a command is judged by, at two places")]
    pub fn judge<'a>(
        &self,
        r: &Reader<'_>,
        flow: &'a Flow,
        command: &'a Command,
        intent: &Intent,
        actor: Actor<'_>,
        (at, now): (Millis, Millis),
        place: Option<usize>,
    ) -> Result<Result<Effect<'a>, Problem>, CountyError> {
        let (state, steps, _) = self.state(flow);
        let values = self.values();
        let asks_checks = command.rows.iter().any(|row| row.guards.contains(&Guard::NotCheckedLater));
        let facts = Facts {
            record: self.id,
            state: &state,
            values: &values,
            sees: &Audience::ALL,
            steps: &steps,
            at,
            now,
            seen_at: self.seen_at(flow, place),
            checked_at: if asks_checks { self.checked_at(r)? } else { None },
        };
        let effect = match flow::check(self.county.schema, flow, command, &intent.args, &facts, actor) {
            Ok(effect) => effect,
            Err(problem) => return Ok(Err(problem)),
        };
        for unit in &effect.routes {
            if r.region(unit)?.is_none() {
                let (zh, en) = (format!("没有单位或网格 {unit}"), format!("there is no unit {unit}"));
                return Ok(Err(Problem::block(INTENT, "unit", &zh, &en)));
            }
        }
        if let Some(arg) = &command.joins
            && let Some(problem) = self.cannot_join(r, flow, reference(intent.args.get(arg)), actor)?
        {
            return Ok(Err(problem));
        }
        Ok(Ok(effect))
    }

    /// Latest observation by a person that the log holds before a place: what somebody put, confirmed, or did that
    /// says how things stand.
    fn seen_at(&self, flow: &Flow, place: Option<usize>) -> Option<Millis> {
        let before = &self.log[..place.unwrap_or(self.log.len())];
        let found = before
            .iter()
            .filter_map(|(audience, hash)| self.docs.get(audience)?.seen.iter().find(|seen| seen.body.hash == *hash));
        let says = |seen: &&Observation| {
            let puts = || seen.body.puts.iter().filter(|(key, _)| key != "_id");
            let observes = |command: &str| {
                let found = flow.command(command);
                found.is_some_and(|c| c.rows.iter().any(|row| row.guards.contains(&Guard::Latest)))
            };
            let by_county = puts().any(|(key, _)| ulid_of(key, OUTCOME).is_some());
            !by_county
                && (!seen.body.meta.seen.is_empty()
                    || puts().any(|(key, value)| match ulid_of(key, INTENT) {
                        Some(_) => Intent::from_value(value).is_some_and(|intent| observes(&intent.command)),
                        None => true,
                    }))
        };
        found.filter(says).map(|seen| seen.at).max()
    }

    /// Latest inspection of this record in its grids.
    fn checked_at(&self, r: &Reader<'_>) -> Result<Option<Millis>, CountyError> {
        let id = self.id.to_string();
        let mut latest = None;
        for scope in &self.routes {
            for (n, _) in r.records_in(&"inspection".into(), scope)? {
                for change in r.changes(n)? {
                    let Ok(body) = chunk::read(change.raw.as_deref().unwrap_or_default()) else { continue };
                    let put = |key: &str| body.puts.iter().find(|(put, _)| put == key).map(|(_, value)| value);
                    if put("place").and_then(Value::text) == Some(&id) {
                        let when = match put("when") {
                            Some(Value::Int(when)) => Millis(*when),
                            _ => change.bounded.unwrap_or(body.time),
                        };
                        latest = latest.max(Some(when));
                    }
                }
            }
        }
        Ok(latest)
    }

    /// Why this record cannot become an alias of another one.
    fn cannot_join(
        &self,
        r: &Reader<'_>,
        flow: &Flow,
        other: Option<RecordId>,
        actor: Actor<'_>,
    ) -> Result<Option<Problem>, CountyError> {
        let problem = |rule: &str, zh: &str, en: &str| Ok(Some(Problem::block(INTENT, rule, zh, en)));
        let other = match other {
            Some(id) => Self::load(self.county, r, &id)?.filter(|other| other.kind.name == self.kind.name),
            None => None,
        };
        let Some(other) = other else {
            return problem(
                "args",
                "要并入的记录不存在或不是同一类",
                "the other record is not there or of another kind",
            );
        };
        if !other.is_in_reach(actor) {
            return problem("scope", "要并入的记录不在您负责的网格内", "the other record is not in a grid of yours");
        }
        if other.is_joined(flow) {
            return problem(
                "merged",
                "要并入的记录本身已并入别的记录",
                "the other record is itself merged into another",
            );
        }
        Ok(None)
    }

    /// Whether a person works where the record is: in one of its grids, or in a town or village that holds it.
    pub fn is_in_reach(&self, actor: Actor<'_>) -> bool {
        let holds =
            |scope: &Scope| !scope.0.is_empty() && self.routes.iter().any(|route| route.0.starts_with(&scope.0));
        actor.role == Role::RS || *actor.user == county_user() || actor.scopes.iter().any(holds)
    }

    /// Whether the record is an alias of another one, or merged into another case.
    pub fn is_joined(&self, flow: &Flow) -> bool {
        let fields =
            flow.commands.iter().filter(|command| command.joins.is_some()).flat_map(|command| command.set.keys());
        let values = self.values();
        fields.into_iter().any(|key| values.contains_key(key))
    }

    /// Documents that get an outcome.
    fn audiences(&self, flow: &Flow, command: &Command) -> BTreeSet<Audience> {
        let copies = flow.also.iter().copied().chain([command.audience(flow)]);
        copies.filter(|audience| self.docs.contains_key(audience)).chain([flow.audience]).collect()
    }

    /// Writes what a command does. `times` are when it was seen and now.
    #[expect(clippy::too_many_arguments, reason = "one call site besides the joining of homes")]
    pub fn carry_out(
        &mut self,
        w: &mut Writer<'_>,
        acceptor: &mut Acceptor<'_>,
        (flow, command): (&Flow, &Command),
        ulid: &str,
        mut outcome: Outcome,
        effect: &Effect<'_>,
        (at, now): (Millis, Millis),
    ) -> Result<(), CountyError> {
        let mut set = effect.set.clone();
        let had = self.values();
        for key in &effect.numbers {
            set.insert(key.clone(), Value::Text(self.number(w, now)?));
        }
        if let (Some(field), Some(to)) = (&flow.field, effect.to) {
            set.insert(field.clone(), to.into());
        }
        effect.to.unwrap_or_default().clone_into(&mut outcome.to);
        let mut puts = Puts::new();
        for audience in self.audiences(flow, command) {
            let here = |key: &str| self.kind.field(key).filter(|f| f.audience == audience);
            let own = set.iter().filter(|(key, _)| here(key).is_some_and(|f| f.rule == Rule::Command));
            let copy = Outcome { set: own.map(|(k, v)| (k.clone(), v.clone())).collect(), ..outcome.clone() };
            puts.entry(audience).or_default().push((format!("{OUTCOME}/{ulid}"), copy.to_value()));
        }
        for (key, value) in &set {
            if let Some(field) = self.kind.field(key).filter(|field| field.rule != Rule::Command) {
                puts.entry(field.audience).or_default().push((key.clone(), value.clone()));
            }
        }
        if let Some((key, text)) = &effect.append
            && let Some(field) = self.kind.field(key)
        {
            let entry = serde_json::json!({ "text": text, "by": outcome.by }).to_string();
            puts.entry(field.audience).or_default().push((format!("{key}/{ulid}"), Value::Text(entry)));
        }
        // A slip that is taken back leaves the question open: only who says that they are two has told them apart.
        let parted = command.parts.as_ref().filter(|_| !effect.slip).and_then(|key| reference(had.get(key)));
        let distinct = self.kind.field("distinct");
        if let Some((other, field)) = parted.zip(distinct) {
            puts.entry(field.audience).or_default().push(member(&field.key, &other));
        }
        for scope in &effect.routes {
            self.route(w, acceptor, scope)?;
        }
        self.write(w, acceptor, puts, at, now)?;
        let joined = command.joins.as_ref().and_then(|_| reference(command.set.keys().find_map(|key| set.get(key))));
        if let Some(other) = joined.or(parted)
            && let Some(mut other) = Self::load(self.county, w, &other)?
        {
            if let Some((_, field)) = parted.zip(distinct) {
                let puts = Puts::from([(field.audience, vec![member(&field.key, &self.id)])]);
                other.write(w, acceptor, puts, at, now)?;
            } else {
                for scope in other.routes.clone() {
                    self.route(w, acceptor, &scope)?;
                }
                for scope in self.routes.clone() {
                    other.route(w, acceptor, &scope)?;
                }
            }
        }
        Ok(())
    }

    fn route(&mut self, w: &mut Writer<'_>, acceptor: &mut Acceptor<'_>, scope: &Scope) -> Result<(), CountyError> {
        if !self.routes.contains(scope) {
            acceptor.route(w, self.n, scope)?;
            self.routes.push(scope.clone());
        }
        Ok(())
    }

    /// A number of the county: code, day, epoch and serial. After a restore the epoch differs, so no number comes twice.
    fn number(&self, w: &mut Writer<'_>, now: Millis) -> Result<String, CountyError> {
        let day = flow::day(now).replace('-', "");
        let key = format!("event_no:{day}");
        let serial = w.meta_number(&key)? + 1;
        w.set_meta_number(&key, serial)?;
        let grid = self.routes.first().map(|scope| scope.0.as_str()).unwrap_or_default();
        let code: String = grid.chars().take(6).collect();
        Ok(format!("{code}-{day}-{}-{serial:05}", self.county.epoch()))
    }

    /// Gives documents that came later, or from another audience, the outcomes that they lack.
    fn complete_copies(
        &mut self,
        w: &mut Writer<'_>,
        acceptor: &mut Acceptor<'_>,
        now: Millis,
    ) -> Result<(), CountyError> {
        let outcomes = |audience: Audience| -> BTreeMap<String, Value> {
            let seen = self.docs.get(&audience).map(|open| open.seen.as_slice()).unwrap_or_default();
            let puts = seen.iter().flat_map(|seen| seen.body.puts.iter());
            puts.filter(|(key, _)| ulid_of(key, OUTCOME).is_some()).cloned().collect()
        };
        let mut puts = Puts::new();
        for flow in self.county.schema.flows.of(&self.kind.name) {
            let all = outcomes(flow.audience);
            for audience in flow.also.iter().filter(|audience| self.docs.contains_key(audience)) {
                let known = outcomes(*audience);
                for (key, value) in all.iter().filter(|(key, _)| !known.contains_key(*key)) {
                    // What the outcome sets stands in the documents of those fields; here the state alone is of use.
                    let Some(outcome) = Outcome::from_value(value) else { continue };
                    let copy = Outcome { set: BTreeMap::new(), ..outcome };
                    puts.entry(*audience).or_default().push((key.clone(), copy.to_value()));
                }
            }
        }
        self.write(w, acceptor, puts, now, now)
    }

    /// Writes changes of the county itself, one a document.
    fn write(
        &mut self,
        w: &mut Writer<'_>,
        acceptor: &mut Acceptor<'_>,
        puts: Puts,
        at: Millis,
        now: Millis,
    ) -> Result<(), CountyError> {
        let grid = self.routes.first().cloned().unwrap_or_default();
        for (audience, puts) in puts {
            let author = By { user: county_user(), role: Role::CC, grid: grid.clone(), source: Source::Registry };
            self.add(w, acceptor, audience, puts, &author, (at.min(now), now))?;
        }
        Ok(())
    }

    /// Writes one change into one of the record's documents and takes it into the log.
    pub fn add(
        &mut self,
        w: &mut Writer<'_>,
        acceptor: &mut Acceptor<'_>,
        audience: Audience,
        puts: Vec<(String, Value)>,
        by: &By,
        (at, now): (Millis, Millis),
    ) -> Result<(), CountyError> {
        let id = DocId { record: self.id, audience, generation: 0 };
        let open = self.docs.entry(audience).or_insert_with(|| Open {
            n: None,
            document: Document::new(id),
            seen: Vec::new(),
        });
        let meta = Meta { source: by.source, recorded_at: now, schema: self.county.schema.version, ..Meta::default() };
        let draft = Draft { puts, time: at, meta };
        let actor = writer_of(&open.document, self.county.epoch(), &draft);
        let written = open.document.write(actor, &draft).map_err(|error| CountyError::Storage(error.to_string()))?;
        let id = open.document.id();
        let n = match open.n {
            Some(n) => n,
            None => *open.n.insert(w.add_doc(self.n, &id)?),
        };
        let common = Common {
            author: by.user.clone(),
            role: by.role,
            device: SERVER_DEVICE,
            lease: None,
            grid: by.grid.clone(),
            accepted_at: now,
            epoch: self.county.epoch(),
            accepted_by: None,
        };
        let target = Target { record: self.n, doc: n, id, kind: &self.kind.name, routes: &self.routes };
        let env = Envelope {
            doc: id,
            kind: self.kind.name.clone(),
            hash: written.body.hash,
            author: by.user.clone(),
            role: by.role,
            device: SERVER_DEVICE,
            lease: None,
            grid: by.grid.clone(),
            accepted_at: now,
            bounded: None,
            epoch: self.county.epoch(),
            accepted_by: None,
        };
        acceptor.accept(w, &target, common, &written.body, &written.raw, now)?;
        self.log.push((audience, written.body.hash));
        open.seen.push(Observation::accepted(written.body, &env));
        Ok(())
    }
}

/// An intent that waits for its outcome.
struct Asked<'a> {
    ulid: &'a str,
    intent: Option<&'a Intent>,
    change: &'a Observation,
    at: usize,
}

/// Who signs a change that is written here.
pub(super) struct By {
    pub user: UserId,
    pub role: Role,
    pub grid: Scope,
    pub source: Source,
}

fn member(field: &str, other: &RecordId) -> (String, Value) {
    let member = Member::present(&other.to_string());
    (Member::key(field, &member.text), member.to_value())
}

/// A writer's name that follows from what is written, on top of what: the same twice only for the same change.
fn writer_of(document: &Document, epoch: u64, draft: &Draft) -> wangge_core::model::Actor {
    let mut sha = Sha256::new();
    sha.update(document.id().to_bytes());
    sha.update(epoch.to_be_bytes());
    for head in document.heads() {
        sha.update(head.0);
    }
    sha.update(serde_json::to_vec(&(&draft.puts, draft.time, &draft.meta)).expect("a draft is plain data"));
    let hash = sha.finalize();
    let mut name = [0; 16];
    name.copy_from_slice(&hash[..16]);
    wangge_core::model::Actor(name)
}
