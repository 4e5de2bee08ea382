//! Points and spans of time.

use crate::boundary::number;
use core::hint::black_box;
use respipe_core::reconnect::Backoff;
use respipe_core::{Duration, Instant};

#[inline(never)]
pub fn points() {
    let (earlier, later) = (
        Instant::from_micros(number()),
        Instant::from_millis(number()),
    );
    let span = later.since(earlier);
    black_box((later.after(span).as_micros(), later > earlier));
}

#[inline(never)]
pub fn spans() {
    let span = Duration::from_secs(number());
    black_box((
        span.as_micros(),
        span.is_zero(),
        core::time::Duration::from(span),
    ));
    black_box(Duration::from(core::time::Duration::new(
        number(),
        number() as u32 % 1_000_000_000,
    )));
    black_box((
        Duration::from_micros(number()),
        Duration::from_millis(number()),
    ));
}

#[inline(never)]
pub fn delays() {
    let backoff = Backoff {
        first_delay: Duration::from_micros(number()),
        max_delay: Duration::from_micros(number()),
    };
    black_box(backoff.delay(number() as u32, number() as u32));
}
