//! The socket: TLS, size and time limits, one thread pool; everything else is [`api::handle`].
