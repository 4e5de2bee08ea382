//! How to connect, and all that can be tuned.

use core::time::Duration;

use respipe_core::pipeline::{Flush, LoginBuf, Resend, Window};
use respipe_core::url::{Place, Tuning, Url};

#[cfg(feature = "tls")]
use crate::tls::Roots;
use crate::{Error, Reconnect};

/// How to connect, and all that can be tuned. Made from a URL; whatever a URL can say can be set
/// here too, and wins.
///
/// ```
/// use core::time::Duration;
/// use respipe_host::Options;
/// let options = Options::from_url("redis://localhost")?
///     .depth(10_000)
///     .reply_timeout(Duration::from_secs(2));
/// # Ok::<(), respipe_host::Error>(())
/// ```
///
/// It does nothing until a connection is made with it; transports read the fields.
///
/// Memory of a connection, in bytes: `tx_bytes + 24 * depth`, and of `rx_bytes` as much as the
/// largest reply or read needed so far.
#[derive(Clone, Debug)]
#[must_use = "options do nothing until a connection is made with them"]
#[non_exhaustive]
pub struct Options {
    /// Where the server is; `None` for a stream that the caller opens.
    pub place: Option<Place>,
    /// Whether to speak TLS.
    pub tls: bool,
    /// See [`login`](Self::login()).
    pub login: LoginBuf,
    /// Memory, windows and deadlines.
    pub tuning: Tuning,
    /// See [`close_timeout`](Self::close_timeout()).
    pub close_timeout: Duration,
    /// See [`reconnect`](Self::reconnect()).
    pub reconnect: Option<Reconnect>,
    /// See [`keep_alive`](Self::keep_alive()).
    pub keep_alive: Option<Duration>,
    /// See [`pushes`](Self::pushes()).
    pub pushes: usize,
    /// See [`waiting_bytes`](Self::waiting_bytes()).
    pub waiting_bytes: usize,
    /// See [`ping`](Self::ping()).
    pub ping: Option<Duration>,
    /// See [`roots`](Self::roots()).
    #[cfg(feature = "tls")]
    pub roots: Roots,
    /// The caller said what the library calls itself, or that it does not.
    introduced: bool,
}

impl Options {
    /// What this URL says: `redis://user:password@host:port/db`, `rediss://…` (feature `tls`), or
    /// `unix:///path?db=…`; for its parameters see [`respipe_core::url`].
    ///
    /// # Errors
    /// [`Error::Url`]: which part of the URL is wrong.
    pub fn from_url(url: &str) -> Result<Self, Error> {
        let url: Url = url.parse()?;
        let mut options = Self::new();
        options.place = Some(url.place);
        options.tls = url.tls;
        options.tuning = url.tuning;
        options.login = url.login;
        Ok(options)
    }

    /// The defaults, for a stream that the caller opens.
    pub fn new() -> Self {
        Self {
            place: None,
            tls: false,
            login: LoginBuf::default(),
            introduced: false,
            tuning: Tuning::DEFAULT,
            close_timeout: Duration::from_secs(5),
            reconnect: None,
            keep_alive: Some(Duration::from_secs(60)),
            pushes: 1024,
            waiting_bytes: 16 * 1024 * 1024,
            ping: Some(Duration::from_secs(30)),
            #[cfg(feature = "tls")]
            roots: Roots::default(),
        }
    }

    /// Names the library for `CLIENT SETINFO`, unless the caller has said what stands there. For
    /// transports.
    pub fn introduce(mut self, name: &str, version: &str) -> Self {
        if !self.introduced {
            self.login.library = Some((name.into(), version.into()));
        }
        self
    }

    /// What each connection begins with: protocol, user, password, database, names.
    pub fn login(mut self, login: LoginBuf) -> Self {
        self.login = login;
        self.introduced = true;
        self
    }

    /// Bytes of commands that wait to leave, and with [`Resend::Replayable`] of all that are not
    /// answered; default 65 536. A longer command is sent in pieces.
    pub fn tx_bytes(mut self, bytes: usize) -> Self {
        self.tuning.sizes.tx = bytes.max(64);
        self
    }

