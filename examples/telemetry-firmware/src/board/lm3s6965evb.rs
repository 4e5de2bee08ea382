//! QEMU's `lm3s6965evb`: a Stellaris Cortex-M3 with 256 KB of flash and 64 KB of RAM.

use crate::mac::Stellaris;

/// What SysTick counts: the core's clock, in hertz, as QEMU has it after a reset.
pub(super) const CLOCK_HZ: u32 = 12_500_000;

/// The machine's MAC.
pub type Mac = Stellaris;

pub(super) fn start_mac(address: [u8; 6]) -> Mac {
    Stellaris::start(address)
}
