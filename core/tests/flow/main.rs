//! Commands: every row of the table, the lint of the file, the page in the docs, and the laws of the fold.
#![expect(clippy::unwrap_used, reason = "tests")]

mod laws;
mod lint;
mod rows;
