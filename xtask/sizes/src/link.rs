//! A pipeline over the socket: pumps, and connects again after a delay that doubles, with jitter.

use crate::{Net, random};
use respipe_core::pipeline::{State, Storage};
use respipe_core::{Duration, Instant, Pipeline};

/// The first delay and the longest, in milliseconds.
const FIRST: u32 = 250;
const LONGEST: u32 = 30_000;

/// When to connect again.
#[derive(Debug)]
pub struct Link {
    at: Instant,
    delay: u32,
}

impl Link {
    /// Connects at once.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            at: Instant::ZERO,
            delay: 0,
        }
    }

    /// One turn: moves bytes both ways, or connects if it is time. Poll events afterwards.
    pub fn turn<S: Storage>(&mut self, net: &mut Net, pipeline: &mut Pipeline<S>, now: Instant) {
        let socket = net.socket();
        if !socket.is_open() {
            pipeline.handle_link_lost();
            if self.at <= now && pipeline.state() == State::Down {
                let jitter = u64::from(random() % (self.delay + 1));
                self.at = now.after(Duration::from_millis(jitter));
                self.delay = (self.delay * 2).clamp(FIRST, LONGEST);
                net.connect();
            }
            return;
        }
        if socket.may_send() && pipeline.state() == State::Down {
            pipeline.open(now);
        }
        if pipeline.state() == State::Up {
            self.delay = 0;
        }
        while socket.can_recv() {
            let taken = socket.recv(|bytes| {
                let n = pipeline.handle_input(bytes, now);
                (n, n)
            });
            if !matches!(taken, Ok(1..)) {
                break;
            }
        }
        while socket.can_send() {
            let Some(bytes) = pipeline.poll_transmit() else {
                break;
            };
            let Ok(n @ 1..) = socket.send_slice(bytes) else {
                break;
            };
            pipeline.transmitted(n, now);
        }
        if !socket.may_recv() && pipeline.state() != State::Down {
            pipeline.handle_eof();
        }
        if pipeline.poll_timeout().is_some_and(|due| due <= now) {
            pipeline.handle_timeout(now);
        }
    }

    /// The pipeline has told of its end: so does the socket.
    pub fn ended(&mut self, net: &mut Net) {
        net.socket().abort();
    }
}

impl Default for Link {
    fn default() -> Self {
        Self::new()
    }
}
