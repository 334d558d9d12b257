//! Messages and the sync state machine, without input or output (DESIGN 7).

pub mod frame;
pub mod wire;
