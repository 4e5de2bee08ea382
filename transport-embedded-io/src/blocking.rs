//! One request at a time, where there is no executor: a bootloader that asks for its settings, a
//! test jig on a serial line, a modem behind AT commands.
//!
//! Its limits, which the [`Pump`](crate::Pump) has not:
//!
//! - **One command in flight.** Each costs a round trip; there is no pipelining.
//! - **No deadline.** `embedded_io` has none: give the stream a time-out of its own that makes `read`
//!   fail. The connection ends then, and the command with [`Why::LinkLost`].
//! - **It writes first and reads afterwards.** A server that stops reading until its reply is taken
//!   (Redis does not) meets a client that does not take it: with commands of some hundred kilobytes
//!   both could wait for ever.
//! - **Pushes are dropped.** It is nothing to subscribe with.
//! - **Nothing is sent again.** A connection that has ended is made again by the caller.
//!
//! [`Why::LinkLost`]: respipe_core::pipeline::Why::LinkLost

use core::fmt;

use embedded_io::{Error as _, ErrorKind, Read, Write};
use respipe_core::pipeline::{Event, PipelineError, Rejected, State, Storage, SubmitError};
use respipe_core::{Command, Fate, Instant, Kind, Pipeline, Reply};

use crate::End;

/// No deadline is ever set, so it does not matter what time it is.
const NOW: Instant = Instant::ZERO;

/// A connection over a blocking stream, one request at a time.
///
/// ```
/// # use embedded_io::Read as _;
/// # use respipe_core::{cmd, pipeline::Inline};
/// # use respipe_embedded_io::blocking::Client;
/// # struct Uart { replies: &'static [u8] }
/// # impl embedded_io::ErrorType for Uart { type Error = core::convert::Infallible; }
/// # impl embedded_io::Read for Uart {
/// #     fn read(&mut self, to: &mut [u8]) -> Result<usize, Self::Error> { self.replies.read(to) }
/// # }
/// # impl embedded_io::Write for Uart {
/// #     fn write(&mut self, from: &[u8]) -> Result<usize, Self::Error> { Ok(from.len()) }
/// #     fn flush(&mut self) -> Result<(), Self::Error> { Ok(()) }
/// # }
/// # let uart = Uart { replies: b":7\r\n$2\r\nhi\r\n" };
/// let mut client = Client::new(Inline::<128, 128, 1, ()>::new(), uart);
/// let starts: i64 = client.call(&cmd("INCR").arg("starts"), |reply| reply.as_i64())??;
/// assert_eq!(starts, 7);
/// # client.call(&cmd("GET").arg("greeting"), |reply| assert_eq!(reply.as_str(), Ok("hi")))?;
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub struct Client<S, T> {
    pipeline: Pipeline<S>,
    stream: T,
    /// What broke the stream.
    broken: Option<ErrorKind>,
}

/// What became of a command that has no reply to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Error {
    /// It was not sent. The connection stands.
    Rejected(Rejected),
    /// The reply is larger than `rx`: it was skipped. The connection stands.
    TooLarge {
        /// Its type.
        kind: Kind,
        /// Its length in bytes.
        bytes: u64,
    },
    /// The server owes no reply to it (`CLIENT REPLY`). The connection stands.
    Silent,
    /// The connection has ended; [`Client::reopen`] begins the next.
    Ended {
        /// Whether the command may have run.
        fate: Fate,
        /// Why.
        end: End,
    },
}

impl<S: Storage<Tag = ()>, T: Read + Write> Client<S, T> {
    /// A client over a stream that is open; a pipeline of depth 1 does. The handshake goes over it
    /// with the first command.
    #[must_use]
    pub fn new(storage: S, stream: T) -> Self {
        let mut pipeline = Pipeline::new(storage);
        pipeline.open(NOW);
        Self {
            pipeline,
            stream,
            broken: None,
        }
    }

    /// Begins anew over another stream; returns the old one.
    pub fn reopen(&mut self, stream: T) -> T {
        self.pipeline.open(NOW);
        self.broken = None;
        core::mem::replace(&mut self.stream, stream)
    }

    /// The stream, for its time-outs. What is read from or written to it behind the client's back
    /// breaks the connection.
    pub const fn stream(&mut self) -> &mut T {
        &mut self.stream
    }

