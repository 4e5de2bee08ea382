//! A connection of one caller's own.

use core::ops::Deref;

use respipe_host::{Error, Options};

use crate::client::{Client, Handle};

/// A connection of one caller's own, for what would hold up or confuse others on a shared one:
/// blocking commands, MULTI and WATCH, SELECT, SUBSCRIBE, replies larger than the receive buffer.
///
/// It has all that a [`Client`] has, which it derefs to; clones of that share this connection.
///
/// ```no_run
/// # async fn f(redis: respipe_tokio::Client) -> Result<(), respipe_tokio::Error> {
/// use respipe_tokio::cmd;
/// let own = redis.dedicated().await?;
/// let popped = own.call(&cmd("BLPOP").args(("jobs", 0))).await?;
/// # Ok(())
/// # }
/// ```
///
/// What changes the session, and what follows it, is not sent again on another connection: it would
/// mean something else there.
#[derive(Debug)]
pub struct Dedicated {
    client: Client,
}

impl Dedicated {
    /// Connects to the server of this URL, with the defaults of [`Options`], and logs in.
    ///
    /// # Errors
    /// Why there is no connection, and what to do.
    pub async fn open(url: &str) -> Result<Self, Error> {
        Self::connect(Options::from_url(url)?).await
    }

    /// Connects and logs in.
    ///
    /// # Errors
    /// Why there is no connection, and what to do; nothing is left open.
    pub async fn connect(options: Options) -> Result<Self, Error> {
        let handle = Handle::connect(options, false).await?;
        let client = Client { handle };
        Ok(Self { client })
    }

    /// As [`Client::close`].
    ///
    /// # Errors
    /// As [`Client::close`].
    pub async fn close(self) -> Result<(), Error> {
        self.client.close().await
    }

    /// Whether the session is as the login left it: no MULTI, WATCH, SELECT, SUBSCRIBE, CLIENT
    /// REPLY or their like was sent since, or it was undone.
    #[must_use]
    pub fn is_session_clean(&self) -> bool {
        self.client.handle.shared.lock().pipeline.is_session_clean()
    }
}

impl Deref for Dedicated {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Client {
    /// Another connection to the same server with the same options, for this caller alone.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn dedicated(&self) -> Result<Dedicated, Error> {
        Dedicated::connect(self.handle.options.clone()).await
    }
}
