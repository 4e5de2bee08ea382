//! Redis pipelining for programs that block: TCP, Unix sockets and TLS, full duplex on one thread.
//!
//! ```no_run
//! use respipe_std::{Connection, cmd};
//!
//! let mut redis = Connection::open("redis://localhost")?;
//!
//! // One command, one reply.
//! let visits: i64 = redis.call_to(&cmd("INCR").arg("visits"))?;
//!
//! // A million commands through a sliding window; each outcome with its tag.
//! let commands = (0..1_000_000).map(|n| (n, cmd("SET").arg(n).arg(visits)));
//! let mut stored = 0;
//! redis.stream(commands, |_n, outcome| stored += usize::from(outcome.is_ok()))?;
//! # Ok::<(), respipe_std::Error>(())
//! ```
//!
//! There are four ways to use a [`Connection`], over one pump:
//!
//! | way | what for |
//! | --- | --- |
//! | [`call`](Connection::call) | one command, one reply |
//! | [`send`](Connection::send), [`flush`](Connection::flush), [`receive`](Connection::receive) | commands and replies apart, in order |
//! | [`run`](Connection::run) of a [`Batch`] | a list that stays yours, with an outcome for each command by index |
//! | [`stream`](Connection::stream) | any number of commands at constant memory |
//!
//! A server's `-ERR …` is a reply and no failure of the connection. Where a connection ends, each
//! command ends with a fate that says whether it can have run: [`Outcome`].
//!
//! Features: `float` (`f64` as an argument and from a reply), `tls` (`rediss://`), `tracing`.
//!
//! A [`Connection`] is `Send`: any one thread at a time may use it. It is not for several threads
//! at once; for those there is a small [`Pool`].
#![forbid(unsafe_code)]

mod batch;
mod call;
mod connect;
mod connection;
mod pool;
mod pump;
mod pushes;
mod relink;
mod sequence;
mod sliding;
mod stream;
#[cfg(feature = "tls")]
mod tls;
mod trace;

pub use connection::{Closed, Connection};
pub use pool::{Pool, PoolError, Pooled};
pub use respipe_core as core;
pub use respipe_core::encode::{Command, cmd};
pub use respipe_core::pipeline::{Fate, Flush, Resend, Token, Why, Window};
pub use respipe_core::{Reply, template};
#[cfg(feature = "tls")]
pub use respipe_host::Roots;
pub use respipe_host::{
    Batch, BatchOutcomes, Deadline, Error, Message, Misuse, Options, Outcome, Push, Reconnect,
    Streamed,
};
pub use stream::{Descriptor, Duplex};

/// The README's program compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
