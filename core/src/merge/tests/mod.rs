//! Tests of the resolver: rules, rows of SCENARIOS.md, laws on random histories, and a second, naive resolver.

#![expect(clippy::unwrap_used, reason = "tests")]

mod build;
mod rules;

use build::World;
