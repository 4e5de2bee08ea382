//! A link in memory that splits, delays, blocks and cuts, the same each time.
//!
//! ```text
//!   client --write--> [ up:   capacity, delay, cut ] ---> Peer
//!   client <--read--- [ down: capacity, delay, cut ] <--- its output
//! ```
//!
//! A [`Link`] joins a client and a [`Peer`], a server that is a function. Nothing in it waits: time is an argument, chance comes
//! from a seed. [`pump`] moves a [`Pipeline`](respipe_core::Pipeline) over it as a good transport would.
//!
//! ```
//! use respipe_core::pipeline::{Event, Inline, Pipeline};
//! use respipe_core::cmd;
//! use respipe_testkit::clock::Clock;
//! use respipe_testkit::link::{Conditions, Flow, Line, Link, Pumped, Split, pump};
//!
//! let server = |bytes: &[u8], out: &mut Vec<u8>| {
//!     // A server of one answer, for the last byte of each PING.
//!     out.extend(bytes.iter().filter(|byte| **byte == b'G').flat_map(|_| *b"+PONG\r\n"));
//!     Flow::Open
//! };
//! let byte_by_byte = Line { split: Split::Every(1), ..Line::PERFECT };
//! let mut link = Link::new(server, Conditions { up: byte_by_byte, down: byte_by_byte, ..Conditions::default() });
//!
//! let clock = Clock::new();
//! let mut pipeline = Pipeline::new(Inline::<64, 64, 4>::new());
//! pipeline.open(clock.now());
//! pipeline.submit(&cmd("PING"), 7, clock.now()).unwrap();
//! let mut answered = Vec::new();
//! let pumped = pump(&mut pipeline, &mut link, clock.now(), |event| {
//!     if let Event::Reply { tag, .. } = event {
//!         answered.push(tag);
//!     }
//! });
//! assert_eq!(pumped, Pumped::Quiet { wake: None });
//! assert_eq!(answered, [7]);
//! ```

mod peer;
mod pump;
mod split;
mod wire;

use respipe_core::Instant;

pub use crate::proxy::Direction;
pub use peer::{Flow, Peer};
pub use pump::{Pumped, pump, pump_until};
pub use split::{Split, Splitter};
pub use wire::{Cut, Line};

use wire::Wire;

/// What a link does to the bytes of both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// What the client sends.
    pub up: Line,
    /// What the server sends.
    pub down: Line,
    /// The peer reads nothing while what it has sent finds no room, as mini-redis and some proxies do. Redis itself queues its
    /// replies without bound and goes on reading.
    pub peer_stops_reading: bool,
    /// The seed of all chance.
    pub seed: u64,
}

/// A duplex link between a client, whose methods these are, and a peer.
#[derive(Debug)]
pub struct Link<P> {
    peer: P,
    up: Wire,
    down: Wire,
    stops_reading: bool,
    /// What the peer has sent and the wire has no room for.
    unsent: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The peer has not been told that there is a connection.
    New,
    Open,
    /// The server has ended its direction; what is under way still arrives.
    Closing,
    /// Nothing arrives any more.
    Lost,
}

/// What reading from a link came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// So many bytes, at least one.
    Bytes(usize),
    /// Nothing is there now.
    WouldBlock,
    /// The server closed its side, and all was read.
    Eof,
    /// The link is broken.
    Lost,
}

/// A write to a link that is broken: nothing of it was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkLost;

impl<P: Peer> Link<P> {
    /// A fresh connection to this peer.
    pub fn new(peer: P, conditions: Conditions) -> Self {
        Self {
            peer,
            up: Wire::new(conditions.up, conditions.seed),
            down: Wire::new(conditions.down, !conditions.seed),
            stops_reading: conditions.peer_stops_reading,
            unsent: Vec::new(),
            state: State::New,
        }
    }

    /// Writes as many of these bytes as go at once; 0 where the client must wait.
    ///
    /// # Errors
    /// The link is broken; nothing was taken.
    pub fn write(&mut self, bytes: &[u8], now: Instant) -> Result<usize, LinkLost> {
        match self.state {
            State::Lost => Err(LinkLost),
            State::Closing => Ok(0),
            State::New | State::Open => Ok(self.up.write(bytes, now, true)),
        }
    }

