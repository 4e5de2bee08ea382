//! A reply that is larger than `rx` and not wanted in pieces: skipped in step. The framer gives up what it has
//! looked at; the first bytes are kept at the front of `rx`.

use super::engine::{Engine, Memory};
use super::error::PipelineError;
use super::receive::{Found, is_farewell};
use super::rx::Span;
use crate::Kind;
use crate::decode::framer::Frame;
use crate::session::Settled;

/// What the end of a large reply is told as, if it was a command's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Skipped,
    Streamed,
}

impl Engine {
    /// A large reply is whole, of so many bytes, the last of which lie behind `at`: whose was it?
    /// `None` if the state moved.
    #[inline(never)]
    pub(crate) fn finish_large(
        &mut self,
        mem: &mut Memory<'_>,
        kind: Kind,
        at: usize,
        bytes: usize,
        end: End,
    ) -> Option<Found> {
        let owner = self.head(mem);
        let kept = self.rx.release();
        let head = mem.rx.get(..kept).unwrap_or_default();
        let body = text_start(head);
        let text = Span {
            at: body,
            len: kept.saturating_sub(body),
        };
        if self.handshake.is_owed() && !kind.is_push() {
            return self.login_answer(mem, kind, text);
        }
        if kind.is_error() && (owner.is_none() || is_farewell(text.of(mem.rx))) {
            self.words = text;
            self.fail(PipelineError::Farewell);
            return None;
        }
        let frame = Frame {
            kind,
            value: 0,
            body,
            len: kept.saturating_add(2),
        };
        let last = mem.rx.get(at..self.rx.start).unwrap_or_default();
        match self.session.settle_cut(owner, head, frame, last) {
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
                match (gone, end) {
                    (true, _) => None,
                    (false, End::Streamed) => Some(Found::Streamed { slot, bytes }),
                    (false, End::Skipped) => Some(Found::TooLarge {
                        slot,
                        kind,
                        bytes,
                        head: kept,
                    }),
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
