//! The receive buffer: bytes that wait to be framed, and room behind them.
//!
//! ```text
//!   0 .. start    consumed
//!   start .. end  waiting to be framed, or framed and lent out
//!   end ..        room
//! ```

use crate::encode::copy;

/// The offset, in bytes, behind which waiting bytes are moved to the front although there is
/// room: a large buffer is touched only as far as its replies need.
const LATE: usize = 64 * 1024;

/// Where the bytes of the receive buffer lie.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rx {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Bytes of the connection that came before the front of the memory.
    before: u64,
}

impl Rx {
    pub(crate) const fn new() -> Self {
        Self {
            start: 0,
            end: 0,
            before: 0,
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

    /// Whether nothing waits.
    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether all of the buffer waits: nothing more can be received before something is
    /// consumed.
    #[inline]
    pub(crate) const fn is_full(&self, memory: &[u8]) -> bool {
        self.start == 0 && self.end == memory.len()
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
        let (waiting, consumed) = (self.end.wrapping_sub(self.start), self.start);
        if waiting == 0 {
            self.before = self.consumed();
            self.start = 0;
            self.end = 0;
        } else if consumed > 0 {
            let at_end = self.end == memory.len();
            let late = self.end > LATE || memory.len().wrapping_sub(self.end) < self.end;
            if (waiting <= consumed && late) || (at_end && stuck) {
                self.move_to_front(memory);
            }
        }
        memory.get_mut(self.end..).unwrap_or_default()
    }

    fn move_to_front(&mut self, memory: &mut [u8]) {
        let memory = memory.get_mut(..self.end).unwrap_or_default();
        if self.start <= memory.len() {
            memory.copy_within(self.start.., 0);
        }
        self.before = self.consumed();
        self.end = self.end.wrapping_sub(self.start);
        self.start = 0;
    }
}

/// Copies what came in one piece; used by drivers that are handed bytes.
pub(crate) fn take(room: &mut [u8], bytes: &[u8]) -> usize {
    copy(room, bytes);
    room.len().min(bytes.len())
}
