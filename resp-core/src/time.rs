//! Time as an argument: microseconds from any origin that does not go backwards.

/// A point in time, in microseconds since an origin of the caller's choice.
///
/// 64 bits hold 584 000 years, so the type itself never wraps. A clock that goes backwards makes
/// time-outs late, nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Instant(u64);

/// A span of time in microseconds.
///
/// Not [`core::time::Duration`], whose conversions to microseconds go through 128-bit
/// arithmetic and cost flash on a 32-bit machine; `From` converts on hosts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Duration(u64);

impl Instant {
    /// The origin.
    pub const ZERO: Self = Self(0);

    /// The end of time: a deadline that never comes.
    pub const NEVER: Self = Self(u64::MAX);

    /// The last point before it.
    pub(crate) const LAST: Self = Self(u64::MAX - 1);

    /// A point `micros` microseconds after the origin.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// A point `millis` milliseconds after the origin.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// Microseconds since the origin.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// This point moved later by `span`; stops at the end of time.
    #[must_use]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub const fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// The span from `earlier` to this point; zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

impl Duration {
    /// No time; where a limit is asked for, zero means none.
    pub const ZERO: Self = Self(0);

    /// A span of `micros` microseconds.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// A span of `millis` milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// A span of `secs` seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000))
    }

    /// Microseconds.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Whether there is no time in it.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl From<core::time::Duration> for Duration {
    fn from(span: core::time::Duration) -> Self {
        Self(u64::try_from(span.as_micros()).unwrap_or(u64::MAX))
    }
}

impl From<Duration> for core::time::Duration {
    fn from(span: Duration) -> Self {
        Self::from_micros(span.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_the_same_on_both_sides_and_stop_at_the_end_of_time() {
        let span = Duration::from_millis(1_500);
        let there = core::time::Duration::from(span);
        assert_eq!(there, core::time::Duration::from_millis(1_500));
        assert_eq!(Duration::from(there), span);
        let longest = Duration::from(core::time::Duration::MAX);
        assert_eq!(longest.as_micros(), u64::MAX);
        assert_eq!(Instant::from_micros(1).after(longest).as_micros(), u64::MAX);
        assert!(Instant::ZERO.since(Instant::from_micros(1)).is_zero());
    }
}