    /// Sends a command, waits for its reply and shows it to `read`. A server's error is a reply. A
    /// command that is longer than `tx` goes through it in parts.
    ///
    /// # Errors
    /// See [`Error`]: each says whether the connection stands.
    pub fn call<R>(
        &mut self,
        command: &impl Command,
        read: impl FnOnce(Reply<'_>) -> R,
    ) -> Result<R, Error> {
        while self.pipeline.state() == State::LoggingIn {
            self.write();
            if self.pipeline.state() == State::LoggingIn {
                self.read();
            }
            if let Err(error) = self.skip_events() {
                return Err(self.ended(Fate::NotSent, error));
            }
        }
        self.submit(command)?;
        self.write();
        let mut fate = Fate::NotSent;
        loop {
            match self.pipeline.poll_event() {
                Ok(Some(Event::Reply { reply, .. })) => return Ok(read(reply)),
                Ok(Some(Event::TooLarge { kind, bytes, .. })) => {
                    return Err(Error::TooLarge { kind, bytes });
                }
                Ok(Some(Event::Ended { fate: told, .. })) => match told {
                    Fate::Silent => return Err(Error::Silent),
                    told => fate = told,
                },
                Ok(Some(_)) => {}
                Ok(None) => self.read(),
                Err(error) => return Err(self.ended(fate, error)),
            }
        }
    }

    /// Queues it, or as much of it as there is room for, and writes until it is queued whole.
    fn submit(&mut self, command: &impl Command) -> Result<(), Error> {
        let done = match self.pipeline.submit(command, (), NOW) {
            Err(SubmitError {
                reason: Rejected::TooLong { .. },
                ..
            }) => self.pipeline.submit_long(command, (), NOW),
            done => done,
        };
        match done {
            Ok(_) => {}
            // It is down, or has ended since the last call.
            Err(SubmitError { reason, .. }) => {
                return match self.skip_events() {
                    Ok(()) => Err(Error::Rejected(reason)),
                    Err(error) => Err(self.ended(Fate::NotSent, error)),
                };
            }
        }
        while self.pipeline.is_line_held() && !self.pipeline.continue_long(command) {
            if !self.write() {
                break;
            }
        }
        Ok(())
    }

    /// Writes all that may leave; whether the stream still stands.
    fn write(&mut self) -> bool {
        while let Some(bytes) = self.pipeline.poll_transmit() {
            let all = bytes.len();
            match self.stream.write(bytes) {
                Ok(n) if n > 0 => self.pipeline.transmitted(n.min(all), NOW),
                failed => {
                    // Some of them may have left.
                    self.pipeline.transmitted(all, NOW);
                    return self.lose(match failed {
                        Ok(_) => ErrorKind::WriteZero,
                        Err(error) => error.kind(),
                    });
                }
            }
        }
        match self.stream.flush() {
            Ok(()) => true,
            Err(error) => self.lose(error.kind()),
        }
    }

    /// Waits for bytes, once.
    fn read(&mut self) {
        let room = self.pipeline.recv_space();
        let all = room.len();
        if all == 0 {
            // Storage without any `rx`: a read into nothing would look like the server's end.
            self.lose(ErrorKind::OutOfMemory);
            return;
        }
        match self.stream.read(room) {
            Ok(0) => self.pipeline.handle_eof(),
            Ok(n) => self.pipeline.recv_commit(n.min(all), NOW),
            Err(error) => {
                self.lose(error.kind());
            }
        }
    }

    fn lose(&mut self, kind: ErrorKind) -> bool {
        self.broken = Some(kind);
        self.pipeline.handle_link_lost();
        false
    }

    /// Hears what nobody waits for: pushes, and what the handshake is told.
    fn skip_events(&mut self) -> Result<(), PipelineError> {
        while self.pipeline.poll_event()?.is_some() {}
        Ok(())
    }

    const fn ended(&self, fate: Fate, error: PipelineError) -> Error {
        let end = match (error, self.broken) {
            (PipelineError::LinkLost, Some(kind)) => End::Io(kind),
            (error, _) => End::Failed(error),
        };
        Error::Ended { fate, end }
    }
}

/// Sizes and states only, as the pipeline's.
impl<S: Storage, T> fmt::Debug for Client<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("pipeline", &self.pipeline)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(reason) => reason.fmt(f),
            Self::TooLarge { kind, bytes } => {
                write!(f, "the reply ({kind}) is too large: {bytes} bytes")
            }
            Self::Silent => Fate::Silent.fmt(f),
            Self::Ended { fate, end } => write!(f, "{fate}: {end}"),
        }
    }
}

impl core::error::Error for Error {}
