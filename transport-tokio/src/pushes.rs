//! Pushes: what the server says to nobody in particular, for as many as listen.

use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::sync::Arc;

use futures_core::Stream;
use respipe_core::Reply;
use respipe_host::{Push, Pushes};
use slab::Slab;

use crate::client::Handle;

/// Who listens to pushes.
#[derive(Debug)]
pub(crate) struct Listeners {
    slots: Slab<Listener>,
    /// What came before anyone listened, for the first who does.
    early: Option<Pushes>,
    capacity: usize,
    lost: u64,
    over: bool,
}

#[derive(Debug)]
struct Listener {
    /// Only pushes of this kind; empty for all.
    kind: &'static [u8],
    queue: Pushes,
    waker: Option<Waker>,
    /// The attempts to connect again have run out since it was last told.
    paused: bool,
}

impl Listeners {
    pub(crate) const fn new(capacity: usize) -> Self {
        Self {
            slots: Slab::new(),
            early: Some(Pushes::new(capacity)),
            capacity,
            lost: 0,
            over: false,
        }
    }

    pub(crate) fn add(&mut self, kind: &'static [u8]) -> usize {
        let mut queue = Pushes::new(self.capacity);
        if let Some(mut early) = self.early.take() {
            self.lost += early.lost();
            while let Some(push) = early.take() {
                if is_of(kind, push.reply()) {
                    queue.add(push.reply());
                }
            }
        }
        self.slots.insert(Listener {
            kind,
            queue,
            waker: None,
            paused: false,
        })
    }

    fn remove(&mut self, key: usize) {
        if let Some(listener) = self.slots.try_remove(key) {
            self.lost += listener.queue.lost();
        }
    }

    /// Keeps a push for everyone who listens.
    #[cold]
    pub(crate) fn hear(&mut self, push: Reply<'_>, wake: &mut Vec<Waker>) {
        if let Some(early) = &mut self.early {
            early.add(push);
        }
        for (_, listener) in &mut self.slots {
            if is_of(listener.kind, push) {
                listener.queue.add(push);
                wake.extend(listener.waker.take());
            }
        }
    }

    /// Pushes that were lost to slow readers.
    pub(crate) fn lost(&self) -> u64 {
        let queues = self.slots.iter().map(|(_, listener)| listener.queue.lost());
        self.lost + queues.sum::<u64>()
    }

    /// There will be no further push before someone uses the client.
    pub(crate) fn pause(&mut self, wake: &mut Vec<Waker>) {
        for (_, listener) in &mut self.slots {
            listener.paused = true;
            wake.extend(listener.waker.take());
        }
    }

    /// There will be no further push.
    pub(crate) fn end(&mut self, wake: &mut Vec<Waker>) {
        self.over = true;
        for (_, listener) in &mut self.slots {
            wake.extend(listener.waker.take());
        }
    }
}

/// Whether a push is of this kind, or any will do.
fn is_of(kind: &[u8], push: Reply<'_>) -> bool {
    let own = push.elements().next();
    kind.is_empty() || own.is_some_and(|own| own.as_bytes() == Ok(kind))
}

/// Pushes as they come, in a queue of `pushes` ([`Options`](crate::Options)) in which the oldest
/// gives way; what was lost so is counted. The first that is asked for begins with what came before.
/// Ends when there will be no further connection, and pauses when the attempts to make one have run
/// out: see [`next`](Self::next).
///
/// As a [`Stream`], or with [`next`](Self::next).
#[derive(Debug)]
pub struct PushStream {
    handle: Arc<Handle>,
    key: usize,
}

impl PushStream {
    pub(crate) fn new(handle: &Arc<Handle>, kind: &'static [u8]) -> Self {
        let key = handle.shared.lock().listeners.add(kind);
        let handle = Arc::clone(handle);
        Self { handle, key }
    }

    /// The next push; `None` when there will be none, and once each time that the attempts to connect
    /// again have run out ([`state`](crate::Client::state) says which, and why). To ask again then
    /// is to use the client: it begins to connect anew. It is safe to drop the future.
    pub async fn next(&mut self) -> Option<Push> {
        core::future::poll_fn(|cx| self.poll(cx)).await
    }

    /// How many pushes this reader lost by being too slow.
    #[must_use]
    pub fn lost(&self) -> u64 {
        let hub = self.handle.shared.lock();
        let listener = hub.listeners.slots.get(self.key);
        listener.map_or(0, |listener| listener.queue.lost())
    }

    fn poll(&self, cx: &Context<'_>) -> Poll<Option<Push>> {
        let mut hub = self.handle.shared.lock();
        let over = hub.listeners.over;
        let Some(listener) = hub.listeners.slots.get_mut(self.key) else {
            return Poll::Ready(None);
        };
        match listener.queue.take() {
            None if !over && !core::mem::take(&mut listener.paused) => {
                listener.waker = Some(cx.waker().clone());
                let pump = hub.revive();
                drop(hub);
                if let Some(pump) = pump {
                    pump.wake();
                }
                Poll::Pending
            }
            push => Poll::Ready(push),
        }
    }
}

impl Stream for PushStream {
    type Item = Push;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Push>> {
        self.poll(cx)
    }
}

impl Drop for PushStream {
    fn drop(&mut self) {
        self.handle.shared.lock().listeners.remove(self.key);
    }
}
