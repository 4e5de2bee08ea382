//! The pump: moves bytes between the pipeline and its stream. It knows nothing of RESP.
//!
//! The deadlock that it prevents: a client that writes all and then reads, or that writes until it
//! would block and then only reads, stops for ever when the server does the same with replies of
//! some megabytes. While output is blocked, either direction is waited for.

use core::num::NonZeroU32;
use std::io::{self, ErrorKind};
use std::time;

use respipe_core::pipeline::{
    Flush, Heap, PipelineError, Rejected, State, Storage as _, SubmitError, Ticket,
};
use respipe_core::{Command, Frame, Instant, Pipeline, Reply};
use respipe_host::{Error, Options, Vigil};

use crate::stream::Stream;
use crate::trace::event;

/// The most bytes that are read at once: what a processor's cache holds, whatever the buffer.
const READ: usize = 256 * 1024;

/// Whose command it is, and which of theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    /// Each use of the connection has a number of its own: what a caller left behind by a panic
    /// is told to nobody.
    pub(crate) owner: NonZeroU32,
    pub(crate) index: u32,
}

/// What became of an attempt to queue a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// It is queued.
    Taken,
    /// A part of it is queued: `offer` it again when bytes have left.
    Part,
    /// No room now: offer it again when something has moved.
    Later(Rejected),
    /// It will never be taken as it is.
    Never(Rejected),
}

/// A pipeline and the stream that it goes over.
#[derive(Debug)]
pub(crate) struct Pump {
    pub(crate) pipeline: Pipeline<Heap<Tag>>,
    stream: Option<Stream>,
    /// The origin of the pipeline's time, and its time at the last look.
    origin: time::Instant,
    now: Instant,
    /// When this link began.
    opened: Instant,
    pub(crate) vigil: Vigil,
    /// Whether it matters when a command was queued.
    stamps: bool,
    /// A time-out was due when there was input to look at first.
    overdue: bool,
    /// The command that was queued last.
    last: Option<Ticket>,
    /// At the last look the session was not as the login left it.
    changed: bool,
}

impl Pump {
    pub(crate) fn new(options: &Options) -> Self {
        let heap = Heap::new(options.tuning.sizes, options.login.clone());
        let mut pipeline = Pipeline::new(heap);
        pipeline.configure(options.tuning.config);
        Self {
            pipeline,
            stream: None,
            origin: time::Instant::now(),
            now: Instant::ZERO,
            opened: Instant::ZERO,
            vigil: Vigil::new(options.tuning.write_timeout),
            stamps: !options.tuning.config.reply_timeout.is_zero()
                || matches!(options.tuning.config.flush, Flush::AtLeast { .. }),
            overdue: false,
            last: None,
            changed: false,
        }
    }

    /// Begins on a fresh stream; the server has so long to let us in.
    pub(crate) fn open(&mut self, stream: Stream, patience: Option<time::Duration>) {
        self.stream = Some(stream);
        self.overdue = false;
        let now = self.tick();
        self.opened = now;
        self.vigil
            .begin(patience.map(|patience| now.after(patience.into())));
        self.pipeline.open(now);
    }

    /// Looks at the clock.
    pub(crate) fn tick(&mut self) -> Instant {
        let micros = u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.now = Instant::from_micros(micros);
        self.now
    }

    /// Looks at the clock, which costs as much as queueing half a command, if it matters when a
    /// command was queued.
    #[inline]
    pub(crate) fn stamp(&mut self) {
        if self.stamps {
            self.tick();
        }
    }

    /// A time of the system's clock in the pipeline's.
    pub(crate) fn instant(&self, at: time::Instant) -> Instant {
        Instant::ZERO.after(at.saturating_duration_since(self.origin).into())
    }

    /// The time at the last look.
    pub(crate) const fn now(&self) -> Instant {
        self.now
    }

    /// Whether this time has come, as of the last look.
    pub(crate) fn is_past(&self, until: Option<Instant>) -> bool {
        until.is_some_and(|until| until <= self.now)
    }

