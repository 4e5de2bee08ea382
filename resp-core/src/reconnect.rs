//! When to connect again: exponential back-off with full jitter. Time and chance are arguments.

use crate::Duration;

/// How long to wait before each attempt to connect again.
///
/// The n-th attempt waits a random time between nothing and `first_delay * 2^n`, at most
/// `max_delay` (full jitter), so that the clients of a server that comes back do not all come at
/// once.
///
/// ```
/// use respipe_core::Duration;
/// use respipe_core::reconnect::Backoff;
/// let backoff = Backoff { first_delay: Duration::from_millis(10), max_delay: Duration::from_secs(5) };
/// assert_eq!(backoff.delay(0, u32::MAX / 2).as_micros(), 4_999);
/// assert!(backoff.delay(99, u32::MAX) < Duration::from_secs(5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Backoff {
    /// The longest time before the first attempt.
    pub first_delay: Duration,
    /// The longest time before any attempt.
    pub max_delay: Duration,
}

impl Backoff {
    /// The first attempt within 10 ms, each within twice the time of the one before, at most 5 s.
    pub const DEFAULT: Self = Self {
        first_delay: Duration::from_millis(10),
        max_delay: Duration::from_secs(5),
    };

    /// How long to wait before the n-th attempt, which counts from 0; `random` is any number, new
    /// for each attempt, all of whose 32 bits are as likely as not.
    #[must_use]
    pub const fn delay(&self, nth: u32, random: u32) -> Duration {
        let longest = self.longest(nth);
        // `longest * random / 2^32` in 64 bits: neither half can overflow.
        let high = (longest >> 32).wrapping_mul(random as u64);
        let low = (longest & 0xffff_ffff).wrapping_mul(random as u64) >> 32;
        Duration::from_micros(high.wrapping_add(low))
    }

    /// The longest time before the n-th attempt, in microseconds.
    const fn longest(&self, nth: u32) -> u64 {
        let first = self.first_delay.as_micros();
        let max = self.max_delay.as_micros();
        // What would be shifted out lies far beyond any limit.
        if nth >= 64 || first > max.wrapping_shr(nth) {
            return if first == 0 { 0 } else { max };
        }
        first.wrapping_shl(nth)
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_default_nobody_waits_longer_than_five_seconds() {
        let backoff = Backoff::default();
        assert_eq!(backoff, Backoff::DEFAULT);
        assert!((0..100).all(|nth| backoff.delay(nth, u32::MAX) < Duration::from_secs(5)));
        assert!(backoff.delay(0, u32::MAX) < Duration::from_millis(10));
    }

    #[test]
    fn delays_double_up_to_their_limit_and_lie_where_chance_says() {
        let backoff = Backoff {
            first_delay: Duration::from_millis(10),
            max_delay: Duration::from_millis(100),
        };
        for (nth, limit) in [
            (0, 10),
            (1, 20),
            (2, 40),
            (3, 80),
            (4, 100),
            (31, 100),
            (99, 100),
        ] {
            let limit = limit * 1_000;
            assert_eq!(backoff.delay(nth, u32::MAX).as_micros(), limit - 1, "{nth}");
            assert_eq!(backoff.delay(nth, 1 << 31).as_micros(), limit / 2, "{nth}");
            assert_eq!(backoff.delay(nth, 0), Duration::ZERO, "{nth}");
        }
    }

    #[test]
    fn extreme_delays_neither_overflow_nor_vanish() {
        let longest = Duration::from_micros(u64::MAX);
        let backoff = Backoff {
            first_delay: longest,
            max_delay: longest,
        };
        for nth in [0, 1, 63, 64, u32::MAX] {
            assert!(backoff.delay(nth, u32::MAX).as_micros() > u64::MAX / 2);
        }
        let never = Backoff {
            first_delay: Duration::ZERO,
            max_delay: longest,
        };
        assert_eq!(never.delay(u32::MAX, u32::MAX), Duration::ZERO);
    }
}
