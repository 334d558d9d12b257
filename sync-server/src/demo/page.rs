//! The page for a visitor without a phone: what every phone shows now, from the real cores, collisions first.

use std::path::{Path, PathBuf};

use askama::Template;
use wangge_core::{
    app::{AttentionView, ClaimView, ListRequest},
    model::{KindName, Schema},
};

use super::{Report, day::said, phones::Phone};
use crate::{County, CountyError};

#[derive(Template)]
#[template(path = "demo.html")]
struct Page<'a> {
    county: &'a str,
    report: &'a Report,
    phones: Vec<Screen>,
}

/// One phone's screen.
struct Screen {
    name: String,
    role: String,
    grids: String,
    no_names: bool,
    questions: Vec<Question>,
    told: Vec<(String, String)>,
    counts: Vec<(String, u64)>,
    rows: Vec<(String, String)>,
}

/// A question with the statements beside each other.
struct Question {
    title: String,
    label: String,
    in_force: String,
    zh: String,
    en: String,
    claims: Vec<Said>,
}

struct Said {
    value: String,
    who: String,
    evidence: String,
    when: String,
}

/// Writes `index.html`.
pub fn write(out: &Path, county: &County, phones: &[Phone], report: &Report) -> Result<PathBuf, CountyError> {
    let mut screens = phones.iter().map(screen).collect::<Result<Vec<_>, _>>()?;
    screens.sort_by_key(|screen| std::cmp::Reverse(screen.questions.len()));
    let html = Page { county: county.name(), report, phones: screens }
        .render()
        .map_err(|e| CountyError::Storage(e.to_string()))?;
    let path = out.join("index.html");
    std::fs::write(&path, html).map_err(|e| CountyError::file(&path, e))?;
    Ok(path)
}

fn screen(phone: &Phone) -> Result<Screen, CountyError> {
    let app = phone.app()?;
    let attention = app.attention().map_err(said)?;
    let counts = app.counts().map_err(said)?;
    let schema = Schema::built_in();
    let label = |kind: &KindName| schema.kind(&kind.0).map_or_else(|| kind.0.clone(), |k| k.zh.clone());
    let mut told = Vec::new();
    for item in &attention {
        let view = app.get(item.record).map_err(said)?;
        told.extend(view.told.into_iter().map(|sentence| (sentence.zh, sentence.en)));
    }
    Ok(Screen {
        name: phone.member.name.to_owned(),
        role: phone.member.role.zh().to_owned(),
        grids: phone.member.scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join("、"),
        no_names: !schema.receives(phone.member.role, wangge_core::model::Audience::Personal),
        questions: attention.iter().map(question).collect(),
        told,
        counts: counts.iter().map(|(kind, count)| (label(kind), *count)).collect(),
        rows: rows(phone)?,
    })
}

/// A few lines of the phone's own lists: hazards first, then residents where this phone may hold them.
fn rows(phone: &Phone) -> Result<Vec<(String, String)>, CountyError> {
    let app = phone.app()?;
    let schema = Schema::built_in();
    let mut out = Vec::new();
    for (kind, field, limit) in [("event", "level", 4), ("resident", "phone", 6), ("dwelling", "gas_hose", 3)] {
        let request = ListRequest { kind: Some(KindName::from(kind)), limit, ..ListRequest::default() };
        let Some(kind) = schema.kind(kind) else { continue };
        for item in app.list(&request).map_err(said)?.items {
            let shown =
                kind.field(field).zip(item.values.get(field)).map(|(field, value)| schema.show(field, value, true));
            out.push((format!("{} {}", kind.zh, item.title), shown.map(|text| mask(&text)).unwrap_or_default()));
        }
    }
    Ok(out)
}

/// A telephone number as a list shows it.
fn mask(text: &str) -> String {
    let digits = text.len() == 11 && text.bytes().all(|b| b.is_ascii_digit());
    if digits { format!("{}****{}", &text[..3], &text[7..]) } else { text.to_owned() }
}

fn question(item: &AttentionView) -> Question {
    let schema = Schema::built_in();
    let field = schema.kind(&item.kind.0).and_then(|kind| kind.field(&item.field));
    Question {
        title: item.title.clone(),
        label: field.map_or_else(|| item.field.clone(), |f| f.zh.clone()),
        in_force: item.in_force_shown.clone(),
        zh: item.say.zh.clone(),
        en: item.say.en.clone(),
        claims: item.claims.iter().map(statement).collect(),
    }
}

fn statement(claim: &ClaimView) -> Said {
    Said {
        value: claim.shown.clone(),
        who: format!("{} {}", claim.role.zh(), claim.author),
        evidence: claim.source.zh().to_owned(),
        when: clock(claim.at.0),
    }
}

/// China has one time, eight hours ahead of UTC, without summer time.
fn clock(ms: i64) -> String {
    let minutes = (ms / 60_000 + 8 * 60).rem_euclid(24 * 60);
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}
