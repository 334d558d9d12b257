//! The day list 今日: what is due, one card for each home and place, computed from what is on the phone.
//!
//! A card tells every task of its home at once, so that nobody knocks twice: visits by tier and cycle, checks, events
//! past their time, and what is to be asked there.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use super::{
    Session,
    error::AppError,
    look::{Line, Look},
    read::reading,
    types::{AttentionView, Sentence},
    views,
};
use crate::{
    model::{Checklist, Kind, KindName, Millis, RecordId, Scope, Value, day},
    store::Reader,
};

/// What kind of task a line of a card is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaskKind {
    /// A question to ask when somebody is there anyway.
    Ask,
    /// Something to settle 待确认.
    Confirm,
    /// A check by a checklist.
    Check,
    /// A visit to somebody on the care list.
    Visit,
    /// An event past its time.
    Event,
}

/// One reason to go somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayTask {
    /// What kind.
    pub kind: TaskKind,
    /// The record it is about.
    pub record: RecordId,
    /// The item, where it is one.
    pub item: Option<String>,
    /// The day it was or is due, `2026-03-08`; none where it has no day.
    pub due: Option<String>,
    /// Days past that day.
    pub overdue_days: u32,
    /// Why, in words.
    pub say: Sentence,
    /// Sorts tasks: the higher, the more urgent.
    urgency: u8,
}

/// A home or a place with everything that is to be done there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayCard {
    /// The dwelling or place.
    pub target: RecordId,
    /// Its kind.
    pub kind: KindName,
    /// Its grid.
    pub scope: Scope,
    /// Its name.
    pub title: String,
    /// When somebody was last met there.
    pub last_visit: Option<Millis>,
    /// Why to go, the most urgent first.
    pub tasks: Vec<DayTask>,
}

/// One day's work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayList {
    /// The day, `2026-03-08`.
    pub day: String,
    /// Homes, the most urgent first.
    pub homes: Vec<DayCard>,
    /// Places, the most urgent first.
    pub places: Vec<DayCard>,
    /// Events past their time that belong to no home and no place here.
    pub events: Vec<DayTask>,
    /// Items that belong to no home and no place here.
    pub items: Vec<AttentionView>,
}

/// Tasks by home or place, before they are put in order.
#[derive(Default)]
struct Tasks {
    at: BTreeMap<RecordId, Vec<DayTask>>,
    events: Vec<DayTask>,
    items: Vec<AttentionView>,
}

/// What is to be done on a day; today where none is named.
pub fn day_list(session: &Session<'_>, asked: Option<&str>) -> Result<DayList, AppError> {
    let today = match asked {
        None => day::of(session.now),
        Some(text) => day::parse(text).ok_or_else(|| {
            AppError::invalid("day", "date_shape", "日期应写作2026-03-08", "write a day as 2026-03-08")
        })?,
    };
    reading(session, |reader| {
        let look = Look::new(reader, session.eye(), today);
        let mut tasks = Tasks::default();
        care_visits(&look, &mut tasks)?;
        checks(&look, &mut tasks)?;
        events(&look, &mut tasks)?;
        items(reader, &look, &mut tasks)?;
        arrange(&look, tasks)
    })
}

/// Whether a visit reached somebody: a refusal is respected, and nobody is asked again before the next turn.
fn reached(visit: &Line) -> bool {
    matches!(visit.text("result"), "met" | "refused")
}

/// Visits due by tier and cycle.
fn care_visits(look: &Look<'_, '_>, tasks: &mut Tasks) -> Result<(), AppError> {
    let mut files: BTreeMap<RecordId, Vec<Rc<Line>>> = BTreeMap::new();
    for care in look.all("care")? {
        if let Some(resident) = care.target("resident") {
            files.entry(look.head(&resident)?).or_default().push(care);
        }
    }
    files.iter().try_for_each(|(resident, files)| care_visit(look, tasks, resident, files))
}

