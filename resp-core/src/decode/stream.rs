//! Reading a reply that is larger than the memory for it: value by value, giving up each byte as
//! soon as it was looked at.
//!
//! ```text
//!   Header --bulk--> Bytes --all--> Terminator --CRLF--> Header
//!   Header --line longer than the window--> Line --CRLF--> Header
//! ```

use super::header::{self, Header, Parsed};
use super::{DecodeErrorKind, push};
use crate::Kind;

/// A reader of one reply as a flat sequence of pieces.
///
/// The same count of values owed as in [`Framer`](super::Framer), over a window of bytes that
/// moves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stream {
    owed: usize,
    state: State,
    /// Bytes of an unfinished line of text that hold no line end.
    scanned: usize,
    /// The type of the reply itself, its attributes apart.
    top: Option<Kind>,
    /// Pushes to step over without a word: they were handed out before.
    handed_out: u32,
    /// What the caller said of the push that comes next.
    verdict: Option<Verdict>,
    /// A push is being thrown away, until this much is owed.
    drop_until: Option<usize>,
}

/// What becomes of a push inside an aggregate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Element,
    Drop,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Header,
    Bytes {
        left: u64,
    },
    Terminator,
    /// Inside a line that is longer than the window.
    Line,
}

/// A piece of a reply, at the front of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// The header of an aggregate.
    Aggregate { kind: Kind, count: u64 },
    /// A whole scalar in one line: its bytes are the piece's bytes.
    Scalar(Header),
    /// A bulk begins (`Some` length) or a line longer than the window does (`None`).
    Begin { kind: Kind, len: Option<u64> },
    /// So many bytes of it.
    Bytes,
    /// It ends.
    End,
    /// A push inside an aggregate begins here; nothing of it was taken. The caller frames it and
    /// says [`Stream::element`], or steps over it, or says [`Stream::drop_push`].
    Push,
    /// The reply was whole before these bytes.
    Whole,
}

impl Stream {
    /// A reader before the first byte of a reply, of whose inner pushes the first `handed_out`
    /// were handed out before.
    pub(crate) const fn new(handed_out: u32) -> Self {
        Self {
            owed: 1,
            state: State::Header,
            scanned: 0,
            top: None,
            handed_out,
            verdict: None,
            drop_until: None,
        }
    }

    /// The type of the reply, once its header was read.
    pub(crate) const fn kind(&self) -> Option<Kind> {
        self.top
    }

