//! The server from outside: requests as bytes, replies as bytes, the real TLS listener and the real program.
#![expect(clippy::unwrap_used, reason = "tests")]

mod command;
mod enrol;
mod flow;
mod hostile;
mod log;
mod speed;
mod support;
mod sync;
mod tls;
