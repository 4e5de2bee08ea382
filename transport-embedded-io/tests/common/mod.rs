//! A fake link as two `embedded_io_async` halves, a clock that is moved by hand, and an executor of one
//! task that notices when nothing moves any more.

#![allow(dead_code, reason = "each test uses its part of it")]

use core::cell::{Cell, RefCell};
use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};
use std::rc::Rc;
use std::sync::Arc;

use std::task::Wake;

use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use respipe_core::Instant;
use respipe_embedded_io::Clock;
use respipe_testkit::clock;
use respipe_testkit::link::{self, Link, Peer};

/// A clock that is moved by hand, and knows until when somebody waits.
#[derive(Clone, Debug, Default)]
pub(crate) struct ByHand {
    pub(crate) clock: clock::Clock,
    pub(crate) next: Rc<Cell<Option<Instant>>>,
}

impl Clock for ByHand {
    fn now(&self) -> Instant {
        self.clock.now()
    }

    async fn wait_until(&self, at: Instant) {
        poll_fn(|_| {
            if self.clock.now() >= at {
                return Poll::Ready(());
            }
            let next = self.next.get().map_or(at, |next| next.min(at));
            self.next.set(Some(next));
            Poll::Pending
        })
        .await;
    }
}

/// A fake link that both halves share.
pub(crate) struct Wires<P: Peer> {
    pub(crate) link: RefCell<Link<P>>,
    pub(crate) clock: clock::Clock,
    /// Bytes moved since this was last asked.
    moved: Cell<bool>,
    /// Reads and writes whose future was dropped before it was ready.
    pub(crate) dropped: Cell<u32>,
}

impl<P: Peer> Wires<P> {
    pub(crate) fn new(link: Link<P>, clock: clock::Clock) -> Rc<Self> {
        Rc::new(Self {
            link: RefCell::new(link),
            clock,
            moved: Cell::new(false),
            dropped: Cell::new(0),
        })
    }

    /// Lets the peer work; whether anything moved since the last time.
    pub(crate) fn turn(&self) -> bool {
        let turned = self.link.borrow_mut().turn(self.clock.now());
        self.moved.take() || turned
    }
}

/// One half, or the other.
pub(crate) struct Half<P: Peer>(pub(crate) Rc<Wires<P>>);

/// Books a future that is dropped half way.
struct Unfinished<'w>(Option<&'w Cell<u32>>);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if let Some(dropped) = self.0 {
            dropped.set(dropped.get() + 1);
        }
    }
}

impl<P: Peer> ErrorType for Half<P> {
    type Error = ErrorKind;
}

impl<P: Peer> Read for Half<P> {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        let wires = &self.0;
        let mut unfinished = Unfinished(Some(&wires.dropped));
        let read = poll_fn(|_| {
            let read = wires.link.borrow_mut().read(buffer, wires.clock.now());
            match read {
                link::Read::Bytes(n) => Poll::Ready(Ok(n)),
                link::Read::WouldBlock => Poll::Pending,
                link::Read::Eof => Poll::Ready(Ok(0)),
                link::Read::Lost => Poll::Ready(Err(ErrorKind::ConnectionReset)),
            }
        })
        .await;
        unfinished.0 = None;
        wires.moved.set(true);
        read
    }
}

impl<P: Peer> Write for Half<P> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        let wires = &self.0;
        let mut unfinished = Unfinished(Some(&wires.dropped));
        let written = poll_fn(|_| {
            let written = wires.link.borrow_mut().write(bytes, wires.clock.now());
            match written {
                Ok(0) => Poll::Pending,
                Ok(n) => Poll::Ready(Ok(n)),
                Err(_) => Poll::Ready(Err(ErrorKind::BrokenPipe)),
            }
        })
        .await;
        unfinished.0 = None;
        wires.moved.set(true);
        written
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

/// One task, polled until nothing wakes it.
pub(crate) struct Task<T> {
    future: Option<Pin<Box<dyn Future<Output = T>>>>,
    woken: Arc<Woken>,
}

#[derive(Debug, Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<T> Task<T> {
    pub(crate) fn new(future: impl Future<Output = T> + 'static) -> Self {
        Self {
            future: Some(Box::pin(future)),
            woken: Arc::default(),
        }
    }

    /// Whether somebody has asked for it to be polled, since it was.
    pub(crate) fn is_woken(&self) -> bool {
        self.woken.0.load(Ordering::Relaxed)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.future.is_none()
    }

    /// Polls once; what it ended with.
    pub(crate) fn poll(&mut self) -> Option<T> {
        self.woken.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&self.woken));
        let mut context = Context::from_waker(&waker);
        match self.future.as_mut()?.as_mut().poll(&mut context) {
            Poll::Ready(end) => {
                self.future = None;
                Some(end)
            }
            Poll::Pending => None,
        }
    }

    /// Polls while it wakes itself or `moves` says that something has; what it ended with.
    pub(crate) fn settle(&mut self, mut moves: impl FnMut() -> bool) -> Option<T> {
        for _ in 0..1_000_000 {
            if let Some(end) = self.poll() {
                return Some(end);
            }
            if !moves() && !self.is_woken() {
                return None;
            }
        }
        panic!("the task never comes to rest");
    }
}
