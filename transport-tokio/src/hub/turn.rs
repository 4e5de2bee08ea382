//! What the pump does with each turn: events out, the line in, time.

use core::task::Waker;

use respipe_core::Instant;
use respipe_core::pipeline::{
    Event, Fate, Oversize, PipelineError, Rejected, Resend, State, Storage as _, SubmitError,
};
use respipe_host::Outcome;

use super::{Hub, share};
use crate::calls::{Ended, Tag};
use crate::metrics::Metrics;
use crate::pieces::Piece;

impl Hub {
    /// Hands on all that the pipeline has to tell. While a reply is taken in pieces, events are left
    /// to its caller.
    pub(crate) fn deliver(&mut self) -> Result<(), PipelineError> {
        if let Some(pieces) = &mut self.pieces {
            self.calls.wake.extend(pieces.take());
            return Ok(());
        }
        self.deliver_up_to_piece(&mut Vec::new()).map(|_piece| ())
    }

    /// Hands on what the pipeline has to tell until there is a piece of a reply, whose bytes go
    /// behind those of `kept`.
    pub(crate) fn deliver_up_to_piece(
        &mut self,
        kept: &mut Vec<u8>,
    ) -> Result<Option<Piece>, PipelineError> {
        loop {
            match self.pipeline.poll_event()? {
                Some(Event::Reply { tag, reply }) => {
                    self.counts.answered += u64::from(tag != Tag::PUMP);
                    if reply.kind().is_error() {
                        self.counts.error(reply);
                    }
                    self.calls.answered(tag, reply);
                }
                None => return Ok(None),
                Some(Event::TooLarge {
                    tag,
                    kind,
                    bytes,
                    head,
                }) => {
                    self.counts.answered += 1;
                    self.calls
                        .settle(tag, Outcome::TooLarge { kind, bytes, head });
                }
                Some(Event::Ended { tag, fate }) => {
                    let by_link = !matches!(self.pipeline.state(), State::Up | State::LoggingIn);
                    self.calls.ended(tag, Ended { fate, by_link });
                }
                Some(Event::Push(push)) => self.listeners.hear(push, &mut self.calls.wake),
                Some(Event::Streamed { tag, .. }) => {
                    self.counts.answered += 1;
                    self.calls.streamed(tag);
                }
                Some(Event::Token(token)) => {
                    self.alone = None;
                    if self.pieces.is_some() {
                        return Ok(Some(Piece::keep(token, kept)));
                    }
                }
            }
        }
    }

    /// Whether a caller takes replies in pieces, and nobody else events.
    pub(crate) fn take_pieces(&mut self, on: bool) {
        let mut config = *self.pipeline.config();
        config.oversize = match on {
            true => Oversize::Stream,
            false => Oversize::Skip,
        };
        self.pipeline.configure(config);
        self.pieces = on.then_some(None);
    }

    /// Leaves the events to the caller who is to take a reply in pieces, if there is one: its turn
    /// has come, or a new connection.
    pub(crate) fn hand_over(&mut self) {
        if let Some(key) = self.alone {
            self.take_pieces(true);
            self.pieces = Some(self.calls.waker(key));
        }
    }

    /// Nobody takes a reply in pieces any more.
    pub(crate) fn end_alone(&mut self) {
        self.alone = None;
        self.take_pieces(false);
        self.ring();
    }

    /// Lets those in line go as far as there is room.
    pub(crate) fn drain_line(&mut self) {
        loop {
            if self.is_alone() && !self.feeding {
                return;
            }
            let line = match self.holder {
                Some(_) => &mut self.ahead,
                None => &mut self.line,
            };
            let Some(head) = line.head() else {
                // When all is over nobody comes back to give the line up.
                if self.holder.is_some() && (self.releases || self.over.is_some()) {
                    self.holder = None;
                    self.releases = false;
                    continue;
                }
                return;
            };
            if self.feeding {
                // Not held any more: the link died, and the command has its fate.
                if self.pipeline.is_line_held() && !self.pipeline.continue_long(&head.command) {
                    return;
                }
                self.feeding = false;
                self.pass();
                continue;
            }
            let Some(tag) = head.tag else {
                self.pass();
                continue;
            };
            let down = !matches!(self.pipeline.state(), State::Up);
            let retained = down && self.pipeline.config().resend != Resend::Never;
            let alone = head.alone;
            if alone && (retained || self.pipeline.in_flight() > 0) {
                return;
            }
            let shared = head.for_all.then(|| share(&mut self.pipeline, false));
            let submitted = match self.pipeline.submit(&head.command, tag, head.since) {
                // A part would hold the line that the login needs first.
                Err(SubmitError {
                    reason: Rejected::TooLong { .. },
                    ..
                }) if !down => {
                    let begun = self.pipeline.submit_long(&head.command, tag, head.since);
                    self.feeding = begun.is_ok();
                    begun
                }
                submitted => submitted,
            };
            if let Some(shared) = shared {
                share(&mut self.pipeline, shared);
            }
            match submitted {
                Ok(ticket) => {
                    self.counts.sent += 1;
                    self.calls.left_line(tag);
                    // Of one that is fed, the caller cannot withdraw the rest: it stays `Queued`.
                    if !self.feeding {
                        self.calls.sent(tag, ticket);
                        self.pass();
                    }
                    if alone {
                        self.alone = Some(tag.key);
                        self.hand_over();
                    }
                }
                Err(SubmitError { reason, .. }) if reason.is_temporary() => return,
                Err(SubmitError {
                    reason: Rejected::TooLong { .. },
                    ..
                }) if down => return,
                Err(SubmitError { reason, .. }) => {
                    self.calls.left_line(tag);
                    match reason {
                        Rejected::Closed => {
                            let fate = Fate::NotSent;
                            let by_link = true;
                            self.calls.ended(tag, Ended { fate, by_link });
                        }
                        reason => self.calls.settle(tag, Outcome::Refused(Some(reason))),
                    }
                    self.pass();
                }
            }
        }
    }