    /// Bytes of the largest reply that is taken whole; default 16 MiB. Only as much is touched as
    /// replies need.
    pub fn rx_bytes(mut self, bytes: usize) -> Self {
        self.tuning.sizes.rx = bytes.max(64);
        self
    }

    /// Commands that may be in flight at one time; default 1 024.
    pub fn depth(mut self, commands: usize) -> Self {
        self.tuning.sizes.depth = commands.max(1);
        self
    }

    /// Further limits on what is in flight: bytes of commands, bytes of replies; default none.
    pub fn window(mut self, window: Window) -> Self {
        self.tuning.config.window = window;
        self
    }

    /// When commands that were sent leave, without `flush`; default [`Flush::WhenIdle`], which for
    /// a blocking connection means when its buffer is full or a reply is asked for.
    pub fn flush(mut self, flush: Flush) -> Self {
        self.tuning.config.flush = flush;
        self
    }

    /// How long connecting may take, with TLS and login, over all addresses of a name; zero means
    /// for ever. Default 5 seconds. The system's name resolution has limits of its own.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.tuning.connect_timeout = timeout.into();
        self
    }

    /// For how long the server may take nothing while bytes wait to be written, before the
    /// connection is given up; zero means for ever. Default 30 seconds.
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.tuning.write_timeout = timeout.into();
        self
    }

    /// How long a command may take from its submission to its reply; zero, the default, means for
    /// ever. It ends `Unknown` then, and its late reply is swallowed: the connection goes on. For as
    /// long it may wait for room before, and ends `NotSent` where it finds none. Connecting again is
    /// not in it.
    pub fn reply_timeout(mut self, timeout: Duration) -> Self {
        self.tuning.config.reply_timeout = timeout.into();
        self
    }

    /// For how long nothing may come while something is owed, before the connection is given up;
    /// zero, the default, means for ever. A blocking command counts too.
    pub fn silence_limit(mut self, limit: Duration) -> Self {
        self.tuning.config.silence_limit = limit.into();
        self
    }

    /// How long closing in good order may take; zero means for ever. Default 5 seconds.
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = timeout;
        self
    }

    /// After how long without traffic TCP asks whether the other side is still there; `None` never
    /// asks. Default 60 seconds.
    pub fn keep_alive(mut self, idle: Option<Duration>) -> Self {
        self.keep_alive = idle;
        self
    }

    /// Connects again when the connection has ended; default not. A blocking connection does so in
    /// the call that needs it, which may take up to [`Reconnect::max_elapsed`], whatever its
    /// `reply_timeout`.
    pub fn reconnect(mut self, reconnect: Reconnect) -> Self {
        self.reconnect = Some(reconnect);
        self
    }

    /// What is sent again after a reconnect; default nothing.
    pub fn resend(mut self, resend: Resend) -> Self {
        self.tuning.config.resend = resend;
        self
    }

    /// How many pushes are kept until they are taken; default 1 024. The oldest gives way. Each takes
    /// the memory of its bytes, up to `rx_bytes`.
    pub fn pushes(mut self, capacity: usize) -> Self {
        self.pushes = capacity;
        self
    }

    /// Bytes of commands that wait in line because the window is full, for a client that several
    /// callers share (`respipe-tokio`); default 16 MiB, taken as they are needed. A blocking
    /// connection waits with its caller instead.
    pub fn waiting_bytes(mut self, bytes: usize) -> Self {
        self.waiting_bytes = bytes;
        self
    }

    /// After how long without a byte from the server a client that runs in the background
    /// (`respipe-tokio`) asks for one (PING); if nothing comes for as long again, or for as long
    /// while replies are owed, the connection is given up. `None` never asks. Default 30 seconds. A
    /// blocking connection does nothing between calls and asks TCP instead
    /// ([`keep_alive`](Self::keep_alive())).
    pub fn ping(mut self, interval: Option<Duration>) -> Self {
        self.ping = interval;
        self
    }

    /// Which certificates are trusted; default the platform's.
    #[cfg(feature = "tls")]
    pub fn roots(mut self, roots: Roots) -> Self {
        self.roots = roots;
        self
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}
