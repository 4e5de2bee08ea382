//! Redis pipelining for tokio: one connection, many callers, pipelined by itself.
//!
//! ```no_run
//! # async fn f() -> Result<(), respipe_tokio::Error> {
//! use respipe_tokio::{Client, cmd};
//!
//! let redis = Client::open("redis://localhost").await?;
//! let workers: Vec<_> = (0..256)
//!     .map(|n| {
//!         let redis = redis.clone();
//!         tokio::spawn(async move { redis.call_to::<i64, _>(&cmd("INCRBY").arg("sum").arg(n)).await })
//!     })
//!     .collect();
//! for worker in workers {
//!     println!("{:?}", worker.await);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A server's `-ERR …` is a reply and no failure of the connection. Where a connection ends, each
//! command ends with a fate that says whether it can have run: [`Error::Ended`], [`Outcome`].
#![forbid(unsafe_code)]

mod call;
mod calls;
mod client;
mod connect;
mod dedicated;
mod greeting;
mod hub;
mod line;
mod metrics;
mod pieces;
mod pump;
mod pushes;
mod run;
mod state;
mod stream;
mod subscriber;
mod trace;

pub use client::Client;
pub use dedicated::Dedicated;
pub use greeting::Topic;
pub use metrics::Metrics;
pub use pushes::PushStream;
pub use respipe_core as core;
pub use respipe_core::encode::{Command, cmd};
pub use respipe_core::pipeline::{Fate, Flush, Rejected, Resend, Token, Why, Window};
pub use respipe_core::reply::OwnedReply;
pub use respipe_core::{Reply, template};
#[cfg(feature = "tls")]
pub use respipe_host::Roots;
pub use respipe_host::{
    Batch, BatchOutcomes, Deadline, Error, Message, Options, Outcome, Push, Reconnect, Streamed,
};
pub use state::Connection;
pub use stream::Duplex;
pub use subscriber::Subscriber;
