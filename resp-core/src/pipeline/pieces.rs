//! Commands that are fed in pieces: longer than `tx`, or with arguments that come bit by bit.
//!
//! Such a command holds the line until it is whole. Its bytes are freed as they leave, so it is
//! never sent again; giving it up after a part has left ends the connection.

use super::engine::{Engine, Memory};
use super::error::{PipelineError, Rejected, SubmitError};
use super::slot::Flags;
use super::storage::{Parts, Storage};
use super::{Pipeline, Ticket};
use crate::Instant;
use crate::encode::{Arguments, Cmd, Command, Decimal, Sink, Traits};
use crate::session::Class;

/// What is missing of the command that holds the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Held {
    /// Nothing: no command holds the line.
    Nothing,
    /// So many whole arguments.
    Arguments(usize),
    /// Bytes of an argument, and arguments behind it.
    Bytes { left: u64, arguments: usize },
    /// The encoding of a whole command, from this byte on.
    Encoding { done: usize, len: usize },
}

impl Held {
    #[inline]
    pub(crate) const fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    /// So many whole arguments are missing, maybe none.
    const fn arguments(n: usize) -> Self {
        match n {
            0 => Self::Nothing,
            n => Self::Arguments(n),
        }
    }

    /// The encoding goes on at `done`, unless it is whole.
    const fn encoding(done: usize, len: usize) -> Self {
        if done < len {
            Self::Encoding { done, len }
        } else {
            Self::Nothing
        }
    }
}

/// From the application: commands that are not whole when they are queued.
impl<S: Storage> Pipeline<S> {
    /// Queues the front of a command that has `more` further arguments, each announced with
    /// [`begin_argument`](Self::begin_argument) and fed with [`feed`](Self::feed). It holds the
    /// line until it is whole, is never sent again, and giving it up after a part has left ends
    /// the connection.
    ///
    /// # Errors
    /// As [`submit`](Self::submit); session-changing commands are refused.
    pub fn begin<L: Arguments>(
        &mut self,
        front: &Cmd<'_, L>,
        more: usize,
        tag: S::Tag,
        now: Instant,
    ) -> Result<Ticket, SubmitError<S::Tag>> {
        split!(self => mem, tags);
        let done = self.engine.begin(&mut mem, front, more, now);
        self.engine.keep_tag(tags, tag, done)
    }

    /// Announces the next argument of the command that [`begin`](Self::begin) queued: its length
    /// in bytes.
    ///
    /// # Errors
    /// [`Rejected::NoRoom`] until 23 bytes of `tx` are free; [`Rejected::LineHeld`] where no
    /// argument is due. Nothing has changed.
    pub fn begin_argument(&mut self, len: u64) -> Result<(), Rejected> {
        split!(self => mem, _tags);
        self.engine.begin_argument(&mut mem, len)
    }

    /// Feeds bytes of the announced argument; returns how many were taken, fewer when `tx` is
    /// full or the argument is whole.
    pub fn feed(&mut self, bytes: &[u8]) -> usize {
        split!(self => mem, _tags);
        self.engine.feed(&mut mem, bytes)
    }

    /// Queues the first bytes of a command that may be longer than `tx`; go on with
    /// [`continue_long`](Self::continue_long) while [`is_line_held`](Self::is_line_held).
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn submit_long<C: Command>(
        &mut self,
        command: &C,
        tag: S::Tag,
        now: Instant,
    ) -> Result<Ticket, SubmitError<S::Tag>> {
        split!(self => mem, tags);
        let done = self.engine.begin_long(&mut mem, command, now);
        self.engine.keep_tag(tags, tag, done)
    }

    /// Queues as much more of that same command as there is room for; whether it is whole now. One that turns out
    /// not to be as long as it said ends the connection.
    pub fn continue_long<C: Command>(&mut self, command: &C) -> bool {
        split!(self => mem, _tags);
        self.engine.continue_long(&mut mem, command)
    }
}

impl Engine {
    /// Queues the front of a command that is fed in pieces; `len` bytes of it were written.
    fn enqueue_pieces(
        &mut self,
        mem: &mut Memory<'_>,
        len: usize,
        words: usize,
        traits: Traits,
        now: Instant,
    ) -> Result<usize, Rejected> {
        let words = match traits.class {
            Class::Plain => None,
            Class::Special => Some((len, words)),
        };
        let seen = words.map(|(len, count)| self.words(mem, len, count));
        let checked = self.session.check_pieces(seen);
        checked.map_err(Rejected::Refused)?;
        let traits = Traits {
            replayable: false,
            ..traits
        };
        let nth = self.ring.len;
        let index = self.enqueue(mem, len, words, traits, now)?;
        let flags = Flags::PIECES.and(Flags::BOUND);
        self.ring.mark(nth, mem.slots, flags);
        self.flush();
        Ok(index)
    }

