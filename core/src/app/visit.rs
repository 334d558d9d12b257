//! One visit, many uses: the visit itself, what it saw unchanged, what it found new, whom it met and what was due, in one
//! transaction. What a worker tells once is asked for nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Session, acts,
    alias::Group,
    day::{self as days, DayTask},
    edit,
    error::AppError,
    look::{Home, Look},
    types::{ActView, EditRequest, FieldEdit, Sentence, SuggestionView},
};
use crate::{
    model::{
        Actor, ChangeHash, Checklist, DocId, KindName, Millis, RecordId, Rule, Scope, Source, day,
        ids::to_hex,
        validate::{Problem, Severity},
    },
    store::{Reader, Writer},
};

/// A visit to a home or a place as a worker tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisitRequest {
    /// The dwelling or place.
    pub target: RecordId,
    /// A code of the list `visit_kind`.
    pub kind: String,
    /// A code of the list `visit_mode`.
    pub mode: String,
    /// A code of the list `visit_result`; none where the role does not write it.
    pub result: Option<String>,
    /// When; now where absent.
    pub when: Option<Millis>,
    /// Who was met.
    pub met: Vec<RecordId>,
    /// 无变化: the home's household, residents and dwelling are as recorded, as far as this role sees them.
    pub unchanged: bool,
    /// On what evidence; what was seen at the door is `self`.
    pub source: Source,
    /// What people asked for, codes of the list `request`.
    pub needs: Vec<String>,
    /// What is hard for them, in words.
    pub difficulty: Option<String>,
    /// Whether they are content with the service, a code of the list `rating`.
    pub satisfied: Option<String>,
    /// A note.
    pub note: Option<String>,
    /// A check that was made on the way.
    pub check: Option<CheckRequest>,
    /// What was seen of events that are open here.
    pub follow_ups: Vec<FollowUp>,
    /// Routine work that it was besides, a code of the list `routine`.
    pub routine: Option<String>,
    /// What was found to be otherwise: one form a record. Time and visit are filled in.
    pub edits: Vec<EditRequest>,
}

impl VisitRequest {
    /// A visit at which somebody was met; nothing else is said yet.
    pub fn met(target: RecordId) -> Self {
        Self { result: Some("met".to_owned()), ..Self::at(target) }
    }

    /// The bare fact of a visit.
    pub fn at(target: RecordId) -> Self {
        Self {
            target,
            kind: "routine".to_owned(),
            mode: "home".to_owned(),
            result: None,
            when: None,
            met: Vec::new(),
            unchanged: false,
            source: Source::SelfSaid,
            needs: Vec::new(),
            difficulty: None,
            satisfied: None,
            note: None,
            check: None,
            follow_ups: Vec::new(),
            routine: None,
            edits: Vec::new(),
        }
    }
}

/// A check by the list for the kind of place, or for rented homes: what is not named passed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckRequest {
    /// Items that failed.
    pub failed: Vec<String>,
    /// Items that do not apply.
    pub na: Vec<String>,
    /// A code of the list `check_result`; `sound` or `to_fix` where absent.
    pub result: Option<String>,
    /// A note.
    pub note: Option<String>,
}

/// What was seen of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowUp {
    /// The event.
    pub event: RecordId,
    /// What was seen.
    pub note: String,
}

/// What a visit wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct VisitOutcome {
    /// The visit; for each further person who was met there is one more.
    pub visits: Vec<RecordId>,
    /// The check, if one was made.
    pub inspection: Option<RecordId>,
    /// Records that were confirmed as they are.
    pub confirmed: Vec<RecordId>,
    /// What was due here before and is not any more.
    pub done: Vec<DayTask>,
    /// Items that had been put off to the next meeting here: now they are asked again.
    pub asked: Vec<String>,
    /// Hazards that failed items suggest.
    pub suggestions: Vec<SuggestionView>,
    /// Kept, but marked.
    pub warnings: Vec<Problem>,
    /// By which all of it can be taken back for 24 hours.
    pub act: ActView,
}

/// What goes into the transaction, form by form; a record that is made may be named by the forms behind it.
struct Plan {
    visits: Vec<RecordId>,
    inspection: Option<RecordId>,
    confirmed: Vec<RecordId>,
    forms: Vec<(Option<RecordId>, EditRequest)>,
}

/// What is known of the target before.
struct Ground {
    target: RecordId,
    is_place: bool,
    title: String,
    scope: Option<Scope>,
    home: Home,
    list: Option<&'static Checklist>,
    due: Vec<DayTask>,
    /// Items put off to the next meeting here.
    put_off: Vec<[u8; 16]>,
    /// What may be confirmed of residents who are not recorded as alive.
    not_alive: BTreeMap<RecordId, Vec<String>>,
}

