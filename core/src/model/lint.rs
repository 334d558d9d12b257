//! Checks of schema files that no single line shows.

use super::schema::{Kind, Schema, SchemaError};

/// Checks one kind by itself.
pub fn check_kind(_file: &str, _kind: &Kind, _schema: &Schema, _problems: &mut Vec<SchemaError>) {}

/// Checks what kinds, lists and access say of each other.
pub fn check_references(_schema: &Schema, _problems: &mut Vec<SchemaError>) {}
