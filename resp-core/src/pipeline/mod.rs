//! The pipeline: one connection's state machine, without a socket, a clock or a heap.
//!
//! ```text
//!  application      submit(command, tag)              Event { tag, reply | fate }
//!                          |                                 ^
//!                   [ tx bytes | slots ring ]  [ rx bytes | framer ]
//!                          |                                 ^
//!  transport        poll_transmit                       recv_space
//! ```
//!
//! A driver is a pump: it reads into [`recv_space`](Pipeline::recv_space), writes from
//! [`poll_transmit`](Pipeline::poll_transmit), hands on what [`poll_event`](Pipeline::poll_event)
//! gives and arms one timer for [`poll_timeout`](Pipeline::poll_timeout).
//!
//! ```
//! use respipe_core::pipeline::{Event, Inline, Pipeline};
//! use respipe_core::{Instant, cmd};
//!
//! let now = Instant::ZERO;
//! let mut pipeline = Pipeline::new(Inline::<256, 256, 8>::new());
//! pipeline.open(now);
//! pipeline.submit(&cmd("SET").args(("key", 1)), 7, now).unwrap();
//!
//! let n = pipeline.poll_transmit().unwrap().len();     // … which the driver writes
//! pipeline.transmitted(n, now);
//! pipeline.handle_input(b"+OK\r\n", now);              // … which the driver has read
//!
//! let Some(Event::Reply { tag: 7, reply }) = pipeline.poll_event()? else { panic!() };
//! assert!(reply.is_ok());
//! # Ok::<(), respipe_core::pipeline::PipelineError>(())
//! ```

/// Splits storage into the engine's memory and the tags.
macro_rules! split {
    ($self:ident => $mem:ident, $tags:ident) => {
        let Parts {
            tx,
            rx,
            slots,
            tags: $tags,
        } = $self.storage.parts();
        let mut $mem = Memory { tx, rx, slots };
    };
}

mod config;
mod deadlines;
mod ending;
mod engine;
mod error;
mod event;
mod large;
#[cfg(feature = "login")]
mod login;
mod receive;
mod ring;
mod room;
mod rx;
mod slot;
mod storage;
mod submit;

#[cfg(not(feature = "pieces"))]
mod no_pieces;
#[cfg(not(feature = "pieces"))]
use no_pieces::{Held, Pieces};

#[cfg(feature = "pieces")]
mod pieces;
#[cfg(feature = "pieces")]
mod stream;
#[cfg(feature = "pieces")]
use {
    pieces::Held,
    stream::{Pieces, Told},
};

pub use config::{Config, Flush, Oversize, Resend, Window};
pub use error::{PipelineError, Rejected, SubmitError};
pub use event::{Event, Fate, Token, Why};
pub use slot::Slot;
pub use storage::{Borrowed, Inline, Parts, Sizes, Storage};
#[cfg(feature = "alloc")]
pub use storage::{Heap, LoginBuf};

use crate::decode::framer::Frame;
use crate::encode::Command;
use crate::{Instant, Reply};
use engine::{Engine, Link, Memory};
use receive::{Found, How};

/// A submitted command's name, for [`Pipeline::abandon`].
///
/// Sequence numbers wrap after 2^32 commands: a ticket is good for as long as its command has
/// not ended, and worthless afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Ticket {
    seq: u32,
    epoch: u32,
}

impl Ticket {
    /// Which connection was the last to be opened when the command was submitted; counts from 1.
    #[must_use]
    pub const fn epoch(self) -> u32 {
        self.epoch
    }
}

/// What a pipeline's connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum State {
    /// There is no connection. Commands may be queued if they would be sent later.
    Down,
    /// The handshake is under way: commands are queued.
    LoggingIn,
    /// Commands leave.
    Up,
    /// The link has ended; events tell what became of each command.
    Ending,
}

