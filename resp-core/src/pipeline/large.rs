//! A reply that is larger than `rx`: skipped in step, or delivered piece by piece.

use super::config::Oversize;
use super::engine::{Engine, Memory};
use super::error::PipelineError;
use super::receive::{Found, error_text, is_farewell};
use super::slot::Flags;
use crate::Kind;
use crate::decode::framer::{Frame, Step};
use crate::decode::header::{self, Header, Parsed};
use crate::decode::push::{self, Confirmation};
use crate::decode::stream::{Piece, Stream};
use crate::session::{Effect, Settled};

/// How replies are read.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub(crate) enum Reading {
    /// Whole.
    Frames,
    /// The one under way is larger than `rx`.
    Large(Large),
}

/// The reading of a reply that is larger than `rx`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Large {
    stream: Stream,
    /// Bytes read.
    bytes: u64,
    /// The last integer in it: a confirmation's count.
    last: u32,
    /// An aggregate of an EXEC began, and what it is, its first element, comes next.
    kind_next: bool,
    /// The confirmation in an EXEC whose count is still to come, and its values until then.
    confirming: Option<(Confirmation, u8)>,
    /// Pieces go to the caller.
    delivers: bool,
}

impl Large {
    /// Begins where the frame begins; the framer has looked at all of `rx` in vain.
    pub(crate) fn begin(engine: &mut Engine, mem: &mut Memory<'_>) -> Self {
        // A confirmation may be one of several: it is skipped.
        let confirms = engine
            .head(mem)
            .is_some_and(|(effect, _)| effect.is_subscription());
        let mine = engine.ring.sent > 0
            && !confirms
            && !engine.handshake.is_owed()
            && engine
                .framer
                .announced()
                .is_none_or(|top| top.kind != Kind::Push)
            && !is_disguised_push(engine, mem);
        let gone = engine
            .ring
            .slot(0, mem.slots)
            .is_none_or(|slot| slot.has(Flags::GONE));
        let delivers = mine && !gone && engine.config.oversize == Oversize::Stream;
        // The first bytes are kept, so that an error's code is known at the end.
        engine.keep_head(engine.rx.waiting(mem.rx));
        Self {
            stream: Stream::new(engine.framer.handed_out()),
            bytes: 0,
            last: 0,
            kind_next: false,
            confirming: None,
            delivers,
        }
    }

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

/// Whether the frame at the front is an array that RESP2 uses as a push.
fn is_disguised_push(engine: &Engine, mem: &Memory<'_>) -> bool {
    let Some(top) = engine.framer.announced() else {
        return false;
    };
    let waiting = engine.rx.waiting(mem.rx);
    let mut session = engine.session;
    let frame = Frame {
        len: waiting.len(),
        ..top
    };
    top.kind == Kind::Array && session.settle(None, waiting, frame) == Settled::Push
}

/// What a step of the reading came to.
enum Next {
    /// Something to tell; the reading goes on afterwards.
    Tell(Found),
    /// Look again.
    Again,
    /// The reading is over, with something to tell or not.
    Over(Option<Found>),
}

impl Engine {
    /// Goes on reading. `None` if the state moved and the caller should look again.
    pub(crate) fn read_large(&mut self, mem: &mut Memory<'_>, large: Large) -> Option<Found> {
        let mut large = large;
        self.reading = Reading::Frames;
        loop {
            match self.read_piece(mem, &mut large) {
                Next::Again => {}
                Next::Over(found) => return found,
                Next::Tell(found) => {
                    self.reading = Reading::Large(large);
                    return Some(found);
                }
            }
        }
    }

    fn read_piece(&mut self, mem: &mut Memory<'_>, large: &mut Large) -> Next {
        let at = self.rx.start;
        let waiting = self.rx.waiting(mem.rx);
        let full = self.rx.is_full(mem.rx);
        if large.kind_next && !large.judge(waiting, full) {
            return self.await_more();
        }
        match large.stream.next(waiting, full) {
            Ok(None) => self.await_more(),
            Ok(Some((Piece::Whole, _))) => Next::Over(self.finish_large(mem, large)),
            Ok(Some((Piece::Push, _))) => self.inner_push(mem, large, full),
            Ok(Some((piece, n))) => {
                self.take_large(large, n);
                self.note_confirmation(mem, large, piece);
                let tells = large.delivers && !large.stream.is_dropping();
                match tells && self.head_listens(mem) {
                    true => Next::Tell(Found::Piece { piece, at, n }),
                    false => Next::Again,
                }
            }
            Err(kind) => {
                self.broken(kind, self.rx.consumed);
                Next::Over(None)
            }
        }
    }

