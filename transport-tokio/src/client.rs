//! The client: a handle that many callers share.

use core::time::Duration;
use std::sync::Arc;

use futures_core::Stream;
use respipe_core::Command;
use respipe_core::reply::{FromReply, OwnedReply};
use respipe_host::{Batch, BatchOutcomes, Error, Options, Outcome, Streamed};
use tokio::sync::watch;

use crate::call::{Call, Way};
use crate::hub::Shared;
use crate::metrics::Metrics;
use crate::pump::Pump;
use crate::pushes::PushStream;
use crate::state::Connection;
use crate::stream::{self, Duplex};
use crate::trace::spanned;

/// A client of one server over one connection, for any number of callers at once.
///
/// Cloning it is cheap, and all clones share the connection: commands of concurrent tasks are
/// pipelined without anyone asking. When the last clone is dropped, what was queued still leaves and
/// is answered, and the connection closes.
///
/// It refuses what would hold up or confuse the others (blocking commands, MULTI, WATCH, SELECT,
/// SUBSCRIBE …) with an error that says so: [`Dedicated`](crate::Dedicated) takes them.
///
/// # Memory
/// In bytes: `tx_bytes + 40 * depth`, of `rx_bytes` as much as the largest reply needed so far,
/// 64 KiB to read into, at most `tx_bytes` to write from, at most `waiting_bytes` for those who wait
/// in line, and about 100 for each call under way.
///
/// # Cancellation
/// Every future may be dropped at any point. A command that has not begun to leave is withdrawn;
/// otherwise its reply is swallowed when it comes.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) handle: Arc<Handle>,
}

/// What all clones share; its end closes the connection.
#[derive(Debug)]
pub(crate) struct Handle {
    pub(crate) shared: Arc<Shared>,
    pub(crate) options: Options,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.stir(|hub| {
            hub.closing = true;
            hub.ring();
        });
    }
}

impl Handle {
    /// Connects, logs in and lets the pump go its own way.
    pub(crate) async fn connect(options: Options, many: bool) -> Result<Arc<Self>, Error> {
        let options = options.introduce("respipe-tokio", env!("CARGO_PKG_VERSION"));
        let shared = Arc::new(Shared::new(&options, many));
        let mut pump = Pump::new(Arc::clone(&shared), options.clone(), many);
        match first(&mut pump).await {
            Err(Error::ClosedAtOnce(_)) => {
                // Some servers close without a word when they see HELLO (twemproxy); the pipeline
                // has noted it and speaks RESP2 now. Others close whatever they see.
                pump.try_again();
                first(&mut pump).await?;
                let ping = respipe_core::cmd("PING");
                let answer = Call::new(&shared, &ping, Way::Waits);
                tokio::pin!(answer);
                core::future::poll_fn(|cx| match answer.as_mut().poll(cx) {
                    core::task::Poll::Pending => pump.poll_until_over(cx),
                    answered => answered.map_ok(|_reply| ()),
                })
                .await?;
            }
            result => result?,
        }
        tokio::spawn(pump.detach());
        Ok(Arc::new(Self { shared, options }))
    }

    /// Takes over a stream that the caller opened.
    pub(crate) async fn over(
        own: stream::Stream,
        options: Options,
        many: bool,
    ) -> Result<Arc<Self>, Error> {
        let options = options.introduce("respipe-tokio", env!("CARGO_PKG_VERSION"));
        let shared = Arc::new(Shared::new(&options, many));
        let mut pump = Pump::over(Arc::clone(&shared), options.clone(), many, own);
        first(&mut pump).await?;
        tokio::spawn(pump.detach());
        Ok(Arc::new(Self { shared, options }))
    }

    /// See [`Client::close`].
    pub(crate) async fn close(&self) -> Result<(), Error> {
        self.shared.stir(|hub| {
            hub.closing = true;
            hub.ring();
        });
        let mut state = self.shared.state.subscribe();
        let over = state.wait_for(Connection::is_over).await;
        match over.as_deref() {
            Ok(Connection::Over { cause }) if !matches!(cause, Error::Closed) => Err(cause.clone()),
            _ => Ok(()),
        }
    }

    pub(crate) fn metrics(&self) -> Metrics {
        self.shared.lock().metrics()
    }
}

/// Waits until the server has let the pump in.
async fn first(pump: &mut Pump) -> Result<(), Error> {
    core::future::poll_fn(|cx| pump.poll_first(cx)).await
}

/// Opening and closing.
impl Client {
    /// Connects to the server of this URL, with the defaults of [`Options`], and logs in.
    ///
    /// ```no_run
    /// # async fn f() -> Result<(), respipe_tokio::Error> {
    /// use respipe_tokio::{Client, cmd};
    /// let redis = Client::open("redis://localhost").await?;
    /// let visits: i64 = redis.call_to(&cmd("INCR").arg("visits")).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Why there is no connection, and what to do.
    pub async fn open(url: &str) -> Result<Self, Error> {
        Self::connect(Options::from_url(url)?).await
    }

    /// Connects and logs in. The task that moves the bytes runs on the runtime that this is called
    /// on.
    ///
    /// # Errors
    /// Why there is no connection, and what to do; nothing is left open.
    pub async fn connect(options: Options) -> Result<Self, Error> {
        let handle = Handle::connect(options, true).await?;
        Ok(Self { handle })
    }

