//! The machine: its clock, its Ethernet, its debugger.

mod arguments;
mod clock;
#[cfg(not(feature = "mps2-an385"))]
mod lm3s6965evb;
#[cfg(feature = "mps2-an385")]
mod mps2_an385;
mod retained;
mod stack;

pub use arguments::Arguments;
pub use clock::Clock;
pub use retained::{begin, next_sequence, sequence};
pub use stack::stack_high_water;

#[cfg(not(feature = "mps2-an385"))]
use lm3s6965evb as machine;
#[cfg(feature = "mps2-an385")]
use mps2_an385 as machine;

use crate::mac::Ethernet;

/// The machine's MAC.
pub type Mac = machine::Mac;

/// The first that a program asks for.
#[derive(Debug)]
pub struct Board {
    /// The time since the start.
    pub clock: Clock,
    /// The network.
    pub ethernet: Ethernet<Mac>,
    /// What the host said on QEMU's command line.
    pub arguments: Arguments,
}

impl Board {
    /// The Ethernet address: one of those for private use.
    pub const ADDRESS: [u8; 6] = [0x02, 0, 0, 0, 0, 0x01];

    /// Starts the clock and the network.
    ///
    /// # Panics
    /// When called twice.
    #[must_use]
    pub fn start() -> Self {
        let core = cortex_m::Peripherals::take().expect("the board is started once");
        Self {
            clock: Clock::start(core.SYST, machine::CLOCK_HZ),
            ethernet: Ethernet::new(machine::start_mac(Self::ADDRESS)),
            arguments: Arguments::of_host(),
        }
    }
}

/// Ends the emulation with this exit code. Hardware has nobody to tell.
pub fn exit(code: u8) -> ! {
    semihosting::process::exit(i32::from(code))
}
