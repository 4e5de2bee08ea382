//! A connection: the pump, what it serves, and what happens when it ends.

use core::num::NonZeroU32;
use core::time::Duration;
use std::time;

use respipe_core::pipeline::{
    Event, Fate, Oversize, PipelineError, Rejected, Resend, State, Token, Why,
};
use respipe_core::reply::FromReply;
use respipe_core::{Command, Frame, Kind, Reply};

use crate::error::{Deadline, Error, Misuse};
use crate::options::Options;
use crate::outcome::Outcome;
use crate::pump::{Offer, Pump, Tag};
use crate::pushes::{Push, Pushes};
use crate::sequence::Sequence;
use crate::stream::{Duplex, Socket, Stream};
use crate::trace::event;
use crate::{Reconnect, connect};

/// A blocking connection to one server.
///
/// It is `Send` and not for several threads at once: every method takes `&mut self`. Nothing goes
/// on behind the caller's back: bytes move, time-outs count and pushes arrive while a method runs.
///
/// Dropping it closes it at once: commands whose replies were not awaited may be lost.
/// [`close`](Self::close) sees them through.
#[derive(Debug)]
pub struct Connection {
    pub(crate) pump: Pump,
    pub(crate) pushes: Pushes,
    options: Options,
    /// The last use of the connection.
    owner: NonZeroU32,
    pub(crate) sequence: Sequence,
    /// What ended the connection for good, until it is made again.
    dead: Option<Error>,
    attempts: Attempts,
}

/// After so long without a look at the connection, it is looked at before anything is sent.
const IDLE: respipe_core::Duration = respipe_core::Duration::from_secs(1);

/// Attempts in a row to connect again.
#[derive(Debug, Default)]
struct Attempts {
    made: u32,
    since: Option<time::Instant>,
}

/// How closing a connection went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Replies that came and were never received.
    pub discarded: usize,
}

/// What to do when the pipeline says that its connection has ended.
pub(crate) enum Ended {
    /// Poll on: another connection has begun, or fates are still to come.
    GoOn,
    /// Every command has its fate.
    Over(Error),
}

/// What became of a called command, without borrowing.
enum Answer {
    Reply { at: usize, frame: Frame },
    TooLarge { kind: Kind, bytes: u64 },
}

/// Opening and closing.
impl Connection {
    /// Connects to the server of this URL, with the defaults of [`Options`], and logs in.
    ///
    /// # Errors
    /// Why there is no connection, and what to do.
    pub fn open(url: &str) -> Result<Self, Error> {
        Options::from_url(url)?.connect()
    }

    pub(crate) fn connect(options: Options) -> Result<Self, Error> {
        let timeout = Duration::from(options.tuning.connect_timeout);
        let deadline = (!timeout.is_zero()).then(|| time::Instant::now() + timeout);
        let stream = connect::open(&options, deadline)?;
        let mut this = Self::new(options);
        match this.log_in(stream, deadline) {
            Err(Error::ClosedAtOnce) => {
                // Some servers close without a word when they see HELLO (twemproxy); the pipeline
                // has noted it and speaks RESP2 now. Others close whatever they see.
                let stream = connect::open(&this.options, deadline)?;
                this.log_in(stream, deadline)?;
                this.call(&crate::cmd("PING"))
                    .map_err(|error| match error {
                        Error::Ended {
                            cause: Some(cause), ..
                        } => *cause,
                        error => error,
                    })?;
            }
            result => result?,
        }
        Ok(this)
    }

    /// Takes over a stream that the caller opened, and logs in: what can be read, written and
    /// waited for. It is switched to non-blocking. A [`TcpStream`](std::net::TcpStream) or a Unix
    /// socket goes the short way if it is given to [`over_socket`](Self::over_socket).
    ///
    /// # Errors
    /// As [`Options::connect`].
    pub fn over(stream: impl Duplex + 'static, options: Options) -> Result<Self, Error> {
        let stream = Stream::own(Box::new(stream)).map_err(Error::lost)?;
        Self::begin_over(stream, options)
    }

