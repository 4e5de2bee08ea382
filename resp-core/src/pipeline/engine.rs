//! The engine: all that a pipeline does, over plain slices, without tags.

use super::config::{Config, Flush, Resend};
use super::error::{PipelineError, Rejected};
use super::event::{Fate, Why};
use super::large::Reading;
use super::pieces::Held;
use super::ring::Ring;
use super::rx::Rx;
use super::slot::{Flags, Slot, Stamp};
use crate::decode::Framer;
use crate::encode::{Command, Traits, copy};
use crate::login::{Handshake, Login};
use crate::session::{Class, Effect, Refusal, Session, Words};
use crate::{Duration, Instant};

/// Bytes that are kept of an error that ends a link, and of a reply that is too large.
const EXCERPT: usize = 64;

/// The first bytes of something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Excerpt {
    bytes: [u8; EXCERPT],
    len: usize,
}

impl Excerpt {
    const NEW: Self = Self {
        bytes: [0; EXCERPT],
        len: 0,
    };

    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut this = Self::NEW;
        this.set(bytes);
        this
    }

    fn set(&mut self, bytes: &[u8]) {
        copy(&mut self.bytes, bytes);
        self.len = bytes.len().min(EXCERPT);
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// The memory that the engine works on; tags are the shell's.
#[derive(Debug)]
pub(crate) struct Memory<'m> {
    pub(crate) tx: &'m mut [u8],
    pub(crate) rx: &'m mut [u8],
    pub(crate) slots: &'m mut [Slot],
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
/// The first variant, with no data, is all zero, so that statics lie in `.bss`; so it is for
/// every enum in the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Link {
    /// There was no connection yet.
    Down,
    /// The last connection has ended, and all has been told.
    Failed(PipelineError),
    LoggingIn,
    Up,
    Ending(PipelineError),
    /// Of the slots from the head so many have been looked at.
    Reaping(PipelineError, usize),
}

pub(crate) struct Engine {
    pub(crate) config: Config,
    pub(crate) link: Link,
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
    /// HELLO made the server close without a word.
    pub(crate) prefers_resp2: bool,
    /// All that was received has been framed, and the frame at the front is cut.
    pub(crate) hungry: bool,
    /// Slots from the head that have ended or expired; of them, those that were looked at by
    /// `poll`.
    expired: usize,
    reported: usize,
    /// The time last heard of; when something last came, or was first owed.
    now: Instant,
    heard: Instant,
    /// Bytes that the reply under way announces beyond its command's hint.
    pub(crate) extra: u64,
    pub(crate) pushes_dropped: u64,
    /// What the server said before the link ended, once `has_words`; until then, the first bytes
    /// of a reply that is too large.
    excerpt: Excerpt,
    has_words: bool,
}

