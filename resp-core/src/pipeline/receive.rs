//! What came from the network: whose reply is it?

use super::Pieces;
#[cfg(feature = "pieces")]
use super::Told;
use super::engine::{Engine, Link, Memory};
use super::error::PipelineError;
use super::event::Fate;
use super::large::{End, Large};
use super::rx::Span;
use super::slot::Flags;
use crate::Kind;
use crate::decode::framer::{Frame, Step};
use crate::decode::{DecodeError, DecodeErrorKind};
#[cfg(feature = "login")]
use crate::login::Answer;
use crate::session::{Effect, Settled};

/// How replies are read.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub(crate) enum Reading {
    /// Whole.
    Frames,
    /// The one under way is larger than `rx`, and is read in pieces.
    Pieces(Pieces),
    /// The same, and a push that stands between its elements comes next.
    Push(Pieces),
}

/// What `poll` found: ranges and slot indices, for the shell to make an event of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found {
    Nothing,
    /// The command of this slot is over.
    Over {
        slot: usize,
        how: How,
    },
    #[cfg(feature = "resp3")]
    Push {
        at: usize,
        frame: Frame,
    },
    /// A piece of the reply to the oldest command.
    #[cfg(feature = "pieces")]
    Piece(Told),
    /// An answer to the handshake; the shell hands the login to `login_reply` and polls again.
    #[cfg(feature = "login")]
    Login(Answer),
}

/// How a command is over.
#[derive(Clone, Copy, Debug)]
pub(crate) enum How {
    /// With a reply at `at` in `rx`.
    Replied { at: usize, frame: Frame },
    /// Without one.
    Ended(Fate),
    /// With one that was too large, of which so many bytes are kept at the front of `rx`.
    TooLarge {
        kind: Kind,
        bytes: usize,
        head: usize,
    },
    /// With one that was delivered in pieces.
    #[cfg(feature = "pieces")]
    Streamed { bytes: usize },
}

impl Found {
    const fn ended((slot, fate): (usize, Fate)) -> Self {
        let how = How::Ended(fate);
        Self::Over { slot, how }
    }
}

/// What a look at the received bytes came to.
pub(crate) enum Look {
    Found(Found),
    /// Nothing to tell, but the state has moved: look again.
    Moved,
    /// A frame is whole, at `at` in `rx`: whose is it? Where it is larger than `rx`, what lies there is what is
    /// kept of it.
    Whole {
        at: usize,
        frame: Frame,
        large: Option<Large>,
    },
}

impl Engine {
    /// Whether nothing is to be told but replies, each to the oldest command: what has expired or
    /// was given up is not even.
    #[inline]
    pub(crate) fn is_calm(&self) -> bool {
        matches!(self.link, Link::Up)
            && matches!(self.reading, Reading::Frames)
            && self.ring.is_even()
            && !self.handshake.is_owed()
    }