    /// Until when a command that was taken from its caller then may wait for room: as long as it
    /// may wait for its reply. What has timed out keeps its slot until it is answered.
    pub(crate) fn room_until(&self, since: Instant) -> Option<Instant> {
        let timeout = self.pipeline.config().reply_timeout;
        (!timeout.is_zero()).then(|| since.max(self.opened).after(timeout))
    }

    /// Queues a command, in pieces if it is longer than the buffer.
    #[inline]
    pub(crate) fn offer<C: Command>(&mut self, command: &C, tag: Tag) -> Offer {
        match self.pipeline.submit(command, tag, self.now) {
            Ok(ticket) => {
                self.last = Some(ticket);
                Offer::Taken
            }
            Err(SubmitError { reason, .. }) => self.offer_again(command, tag, reason),
        }
    }

    #[cold]
    fn offer_again<C: Command>(&mut self, command: &C, tag: Tag, reason: Rejected) -> Offer {
        match reason {
            // A part would hold the line that the login needs first.
            Rejected::TooLong { .. } if self.pipeline.state() == State::LoggingIn => {
                Offer::Later(reason)
            }
            Rejected::TooLong { .. } => match self.pipeline.submit_long(command, tag, self.now) {
                Ok(ticket) => {
                    self.last = Some(ticket);
                    self.offer_rest(command)
                }
                Err(SubmitError { reason, .. }) if reason.is_temporary() => Offer::Later(reason),
                Err(SubmitError { reason, .. }) => Offer::Never(reason),
            },
            reason if reason.is_temporary() => Offer::Later(reason),
            reason => Offer::Never(reason),
        }
    }

    /// Queues more of the command of which a part is queued.
    pub(crate) fn offer_rest<C: Command>(&mut self, command: &C) -> Offer {
        match self.pipeline.continue_long(command) {
            true => Offer::Taken,
            false => Offer::Part,
        }
    }

    /// Gives up the command that was queued last, if it has not ended: nobody is told of it. The
    /// connection ends where a part of it has left.
    pub(crate) fn give_up(&mut self) {
        if let Some(ticket) = self.last.take() {
            self.pipeline.abandon(ticket);
        }
    }

    /// Writes until nothing is left or the server takes no more; whether it takes no more. Look at
    /// the clock first.
    pub(crate) fn write(&mut self) -> bool {
        match self.try_write() {
            Ok(blocked) => {
                match blocked {
                    true => self.vigil.blocked(self.now),
                    false => self.vigil.written(),
                }
                blocked
            }
            Err(error) => {
                self.lose(error);
                false
            }
        }
    }

