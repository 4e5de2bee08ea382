//! When to try again: exponential back-off with full jitter.

use core::time::Duration;

use respipe_core::Instant;
use respipe_core::reconnect::Backoff;

use crate::Error;

/// How a connection that has ended is made again.
///
/// Each attempt waits as [`Backoff`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reconnect {
    /// How many attempts are made in a row; at least one.
    pub attempts: u32,
    /// The longest time before the first attempt.
    pub first_delay: Duration,
    /// The longest time before any attempt.
    pub max_delay: Duration,
    /// No attempt is decided on later than this after the first, so that the last may begin
    /// `max_delay` later still; zero means no such limit.
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
    fn delay(&self, nth: u32) -> Duration {
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

/// Attempts in a row to connect again.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attempts {
    made: u32,
    since: Option<Instant>,
}

impl Attempts {
    /// How long to wait before the next attempt; `None` when it is time to give up. `cause` is what
    /// ended the last connection or attempt.
    pub fn next(&mut self, reconnect: &Reconnect, cause: &Error, now: Instant) -> Option<Duration> {
        let since = *self.since.get_or_insert(now);
        let nth = self.made;
        let limit = reconnect.max_elapsed;
        let late = !limit.is_zero() && now.since(since) > limit.into();
        if is_final(cause) || late || (nth > 0 && nth >= reconnect.attempts) {
            return None;
        }
        self.made += 1;
        Some(reconnect.delay(nth))
    }

    /// How many were made.
    #[must_use]
    pub const fn made(&self) -> u32 {
        self.made
    }
}

/// Whether trying again would give the same.
fn is_final(cause: &Error) -> bool {
    match cause {
        Error::Login(words) => {
            let code = words.split(' ').next().unwrap_or_default();
            matches!(code, "WRONGPASS" | "NOPERM" | "NOAUTH" | "NOPROTO")
        }
        Error::Url(_) => true,
        _ => false,
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
