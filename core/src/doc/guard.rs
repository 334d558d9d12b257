//! The admission guard: what a foreign change must pass before it is applied (DESIGN 8, SECURITY 4).
//!
//! Cheap checks come first, and the library is asked last. Everything here follows from the change, its dependencies,
//! the claimed document and the schema alone, so that every phone and the server judge alike.
//!
//! # Rules
//! A refusal names one of these; the names are stable.
//!
//! | rule | refused because |
//! |---|---|
//! | `chunk.*` | the bytes are not a change of ours, see [`ChunkError`](super::ChunkError) |
//! | `start_op` | the first operation does not have the number after the highest in its past |
//! | `seq` | it is not the writer's next change in this document |
//! | `fork` | the writer has another change of this number here |
//! | `own_past` | it had not seen the writer's own change before |
//! | `time` | the time of observation is impossible |
//! | `id` | `_id` is missing, misplaced or that of another document |
//! | `audience` | the role does not receive this audience, or the kind has no document in it |
//! | `key` | a key is no field of this kind and audience, or not in the field's form |
//! | `value` | a value is of another type than the field, or not sound for it: a telephone, a reference, a position |
//! | `code` | a code stands in no edition of the field's list; one that is no longer in use is accepted |
//! | `date` | a date is not one of the calendar |
//! | `length` | a text is longer than the field lets it be |
//! | `size` | a text is longer than 4 KiB |
//! | `command` | an intent that this kind, audience or role does not know, an outcome, which only the server writes, or a value or field that commands alone set, put by hand |
//! | `role` | the role may not write the field |
//! | `hint` | somebody who may not read here leaves something else than a hint, or who may read leaves one |
//! | `decide` | the role may not decide a field, nothing there can be decided, or `decides` is malformed |
//! | `seen` | `seen` names no field of this kind and audience, or is malformed |
//! | `source` | the role may not write on the evidence of an official register |
//! | `empty` | a change without operations confirms, decides and undoes nothing |
//! | `twice` | a key is put twice and not in the way described below |
//! | `full` | the document would hold more than 50,000 operations |
//! | `replaces` | `replaces` is malformed |
//! | `undoes` | `undoes` is malformed, or there is nothing that it could undo |
//! | `beside` | `beside` is malformed |
//! | `preds` | the predecessors are not exactly what its dependencies show |
//! | `decode` | the document library reads something else from the bytes than we do |
//! | `canonical` | the bytes are not the ones that the document library writes for this content |
//! | `trial` | on a copy, applying, saving or loading failed or gave another result |
//! | `document` | our own copy of the document cannot be used |
//!
//! What phone and server refuse at admission a form refuses before: both ask [`check_value`]. What it only marks, such as
//! an identity number with a wrong check digit, is accepted and marked.
//!
//! # A key twice
//! Automerge drops a put equal to what it shows. Where such a put must count, a change puts a filler and then the value:
//! null before a value, `false` before null. The last put is the claim. This is the only way a key may occur twice.

use automerge::{Automerge, Change};

use super::{
    blind,
    chunk::{self, OpName, Parsed},
    document::{Document, heads_after},
    history::{History, Misfit},
    library::{self, Fault, guarded},
    vocabulary::{ID_KEY, MAX_KEY, MAX_OPS, clock_is_sane, filler, is_short_hash},
};
use crate::model::{ChangeBody, ChangeHash, DocId, Field, Kind, Problem, Role, Rule, Schema, Value};
use crate::model::{
    flow,
    schema::base_key,
    validate::{check_value, key_fits},
};

/// What the sender claims about a change, already checked against what the sender may claim.
#[derive(Clone, Copy, Debug)]
pub struct Claimed<'a> {
    /// The document.
    pub doc: DocId,
    /// The kind of the record.
    pub kind: &'a Kind,
    /// The author's role.
    pub role: Role,
    /// The schema in use here.
    pub schema: &'a Schema,
}

/// Why a change can be judged only later. Nothing is stored; the sender keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// Changes that it depends on are not here.
    UnknownDeps(Vec<ChangeHash>),
    /// It was written under a schema that is not known here yet.
    NewerSchema(u32),
}

