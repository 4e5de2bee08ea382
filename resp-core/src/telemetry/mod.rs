//! Telemetry: samples that wait for a link, and that are stored exactly once.
//!
//! ```text
//!   sample --> Series::next_id --> Outbox::push --> the pipeline's own ring --> link
//!                  ^                    | full: refuse, or drop the oldest
//!                  | last id            v
//!   XINFO STREAM --+              counts of what was not kept
//!
//!   reply --> Answer::of --> Answer::outcome(was_sent_before) --> Stored, Behind, Refused …
//! ```
//!
//! - [`Outbox`] keeps telemetry in the pipeline's ring while the link is down. There is no second
//!   buffer: with [`Resend::Replayable`](crate::pipeline::Resend) a command's bytes stay in `tx`
//!   until it is answered, and go out again, in order, on the next connection.
//! - [`Series`] makes the ids of a stream's entries on the device, always growing. The server
//!   refuses an id that is not above the stream's last, so that a sample which is sent a second
//!   time cannot be stored a second time.
//! - [`Answer`] and [`Outcome`] tell, from a reply and whether its command had been sent before,
//!   what became of the sample.
//!
//! ```
//! use respipe_core::pipeline::{Config, Event, Inline, Pipeline, Resend};
//! use respipe_core::telemetry::{Answer, Outbox, Outcome, Series, WhenFull};
//! use respipe_core::{Instant, encode::Template, template};
//!
//! const ADD: Template<2> = template!("XADD", "samples", _, "celsius", _).replayable();
//! const ASKED: u32 = 0;
//!
//! let now = Instant::ZERO;
//! let mut pipeline = Pipeline::new(Inline::<1024, 512, 16>::new());
//! pipeline.configure(Config { resend: Resend::Replayable, ..Config::DEFAULT });
//! let mut outbox = Outbox::new(WhenFull::DropOldest);
//! let mut series = Series::new();
//!
//! // At the start: where does the stream end? May be asked while there is no link yet.
//! series.ask(&mut pipeline, "samples", ASKED, now).unwrap();
//! # pipeline.open(now);
//! # let n = pipeline.poll_transmit().unwrap().len();
//! # pipeline.transmitted(n, now);
//! # pipeline.handle_input(b"*2\r\n$17\r\nlast-generated-id\r\n$6\r\n1000-7\r\n", now);
//!
//! // In the main loop:
//! let Some(Event::Reply { tag, reply }) = pipeline.poll_event()? else { panic!() };
//! match tag {
//!     ASKED => assert!(series.answered(&reply).is_ok()),
//!     sample => {
//!         let answer = Answer::of(&reply);
//!         let outcome = answer.outcome(pipeline.was_sent_before());
//!         assert!(outcome == Outcome::Stored, "{sample}: {outcome:?}");
//!     }
//! }
//!
//! // A sample; the clock may be wrong.
//! let clock_ms = 12;
//! let id = series.next_id(clock_ms).unwrap();
//! assert_eq!((id.ms, id.seq), (1000, 8));
//! outbox.push(&mut pipeline, &ADD.with((id, 21)), 1, now).unwrap();
//! # Ok::<(), respipe_core::pipeline::PipelineError>(())
//! ```
//!
//! # What exactly once needs
//!
//! - **One writer a stream.** Another one that writes a higher id makes the server refuse ours:
//!   [`Outcome::Behind`] where the sample is sent for the first time, which is seen and harmless;
//!   but a sample that is sent again is then taken for stored. Give each device its own stream.
//! - **In order, over one connection at a time**, as a pipeline does. Ids of samples pushed later
//!   must be higher: take the id when the sample is pushed.
//! - **A refusal that was lost.** The server refuses a sample (OOM, MISCONF, READONLY) and the
//!   reply is lost with the link, while a later sample was stored: the refused one, sent again, is
//!   taken for stored. Both must happen in one flight; a window of one command rules it out.
//! - **The server's own durability.** A server that is not told `appendonly yes` and
//!   `appendfsync always` forgets samples that it has acknowledged when it is killed.
//! - **No reply time-out**: it ends a sample whose fate is not known, where the link's silence
//!   limit would send it again. Leave
//!   [`reply_timeout`](crate::pipeline::Config::reply_timeout) at zero.
//! - **A server that loads its data** answers each sample with an error. With
//!   `ping` in its [`Login`](crate::Login) it is no connection until it has loaded.
//! - A reset of the device loses what was only in its memory, and never stores anything twice.

mod id;
mod outbox;
mod outcome;
mod series;
#[cfg(test)]
mod tests;

pub use id::Id;
pub use outbox::{Counts, Outbox, WhenFull};
pub use outcome::{Answer, Outcome};
pub use series::{Series, Unread};
