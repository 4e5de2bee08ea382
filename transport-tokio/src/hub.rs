//! What the callers and the pump share, behind one short lock: the pipeline, the calls that wait for
//! it, and the line of those for whom there is no room yet.
//!
//! ```text
//!   callers --submit--> [ pipeline ] <--bytes-- pump (the only one who touches the socket)
//!      |                    ^  |
//!      +--no room--> line --+  +--replies--> calls --wakers--> callers
//! ```
//!
//! Callers encode straight into the pipeline; the pump copies bytes out and in under the lock and
//! moves them outside of it. Nothing is awaited, written, read or woken while the lock is held.

use core::task::{Poll, Waker};
use std::sync::{Mutex, MutexGuard, PoisonError};

use respipe_core::pipeline::{
    Event, Fate, Flush, Heap, Oversize, PipelineError, Rejected, Resend, State, Storage as _,
    SubmitError, Why,
};
use respipe_core::reply::OwnedReply;
use respipe_core::{Command, Duration, Instant, Pipeline};
use respipe_host::{Batch, Error, Options, Outcome};
use tokio::sync::watch;
use tokio::time;

use crate::calls::{Call, Calls, Ended, Run, Tag};
use crate::greeting::Greeting;
use crate::line::Line;
use crate::metrics::{Counts, Metrics};
use crate::pieces::Piece;
use crate::pushes::Listeners;
use crate::state::Connection;

/// A call that waits in line costs this many bytes besides its command.
const PLACE: usize = 128;

#[derive(Debug)]
pub(crate) struct Shared {
    hub: Mutex<Hub>,
    pub(crate) state: watch::Sender<Connection>,
}

impl Shared {
    pub(crate) fn new(options: &Options, shared: bool) -> Self {
        Self {
            hub: Mutex::new(Hub::new(options, shared)),
            state: watch::Sender::new(Connection::Connecting),
        }
    }

    #[inline]
    pub(crate) fn lock(&self) -> MutexGuard<'_, Hub> {
        self.hub.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something under the lock; then wakes the pump, if it sleeps.
    #[inline]
    pub(crate) fn stir<T>(&self, act: impl FnOnce(&mut Hub) -> T) -> T {
        let mut hub = self.lock();
        let done = act(&mut hub);
        let pump = hub.pump.take();
        drop(hub);
        if let Some(pump) = pump {
            pump.wake();
        }
        done
    }
}

#[derive(Debug)]
pub(crate) struct Hub {
    pub(crate) pipeline: Pipeline<Heap<Tag>>,
    pub(crate) calls: Calls,
    line: Line,
    /// What goes before the line while a batch that is larger than the window holds it.
    ahead: Line,
    holder: Option<u32>,
    /// The holder has gone: it holds the line no longer than until `ahead` is empty.
    releases: bool,
    /// Of the first command in line a part is in the pipeline.
    feeding: bool,
    waiting_bytes: usize,
    pub(crate) listeners: Listeners,
    pub(crate) greeting: Greeting,
    pub(crate) counts: Counts,
    /// The pump, while it sleeps and wants to know of commands; and for all else.
    pub(crate) pump: Option<Waker>,
    pub(crate) bell: Option<Waker>,
    /// A command came while there was no connection.
    wanted: bool,
    /// What ended the last connection.
    pub(crate) cause: Option<Error>,
    /// Why nothing will be sent any more.
    pub(crate) over: Option<Error>,
    /// The last client has gone, or said so: what is queued leaves and is answered, and no more.
    pub(crate) closing: bool,
    /// Events are left to a caller who takes a reply in pieces, and who may wait for them.
    pub(crate) pieces: Option<Option<Waker>>,
    /// The origin of the pipeline's time, and its time at the last look.
    origin: time::Instant,
    pub(crate) now: Instant,
    /// Whether it matters when a command was queued.
    stamps: bool,
    reply_timeout: Duration,
}

