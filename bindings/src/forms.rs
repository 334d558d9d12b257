//! Forms as data: what the schema files say of kinds, fields and codes, as a screen needs it.

use wangge_core::model::{self, Schema};

use crate::{convert, ids::KindName, records::Audience};

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum FieldType {
    /// Free text.
    Text,
    /// Whole number.
    Int,
    /// Yes or no.
    Bool,
    /// `2026-03-08`, or `2026-03` where the day is not known.
    Date,
    /// One of `codes`.
    Code,
    /// Telephone number, digits only.
    Phone,
    /// Citizen identity number.
    IdNumber,
    /// The id of another record, of kind `refers_to`.
    Ref,
    /// Milliseconds since 1970 UTC.
    Time,
    /// A position: `lat,lon,crs,accuracy_m`, degrees in units of 1e-7.
    Point,
    /// Unified social credit code.
    Uscc,
    /// Region code.
    Region,
    /// A photo or recording: `sha256,mime,size,taken_at,taken_by`.
    Attachment,
}

/// How edits of a field by several people come together. A set takes `Add` and `End`, a log takes `Append`, all others
/// take `Put`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Rule {
    /// Fixed after creation.
    Immutable,
    /// The latest observation.
    Latest,
    /// All are kept, a person decides.
    KeepBoth,
    /// Better evidence first.
    Authority,
    /// The safer value until a role that may lower it does.
    Safer,
    /// The position of smaller error.
    Sharper,
    /// Members that join and leave.
    Set,
    /// Entries that are only added.
    Log,
    /// Set by the outcomes of commands alone.
    Command,
}

/// One code of a list.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct CodeForm {
    /// The code as stored.
    pub code: String,
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
    /// First day of use, where it has one.
    pub from: Option<String>,
    /// Last day of use, where it has one; still understood after.
    pub until: Option<String>,
}

/// A condition on another field of the same form: it holds one of these codes.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct WhenForm {
    /// Key of the other field.
    pub field: String,
    /// The codes.
    pub codes: Vec<String>,
}

/// One field of a form.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct FieldForm {
    /// Its key in edits and records.
    pub key: String,
    /// Chinese label.
    pub zh: String,
    /// English label.
    pub en: String,
    /// What it takes; of a set, what a member is.
    pub field_type: FieldType,
    /// The codes to choose from, in the order of the form; empty for other types.
    pub codes: Vec<CodeForm>,
    /// Kind of the record that it refers to.
    pub refers_to: Option<KindName>,
    /// A new record needs it.
    pub required: bool,
    /// Written by the county's server alone.
    pub server: bool,
    /// Who receives it.
    pub audience: Audience,
    /// How edits come together.
    pub rule: Rule,
    /// It applies only where this holds.
    pub when: Option<WhenForm>,
    /// Though required, it may be left out where this other field is there.
    pub unless_given: Option<String>,
    /// It is required where this holds.
    pub required_when: Option<WhenForm>,
    /// No form shows it.
    pub hidden: bool,
    /// Codes that commands alone may set.
    pub by_command: Vec<String>,
    /// Smallest number.
    pub min: Option<i64>,
    /// Longest text in characters, or largest number.
    pub max: Option<i64>,
    /// How long it is kept, by the name of the retention rule.
    pub retain: String,
    /// What it is collected for.
    pub purpose: String,
    /// This phone receives it.
    pub visible: bool,
    /// The person of this phone may fill it in.
    pub writable: bool,
    /// The person of this phone may decide between its contested values.
    pub decidable: bool,
}

/// The form of one kind of record.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct KindForm {
    /// Its name.
    pub name: KindName,
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
    /// Fields that together name a record in a list.
    pub title: Vec<String>,
    /// The person of this phone may make one.
    pub writable: bool,
    /// The fields, in the order of the form.
    pub fields: Vec<FieldForm>,
}

/// All forms; before enrolment nothing is visible or writable.
pub fn kinds(schema: &Schema, role: Option<model::Role>) -> Vec<KindForm> {
    schema.kinds.values().map(|kind| kind_form(schema, kind, role)).collect()
}

/// One form.
pub fn kind(schema: &Schema, name: &KindName, role: Option<model::Role>) -> Option<KindForm> {
    schema.kind(&name.0.0).map(|kind| kind_form(schema, kind, role))
}

fn kind_form(schema: &Schema, kind: &model::Kind, role: Option<model::Role>) -> KindForm {
    KindForm {
        name: kind.name.clone().into(),
        zh: kind.zh.clone(),
        en: kind.en.clone(),
        title: kind.title.clone(),
        writable: role.is_some_and(|role| schema.may_write_kind(role, kind)),
        fields: kind.fields.iter().map(|field| field_form(schema, kind, field, role)).collect(),
    }
}

fn field_form(schema: &Schema, kind: &model::Kind, field: &model::Field, role: Option<model::Role>) -> FieldForm {
    let list = field.list.as_ref().and_then(|name| schema.lists.get(name));
    FieldForm {
        key: field.key.clone(),
        zh: field.zh.clone(),
        en: field.en.clone(),
        field_type: field.value_type.into(),
        codes: convert::all(list.into_iter().flat_map(|list| &list.codes)),
        refers_to: field.kind.as_deref().map(KindName::from),
        required: field.required,
        server: field.server,
        audience: field.audience.into(),
        rule: field.rule.into(),
        when: field.when.as_ref().map(WhenForm::from),
        unless_given: field.unless_given.clone(),
        required_when: field.required_when.as_ref().map(WhenForm::from),
        hidden: field.hidden,
        by_command: field.by_command.clone(),
        min: field.min,
        max: field.max,
        retain: field.retain.clone(),
        purpose: field.purpose.clone(),
        visible: role.is_some_and(|role| schema.receives(role, field.audience)),
        writable: role.is_some_and(|role| schema.may_write(role, kind, field)),
        decidable: role.is_some_and(|role| schema.may_decide(role, kind, field)),
    }
}

impl From<&model::When> for WhenForm {
    fn from(when: &model::When) -> Self {
        Self { field: when.field.clone(), codes: when.is.clone() }
    }
}

impl From<&model::Code> for CodeForm {
    fn from(code: &model::Code) -> Self {
        let model::Code { code, zh, en, rank: _, days: _, from, until, into: _, also: _ } = code;
        Self { code: code.clone(), zh: zh.clone(), en: en.clone(), from: from.clone(), until: until.clone() }
    }
}
