//! What all rungs of the size ladder stand on: smoltcp over a network card that does not exist.
//!
//! Nothing here runs. The programs are linked, and `cargo sizes` weighs what the linker kept; so
//! whatever would come from the outside goes through `black_box`, which the optimiser cannot see
//! through.

#![no_std]

mod buffers;
mod card;
#[cfg(feature = "full")]
mod everything;
pub mod link;
mod memory;
mod net;
// Its single-core critical section, for the log and for atomics where the core has none.
use cortex_m as _;
use panic_halt as _;

pub use buffers::{DEPTH, RX, SLOT, TX};
pub use card::Card;
#[cfg(feature = "full")]
pub use everything::everything;
pub use net::{Net, SERVER, run};

use core::hint::black_box;

/// The clock, in microseconds.
pub fn now() -> u64 {
    black_box(0)
}

/// A random number.
pub fn random() -> u32 {
    black_box(0)
}
