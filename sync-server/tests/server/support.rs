//! A county in a temporary directory, and phones made of nothing but a key and documents: no facade, no store, so that
//! what these tests see of the wire is what the server really said.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use sha2::Sha256;
use tempfile::TempDir;
use wangge_core::{
    doc::{Document, Draft, chunk},
    model::{
        Actor, Audience, Bucket, DeviceId, DocId, Envelope, KindName, Meta, Millis, RecordId, Role, Schema, Scope,
        Source, UserId, Value,
    },
    sync::{
        EnrolmentCode,
        frame::{self, SignedReply, SignedRequest},
        wire::{
            Cursor, Digest, EnrolReply, EnrolRequest, EntryBody, ErrorReply, Reason, SyncReply, SyncRequest, Upload,
            UploadResult, Vector, vector_root,
        },
    },
};
use wangge_server::{County, Keys, api, county::NewCounty, keys::files};

/// Where test time begins: 2026-03-08 00:00 UTC.
pub const START: Millis = Millis(1_772_928_000_000);

/// Random numbers that follow from a seed (xorshift64*).
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }
    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(8) {
            part.copy_from_slice(&self.number().to_be_bytes()[..part.len()]);
        }
    }
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        self.fill(&mut out);
        out
    }
}

/// A county with two grids.
pub struct Place {
    pub county: Arc<County>,
    pub now: Millis,
    pub chance: Chance,
    dir: TempDir,
}

pub fn grid(number: u32) -> Scope {
    Scope(format!("990123001001{number:03}"))
}

impl Place {
    pub fn new() -> Self {
        let dir = TempDir::new().expect("temporary directory");
        let mut chance = Chance::new(7);
        let (data, keys_dir) = (dir.path().join("data"), dir.path().join("keys"));
        let keys = Keys::from_seed(chance.bytes());
        files::create(&keys_dir, &data, &keys, &["localhost".to_owned()], START).expect("keys");
        let new = NewCounty { name: "云溪县".to_owned(), url: "https://127.0.0.1:8443".to_owned(), epoch: 1 };
        let county = County::create(&data, &keys_dir, &new, START).expect("county");
        for number in 1..=3 {
            county.add_region(&grid(number), &format!("第{number}网格")).expect("grid");
        }
        Self { county: Arc::new(county), now: START, chance, dir }
    }
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }
    pub fn keys_dir(&self) -> PathBuf {
        self.dir.path().join("keys")
    }
    pub fn root(&self) -> &Path {
        self.dir.path()
    }
    pub fn invite(&mut self, name: &str, role: Role, grids: &[u32]) -> EnrolmentCode {
        let user = UserId(name.to_owned());
        self.county.add_user(&user, name, self.now).expect("user");
        for number in grids {
            self.county.assign(&user, role, &grid(*number), self.now).expect("assignment");
        }
        let chance = &mut self.chance;
        self.county.invite(&user, Some(role), self.now, &mut |b| chance.fill(b)).expect("invitation")
    }
    /// An enrolled phone.
    pub fn phone(&mut self, name: &str, role: Role, grids: &[u32]) -> Phone {
        let code = self.invite(name, role, grids);
        let mut phone = Phone::new(self.chance.number());
        phone.enrol(&code, self).expect("enrolment");
        phone
    }
    pub fn post(&mut self, path: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let chance = &mut self.chance;
        api::handle(&self.county, path, body, self.now, &mut |b| chance.fill(b))
    }
    /// Adds up every log again and compares with the sums that the server keeps.
    pub fn recount(&self) {
        for head in self.county.buckets().expect("buckets") {
            let mut sum = Digest::default();
            let log = self.county.log_after(&head.bucket, 0).expect("log");
            for (entry, seq) in log.iter().zip(1..) {
                sum.add(&Digest::of_change(&entry.envelope, &entry.tag));
                assert_eq!((entry.seq, entry.digest), (seq, sum), "{}", head.bucket);
                assert_eq!(entry.tag, self.county.keys().tag(&entry.envelope));
                assert_eq!(chunk::hash(&entry.raw), entry.envelope.hash);
            }
            assert_eq!((head.head, head.digest), (log.len() as u64, sum), "{}", head.bucket);
        }
    }
}

pub type Refused = (u16, Reason);

