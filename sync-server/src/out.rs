//! What the command line prints.
//!
//! Whoever reads may stop reading: `event list | head -1` closes the pipe after a line. What is printed then goes nowhere,
//! the work goes on to its end and the program ends well. Anything else that keeps it from printing is told by [`whole`].

use std::{
    fmt,
    io::{self, ErrorKind, Write as _},
    sync::atomic::{AtomicBool, Ordering},
};

static FAILED: AtomicBool = AtomicBool::new(false);

/// Prints to standard output at once; a pipe that was closed is no error.
pub(crate) fn print(text: fmt::Arguments<'_>) {
    let mut out = io::stdout().lock();
    if let Err(error) = out.write_fmt(text).and_then(|()| out.flush())
        && error.kind() != ErrorKind::BrokenPipe
    {
        FAILED.store(true, Ordering::Relaxed);
    }
}

/// Whether everything was printed that somebody still read.
pub(crate) fn whole() -> bool {
    !FAILED.load(Ordering::Relaxed)
}

/// Prints a line, as `println!` does, without falling over a closed pipe.
macro_rules! say {
    () => { $crate::out::print(format_args!("\n")) };
    ($($arg:tt)*) => { $crate::out::print(format_args!("{}\n", format_args!($($arg)*))) };
}