impl Hub {
    fn new(options: &Options, shared: bool) -> Self {
        let mut config = options.tuning.config;
        config.shared = shared;
        let heap = Heap::new(options.tuning.sizes, options.login.clone());
        let mut pipeline = Pipeline::new(heap);
        pipeline.configure(config);
        Self {
            pipeline,
            calls: Calls::default(),
            line: Line::default(),
            ahead: Line::default(),
            holder: None,
            releases: false,
            feeding: false,
            waiting_bytes: options.waiting_bytes,
            listeners: Listeners::new(options.pushes),
            greeting: Greeting::default(),
            counts: Counts::default(),
            pump: None,
            bell: None,
            wanted: false,
            cause: None,
            over: None,
            closing: false,
            pieces: None,
            origin: time::Instant::now(),
            now: Instant::ZERO,
            stamps: !config.reply_timeout.is_zero()
                || matches!(config.flush, Flush::AtLeast { .. }),
            reply_timeout: config.reply_timeout,
        }
    }

    /// Looks at the clock.
    pub(crate) fn tick(&mut self) -> Instant {
        self.now = Instant::ZERO.after(self.origin.elapsed().into());
        self.now
    }

    /// A time of the pipeline's in the runtime's.
    pub(crate) fn moment(&self, at: Instant) -> time::Instant {
        let after = core::time::Duration::from(at.since(Instant::ZERO));
        // What lies beyond the end of time never comes.
        let far = core::time::Duration::from_secs(365 * 86_400);
        self.origin + after.min(far)
    }

    #[inline]
    fn stamp(&mut self) {
        if self.stamps {
            self.tick();
        }
    }

    /// Wakes the pump whatever it waits for; to be done as soon as the lock is given back.
    pub(crate) fn ring(&mut self) {
        self.pump = self.bell.clone();
    }

    /// Commands that wait in line.
    pub(crate) fn waiting(&self) -> usize {
        self.line.len() + self.ahead.len()
    }

    /// Whether a command may go straight into the pipeline.
    #[inline]
    fn is_free(&self) -> bool {
        self.line.is_empty() && self.holder.is_none()
    }
}

/// One command, one reply.
impl Hub {
    /// Queues a command, in line if there is no room and its caller waits; its key.
    #[inline]
    pub(crate) fn begin<C: Command>(
        &mut self,
        command: &C,
        waker: &Waker,
        waits: bool,
    ) -> Result<u32, Error> {
        let tag = Tag {
            key: self.calls.next_key(),
            index: 0,
        };
        self.stamp();
        let reason = match self.is_free() {
            true => match self.pipeline.submit(command, tag, self.now) {
                Ok(ticket) => {
                    self.counts.sent += 1;
                    let waker = waker.clone();
                    return Ok(self.calls.insert(Call::Sent { waker, ticket }));
                }
                Err(SubmitError { reason, .. }) => reason,
            },
            false => Rejected::LineHeld,
        };
        let place = self.line_up(command, tag, reason, waits)?;
        let waker = waker.clone();
        Ok(self.calls.insert(Call::Queued { waker, place }))
    }

    /// Queues a command that changes the session for all who share the connection; it does not wait
    /// in line.
    pub(crate) fn begin_for_all<C: Command>(
        &mut self,
        command: &C,
        waker: &Waker,
    ) -> Result<u32, Error> {
        let shared = self.share(false);
        let begun = self.begin(command, waker, false);
        self.share(shared);
        begun
    }

    /// Says whether what changes the session is refused; what held before.
    fn share(&mut self, shared: bool) -> bool {
        let mut config = *self.pipeline.config();
        let before = core::mem::replace(&mut config.shared, shared);
        self.pipeline.configure(config);
        before
    }

    /// Sends what each connection begins with, as far as there is room.
    pub(crate) fn greet(&mut self) {
        if self.greeting.is_over() || self.pipeline.state() != State::Up {
            return;
        }
        let shared = self.share(false);
        self.greeting.send(&mut self.pipeline, self.now);
        self.share(shared);
    }

