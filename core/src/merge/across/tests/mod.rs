//! Tests of rules over several records: each makes its item, does not for the near miss, and clears.
#![expect(clippy::unwrap_used, reason = "tests")]

mod homes;
mod likely;
mod pairs;
mod upkeep;
mod world;
