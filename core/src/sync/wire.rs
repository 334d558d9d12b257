//! Messages of sync protocol v1 (DESIGN 7): CBOR with numbered members, so that a field may be added but never moves.
//!
//! Every message has golden bytes in `core/tests/golden/`. Sizes are bounded in [`crate::sync::frame`] before anything
//! is unpacked.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::model::{Bucket, ChangeHash, DeviceId, DocId, Envelope, KindName, Millis, RecordId, Role, Scope, UserId};

/// Key id and eight bytes of HMAC-SHA-256 under the county's tag key over the whole envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Tag {
    /// Which tag key.
    #[n(0)]
    pub key: u32,
    /// Truncated HMAC.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub mac: [u8; 8],
}

/// Running sum over the entries of a bucket's log: four 64-bit lanes, each added modulo 2^64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Digest(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

impl Digest {
    /// Adds one entry.
    pub fn add(&mut self, entry: &[u8; 32]) {
        for (lane, add) in self.0.chunks_exact_mut(8).zip(entry.chunks_exact(8)) {
            let a = u64::from_be_bytes(lane.try_into().expect("eight bytes"));
            let b = u64::from_be_bytes(add.try_into().expect("eight bytes"));
            lane.copy_from_slice(&a.wrapping_add(b).to_be_bytes());
        }
    }
    /// What a change entry adds: its envelope and tag.
    pub fn of_change(envelope: &Envelope, tag: &Tag) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"wangge/entry/change/1\0");
        hash.update(tag.key.to_be_bytes());
        hash.update(tag.mac);
        hash.update(envelope.to_bytes());
        hash.finalize().into()
    }
}

/// Where a phone is in one bucket's log.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Cursor {
    /// The bucket.
    #[n(0)]
    pub bucket: Bucket,
    /// Last entry applied; 0 for none.
    #[n(1)]
    pub seq: u64,
    /// Running sum up to and with it.
    #[n(2)]
    pub digest: Digest,
}

/// One 32-byte root over all cursors, sorted by bucket.
pub fn vector_root(cursors: &[Cursor]) -> [u8; 32] {
    let mut sorted: Vec<_> = cursors.iter().collect();
    sorted.sort_by(|a, b| a.bucket.cmp(&b.bucket));
    let mut hash = Sha256::new();
    hash.update(b"wangge/root/1\0");
    for cursor in sorted {
        hash.update((cursor.bucket.scope.0.len() as u32).to_be_bytes());
        hash.update(cursor.bucket.scope.0.as_bytes());
        hash.update([cursor.bucket.audience.number()]);
        hash.update(cursor.seq.to_be_bytes());
        hash.update(cursor.digest.0);
    }
    hash.finalize().into()
}

/// What the phone says of its cursors.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Vector {
    /// The root alone: enough where the server remembers the vector of the last reply.
    #[n(0)]
    Root(#[cbor(n(0), with = "minicbor::bytes")] [u8; 32]),
    /// Every cursor.
    #[n(1)]
    Full(#[n(0)] Vec<Cursor>),
}

/// One change on its way up.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Upload {
    /// Document.
    #[n(0)]
    pub doc: DocId,
    /// Kind of the record.
    #[n(1)]
    pub kind: KindName,
    /// Grid at writing time; also the proposed route where the record has none.
    #[n(2)]
    pub grid: Scope,
    /// The change chunk, uncompressed.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub raw: Vec<u8>,
}

/// Body of `POST /v1/sync`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SyncRequest {
    /// Epoch of the server that the cursors belong to; 0 before the first contact.
    #[n(0)]
    pub epoch: u64,
    /// Schema version of this phone.
    #[n(1)]
    pub schema: u32,
    /// Cursors.
    #[n(2)]
    pub vector: Vector,
    /// Last entry of the control log applied.
    #[n(3)]
    pub control: u64,
    /// Changes, in an order in which dependencies come first.
    #[n(4)]
    pub uploads: Vec<Upload>,
    /// Own changes shall come with their bytes: this installation no longer holds them, for example because it was put
    /// back from an old copy.
    #[n(5)]
    pub own_in_full: bool,
}

