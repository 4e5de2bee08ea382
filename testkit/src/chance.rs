//! The decisions of a test that plays at random: drawn from a seed, or read from a fuzzer's bytes.

use core::ops::Range;

use fastrand::Rng;

/// A source of decisions. The same seed, or the same bytes, give the same decisions.
///
/// ```
/// use respipe_testkit::chance::Chance;
///
/// let mut read = Chance::of_bytes(&[7, 1]);
/// assert_eq!(read.usize(0..5), 2);
/// assert!(!read.is_over());
/// assert_eq!(read.choice(["left", "right"]), Some("right"));
/// assert!(read.is_over());
/// // Behind the last byte every decision is the first of its kind.
/// assert_eq!(read.usize(3..9), 3);
/// ```
#[derive(Clone, Debug)]
pub struct Chance<'a> {
    source: Source<'a>,
}

#[derive(Clone, Debug)]
enum Source<'a> {
    Seed(Rng),
    Bytes(&'a [u8]),
}

impl<'a> Chance<'a> {
    /// Decisions without end, drawn from a seed.
    #[must_use]
    pub fn of_seed(seed: u64) -> Self {
        Self {
            source: Source::Seed(Rng::with_seed(seed)),
        }
    }

    /// Decisions read from bytes: one byte for up to 256 possibilities, two for up to 65 536, eight beyond.
    #[must_use]
    pub fn of_bytes(bytes: &'a [u8]) -> Self {
        Self {
            source: Source::Bytes(bytes),
        }
    }

    /// Whether all bytes are read. A seed is never over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.source, Source::Bytes([]))
    }

    /// Whether the decisions are drawn from a seed.
    #[must_use]
    pub fn is_seed(&self) -> bool {
        matches!(self.source, Source::Seed(_))
    }

    /// Takes what bytes are left; none of a seed.
    pub fn rest(&mut self) -> &'a [u8] {
        match &mut self.source {
            Source::Seed(_) => &[],
            Source::Bytes(bytes) => core::mem::take(bytes),
        }
    }

    /// Takes up to `n` bytes as they stand; a seed makes them.
    pub fn bytes(&mut self, n: usize) -> Vec<u8> {
        match &mut self.source {
            Source::Seed(random) => (0..n).map(|_| random.u8(..)).collect(),
            Source::Bytes(bytes) => {
                let (taken, rest) = bytes.split_at(n.min(bytes.len()));
                *bytes = rest;
                taken.to_vec()
            }
        }
    }

    /// A number in this range, or its start where it is empty.
    pub fn u64(&mut self, range: Range<u64>) -> u64 {
        let span = range.end.saturating_sub(range.start);
        if span <= 1 {
            return range.start;
        }
        let drawn = match &mut self.source {
            Source::Seed(random) => random.u64(0..span),
            Source::Bytes(bytes) => {
                let width = match span {
                    ..=0x100 => 1,
                    0x101..=0x1_0000 => 2,
                    _ => 8,
                };
                let (taken, rest) = bytes.split_at(width.min(bytes.len()));
                *bytes = rest;
                let number = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
                taken.iter().fold(0, number) % span
            }
        };
        range.start + drawn
    }

    /// A number in this range.
    pub fn u32(&mut self, range: Range<u32>) -> u32 {
        self.u64(u64::from(range.start)..u64::from(range.end)) as u32
    }

    /// A number in this range.
    pub fn usize(&mut self, range: Range<usize>) -> usize {
        self.u64(range.start as u64..range.end as u64) as usize
    }

    /// Yes or no.
    pub fn bool(&mut self) -> bool {
        self.u64(0..2) == 1
    }

    /// One of these; `None` if there is none.
    pub fn choice<I>(&mut self, items: I) -> Option<I::Item>
    where
        I: IntoIterator<IntoIter: ExactSizeIterator>,
    {
        let mut items = items.into_iter();
        let place = self.usize(0..items.len());
        items.nth(place)
    }
}
