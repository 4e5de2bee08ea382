//! Streams of commands: the callers' tags of those in flight.

use std::collections::VecDeque;

/// How many commands went through a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streamed {
    /// Commands that were taken from the iterator; each has had its outcome.
    pub commands: u64,
}

/// Tags of the commands in flight, found by number. Outstanding commands lie close together, so
/// that a queue with holes is as small as the window. Numbers wrap.
#[derive(Debug)]
pub struct Tags<T> {
    tags: VecDeque<Option<T>>,
    first: u32,
}

impl<T> Tags<T> {
    /// No tags.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            tags: VecDeque::new(),
            first: 0,
        }
    }

    /// The number that the next tag will have.
    #[must_use]
    pub fn next_number(&self) -> u32 {
        #[expect(clippy::cast_possible_truncation, reason = "wraps as it should")]
        let len = self.tags.len() as u32;
        self.first.wrapping_add(len)
    }

    /// Keeps the tag of a command that was queued.
    pub fn push(&mut self, tag: T) {
        self.tags.push_back(Some(tag));
    }

    /// Takes the tag of the command that has ended.
    #[inline]
    pub fn take(&mut self, number: u32) -> Option<T> {
        let place = number.wrapping_sub(self.first) as usize;
        let tag = self.tags.get_mut(place)?.take();
        while let Some(None) = self.tags.front() {
            self.tags.pop_front();
            self.first = self.first.wrapping_add(1);
        }
        tag
    }

    /// Whether nothing is in flight.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty()
    }

    /// From the oldest command in flight to the youngest: how many there are, those between that
    /// have ended included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tags.len()
    }
}

impl<T> Default for Tags<T> {
    fn default() -> Self {
        Self::new()
    }
}