/// One visit to a person, whichever of several files asks for it: the most urgent tells why.
fn care_visit(look: &Look<'_, '_>, tasks: &mut Tasks, resident: &RecordId, files: &[Rc<Line>]) -> Result<(), AppError> {
    let Some(person) = look.line(resident)?.filter(|person| person.text("life_status") != "dead") else {
        return Ok(());
    };
    let is_open = |care: &&Rc<Line>| care.text("ended_on").is_empty() && care.text("end_reason").is_empty();
    let cycles: Vec<_> =
        files.iter().filter(is_open).filter_map(|care| Some((care.record, cycle(look, care)?))).collect();
    if cycles.is_empty() {
        return Ok(());
    }
    for home in look.homes_of(&person.record)? {
        let last = last_meeting(look, &home, &person.record)?;
        let due = cycles.iter().filter_map(|(care, (cycle, urgency, tier))| {
            let due = last.map(|at| day::of(at) + cycle);
            let say = || visit_words(look, &person.title, tier, last, due);
            due.is_none_or(|due| due <= look.today).then(|| task(look, TaskKind::Visit, *care, *urgency, due, say()))
        });
        if let Some(most) = due.max_by_key(|task| (task.order(), Reverse(task.record))) {
            push(tasks, home, most);
        }
    }
    Ok(())
}

/// Days of a cycle, how urgent its tier is, and what the tier is called.
fn cycle(look: &Look<'_, '_>, care: &Line) -> Option<(i64, u8, Sentence)> {
    let list = look.eye.schema.kind("care")?.field("tier")?.list.as_deref()?;
    let code = look.eye.schema.lists.get(list)?.get(care.text("tier"));
    let own = care.number("cycle_days").filter(|days| *days > 0);
    let days = own.or_else(|| Some(i64::from(code?.days?)))?;
    let tier = code.map_or_else(
        || Sentence { zh: format!("{days}天一访"), en: format!("every {days} days") },
        |code| Sentence { zh: code.zh.clone(), en: code.en.clone() },
    );
    Some((days, 2 + code.map_or(0, |code| code.rank), tier))
}

/// When a person was last met or gave notice of not wanting to be, at home or elsewhere.
fn last_meeting(look: &Look<'_, '_>, home: &RecordId, person: &RecordId) -> Result<Option<Millis>, AppError> {
    let of_home = look.linked("visit.target", home)?;
    let here = Look::latest(&of_home, |visit| reached(visit) && visit.target("met").is_none());
    let of_person = look.linked("visit.met", person)?;
    Ok(here.max(Look::latest(&of_person, reached)))
}

fn visit_words(look: &Look<'_, '_>, person: &str, tier: &Sentence, last: Option<Millis>, due: Option<i64>) -> Sentence {
    let late = due.map_or(0, |due| look.today - due);
    let (last_zh, last_en) = match last {
        None => ("还没有走访过".to_owned(), "never visited yet".to_owned()),
        Some(at) => (
            format!("上次走访{}", day::zh(day::of(at), look.today)),
            format!("last visited {}", day::to_text(day::of(at))),
        ),
    };
    let (late_zh, late_en) = lateness(late, last.is_some());
    Sentence {
        zh: format!("走访{person}：{}，{last_zh}{late_zh}", tier.zh),
        en: format!("visit {person}: {}, {last_en}{late_en}", tier.en),
    }
}

fn lateness(late: i64, known: bool) -> (String, String) {
    match late {
        _ if !known => (String::new(), String::new()),
        ..=0 => ("，今天到期".to_owned(), ", due today".to_owned()),
        late => (format!("，已超过{late}天"), format!(", {late} days late")),
    }
}

/// Checks of places by their kind, and of homes by their tenure.
fn checks(look: &Look<'_, '_>, tasks: &mut Tasks) -> Result<(), AppError> {
    for kind in ["place", "dwelling"] {
        look.all(kind)?.iter().try_for_each(|what| check_of(look, tasks, what))?;
    }
    Ok(())
}