/// Whether a resident lives.
const LIFE: &str = "life_status";

/// Carries out a visit.
pub fn visit(session: &Session<'_>, actor: Actor, request: &VisitRequest) -> Result<VisitOutcome, AppError> {
    edit::may_write_now(session)?;
    check(session, request)?;
    session.store.write(|writer| {
        let ground = ground(writer, session, request)?;
        let plan = plan(session, request, &ground)?;
        let (changes, warnings) = write(writer, session, actor, &plan)?;
        for item in &ground.put_off {
            writer.drop_later(item)?;
        }
        let left = days::due_at(&Look::new(writer, session.eye(), day::of(session.now)), &ground.target)?;
        let done = ground.due.into_iter().filter(|task| !left.iter().any(|other| other.is_same(task))).collect();
        let say = Sentence { zh: format!("走访{}", ground.title), en: format!("visit to {}", ground.title) };
        let asked = ground.put_off.iter().map(|item| to_hex(item)).collect();
        let act = acts::keep(
            writer,
            session,
            acts::Done { put_off: ground.put_off, ..acts::Done::new(ground.target, say, changes) },
        )?;
        Ok(VisitOutcome {
            visits: plan.visits,
            inspection: plan.inspection,
            confirmed: plan.confirmed,
            suggestions: suggestions(session, request),
            done,
            asked,
            warnings,
            act,
        })
    })
}

/// Nobody who met nobody can say that nothing has changed. Of whom the result is no business, it is not asked.
fn check(session: &Session<'_>, request: &VisitRequest) -> Result<(), AppError> {
    let kind = session.kind(&KindName::from("visit"))?;
    let writes = |field| session.schema.may_write(session.account.role, kind, field);
    if request.result.is_none() && kind.field("result").is_some_and(writes) {
        return Err(AppError::invalid("result", "required", "请填写走访结果", "say what came of the visit"));
    }
    let not_met = request.result.as_deref().is_some_and(|result| result != "met");
    if request.unchanged && not_met {
        return Err(AppError::invalid(
            "unchanged",
            "not_met",
            "没有见到人，不能确认“无变化”",
            "nobody was met, so that nothing can be confirmed",
        ));
    }
    if not_met && !request.met.is_empty() {
        return Err(AppError::invalid("met", "not_met", "走访结果不是“已见”", "the result is not `met`"));
    }
    Ok(())
}

fn ground(reader: &Reader<'_>, session: &Session<'_>, request: &VisitRequest) -> Result<Ground, AppError> {
    let look = Look::new(reader, session.eye(), day::of(session.now));
    let line = look.line(&request.target)?.ok_or(AppError::NotFound)?;
    let is_place = line.kind.0 == "place";
    if !is_place && line.kind.0 != "dwelling" {
        return Err(AppError::invalid("target", "target", "只能走访房屋或场所", "only homes and places are visited"));
    }
    let home = if is_place { Home::default() } else { look.home(&line.record)? };
    let lists = &session.schema.checklists;
    let later = reader.later()?;
    let here = std::iter::once(line.record).chain(home.records().map(|(_, record)| record));
    let mut put_off = BTreeSet::new();
    for record in here {
        let waiting = reader.attention_of(&record)?.into_iter().map(|row| row.id);
        put_off.extend(waiting.filter(|item| later.contains(item)));
    }
    Ok(Ground {
        target: line.record,
        is_place,
        title: line.title.clone(),
        scope: session.account.scopes.contains(&line.scope).then(|| line.scope.clone()),
        list: if is_place { lists.for_place(line.text("kind")) } else { lists.for_tenure(line.text("tenure")) },
        due: days::due_at(&look, &line.record)?,
        put_off: put_off.into_iter().collect(),
        not_alive: not_alive(reader, session, &look, &home, &request.met)?,
        home,
    })
}

