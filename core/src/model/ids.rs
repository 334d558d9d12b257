//! Names of things: records, documents, changes, people, devices, grids.

use std::{fmt, str::FromStr};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
#[serde(transparent)]
#[cbor(transparent)]
pub struct Millis(#[n(0)] pub i64);

impl Millis {
    /// One day.
    pub const DAY: i64 = 86_400_000;

    /// This time plus `ms` milliseconds; saturates instead of wrapping.
    pub fn plus(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

/// Text that does not have the shape of the name it was read as.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {what}: {text}")]
pub struct BadName {
    /// What was expected, for example `record id`.
    pub what: &'static str,
    /// What was found, cut to 80 characters.
    pub text: String,
}

impl BadName {
    pub(crate) fn new(what: &'static str, text: &str) -> Self {
        Self { what, text: text.chars().take(80).collect() }
    }
}

/// Writes bytes as lower-case hexadecimal.
pub fn to_hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// Reads exactly `N` bytes of hexadecimal.
pub fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N * 2 || !text.is_ascii() {
        return None;
    }
    let mut out = [0; N];
    for (slot, pair) in out.iter_mut().zip(text.as_bytes().chunks(2)) {
        *slot = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(out)
}

macro_rules! bytes_name {
    ($(#[$doc:meta])* $name:ident, $len:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
        #[cbor(transparent)]
        pub struct $name(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; $len]);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self)
            }
        }
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

macro_rules! hex_text {
    ($name:ident, $len:literal, $what:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&to_hex(&self.0))
            }
        }
        impl FromStr for $name {
            type Err = BadName;
            fn from_str(text: &str) -> Result<Self, BadName> {
                from_hex::<$len>(text).map(Self).ok_or_else(|| BadName::new($what, text))
            }
        }
    };
}

bytes_name!(
    /// A record: UUIDv7 made offline, never reused, never derived from content; a file that belongs to one other record
    /// has an id derived from that record's.
    RecordId, 16, "record id"
);
bytes_name!(
    /// SHA-256 of a change chunk; names the change everywhere.
    ChangeHash, 32, "change hash"
);
bytes_name!(
    /// A phone's registration, given by the server at enrolment.
    DeviceId, 16, "device id"
);
bytes_name!(
    /// The writer inside one document, random, one per process run that writes.
    Actor, 16, "actor"
);
hex_text!(ChangeHash, 32, "change hash");
hex_text!(DeviceId, 16, "device id");
hex_text!(Actor, 16, "actor");

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        uuid::Uuid::from_bytes(self.0).hyphenated().fmt(f)
    }
}
impl FromStr for RecordId {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        uuid::Uuid::try_parse(text).map(|id| Self(id.into_bytes())).map_err(|_| BadName::new("record id", text))
    }
}
impl RecordId {
    /// A UUIDv7 (RFC 9562) of the given time and ten random bytes.
    pub fn new(now: Millis, random: [u8; 10]) -> Self {
        let ms = u64::try_from(now.0).unwrap_or(0);
        Self(uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid().into_bytes())
    }
    /// The id of the one record of a kind that belongs to another (UUIDv8 over SHA-256, core/docs/adr/0007): whoever knows
    /// the other can address it, and nobody learns from the id whether it exists.
    pub fn derived(owner: Self, kind: &str) -> Self {
        let mut sha = Sha256::new();
        sha.update(b"wangge/derived/1\0");
        sha.update(owner.0);
        sha.update(kind.as_bytes());
        let mut first = [0; 16];
        first.copy_from_slice(&sha.finalize()[..16]);
        Self(uuid::Builder::from_custom_bytes(first).into_uuid().into_bytes())
    }
}
impl ChangeHash {
    /// The first eight bytes in hexadecimal: how `decides` and `seen` name a claim.
    pub fn prefix(&self) -> String {
        to_hex(&self.0[..8])
    }
}

macro_rules! text_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
        #[serde(transparent)]
        #[cbor(transparent)]
        pub struct $name(#[n(0)] pub String);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}
text_name!(
    /// A person with an account, for example `zhang.wei`; never a national ID number.
    UserId
);
text_name!(
    /// A grid code: 12 digits of the village and 3 of the grid (DOMAIN 3.7), or a department's unit.
    Scope
);
text_name!(
    /// The name of a record kind, for example `resident`.
    KindName
);

/// Who receives a document; a closed list, and all or nothing for a role (DESIGN 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "lowercase")]
#[cbor(index_only)]
pub enum Audience {
    /// Buildings, doors, places, hazards, without names.
    #[n(0)]
    Open,
    /// Names, ID numbers, telephones, residence.
    #[n(1)]
    Personal,
    /// Care, disability, hardship, consent.
    #[n(2)]
    Care,
    /// Child files and guardians.
    #[n(3)]
    Child,
    /// Parties, sessions and agreements of a dispute.
    #[n(4)]
    Dispute,
    /// Who reported and asked to stay unnamed.
    #[n(5)]
    Reporter,
}

impl Audience {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 6] = [Self::Open, Self::Personal, Self::Care, Self::Child, Self::Dispute, Self::Reporter];

    /// The number that stands for it in bytes.
    pub fn number(self) -> u8 {
        self as u8
    }
    /// The audience of a number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
    /// Its name as schema files write it.
    pub fn name(self) -> &'static str {
        ["open", "personal", "care", "child", "dispute", "reporter"][self as usize]
    }
}
impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
impl FromStr for Audience {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        Self::ALL.into_iter().find(|a| a.name() == text).ok_or_else(|| BadName::new("audience", text))
    }
}