    /// Books the confirmations among the elements of an EXEC, as of one that fits `rx`.
    fn note_confirmation(&mut self, mem: &mut Memory<'_>, large: &mut Large, piece: Piece) {
        match piece {
            Piece::Aggregate { count, .. } => {
                let confirms = |(effect, _): (Effect, u16)| effect.confirms_inside();
                large.kind_next = count == 3 && self.head(mem).is_some_and(confirms);
                large.confirming = None;
                return;
            }
            Piece::Scalar(Header { value, .. }) => {
                large.last = u32::try_from(value).unwrap_or(0);
            }
            Piece::End => {}
            _ => return,
        }
        let Some((confirmation, values)) = large.confirming.take() else {
            return;
        };
        match (values.saturating_sub(1), piece) {
            (0, Piece::Scalar(count)) if count.kind == Kind::Integer => {
                self.session.book(confirmation, large.last);
            }
            (0, _) => {}
            (left, _) => large.confirming = Some((confirmation, left)),
        }
    }

    fn await_more(&mut self) -> Next {
        self.hungry = true;
        match self.starved() {
            Some(found) => Next::Tell(found),
            None => Next::Over(None),
        }
    }

    /// Steps over bytes of the reply.
    fn take_large(&mut self, large: &mut Large, n: usize) {
        large.bytes = large.bytes.saturating_add(n as u64);
        self.rx.consume(n);
    }

    /// The tokens of a command that was given up meanwhile go to nobody.
    fn head_listens(&self, mem: &mut Memory<'_>) -> bool {
        let slot = self.ring.slot(0, mem.slots);
        slot.is_some_and(|slot| !slot.has(Flags::GONE))
    }

    /// A push between the elements: handed out if it fits `rx`, otherwise dropped and counted.
    fn inner_push(&mut self, mem: &mut Memory<'_>, large: &mut Large, full: bool) -> Next {
        let at = self.rx.start;
        let waiting = self.rx.waiting(mem.rx);
        match self.framer.step(waiting) {
            Ok(Step::Frame(frame)) => {
                if push::is_element(push_kind(waiting, frame)) {
                    large.stream.element();
                    return Next::Again;
                }
                self.take_large(large, frame.len);
                match large.stream.was_handed_out() {
                    true => Next::Again,
                    false => Next::Tell(Found::Push { at, frame }),
                }
            }
            Ok(Step::Inner { .. }) => Next::Again,
            Ok(Step::More) if full => {
                let cut = |top| Frame {
                    len: waiting.len(),
                    ..top
                };
                let announced = self.framer.announced().map(cut);
                self.framer.reset();
                if announced.is_some_and(|push| push::is_element(push_kind(waiting, push))) {
                    large.stream.element();
                } else {
                    large.stream.drop_push();
                    self.pushes_dropped = self.pushes_dropped.saturating_add(1);
                }
                Next::Again
            }
            Ok(Step::More) => self.await_more(),
            Err(error) => {
                self.framer.reset();
                self.broken(error.kind, self.rx.consumed.wrapping_add(error.offset));
                Next::Over(None)
            }
        }
    }

    /// The reply is whole: whose was it?
    fn finish_large(&mut self, mem: &mut Memory<'_>, large: &Large) -> Option<Found> {
        let bytes = large.bytes;
        let kind = large.stream.kind().unwrap_or(Kind::Array);
        let owner = self.head(mem);
        let kept = self.head_kept();
        let head = kept.as_bytes();
        let frame = Frame {
            kind,
            value: 0,
            body: text_start(head),
            len: head.len().saturating_add(2),
        };
        if self.handshake.is_owed() && kind != Kind::Push {
            return Some(Found::LargeLogin { frame });
        }
        if kind.is_error() && (owner.is_none() || is_farewell(error_text(head, frame))) {
            self.keep_words(error_text(head, frame));
            self.fail(PipelineError::Farewell);
            return None;
        }
        match self.session.settle_cut(owner, head, frame, large.last) {
            Settled::Push => {
                self.pushes_dropped = self.pushes_dropped.saturating_add(1);
                None
            }
            _ if owner.is_none() => {
                self.fail(PipelineError::Unexpected(kind));
                None
            }
            settled => {
                let (slot, gone) = self.answer(mem, settled);
                match (gone, large.delivers) {
                    (true, _) => None,
                    (false, true) => Some(Found::Streamed { slot, bytes }),
                    (false, false) => Some(Found::TooLarge { slot, kind, bytes }),
                }
            }
        }
    }
}

/// Where the text begins in the bytes that are kept.
fn text_start(head: &[u8]) -> usize {
    match head.first() {
        Some(b'+' | b'-' | b',' | b'(') => 1,
        _ => head
            .windows(2)
            .position(|pair| pair == b"\r\n")
            .map_or(0, |end| end.saturating_add(2)),
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