/// Why a change is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{zh} / {en}")]
pub struct Refusal {
    /// The rule, by its stable name.
    pub rule: &'static str,
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// The guard's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one at a time, taken apart at once, and admitting is the usual case")]
pub enum Verdict {
    /// It may be applied, and this is what it says.
    Admit(ChangeBody),
    /// It must wait.
    Held(Held),
    /// It must not be applied.
    Refuse(Refusal),
}

pub(super) enum Stop {
    Held(Held),
    Refuse(Refusal),
}

impl From<Stop> for Verdict {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Held(held) => Self::Held(held),
            Stop::Refuse(refusal) => Self::Refuse(refusal),
        }
    }
}

pub(super) fn refuse(rule: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Stop {
    Stop::Refuse(Refusal { rule, zh: zh.into(), en: en.into() })
}

/// Judges a foreign change of a document. `doc` holds the accepted changes and is not touched.
pub fn admit(claimed: &Claimed<'_>, doc: &Document, raw: &[u8]) -> Verdict {
    judge(claimed, doc, raw).map_or_else(Verdict::from, |(body, _)| Verdict::Admit(body))
}

/// As [`admit`], and leaves an admitted change applied: the copy it was tried on takes the document's place.
pub fn admit_into(claimed: &Claimed<'_>, doc: &mut Document, raw: &[u8]) -> Verdict {
    match judge(claimed, doc, raw) {
        Ok((body, copy)) => {
            if let Some(copy) = copy {
                doc.adopt(copy, &body);
            }
            Verdict::Admit(body)
        }
        Err(stop) => stop.into(),
    }
}

/// The change and the copy that holds it; no copy where the document holds it already.
fn judge(claimed: &Claimed<'_>, doc: &Document, raw: &[u8]) -> Result<(ChangeBody, Option<Automerge>), Stop> {
    let parsed = chunk::parse(raw).map_err(|error| {
        let text = error.to_string();
        let (zh, en) = text.split_once(" / ").unwrap_or((&text, &text));
        refuse(error.rule(), zh, en)
    })?;
    let body = &parsed.body;
    if body.meta.schema > claimed.schema.version {
        return Err(Stop::Held(Held::NewerSchema(body.meta.schema)));
    }
    let Some((inner, history)) = doc.parts().filter(|_| doc.id() == claimed.doc) else {
        return Err(refuse("document", "本机文档不可用", "our copy of the document cannot be used"));
    };
    if history.contains(&body.hash) {
        return Ok((parsed.body, None));
    }
    check_numbers(history, body)?;
    check_rights(claimed, body)?;
    let copy = try_on_copy(inner, &parsed, raw)?;
    Ok((parsed.body, Some(copy)))
}

fn check_numbers(history: &History, body: &ChangeBody) -> Result<(), Stop> {
    history.check(body).map_err(|misfit| match misfit {
        Misfit::Unknown(deps) => Stop::Held(Held::UnknownDeps(deps)),
        Misfit::StartOp { expected } => refuse(
            "start_op",
            format!("操作序号应为 {expected}，实为 {}", body.start_op),
            format!("first operation should be {expected}, is {}", body.start_op),
        ),
        Misfit::Seq { expected } => refuse(
            "seq",
            format!("改动序号应为 {expected}，实为 {}", body.seq),
            format!("sequence number should be {expected}, is {}", body.seq),
        ),
        Misfit::Fork => {
            refuse("fork", "同一写入者的序号重复，可能是复制的手机", "the writer has used this number before")
        }
        Misfit::OwnPast => {
            refuse("own_past", "改动未包含写入者自己的前一改动", "the writer's own last change is not in its past")
        }
    })
}

/// Everything that needs only the change, the schema and the role.
fn check_rights(claimed: &Claimed<'_>, body: &ChangeBody) -> Result<(), Stop> {
    if !clock_is_sane(body.time) {
        return Err(refuse("time", "观察时间不合理", "the time of observation is impossible"));
    }
    if !names_document(body, claimed.doc) {
        return Err(refuse(
            "id",
            "改动未写明或写错所属文档",
            "the change does not name its document, or names another",
        ));
    }
    let audience = claimed.doc.audience;
    let has_document = claimed.kind.fields.iter().any(|field| field.audience == audience);
    let reads = claimed.schema.receives(claimed.role, audience);
    let hints = claimed.schema.may_hint(claimed.role, audience);
    if !has_document || !reads && !hints {
        return Err(refuse(
            "audience",
            format!("{}无权使用此类资料", claimed.role.zh()),
            format!("role {} does not receive audience {audience}", claimed.role),
        ));
    }
    let meta = &body.meta;
    if meta.source > claimed.schema.best_source(claimed.role) {
        return Err(refuse(
            "source",
            format!("{}不能以{}为依据", claimed.role.zh(), meta.source.zh()),
            format!("role {} may not write on the evidence {}", claimed.role, meta.source.en()),
        ));
    }
    if body.puts.is_empty() && meta.seen.is_empty() && meta.decides.is_empty() && meta.undoes.is_empty() {
        return Err(refuse("empty", "改动没有内容", "a change without operations that confirms nothing"));
    }
    if body.start_op + body.puts.len() as u64 > MAX_OPS {
        return Err(refuse("full", "此记录的改动过多，需先整理", "the document holds too many operations"));
    }
    if !meta.replaces.iter().all(|claim| is_short_hash(claim)) {
        return Err(refuse("replaces", "所代替的改动写法有误", "a replaced change is malformed"));
    }
    // Whose change it is and how old, the resolver says: here only those are known that the document holds.
    if !meta.undoes.iter().all(|change| is_short_hash(change)) || body.deps.is_empty() && !meta.undoes.is_empty() {
        return Err(refuse("undoes", "所撤销的改动写法有误", "an undone change is malformed or was never seen"));
    }
    if !meta.beside.iter().all(|head| is_short_hash(head)) {
        return Err(refuse("beside", "所合并记录的改动写法有误", "a head of a joined record is malformed"));
    }
    let own = usize::from(body.deps.is_empty());
    if !reads {
        return blind::check(claimed, body, &body.puts[own..]);
    }
    let mut fields = check_puts(claimed, &body.puts[own..])?;
    fields.extend(check_seen(claimed, body)?);
    check_decision(claimed, body, &fields)
}

/// Whether `_id` is first in a change without dependencies and nowhere else, and is the document's.
pub(super) fn names_document(body: &ChangeBody, doc: DocId) -> bool {
    let mut puts = body.puts.iter();
    let first = !body.deps.is_empty()
        || puts.next().is_some_and(|(key, value)| {
            key == ID_KEY && matches!(value, Value::Bytes(bytes) if *bytes == doc.to_bytes())
        });
    first && puts.all(|(key, _)| key != ID_KEY)
}

/// Each key belongs to a field that the role may write, each value has its type, and no key occurs twice but for a
/// filler right before its value.
fn check_puts<'a>(claimed: &Claimed<'a>, puts: &[(String, Value)]) -> Result<Vec<&'a Field>, Stop> {
    let mut fields = Vec::with_capacity(puts.len());
    let mut claims = Vec::with_capacity(puts.len());
    for (at, (key, value)) in puts.iter().enumerate() {
        if is_command(claimed, key, value)? {
            claims.push(key);
            continue;
        }
        if blind::is_hint(key) {
            return Err(refuse(
                "hint",
                "提示留给看不到此类资料的人，请直接填写",
                "hints are for those who may not read",
            ));
        }
        let field = here(claimed, key).ok_or_else(|| no_such_key(key))?;
        if field.rule == Rule::Command {
            let (zh, en) = (format!("“{}”只由操作改变", field.zh), format!("{} is set by commands alone", field.key));
            return Err(command(&zh, &en));
        }
        match puts.get(at + 1).filter(|(next, _)| next == key) {
            Some((_, claim)) if *value == filler(claim) => continue,
            Some(_) => return Err(twice(field)),
            None if key.len() > MAX_KEY || !key_fits(field, key, value) => return Err(no_such_key(key)),
            None => check_form(field, value)?,
        }
        check_may_write(claimed, field)?;
        check_sound(claimed.schema, field, value)?;
        claims.push(key);
        fields.push(field);
    }
    claims.sort_unstable();
    let again = claims.windows(2).find(|pair| pair[0] == pair[1]);
    again.map_or(Ok(fields), |pair| {
        Err(claimed.kind.field(pair[0]).map_or_else(|| command("操作编号重复", "a command stands twice"), twice))
    })
}