    /// Queues the front of a command and announces `more` arguments.
    pub(crate) fn begin<L: Arguments>(
        &mut self,
        mem: &mut Memory<'_>,
        command: &Cmd<'_, L>,
        more: usize,
        now: Instant,
    ) -> Result<usize, Rejected> {
        let len = command.prefix_len(more);
        self.check_room(mem, len)?;
        let mut sink = self.ring.sink(mem.tx, len);
        command.encode_prefix(more, &mut sink);
        if sink.room() != 0 || sink.overflowed() {
            return Err(Rejected::Inexact);
        }
        let words = command.argument_count().saturating_add(more);
        let index = self.enqueue_pieces(mem, len, words, command.traits(), now)?;
        self.held = Held::arguments(more);
        Ok(index)
    }

    /// Announces the next argument of the command that holds the line.
    pub(crate) fn begin_argument(
        &mut self,
        mem: &mut Memory<'_>,
        len: u64,
    ) -> Result<(), Rejected> {
        let Held::Arguments(arguments) = self.held else {
            return Err(Rejected::LineHeld);
        };
        let digits = Decimal::unsigned(len);
        let text = digits.as_bytes();
        let end: &[u8] = if len == 0 { b"\r\n\r\n" } else { b"\r\n" };
        let needed = text.len().saturating_add(end.len()).saturating_add(1);
        self.pass(mem);
        let free = self.ring.free(mem.tx.len());
        if needed > free {
            return Err(Rejected::NoRoom { needed, free });
        }
        let mut sink = self.ring.sink(mem.tx, needed);
        sink.put(b"$");
        sink.put(text);
        sink.put(end);
        self.ring.extend(mem.slots, needed);
        let arguments = arguments.saturating_sub(1);
        self.held = match len {
            0 => Held::arguments(arguments),
            left => Held::Bytes { left, arguments },
        };
        self.flush();
        Ok(())
    }

    /// Takes bytes of the argument that was announced; how many.
    pub(crate) fn feed(&mut self, mem: &mut Memory<'_>, bytes: &[u8]) -> usize {
        let Held::Bytes { left, arguments } = self.held else {
            return 0;
        };
        self.pass(mem);
        let free = self.ring.free(mem.tx.len());
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let mut taken = wanted.min(free);
        let mut whole = taken as u64 == left;
        if whole && free.wrapping_sub(taken) < 2 {
            // The CRLF goes with the last byte, so that a whole argument needs no further call.
            taken = taken.min(free.saturating_sub(2));
            whole = false;
        }
        let end: &[u8] = if whole { b"\r\n" } else { b"" };
        let total = taken.saturating_add(end.len());
        let mut sink = self.ring.sink(mem.tx, total);
        sink.put(bytes.get(..taken).unwrap_or_default());
        sink.put(end);
        self.ring.extend(mem.slots, total);
        self.held = match whole {
            true => Held::arguments(arguments),
            false => Held::Bytes {
                left: left.wrapping_sub(taken as u64),
                arguments,
            },
        };
        self.flush();
        taken
    }

    /// Queues the first bytes of a command that is longer than `tx`.
    pub(crate) fn begin_long<C: Command>(
        &mut self,
        mem: &mut Memory<'_>,
        command: &C,
        now: Instant,
    ) -> Result<usize, Rejected> {
        let len = command.encoded_len();
        // The guard has to see the name.
        self.check_room(mem, len.min(32).min(mem.tx.len()))?;
        let least = len.min(self.ring.free(mem.tx.len()));
        let mut sink = self.ring.sink(mem.tx, least);
        command.encode(&mut sink);
        if sink.room() != 0 || sink.overflowed() != (least < len) {
            return Err(Rejected::Inexact);
        }
        let words = command.argument_count();
        let index = self.enqueue_pieces(mem, least, words, command.traits(), now)?;
        self.held = Held::encoding(least, len);
        Ok(index)
    }

    /// Writes as much more of that command as there is room for; whether it is whole.
    pub(crate) fn continue_long<C: Command>(&mut self, mem: &mut Memory<'_>, command: &C) -> bool {
        let Held::Encoding { mut done, len } = self.held else {
            return true;
        };
        self.pass(mem);
        while done < len {
            let n = self.ring.free(mem.tx.len()).min(len.wrapping_sub(done));
            let (first, _) = self.ring.room(mem.tx, n);
            if first.is_empty() {
                break;
            }
            let n = first.len();
            let whole = done.wrapping_add(n) == len;
            let mut sink = Sink::window(done, first);
            command.encode(&mut sink);
            if sink.room() != 0 || sink.overflowed() == whole {
                // It is not as long as it said, and a part of it may have left.
                self.held = Held::Nothing;
                self.finish(PipelineError::GivenUp);
                return true;
            }
            self.ring.extend(mem.slots, n);
            done = done.wrapping_add(n);
        }
        self.flush();
        self.held = Held::encoding(done, len);
        done >= len
    }
}
