//! `POST /v1/sync`: who asks, what was uploaded, what is new for them; one request, one round trip (DESIGN 7).

use std::collections::{BTreeMap, btree_map::Entry};

use wangge_core::{
    doc::chunk,
    model::{DocId, Millis, RecordId, Scope},
    sync::{
        frame::{self, SignedRequest},
        wire::{Common, SyncRequest, Upload, UploadResult, Vector},
    },
};

use super::{
    Nonce, Refusal, SYNC,
    judge::{Bench, Case, Judged, Ruling, judge_all},
    pages,
};
use crate::{
    County, CountyError,
    county::{Acceptor, Target, settle},
    db::{AsideRow, DeviceRow, Reader, Writer},
};

/// Most uploads in one request.
const MOST_UPLOADS: usize = 20_000;
/// How long a nonce is remembered. A request replayed later than that changes nothing: uploads are known by then.
const NONCE_MEMORY: i64 = Millis::DAY;
/// Bytes kept of one phone that were not accepted; beyond, only their names and reasons are kept.
const MOST_ASIDE_BYTES: u64 = 16 << 20;
/// Uploads kept of one phone that were not accepted; a phone that has sent more is not an honest one.
const MOST_ASIDE: u64 = 50_000;
/// Most cursors in one request.
const MOST_CURSORS: usize = 20_000;

/// The phone that asks, and where its owner works.
pub(super) struct Caller {
    pub device: DeviceRow,
    pub scopes: Vec<Scope>,
    /// Control head at which this was read: rights are the same as long as it is.
    rights: u64,
}

impl Caller {
    fn read(r: &Reader<'_>, id: &wangge_core::model::DeviceId) -> Result<Self, Refusal> {
        let Some(device) = r.device(id)? else {
            return Err(Refusal::new(
                401,
                "unknown_device",
                "这台手机没有在本县注册，请重新注册",
                "this phone is not registered here; enrol again",
            ));
        };
        let scopes = r.scopes(&device.user, device.role)?;
        Ok(Self { device, scopes, rights: r.control_head()? })
    }
    fn bench<'a>(&'a self, county: &County, request: &SyncRequest) -> Bench<'a> {
        Bench { schema: county.schema, role: self.device.role, scopes: &self.scopes, phone_schema: request.schema }
    }
    fn check_in_use(&self) -> Result<(), Refusal> {
        match self.device.revoked_at {
            None => Ok(()),
            Some(_) => Err(Refusal::new(
                403,
                "revoked",
                "这台手机已被停用，请联系管理员",
                "this phone was taken out of use; ask the administrator",
            )),
        }
    }
}

fn replayed() -> Refusal {
    Refusal::new(409, "replay", "这个请求已经处理过", "this request was handled before")
}

pub(super) fn sync(county: &County, body: &[u8], now: Millis) -> Result<Vec<u8>, Refusal> {
    let signed: SignedRequest = frame::unpack(body)?;
    answer(county, &signed, now).map_err(|refusal| refusal.to(signed.nonce))
}

fn answer(county: &County, signed: &SignedRequest, now: Millis) -> Result<Vec<u8>, Refusal> {
    let caller = county.db.read(|r| {
        let caller = Caller::read(r, &signed.device)?;
        signed.verify(SYNC, &caller.device.public_key)?;
        caller.check_in_use()?;
        if r.nonce_used(&signed.device, &signed.nonce)? { Err(replayed()) } else { Ok(caller) }
    })?;
    let request: SyncRequest = signed.message()?;
    let cursors = if let Vector::Full(cursors) = &request.vector { cursors.len() } else { 0 };
    if request.uploads.len() > MOST_UPLOADS || cursors > MOST_CURSORS {
        return Err(Refusal::new(413, "too_many", "一次请求的内容太多", "too much in one request"));
    }
    let (caller, results) = if request.uploads.is_empty() {
        county.db.write_lightly(|w| {
            touch(county, w, &signed.nonce, &caller, now)?;
            Ok::<_, Refusal>(())
        })?;
        (caller, Vec::new())
    } else {
        upload(county, caller, &request, &signed.nonce, now)?
    };
    pages::reply(county, &caller, &request, &signed.nonce, results, now)
}