    /// Lines up a command that found no room, for this reason.
    #[cold]
    pub(crate) fn line_up<C: Command>(
        &mut self,
        command: &C,
        tag: Tag,
        reason: Rejected,
        waits: bool,
    ) -> Result<u64, Error> {
        if let Some(over) = &self.over {
            return Err(Error::Ended {
                fate: Fate::NotSent,
                cause: Some(Box::new(over.clone())),
            });
        }
        match reason {
            Rejected::Closed => {
                self.wanted = true;
                return Err(Error::Ended {
                    fate: Fate::NotSent,
                    cause: self.cause.clone().map(Box::new),
                });
            }
            Rejected::TooLong { .. } => {}
            reason if reason.is_temporary() && waits => {}
            reason => return Err(Error::Rejected(reason)),
        }
        let line = match self.holder {
            Some(key) if key == tag.key => &mut self.ahead,
            _ => &mut self.line,
        };
        let needed = line.bytes() + line.len() * PLACE + command.encoded_len();
        if needed > self.waiting_bytes && !line.is_empty() {
            return Err(Error::LineFull {
                limit: self.waiting_bytes,
            });
        }
        line.push(command, tag, self.now).map_err(Error::Rejected)
    }

    /// What became of a call, if it has ended.
    #[inline]
    pub(crate) fn collect(&mut self, key: u32, waker: &Waker) -> Poll<Result<OwnedReply, Error>> {
        match self.calls.find(key) {
            Some(Call::Sent { waker: kept, .. } | Call::Queued { waker: kept, .. }) => {
                if !kept.will_wake(waker) {
                    kept.clone_from(waker);
                }
                Poll::Pending
            }
            _ => Poll::Ready(self.take(key)),
        }
    }

    /// Whether a call waits in line.
    #[cfg(feature = "tracing")]
    pub(crate) fn is_in_line(&mut self, key: u32) -> bool {
        matches!(self.calls.find(key), Some(Call::Queued { .. }))
    }

    /// Takes a call out whose answer was delivered in pieces; whether it was.
    pub(crate) fn take_streamed(&mut self, key: u32) -> bool {
        let streamed = matches!(self.calls.find(key), Some(Call::Streamed));
        if streamed {
            self.calls.remove(key);
        }
        streamed
    }

    fn take(&mut self, key: u32) -> Result<OwnedReply, Error> {
        match self.calls.remove(key) {
            Some(Call::Answered(reply)) => Ok(reply),
            Some(Call::TooLarge { kind, bytes }) => Err(Error::TooLarge { kind, bytes }),
            Some(Call::Rejected(reason)) => Err(Error::Rejected(reason)),
            Some(Call::Ended(ended)) => Err(self.error_of(ended)),
            // There is nothing else that a caller could find.
            _ => Err(Error::Ended {
                fate: Fate::Silent,
                cause: None,
            }),
        }
    }

    pub(crate) fn error_of(&self, ended: Ended) -> Error {
        let cause = self.cause().filter(|_| ended.by_link);
        Error::Ended {
            fate: ended.fate,
            cause: cause.map(Box::new),
        }
    }

    /// The caller gives up. What it would have got, if the call has ended; otherwise the fate of the
    /// command, which is withdrawn if it has not begun to leave.
    pub(crate) fn give_up(&mut self, key: u32) -> Result<Result<OwnedReply, Error>, Fate> {
        let unknown = Fate::Unknown(Why::Abandoned);
        let fate = match self.calls.find(key) {
            Some(call @ Call::Sent { .. }) => {
                let Call::Sent { ticket, .. } = *call else {
                    return Err(unknown);
                };
                match self.pipeline.abandon(ticket) {
                    Some((_, fate)) => {
                        self.calls.remove(key);
                        fate
                    }
                    None => {
                        *call = Call::Orphan;
                        unknown
                    }
                }
            }
            Some(Call::Queued { place, .. }) => {
                let place = *place;
                if (self.feeding && place == self.line.first()) || !self.line.withdraw(place) {
                    // A part of it has left: it goes on, for the sake of those who share the link.
                    if let Some(call) = self.calls.find(key) {
                        *call = Call::Orphan;
                    }
                    unknown
                } else {
                    self.calls.remove(key);
                    Fate::NotSent
                }
            }
            _ => return Ok(self.take(key)),
        };
        self.counts.abandoned += 1;
        Err(fate)
    }
}

