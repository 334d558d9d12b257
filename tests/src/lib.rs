//! The harness: a county in one process, stories that a county official can read, and measures beside their floors.

pub mod bench;
pub mod calendar;
pub mod command;
pub mod scenario;
pub mod world;
