//! The admission guard against honest, crafted and mutated changes (DESIGN 8, SECURITY 4).
#![expect(clippy::unwrap_used, reason = "tests")]

mod cost;
mod crafted;
mod document;
mod honest;
mod kit;
mod mutants;
mod values;
