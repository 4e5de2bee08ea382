//! When to try again: exponential back-off with full jitter.

use core::time::Duration;

use respipe_core::reconnect::Backoff;

/// How a connection that has ended is made again.
///
/// The n-th attempt waits a random time between nothing and `first_delay * 2^n`, at most
/// `max_delay` (full jitter), so that clients of a server that comes back do not come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reconnect {
    /// How many attempts are made in a row; at least one.
    pub attempts: u32,
    /// The longest time before the first attempt.
    pub first_delay: Duration,
    /// The longest time before any attempt.
    pub max_delay: Duration,
    /// No attempt begins later than this after the first; zero means no such limit.
    pub max_elapsed: Duration,
}

impl Reconnect {
    /// Ten attempts: the first within 10 ms, each within twice the time of the one before, at most
    /// 5 s; 60 s in all.
    pub const DEFAULT: Self = Self {
        attempts: 10,
        first_delay: Duration::from_millis(10),
        max_delay: Duration::from_secs(5),
        max_elapsed: Duration::from_secs(60),
    };

    /// How long to wait before the n-th attempt, which counts from 0.
    pub(crate) fn delay(&self, nth: u32) -> Duration {
        let backoff = Backoff {
            first_delay: self.first_delay.into(),
            max_delay: self.max_delay.into(),
        };
        backoff.delay(nth, fastrand::u32(..)).into()
    }
}

impl Default for Reconnect {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_their_limit_and_differ() {
        let reconnect = Reconnect {
            first_delay: Duration::from_millis(10),
            max_delay: Duration::from_millis(100),
            ..Reconnect::DEFAULT
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
            let delays: Vec<_> = (0..200).map(|_| reconnect.delay(nth)).collect();
            let longest = delays.iter().max().copied().unwrap_or_default();
            let limit = Duration::from_millis(limit);
            assert!(
                longest <= limit && longest > limit / 2,
                "{nth}: {longest:?}"
            );
        }
    }
}