impl Engine {
    pub(crate) const fn new() -> Self {
        Self {
            config: Config::DEFAULT,
            link: Link::Down,
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
            hungry: false,
            expired: 0,
            reported: 0,
            now: Instant::ZERO,
            heard: Instant::ZERO,
            extra: 0,
            pushes_dropped: 0,
            excerpt: Excerpt::NEW,
            has_words: false,
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
        self.rx.clear();
        self.framer.reset();
        self.reading = Reading::Frames;
        self.hungry = false;
        self.extra = 0;
        self.has_words = false;
        self.epoch = self.epoch.wrapping_add(1);
        self.now = self.now.max(now);
        self.heard = now;
        // What was queued since the last connection ended keeps its place in the session.
        self.session.set_resp3(false);
        self.handshake.begin(login, self.prefers_resp2);
        self.link = Link::LoggingIn;
        self.check_login();
    }

    /// Lets the caller's commands go once the handshake is done.
    pub(crate) fn check_login(&mut self) {
        if self.link == Link::LoggingIn && self.handshake.is_ready() {
            self.session.set_resp3(self.handshake.is_resp3());
            self.link = Link::Up;
        }
    }

    pub(crate) fn last_words(&self) -> &[u8] {
        match self.has_words {
            true => self.excerpt.as_bytes(),
            false => &[],
        }
    }

    pub(crate) fn keep_words(&mut self, text: &[u8]) {
        self.excerpt.set(text);
        self.has_words = true;
    }

    /// Keeps the first bytes of a reply that is too large.
    pub(crate) fn keep_head(&mut self, bytes: &[u8]) {
        self.excerpt.set(bytes);
        self.has_words = false;
    }

    /// The bytes kept, borrowed.
    pub(crate) fn kept(&self) -> &[u8] {
        self.excerpt.as_bytes()
    }

    pub(crate) const fn head_kept(&self) -> Excerpt {
        self.excerpt
    }

    // From the application.

    /// Whether a command of `len` bytes would find room.
    #[inline]
    fn check_room(&mut self, mem: &Memory<'_>, len: usize) -> Result<(), Rejected> {
        let free = self.ring.free(mem.tx.len());
        if self.ring.len < mem.slots.len()
            && len <= free
            && self.held.is_nothing()
            && !self.closing
            && matches!(self.link, Link::Up)
        {
            return Ok(());
        }
        self.check_room_slowly(mem, len, free)
    }

    #[cold]
    fn check_room_slowly(
        &mut self,
        mem: &Memory<'_>,
        len: usize,
        free: usize,
    ) -> Result<(), Rejected> {
        if self.closing || !self.accepts() {
            return Err(Rejected::Closed);
        }
        if !self.held.is_nothing() {
            return Err(Rejected::LineHeld);
        }
        if self.ring.len >= mem.slots.len() {
            self.flush();
            return Err(Rejected::NoSlot);
        }
        let capacity = mem.tx.len();
        if len > capacity {
            return Err(Rejected::TooLong {
                needed: len,
                capacity,
            });
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
            Link::Failed(_) => self.config.resend != Resend::Never,
            Link::Ending(_) | Link::Reaping(..) => false,
        }
    }

    /// Queues a command; the index of its slot in memory.
    #[inline(always)]
    pub(crate) fn submit<C: Command>(
        &mut self,
        mem: &mut Memory<'_>,
        command: &C,
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
            Class::Plain if !self.session.is_exclusive() => {
                return Ok(self.take_slot(mem, len, (Effect::Plain, 1), traits, now));
            }
            Class::Plain => None,
            Class::Special => Some((len, command.argument_count())),
        };
        self.enqueue(mem, len, words, traits, now)
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
        let (mut effect, mut owed) = (Effect::Plain, 1);
        if words.is_some() || self.session.is_exclusive() {
            let words = words.map(|(len, count)| {
                let (first, second) = self.ring.room(mem.tx, len);
                Words::new(first, second, count)
            });
            (effect, owed) = self.session.admit(words).map_err(Rejected::Refused)?;
        }
        Ok(self.take_slot(mem, len, (effect, owed), traits, now))
    }

    #[inline]
    fn take_slot(
        &mut self,
        mem: &mut Memory<'_>,
        len: usize,
        (effect, owed): (Effect, u16),
        traits: Traits,
        now: Instant,
    ) -> usize {
        let bound = effect.is_bound() || self.session.binds();
        let flags = Flags::REPLAYABLE
            .when(traits.replayable)
            .and(Flags::BOUND.when(bound));
        let index = self.ring.index(self.ring.len, mem.slots);
        self.now = self.now.max(now);
        self.ring.push(
            mem.slots,
            Slot {
                len: u32::try_from(len).unwrap_or(u32::MAX),
                stamp: Stamp::of(now),
                hint: if traits.reply_hint == 0 {
                    64
                } else {
                    traits.reply_hint
                },
                owed,
                effect,
                flags,
            },
        );
        index
    }

    /// Queues the front of a command that is fed in pieces; `len` bytes of it were written.
    pub(crate) fn enqueue_pieces(
        &mut self,
        mem: &mut Memory<'_>,
        len: usize,
        words: usize,
        traits: Traits,
        now: Instant,
    ) -> Result<usize, Rejected> {
        if self.session.skips() {
            return Err(Rejected::Refused(Refusal::InPieces));
        }
        if traits.class == Class::Special {
            let (first, second) = self.ring.room(mem.tx, len);
            let effect = Effect::of(Words::new(first, second, words));
            if effect.is_bound() {
                return Err(Rejected::Refused(match effect {
                    Effect::Nameless => Refusal::Empty,
                    _ => Refusal::InPieces,
                }));
            }
        }
        let traits = Traits {
            replayable: false,
            ..traits
        };
        let nth = self.ring.len;
        let index = self.enqueue(mem, len, Some((len, words)), traits, now)?;
        if let Some(slot) = self.ring.slot(nth, mem.slots) {
            slot.set(Flags::PIECES.and(Flags::BOUND));
        }
        self.flush();
        Ok(index)
    }

