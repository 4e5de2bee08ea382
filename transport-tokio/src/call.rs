//! One command, one reply: the future of a call.

use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use respipe_core::Command;
use respipe_core::pipeline::{Fate, Why};
use respipe_core::reply::OwnedReply;
use respipe_host::Error;
use tokio::time::Sleep;

use crate::hub::Shared;
use crate::pieces::Answered;

/// A call. Queued when it is first polled; dropping it withdraws the command if it has not begun to
/// leave, and lets its reply be swallowed otherwise.
pub(crate) struct Call<'c, C> {
    shared: &'c Shared,
    command: &'c C,
    way: Way,
    state: State,
    /// No longer than this, if anything.
    limit: Option<Pin<Box<Sleep>>>,
}

/// What a call does where there is no room.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// It waits in line.
    Waits,
    /// It is told so.
    Tries,
    /// It waits in line; it may change the session of all who share the connection.
    ForAll,
    /// It waits in line, also for all replies before its own, which is taken in pieces; nobody else
    /// sends anything meanwhile.
    Alone,
}

enum State {
    New,
    Waiting(u32),
    Over,
}

impl<'c, C: Command> Call<'c, C> {
    #[inline]
    pub(crate) const fn new(shared: &'c Shared, command: &'c C, way: Way) -> Self {
        Self {
            shared,
            command,
            way,
            state: State::New,
            limit: None,
        }
    }

    /// A call that ends when this time is over.
    pub(crate) fn within(mut self, limit: Duration) -> Self {
        self.limit = Some(Box::pin(tokio::time::sleep(limit)));
        self
    }

    /// The command.
    #[cfg(feature = "tracing")]
    pub(crate) const fn command(&self) -> &'c C {
        self.command
    }

    /// Whether it waits in line.
    #[cfg(feature = "tracing")]
    pub(crate) fn is_in_line(&self) -> bool {
        match self.state {
            State::Waiting(key) => self.shared.lock().is_in_line(key),
            _ => false,
        }
    }

    /// When it left the line.
    #[cfg(feature = "tracing")]
    pub(crate) fn left_line(&self) -> Option<tokio::time::Instant> {
        match self.state {
            State::Waiting(key) => self.shared.lock().calls.take_left_line(key),
            _ => None,
        }
    }

    /// As `poll`; `None` where the answer was delivered in pieces.
    pub(crate) fn poll_streamed(&mut self, cx: &mut Context<'_>) -> Answered {
        if let State::Waiting(key) = self.state
            && self.shared.lock().take_streamed(key)
        {
            self.state = State::Over;
            return Poll::Ready(Ok(None));
        }
        Pin::new(self).poll(cx).map_ok(Some)
    }

    /// Whether the caller's time is up.
    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        let limit = self.limit.as_mut();
        limit.is_some_and(|limit| limit.as_mut().poll(cx).is_ready())
    }

    /// The caller's time is up.
    fn expire(&mut self) -> Result<OwnedReply, Error> {
        let ended = match core::mem::replace(&mut self.state, State::Over) {
            State::Waiting(key) => self.shared.stir(|hub| hub.give_up(key)),
            _ => Err(Fate::NotSent),
        };
        ended.unwrap_or_else(|fate| {
            let fate = match fate {
                Fate::Unknown(_) => Fate::Unknown(Why::TimedOut),
                fate => fate,
            };
            Err(Error::Ended { fate, cause: None })
        })
    }
}

impl<C: Command> Future for Call<'_, C> {
    type Output = Result<OwnedReply, Error>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        match this.state {
            State::New => {
                let (command, way) = (this.command, this.way);
                let begun = this.shared.stir(|hub| match way {
                    Way::Waits => hub.begin(command, cx.waker(), true),
                    Way::Tries => hub.begin(command, cx.waker(), false),
                    Way::ForAll => hub.begin_for_all(command, cx.waker()),
                    Way::Alone => hub.begin_alone(command, cx.waker()),
                });
                match begun {
                    Ok(key) => {
                        this.state = State::Waiting(key);
                        match this.is_late(cx) {
                            true => Poll::Ready(this.expire()),
                            false => Poll::Pending,
                        }
                    }
                    Err(error) => {
                        this.state = State::Over;
                        Poll::Ready(Err(error))
                    }
                }
            }
            State::Waiting(key) => {
                let collected = this.shared.lock().collect(key, cx.waker());
                if collected.is_ready() {
                    this.state = State::Over;
                } else if this.is_late(cx) {
                    return Poll::Ready(this.expire());
                }
                collected
            }
            // Polled again after its end, which no executor does.
            State::Over => Poll::Pending,
        }
    }
}

impl<C> Drop for Call<'_, C> {
    fn drop(&mut self) {
        if let State::Waiting(key) = self.state {
            let _answer = self.shared.stir(|hub| hub.give_up(key));
        }
    }
}
