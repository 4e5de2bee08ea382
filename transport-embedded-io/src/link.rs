//! One connection: its three loops.

use core::cell::{Cell, RefCell};
use core::future::{Future, pending, poll_fn};
use core::pin::pin;
use core::task::{Context, Poll};

use embassy_sync::blocking_mutex::raw::RawMutex;
use embedded_io_async::{Error as _, ErrorKind, Read, Write};
use respipe_core::pipeline::{Event, PipelineError, State, Storage};
use respipe_core::{Duration, Instant};

use crate::client::Shared;
use crate::{Client, Clock, turn};

/// How long the server's last words are waited for when writing has failed: a server that refuses
/// a connection says why and closes, and a write may be what meets the close.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What the loops of a connection share; all of them run in one task.
pub(crate) struct Link<'c, M: RawMutex, S: Storage, C, F> {
    client: &'c Client<M, S, C>,
    on_event: RefCell<F>,
    /// What ended the connection, once every command has been told.
    ended: Cell<Option<PipelineError>>,
    /// What broke one of the halves, and when the connection ends of it.
    broken: Cell<Option<(ErrorKind, Instant)>>,
    close_timeout: Duration,
    /// When the connection ends because the client was closed, whatever is still in flight.
    close_by: Cell<Option<Instant>>,
    /// It has ended because of that.
    late: Cell<bool>,
    /// When the handshake has succeeded.
    up_since: Cell<Option<Instant>>,
    /// Something has moved since the last turn: the loops are asked again.
    moved: Cell<bool>,
    /// Bytes lie in the write half or its staging buffer.
    writing: Cell<bool>,
}