/// A phone: a key, cursors, documents and everything it received.
pub struct Phone {
    pub key: SigningKey,
    pub device: DeviceId,
    pub identity: [u8; 32],
    pub epoch: u64,
    pub control: u64,
    pub cursors: BTreeMap<Bucket, (u64, Digest)>,
    pub docs: BTreeMap<DocId, Document>,
    pub received: Vec<(Bucket, Envelope)>,
    pub chance: Chance,
    pub raws: BTreeMap<wangge_core::model::ChangeHash, Vec<u8>>,
    actor: Actor,
}

impl Phone {
    pub fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        Self {
            key: SigningKey::from_slice(&chance.bytes::<32>()).expect("a scalar below the order"),
            device: DeviceId([0; 16]),
            identity: [0; 32],
            epoch: 0,
            control: 0,
            cursors: BTreeMap::new(),
            docs: BTreeMap::new(),
            received: Vec::new(),
            actor: Actor(chance.bytes()),
            raws: BTreeMap::new(),
            chance,
        }
    }
    fn public(&self) -> Vec<u8> {
        self.key.verifying_key().to_sec1_point(true).as_bytes().to_vec()
    }
    pub fn enrol_request(&mut self, code: &EnrolmentCode) -> EnrolRequest {
        let (nonce, device_key) = (self.chance.bytes(), self.public());
        let mut mac = <Hmac<Sha256>>::new_from_slice(&code.secret).expect("any length");
        mac.update(&EnrolRequest::transcript(&code.identity, &device_key, &nonce));
        EnrolRequest {
            invite: code.invite(),
            proof: mac.finalize().into_bytes().into(),
            device_key,
            device_name: "测试机".to_owned(),
            nonce,
        }
    }
    pub fn enrol(&mut self, code: &EnrolmentCode, place: &mut Place) -> Result<EnrolReply, Refused> {
        let request = self.enrol_request(code);
        let (status, bytes) = place.post(api::ENROL, &frame::pack(&request).expect("small"));
        let reply: EnrolReply = open(status, &bytes, &code.identity, &request.nonce)?;
        (self.device, self.identity, self.epoch) = (reply.device, code.identity, reply.epoch);
        Ok(reply)
    }

    pub fn vector(&self) -> Vec<Cursor> {
        let cursor = |(bucket, (seq, digest)): (&Bucket, &(u64, Digest))| Cursor {
            bucket: bucket.clone(),
            seq: *seq,
            digest: *digest,
        };
        self.cursors.iter().map(cursor).collect()
    }
    pub fn request(&self, uploads: Vec<Upload>) -> SyncRequest {
        SyncRequest {
            epoch: self.epoch,
            schema: Schema::built_in().version,
            vector: Vector::Root(vector_root(&self.vector())),
            control: self.control,
            uploads,
            own_in_full: false,
        }
    }
    pub fn sign(&mut self, request: &SyncRequest) -> SignedRequest {
        let (nonce, body) = (self.chance.bytes(), minicbor::to_vec(request).expect("in memory"));
        let signature: Signature = self.key.sign(&SignedRequest::signed_bytes(api::SYNC, &self.device, &nonce, &body));
        SignedRequest { device: self.device, nonce, body, signature: signature.to_bytes().to_vec() }
    }
    /// One request and its reply, not applied.
    pub fn ask(&mut self, place: &mut Place, request: &SyncRequest) -> Result<SyncReply, Refused> {
        let signed = self.sign(request);
        self.send(place, &signed).0
    }
    /// Sends signed bytes as they are; gives the size of the reply's body as well.
    pub fn send(&self, place: &mut Place, signed: &SignedRequest) -> (Result<SyncReply, Refused>, usize) {
        let (status, bytes) = place.post(api::SYNC, &frame::pack(signed).expect("below the limit"));
        (open(status, &bytes, &self.identity, &signed.nonce), bytes.len())
    }
    /// Syncs until nothing more waits; results of all uploads, and how many round trips it took.
    pub fn sync(&mut self, place: &mut Place, uploads: Vec<Upload>) -> (Vec<UploadResult>, u32) {
        let mut request = self.request(uploads);
        let mut results = Vec::new();
        for round in 1..200 {
            let reply = self.ask(place, &request).expect("an answer");
            results.extend(reply.results.iter().cloned());
            let again = reply.more || reply.need_vector;
            self.apply(&reply, &request.uploads);
            if !again {
                return (results, round);
            }
            request = self.request(Vec::new());
            if reply.need_vector {
                request.vector = Vector::Full(self.vector());
            }
        }
        panic!("the sync does not end");
    }

    /// Applies a reply as a phone does, and checks every sum in it.
    pub fn apply(&mut self, reply: &SyncReply, uploads: &[Upload]) {
        if reply.epoch != self.epoch {
            self.cursors.values_mut().for_each(|cursor| *cursor = (0, Digest::default()));
            self.epoch = reply.epoch;
        }
        for bucket in &reply.repair {
            self.cursors.insert(bucket.clone(), (0, Digest::default()));
        }
        if let Some(buckets) = &reply.buckets {
            self.cursors.retain(|bucket, _| buckets.contains(bucket));
            for bucket in buckets {
                self.cursors.entry(bucket.clone()).or_default();
            }
        }
        self.control = reply.control.last().map_or(self.control, |entry| entry.seq);
        for page in &reply.pages {
            let (seq, mut digest) = self.cursors[&page.bucket];
            assert_eq!(seq, page.after, "pages continue where the phone is");
            for entry in &page.entries {
                let raw = match &entry.body {
                    EntryBody::Raw(raw) => raw.clone(),
                    EntryBody::Own(hash) => self.raws[hash].clone(),
                    EntryBody::Upload(at) => uploads[*at as usize].raw.clone(),
                };
                let hash = chunk::hash(&raw);
                let envelope = entry.envelope(&page.bucket, &reply.commons[entry.common as usize], hash);
                digest.add(&Digest::of_change(&envelope, &entry.tag));
                let document = self.docs.entry(envelope.doc).or_insert_with(|| Document::new(envelope.doc));
                document.apply(&raw).expect("what the server accepted applies");
                self.raws.insert(hash, raw);
                self.received.push((page.bucket.clone(), envelope));
            }
            assert_eq!(digest, page.digest, "the page adds up");
            self.cursors.insert(page.bucket.clone(), (seq + page.entries.len() as u64, digest));
        }
    }

    /// Writes one change into a document of this phone, ready to upload.
    pub fn write(&mut self, id: DocId, kind: &str, grid: Scope, at: Millis, puts: &[(&str, Value)]) -> Upload {
        let meta =
            Meta { source: Source::SelfSaid, recorded_at: at, schema: Schema::built_in().version, ..Meta::default() };
        let puts = puts.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        let document = self.docs.entry(id).or_insert_with(|| Document::new(id));
        let written = document.write(self.actor, &Draft { puts, time: at, meta }).expect("a change");
        self.raws.insert(written.body.hash, written.raw.clone());
        Upload { doc: id, kind: KindName(kind.to_owned()), grid, raw: written.raw }
    }
    pub fn new_doc(&mut self, audience: Audience) -> DocId {
        DocId { record: RecordId::new(START, self.chance.bytes()), audience, generation: 0 }
    }
    /// A new resident of grid 1, first seen at the given time.
    pub fn resident(&mut self, name: &str, at: Millis) -> Upload {
        let id = self.new_doc(Audience::Personal);
        self.write(id, "resident", grid(1), at, &[("name", name.into())])
    }
    /// A new hazard of a grid.
    pub fn hazard(&mut self, text: &str, at: u32) -> Upload {
        let id = self.new_doc(Audience::Open);
        self.write(id, "event", grid(at), START, &[("description", text.into())])
    }
}

pub fn open<T: for<'b> minicbor::Decode<'b, ()>>(
    status: u16,
    bytes: &[u8],
    identity: &[u8; 32],
    nonce: &[u8; 16],
) -> Result<T, Refused> {
    let signed: SignedReply = frame::unpack(bytes).expect("a frame of ours");
    if status == 200 {
        return Ok(signed.open(identity, nonce).expect("signed for this request"));
    }
    let nonces = [*nonce, [0; 16]];
    let reply = nonces.iter().find_map(|nonce| signed.open::<ErrorReply>(identity, nonce).ok());
    Err((status, reply.expect("a signed refusal").reason))
}
