//! Making room in a full ring, for commands that wait for a connection.
//!
//! Only the oldest command's end frees bytes and slots, because the ring is one piece. So dropping
//! for room takes from the head; a command that is withdrawn from the middle is struck out, its
//! room returns when the tail passes it, or when the ring is compacted:
//!
//! ```text
//!   before   [ a | b struck | c | d struck | e ]        full
//!   compact    each in turn: struck goes, the rest moves behind the newest
//!   after    [ a | c | e |         free        ]        the same order
//! ```

use super::engine::{Engine, Link, Memory};
use super::event::{Fate, Why};
use super::slot::Flags;
use super::storage::{Parts, Storage};
use super::{Pipeline, ring};

/// Room, for those who would rather lose an old command than a new one.
impl<S: Storage> Pipeline<S> {
    /// Gives up the oldest command that has not ended, for its room, which is free at once.
    /// `None`, and nothing has changed, if a part of it has left on this connection or is lent
    /// out, or if it changes the session: the room returns when it is answered or the link ends.
    ///
    /// The fate is `NotSent`, or `Unknown` if it had been sent on an earlier connection.
    pub fn drop_oldest(&mut self) -> Option<(S::Tag, Fate)> {
        let Parts {
            tx,
            rx,
            slots,
            tags,
        } = self.storage.parts();
        let mut mem = Memory { tx, rx, slots };
        loop {
            let (index, fate) = self.engine.drop_oldest(&mut mem)?;
            if let Some(tag) = tags.get_mut(index).and_then(Option::take) {
                return Some((tag, fate));
            }
        }
    }

    /// Strikes out the newest command whose tag this says yes to, of those of which nothing has
    /// left on this connection, and gives its tag back. Its room returns when the commands before
    /// it have ended, or with [`compact`](Self::compact).
    ///
    /// The fate is `NotSent`, or `Unknown` if it had been sent on an earlier connection.
    pub fn withdraw_newest(
        &mut self,
        mut which: impl FnMut(&S::Tag) -> bool,
    ) -> Option<(S::Tag, Fate)> {
        let Parts {
            tx,
            rx,
            slots,
            tags,
        } = self.storage.parts();
        let mut mem = Memory { tx, rx, slots };
        let begun = self.engine.ring.begun(mem.slots);
        let mut nth = self.engine.ring.len;
        while nth > begun {
            nth = nth.wrapping_sub(1);
            let index = self.engine.ring.index(nth, mem.slots);
            let place = tags.get_mut(index)?;
            if place.as_ref().is_some_and(&mut which)
                && let Some(fate) = self.engine.withdraw(&mut mem, nth)
            {
                return Some((place.take()?, fate));
            }
        }
        None
    }

    /// Frees the room of all commands that were struck out, if nothing has begun to leave on this
    /// connection; whether any room was freed. Order is kept. Every byte in `tx` is moved at most
    /// once.
    ///
    /// Tickets of the commands that stay are worthless afterwards.
    pub fn compact(&mut self) -> bool {
        let Parts {
            tx,
            rx,
            slots,
            tags,
        } = self.storage.parts();
        let mut mem = Memory { tx, rx, slots };
        if !self.engine.may_compact(&mut mem) {
            return false;
        }
        let flushed = self.engine.ring.flushed;
        let mut still_flushed: usize = 0;
        for nth in 0..self.engine.ring.len {
            if let Some((from, to)) = self.engine.turn(&mut mem) {
                still_flushed = still_flushed.wrapping_add(usize::from(nth < flushed));
                let tag = tags.get_mut(from).and_then(Option::take);
                if let Some(place) = tags.get_mut(to) {
                    *place = tag;
                }
            }
        }
        self.engine.ring.flushed = still_flushed;
        true
    }

    /// Whether the command that the last event was a reply to had been sent on an earlier
    /// connection too: the reply may then be about something that its first run has done. Ask
    /// before anything else is submitted. Where the event still borrows the pipeline then,
    /// [`poll_event_with`](Self::poll_event_with) tells both.
    #[must_use]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub fn was_sent_before(&mut self) -> bool {
        let slots = self.storage.parts().slots;
        let last = ring::before(self.engine.ring.index(0, slots), slots.len());
        slots
            .get(last)
            .is_some_and(|slot| slot.has(Flags::ATTEMPTED))
    }
}

impl Engine {
    /// Gives up the oldest command: the index of its slot, which may have no tag any more, and its
    /// fate.
    fn drop_oldest(&mut self, mem: &mut Memory<'_>) -> Option<(usize, Fate)> {
        if self.ring.len == 0 || !self.is_settled() || self.ring.begun(mem.slots) > 0 {
            return None;
        }
        let slot = *self.ring.slot(0, mem.slots)?;
        if !slot.has(Flags::STRUCK) && !slot.is_loose() {
            return None;
        }
        let index = self.ring.index(0, mem.slots);
        self.ring.withdraw(0, mem.slots);
        self.pop(mem);
        Some((index, slot.withdrawn()))
    }

    /// Strikes out a command of which nothing has left; `None` if it has to stay.
    fn withdraw(&mut self, mem: &mut Memory<'_>, nth: usize) -> Option<Fate> {
        let slot = *self.ring.slot(nth, mem.slots)?;
        if !self.is_settled() || !slot.is_loose() {
            return None;
        }
        self.strike(mem, nth);
        Some(slot.withdrawn())
    }

    /// Whether there is room to be had by compacting; if so, nothing is cleared to leave any more.
    fn may_compact(&mut self, mem: &mut Memory<'_>) -> bool {
        let may = self.is_settled() && self.held.is_nothing() && self.ring.begun(mem.slots) == 0;
        if !may || !self.ring.has_struck(mem.slots) {
            return false;
        }
        self.ring.withdraw(0, mem.slots);
        (self.expired, self.reported) = (0, 0);
        true
    }

    /// One step of compacting: the oldest slot goes if it is struck; otherwise it moves behind the
    /// newest, from one index to another.
    fn turn(&mut self, mem: &mut Memory<'_>) -> Option<(usize, usize)> {
        if self.ring.slot(0, mem.slots)?.has(Flags::STRUCK) {
            self.ring.pop(mem.slots, mem.tx.len());
            return None;
        }
        self.ring.turn(mem.slots, mem.tx)
    }

    /// Whether no fate is still to be told: neither of a link's end nor of a time-out. Both go through the slots
    /// by their place, which dropping and compacting change.
    const fn is_settled(&self) -> bool {
        !self.has_news() && !matches!(self.link, Link::Ending | Link::Reaping)
    }
}

impl super::Slot {
    /// Whether it can be taken out without harm to those behind it, and has not ended.
    const fn is_loose(&self) -> bool {
        let fixed = Flags::STRUCK.and(Flags::GONE).and(Flags::PIECES);
        !self.has(fixed) && !self.effect.is_bound()
    }

    /// How it ends if it is taken out before it has left on this connection.
    const fn withdrawn(&self) -> Fate {
        match self.has(Flags::ATTEMPTED) {
            true => Fate::Unknown(Why::Abandoned),
            false => Fate::NotSent,
        }
    }
}