fn touch(county: &County, w: &mut Writer<'_>, nonce: &Nonce, caller: &Caller, now: Millis) -> Result<(), Refusal> {
    if !w.contact(&caller.device.id, nonce, now)? {
        return Err(replayed());
    }
    if county.should_prune(now) {
        w.prune_nonces(now.plus(-NONCE_MEMORY))?;
    }
    Ok(())
}

/// Judges outside of the writer's lock, then commits; what changed in between is judged again under the lock.
fn upload(
    county: &County,
    caller: Caller,
    request: &SyncRequest,
    nonce: &Nonce,
    now: Millis,
) -> Result<(Caller, Vec<UploadResult>), Refusal> {
    let mut cases = Case::group(&request.uploads);
    county.db.read(|r| cases.iter_mut().try_for_each(|case| case.read(r, true)))?;
    let mut rulings = judge_all(&caller.bench(county, request), &cases);
    let (caller, results) = county.db.write(|w| {
        let current = Caller::read(w, &caller.device.id)?;
        current.check_in_use()?;
        touch(county, w, nonce, &current, now)?;
        let rights_changed = current.rights != caller.rights;
        for (case, ruling) in cases.iter_mut().zip(&mut rulings) {
            if rights_changed || ruling.is_none() || case.is_stale(w)? {
                case.read(w, false)?;
                *ruling = case.judge(&current.bench(county, request)).ok();
            }
        }
        // The time of the contact before this one bounds what was observed "later" than now.
        let current = Caller { device: caller.device, ..current };
        let mut commit = Commit { county, caller: &current, now, live: BTreeMap::new(), aside: None };
        let results = commit.run(w, &cases, rulings, &request.uploads)?;
        Ok::<_, Refusal>((current, results))
    })?;
    count(county, &results);
    Ok((caller, results))
}

fn count(county: &County, results: &[UploadResult]) {
    let mut counts = [0; 5];
    for result in results {
        counts[match result {
            UploadResult::Accepted => 0,
            UploadResult::Duplicate => 1,
            UploadResult::Held(_) => 2,
            UploadResult::Review(_) => 3,
            UploadResult::Refused(_) => 4,
        }] += 1;
    }
    county.metrics.uploads(counts);
}

/// A record while its changes are written.
struct Live {
    n: i64,
    routes: Vec<Scope>,
    docs: BTreeMap<DocId, i64>,
}

struct Commit<'a> {
    county: &'a County,
    caller: &'a Caller,
    now: Millis,
    live: BTreeMap<RecordId, Live>,
    /// Rows and bytes that are set aside of this phone; read when first needed.
    aside: Option<(u64, u64)>,
}

