//! Store and forward, in the pipeline's own ring.

use core::mem;

use crate::encode::Command;
use crate::pipeline::{Pipeline, Rejected, State, Storage, SubmitError, Ticket};
use crate::{Fate, Instant};

/// What to do with a sample that finds no room.
///
/// The third policy, to keep the latest of each key, is
/// [`push_latest`](Outbox::push_latest); this one then says what happens when there are more keys
/// than room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum WhenFull {
    /// The new one is refused, and its tag comes back.
    #[default]
    RefuseNew,
    /// The oldest go, until there is room. One of which a part has left on this connection does
    /// not go: its reply is on its way, or the link's end; then the new one is refused.
    DropOldest,
}

/// How many samples were not kept. They wrap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Counts {
    /// New ones that were refused: for want of room, or because the link was closed, or had ended and
    /// its events were not polled yet.
    pub refused: u32,
    /// Old ones that were dropped for room.
    pub dropped: u32,
    /// Old ones whose place a newer one of the same key took.
    pub replaced: u32,
    /// Of those dropped and replaced, those that had been sent on an earlier connection: the server
    /// may have stored them.
    pub uncertain: u32,
}

/// Keeps telemetry while the link is down, up to the size of the pipeline's ring, and counts what
/// it could not keep. It has no memory but its counters.
///
/// The pipeline must send again ([`Resend::Replayable`](crate::pipeline::Resend)), and the commands
/// be declared replayable: SET of the latest value, XADD with an id of one's own.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Outbox {
    when_full: WhenFull,
    counts: Counts,
}

impl Outbox {
    /// An outbox with this policy.
    #[must_use]
    pub const fn new(when_full: WhenFull) -> Self {
        Self {
            when_full,
            counts: Counts {
                refused: 0,
                dropped: 0,
                replaced: 0,
                uncertain: 0,
            },
        }
    }

    /// How many samples were not kept so far.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Queues a command, and makes room for it if the policy allows.
    ///
    /// With [`WhenFull::DropOldest`] any command may be dropped for it, whoever has submitted it, and
    /// nobody is told: where others share the pipeline, such as the question of a
    /// [`Series`](super::Series), take [`push_telling`](Self::push_telling).
    ///
    /// # Errors
    /// The tag and why. For want of room ([`Rejected::is_temporary`]), and with
    /// [`Rejected::Closed`], it is counted as refused. A link that has ended refuses until its events
    /// were polled: push behind that, and nothing is refused for it.
    /// A command that is larger than the whole ring is refused with [`Rejected::TooLong`]; nothing
    /// was dropped for it.
    pub fn push<S: Storage, C: Command>(
        &mut self,
        pipeline: &mut Pipeline<S>,
        command: &C,
        tag: S::Tag,
        now: Instant,
    ) -> Result<Ticket, SubmitError<S::Tag>> {
        self.push_telling(pipeline, command, tag, now, |_, _| {})
    }

    /// As [`push`](Self::push), and tells which commands were dropped for it: their tags, and their
    /// fates as [`drop_oldest`](Pipeline::drop_oldest) has them.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn push_telling<S: Storage, C: Command>(
        &mut self,
        pipeline: &mut Pipeline<S>,
        command: &C,
        tag: S::Tag,
        now: Instant,
        mut dropped: impl FnMut(S::Tag, Fate),
    ) -> Result<Ticket, SubmitError<S::Tag>> {
        self.push_with(pipeline, command, tag, now, |outbox, pipeline| {
            outbox.make_room(pipeline, &mut dropped)
        })
    }

    /// Queues a command instead of the newest queued one of the same key, whose tag `same` knows.
    /// One of which a part has left on this connection is left alone. Order is kept: the command
    /// goes to the end.
    ///
    /// With room for one command more than there are keys, a newer one is always taken. Without,
    /// it takes the older one's place where only slots are short and there is no connection;
    /// otherwise the policy decides.
    ///
    /// # Errors
    /// As [`push`](Self::push); the one that was to be replaced stays.
    pub fn push_latest<S: Storage, C: Command>(
        &mut self,
        pipeline: &mut Pipeline<S>,
        command: &C,
        tag: S::Tag,
        now: Instant,
        mut same: impl FnMut(&S::Tag) -> bool,
    ) -> Result<Ticket, SubmitError<S::Tag>> {
        let len = command.encoded_len();
        let mut replaced = false;
        let ticket = self.push_with(pipeline, command, tag, now, |outbox, pipeline| {
            // Nothing has begun to leave: a place that is given up can be had at once.
            let is_waiting = matches!(pipeline.state(), State::Down | State::LoggingIn);
            if !replaced && is_waiting && len <= pipeline.tx_free() {
                replaced = outbox.replace(pipeline, &mut same);
                if replaced {
                    return true;
                }
            }
            outbox.make_room(pipeline, &mut |_, _| {})
        })?;
        if !replaced {
            // Only now, when the newest of all, which is asked about first, is the new one.
            let mut is_new = true;
            self.replace(pipeline, |tag| !mem::take(&mut is_new) && same(tag));
        }
        Ok(ticket)
    }

    /// Queues a command, for as long as `make_room` finds some.
    fn push_with<S: Storage, C: Command>(
        &mut self,
        pipeline: &mut Pipeline<S>,
        command: &C,
        tag: S::Tag,
        now: Instant,
        mut make_room: impl FnMut(&mut Self, &mut Pipeline<S>) -> bool,
    ) -> Result<Ticket, SubmitError<S::Tag>> {
        let mut tag = tag;
        loop {
            let error = match pipeline.submit(command, tag, now) {
                Ok(ticket) => return Ok(ticket),
                Err(error) => error,
            };
            let may_go = match error.reason {
                Rejected::NoSlot | Rejected::NoRoom { .. } => make_room(self, pipeline),
                Rejected::Closed => false,
                _ => return Err(error),
            };
            if !may_go {
                self.counts.refused = self.counts.refused.wrapping_add(1);
                return Err(error);
            }
            tag = error.tag;
        }
    }

    /// Strikes out the newest command that this says yes to; whether there was one.
    fn replace<S: Storage>(
        &mut self,
        pipeline: &mut Pipeline<S>,
        same: impl FnMut(&S::Tag) -> bool,
    ) -> bool {
        let Some((_, fate)) = pipeline.withdraw_newest(same) else {
            return false;
        };
        self.counts.replaced = self.counts.replaced.wrapping_add(1);
        self.count_uncertain(fate);
        true
    }

    /// Frees some room; whether there was any to be had.
    fn make_room<S: Storage>(
        &mut self,
        pipeline: &mut Pipeline<S>,
        dropped: &mut impl FnMut(S::Tag, Fate),
    ) -> bool {
        // The places of those that were replaced cost nobody anything.
        if pipeline.compact() {
            return true;
        }
        if self.when_full == WhenFull::RefuseNew {
            return false;
        }
        let Some((tag, fate)) = pipeline.drop_oldest() else {
            return false;
        };
        dropped(tag, fate);
        self.counts.dropped = self.counts.dropped.wrapping_add(1);
        self.count_uncertain(fate);
        true
    }

    fn count_uncertain(&mut self, fate: Fate) {
        if fate != Fate::NotSent {
            self.counts.uncertain = self.counts.uncertain.wrapping_add(1);
        }
    }
}
