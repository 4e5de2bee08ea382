//! Redis pipelining without sockets, clocks or a heap.
//!
//! ```text
//!  application      submit(command, tag)              Event { tag, reply | fate }
//!                          |                                 ^
//!  Pipeline         [ tx bytes | slots ring ]  [ rx bytes | framer ]     no I/O in here
//!                          |                                 ^
//!                   poll_transmit                       recv_space
//!                          v                                 |
//!  a transport           write                              read          no RESP in there
//! ```
//!
//! - [`encode`]: commands as RESP arrays, their exact length known before a byte is written.
//! - [`decode`]: the [`Framer`], which finds where a reply ends, looking at each byte once.
//! - [`reply`]: what lies in a frame, borrowed and lazy, and its conversion into Rust types.
//! - [`session`]: what each command is owed and which commands change the session.
//! - [`login`]: the handshake that stands in front of everything the caller sends.
//! - [`pipeline`]: the state machine that joins them; transports move its bytes.
//! - [`telemetry`]: samples that wait for a link in the pipeline's ring, and are stored exactly once.
//! - [`reconnect`]: how long to wait before the next connection.
//!
//! The crate is `no_std`, has no `unsafe`, no panic path and, without the feature `alloc`, no
//! heap. What it is not: a client. The `respipe-*` transport crates are.
//!
//! # Features
//!
//! | feature | default | what it brings |
//! | --- | --- | --- |
//! | `session` | yes | commands that block, subscribe, open transactions or change the session otherwise; without it they are refused by name ([`session::Refusal`]). Asks for `pieces` |
//! | `pieces` | yes | what is larger than the buffers, in pieces: replies as tokens, commands longer than `tx`; without it such replies are skipped and such commands refused. Asks for `resp3` |
//! | `resp3` | yes | RESP3, which HELLO asks for; without it RESP2 is spoken, and its types alone are known. Asks for `login` |
//! | `login` | yes | the handshake: password, database, name ([`Login`]); without it a connection begins with the caller's first command |
//! | `alloc` | | storage on the heap, owned replies, `String` and `Vec`. Asks for `login` |
//! | `url` | | server URLs and settings, for hosts. Asks for `alloc` and `resp3` |
//! | `float` | | floating-point arguments and conversions |
//! | `heapless` | | owned replies and conversions in fixed capacity |
//! | `defmt` | | `defmt::Format` on public types |
//!
//! The ten promises of the pipeline hold with every set of them.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_possible_wrap
    )
)]
#![cfg_attr(
    not(feature = "session"),
    allow(dead_code, reason = "what is left out would have called it")
)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod decode;
pub mod encode;
mod kind;
pub mod login;
pub mod pipeline;
pub mod reconnect;
pub mod reply;
pub mod session;
pub mod telemetry;
pub mod time;
#[cfg(feature = "url")]
pub mod url;

pub use decode::{DecodeError, Frame, Framer};
pub use encode::{Command, cmd};
pub use kind::Kind;
pub use login::Login;
pub use pipeline::{Event, Fate, Pipeline};
pub use reply::{FromReply, Reply};
pub use time::{Duration, Instant};
