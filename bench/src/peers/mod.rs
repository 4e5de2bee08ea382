//! The clients that are compared, one file each.

use crate::Result;
use crate::shared::{Handle, InRuntime, Pipelines, Session, Threads};
use crate::workload::{Tally, Workload};

mod floor;
mod floor_tokio;
mod fred;
#[cfg(hiredis)]
mod hiredis;
mod redis_rs;
mod redis_rs_tokio;
mod respipe;
mod respipe_tokio;
mod rustis;

/// Ours: among codecs, and the client that sends and receives command by command, `depth` at a time.
pub const OURS: &str = "respipe";

/// Ours with a list of `depth` commands, whose outcomes are the caller's to keep.
pub const OUR_BATCH: &str = "respipe-batch";

/// Ours with a window of `depth` that slides.
pub const OUR_STREAM: &str = "respipe-stream";

/// Ours on tokio: a client that tasks share, and its pipelines.
pub const OUR_TOKIO: &str = "respipe-tokio";

/// A connected client.
pub trait Client {
    /// Runs `count` commands, `depth` at a time: all of them sent, then all of their replies read, then the next ones.
    /// `count` is a multiple of `depth`.
    fn run(&mut self, workload: &Workload, depth: usize, count: usize) -> Result<Tally>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    Respipe,
    RespipeBatch,
    RespipeStream,
    RespipeTokio,
    RedisRs,
    RedisRsTokio,
    Fred,
    Rustis,
    Hiredis,
    Floor,
}

impl Peer {
    pub const ALL: [Peer; 10] = [
        Peer::Respipe,
        Peer::RespipeBatch,
        Peer::RespipeStream,
        Peer::RespipeTokio,
        Peer::RedisRs,
        Peer::RedisRsTokio,
        Peer::Fred,
        Peer::Rustis,
        Peer::Hiredis,
        Peer::Floor,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Peer::Respipe => OURS,
            Peer::RespipeBatch => OUR_BATCH,
            Peer::RespipeStream => OUR_STREAM,
            Peer::RespipeTokio => OUR_TOKIO,
            Peer::RedisRs => "redis-rs",
            Peer::RedisRsTokio => "redis-rs-tokio",
            Peer::Fred => "fred",
            Peer::Rustis => "rustis",
            Peer::Hiredis => "hiredis",
            Peer::Floor => "floor",
        }
    }

    pub fn named(name: &str) -> Option<Peer> {
        Peer::ALL.into_iter().find(|peer| peer.name() == name)
    }

    pub fn is_ours(self) -> bool {
        [OURS, OUR_BATCH, OUR_STREAM, OUR_TOKIO].contains(&self.name())
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

    /// Connects to a server on the loopback. Where a client wants to know beforehand how many
    /// commands are in flight at most, it is `depth`.
    pub fn connect(self, port: u16, depth: usize) -> Result<Box<dyn Client>> {
        match self {
            Peer::Respipe => Ok(Box::new(respipe::OneByOne::connect(port, depth)?)),
            Peer::RespipeBatch => Ok(Box::new(respipe::InBatches::connect(port, depth)?)),
            Peer::RespipeStream => Ok(Box::new(respipe::Streamed::connect(port, depth)?)),
            Peer::RespipeTokio => in_runtime::<respipe_tokio::RespipeTokio>(port, depth),
            Peer::RedisRs => Ok(Box::new(redis_rs::RedisRs::connect(port)?)),
            Peer::RedisRsTokio => in_runtime::<redis_rs_tokio::RedisRsTokio>(port, depth),
            Peer::Fred => in_runtime::<fred::Fred>(port, depth),
            Peer::Rustis => in_runtime::<rustis::Rustis>(port, depth),
            #[cfg(hiredis)]
            Peer::Hiredis => Ok(Box::new(hiredis::Hiredis::connect(port)?)),
            #[cfg(not(hiredis))]
            Peer::Hiredis => Err("hiredis is not built in".into()),
            Peer::Floor => Ok(Box::new(floor::Floor::connect(port)?)),
        }
    }

    /// The clients that many tasks can share.
    pub const SHARED: [Peer; 5] = [
        Peer::RespipeTokio,
        Peer::RedisRsTokio,
        Peer::Fred,
        Peer::Rustis,
        Peer::Floor,
    ];

    /// Connects one of [`Peer::SHARED`].
    pub fn share(self, port: u16, threads: Threads) -> Result<Box<dyn Session>> {
        match self {
            Peer::RespipeTokio => share::<respipe_tokio::RespipeTokio>(port, threads),
            Peer::RedisRsTokio => share::<redis_rs_tokio::RedisRsTokio>(port, threads),
            Peer::Fred => share::<fred::Fred>(port, threads),
            Peer::Rustis => share::<rustis::Rustis>(port, threads),
            Peer::Floor => share::<floor_tokio::FloorTokio>(port, threads),
            _ => Err(format!("{} cannot be shared by tasks", self.name()).into()),
        }
    }
}

fn in_runtime<P: Pipelines>(port: u16, depth: usize) -> Result<Box<dyn Client>> {
    Ok(Box::new(InRuntime::<P>::connect_deep(port, depth)?))
}

fn share<H: Handle>(port: u16, threads: Threads) -> Result<Box<dyn Session>> {
    Ok(Box::new(InRuntime::<H>::connect(port, threads)?))
}