    /// The common case, alone, while it [is calm](Self::is_calm): a whole scalar that is no error,
    /// for a command that waits for it. `None` says nothing; [`poll`](Self::poll) decides.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn quick(&mut self, mem: &mut Memory<'_>) -> Option<(usize, usize, Frame)> {
        let (index, slot) = self.ring.sent_head(mem.slots)?;
        // All bytes of an even slot count in the window.
        let counts = (slot.len, slot.len, slot.hint);
        let at = self.rx.start;
        let frame = self.framer.quick(mem.rx.get(at..self.rx.end)?)?;
        self.rx.consume(frame.len);
        self.ring.pop_sent(counts, mem.slots.len(), mem.tx.len());
        // Where all is even, nothing has expired and nothing is fed in pieces.
        self.extra = 0;
        Some((index, at, frame))
    }

    #[inline(never)]
    pub(crate) fn poll(&mut self, mem: &mut Memory<'_>) -> Result<Found, PipelineError> {
        loop {
            let over = matches!(self.link, Link::Reaping | Link::Failed);
            if over && let Some(ended) = self.next_expired(mem) {
                return Ok(Found::ended(ended));
            }
            if matches!(self.link, Link::Reaping) {
                if let Some(ended) = self.reap(mem) {
                    return Ok(Found::ended(ended));
                }
                continue;
            }
            if let Some(found) = self.ended(mem) {
                return Ok(found);
            }
            let look = match (self.link, self.reading) {
                (Link::Failed, _) => return Err(self.error),
                (Link::Down, _) => Look::Found(Found::Nothing),
                (_, Reading::Frames) => self.frame(mem),
                (_, Reading::Pieces(_)) => self.read_pieces(mem),
                (_, Reading::Push(_)) => self.inner_push(mem),
            };
            let found = match look {
                // Replies that were received come before the time that is up.
                Look::Found(Found::Nothing) => {
                    return Ok(self.next_expired(mem).map_or(Found::Nothing, Found::ended));
                }
                Look::Found(found) => return Ok(found),
                Look::Moved => continue,
                Look::Whole { at, frame, large } => self.attribute(mem, at, frame, large),
            };
            if let Some(found) = found {
                return Ok(found);
            }
        }
    }

    /// Commands at the head that are owed no reply: struck and silent ones.
    #[inline]
    fn ended(&mut self, mem: &mut Memory<'_>) -> Option<Found> {
        while self.ring.len > 0 {
            let slot = *self.ring.slot(0, mem.slots)?;
            if !slot.has(Flags::STRUCK.and(Flags::SILENT)) {
                return None;
            }
            if !slot.has(Flags::STRUCK) && self.ring.sent == 0 {
                return None;
            }
            if slot.has(Flags::STRUCK) && self.ring.sent == 0 && self.ring.cleared > 0 {
                // Its bytes are on their way out.
                return None;
            }
            if slot.has(Flags::EXPIRED)
                && let Some(ended) = self.next_expired(mem)
            {
                return Some(Found::ended(ended));
            }
            let index = self.ring.index(0, mem.slots);
            self.pop(mem);
            if !slot.has(Flags::GONE) {
                return Some(Found::ended((index, Fate::Silent)));
            }
        }
        None
    }

    /// Frames what waits. A small machine has less stack if this is not a part of [`poll`](Self::poll).
    #[cfg_attr(target_pointer_width = "64", inline)]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn frame(&mut self, mem: &mut Memory<'_>) -> Look {
        let waiting = self.rx.waiting(mem.rx);
        if waiting.is_empty() {
            return self.starved();
        }
        match self.framer.step(waiting) {
            Ok(Step::Frame(frame)) => {
                let at = self.rx.start;
                self.rx.consume(frame.len);
                match core::mem::take(&mut self.given_up) {
                    0 => Look::Whole {
                        at,
                        frame,
                        large: None,
                    },
                    given_up => {
                        let bytes = given_up.saturating_add(frame.len);
                        self.large(mem, frame.kind, at, bytes, (End::Skipped, false))
                    }
                }
            }
            #[cfg(feature = "resp3")]
            Ok(Step::Inner { start, push }) => Look::Found(Found::Push {
                at: self.rx.start.wrapping_add(start),
                frame: push,
            }),
            Ok(Step::More) => self.cut_frame(mem),
            Err(error) => {
                let at = self.rx.consumed().wrapping_add(error.offset);
                self.broken(error.kind, at);
                Look::Moved
            }
        }
    }

    pub(crate) fn broken(&mut self, kind: DecodeErrorKind, offset: u64) {
        self.fail(PipelineError::Protocol(DecodeError { kind, offset }));
    }

    /// All that was received has been looked at.
    pub(crate) fn starved(&mut self) -> Look {
        match self.link {
            Link::Ending => {
                let refused = !self.handshake.is_ready() && self.words.len > 0;
                self.fail(if refused {
                    PipelineError::LoginRefused
                } else {
                    self.error
                });
                Look::Moved
            }
            _ => Look::Found(Found::Nothing),
        }
    }

    /// The frame at the front is not whole.
    fn cut_frame(&mut self, mem: &mut Memory<'_>) -> Look {
        self.hungry = true;
        if let Some(top) = self.framer.announced()
            && top.kind.is_bulk()
            && self.ring.sent > 0
        {
            let hint = self.ring.slot(0, mem.slots).map_or(0, |slot| slot.hint);
            let announced = usize::try_from(top.value).unwrap_or(usize::MAX);
            self.extra = announced.saturating_sub(hint as usize);
        }
        if !self.rx.is_full(mem.rx) {
            return self.starved();
        }
        let begins = self.given_up == 0;
        if (begins || self.framer.holds_push()) && self.rx.release() > 0 {
            // There is room yet: an earlier error makes it for this reply, and what is kept of this reply for a
            // push inside it.
            self.words = Span::NOTHING;
            return self.starved();
        }
        if begins && self.begin_pieces(mem) {
            return Look::Moved;
        }
        let (n, drops) = self.framer.give_up(self.rx.waiting_mut(mem.rx));
        if begins {
            // So that an error's code is known at the end.
            self.rx.keep(n, mem.rx);
        }
        self.pushes_dropped = self.pushes_dropped.saturating_add(usize::from(drops));
        self.given_up = self.given_up.saturating_add(n);
        self.rx.consume(n);
        if n > 0 && self.rx.is_full(mem.rx) {
            // No more than is kept was given up.
            return Look::Moved;
        }
        if n == 0 {
            // A buffer that is smaller than it may be keeps nothing.
            self.rx.release();
        }
        self.starved()
    }

    /// Whose is this frame? `None` if the state moved.
    #[cfg_attr(target_pointer_width = "64", inline)]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn attribute(
        &mut self,
        mem: &mut Memory<'_>,
        at: usize,
        frame: Frame,
        large: Option<Large>,
    ) -> Option<Found> {
        let head = self.head(mem);
        let bytes = mem.rx.get(at..).unwrap_or_default();
        let text = Span {
            at: at.wrapping_add(frame.body),
            len: frame.len.saturating_sub(frame.body).saturating_sub(2),
        };
        #[cfg(feature = "login")]
        if self.handshake.is_owed() && !frame.kind.is_push() {
            return self.login_answer(mem, frame.kind, text);
        }
        if frame.kind.is_error() && (head.is_none() || is_farewell(text.of(mem.rx))) {
            self.words = text;
            self.fail(PipelineError::Farewell);
            return None;
        }
        let settled = match large {
            None => self.session.settle(head, bytes, frame),
            Some(large) => {
                let kept = bytes.get(..large.telling).unwrap_or_default();
                let last = mem.rx.get(large.last..self.rx.start).unwrap_or_default();
                self.session.settle_cut(head, kept, frame, last)
            }
        };
        match settled {
            #[cfg(feature = "resp3")]
            Settled::Push if large.is_none() => Some(Found::Push { at, frame }),
            #[cfg(feature = "resp3")]
            Settled::Push => {
                self.pushes_dropped = self.pushes_dropped.saturating_add(1);
                None
            }
            _ if head.is_none() => {
                self.fail(PipelineError::Unexpected(frame.kind));
                None
            }
            settled => {
                let (slot, gone) = self.answer(mem, settled);
                let how = match large {
                    None => How::Replied { at, frame },
                    Some(large) => large.how(frame.kind),
                };
                (!gone).then_some(Found::Over { slot, how })
            }
        }
    }

    /// The oldest command whose reply may come: its effect and what it is owed.
    pub(crate) fn head(&self, mem: &mut Memory<'_>) -> Option<(Effect, u16)> {
        if self.ring.sent == 0 {
            return None;
        }
        let slot = self.ring.slot(0, mem.slots)?;
        Some((slot.effect, slot.owed))
    }

    /// The oldest command has its last reply: the index of its slot, and whether its caller has
    /// been told otherwise.
    pub(crate) fn answer(&mut self, mem: &mut Memory<'_>, settled: Settled) -> (usize, bool) {
        let index = self.ring.index(0, mem.slots);
        let gone = mem
            .slots
            .get(index)
            .is_none_or(|slot| slot.has(Flags::GONE));
        self.pop(mem);
        match settled {
            Settled::LogInAgain => self.link_again(),
            Settled::Closing => self.closing = true,
            _ => {}
        }
        (index, gone)
    }

    /// +RESET: logged out, database 0, RESP2. The handshake runs again before anything else.
    fn link_again(&mut self) {
        if matches!(self.link, Link::Up) {
            self.link = Link::LoggingIn;
            self.handshake.rewind(self.without_hello);
        }
    }
}

/// Whether an error is not a reply, whoever waits for one: the server closes behind it. These have
/// no code of their own, so their texts are matched (the same on Redis 6.2 to 8.2, Valkey 8 and 9,
/// KeyDB 6.3).
///
/// - `-ERR Protocol error: …`: what the server did before that is not known, because KeyDB gives
///   it in place of the first reply;
/// - `-ERR max number of clients reached`: said to a fresh connection before it has said anything.
pub(crate) fn is_farewell(text: &[u8]) -> bool {
    text.starts_with(b"ERR Protocol error") || text.starts_with(b"ERR max number of clients")
}