/// One connection's state machine.
///
/// The methods come in four groups:
///
/// | group | methods |
/// | --- | --- |
/// | look | [`state`](Self::state), [`in_flight`](Self::in_flight), [`tx_free`](Self::tx_free) … |
/// | from the network | [`open`](Self::open), [`recv_space`](Self::recv_space) and [`recv_commit`](Self::recv_commit), or [`handle_input`](Self::handle_input), [`handle_eof`](Self::handle_eof), [`handle_timeout`](Self::handle_timeout) |
/// | from the application | [`submit`](Self::submit), [`abandon`](Self::abandon), [`flush`](Self::flush), [`close`](Self::close) |
/// | to the outside | [`poll_transmit`](Self::poll_transmit) and [`transmitted`](Self::transmitted), [`poll_event`](Self::poll_event), [`poll_timeout`](Self::poll_timeout) |
///
/// Any order of calls is safe; a wrong order can only be slow. A good one, after anything
/// happened: poll events until there are none, transmit until there is nothing, then wait for
/// the socket or the time-out.
pub struct Pipeline<S> {
    engine: Engine,
    storage: S,
}

impl<S> Pipeline<S> {
    /// A pipeline over this memory, with the default [`Config`], without a connection.
    #[must_use]
    pub const fn new(storage: S) -> Self {
        Self {
            engine: Engine::new(),
            storage,
        }
    }
}

/// Sizes and states only: the buffers may hold secrets.
impl<S: Storage> core::fmt::Debug for Pipeline<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Pipeline")
            .field("state", &self.state())
            .field("epoch", &self.epoch())
            .field("in_flight", &self.in_flight())
            .field("unanswered", &self.unanswered())
            .field("sizes", &self.storage.sizes())
            .finish_non_exhaustive()
    }
}

/// Look.
impl<S: Storage> Pipeline<S> {
    /// What the connection is doing.
    #[must_use]
    pub const fn state(&self) -> State {
        match self.engine.link {
            Link::Down | Link::Failed => State::Down,
            Link::LoggingIn => State::LoggingIn,
            Link::Up => State::Up,
            Link::Ending | Link::Reaping => State::Ending,
        }
    }

    /// Commands that have been submitted and whose slot is not free again: those that have not
    /// ended, and those given up whose reply is still owed.
    #[must_use]
    pub const fn in_flight(&self) -> usize {
        self.engine.ring.len
    }

    /// Commands whose last byte has left and that are not answered.
    #[must_use]
    pub const fn unanswered(&self) -> usize {
        self.engine.ring.sent
    }

    /// Free bytes of `tx`: a command of so many bytes would find room.
    #[must_use]
    pub fn tx_free(&self) -> usize {
        self.engine.ring.free(self.storage.sizes().tx)
    }

    /// Free slots.
    #[must_use]
    pub fn slots_free(&self) -> usize {
        self.storage
            .sizes()
            .depth
            .saturating_sub(self.engine.ring.len)
    }

    /// Whether the server speaks RESP3, as far as is known.
    #[must_use]
    pub const fn is_resp3(&self) -> bool {
        self.engine.session.is_resp3()
    }

    /// Whether the session is as the handshake left it: no MULTI, WATCH, SELECT, SUBSCRIBE,
    /// CLIENT REPLY or their like has been submitted since, or it has been undone.
    #[must_use]
    pub const fn is_session_clean(&self) -> bool {
        self.engine.session.is_clean()
    }

    /// Whether a command that is fed in pieces holds the line.
    #[must_use]
    pub const fn is_line_held(&self) -> bool {
        !self.engine.held.is_nothing()
    }

    /// Which connection this is; counts from 1.
    #[must_use]
    pub const fn epoch(&self) -> u32 {
        self.engine.epoch
    }

    /// Pushes that were larger than `rx` and dropped; a `usize` of them are counted.
    #[must_use]
    pub const fn pushes_dropped(&self) -> u64 {
        self.engine.pushes_dropped as u64
    }