    /// The turn of the first in line is over.
    fn pass(&mut self) {
        let line = match self.holder {
            Some(_) => &mut self.ahead,
            None => &mut self.line,
        };
        let holds = line.head().and_then(|head| head.holds);
        line.pop();
        if holds.is_some() {
            self.holder = holds;
            self.releases = false;
        }
        if let Some(key) = self.holder {
            self.calls.stir_run(key);
        }
    }

    /// Ends those in line whose time is up; when the next one's is.
    pub(crate) fn expire_line(&mut self) -> Option<Instant> {
        if self.reply_timeout.is_zero() {
            return None;
        }
        let mut next: Option<Instant> = None;
        for ahead in [true, false] {
            // What is being fed is timed by the pipeline.
            let fed = self.feeding && ahead == self.holder.is_some();
            loop {
                let line = match ahead {
                    true => &mut self.ahead,
                    false => &mut self.line,
                };
                let Some(since) = line.since() else {
                    break;
                };
                let due = since.after(self.reply_timeout);
                if due > self.now || fed {
                    next = Some(next.map_or(due, |next| next.min(due)));
                    break;
                }
                let (tag, holds) = line
                    .head()
                    .map_or((None, None), |head| (head.tag, head.holds));
                line.pop();
                if let Some(key) = if ahead { self.holder } else { holds } {
                    self.end_rest(key);
                }
                if let Some(tag) = tag {
                    self.calls.left_line(tag);
                    let fate = Fate::NotSent;
                    let by_link = false;
                    self.calls.ended(tag, Ended { fate, by_link });
                }
            }
        }
        next
    }

    /// When something is due that the pipeline or the line waits for.
    pub(crate) fn due(&mut self) -> Option<Instant> {
        let line = self.expire_line();
        [self.pipeline.poll_timeout(), line]
            .into_iter()
            .flatten()
            .min()
    }

    /// Nobody connects again for what waits: every command gets its fate.
    pub(crate) fn end_all(&mut self) {
        self.alone = None;
        if let Some(pieces) = self.pieces.take() {
            self.calls.wake.extend(pieces);
        }
        let config = *self.pipeline.config();
        let mut never = config;
        never.resend = Resend::Never;
        self.pipeline.configure(never);
        // What is retained waits for a connection that will not come.
        while self.deliver().is_ok() && self.pipeline.state() != State::Down {
            self.pipeline.handle_link_lost();
        }
        self.pipeline.open(self.now);
        self.pipeline.handle_link_lost();
        let _ended = self.deliver();
        // It has its fate.
        if core::mem::take(&mut self.feeding) {
            self.pass();
        }
        self.drain_line();
        self.wanted = false;
        self.pipeline.configure(config);
    }

    /// The attempts to connect have run out: nothing happens until someone uses the client.
    pub(crate) fn sleep(&mut self) {
        self.end_all();
        self.dormant = true;
        self.listeners.pause(&mut self.calls.wake);
    }

    /// Someone waits for what only a connection brings; the pump, if it has to be woken for that.
    pub(crate) fn revive(&mut self) -> Option<Waker> {
        self.wanted |= self.dormant;
        self.bell.clone().filter(|_| self.dormant)
    }

    /// There will be no further push.
    pub(crate) fn end_pushes(&mut self) {
        self.listeners.end(&mut self.calls.wake);
    }

    /// Whether someone wants a connection since the last attempts were given up.
    pub(crate) fn is_wanted(&mut self) -> bool {
        let wanted = core::mem::take(&mut self.wanted) || self.pipeline.in_flight() > 0;
        self.dormant &= !wanted;
        wanted
    }

    /// The connection ended, and another will be made: who cannot wait for it is told.
    pub(crate) fn lose(&mut self) {
        self.drain_line();
    }

    /// Bytes that wait in the pipeline to be sent, or to be answered where they are retained.
    pub(crate) fn tx_used(&self) -> usize {
        let all = self.pipeline.storage().sizes().tx;
        all.saturating_sub(self.pipeline.tx_free())
    }

    /// Whether the pump may ask the server whether it is still there: a transaction of the caller's
    /// is not to be disturbed.
    pub(crate) fn may_ping(&self, many: bool) -> bool {
        many || self.pipeline.is_session_clean() || self.greeting.is_subscriber()
    }

    pub(crate) fn metrics(&self) -> Metrics {
        Metrics {
            in_flight: self.pipeline.in_flight(),
            queued: self.waiting(),
            calls: self.calls.len(),
            sent: self.counts.sent,
            answered: self.counts.answered,
            errors: self.counts.errors.clone(),
            reconnects: self.counts.reconnects,
            abandoned: self.counts.abandoned,
            pushes_lost: self.listeners.lost() + self.pipeline.pushes_dropped(),
        }
    }
}
