//! From changes to what a screen shows: joins changes with envelopes, asks the resolver, writes view rows.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Account,
    across::{self, Upkeep},
    alias::{self, Group},
    answer,
    command::Course,
    error::AppError,
    types::{AttentionView, ClaimView, FieldView, FlowView, ListItem, RecordView, Sentence, SuggestionView},
};
use crate::{
    doc::chunk,
    merge::{self, Attention, Claim, FieldState, Resolved, across::Facts},
    model::{
        DocId, Field, FieldType, Kind, KindName, Millis, Observation, RecordId, Schema, Scope, Value,
        change::ChangeBody, ids::to_hex,
    },
    store::{AttentionRow, ChangeState, DocRow, Reader, StoredChange, ViewRow, Writer},
};

/// Everything known here of one document.
pub struct DocState {
    /// Its row.
    pub row: DocRow,
    /// Its changes as stored.
    pub stored: Vec<StoredChange>,
    /// The same as observations, without refused ones and what stands on them.
    pub observations: Vec<Observation>,
}

/// Who looks, under which schema, at what time.
#[derive(Clone, Copy)]
pub struct Eye<'a> {
    /// Schema in force.
    pub schema: &'a Schema,
    /// Owner of this phone.
    pub account: &'a Account,
    /// Now.
    pub now: Millis,
}

/// Joins stored changes with who wrote them. Changes that the county refused or put aside do not count, nor do later
/// ones that stand on them.
pub fn observe(eye: Eye<'_>, stored: &[StoredChange]) -> Vec<Observation> {
    let mut out = Vec::with_capacity(stored.len());
    let mut aside = Vec::new();
    for change in stored {
        // Bytes that cannot be read are quarantined: kept, counted in the digest, and not shown.
        let Ok(body) = chunk::read(&change.raw) else { continue };
        let fallen = matches!(change.state, ChangeState::Refused | ChangeState::Review);
        if fallen || body.deps.iter().any(|dep| aside.contains(dep)) {
            aside.push(body.hash);
            continue;
        }
        out.push(observation(eye, body, change));
    }
    out
}

fn observation(eye: Eye<'_>, body: ChangeBody, change: &StoredChange) -> Observation {
    match &change.envelope {
        Some(envelope) => Observation::accepted(body, envelope),
        None => own(eye, body),
    }
}

/// A change of this phone's owner that the county has not accepted yet.
pub fn own(eye: Eye<'_>, body: ChangeBody) -> Observation {
    Observation::pending(body, eye.account.user.clone(), eye.account.role, eye.now)
}

/// Reads one document.
pub fn doc_state(reader: &Reader<'_>, eye: Eye<'_>, row: DocRow) -> Result<DocState, AppError> {
    let stored = reader.changes(&row.id)?;
    let observations = observe(eye, &stored);
    Ok(DocState { row, stored, observations })
}

/// All documents of a record in their newest generation, as far as this role receives them: a hint to somebody else's
/// audience stays here until the county has it, and is shown to nobody.
pub fn docs_of(reader: &Reader<'_>, eye: Eye<'_>, record: &RecordId) -> Result<Vec<DocState>, AppError> {
    let mut newest: BTreeMap<_, DocRow> = BTreeMap::new();
    for row in reader.docs_of(record)? {
        if eye.schema.receives(eye.account.role, row.id.audience) {
            newest.insert(row.id.audience, row);
        }
    }
    newest.into_values().map(|row| doc_state(reader, eye, row)).collect()
}

/// A record as a screen needs it; none where nothing of it is here.
pub fn record_view(reader: &Reader<'_>, eye: Eye<'_>, record: &RecordId) -> Result<Option<RecordView>, AppError> {
    Group::read(reader, eye, record)?.map(|group| group_view(reader, eye, &group)).transpose()
}