    /// Takes over a stream that the caller opened, and logs in. It cannot connect again.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn over(stream: impl Duplex + 'static, options: Options) -> Result<Self, Error> {
        let handle = Handle::over(stream::Stream::Own(Box::new(stream)), options, true).await?;
        Ok(Self { handle })
    }

    /// Lets what was queued leave and be answered, ends the direction to the server, waits until
    /// the server has closed too, and closes, for all clones.
    ///
    /// # Errors
    /// What ended the connection before, or [`Deadline::Close`](crate::Deadline::Close); it is
    /// closed all the same.
    pub async fn close(self) -> Result<(), Error> {
        self.handle.close().await
    }
}

/// Commands.
impl Client {
    /// Sends a command and waits for its reply, in memory of its own: one copy of its bytes. A
    /// server's error is a reply.
    ///
    /// Waits in line while the window is full.
    ///
    /// # Errors
    /// [`Error::Ended`] says whether the command can have run; [`Error::Rejected`] what the shared
    /// connection does not take; [`Error::LineFull`] that too many wait already.
    #[inline]
    pub async fn call<C: Command>(&self, command: &C) -> Result<OwnedReply, Error> {
        spanned(Call::new(&self.handle.shared, command, Way::Waits)).await
    }

    /// As [`call`](Self::call), and converts the reply; a server's error is an error here.
    ///
    /// # Errors
    /// As [`call`](Self::call); [`Error::Server`] and [`Error::Convert`].
    pub async fn call_to<T, C: Command>(&self, command: &C) -> Result<T, Error>
    where
        T: for<'r> FromReply<'r>,
    {
        respipe_host::value(self.call(command).await?.as_reply())
    }

    /// As [`call`](Self::call), but does not wait in line.
    ///
    /// # Errors
    /// As [`call`](Self::call); [`Error::Rejected`] with a reason that
    /// [`is_temporary`](crate::Rejected::is_temporary) when the window is full: nothing was sent.
    pub async fn try_call<C: Command>(&self, command: &C) -> Result<OwnedReply, Error> {
        spanned(Call::new(&self.handle.shared, command, Way::Tries)).await
    }

    /// As [`call`](Self::call), for a command that changes the session of all clones.
    pub(crate) async fn call_for_all<C: Command>(&self, command: &C) -> Result<OwnedReply, Error> {
        spanned(Call::new(&self.handle.shared, command, Way::ForAll)).await
    }

    /// As [`call`](Self::call), but waits for no longer than this, in line or for the reply. A late
    /// reply is swallowed.
    ///
    /// # Errors
    /// As [`call`](Self::call); when time is up, [`Error::Ended`] with what is known of the command.
    pub async fn call_within<C: Command>(
        &self,
        limit: Duration,
        command: &C,
    ) -> Result<OwnedReply, Error> {
        spanned(Call::new(&self.handle.shared, command, Way::Waits).within(limit)).await
    }
}

/// Many commands.
impl Client {
    /// Runs all commands of a batch, however many there are, and says what became of each. They are
    /// kept together on the wire: no other caller's command comes in between. A batch that does not
    /// fit the window ([`fits`](Self::fits)) goes out as replies make room for it and holds up
    /// those who come behind it until its last command is queued. So its future must be polled until
    /// then, or dropped: in one task, awaiting another call beside it can wait for ever.
    ///
    /// Where its time is up ([`Options::reply_timeout`]) before the line has room for its rest, the
    /// rest is not sent.
    pub async fn run(&self, batch: &Batch) -> BatchOutcomes {
        let mut outcomes = BatchOutcomes::new();
        self.run_into(batch, &mut outcomes).await;
        outcomes
    }

    /// As [`run`](Self::run), into outcomes whose memory is used again. They are empty while the
    /// future waits, and if it is dropped.
    pub async fn run_into(&self, batch: &Batch, outcomes: &mut BatchOutcomes) {
        crate::run::run(&self.handle.shared, batch, outcomes).await;
    }

    /// Whether a batch fits the window whole: one that does not holds the line.
    #[must_use]
    pub fn fits(&self, batch: &Batch) -> bool {
        self.handle.shared.lock().fits(batch)
    }

    /// Sends every command that `commands` yields and hands each outcome to `each`, with the tag
    /// that the command came with: any number of commands at constant memory, at most twice as many
    /// at a time as the window holds. It takes turns with other callers.
    ///
    /// `each` runs in the caller's task and must not block.
    ///
    /// # Errors
    /// Why no more commands could be taken, after every command that was taken has had its outcome.
    /// With [`Options::reconnect`] and a [`Options::resend`] other than `Never` the stream goes on
    /// instead.
    pub async fn stream<T, C: Command>(
        &self,
        commands: impl Stream<Item = (T, C)>,
        each: impl FnMut(T, Outcome<'_>),
    ) -> Result<Streamed, Error> {
        crate::run::stream(&self.handle.shared, commands, each).await
    }
}

/// Look, and lesser things.
impl Client {
    /// Lets all that is queued leave, where the flush policy ([`Options::flush`]) holds it back.
    pub fn flush(&self) {
        self.handle.shared.stir(|hub| {
            hub.pipeline.flush();
            hub.ring();
        });
    }

    /// What the connection is doing, to be looked at or watched.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<Connection> {
        self.handle.shared.state.subscribe()
    }

    /// What the client has done so far, and what it is doing.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.handle.metrics()
    }

    /// Whether the server speaks RESP3 with us.
    #[must_use]
    pub fn is_resp3(&self) -> bool {
        self.handle.shared.lock().pipeline.is_resp3()
    }

    /// What the server pushes over this connection from now on.
    #[must_use]
    pub fn pushes(&self) -> PushStream {
        PushStream::new(&self.handle, b"")
    }
}
