//! From the application: commands that are queued, and commands that are given up.

use super::Held;
use super::config::Resend;
use super::engine::{Engine, Link, Memory};
use super::error::{PipelineError, Rejected};
use super::event::{Fate, Why};
use super::slot::{Flags, Slot, Stamp};
use crate::Instant;
use crate::encode::{Command, Traits};
use crate::session::{Class, Effect, Words};

impl Engine {
    /// Whether a command of `len` bytes would find room.
    #[inline]
    pub(crate) fn check_room(&mut self, mem: &Memory<'_>, len: usize) -> Result<(), Rejected> {
        let free = self.ring.free(mem.tx.len());
        if self.ring.len < mem.slots.len()
            && len <= free
            && self.held.is_nothing()
            && !self.closing
            && matches!(self.link, Link::Up)
        {
            return Ok(());
        }
        self.check_room_slowly((mem.tx.len(), mem.slots.len()), len, free)
    }

    #[cold]
    fn check_room_slowly(
        &mut self,
        (capacity, depth): (usize, usize),
        len: usize,
        free: usize,
    ) -> Result<(), Rejected> {
        if self.closing || !self.accepts() {
            return Err(Rejected::Closed);
        }
        if !self.held.is_nothing() {
            return Err(Rejected::LineHeld);
        }
        // First what waiting, or dropping older ones, does not help.
        if len > capacity {
            return Err(Rejected::TooLong {
                needed: len,
                capacity,
            });
        }
        if self.ring.len >= depth {
            self.flush();
            return Err(Rejected::NoSlot);
        }
        if len > free {
            self.flush();
            return Err(Rejected::NoRoom { needed: len, free });
        }
        Ok(())
    }

    /// Whether commands are taken: not after a link died whose commands would not go on.
    pub(crate) fn accepts(&self) -> bool {
        match self.link {
            Link::Up | Link::LoggingIn | Link::Down => true,
            Link::Failed => self.config.resend != Resend::Never,
            Link::Ending | Link::Reaping => false,
        }
    }

    /// Queues a command; the index of its slot in memory. A small machine keeps one copy for all types of
    /// commands.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn submit(
        &mut self,
        mem: &mut Memory<'_>,
        command: &dyn Command,
        now: Instant,
    ) -> Result<usize, Rejected> {
        let len = command.encoded_len();
        self.check_room(mem, len)?;
        let mut sink = self.ring.sink(mem.tx, len);
        command.encode(&mut sink);
        if sink.room() != 0 || sink.overflowed() {
            return Err(Rejected::Inexact);
        }
        let traits = command.traits();
        let words = match traits.class {
            Class::Plain if !self.session.is_watchful() => {
                return Ok(self.take_slot(mem, len, (Effect::Plain, 1, false), traits, now));
            }
            Class::Plain => None,
            Class::Special => Some((len, command.argument_count())),
        };
        self.enqueue(&mut mem.again(), len, words, traits, now)
    }

    /// Takes a slot for `len` bytes that were written, unless the guard refuses.
    #[inline(never)]
    pub(crate) fn enqueue(
        &mut self,
        mem: &mut Memory<'_>,
        len: usize,
        words: Option<(usize, usize)>,
        traits: Traits,
        now: Instant,
    ) -> Result<usize, Rejected> {
        let words = words.map(|(len, count)| self.words(mem, len, count));
        let admitted = match self.config.shared {
            true => self.session.admit_shared(words),
            false => self.session.admit(words),
        };
        let (effect, owed) = admitted.map_err(Rejected::Refused)?;
        let bound = effect.is_bound() || self.session.binds();
        Ok(self.take_slot(mem, len, (effect, owed, bound), traits, now))
    }

    /// The words of the command whose first `len` bytes were written.
    pub(super) fn words<'m>(&self, mem: &'m mut Memory<'_>, len: usize, count: usize) -> Words<'m> {
        let (first, second) = self.ring.room(mem.tx, len);
        Words::new(first, second, count)
    }

    #[inline]
    fn take_slot(
        &mut self,
        mem: &mut Memory<'_>,
        len: usize,
        (effect, owed, bound): (Effect, u16, bool),
        traits: Traits,
        now: Instant,
    ) -> usize {
        let flags = Flags::REPLAYABLE
            .when(traits.replayable)
            .and(Flags::BOUND.when(bound));
        self.now = self.now.max(now);
        let hint = match traits.reply_hint {
            0 => 64,
            hint => hint,
        };
        self.ring.push(
            mem.slots,
            Slot {
                len: u32::try_from(len).unwrap_or(u32::MAX),
                stamp: Stamp::of(now),
                hint: hint.min(most_hinted(mem.slots.len())),
                owed,
                effect,
                flags,
            },
        )
    }

    pub(crate) fn flush(&mut self) {
        self.ring.flushed = self.ring.len;
    }

    /// Ends a command for the caller: the index of its slot and its fate.
    pub(crate) fn abandon(&mut self, mem: &mut Memory<'_>, seq: u32) -> Option<(usize, Fate)> {
        let nth = usize::try_from(seq.wrapping_sub(self.ring.seq)).ok()?;
        if nth >= self.ring.len {
            return None;
        }
        let slot = *self.ring.slot(nth, mem.slots)?;
        if slot.has(Flags::GONE.and(Flags::STRUCK)) {
            return None;
        }
        let begun = self.ring.has_begun(nth, mem.slots);
        let whole = self.held.is_nothing() || nth.wrapping_add(1) < self.ring.len;
        let fate = if nth < self.ring.sent && slot.has(Flags::SILENT) {
            self.ring.mark(nth, mem.slots, Flags::GONE);
            Fate::Silent
        } else if !whole {
            self.held = Held::Nothing;
            self.strike(mem, nth);
            if begun {
                self.finish(PipelineError::GivenUp);
            }
            Fate::NotSent
        } else if begun || slot.effect.is_bound() {
            // What changes the session stays, for the sake of those behind it.
            self.ring.mark(nth, mem.slots, Flags::GONE);
            Fate::Unknown(Why::Abandoned)
        } else {
            self.strike(mem, nth);
            match slot.has(Flags::ATTEMPTED) {
                true => Fate::Unknown(Why::Abandoned),
                false => Fate::NotSent,
            }
        };
        Some((self.ring.index(nth, mem.slots), fate))
    }

    /// Strikes a command out of which nothing has left.
    pub(crate) fn strike(&mut self, mem: &mut Memory<'_>, nth: usize) {
        self.ring.withdraw(nth, mem.slots);
        self.ring
            .mark(nth, mem.slots, Flags::STRUCK.and(Flags::GONE));
    }
}

/// The most that one of `depth` commands may expect, so that the sum over all of them is a `usize`.
#[inline]
const fn most_hinted(depth: usize) -> u32 {
    if usize::BITS > u32::BITS {
        return u32::MAX;
    }
    u32::MAX.wrapping_shr(usize::BITS.wrapping_sub(depth.leading_zeros()))
}