/// The same of documents at hand.
pub fn group_view(reader: &Reader<'_>, eye: Eye<'_>, group: &Group) -> Result<RecordView, AppError> {
    let kind = group.kind(eye)?;
    let resolved: Vec<Resolved> = group.resolve(eye, kind).into_values().collect();
    let flow = flow_view(reader, eye, group, kind);
    let title = title(reader, eye.schema, kind, &values(&resolved))?;
    let states = group.docs.iter().flat_map(|doc| &doc.stored);
    let (mut pending, mut refused) = (0, 0);
    for change in states {
        match change.state {
            ChangeState::Pending | ChangeState::Held => pending += 1,
            ChangeState::Refused | ChangeState::Review => refused += 1,
            ChangeState::Accepted => {}
        }
    }
    let mut fields = Vec::new();
    for field in &kind.fields {
        let Some(state) = resolved.iter().find_map(|doc| doc.fields.get(&field.key)) else { continue };
        fields.push(field_view(reader, eye.schema, field, state)?);
    }
    let mut attention = Vec::new();
    for item in resolved.iter().flat_map(|doc| &doc.attention) {
        attention.push(finish(reader, eye, attention_view(eye.schema, kind, item, &title))?);
    }
    for row in reader.cross_items(&group.head)? {
        attention.push(finish(
            reader,
            eye,
            across::cross_view(reader, eye.schema, stored_item(&row)?, Some(group.head))?,
        )?);
    }
    Ok(RecordView {
        record: group.head,
        aliases: group.aliases.clone(),
        kind: kind.name.clone(),
        scope: group.scope(),
        fields,
        flow,
        attention,
        told: resolved
            .iter()
            .flat_map(|doc| doc.fields.values())
            .flat_map(|state| &state.told)
            .filter(|told| told.claim.author == eye.account.user)
            .map(|told| Sentence { zh: told.zh.clone(), en: told.en.clone() })
            .collect(),
        suggestions: resolved.iter().flat_map(|doc| &doc.suggestions).map(suggestion_view).collect(),
        title,
        pending,
        refused,
    })
}

/// How far the record itself has come. What was done and wanted with others that are the same is told behind it, so
/// that who asked in vain for another merge of one of them finds it.
fn flow_view(reader: &Reader<'_>, eye: Eye<'_>, group: &Group, kind: &Kind) -> Option<FlowView> {
    eye.schema.flows.of(&kind.name).next()?;
    let own = |record: RecordId| group.docs.iter().filter(move |doc| doc.row.id.record == record);
    let mut view = Course::of(eye, kind, group.head, own(group.head)).view(reader, eye)?;
    for alias in &group.aliases {
        Course::of(eye, kind, *alias, own(*alias)).tell(reader, eye, &mut view);
    }
    Some(view)
}

fn suggestion_view(suggestion: &merge::Suggestion) -> SuggestionView {
    SuggestionView {
        field: suggestion.field.clone(),
        category: suggestion.category.clone(),
        say: Sentence { zh: suggestion.zh.clone(), en: suggestion.en.clone() },
    }
}

fn field_view(reader: &Reader<'_>, schema: &Schema, field: &Field, state: &FieldState) -> Result<FieldView, AppError> {
    let mut view = plain_field_view(schema, field, state);
    if field.value_type == FieldType::Ref {
        if let Ok(record) = view.shown.parse() {
            view.shown = name_of(reader, &record)?;
            view.shown_en.clone_from(&view.shown);
        }
        for claim in &mut view.claims {
            if let Ok(record) = claim.shown.parse() {
                claim.shown = name_of(reader, &record)?;
            }
        }
    }
    Ok(view)
}

fn plain_field_view(schema: &Schema, field: &Field, state: &FieldState) -> FieldView {
    FieldView {
        field: field.key.clone(),
        zh: field.zh.clone(),
        en: field.en.clone(),
        audience: field.audience,
        shown: schema.show(field, &state.value, true),
        shown_en: schema.show(field, &state.value, false),
        value: state.value.clone(),
        contested: state.contested,
        provisional: state.provisional,
        members: state.members.iter().map(|(member, _)| member.clone()).collect(),
        log: state.log.iter().map(|(_, value, _)| log_text(value)).collect(),
        claims: state.claims.iter().map(|claim| claim_view(schema, field, claim)).collect(),
    }
}

/// A log entry is small JSON; its text is what a screen shows.
pub fn log_text(value: &Value) -> String {
    let json: Option<serde_json::Value> = value.text().and_then(|text| serde_json::from_str(text).ok());
    json.and_then(|entry| entry.get("text")?.as_str().map(str::to_owned)).unwrap_or_else(|| value.to_string())
}

/// A claim as a screen needs it.
pub fn claim_view(schema: &Schema, field: &Field, claim: &Claim) -> ClaimView {
    ClaimView {
        prefix: claim.change.prefix(),
        value: claim.value.clone(),
        shown: schema.show(field, &claim.value, true),
        author: claim.author.clone(),
        role: claim.role,
        source: claim.source,
        at: claim.at,
        doubtful: claim.doubtful,
        accepted_at: claim.accepted_at,
        confirms: claim.confirms,
    }
}