/// Many commands of one caller.
impl Hub {
    /// Begins a run; its key.
    pub(crate) fn begin_run(&mut self, run: Run) -> u32 {
        self.calls.insert(Call::Run(Box::new(run)))
    }

    /// Queues a command of a run, in line if there is no room or if the run holds the line.
    pub(crate) fn begin_of_run<C: Command>(&mut self, command: &C, tag: Tag) -> Result<(), Error> {
        self.stamp();
        let mut reason = Rejected::LineHeld;
        if self.is_free() {
            match self.pipeline.submit(command, tag, self.now) {
                Ok(ticket) => {
                    self.counts.sent += 1;
                    if let Some(Call::Run(run)) = self.calls.find(tag.key) {
                        run.left += 1;
                        run.tickets.push_back(ticket);
                    }
                    return Ok(());
                }
                Err(SubmitError { reason: why, .. }) => reason = why,
            }
        }
        self.line_up(command, tag, reason, true)?;
        if let Some(Call::Run(run)) = self.calls.find(tag.key) {
            run.left += 1;
            run.queued += 1;
        }
        Ok(())
    }

    /// Queues as many commands of a batch as there is room for, in the window or else in line;
    /// returns the index of the first that was not taken. Where the line has no room for the rest,
    /// the run will hold it: its caller is woken to go on.
    pub(crate) fn begin_batch(
        &mut self,
        key: u32,
        batch: &Batch,
        from: usize,
    ) -> (usize, Option<Error>) {
        let mut next = from;
        while let Some(command) = batch.commands().get(next) {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "so many do not fit the memory"
            )]
            let tag = Tag {
                key,
                index: next as u32,
            };
            match self.begin_of_run(&command, tag) {
                Ok(()) => {}
                Err(Error::Rejected(reason)) => {
                    if let Some(Call::Run(run)) = self.calls.find(key) {
                        run.refuse(tag.index, reason);
                    }
                }
                // Its own commands fill the line.
                Err(Error::LineFull { .. }) if next > 0 => {
                    if self.holder != Some(key) {
                        self.line.hold();
                    }
                    return (next, None);
                }
                Err(error) => return (batch.len(), Some(error)),
            }
            next += 1;
        }
        if self.holder == Some(key) {
            self.releases = true;
        }
        (next, None)
    }

    /// Whether this run holds the line now.
    pub(crate) fn is_holder(&self, key: u32) -> bool {
        self.holder == Some(key)
    }

    /// How many commands the window holds.
    pub(crate) fn window(&self) -> usize {
        self.pipeline.storage().sizes().depth
    }

    /// What ended the connection.
    pub(crate) fn cause(&self) -> Option<Error> {
        self.over.as_ref().or(self.cause.as_ref()).cloned()
    }

    /// Whether a batch fits the window: one that does not holds the line.
    pub(crate) fn fits(&self, batch: &Batch) -> bool {
        let sizes = self.pipeline.storage().sizes();
        batch.len() <= sizes.depth && batch.commands().as_bytes().len() <= sizes.tx
    }

    /// The caller of a run gives it up: what has not begun to leave is withdrawn.
    pub(crate) fn give_up_run(&mut self, key: u32) {
        let Some(Call::Run(run)) = self.calls.find(key) else {
            return;
        };
        run.orphan = true;
        run.waker = None;
        let tickets = core::mem::take(&mut run.tickets);
        let mut withdrawn = 0;
        for ticket in tickets {
            withdrawn += usize::from(self.pipeline.abandon(ticket).is_some());
        }
        let fed = self.feeding;
        let own = self.holder == Some(key);
        if own {
            withdrawn += self.ahead.withdraw_all(key, fed);
            self.releases = true;
        }
        withdrawn += self.line.withdraw_all(key, fed && !own);
        self.counts.abandoned += withdrawn as u64;
        if let Some(Call::Run(run)) = self.calls.find(key) {
            run.left = run.left.saturating_sub(withdrawn);
            if run.left == 0 {
                self.calls.remove(key);
            }
        }
    }
}

