//! What Respipe's transports for hosts share, so that one URL, one option and one error mean the
//! same to each of them. Neither sockets nor tasks: those are `respipe-std`'s and `respipe-tokio`'s,
//! which hand on from here what their users need.
//!
//! ```text
//!   respipe-std        respipe-tokio
//!         \               /
//!          respipe-host          options, outcomes, errors, batches, TLS settings
//!                |
//!          respipe-core          the protocol; no std, no dependencies
//! ```
//!
//! ```
//! use respipe_host::Options;
//! let options = Options::from_url("redis://localhost?reply_timeout_ms=500")?.depth(64);
//! assert_eq!(options.tuning.sizes.depth, 64);
//! # Ok::<(), respipe_host::Error>(())
//! ```
#![forbid(unsafe_code)]

mod batch;
mod error;
mod options;
mod outcome;
mod pushes;
mod reconnect;
mod streamed;
#[cfg(feature = "tls")]
pub mod tls;
mod tune;
mod value;
mod vigil;

pub use batch::{Batch, BatchOutcomes};
pub use error::{Deadline, Error, Misuse};
pub use options::Options;
pub use outcome::Outcome;
pub use pushes::{Message, Push, Pushes};
pub use reconnect::{Attempts, Reconnect};
pub use streamed::{Streamed, Tags};
#[cfg(feature = "tls")]
pub use tls::Roots;
pub use tune::tune;
pub use value::value;
pub use vigil::Vigil;
