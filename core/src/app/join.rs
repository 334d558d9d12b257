//! Items over several records: are these one, are they two, is it as it seems; and records that a person joins or parts.

use std::collections::BTreeMap;

use super::{
    Session,
    acts::{self, Done},
    alias::{self, Group},
    answer::{changed, no_such_answer, not_settled},
    edit,
    error::AppError,
    types::{ActView, Answer, AnswerKind, AttentionView, EditOutcome, EditRequest, FieldEdit, Sentence},
    views::{self, Eye},
};
use crate::{
    merge::{
        self,
        across::{CrossItem, RULES},
    },
    model::{Actor, ChangeHash, DocId, Kind, KindName, RecordId, Role, Schema, Source, Value, flow::Step},
    store::{AttentionRow, Reader, Writer},
};

/// The command that makes a record an alias, and the one that parts them again.
const MERGE: &str = "merge";
const UNMERGE: &str = "unmerge";
/// Members of this set are not the same as their record.
const DISTINCT: &str = "distinct";

/// Answers that settle the items of a rule; what is left is settled by ordinary edits and commands.
fn fitting(rule: &str) -> &'static [AnswerKind] {
    match rule {
        "same_person" | "same_place" | "same_dwelling_unsure" | "newborn_pair" => {
            &[AnswerKind::Same, AnswerKind::Different]
        }
        "alive_after_dead" | "stay_ended_but_met" => &[AnswerKind::Value, AnswerKind::Confirm],
        "vacant_occupied" => &[AnswerKind::Value],
        _ => &[],
    }
}

/// Whether a role may give an answer about records of a kind.
fn may(schema: &Schema, role: Role, kind: &Kind, answer: AnswerKind, field: Option<&str>) -> bool {
    let writes = |key: &str| kind.field(key).is_some_and(|field| schema.may_write(role, kind, field));
    match answer {
        AnswerKind::Same => {
            let merge = schema.flows.find(&kind.name, MERGE);
            merge.is_some_and(|(_, merge)| merge.rows.iter().any(|row| row.who.contains(&role)))
        }
        AnswerKind::Different => writes(DISTINCT),
        AnswerKind::Value | AnswerKind::Confirm => field.is_some_and(writes),
        AnswerKind::Choose | AnswerKind::NextTime => true,
    }
}

/// Says of an item over several records what its reader may answer.
pub fn offer(eye: Eye<'_>, item: &mut AttentionView) {
    let fitting = fitting(&item.rule);
    let role = eye.account.role;
    let subject = RULES.iter().find(|rule| rule.name == item.rule).and_then(|rule| rule.kinds.first());
    if let Some(kind) = subject.and_then(|kind| eye.schema.kind(kind)) {
        let field = item.about.first().map(|(_, field)| field.as_str());
        item.answers = fitting.iter().copied().filter(|answer| may(eye.schema, role, kind, *answer, field)).collect();
    }
    item.may_decide = !item.answers.is_empty();
    if !item.may_decide {
        item.who = Some(if fitting.is_empty() {
            Sentence {
                zh: "请核实后在有关记录里直接更正或办理，更正后这一项会自动消失".to_owned(),
                en: "correct the records themselves after checking; the item then goes by itself".to_owned(),
            }
        } else {
            Sentence {
                zh: "您的岗位不能确定这一项，请网格员或网格长核实；您可以选“下次见面问”".to_owned(),
                en: "a grid worker or grid head settles this; you can choose to ask next time".to_owned(),
            }
        });
    }
    item.answers.push(AnswerKind::NextTime);
}

/// Carries out an answer to an item over several records.
pub fn answer(
    writer: &mut Writer<'_>,
    session: &Session<'_>,
    actor: Actor,
    row: &AttentionRow,
    answer: &Answer,
) -> Result<ActView, AppError> {
    let item: CrossItem = serde_json::from_str(&row.json).map_err(|e| AppError::storage(&e))?;
    let wanted = match answer {
        Answer::Same { .. } => AnswerKind::Same,
        Answer::Different => AnswerKind::Different,
        Answer::Confirm => AnswerKind::Confirm,
        Answer::Value { .. } => AnswerKind::Value,
        Answer::Choose { .. } | Answer::NextTime => return Err(no_such_answer("")),
    };
    let first = *item.records.first().ok_or_else(changed)?;
    let kind = session.kind(&views::row_of(writer, &first)?.ok_or_else(changed)?.kind)?;
    let about = item.about.first().filter(|(record, _)| *record == first).map(|(_, field)| field.as_str());
    if !fitting(&item.rule).contains(&wanted) {
        return Err(no_such_answer(""));
    }
    if !may(session.schema, session.account.role, kind, wanted, about) {
        return Err(AppError::not_allowed(
            "您的岗位不能确定这一项，请网格员或网格长核实",
            "your role cannot settle this; a grid worker or grid head does",
        ));
    }
    let pair = || item.records.get(..2).and_then(|pair| <[RecordId; 2]>::try_from(pair).ok()).ok_or_else(changed);
    match answer {
        Answer::Same { keep } => {
            let [a, b] = pair()?;
            let from = if *keep == a { b } else { a };
            if ![a, b].contains(keep) {
                return Err(AppError::invalid("keep", "keep", "请在两条记录中选一条保留", "keep one of the two"));
            }
            join(writer, session, actor, from, *keep)
        }
        Answer::Different => part(writer, session, actor, row.id, kind, pair()?),
        _ => told(writer, session, actor, row.id, (kind, first, about.unwrap_or_default()), answer),
    }
}

