//! QEMU's `mps2-an385`: a Cortex-M3 on an FPGA, its Ethernet a chip on the memory bus.

use crate::mac::Lan9118;

/// What SysTick counts: the core's clock, in hertz.
pub(super) const CLOCK_HZ: u32 = 25_000_000;

/// The machine's MAC.
pub type Mac = Lan9118;

pub(super) fn start_mac(address: [u8; 6]) -> Mac {
    Lan9118::start(address)
}
