//! Laws that hold after every story: nothing accepted is lost, everybody agrees, nobody holds what is not theirs.

use std::collections::{BTreeMap, BTreeSet};

use wangge_core::{
    app::AppError,
    model::{Bucket, DocId, FieldType, RecordId, Schema},
    sync::wire::Digest,
};

use super::{
    Finding, Findings,
    file::Round,
    look::{Viewer, Waiting},
    play::{Kept, Play},
};
use crate::world::{Ledger, Phone};

/// Checks every law for the people who were in contact. What a round expects to be kept back on a phone is not yet with
/// the county, and neither are records that stand on it.
pub fn hold(play: &Play<'_>, round: &Round, in_contact: &[String], findings: &mut Findings) -> Result<(), Finding> {
    let ledger = play.world.ledger().map_err(|e| Finding { line: None, zh: e.0.clone(), en: e.0 })?;
    for phone in in_contact.iter().filter_map(|name| play.world.phone(name)) {
        let mut waiting = BTreeMap::new();
        for one in round.held.iter().filter(|one| one.get_ref().who == phone.name) {
            let one = one.get_ref();
            waiting.insert(play.record(&one.record, None)?, one.changes);
        }
        let laws = Laws { play, ledger: &ledger, phone, waiting };
        for law in [Laws::cursors, Laws::changes, Laws::journal, Laws::outbox, Laws::values, Laws::items, Laws::words] {
            law(&laws, findings).map_err(|error| laws.broken(&error))?;
        }
        laws.reopen(findings).map_err(|error| laws.broken(&error))?;
    }
    Ok(())
}

struct Laws<'a> {
    play: &'a Play<'a>,
    ledger: &'a Ledger,
    phone: &'a Phone,
    waiting: BTreeMap<RecordId, u64>,
}

