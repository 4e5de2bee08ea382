//! Everything but floats: see the library's module of this name.

#![no_std]
#![no_main]

#[cortex_m_rt::entry]
fn main() -> ! {
    sizes::everything()
}
