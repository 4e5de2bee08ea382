//! Commands and replies apart: send, flush, receive, in order.

use core::num::NonZeroU32;
use std::time;

use respipe_core::Command;
use respipe_core::pipeline::{Event, Fate, Rejected};
use respipe_host::{Error, Misuse, Outcome};

use crate::connection::Connection;
use crate::pump::{Offer, Tag};
use crate::relink::Ended;

/// Which commands of `send` are still to be received.
///
/// ```text
///   0 .. received ....... sent      indices; both wrap
///          | pending     |
/// ```
#[derive(Debug)]
pub(crate) struct Sequence {
    pub(crate) owner: NonZeroU32,
    sent: u32,
    received: u32,
    /// Fates that came before their turn: when a link dies, what will not be sent again ends at
    /// once, and what stands before it does not.
    early: Vec<(u32, Fate)>,
}

impl Sequence {
    pub(crate) const fn new(owner: NonZeroU32) -> Self {
        Self {
            owner,
            sent: 0,
            received: 0,
            early: Vec::new(),
        }
    }

    /// Commands that were sent and not received.
    pub(crate) const fn pending(&self) -> usize {
        self.sent.wrapping_sub(self.received) as usize
    }

    /// The tag of the next command to be sent.
    pub(crate) const fn next_tag(&self) -> Tag {
        Tag {
            owner: self.owner,
            index: self.sent,
        }
    }

    pub(crate) const fn note_sent(&mut self) {
        self.sent = self.sent.wrapping_add(1);
    }

    pub(crate) const fn note_received(&mut self) {
        self.received = self.received.wrapping_add(1);
    }

    /// Whether this is the command whose outcome is to be received next.
    pub(crate) fn is_next(&self, tag: Tag) -> bool {
        tag.owner == self.owner && tag.index == self.received
    }

    /// Keeps a fate whose turn has not come.
    pub(crate) fn keep(&mut self, tag: Tag, fate: Fate) {
        if tag.owner == self.owner {
            self.early.push((tag.index, fate));
        }
    }

    /// The fate whose turn has come, if it was kept.
    pub(crate) fn take_kept(&mut self) -> Option<Fate> {
        let place = self
            .early
            .iter()
            .position(|(nth, _)| *nth == self.received)?;
        let (_, fate) = self.early.swap_remove(place);
        Some(fate)
    }
}

impl Connection {
    /// Queues a command whose outcome [`receive`](Self::receive) will give. It leaves when the
    /// buffer is full, on [`flush`](Self::flush), and when `receive` waits.
    ///
    /// Writes if it must, and receives into the buffer while the server takes nothing; it never
    /// waits for its own caller.
    ///
    /// # Errors
    /// [`Misuse::WindowFull`] when as many commands are pending as there are slots (`depth`), or
    /// unread replies fill the receive buffer: the command was not queued. [`Error::Ended`] when
    /// the connection has ended, or ends because a part of a command longer than `tx_bytes` left
    /// before they filled it: the command was not queued, receive what is pending.
    pub fn send<C: Command>(&mut self, command: &C) -> Result<(), Error> {
        if self.sequence.pending() == 0 {
            self.sequence = Sequence::new(self.begin()?);
        } else {
            self.pump.stamp();
        }
        let mut emptied = false;
        loop {
            match self.pump.offer(command, self.sequence.next_tag()) {
                Offer::Taken => {
                    self.sequence.note_sent();
                    return Ok(());
                }
                Offer::Part => return self.send_rest(command),
                Offer::Later(Rejected::NoSlot) => return Err(self.window_full()),
                Offer::Later(_) if emptied => return Err(self.window_full()),
                Offer::Later(_) => emptied = !self.push_out()?,
                Offer::Never(Rejected::Closed) => {
                    return Err(Error::Ended {
                        fate: Fate::NotSent,
                        cause: self.pump.broken().map(Box::new),
                    });
                }
                Offer::Never(reason) => return Err(Error::Rejected(reason)),
            }
        }
    }

    /// The rest of a command that is longer than the buffer.
    fn send_rest<C: Command>(&mut self, command: &C) -> Result<(), Error> {
        let mut stuck = false;
        while self.pump.pipeline.is_line_held() && self.pump.offer_rest(command) != Offer::Taken {
            let free = self.pump.pipeline.tx_free();
            match self.push_out() {
                Ok(blocked) if !stuck => stuck = !blocked && self.pump.pipeline.tx_free() == free,
                _ => return Err(self.give_up_rest()),
            }
        }
        self.sequence.note_sent();
        Ok(())
    }

