//! The caller's time.

use respipe_core::Instant;

/// What time it is, and how to wait.
///
/// For embassy: `Instant::from_micros(embassy_time::Instant::now().as_micros())` and
/// `embassy_time::Timer::at(embassy_time::Instant::from_micros(at.as_micros()) + embassy_time::Duration::from_ticks(1))`:
/// both conversions round down.
pub trait Clock {
    /// The time now, in microseconds since an origin that does not move. A counter that wraps must
    /// be made longer here: a clock that jumps back makes time-outs late.
    fn now(&self) -> Instant;

    /// Waits until `at`, or returns at once if that has passed. A tick too early does no harm, but keeps
    /// the pump awake for that tick. The future may be dropped before, and then must cost nothing.
    fn wait_until(&self, at: Instant) -> impl Future<Output = ()>;
}

impl<C: Clock> Clock for &C {
    fn now(&self) -> Instant {
        (**self).now()
    }

    fn wait_until(&self, at: Instant) -> impl Future<Output = ()> {
        (**self).wait_until(at)
    }
}
