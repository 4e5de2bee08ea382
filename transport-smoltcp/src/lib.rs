//! Redis pipelining on bare metal: a main loop polls it, over a smoltcp TCP socket.
//!
//! ```text
//!   samples ----> Pipeline (tx ring, slots, rx) ----> events
//!                    ^ |
//!        handle_input | v poll_transmit            one copy each way, no buffer between
//!                   Link::poll                     connects, backs off, connects again
//!              recv ^ | send
//!                   | v
//!              smoltcp's socket <----> Interface::poll <----> Ethernet
//! ```
//!
//! The whole of a main loop:
//!
//! ```
//! use respipe_core::{Event, Instant, Pipeline, cmd};
//! use respipe_core::pipeline::Storage;
//! use respipe_smoltcp::{Link, Notice};
//! use smoltcp::iface::{Interface, SocketHandle, SocketSet};
//! use smoltcp::{phy::Device, socket::tcp};
//!
//! struct Board<'a, D> { device: D, iface: Interface, sockets: SocketSet<'a>, tcp: SocketHandle }
//!
//! /// One turn; returns when it wants to be called again, if no packet comes before.
//! fn turn<D: Device, S: Storage<Tag = u32>>(
//!     board: &mut Board<'_, D>,
//!     link: &mut Link<'_>,
//!     pipeline: &mut Pipeline<S>,
//!     now: Instant,
//!     random: u32,
//! ) -> Option<Instant> {
//!     let Board { device, iface, sockets, tcp } = board;
//!
//!     // 1. Packets, in and out.
//!     iface.poll(respipe_smoltcp::timestamp(now), device, sockets);
//!
//!     // 2. Bytes between the socket and the pipeline; connecting.
//!     let socket = sockets.get_mut::<tcp::Socket>(*tcp);
//!     if let Some(notice) = link.poll(now, socket, iface.context(), pipeline, random) {
//!         // A line for the log.
//!         let _ = notice;
//!     }
//!
//!     // 3. What became of the commands. An error is the link's: it has said so, or will.
//!     while let Ok(Some(event)) = pipeline.poll_event() {
//!         match event {
//!             Event::Reply { tag, reply } => { let _ = (tag, reply.error()); }
//!             Event::Ended { tag, fate } => { let _ = (tag, fate); }
//!             _ => {}
//!         }
//!     }
//!
//!     // 4. Whatever is to be said next. While the link is down it is refused, or kept: see `Resend`.
//!     let _ = pipeline.submit(&cmd("INCR").arg("turns"), 7, now);
//!
//!     // 5. Sleep until then, or until a packet comes.
//!     let stack = iface.poll_at(respipe_smoltcp::timestamp(now), sockets);
//!     let link = link.poll_at(now, sockets.get::<tcp::Socket>(*tcp), pipeline);
//!     [stack.map(respipe_smoltcp::instant), link].into_iter().flatten().min()
//! }
//! ```
//!
//! What it is not: a TCP/IP stack, a driver or a clock. It allocates nothing, has no `unsafe` and
//! no panic of its own.
#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap
)]

mod link;
mod notice;
mod pump;
mod settings;
mod time;

pub use link::Link;
pub use notice::{Lost, Notice};
pub use settings::Settings;
pub use time::{instant, timestamp};