    /// Room for a command that is fed in pieces, of which the first `least` bytes must fit.
    pub(crate) fn check_room_for_pieces(
        &mut self,
        mem: &Memory<'_>,
        least: usize,
    ) -> Result<(), Rejected> {
        self.check_room(mem, least)
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
            self.mark(mem, nth, Flags::GONE);
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
            self.mark(mem, nth, Flags::GONE);
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

    pub(crate) fn mark(&mut self, mem: &mut Memory<'_>, nth: usize, flags: Flags) {
        if let Some(slot) = self.ring.slot(nth, mem.slots) {
            slot.set(flags);
        }
    }

    /// Strikes a command out of which nothing has left.
    fn strike(&mut self, mem: &mut Memory<'_>, nth: usize) {
        self.ring.withdraw(nth, mem.slots);
        self.mark(mem, nth, Flags::STRUCK.and(Flags::GONE));
    }

    // To the network.

    /// Clears what may leave.
    #[inline(always)]
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
                    || (bytes > 0 && self.ring.queued_bytes >= u64::from(bytes))
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
        if self.ring.sent == 0 {
            // Nothing was owed: the silence begins now.
            self.heard = self.heard.max(now);
        }
        self.now = self.now.max(now);
        self.ring.transmitted(n, mem.tx.len());
        self.pass(mem);
    }

    #[inline]
    pub(crate) fn pass(&mut self, mem: &mut Memory<'_>) {
        if !self.session.watches(Effect::Plain) {
            self.ring.pass_plain(mem.slots, mem.tx.len());
        }
        if self.ring.sent < self.ring.cleared {
            self.pass_special(mem);
        }
    }

    #[inline(never)]
    fn pass_special(&mut self, mem: &mut Memory<'_>) {
        let held = !self.held.is_nothing();
        while let Some(slot) = self.ring.pass(mem.slots, mem.tx.len(), held) {
            if self.session.watches(slot.effect) && self.session.sent(slot.effect) {
                slot.set(Flags::SILENT);
            }
        }
    }

    // Time.

    /// Bytes came, or the link is otherwise alive.
    #[inline]
    pub(crate) fn heard(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.heard = self.heard.max(now);
    }

    /// Whether the server owes something.
    fn is_owed(&self) -> bool {
        self.ring.sent > 0 || (self.link == Link::LoggingIn && self.handshake.is_owed())
    }

    /// When the oldest command that has not ended runs out of time.
    fn reply_deadline(&mut self, mem: &mut Memory<'_>) -> Option<Instant> {
        if self.config.reply_timeout.is_zero() {
            return None;
        }
        while self.expired < self.ring.len {
            let slot = *self.ring.slot(self.expired, mem.slots)?;
            if !slot.has(Flags::GONE.and(Flags::EXPIRED)) {
                let submitted = slot.stamp.instant(self.now);
                return Some(submitted.after(self.config.reply_timeout));
            }
            self.expired = self.expired.wrapping_add(1);
        }
        None
    }

    fn silence_deadline(&self) -> Option<Instant> {
        let alive = matches!(self.link, Link::Up | Link::LoggingIn);
        let counts = alive && self.is_owed() && !self.config.silence_limit.is_zero();
        counts.then(|| self.heard.after(self.config.silence_limit))
    }

    fn age_deadline(&mut self, mem: &mut Memory<'_>) -> Option<Instant> {
        let Flush::AtLeast { age, .. } = self.config.flush else {
            return None;
        };
        let oldest = self.ring.cleared.max(self.ring.flushed);
        if age == Duration::ZERO || oldest >= self.ring.len || self.link != Link::Up {
            return None;
        }
        let slot = self.ring.slot(oldest, mem.slots)?;
        Some(slot.stamp.instant(self.now).after(age))
    }

    pub(crate) fn poll_timeout(&mut self, mem: &mut Memory<'_>) -> Option<Instant> {
        let deadlines = [
            self.reply_deadline(mem),
            self.silence_deadline(),
            self.age_deadline(mem),
        ];
        deadlines.into_iter().flatten().min()
    }

    pub(crate) fn handle_timeout(&mut self, mem: &mut Memory<'_>, now: Instant) {
        self.now = self.now.max(now);
        while self.reply_deadline(mem).is_some_and(|due| due <= now) {
            let nth = self.expired;
            let Some(&mut slot) = self.ring.slot(nth, mem.slots) else {
                break;
            };
            let open = !self.held.is_nothing() && nth.wrapping_add(1) == self.ring.len;
            let begun = self.ring.has_begun(nth, mem.slots);
            if open || (!begun && !slot.effect.is_bound()) {
                // Not GONE yet: the caller is still to be told.
                self.ring.withdraw(nth, mem.slots);
                self.mark(mem, nth, Flags::STRUCK);
                if open {
                    self.held = Held::Nothing;
                    if begun {
                        self.finish(PipelineError::GivenUp);
                    }
                }
            }
            self.mark(mem, nth, Flags::EXPIRED);
            self.expired = nth.wrapping_add(1);
        }
        if self.silence_deadline().is_some_and(|due| due <= now) {
            self.finish(PipelineError::Silence);
        }
        if self.age_deadline(mem).is_some_and(|due| due <= now) {
            self.flush();
        }
    }