impl<'c, M: RawMutex, S: Storage, C: Clock, F: FnMut(Event<'_, S::Tag>, bool)>
    Link<'c, M, S, C, F>
{
    pub(crate) const fn new(
        client: &'c Client<M, S, C>,
        on_event: F,
        close_timeout: Duration,
    ) -> Self {
        Self {
            client,
            on_event: RefCell::new(on_event),
            ended: Cell::new(None),
            broken: Cell::new(None),
            close_timeout,
            close_by: Cell::new(None),
            late: Cell::new(false),
            up_since: Cell::new(None),
            moved: Cell::new(false),
            writing: Cell::new(false),
        }
    }

    /// What broke the halves, if it was they who did.
    pub(crate) fn broken(&self) -> Option<ErrorKind> {
        self.broken.get().map(|(kind, _)| kind)
    }

    /// For how long the connection has been up, if it ever was.
    pub(crate) fn lived(&self) -> Option<Duration> {
        let since = self.up_since.get()?;
        Some(self.client.clock.now().since(since))
    }

    /// Whether it ended because closing took too long.
    pub(crate) const fn is_late(&self) -> bool {
        self.late.get()
    }

    /// Runs the loops until the connection has ended and all has been told; `None` if it has ended
    /// because the client was closed and nothing is in flight any more.
    ///
    /// Neither half's future is dropped while the connection lives: a read that is dropped may take
    /// bytes with it, a write may have sent some. So they are not selected upon, but polled side by
    /// side, and each loop stops for ever when its half has ended.
    pub(crate) async fn run(
        &self,
        read: impl Future<Output = ()>,
        write: impl Future<Output = ()>,
    ) -> Option<PipelineError> {
        let mut read = pin!(forever(read));
        let mut write = pin!(forever(write));
        let mut time = pin!(self.keep_time(None));
        poll_fn(|task| {
            self.moved.set(false);
            let closing = self.work(|shared| {
                shared.pump.register(task.waker());
                shared.closing
            });
            if closing == Some(true) && self.close_by.get().is_none() {
                let by = self.client.clock.now().after(self.close_timeout);
                self.close_by.set(Some(by));
            }
            let _ = read.as_mut().poll(task);
            let _ = write.as_mut().poll(task);
            let _ = time.as_mut().poll(task);
            self.deliver();
            if let Some(error) = self.ended.get() {
                return Poll::Ready(Some(error));
            }
            if self.is_done() {
                return Poll::Ready(None);
            }
            self.again(task)
        })
        .await
    }

    /// Lets time pass until `until` or until the client is closed, while there is no connection.
    pub(crate) async fn rest(&self, until: Instant) {
        let mut time = pin!(self.keep_time(Some(until)));
        poll_fn(|task| {
            self.moved.set(false);
            let closing = self.work(|shared| {
                shared.pump.register(task.waker());
                shared.closing
            });
            let _ = time.as_mut().poll(task);
            self.deliver();
            if closing == Some(true) || self.client.clock.now() >= until {
                return Poll::Ready(());
            }
            self.again(task)
        })
        .await;
    }

    /// Reads into the staging buffer, and hands on what came.
    pub(crate) async fn read(&self, mut reader: impl Read, staging: &mut [u8]) {
        loop {
            match reader.read(staging).await {
                Ok(0) => {
                    self.work(|shared| shared.pipeline.handle_eof());
                    return self.moved.set(true);
                }
                Ok(n) => {
                    let n = n.min(staging.len());
                    self.hand_on(staging.get(..n).unwrap_or_default()).await;
                }
                Err(error) => {
                    // Nothing more can be heard.
                    let now = self.client.clock.now();
                    self.broken.set(Some((error.kind(), now)));
                    return self.pass_time();
                }
            }
            self.moved.set(true);
            turn::next().await;
        }
    }

    /// Gives bytes to the pipeline, as fast as it takes them.
    async fn hand_on(&self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() && self.ended.get().is_none() {
            let now = self.client.clock.now();
            let taken = self.work(|shared| shared.pipeline.handle_input(rest, now));
            let taken = taken.unwrap_or_default();
            self.deliver();
            rest = rest.get(taken..).unwrap_or_default();
            if taken == 0 {
                turn::next().await;
            }
        }
    }

    /// Writes what may leave, through the staging buffer.
    pub(crate) async fn write(&self, mut writer: impl Write, staging: &mut [u8], flush: bool) {
        let mut unflushed = false;
        loop {
            let n = self.stage(staging);
            self.writing.set(n > 0 || unflushed);
            let done = match n {
                0 if unflushed => {
                    unflushed = false;
                    writer.flush().await.map_err(|error| error.kind())
                }
                0 => {
                    turn::next().await;
                    continue;
                }
                n => {
                    unflushed = flush;
                    write_all(&mut writer, staging.get(..n).unwrap_or_default()).await
                }
            };
            if let Err(error) = done {
                return self.lose(error);
            }
            self.moved.set(true);
            turn::next().await;
        }
    }

    /// Copies what may leave; how many bytes. They count as having left: whoever holds them may
    /// have sent some when it fails.
    fn stage(&self, staging: &mut [u8]) -> usize {
        let now = self.client.clock.now();
        let staged = self.work(|shared| {
            let mut at = 0;
            while let Some(bytes) = shared.pipeline.poll_transmit() {
                let room = staging.get_mut(at..).unwrap_or_default();
                let n = room.len().min(bytes.len());
                for (to, from) in room.iter_mut().zip(bytes) {
                    *to = *from;
                }
                shared.pipeline.transmitted(n, now);
                at = at.saturating_add(n);
                if n == 0 {
                    break;
                }
            }
            if at > 0 {
                shared.room.wake();
            }
            at
        });
        staged.unwrap_or_default()
    }

    /// Tells the pipeline when one of its deadlines has passed; until then, or until `until`, waits.
    async fn keep_time(&self, until: Option<Instant>) {
        loop {
            let Some(due) = self.due(until) else {
                turn::next().await;
                continue;
            };
            let mut sleep = pin!(self.client.clock.wait_until(due));
            poll_fn(|task| match sleep.as_mut().poll(task) {
                Poll::Pending if self.due(until).is_none_or(|now| now >= due) => Poll::Pending,
                _ => Poll::Ready(()),
            })
            .await;
            self.pass_time();
            // Whatever ended the sleep, an early timer or an earlier deadline: no timer is armed now.
            self.moved.set(true);
            turn::next().await;
        }
    }

    /// The next deadline.
    fn due(&self, until: Option<Instant>) -> Option<Instant> {
        let pipeline = self.work(|shared| shared.pipeline.poll_timeout()).flatten();
        let broken = self.broken.get().map(|(_, until)| until);
        [pipeline, broken, self.close_by.get(), until]
            .into_iter()
            .flatten()
            .min()
    }

    fn pass_time(&self) {
        let now = self.client.clock.now();
        let late = self.close_by.get().is_some_and(|by| by <= now);
        if late || self.broken.get().is_some_and(|(_, until)| until <= now) {
            self.late.set(late);
            self.work(|shared| shared.pipeline.handle_link_lost());
            self.moved.set(true);
        }
        let passed = self.work(|shared| {
            let due = shared.pipeline.poll_timeout();
            let passed = due.is_some_and(|due| due <= now);
            if passed {
                shared.pipeline.handle_timeout(now);
            }
            passed
        });
        if passed == Some(true) {
            self.moved.set(true);
        }
    }

    /// Writing has failed: what the server still has to say is waited for a little.
    fn lose(&self, kind: ErrorKind) {
        if self.broken.get().is_none() {
            let until = self.client.clock.now().after(LAST_WORDS);
            self.broken.set(Some((kind, until)));
        }
        self.moved.set(true);
    }

    /// Tells what happened.
    pub(crate) fn deliver(&self) {
        let Ok(mut on_event) = self.on_event.try_borrow_mut() else {
            return;
        };
        loop {
            // One event for each time that the mutex is taken, so that it is not held for long.
            let told = self.work(
                |shared| match shared.pipeline.poll_event_with(&mut *on_event) {
                    Ok(true) => {
                        shared.room.wake();
                        true
                    }
                    Ok(false) => {
                        if shared.pipeline.state() == State::Up && self.up_since.get().is_none() {
                            self.up_since.set(Some(self.client.clock.now()));
                        }
                        false
                    }
                    Err(error) => {
                        self.ended.set(Some(error));
                        // They would wait in vain.
                        shared.room.wake();
                        false
                    }
                },
            );
            if told != Some(true) {
                break;
            }
            self.moved.set(true);
        }
    }

    /// Whether the client was closed and nothing is on its way any more.
    fn is_done(&self) -> bool {
        let done = self.work(|shared| shared.closing && shared.pipeline.in_flight() == 0);
        done == Some(true) && !self.writing.get()
    }

    /// Waits, or asks for another turn at once if something has moved; other tasks come first.
    fn again<T>(&self, task: &mut Context<'_>) -> Poll<T> {
        if self.moved.get() {
            task.waker().wake_by_ref();
        }
        Poll::Pending
    }

    fn work<R>(&self, work: impl FnOnce(&mut Shared<S>) -> R) -> Option<R> {
        self.client.shared(work)
    }
}

/// Does `work`, and then never ends.
async fn forever(work: impl Future<Output = ()>) {
    work.await;
    pending::<()>().await;
}

/// `write_all` of the trait panics when a driver breaks its word.
async fn write_all(writer: &mut impl Write, bytes: &[u8]) -> Result<(), ErrorKind> {
    let mut rest = bytes;
    while !rest.is_empty() {
        match writer.write(rest).await {
            Ok(0) => return Err(ErrorKind::WriteZero),
            Ok(n) => rest = rest.get(n..).unwrap_or_default(),
            Err(error) => return Err(error.kind()),
        }
    }
    Ok(())
}
