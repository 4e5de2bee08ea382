//! The framer: a count of the values still owed, instead of a stack.

use super::header::{self, FAST, Header, Parsed};
use super::work::looked_at;
use super::{DecodeError, DecodeErrorKind, Inner};
use crate::Kind;

/// Finds where a reply ends.
///
/// One value is owed at first. A scalar pays one; an array of n pays one and owes n more; a map
/// owes 2n; attributes owe 2n and pay nothing, because the value that they belong to is still to
/// come. A push inside an aggregate owes its n and pays nothing, unless it confirms a
/// subscription. When nothing is owed the frame is whole. So any nesting costs a few words of
/// memory, and arriving in pieces costs no second look at a byte, but for at most 24 of a header
/// that was cut.
#[derive(Clone, Debug, Default)]
pub struct Framer {
    /// Values still owed; zero before the first byte of a frame.
    owed: usize,
    /// Offset of the next header, or of the CRLF behind a bulk's bytes.
    pos: usize,
    /// Bytes of an unfinished line of text that hold no line end.
    scanned: usize,
    /// Of that line, bytes were given up.
    cut: bool,
    /// The bytes of a bulk lie before `pos`, its CRLF at `pos`.
    terminator: bool,
    /// The kind of the value that is the frame's own, its attributes apart, once it is known.
    top: Top,
    /// Once it is known: its number, and where its text, its bytes or its first element begins.
    value: i64,
    body: usize,
    /// The push inside the frame's aggregate that is not whole yet.
    inner: Inner,
}

/// What is known of the frame's own value. All zero at first, which `None` of a [`Kind`] is not.
#[derive(Clone, Copy, Debug, Default)]
#[repr(u8)]
enum Top {
    #[default]
    Unknown,
    Known(Kind),
}

/// A whole frame: where its parts lie and what its first line said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
// Without holes on a small machine, which the compiler would copy along, byte by byte.
#[cfg_attr(not(target_pointer_width = "64"), repr(packed(4)))]
pub struct Frame {
    pub(crate) kind: Kind,
    pub(crate) value: i64,
    /// Where the text, the bytes or the first element begins.
    pub(crate) body: usize,
    pub(crate) len: usize,
}

/// By hand, because no field of a packed type can be borrowed.
#[cfg(feature = "defmt")]
impl defmt::Format for Frame {
    fn format(&self, f: defmt::Formatter<'_>) {
        let (kind, len) = (self.kind, self.len);
        defmt::write!(f, "Frame {{ kind: {}, len: {} }}", kind, len);
    }
}

impl Frame {
    /// The frame of a scalar that is one line; `len` is that of the line.
    #[inline]
    pub(crate) const fn of_line(header: Header) -> Self {
        Self::at(header, 0, header.len)
    }

    /// The frame of a bulk string at the front of `bytes`, with what [`header::short_bulk`] said.
    #[inline]
    #[expect(
        clippy::cast_possible_wrap,
        reason = "a short bulk string has fewer than 100 bytes"
    )]
    pub(crate) const fn of_short_bulk(bytes: &[u8], text: &[u8], behind: &[u8]) -> Self {
        let len = bytes.len().wrapping_sub(behind.len());
        Self {
            kind: Kind::Bulk,
            value: text.len() as i64,
            body: len.wrapping_sub(text.len()).wrapping_sub(2),
            len,
        }
    }

    /// The frame of `len` bytes whose value begins with this header at `start`.
    #[inline]
    pub(crate) const fn at(header: Header, start: usize, len: usize) -> Self {
        Self {
            kind: header.kind,
            value: header.value,
            body: start.saturating_add(header.body()),
            len,
        }
    }

    /// The type of the value, its attributes apart.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Bytes of the frame, attributes included.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "a frame has at least three bytes"
    )]
    pub const fn len(&self) -> usize {
        self.len
    }
}

/// What the framer came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// All bytes were looked at and the frame is not whole.
    More,
    /// A frame is whole, at the front of the bytes.
    Frame(Frame),
    /// A push inside the frame is whole: it begins at `start`, its offsets are relative to there.
    #[cfg(feature = "resp3")]
    Inner { start: usize, push: Frame },
}

