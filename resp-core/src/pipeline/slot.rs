//! What is kept of a command while it is outstanding: 16 bytes.

use crate::Instant;
use crate::session::Effect;

/// What is kept of an outstanding command, besides its tag: 16 bytes on every machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Slot {
    /// Bytes of the command that lie in `tx`, or did.
    pub(crate) len: u32,
    pub(crate) stamp: Stamp,
    /// Bytes that its reply is expected to have.
    pub(crate) hint: u32,
    /// Confirmations owed, where it is a subscription.
    pub(crate) owed: u16,
    pub(crate) effect: Effect,
    pub(crate) flags: Flags,
}

/// Facts about a command. One that no feature of this build sets has no bit, so that whoever asks for it
/// compiles to nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags(u8);

impl Flags {
    pub(crate) const NONE: Self = Self(0);
    /// May run again after everything behind it has run.
    pub(crate) const REPLAYABLE: Self = Self(1);
    /// Ended for the caller: the tag is gone.
    pub(crate) const GONE: Self = Self(2);
    /// Struck out: its bytes are stepped over, no reply is owed.
    pub(crate) const STRUCK: Self = Self(4);
    /// Owed no reply.
    pub(crate) const SILENT: Self = Self(8).when(cfg!(feature = "session"));
    /// Its last byte left on an earlier connection.
    pub(crate) const ATTEMPTED: Self = Self(16);
    /// Must not run on another connection than the one that it was submitted for.
    pub(crate) const BOUND: Self = Self(32);
    /// Fed in pieces: its bytes are freed as they leave.
    pub(crate) const PIECES: Self = Self(64).when(cfg!(feature = "pieces"));
    /// Its time is up; the caller is still to be told.
    pub(crate) const EXPIRED: Self = Self(128);

    #[inline]
    pub(crate) const fn has(self, any: Self) -> bool {
        self.0 & any.0 != 0
    }

    #[inline]
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    #[inline]
    pub(crate) const fn when(self, condition: bool) -> Self {
        if condition { self } else { Self::NONE }
    }
}

impl Slot {
    #[inline]
    pub(crate) const fn has(&self, any: Flags) -> bool {
        self.flags.has(any)
    }

    /// Whether the common paths may take it: one reply, which its caller waits for, and bytes that
    /// leave as they lie.
    #[inline]
    pub(crate) const fn is_even(&self) -> bool {
        const ODD: Flags = Flags::GONE
            .and(Flags::STRUCK)
            .and(Flags::SILENT)
            .and(Flags::PIECES)
            .and(Flags::EXPIRED);
        matches!(self.effect, Effect::Plain) && !self.has(ODD)
    }

    /// Bytes that count in the window of sent bytes.
    #[inline]
    pub(crate) const fn window_len(&self) -> u32 {
        if self.has(Flags::PIECES) { 0 } else { self.len }
    }
}

/// A point in time in 32 bits: units of 1 024 µs, wrapping after 50 days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stamp(u32);

impl Stamp {
    pub(crate) const ZERO: Self = Self(0);

    #[inline]
    pub(crate) const fn of(now: Instant) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "wraps, compared by subtraction"
        )]
        let stamp = (now.as_micros() >> 10) as u32;
        Self(stamp)
    }

    /// The first instant that is not before this stamp's, seen from `now`, less than 25 days
    /// away.
    pub(crate) fn instant(self, now: Instant) -> Instant {
        #[expect(clippy::cast_possible_wrap, reason = "a difference of wrapped numbers")]
        let ago = i64::from(Self::of(now).0.wrapping_sub(self.0) as i32);
        let unit = (now.as_micros() >> 10).wrapping_add(1);
        Instant::from_micros(unit.wrapping_add_signed(ago.wrapping_neg()) << 10)
    }
}

const _: () = assert!(size_of::<Slot>() == 16);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Duration;

    #[test]
    fn a_stamp_reads_back_within_a_unit_also_across_its_wrap() {
        let wrap = (1u64 << 42) - 5_000;
        for start in [0, 1_000_000, wrap, wrap + 4_999, 5 << 42] {
            for later in [0, 1, 1_024, 1_000_000, 86_400_000_000] {
                let then = Instant::from_micros(start);
                let now = then.after(Duration::from_micros(later));
                let read = Stamp::of(then).instant(now);
                assert!(
                    read >= then && read.since(then).as_micros() <= 1_024,
                    "{start} {later}"
                );
            }
        }
    }
}
