//! Schema, values, names and checks: pure data and functions.

pub mod access;
pub mod address;
pub mod change;
pub mod deny;
pub mod idno;
pub mod ids;
pub mod lint;
pub mod member;
pub mod schema;
pub mod text;
pub mod validate;

pub use address::Address;
pub use change::{ChangeBody, Envelope, Meta, Observation, Source, Value};
pub use ids::{
    Actor, Audience, BadName, Bucket, ChangeHash, DeviceId, DocId, KindName, Millis, RecordId, Role, Scope, UserId,
};
pub use member::Member;
pub use schema::{Code, CodeList, Fact, Field, FieldType, Kind, Label, Rule, Schema};
pub use validate::{Problem, Severity};
