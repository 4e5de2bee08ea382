//! The sizes of the pipelines' buffers, which the budget for RAM leaves out. `cargo sizes` reads
//! this file too.

/// Bytes of `tx`: 64 samples that wait for their replies, at most 64 bytes each.
pub const TX: usize = 4096;
/// Bytes of `rx`.
pub const RX: usize = 256;
/// Commands in flight.
pub const DEPTH: usize = 64;
/// Bytes of a slot and of its tag, an `Option<u32>`.
pub const SLOT: usize = 16 + 8;