/// Two records are not the same: each names the other.
fn part(
    writer: &mut Writer<'_>,
    session: &Session<'_>,
    actor: Actor,
    item: [u8; 16],
    kind: &Kind,
    [a, b]: [RecordId; 2],
) -> Result<ActView, AppError> {
    let mut changes = Vec::new();
    for (record, other) in [(a, b), (b, a)] {
        let add = FieldEdit::Add { field: DISTINCT.to_owned(), text: other.to_string(), date: None };
        changes.extend(write(writer, session, actor, &form(kind, record, vec![add]))?);
    }
    settled(writer, item, DISTINCT)?;
    let (zh, en) = (names(writer, a, b, "和")?, names(writer, a, b, " and ")?);
    let say = Sentence { zh: format!("{zh}不是同一个"), en: format!("{en} are not the same") };
    acts::keep(writer, session, Done::new(a, say, changes))
}

/// It is as the item supposes, or otherwise: said of the field that the item is about.
fn told(
    writer: &mut Writer<'_>,
    session: &Session<'_>,
    actor: Actor,
    item: [u8; 16],
    (kind, record, key): (&Kind, RecordId, &str),
    answer: &Answer,
) -> Result<ActView, AppError> {
    let field = kind.field(key).ok_or_else(changed)?;
    let (request, zh, en) = match answer {
        Answer::Value { value, source } if value.is_null() => (
            EditRequest { source: *source, ..form(kind, record, vec![FieldEdit::put(key, Value::Null)]) },
            format!("您清空了{}", field.zh),
            format!("you cleared {}", field.en),
        ),
        Answer::Value { value, source } => (
            EditRequest { source: *source, ..form(kind, record, vec![FieldEdit::put(key, value.clone())]) },
            format!("您把{}改为“{}”", field.zh, session.schema.show(field, value, true)),
            format!("you changed {} to \"{}\"", field.en, session.schema.show(field, value, false)),
        ),
        _ => (
            EditRequest { confirm: vec![key.to_owned()], ..form(kind, record, Vec::new()) },
            format!("您确认了{}", field.zh),
            format!("you confirmed {}", field.en),
        ),
    };
    let changes = write(writer, session, actor, &request)?;
    settled(writer, item, key)?;
    acts::keep(writer, session, Done::new(record, Sentence { zh, en }, changes))
}

fn settled(writer: &mut Writer<'_>, item: [u8; 16], field: &str) -> Result<(), AppError> {
    if writer.attention_item(&item)?.is_some() {
        return Err(not_settled(field));
    }
    Ok(writer.drop_later(&item)?)
}

fn form(kind: &Kind, record: RecordId, edits: Vec<FieldEdit>) -> EditRequest {
    EditRequest {
        record: Some(record),
        kind: kind.name.clone(),
        source: Source::SelfSaid,
        edits,
        ..EditRequest::default()
    }
}

fn write(
    writer: &mut Writer<'_>,
    session: &Session<'_>,
    actor: Actor,
    request: &EditRequest,
) -> Result<Vec<(DocId, ChangeHash)>, AppError> {
    Ok(edit::write(writer, session, actor, &edit::prepare(session, request)?)?.changes)
}

/// Asks the county to make one record an alias of another: of records that are several already, of their heads.
pub fn merge(session: &Session<'_>, actor: Actor, from: RecordId, into: RecordId) -> Result<ActView, AppError> {
    edit::may_write_now(session)?;
    session.store.write(|writer| join(writer, session, actor, from, into))
}

