//! A transport over a fake link.

use respipe_core::pipeline::{PipelineError, Storage};
use respipe_core::{Event, Instant, Pipeline};

use super::{Link, Peer, Read};
use crate::clock::Clock;

/// Where pumping stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pumped {
    /// Nothing moves any more, at this time.
    Quiet {
        /// When something will: bytes arrive, the peer wakes, a time-out passes.
        wake: Option<Instant>,
    },
    /// The pipeline has told all and its connection has ended.
    Ended(PipelineError),
}

/// Moves a pipeline over a link, as a good transport would, until nothing moves: events first, then one write, the peer's turn, one
/// read into what room there is, one look at the timer. Writing never keeps it from reading.
///
/// # Panics
/// When the pipeline asks for a time-out again that has just been handled: a transport would spin.
pub fn pump<S: Storage, P: Peer>(
    pipeline: &mut Pipeline<S>,
    link: &mut Link<P>,
    now: Instant,
    mut on_event: impl FnMut(Event<'_, S::Tag>),
) -> Pumped {
    loop {
        let mut moved = false;
        loop {
            match pipeline.poll_event() {
                Ok(Some(event)) => {
                    on_event(event);
                    moved = true;
                }
                Ok(None) => break,
                Err(error) => return Pumped::Ended(error),
            }
        }
        if let Some(bytes) = pipeline.poll_transmit() {
            match link.write(bytes, now) {
                Ok(0) => {}
                Ok(n) => {
                    pipeline.transmitted(n, now);
                    moved = true;
                }
                Err(_) => {
                    pipeline.handle_link_lost();
                    moved = true;
                }
            }
        }
        moved |= link.turn(now);
        let room = pipeline.recv_space();
        if !room.is_empty() {
            let read = link.read(room, now);
            match read {
                Read::Bytes(n) => pipeline.recv_commit(n, now),
                Read::WouldBlock => {}
                Read::Eof => pipeline.handle_eof(),
                Read::Lost => pipeline.handle_link_lost(),
            }
            moved |= read != Read::WouldBlock;
        }
        if !moved {
            break;
        }
    }
    if pipeline.poll_timeout().is_some_and(|due| due <= now) {
        pipeline.handle_timeout(now);
        let again = pipeline.poll_timeout();
        assert!(
            again.is_none_or(|due| due > now),
            "the time-out of {again:?} was handled at {now:?} and has not passed"
        );
        return pump(pipeline, link, now, on_event);
    }
    let wakes = [link.wake(now), pipeline.poll_timeout()];
    Pumped::Quiet {
        wake: wakes.into_iter().flatten().min(),
    }
}

/// Pumps and moves the clock from one thing that happens to the next, up to `until`; whatever is due by then has happened.
///
/// # Panics
/// As [`pump`].
pub fn pump_until<S: Storage, P: Peer>(
    pipeline: &mut Pipeline<S>,
    link: &mut Link<P>,
    clock: &Clock,
    until: Instant,
    mut on_event: impl FnMut(Event<'_, S::Tag>),
) -> Pumped {
    loop {
        let pumped = pump(pipeline, link, clock.now(), &mut on_event);
        match pumped {
            Pumped::Quiet { wake: Some(wake) } if wake <= until => clock.advance_to(wake),
            Pumped::Quiet { .. } => {
                if clock.now() >= until {
                    return pumped;
                }
                clock.advance_to(until);
            }
            Pumped::Ended(_) => return pumped,
        }
    }
}