/// Every form of a visit, the visit itself first.
fn plan(session: &Session<'_>, request: &VisitRequest, ground: &Ground) -> Result<Plan, AppError> {
    let when = request.when.unwrap_or(session.now);
    let visits: Vec<RecordId> = (0..request.met.len().max(1)).map(|_| session.new_record()).collect();
    let common = EditRequest {
        scope: ground.scope.clone(),
        source: request.source,
        observed_at: Some(when),
        submission: Some(session.new_ulid()),
        ..EditRequest::default()
    };
    let mut plan = Plan { visits, inspection: None, confirmed: Vec::new(), forms: Vec::new() };
    for (at, visit) in plan.visits.iter().enumerate() {
        let edits = told(request, ground, when, at);
        plan.forms.push((Some(*visit), form(&common, "visit", edits)));
    }
    let common = EditRequest { visit: Some(plan.visits[0]), ..common };
    if let Some(check) = &request.check {
        let inspection = session.new_record();
        let edits = inspected(check, ground, when)?;
        plan.forms.push((Some(inspection), form(&common, "inspection", edits)));
        plan.inspection = Some(inspection);
    }
    if let Some(code) = &request.routine {
        let mut edits = vec![FieldEdit::put("kind", code.as_str()), FieldEdit::put("when", when.0)];
        edits.push(FieldEdit::put(
            if ground.is_place { "place" } else { "dwelling" },
            ground.target.to_string().as_str(),
        ));
        edits.push(FieldEdit::put("visit", plan.visits[0].to_string().as_str()));
        plan.forms.push((None, form(&common, "routine", edits)));
    }
    for seen in &request.follow_ups {
        let edits = vec![FieldEdit::Append { field: "handling".to_owned(), text: seen.note.clone() }];
        plan.forms.push((None, EditRequest { record: Some(seen.event), ..form(&common, "event", edits) }));
    }
    for edit in &request.edits {
        let mut form = edit.clone();
        form.visit = common.visit;
        form.observed_at = form.observed_at.or(common.observed_at);
        form.submission = form.submission.or_else(|| common.submission.clone());
        form.scope = form.scope.or_else(|| common.scope.clone());
        plan.forms.push((None, form));
    }
    if request.unchanged {
        confirm(session, &mut plan, ground, &common);
    }
    Ok(plan)
}

/// One form of the visit.
fn form(common: &EditRequest, kind: &str, edits: Vec<FieldEdit>) -> EditRequest {
    EditRequest { kind: KindName::from(kind), edits, ..common.clone() }
}

/// What the record of a visit says; of several persons met each has one, and the first tells the rest.
fn told(request: &VisitRequest, ground: &Ground, when: Millis, at: usize) -> Vec<FieldEdit> {
    let mut edits = vec![
        FieldEdit::put(if ground.is_place { "place" } else { "target" }, ground.target.to_string().as_str()),
        FieldEdit::put("kind", request.kind.as_str()),
        FieldEdit::put("mode", request.mode.as_str()),
        FieldEdit::put("when", when.0),
    ];
    edits.extend(request.result.as_deref().map(|code| FieldEdit::put("result", code)));
    edits.extend(request.met.get(at).map(|person| FieldEdit::put("met", person.to_string().as_str())));
    if at > 0 {
        return edits;
    }
    edits.extend(request.needs.iter().map(|need| add("needs", need)));
    edits.extend(request.difficulty.as_deref().map(|text| FieldEdit::put("difficulty", text)));
    edits.extend(request.satisfied.as_deref().map(|code| FieldEdit::put("satisfied", code)));
    let note = request.note.iter().map(|text| FieldEdit::Append { field: "notes".to_owned(), text: text.clone() });
    edits.extend(note);
    edits
}

fn add(field: &str, text: &str) -> FieldEdit {
    FieldEdit::Add { field: field.to_owned(), text: text.to_owned(), date: None }
}

/// What the record of a check says.
fn inspected(check: &CheckRequest, ground: &Ground, when: Millis) -> Result<Vec<FieldEdit>, AppError> {
    let Some(list) = ground.list else {
        return Err(AppError::invalid("check", "checklist", "这里没有适用的检查表", "there is no checklist for this"));
    };
    let named = || check.failed.iter().chain(&check.na);
    if let Some(other) = named().find(|item| !list.items.contains(item)) {
        let (zh, en) = (format!("检查表里没有这一项：{other}"), format!("the checklist has no item {other}"));
        return Err(AppError::invalid("check", "check_item", &zh, &en));
    }
    let passed = list.items.iter().filter(|item| !named().any(|other| other == *item));
    let result = check.result.as_deref().unwrap_or(if check.failed.is_empty() { "sound" } else { "to_fix" });
    let mut edits = vec![
        FieldEdit::put(if ground.is_place { "place" } else { "dwelling" }, ground.target.to_string().as_str()),
        FieldEdit::put("checklist", list.code().as_str()),
        FieldEdit::put("when", when.0),
        FieldEdit::put("result", result),
    ];
    for (field, items) in [
        ("passed", passed.collect::<Vec<_>>()),
        ("failed", check.failed.iter().collect()),
        ("na", check.na.iter().collect()),
    ] {
        edits.extend(items.into_iter().map(|item| add(field, item)));
    }
    let note = check.note.iter().map(|text| FieldEdit::Append { field: "notes".to_owned(), text: text.clone() });
    edits.extend(note);
    Ok(edits)
}

