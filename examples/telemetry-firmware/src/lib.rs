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
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    // Its place and no text: formatting that would cost 4 KB.
    match info.location() {
        Some(at) => defmt::error!("panicked at {=str}:{=u32}", at.file(), at.line()),
        None => defmt::error!("panicked"),
    }
    board::exit(101)
}
