//! How many bytes go at a time.

/// How a stream of bytes is cut into the pieces of single reads or writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Split {
    /// As many as there are.
    #[default]
    Whole,
    /// At most so many (at least one).
    Every(usize),
    /// No piece holds bytes from both sides of this offset.
    At(u64),
    /// Between one and so many, by the seed.
    Random(usize),
}

/// A [`Split`] under way. The same seed gives the same pieces.
#[derive(Clone, Debug)]
pub struct Splitter {
    split: Split,
    passed: u64,
    random: fastrand::Rng,
}

impl Splitter {
    /// A splitter before the first byte.
    #[must_use]
    pub fn new(split: Split, seed: u64) -> Self {
        Self {
            split,
            passed: 0,
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// How many of `ready` bytes go next: at least one, if there are any.
    pub fn piece(&mut self, ready: usize) -> usize {
        let most = match self.split {
            Split::Whole => usize::MAX,
            Split::Every(most) => most,
            Split::At(offset) => match offset.checked_sub(self.passed) {
                None | Some(0) => usize::MAX,
                Some(before) => usize::try_from(before).unwrap_or(usize::MAX),
            },
            Split::Random(most) => self.random.usize(1..=most.max(1)),
        };
        ready.min(most.max(1))
    }

    /// Books `n` bytes that went.
    pub fn passed(&mut self, n: usize) {
        self.passed += n as u64;
    }
}
