//! Two rings under one set of cursors: the slots of outstanding commands and their bytes.
//!
//! ```text
//!   slots   head ----- sent -------- cleared ---------- len
//!            | answered  | leaving,    | waits for a     |
//!            | next      | has left    | window, a flush |
//!            v           v in part     v                 v
//!   bytes   tail ------ next -------- + run ----------- + used
//! ```
//!
//! Counts run from the head, so that popping it lowers them all. Bytes are freed by whole
//! commands, in order: when the last byte has left, or with `retain` when the slot is popped, so
//! that what lies there can be sent again. Rings wrap by compare and subtract.

use super::config::Window;
use super::slot::{Flags, Slot};
use crate::decode::header::FAST;
use crate::encode::Sink;
use crate::session::Effect;

/// Adds in a ring of `capacity` places; both terms are below it.
#[inline]
pub(crate) const fn wrap(at: usize, n: usize, capacity: usize) -> usize {
    let sum = at.wrapping_add(n);
    if sum >= capacity {
        sum.wrapping_sub(capacity)
    } else {
        sum
    }
}

/// The place before `at`.
#[inline]
pub(crate) const fn before(at: usize, capacity: usize) -> usize {
    match at {
        0 => capacity.saturating_sub(1),
        at => at.wrapping_sub(1),
    }
}

/// The cursors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ring {
    /// Index of the oldest slot, and its sequence number, which wraps.
    head: usize,
    pub(crate) seq: u32,
    /// Slots taken; of them, from the head: whose last byte has left; that may leave; that a
    /// flush has released.
    pub(crate) len: usize,
    pub(crate) sent: usize,
    pub(crate) cleared: usize,
    pub(crate) flushed: usize,
    /// Slots from here on are even: see [`Slot::is_even`]. Those before may be, too.
    uneven: usize,
    /// Index of the oldest byte kept, and bytes kept.
    tail: usize,
    used: usize,
    /// Index of the next byte to send; bytes from there that may leave; of those, bytes lent
    /// out; bytes of the slot at `sent` that have left.
    next: usize,
    run: usize,
    lent: usize,
    part: usize,
    /// What counts in the windows: of slots cleared and not popped.
    window_bytes: usize,
    window_replies: usize,
    /// Of slots not cleared: their bytes, and the bytes of reply that they expect.
    pub(crate) queued_bytes: usize,
    queued_replies: usize,
    /// Something that nothing may be sent behind has been cleared and not popped.
    barrier: bool,
    /// Keep bytes until their slot is popped.
    pub(crate) retain: bool,
}

impl Ring {
    pub(crate) const fn new() -> Self {
        Self {
            head: 0,
            seq: 0,
            len: 0,
            sent: 0,
            cleared: 0,
            flushed: 0,
            uneven: 0,
            tail: 0,
            used: 0,
            next: 0,
            run: 0,
            lent: 0,
            part: 0,
            window_bytes: 0,
            window_replies: 0,
            queued_bytes: 0,
            queued_replies: 0,
            barrier: false,
            retain: false,
        }
    }

    /// Bytes free.
    #[inline]
    pub(crate) const fn free(&self, capacity: usize) -> usize {
        capacity.saturating_sub(self.used)
    }

    /// The index in the memory of the slot `nth` from the head.
    #[inline]
    pub(crate) const fn index(&self, nth: usize, slots: &[Slot]) -> usize {
        wrap(self.head, nth, slots.len())
    }

