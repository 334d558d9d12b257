//! What phones ask: bytes in, status and bytes out. axum and the simulator call the same function.

mod enrol;
mod judge;
mod pages;
mod sync;
mod vector;

use minicbor::Encode;
use wangge_core::{
    model::{DeviceId, Millis, Role, Scope},
    sync::{
        frame::{self, FrameError, SignedReply},
        wire::{ErrorReply, Lease, Reason},
    },
};

use crate::{County, CountyError, county::Random, db::DbError, error::reason, metrics::Outcome};

/// Path of enrolment.
pub const ENROL: &str = "/v1/enrol";
/// Path of sync.
pub const SYNC: &str = "/v1/sync";

/// From when on a phone without contact warns, and from when on it locks.
const LEASE_WARN: i64 = 7 * Millis::DAY;
const LEASE_LOCK: i64 = 14 * Millis::DAY;

type Nonce = [u8; 16];

/// A refusal of a whole request.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: u16,
    reason: Reason,
    nonce: Nonce,
}

impl Refusal {
    fn new(status: u16, rule: &str, zh: &str, en: &str) -> Self {
        Self { status, reason: reason(rule, zh, en), nonce: [0; 16] }
    }
    /// The same, as the signed answer to a request.
    fn to(self, nonce: Nonce) -> Self {
        Self { nonce, ..self }
    }
}

impl From<FrameError> for Refusal {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::TooLarge => {
                Self::new(413, "too_large", "请求超过大小限制", "the request is over the size limit")
            }
            FrameError::BadSignature => {
                Self::new(401, "signature", "请求的签名不符", "the request's signature does not match")
            }
            FrameError::NotOurs | FrameError::Damaged(_) => {
                Self::new(400, "frame", "请求无法读取", "the request cannot be read")
            }
        }
    }
}

impl From<CountyError> for Refusal {
    fn from(error: CountyError) -> Self {
        match error {
            CountyError::Full => Self::new(
                507,
                "full",
                "服务器磁盘已满，修改仍在手机里，请通知管理员",
                "the server's disk is full; the changes stay on the phone, please tell the administrator",
            ),
            CountyError::InUse => {
                Self::new(503, "busy", "服务器正忙，请稍后再试", "the server is busy, try again later")
            }
            _ => Self::new(
                500,
                "storage",
                "服务器出错，修改仍在手机里",
                "the server failed; the changes stay on the phone",
            ),
        }
    }
}

impl From<DbError> for Refusal {
    fn from(error: DbError) -> Self {
        CountyError::from(error).into()
    }
}

/// Answers one request: HTTP status and body.
pub fn handle(county: &County, path: &str, body: &[u8], now: Millis, random: Random<'_>) -> (u16, Vec<u8>) {
    let answer = match path {
        ENROL => enrol::enrol(county, body, now, random),
        SYNC => sync::sync(county, body, now),
        _ => Err(Refusal::new(404, "path", "没有这个接口", "no such path")),
    };
    let (status, bytes) = answer.map_or_else(|refusal| refused(county, &refusal), |bytes| (200, bytes));
    counted(county, path, body.len(), status, bytes)
}

/// A refusal made before a request gets here: over the size limit, too slow, a caught panic.
pub fn refuse(county: &County, path: &str, status: u16, why: Reason) -> (u16, Vec<u8>) {
    let (status, bytes) = refused(county, &Refusal { status, reason: why, nonce: [0; 16] });
    counted(county, path, 0, status, bytes)
}

fn counted(county: &County, path: &str, received: usize, status: u16, bytes: Vec<u8>) -> (u16, Vec<u8>) {
    let outcome = match status {
        200 => Outcome::Done,
        500.. => Outcome::Failed,
        _ => Outcome::Rejected,
    };
    county.metrics.request(path == ENROL, outcome, received, bytes.len());
    (status, bytes)
}