    /// Nobody would feed the rest while the caller receives: the command is not sent, and if a part
    /// of it has left, nothing else can be sent on this connection.
    #[cold]
    fn give_up_rest(&mut self) -> Error {
        let full = self.window_full();
        self.pump.give_up();
        match self.pump.is_alive() {
            true => full,
            false => Error::Ended {
                fate: Fate::NotSent,
                cause: Some(Box::new(full)),
            },
        }
    }

    /// Writes what may leave without waiting for the caller; whether the server took it only in
    /// part.
    fn push_out(&mut self) -> Result<bool, Error> {
        self.pump.pipeline.flush();
        self.pump.tick();
        let blocked = self.pump.write();
        if blocked {
            if !self.pump.has_room() {
                return Err(self.window_full());
            }
            self.pump.wait(true, None);
        }
        Ok(blocked)
    }

    fn window_full(&self) -> Error {
        Error::Misuse(Misuse::WindowFull {
            pending: self.sequence.pending(),
        })
    }

    /// Lets all that was sent leave, whatever the flush policy.
    ///
    /// # Errors
    /// [`Misuse::WindowFull`] when the server takes no more because unread replies fill the receive
    /// buffer; what ended the connection.
    pub fn flush(&mut self) -> Result<(), Error> {
        while self.push_out()? {}
        match self.pump.broken() {
            Some(broken) => Err(broken),
            None => Ok(()),
        }
    }

    /// The outcome of the oldest command that was sent and not received; waits for it if need be.
    ///
    /// # Errors
    /// [`Misuse::NothingPending`] when nothing that was sent is left to be received. When the
    /// connection has ended, each pending command has its outcome first; then what ended it.
    pub fn receive(&mut self) -> Result<Outcome<'_>, Error> {
        match self.receive_until(None)? {
            Some(outcome) => Ok(outcome),
            None => Err(Error::Misuse(Misuse::NothingPending)),
        }
    }

    /// As [`receive`](Self::receive), but waits no longer than until `deadline`, and for ever
    /// without one. `None` if the outcome is not there in time: it is still to be received. An
    /// attempt to connect again that is due may take its `connect_timeout` on top.
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    pub fn receive_until(
        &mut self,
        deadline: Option<time::Instant>,
    ) -> Result<Option<Outcome<'_>>, Error> {
        if self.sequence.pending() == 0 {
            if !self.pump.is_alive() {
                self.look();
            }
            return Err(match &self.dead {
                Some(dead) => dead.clone(),
                None => Error::Misuse(Misuse::NothingPending),
            });
        }
        let until = deadline.map(|deadline| self.pump.instant(deadline));
        loop {
            if let Some(fate) = self.sequence.take_kept() {
                self.sequence.note_received();
                return Ok(Some(Outcome::of_fate(fate)));
            }
            match self.pump.pipeline.poll_event() {
                Ok(Some(Event::Reply { tag, reply })) if self.sequence.is_next(tag) => {
                    let (raw, frame) = (reply.as_raw().as_ptr(), reply.frame());
                    let at = self.pump.place_of(raw);
                    self.sequence.note_received();
                    return Ok(Some(Outcome::Replied(self.pump.reply_at(at, frame))));
                }
                Ok(Some(Event::TooLarge {
                    tag,
                    kind,
                    bytes,
                    head,
                })) if self.sequence.is_next(tag) => {
                    self.head.clear();
                    self.head.extend_from_slice(head);
                    self.sequence.note_received();
                    let head = &self.head;
                    return Ok(Some(Outcome::TooLarge { kind, bytes, head }));
                }
                Ok(Some(Event::Ended { tag, fate })) => self.sequence.keep(tag, fate),
                Ok(Some(Event::Push(push))) => self.pushes.add(push),
                Ok(Some(_)) => {}
                Ok(None) => {
                    if self.pump.is_past(until) {
                        return Ok(None);
                    }
                    self.pump.pipeline.flush();
                    self.pump.turn(until);
                }
                Err(error) => match self.ended(error, until) {
                    Ended::GoOn if self.pump.is_past(until) => return Ok(None),
                    Ended::GoOn => {}
                    Ended::Over(cause) => {
                        // Every command has been told; this is only for a command that half left.
                        self.sequence.note_received();
                        return Err(cause);
                    }
                },
            }
        }
    }
}
