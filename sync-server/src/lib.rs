//! The county server: keys, log, admission, enrolment, sync and the command line (DESIGN 7, 8, 9, 10).
//!
//! One upload goes `serve` (socket, TLS) ▶ [`api::handle`] (frame, signature, nonce) ▶ `api::judge` (guard and rights)
//! ▶ `county` (envelope, tag, log, digest; one commit) ▶ `api::pages` (what this phone may read) ▶ signed reply.
//! Everything below `serve` is plain functions over [`County`]: time and randomness are parameters, so a simulator runs
//! the real server without sockets.

// A closed pipe must not end a command in a panic: `say!` prints.
#![warn(clippy::print_stdout)]

#[macro_use]
mod out;

pub mod api;
pub mod cli;
pub mod county;
pub(crate) mod db;
pub mod demo;
pub mod error;
pub mod import;
pub mod keys;
pub mod log;
pub mod metrics;
pub mod password;
pub mod serve;

pub use county::County;
pub use db::Totals;
pub use error::CountyError;
pub use keys::Keys;