/// A role of DOMAIN 3.1. The order of the variants is not a rank; see [`Role::rank`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
#[cbor(index_only)]
pub enum Role {
    /// Full-time grid worker 专职网格员.
    #[n(0)]
    GW,
    /// Part-time grid worker 兼职网格员.
    #[n(1)]
    PG,
    /// Grid head 网格长.
    #[n(2)]
    GL,
    /// Grid guide 网格指导员.
    #[n(3)]
    GD,
    /// Town centre 镇街中心.
    #[n(4)]
    TC,
    /// County centre 县网格中心.
    #[n(5)]
    CC,
    /// Department handler 部门.
    #[n(6)]
    DP,
    /// Mediator 调解员.
    #[n(7)]
    MD,
    /// Child officer 儿童主任.
    #[n(8)]
    CM,
    /// Resident 居民.
    #[n(9)]
    RS,
    /// System administrator; sees no record content.
    #[n(10)]
    AD,
    /// Security administrator.
    #[n(11)]
    SA,
    /// Auditor.
    #[n(12)]
    AU,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::GW,
        Self::PG,
        Self::GL,
        Self::GD,
        Self::TC,
        Self::CC,
        Self::DP,
        Self::MD,
        Self::CM,
        Self::RS,
        Self::AD,
        Self::SA,
        Self::AU,
    ];
    /// Whose decision outranks whose: county over town over grid head over the others.
    pub fn rank(self) -> u8 {
        match self {
            Self::CC => 4,
            Self::TC => 3,
            Self::GL => 2,
            Self::GW | Self::MD | Self::CM | Self::DP => 1,
            _ => 0,
        }
    }
    /// Chinese name.
    pub fn zh(self) -> &'static str {
        match self {
            Self::GW => "专职网格员",
            Self::PG => "兼职网格员",
            Self::GL => "网格长",
            Self::GD => "网格指导员",
            Self::TC => "镇街中心",
            Self::CC => "县网格中心",
            Self::DP => "部门",
            Self::MD => "调解员",
            Self::CM => "儿童主任",
            Self::RS => "居民",
            Self::AD => "系统管理员",
            Self::SA => "安全管理员",
            Self::AU => "审计员",
        }
    }
    /// English name.
    pub fn en(self) -> &'static str {
        match self {
            Self::GW => "grid worker",
            Self::PG => "part-time grid worker",
            Self::GL => "grid head",
            Self::GD => "grid guide",
            Self::TC => "town centre",
            Self::CC => "county centre",
            Self::DP => "department",
            Self::MD => "mediator",
            Self::CM => "child officer",
            Self::RS => "resident",
            Self::AD => "system administrator",
            Self::SA => "security administrator",
            Self::AU => "auditor",
        }
    }
}
impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
impl FromStr for Role {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        Self::ALL.into_iter().find(|r| r.to_string() == text).ok_or_else(|| BadName::new("role", text))
    }
}

/// One automerge document: a record's part for one audience, in one generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct DocId {
    /// The record.
    #[n(0)]
    pub record: RecordId,
    /// Who receives it.
    #[n(1)]
    pub audience: Audience,
    /// Counts reissues (DESIGN 7); 0 for the first.
    #[n(2)]
    pub generation: u32,
}

impl DocId {
    /// The value of `_id`: 16 bytes record, 1 audience, 4 generation (big-endian).
    pub fn to_bytes(&self) -> [u8; 21] {
        let mut out = [0; 21];
        out[..16].copy_from_slice(&self.record.0);
        out[16] = self.audience.number();
        out[17..].copy_from_slice(&self.generation.to_be_bytes());
        out
    }
    /// Reads [`DocId::to_bytes`] back.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; 21] = bytes.try_into().ok()?;
        Some(Self {
            record: RecordId(bytes[..16].try_into().ok()?),
            audience: Audience::from_number(bytes[16])?,
            generation: u32::from_be_bytes(bytes[17..].try_into().ok()?),
        })
    }
}

/// Unit of partial replication: (scope, audience) (DESIGN 7).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct Bucket {
    /// A grid, or a department's unit.
    #[n(0)]
    pub scope: Scope,
    /// Who receives it.
    #[n(1)]
    pub audience: Audience,
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.scope, self.audience)
    }
}