fn check_of(look: &Look<'_, '_>, tasks: &mut Tasks, what: &Line) -> Result<(), AppError> {
    let lists = &look.eye.schema.checklists;
    let (list, link) = match what.kind.0.as_str() {
        "place" if what.text("status") == "closed" => return Ok(()),
        "place" => (lists.for_place(what.text("kind")), "inspection.place"),
        _ => (lists.for_tenure(what.text("tenure")), "inspection.dwelling"),
    };
    list.map_or(Ok(()), |list| check(look, tasks, what, list, link))
}

fn check(look: &Look<'_, '_>, tasks: &mut Tasks, what: &Line, list: &Checklist, link: &str) -> Result<(), AppError> {
    let Some(cycle) = list.cycle_days else { return Ok(()) };
    // Whoever stood before a closed door has checked nothing.
    let last = Look::latest(&look.linked(link, &what.record)?, |check| check.text("result") != "no_entry");
    let due = last.map(|at| day::of(at) + i64::from(cycle));
    if due.is_some_and(|due| due > look.today) {
        return Ok(());
    }
    let (last_zh, last_en) = last.map_or_else(
        || ("还没有检查过".to_owned(), "never checked yet".to_owned()),
        |at| {
            let on = day::of(at);
            (format!("上次检查{}", day::zh(on, look.today)), format!("last checked {}", day::to_text(on)))
        },
    );
    let (late_zh, late_en) = lateness(due.map_or(0, |due| look.today - due), last.is_some());
    let say = Sentence {
        zh: format!("{}检查：每{cycle}天一次，{last_zh}{late_zh}", list.zh),
        en: format!("check {}: every {cycle} days, {last_en}{late_en}", list.en),
    };
    push(tasks, what.record, task(look, TaskKind::Check, what.record, 2, due, say));
    Ok(())
}

/// Events past their time, and dangers to look at again, unless somebody was there on that day already.
fn events(look: &Look<'_, '_>, tasks: &mut Tasks) -> Result<(), AppError> {
    look.all("event")?.iter().try_for_each(|event| event_task(look, tasks, event))
}

fn event_task(look: &Look<'_, '_>, tasks: &mut Tasks, event: &Line) -> Result<(), AppError> {
    let Some(kind) = look.eye.schema.kind("event").filter(|kind| is_open(look, kind, event)) else { return Ok(()) };
    let by_time = event.number("due_at").map(|at| day::of(Millis(at)));
    let due = by_time.into_iter().chain(day::parse(event.text("rectify_by"))).min();
    let Some(due) = due.filter(|due| *due <= look.today) else { return Ok(()) };
    let places = look.places_of(&event.record)?;
    if seen_on(look, &places)? {
        return Ok(());
    }
    let level = event.text("level").parse::<u8>().unwrap_or(4).min(4);
    let (late_zh, late_en) = lateness(look.today - due, true);
    let state = kind.field("state").map(|field| {
        let value = Value::from(event.text("state"));
        (look.eye.schema.show(field, &value, true), look.eye.schema.show(field, &value, false))
    });
    let (zh, en) = state.unwrap_or_default();
    let say = Sentence {
        zh: format!("事件“{}”：{zh}，时限{}{late_zh}，请复查", event.title, day::zh(due, look.today)),
        en: format!("event {}: {en}, due {}{late_en}; look again", event.title, day::to_text(due)),
    };
    let task = task(look, TaskKind::Event, event.record, 10 - level, Some(due), say);
    match places.first() {
        Some(place) => push(tasks, *place, task),
        None => tasks.events.push(task),
    }
    Ok(())
}

/// What is due at one home or place.
pub fn due_at(look: &Look<'_, '_>, target: &RecordId) -> Result<Vec<DayTask>, AppError> {
    let mut tasks = Tasks::default();
    for resident in look.home(target)?.residents {
        care_visit(look, &mut tasks, &resident, &look.linked("care.resident", &resident)?)?;
    }
    if let Some(line) = look.line(target)? {
        check_of(look, &mut tasks, &line)?;
    }
    for link in ["event.dwelling", "event.place"] {
        for event in look.linked(link, target)? {
            event_task(look, &mut tasks, &event)?;
        }
    }
    Ok(tasks.at.remove(target).unwrap_or_default())
}

