//! The engine: all that a pipeline does, over plain slices, without tags.

use super::Held;
use super::config::{Config, Flush, Resend};
use super::error::PipelineError;
use super::receive::Reading;
use super::ring::Ring;
use super::rx::{Rx, Span};
use super::slot::{Flags, Slot};
use crate::Instant;
use crate::decode::Framer;
use crate::kind::RESP3;
use crate::login::{Handshake, Login};
use crate::session::{Effect, Session};

/// The memory that the engine works on; tags are the shell's.
#[derive(Debug)]
pub(crate) struct Memory<'m> {
    pub(crate) tx: &'m mut [u8],
    pub(crate) rx: &'m mut [u8],
    pub(crate) slots: &'m mut [Slot],
}

impl Memory<'_> {
    /// The same memory, for a function that is not inlined: without it every caller would write the three
    /// slices down, also where that function is not called.
    #[inline(always)]
    pub(crate) const fn again(&mut self) -> Memory<'_> {
        Memory {
            tx: self.tx,
            rx: self.rx,
            slots: self.slots,
        }
    }
}

/// What the connection is doing.
///
/// ```text
///   Down --open--> LoggingIn --handshake--> Up --RESET--> LoggingIn
///    ^                 |                     |
///    |                 +---- eof, lost ------+--> Ending: received frames are still read
///    |                 |                     |      |
///    |                 +-- fault of server --+--> Reaping: fates, in submit order
///    +---- all told: Failed ----------------------- |
/// ```
///
/// The first variant is all zero, so that statics lie in `.bss`; so it is for every enum in the
/// engine.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub(crate) enum Link {
    /// There was no connection yet.
    Down,
    /// The last connection has ended, and all has been told.
    Failed,
    LoggingIn,
    Up,
    Ending,
    Reaping,
}

pub(crate) struct Engine {
    pub(crate) config: Config,
    pub(crate) link: Link,
    /// Why the link ends or has ended.
    pub(crate) error: PipelineError,
    /// Of the slots from the head, those that were looked at while reaping.
    pub(crate) reaped: usize,
    pub(crate) ring: Ring,
    pub(crate) rx: Rx,
    pub(crate) framer: Framer,
    pub(crate) reading: Reading,
    pub(crate) session: Session,
    pub(crate) handshake: Handshake,
    pub(crate) held: Held,
    pub(crate) epoch: u32,
    /// No further submits.
    pub(crate) closing: bool,
    /// HELLO made the server close without a word: the next connection does without, once.
    pub(crate) prefers_resp2: bool,
    /// This connection does without HELLO.
    pub(crate) without_hello: bool,
    /// All that was received has been framed, and the frame at the front is cut.
    pub(crate) hungry: bool,
    /// So many slots from the head have ended or expired: no time-out is due for them. So many of those were
    /// told.
    pub(crate) expired: usize,
    pub(crate) reported: usize,
    /// The time last heard of; when something last came, or was first owed.
    pub(crate) now: Instant,
    pub(crate) heard: Instant,
    /// Bytes that the reply under way announces beyond its command's hint.
    pub(crate) extra: usize,
    pub(crate) pushes_dropped: usize,
    /// Bytes given up of the frame at the front, which is larger than `rx`.
    pub(crate) given_up: usize,
    /// The error that the server ended the link or refused the login with: it stays in `rx`, which
    /// nothing is received into any more, or where bytes are kept.
    pub(crate) words: Span,
}

impl Engine {
    pub(crate) const fn new() -> Self {
        Self {
            config: Config::DEFAULT,
            link: Link::Down,
            error: PipelineError::LinkLost,
            reaped: 0,
            ring: Ring::new(),
            rx: Rx::new(),
            framer: Framer::new(),
            reading: Reading::Frames,
            session: Session::NEW,
            handshake: Handshake::new(),
            held: Held::Nothing,
            epoch: 0,
            closing: false,
            prefers_resp2: false,
            without_hello: false,
            hungry: false,
            expired: 0,
            reported: 0,
            now: Instant::ZERO,
            heard: Instant::ZERO,
            extra: 0,
            pushes_dropped: 0,
            given_up: 0,
            words: Span::NOTHING,
        }
    }

