//! What the application submits to.

use core::cell::{Cell, RefCell};
use core::fmt;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::{Poll, ready};

use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::RawMutex;
use embassy_sync::waitqueue::WakerRegistration;
use respipe_core::pipeline::{Config, Rejected, Storage, SubmitError, Ticket};
use respipe_core::{Command, Duration, Fate, Pipeline};

use crate::Clock;
use crate::waiters::Waiters;

/// How soon a task looks for room again that found no place among the waiters.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A pipeline that tasks share with the [`Pump`](crate::Pump) which moves its bytes.
///
/// `M` says who they are: `NoopRawMutex` for tasks of one executor, `CriticalSectionRawMutex` for
/// tasks of several, for threads and for interrupts. The mutex is held while one command is encoded,
/// while the bytes that fit a staging buffer are copied, and while one event is handled; never
/// across an await.
///
/// With [`Inline`](respipe_core::pipeline::Inline) storage it is made when compiling and lies in a
/// static. RAM in bytes, on a 32-bit machine: that of the storage and of the pipeline's own state,
/// and 64 more.
pub struct Client<M: RawMutex, S: Storage, C> {
    guarded: Mutex<M, Guarded<S>>,
    pub(crate) clock: C,
}

struct Guarded<S> {
    shared: RefCell<Shared<S>>,
    /// Beside the pipeline, so that an event handler, which borrows that, can ask for it.
    asked: Cell<Asked>,
}

/// What is done as soon as nobody borrows the pipeline.
#[derive(Clone, Copy, Default)]
struct Asked {
    flush: bool,
    close: bool,
}

/// What lies behind the mutex.
pub(crate) struct Shared<S> {
    pub(crate) pipeline: Pipeline<S>,
    /// The task that runs the pump.
    pub(crate) pump: WakerRegistration,
    /// Tasks that wait until a command can be taken.
    pub(crate) room: Waiters,
    /// [`Client::close`] was called, and the pump has not ended for it yet.
    pub(crate) closing: bool,
}

impl<S: Storage> Shared<S> {
    fn heed(&mut self, asked: Asked) {
        if asked.flush {
            self.pump.wake();
            self.pipeline.flush();
        }
        if asked.close {
            self.pump.wake();
            self.room.wake();
            self.pipeline.close();
            self.closing = true;
        }
    }
}

impl<M: RawMutex, S: Storage, C> Client<M, S, C> {
    /// A client without a connection. It takes commands once there is one; with
    /// [`Resend`](respipe_core::pipeline::Resend) on, at once.
    #[must_use]
    pub const fn new(storage: S, clock: C) -> Self {
        Self {
            guarded: Mutex::new(Guarded {
                shared: RefCell::new(Shared {
                    pipeline: Pipeline::new(storage),
                    pump: WakerRegistration::new(),
                    room: Waiters::new(),
                    closing: false,
                }),
                asked: Cell::new(Asked {
                    flush: false,
                    close: false,
                }),
            }),
            clock,
        }
    }

    /// Ends a command here and now: its tag and its fate. If it has left, its reply is swallowed
    /// when it comes. `None` if it has ended, and from an event handler.
    pub fn abandon(&self, ticket: Ticket) -> Option<(S::Tag, Fate)> {
        self.shared(|shared| {
            shared.pump.wake();
            shared.room.wake();
            shared.pipeline.abandon(ticket)
        })?
    }

    /// Lets all that is queued leave, whatever the [`Flush`](respipe_core::pipeline::Flush) policy. From an
    /// event handler: as soon as it returns.
    pub fn flush(&self) {
        self.ask(Asked {
            flush: true,
            close: false,
        });
    }

    /// Takes no further commands. What is in flight is still answered, within the pump's
    /// [time to close](crate::Pump::with_close_timeout); then [`Pump::run`](crate::Pump::run) ends, so that the caller closes the connection, and
    /// [`Pump::pause`](crate::Pump::pause) says that there is to be no other.
    /// From an event handler: as soon as it returns.
    pub fn close(&self) {
        self.ask(Asked {
            flush: false,
            close: true,
        });
    }

    /// Changes the pipeline's settings, best before the first connection. `None` from an event handler:
    /// nothing has changed then.
    pub fn configure(&self, config: Config) -> Option<()> {
        self.pipeline(|pipeline| pipeline.configure(config))
    }

