//! The receive buffer: bytes that wait to be framed, and room behind them.
//!
//! ```text
//!   0 .. kept     stays where it is: the first bytes of a reply that is too large, what the server said
//!   .. start      consumed
//!   start .. end  waiting to be framed, or framed and lent out
//!   end ..        room
//! ```

use crate::encode::copy;

/// The offset, in bytes, behind which waiting bytes are moved to the front although there is
/// room: a large buffer is touched only as far as its replies need.
const LATE: usize = 64 * 1024;

/// Bytes that are kept of a reply that is too large, and of an error that ends a link.
pub(crate) const EXCERPT: usize = 64;

/// Bytes that lie somewhere in the receive buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) at: usize,
    pub(crate) len: usize,
}

impl Span {
    pub(crate) const NOTHING: Self = Self { at: 0, len: 0 };

    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn of(self, memory: &[u8]) -> &[u8] {
        let bytes = memory.get(self.at..).unwrap_or_default();
        bytes.get(..self.len).unwrap_or_default()
    }
}

/// Where the bytes of the receive buffer lie.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rx {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Bytes of the connection that came before the front of the memory, less those that are kept there.
    before: u64,
    /// Bytes at the front that nothing is moved over.
    kept: usize,
}

impl Rx {
    pub(crate) const fn new() -> Self {
        Self {
            start: 0,
            end: 0,
            before: 0,
            kept: 0,
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::new();
    }

    /// The bytes that wait.
    #[inline]
    pub(crate) fn waiting<'m>(&self, memory: &'m [u8]) -> &'m [u8] {
        memory.get(self.start..self.end).unwrap_or_default()
    }

    /// The same, to be changed.
    pub(crate) fn waiting_mut<'m>(&self, memory: &'m mut [u8]) -> &'m mut [u8] {
        memory.get_mut(self.start..self.end).unwrap_or_default()
    }

    /// Whether nothing waits.
    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether all of the buffer waits: nothing more can be received before something is
    /// consumed.
    #[inline]
    pub(crate) const fn is_full(&self, memory: &[u8]) -> bool {
        self.start <= self.kept && self.end == memory.len()
    }

    /// Keeps of `n` bytes at the front the first: at most half of the memory, so that there is room behind them.
    pub(crate) fn keep(&mut self, n: usize, memory: &[u8]) {
        self.kept = n.min(EXCERPT).min(memory.len() / 2);
    }

    /// Keeps a text that was consumed, moved to the front, as [`keep`](Self::keep) does: where it lies now.
    #[cfg(feature = "login")]
    pub(crate) fn keep_text(&mut self, text: Span, memory: &mut [u8]) -> Span {
        self.keep(text.len, memory);
        let end = text.at.saturating_add(self.kept);
        let moved = memory.get_mut(..end).unwrap_or_default();
        if text.at <= moved.len() {
            moved.copy_within(text.at.., 0);
        }
        Span {
            at: 0,
            len: self.kept,
        }
    }

    /// Keeps none any more: how many lie there until the next bytes are received.
    pub(crate) fn release(&mut self) -> usize {
        core::mem::take(&mut self.kept)
    }

    /// Gives up bytes at the front.
    #[inline]
    pub(crate) fn consume(&mut self, n: usize) {
        self.start = self.start.wrapping_add(n).min(self.end);
    }

    /// Bytes consumed since the connection began.
    pub(crate) const fn consumed(&self) -> u64 {
        self.before.wrapping_add(self.start as u64)
    }

    /// Books bytes that were put behind the waiting ones.
    #[inline]
    pub(crate) fn commit(&mut self, n: usize, memory: &[u8]) {
        self.end = self.end.saturating_add(n).min(memory.len());
    }

    /// The room behind the waiting bytes. Moves them to the front when that is cheap, or when it
    /// must be because a frame is cut by the end (`stuck`): no more bytes are moved than were
    /// consumed since the last move, but for those of the frame that is cut.
    #[inline]
    pub(crate) fn room<'m>(&mut self, memory: &'m mut [u8], stuck: bool) -> &'m mut [u8] {
        if self.is_empty() && self.kept == 0 {
            self.before = self.consumed();
            self.start = 0;
            self.end = 0;
        } else if self.start > self.kept {
            self.make_room(memory, stuck);
        }
        memory.get_mut(self.end..).unwrap_or_default()
    }

    /// The same, where something waits or is kept.
    #[inline(never)]
    fn make_room(&mut self, memory: &mut [u8], stuck: bool) {
        let waiting = self.end.wrapping_sub(self.start);
        let consumed = self.start.wrapping_sub(self.kept);
        let at_end = self.end == memory.len();
        let late = self.end > LATE || memory.len().wrapping_sub(self.end) < self.end;
        if waiting == 0 || (waiting <= consumed && late) || (at_end && stuck) {
            let moved = memory.get_mut(self.kept..self.end).unwrap_or_default();
            if consumed <= moved.len() {
                moved.copy_within(consumed.., 0);
            }
            self.before = self.before.wrapping_add(consumed as u64);
            self.start = self.kept;
            self.end = self.end.wrapping_sub(consumed);
        }
    }
}

/// Copies what came in one piece; used by drivers that are handed bytes.
pub(crate) fn take(room: &mut [u8], bytes: &[u8]) -> usize {
    copy(room, bytes);
    room.len().min(bytes.len())
}