    pub(crate) fn configure(&mut self, config: Config) {
        self.config = config;
        if self.ring.len == 0 {
            self.ring.retain = config.resend == Resend::Replayable;
        } else if self.ring.retain != (config.resend == Resend::Replayable) {
            // Bytes already given up cannot be retained; bytes kept stay until answered.
            self.config.resend = match self.ring.retain {
                true => config.resend,
                false => config.resend.min(Resend::NotSent),
            };
        }
    }

    /// A fresh byte stream is there.
    pub(crate) fn open(&mut self, login: &Login<'_>, now: Instant) {
        self.closing = false;
        self.forget_received();
        self.words = Span::NOTHING;
        self.epoch = self.epoch.wrapping_add(1);
        self.now = self.now.max(now);
        self.heard = now;
        // What was queued since the last connection ended keeps its place in the session.
        self.session.set_resp3(false);
        self.without_hello = RESP3 && core::mem::take(&mut self.prefers_resp2);
        self.handshake.begin(login, self.without_hello);
        self.link = Link::LoggingIn;
        self.check_login();
    }

    /// What was received belongs to a connection that is gone.
    pub(crate) fn forget_received(&mut self) {
        self.rx.clear();
        self.framer.reset();
        self.reading = Reading::Frames;
        self.given_up = 0;
        self.hungry = false;
        self.extra = 0;
    }

    /// Lets the caller's commands go once the handshake is done.
    pub(crate) fn check_login(&mut self) {
        if matches!(self.link, Link::LoggingIn) && self.handshake.is_ready() {
            self.session.set_resp3(self.handshake.is_resp3());
            self.link = Link::Up;
            // What was refused and not needed is forgotten.
            self.words = Span::NOTHING;
            self.rx.release();
        }
    }

    /// Whether what leaves next is the caller's.
    #[inline]
    pub(crate) fn is_sending_commands(&self) -> bool {
        matches!(self.link, Link::Up) && !self.handshake.is_transmitting()
    }

    /// Clears what may leave.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn clear(&mut self, mem: &mut Memory<'_>) {
        if self.ring.cleared == self.ring.len {
            return;
        }
        let ready = match self.config.flush {
            Flush::WhenIdle => self.ring.len,
            Flush::Explicit => self.ring.flushed,
            Flush::AtLeast { count, bytes, .. } => {
                let queued = self.ring.len.wrapping_sub(self.ring.cleared);
                if (count > 0 && queued >= count as usize)
                    || (bytes > 0 && self.ring.queued_bytes >= bytes as usize)
                {
                    self.flush();
                }
                self.ring.flushed
            }
        };
        let capacity = mem.tx.len();
        self.ring
            .clear(mem.slots, ready, self.config.window, self.extra, capacity);
    }

    /// Books what left, and notes for each command that is gone whether it is owed a reply.
    #[inline]
    pub(crate) fn transmitted(&mut self, mem: &mut Memory<'_>, n: usize, now: Instant) {
        self.now = self.now.max(now);
        if self.ring.sent == 0 {
            // Nothing was owed: the silence begins now.
            self.heard = self.now;
        }
        self.ring.transmitted(n, mem.tx.len());
        self.pass(mem);
    }

    #[inline]
    pub(crate) fn pass(&mut self, mem: &mut Memory<'_>) {
        if !self.session.watches(Effect::Plain) {
            self.ring.pass_plain(mem.slots, mem.tx.len());
        }
        // Without these features there is nothing special.
        let special = cfg!(any(feature = "pieces", feature = "session"));
        if special && self.ring.sent < self.ring.cleared {
            self.pass_special(mem.slots, mem.tx.len());
        }
    }

    #[inline(never)]
    fn pass_special(&mut self, slots: &mut [Slot], capacity: usize) {
        let held = !self.held.is_nothing();
        while let Some(slot) = self.ring.pass(slots, capacity, held) {
            let effect = slot.effect;
            if self.session.watches(effect) && self.session.sent(effect) {
                let nth = self.ring.sent.wrapping_sub(1);
                self.ring.mark(nth, slots, Flags::SILENT);
            }
        }
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn pop(&mut self, mem: &mut Memory<'_>) {
        self.ring.pop(mem.slots, mem.tx.len());
        self.popped(mem);
    }

    /// What else depends on which slot is the oldest.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn popped(&mut self, mem: &mut Memory<'_>) {
        if self.expired > 0 {
            self.expired = self.expired.wrapping_sub(1);
            self.reported = self.reported.saturating_sub(1);
        }
        self.extra = 0;
        if self.ring.retain && !self.held.is_nothing() {
            self.pass(mem);
        }
    }
}
