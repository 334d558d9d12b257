//! Messages and the sync state machine, without input or output (DESIGN 7).

pub mod code;
pub mod frame;
pub mod machine;
pub mod wire;

pub use code::EnrolmentCode;
