//! What earlier imports left: the record of a row, and what its cells said.

use wangge_core::model::RecordId;

use super::{Reader, Result, Writer, rows::record};

impl Reader<'_> {
    /// The record that an imported row became.
    pub fn import_key(&self, source: &str, key: &str) -> Result<Option<RecordId>> {
        self.one("SELECT record FROM import_keys WHERE source = ?1 AND key = ?2", (source, key), |row| record(row, 0))
    }
    /// What the cells of a record said in its last import.
    pub fn import_cells(&self, id: &RecordId) -> Result<Option<String>> {
        self.one("SELECT cells FROM import_cells WHERE record = ?1", [id.0], |row| row.get(0))
    }
}

impl Writer<'_> {
    /// Remembers what the cells of a record said.
    pub fn set_import_cells(&mut self, id: &RecordId, cells: &str) -> Result<()> {
        let sql = "INSERT INTO import_cells (record, cells) VALUES (?1, ?2)
                   ON CONFLICT (record) DO UPDATE SET cells = excluded.cells";
        self.run(sql, (id.0, cells))?;
        Ok(())
    }
}
