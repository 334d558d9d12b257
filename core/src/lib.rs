//! Wangge core: records, merge, encrypted store and sync, without screen or server socket.

pub mod app;
pub mod doc;
pub mod merge;
pub mod model;
pub mod net;
pub mod store;
pub mod sync;
