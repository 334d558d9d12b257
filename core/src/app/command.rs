//! Commands on a phone: what may be done, intents that wait for the county, and how far a case has come.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Session, check, edit,
    error::AppError,
    types::{CommandRequest, CommandView, EditOutcome, FlowView, Sentence, StateView},
    views::{self, DocState, Eye},
};
use crate::{
    doc::Draft,
    merge::{self, FlowState, Resolved, Tell, Wanted},
    model::{
        Actor, Audience, ChangeHash, DocId, Kind, Meta, Millis, RecordId, Value,
        flow::{self, Args, Command, Facts, Flow, INTENT, Intent, Offline, Step},
        validate::Problem,
    },
    store::{Reader, Writer},
};

/// What this person may do to a record now.
pub fn commands(session: &Session<'_>, record: RecordId) -> Result<Vec<CommandView>, AppError> {
    let (docs, kind) = super::read::reading(session, |reader| own_docs(reader, session, &record))?;
    let course = Course::of(session.eye(), kind, record, &docs);
    let mut out = Vec::new();
    for flow in session.schema.flows.of(&kind.name) {
        let facts = course.facts(flow, session.now);
        for command in &flow.commands {
            let here = session.schema.receives(session.account.role, command.audience(flow));
            if here && flow::may(session.schema, flow, command, &facts.facts(), session.person()) {
                out.push(offer(command, &course.values));
            }
        }
    }
    Ok(out)
}

fn offer(command: &Command, values: &BTreeMap<String, Value>) -> CommandView {
    CommandView {
        name: command.name.clone(),
        say: Sentence { zh: command.zh.clone(), en: command.en.clone() },
        offline: command.offline,
        calls: command.calls_for(values),
        needs: command.args.clone(),
    }
}

/// Writes one intent; durable when this returns, and answered by the county.
pub fn command(session: &Session<'_>, actor: Actor, request: &CommandRequest) -> Result<EditOutcome, AppError> {
    edit::may_write_now(session)?;
    let changes = session.store.write(|writer| write(writer, session, actor, request))?;
    Ok(EditOutcome { record: request.record, changes, warnings: Vec::new() })
}

fn write(
    writer: &mut Writer<'_>,
    session: &Session<'_>,
    actor: Actor,
    request: &CommandRequest,
) -> Result<Vec<ChangeHash>, AppError> {
    let (mut docs, kind) = own_docs(writer, session, &request.record)?;
    let course = Course::of(session.eye(), kind, request.record, &docs);
    let at = request.observed_at.unwrap_or(session.now);
    let wanted = (request.command.as_str(), &request.args);
    let (audience, put) = course.intent(session, wanted, at)?;
    let known = docs.iter().position(|doc| doc.row.id.audience == audience);
    if known.is_none() {
        let first = docs.first().ok_or(AppError::NotFound)?;
        let (id, scope) = (DocId { audience, generation: 0, ..first.row.id }, first.row.scope.clone());
        let row = views::new_doc(id, &kind.name, &scope);
        docs.push(DocState { row, stored: Vec::new(), observations: Vec::new() });
    }
    let place = known.unwrap_or(docs.len() - 1);
    let doc = &mut docs[place];
    let scope = doc.row.scope.clone();
    let draft = Draft { puts: vec![put], time: at, meta: Meta { source: request.source, ..session.meta() } };
    let hash = edit::add(writer, session, actor, doc, &scope, &draft)?;
    views::refresh_all(writer, session.eye(), &BTreeSet::from([request.record]))?;
    Ok(vec![hash])
}

/// The documents of one record alone, without those of others that are the same: each is a case of its own.
fn own_docs(
    reader: &Reader<'_>,
    session: &Session<'_>,
    record: &RecordId,
) -> Result<(Vec<DocState>, &'static Kind), AppError> {
    let docs = views::docs_of(reader, session.eye(), record)?;
    let kind = docs.first().ok_or(AppError::NotFound)?.row.kind.clone();
    Ok((docs, session.kind(&kind)?))
}

/// How far a record has come, and what is known of it.
pub struct Course<'k> {
    kind: &'k Kind,
    record: RecordId,
    sees: Vec<Audience>,
    docs: BTreeMap<Audience, Resolved>,
    values: BTreeMap<String, Value>,
}

/// The facts of one flow, owned.
struct Known<'c> {
    course: &'c Course<'c>,
    state: String,
    steps: &'c [Step],
    at: Millis,
    now: Millis,
}

impl Known<'_> {
    fn facts(&self) -> Facts<'_> {
        Facts {
            record: self.course.record,
            state: &self.state,
            values: &self.course.values,
            sees: &self.course.sees,
            steps: self.steps,
            at: self.at,
            now: self.now,
            // What others saw later may not be here yet: the county judges that.
            seen_at: None,
            checked_at: None,
        }
    }
}