    /// Looks at the pipeline, or changes what it begins its connections with; keep it short. `None`
    /// from an event handler.
    pub fn pipeline<R>(&self, look: impl FnOnce(&mut Pipeline<S>) -> R) -> Option<R> {
        self.shared(|shared| {
            shared.pump.wake();
            look(&mut shared.pipeline)
        })
    }

    /// Does it now, or behind the event that is being handled.
    fn ask(&self, more: Asked) {
        self.guarded.lock(|guarded| {
            let asked = guarded.asked.get();
            guarded.asked.set(Asked {
                flush: asked.flush || more.flush,
                close: asked.close || more.close,
            });
        });
        self.shared(|_| ());
    }

    /// `None` only while an event is being handled: then the pipeline is borrowed.
    pub(crate) fn shared<R>(&self, work: impl FnOnce(&mut Shared<S>) -> R) -> Option<R> {
        self.guarded.lock(|guarded| {
            let mut shared = guarded.shared.try_borrow_mut().ok()?;
            let done = work(&mut shared);
            shared.heed(guarded.asked.take());
            Some(done)
        })
    }
}

impl<M: RawMutex, S: Storage, C: Clock> Client<M, S, C> {
    /// Queues a command: whole, or not at all. What becomes of it is told to the pump's event
    /// handler, under this tag.
    ///
    /// # Errors
    /// The tag and why; [`Rejected::is_temporary`] says whether to try again later. Nothing of the
    /// command remains. An event handler cannot submit: [`Rejected::InUse`].
    pub fn submit(
        &self,
        command: &impl Command,
        tag: S::Tag,
    ) -> Result<Ticket, SubmitError<S::Tag>> {
        self.offer(command, tag, |_| ())
    }

    /// Queues a command as [`submit`](Self::submit) does, once there is room for it. Four tasks that wait
    /// are woken when there may be; any more look again every 10 ms. The future may be dropped: nothing of
    /// the command remains then.
    ///
    /// # Errors
    /// The tag and why it is not taken as it is, however long one waits.
    pub async fn submit_when_room(
        &self,
        command: &impl Command,
        tag: S::Tag,
    ) -> Result<Ticket, SubmitError<S::Tag>> {
        let mut tag = Some(tag);
        let mut nap = pin!(None);
        poll_fn(|task| {
            if let Some(sleep) = nap.as_mut().as_pin_mut() {
                ready!(Future::poll(sleep, task));
                nap.set(None);
            }
            let Some(mine) = tag.take() else {
                return Poll::Pending;
            };
            let mut has_place = false;
            let wait = |room: &mut Waiters| has_place = room.register(task.waker());
            match self.offer(command, mine, wait) {
                Err(error) if error.reason.is_temporary() => {
                    tag = Some(error.tag);
                    if !has_place {
                        let again = self.clock.now().after(LOOK_AGAIN);
                        nap.set(Some(self.clock.wait_until(again)));
                        // The next poll arms it.
                        task.waker().wake_by_ref();
                    }
                    Poll::Pending
                }
                done => Poll::Ready(done),
            }
        })
        .await
    }

    /// One attempt; what to do when another may do better.
    fn offer(
        &self,
        command: &impl Command,
        tag: S::Tag,
        wait: impl FnOnce(&mut Waiters),
    ) -> Result<Ticket, SubmitError<S::Tag>> {
        self.guarded.lock(|guarded| {
            let Ok(mut shared) = guarded.shared.try_borrow_mut() else {
                let reason = Rejected::InUse;
                return Err(SubmitError { tag, reason });
            };
            let done = shared.pipeline.submit(command, tag, self.clock.now());
            match &done {
                Ok(_) => shared.pump.wake(),
                Err(error) if error.reason.is_temporary() => wait(&mut shared.room),
                Err(_) => {}
            }
            done
        })
    }
}

/// Sizes and states only, as the pipeline's.
impl<M: RawMutex, S: Storage, C> fmt::Debug for Client<M, S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.guarded
            .lock(|guarded| match guarded.shared.try_borrow() {
                Ok(shared) => f
                    .debug_struct("Client")
                    .field("pipeline", &shared.pipeline)
                    .finish_non_exhaustive(),
                Err(_) => f.write_str("Client (handling an event)"),
            })
    }
}