    /// Takes over a socket that the caller connected, and logs in: a
    /// [`TcpStream`](std::net::TcpStream), a [`UnixStream`](std::os::unix::net::UnixStream) or any
    /// other socket of the system. Its time-outs are changed; TCP_NODELAY is not.
    ///
    /// # Errors
    /// As [`Options::connect`].
    #[cfg(unix)]
    pub fn over_socket(
        socket: impl Into<std::os::fd::OwnedFd>,
        options: Options,
    ) -> Result<Self, Error> {
        let socket = Socket::new(socket2::Socket::from(socket.into())).map_err(Error::lost)?;
        Self::begin_over(Stream::Socket(socket), options)
    }

    /// Takes over a socket that the caller connected, and logs in.
    ///
    /// # Errors
    /// As [`Options::connect`].
    #[cfg(windows)]
    pub fn over_socket(
        socket: impl Into<std::os::windows::io::OwnedSocket>,
        options: Options,
    ) -> Result<Self, Error> {
        let socket = Socket::new(socket2::Socket::from(socket.into())).map_err(Error::lost)?;
        Self::begin_over(Stream::Socket(socket), options)
    }

    fn begin_over(stream: Stream, mut options: Options) -> Result<Self, Error> {
        options.place = None;
        let timeout = Duration::from(options.tuning.connect_timeout);
        let deadline = (!timeout.is_zero()).then(|| time::Instant::now() + timeout);
        let mut this = Self::new(options);
        this.log_in(stream, deadline)?;
        Ok(this)
    }

    fn new(options: Options) -> Self {
        Self {
            pump: Pump::new(&options),
            pushes: Pushes::new(options.pushes),
            owner: NonZeroU32::MIN,
            sequence: Sequence::new(NonZeroU32::MIN),
            dead: None,
            attempts: Attempts::default(),
            options,
        }
    }

    /// Begins on this stream and waits until the server has let us in.
    fn log_in(&mut self, stream: Stream, deadline: Option<time::Instant>) -> Result<(), Error> {
        self.pump.open(stream, connect::remaining(deadline)?);
        loop {
            match self.pump.pipeline.poll_event() {
                Ok(Some(Event::Push(push))) => self.pushes.add(push),
                Ok(Some(_)) => {}
                Ok(None) => {
                    if self.pump.pipeline.state() == State::Up {
                        return Ok(());
                    }
                    self.pump.turn(None);
                }
                Err(error) => return Err(self.pump.cause(error)),
            }
        }
    }

    /// Lets what was sent leave and be answered, ends the direction to the server, waits until the
    /// server has closed too, and closes. Says how many replies nobody received.
    ///
    /// # Errors
    /// What ended the connection before, or [`Deadline::Close`]; it is closed all the same.
    pub fn close(mut self) -> Result<Closed, Error> {
        if let Some(dead) = self.dead {
            return Err(dead);
        }
        let timeout = self.options.close_timeout;
        let until = (!timeout.is_zero()).then(|| self.pump.tick().after(timeout.into()));
        let mut closed = Closed { discarded: 0 };
        let mut half_closed = false;
        self.pump.pipeline.flush();
        self.pump.pipeline.close();
        loop {
            match self.pump.pipeline.poll_event() {
                Ok(Some(Event::Reply { .. } | Event::TooLarge { .. } | Event::Streamed { .. })) => {
                    closed.discarded += 1;
                }
                Ok(Some(_)) => {}
                Ok(None) => {
                    if until.is_some_and(|until| until <= self.pump.now()) {
                        return Err(Error::TimedOut(Deadline::Close));
                    }
                    if self.pump.pipeline.in_flight() == 0 && !half_closed {
                        half_closed = true;
                        let stream = self.pump.stream();
                        if stream.is_none_or(|stream| stream.shutdown().is_err()) {
                            return Ok(closed);
                        }
                    }
                    self.pump.turn(until);
                }
                Err(PipelineError::Eof | PipelineError::LinkLost) if half_closed => {
                    return Ok(closed);
                }
                Err(error) => return Err(self.pump.cause(error)),
            }
        }
    }

    /// Whether bytes can be moved, as far as is known: a server that has gone shows only when it is
    /// spoken to.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.pump.is_alive()
    }

    /// Whether the server speaks RESP3 with us.
    #[must_use]
    pub const fn is_resp3(&self) -> bool {
        self.pump.pipeline.is_resp3()
    }

    /// Whether the session is as the login left it: no MULTI, WATCH, SELECT, SUBSCRIBE, CLIENT
    /// REPLY or their like was sent since, or it was undone.
    #[must_use]
    pub const fn is_session_clean(&self) -> bool {
        self.pump.pipeline.is_session_clean()
    }

    /// Commands that were sent and not received.
    #[must_use]
    pub const fn pending(&self) -> usize {
        self.sequence.pending()
    }

    /// Commands that the server still owes an answer.
    #[must_use]
    pub const fn in_flight(&self) -> usize {
        self.pump.pipeline.in_flight()
    }
}

