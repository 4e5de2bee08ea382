//! Real servers, started for a test and gone with it.
//!
//! ```no_run
//! use respipe_testkit::process;
//!
//! # fn main() -> std::io::Result<()> {
//! for binary in process::servers() {
//!     let server = process::Launch::new(&binary).start()?;
//!     println!("{} {} answers on {}", server.name(), server.version(), server.url());
//! } // killed here
//! # Ok(())
//! # }
//! ```
//!
//! A server listens on a free port of 127.0.0.1, writes nothing outside a temporary directory of its own, persists nothing unless
//! told to, and is ended through the handle of its own child process, never by name.

mod binary;
#[cfg(feature = "tls")]
mod certificates;
mod launch;
mod probe;
mod server;

pub use binary::{Binary, servers};
#[cfg(feature = "tls")]
pub use certificates::Certificates;
pub use launch::Launch;
pub use server::ServerProcess;