    /// The error that the server ended the link or the handshake with, its first 64 bytes (or as many as half of
    /// `rx`); empty if there was none since the connection was opened.
    #[must_use]
    pub fn last_words(&mut self) -> &[u8] {
        let words = self.engine.words.of(self.storage.parts().rx);
        words.get(..rx::EXCERPT).unwrap_or(words)
    }

    /// The settings.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.engine.config
    }

    /// Changes the settings. [`Resend::Replayable`] can be turned on only while nothing is in flight; otherwise
    /// [`Resend::NotSent`] holds until it is set again.
    pub fn configure(&mut self, config: Config) {
        self.engine.configure(config);
    }

    /// The memory.
    #[must_use]
    pub const fn storage(&self) -> &S {
        &self.storage
    }

    /// The memory, to change the login. Exchanging the memory itself loses what lies in it.
    pub const fn storage_mut(&mut self) -> &mut S {
        &mut self.storage
    }
}

/// From the network.
impl<S: Storage> Pipeline<S> {
    /// A fresh byte stream to a server is there: the handshake begins.
    ///
    /// What the end of the last connection left to be told must have been polled; otherwise it
    /// is told now, to nobody.
    pub fn open(&mut self, now: Instant) {
        // The login borrows the storage: it is asked before the memory is.
        {
            split!(self => mem, tags);
            while let Some(slot) = self.engine.end_untold(&mut mem) {
                tags.get_mut(slot).map(Option::take);
            }
        }
        let login = self.storage.login();
        self.engine.open(&login, now);
    }

    /// Where received bytes go; commit them with [`recv_commit`](Self::recv_commit). Empty when
    /// the memory is full: poll events before reading on.
    #[cfg_attr(target_pointer_width = "64", inline)]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub fn recv_space(&mut self) -> &mut [u8] {
        if matches!(
            self.engine.link,
            Link::Down | Link::Failed | Link::Ending | Link::Reaping
        ) {
            return &mut [];
        }
        let stuck = self.engine.hungry;
        self.engine.rx.room(self.storage.parts().rx, stuck)
    }

    /// Books `n` bytes that were received into [`recv_space`](Self::recv_space).
    #[inline]
    pub fn recv_commit(&mut self, n: usize, now: Instant) {
        if n > 0 {
            self.engine.hungry = false;
            self.engine.heard(now);
            self.engine.rx.commit(n, self.storage.parts().rx);
        }
    }

    /// Takes received bytes, for transports that hand them out in a closure; returns how many.
    /// Fewer than there are, when the memory is full: poll events, then hand over the rest.
    pub fn handle_input(&mut self, bytes: &[u8], now: Instant) -> usize {
        let n = rx::take(self.recv_space(), bytes);
        self.recv_commit(n, now);
        n
    }

    /// The server closed its side: what was received is still read, then the link ends.
    pub fn handle_eof(&mut self) {
        self.engine.end(PipelineError::Eof);
    }

    /// The transport lost the link: what was received is still read, then the link ends.
    pub fn handle_link_lost(&mut self) {
        self.engine.end(PipelineError::LinkLost);
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        split!(self => mem, _tags);
        self.engine.handle_timeout(&mut mem, now);
    }
}

/// From the application.
impl<S: Storage> Pipeline<S> {
    /// Queues a command: whole, or not at all.
    ///
    /// # Errors
    /// The tag and why: [`Rejected::is_temporary`] says whether to try again later. Neither
    /// bytes nor slot remain.
    #[inline]
    pub fn submit<C: Command>(
        &mut self,
        command: &C,
        tag: S::Tag,
        now: Instant,
    ) -> Result<Ticket, SubmitError<S::Tag>> {
        split!(self => mem, tags);
        let done = self.engine.submit(&mut mem, command, now);
        self.engine.keep_tag(tags, tag, done)
    }

    /// Ends a command here and now: its tag and its fate. One that has not begun to leave, nor
    /// been given out by [`poll_transmit`](Self::poll_transmit), is struck out; otherwise its
    /// reply will be swallowed when it comes. `None` if it has ended.
    pub fn abandon(&mut self, ticket: Ticket) -> Option<(S::Tag, Fate)> {
        split!(self => mem, tags);
        let (slot, fate) = self.engine.abandon(&mut mem, ticket.seq)?;
        Some((tags.get_mut(slot)?.take()?, fate))
    }

