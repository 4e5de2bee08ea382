//! One clock, two types: smoltcp counts signed microseconds.

use respipe_core::Instant;

/// A time of ours for smoltcp. Both count microseconds from the same origin.
#[must_use]
pub const fn timestamp(now: Instant) -> smoltcp::time::Instant {
    smoltcp::time::Instant::from_micros_const(now.as_micros().cast_signed())
}

/// A time of smoltcp's in ours. Times before the origin are the origin.
#[must_use]
pub const fn instant(at: smoltcp::time::Instant) -> Instant {
    let micros = at.total_micros();
    Instant::from_micros(if micros < 0 {
        0
    } else {
        micros.cast_unsigned()
    })
}