/// An attention item as a screen needs it.
pub fn attention_view(schema: &Schema, kind: &Kind, item: &Attention, title: &str) -> AttentionView {
    let claims =
        kind.field(&item.field).map(|field| item.claims.iter().map(|c| claim_view(schema, field, c)).collect());
    AttentionView {
        id: to_hex(&item.id),
        rule: item.rule.clone(),
        record: item.doc.record,
        kind: item.kind.clone(),
        title: title.to_owned(),
        field: item.field.clone(),
        in_force: item.in_force.clone(),
        in_force_shown: kind
            .field(&item.field)
            .map_or_else(|| item.in_force.to_string(), |field| schema.show(field, &item.in_force, true)),
        claims: claims.unwrap_or_default(),
        say: Sentence { zh: item.zh.clone(), en: item.en.clone() },
        others: Vec::new(),
        about: Vec::new(),
        answers: Vec::new(),
        may_decide: false,
        who: None,
    }
}

/// The fields that name a record in a list; the kind's label where this phone sees none of them. A reference shows the
/// name of the record it leads to, as far as that is here.
pub fn title(
    reader: &Reader<'_>,
    schema: &Schema,
    kind: &Kind,
    values: &BTreeMap<String, Value>,
) -> Result<String, AppError> {
    let mut parts = Vec::new();
    for key in &kind.title {
        let Some((field, value)) = kind.field(key).zip(values.get(key)) else { continue };
        let target: Option<RecordId> =
            value.text().filter(|_| field.value_type == FieldType::Ref).and_then(|t| t.parse().ok());
        parts.push(match target {
            Some(record) => name_of(reader, &record)?,
            None => schema.show(field, value, true),
        });
    }
    parts.retain(|part| !part.is_empty());
    Ok(if parts.is_empty() { kind.zh.clone() } else { parts.join(" ") })
}

/// The row under which a record is listed, under whichever of its names.
pub fn row_of(reader: &Reader<'_>, record: &RecordId) -> Result<Option<ViewRow>, AppError> {
    Ok(match reader.view(record)? {
        None => reader.view(&alias::head(reader, record)?)?,
        row => row,
    })
}

/// What lists call a record; a reference may lead to one that is not here yet.
pub fn name_of(reader: &Reader<'_>, record: &RecordId) -> Result<String, AppError> {
    Ok(row_of(reader, record)?.map_or_else(|| "待上传".to_owned(), |row| row.title))
}

/// Puts names in the place of the record ids in a sentence.
pub fn name_ids(reader: &Reader<'_>, text: &str) -> Result<String, AppError> {
    const LENGTH: usize = 36;
    let mut out = text.to_owned();
    let mut at = 0;
    while at + LENGTH <= out.len() {
        let id = out.get(at..at + LENGTH).filter(|id| id.as_bytes()[8] == b'-').and_then(|id| id.parse().ok());
        let Some(record) = id else {
            at += 1;
            continue;
        };
        let name = name_of(reader, &record)?;
        out.replace_range(at..at + LENGTH, &name);
        at += name.len();
    }
    Ok(out)
}

/// Puts names in the place of record ids, in values and sentences of a field that refers to records.
fn name_references(reader: &Reader<'_>, schema: &Schema, item: &mut AttentionView) -> Result<(), AppError> {
    let field = schema.kind(&item.kind.0).and_then(|kind| kind.field(&item.field));
    if field.is_none_or(|field| field.value_type != FieldType::Ref) {
        return Ok(());
    }
    let ids: Vec<String> =
        item.claims.iter().map(|claim| &claim.value).chain([&item.in_force]).map(ToString::to_string).collect();
    for id in ids {
        let Ok(record) = id.parse() else { continue };
        let name = name_of(reader, &record)?;
        item.say.zh = item.say.zh.replace(&id, &name);
        item.say.en = item.say.en.replace(&id, &name);
        item.claims.iter_mut().filter(|claim| claim.shown == id).for_each(|claim| claim.shown.clone_from(&name));
        if item.in_force_shown == id {
            item.in_force_shown = name;
        }
    }
    Ok(())
}

fn stored_item<T: serde::de::DeserializeOwned>(row: &AttentionRow) -> Result<T, AppError> {
    serde_json::from_str(&row.json).map_err(|e| AppError::storage(&e))
}

