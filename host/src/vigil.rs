//! What a transport notes of its link beside what the pipeline knows: deadlines of its own, and what
//! broke it.

use respipe_core::pipeline::{Heap, PipelineError, State, Storage as _};
use respipe_core::{Duration, Instant, Pipeline};

use crate::error::{Deadline, Error};

/// The watch over one link after the other: how long the server may take to let us in, for how long
/// it may take no bytes, and why the link ended.
///
/// Time is an argument, as in the pipeline.
#[derive(Clone, Debug)]
pub struct Vigil {
    write_timeout: Duration,
    /// Since when the server takes nothing.
    blocked_since: Option<Instant>,
    /// Until when the server must have let us in; whether it has.
    login_until: Option<Instant>,
    logged_in: bool,
    /// Bytes were received on this link.
    heard: bool,
    /// What broke the link.
    broken: Option<Error>,
}

impl Vigil {
    /// Before the first link. With a write time-out of zero the server may take nothing for ever.
    #[must_use]
    pub const fn new(write_timeout: Duration) -> Self {
        Self {
            write_timeout,
            blocked_since: None,
            login_until: None,
            logged_in: false,
            heard: false,
            broken: None,
        }
    }

    /// A fresh link, whose server has until then to let us in.
    pub fn begin(&mut self, login_until: Option<Instant>) {
        *self = Self {
            login_until,
            ..Self::new(self.write_timeout)
        };
    }

    /// The server takes no bytes now.
    pub fn blocked(&mut self, now: Instant) {
        self.blocked_since.get_or_insert(now);
    }

    /// The server took bytes, or there are none for it.
    pub const fn written(&mut self) {
        self.blocked_since = None;
    }

    /// Bytes were received.
    pub const fn heard(&mut self) {
        self.heard = true;
    }

    /// Notes whether the server has let us in.
    pub fn look(&mut self, state: State) {
        if state == State::Up {
            self.logged_in = true;
            self.login_until = None;
        }
    }

    /// Whether the server has let us in since the last time this was asked.
    pub const fn take_logged_in(&mut self) -> bool {
        core::mem::replace(&mut self.logged_in, false)
    }

    /// When [`overdue`](Self::overdue) will have something to say.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        let stuck = match self.write_timeout.is_zero() {
            true => None,
            false => self
                .blocked_since
                .map(|since| since.after(self.write_timeout)),
        };
        [stuck, self.login_until].into_iter().flatten().min()
    }

    /// Which deadline has passed, if one has.
    #[must_use]
    pub fn overdue(&self, now: Instant) -> Option<Error> {
        if self.login_until.is_some_and(|until| until <= now) {
            return Some(Error::TimedOut(Deadline::Connect));
        }
        let passed = self.due().is_some_and(|due| due <= now);
        passed.then_some(Error::TimedOut(Deadline::Write))
    }

    /// Keeps what broke the link; the first counts.
    pub fn break_with(&mut self, error: Error) {
        self.broken.get_or_insert(error);
    }

    /// What broke the link, if something did.
    #[must_use]
    pub const fn broken(&self) -> Option<&Error> {
        self.broken.as_ref()
    }

    /// What ended the link, in our words; `error` is the pipeline's view of it.
    #[must_use]
    pub fn cause<Tag>(&self, pipeline: &mut Pipeline<Heap<Tag>>, error: PipelineError) -> Error {
        let words = String::from_utf8_lossy(pipeline.last_words()).into_owned();
        match (error, &self.broken) {
            (PipelineError::LoginRefused, _) => Error::Login(words),
            // A server that closes with our bytes unread resets the connection.
            (PipelineError::LinkLost, Some(Error::Lost(_))) if !self.heard => {
                Error::ClosedAtOnce(error)
            }
            (PipelineError::LinkLost, Some(broken)) => broken.clone(),
            (PipelineError::Silence, _) => Error::TimedOut(Deadline::Silence),
            (PipelineError::Protocol(error), _) if error.offset == 0 => {
                let first = pipeline.storage_mut().parts().rx;
                let first = first.iter().take(16).copied().collect();
                Error::NotRedis { error, first }
            }
            (PipelineError::Eof, _) if !self.heard => Error::ClosedAtOnce(error),
            _ => Error::Pipeline { error, words },
        }
    }
}