/// One command, one reply.
impl Connection {
    /// Sends a command and waits for its reply. A server's error is a reply.
    ///
    /// # Errors
    /// [`Error::Ended`] says whether the command can have run; [`Error::TooLarge`] and
    /// [`Error::Rejected`] leave the connection as it is; [`Misuse::RepliesPending`] while sent
    /// commands are left to be received.
    pub fn call<C: Command>(&mut self, command: &C) -> Result<Reply<'_>, Error> {
        match self.answer(command, &mut |_| {})? {
            Some(Answer::Reply { at, frame }) => Ok(self.pump.reply_at(at, frame)),
            Some(Answer::TooLarge { kind, bytes }) => Err(Error::TooLarge { kind, bytes }),
            None => Err(Error::Ended {
                fate: Fate::Silent,
                cause: None,
            }),
        }
    }

    /// Sends a command, waits for its reply and converts it; a server's error is an error here.
    ///
    /// # Errors
    /// As [`call`](Self::call); [`Error::Server`] and [`Error::Convert`] leave the connection as it
    /// is.
    pub fn call_to<T>(&mut self, command: &impl Command) -> Result<T, Error>
    where
        T: for<'r> FromReply<'r>,
    {
        let reply = self.call(command)?;
        if let Some(error) = reply.error() {
            return Err(Error::Server(
                String::from_utf8_lossy(error.text()).into_owned(),
            ));
        }
        Ok(reply.to()?)
    }

    /// Sends a command and waits for its reply, whatever its size: one that is larger than the
    /// receive buffer goes to `each` piece by piece, and `None` is returned for it.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn call_streamed<C: Command>(
        &mut self,
        command: &C,
        mut each: impl FnMut(Token<'_>),
    ) -> Result<Option<Reply<'_>>, Error> {
        self.set_oversize(Oversize::Stream);
        let answer = self.answer(command, &mut each);
        self.set_oversize(Oversize::Skip);
        match answer? {
            Some(Answer::Reply { at, frame }) => Ok(Some(self.pump.reply_at(at, frame))),
            Some(Answer::TooLarge { .. }) | None => Ok(None),
        }
    }

    fn set_oversize(&mut self, oversize: Oversize) {
        let mut config = *self.pump.pipeline.config();
        config.oversize = oversize;
        self.pump.pipeline.configure(config);
    }

    /// Sends a command and waits for what becomes of it; `None` where its answer went to `each`.
    fn answer<C: Command>(
        &mut self,
        command: &C,
        each: &mut dyn FnMut(Token<'_>),
    ) -> Result<Option<Answer>, Error> {
        let tag = Tag {
            owner: self.begin()?,
            index: 0,
        };
        let mut offer = Offer::Later(Rejected::NoSlot);
        let mut ended = None;
        loop {
            match self.pump.pipeline.poll_event() {
                Ok(Some(Event::Reply { tag: whose, reply })) if whose == tag => {
                    let (raw, frame) = (reply.as_raw().as_ptr(), reply.frame());
                    let at = self.pump.place_of(raw);
                    return Ok(Some(Answer::Reply { at, frame }));
                }
                Ok(Some(Event::TooLarge {
                    tag: whose,
                    kind,
                    bytes,
                    ..
                })) if whose == tag => return Ok(Some(Answer::TooLarge { kind, bytes })),
                Ok(Some(Event::Streamed { tag: whose, .. })) if whose == tag => return Ok(None),
                Ok(Some(Event::Token(token))) => each(token),
                Ok(Some(Event::Push(push))) => self.pushes.add(push),
                Ok(Some(Event::Ended { tag: whose, fate })) if whose == tag => {
                    let link = matches!(fate, Fate::NotSent | Fate::Unknown(Why::LinkLost));
                    if !link || self.pump.is_alive() {
                        return Err(Error::Ended { fate, cause: None });
                    }
                    ended = Some(fate);
                }
                Ok(Some(_)) => {}
                Ok(None) => {
                    match offer {
                        Offer::Later(_) => offer = self.pump.offer(command, tag),
                        Offer::Part if self.pump.pipeline.is_line_held() => {
                            offer = self.pump.offer_rest(command);
                        }
                        _ => {}
                    }
                    match offer {
                        Offer::Never(Rejected::Closed) => {}
                        Offer::Never(reason) => return Err(Error::Rejected(reason)),
                        _ => {}
                    }
                    self.pump.pipeline.flush();
                    self.pump.tick();
                    let free = self.pump.pipeline.tx_free();
                    let blocked = self.pump.write();
                    let go_on = offer == Offer::Part && self.pump.pipeline.tx_free() > free;
                    if blocked || !go_on {
                        self.pump.wait(blocked, None);
                    }
                }
                Err(error) => match self.ended(error) {
                    Ended::GoOn if ended.is_none() => {}
                    Ended::GoOn => {
                        let fate = ended.unwrap_or(Fate::NotSent);
                        return Err(Error::Ended { fate, cause: None });
                    }
                    Ended::Over(cause) => {
                        return Err(Error::Ended {
                            fate: ended.unwrap_or(Fate::NotSent),
                            cause: Some(Box::new(cause)),
                        });
                    }
                },
            }
        }
    }
}

