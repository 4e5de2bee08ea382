//! A reply that is larger than `rx`, read piece by piece: for a caller who wants it so, and for the confirmations
//! in an EXEC.

use super::config::Oversize;
use super::engine::{Engine, Memory};
use super::event::Token;
use super::large::End;
use super::receive::{Found, Look, Reading};
use super::slot::Flags;
use crate::decode::framer::{Frame, Step};
use crate::decode::header::{self, Parsed};
use crate::decode::push::{self, Confirmation};
use crate::decode::stream::{Piece, Stream};
use crate::session::Effect;
use crate::{Kind, Reply};

/// The reading of a reply that is larger than `rx`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pieces {
    stream: Stream,
    /// Bytes read.
    bytes: usize,
    /// An aggregate of an EXEC began, and what it is, its first element, comes next.
    kind_next: bool,
    /// The confirmation in an EXEC whose count is still to come, and its values until then.
    confirming: Option<(Confirmation, u8)>,
    /// They go to the caller.
    delivers: bool,
}

impl Pieces {
    /// Looks whether the aggregate that began is a confirmation. False if more bytes are needed.
    fn judge(&mut self, bytes: &[u8], full: bool) -> bool {
        let kind = match header::parse(bytes, 0) {
            Ok(Parsed::Header(first)) => push::kind(bytes, first),
            Ok(Parsed::Incomplete { .. }) => None,
            // The error comes when it is read.
            Err(_) => Some(&[][..]),
        };
        if kind.is_none() && !full {
            return false;
        }
        self.kind_next = false;
        // The count is the third.
        self.confirming = kind.and_then(Confirmation::of).map(|this| (this, 3));
        true
    }
}

/// A piece to tell the caller: `n` bytes at `at`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    piece: Piece,
    at: usize,
    n: usize,
}

impl Told {
    pub(crate) fn token(self, rx: &[u8]) -> Token<'_> {
        let bytes = rx.get(self.at..).unwrap_or_default();
        match self.piece {
            Piece::Aggregate { kind, count } => Token::Aggregate { kind, count },
            Piece::Scalar(header) => Token::Scalar(Reply::new(bytes, Frame::of_line(header))),
            Piece::Begin { kind, len } => Token::Begin { kind, len },
            Piece::Bytes => Token::Bytes(bytes.get(..self.n).unwrap_or_default()),
            Piece::End | Piece::Push | Piece::Whole => Token::End,
        }
    }
}

/// Whether the frame at the front is an array that RESP2 uses as a push.
fn is_disguised_push(engine: &Engine, mem: &Memory<'_>) -> bool {
    let Some(top) = engine.framer.announced() else {
        return false;
    };
    let waiting = engine.rx.waiting(mem.rx);
    let frame = Frame {
        len: waiting.len(),
        ..top
    };
    engine.session.is_message(waiting, frame)
}

/// What a step of the reading came to.
enum Next {
    /// Something to tell; the reading goes on afterwards.
    Tell(Told),
    /// Look again.
    Again,
    /// A push comes next.
    Push,
    /// More bytes are needed.
    More,
    /// It is whole.
    Whole,
    /// The link is over.
    Broken,
}

impl Engine {
    /// Whether the reply that fills `rx` is one to read in pieces, and begins with it if so: the framer
    /// has looked at all of it in vain.
    pub(crate) fn begin_pieces(&mut self, mem: &mut Memory<'_>) -> bool {
        let Some((effect, _)) = self.head(mem) else {
            return false;
        };
        // A confirmation may be one of several: it is skipped.
        let mine = !effect.is_subscription()
            && !self.session.has_lines()
            && !self.handshake.is_owed()
            && self
                .framer
                .announced()
                .is_none_or(|top| top.kind != Kind::Push)
            && !is_disguised_push(self, mem);
        let delivers = self.config.oversize == Oversize::Stream && self.head_listens(mem);
        let begins = mine && (delivers || effect.confirms_inside());
        if begins {
            self.reading = Reading::Pieces(Pieces {
                stream: Stream::new(self.framer.handed_out()),
                bytes: 0,
                kind_next: false,
                confirming: None,
                delivers,
            });
            self.framer.reset();
            // The caller has it all; of an error we read the beginning.
            if !delivers || matches!(mem.rx.first(), Some(b'-' | b'!')) {
                self.rx.keep(mem.rx.len(), mem.rx);
            }
        }
        begins
    }

    /// Goes on reading.
    #[inline(never)]
    pub(crate) fn read_pieces(&mut self, mem: &mut Memory<'_>) -> Look {
        let Reading::Pieces(mut pieces) = self.reading else {
            return Look::Moved;
        };
        self.reading = Reading::Frames;
        loop {
            match self.read_piece(mem, &mut pieces) {
                Next::Again => {}
                Next::Push => {
                    self.reading = Reading::Push(pieces);
                    return Look::Moved;
                }
                Next::More => {
                    self.reading = Reading::Pieces(pieces);
                    return self.await_more();
                }
                Next::Whole => {
                    let kind = pieces.stream.kind().unwrap_or(Kind::Array);
                    let end = match pieces.delivers {
                        true => End::Streamed,
                        false => End::Skipped,
                    };
                    return self.large(mem, kind, self.rx.start, pieces.bytes, (end, true));
                }
                Next::Broken => return Look::Moved,
                Next::Tell(told) => {
                    self.reading = Reading::Pieces(pieces);
                    return Look::Found(Found::Piece(told));
                }
            }
        }
    }