/// Whether a key belongs to a command. An intent must be one that the role could ever mean, and an outcome comes from
/// the server alone, whose own changes do not pass here.
fn is_command(claimed: &Claimed<'_>, key: &str, value: &Value) -> Result<bool, Stop> {
    match base_key(key) {
        flow::OUTCOME => Err(command("操作结果只由县里填写", "outcomes are written by the county alone")),
        flow::INTENT => {
            let (kind, audience) = (claimed.kind, claimed.doc.audience);
            let intent = flow::check_intent(claimed.schema, kind, audience, claimed.role, key, value);
            intent.map(|_| true).map_err(|problem| command(&problem.zh, &problem.en))
        }
        _ => Ok(false),
    }
}

fn command(zh: &str, en: &str) -> Stop {
    refuse("command", zh, en)
}

/// Of a member or an entry a null says nothing: a member ends with a date, an entry never.
fn check_form(field: &Field, value: &Value) -> Result<(), Stop> {
    if value.is_null() && matches!(field.rule, Rule::Set | Rule::Log) {
        return Err(refuse("value", format!("“{}”不能为空值", field.zh), format!("{} cannot hold null", field.key)));
    }
    Ok(())
}

/// The value is one that a form would write: of the field's type, in its list, within its limits, and not for commands
/// alone.
pub(super) fn check_sound(schema: &Schema, field: &Field, value: &Value) -> Result<(), Stop> {
    let Some(problem) = check_value(schema, field, value).into_iter().find(Problem::blocks) else { return Ok(()) };
    let rule = match problem.rule.as_str() {
        "size" => "size",
        "length" => "length",
        "code" => "code",
        "command" => "command",
        "date" | "date_shape" => "date",
        _ => "value",
    };
    Err(refuse(rule, problem.zh, problem.en))
}

