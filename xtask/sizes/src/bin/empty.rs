//! The first rung: a vector table and a loop.

#![no_std]
#![no_main]

use core::hint::black_box;

#[cortex_m_rt::entry]
fn main() -> ! {
    loop {
        black_box(sizes::now());
    }
}
