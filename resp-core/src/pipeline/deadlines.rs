//! Time: which commands have run out of it, and whether the server still speaks.

use super::Held;
use super::config::Flush;
use super::engine::{Engine, Link, Memory};
use super::error::PipelineError;
use super::event::{Fate, Why};
use super::slot::Flags;
use crate::{Duration, Instant};

impl Engine {
    /// Bytes came, or the link is otherwise alive.
    #[inline]
    pub(crate) fn heard(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.heard = self.now;
    }

    /// Whether the server owes something.
    fn is_owed(&self) -> bool {
        self.ring.sent > 0 || (matches!(self.link, Link::LoggingIn) && self.handshake.is_owed())
    }

    /// When the oldest command that has not ended runs out of time.
    fn reply_deadline(&mut self, mem: &mut Memory<'_>) -> Instant {
        if self.config.reply_timeout.is_zero() {
            return Instant::NEVER;
        }
        while self.expired < self.ring.len {
            let Some(&mut slot) = self.ring.slot(self.expired, mem.slots) else {
                break;
            };
            if !slot.has(Flags::GONE.and(Flags::EXPIRED)) {
                let submitted = slot.stamp.instant(self.now);
                return submitted.after(self.config.reply_timeout);
            }
            self.expired = self.expired.wrapping_add(1);
        }
        Instant::NEVER
    }

    fn silence_deadline(&self) -> Instant {
        let alive = matches!(self.link, Link::Up | Link::LoggingIn);
        let counts = alive && self.is_owed() && !self.config.silence_limit.is_zero();
        match counts {
            true => self.heard.after(self.config.silence_limit),
            false => Instant::NEVER,
        }
    }

    fn age_deadline(&mut self, mem: &mut Memory<'_>) -> Instant {
        let Flush::AtLeast { age, .. } = self.config.flush else {
            return Instant::NEVER;
        };
        let oldest = self.ring.cleared.max(self.ring.flushed);
        if age == Duration::ZERO || oldest >= self.ring.len || !matches!(self.link, Link::Up) {
            return Instant::NEVER;
        }
        match self.ring.slot(oldest, mem.slots) {
            Some(slot) => slot.stamp.instant(self.now).after(age),
            None => Instant::NEVER,
        }
    }

    pub(crate) fn poll_timeout(&mut self, mem: &mut Memory<'_>) -> Option<Instant> {
        let due = self
            .reply_deadline(mem)
            .min(self.silence_deadline())
            .min(self.age_deadline(mem));
        (due != Instant::NEVER).then_some(due)
    }

    pub(crate) fn handle_timeout(&mut self, mem: &mut Memory<'_>, now: Instant) {
        self.now = self.now.max(now);
        // No clock comes to where deadlines lie that there are not.
        let now = now.min(Instant::LAST);
        while self.reply_deadline(mem) <= now {
            let nth = self.expired;
            let Some(&mut slot) = self.ring.slot(nth, mem.slots) else {
                break;
            };
            let open = !self.held.is_nothing() && nth.wrapping_add(1) == self.ring.len;
            let begun = self.ring.has_begun(nth, mem.slots);
            if open || (!begun && !slot.effect.is_bound()) {
                // Not GONE yet: the caller is still to be told.
                self.ring.withdraw(nth, mem.slots);
                self.ring.mark(nth, mem.slots, Flags::STRUCK);
                if open {
                    self.held = Held::Nothing;
                    if begun {
                        self.finish(PipelineError::GivenUp);
                    }
                }
            }
            self.ring.mark(nth, mem.slots, Flags::EXPIRED);
            self.expired = nth.wrapping_add(1);
        }
        if self.silence_deadline() <= now {
            self.finish(PipelineError::Silence);
        }
        if self.age_deadline(mem) <= now {
            self.flush();
        }
    }

    /// Whether commands have expired whose callers do not know.
    #[inline]
    pub(crate) const fn has_news(&self) -> bool {
        self.reported < self.expired
    }

    /// The next command whose time is up and whose caller does not know.
    #[cfg_attr(target_pointer_width = "64", inline)]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn next_expired(&mut self, mem: &mut Memory<'_>) -> Option<(usize, Fate)> {
        while self.reported < self.expired {
            let nth = self.reported;
            self.reported = nth.wrapping_add(1);
            let index = self.ring.index(nth, mem.slots);
            let sent = nth < self.ring.sent;
            let slot = *self.ring.slot(nth, mem.slots)?;
            if slot.has(Flags::EXPIRED) && !slot.has(Flags::GONE) {
                self.ring.mark(nth, mem.slots, Flags::GONE);
                let fate = match () {
                    () if sent && slot.has(Flags::SILENT) => Fate::Silent,
                    () if slot.has(Flags::STRUCK) && !slot.has(Flags::ATTEMPTED) => Fate::NotSent,
                    () => Fate::Unknown(Why::TimedOut),
                };
                return Some((index, fate));
            }
        }
        None
    }
}
