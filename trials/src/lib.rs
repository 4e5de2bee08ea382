//! Faults, hostile servers and a soak, over every transport of Respipe.
//!
//! ```text
//!   tests/faults.rs  --+                    +-- std, tokio, smoltcp, embedded-io
//!   tests/hostile.rs --+--> Transport ------+
//!   src/main.rs (soak) +      flight: connect, send these, say what became of each, close
//!                                |
//!                        fault proxy, real or hostile server
//! ```
//!
//! A transport plugs in with one file in `transports` and a line in [`all`].

mod books;
mod flight;
mod transports;

pub use books::Books;
pub use flight::{End, Flight, Terms, Transport};
pub use transports::all;