impl Framer {
    /// A framer before the first byte of a frame.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            owed: 0,
            pos: 0,
            scanned: 0,
            cut: false,
            terminator: false,
            top: Top::Unknown,
            value: 0,
            body: 0,
            inner: Inner::new(),
        }
    }

    /// The frame at the front of `bytes`, or `None` if it is not whole.
    ///
    /// `bytes` begins where the frame begins, each time, and may have grown since the last call.
    /// After a frame the next call begins a new one; the caller steps over [`Frame::len`] bytes.
    /// Pushes that stand between the elements of an aggregate stay in the frame's bytes.
    ///
    /// # Errors
    /// Broken protocol, with the offset from the frame's begin. The framer stays where it is:
    /// every later call gives the same error.
    #[inline]
    pub fn frame(&mut self, bytes: &[u8]) -> Result<Option<Frame>, DecodeError> {
        match self.commonest(bytes) {
            Some(frame) => Ok(Some(frame)),
            None => self.frame_by_steps(bytes),
        }
    }

    #[inline(never)]
    fn frame_by_steps(&mut self, bytes: &[u8]) -> Result<Option<Frame>, DecodeError> {
        #[cfg_attr(
            not(feature = "resp3"),
            expect(unused_mut, reason = "one step is enough")
        )]
        let mut step = self.step(bytes)?;
        #[cfg(feature = "resp3")]
        while matches!(step, Step::Inner { .. }) {
            step = self.step(bytes)?;
        }
        Ok(match step {
            Step::Frame(frame) => Some(frame),
            _ => None,
        })
    }

    /// The scalar at the front of `bytes` if it is whole, no error, and begins a frame.
    #[inline]
    pub(crate) fn quick(&self, bytes: &[u8]) -> Option<Frame> {
        match self.commonest(bytes) {
            None if self.owed == 0 => whole_scalar(bytes),
            frame => frame,
        }
    }

    /// What most replies are, in a few instructions: `+OK`, a short bulk string, an integer.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn commonest(&self, bytes: &[u8]) -> Option<Frame> {
        if self.owed != 0 {
            return None;
        }
        match *bytes {
            [b'$', ..] if FAST => {
                let (text, behind) = header::short_bulk(bytes)?;
                Some(Frame::of_short_bulk(bytes, text, behind))
            }
            [b':', ..] if FAST => {
                let (value, behind) = header::short_integer(bytes)?;
                let len = bytes.len().wrapping_sub(behind.len());
                let kind = Kind::Integer;
                Some(Frame::of_line(Header { kind, value, len }))
            }
            // Compared at once, not byte by byte.
            _ if bytes.first_chunk() == Some(b"+OK\r\n") => Some(Frame::of_line(Header {
                kind: Kind::Status,
                value: 2,
                len: 5,
            })),
            _ => None,
        }
    }

    /// Goes on until something is whole or the bytes end.
    #[inline]
    pub(crate) fn step(&mut self, bytes: &[u8]) -> Result<Step, DecodeError> {
        if self.owed == 0 {
            if FAST && let Some(frame) = whole_scalar(bytes) {
                return Ok(Step::Frame(frame));
            }
            self.owed = 1;
        }
        self.resume(bytes).map_err(|kind| {
            let line = bytes.get(self.pos..).unwrap_or_default();
            let end = match self.cut {
                true => line.iter().position(|byte| matches!(byte, b'\r' | b'\n')),
                false => None,
            };
            DecodeError {
                kind,
                offset: self.pos.wrapping_add(end.unwrap_or(0)) as u64,
            }
        })
    }

    /// Gives up what was looked at of a frame that is larger than the memory for it, which `bytes`
    /// fill: how many go at the front, and whether a push inside the frame is dropped by that. What
    /// [`step`](Self::step) says of the frame from then on counts from the bytes that stay.
    ///
    /// Of a line of text the first byte, which says what it is, moves along.
    pub(crate) fn give_up(&mut self, bytes: &mut [u8]) -> (usize, bool) {
        let (before, drops) = self.inner.give_up();
        if before > 0 {
            self.pos = self.pos.wrapping_sub(before);
            return (before, false);
        }
        let mut n = self.pos.min(bytes.len());
        if self.scanned > 1
            && let Some(&first) = bytes.get(self.pos)
        {
            n = self.pos.wrapping_add(self.scanned).wrapping_sub(1);
            if let Some(place) = bytes.get_mut(n) {
                *place = first;
            }
            self.pos = n;
            self.scanned = 1;
            self.cut = true;
        }
        self.pos = self.pos.wrapping_sub(n);
        (n, drops)
    }

    /// Whether what [`give_up`](Self::give_up) would give up is a push inside the frame, which needs more room to be whole.
    pub(crate) const fn holds_push(&self) -> bool {
        self.inner.holds_room()
    }

    /// The header of the frame that is not whole yet, as far as it is known.
    pub(crate) const fn announced(&self) -> Option<Frame> {
        match self.top {
            Top::Unknown => None,
            Top::Known(kind) => Some(Frame {
                kind,
                value: self.value,
                body: self.body,
                len: 0,
            }),
        }
    }

    /// How many pushes inside the unfinished frame were handed out.
    pub(crate) const fn handed_out(&self) -> u32 {
        self.inner.handed_out()
    }

    /// Forgets the unfinished frame.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn reset(&mut self) {
        *self = Self::new();
    }

    fn resume(&mut self, bytes: &[u8]) -> Result<Step, DecodeErrorKind> {
        loop {
            if self.terminator {
                looked_at(2);
                match bytes.get(self.pos..) {
                    Some([b'\r', b'\n', ..]) => {}
                    None | Some([] | [b'\r']) => return Ok(Step::More),
                    Some(_) => return Err(DecodeErrorKind::BadTerminator),
                }
                self.pos = self.pos.wrapping_add(2);
                self.terminator = false;
                self.owed = self.owed.wrapping_sub(1);
            } else {
                let Some(header) = self.header(bytes)? else {
                    return Ok(Step::More);
                };
                if self.inner.awaits_kind() && !self.judge(bytes, header) {
                    return Ok(Step::More);
                }
                self.value(header)?;
            }
            if FAST && !self.terminator && !self.inner.awaits_kind() {
                self.short_scalars(bytes);
            }
            if let Some(step) = self.whole() {
                return Ok(step);
            }
        }
    }

    /// Steps over whole short scalars, the common elements, until an aggregate or a push inside is
    /// whole. Stops before whatever is none; [`resume`](Self::resume) says what it is.
    #[inline]
    fn short_scalars(&mut self, bytes: &[u8]) {
        let least = match self.top {
            // Behind its attributes comes the value of the frame, which has to be noted.
            Top::Unknown if self.inner.owed() == 0 => 1,
            _ => self.inner.owed(),
        };
        let mut rest = bytes.get(self.pos..).unwrap_or_default();
        let mut owed = self.owed;
        while owed > least
            && let Some(behind) = header::short_scalar(rest)
        {
            rest = behind;
            owed = owed.wrapping_sub(1);
        }
        self.owed = owed;
        self.pos = bytes.len().wrapping_sub(rest.len());
    }

    /// The header at `pos`, or `None` if more bytes are needed.
    #[inline]
    fn header(&mut self, bytes: &[u8]) -> Result<Option<Header>, DecodeErrorKind> {
        let rest = bytes.get(self.pos..).unwrap_or_default();
        if let Some(header) = header::quick(rest) {
            return Ok(Some(header));
        }
        match header::parse(rest, self.scanned)? {
            Parsed::Header(header) => {
                self.scanned = 0;
                self.cut = false;
                Ok(Some(header))
            }
            Parsed::Incomplete { scanned } => {
                self.scanned = scanned;
                Ok(None)
            }
        }
    }

    /// Books what a header pays and owes, and steps over it and the bytes that it announces.
    #[cfg_attr(target_pointer_width = "64", inline)]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn value(&mut self, header: Header) -> Result<(), DecodeErrorKind> {
        let start = self.pos;
        let body = start.saturating_add(header.len);
        let is_top = self.owed == 1 && matches!(self.top, Top::Unknown);
        if is_top && !header.kind.is_attribute() {
            self.top = Top::Known(header.kind);
            self.value = header.value;
            self.body = start.saturating_add(header.body());
        }
        if header.kind.is_bulk() {
            let len = usize::try_from(header.value).unwrap_or(usize::MAX);
            // Where this saturates, so many bytes will never be there.
            self.pos = body.saturating_add(len);
            self.terminator = true;
            return Ok(());
        }
        if header.kind.is_push() && !is_top {
            self.inner.begin(header, start, self.owed);
        }
        let owed = header.owed_after(self.owed, is_top);
        self.owed = owed.ok_or(DecodeErrorKind::OutOfRange)?;
        self.pos = body;
        Ok(())
    }

    /// Whether the push before `header`, which begins its kind, was judged; if not, more bytes are needed.
    #[inline]
    fn judge(&mut self, bytes: &[u8], header: Header) -> bool {
        let element = self.inner.judge(bytes, header, self.pos);
        if element == Some(true) {
            // It pays one after all.
            self.owed = self.owed.wrapping_sub(1);
        }
        element.is_some()
    }

    /// What is whole now that something was paid.
    #[inline]
    fn whole(&mut self) -> Option<Step> {
        if self.terminator {
            return None;
        }
        if self.owed == 0 {
            let mut frame = self.announced()?;
            frame.len = self.pos;
            self.reset();
            return Some(Step::Frame(frame));
        }
        self.inner.whole(self.owed, self.pos)
    }
}

