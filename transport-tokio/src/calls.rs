//! The calls that wait: a place for each, found by the tag of its command and used again.
//!
//! ```text
//!   a call:  Sent ----reply----> Answered ----taken by its caller----> free
//!             ^                                                         ^
//!   Queued ---+ its turn came          caller gone: withdrawn ----------+
//!                                       too late to withdraw: Orphan --reply--+
//! ```
//!
//! No channel, no `Arc` and no heap per call but its reply: a caller's waker lies here until the
//! pump has something for it.

use core::task::Waker;
use std::collections::VecDeque;

use respipe_core::pipeline::{Fate, Rejected, Ticket};
use respipe_core::reply::OwnedReply;
use respipe_core::{Kind, Reply};
use respipe_host::{BatchOutcomes, Outcome};
use slab::Slab;

/// Whose command it is, and which of theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) key: u32,
    pub(crate) index: u32,
}

impl Tag {
    /// The pump's own: nobody waits for its reply.
    pub(crate) const PUMP: Self = Self {
        key: u32::MAX,
        index: 0,
    };
}

/// A command that ended without an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) fate: Fate,
    /// The connection ended with it.
    pub(crate) by_link: bool,
}

#[derive(Debug)]
pub(crate) enum Call {
    /// In the pipeline; its caller waits.
    Sent {
        waker: Waker,
        ticket: Ticket,
    },
    /// In line; its caller waits.
    Queued {
        waker: Waker,
        place: u64,
    },
    /// Its caller has gone, and it could not be withdrawn.
    Orphan,
    Answered(OwnedReply),
    TooLarge {
        kind: Kind,
        bytes: u64,
    },
    /// Its answer was delivered in pieces.
    Streamed,
    Ended(Ended),
    Rejected(Rejected),
    /// Many commands of one caller.
    Run(Box<Run>),
}

/// Many commands of one caller: a batch or a stream.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) sink: Sink,
    /// Commands that have not ended.
    pub(crate) left: usize,
    /// Of them, those that wait in line.
    pub(crate) queued: usize,
    /// The caller, if it waits.
    pub(crate) waker: Option<Waker>,
    /// The caller is woken whenever something happens; otherwise when all have ended.
    pub(crate) eager: bool,
    /// The commands in the pipeline by their index, to be withdrawn if the caller goes.
    pub(crate) tickets: VecDeque<(u32, Ticket)>,
    /// The connection ended with one of them.
    pub(crate) by_link: bool,
    /// Its time was up while it waited to hold the line: what is not queued yet will not be.
    pub(crate) late: bool,
    /// The caller has gone.
    pub(crate) orphan: bool,
}

/// Where a run's outcomes go.
#[derive(Debug)]
pub(crate) enum Sink {
    /// By index.
    Batch(BatchOutcomes),
    /// As they come; each with its number.
    Stream {
        numbers: Vec<u32>,
        outcomes: BatchOutcomes,
    },
}

impl Run {
    pub(crate) fn new(sink: Sink) -> Self {
        Self {
            sink,
            left: 0,
            queued: 0,
            waker: None,
            eager: false,
            tickets: VecDeque::new(),
            by_link: false,
            late: false,
            orphan: false,
        }
    }

    /// A command ended.
    fn settle(&mut self, index: u32, outcome: Outcome<'_>) {
        self.left = self.left.saturating_sub(1);
        // Those that end in line have none, nor have those that were fed.
        if self
            .tickets
            .front()
            .is_some_and(|(first, _)| *first == index)
        {
            self.tickets.pop_front();
        }
        if !self.orphan {
            self.note(index, outcome);
        }
    }

    /// A command was never queued.
    pub(crate) fn refuse(&mut self, index: u32, reason: Rejected) {
        self.note(index, Outcome::Refused(Some(reason)));
    }

    fn note(&mut self, index: u32, outcome: Outcome<'_>) {
        match &mut self.sink {
            Sink::Batch(outcomes) => outcomes.set(index as usize, outcome),
            Sink::Stream { numbers, outcomes } => {
                numbers.push(index);
                outcomes.push(outcome);
            }
        }
    }
}

/// All calls, and the wakers of those that something happened to.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    slots: Slab<Call>,
    /// To be woken as soon as the lock is given back.
    pub(crate) wake: Vec<Waker>,
    /// When those who waited in line left it.
    #[cfg(feature = "tracing")]
    left_line: std::collections::HashMap<u32, tokio::time::Instant>,
}

impl Calls {
    /// The key of the next call.
    #[inline]
    pub(crate) fn next_key(&self) -> u32 {
        u32::try_from(self.slots.vacant_key()).unwrap_or(u32::MAX)
    }

    /// Keeps a call under the key that [`next_key`](Self::next_key) gave.
    #[inline]
    pub(crate) fn insert(&mut self, call: Call) -> u32 {
        u32::try_from(self.slots.insert(call)).unwrap_or(u32::MAX)
    }

    #[inline]
    pub(crate) fn find(&mut self, key: u32) -> Option<&mut Call> {
        self.slots.get_mut(key as usize)
    }

