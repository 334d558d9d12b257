//! Tests of the resolver: each rule, rows of SCENARIOS.md, laws on random histories, and a second, naive resolver.

#![expect(clippy::unwrap_used, reason = "tests")]

mod build;
mod deciding;
mod laws;
mod naive;
mod rows;
mod rules;
mod size;
mod words;

use build::World;