/// What became of one upload; same order as in the request.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum UploadResult {
    /// Committed on the server's disk; the envelope comes with the bucket's page.
    #[n(0)]
    Accepted,
    /// Was there before.
    #[n(1)]
    Duplicate,
    /// A dependency or the schema version is not known here yet: nothing stored, the phone keeps it.
    #[n(2)]
    Held(#[n(0)] String),
    /// Stored for a person to judge.
    #[n(3)]
    Review(#[n(0)] Reason),
    /// Refused and kept with its reason.
    #[n(4)]
    Refused(#[n(0)] Reason),
}

/// Why something was refused or put aside.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Reason {
    /// Name of the rule, stable, for machines.
    #[n(0)]
    pub rule: String,
    /// Chinese.
    #[n(1)]
    pub zh: String,
    /// English.
    #[n(2)]
    pub en: String,
}

/// The parts of an envelope that many changes share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Common {
    /// Who wrote.
    #[n(0)]
    pub author: UserId,
    /// In which role.
    #[n(1)]
    pub role: Role,
    /// On which device.
    #[n(2)]
    pub device: DeviceId,
    /// Under which lease.
    #[n(3)]
    pub lease: Option<String>,
    /// Grid at writing time.
    #[n(4)]
    pub grid: Scope,
    /// Server time of acceptance.
    #[n(5)]
    pub accepted_at: Millis,
    /// Epoch of the accepting server.
    #[n(6)]
    pub epoch: u64,
    /// Who let a reviewed change in.
    #[n(7)]
    pub accepted_by: Option<UserId>,
}

/// One entry of a bucket's log.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Entry {
    /// Index into [`SyncReply::commons`].
    #[n(0)]
    pub common: u32,
    /// Record.
    #[n(1)]
    pub record: RecordId,
    /// Generation of the document; its audience is the bucket's.
    #[n(2)]
    pub generation: u32,
    /// Kind of the record.
    #[n(3)]
    pub kind: KindName,
    /// Where observed_at lay after acceptance.
    #[n(4)]
    pub bounded: Option<Millis>,
    /// Tag over the envelope.
    #[n(5)]
    pub tag: Tag,
    /// The change.
    #[n(6)]
    pub body: EntryBody,
}

/// The change of an entry; own changes come back without their bytes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum EntryBody {
    /// Its bytes.
    #[n(0)]
    Raw(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>),
    /// Own, from an earlier request.
    #[n(1)]
    Own(#[n(0)] ChangeHash),
    /// Own, from this request: index into its uploads.
    #[n(2)]
    Upload(#[n(0)] u32),
}

impl Entry {
    /// The envelope that the entry stands for.
    pub fn envelope(&self, bucket: &Bucket, common: &Common, hash: ChangeHash) -> Envelope {
        Envelope {
            doc: DocId { record: self.record, audience: bucket.audience, generation: self.generation },
            kind: self.kind.clone(),
            hash,
            author: common.author.clone(),
            role: common.role,
            device: common.device,
            lease: common.lease.clone(),
            grid: common.grid.clone(),
            accepted_at: common.accepted_at,
            bounded: self.bounded,
            epoch: common.epoch,
            accepted_by: common.accepted_by.clone(),
        }
    }
}

impl Common {
    /// The shared parts of an envelope.
    pub fn of(envelope: &Envelope) -> Self {
        Self {
            author: envelope.author.clone(),
            role: envelope.role,
            device: envelope.device,
            lease: envelope.lease.clone(),
            grid: envelope.grid.clone(),
            accepted_at: envelope.accepted_at,
            epoch: envelope.epoch,
            accepted_by: envelope.accepted_by.clone(),
        }
    }
}

/// Consecutive entries of one bucket.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Page {
    /// The bucket.
    #[n(0)]
    pub bucket: Bucket,
    /// Sequence number before the first entry: the phone's cursor.
    #[n(1)]
    pub after: u64,
    /// Entries `after + 1 ..= after + entries.len()`.
    #[n(2)]
    pub entries: Vec<Entry>,
    /// Running sum up to and with the last entry.
    #[n(3)]
    pub digest: Digest,
}

/// The server's dated permission to hold and write a grid's audiences.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Lease {
    /// Its name, written into changes.
    #[n(0)]
    pub id: String,
    /// From when on the phone warns.
    #[n(1)]
    pub warn_at: Millis,
    /// From when on the phone locks.
    #[n(2)]
    pub lock_at: Millis,
}

/// One entry of the county-wide control log: rights and erasures only; signed and chained.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ControlEntry {
    /// Counts from 1.
    #[n(0)]
    pub seq: u64,
    /// SHA-256 of the entry before; zeros for the first.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub before: [u8; 32],
    /// Server time.
    #[n(2)]
    pub at: Millis,
    /// What happened.
    #[n(3)]
    pub act: ControlAct,
    /// Ed25519 by the county identity key over [`ControlEntry::signed_bytes`].
    #[cbor(n(4), with = "minicbor::bytes")]
    pub signature: [u8; 64],
}