    #[inline]
    pub(crate) fn slot<'m>(&self, nth: usize, slots: &'m mut [Slot]) -> Option<&'m mut Slot> {
        let index = self.index(nth, slots);
        slots.get_mut(index)
    }

    /// The first `len` bytes of the free memory, in one piece or two; they must be free.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn room<'m>(&self, tx: &'m mut [u8], len: usize) -> (&'m mut [u8], &'m mut [u8]) {
        let at = wrap(self.tail, self.used, tx.len());
        let end = at.wrapping_add(len);
        if end <= tx.len() {
            return (tx.get_mut(at..end).unwrap_or_default(), &mut []);
        }
        let (front, back) = tx.split_at_mut_checked(at).unwrap_or_default();
        let over = len.wrapping_sub(back.len());
        (back, front.get_mut(..over).unwrap_or_default())
    }

    /// The same as a sink.
    #[inline]
    pub(crate) fn sink<'m>(&self, tx: &'m mut [u8], len: usize) -> Sink<'m> {
        let (first, second) = self.room(tx, len);
        Sink::over(first, second)
    }

    /// Takes a slot and its bytes, which were written where [`room`](Self::room) said; the slot's
    /// index in the memory.
    #[inline]
    pub(crate) fn push(&mut self, slots: &mut [Slot], slot: Slot) -> usize {
        let len = slot.len as usize;
        let index = self.index(self.len, slots);
        if let Some(place) = slots.get_mut(index) {
            *place = slot;
            self.len = self.len.wrapping_add(1);
            self.used = self.used.wrapping_add(len);
            self.queued_bytes = self.queued_bytes.wrapping_add(len);
            self.queued_replies = self.queued_replies.wrapping_add(slot.hint as usize);
            if !slot.is_even() {
                self.uneven = self.len;
            }
        }
        index
    }

    /// Notes facts about the slot `nth` from the head.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn mark(&mut self, nth: usize, slots: &mut [Slot], flags: Flags) {
        if let Some(slot) = self.slot(nth, slots) {
            slot.flags = slot.flags.and(flags);
            if !slot.is_even() {
                self.uneven = self.uneven.max(nth.wrapping_add(1));
            }
        }
    }

    /// Adds bytes to the last slot, which is fed in pieces; they were written where
    /// [`room`](Self::room) said.
    pub(crate) fn extend(&mut self, slots: &mut [Slot], n: usize) {
        let last = self.len.wrapping_sub(1);
        let Some(slot) = self.slot(last, slots) else {
            return;
        };
        slot.len = slot
            .len
            .saturating_add(u32::try_from(n).unwrap_or(u32::MAX));
        self.used = self.used.wrapping_add(n);
        if self.cleared == self.len {
            self.run = self.run.wrapping_add(n);
        } else {
            self.queued_bytes = self.queued_bytes.wrapping_add(n);
        }
    }

    /// Clears further slots to leave, as far as flush, window and barrier allow. `ready` slots
    /// from the head may go as far as the flush policy is concerned; `extra` bytes of reply were
    /// announced beyond the hints.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn clear(
        &mut self,
        slots: &[Slot],
        ready: usize,
        window: Window,
        extra: usize,
        capacity: usize,
    ) {
        if ready == self.len && self.cleared >= self.uneven && !self.barrier {
            let bytes = self.window_bytes.wrapping_add(self.queued_bytes);
            let replies = self.window_replies.wrapping_add(self.queued_replies);
            if window.is_open()
                || Limits::of(window, extra).admit(ready.wrapping_sub(1), bytes, replies)
            {
                // All of it at once.
                (self.window_bytes, self.window_replies) = (bytes, replies);
                self.run = self.run.wrapping_add(self.queued_bytes);
                (self.queued_bytes, self.queued_replies) = (0, 0);
                self.cleared = ready;
                return;
            }
        }
        self.clear_singly(slots, ready, Limits::of(window, extra), capacity);
    }

    /// The same, slot by slot.
    fn clear_singly(&mut self, slots: &[Slot], ready: usize, limits: Limits, capacity: usize) {
        // Kept in registers: this loop runs once for each command.
        let (mut bytes, mut replies) = (self.window_bytes, self.window_replies);
        let (mut cleared, mut run, mut barrier) = (self.cleared, self.run, self.barrier);
        let mut index = self.index(cleared, slots);
        while cleared < ready && !barrier {
            let Some(slot) = slots.get(index) else {
                break;
            };
            let bytes_then = bytes.wrapping_add(slot.window_len() as usize);
            let replies_then = replies.wrapping_add(slot.hint as usize);
            if slot.has(Flags::STRUCK) {
                if run > 0 {
                    break;
                }
                self.step_over(slot.len as usize, capacity);
            } else if cleared > 0 && !limits.admit(cleared, bytes_then, replies_then) {
                break;
            } else {
                run = run.wrapping_add(slot.len as usize);
                barrier = slot.effect.is_barrier();
            }
            (bytes, replies) = (bytes_then, replies_then);
            cleared = cleared.wrapping_add(1);
            index = wrap(index, 1, slots.len());
        }
        let begun = run.wrapping_sub(self.run);
        self.queued_bytes = self.queued_bytes.wrapping_sub(begun);
        let expected = replies.wrapping_sub(self.window_replies);
        self.queued_replies = self.queued_replies.wrapping_sub(expected);
        (self.window_bytes, self.window_replies) = (bytes, replies);
        (self.cleared, self.run, self.barrier) = (cleared, run, barrier);
    }

    /// Steps over the bytes of a struck slot at the `sent` cursor, of which none has left.
    fn step_over(&mut self, len: usize, capacity: usize) {
        self.queued_bytes = self.queued_bytes.wrapping_sub(len);
        self.sent = self.sent.wrapping_add(1);
        self.next = wrap(self.next, len, capacity);
        if !self.retain {
            self.release(len, capacity);
        }
    }

    /// Whether every byte that was queued has left.
    #[inline]
    pub(crate) const fn is_all_out(&self) -> bool {
        self.run == 0 && self.cleared == self.len
    }

    /// Where the bytes to send next lie, in one piece.
    #[inline]
    pub(crate) fn lend<'m>(&mut self, tx: &'m [u8]) -> &'m [u8] {
        let straight = tx.get(self.next..).unwrap_or_default();
        self.lent = self.run.min(straight.len());
        straight.get(..self.lent).unwrap_or_default()
    }

    /// Books `n` bytes of those lent as gone. Returns how many; call [`pass`](Self::pass) until
    /// it returns `None`.
    #[inline]
    pub(crate) fn transmitted(&mut self, n: usize, capacity: usize) {
        let n = n.min(self.lent);
        // Nothing left: the driver will ask again before it sends more.
        self.lent = if n == 0 { 0 } else { self.lent.wrapping_sub(n) };
        self.run = self.run.wrapping_sub(n);
        self.part = self.part.wrapping_add(n);
        self.next = wrap(self.next, n, capacity);
    }

    /// Passes all slots whose last byte has left, up to the first that is not plain; for those,
    /// call [`pass`](Self::pass).
    #[inline(always)]
    pub(crate) fn pass_plain(&mut self, slots: &[Slot], capacity: usize) {
        if !FAST || self.run > 0 || self.sent < self.uneven {
            return self.pass_singly(slots, capacity);
        }
        // All that was cleared has left.
        self.sent = self.cleared;
        let freed = core::mem::take(&mut self.part);
        if !self.retain && freed > 0 {
            self.release(freed, capacity);
        }
    }

    /// The same, slot by slot.
    fn pass_singly(&mut self, slots: &[Slot], capacity: usize) {
        // Kept in registers: this loop runs once for each command.
        let mut index = self.index(self.sent, slots);
        let (mut sent, mut part, mut freed) = (self.sent, self.part, 0usize);
        while sent < self.cleared {
            let Some(slot) = slots.get(index) else {
                break;
            };
            let len = slot.len as usize;
            if part < len || slot.effect != Effect::Plain || slot.has(Flags::PIECES) {
                break;
            }
            part = part.wrapping_sub(len);
            freed = freed.wrapping_add(len);
            sent = sent.wrapping_add(1);
            index = wrap(index, 1, slots.len());
        }
        (self.sent, self.part) = (sent, part);
        if !self.retain && freed > 0 {
            self.release(freed, capacity);
        }
    }

    /// The next slot whose last byte has left; its bytes are freed unless they are retained.
    #[inline]
    pub(crate) fn pass<'m>(
        &mut self,
        slots: &'m mut [Slot],
        capacity: usize,
        held: bool,
    ) -> Option<&'m mut Slot> {
        if self.sent == self.cleared {
            return None;
        }
        let nth = self.sent;
        let last = nth.wrapping_add(1) == self.len;
        let retain = self.retain;
        let slot = self.slot(nth, slots)?;
        let len = slot.len as usize;
        if slot.has(Flags::PIECES) && (!retain || nth == 0) {
            // Never sent again: freed byte by byte.
            let gone = self.part.min(len);
            slot.len = u32::try_from(len.wrapping_sub(gone)).unwrap_or(u32::MAX);
            self.part = self.part.wrapping_sub(gone);
            self.release(gone, capacity);
            if slot.len > 0 || (held && last) {
                return None;
            }
        } else if self.part < len || (held && last) {
            return None;
        } else {
            self.part = self.part.wrapping_sub(len);
            if !retain {
                self.release(len, capacity);
            }
        }
        self.sent = nth.wrapping_add(1);
        Some(slot)
    }

    #[cfg_attr(target_pointer_width = "64", inline)]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn release(&mut self, n: usize, capacity: usize) {
        self.tail = wrap(self.tail, n, capacity);
        self.used = self.used.wrapping_sub(n);
        if self.used == 0 && self.next == self.tail {
            // An empty ring begins at the front again, so that what comes next leaves in one
            // piece and no more memory is touched than is needed.
            self.next = 0;
            self.tail = 0;
        }
    }

    /// Gives up the oldest slot, whose last byte has left or which is struck.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn pop(&mut self, slots: &mut [Slot], capacity: usize) {
        let Some(&mut slot) = self.slot(0, slots) else {
            return;
        };
        let len = slot.len as usize;
        if self.sent == 0 {
            // Struck before it left: its bytes are stepped over.
            self.queued_replies = self.queued_replies.wrapping_sub(slot.hint as usize);
            self.queued_bytes = self.queued_bytes.wrapping_sub(len);
            self.next = wrap(self.next, len, capacity);
            self.release(len, capacity);
            self.uneven = self.uneven.saturating_sub(1);
            self.advance(slots.len());
        } else {
            // One that was struck out was stepped over and has set none.
            if slot.effect.is_barrier() && !slot.has(Flags::STRUCK) {
                self.barrier = false;
            }
            self.uneven = self.uneven.saturating_sub(1);
            let counts = (slot.len, slot.window_len(), slot.hint);
            self.pop_sent(counts, slots.len(), capacity);
        }
    }

    /// Whether all that is outstanding is even.
    #[inline]
    pub(crate) const fn is_even(&self) -> bool {
        self.uneven == 0
    }

    /// The oldest slot, if its last byte has left.
    #[inline(always)]
    pub(crate) fn sent_head<'m>(&self, slots: &'m [Slot]) -> Option<(usize, &'m Slot)> {
        if self.sent == 0 {
            return None;
        }
        let index = self.index(0, slots);
        slots.get(index).map(|slot| (index, slot))
    }

    /// Gives up the oldest slot, whose last byte has left: its bytes, those of them that count in the
    /// window, and the bytes of reply that were expected.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn pop_sent(
        &mut self,
        (len, window_len, hint): (u32, u32, u32),
        depth: usize,
        capacity: usize,
    ) {
        self.sent = self.sent.wrapping_sub(1);
        self.cleared = self.cleared.wrapping_sub(1);
        self.window_bytes = self.window_bytes.wrapping_sub(window_len as usize);
        self.window_replies = self.window_replies.wrapping_sub(hint as usize);
        if self.retain {
            self.release(len as usize, capacity);
        }
        self.advance(depth);
    }

    /// The slot behind the oldest becomes the oldest.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn advance(&mut self, depth: usize) {
        self.flushed = self.flushed.saturating_sub(1);
        self.len = self.len.wrapping_sub(1);
        self.seq = self.seq.wrapping_add(1);
        self.head = wrap(self.head, 1, depth);
    }

    /// Whether the slot `nth` from the head has begun to leave, or is lent out.
    pub(crate) fn has_begun(&self, nth: usize, slots: &mut [Slot]) -> bool {
        // The first question is for thousands that are sent and expire at once: each would count what is leaving.
        nth < self.sent || nth < self.begun(slots)
    }

    /// Slots from the head of which something has left, or is lent out.
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn begun(&self, slots: &mut [Slot]) -> usize {
        // Bytes of the slots at and after `sent` that have left or are lent out.
        let mut leaving = self.part.saturating_add(self.lent);
        let mut begun = self.sent;
        let mut before: usize = 0;
        if self
            .slot(begun, slots)
            .is_some_and(|slot| slot.has(Flags::PIECES))
        {
            // Of its bytes those that have left are not counted any more: some may have.
            leaving = leaving.max(1);
        }
        while before < leaving && begun < self.cleared {
            let len = self.slot(begun, slots).map_or(0, |slot| slot.len as usize);
            before = before.saturating_add(len);
            begun = begun.wrapping_add(1);
        }
        begun
    }

    /// Whether there is a slot that is struck out.
    pub(crate) fn has_struck(&self, slots: &mut [Slot]) -> bool {
        (0..self.len).any(|nth| {
            self.slot(nth, slots)
                .is_some_and(|slot| slot.has(Flags::STRUCK))
        })
    }

    /// Moves the oldest slot and its bytes behind the newest: from one index to another. Nothing
    /// is cleared.
    pub(crate) fn turn(&mut self, slots: &mut [Slot], tx: &mut [u8]) -> Option<(usize, usize)> {
        let slot = *self.slot(0, slots)?;
        let len = slot.len as usize;
        let (mut from, mut to) = (self.tail, wrap(self.tail, self.used, tx.len()));
        // Byte by byte and upwards: the two places may overlap, the free room lies between them.
        for _ in 0..len {
            if let Some(&byte) = tx.get(from)
                && let Some(place) = tx.get_mut(to)
            {
                *place = byte;
            }
            from = wrap(from, 1, tx.len());
            to = wrap(to, 1, tx.len());
        }
        self.tail = from;
        self.next = from;
        let indices = (self.head, self.index(self.len, slots));
        if let Some(place) = slots.get_mut(indices.1) {
            *place = slot;
        }
        self.head = wrap(self.head, 1, slots.len());
        self.seq = self.seq.wrapping_add(1);
        Some(indices)
    }

    /// Takes back the clearance of the slot `nth` from the head and of all behind it; none of
    /// them has begun to leave.
    pub(crate) fn withdraw(&mut self, nth: usize, slots: &mut [Slot]) {
        while self.cleared > nth && self.cleared > self.sent {
            self.cleared = self.cleared.wrapping_sub(1);
            let Some(&mut slot) = self.slot(self.cleared, slots) else {
                return;
            };
            let window_len = slot.window_len() as usize;
            self.window_bytes = self.window_bytes.wrapping_sub(window_len);
            self.window_replies = self.window_replies.wrapping_sub(slot.hint as usize);
            self.queued_bytes = self.queued_bytes.wrapping_add(slot.len as usize);
            self.queued_replies = self.queued_replies.wrapping_add(slot.hint as usize);
            self.run = self.run.wrapping_sub(slot.len as usize);
            if slot.effect.is_barrier() {
                self.barrier = false;
            }
        }
    }

    /// Begins anew on the next connection: nothing has left. What was sent and is not retained
    /// must have been popped.
    pub(crate) fn rewind(&mut self, slots: &mut [Slot]) {
        if !self.retain {
            // Bytes of slots that were sent are gone; those slots have ended.
            while self.sent > 0 {
                self.pop(slots, usize::MAX);
            }
        }
        self.sent = 0;
        self.cleared = 0;
        self.next = self.tail;
        self.run = 0;
        self.lent = 0;
        self.part = 0;
        self.window_bytes = 0;
        let expected = core::mem::take(&mut self.window_replies);
        self.barrier = false;
        self.queued_bytes = self.used;
        self.queued_replies = self.queued_replies.wrapping_add(expected);
    }
}

