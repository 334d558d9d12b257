//! Bytes that leave the process never change by accident: every message against its golden file.
//!
//! `UPDATE_GOLDEN=1 cargo test -p wangge-core --test golden_wire` writes them anew; a reviewer then sees the difference.

use std::path::PathBuf;

use wangge_core::{
    model::{
        Audience, Bucket, ChangeHash, DeviceId, DocId, Envelope, KindName, Millis, RecordId, Role, Scope, UserId,
        ids::to_hex,
    },
    sync::wire::{
        Common, ControlAct, ControlEntry, Cursor, Digest, EnrolReply, EnrolRequest, Entry, EntryBody, ErrorReply,
        Lease, Page, Reason, SyncReply, SyncRequest, Tag, Upload, UploadResult, Vector, vector_root,
    },
};

fn golden(name: &str, bytes: &[u8]) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/wire").join(format!("{name}.hex"));
    let found = to_hex(bytes);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the folder can be made");
        std::fs::write(&path, format!("{found}\n")).expect("the golden file can be written");
    }
    let expected = std::fs::read_to_string(&path).expect("the golden file exists");
    assert_eq!(expected.trim(), found, "{name} changed: old and new phones would no longer understand each other");
}

fn check<T>(name: &str, message: &T)
where
    T: minicbor::Encode<()> + for<'b> minicbor::Decode<'b, ()> + PartialEq + std::fmt::Debug,
{
    let bytes = minicbor::to_vec(message).expect("encoding into memory cannot fail");
    golden(name, &bytes);
    let back: T = minicbor::decode(&bytes).expect("what was written can be read");
    assert_eq!(&back, message, "{name} reads back as it was");
}

fn bucket() -> Bucket {
    Bucket { scope: Scope::from("990123001001001"), audience: Audience::Personal }
}

fn doc() -> DocId {
    DocId { record: RecordId([1; 16]), audience: Audience::Personal, generation: 0 }
}

fn envelope() -> Envelope {
    Envelope {
        doc: doc(),
        kind: KindName::from("resident"),
        hash: ChangeHash([2; 32]),
        author: UserId::from("li.na"),
        role: Role::GW,
        device: DeviceId([3; 16]),
        lease: Some("l-1".to_owned()),
        grid: Scope::from("990123001001001"),
        accepted_at: Millis(1_780_000_000_000),
        bounded: Some(Millis(1_779_999_000_000)),
        epoch: 7,
        accepted_by: None,
    }
}

fn tag() -> Tag {
    Tag { key: 1, mac: [4; 8] }
}

fn cursor() -> Cursor {
    Cursor { bucket: bucket(), seq: 12, digest: Digest([5; 32]) }
}

fn reason() -> Reason {
    Reason { rule: "role".to_owned(), zh: "岗位不符".to_owned(), en: "role".to_owned() }
}

#[test]
fn requests() {
    let upload = Upload { doc: doc(), kind: KindName::from("resident"), grid: bucket().scope, raw: vec![1, 2, 3] };
    let request = |vector| SyncRequest {
        epoch: 7,
        schema: 1,
        vector,
        control: 3,
        uploads: vec![upload.clone()],
        own_in_full: false,
    };
    check("sync_request_root", &request(Vector::Root(vector_root(&[cursor()]))));
    check("sync_request_full", &request(Vector::Full(vec![cursor()])));
    let enrol = EnrolRequest {
        invite: [1; 8],
        proof: [2; 32],
        device_key: vec![3; 33],
        device_name: "手机".to_owned(),
        nonce: [4; 16],
    };
    check("enrol_request", &enrol);
    golden("enrol_transcript", &EnrolRequest::transcript(&[9; 32], &enrol.device_key, &enrol.nonce));
}

#[test]
fn replies() {
    let entry = |body| Entry {
        common: 0,
        record: doc().record,
        generation: 0,
        kind: KindName::from("resident"),
        bounded: None,
        tag: tag(),
        body,
    };
    let entries = vec![
        entry(EntryBody::Raw(vec![1, 2])),
        entry(EntryBody::Own(ChangeHash([2; 32]))),
        entry(EntryBody::Upload(0)),
    ];
    let reply = SyncReply {
        epoch: 7,
        server_time: Millis(1_780_000_000_000),
        results: vec![
            UploadResult::Accepted,
            UploadResult::Duplicate,
            UploadResult::Held("deps".to_owned()),
            UploadResult::Review(reason()),
            UploadResult::Refused(reason()),
        ],
        commons: vec![Common::of(&envelope())],
        pages: vec![Page { bucket: bucket(), after: 9, entries, digest: Digest([6; 32]) }],
        more: true,
        need_vector: false,
        repair: vec![bucket()],
        control: Vec::new(),
        backed_up_through: (7, 3),
        lease: Some(Lease { id: "l-1".to_owned(), warn_at: Millis(1), lock_at: Millis(2) }),
        buckets: Some(vec![bucket()]),
    };
    check("sync_reply", &reply);
    check("error_reply", &ErrorReply { reason: reason() });
    let enrol = EnrolReply {
        device: DeviceId([3; 16]),
        user: UserId::from("li.na"),
        user_name: "李娜".to_owned(),
        role: Role::GW,
        scopes: vec![bucket().scope],
        county: "云溪县".to_owned(),
        epoch: 7,
        server_time: Millis(1_780_000_000_000),
        lease: Lease { id: "l-1".to_owned(), warn_at: Millis(1), lock_at: Millis(2) },
        sealing_key: [8; 32],
    };
    check("enrol_reply", &enrol);
}

#[test]
fn envelopes_and_digests() {
    check("envelope", &envelope());
    golden("entry_digest", &Digest::of_change(&envelope(), &tag()));
    golden("vector_root", &vector_root(&[cursor()]));
    let mut sum = Digest([0xff; 32]);
    sum.add(&[1; 32]);
    golden("digest_sum", &sum.0);
}

#[test]
fn control_entries() {
    let (user, role, scope) = (UserId::from("li.na"), Role::GW, bucket().scope);
    let acts = [
        ("assign", ControlAct::Assign { user: user.clone(), role, scope: scope.clone() }),
        ("unassign", ControlAct::Unassign { user, role, scope }),
        ("revoke", ControlAct::Revoke { device: DeviceId([3; 16]) }),
        ("schema", ControlAct::Schema { version: 1, hash: [7; 32] }),
        ("keys", ControlAct::Keys { identity: [8; 32], tag_key: 1 }),
    ];
    for (name, act) in acts {
        golden(&format!("control_{name}_signed"), &ControlEntry::signed_bytes(1, &[0; 32], Millis(5), &act));
        let entry = ControlEntry { seq: 1, before: [0; 32], at: Millis(5), act, signature: [9; 64] };
        check(&format!("control_{name}"), &entry);
    }
}

#[test]
fn the_root_does_not_depend_on_the_order_of_cursors() {
    let other = Cursor { bucket: Bucket { audience: Audience::Open, ..bucket() }, ..cursor() };
    assert_eq!(vector_root(&[cursor(), other.clone()]), vector_root(&[other.clone(), cursor()]));
    assert_ne!(vector_root(&[cursor()]), vector_root(&[other]));
}