/// Most fields that one confirmation names: the message of a change is bounded.
const MOST_CONFIRMED: usize = 6;

/// Confirms what tells of the home, as far as the role writes it: in one change with what was found new of a record.
fn confirm(session: &Session<'_>, plan: &mut Plan, ground: &Ground, common: &EditRequest) {
    let target = if ground.is_place { "place" } else { "dwelling" };
    for (kind, record) in std::iter::once((target, ground.target)).chain(ground.home.records()) {
        let writes = |kind: &crate::model::Kind| session.schema.may_write_kind(session.account.role, kind);
        if !session.schema.kind(kind).is_some_and(writes) {
            continue;
        }
        let said = |confirm: &[String]| EditRequest {
            record: Some(record),
            kind: KindName::from(kind),
            confirm: confirm.to_vec(),
            ..common.clone()
        };
        if let Some(fields) = ground.not_alive.get(&record) {
            plan.forms.extend(fields.chunks(MOST_CONFIRMED).map(|some| (None, said(some))));
            plan.confirmed.extend((!fields.is_empty()).then_some(record));
            continue;
        }
        plan.confirmed.push(record);
        match plan.forms.iter_mut().find(|(_, form)| form.record == Some(record)) {
            Some((_, form)) => form.confirm.push("*".to_owned()),
            None => plan.forms.push((None, said(&["*".to_owned()]))),
        }
    }
}

/// Residents of a home who are not recorded as alive, with what may be confirmed of them. Of whom was met that is all but
/// the life status, so that the question about it stays; a visit to others is no evidence of a death.
fn not_alive(
    reader: &Reader<'_>,
    session: &Session<'_>,
    look: &Look<'_, '_>,
    home: &Home,
    met: &[RecordId],
) -> Result<BTreeMap<RecordId, Vec<String>>, AppError> {
    let met = met.iter().map(|person| look.head(person)).collect::<Result<BTreeSet<_>, _>>()?;
    let mut out = BTreeMap::new();
    for person in &home.residents {
        let Some(line) = look.line(person)?.filter(|line| !matches!(line.text(LIFE), "" | "alive")) else { continue };
        let group = Group::read(reader, session.eye(), &line.record)?.filter(|_| met.contains(&line.record));
        let mut fields = Vec::new();
        if let Some(group) = group {
            let kind = group.kind(session.eye())?;
            let resolved = group.resolve(session.eye(), kind);
            let said = |key: &str| resolved.values().any(|doc| doc.fields.contains_key(key));
            let here = kind.fields.iter().filter(|field| field.key != LIFE && !field.server && said(&field.key));
            fields.extend(here.filter(|field| field.rule != Rule::Log).map(|field| field.key.clone()));
        }
        out.insert(*person, fields);
    }
    Ok(out)
}

type Written = (Vec<(DocId, ChangeHash)>, Vec<Problem>);

/// Writes all forms, or none of them and says everything that is wrong with each.
fn write(writer: &mut Writer<'_>, session: &Session<'_>, actor: Actor, plan: &Plan) -> Result<Written, AppError> {
    let (mut changes, mut warnings, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    for (made, request) in &plan.forms {
        let mut form = edit::prepare(session, request)?;
        form.record = made.unwrap_or(form.record);
        match edit::write_all(writer, session, actor, &form) {
            Ok(mut wrote) => {
                changes.append(&mut wrote.changes);
                warnings.append(&mut wrote.warnings);
            }
            Err(AppError::Invalid { problems }) => wrong.extend(problems),
            Err(other) => return Err(other),
        }
    }
    if wrong.is_empty() {
        return Ok((changes, warnings));
    }
    // Several persons met are several records of the visit, each wrong in the same way.
    let mut problems: Vec<Problem> = Vec::new();
    wrong.extend(warnings);
    for problem in wrong {
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    problems.sort_by_key(|problem| problem.severity != Severity::Block);
    Err(AppError::Invalid { problems })
}

/// Hazards that failed items of the check suggest.
fn suggestions(session: &Session<'_>, request: &VisitRequest) -> Vec<SuggestionView> {
    let failed = request.check.iter().flat_map(|check| &check.failed);
    let items = failed.filter_map(|code| session.schema.checklists.item(code));
    items
        .filter_map(|item| {
            let category = item.suggests.clone()?;
            let code = session.schema.lists.get("hazard").and_then(|list| list.get(&category))?;
            let zh = format!("“{}”不合格，建议上报隐患“{}”。", item.zh, code.zh);
            let en = format!("\"{}\" failed: report the hazard \"{}\"?", item.en, code.en);
            Some(SuggestionView { field: "failed".to_owned(), category, say: Sentence { zh, en } })
        })
        .collect()
}
