//! What the programs of this example share: the machine and its network.
#![no_std]

pub mod board;
pub mod handwritten;
pub mod mac;
pub mod network;
pub mod reading;
pub mod sensor;
pub mod telemetry;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // Neither its place nor its text: with them, the names of all files and all messages of all
    // crates lie in flash, 8 KB of them. A debugger shows both.
    defmt::error!("panicked");
    board::exit(101)
}
