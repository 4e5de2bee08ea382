//! One direction of a link.

use std::collections::VecDeque;

use respipe_core::{Duration, Instant};

use super::split::{Split, Splitter};

/// What one direction of a link does to its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// How many bytes the client writes, or reads, at a time.
    pub split: Split,
    /// How many bytes are held under way before the sender is pushed back: its send buffer and the receiver's in one.
    pub capacity: usize,
    /// How long a byte is under way.
    pub delay: Duration,
    /// Where the link ends.
    pub cut: Option<Cut>,
}

impl Line {
    /// A direction without faults.
    pub const PERFECT: Self = Self {
        split: Split::Whole,
        capacity: usize::MAX,
        delay: Duration::ZERO,
        cut: None,
    };
}

impl Default for Line {
    fn default() -> Self {
        Self::PERFECT
    }
}

/// The end of a link after a number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// So many bytes pass in this direction and not one more. Those to the server still reach it.
    pub after: u64,
    /// The client sees a broken link, at once; otherwise the end of the stream, after what the server had sent.
    pub lost: bool,
}

/// One direction of a link: bytes that were written and not yet read.
#[derive(Debug)]
pub(super) struct Wire {
    line: Line,
    splitter: Splitter,
    /// With the time from which they can be read.
    parcels: VecDeque<(Instant, VecDeque<u8>)>,
    held: usize,
    written: u64,
    read: u64,
    pub(super) blocked: bool,
}

impl Wire {
    pub(super) fn new(line: Line, seed: u64) -> Self {
        Self {
            line,
            splitter: Splitter::new(line.split, seed),
            parcels: VecDeque::new(),
            held: 0,
            written: 0,
            read: 0,
            blocked: false,
        }
    }

    /// Puts in as many bytes as there is room for; in pieces, if it is the client who writes.
    pub(super) fn write(&mut self, bytes: &[u8], now: Instant, in_pieces: bool) -> usize {
        let mut n = bytes.len().min(self.line.capacity - self.held);
        if in_pieces {
            n = n.min(self.left_until_cut(self.written));
            n = self.splitter.piece(n);
        }
        if self.blocked || n == 0 {
            return 0;
        }
        let due = now.after(self.line.delay);
        let taken = bytes[..n].iter().copied();
        match self.parcels.back_mut() {
            Some((last, parcel)) if *last == due => parcel.extend(taken),
            _ => self.parcels.push_back((due, taken.collect())),
        }
        self.held += n;
        self.written += n as u64;
        if in_pieces {
            self.splitter.passed(n);
        }
        n
    }

    /// Takes out bytes that have arrived; in pieces, if it is the client who reads.
    pub(super) fn read(&mut self, buffer: &mut [u8], now: Instant, in_pieces: bool) -> usize {
        if self.blocked {
            return 0;
        }
        let arrived: usize = self
            .parcels
            .iter()
            .take_while(|(due, _)| *due <= now)
            .map(|(_, parcel)| parcel.len())
            .sum();
        let mut n = arrived.min(buffer.len());
        if in_pieces {
            n = n.min(self.left_until_cut(self.read));
            n = self.splitter.piece(n);
            self.splitter.passed(n);
        }
        for place in &mut buffer[..n] {
            while self
                .parcels
                .front()
                .is_some_and(|(_, parcel)| parcel.is_empty())
            {
                self.parcels.pop_front();
            }
            if let Some((_, parcel)) = self.parcels.front_mut() {
                *place = parcel.pop_front().unwrap_or_default();
            }
        }
        if self.parcels.iter().all(|(_, parcel)| parcel.is_empty()) {
            self.parcels.clear();
        }
        self.held -= n;
        self.read += n as u64;
        n
    }

    fn left_until_cut(&self, passed: u64) -> usize {
        self.line.cut.map_or(usize::MAX, |cut| {
            usize::try_from(cut.after.saturating_sub(passed)).unwrap_or(usize::MAX)
        })
    }

    /// The cut, once so many bytes have passed.
    pub(super) fn cut_reached(&self, passed: u64) -> Option<Cut> {
        self.line.cut.filter(|cut| passed >= cut.after)
    }

    pub(super) fn clear(&mut self) {
        self.parcels.clear();
        self.held = 0;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.held == 0
    }

    pub(super) fn written(&self) -> u64 {
        self.written
    }

    pub(super) fn has_read(&self) -> u64 {
        self.read
    }

    /// When the next byte arrives that is not there yet.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        let later = self.parcels.iter().map(|(due, _)| *due);
        later.filter(|due| *due > now && !self.blocked).min()
    }
}
