//! Schema, values, names and checks: pure data and functions.

pub mod access;
pub mod address;
pub mod attachment;
pub mod change;
pub mod checklists;
pub mod day;
pub mod deny;
pub mod dictionary;
pub mod files;
pub mod flow;
pub mod geo;
pub mod hint;
pub mod idno;
pub mod ids;
pub mod lint;
pub mod member;
pub mod pinyin;
mod reading;
pub mod region;
pub mod schema;
pub mod text;
pub mod uscc;
pub mod validate;

pub use address::Address;
pub use attachment::Attachment;
pub use change::{ChangeBody, Envelope, Meta, Observation, Source, Value};
pub use checklists::{CheckItem, Checklist, Checklists};
pub use files::{SCHEMA_VERSION, SchemaFiles};
pub use geo::{Crs, Point};
pub use hint::Hint;
pub use ids::{
    Actor, Audience, BadName, Bucket, ChangeHash, DeviceId, DocId, KindName, Millis, RecordId, Role, Scope, UserId,
};
pub use member::Member;
pub use schema::{Code, CodeList, Fact, Field, FieldType, Kind, Label, Rule, Schema, SchemaError, When};
pub use validate::{Problem, Severity};