    fn read_piece(&mut self, mem: &mut Memory<'_>, pieces: &mut Pieces) -> Next {
        let at = self.rx.start;
        let waiting = self.rx.waiting(mem.rx);
        let full = self.rx.is_full(mem.rx);
        if pieces.kind_next && !pieces.judge(waiting, full) {
            return Next::More;
        }
        match pieces.stream.next(waiting, full) {
            Ok(None) => Next::More,
            Ok(Some((Piece::Whole, _))) => Next::Whole,
            Ok(Some((Piece::Push, _))) => Next::Push,
            Ok(Some((piece, n))) => {
                self.take_piece(pieces, n);
                self.note_confirmation(mem, pieces, piece);
                let told = Told { piece, at, n };
                let tells = pieces.delivers && !pieces.stream.is_dropping();
                match tells && self.head_listens(mem) {
                    true => Next::Tell(told),
                    false => Next::Again,
                }
            }
            Err(kind) => {
                self.broken(kind, self.rx.consumed());
                Next::Broken
            }
        }
    }

    /// Books the confirmations among the elements of an EXEC, as of one that fits `rx`.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn note_confirmation(&mut self, mem: &mut Memory<'_>, pieces: &mut Pieces, piece: Piece) {
        match piece {
            Piece::Aggregate { count, .. } => {
                let confirms = |(effect, _): (Effect, u16)| effect.confirms_inside();
                pieces.kind_next = count == 3 && self.head(mem).is_some_and(confirms);
                pieces.confirming = None;
                return;
            }
            Piece::Scalar(_) | Piece::End => {}
            _ => return,
        }
        let Some((confirmation, values)) = pieces.confirming.take() else {
            return;
        };
        match (values.saturating_sub(1), piece) {
            (0, Piece::Scalar(count)) if count.kind == Kind::Integer => {
                let count = u32::try_from(count.value).unwrap_or(0);
                self.session.book(confirmation, count);
            }
            (0, _) => {}
            (left, _) => pieces.confirming = Some((confirmation, left)),
        }
    }

    /// More bytes are needed.
    fn await_more(&mut self) -> Look {
        self.hungry = true;
        self.starved()
    }

    /// Steps over bytes of the reply.
    fn take_piece(&mut self, pieces: &mut Pieces, n: usize) {
        pieces.bytes = pieces.bytes.saturating_add(n);
        self.rx.consume(n);
    }

    /// The tokens of a command that was given up meanwhile go to nobody.
    fn head_listens(&self, mem: &mut Memory<'_>) -> bool {
        let slot = self.ring.slot(0, mem.slots);
        slot.is_some_and(|slot| !slot.has(Flags::GONE))
    }

    /// A push between the elements: handed out if it fits `rx`, otherwise dropped and counted.
    #[inline(never)]
    pub(crate) fn inner_push(&mut self, mem: &mut Memory<'_>) -> Look {
        let Reading::Push(mut pieces) = self.reading else {
            return Look::Moved;
        };
        let at = self.rx.start;
        let waiting = self.rx.waiting(mem.rx);
        let full = self.rx.is_full(mem.rx);
        let mut look = Look::Moved;
        match self.framer.step(waiting) {
            Ok(Step::Frame(frame)) => {
                if push::is_element(push_kind(waiting, frame)) {
                    pieces.stream.element();
                } else {
                    self.take_piece(&mut pieces, frame.len);
                    if !pieces.stream.was_handed_out() {
                        look = Look::Found(Found::Push { at, frame });
                    }
                }
            }
            Ok(Step::Inner { .. }) => {}
            // What is kept of the reply makes room for a push inside it.
            Ok(Step::More) if full && self.rx.release() > 0 => look = self.await_more(),
            Ok(Step::More) if full => {
                let cut = |top| Frame {
                    len: waiting.len(),
                    ..top
                };
                let announced = self.framer.announced().map(cut);
                self.framer.reset();
                if announced.is_some_and(|push| push::is_element(push_kind(waiting, push))) {
                    pieces.stream.element();
                } else {
                    pieces.stream.drop_push();
                    self.pushes_dropped = self.pushes_dropped.saturating_add(1);
                }
            }
            Ok(Step::More) => look = self.await_more(),
            Err(error) => {
                self.framer.reset();
                self.broken(error.kind, self.rx.consumed().wrapping_add(error.offset));
            }
        }
        self.reading = Reading::Pieces(pieces);
        look
    }
}

/// The kind of a push, its first element.
fn push_kind(bytes: &[u8], frame: Frame) -> &[u8] {
    let rest = bytes.get(frame.body..frame.len).unwrap_or_default();
    match header::parse(rest, 0) {
        Ok(Parsed::Header(found)) => push::kind(rest, found).unwrap_or_default(),
        _ => &[],
    }
}