    /// The next piece and how many bytes it takes, or `None` if more bytes are needed. `full`
    /// says that more cannot be had while these lie there.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn next(
        &mut self,
        bytes: &[u8],
        full: bool,
    ) -> Result<Option<(Piece, usize)>, DecodeErrorKind> {
        if let State::Header = self.state {
            if self.drop_until.is_some_and(|until| until >= self.owed) {
                self.drop_until = None;
            }
            if self.owed == 0 {
                return Ok(Some((Piece::Whole, 0)));
            }
        }
        match self.state {
            State::Header => self.header(bytes, full),
            State::Bytes { left } => {
                let n = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                if n == 0 {
                    return Ok(None);
                }
                let left = left.wrapping_sub(n as u64);
                self.state = if left == 0 {
                    State::Terminator
                } else {
                    State::Bytes { left }
                };
                Ok(Some((Piece::Bytes, n)))
            }
            State::Terminator => match bytes {
                [b'\r', b'\n', ..] => {
                    self.pay();
                    Ok(Some((Piece::End, 2)))
                }
                [] | [b'\r'] => Ok(None),
                _ => Err(DecodeErrorKind::BadTerminator),
            },
            State::Line => self.line(bytes),
        }
    }

    /// Whether what is read now belongs to a push that is thrown away.
    pub(crate) const fn is_dropping(&self) -> bool {
        self.drop_until.is_some()
    }

    /// The push that [`Piece::Push`] told of is an element.
    pub(crate) fn element(&mut self) {
        self.verdict = Some(Verdict::Element);
    }

    /// Whether the push that [`Piece::Push`] told of was handed out before.
    pub(crate) fn was_handed_out(&mut self) -> bool {
        let before = self.handed_out > 0;
        self.handed_out = self.handed_out.saturating_sub(1);
        before
    }

    /// The push that [`Piece::Push`] told of is too large to be handed out: reads over it.
    pub(crate) fn drop_push(&mut self) {
        self.verdict = Some(Verdict::Drop);
    }

    fn pay(&mut self) {
        self.owed = self.owed.wrapping_sub(1);
        self.state = State::Header;
    }

    fn header(
        &mut self,
        bytes: &[u8],
        full: bool,
    ) -> Result<Option<(Piece, usize)>, DecodeErrorKind> {
        let header = match header::parse(bytes, self.scanned)? {
            Parsed::Header(header) => header,
            Parsed::Incomplete { scanned } => {
                self.scanned = scanned;
                return Ok(self.long_line(bytes, full));
            }
        };
        self.scanned = 0;
        let is_top = self.owed == 1 && self.top.is_none();
        let kind = header.kind;
        let mut is_element = true;
        if kind == Kind::Push && !is_top {
            is_element = match self.verdict.take() {
                Some(Verdict::Element) => true,
                Some(Verdict::Drop) => {
                    self.drop_until = Some(self.owed);
                    false
                }
                None if self.is_dropping() => match element(bytes, header) {
                    Some(is_element) => is_element,
                    None if full => false,
                    None => return Ok(None),
                },
                None => return Ok(Some((Piece::Push, 0))),
            };
        }
        if is_top && kind != Kind::Attribute {
            self.top = Some(kind);
        }
        let count = header.value.unsigned_abs();
        if kind.is_bulk() {
            self.state = match count {
                0 => State::Terminator,
                left => State::Bytes { left },
            };
            let len = Some(count);
            return Ok(Some((Piece::Begin { kind, len }, header.len)));
        }
        if !kind.is_aggregate() {
            self.pay();
            return Ok(Some((Piece::Scalar(header), header.len)));
        }
        let owed = header.owed_after(self.owed, is_element);
        self.owed = owed.ok_or(DecodeErrorKind::OutOfRange)?;
        Ok(Some((Piece::Aggregate { kind, count }, header.len)))
    }

    /// A line of text that fills the window without an end goes on piece by piece.
    fn long_line(&mut self, bytes: &[u8], full: bool) -> Option<(Piece, usize)> {
        let kind = match bytes.first()? {
            b'+' => Kind::Status,
            b'-' => Kind::Error,
            b',' => Kind::Double,
            b'(' => Kind::BigNumber,
            _ => return None,
        };
        if !full {
            return None;
        }
        if self.owed == 1 && self.top.is_none() {
            self.top = Some(kind);
        }
        self.state = State::Line;
        self.scanned = 0;
        Some((Piece::Begin { kind, len: None }, 1))
    }

    fn line(&mut self, bytes: &[u8]) -> Result<Option<(Piece, usize)>, DecodeErrorKind> {
        match bytes {
            [] | [b'\r'] => Ok(None),
            [b'\r', b'\n', ..] => {
                self.pay();
                Ok(Some((Piece::End, 2)))
            }
            [b'\r' | b'\n', ..] => Err(DecodeErrorKind::BadLineEnd),
            _ => {
                let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
                Ok(Some((Piece::Bytes, end.unwrap_or(bytes.len()))))
            }
        }
    }
}

/// Whether the push that begins these bytes is an element. `None` if more of them are needed.
fn element(bytes: &[u8], push: Header) -> Option<bool> {
    if push.value == 0 {
        return Some(false);
    }
    let elements = bytes.get(push.len..)?;
    match header::parse(elements, 0) {
        Ok(Parsed::Header(header)) => push::kind(elements, header).map(push::is_element),
        Ok(Parsed::Incomplete { .. }) => None,
        // The error comes when it is read.
        Err(_) => Some(false),
    }
}
