//! What a file expects of commands, of records that are one, and of day lists.

use std::collections::BTreeSet;

use toml::Spanned;
use wangge_core::{
    app::{AppError, ListRequest, Sentence, TaskKind},
    model::{KindName, RecordId},
};

use super::{Checker, Step, broken};
use crate::{
    calendar,
    scenario::{
        Findings,
        file::{Course, Day, Same},
        look::Viewer,
    },
    world::Phone,
};

impl Checker<'_, '_> {
    /// Steps, what waits, and notes of a record's commands, as the phones tell them.
    pub(super) fn course(&self, spanned: &Spanned<Course>, findings: &mut Findings) -> Step<()> {
        let (line, course) = (self.play.line(spanned), spanned.get_ref());
        let record = self.play.record(&course.record, line)?;
        for viewer in self.viewers(line, course.on.as_deref())? {
            let Viewer::Phone(phone) = viewer else { continue };
            let view = match phone.app.get(record) {
                Ok(view) => view,
                Err(AppError::NotFound) if course.on.is_none() => continue,
                Err(error) => return Err(broken(&error)),
            };
            let Some(flow) = view.flow else {
                let zh = format!("{}：{}没有办理经过", phone.name, course.record);
                findings.add(line, zh, format!("{}: {} has no course", phone.name, course.record));
                continue;
            };
            let lists = [
                ("已做", &course.steps, &flow.steps),
                ("待县里答复", &course.pending, &flow.pending),
                ("未办成", &course.notes, &flow.notes),
            ];
            for (what, wanted, is) in lists {
                let Some(wanted) = wanted else { continue };
                let fits =
                    |(words, say): (&Vec<String>, &Sentence)| words.iter().all(|word| say.zh.contains(word.as_str()));
                if wanted.len() != is.len() || !wanted.iter().zip(is).all(fits) {
                    let shown: Vec<_> = is.iter().map(|say| say.zh.as_str()).collect();
                    let (who, shown) = (&phone.name, shown.join("；"));
                    findings.add(
                        line,
                        format!("{who}：{}{what}应为 {wanted:?}，实为 [{shown}]", course.record),
                        format!("{who}: {} tells otherwise: [{shown}]", course.record),
                    );
                }
            }
            let provisional = flow.provisional.map(|state| state.say.zh).unwrap_or_default();
            if course.provisional.as_ref().is_some_and(|wanted| *wanted != provisional) {
                let (who, wanted) = (&phone.name, course.provisional.clone().unwrap_or_default());
                findings.add(
                    line,
                    format!("{who}：{}的状态应暂显示为“{wanted}”，实为“{provisional}”", course.record),
                    format!("{who}: {} shows the state {provisional} for now, not {wanted}", course.record),
                );
            }
        }
        Ok(())
    }

    /// Whether records are one: each of their ids leads to the same record, and lists show it once.
    pub(super) fn same(&self, spanned: &Spanned<Same>, findings: &mut Findings) -> Step<()> {
        let (line, same) = (self.play.line(spanned), spanned.get_ref());
        let records = same.records.iter().map(|name| self.play.record(name, line)).collect::<Step<Vec<_>>>()?;
        for viewer in self.viewers(line, same.on.as_deref())? {
            let heads: BTreeSet<RecordId> = match viewer {
                Viewer::Phone(phone) => {
                    let held: Vec<_> = records.iter().filter_map(|record| phone.app.get(*record).ok()).collect();
                    if held.len() < records.len() && same.on.is_none() {
                        // Who holds none of them, or only some because of grids, can say nothing of them together.
                        continue;
                    }
                    held.iter().map(|view| view.record).collect()
                }
                Viewer::Server(_) => records.iter().map(|record| self.ledger.head(*record)).collect(),
            };
            let wanted = if same.apart { records.len() } else { 1 };
            let listed = match viewer {
                Viewer::Phone(phone) => listed(phone, &records).map_err(|e| broken(&e))?,
                Viewer::Server(_) => heads.len(),
            };
            if heads.len() != wanted || listed != wanted {
                let (who, names) = (viewer.name(), same.records.join("、"));
                findings.add(
                    line,
                    format!("{who}：{names}应是 {wanted} 条，实为 {} 条，列表里 {listed} 条", heads.len()),
                    format!("{who}: {names} are {} records, {listed} in lists, not {wanted}", heads.len()),
                );
            }
        }
        Ok(())
    }

    /// One card of a phone's day list.
    pub(super) fn day(&self, spanned: &Spanned<Day>, findings: &mut Findings) -> Step<()> {
        let (line, day) = (self.play.line(spanned), spanned.get_ref());
        let (phone, at) = (self.play.phone(&day.who, line)?, self.play.record(&day.at, line)?);
        let list = phone.app.day_list(calendar::day(&day.date).as_deref()).map_err(|e| broken(&e))?;
        let card = list.homes.iter().chain(&list.places).find(|card| card.target == at);
        let is: Vec<&str> = card.iter().flat_map(|card| &card.tasks).map(|task| word(task.kind)).collect();
        let said: String = card.iter().flat_map(|card| &card.tasks).map(|task| task.say.zh.as_str()).collect();
        if is != day.tasks || !day.words.iter().all(|word| said.contains(word.as_str())) {
            let (who, at, wanted) = (&day.who, &day.at, &day.tasks);
            findings.add(
                line,
                format!("{who}：{at}当天应有 {wanted:?}，实为 {is:?}“{said}”"),
                format!("{who}: the tasks at {at} are {is:?}, not {wanted:?}"),
            );
        }
        Ok(())
    }
}

fn word(kind: TaskKind) -> &'static str {
    match kind {
        TaskKind::Ask => "ask",
        TaskKind::Confirm => "confirm",
        TaskKind::Check => "check",
        TaskKind::Visit => "visit",
        TaskKind::Event => "event",
    }
}

/// How many of these records a phone's lists show.
fn listed(phone: &Phone, records: &[RecordId]) -> Result<usize, AppError> {
    let Some(kind) = records.iter().find_map(|record| phone.app.get(*record).ok()).map(|view| view.kind) else {
        return Ok(0);
    };
    let mut request = ListRequest { kind: Some(KindName(kind.0)), limit: 200, ..ListRequest::default() };
    let mut count = 0;
    loop {
        let page = phone.app.list(&request)?;
        count += page.items.iter().filter(|item| records.contains(&item.record)).count();
        let Some(next) = page.next else { return Ok(count) };
        request.after = Some(next);
    }
}
