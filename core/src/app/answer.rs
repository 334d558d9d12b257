//! Answers to what waits for a person: who may give which, what is written for them, and how they are taken back.

use super::{
    Session,
    acts::{self, Done},
    alias::Group,
    edit,
    error::AppError,
    join,
    types::{ActView, Answer, AnswerKind, AttentionView, EditRequest, FieldEdit, Sentence},
    views::Eye,
};
use crate::{
    merge::{Attention, Claim, Resolved},
    model::{Actor, Field, Kind, Member, Role, Rule, Schema, Source, Value, hint::HINT, ids::from_hex},
    store::{AttentionRow, Reader, Writer},
};

/// Most claims that a decision names one by one; beyond, it names all that its author saw.
const MOST_NAMED: usize = 12;

/// The stored item of an id; a clear refusal where it is settled or has become another one.
pub fn find(reader: &Reader<'_>, item: &str) -> Result<AttentionRow, AppError> {
    let row = match from_hex(item) {
        Some(id) => reader.attention_item(&id)?,
        None => None,
    };
    row.ok_or_else(changed)
}

pub fn changed() -> AppError {
    AppError::invalid(
        "",
        "item_changed",
        "这一项已有新的说法或已经确认，请重新看一次再回答；刚才的回答没有写入",
        "this item was settled or has changed; please look again, your answer was not written",
    )
}

/// An answer that leaves the question open is none.
pub fn not_settled(field: &str) -> AppError {
    AppError::invalid(
        field,
        "not_settled",
        "这个回答的依据还不足以确定，请核实后写明更可靠的依据；刚才的回答没有写入",
        "the evidence of this answer does not settle the question; nothing was written",
    )
}

/// An answer of a kind that the item does not have.
pub fn no_such_answer(field: &str) -> AppError {
    AppError::invalid(field, "answer", "这一项不能这样回答", "this item has no such answer")
}

/// Who settles an item of a field: nobody in particular where the schema names none.
fn deciders<'a>(field: &'a Field, rule: &str) -> &'a [Role] {
    match rule {
        "lower_asked" => &field.lower,
        // Whoever may write the field takes a hint over or leaves it.
        HINT => &[],
        _ => &field.decide,
    }
}

fn may_settle(schema: &Schema, role: Role, kind: &Kind, field: &Field, rule: &str) -> bool {
    let deciders = deciders(field, rule);
    schema.may_write(role, kind, field) && (deciders.is_empty() || deciders.contains(&role))
}

/// Says of an item what its reader may answer, and otherwise who may.
pub fn offer(eye: Eye<'_>, item: &mut AttentionView) {
    item.answers.clear();
    if item.field.is_empty() {
        return join::offer(eye, item);
    }
    let Some((kind, field)) = eye.schema.kind(&item.kind.0).and_then(|kind| Some((kind, kind.field(&item.field)?)))
    else {
        return;
    };
    item.may_decide = may_settle(eye.schema, eye.account.role, kind, field, &item.rule);
    if item.may_decide {
        item.answers.push(AnswerKind::Choose);
        if !matches!(field.rule, Rule::Set | Rule::Log) {
            item.answers.push(AnswerKind::Value);
        }
    } else {
        item.who = Some(who(field, &item.rule));
    }
    item.answers.push(AnswerKind::NextTime);
}

fn who(field: &Field, rule: &str) -> Sentence {
    let roles = deciders(field, rule);
    let zh: Vec<_> = roles.iter().map(|role| role.zh()).collect();
    let en: Vec<_> = roles.iter().map(|role| role.en()).collect();
    let (zh, en) = if roles.is_empty() {
        ("能填写这一栏的岗位".to_owned(), "a role that may write it".to_owned())
    } else {
        (zh.join("或"), en.join(" or "))
    };
    Sentence {
        zh: format!("“{}”要由{zh}确定，您可以选“下次见面问”", field.zh),
        en: format!("{} is settled by: {en}; you can choose to ask next time", field.en),
    }
}

/// Carries out an answer.
pub fn answer(session: &Session<'_>, actor: Actor, item: &str, answer: &Answer) -> Result<ActView, AppError> {
    edit::may_write_now(session)?;
    session.store.write(|writer| {
        let row = find(writer, item)?;
        match answer {
            Answer::NextTime => acts::put_off(writer, session, row.record, row.id),
            _ if row.field.is_empty() => join::answer(writer, session, actor, &row, answer),
            _ => answer_field(writer, session, actor, &row, answer),
        }
    })
}