/// The field of a key, if it lies in the claimed audience.
pub(super) fn here<'a>(claimed: &Claimed<'a>, key: &str) -> Option<&'a Field> {
    claimed.kind.field(key).filter(|field| field.audience == claimed.doc.audience)
}

fn no_such_key(key: &str) -> Stop {
    let key: String = key.chars().take(MAX_KEY).collect();
    refuse("key", format!("没有字段“{key}”"), format!("no field {key}"))
}

fn twice(field: &Field) -> Stop {
    refuse("twice", format!("“{}”写了两次", field.zh), format!("{} is put twice", field.key))
}

fn check_may_write(claimed: &Claimed<'_>, field: &Field) -> Result<(), Stop> {
    if claimed.schema.may_write(claimed.role, claimed.kind, field) {
        return Ok(());
    }
    Err(refuse(
        "role",
        format!("{}不能填写“{}”", claimed.role.zh(), field.zh),
        format!("role {} may not write {}", claimed.role, field.key),
    ))
}

/// The fields that a confirmation names; `*` needs a role that may write some field here.
fn check_seen<'a>(claimed: &Claimed<'a>, body: &ChangeBody) -> Result<Vec<&'a Field>, Stop> {
    let mut fields = Vec::new();
    for seen in &body.meta.seen {
        if seen == "*" {
            let writes = |field: &&Field| {
                field.audience == claimed.doc.audience && claimed.schema.may_write(claimed.role, claimed.kind, field)
            };
            if !claimed.kind.fields.iter().any(|field| writes(&field)) {
                return Err(refuse(
                    "role",
                    format!("{}不能确认此类资料", claimed.role.zh()),
                    "the role may not confirm here",
                ));
            }
            continue;
        }
        let (name, claim) = seen.split_once(':').map_or((seen.as_str(), None), |(name, claim)| (name, Some(claim)));
        let Some(field) = here(claimed, name).filter(|_| claim.is_none_or(is_short_hash)) else {
            return Err(refuse("seen", "确认的字段写法有误", "a confirmed field is unknown or malformed"));
        };
        check_may_write(claimed, field)?;
        fields.push(field);
    }
    Ok(fields)
}

