//! Forms that are kept and not handed in yet.

use rusqlite::{Row, params};

use super::{Reader, StoreError, Writer};
use crate::model::Millis;

/// A kept form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftRow {
    /// Its name, given by the facade.
    pub id: String,
    /// When it was last kept.
    pub at: Millis,
    /// Version of the schema that it was filled in under.
    pub schema: u32,
    /// The form; made and read by the facade.
    pub json: String,
}

const DRAFT: &str = "SELECT id, at, schema, json FROM drafts";

fn draft_row(row: &Row<'_>) -> rusqlite::Result<DraftRow> {
    Ok(DraftRow { id: row.get(0)?, at: Millis(row.get(1)?), schema: row.get(2)?, json: row.get(3)? })
}

impl Reader<'_> {
    /// Every kept form, the newest first.
    pub fn drafts(&self) -> Result<Vec<DraftRow>, StoreError> {
        self.all(&format!("{DRAFT} ORDER BY at DESC, id DESC"), [], draft_row)
    }

    /// A kept form by its name.
    pub fn draft(&self, id: &str) -> Result<Option<DraftRow>, StoreError> {
        self.first(&format!("{DRAFT} WHERE id = ?1"), [id], draft_row)
    }
}

impl Writer<'_> {
    /// Keeps a form, in the place of what has its name.
    pub fn put_draft(&mut self, row: &DraftRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO drafts (id, at, schema, json) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (id) \
             DO UPDATE SET at = excluded.at, schema = excluded.schema, json = excluded.json";
        self.run(sql, params![row.id, row.at.0, row.schema, row.json]).map(drop)
    }

    /// Forgets a kept form; whether there was one.
    pub fn drop_draft(&mut self, id: &str) -> Result<bool, StoreError> {
        Ok(self.run("DELETE FROM drafts WHERE id = ?1", [id])? == 1)
    }
}
