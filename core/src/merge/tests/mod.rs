//! Tests of the resolver: each rule, rows of SCENARIOS.md, laws on random histories, and a second, naive resolver.

#![expect(clippy::unwrap_used, reason = "tests")]

mod beside;
mod build;
mod deciding;
mod hints;
mod laws;
mod naive;
mod random;
mod rows;
mod rules;
mod sharper;
mod size;
mod undo;
mod words;

use build::World;
