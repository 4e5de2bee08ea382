//! A connection: opening it, looking at it, closing it.

use core::num::NonZeroU32;
use core::time::Duration;
use std::time;

use respipe_core::Instant;
use respipe_core::pipeline::{Event, PipelineError, State};
use respipe_host::{Attempts, Deadline, Error, Options, Pushes};

use crate::connect;
use crate::pump::Pump;
use crate::sequence::Sequence;
use crate::stream::{Duplex, Socket, Stream};

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
    /// How many pushes of another user the pipeline dropped.
    pub(crate) dropped_before: u64,
    pub(crate) options: Options,
    /// The last use of the connection.
    pub(crate) owner: NonZeroU32,
    pub(crate) sequence: Sequence,
    /// The first bytes of the last reply received that was too large.
    pub(crate) head: Vec<u8>,
    /// What ended the connection for good, until it is made again.
    pub(crate) dead: Option<Error>,
    /// What ended a connection with its subscriptions, while another is made without a word.
    pub(crate) cut: Option<Error>,
    pub(crate) attempts: Attempts,
    /// When the next attempt to connect is due that a caller's deadline came before.
    pub(crate) retry_at: Option<Instant>,
}

/// How closing a connection went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Replies that came and were never received.
    pub discarded: usize,
}

/// Opening and closing.
impl Connection {
    /// Connects to the server of this URL, with the defaults of [`Options`], and logs in.
    ///
    /// # Errors
    /// Why there is no connection, and what to do.
    pub fn open(url: &str) -> Result<Self, Error> {
        Self::connect(Options::from_url(url)?)
    }

    /// Connects and logs in.
    ///
    /// ```no_run
    /// use core::time::Duration;
    /// use respipe_std::{Connection, Options};
    /// let redis = Connection::connect(
    ///     Options::from_url("redis://localhost")?
    ///         .depth(10_000)
    ///         .reply_timeout(Duration::from_secs(2)),
    /// )?;
    /// # Ok::<(), respipe_std::Error>(())
    /// ```
    ///
    /// # Errors
    /// Why there is no connection, and what to do; nothing is left open.
    pub fn connect(options: Options) -> Result<Self, Error> {
        let timeout = Duration::from(options.tuning.connect_timeout);
        let deadline = (!timeout.is_zero()).then(|| time::Instant::now() + timeout);
        let stream = connect::open(&options, deadline)?;
        let mut this = Self::new(options);
        match this.log_in(stream, deadline) {
            Err(Error::ClosedAtOnce(_)) => {
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
    /// As [`connect`](Self::connect).
    pub fn over(stream: impl Duplex + 'static, options: Options) -> Result<Self, Error> {
        let stream = Stream::own(Box::new(stream)).map_err(Error::lost)?;
        Self::begin_over(stream, options)
    }

    /// Takes over a socket that the caller connected, and logs in: a
    /// [`TcpStream`](std::net::TcpStream), a [`UnixStream`](std::os::unix::net::UnixStream) or any
    /// other socket of the system. Its time-outs are changed; TCP_NODELAY is not.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
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
    /// As [`connect`](Self::connect).
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
        let options = options.introduce("respipe-std", env!("CARGO_PKG_VERSION"));
        Self {
            pump: Pump::new(&options),
            pushes: Pushes::new(options.pushes),
            dropped_before: 0,
            owner: NonZeroU32::MIN,
            sequence: Sequence::new(NonZeroU32::MIN),
            head: Vec::new(),
            dead: None,
            cut: None,
            attempts: Attempts::default(),
            retry_at: None,
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