/// The frame at the front of `bytes` if it is one scalar and whole, at no cost to any state.
#[inline(never)]
fn whole_scalar(bytes: &[u8]) -> Option<Frame> {
    let header = match *bytes {
        [b'$', ..] if FAST => header::quick(bytes).or_else(|| parsed(bytes))?,
        [b'+', ref text @ ..] if FAST => match header::line_of_text(Kind::Status, text, 0) {
            Ok(Parsed::Header(header)) => header,
            _ => return None,
        },
        [b'+' | b':' | b'$' | b'_' | b'#', ..] => parsed(bytes)?,
        _ => return None,
    };
    let mut frame = Frame::of_line(header);
    if header.kind == Kind::Bulk {
        let text = usize::try_from(header.value).ok()?;
        let end = header.len.checked_add(text)?;
        match bytes.get(end..) {
            Some([b'\r', b'\n', ..]) => frame.len = end.wrapping_add(2),
            _ => return None,
        }
    }
    Some(frame)
}

#[cfg_attr(target_pointer_width = "64", inline(never))]
#[cfg_attr(not(target_pointer_width = "64"), inline)]
fn parsed(bytes: &[u8]) -> Option<Header> {
    match header::parse(bytes, 0) {
        Ok(Parsed::Header(header)) => Some(header),
        _ => None,
    }
}
