//! A small pool: connections for several threads.

use core::fmt;
use core::ops::{Deref, DerefMut};
use core::time::Duration;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::{Connection, Error, Options, cmd};

/// A bounded number of connections to one server, shared by threads.
///
/// A connection that comes back with commands unanswered or replies not received is closed; one
/// whose session was changed (MULTI, SELECT, SUBSCRIBE …) is reset before the next user gets it, or
/// closed where the server does not know RESET (before Redis 6.2). Pushes that its user did not
/// take are nobody else's.
///
/// ```no_run
/// use core::time::Duration;
/// use respipe_std::{Options, Pool, cmd};
/// let pool = Pool::new(Options::from_url("redis://localhost")?, 4);
/// let mut redis = pool.take(Duration::from_secs(1))?;
/// redis.call(&cmd("PING"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Pool {
    options: Options,
    size: usize,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    idle: Vec<Connection>,
    /// Connections that are in use or being opened.
    out: usize,
}

/// Why a pool gave no connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PoolError {
    /// All connections were in use for as long as the caller would wait.
    Empty {
        /// How many connections the pool has.
        size: usize,
        /// How long the caller waited.
        waited: Duration,
    },
    /// A connection could not be opened.
    Connect(Error),
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty { size, waited } => write!(
                f,
                "all {size} connections of the pool were in use for {waited:?}: give them back \
                 sooner, wait longer, or make the pool larger"
            ),
            Self::Connect(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for PoolError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Empty { .. } => None,
            Self::Connect(error) => Some(error),
        }
    }
}

impl Pool {
    /// A pool of at most `size` connections (at least one), which are opened as they are needed.
    #[must_use]
    pub fn new(options: Options, size: usize) -> Self {
        Self {
            options,
            size: size.max(1),
            state: Mutex::default(),
            freed: Condvar::new(),
        }
    }

    /// Takes a connection; waits for one, and for the reset of a changed session, for at most so
    /// long. Opening another may take its `connect_timeout` on top.
    ///
    /// # Errors
    /// [`PoolError::Empty`] when all are in use for so long; why no connection could be opened.
    pub fn take(&self, patience: Duration) -> Result<Pooled<'_>, PoolError> {
        let deadline = Instant::now().checked_add(patience);
        let idle = self.reserve(patience)?;
        // From here on the place is ours; it is given back if this fails.
        let mut place = Pooled {
            pool: self,
            connection: None,
        };
        if let Some(mut connection) = idle
            && connection.is_fit(deadline)
        {
            place.connection = Some(connection);
            return Ok(place);
        }
        let connection = Connection::connect(self.options.clone()).map_err(PoolError::Connect)?;
        place.connection = Some(connection);
        Ok(place)
    }

    /// Waits for a place: an idle connection, or leave to open another.
    fn reserve(&self, patience: Duration) -> Result<Option<Connection>, PoolError> {
        let begun = Instant::now();
        let mut state = self.lock();
        loop {
            if let Some(connection) = state.idle.pop() {
                state.out += 1;
                return Ok(Some(connection));
            }
            if state.out < self.size {
                state.out += 1;
                return Ok(None);
            }
            let waited = begun.elapsed();
            let Some(left) = patience.checked_sub(waited).filter(|left| !left.is_zero()) else {
                return Err(PoolError::Empty {
                    size: self.size,
                    waited,
                });
            };
            state = self
                .freed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// Whether the next user of the pool may have it; resets a changed session, until `deadline`.
    fn is_fit(&mut self, deadline: Option<Instant>) -> bool {
        self.look();
        let fit = self.is_alive() && (self.is_session_clean() || self.reset(deadline));
        self.forget_pushes();
        fit
    }

    /// Whether the session could be made as new in time, with the login that RESET asks for.
    fn reset(&mut self, deadline: Option<Instant>) -> bool {
        let until = deadline.map(|deadline| self.pump.instant(deadline));
        matches!(self.begin_by(until), Ok(Some(_)))
            && self.send(&cmd("RESET")).is_ok()
            && matches!(self.receive_until(deadline), Ok(Some(outcome)) if outcome.is_ok())
            && matches!(self.begin_by(until), Ok(Some(_)))
    }
}

/// A connection of a pool; given back when it is dropped.
#[derive(Debug)]
pub struct Pooled<'p> {
    pool: &'p Pool,
    /// `None` only while it is being opened.
    connection: Option<Connection>,
}

impl Deref for Pooled<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("opened")
    }
}

impl DerefMut for Pooled<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        self.connection.as_mut().expect("opened")
    }
}

impl Drop for Pooled<'_> {
    fn drop(&mut self) {
        let connection = self.connection.take();
        let mut state = self.pool.lock();
        state.out -= 1;
        if let Some(connection) = connection {
            let owes = connection.pending() > 0 || connection.in_flight() > 0;
            if connection.is_alive() && !owes {
                state.idle.push(connection);
            }
        }
        drop(state);
        self.pool.freed.notify_one();
    }
}