/// A decision needs a role that may decide each field it is about.
fn check_decision(claimed: &Claimed<'_>, body: &ChangeBody, fields: &[&Field]) -> Result<(), Stop> {
    if body.meta.decides.is_empty() {
        return Ok(());
    }
    if !body.meta.decides.iter().all(|claim| claim == "*" || is_short_hash(claim)) {
        return Err(refuse("decide", "决定所指的记录写法有误", "a decided claim is malformed"));
    }
    // What no role decides never stays contested: there the change is an ordinary edit. Where it names no field that can
    // be decided, nothing here is decided; where it names none at all, it is about all that can be.
    let here = claimed.kind.fields.iter().filter(|field| field.audience == claimed.doc.audience);
    let about: Vec<&Field> = if fields.is_empty() { here.collect() } else { fields.to_vec() };
    let mut about = about.into_iter().filter(|field| !field.decide.is_empty()).peekable();
    if about.peek().is_none() {
        return Err(refuse("decide", "此处没有需要决定的字段", "nothing can be decided here"));
    }
    match about.find(|field| !claimed.schema.may_decide(claimed.role, claimed.kind, field)) {
        None => Ok(()),
        Some(field) => Err(refuse(
            "decide",
            format!("{}不能决定“{}”", claimed.role.zh(), field.zh),
            format!("role {} may not decide {}", claimed.role, field.key),
        )),
    }
}

/// The library's part: predecessors, canonical encoding, and a trial on a copy.
fn try_on_copy(inner: &Automerge, parsed: &Parsed, raw: &[u8]) -> Result<Automerge, Stop> {
    let body = &parsed.body;
    let outcome = guarded(|| {
        let deps = library::library_hashes(&body.deps);
        if !preds_follow(inner, parsed, &deps) {
            return Ok(Err(refuse(
                "preds",
                "改动的前值引用与前序改动不符",
                "predecessors do not follow from the dependencies",
            )));
        }
        let change = Change::try_from(raw).map_err(Fault::said)?;
        let expanded = change.decode();
        if !library::agrees(&expanded, parsed) {
            return Ok(Err(refuse("decode", "改动数据有歧义", "the bytes can be read in two ways")));
        }
        if Change::from(expanded).raw_bytes() != raw {
            return Ok(Err(refuse("canonical", "改动数据写法不规范", "the bytes are not canonical")));
        }
        let mut copy = inner.clone();
        library::apply(&mut copy, vec![change], Some(&heads_after(inner, body)))?;
        library::proven(&copy, false)?;
        Ok(Ok(copy))
    });
    outcome.unwrap_or_else(|fault| {
        let reason = match fault {
            Fault::Panic => "panic".to_owned(),
            Fault::Said(text) => text,
        };
        Err(refuse("trial", "改动试用失败", format!("trial failed: {reason}")))
    })
}

/// A put replaces exactly what its dependencies show under its key, and the second of a pair replaces the first.
fn preds_follow(inner: &Automerge, parsed: &Parsed, deps: &[automerge::ChangeHash]) -> bool {
    let body = &parsed.body;
    body.puts.iter().zip(&parsed.preds).enumerate().all(|(at, ((key, _), preds))| {
        if at > 0 && body.puts[at - 1].0 == *key {
            let first = OpName { counter: body.start_op + at as u64 - 1, actor: body.actor };
            return *preds == [first];
        }
        // Without dependencies nothing can be seen.
        if deps.is_empty() { preds.is_empty() } else { library::visible_at(inner, key, deps).as_ref() == Some(preds) }
    })
}