    #[inline]
    pub(crate) fn remove(&mut self, key: u32) -> Option<Call> {
        #[cfg(feature = "tracing")]
        if !self.left_line.is_empty() {
            self.left_line.remove(&key);
        }
        self.slots.try_remove(key as usize)
    }

    /// When a call left the line, if it has.
    #[cfg(feature = "tracing")]
    pub(crate) fn take_left_line(&mut self, key: u32) -> Option<tokio::time::Instant> {
        self.left_line.remove(&key)
    }

    /// The waker of a call's caller, who waits.
    pub(crate) fn waker(&self, key: u32) -> Option<Waker> {
        match self.slots.get(key as usize) {
            Some(Call::Sent { waker, .. } | Call::Queued { waker, .. }) => Some(waker.clone()),
            _ => None,
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// A command left the line for the pipeline.
    pub(crate) fn sent(&mut self, tag: Tag, now_in: Ticket) {
        match self.slots.get_mut(tag.key as usize) {
            Some(Call::Run(run)) => {
                run.tickets.push_back((tag.index, now_in));
            }
            Some(call @ Call::Queued { .. }) => {
                #[cfg(feature = "tracing")]
                self.left_line.insert(tag.key, tokio::time::Instant::now());
                if let Call::Queued { waker, .. } = core::mem::replace(call, Call::Orphan) {
                    *call = Call::Sent {
                        waker,
                        ticket: now_in,
                    };
                }
            }
            _ => {}
        }
    }

    /// The turn of a command in line has come, or will not: its run may line up another.
    pub(crate) fn left_line(&mut self, tag: Tag) {
        if let Some(Call::Run(run)) = self.slots.get_mut(tag.key as usize) {
            run.queued = run.queued.saturating_sub(1);
            Self::stir(run, &mut self.wake);
        }
    }

    /// There is room for more of a run.
    pub(crate) fn stir_run(&mut self, key: u32) {
        if let Some(Call::Run(run)) = self.slots.get_mut(key as usize) {
            Self::stir(run, &mut self.wake);
        }
    }

    /// A command was answered.
    #[inline]
    pub(crate) fn answered(&mut self, tag: Tag, reply: Reply<'_>) {
        match self.slots.get_mut(tag.key as usize) {
            Some(call @ Call::Sent { .. }) => {
                let answered = Call::Answered(reply.into());
                if let Call::Sent { waker, .. } = core::mem::replace(call, answered) {
                    self.wake.push(waker);
                }
            }
            Some(_) => self.settle(tag, Outcome::Replied(reply)),
            None => {}
        }
    }

    /// A command ended, in one way or another.
    pub(crate) fn settle(&mut self, tag: Tag, outcome: Outcome<'_>) {
        self.end(tag, outcome, false);
    }

    /// A command ended without an answer, maybe with its connection.
    pub(crate) fn ended(&mut self, tag: Tag, ended: Ended) {
        self.end(tag, Outcome::of_fate(ended.fate), ended.by_link);
    }

    /// Its answer was delivered in pieces.
    pub(crate) fn streamed(&mut self, tag: Tag) {
        match self.slots.get_mut(tag.key as usize) {
            // One that was fed is `Queued`.
            Some(call @ (Call::Sent { .. } | Call::Queued { .. })) => {
                if let Call::Sent { waker, .. } | Call::Queued { waker, .. } =
                    core::mem::replace(call, Call::Streamed)
                {
                    self.wake.push(waker);
                }
            }
            // Its caller has gone.
            Some(_) => self.settle(tag, Outcome::Silent),
            None => {}
        }
    }

    fn end(&mut self, tag: Tag, outcome: Outcome<'_>, by_link: bool) {
        let Some(call) = self.slots.get_mut(tag.key as usize) else {
            return;
        };
        match call {
            Call::Run(run) => {
                run.by_link |= by_link;
                run.settle(tag.index, outcome);
                Self::stir(run, &mut self.wake);
                if run.orphan && run.left == 0 {
                    self.remove(tag.key);
                }
            }
            Call::Orphan => {
                self.remove(tag.key);
            }
            Call::Sent { .. } | Call::Queued { .. } => {
                let ended = match outcome {
                    Outcome::Replied(reply) => Call::Answered(reply.into()),
                    Outcome::TooLarge { kind, bytes, .. } => Call::TooLarge { kind, bytes },
                    Outcome::Refused(Some(reason)) => Call::Rejected(reason),
                    outcome => Call::Ended(Ended {
                        fate: outcome.fate().unwrap_or(Fate::Refused),
                        by_link,
                    }),
                };
                if let Call::Sent { waker, .. } | Call::Queued { waker, .. } =
                    core::mem::replace(call, ended)
                {
                    self.wake.push(waker);
                }
            }
            // It has ended already.
            _ => {}
        }
    }

    /// Wakes the caller of a run if it waits for this.
    fn stir(run: &mut Run, wake: &mut Vec<Waker>) {
        if (run.eager || run.left == 0)
            && let Some(waker) = run.waker.take()
        {
            wake.push(waker);
        }
    }
}
