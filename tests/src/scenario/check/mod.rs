//! What a file expects after a round, against what phones and county see.

mod course;

use toml::Spanned;
use wangge_core::{
    app::{AppError, RecordView},
    model::{ChangeHash, DocId, Field, FieldType, Kind, RecordId, Schema, Source, Value},
};

use super::{
    Finding, Findings,
    file::{Count, Expect, HeldBack, Item, NotHeld, Refused, Round},
    look::{self, Look, Viewer, Waiting},
    play::Play,
    value,
};
use crate::world::{Ledger, Phone};

type Step<T> = Result<T, Finding>;

/// Everything a check needs.
struct Checker<'p, 's> {
    play: &'p Play<'s>,
    ledger: Ledger,
    in_contact: &'p [String],
}

/// Compares what a round expects with what there is.
pub fn round(play: &Play<'_>, round: &Round, in_contact: &[String], findings: &mut Findings) -> Step<()> {
    let ledger = play.world.ledger().map_err(|e| Finding { line: None, zh: e.0.clone(), en: e.0 })?;
    let checker = Checker { play, ledger, in_contact };
    for expect in &round.expect {
        checker.expect(expect, findings)?;
    }
    for course in &round.course {
        checker.course(course, findings)?;
    }
    for same in &round.same {
        checker.same(same, findings)?;
    }
    for day in &round.day {
        checker.day(day, findings)?;
    }
    checker.items(&round.item, findings)?;
    checker.told(round, findings)?;
    checker.suggestions(round, findings)?;
    checker.refusals(&round.refused, findings)?;
    checker.held(&round.held, findings)?;
    for one in &round.not_held {
        checker.not_held(one, findings)?;
    }
    for count in &round.count {
        checker.count(count, findings)?;
    }
    Ok(())
}

fn broken(error: &AppError) -> Finding {
    Finding::of(None, "读不出来", "cannot be read", error)
}

