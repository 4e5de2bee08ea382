//! The clients that are compared, one file each.

use crate::Result;
use crate::workload::{Tally, Workload};

mod floor;
#[cfg(hiredis)]
mod hiredis;
mod redis_rs;
mod rustis;

/// Ours among clients and codecs: batches of `depth`, as the peers have them.
pub const OURS: &str = "respipe";

/// Ours with a window of `depth` that slides.
pub const OUR_STREAM: &str = "respipe-stream";

/// A connected client.
pub trait Client {
    /// Runs `count` commands, `depth` at a time: all of them sent, then all of their replies read, then the next ones.
    /// `count` is a multiple of `depth`.
    fn run(&mut self, workload: &Workload, depth: usize, count: usize) -> Result<Tally>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    RedisRs,
    Rustis,
    Hiredis,
    Floor,
}

impl Peer {
    pub const ALL: [Peer; 4] = [Peer::RedisRs, Peer::Rustis, Peer::Hiredis, Peer::Floor];

    pub fn name(self) -> &'static str {
        match self {
            Peer::RedisRs => "redis-rs",
            Peer::Rustis => "rustis",
            Peer::Hiredis => "hiredis",
            Peer::Floor => "floor",
        }
    }

    pub fn named(name: &str) -> Option<Peer> {
        Peer::ALL.into_iter().find(|peer| peer.name() == name)
    }

    /// Why it cannot take part, if it cannot.
    pub fn absent(self) -> Option<&'static str> {
        match self {
            Peer::Hiredis if cfg!(not(hiredis)) => {
                Some("not built: no hiredis here (Debian: libhiredis-dev)")
            }
            _ => None,
        }
    }

    /// Whether it allocates outside of Rust's global allocator, where it cannot be counted from inside.
    pub fn has_own_allocator(self) -> bool {
        self == Peer::Hiredis
    }

    /// Connects to a server on the loopback.
    pub fn connect(self, port: u16) -> Result<Box<dyn Client>> {
        match self {
            Peer::RedisRs => Ok(Box::new(redis_rs::RedisRs::connect(port)?)),
            Peer::Rustis => Ok(Box::new(rustis::Rustis::connect(port)?)),
            #[cfg(hiredis)]
            Peer::Hiredis => Ok(Box::new(hiredis::Hiredis::connect(port)?)),
            #[cfg(not(hiredis))]
            Peer::Hiredis => Err("hiredis is not built in".into()),
            Peer::Floor => Ok(Box::new(floor::Floor::connect(port)?)),
        }
    }
}
