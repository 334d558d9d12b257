//! A record as an automerge document, and the admission guard for foreign changes (DESIGN 3, 8). Nothing outside this
//! folder sees automerge.

mod blind;
pub mod chunk;
mod columns;
mod cursor;
mod document;
pub mod guard;
mod history;
mod library;
#[cfg(test)]
mod tests;
mod vocabulary;

pub use chunk::ChunkError;
pub use document::{DocError, Document, Draft, Written};
