//! What making a record also puts elsewhere, as its kind says (`[[effect]]` in core/schema): a tenant who is registered
//! makes a home rented.

use super::{
    Session,
    alias::Group,
    edit::Form,
    error::AppError,
    types::{EditRequest, FieldEdit},
};
use crate::{
    model::{Kind, RecordId, Value, schema::Effect},
    store::Reader,
};

/// The forms that a form brings along, for records that are here and fields that the role may write.
pub fn of(reader: &Reader<'_>, session: &Session<'_>, form: &Form<'_>) -> Result<Vec<EditRequest>, AppError> {
    let mut out = Vec::new();
    if form.request.record.is_some() {
        return Ok(out);
    }
    for effect in form.kind.effects.iter().filter(|effect| effect.when.holds(put(form, &effect.when.field))) {
        let target: Option<RecordId> = put(form, &effect.record).and_then(Value::text).and_then(|id| id.parse().ok());
        let kind = form.kind.field(&effect.record).and_then(|field| session.schema.kind(field.kind.as_deref()?));
        let (Some(target), Some(kind)) = (target, kind) else { continue };
        let Some(group) = Group::read(reader, session.eye(), &target)? else { continue };
        let edits = edits(session, kind, effect, &group);
        if !edits.is_empty() {
            out.push(EditRequest {
                record: Some(target),
                kind: kind.name.clone(),
                edits,
                confirm: Vec::new(),
                decide: Vec::new(),
                ..form.request.clone()
            });
        }
    }
    Ok(out)
}

/// What a form puts into a field.
fn put<'a>(form: &'a Form<'_>, key: &str) -> Option<&'a Value> {
    form.request.edits.iter().rev().find_map(|edit| match edit {
        FieldEdit::Put { field, value } if field == key => Some(value),
        _ => None,
    })
}

fn edits(session: &Session<'_>, kind: &Kind, effect: &Effect, group: &Group) -> Vec<FieldEdit> {
    let resolved = group.resolve(session.eye(), kind);
    let in_force = |key: &str| resolved.values().find_map(|doc| doc.fields.get(key)).map(|state| &state.value);
    let stays =
        |key: &str| in_force(key).and_then(Value::text).is_some_and(|now| effect.unless.iter().any(|v| v == now));
    let may = |key: &str| kind.field(key).is_some_and(|f| session.schema.may_write(session.account.role, kind, f));
    let puts = effect.put.iter().filter(|(key, _)| may(key) && !stays(key));
    puts.map(|(key, value)| FieldEdit::put(key, value.as_str())).collect()
}
