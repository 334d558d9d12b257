//! The check at the end: every phone against the server, and the server against the demo's own journal.

use std::collections::{BTreeMap, BTreeSet};

use wangge_core::{
    app::{ListRequest, RecordView},
    doc::chunk,
    model::{Audience, Bucket, ChangeHash, DocId, RecordId, Role, Schema, UserId, Value, change::ChangeBody},
    sync::wire::Digest,
};

use super::{
    day::{Entry, said},
    phones::Phone,
};
use crate::{County, CountyError, county::RecordState};

/// What the check found.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Journal entries found on the server.
    pub found: u64,
    /// Different questions that wait for a person.
    pub questions: u64,
    /// What does not agree; empty is good.
    pub problems: Vec<String>,
}

/// Where a bucket's log stands, and what is in it.
#[derive(Clone, Default)]
struct Stand {
    head: u64,
    digest: Digest,
    names: BTreeSet<(DocId, ChangeHash)>,
}

/// Everything the server has logged.
struct Logged {
    buckets: BTreeMap<Bucket, Stand>,
    said: BTreeMap<(UserId, RecordId), Vec<ChangeBody>>,
}

/// Compares everything with everything.
pub fn check(county: &County, phones: &[Phone], journal: &[Entry]) -> Result<Verdict, CountyError> {
    let logged = read_log(county)?;
    let mut verdict = Verdict::default();
    let mut questions = BTreeSet::new();
    for phone in phones {
        let before = verdict.problems.len();
        bucket_by_bucket(phone, &logged, &mut verdict)?;
        value_by_value(county, phone, &mut verdict)?;
        questions.extend(phone.app()?.attention().map_err(said)?.into_iter().map(|item| item.id));
        // One broken bucket would fill the screen with its records.
        verdict.problems.truncate(before + 5);
    }
    verdict.questions = questions.len() as u64;
    for entry in journal {
        if is_logged(entry, &logged) {
            verdict.found += 1;
        } else {
            verdict.problems.push(format!("丢失 lost: {} {} {:?}", entry.author, entry.record, entry.said));
        }
    }
    Ok(verdict)
}

fn read_log(county: &County) -> Result<Logged, CountyError> {
    let mut logged = Logged { buckets: BTreeMap::new(), said: BTreeMap::new() };
    for head in county.buckets()? {
        let mut names = BTreeSet::new();
        for change in county.log_after(&head.bucket, 0)? {
            let envelope = change.envelope;
            names.insert((envelope.doc, envelope.hash));
            let body = chunk::read(&change.raw).map_err(|e| CountyError::Storage(e.to_string()))?;
            logged.said.entry((envelope.author, envelope.doc.record)).or_default().push(body);
        }
        logged.buckets.insert(head.bucket, Stand { head: head.head, digest: head.digest, names });
    }
    Ok(logged)
}

fn bucket_by_bucket(phone: &Phone, logged: &Logged, verdict: &mut Verdict) -> Result<(), CountyError> {
    let name = phone.member.name;
    let mut expected = BTreeSet::new();
    for cursor in phone.app()?.cursors().map_err(said)? {
        let allowed = Schema::built_in().receives(phone.member.role, cursor.bucket.audience);
        if !allowed || !phone.member.scopes.contains(&cursor.bucket.scope) {
            verdict.problems.push(format!("{name}: 不该持有 must not hold {}", cursor.bucket));
        }
        let stand = logged.buckets.get(&cursor.bucket).cloned().unwrap_or_default();
        if (cursor.seq, cursor.digest) != (stand.head, stand.digest) {
            verdict.problems.push(format!("{name}: {} {} ≠ {}", cursor.bucket, cursor.seq, stand.head));
        }
        expected.extend(stand.names);
    }
    let held: BTreeSet<_> = phone.app()?.held().map_err(said)?.into_iter().collect();
    // Said here once more in other words than the server's table: a part-time worker holds what is in the open, no more.
    if phone.member.role == Role::PG && held.iter().any(|(doc, _)| doc.audience != Audience::Open) {
        verdict.problems.push(format!("{name}: 持有不公开的资料 holds what is not in the open"));
    }
    if held != expected {
        let (more, less) = (held.difference(&expected).count(), expected.difference(&held).count());
        verdict.problems.push(format!("{name}: 多 {more} 少 {less} / {more} too many, {less} missing"));
    }
    Ok(())
}

fn value_by_value(county: &County, phone: &Phone, verdict: &mut Verdict) -> Result<(), CountyError> {
    let app = phone.app()?;
    let mut request = ListRequest { limit: 500, ..ListRequest::default() };
    loop {
        let page = app.list(&request).map_err(said)?;
        for item in &page.items {
            let here = app.get(item.record).map_err(said)?;
            let there = county.resolve_joined(&item.record)?;
            for problem in differences(&here, &there) {
                verdict.problems.push(format!("{}: {} {problem}", phone.member.name, item.title));
            }
        }
        match page.next {
            Some(next) => request.after = Some(next),
            None => return Ok(()),
        }
    }
}

fn differences(here: &RecordView, there: &RecordState) -> Vec<String> {
    let there = &there.docs;
    let mut out = Vec::new();
    for field in &here.fields {
        let server = there.values().find_map(|doc| doc.fields.get(&field.field));
        let same = server.is_some_and(|state| state.value == field.value && state.contested == field.contested);
        if !same {
            out.push(format!("{}: {:?} ≠ {:?}", field.field, field.value, server.map(|s| &s.value)));
        }
    }
    // Items over several records rest on what a phone holds; `tests/across.rs` compares those.
    let of_fields = here.attention.iter().filter(|item| !item.field.is_empty());
    let ids: BTreeSet<&str> = of_fields.map(|item| item.id.as_str()).collect();
    let held: BTreeSet<_> = here.fields.iter().map(|f| f.audience).collect();
    let asked = there.iter().filter(|(doc, _)| held.contains(&doc.audience)).flat_map(|(_, doc)| &doc.attention);
    let asked: Vec<String> = asked.map(|item| wangge_core::model::ids::to_hex(&item.id)).collect();
    if ids != asked.iter().map(String::as_str).collect() {
        out.push("待确认不一致 questions differ".to_owned());
    }
    out
}

/// A statement counts as kept where every change that the phone acknowledged for it is in the log under its author, and
/// one of them says it: as that very value, or as a confirmation.
fn is_logged(entry: &Entry, logged: &Logged) -> bool {
    let bodies = logged.said.get(&(entry.author.clone(), entry.record)).map_or(&[][..], Vec::as_slice);
    let mine: Vec<&ChangeBody> = bodies.iter().filter(|body| entry.changes.contains(&body.hash)).collect();
    let whole = entry.changes.iter().all(|hash| mine.iter().any(|body| body.hash == *hash));
    whole
        && match &entry.said {
            None => mine.iter().any(|body| !body.meta.seen.is_empty()),
            Some((field, value)) => mine.iter().any(|body| says(body, field, value)),
        }
}

fn says(body: &ChangeBody, field: &str, value: &Value) -> bool {
    let confirmed = body.meta.seen.iter().any(|seen| seen == field || seen.starts_with(&format!("{field}:")));
    confirmed || body.puts.iter().any(|(key, put)| key == field && put == value)
}
