//! A reply that is larger than `rx` and not wanted in pieces: skipped in step. The framer gives up what it has
//! looked at; the first bytes are kept at the front of `rx`.

use super::engine::{Engine, Memory};
use super::receive::{How, Look};
use crate::Kind;
use crate::decode::framer::Frame;

/// What the end of a large reply is told as, if it was a command's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Skipped,
    #[cfg(feature = "pieces")]
    Streamed,
}

/// What is known of a reply that was larger than `rx`, beside what is kept of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Large {
    /// Its length.
    bytes: usize,
    /// Bytes of it that are kept.
    head: usize,
    /// How many of them tell a push or a confirmation; none where it was read in pieces, as replies alone are.
    pub(crate) telling: usize,
    /// Where in `rx` its last bytes begin.
    pub(crate) last: usize,
    end: End,
}

impl Large {
    /// What its command's caller is told.
    pub(crate) const fn how(self, kind: Kind) -> How {
        match self.end {
            End::Skipped => How::TooLarge {
                kind,
                bytes: self.bytes,
                head: self.head,
            },
            #[cfg(feature = "pieces")]
            End::Streamed => How::Streamed { bytes: self.bytes },
        }
    }
}

impl Engine {
    /// A large reply is whole, of so many bytes, the last of which lie behind `last`. What is kept of it is
    /// given for the frame, as if a CRLF stood behind.
    pub(crate) fn large(
        &mut self,
        mem: &Memory<'_>,
        kind: Kind,
        last: usize,
        bytes: usize,
        (end, is_reply): (End, bool),
    ) -> Look {
        let kept = self.rx.release();
        let head = mem.rx.get(..kept).unwrap_or_default();
        let frame = Frame {
            kind,
            value: 0,
            body: text_start(head),
            len: kept.saturating_add(2),
        };
        Look::Whole {
            at: 0,
            frame,
            large: Some(Large {
                bytes,
                head: kept,
                telling: if is_reply { 0 } else { kept },
                last,
                end,
            }),
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
