//! A change is an observation: who saw what, when, on what evidence (DESIGN 3).

use std::fmt;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::ids::{Actor, ChangeHash, DeviceId, DocId, KindName, Millis, RecordId, Role, Scope, UserId};

/// A scalar: all that a document may hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Cleared.
    Null,
    /// Yes or no.
    Bool(bool),
    /// Counts, codes in numbers, 1e-7 degrees.
    Int(i64),
    /// Text, codes, dates (`2026-03-08`), references (record ids).
    Text(String),
    /// Only `_id`.
    Bytes(Vec<u8>),
}

impl Value {
    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
    /// Whether it says nothing.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}
impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Bool(yes) => f.write_str(if *yes { "是" } else { "否" }),
            Self::Int(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
            Self::Bytes(bytes) => f.write_str(&super::ids::to_hex(bytes)),
        }
    }
}

/// On what evidence something was seen. The order is the rank: later variants outrank earlier ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Source {
    /// Somebody else said so 他人述.
    #[default]
    #[n(0)]
    Other,
    /// The person concerned said so, or the worker saw it 本人述.
    #[serde(rename = "self")]
    #[n(1)]
    SelfSaid,
    /// A document was shown 见证件.
    #[n(2)]
    DocumentSeen,
    /// An official register 部门库.
    #[n(3)]
    Registry,
}

impl Source {
    /// Chinese words for a screen.
    pub fn zh(self) -> &'static str {
        ["他人述", "本人述", "见证件", "部门库"][self as usize]
    }
    /// English words for a screen.
    pub fn en(self) -> &'static str {
        ["hearsay", "own word", "document seen", "registry"][self as usize]
    }
}

/// The message of a change: compact JSON of at most 512 bytes. Absent parts are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// On what evidence.
    pub source: Source,
    /// When it was written down on the device (ms UTC, device clock).
    pub recorded_at: Millis,
    /// Version of the schema it was written under.
    pub schema: u32,
    /// The lease it was written under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<String>,
    /// Ties changes of one form together; never names a record of a stricter audience.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submission: Option<String>,
    /// The visit it was seen on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit: Option<RecordId>,
    /// A confirmation: `*`, `field`, or `field:<claim prefix>`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<String>,
    /// A decision: claim prefixes, or `*` for all in its past.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decides: Vec<String>,
    /// Prefixes of refused changes that this one stands for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaces: Vec<String>,
    /// Prefixes of own changes of the last 24 hours that count for nothing from now on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undoes: Vec<String>,
    /// Prefixes of the heads that its author saw of documents joined with this one by an alias.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<String>,
}

/// What a change chunk says, without who wrote it: that comes from the [`Envelope`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeBody {
    /// Its name.
    pub hash: ChangeHash,
    /// What its author had seen, sorted.
    pub deps: Vec<ChangeHash>,
    /// Writer inside the document.
    pub actor: Actor,
    /// Counts the writer's changes, from 1.
    pub seq: u64,
    /// Number of its first operation.
    pub start_op: u64,
    /// observed_at by the device clock.
    pub time: Millis,
    /// The message.
    pub meta: Meta,
    /// Puts on root keys in order; includes `_id` where there are no dependencies.
    pub puts: Vec<(String, Value)>,
}

/// Made by the server at acceptance and covered by the tag. Author and role come from here, never from the change.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Envelope {
    /// Document of the change.
    #[n(0)]
    pub doc: DocId,
    /// Kind of the record.
    #[n(1)]
    pub kind: KindName,
    /// Name of the change.
    #[n(2)]
    pub hash: ChangeHash,
    /// Who wrote it.
    #[n(3)]
    pub author: UserId,
    /// In which role.
    #[n(4)]
    pub role: Role,
    /// On which device.
    #[n(5)]
    pub device: DeviceId,
    /// Under which lease.
    #[n(6)]
    pub lease: Option<String>,
    /// The grid at writing time, for work counts.
    #[n(7)]
    pub grid: Scope,
    /// Server time of acceptance.
    #[n(8)]
    pub accepted_at: Millis,
    /// Where observed_at lay after acceptance: the device's last contact before.
    #[n(9)]
    pub bounded: Option<Millis>,
    /// Epoch of the server that accepted it.
    #[n(10)]
    pub epoch: u64,
    /// Who let a reviewed change in.
    #[n(11)]
    pub accepted_by: Option<UserId>,
}

impl Envelope {
    /// The bytes that the tag and the digest cover.
    pub fn to_bytes(&self) -> Vec<u8> {
        minicbor::to_vec(self).expect("encoding into memory cannot fail")
    }
}

/// A change as the resolver sees it: what it says, who said it, and when it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// What it says.
    pub body: ChangeBody,
    /// Who wrote it: from the envelope, or the owner of this phone while not yet accepted.
    pub author: UserId,
    /// In which role.
    pub role: Role,
    /// observed_at, bounded by acceptance, or by the phone's `now` while not yet accepted.
    pub at: Millis,
    /// Whether the device clock was ahead of acceptance, so that `at` is not what it claimed.
    pub doubtful: bool,
    /// Server time of acceptance; absent while it waits in an outbox.
    pub accepted_at: Option<Millis>,
}

impl Observation {
    /// Joins a change with its envelope.
    pub fn accepted(body: ChangeBody, env: &Envelope) -> Self {
        Self {
            at: env.bounded.unwrap_or(body.time),
            doubtful: env.bounded.is_some(),
            author: env.author.clone(),
            role: env.role,
            accepted_at: Some(env.accepted_at),
            body,
        }
    }
    /// An own change that the server has not accepted yet.
    pub fn pending(body: ChangeBody, author: UserId, role: Role, now: Millis) -> Self {
        Self { at: body.time.min(now), doubtful: body.time > now, author, role, accepted_at: None, body }
    }
}
