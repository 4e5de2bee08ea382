//! One command, one reply: queued, collected, given up.

use core::task::{Poll, Waker};

use respipe_core::Command;
use respipe_core::pipeline::{Fate, Rejected, State, SubmitError, Why};
use respipe_core::reply::OwnedReply;
use respipe_host::Error;

use super::{Hub, PLACE, share};
use crate::calls::{Call, Ended, Tag};

impl Hub {
    /// Queues a command, in line if there is no room and its caller waits; its key.
    #[inline]
    pub(crate) fn begin<C: Command>(
        &mut self,
        command: &C,
        waker: &Waker,
        waits: bool,
    ) -> Result<u32, Error> {
        let tag = Tag {
            key: self.calls.next_key(),
            index: 0,
        };
        self.stamp();
        let reason = match self.is_free() {
            true => match self.pipeline.submit(command, tag, self.now) {
                Ok(ticket) => {
                    self.counts.sent += 1;
                    let waker = waker.clone();
                    return Ok(self.calls.insert(Call::Sent { waker, ticket }));
                }
                Err(SubmitError { reason, .. }) => reason,
            },
            false => Rejected::LineHeld,
        };
        let place = self.line_up(command, tag, reason, waits)?;
        let waker = waker.clone();
        Ok(self.calls.insert(Call::Queued { waker, place }))
    }

    /// Queues a command that changes the session for all who share the connection, in line if there is
    /// no room; its key.
    pub(crate) fn begin_for_all<C: Command>(
        &mut self,
        command: &C,
        waker: &Waker,
    ) -> Result<u32, Error> {
        let shared = share(&mut self.pipeline, false);
        let begun = self.begin(command, waker, true);
        share(&mut self.pipeline, shared);
        if let Ok(key) = begun
            && matches!(self.calls.find(key), Some(Call::Queued { .. }))
        {
            self.line.allow();
        }
        begun
    }

    /// Queues a command whose reply is taken in pieces: in line always, whose turns the pump gives;
    /// its key.
    pub(crate) fn begin_alone<C: Command>(
        &mut self,
        command: &C,
        waker: &Waker,
    ) -> Result<u32, Error> {
        let tag = Tag {
            key: self.calls.next_key(),
            index: 0,
        };
        self.stamp();
        self.wanted = true;
        let place = self.line_up(command, tag, Rejected::LineHeld, true)?;
        self.line.isolate();
        self.ring();
        let waker = waker.clone();
        Ok(self.calls.insert(Call::Queued { waker, place }))
    }

    /// Sends what each connection begins with, as far as there is room.
    pub(crate) fn greet(&mut self) {
        if self.greeting.is_over() || self.pipeline.state() != State::Up {
            return;
        }
        let shared = share(&mut self.pipeline, false);
        self.greeting.send(&mut self.pipeline, self.now);
        share(&mut self.pipeline, shared);
    }

    /// Lines up a command that found no room, for this reason.
    #[cold]
    pub(crate) fn line_up<C: Command>(
        &mut self,
        command: &C,
        tag: Tag,
        reason: Rejected,
        waits: bool,
    ) -> Result<u64, Error> {
        if let Some(over) = &self.over {
            return Err(Error::Ended {
                fate: Fate::NotSent,
                cause: Some(Box::new(over.clone())),
            });
        }
        match reason {
            Rejected::Closed => {
                self.wanted = true;
                return Err(Error::Ended {
                    fate: Fate::NotSent,
                    cause: self.cause.clone().map(Box::new),
                });
            }
            Rejected::TooLong { .. } => {}
            reason if reason.is_temporary() && waits => {}
            reason => return Err(Error::Rejected(reason)),
        }
        let line = match self.holder {
            Some(key) if key == tag.key => &mut self.ahead,
            _ => &mut self.line,
        };
        let needed = line.bytes() + line.len() * PLACE + command.encoded_len();
        if needed > self.waiting_bytes && !line.is_empty() {
            return Err(Error::LineFull {
                limit: self.waiting_bytes,
            });
        }
        line.push(command, tag, self.now).map_err(Error::Rejected)
    }

    /// What became of a call, if it has ended.
    #[inline]
    pub(crate) fn collect(&mut self, key: u32, waker: &Waker) -> Poll<Result<OwnedReply, Error>> {
        match self.calls.find(key) {
            Some(Call::Sent { waker: kept, .. } | Call::Queued { waker: kept, .. }) => {
                if !kept.will_wake(waker) {
                    kept.clone_from(waker);
                }
                Poll::Pending
            }
            _ => Poll::Ready(self.take(key)),
        }
    }

    /// Whether a call waits in line.
    #[cfg(feature = "tracing")]
    pub(crate) fn is_in_line(&mut self, key: u32) -> bool {
        matches!(self.calls.find(key), Some(Call::Queued { .. }))
    }

    /// Takes a call out whose answer was delivered in pieces; whether it was.
    pub(crate) fn take_streamed(&mut self, key: u32) -> bool {
        let streamed = matches!(self.calls.find(key), Some(Call::Streamed));
        if streamed {
            self.calls.remove(key);
        }
        streamed
    }

    fn take(&mut self, key: u32) -> Result<OwnedReply, Error> {
        match self.calls.remove(key) {
            Some(Call::Answered(reply)) => Ok(reply),
            Some(Call::TooLarge { kind, bytes }) => Err(Error::TooLarge { kind, bytes }),
            Some(Call::Rejected(reason)) => Err(Error::Rejected(reason)),
            Some(Call::Ended(ended)) => Err(self.error_of(ended)),
            // There is nothing else that a caller could find.
            _ => Err(Error::Ended {
                fate: Fate::Silent,
                cause: None,
            }),
        }
    }

    pub(crate) fn error_of(&self, ended: Ended) -> Error {
        let cause = self.cause().filter(|_| ended.by_link);
        Error::Ended {
            fate: ended.fate,
            cause: cause.map(Box::new),
        }
    }

    /// The caller gives up. What it would have got, if the call has ended; otherwise the fate of the
    /// command, which is withdrawn if it has not begun to leave.
    pub(crate) fn give_up(&mut self, key: u32) -> Result<Result<OwnedReply, Error>, Fate> {
        let unknown = Fate::Unknown(Why::Abandoned);
        let fate = match self.calls.find(key) {
            Some(call @ Call::Sent { .. }) => {
                let Call::Sent { ticket, .. } = *call else {
                    return Err(unknown);
                };
                match self.pipeline.abandon(ticket) {
                    Some((_, fate)) => {
                        self.calls.remove(key);
                        fate
                    }
                    None => {
                        *call = Call::Orphan;
                        unknown
                    }
                }
            }
            Some(Call::Queued { place, .. }) => {
                let place = *place;
                let fed = self.feeding && self.holder.is_none() && place == self.line.first();
                if fed || !self.line.withdraw(place) {
                    // A part of it has left: it goes on, for the sake of those who share the link.
                    if let Some(call) = self.calls.find(key) {
                        *call = Call::Orphan;
                    }
                    unknown
                } else {
                    self.calls.remove(key);
                    Fate::NotSent
                }
            }
            _ => return Ok(self.take(key)),
        };
        self.counts.abandoned += 1;
        Err(fate)
    }
}
