//! The pump: a task that moves bytes between the pipeline and its stream, and connects again. It
//! knows nothing of RESP.
//!
//! One turn: read what there is; under the lock, hand it in, hand replies out and take bytes to
//! send; write. Reading does not wait for writing, so neither side can hold the other up for ever.
//!
//! When to write: a pump that is woken by a command comes behind the tasks that are ready, and so
//! takes what they have to send too. On several threads it may be woken ahead of them, and yields
//! once. It never waits for a reply or a timer before it writes.

mod exchange;
mod road;

use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::io;
use std::sync::Arc;

use respipe_core::Instant;
use respipe_host::{Attempts, Error, Options, Vigil};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::{self, Sleep};

use crate::hub::Shared;
use crate::stream::Stream;
use exchange::Step;
use road::Road;

/// The most bytes that are read before they are handed in.
const READ: usize = 64 * 1024;

pub(crate) struct Pump {
    shared: Arc<Shared>,
    options: Options,
    /// Whether several callers share the connection.
    many: bool,
    road: Road,
    vigil: Vigil,
    attempts: Attempts,
    inbox: Inbox,
    outbox: Outbox,
    /// When bytes last came; whether the server was asked for some since.
    heard: Instant,
    asked: bool,
    now: Instant,
    timer: Pin<Box<Sleep>>,
    /// When the timer goes off, if it is on.
    armed: Option<time::Instant>,
    /// On several threads: lets the callers that are ready have their turn first; did so.
    yields: bool,
    yielded: bool,
    /// The connection of which was told that it is up.
    announced: u32,
    /// The end of the first connection is told to whoever opens the client.
    first: bool,
    /// All is sent and answered, and nothing more is taken; the server was told so.
    drained: bool,
    half_closed: bool,
    close_until: Option<Instant>,
    /// To be woken; empty but for its memory.
    woken: Vec<Waker>,
}

/// Bytes that were received.
struct Inbox {
    bytes: Box<[u8]>,
    /// Received up to here, and handed in up to there.
    received: usize,
    taken: usize,
    end: Option<End>,
    /// The end was handed in: there is nothing more to read.
    over: bool,
}

/// How the bytes from the server ended.
enum End {
    Eof,
    Broken(io::Error),
}

/// Bytes that were copied out of the pipeline.
#[derive(Default)]
struct Outbox {
    bytes: Vec<u8>,
    /// Written up to here, and booked in the pipeline up to there.
    written: usize,
    booked: usize,
    /// The stream may hold some of them back.
    flushing: bool,
    /// The stream took less than there was.
    blocked: bool,
}

impl Inbox {
    const fn is_taken(&self) -> bool {
        self.taken == self.received
    }

    fn clear(&mut self) {
        self.received = 0;
        self.taken = 0;
        self.end = None;
        self.over = false;
    }
}

impl Outbox {
    const fn is_written(&self) -> bool {
        self.written == self.bytes.len()
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.written = 0;
        self.booked = 0;
        self.flushing = false;
        self.blocked = false;
    }
}

impl Pump {
    /// A pump that begins to connect when it is polled.
    pub(crate) fn new(shared: Arc<Shared>, options: Options, many: bool) -> Self {
        let flavor = Handle::try_current().map(|handle| handle.runtime_flavor());
        let road = Road::connect(&options);
        Self {
            shared,
            many,
            road,
            vigil: Vigil::new(options.tuning.write_timeout),
            attempts: Attempts::default(),
            inbox: Inbox {
                bytes: vec![0; READ].into_boxed_slice(),
                received: 0,
                taken: 0,
                end: None,
                over: false,
            },
            outbox: Outbox::default(),
            heard: Instant::ZERO,
            asked: false,
            now: Instant::ZERO,
            timer: Box::pin(time::sleep(core::time::Duration::ZERO)),
            armed: None,
            yields: !matches!(flavor, Ok(RuntimeFlavor::CurrentThread)),
            yielded: false,
            announced: 0,
            first: true,
            drained: false,
            half_closed: false,
            close_until: None,
            woken: Vec::new(),
            options,
        }
    }

    /// A pump over a stream that the caller opened, who alone can open another.
    pub(crate) fn over(shared: Arc<Shared>, mut options: Options, many: bool, own: Stream) -> Self {
        options.place = None;
        options.reconnect = None;
        let mut this = Self::new(shared, options, many);
        this.road = Road::Connecting(Box::pin(core::future::ready(Ok(own))));
        this
    }

