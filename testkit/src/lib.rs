//! Test tools of Respipe: servers that do as they are told and links that do not.
//!
//! | module | what it gives | over |
//! | --- | --- | --- |
//! | [`clock`] | a clock that is moved by hand | |
//! | [`chance`] | decisions from a seed, or from a fuzzer's bytes | |
//! | [`link`] | a link that splits, delays, blocks and cuts, and a driver over it | memory |
//! | [`conformance`] | the one suite that every transport passes | whatever the transport uses |
//! | [`process`] | a real `redis-server` or `valkey-server`, started for a test and gone with it | TCP, Unix socket, TLS |
//! | [`proxy`] | a link that delays, splits, throttles, stalls and cuts | TCP |
//! | [`scripted`] | a server that follows a script, and one that behaves as KeyDB does | TCP |
//! | [`server`] | a server in this process, good enough for hermetic tests and the demo | TCP |
//!
//! Everything listens on loopback only, holds a bounded amount of memory and ends when it is dropped. Nothing here is published.

pub mod chance;
pub mod clock;
pub mod conformance;
pub mod link;
pub mod process;
pub mod proxy;
pub mod scripted;
pub mod server;
mod skip;

pub use skip::skip;