fn join(
    writer: &mut Writer<'_>,
    session: &Session<'_>,
    actor: Actor,
    from: RecordId,
    into: RecordId,
) -> Result<ActView, AppError> {
    let (from, into) = (alias::head(writer, &from)?, alias::head(writer, &into)?);
    if from == into {
        return Err(AppError::invalid("into", "same", "两条记录已经是同一条", "the two records are one already"));
    }
    let kind = kind_of(writer, session.eye(), from)?;
    if kind_of(writer, session.eye(), into)? != kind {
        return Err(AppError::invalid("into", "kind", "两条记录不是同一类", "the two records are of different kinds"));
    }
    let say = Sentence {
        zh: format!("把{}", names(writer, from, into, "合并到")?),
        en: format!("merge {}", names(writer, from, into, " into ")?),
    };
    let args = BTreeMap::from([("into".to_owned(), Value::from(into.to_string().as_str()))]);
    let changes = write(writer, session, actor, &command(kind, from, MERGE, args))?;
    acts::keep(writer, session, Done { merged: Some(from), ..Done::new(into, say, changes) })
}

/// Whether the merge that these changes asked for is the one in force; it may still wait. A clear refusal where it did not
/// come to pass, or has given way to another since: that one is its author's.
pub fn stands(
    reader: &Reader<'_>,
    eye: Eye<'_>,
    record: RecordId,
    asked: &[(DocId, ChangeHash)],
) -> Result<bool, AppError> {
    let is_own = |hash: &ChangeHash| asked.iter().any(|(_, own)| own == hash);
    for doc in views::docs_of(reader, eye, &record)? {
        let Some(kind) = eye.schema.kind(&doc.row.kind.0) else { continue };
        let Some(flow) = merge::resolve(eye.schema, kind, doc.row.id, &doc.observations).flow else { continue };
        if let Some(note) = flow.notes.iter().find(|note| is_own(&note.wanted.change)) {
            return Err(AppError::invalid(
                "",
                "not_done",
                &format!("这次合并没有执行，不用撤回：{}", note.zh),
                &format!("this merge did not come to pass, there is nothing to take back: {}", note.en),
            ));
        }
        let is_step = |step: &&Step| asked.iter().any(|(_, own)| own.prefix() == step.of);
        if flow.steps.iter().any(|step| is_step(&step)) {
            let last = flow.steps.iter().rfind(|step| [MERGE, UNMERGE].contains(&step.command.as_str()));
            return last.filter(is_step).map(|_| true).ok_or_else(|| {
                let (zh, en) = ("这次合并后来已经改动，不能再撤回", "this merge has given way to another since");
                AppError::invalid("", "overtaken", zh, en)
            });
        }
    }
    Ok(false)
}

/// Asks the county to let a record stand for itself again.
pub fn unmerge(session: &Session<'_>, actor: Actor, record: RecordId) -> Result<EditOutcome, AppError> {
    edit::may_write_now(session)?;
    session.store.write(|writer| {
        let changes = stand_alone(writer, session, actor, record, false)?;
        let changes = changes.into_iter().map(|(_, hash)| hash).collect();
        Ok(EditOutcome { record, changes, warnings: Vec::new() })
    })
}

/// The same inside a transaction.
pub fn stand_alone(
    writer: &mut Writer<'_>,
    session: &Session<'_>,
    actor: Actor,
    record: RecordId,
    slip: bool,
) -> Result<Vec<(DocId, ChangeHash)>, AppError> {
    if writer.alias(&record)?.is_none() {
        return Err(AppError::invalid("", "single", "这条记录没有合并到别的记录", "the record is no alias of another"));
    }
    let kind = kind_of(writer, session.eye(), record)?;
    let args = slip.then(|| ("again".to_owned(), Value::Bool(true)));
    write(writer, session, actor, &command(kind, record, UNMERGE, args.into_iter().collect()))
}

fn command(kind: KindName, record: RecordId, name: &str, args: BTreeMap<String, Value>) -> EditRequest {
    EditRequest {
        record: Some(record),
        kind,
        source: Source::SelfSaid,
        commands: vec![(name.to_owned(), args)],
        ..EditRequest::default()
    }
}

fn kind_of(reader: &Reader<'_>, eye: Eye<'_>, record: RecordId) -> Result<KindName, AppError> {
    let group = Group::read(reader, eye, &record)?.ok_or(AppError::NotFound)?;
    Ok(group.kind(eye)?.name.clone())
}

fn names(reader: &Reader<'_>, a: RecordId, b: RecordId, between: &str) -> Result<String, AppError> {
    Ok(format!("{}{between}{}", views::name_of(reader, &a)?, views::name_of(reader, &b)?))
}
