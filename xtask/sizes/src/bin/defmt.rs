//! Everything, and what happens is logged.

#![no_std]
#![no_main]

use defmt_semihosting as _;

#[cortex_m_rt::entry]
fn main() -> ! {
    sizes::everything()
}