    /// Lets all that is queued leave, whatever the [`Flush`] policy.
    pub fn flush(&mut self) {
        self.engine.flush();
    }

    /// Takes no further commands. What is queued still leaves and is answered; the driver closes
    /// the link when [`in_flight`](Self::in_flight) is 0. [`open`](Self::open) undoes it, and
    /// [`reopen`](Self::reopen).
    pub fn close(&mut self) {
        self.engine.closing = true;
    }

    /// Takes commands again after a [`close`](Self::close), before there is a connection: they are
    /// kept as after a link that was lost.
    pub fn reopen(&mut self) {
        self.engine.closing = false;
    }
}

/// To the outside.
impl<S: Storage> Pipeline<S> {
    /// The next bytes to send, in one piece, or `None` if nothing may leave. Say how many left
    /// with [`transmitted`](Self::transmitted). They are not to be sent any more once an event has told that
    /// the link has ended.
    #[inline]
    pub fn poll_transmit(&mut self) -> Option<&[u8]> {
        if !self.engine.is_sending_commands() {
            return match cfg!(feature = "login") {
                true => self.transmit_login(),
                false => None,
            };
        }
        // Asked by every pump, again and again.
        if self.engine.ring.is_all_out() {
            return None;
        }
        self.transmit()
    }

    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn transmit(&mut self) -> Option<&[u8]> {
        split!(self => mem, _tags);
        self.engine.clear(&mut mem);
        let bytes = self.engine.ring.lend(mem.tx);
        (!bytes.is_empty()).then_some(bytes)
    }

    #[cold]
    fn transmit_login(&mut self) -> Option<&[u8]> {
        if matches!(self.engine.link, Link::LoggingIn) {
            let login = self.storage.login();
            self.engine.handshake.make(&login);
            self.engine.check_login();
        }
        match self.engine.link {
            Link::LoggingIn | Link::Up if self.engine.handshake.is_transmitting() => {
                Some(self.engine.handshake.rest())
            }
            Link::Up => self.transmit(),
            _ => None,
        }
    }

