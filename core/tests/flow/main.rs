//! Commands: every row of the table, what the domain says of events, the lint of the file, the page in the docs, and the laws of the fold.
#![expect(clippy::unwrap_used, reason = "tests")]

mod cases;
mod domain;
mod history;
mod laws;
mod lint;
mod rows;