    /// Reads what is there.
    pub fn read(&mut self, buffer: &mut [u8], now: Instant) -> Read {
        if self.state == State::Lost {
            return Read::Lost;
        }
        match self.down.read(buffer, now, true) {
            0 if self.state == State::Closing && self.down.is_empty() => Read::Eof,
            0 => Read::WouldBlock,
            n => {
                if let Some(cut) = self.down.cut_reached(self.down.has_read()) {
                    self.end(cut);
                }
                Read::Bytes(n)
            }
        }
    }

    /// Lets the peer work: gives it what has arrived, takes what it sends. Whether anything moved.
    pub fn turn(&mut self, now: Instant) -> bool {
        let mut moved = false;
        if let (State::New | State::Open, Some(cut)) = (self.state, self.down.cut_reached(0)) {
            self.end(cut);
            return true;
        }
        if let State::New = self.state {
            self.state = State::Open;
            self.call(&[], now);
            moved = true;
        }
        moved |= self.send(now);
        if self.state != State::Open {
            return moved;
        }
        if self.peer.wake().is_some_and(|wake| wake <= now) {
            self.call(&[], now);
            moved = true;
        }
        let reads = self.unsent.is_empty() || !self.stops_reading;
        if self.state == State::Open && reads {
            let mut bytes = [0; 4096];
            let n = self.up.read(&mut bytes, now, false);
            if n > 0 {
                self.call(&bytes[..n], now);
                moved = true;
            }
        }
        moved |= self.send(now);
        let all_arrived = self.up.has_read() == self.up.written();
        let cut = self.up.cut_reached(self.up.written());
        if let (State::Open, true, Some(cut)) = (self.state, all_arrived, cut) {
            self.end(cut);
            moved = true;
        }
        moved
    }

    fn call(&mut self, bytes: &[u8], now: Instant) {
        match self.peer.receive(bytes, now, &mut self.unsent) {
            Flow::Open => {}
            Flow::Close => self.state = State::Closing,
            Flow::Reset => self.state = State::Lost,
        }
    }

    /// Puts what the peer has sent under way.
    fn send(&mut self, now: Instant) -> bool {
        let n = self.down.write(&self.unsent, now, false);
        self.unsent.drain(..n);
        n > 0
    }

    fn end(&mut self, cut: Cut) {
        if cut.lost {
            self.state = State::Lost;
        } else {
            self.state = State::Closing;
            if self.down.cut_reached(self.down.has_read()).is_some() {
                self.down.clear();
                self.unsent.clear();
            }
        }
    }

    /// Blocks a direction, or lets it go on: nothing is written to it nor read from it.
    pub fn block(&mut self, direction: Direction, blocked: bool) {
        match direction {
            Direction::ToServer => self.up.blocked = blocked,
            Direction::ToClient => self.down.blocked = blocked,
        }
    }

    /// Breaks the link, as a reset does.
    pub fn lose(&mut self) {
        self.state = State::Lost;
    }

    /// Closes it from the server's side; what it has sent arrives first.
    pub fn close(&mut self) {
        self.state = State::Closing;
    }

    /// How many bytes have left the client.
    #[must_use]
    pub fn left_client(&self) -> u64 {
        self.up.written()
    }

    /// How many bytes the client has received.
    #[must_use]
    pub fn reached_client(&self) -> u64 {
        self.down.has_read()
    }

    /// The peer.
    pub fn peer(&self) -> &P {
        &self.peer
    }

    /// The peer, to talk to.
    pub fn peer_mut(&mut self) -> &mut P {
        &mut self.peer
    }

    /// When something will happen by itself, seen from `now`.
    #[must_use]
    pub fn wake(&self, now: Instant) -> Option<Instant> {
        let peer = match self.state {
            State::New | State::Open => self.peer.wake(),
            State::Closing | State::Lost => None,
        };
        let wakes = [self.up.due(now), self.down.due(now), peer];
        wakes.into_iter().flatten().min()
    }
}