/// An attention item as it is stored, for who looks at it now.
pub fn stored_attention(reader: &Reader<'_>, eye: Eye<'_>, row: &AttentionRow) -> Result<AttentionView, AppError> {
    let item = if row.field.is_empty() {
        across::cross_view(reader, eye.schema, stored_item(row)?, None)?
    } else {
        stored_item(row)?
    };
    finish(reader, eye, item)
}

/// The statements that an item over several records is about, each named by its record and field.
pub fn statements(reader: &Reader<'_>, eye: Eye<'_>, item: &mut AttentionView) -> Result<(), AppError> {
    for (record, key) in &item.about {
        let Some(group) = Group::read(reader, eye, record)? else { continue };
        let kind = group.kind(eye)?;
        let resolved = group.resolve(eye, kind);
        let found = resolved.values().find_map(|doc| Some((kind.field(key)?, doc.fields.get(key)?)));
        let Some((field, state)) = found else { continue };
        let view = field_view(reader, eye.schema, field, state)?;
        let name = name_of(reader, record)?;
        for mut claim in view.claims {
            claim.shown = format!("{name}，{}：{}", field.zh, claim.shown);
            item.claims.push(claim);
        }
    }
    Ok(())
}

/// Adds names for what an item refers to, and what may be answered to it here.
fn finish(reader: &Reader<'_>, eye: Eye<'_>, mut item: AttentionView) -> Result<AttentionView, AppError> {
    name_references(reader, eye.schema, &mut item)?;
    // What names a record by reference may have come, or changed, after the item.
    if eye.schema.kind(&item.kind.0).is_some_and(named_by_others)
        && let Some(row) = reader.view(&item.record)?
    {
        item.title = list_item(reader, eye.schema, row)?.title;
    }
    answer::offer(eye, &mut item);
    Ok(item)
}

/// Whether a kind is named by what its references lead to.
fn named_by_others(kind: &Kind) -> bool {
    kind.title.iter().any(|key| kind.field(key).is_some_and(|field| field.value_type == FieldType::Ref))
}

/// Writes the view rows and the attention rows of records anew, and the items over several records that rest on them.
pub fn refresh_all(writer: &mut Writer<'_>, eye: Eye<'_>, records: &BTreeSet<RecordId>) -> Result<(), AppError> {
    let mut upkeep = Upkeep::default();
    for record in records {
        refresh_one(writer, eye, record, &mut upkeep)?;
    }
    upkeep.settle(writer, eye.schema)
}

/// The same of one record.
pub fn refresh(writer: &mut Writer<'_>, eye: Eye<'_>, record: &RecordId) -> Result<(), AppError> {
    refresh_all(writer, eye, &BTreeSet::from([*record]))
}

/// Writes the rows of one record anew; what rules over several records look at is noted for later. Of several records
/// that are one, the head has the rows.
pub fn refresh_one(
    writer: &mut Writer<'_>,
    eye: Eye<'_>,
    record: &RecordId,
    upkeep: &mut Upkeep,
) -> Result<(), AppError> {
    let (group, others) = Group::renew(writer, eye, record)?;
    match group {
        None => {
            upkeep.note(writer, eye.schema, record, None)?;
            drop_rows(writer, record)?;
        }
        Some(group) => refresh_group(writer, eye, &group, upkeep)?,
    }
    for other in others {
        if let Some(group) = Group::read(writer, eye, &other)? {
            refresh_group(writer, eye, &group, upkeep)?;
        }
    }
    Ok(())
}

fn refresh_group(writer: &mut Writer<'_>, eye: Eye<'_>, group: &Group, upkeep: &mut Upkeep) -> Result<(), AppError> {
    let Ok(kind) = group.kind(eye) else { return Ok(()) };
    let resolved: Vec<Resolved> = group.resolve(eye, kind).into_values().collect();
    for alias in &group.aliases {
        drop_rows(writer, alias)?;
    }
    rows(writer, eye, group, kind, &resolved, upkeep)
}

fn drop_rows(writer: &mut Writer<'_>, record: &RecordId) -> Result<(), AppError> {
    writer.replace_attention(record, &[])?;
    Ok(writer.drop_view(record)?)
}

/// The same where documents and their resolution are at hand.
pub fn refresh_from(
    writer: &mut Writer<'_>,
    eye: Eye<'_>,
    group: &Group,
    kind: &Kind,
    resolved: &[Resolved],
) -> Result<(), AppError> {
    let mut upkeep = Upkeep::default();
    rows(writer, eye, group, kind, resolved, &mut upkeep)?;
    upkeep.settle(writer, eye.schema)
}

