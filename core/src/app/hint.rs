//! Hints: what somebody who may not read a file leaves there for those who do (DESIGN 4, blind writes).

use super::{
    Session,
    acts::{self, Done},
    check, edit,
    error::AppError,
    types::{ActView, HintRequest, Sentence},
    views::{self, DocState},
};
use crate::{
    doc::Draft,
    model::{Actor, DocId, Hint, Kind, Member, Meta, RecordId, Rule, Value, hint::HINT, validate},
};

/// Leaves a hint. The author keeps it until the county has it, and reads it nowhere.
pub fn hint(session: &Session<'_>, actor: Actor, request: &HintRequest) -> Result<ActView, AppError> {
    edit::may_write_now(session)?;
    let kind = session.kind(&request.kind)?;
    let audience = audience_of(session, kind, request)?;
    session.store.write(|writer| {
        let about = views::row_of(writer, &request.about)?.ok_or(AppError::NotFound)?;
        // A file that belongs to another record has an id that follows from that record's, whether or not it exists.
        let record = if about.kind == kind.name { about.record } else { RecordId::derived(about.record, &kind.name.0) };
        let id = DocId { record, audience, generation: 0 };
        let mut state = match writer.doc(&id)? {
            Some(row) => views::doc_state(writer, session.eye(), row)?,
            None => DocState {
                row: views::new_doc(id, &kind.name, &about.scope),
                stored: Vec::new(),
                observations: Vec::new(),
            },
        };
        let left = Hint { field: request.field.clone(), value: request.value.clone() };
        let draft = Draft {
            puts: vec![(format!("{HINT}/{}", session.new_ulid()), left.to_value())],
            time: request.observed_at.unwrap_or(session.now),
            meta: Meta { source: request.source, ..session.meta() },
        };
        let hash = edit::add(writer, session, actor, &mut state, &about.scope, &draft)?;
        let say = Sentence {
            zh: format!("关于{}，您给{}留了一条提示", about.title, kind.zh),
            en: format!("a hint about {} for its {}", about.title, kind.en),
        };
        acts::keep(writer, session, Done::new(about.record, say, vec![(id, hash)]))
    })
}

/// The audience in which the hint is left.
fn audience_of(session: &Session<'_>, kind: &Kind, request: &HintRequest) -> Result<crate::model::Audience, AppError> {
    let Some(field) = kind.field(&request.field).filter(|field| field.key == request.field) else {
        return Err(AppError::invalid(&request.field, "unknown_field", "没有这一栏", "no such field"));
    };
    if !session.schema.may_hint(session.account.role, field.audience) {
        return Err(AppError::not_allowed("您的岗位不能在这里留提示", "your role leaves no hints here"));
    }
    let put = match (field.rule, request.value.text()) {
        (Rule::Set, Some(text)) => Member::present(text).to_value(),
        (Rule::Log, Some(text)) => Value::Text(serde_json::json!({ "text": text }).to_string()),
        _ => request.value.clone(),
    };
    let mut problems = validate::check_value(session.schema, field, &put);
    problems.retain(validate::Problem::blocks);
    problems.extend(check::seen_at(request.observed_at));
    if request.value.is_null() {
        problems.push(validate::Problem::block(&field.key, "empty", "没有填写任何内容", "nothing was filled in"));
    }
    if problems.is_empty() { Ok(field.audience) } else { Err(AppError::Invalid { problems }) }
}