/// For the pump.
impl Hub {
    /// Hands on all that the pipeline has to tell. While a reply is taken in pieces, events are left
    /// to its caller.
    pub(crate) fn deliver(&mut self) -> Result<(), PipelineError> {
        if let Some(pieces) = &mut self.pieces {
            self.calls.wake.extend(pieces.take());
            return Ok(());
        }
        self.deliver_up_to_piece(&mut Vec::new()).map(|_piece| ())
    }

    /// Hands on what the pipeline has to tell until there is a piece of a reply, whose bytes go
    /// behind those of `kept`.
    pub(crate) fn deliver_up_to_piece(
        &mut self,
        kept: &mut Vec<u8>,
    ) -> Result<Option<Piece>, PipelineError> {
        loop {
            match self.pipeline.poll_event()? {
                Some(Event::Reply { tag, reply }) => {
                    self.counts.answered += u64::from(tag != Tag::PUMP);
                    if reply.kind().is_error() {
                        self.counts.error(reply);
                    }
                    self.calls.answered(tag, reply);
                }
                None => return Ok(None),
                Some(Event::TooLarge {
                    tag,
                    kind,
                    bytes,
                    head,
                }) => {
                    self.counts.answered += 1;
                    self.calls
                        .settle(tag, Outcome::TooLarge { kind, bytes, head });
                }
                Some(Event::Ended { tag, fate }) => {
                    let by_link = !matches!(self.pipeline.state(), State::Up | State::LoggingIn);
                    self.calls.ended(tag, Ended { fate, by_link });
                }
                Some(Event::Push(push)) => self.listeners.hear(push, &mut self.calls.wake),
                Some(Event::Streamed { tag, .. }) => {
                    self.counts.answered += 1;
                    self.calls.streamed(tag);
                }
                Some(Event::Token(token)) => {
                    if self.pieces.is_some() {
                        return Ok(Some(Piece::keep(token, kept)));
                    }
                }
            }
        }
    }

    /// Whether a caller takes replies in pieces, and nobody else events.
    pub(crate) fn take_pieces(&mut self, on: bool) {
        let mut config = *self.pipeline.config();
        config.oversize = match on {
            true => Oversize::Stream,
            false => Oversize::Skip,
        };
        self.pipeline.configure(config);
        self.pieces = on.then_some(None);
    }

    /// Lets those in line go as far as there is room.
    pub(crate) fn drain_line(&mut self) {
        loop {
            let line = match self.holder {
                Some(_) => &mut self.ahead,
                None => &mut self.line,
            };
            let Some(head) = line.head() else {
                if self.holder.is_some() && self.releases {
                    self.holder = None;
                    self.releases = false;
                    continue;
                }
                return;
            };
            if self.feeding {
                // Not held any more: the link died, and the command has its fate.
                if self.pipeline.is_line_held() && !self.pipeline.continue_long(&head.command) {
                    return;
                }
                self.feeding = false;
                self.pass(None);
                continue;
            }
            let Some(tag) = head.tag else {
                self.pass(None);
                continue;
            };
            let down = !matches!(self.pipeline.state(), State::Up);
            let submitted = match self.pipeline.submit(&head.command, tag, head.since) {
                // A part would hold the line that the login needs first.
                Err(SubmitError {
                    reason: Rejected::TooLong { .. },
                    ..
                }) if down => return,
                Err(SubmitError {
                    reason: Rejected::TooLong { .. },
                    ..
                }) => {
                    let begun = self.pipeline.submit_long(&head.command, tag, head.since);
                    self.feeding = begun.is_ok();
                    begun
                }
                submitted => submitted,
            };
            match submitted {
                Ok(ticket) => {
                    self.counts.sent += 1;
                    match self.feeding {
                        // Its caller cannot withdraw it from here on: it stays `Queued`.
                        true => {}
                        false => {
                            self.calls.sent(tag, ticket);
                            self.pass(Some(tag));
                        }
                    }
                }
                Err(SubmitError { reason, .. }) if reason.is_temporary() => return,
                Err(SubmitError { reason, .. }) => {
                    match reason {
                        Rejected::Closed => {
                            let fate = Fate::NotSent;
                            let by_link = true;
                            self.calls.ended(tag, Ended { fate, by_link });
                        }
                        reason => self.calls.settle(tag, Outcome::Refused(Some(reason))),
                    }
                    self.pass(Some(tag));
                }
            }
        }
    }

