//! The end of a connection, and the next one.
//!
//! ```text
//!   begin --alive--> a use of the connection --link dies--> fates --resend--> relink, goes on
//!     ^                                                       |
//!     +---- dead: relink where the options ask for it <-------+ never: the use is over
//! ```

use core::num::NonZeroU32;
use core::time::Duration;
use std::time;

use respipe_core::Instant;
use respipe_core::pipeline::{Event, Oversize, PipelineError, Resend, State};
use respipe_host::{Attempts, Error, Misuse};

use crate::connect;
use crate::connection::Connection;
use crate::trace::event;

/// After so long without a look at the connection, it is looked at before anything is sent.
const IDLE: respipe_core::Duration = respipe_core::Duration::from_secs(1);

/// What to do when the pipeline says that its connection has ended.
pub(crate) enum Ended {
    /// Poll on: another connection has begun, or fates are still to come.
    GoOn,
    /// Every command has its fate.
    Over(Error),
}

impl Connection {
    /// Makes sure that there is a connection which owes nothing to anybody but the caller that
    /// begins now: its number.
    pub(crate) fn begin(&mut self) -> Result<NonZeroU32, Error> {
        loop {
            if let Some(owner) = self.begin_by(None)? {
                return Ok(owner);
            }
        }
    }

    /// As [`begin`](Self::begin); `None` if there is no connection by then.
    pub(crate) fn begin_by(&mut self, until: Option<Instant>) -> Result<Option<NonZeroU32>, Error> {
        let pending = self.sequence.pending();
        if pending > 0 {
            return Err(Error::Misuse(Misuse::RepliesPending { pending }));
        }
        if self.pump.pipeline.is_line_held() {
            // A panic left a command half sent.
            self.pump.fail(Error::Pipeline {
                error: PipelineError::GivenUp,
                words: String::new(),
            });
        }
        if self.pump.pipeline.config().oversize == Oversize::Stream {
            // A panic left a reply read in part: the rest is nobody's.
            self.pump.give_up();
            self.set_oversize(Oversize::Skip);
        }
        let last = self.pump.now();
        if self.pump.tick().since(last) >= IDLE {
            self.look();
        }
        if let Some(dead) = self.dead.take() {
            if self.retry_at.is_none() {
                self.attempts = Attempts::default();
            }
            self.relink_or_die(dead, until)?;
        }
        while self.pump.pipeline.state() != State::Up {
            self.await_login(until)?;
            if self.pump.is_past(until) && self.pump.pipeline.state() != State::Up {
                return Ok(None);
            }
        }
        self.owner = self.owner.checked_add(1).unwrap_or(NonZeroU32::MIN);
        Ok(Some(self.owner))
    }

    /// Takes in what has come, without waiting: pushes, the end of the connection. A server that
    /// closed a connection in which nothing was going on is so noticed before anything is sent.
    pub(crate) fn look(&mut self) {
        let now = self.pump.tick();
        self.pump.turn(Some(now));
        loop {
            match self.pump.pipeline.poll_event() {
                Ok(Some(Event::Push(push))) => self.pushes.add(push),
                Ok(Some(_)) => {}
                Ok(None) => return,
                Err(error) => {
                    let cause = self.cause(error);
                    self.dead.get_or_insert(cause);
                    return;
                }
            }
        }
    }

    /// A turn while the server has not let us in, on a connection that was made again or RESET.
    #[cold]
    fn await_login(&mut self, until: Option<Instant>) -> Result<(), Error> {
        match self.pump.pipeline.poll_event() {
            Ok(Some(Event::Push(push))) => self.pushes.add(push),
            Ok(Some(_)) => {}
            Ok(None) => self.pump.turn(until),
            Err(error) => {
                let cause = self.cause(error);
                self.relink_or_die(cause, until)?;
            }
        }
        Ok(())
    }

    fn relink_or_die(&mut self, cause: Error, until: Option<Instant>) -> Result<(), Error> {
        let relinked = self.relink(cause, until);
        self.dead = relinked.clone().err();
        if self.dead.is_some() {
            self.cut = None;
        }
        relinked
    }

    /// What ended the connection; kept for `next_push` if subscriptions ended with it.
    fn cause(&mut self, error: PipelineError) -> Error {
        let cause = self.pump.cause(error);
        if self.pump.take_changed() {
            self.cut = Some(cause.clone());
        }
        cause
    }

    /// What to do when the pipeline says that its connection has ended.
    #[cold]
    pub(crate) fn ended(&mut self, error: PipelineError, until: Option<Instant>) -> Ended {
        if let Some(dead) = &self.dead {
            return Ended::Over(dead.clone());
        }
        let mut cause = self.cause(error);
        let resends = self.options.tuning.config.resend != Resend::Never;
        if resends && self.options.reconnect.is_some() {
            match self.relink(cause, until) {
                Ok(()) => return Ended::GoOn,
                Err(error) => cause = error,
            }
        }
        self.dead = Some(cause.clone());
        self.cut = None;
        if self.pump.pipeline.in_flight() > 0 {
            // They wait for a connection that will not come.
            self.pump.end_all();
            return Ended::GoOn;
        }
        Ended::Over(cause)
    }

    /// Opens the next stream, as the options ask for; `cause` is what ended the last connection.
    /// Where the next attempt is due behind `until`, the pipeline goes on saying that its
    /// connection has ended, and the next use goes on here.
    fn relink(&mut self, mut cause: Error, until: Option<Instant>) -> Result<(), Error> {
        let Some(reconnect) = self.options.reconnect else {
            return Err(cause);
        };
        if self.pump.vigil.take_logged_in() {
            self.attempts = Attempts::default();
        }
        loop {
            let now = self.pump.tick();
            let at = match self.retry_at.take() {
                Some(at) => at,
                None => match self.attempts.next(&reconnect, &cause, now) {
                    Some(delay) => now.after(delay.into()),
                    None => return Err(cause),
                },
            };
            let wake = until.map_or(at, |until| until.min(at));
            std::thread::sleep(wake.since(now).into());
            if wake < at {
                self.retry_at = Some(at);
                self.pump.tick();
                return Ok(());
            }
            event!(info, attempt = self.attempts.made(), "connecting again");
            let timeout = Duration::from(self.options.tuning.connect_timeout);
            let deadline = (!timeout.is_zero()).then(|| time::Instant::now() + timeout);
            match connect::open(&self.options, deadline) {
                Ok(stream) => {
                    self.pump
                        .open(stream, connect::remaining(deadline).ok().flatten());
                    return Ok(());
                }
                Err(error) => cause = error,
            }
        }
    }
}