    /// Whoever opens the client waits here until the server has let it in.
    pub(crate) fn poll_first(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match self.turn(cx) {
            Poll::Ready(cause) => Poll::Ready(Err(cause)),
            Poll::Pending if self.announced > 0 => Poll::Ready(Ok(())),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Turns while whoever opens the client waits for something else.
    pub(crate) fn poll_until_over(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.turn(cx).map(Err)
    }

    /// The first attempt ended; makes another.
    pub(crate) fn try_again(&mut self) {
        self.announced = 0;
        self.road = Road::connect(&self.options);
    }

    /// From here on the pump is a task of its own, and connects again by itself.
    pub(crate) fn detach(mut self) -> Self {
        self.first = false;
        // The timer knows only the waker of whoever opened the client.
        self.armed = None;
        self
    }

    /// Turns until there is nothing to do now; why there never will be again.
    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        loop {
            let travelled = self.travel(cx);
            self.receive(cx);
            let exchanged = travelled.and_then(|()| self.exchange(cx));
            for waker in self.woken.drain(..) {
                waker.wake();
            }
            match exchanged {
                Err(cause) => {
                    if let Some(over) = self.lost(cause) {
                        return Poll::Ready(over);
                    }
                }
                Ok(Step::Yield) => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Ok(Step::Again) => {}
                Ok(Step::Write { more }) => {
                    // A server that has just begun to take nothing has a deadline to be set.
                    let stuck = self.send(cx);
                    let go_on = stuck || (more && !self.outbox.blocked);
                    let full = self.inbox.received == READ && self.inbox.is_taken();
                    // An end that waits for its turn waits for whoever takes a reply in pieces.
                    let ended = self.inbox.end.is_some() && self.inbox.is_taken();
                    if !go_on && !full && !ended {
                        return Poll::Pending;
                    }
                }
            }
        }
    }

    /// Reads what there is, as long as there is room for it.
    fn receive(&mut self, cx: &mut Context<'_>) {
        let Road::Open(stream) = &mut self.road else {
            return;
        };
        if self.inbox.is_taken() {
            self.inbox.received = 0;
            self.inbox.taken = 0;
        }
        while self.inbox.end.is_none() && !self.inbox.over && self.inbox.received < READ {
            match stream.poll_read(cx, &mut self.inbox.bytes[self.inbox.received..]) {
                Poll::Pending => return,
                Poll::Ready(Ok(0)) => self.inbox.end = Some(End::Eof),
                Poll::Ready(Ok(n)) => self.inbox.received += n,
                Poll::Ready(Err(error)) => self.inbox.end = Some(End::Broken(error)),
            }
        }
    }

    /// Writes what was taken; whether the server has just begun to take nothing.
    fn send(&mut self, cx: &mut Context<'_>) -> bool {
        let Road::Open(stream) = &mut self.road else {
            return false;
        };
        let out = &mut self.outbox;
        let error = loop {
            if out.is_written() {
                out.blocked = false;
                if !out.flushing {
                    return false;
                }
                match stream.poll_flush(cx) {
                    Poll::Pending => return false,
                    Poll::Ready(Ok(())) => {
                        out.flushing = false;
                        return false;
                    }
                    Poll::Ready(Err(error)) => break error,
                }
            }
            match stream.poll_write(cx, &out.bytes[out.written..]) {
                Poll::Pending => {
                    let stuck = !out.blocked;
                    out.blocked = true;
                    self.vigil.blocked(self.now);
                    return stuck;
                }
                Poll::Ready(Ok(0)) => break io::ErrorKind::WriteZero.into(),
                Poll::Ready(Ok(n)) => {
                    out.written += n;
                    out.flushing = true;
                    out.blocked = false;
                    self.vigil.written();
                }
                Poll::Ready(Err(error)) => break error,
            }
        };
        // What the server said last may lie behind the error: its farewell, replies.
        self.receive(cx);
        if !self.inbox.over {
            self.inbox.end = Some(End::Broken(error));
        }
        true
    }
}

impl Future for Pump {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.turn(cx).map(|_over| ())
    }
}

/// The runtime has shut down, or the pump has done its work: nobody waits for ever.
impl Drop for Pump {
    fn drop(&mut self) {
        if !self.first && !matches!(self.road, Road::Over) {
            self.finish(Error::RuntimeGone);
        }
    }
}