/// Commands and replies apart.
impl Connection {
    /// Queues a command whose outcome [`receive`](Self::receive) will give. It leaves when the
    /// buffer is full, on [`flush`](Self::flush), and when `receive` waits.
    ///
    /// Writes if it must, and receives into the buffer while the server takes nothing; it never
    /// waits for its own caller.
    ///
    /// # Errors
    /// [`Misuse::WindowFull`] when as many commands are pending as there are slots (`depth`), or
    /// unread replies fill the receive buffer: the command was not queued. [`Error::Ended`] when
    /// the connection has ended: receive what is pending.
    pub fn send<C: Command>(&mut self, command: &C) -> Result<(), Error> {
        if self.sequence.pending() == 0 {
            self.sequence = Sequence::new(self.begin()?);
        } else {
            self.pump.stamp();
        }
        let mut emptied = false;
        loop {
            match self.pump.offer(command, self.sequence.next_tag()) {
                Offer::Taken => {
                    self.sequence.note_sent();
                    return Ok(());
                }
                Offer::Part => {
                    self.sequence.note_sent();
                    return self.send_rest(command);
                }
                Offer::Later(Rejected::NoSlot) => return Err(self.window_full()),
                Offer::Later(_) if emptied => return Err(self.window_full()),
                Offer::Later(_) => emptied = !self.push_out()?,
                Offer::Never(Rejected::Closed) => {
                    return Err(Error::Ended {
                        fate: Fate::NotSent,
                        cause: self.pump.broken().map(Box::new),
                    });
                }
                Offer::Never(reason) => return Err(Error::Rejected(reason)),
            }
        }
    }

    /// The rest of a command that is longer than the buffer.
    fn send_rest<C: Command>(&mut self, command: &C) -> Result<(), Error> {
        let mut emptied = false;
        while self.pump.pipeline.is_line_held() {
            match self.pump.offer_rest(command) {
                Offer::Taken => break,
                _ if emptied => {
                    // Half of it may have left: nothing else can be sent on this connection.
                    let full = self.window_full();
                    self.pump.fail(full.clone());
                    return Err(full);
                }
                _ => {
                    let free = self.pump.pipeline.tx_free();
                    let blocked = self.push_out()?;
                    emptied = !blocked && self.pump.pipeline.tx_free() == free;
                }
            }
        }
        Ok(())
    }

    /// Writes what may leave without waiting for the caller; whether the server took it only in
    /// part.
    fn push_out(&mut self) -> Result<bool, Error> {
        self.pump.pipeline.flush();
        self.pump.tick();
        let blocked = self.pump.write();
        if blocked {
            if !self.pump.has_room() {
                return Err(self.window_full());
            }
            self.pump.wait(true, None);
        }
        Ok(blocked)
    }

    fn window_full(&self) -> Error {
        Error::Misuse(Misuse::WindowFull {
            pending: self.sequence.pending(),
        })
    }

