//! A sensor that is not there, and chance.

use respipe_core::{Duration, Instant};

use crate::board;
use crate::reading;

/// What is sent: a sequence number and a temperature.
#[derive(Clone, Copy, Debug, defmt::Format)]
pub struct Sample {
    /// Counts from 1, over resets too.
    pub sequence: u32,
    /// The temperature in thousandths of a degree Celsius.
    pub millidegrees: i32,
    /// When it was measured.
    pub taken: Instant,
}

/// A thermometer that measures at fixed times, and keeps what nobody has read.
#[derive(Debug)]
pub struct Sensor {
    next: Instant,
    period: Duration,
    samples: u32,
}

impl Sensor {
    /// A thermometer that gives a sample each `period` until so many have been made, before a reset
    /// or after; a period of zero gives the next whenever it is asked.
    #[must_use]
    pub const fn new(period: Duration, samples: u32, now: Instant) -> Self {
        Self {
            next: now,
            period,
            samples,
        }
    }

    /// The oldest sample that was due and not read.
    pub fn read(&mut self, now: Instant) -> Option<Sample> {
        let due = self.next_at().filter(|due| *due <= now)?;
        self.next = due.after(self.period);
        let sequence = board::next_sequence();
        Some(Sample {
            sequence,
            millidegrees: reading::millidegrees(sequence),
            taken: if self.period.is_zero() { now } else { due },
        })
    }

    /// When the next sample is due; `None` if there are no more.
    #[must_use]
    pub fn next_at(&self) -> Option<Instant> {
        (board::sequence() < self.samples).then_some(self.next)
    }
}

/// Chance, for simulations, jitter and port numbers; not for secrets. An xorshift generator.
#[derive(Debug)]
pub struct Random(u32);

impl Random {
    /// Chance that repeats with the seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        // Zero would stay zero.
        Self((seed ^ seed >> 32) as u32 | 1)
    }

    /// A number.
    pub fn draw(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }
}
