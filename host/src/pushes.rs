//! Pushes: what the server says to nobody in particular. A bounded queue that counts its losses.

use std::collections::VecDeque;

use respipe_core::{Frame, Reply};

/// A push that was received, in memory of its own.
#[derive(Clone, Debug)]
pub struct Push {
    bytes: Box<[u8]>,
    frame: Frame,
}

impl Push {
    /// What was pushed.
    #[must_use]
    pub fn reply(&self) -> Reply<'_> {
        Reply::new(&self.bytes, self.frame)
    }
}

/// Pushes that wait to be taken.
#[derive(Debug)]
pub struct Pushes {
    queue: VecDeque<Push>,
    capacity: usize,
    lost: u64,
}

impl Pushes {
    /// An empty queue for so many pushes.
    #[must_use]
    pub const fn new(capacity: usize) -> Self {
        Self {
            queue: VecDeque::new(),
            capacity,
            lost: 0,
        }
    }

    /// Keeps a push; the oldest gives way when there is no room.
    #[cold]
    pub fn add(&mut self, reply: Reply<'_>) {
        if self.queue.len() >= self.capacity {
            self.lost += 1;
            if self.queue.pop_front().is_none() {
                return;
            }
        }
        self.queue.push_back(Push {
            bytes: reply.as_raw().into(),
            frame: reply.frame(),
        });
    }

    /// The oldest push, if there is one.
    pub fn take(&mut self) -> Option<Push> {
        self.queue.pop_front()
    }

    /// How many gave way.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }
}