    /// Lets all that was sent leave, whatever the flush policy.
    ///
    /// # Errors
    /// [`Misuse::WindowFull`] when the server takes no more because unread replies fill the receive
    /// buffer; what ended the connection.
    pub fn flush(&mut self) -> Result<(), Error> {
        while self.push_out()? {}
        match self.pump.broken() {
            Some(broken) => Err(broken),
            None => Ok(()),
        }
    }

    /// The outcome of the oldest command that was sent and not received; waits for it if need be.
    ///
    /// # Errors
    /// [`Misuse::NothingPending`] when nothing that was sent is left to be received. When the
    /// connection has ended, each pending command has its outcome first; then what ended it.
    pub fn receive(&mut self) -> Result<Outcome<'_>, Error> {
        if self.sequence.pending() == 0 {
            if !self.pump.is_alive() {
                self.look();
            }
            return Err(match &self.dead {
                Some(dead) => dead.clone(),
                None => Error::Misuse(Misuse::NothingPending),
            });
        }
        loop {
            if let Some(fate) = self.sequence.take_kept() {
                self.sequence.note_received();
                return Ok(Outcome::of_fate(fate));
            }
            match self.pump.pipeline.poll_event() {
                Ok(Some(Event::Reply { tag, reply })) if self.sequence.is_next(tag) => {
                    let (raw, frame) = (reply.as_raw().as_ptr(), reply.frame());
                    let at = self.pump.place_of(raw);
                    self.sequence.note_received();
                    return Ok(Outcome::Replied(self.pump.reply_at(at, frame)));
                }
                Ok(Some(Event::TooLarge {
                    tag,
                    kind,
                    bytes,
                    head,
                })) if self.sequence.is_next(tag) => {
                    let (at, len) = (head.as_ptr(), head.len());
                    let at = self.pump.place_of(at);
                    self.sequence.note_received();
                    let head = self.pump.received(at).get(..len).unwrap_or_default();
                    return Ok(Outcome::TooLarge { kind, bytes, head });
                }
                Ok(Some(Event::Ended { tag, fate })) => self.sequence.keep(tag, fate),
                Ok(Some(Event::Push(push))) => self.pushes.add(push),
                Ok(Some(_)) => {}
                Ok(None) => {
                    self.pump.pipeline.flush();
                    self.pump.turn(None);
                }
                Err(error) => match self.ended(error) {
                    Ended::GoOn => {}
                    Ended::Over(cause) => {
                        // Every command has been told; this is only for a command that half left.
                        self.sequence.note_received();
                        return Err(cause);
                    }
                },
            }
        }
    }
}

/// Pushes.
impl Connection {
    /// The oldest push that was kept; waits until `deadline` for one, for ever without. `None` when
    /// there is none in time.
    ///
    /// # Errors
    /// [`Misuse::RepliesPending`] when it would have to wait although sent commands are left to be
    /// received; what ended the connection, once no push is left.
    pub fn next_push(&mut self, deadline: Option<time::Instant>) -> Result<Option<Push>, Error> {
        if let Some(push) = self.pushes.take() {
            return Ok(Some(push));
        }
        self.begin()?;
        let until = deadline.map(|deadline| {
            let left = deadline.saturating_duration_since(time::Instant::now());
            self.pump.now().after(left.into())
        });
        loop {
            match self.pump.pipeline.poll_event() {
                Ok(Some(Event::Push(push))) => {
                    self.pushes.add(push);
                    return Ok(self.pushes.take());
                }
                Ok(Some(_)) => {}
                Ok(None) => {
                    if until.is_some_and(|until| until <= self.pump.now()) {
                        return Ok(None);
                    }
                    self.pump.turn(until);
                }
                Err(error) => match self.ended(error) {
                    Ended::GoOn => {}
                    Ended::Over(cause) => return Err(cause),
                },
            }
        }
    }

    /// How many pushes were lost: the queue was full, or one was larger than the receive buffer.
    #[must_use]
    pub const fn pushes_lost(&self) -> u64 {
        self.pushes.lost() + self.pump.pipeline.pushes_dropped()
    }
}

