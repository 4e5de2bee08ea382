//! The ids of a stream's entries.

use crate::encode::{Argument, Sink};

/// The id of a stream's entry, `ms-seq`: a time in milliseconds and a number within it. Ids are
/// ordered, and a stream takes only those above its last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Id {
    /// Milliseconds, of whatever clock.
    pub ms: u64,
    /// Which one within the millisecond.
    pub seq: u64,
}

impl Id {
    /// Below all that a stream takes.
    pub const ZERO: Self = Self { ms: 0, seq: 0 };

    /// The lowest id at or after `clock_ms` that is above this one; `None` behind the very last.
    #[must_use]
    pub fn above(self, clock_ms: u64) -> Option<Self> {
        if clock_ms > self.ms {
            return Some(Self {
                ms: clock_ms,
                seq: 0,
            });
        }
        if let Some(seq) = self.seq.checked_add(1) {
            return Some(Self { ms: self.ms, seq });
        }
        let ms = self.ms.checked_add(1)?;
        Some(Self { ms, seq: 0 })
    }

    /// Reads `ms-seq`.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let dash = text.iter().position(|byte| *byte == b'-')?;
        let (ms, seq) = text.split_at_checked(dash)?;
        Some(Self {
            ms: digits(ms)?,
            seq: digits(seq.get(1..)?)?,
        })
    }
}

// One copy: each is read twice, and 64 bits are dear on a small machine.
#[inline(never)]
fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    let mut n: u64 = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        n = n.checked_mul(10)?.checked_add(u64::from(digit))?;
    }
    Some(n)
}

impl Argument for Id {
    fn text_len(&self) -> usize {
        let (ms, seq) = (self.ms.text_len(), self.seq.text_len());
        ms.wrapping_add(seq).wrapping_add(1)
    }

    fn write_text(&self, sink: &mut Sink<'_>) {
        self.ms.write_text(sink);
        b"-".write_text(sink);
        self.seq.write_text(sink);
    }
}

impl core::fmt::Display for Id {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}