    fn try_write(&mut self) -> io::Result<bool> {
        let Some(stream) = &mut self.stream else {
            return Ok(false);
        };
        while let Some(bytes) = self.pipeline.poll_transmit() {
            let all = bytes.len();
            match stream.write(bytes) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(n) => {
                    self.pipeline.transmitted(n, self.now);
                    self.vigil.written();
                    if n < all {
                        return Ok(true);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        stream.write_held_back()
    }

    /// One turn: writes what may leave, waits until something comes, room to write included, or
    /// until a time-out or `until`, and reads once. Poll events afterwards, and before.
    pub(crate) fn turn(&mut self, until: Option<Instant>) {
        self.tick();
        let blocked = self.write();
        self.wait(blocked, until);
    }

    /// The waiting half of a turn; look at the clock first.
    pub(crate) fn wait(&mut self, blocked: bool, until: Option<Instant>) {
        let due = [self.pipeline.poll_timeout(), self.vigil.due(), until];
        let due = due.into_iter().flatten().min();
        let patience = due.map(|due| due.since(self.now).into());
        self.changed = !self.pipeline.is_session_clean();
        let read = self.read(blocked, patience);
        let now = self.tick();
        self.vigil.look(self.pipeline.state());
        match read {
            // Something came: whoever waits for it looks before the time does, but once.
            Ok(true) if !self.overdue => self.overdue = due.is_some_and(|due| due <= now),
            Ok(_) => {
                self.overdue = false;
                if due.is_some_and(|due| due <= now) {
                    self.pipeline.handle_timeout(now);
                }
                if let Some(error) = self.vigil.overdue(now) {
                    self.fail(error);
                }
            }
            Err(error) => self.lose(error),
        }
    }

    /// Waits and reads once; whether something came.
    fn read(&mut self, blocked: bool, patience: Option<core::time::Duration>) -> io::Result<bool> {
        let Some(stream) = &mut self.stream else {
            return Ok(false);
        };
        let room = self.pipeline.recv_space();
        let most = room.len().min(READ);
        let room = &mut room[..most];
        let read = if blocked {
            // Neither "write all, then read" nor "write what goes, then wait for input": see above.
            match stream.wait(true, patience) {
                Ok(ready) if ready.read && !room.is_empty() => stream.read_now(room),
                Ok(_) => return Ok(false),
                Err(error) => Err(error),
            }
        } else if room.is_empty() {
            return Ok(false);
        } else {
            stream.read(room, patience)
        };
        match read {
            Ok(0) => {
                self.pipeline.handle_eof();
                self.stream = None;
                Ok(true)
            }
            Ok(n) => {
                self.vigil.heard();
                self.pipeline.recv_commit(n, self.now);
                Ok(true)
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::Interrupted | ErrorKind::TimedOut => Ok(false),
                _ => Err(error),
            },
        }
    }

    /// Whether there is room to receive into. There is none while unread replies fill it.
    pub(crate) fn has_room(&mut self) -> bool {
        !self.pipeline.recv_space().is_empty()
    }

    /// The stream broke: what was received is still read, then every command gets its fate.
    fn lose(&mut self, error: io::Error) {
        // What the server said last may lie behind the error: its farewell, replies.
        while let Some(stream) = &mut self.stream {
            let room = self.pipeline.recv_space();
            match stream.read_now(room) {
                Ok(n) if n > 0 => self.pipeline.recv_commit(n, self.now),
                _ => break,
            }
        }
        self.fail(Error::lost(error));
    }

    /// Gives the link up, for this reason.
    pub(crate) fn fail(&mut self, error: Error) {
        self.stream = None;
        self.vigil.break_with(error);
        self.pipeline.handle_link_lost();
    }

    /// Ends what waits for a connection that will not come: poll events afterwards.
    pub(crate) fn end_all(&mut self) {
        let config = *self.pipeline.config();
        let mut never = config;
        never.resend = respipe_core::pipeline::Resend::Never;
        self.pipeline.configure(never);
        self.pipeline.open(self.now);
        self.pipeline.handle_link_lost();
    }

    /// Whether the connection that ended had a changed session, which went with it.
    pub(crate) const fn take_changed(&mut self) -> bool {
        core::mem::replace(&mut self.changed, false)
    }

    /// Whether bytes can still be moved.
    pub(crate) fn is_alive(&self) -> bool {
        self.stream.is_some() && matches!(self.pipeline.state(), State::Up | State::LoggingIn)
    }

    /// What broke the stream, if something did.
    pub(crate) fn broken(&self) -> Option<Error> {
        self.vigil.broken().cloned()
    }

    pub(crate) const fn stream(&mut self) -> Option<&mut Stream> {
        self.stream.as_mut()
    }

    /// What ended the connection, in our words; `error` is the pipeline's view of it.
    pub(crate) fn cause(&mut self, error: PipelineError) -> Error {
        self.stream = None;
        let cause = self.vigil.cause(&mut self.pipeline, error);
        event!(warn, error = %cause, "the connection ended");
        cause
    }

    /// Where a reply lies in the receive buffer: so that it can be borrowed again, once it is clear
    /// that nothing else is to be done first. (The borrow checker does not let a loop return what
    /// it borrowed in one of its turns.)
    #[inline]
    pub(crate) fn place_of(&mut self, reply: *const u8) -> usize {
        let rx = self.pipeline.storage_mut().parts().rx;
        let at = reply.addr().wrapping_sub(rx.as_ptr().addr());
        debug_assert!(at < rx.len(), "a reply lies in the receive buffer");
        at
    }

    /// A reply at a place that [`place_of`](Self::place_of) gave.
    #[inline]
    pub(crate) fn reply_at(&mut self, at: usize, frame: Frame) -> Reply<'_> {
        let rx = self.pipeline.storage_mut().parts().rx;
        Reply::new(rx.get(at..).unwrap_or_default(), frame)
    }
}