impl Commit<'_> {
    /// Writes verdicts down in the order of the request; gives one result for each upload.
    fn run(
        &mut self,
        w: &mut Writer<'_>,
        cases: &[Case<'_>],
        rulings: Vec<Option<Ruling>>,
        uploads: &[Upload],
    ) -> Result<Vec<UploadResult>, Refusal> {
        let mut verdicts: Vec<Option<Judged>> = uploads.iter().map(|_| None).collect();
        let mut snapshots = Vec::new();
        for (case, ruling) in cases.iter().zip(rulings) {
            if let Some(known) = &case.known {
                let docs = case.docs.iter().map(|row| (row.id, row.n)).collect();
                self.live.insert(case.record, Live { n: known.n, routes: known.routes.clone(), docs });
            }
            let Some(ruling) = ruling else { continue };
            snapshots.extend(ruling.snapshots);
            for (index, verdict) in ruling.verdicts {
                verdicts[index] = Some(verdict);
            }
        }
        let accepts = verdicts.iter().any(|v| matches!(v, Some(Judged::Accept(_))));
        let mut acceptor = if accepts { Some(Acceptor::begin(w, self.county)?) } else { None };
        let mut results = Vec::with_capacity(uploads.len());
        for (verdict, upload) in verdicts.into_iter().zip(uploads) {
            results.push(match (verdict, &mut acceptor) {
                (Some(Judged::Accept(body)), Some(acceptor)) => {
                    self.accept(w, acceptor, upload, &body)?;
                    UploadResult::Accepted
                }
                (Some(Judged::Duplicate), _) => UploadResult::Duplicate,
                (Some(Judged::Held(why)), _) => UploadResult::Held(why),
                (Some(Judged::Review(why)), _) => {
                    self.set_aside(w, upload, true, &why)?;
                    UploadResult::Review(why)
                }
                (Some(Judged::Refused(why)), _) => {
                    self.set_aside(w, upload, false, &why)?;
                    UploadResult::Refused(why)
                }
                // Our own copy of the record cannot be read: the phone keeps what it has.
                (None | Some(Judged::Accept(_)), _) => UploadResult::Held("document".to_owned()),
            });
        }
        for (id, bytes, len) in snapshots {
            if let Some(doc) = self.live.get(&id.record).and_then(|live| live.docs.get(&id)) {
                w.set_snapshot(*doc, &bytes, len)?;
            }
        }
        if let Some(mut acceptor) = acceptor {
            settle(self.county, w, &mut acceptor, self.now)?;
            acceptor.finish(w)?;
        }
        Ok(results)
    }

    fn accept(
        &mut self,
        w: &mut Writer<'_>,
        acceptor: &mut Acceptor<'_>,
        upload: &Upload,
        body: &wangge_core::model::ChangeBody,
    ) -> Result<(), CountyError> {
        let id = upload.doc;
        let live = match self.live.entry(id.record) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(slot) => {
                let n = w.add_record(&id.record, &upload.kind)?;
                slot.insert(Live { n, routes: Vec::new(), docs: BTreeMap::new() })
            }
        };
        if live.routes.is_empty() {
            acceptor.route(w, live.n, &upload.grid)?;
            live.routes.push(upload.grid.clone());
        }
        let doc = match live.docs.get(&id) {
            Some(doc) => *doc,
            None => w.add_doc(live.n, &id)?,
        };
        live.docs.insert(id, doc);
        let device = &self.caller.device;
        let common = Common {
            author: device.user.clone(),
            role: device.role,
            device: device.id,
            lease: body.meta.lease.clone(),
            grid: upload.grid.clone(),
            accepted_at: self.now,
            epoch: self.county.epoch(),
            accepted_by: None,
        };
        let target = Target { record: live.n, doc, id, kind: &upload.kind, routes: &live.routes };
        acceptor.accept(w, &target, common, body, &upload.raw, device.last_contact)?;
        w.drop_aside(&id, &body.hash)?;
        Ok(())
    }

    fn set_aside(
        &mut self,
        w: &mut Writer<'_>,
        upload: &Upload,
        review: bool,
        why: &wangge_core::sync::wire::Reason,
    ) -> Result<(), CountyError> {
        let device = &self.caller.device;
        let (rows, bytes) = match self.aside {
            Some(size) => size,
            None => w.aside_size(&device.id)?,
        };
        if rows >= MOST_ASIDE {
            return Ok(());
        }
        let full = bytes + upload.raw.len() as u64 > MOST_ASIDE_BYTES;
        self.aside = Some((rows + 1, if full { bytes } else { bytes + upload.raw.len() as u64 }));
        w.set_aside(&AsideRow {
            doc: upload.doc,
            hash: chunk::hash(&upload.raw),
            kind: upload.kind.clone(),
            grid: upload.grid.clone(),
            raw: if full { Vec::new() } else { upload.raw.clone() },
            review,
            reason: why.clone(),
            device: device.id,
            user: device.user.clone(),
            role: device.role,
            at: self.now,
        })?;
        Ok(())
    }
}