/// What the control log can say.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum ControlAct {
    /// A person may work in a scope in a role.
    #[n(0)]
    Assign {
        /// Who.
        #[n(0)]
        user: UserId,
        /// In which role.
        #[n(1)]
        role: Role,
        /// Where.
        #[n(2)]
        scope: Scope,
    },
    /// No longer.
    #[n(1)]
    Unassign {
        /// Who.
        #[n(0)]
        user: UserId,
        /// In which role.
        #[n(1)]
        role: Role,
        /// Where.
        #[n(2)]
        scope: Scope,
    },
    /// A device lost its right.
    #[n(2)]
    Revoke {
        /// Which.
        #[n(0)]
        device: DeviceId,
    },
    /// A schema version came into force.
    #[n(3)]
    Schema {
        /// Its number.
        #[n(0)]
        version: u32,
        /// SHA-256 of its files.
        #[cbor(n(1), with = "minicbor::bytes")]
        hash: [u8; 32],
    },
    /// Public keys of the county.
    #[n(4)]
    Keys {
        /// Ed25519 identity key.
        #[cbor(n(0), with = "minicbor::bytes")]
        identity: [u8; 32],
        /// Id of the tag key in force.
        #[n(1)]
        tag_key: u32,
    },
}

impl ControlEntry {
    /// What is signed and chained: everything but the signature.
    pub fn signed_bytes(seq: u64, before: &[u8; 32], at: Millis, act: &ControlAct) -> Vec<u8> {
        let mut out = b"wangge/control/1\0".to_vec();
        out.extend(seq.to_be_bytes());
        out.extend(before);
        out.extend(at.0.to_be_bytes());
        out.extend(minicbor::to_vec(act).expect("encoding into memory cannot fail"));
        out
    }
    /// SHA-256 of the entry, which the next one names.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(Self::signed_bytes(self.seq, &self.before, self.at, &self.act)).into()
    }
}

/// Reply to `POST /v1/sync`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SyncReply {
    /// Epoch of this server.
    #[n(0)]
    pub epoch: u64,
    /// Server time.
    #[n(1)]
    pub server_time: Millis,
    /// One for each upload.
    #[n(2)]
    pub results: Vec<UploadResult>,
    /// Shared envelope parts of all pages.
    #[n(3)]
    pub commons: Vec<Common>,
    /// New entries.
    #[n(4)]
    pub pages: Vec<Page>,
    /// More pages wait; ask again.
    #[n(5)]
    pub more: bool,
    /// The root was not the remembered one: send the whole vector.
    #[n(6)]
    pub need_vector: bool,
    /// Buckets whose digest or cursor does not fit: read again from the start, lose nothing.
    #[n(7)]
    pub repair: Vec<Bucket>,
    /// New control entries.
    #[n(8)]
    pub control: Vec<ControlEntry>,
    /// (epoch, commit) up to which everything is in a verified backup; (0, 0) for none.
    #[n(9)]
    pub backed_up_through: (u64, u64),
    /// Renewed permission.
    #[n(10)]
    pub lease: Option<Lease>,
    /// Buckets this device may hold, sent when they differ from the vector it had.
    #[n(11)]
    pub buckets: Option<Vec<Bucket>>,
}

/// Body of `POST /v1/enrol`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EnrolRequest {
    /// First eight bytes of SHA-256 of the secret: finds the invitation without saying the secret.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub invite: [u8; 8],
    /// HMAC-SHA-256 under the secret over [`EnrolRequest::transcript`].
    #[cbor(n(1), with = "minicbor::bytes")]
    pub proof: [u8; 32],
    /// P-256 public key of the device, SEC1 compressed.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub device_key: Vec<u8>,
    /// What the person will recognise in a list, for example the phone's model.
    #[n(3)]
    pub device_name: String,
    /// Fresh random bytes; the reply's signature covers them.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub nonce: [u8; 16],
}

impl EnrolRequest {
    /// What the proof covers: the county's identity, the device key and the nonce.
    pub fn transcript(identity: &[u8; 32], device_key: &[u8], nonce: &[u8; 16]) -> Vec<u8> {
        [b"wangge/enrol/1\0".as_slice(), identity, nonce, device_key].concat()
    }
}

/// Reply to `POST /v1/enrol`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EnrolReply {
    /// The device's name from now on.
    #[n(0)]
    pub device: DeviceId,
    /// Whose phone it is.
    #[n(1)]
    pub user: UserId,
    /// The person's name as screens show it.
    #[n(2)]
    pub user_name: String,
    /// Role.
    #[n(3)]
    pub role: Role,
    /// Grids.
    #[n(4)]
    pub scopes: Vec<Scope>,
    /// Name of the county.
    #[n(5)]
    pub county: String,
    /// Epoch.
    #[n(6)]
    pub epoch: u64,
    /// Server time.
    #[n(7)]
    pub server_time: Millis,
    /// First permission.
    #[n(8)]
    pub lease: Lease,
    /// X25519 public key to which the sealed outbox is sealed.
    #[cbor(n(9), with = "minicbor::bytes")]
    pub sealing_key: [u8; 32],
}

/// A refusal of a whole request, with an HTTP status beside it; signed like every reply.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ErrorReply {
    /// Why.
    #[n(0)]
    pub reason: Reason,
}
