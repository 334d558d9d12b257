//! Lists: the views of records, page by page.

use std::collections::BTreeMap;

use rusqlite::{Row, ToSql};

use super::{Reader, StoreError, ViewCursor, ViewFilter, ViewRow, reader::count_at};
use crate::model::{KindName, Millis, RecordId, Scope};

const VIEW: &str = "SELECT record, kind, scope, title, sort, json, contested, pending, updated FROM views";

impl Reader<'_> {
    /// What screens show of a record.
    pub fn view(&self, record: &RecordId) -> Result<Option<ViewRow>, StoreError> {
        self.first(&format!("{VIEW} WHERE record = ?1"), [record.0], view_row)
    }

    /// Up to `limit` views in the order (kind, sort, record), beginning behind `after`. The next page begins behind
    /// [`ViewRow::cursor`] of the last row; rows that come and go between do not move the others.
    pub fn views(
        &self,
        filter: &ViewFilter,
        after: Option<&ViewCursor>,
        limit: usize,
    ) -> Result<Vec<ViewRow>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let text = filter.text.as_deref().filter(|text| !text.is_empty()).map(containing);
        let mut wheres: Vec<&str> = Vec::new();
        let mut values: Vec<&dyn ToSql> = Vec::new();
        match (&filter.kind, after) {
            (Some(kind), Some(after)) if after.kind > *kind => return Ok(Vec::new()),
            // With the kind fixed, the index is entered at (sort, record); as one triple it would be walked from its start.
            (Some(kind), Some(after)) if after.kind == *kind => {
                wheres.push("kind = ? AND (sort, record) > (?, ?)");
                values.extend([&kind.0 as &dyn ToSql, &after.sort, &after.record.0]);
            }
            (Some(kind), _) => {
                wheres.push("kind = ?");
                values.push(&kind.0);
            }
            (None, Some(after)) => {
                wheres.push("(kind, sort, record) > (?, ?, ?)");
                values.extend([&after.kind.0 as &dyn ToSql, &after.sort, &after.record.0]);
            }
            (None, None) => {}
        }
        if let Some(scope) = &filter.scope {
            wheres.push("scope = ?");
            values.push(&scope.0);
        }
        if filter.contested_only {
            wheres.push("contested > 0");
        }
        if let Some(text) = &text {
            wheres.push(r"title LIKE ? ESCAPE '\'");
            values.push(text);
        }
        let wheres = if wheres.is_empty() { String::new() } else { format!(" WHERE {}", wheres.join(" AND ")) };
        values.push(&limit);
        let sql = format!("{VIEW} INDEXED BY views_order{wheres} ORDER BY kind, sort, record LIMIT ?");
        self.all(&sql, values.as_slice(), view_row)
    }

    /// How many records of each kind there are.
    pub fn counts(&self) -> Result<BTreeMap<KindName, u64>, StoreError> {
        let rows = self.all("SELECT kind, count(*) FROM views GROUP BY kind", [], |row| {
            Ok((KindName(row.get(0)?), count_at(row, 1)?))
        })?;
        Ok(rows.into_iter().collect())
    }
}

/// A LIKE pattern that finds the text anywhere.
fn containing(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

fn view_row(row: &Row<'_>) -> rusqlite::Result<ViewRow> {
    Ok(ViewRow {
        record: RecordId(row.get(0)?),
        kind: KindName(row.get(1)?),
        scope: Scope(row.get(2)?),
        title: row.get(3)?,
        sort: row.get(4)?,
        json: row.get(5)?,
        contested: row.get(6)?,
        pending: row.get(7)?,
        updated: Millis(row.get(8)?),
    })
}