fn refused(county: &County, refusal: &Refusal) -> (u16, Vec<u8>) {
    let reply = ErrorReply { reason: refusal.reason.clone() };
    let bytes = pack(county, &refusal.nonce, &reply).expect("a reason is far below the size limit");
    (refusal.status, bytes)
}

fn pack(county: &County, nonce: &Nonce, message: &impl Encode<()>) -> Result<Vec<u8>, FrameError> {
    frame::pack(&SignedReply::sign(county.keys.identity(), nonce, message)?)
}

/// The permission of a phone. Its name follows from what it permits, so that it changes when the assignments do.
fn lease(county: &County, device: &DeviceId, role: Role, scopes: &[Scope], now: Millis) -> Lease {
    use sha2::{Digest as _, Sha256};
    let mut hash = Sha256::new_with_prefix(b"wangge/lease/1\0");
    hash.update(county.epoch().to_be_bytes());
    hash.update(device.0);
    hash.update(role.to_string());
    for scope in scopes {
        hash.update([0]);
        hash.update(&scope.0);
    }
    let id = wangge_core::model::ids::to_hex(&hash.finalize()[..6]);
    Lease { id, warn_at: now.plus(LEASE_WARN), lock_at: now.plus(LEASE_LOCK) }
}

#[cfg(test)]
mod tests {
    use wangge_core::model::{RecordId, Source};

    use super::*;
    use crate::{
        Keys,
        county::{NewCounty, ServerRecord},
        keys::files,
    };

    #[test]
    fn a_full_disk_refuses_the_request_and_leaves_the_county_as_it_was() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let (data, keys_dir) = (dir.path().join("data"), dir.path().join("keys"));
        files::create(&keys_dir, &data, &Keys::from_seed([1; 32]), &[], Millis(0)).expect("keys");
        let new = NewCounty { name: "县".to_owned(), url: "https://x:1".to_owned(), epoch: 1 };
        let county = County::create(&data, &keys_dir, &new, Millis(0)).expect("county");
        let record = |n: u8| ServerRecord {
            record: RecordId([n; 16]),
            kind: "resident".into(),
            scope: "1".into(),
            source: Source::Registry,
            observed_at: Millis(0),
            fields: vec![("work".to_owned(), "工".repeat(1000).as_str().into())],
            seen: Vec::new(),
        };
        let write = |records| county.write_as_server(&"a".into(), Role::CC, Millis(1), &mut |b| b.fill(9), records);
        write(vec![record(1)]).expect("room");
        let before = (county.totals().expect("readable"), county.buckets().expect("readable"));
        county.db.leave_room(8);
        let full = write((2..60).map(record).collect()).expect_err("no room");
        assert!(matches!(full, CountyError::Full), "{full}");
        assert!(full.to_string().contains("磁盘已满") && full.to_string().contains("disk full"));
        assert_eq!((county.totals().expect("readable"), county.buckets().expect("readable")), before);
        let refusal = Refusal::from(full);
        assert_eq!((refusal.status, refusal.reason.rule.as_str()), (507, "full"));
        county.db.leave_room(10_000);
        write((2..60).map(record).collect()).expect("room again");
    }

    #[test]
    fn a_lease_is_named_after_what_it_permits() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let (data, keys_dir) = (dir.path().join("data"), dir.path().join("keys"));
        files::create(&keys_dir, &data, &Keys::from_seed([1; 32]), &[], Millis(0)).expect("keys");
        let county = County::create(&data, &keys_dir, &NewCounty::default(), Millis(0)).expect("county");
        let named = |role, scopes: &[Scope], now| lease(&county, &DeviceId([1; 16]), role, scopes, Millis(now)).id;
        let one = named(Role::GW, &["1".into()], 0);
        assert_eq!(one, named(Role::GW, &["1".into()], 5));
        assert_ne!(one, named(Role::GL, &["1".into()], 0));
        assert_ne!(one, named(Role::GW, &["1".into(), "2".into()], 0));
        assert_ne!(named(Role::GW, &["1".into(), "2".into()], 0), named(Role::GW, &["12".into()], 0));
    }
}