impl Laws<'_> {
    fn broken(&self, error: &AppError) -> Finding {
        let name = &self.phone.name;
        Finding::of(None, &format!("{name}的手机读不出来"), &format!("{name}'s phone"), error)
    }

    fn add(&self, findings: &mut Findings, zh: &str, en: &str) {
        let name = &self.phone.name;
        findings.add(None, format!("规律：{name}的手机{zh}"), format!("law: {name}'s phone {en}"));
    }

    /// The buckets that a person's role and grids give, no more and no fewer.
    fn buckets(&self) -> BTreeSet<Bucket> {
        let audiences = Schema::built_in().audiences_of(self.phone.role);
        let scopes = self.phone.scopes.iter();
        scopes.flat_map(|scope| audiences.iter().map(|a| Bucket { scope: scope.clone(), audience: *a })).collect()
    }

    /// Cursor and running sum of every bucket are the county's.
    fn cursors(&self, findings: &mut Findings) -> Result<(), AppError> {
        let cursors = self.phone.app.cursors()?;
        for bucket in self.buckets() {
            let is = cursors.iter().find(|cursor| cursor.bucket == bucket).map(|c| (c.seq, c.digest));
            let wanted = self.ledger.heads.get(&bucket).copied().unwrap_or((0, Digest::default()));
            if is.unwrap_or((0, Digest::default())) != wanted {
                self.add(
                    findings,
                    &format!("在 {bucket} 与县里不一致"),
                    &format!("does not agree with the county in {bucket}"),
                );
            }
        }
        let extra = cursors.iter().find(|cursor| !self.buckets().contains(&cursor.bucket) && cursor.seq > 0);
        if let Some(cursor) = extra {
            self.add(
                findings,
                &format!("有不该有的 {}", cursor.bucket),
                &format!("follows {}, which is not its own", cursor.bucket),
            );
        }
        Ok(())
    }

    /// The changes held are exactly those of its buckets, and documents in which own work came back.
    fn changes(&self, findings: &mut Findings) -> Result<(), AppError> {
        let held: BTreeSet<_> = self.phone.app.held()?.into_iter().collect();
        let buckets = self.buckets();
        let of_buckets = self.ledger.buckets.iter().filter(|(bucket, _)| buckets.contains(bucket));
        let due: BTreeSet<_> = of_buckets.flat_map(|(_, changes)| changes.iter().copied()).collect();
        let missing = due.difference(&held).count();
        if missing > 0 {
            self.add(findings, &format!("缺 {missing} 条"), &format!("lacks {missing} changes"));
        }
        // Own work that came back stands on what it changed, so that the document stays until it is settled.
        let aside: BTreeSet<_> = self.phone.app.refusals()?.into_iter().map(|one| one.change).collect();
        let kept: BTreeSet<_> = held.iter().filter(|(_, change)| aside.contains(change)).map(|(doc, _)| *doc).collect();
        let own = |doc: &DocId| kept.contains(doc) || self.waiting.contains_key(&doc.record);
        let extra = held.difference(&due).filter(|(doc, _)| !own(doc)).count();
        if extra > 0 {
            self.add(findings, &format!("多 {extra} 条"), &format!("holds {extra} changes that are not its own"));
        }
        Ok(())
    }

    /// What the phone said it kept is with the county, or came back to the person with a reason.
    fn journal(&self, findings: &mut Findings) -> Result<(), AppError> {
        let aside: BTreeSet<_> = self.phone.app.refusals()?.into_iter().map(|one| one.change).collect();
        let own = self.play.journal.iter().filter(|kept| kept.who == self.phone.name);
        let held: BTreeSet<_> = self.phone.app.held()?.into_iter().map(|(_, change)| change).collect();
        let waits = |kept: &Kept| self.waiting.contains_key(&kept.record) && held.contains(&kept.change);
        let lost = |kept: &&Kept| {
            !self.ledger.holds(kept.record, kept.change) && !aside.contains(&kept.change) && !waits(kept)
        };
        for kept in own.filter(lost) {
            let record = self.play.names.name(kept.record);
            self.add(findings, &format!("记下的一条{record}的改动不见了"), &format!("lost a change of {record}"));
        }
        Ok(())
    }

    /// Nothing waits after a sync, and one more sync is one round trip with nothing in it.
    fn outbox(&self, findings: &mut Findings) -> Result<(), AppError> {
        let waiting = self.phone.app.outbox()?;
        if waiting.pending > 0 || waiting.held != self.waiting.values().sum::<u64>() {
            self.add(findings, "同步后仍有待上传", "still has changes to hand over");
        }
        let before = self.phone.link.traffic();
        let report = self.phone.sync()?;
        let requests = self.phone.link.traffic().requests - before.requests;
        let moved = report.summary.sent + report.summary.received + report.summary.repaired;
        if report.fault.is_some() || moved > 0 || requests != 1 {
            let en = format!("an idle sync takes {requests} requests and moves {moved} entries");
            self.add(findings, &format!("没有新内容时同步仍用了 {requests} 次请求，{moved} 条"), &en);
        }
        Ok(())
    }

    /// Every field of every record it may see resolves as it does at the county.
    fn values(&self, findings: &mut Findings) -> Result<(), AppError> {
        let (own, county) = (Viewer::Phone(self.phone), Viewer::Server(self.ledger));
        for record in self.ledger.records().into_iter().filter(|record| !self.waiting.contains_key(record)) {
            let Some(kind) = self.ledger.kind(record).and_then(|name| Schema::built_in().kind(&name.0)) else {
                continue;
            };
            for field in kind.fields.iter().filter(|field| own.may_see(self.ledger, record, field.audience)) {
                let (here, there) = (own.field(record, field)?, county.field(record, field)?);
                if here != there {
                    let name = self.play.names.name(record);
                    self.add(
                        findings,
                        &format!("的{name}.{}是 {here}，县里是 {there}", field.key),
                        &format!("resolves {name}.{} otherwise than the county", field.key),
                    );
                }
            }
        }
        Ok(())
    }

    /// What waits for a person is the same list as at the county, for what the phone holds.
    fn items(&self, findings: &mut Findings) -> Result<(), AppError> {
        let (own, county) = (Viewer::Phone(self.phone), Viewer::Server(self.ledger));
        let seen = |record, key: &str| {
            let kind = self.ledger.kind(record).and_then(|name| Schema::built_in().kind(&name.0));
            let field = kind.and_then(|kind| kind.field(key));
            field.is_some_and(|field| own.may_see(self.ledger, record, field.audience))
        };
        // An item over several records is on every phone that holds something of all of them.
        let buckets = self.buckets();
        let of_buckets = self.ledger.buckets.iter().filter(|(bucket, _)| buckets.contains(bucket));
        let held: BTreeSet<RecordId> =
            of_buckets.flat_map(|(_, changes)| changes.iter().map(|(doc, _)| doc.record)).collect();
        let mut there = county.waiting()?;
        there.retain(|item| match item.field.as_str() {
            "" => held.contains(&item.record) && item.others.iter().all(|other| held.contains(other)),
            field => seen(item.record, field),
        });
        there.retain(|item| !self.waiting.contains_key(&item.record));
        let mut here = own.waiting()?;
        here.retain(|item| !self.waiting.contains_key(&item.record));
        // A phone puts the names of people and homes into its sentences; the county's list has their ids.
        let names = |item: &&mut Waiting| {
            let kind = self.ledger.kind(item.record).and_then(|name| Schema::built_in().kind(&name.0));
            kind.and_then(|kind| kind.field(&item.field)).is_some_and(|field| field.value_type == FieldType::Ref)
        };
        here.iter_mut().chain(&mut there).filter(names).for_each(|item| item.zh.clear());
        if here != there {
            self.add(findings, "的待确认与县里的不同", "has another list of items than the county");
        }
        Ok(())
    }

    /// No sentence blames anybody, and each stands in both languages.
    fn words(&self, findings: &mut Findings) -> Result<(), AppError> {
        let mut sentences: Vec<_> = self.phone.app.attention()?.into_iter().map(|item| item.say).collect();
        for (_, record) in self.play.names.all() {
            if let Ok(view) = self.phone.app.get(record) {
                sentences.extend(view.told);
                sentences.extend(view.suggestions.into_iter().map(|one| one.say));
            }
        }
        sentences.extend(self.phone.app.refusals()?.into_iter().map(|one| one.say));
        for say in sentences {
            if say.zh.contains("冲突") || say.zh.is_empty() || say.en.is_empty() {
                self.add(findings, &format!("说了不该说的：“{}”", say.zh), &format!("says “{}”", say.en));
            }
        }
        Ok(())
    }

    /// A phone that was closed and opened again shows the same.
    fn reopen(&self, findings: &mut Findings) -> Result<(), AppError> {
        let all = || self.play.names.all().map(|(_, record)| self.phone.app.get(record)).collect::<Vec<_>>();
        let before = all();
        self.phone.app.close()?;
        self.phone.app.reopen()?;
        if all() != before {
            self.add(findings, "关闭再打开后不一样", "shows something else after it was closed and opened");
        }
        Ok(())
    }
}
