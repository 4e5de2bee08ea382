//! What the callers and the pump share, behind one short lock: the pipeline, the calls that wait for
//! it, and the line of those for whom there is no room yet.
//!
//! ```text
//!   callers --submit--> [ pipeline ] <--bytes-- pump (the only one who touches the socket)
//!      |                    ^  |
//!      +--no room--> line --+  +--replies--> calls --wakers--> callers
//! ```
//!
//! Callers encode straight into the pipeline; the pump copies bytes out and in under the lock and
//! moves them outside of it. Nothing is awaited, written, read or woken while the lock is held.

mod many;
mod one;
mod turn;

use core::fmt;
use core::task::Waker;
use std::sync::{Mutex, MutexGuard, PoisonError};

use respipe_core::pipeline::{Flush, Heap};
use respipe_core::{Duration, Instant, Pipeline};
use respipe_host::{Error, Options};
use tokio::sync::watch;
use tokio::time;

use crate::calls::{Calls, Tag};
use crate::greeting::Greeting;
use crate::line::Line;
use crate::metrics::Counts;
use crate::pushes::Listeners;
use crate::state::Connection;

/// A call that waits in line costs this many bytes besides its command.
const PLACE: usize = 128;

pub(crate) struct Shared {
    hub: Mutex<Hub>,
    pub(crate) state: watch::Sender<Connection>,
}

impl Shared {
    pub(crate) fn new(options: &Options, shared: bool) -> Self {
        Self {
            hub: Mutex::new(Hub::new(options, shared)),
            state: watch::Sender::new(Connection::Connecting),
        }
    }

    #[inline]
    pub(crate) fn lock(&self) -> MutexGuard<'_, Hub> {
        self.hub.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something under the lock; then wakes the pump, if it sleeps.
    #[inline]
    pub(crate) fn stir<T>(&self, act: impl FnOnce(&mut Hub) -> T) -> T {
        let mut hub = self.lock();
        let done = act(&mut hub);
        let pump = hub.pump.take();
        drop(hub);
        if let Some(pump) = pump {
            pump.wake();
        }
        done
    }
}

/// In short: what it holds are other people's commands and replies.
impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("state", &*self.state.borrow())
            .field("metrics", &self.lock().metrics())
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub(crate) struct Hub {
    pub(crate) pipeline: Pipeline<Heap<Tag>>,
    pub(crate) calls: Calls,
    line: Line,
    /// What goes before the line while a batch that is larger than the window holds it.
    ahead: Line,
    holder: Option<u32>,
    /// The holder has gone: it holds the line no longer than until `ahead` is empty.
    releases: bool,
    /// Of the first command in line a part is in the pipeline.
    feeding: bool,
    waiting_bytes: usize,
    pub(crate) listeners: Listeners,
    pub(crate) greeting: Greeting,
    pub(crate) counts: Counts,
    /// The pump, while it sleeps and wants to know of commands; and for all else.
    pub(crate) pump: Option<Waker>,
    pub(crate) bell: Option<Waker>,
    /// Someone wants a connection where there is none.
    wanted: bool,
    /// None is being made.
    dormant: bool,
    /// What ended the last connection.
    pub(crate) cause: Option<Error>,
    /// Why nothing will be sent any more.
    pub(crate) over: Option<Error>,
    /// The last client has gone, or said so: what is queued leaves and is answered, and no more.
    pub(crate) closing: bool,
    /// The call whose reply is to be taken in pieces once it comes, from its turn in line to its
    /// first piece.
    alone: Option<u32>,
    /// Events are left to a caller who takes a reply in pieces, and who may wait for them.
    pub(crate) pieces: Option<Option<Waker>>,
    /// The origin of the pipeline's time, and its time at the last look.
    origin: time::Instant,
    pub(crate) now: Instant,
    /// Whether it matters when a command was queued.
    stamps: bool,
    reply_timeout: Duration,
}

impl Hub {
    fn new(options: &Options, shared: bool) -> Self {
        let mut config = options.tuning.config;
        config.shared = shared;
        let heap = Heap::new(options.tuning.sizes, options.login.clone());
        let mut pipeline = Pipeline::new(heap);
        pipeline.configure(config);
        Self {
            pipeline,
            calls: Calls::default(),
            line: Line::default(),
            ahead: Line::default(),
            holder: None,
            releases: false,
            feeding: false,
            waiting_bytes: options.waiting_bytes,
            listeners: Listeners::new(options.pushes),
            greeting: Greeting::default(),
            counts: Counts::default(),
            pump: None,
            bell: None,
            wanted: false,
            dormant: false,
            cause: None,
            over: None,
            closing: false,
            alone: None,
            pieces: None,
            origin: time::Instant::now(),
            now: Instant::ZERO,
            stamps: !config.reply_timeout.is_zero()
                || matches!(config.flush, Flush::AtLeast { .. }),
            reply_timeout: config.reply_timeout,
        }
    }

    /// Looks at the clock.
    pub(crate) fn tick(&mut self) -> Instant {
        self.now = Instant::ZERO.after(self.origin.elapsed().into());
        self.now
    }

    /// A time of the pipeline's in the runtime's.
    pub(crate) fn moment(&self, at: Instant) -> time::Instant {
        let after = core::time::Duration::from(at.since(Instant::ZERO));
        // What lies beyond the end of time never comes.
        let far = core::time::Duration::from_secs(365 * 86_400);
        self.origin + after.min(far)
    }

    #[inline]
    fn stamp(&mut self) {
        if self.stamps {
            self.tick();
        }
    }

    /// Wakes the pump whatever it waits for; to be done as soon as the lock is given back.
    pub(crate) fn ring(&mut self) {
        self.pump = self.bell.clone();
    }

    /// Commands that wait in line.
    pub(crate) fn waiting(&self) -> usize {
        self.line.len() + self.ahead.len()
    }

    /// Whether a command may go straight into the pipeline.
    #[inline]
    fn is_free(&self) -> bool {
        self.line.is_empty() && self.holder.is_none() && !self.is_alone()
    }

    /// Whether one caller has the connection to itself, for a reply in pieces: they tell nobody
    /// whose they are.
    #[inline]
    const fn is_alone(&self) -> bool {
        self.pieces.is_some() || self.alone.is_some()
    }
}

/// Says whether what changes the session of all is refused; what held before.
fn share(pipeline: &mut Pipeline<Heap<Tag>>, shared: bool) -> bool {
    let mut config = *pipeline.config();
    let before = core::mem::replace(&mut config.shared, shared);
    pipeline.configure(config);
    before
}
