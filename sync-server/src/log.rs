//! One JSON line for each request, on standard error; no names, no addresses, no content.

use std::{io::Write as _, time::Duration};

use serde::Serialize;

/// Whether and where lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// To standard error.
    Lines,
    /// Nowhere.
    Quiet,
}

#[derive(Serialize)]
struct Line {
    at: i64,
    path: &'static str,
    status: u16,
    bytes_in: usize,
    bytes_out: usize,
    ms: u64,
}

impl Log {
    /// Notes one request.
    pub fn request(self, path: &'static str, status: u16, bytes_in: usize, bytes_out: usize, took: Duration) {
        if self == Self::Quiet {
            return;
        }
        let at = crate::serve::clock().0;
        let line = Line { at, path, status, bytes_in, bytes_out, ms: took.as_millis() as u64 };
        let mut text = serde_json::to_string(&line).expect("plain numbers");
        text.push('\n');
        // A full disk behind the log must not stop a phone from handing over its work.
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
}