/// Whether commands still lead on from the state of an event.
fn is_open(look: &Look<'_, '_>, kind: &Kind, event: &Line) -> bool {
    let state = event.text("state");
    look.eye.schema.flows.of(&kind.name).next().is_some_and(|flow| flow.open.iter().any(|open| open == state))
}

/// Whether somebody was at one of these places on the day or after it.
fn seen_on(look: &Look<'_, '_>, places: &BTreeSet<RecordId>) -> Result<bool, AppError> {
    for place in places {
        for link in ["visit.target", "visit.place"] {
            let last = Look::latest(&look.linked(link, place)?, |_| true);
            if last.is_some_and(|at| day::of(at) >= look.today) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// What waits for a person, at the home where it can be asked; what is put off to the next meeting only goes along.
fn items(reader: &Reader<'_>, look: &Look<'_, '_>, tasks: &mut Tasks) -> Result<(), AppError> {
    let later = reader.later()?;
    for row in reader.attention()? {
        let item = views::stored_attention(reader, look.eye, &row)?;
        let put_off = later.contains(&row.id);
        let mut places = look.places_of(&item.record)?;
        if places.is_empty() {
            for other in &item.others {
                places.extend(look.places_of(other)?);
            }
        }
        let kind = if put_off { TaskKind::Ask } else { TaskKind::Confirm };
        let mut task = task(look, kind, item.record, u8::from(!put_off), None, item.say.clone());
        task.item = Some(item.id.clone());
        for place in &places {
            push(tasks, *place, task.clone());
        }
        if places.is_empty() && !put_off {
            tasks.items.push(item);
        }
    }
    Ok(())
}

fn task(
    look: &Look<'_, '_>,
    kind: TaskKind,
    record: RecordId,
    urgency: u8,
    due: Option<i64>,
    say: Sentence,
) -> DayTask {
    let overdue_days = due.map_or(0, |due| u32::try_from(look.today - due).unwrap_or(0));
    DayTask { kind, record, item: None, due: due.map(day::to_text), overdue_days, say, urgency }
}

fn push(tasks: &mut Tasks, place: RecordId, task: DayTask) {
    tasks.at.entry(place).or_default().push(task);
}

impl DayTask {
    /// Whether both are the same task, whatever its day.
    pub fn is_same(&self, other: &Self) -> bool {
        (self.kind, self.record, &self.item) == (other.kind, other.record, &other.item)
    }
    fn order(&self) -> (u8, TaskKind, u32) {
        (self.urgency, self.kind, self.overdue_days)
    }
}

/// One card for each home and place that has a reason of its own to go there.
fn arrange(look: &Look<'_, '_>, tasks: Tasks) -> Result<DayList, AppError> {
    let mut list =
        DayList { day: day::to_text(look.today), events: tasks.events, items: tasks.items, ..DayList::default() };
    for (target, mut of_place) in tasks.at {
        of_place.sort_by_key(|task| Reverse(task.order()));
        let Some(line) = look.line(&target)?.filter(|_| of_place[0].kind != TaskKind::Ask) else { continue };
        let link = if line.kind.0 == "place" { "visit.place" } else { "visit.target" };
        let last_visit = Look::latest(&look.linked(link, &target)?, |visit| visit.text("result") != "absent");
        let cards = if line.kind.0 == "place" { &mut list.places } else { &mut list.homes };
        cards.push(card(&line, last_visit, of_place));
    }
    for cards in [&mut list.homes, &mut list.places] {
        cards.sort_by(|a, b| b.tasks[0].order().cmp(&a.tasks[0].order()).then_with(|| a.title.cmp(&b.title)));
    }
    list.events.sort_by_key(|task| Reverse(task.order()));
    Ok(list)
}

fn card(line: &Rc<Line>, last_visit: Option<Millis>, tasks: Vec<DayTask>) -> DayCard {
    DayCard {
        target: line.record,
        kind: line.kind.clone(),
        scope: line.scope.clone(),
        title: line.title.clone(),
        last_visit,
        tasks,
    }
}
