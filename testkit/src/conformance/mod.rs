//! The one suite that every transport passes.
//!
//! ```text
//!   Scenario --- actions ------> Subject (a transport's adapter) --- outcomes ---> compared
//!       |                           |   ^
//!       +------- exchanges ------> Actor (the server, over a fake link or a real socket) --- faults
//! ```
//!
//! A [`Scenario`] says what the application does, what the server answers and what the application must be told; what both sides
//! share is written once. [`run`] plays it over a [`Subject`]: whole, byte by byte, at seeded random splits and, where it is short,
//! at every split. What a transport cannot express is skipped, counted and printed.
//!
//! ```
//! use respipe_testkit::conformance::{PipelineAlone, Scenario, run};
//!
//! let mine = Scenario::new("a counter counts")
//!     .exchange(1, "INCR hits", ":1\r\n")
//!     .exchange(2, "INCR hits", ":2\r\n");
//! let report = run(&mut PipelineAlone, &[mine]);
//! assert!(report.failed.is_empty());
//! ```
//!
//! To run the suite over a transport, implement [`Harness`] and [`Subject`] in its tests and give [`run`] all of [`suite`]. A
//! transport with sockets of its own connects to a [`Host`].

mod host;
pub mod model;
mod outcome;
mod pipeline;
mod run;
mod scenario;
#[cfg(feature = "sockets")]
pub mod sockets;
mod stage;
mod subject;
mod suite;

pub use host::Host;
pub use outcome::Outcome;
pub use pipeline::{OverFakeLink, PipelineAlone, Told};
pub use run::{Report, run, run_side_by_side};
pub use scenario::{Action, Exchange, HELLO, Request, Scenario, Settings};
pub use stage::{Actor, Book, Stage};
pub use subject::{Harness, Order, Room, Subject, Unsupported};
pub use suite::suite;
