//! The pump: moves a client's bytes over one connection after the other.

use core::fmt;

use embassy_sync::blocking_mutex::raw::RawMutex;
use embedded_io_async::{ErrorKind, Read, Write};
use respipe_core::Duration;
use respipe_core::pipeline::{Event, PipelineError, Resend, Storage};
use respipe_core::reconnect::Backoff;

use crate::link::Link;
use crate::{Client, Clock};

/// Moves a [`Client`]'s bytes, in one task: [`run`](Self::run) for each connection,
/// [`pause`](Self::pause) between them. One pump a client.
///
/// ```text
///            +--------------------- pause: back-off ----------------------+
///            v                                                            |
///   the caller connects --> run: handshake --> commands and replies --> ended
///            ^   |                                                        |
///            +---+ failed: pause                     closed: pause says no, and all is told
/// ```
///
/// RAM in bytes, on a 32-bit machine: 56, and in the task 736 for the future of `run`, beside your halves' and
/// clock's own futures and the staging buffers.
///
/// Between the calls nothing is told and no deadline is seen: connect with a time-out.
#[derive(Debug)]
pub struct Pump<'c, M: RawMutex, S: Storage, C> {
    client: &'c Client<M, S, C>,
    read: &'c mut [u8],
    write: &'c mut [u8],
    flush: bool,
    backoff: Backoff,
    close_timeout: Duration,
    /// Pauses since a connection has lived long enough.
    attempts: u32,
}

/// Why [`Pump::run`] came back. Every command has been told; only those that the next connection
/// will send are still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum End {
    /// The client was closed, and everything has been answered.
    Closed,
    /// The client was closed, and the server did not answer everything in time.
    CloseTimeout,
    /// The server or the time ended it.
    Failed(PipelineError),
    /// Reading or writing failed.
    Io(ErrorKind),
}

impl<'c, M: RawMutex, S: Storage, C: Clock> Pump<'c, M, S, C> {
    /// A pump for `client` with two staging buffers, in bytes: what is read, and what is written, at
    /// once. 64 do; larger ones make fewer, fuller segments. An empty one moves nothing.
    #[must_use]
    pub const fn new(client: &'c Client<M, S, C>, read: &'c mut [u8], write: &'c mut [u8]) -> Self {
        Self {
            client,
            read,
            write,
            flush: true,
            backoff: Backoff::DEFAULT,
            close_timeout: Duration::from_secs(2),
            attempts: 0,
        }
    }

    /// Never calls `Write::flush`, for writers that send by themselves. Without this it is called
    /// whenever nothing else waits to be written, as TLS and buffered writers need; over embassy-net's
    /// TCP sockets that waits for the server's acknowledgement, and nothing else is written
    /// meanwhile: it costs up to a round trip.
    #[must_use]
    pub const fn without_flush(mut self) -> Self {
        self.flush = false;
        self
    }

    /// How long to wait between connections. It begins at its shortest again behind a connection that has
    /// lived, from its handshake on, as long as the longest pause that would follow: a server that lets
    /// everybody in and closes, or dies of the first command, is asked less and less often.
    #[must_use]
    pub const fn with_backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// How long [`run`](Self::run) goes on behind a [`Client::close`] for the sake of what is in flight, 2 s where
    /// nobody says; zero ends it at once. A server that goes on sending, or does not read, cannot put it
    /// off.
    #[must_use]
    pub const fn with_close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = timeout;
        self
    }

    /// Runs one connection over these halves, from its handshake to its end.
    ///
    /// `on_event` is told what happens, under the client's mutex: keep it short. It cannot submit, but
    /// [close](Client::close) and [flush](Client::flush). Beside the event it is told, of a reply, whether
    /// its command had been sent on an earlier connection too, which telemetry that is stored exactly once
    /// needs to know ([`Answer::outcome`](respipe_core::telemetry::Answer::outcome)); of other events that
    /// says nothing.
    ///
    /// Dropping this future drops a read and a write half way; the connection is worth nothing then. Call
    /// [`pause`](Self::pause) before the next `run`: it tells what became of the commands, which otherwise
    /// nobody is told.
    pub async fn run(
        &mut self,
        reader: impl Read,
        writer: impl Write,
        on_event: impl FnMut(Event<'_, S::Tag>, bool),
    ) -> End {
        let now = self.client.clock.now();
        self.client.shared(|shared| {
            shared.pipeline.open(now);
            if shared.closing {
                shared.pipeline.close();
            }
        });
        let link = Link::new(self.client, on_event, self.close_timeout);
        let read = link.read(reader, self.read);
        let write = link.write(writer, self.write, self.flush);
        let ended = link.run(read, write).await;
        let lived = link.lived();
        if lived.is_some_and(|lived| lived >= self.backoff.delay(self.attempts, u32::MAX)) {
            self.attempts = 0;
        }
        match (ended, link.broken()) {
            (None, _) => End::Closed,
            (Some(PipelineError::LinkLost), _) if link.is_late() => End::CloseTimeout,
            (Some(PipelineError::LinkLost), Some(kind)) => End::Io(kind),
            (Some(error), _) => End::Failed(error),
        }
    }

    /// Waits until it is time to connect again, and meanwhile tells what ends by a deadline;
    /// `random` is any number, a new one each time. Whether to connect: not if the client was
    /// closed; then what was still queued has been told.
    pub async fn pause(
        &mut self,
        random: u32,
        on_event: impl FnMut(Event<'_, S::Tag>, bool),
    ) -> bool {
        let link = Link::new(self.client, on_event, self.close_timeout);
        self.client
            .shared(|shared| shared.pipeline.handle_link_lost());
        link.deliver();
        let delay = self.backoff.delay(self.attempts, random);
        self.attempts = self.attempts.saturating_add(1);
        link.rest(self.client.clock.now().after(delay)).await;
        let closed = self.client.shared(|shared| shared.closing) == Some(true);
        if closed {
            self.end_all(&link);
            // Last: a handler that closes for each end that it is told means no later connection.
            self.client.shared(|shared| shared.closing = false);
        }
        !closed
    }

    /// Ends what waits for a connection that will not come.
    fn end_all<F: FnMut(Event<'_, S::Tag>, bool)>(&self, link: &Link<'c, M, S, C, F>) {
        let now = self.client.clock.now();
        let resend = self.client.shared(|shared| {
            let mut config = *shared.pipeline.config();
            let resend = core::mem::replace(&mut config.resend, Resend::Never);
            shared.pipeline.configure(config);
            shared.pipeline.open(now);
            shared.pipeline.handle_link_lost();
            resend
        });
        link.deliver();
        self.client.shared(|shared| {
            let mut config = *shared.pipeline.config();
            config.resend = resend.unwrap_or_default();
            shared.pipeline.configure(config);
        });
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("closed"),
            Self::CloseTimeout => f.write_str("closed before everything was answered"),
            Self::Failed(error) => error.fmt(f),
            Self::Io(kind) => write!(f, "the link was lost: {kind:?}"),
        }
    }
}