    /// The turn of the first in line is over.
    fn pass(&mut self, tag: Option<Tag>) {
        let line = match self.holder {
            Some(_) => &mut self.ahead,
            None => &mut self.line,
        };
        let holds = line.head().is_some_and(|head| head.holds);
        line.pop();
        if let (true, Some(tag)) = (holds, tag) {
            self.holder = Some(tag.key);
            self.releases = false;
        }
    }

    /// Ends those in line whose time is up; when the next one's is.
    pub(crate) fn expire_line(&mut self) -> Option<Instant> {
        if self.reply_timeout.is_zero() {
            return None;
        }
        for _ in 0..2 {
            let line = match self.holder {
                Some(_) => &mut self.ahead,
                None => &mut self.line,
            };
            while let Some(since) = line.since() {
                let due = since.after(self.reply_timeout);
                if due > self.now || self.feeding {
                    return Some(due);
                }
                if let Some(tag) = line.head().and_then(|head| head.tag) {
                    let fate = Fate::NotSent;
                    let by_link = false;
                    self.calls.ended(tag, Ended { fate, by_link });
                }
                line.pop();
            }
            if self.holder.take().is_none() {
                break;
            }
        }
        None
    }

    /// When something is due that the pipeline or the line waits for.
    pub(crate) fn due(&mut self) -> Option<Instant> {
        let line = self.expire_line();
        [self.pipeline.poll_timeout(), line]
            .into_iter()
            .flatten()
            .min()
    }

    /// Nobody connects again for what waits: every command gets its fate.
    pub(crate) fn end_all(&mut self) {
        self.wanted = false;
        if let Some(pieces) = self.pieces.take() {
            self.calls.wake.extend(pieces);
        }
        let config = *self.pipeline.config();
        let mut never = config;
        never.resend = Resend::Never;
        self.pipeline.configure(never);
        // What is retained waits for a connection that will not come.
        while self.deliver().is_ok() && self.pipeline.state() != State::Down {
            self.pipeline.handle_link_lost();
        }
        self.pipeline.open(self.now);
        self.pipeline.handle_link_lost();
        let _ended = self.deliver();
        self.feeding = false;
        self.drain_line();
        self.pipeline.configure(config);
    }

    /// There will be no further push.
    pub(crate) fn end_pushes(&mut self) {
        self.listeners.end(&mut self.calls.wake);
    }

    /// Whether someone wants a connection since the last attempts were given up.
    pub(crate) fn is_wanted(&mut self) -> bool {
        core::mem::take(&mut self.wanted) || self.pipeline.in_flight() > 0
    }

    /// The connection ended, and another will be made: who cannot wait for it is told.
    pub(crate) fn lose(&mut self) {
        self.drain_line();
    }

    /// Bytes that wait in the pipeline to be sent, or to be answered where they are retained.
    pub(crate) fn tx_used(&self) -> usize {
        let all = self.pipeline.storage().sizes().tx;
        all.saturating_sub(self.pipeline.tx_free())
    }

    /// Whether the pump may ask the server whether it is still there: a transaction of the caller's
    /// is not to be disturbed.
    pub(crate) fn may_ping(&self, many: bool) -> bool {
        many || self.pipeline.is_session_clean() || self.greeting.is_subscriber()
    }

    pub(crate) fn metrics(&self) -> Metrics {
        Metrics {
            in_flight: self.pipeline.in_flight(),
            queued: self.waiting(),
            calls: self.calls.len(),
            sent: self.counts.sent,
            answered: self.counts.answered,
            errors: self.counts.errors.clone(),
            reconnects: self.counts.reconnects,
            abandoned: self.counts.abandoned,
            pushes_lost: self.listeners.lost() + self.pipeline.pushes_dropped(),
        }
    }
}
