//! What outlives a reset: RAM that the start-up code leaves as it is.

use core::sync::atomic::{AtomicU32, Ordering};

/// Says that the rest is not what RAM happened to hold at power-on.
const MAGIC: u32 = 0x5e9e_05ce;

struct Retained {
    magic: AtomicU32,
    restarts: AtomicU32,
    sequence: AtomicU32,
}

// In a section that is neither loaded nor zeroed: the values here are for the compiler only.
#[unsafe(link_section = ".uninit.retained")]
static RETAINED: Retained = Retained {
    magic: AtomicU32::new(0),
    restarts: AtomicU32::new(0),
    sequence: AtomicU32::new(0),
};

/// How often the device has been reset since power-on.
fn restarts() -> u32 {
    if RETAINED.magic.load(Ordering::Relaxed) == MAGIC {
        let restarts = RETAINED.restarts.load(Ordering::Relaxed).wrapping_add(1);
        RETAINED.restarts.store(restarts, Ordering::Relaxed);
        return restarts;
    }
    RETAINED.restarts.store(0, Ordering::Relaxed);
    RETAINED.sequence.store(0, Ordering::Relaxed);
    RETAINED.magic.store(MAGIC, Ordering::Relaxed);
    0
}

/// The sequence number that was given out last; 0 before the first.
pub fn sequence() -> u32 {
    RETAINED.sequence.load(Ordering::Relaxed)
}

/// A sample's sequence number, from 1: it goes on after a reset, so that what was lost with the
/// RAM shows as a gap.
pub fn next_sequence() -> u32 {
    let sequence = sequence().wrapping_add(1);
    RETAINED.sequence.store(sequence, Ordering::Relaxed);
    sequence
}

/// Says in the log whether this is a power-on or a reset, and makes of a seed another one for each
/// start. Call it once, first.
///
/// With the same seed the first connection after a reset has the port of the first one before: the
/// server may still hold that one, and its TCP then answers as if nothing had begun anew.
pub fn begin(seed: u64) -> u64 {
    let restarts = restarts();
    match restarts {
        0 => defmt::info!("started"),
        times => defmt::warn!("restarted times={=u32} after={=u32}", times, sequence()),
    }
    seed ^ u64::from(restarts).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