/// A record of which nothing is left, because all of it was undone, leaves the lists; its history stays.
fn rows(
    writer: &mut Writer<'_>,
    eye: Eye<'_>,
    group: &Group,
    kind: &Kind,
    resolved: &[Resolved],
    upkeep: &mut Upkeep,
) -> Result<(), AppError> {
    if resolved.iter().all(|doc| doc.fields.is_empty() && doc.attention.is_empty()) {
        upkeep.note(writer, eye.schema, &group.head, None)?;
        return drop_rows(writer, &group.head);
    }
    let values = values(resolved);
    let title = title(writer, eye.schema, kind, &values)?;
    let waiting = |change: &&StoredChange| matches!(change.state, ChangeState::Pending | ChangeState::Held);
    let item = ListItem {
        record: group.head,
        kind: kind.name.clone(),
        scope: group.scope(),
        contested: resolved.iter().map(|doc| doc.attention.len() as u32).sum(),
        pending: group.docs.iter().flat_map(|doc| &doc.stored).filter(waiting).count() as u32,
        values,
        title,
    };
    let rows: Vec<AttentionRow> = resolved
        .iter()
        .flat_map(|doc| &doc.attention)
        .map(|item_| {
            let view = attention_view(eye.schema, kind, item_, &item.title);
            let json = serde_json::to_string(&view).map_err(|e| AppError::storage(&e))?;
            Ok(AttentionRow { id: item_.id, record: group.head, field: view.field, rule: view.rule, json })
        })
        .collect::<Result<_, AppError>>()?;
    writer.replace_attention(&group.head, &rows)?;
    writer.put_view(&view_row(&item, eye.now)?)?;
    note_facts(writer, eye, (group, kind, resolved), &item.scope, upkeep)
}

/// Notes what rules over several records look at: of the head what all names of the record say together, of its aliases
/// what they are aliases of.
fn note_facts(
    writer: &mut Writer<'_>,
    eye: Eye<'_>,
    (group, kind, resolved): (&Group, &Kind, &[Resolved]),
    scope: &Scope,
    upkeep: &mut Upkeep,
) -> Result<(), AppError> {
    let facts = Facts::of(kind, resolved.iter());
    upkeep.note(writer, eye.schema, &group.head, Some((kind, scope, &facts)))?;
    for alias in &group.aliases {
        let docs = group.docs.iter().filter(|doc| doc.row.id.record == *alias);
        let own: Vec<Resolved> =
            docs.map(|doc| merge::resolve(eye.schema, kind, doc.row.id, &doc.observations)).collect();
        let facts = Facts::of(kind, own.iter());
        upkeep.note(writer, eye.schema, alias, Some((kind, scope, &facts)))?;
    }
    Ok(())
}

fn values(resolved: &[Resolved]) -> BTreeMap<String, Value> {
    let states = resolved.iter().flat_map(|doc| &doc.fields);
    states.filter(|(_, state)| !state.value.is_null()).map(|(key, state)| (key.clone(), state.value.clone())).collect()
}

fn view_row(item: &ListItem, now: Millis) -> Result<ViewRow, AppError> {
    Ok(ViewRow {
        record: item.record,
        kind: item.kind.clone(),
        scope: item.scope.clone(),
        title: item.title.clone(),
        sort: item.title.clone(),
        json: serde_json::to_string(&item.values).map_err(|e| AppError::storage(&e))?,
        contested: item.contested,
        pending: item.pending,
        updated: now,
    })
}

/// A line of a list from its row. What names it by reference may have come later than the row.
pub fn list_item(reader: &Reader<'_>, schema: &Schema, row: ViewRow) -> Result<ListItem, AppError> {
    let values = serde_json::from_str(&row.json).map_err(|e| AppError::storage(&e))?;
    let by_others = schema.kind(&row.kind.0).filter(|kind| named_by_others(kind));
    let title = by_others.map_or(Ok(row.title), |kind| title(reader, schema, kind, &values))?;
    Ok(ListItem {
        values,
        record: row.record,
        kind: row.kind,
        scope: row.scope,
        title,
        contested: row.contested,
        pending: row.pending,
    })
}

/// The row of a document that does not exist yet.
pub fn new_doc(id: DocId, kind: &KindName, scope: &Scope) -> DocRow {
    DocRow { id, kind: kind.clone(), scope: scope.clone(), snapshot: None, snapshot_len: 0, len: 0 }
}
