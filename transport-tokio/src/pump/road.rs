//! The way to the server: connecting, connecting again, giving up.
//!
//! ```text
//!   Connecting --opened--> Open --ends--> Waiting --delay--> Connecting
//!       |                   |               |
//!       |                   |               +---- no more attempts ----> Dormant --used--> Connecting
//!       +-------------------+---- no reconnection, or closed ----> Over
//! ```

use core::pin::Pin;
use core::task::{Context, Poll};
use std::sync::Arc;

use respipe_core::{Duration, Instant};
use respipe_host::{Attempts, Error, Options};
use tokio::time;

use super::Pump;
use crate::connect;
use crate::state::Connection;
use crate::stream::Stream;
use crate::trace::event;

/// A stream that is being opened.
type Opening = Pin<Box<dyn Future<Output = Result<Stream, Error>> + Send>>;

/// Where the way to the server is.
pub(super) enum Road {
    /// Until the next attempt.
    Waiting(Instant),
    Connecting(Opening),
    Open(Stream),
    /// Until the client is used again.
    Dormant,
    Over,
}

impl Road {
    pub(super) fn connect(options: &Options) -> Self {
        let timeout = core::time::Duration::from(options.tuning.connect_timeout);
        let deadline = (!timeout.is_zero()).then(|| time::Instant::now() + timeout);
        Self::Connecting(Box::pin(connect::open(options.clone(), deadline)))
    }

    /// Until when there is nothing to do.
    pub(super) const fn until(&self) -> Option<Instant> {
        match self {
            Self::Waiting(until) => Some(*until),
            _ => None,
        }
    }
}

impl Pump {
    /// Goes as far towards the server as can be gone now. The error is why an attempt failed.
    pub(super) fn travel(&mut self, cx: &mut Context<'_>) -> Result<(), Error> {
        if let Road::Waiting(until) = self.road {
            if self.shared.lock().tick() < until {
                return Ok(());
            }
            event!(info, attempt = self.attempts.made(), "connecting again");
            self.road = Road::connect(&self.options);
        }
        if matches!(self.road, Road::Dormant) && self.shared.lock().is_wanted() {
            self.attempts = Attempts::default();
            self.road = Road::connect(&self.options);
        }
        if let Road::Connecting(opening) = &mut self.road {
            let Poll::Ready(opened) = opening.as_mut().poll(cx) else {
                return Ok(());
            };
            self.road = Road::Open(opened?);
            self.inbox.clear();
            self.outbox.clear();
            let timeout = self.options.tuning.connect_timeout;
            let mut hub = self.shared.lock();
            let now = hub.tick();
            let until = (!timeout.is_zero()).then(|| now.after(timeout));
            self.vigil.begin(until);
            hub.pipeline.open(now);
        }
        if let (Road::Open(stream), true) = (&mut self.road, self.drained && !self.half_closed)
            && self.outbox.is_written()
        {
            // A server that does not answer it, or an error, ends with the time for closing.
            if let Poll::Ready(done) = stream.poll_shutdown(cx) {
                self.half_closed = true;
                if done.is_err() {
                    return Err(Error::Closed);
                }
            }
        }
        Ok(())
    }

    /// The connection, or an attempt to make one, ended. Why there will be no other, if so.
    pub(super) fn lost(&mut self, cause: Error) -> Option<Error> {
        event!(warn, error = %cause, "the connection ended");
        self.inbox.clear();
        self.outbox.clear();
        self.yielded = false;
        self.shared.lock().cause = Some(cause.clone());
        if self.first {
            self.road = Road::Over;
            return Some(cause);
        }
        let closing = self.shared.lock().closing;
        let delay = match &self.options.reconnect {
            Some(reconnect) if !closing => {
                let now = self.shared.lock().tick();
                self.attempts.next(reconnect, &cause, now)
            }
            _ => None,
        };
        let Some(delay) = delay else {
            if closing || self.options.reconnect.is_none() {
                self.finish(cause.clone());
                return Some(cause);
            }
            self.road = Road::Dormant;
            self.shared.lock().sleep();
            self.shared
                .state
                .send_replace(Connection::Dormant { cause });
            return None;
        };
        let mut hub = self.shared.lock();
        let until = hub.tick().after(Duration::from(delay));
        hub.lose();
        drop(hub);
        self.road = Road::Waiting(until);
        self.shared.state.send_replace(Connection::Down { cause });
        None
    }

    /// Nothing will be sent any more: every command gets its fate.
    pub(super) fn finish(&mut self, cause: Error) {
        self.road = Road::Over;
        let shared = Arc::clone(&self.shared);
        let mut hub = shared.lock();
        hub.over = Some(cause.clone());
        hub.end_all();
        hub.end_pushes();
        let woken = core::mem::take(&mut hub.calls.wake);
        drop(hub);
        for waker in woken {
            waker.wake();
        }
        shared.state.send_replace(Connection::Over { cause });
    }
}