impl<'k> Course<'k> {
    /// Of a record's own documents.
    pub fn of<'d>(
        eye: Eye<'_>,
        kind: &'k Kind,
        record: RecordId,
        docs: impl IntoIterator<Item = &'d DocState>,
    ) -> Self {
        let resolve =
            |doc: &DocState| (doc.row.id.audience, merge::resolve(eye.schema, kind, doc.row.id, &doc.observations));
        let docs: BTreeMap<Audience, Resolved> = docs.into_iter().map(resolve).collect();
        let fields = docs.values().flat_map(|doc| &doc.fields);
        let values = fields.filter_map(|(key, state)| Some((key.clone(), state.held()?))).collect();
        let sees = eye.schema.audiences_of(eye.account.role).to_vec();
        Self { kind, record, sees, docs, values }
    }

    /// The same record after a form's values.
    pub fn with_values<'v>(mut self, puts: impl IntoIterator<Item = (&'v str, &'v Value)>) -> Self {
        self.values.extend(puts.into_iter().map(|(key, value)| (key.to_owned(), value.clone())));
        self
    }

    fn facts(&self, flow: &Flow, now: Millis) -> Known<'_> {
        let folded = self.folded(flow);
        // What waits is judged as the county will find it: sign for it, start, report, all before the next contact.
        let ahead = folded.filter(|f| !f.pending.is_empty()).and_then(|f| f.ahead.get(&flow.name).cloned());
        Known {
            course: self,
            state: ahead.unwrap_or_else(|| merge::state_of(flow, self.kind, self.document(flow))),
            steps: folded.map(|folded| folded.steps.as_slice()).unwrap_or_default(),
            at: now,
            now,
        }
    }

    /// The document that shows the course: the flow's own, or a copy where this phone does not receive that.
    fn document(&self, flow: &Flow) -> Option<&Resolved> {
        self.docs.get(&flow.audience).or_else(|| flow.also.iter().find_map(|audience| self.docs.get(audience)))
    }
    fn folded(&self, flow: &Flow) -> Option<&FlowState> {
        self.document(flow)?.flow.as_ref()
    }

    /// The key and value of an intent that may be written now, with its document.
    pub fn intent(
        &self,
        session: &Session<'_>,
        (name, args): (&str, &Args),
        at: Millis,
    ) -> Result<(Audience, (String, Value)), AppError> {
        let refuse = |problem: Problem| AppError::Invalid { problems: vec![problem] };
        check::seen_at(Some(at)).map_or(Ok(()), |problem| Err(refuse(problem)))?;
        let found = session.schema.flows.find(&self.kind.name, name);
        let (flow, command) =
            found.ok_or_else(|| AppError::invalid(INTENT, "command", "没有这个操作", "there is no such command"))?;
        if command.offline == Offline::No {
            return Err(AppError::invalid(
                INTENT,
                "online_only",
                &format!("“{}”要由县里当场答复，请在镇街或县里的电脑上办理", command.zh),
                &format!("'{}' needs the county's answer at once; do it at a desk of the town or county", command.en),
            ));
        }
        let again = |one: &Wanted| one.command == name && one.by == session.account.user && one.args == *args;
        if self.folded(flow).is_some_and(|folded| folded.pending.iter().any(again)) {
            let (zh, en) = (format!("“{}”已提交，等待县里答复", command.zh), format!("'{}' waits already", command.en));
            return Err(AppError::invalid(INTENT, "waiting", &zh, &en));
        }
        let intent = Intent { command: name.to_owned(), args: args.clone() };
        let key = format!("{INTENT}/{}", session.new_ulid());
        let audience = command.audience(flow);
        flow::check_intent(session.schema, self.kind, audience, session.account.role, &key, &intent.to_value())
            .map_err(refuse)?;
        let known = Known { at, ..self.facts(flow, session.now) };
        flow::check(session.schema, flow, command, args, &known.facts(), session.person()).map_err(refuse)?;
        Ok((audience, (key, intent.to_value())))
    }

    /// How far it has come, in words.
    pub fn view(&self, reader: &Reader<'_>, eye: Eye<'_>) -> Option<FlowView> {
        let flows: Vec<&Flow> = eye.schema.flows.of(&self.kind.name).collect();
        let visible = |flow: &&&Flow| self.document(flow).is_some();
        let main = flows.iter().find(visible)?;
        let state = merge::state_of(main, self.kind, self.document(main));
        let (shown, shown_en) = main.label(eye.schema, &state);
        let mut view = FlowView {
            state,
            shown,
            shown_en,
            provisional: self.folded(main).and_then(|folded| folded.provisional.get(&main.name)).map(|code| {
                let (zh, en) = main.label(eye.schema, code);
                StateView { code: code.clone(), say: Sentence { zh, en } }
            }),
            pending: Vec::new(),
            steps: Vec::new(),
            notes: Vec::new(),
        };
        self.tell(reader, eye, &mut view);
        Some(view)
    }

    /// Adds what was done, what waits and what was not done, of all flows.
    pub fn tell(&self, reader: &Reader<'_>, eye: Eye<'_>, view: &mut FlowView) {
        let name_of = |record| views::name_of(reader, &record).unwrap_or_default();
        let tell = Tell { schema: eye.schema, kind: self.kind, name_of: &name_of };
        let flows = eye.schema.flows.of(&self.kind.name);
        let mut shown: Vec<Audience> = flows.filter_map(|flow| self.audience_of(flow)).collect();
        shown.sort_unstable();
        shown.dedup();
        let say = |(zh, en)| Sentence { zh, en };
        for folded in shown.iter().filter_map(|audience| self.docs.get(audience)?.flow.as_ref()) {
            view.pending.extend(folded.pending.iter().map(|one| say(tell.pending(one))));
            view.steps.extend(folded.steps.iter().map(|step| say(tell.step(step))));
            view.notes.extend(folded.notes.iter().map(|note| say(tell.note(note))));
        }
    }

    fn audience_of(&self, flow: &Flow) -> Option<Audience> {
        std::iter::once(flow.audience)
            .chain(flow.also.iter().copied())
            .find(|audience| self.docs.contains_key(audience))
    }
}
