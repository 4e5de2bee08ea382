//! What the simulated thermometer shows, and how much of it is kept. The host has this file too: it
//! knows each sample's value, and how many can be gone with the RAM.

/// Samples that are kept until Redis has them.
pub const DEPTH: usize = 64;

/// The temperature of a sample in thousandths of a degree Celsius: days of 2 048 samples between
/// 5 and 25 degrees, and noise.
#[must_use]
pub fn millidegrees(sequence: u32) -> i32 {
    let hour = (sequence % 2_048) as i32;
    let swing = (hour - 1_024).abs() * 20_000 / 1_024;
    let noise = (sequence.wrapping_mul(0x9e37_79b9) >> 24) as i32;
    5_000 + swing + noise
}