/// The end of a connection, and the next one.
impl Connection {
    /// Makes sure that there is a connection which owes nothing to anybody but the caller that
    /// begins now: its number.
    pub(crate) fn begin(&mut self) -> Result<NonZeroU32, Error> {
        let pending = self.sequence.pending();
        if pending > 0 {
            return Err(Error::Misuse(Misuse::RepliesPending { pending }));
        }
        if self.pump.pipeline.is_line_held() {
            // A panic left a command half sent.
            self.pump.fail(Error::Pipeline {
                error: PipelineError::GivenUp,
                words: String::new(),
            });
        }
        let last = self.pump.now();
        if self.pump.tick().since(last) >= IDLE {
            self.look();
        }
        if let Some(dead) = self.dead.take() {
            self.attempts = Attempts::default();
            self.relink_or_die(dead)?;
        }
        while self.pump.pipeline.state() != State::Up {
            self.await_login()?;
        }
        self.owner = self.owner.checked_add(1).unwrap_or(NonZeroU32::MIN);
        Ok(self.owner)
    }

    /// Takes in what has come, without waiting: pushes, the end of the connection. A server that
    /// closed a connection in which nothing was going on is so noticed before anything is sent.
    pub(crate) fn look(&mut self) {
        let now = self.pump.tick();
        self.pump.turn(Some(now));
        loop {
            match self.pump.pipeline.poll_event() {
                Ok(Some(Event::Push(push))) => self.pushes.add(push),
                Ok(Some(_)) => {}
                Ok(None) => return,
                Err(error) => {
                    let cause = self.pump.cause(error);
                    self.dead.get_or_insert(cause);
                    return;
                }
            }
        }
    }

    /// A turn while the server has not let us in, on a connection that was made again or RESET.
    #[cold]
    fn await_login(&mut self) -> Result<(), Error> {
        match self.pump.pipeline.poll_event() {
            Ok(Some(Event::Push(push))) => self.pushes.add(push),
            Ok(Some(_)) => {}
            Ok(None) => self.pump.turn(None),
            Err(error) => {
                let cause = self.pump.cause(error);
                self.relink_or_die(cause)?;
            }
        }
        Ok(())
    }

    fn relink_or_die(&mut self, cause: Error) -> Result<(), Error> {
        let relinked = self.relink(cause);
        self.dead = relinked.clone().err();
        relinked
    }

    /// What to do when the pipeline says that its connection has ended.
    #[cold]
    pub(crate) fn ended(&mut self, error: PipelineError) -> Ended {
        if let Some(dead) = &self.dead {
            return Ended::Over(dead.clone());
        }
        let mut cause = self.pump.cause(error);
        let resends = self.options.tuning.config.resend != Resend::Never;
        if resends && self.options.reconnect.is_some() {
            match self.relink(cause) {
                Ok(()) => return Ended::GoOn,
                Err(error) => cause = error,
            }
        }
        self.dead = Some(cause.clone());
        if self.pump.pipeline.in_flight() > 0 {
            // They wait for a connection that will not come.
            self.pump.end_all();
            return Ended::GoOn;
        }
        Ended::Over(cause)
    }

    /// Opens the next stream, as the options ask for; `cause` is what ended the last connection.
    fn relink(&mut self, mut cause: Error) -> Result<(), Error> {
        let Some(reconnect) = self.options.reconnect else {
            return Err(cause);
        };
        if self.pump.take_logged_in() {
            self.attempts = Attempts::default();
        }
        let since = *self.attempts.since.get_or_insert_with(time::Instant::now);
        let Reconnect { max_elapsed, .. } = reconnect;
        loop {
            let nth = self.attempts.made;
            let late = !max_elapsed.is_zero() && since.elapsed() > max_elapsed;
            if is_final(&cause) || late || (nth > 0 && nth >= reconnect.attempts) {
                return Err(cause);
            }
            self.attempts.made += 1;
            std::thread::sleep(reconnect.delay(nth));
            event!(info, attempt = nth + 1, "connecting again");
            let timeout = Duration::from(self.options.tuning.connect_timeout);
            let deadline = (!timeout.is_zero()).then(|| time::Instant::now() + timeout);
            match connect::open(&self.options, deadline) {
                Ok(stream) => {
                    self.pump
                        .open(stream, connect::remaining(deadline).ok().flatten());
                    return Ok(());
                }
                Err(error) => cause = error,
            }
        }
    }
}

/// Whether trying again would give the same.
fn is_final(cause: &Error) -> bool {
    match cause {
        Error::Login(words) => {
            let code = words.split(' ').next().unwrap_or_default();
            matches!(code, "WRONGPASS" | "NOPERM" | "NOAUTH" | "NOPROTO")
        }
        Error::Url(_) => true,
        _ => false,
    }
}