    /// Whether commands have expired whose callers do not know.
    #[inline]
    pub(crate) const fn has_news(&self) -> bool {
        self.reported < self.expired
    }

    /// The next command whose time is up and whose caller does not know.
    #[inline]
    pub(crate) fn next_expired(&mut self, mem: &mut Memory<'_>) -> Option<(usize, Fate)> {
        while self.reported < self.expired {
            let nth = self.reported;
            self.reported = nth.wrapping_add(1);
            let index = self.ring.index(nth, mem.slots);
            let sent = nth < self.ring.sent;
            let slot = self.ring.slot(nth, mem.slots)?;
            if slot.has(Flags::EXPIRED) && !slot.has(Flags::GONE) {
                slot.set(Flags::GONE);
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

    #[inline(always)]
    pub(crate) fn pop(&mut self, mem: &mut Memory<'_>) {
        self.ring.pop(mem.slots, mem.tx.len());
        self.expired = self.expired.saturating_sub(1);
        self.reported = self.reported.saturating_sub(1);
        self.extra = 0;
        if self.ring.retain && !self.held.is_nothing() {
            self.pass(mem);
        }
    }

    // The end of a link.

    /// Nothing more can be trusted that comes: the link ends now.
    pub(crate) fn fail(&mut self, error: PipelineError) {
        if matches!(self.link, Link::Up | Link::LoggingIn | Link::Ending(_)) {
            self.link = Link::Reaping(error, 0);
        }
    }

    /// Nothing more will come: what was received is read, then the link ends.
    pub(crate) fn end(&mut self, error: PipelineError) {
        if self.link == Link::LoggingIn
            && self.handshake.is_greeting()
            && self.rx.consumed == 0
            && self.rx.start == self.rx.end
        {
            self.prefers_resp2 = true;
        }
        self.finish(error);
    }

    /// The link ends once what was received is read.
    fn finish(&mut self, error: PipelineError) {
        if matches!(self.link, Link::Up | Link::LoggingIn) {
            self.link = Link::Ending(error);
        }
    }

    /// The next command that ends with its link; then the link is down. `nth` is the first that
    /// was not looked at.
    pub(crate) fn reap(
        &mut self,
        mem: &mut Memory<'_>,
        error: PipelineError,
        nth: usize,
    ) -> Option<(usize, Fate)> {
        let mut nth = nth;
        self.held = Held::Nothing;
        while nth < self.ring.len {
            let index = self.ring.index(nth, mem.slots);
            let sent = nth < self.ring.sent;
            let Some(slot) = self.ring.slot(nth, mem.slots) else {
                break;
            };
            nth = nth.wrapping_add(1);
            self.link = Link::Reaping(error, nth);
            if slot.has(Flags::STRUCK) {
                continue;
            }
            let again = match (sent, self.config.resend) {
                (_, Resend::Never) => false,
                (false, _) => true,
                (true, Resend::Replayable) => slot.has(Flags::REPLAYABLE),
                (true, Resend::NotSent) => false,
            };
            if again && !slot.has(Flags::BOUND.and(Flags::GONE).and(Flags::PIECES)) {
                slot.set(Flags::ATTEMPTED.when(sent));
                continue;
            }
            let told = slot.has(Flags::GONE);
            let fate = match () {
                () if sent && slot.has(Flags::SILENT) => Fate::Silent,
                () if sent || slot.has(Flags::ATTEMPTED) => Fate::Unknown(Why::LinkLost),
                () => Fate::NotSent,
            };
            slot.set(Flags::STRUCK.and(Flags::GONE));
            if !told {
                return Some((index, fate));
            }
        }
        self.ring.rewind(mem.slots);
        self.expired = 0;
        self.reported = 0;
        self.extra = 0;
        self.rx.clear();
        self.framer.reset();
        self.reading = Reading::Frames;
        self.hungry = false;
        // Commands that wait for the next connection find a clean session there.
        self.session.start(false);
        self.link = Link::Failed(error);
        None
    }

    /// A new connection before the old one's end was told: its commands end untold. A driver
    /// that polls events until the error never gets here with any.
    pub(crate) fn end_untold(&mut self, mem: &mut Memory<'_>) {
        if let Link::Up | Link::LoggingIn | Link::Ending(_) = self.link {
            self.link = Link::Reaping(PipelineError::LinkLost, 0);
        }
        while let Link::Reaping(error, nth) = self.link {
            self.reap(mem, error, nth);
        }
    }
}