impl Checker<'_, '_> {
    fn viewers(&self, line: Option<usize>, named: Option<&[String]>) -> Step<Vec<Viewer<'_>>> {
        look::viewers(&self.play.world, &self.ledger, named, self.in_contact).map_err(|name| Finding {
            line,
            zh: format!("没有叫“{name}”的人"),
            en: format!("nobody is called {name}"),
        })
    }

    fn kind(&self, record: RecordId, line: Option<usize>) -> Step<&'static Kind> {
        let of_phones = || {
            let phones = self.play.world.phones.iter();
            phones.filter_map(|phone| phone.app.get(record).ok()).map(|view| view.kind).next()
        };
        let name = self.ledger.kind(record).cloned().or_else(of_phones);
        name.and_then(|name| Schema::built_in().kind(&name.0)).ok_or_else(|| Finding {
            line,
            zh: "哪里都没有这条记录".to_owned(),
            en: "the record is nowhere".to_owned(),
        })
    }

    fn field(&self, record: RecordId, key: &str, line: Option<usize>) -> Step<&'static Field> {
        let kind = self.kind(record, line)?;
        kind.field(key).ok_or_else(|| Finding {
            line,
            zh: format!("“{}”没有 {key} 这一栏", kind.zh),
            en: format!("{} has no field {key}", kind.name),
        })
    }

    fn value(&self, field: &Field, written: &toml::Value, line: Option<usize>) -> Step<Value> {
        let read = value::read(Schema::built_in(), &self.play.names, field, written);
        read.map_err(|words| Finding { line, zh: words.clone(), en: words })
    }

    fn values(&self, field: &Field, written: &[toml::Value], line: Option<usize>) -> Step<Vec<Value>> {
        let mut values = written.iter().map(|one| self.value(field, one, line)).collect::<Step<Vec<_>>>()?;
        values.sort();
        Ok(values)
    }

    fn show(&self, field: &Field, value: &Value) -> String {
        value::show(Schema::built_in(), &self.play.names, field, value)
    }

    fn list(&self, field: &Field, values: &[Value]) -> String {
        let shown: Vec<_> = values.iter().map(|value| self.show(field, value)).collect();
        format!("[{}]", shown.join("、"))
    }

    fn expect(&self, spanned: &Spanned<Expect>, findings: &mut Findings) -> Step<()> {
        let (line, expect) = (self.play.line(spanned), spanned.get_ref());
        let record = self.play.record(&expect.record, line)?;
        let field = self.field(record, &expect.field, line)?;
        for viewer in self.viewers(line, expect.on.as_deref())? {
            if expect.on.is_none() && !viewer.may_see(&self.ledger, record, field.audience) {
                continue;
            }
            let past = (expect.as_seen.as_ref(), expect.as_known.as_ref());
            let found = match (past, viewer) {
                ((None, None), _) => viewer.field(record, field),
                ((seen, known), Viewer::Phone(phone)) => look::past(phone, record, field, seen, known),
                (_, Viewer::Server(_)) => continue,
            };
            let found = found.map_err(|e| broken(&e))?;
            let mut say = |what: &str, wanted: String, is: String| {
                let (who, record) = (viewer.name(), &expect.record);
                findings.add(
                    line,
                    format!("{who}：{record}的{}，{what}应为 {wanted}，实为 {is}", field.zh),
                    format!("{who}: {record}, {}, expected {wanted}, found {is}", field.key),
                );
            };
            self.compare(line, expect, field, &found, &mut say)?;
            if let Some(wanted) = &expect.history {
                let wanted = self.values(field, wanted, line)?;
                let known = viewer.history(record, field).map_err(|e| broken(&e))?;
                if !wanted.iter().all(|value| known.contains(value)) {
                    say("历史中", self.list(field, &wanted), self.list(field, &known));
                }
            }
        }
        Ok(())
    }

    fn compare(
        &self,
        line: Option<usize>,
        expect: &Expect,
        field: &Field,
        found: &Look,
        say: &mut dyn FnMut(&str, String, String),
    ) -> Step<()> {
        let wanted = expect.value.as_ref().map(|written| self.value(field, written, line)).transpose()?;
        let is = found.value.as_ref().map_or_else(|| self.show(field, &Value::Null), |value| self.show(field, value));
        match &wanted {
            Some(wanted) if found.value.as_ref() != Some(wanted) => say("现行值", self.show(field, wanted), is),
            None if expect.empty && found.value.is_some() => say("现行值", self.show(field, &Value::Null), is),
            _ => {}
        }
        let mut flag = |what: &str, wanted: Option<bool>, is: Option<bool>| {
            if wanted.is_some() && wanted != is {
                let word = |flag: Option<bool>| {
                    flag.map_or_else(|| "未知".to_owned(), |yes| if yes { "是" } else { "否" }.to_owned())
                };
                say(what, word(wanted), word(is));
            }
        };
        flag("待确认", expect.contested, Some(found.contested));
        flag("暂用", expect.provisional, Some(found.provisional));
        if let Some(source) = expect.source
            && found.source != Some(source)
        {
            say("来源", source.zh().to_owned(), found.source.map_or("（无）", Source::zh).to_owned());
        }
        let lists = [("保留的说法", &expect.claims, &found.claims), ("时间存疑的", &expect.doubtful, &found.doubtful)];
        for (what, written, is) in lists {
            let Some(written) = written else { continue };
            let wanted = self.values(field, written, line)?;
            if wanted != *is {
                say(what, self.list(field, &wanted), self.list(field, is));
            }
        }
        self.compare_lists(line, expect, field, found, say)
    }

    fn compare_lists(
        &self,
        line: Option<usize>,
        expect: &Expect,
        field: &Field,
        found: &Look,
        say: &mut dyn FnMut(&str, String, String),
    ) -> Step<()> {
        let members = [("在列", &expect.members, &found.members.0), ("已结束", &expect.ended, &found.members.1)];
        for (what, wanted, is) in members {
            let Some(wanted) = wanted else { continue };
            let written: Vec<_> = wanted.iter().map(|text| toml::Value::from(text.as_str())).collect();
            let wanted = self.values(field, &written, line)?;
            let is: Vec<_> = is.iter().map(|text| Value::Text(text.clone())).collect();
            if wanted != is {
                say(what, self.list(field, &wanted), self.list(field, &is));
            }
        }
        if let Some(wanted) = &expect.log
            && *wanted != found.log
        {
            say("记录", format!("{wanted:?}"), format!("{:?}", found.log));
        }
        Ok(())
    }

    /// Every viewer's list holds exactly the expected items that it may see.
    fn items(&self, expected: &[Spanned<Item>], findings: &mut Findings) -> Step<()> {
        for viewer in self.viewers(None, None)? {
            let mut found = viewer.waiting().map_err(|e| broken(&e))?;
            for spanned in expected {
                let (line, item) = (self.play.line(spanned), spanned.get_ref());
                let record = self.play.record(&item.record, line)?;
                let field = item.field.as_deref().map(|key| self.field(record, key, line)).transpose()?;
                let others = item.others.iter().map(|name| self.play.record(name, line));
                let others = others.collect::<Step<Vec<_>>>()?;
                let seen = match field {
                    Some(field) => viewer.may_see(&self.ledger, record, field.audience),
                    None => viewer.holds(record),
                };
                if !seen || !others.iter().all(|other| viewer.holds(*other)) {
                    continue;
                }
                let read = |list: &Vec<_>, field| self.values(field, list, line);
                let between = item.between.as_ref().zip(field).map(|(list, field)| read(list, field)).transpose()?;
                // The county's own list names people and homes by their ids; phones put names there.
                let ids = matches!(viewer, Viewer::Server(_)) && field.is_some_and(|f| f.value_type == FieldType::Ref);
                let fits = |waiting: &Waiting| {
                    let about = [vec![waiting.record], waiting.others.clone()].concat();
                    let is_about = |record| about.iter().any(|one| self.is_one(*one, record));
                    let named = if others.is_empty() { self.is_one(waiting.record, record) } else { is_about(record) };
                    named
                        && others.iter().all(|other| is_about(*other))
                        && item.field.as_ref().is_none_or(|field| waiting.field == *field)
                        && waiting.rule == item.rule
                        && between.as_ref().is_none_or(|between| *between == waiting.between)
                        && (ids || item.words.iter().all(|word| waiting.zh.contains(word.as_str())))
                };
                match found.iter().position(fits) {
                    Some(at) => drop(found.remove(at)),
                    None => findings.add(
                        line,
                        format!("{}：缺少这条待确认；现有 {}", viewer.name(), self.waiting_words(&found)),
                        format!("{}: this item is missing", viewer.name()),
                    ),
                }
            }
            if !found.is_empty() {
                findings.add(
                    None,
                    format!("{}：没有写在文件里的待确认：{}", viewer.name(), self.waiting_words(&found)),
                    format!("{}: {} items that the file does not expect", viewer.name(), found.len()),
                );
            }
        }
        Ok(())
    }

    fn waiting_words(&self, items: &[Waiting]) -> String {
        let words = |item: &Waiting| {
            let field = self.kind(item.record, None).ok().and_then(|kind| kind.field(&item.field));
            let between = field.map_or_else(String::new, |field| self.list(field, &item.between));
            format!("{}.{} {} {between}“{}”", self.play.names.name(item.record), item.field, item.rule, item.zh)
        };
        items.iter().map(words).collect::<Vec<_>>().join("；")
    }

    fn phones(&self) -> impl Iterator<Item = &Phone> {
        self.in_contact.iter().filter_map(|name| self.play.world.phone(name))
    }

    /// Every record of the file that a phone shows; those that are one stand there once.
    fn views(&self, phone: &Phone) -> Step<Vec<RecordView>> {
        let mut views: Vec<RecordView> = Vec::new();
        for (_, record) in self.play.names.all() {
            match phone.app.get(record) {
                Ok(view) if views.iter().all(|known| known.record != view.record) => views.push(view),
                Ok(_) | Err(AppError::NotFound) => {}
                Err(error) => return Err(broken(&error)),
            }
        }
        Ok(views)
    }

    fn is_one(&self, a: RecordId, b: RecordId) -> bool {
        self.ledger.head(a) == self.ledger.head(b)
    }

    fn told(&self, round: &Round, findings: &mut Findings) -> Step<()> {
        let mut found: Vec<(String, RecordId, String)> = Vec::new();
        for phone in self.phones() {
            for view in self.views(phone)? {
                found.extend(view.told.into_iter().map(|say| (phone.name.clone(), view.record, say.zh)));
            }
        }
        for spanned in &round.told {
            let (line, told) = (self.play.line(spanned), spanned.get_ref());
            let record = self.play.record(&told.record, line)?;
            let fits = |(who, about, zh): &(String, RecordId, String)| {
                *who == told.who
                    && self.is_one(*about, record)
                    && told.words.iter().all(|word| zh.contains(word.as_str()))
            };
            match found.iter().position(fits) {
                Some(at) => drop(found.remove(at)),
                None => findings.add(
                    line,
                    format!("应告诉{}“{}”，现有 {found:?}", told.who, told.words.join("…")),
                    format!("{} is not told so", told.who),
                ),
            }
        }
        for (who, record, zh) in found {
            let record = self.play.names.name(record);
            findings.add(
                None,
                format!("{who}被告知（{record}）：“{zh}”，文件里没有写"),
                format!("{who} is told what the file does not expect"),
            );
        }
        Ok(())
    }

    fn suggestions(&self, round: &Round, findings: &mut Findings) -> Step<()> {
        let mut expected = Vec::new();
        let list = Schema::built_in().lists.get("hazard");
        for spanned in &round.suggest {
            let (line, suggest) = (self.play.line(spanned), spanned.get_ref());
            let code = list.and_then(|list| list.find_word(&suggest.category)).map(|code| code.code.clone());
            expected.push((self.play.record(&suggest.record, line)?, code.unwrap_or_else(|| suggest.category.clone())));
        }
        expected.sort();
        for phone in self.phones() {
            let mut found = Vec::new();
            for view in self.views(phone)? {
                found.extend(view.suggestions.into_iter().map(|one| (view.record, one.category)));
            }
            found.sort();
            if found != expected {
                let words = |list: &[(RecordId, String)]| {
                    list.iter()
                        .map(|(record, code)| format!("{} {code}", self.play.names.name(*record)))
                        .collect::<Vec<_>>()
                        .join("、")
                };
                let (who, wanted, is) = (&phone.name, words(&expected), words(&found));
                findings.add(
                    None,
                    format!("{who}：隐患草稿应为 [{wanted}]，实为 [{is}]"),
                    format!("{who}: suggested drafts [{is}], expected [{wanted}]"),
                );
            }
        }
        Ok(())
    }

    fn refusals(&self, expected: &[Spanned<Refused>], findings: &mut Findings) -> Step<()> {
        let mut found = Vec::new();
        for phone in self.phones() {
            let refusals = phone.app.refusals().map_err(|e| broken(&e))?;
            found.extend(refusals.into_iter().map(|one| (phone.name.clone(), one.record, one.rule, one.review)));
        }
        for spanned in expected {
            let (line, one) = (self.play.line(spanned), spanned.get_ref());
            let record = self.play.record(&one.record, line)?;
            match found.iter().position(|f| *f == (one.who.clone(), record, one.rule.clone(), one.review)) {
                Some(at) => drop(found.remove(at)),
                None => findings.add(
                    line,
                    format!("{}没有被退回；现有 {found:?}", one.who),
                    format!("nothing of {} came back so", one.who),
                ),
            }
        }
        for (who, record, rule, review) in found {
            let (record, what) = (self.play.names.name(record), if review { "待审" } else { "退回" });
            findings.add(
                None,
                format!("{who}的{record}被{what}：{rule}"),
                format!("{who}: {record} came back, {rule}"),
            );
        }
        Ok(())
    }

    fn held(&self, expected: &[Spanned<HeldBack>], findings: &mut Findings) -> Step<()> {
        for spanned in expected {
            let (line, one) = (self.play.line(spanned), spanned.get_ref());
            let record = self.play.record(&one.record, line)?;
            let phone = self.play.phone(&one.who, line)?;
            let own = phone.app.held().map_err(|e| broken(&e))?;
            let waits =
                |(doc, change): &&(DocId, ChangeHash)| doc.record == record && !self.ledger.holds(record, *change);
            let is = own.iter().filter(waits).count() as u64;
            if is != one.changes {
                let (who, record, wanted) = (&one.who, &one.record, one.changes);
                findings.add(
                    line,
                    format!("{who}的手机应暂存{record}的改动 {wanted} 条，实有 {is} 条"),
                    format!("{who}'s phone keeps {is} changes of {record} back, not {wanted}"),
                );
            }
        }
        Ok(())
    }

    fn not_held(&self, spanned: &Spanned<NotHeld>, findings: &mut Findings) -> Step<()> {
        let (line, one) = (self.play.line(spanned), spanned.get_ref());
        let phone = self.play.phone(&one.who, line)?;
        let record = one.record.as_deref().map(|name| self.play.record(name, line)).transpose()?;
        let audience = match (&one.field, record) {
            (Some(key), Some(record)) => Some(self.field(record, key, line)?.audience),
            _ => one.audience,
        };
        if record.is_none() && audience.is_none() {
            return Err(Finding { line, zh: "要写 record 或 audience".into(), en: "`record` or `audience`".into() });
        }
        let held = phone.app.held().map_err(|e| broken(&e))?;
        let held = held.iter().any(|(doc, _)| {
            record.is_none_or(|record| doc.record == record) && audience.is_none_or(|audience| doc.audience == audience)
        });
        let shown = match (record, &one.field) {
            (Some(record), Some(key)) => phone.app.get(record).is_ok_and(|view| view.field(key).is_some()),
            (Some(record), None) if audience.is_none() => phone.app.get(record).is_ok(),
            _ => false,
        };
        if held || shown {
            findings.add(
                line,
                format!("{}的手机里有不该有的内容", one.who),
                format!("{}'s phone holds what it must not", one.who),
            );
        }
        Ok(())
    }

    /// How many records figures count under a code, by the county's dictionary: codes out of use under the one they went
    /// into.
    fn coded(&self, viewer: Viewer<'_>, kind: &str, key: &str, word: &str, line: Option<usize>) -> Step<u64> {
        let schema = self.play.world.county().schema();
        let field = schema.kind(kind).and_then(|kind| kind.field(key));
        let list = field.and_then(|field| schema.lists.get(field.list.as_ref()?));
        let Some((list, code)) = list.and_then(|list| Some((list, list.find_word(word)?))) else {
            let en = format!("{kind}.{key} has no code {word}");
            return Err(Finding { line, zh: format!("{kind}.{key} 没有代码“{word}”"), en });
        };
        let values = viewer.values(kind, key).map_err(|e| broken(&e))?;
        let counted = values.iter().filter_map(|value| list.counted_as(value.text()?));
        Ok(counted.filter(|now| now.code == code.code).count() as u64)
    }

    fn count(&self, spanned: &Spanned<Count>, findings: &mut Findings) -> Step<()> {
        let (line, count) = (self.play.line(spanned), spanned.get_ref());
        for viewer in self.viewers(line, count.on.as_deref())? {
            let who = viewer.name();
            if let (Some(kind), Some(wanted)) = (&count.kind, count.records) {
                let is = match (&count.field, &count.code) {
                    (Some(field), Some(word)) => self.coded(viewer, kind, field, word, line)?,
                    _ => viewer.records(kind).map_err(|e| broken(&e))?,
                };
                if is != wanted {
                    findings.add(
                        line,
                        format!("{who}：{kind} 应有 {wanted} 条，实有 {is} 条"),
                        format!("{who}: {is} records of {kind}, not {wanted}"),
                    );
                }
            }
            if let (Some(month), Some(wanted)) = (&count.month, count.visited_persons) {
                let is = viewer.visited_persons(month).map_err(|e| broken(&e))?;
                if is != wanted {
                    findings.add(
                        line,
                        format!("{who}：{month} 探访应为 {wanted} 人，实为 {is} 人"),
                        format!("{who}: {is} people met in {month}, not {wanted}"),
                    );
                }
            }
        }
        if count.records.is_some() == count.visited_persons.is_some() {
            return Err(Finding {
                line,
                zh: "写 kind 和 records，或 month 和 visited_persons".into(),
                en: "`kind` and `records`, or `month` and `visited_persons`".into(),
            });
        }
        Ok(())
    }
}
