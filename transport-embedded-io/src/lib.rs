//! Redis pipelining over `embedded-io`: for embassy-net, Wi-Fi and modem drivers, serial lines, TLS.
//!
//! ```text
//!   tasks, interrupts     client.submit(&command, tag)      |event, sent_before| …
//!                                   |                                ^
//!   Client              [ Pipeline behind a mutex, wakes the pump ]  |
//!                                   |                                |
//!   Pump::run            staging -> Write          Read -> staging --+     one task
//! ```
//!
//! - [`Client`]: what the application submits to, from any number of tasks. It lies in a static.
//! - [`Pump`]: moves the client's bytes over a connection that the caller has made, both ways at
//!   once, and waits between connections. It knows nothing of RESP, nor of sockets.
//! - [`blocking`]: one request at a time over blocking halves, where there is no executor.
//!
//! The crate is `no_std`, has no `unsafe` and no heap. What it is not: a way to connect. Sockets,
//! TLS and modems are made by those who know them; all that is asked for is the two halves.
//!
//! ```
//! use core::future::Future;
//! use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
//! use embedded_io_async::{Read, Write};
//! use respipe_core::pipeline::{Event, Inline};
//! use respipe_core::{Instant, cmd};
//! use respipe_embedded_io::{Client, Clock, Pump};
//!
//! struct Ticks;
//! impl Clock for Ticks {
//!     fn now(&self) -> Instant {
//!         Instant::from_micros(0) // embassy_time::Instant::now().as_micros()
//!     }
//!     async fn wait_until(&self, at: Instant) {
//!         core::future::pending().await // embassy_time::Timer::at(…).await
//!     }
//! }
//!
//! // Room for 1 KiB of commands, 256 bytes of replies, 16 commands in flight.
//! static REDIS: Client<CriticalSectionRawMutex, Inline<1024, 256, 16>, Ticks> =
//!     Client::new(Inline::new(), Ticks);
//!
//! # #[derive(Debug)] struct Down;
//! async fn redis_task<R: Read, W: Write, F: Future<Output = Result<(R, W), Down>>>(
//!     connect: impl Fn() -> F,
//!     random: fn() -> u32,
//! ) {
//!     let (mut read, mut write) = ([0; 256], [0; 256]);
//!     let mut pump = Pump::new(&REDIS, &mut read, &mut write);
//!     let mut on_event = |event: Event<'_, u32>, _| match event {
//!         Event::Reply { tag, reply } => { let _ = (tag, reply.as_i64()); }
//!         Event::Ended { tag, fate } => { let _ = (tag, fate); }
//!         _ => {}
//!     };
//!     loop {
//!         if let Ok((reader, writer)) = connect().await {
//!             pump.run(reader, writer, &mut on_event).await;
//!         }
//!         if !pump.pause(random(), &mut on_event).await {
//!             break;
//!         }
//!     }
//! }
//!
//! async fn some_other_task() {
//!     let _ = REDIS.submit(&cmd("INCR").arg("starts"), 1);
//! }
//! ```
#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

pub mod blocking;
mod client;
mod clock;
mod link;
mod pump;
mod turn;
mod waiters;

pub use client::Client;
pub use clock::Clock;
pub use pump::{End, Pump};

/// What `docs/embedded.md` shows compiles.
#[cfg(doctest)]
#[doc = include_str!("../../docs/embedded.md")]
mod guide {}
