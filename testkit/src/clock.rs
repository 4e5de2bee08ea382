//! A clock that is moved by hand.

use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use respipe_core::{Duration, Instant};

/// A clock that stands still until it is moved. Clones show the same time.
///
/// ```
/// use respipe_core::{Duration, Instant};
/// use respipe_testkit::clock::Clock;
///
/// let clock = Clock::new();
/// let seen_elsewhere = clock.clone();
/// clock.advance(Duration::from_millis(250));
/// assert_eq!(seen_elsewhere.now(), Instant::from_millis(250));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Clock(Arc<AtomicU64>);

impl Clock {
    /// A clock at [`Instant::ZERO`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves the time on by `span`; it stops at the end of time.
    pub fn advance(&self, span: Duration) {
        self.advance_to(self.now().after(span));
    }

    /// Moves the time on to `then`; never back.
    pub fn advance_to(&self, then: Instant) {
        self.0.fetch_max(then.as_micros(), Ordering::AcqRel);
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Instant {
        Instant::from_micros(self.0.load(Ordering::Acquire))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_goes_back() {
        let clock = Clock::new();
        clock.advance_to(Instant::from_millis(3));
        clock.advance_to(Instant::from_millis(2));
        assert_eq!(clock.now(), Instant::from_millis(3));
        clock.advance(Duration::from_micros(u64::MAX));
        clock.advance(Duration::from_millis(1));
        assert_eq!(clock.now(), Instant::from_micros(u64::MAX));
    }
}