    /// Books the first `n` bytes that [`poll_transmit`](Self::poll_transmit) gave as gone. With 0
    /// the driver says that it will ask again before it sends any: what it was given can be
    /// withdrawn.
    #[cfg_attr(target_pointer_width = "64", inline)]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub fn transmitted(&mut self, n: usize, now: Instant) {
        if self.engine.handshake.is_transmitting() {
            self.engine.heard(now);
            self.engine.handshake.transmitted(n);
            return;
        }
        split!(self => mem, _tags);
        self.engine.transmitted(&mut mem, n, now);
    }

    /// What happened next: replies first, in order; then, if the link has ended, a fate for each
    /// command that ended with it, in submit order; then the error.
    ///
    /// # Errors
    /// What ended the connection; the same again until [`open`](Self::open). Every command has
    /// ended, but those that the next connection will send.
    #[inline]
    pub fn poll_event(&mut self) -> Result<Option<Event<'_, S::Tag>>, PipelineError> {
        let calm = self.engine.is_calm();
        if calm && self.engine.rx.is_empty() {
            return Ok(None);
        }
        self.next_event(calm)
    }

    // A small machine keeps the two questions above at their caller, and one copy of this.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn next_event(&mut self, calm: bool) -> Result<Option<Event<'_, S::Tag>>, PipelineError> {
        if calm {
            split!(self => mem, _tags);
            if let Some((slot, at, frame)) = self.engine.quick(&mut mem) {
                let Parts { rx, tags, .. } = self.storage.parts();
                let Some(tag) = tags.get_mut(slot).and_then(Option::take) else {
                    return Ok(None);
                };
                let reply = Reply::new(rx.get(at..).unwrap_or_default(), frame);
                return Ok(Some(Event::Reply { tag, reply }));
            }
        }
        let found = self.find()?;
        let Parts { rx, tags, .. } = self.storage.parts();
        Ok(event(found, rx, tags))
    }

    /// As [`poll_event`](Self::poll_event), for a driver that hands events on while they borrow the
    /// pipeline: beside the event `tell` gets, of a reply, whether its command
    /// [was sent before](Self::was_sent_before). Of other events that says nothing. Whether there was an event.
    ///
    /// # Errors
    /// As [`poll_event`](Self::poll_event).
    pub fn poll_event_with(
        &mut self,
        tell: impl FnOnce(Event<'_, S::Tag>, bool),
    ) -> Result<bool, PipelineError> {
        let found = self.find()?;
        let sent_before = self.was_sent_before();
        let Parts { rx, tags, .. } = self.storage.parts();
        let event = event(found, rx, tags);
        let told = event.map(|event| tell(event, sent_before));
        Ok(told.is_some())
    }

    /// The next event, past the handshake's answers.
    // Shared, it costs a small machine 32 bytes of stack.
    #[inline(always)]
    fn find(&mut self) -> Result<Found, PipelineError> {
        #[cfg_attr(
            not(feature = "login"),
            expect(clippy::never_loop, reason = "only the handshake's answers go round")
        )]
        loop {
            split!(self => mem, _tags);
            match self.engine.poll(&mut mem.again())? {
                #[cfg(feature = "login")]
                Found::Login(answer) => {
                    let login = self.storage.login();
                    self.engine.login_reply(&login, answer);
                }
                found => return Ok(found),
            }
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if nothing else happens.
    #[must_use]
    pub fn poll_timeout(&mut self) -> Option<Instant> {
        split!(self => mem, _tags);
        self.engine.poll_timeout(&mut mem)
    }
}

impl Engine {
    /// Keeps the tag of a command that found a slot, or gives it back.
    #[inline]
    fn keep_tag<Tag>(
        &self,
        tags: &mut [Option<Tag>],
        tag: Tag,
        done: Result<usize, Rejected>,
    ) -> Result<Ticket, SubmitError<Tag>> {
        match done {
            Ok(slot) => {
                if let Some(place) = tags.get_mut(slot) {
                    *place = Some(tag);
                }
                #[expect(clippy::cast_possible_truncation, reason = "wraps as it should")]
                let last = self.ring.len.wrapping_sub(1) as u32;
                Ok(Ticket {
                    seq: self.ring.seq.wrapping_add(last),
                    epoch: self.epoch,
                })
            }
            Err(reason) => Err(SubmitError { tag, reason }),
        }
    }
}

/// Makes an event of what the engine found. Every slot that it names has a tag.
#[inline]
fn event<'a, Tag>(found: Found, rx: &'a [u8], tags: &mut [Option<Tag>]) -> Option<Event<'a, Tag>> {
    let reply = |at: usize, frame: Frame| Reply::new(rx.get(at..).unwrap_or_default(), frame);
    let (slot, how) = match found {
        Found::Over { slot, how } => (slot, how),
        #[cfg(feature = "resp3")]
        Found::Push { at, frame } => return Some(Event::Push(reply(at, frame))),
        #[cfg(feature = "pieces")]
        Found::Piece(told) => return Some(Event::Token(told.token(rx))),
        _ => return None,
    };
    let tag = tags.get_mut(slot)?.take()?;
    Some(match how {
        How::Replied { at, frame } => Event::Reply {
            tag,
            reply: reply(at, frame),
        },
        How::Ended(fate) => Event::Ended { tag, fate },
        How::TooLarge { kind, bytes, head } => Event::TooLarge {
            tag,
            kind,
            bytes: bytes as u64,
            head: rx.get(..head).unwrap_or_default(),
        },
        #[cfg(feature = "pieces")]
        How::Streamed { bytes } => Event::Streamed {
            tag,
            bytes: bytes as u64,
        },
    })
}

#[cfg(test)]
mod tests;
