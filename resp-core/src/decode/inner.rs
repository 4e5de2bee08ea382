//! The push that stands inside an aggregate and is not whole yet.

use super::framer::{Frame, Step};
use super::header::Header;
use super::push;
use crate::Kind;

/// A push inside an aggregate, and how many there were. All zero where there is none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inner {
    start: usize,
    body: usize,
    /// Values in it.
    count: usize,
    /// What was owed before, which is not nothing; when it is owed again, the push is whole.
    owed: usize,
    /// How many of this frame were handed out.
    handed_out: u32,
    /// It is too large to be handed out.
    dropped: bool,
    /// A push began, and its kind, which decides whether it is an element, comes next.
    kind_next: bool,
}

impl Inner {
    pub(crate) const fn new() -> Self {
        Self {
            start: 0,
            body: 0,
            count: 0,
            owed: 0,
            handed_out: 0,
            dropped: false,
            kind_next: false,
        }
    }

    /// What is owed when it is whole; nothing where there is none.
    pub(crate) const fn owed(&self) -> usize {
        self.owed
    }

    pub(crate) const fn handed_out(&self) -> u32 {
        self.handed_out
    }

    pub(crate) const fn awaits_kind(&self) -> bool {
        self.kind_next
    }

    /// A push begins, `owed` being owed before it. One inside another is left to those who walk the outer.
    pub(crate) fn begin(&mut self, header: Header, start: usize, owed: usize) {
        self.kind_next = header.value > 0;
        if self.owed == 0 {
            self.start = start;
            self.body = start.saturating_add(header.len);
            self.count = header.count();
            self.owed = owed;
        }
    }

    /// Decides by its kind, which `header` begins at `at`, whether the push before it is an element. `None` if
    /// more bytes are needed.
    #[cfg_attr(target_pointer_width = "64", inline)]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn judge(&mut self, bytes: &[u8], header: Header, at: usize) -> Option<bool> {
        let kind = push::kind(bytes.get(at..).unwrap_or_default(), header)?;
        self.kind_next = false;
        let element = push::is_element(kind);
        if element && self.body == at {
            // It is nothing to hand out by itself.
            self.end();
        }
        Some(element)
    }

    /// It is whole if so much is owed at `at`, and to be handed out if it was not too large.
    pub(crate) fn whole(&mut self, owed: usize, at: usize) -> Option<Step> {
        if self.owed != owed || self.kind_next {
            return None;
        }
        let dropped = self.dropped;
        self.end();
        if dropped {
            return None;
        }
        self.handed_out = self.handed_out.saturating_add(1);
        Some(Step::Inner {
            start: self.start,
            push: Frame {
                kind: Kind::Push,
                value: i64::try_from(self.count).unwrap_or(i64::MAX),
                body: self.body.wrapping_sub(self.start),
                len: at.wrapping_sub(self.start),
            },
        })
    }

    const fn end(&mut self) {
        self.owed = 0;
        self.dropped = false;
    }

    /// Whether it begins at the front and needs more room to be whole.
    pub(crate) const fn holds_room(&self) -> bool {
        self.owed > 0 && !self.dropped && self.start == 0
    }

    /// There is no room: what is before it may go, so many bytes, so that it may be whole with what comes. If it
    /// has all the room, it is dropped.
    pub(crate) fn give_up(&mut self) -> (usize, bool) {
        if self.owed == 0 || self.dropped {
            return (0, false);
        }
        let before = core::mem::take(&mut self.start);
        self.body = self.body.wrapping_sub(before);
        self.dropped = before == 0;
        (before, self.dropped)
    }
}