fn answer_field(
    writer: &mut Writer<'_>,
    session: &Session<'_>,
    actor: Actor,
    row: &AttentionRow,
    answer: &Answer,
) -> Result<ActView, AppError> {
    let eye = session.eye();
    let group = Group::read(writer, eye, &row.record)?.ok_or_else(changed)?;
    let kind = group.kind(eye)?;
    let resolved: Vec<Resolved> = group.resolve(eye, kind).into_values().collect();
    let item = resolved.iter().flat_map(|doc| &doc.attention).find(|item| item.id == row.id).ok_or_else(changed)?;
    let field = kind.field(&item.field).ok_or_else(changed)?;
    if !may_settle(session.schema, session.account.role, kind, field, &item.rule) {
        let who = who(field, &item.rule);
        return Err(AppError::not_allowed(&who.zh, &who.en));
    }
    let request = request(session, kind, (field, item), answer)?;
    let form = edit::prepare(session, &request)?;
    let wrote = edit::write(writer, session, actor, &form)?;
    if wrote.resolved.iter().flat_map(|doc| &doc.attention).any(|left| is_same_question(left, item)) {
        return Err(not_settled(&field.key));
    }
    let shown = |value: &Value, zh| session.schema.show(field, value, zh);
    let value = chosen(item, answer)?;
    let say = if value.is_null() {
        Sentence { zh: format!("您确定清空{}", field.zh), en: format!("you settled {} as empty", field.en) }
    } else {
        Sentence {
            zh: format!("您把{}确定为“{}”", field.zh, shown(value, true)),
            en: format!("you settled {} as \"{}\"", field.en, shown(value, false)),
        }
    };
    writer.drop_later(&row.id)?;
    acts::keep(writer, session, Done::new(group.head, say, wrote.changes))
}

/// The same rule asks about the same key again.
fn is_same_question(left: &Attention, item: &Attention) -> bool {
    let key = |item: &Attention| item.claims.first().map(|claim| claim.key.clone());
    (&left.rule, &left.field, key(left)) == (&item.rule, &item.field, key(item))
}

/// The value that an answer stands for.
fn chosen<'a>(item: &'a Attention, answer: &'a Answer) -> Result<&'a Value, AppError> {
    match answer {
        Answer::Value { value, .. } => Ok(value),
        _ => chosen_claim(item, answer).map(|claim| &claim.value),
    }
}

fn chosen_claim<'a>(item: &'a Attention, answer: &Answer) -> Result<&'a Claim, AppError> {
    match answer {
        Answer::Choose { claim } => item.claims.iter().find(|c| c.change.prefix() == *claim).ok_or_else(changed),
        _ => Err(no_such_answer(&item.field)),
    }
}

/// The form that carries out an answer.
fn request(
    session: &Session<'_>,
    kind: &Kind,
    (field, item): (&Field, &Attention),
    answer: &Answer,
) -> Result<EditRequest, AppError> {
    let value = chosen(item, answer)?;
    let evidence = item.claims.iter().filter(|claim| claim.value == *value).map(|claim| claim.source).max();
    let source = match answer {
        Answer::Value { source, .. } => *source,
        // The register's word stays the register's: who chooses it has seen it, as one sees a document.
        _ => evidence.unwrap_or(Source::Other).min(session.schema.best_source(session.account.role)),
    };
    let named = field.key.clone();
    let edit = match (field.rule, value) {
        // A hint names the text of a member or an entry; a claim is a member itself.
        (Rule::Log, Value::Text(text)) => FieldEdit::Append { field: named, text: text.clone() },
        (Rule::Set, value) => match Member::from_value(value).or_else(|| value.text().map(Member::present)) {
            Some(Member { text, on: true, date }) => FieldEdit::Add { field: named, text, date },
            Some(Member { text, on: false, date }) => FieldEdit::End { field: named, text, date },
            None => FieldEdit::put(&field.key, value.clone()),
        },
        _ => FieldEdit::put(&field.key, value.clone()),
    };
    let mut decide: Vec<String> = item.claims.iter().map(|claim| claim.change.prefix()).collect();
    decide.sort();
    decide.dedup();
    if decide.len() > MOST_NAMED {
        decide = vec!["*".to_owned()];
    }
    Ok(EditRequest {
        record: Some(item.doc.record),
        kind: kind.name.clone(),
        source,
        edits: vec![edit],
        // Where the schema names nobody who decides, the evidence does.
        decide: if deciders(field, &item.rule).is_empty() || item.rule == "lower_asked" { Vec::new() } else { decide },
        ..EditRequest::default()
    })
}