#[cfg(test)]
impl Ring {
    /// Counts again, slot by slot, what is kept as sums.
    pub(crate) fn assert_sums(&self, slots: &[Slot]) {
        let count = |from: usize, to: usize| {
            let counted = (from..to).map(|nth| slots[self.index(nth, slots)]);
            counted.fold((0, 0, 0), |(bytes, window, replies), slot| {
                (
                    bytes + slot.len as usize,
                    window + slot.window_len() as usize,
                    replies + slot.hint as usize,
                )
            })
        };
        let (_, window, replies) = count(0, self.cleared);
        assert_eq!((self.window_bytes, self.window_replies), (window, replies));
        let (bytes, _, replies) = count(self.cleared, self.len);
        assert_eq!((self.queued_bytes, self.queued_replies), (bytes, replies));
        let odd = (self.uneven..self.len).find(|&nth| !slots[self.index(nth, slots)].is_even());
        assert_eq!(odd, None, "counts as even");
    }
}

/// A [`Window`] with no zeros that mean something else.
#[derive(Clone, Copy)]
struct Limits {
    commands: usize,
    sent_bytes: usize,
    reply_bytes: usize,
}

impl Limits {
    /// `extra` bytes of reply were announced beyond the hints.
    #[inline]
    fn of(window: Window, extra: usize) -> Self {
        let limit = |limit: u32| match limit {
            0 => usize::MAX,
            limit => limit as usize,
        };
        Self {
            commands: limit(window.commands),
            sent_bytes: limit(window.sent_bytes),
            reply_bytes: limit(window.reply_bytes).saturating_sub(extra),
        }
    }

    /// Whether one command more may leave, with which so much is in flight.
    #[inline]
    const fn admit(&self, before: usize, sent_bytes: usize, reply_bytes: usize) -> bool {
        before < self.commands && sent_bytes <= self.sent_bytes && reply_bytes <= self.reply_bytes
    }
}
