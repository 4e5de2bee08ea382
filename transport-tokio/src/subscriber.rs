//! Subscriptions: a connection of its own that messages come over.

use core::pin::Pin;
use core::task::{Context, Poll};

use futures_core::Stream;
use respipe_core::cmd;
use respipe_core::pipeline::State;
use respipe_host::{Error, Options, Push};

use crate::client::Client;
use crate::dedicated::Dedicated;
use crate::greeting::Topic;
use crate::pushes::PushStream;

/// A connection of its own that is subscribed to channels; a [`Stream`] of messages.
///
/// With [`Options::reconnect`] it connects and subscribes again by itself when its connection ends;
/// what is published meanwhile is lost, as Redis has it. When its attempts have run out it says so
/// ([`next`](Self::next)). It keeps as many messages as
/// [`Options::pushes`] says, and counts what a slow reader [`lost`](Self::lost).
///
/// ```no_run
/// # async fn f(redis: respipe_tokio::Client) -> Result<(), respipe_tokio::Error> {
/// let mut news = redis.subscriber().await?;
/// news.subscribe("news").await?;
/// while let Some(push) = news.next().await {
///     println!("{:?}", push.message());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Subscriber {
    own: Dedicated,
    pushes: PushStream,
}

impl Subscriber {
    /// Connects and logs in.
    ///
    /// # Errors
    /// Why there is no connection, and what to do.
    pub async fn connect(options: Options) -> Result<Self, Error> {
        let own = Dedicated::connect(options).await?;
        own.handle.shared.lock().greeting.subscribes();
        let pushes = own.pushes();
        Ok(Self { own, pushes })
    }

    /// Subscribes to a channel ([`Topic`] for patterns and shards), and waits until the server has
    /// confirmed it.
    ///
    /// # Errors
    /// As [`Client::call_to`]; it is not subscribed then.
    pub async fn subscribe(&self, topic: impl Into<Topic>) -> Result<(), Error> {
        let topic = topic.into();
        let (subscribe, _, name) = topic.commands();
        // Before it is sent: a connection that is made again meanwhile subscribes too.
        let known = self.remember(&topic, true);
        let answer = self.own.call(&cmd(subscribe).arg(name)).await;
        let answer = answer.and_then(|reply| respipe_host::value(reply.as_reply()).map(ignore));
        if answer.is_err() && !known {
            self.remember(&topic, false);
        }
        answer
    }

    /// Ends a subscription, and waits until the server has confirmed it.
    ///
    /// # Errors
    /// As [`Client::call_to`]; the next connection will not subscribe to it.
    pub async fn unsubscribe(&self, topic: impl Into<Topic>) -> Result<(), Error> {
        let topic = topic.into();
        let (_, unsubscribe, name) = topic.commands();
        self.remember(&topic, false);
        let reply = self.own.call(&cmd(unsubscribe).arg(name)).await?;
        respipe_host::value(reply.as_reply()).map(ignore)
    }

    /// The next message, see [`Push::message`]; `None` when there will be none, and once each time
    /// that the attempts to connect again have run out ([`state`](Client::state) of the
    /// [`connection`](Self::connection) says which, and why): to ask again is to connect again. It is
    /// safe to drop the future.
    pub async fn next(&mut self) -> Option<Push> {
        core::future::poll_fn(|cx| self.poll(cx)).await
    }

    /// How many messages were lost because the reader was too slow.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.pushes.lost()
    }

    /// The connection, to look at and to watch.
    #[must_use]
    pub const fn connection(&self) -> &Dedicated {
        &self.own
    }

    fn remember(&self, topic: &Topic, subscribed: bool) -> bool {
        let mut hub = self.own.handle.shared.lock();
        hub.greeting.set(topic, subscribed)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Push>> {
        loop {
            match Pin::new(&mut self.pushes).poll_next(cx) {
                // A confirmation.
                Poll::Ready(Some(push)) if push.message().is_none() => {}
                other => return other,
            }
        }
    }
}

/// A confirmation says nothing that is not known.
fn ignore(_: respipe_core::reply::OwnedReply) {}

impl Stream for Subscriber {
    type Item = Push;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Push>> {
        self.poll(cx)
    }
}

impl Client {
    /// A connection to the same server, with the same options, for subscriptions.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn subscriber(&self) -> Result<Subscriber, Error> {
        Subscriber::connect(self.handle.options.clone()).await
    }

    /// Has the server say which keys that were read over this connection change (`CLIENT TRACKING ON`
    /// with these further arguments), for caches. The stream has a push of kind `invalidate` for
    /// each message; it needs RESP3, unless the arguments `REDIRECT` them to another connection.
    ///
    /// Connections that are made again begin with it. What was cached before is not tracked there:
    /// watch [`state`](Self::state) and drop it all. One that speaks RESP2 would never say what
    /// changes: it is given up and another attempt is made, until the attempts have run out
    /// ([`Error::NeedsResp3`]). Commands on a tracked connection depend on it
    /// and are not sent again, whatever [`Options::resend`] says.
    ///
    /// # Errors
    /// As [`call_to`](Self::call_to); [`Error::NeedsResp3`].
    pub async fn track(&self, arguments: &[&str]) -> Result<PushStream, Error> {
        let command = cmd("CLIENT").args(("TRACKING", "ON")).args(arguments);
        let invalidations = PushStream::new(&self.handle, b"invalidate");
        let reply = self.call_for_all(&command).await?;
        let _ok: respipe_core::reply::OwnedReply = respipe_host::value(reply.as_reply())?;
        let redirects = |argument: &&str| argument.eq_ignore_ascii_case("REDIRECT");
        let needs_resp3 = !arguments.iter().any(redirects);
        let mut hub = self.handle.shared.lock();
        if needs_resp3 && hub.pipeline.state() == State::Up && !hub.pipeline.is_resp3() {
            return Err(Error::NeedsResp3);
        }
        hub.greeting.add(&command, needs_resp3);
        Ok(invalidations)
    }
}
