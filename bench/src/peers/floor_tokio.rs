//! The floor of sharing: whoever calls copies its command into one buffer under a lock, and one task writes what has
//! gathered and hands replies out by their ends. No time-outs, no errors, no cancellation, no reconnect.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::Result;
use crate::scan::reply_end;
use crate::shared::Handle;

/// Bytes of the read buffer.
const BUFFER: usize = 64 * 1024;

/// A handle has one call at a time, and one place for it.
pub(super) struct FloorTokio {
    shared: Arc<Mutex<Shared>>,
    place: usize,
    /// Where a command is put together before the lock is taken.
    encoded: Vec<u8>,
}

#[derive(Default)]
struct Shared {
    output: Vec<u8>,
    /// Places in the order of what was sent.
    owed: VecDeque<usize>,
    places: Vec<Place>,
    pump: Option<Waker>,
}

#[derive(Default)]
struct Place {
    caller: Option<Waker>,
    reply: Vec<u8>,
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Clone for FloorTokio {
    fn clone(&self) -> FloorTokio {
        FloorTokio::new(Arc::clone(&self.shared))
    }
}

impl FloorTokio {
    fn new(shared: Arc<Mutex<Shared>>) -> FloorTokio {
        let place = {
            let mut shared = lock(&shared);
            shared.places.push(Place::default());
            shared.places.len() - 1
        };
        FloorTokio {
            shared,
            place,
            encoded: Vec::new(),
        }
    }

    fn encode(&mut self, key: &str) {
        self.encoded.clear();
        self.encoded
            .extend_from_slice(b"*2\r\n$3\r\nGET\r\n$16\r\n");
        self.encoded.extend_from_slice(key.as_bytes());
        self.encoded.extend_from_slice(b"\r\n");
    }

    fn submit(&self) {
        let mut shared = lock(&self.shared);
        shared.output.extend_from_slice(&self.encoded);
        shared.owed.push_back(self.place);
        if let Some(pump) = shared.pump.take() {
            pump.wake();
        }
    }

    fn poll_reply<T>(
        &self,
        context: &Context<'_>,
        see: &mut Option<impl FnOnce(&[u8]) -> T>,
    ) -> Poll<T> {
        let mut shared = lock(&self.shared);
        let place = &mut shared.places[self.place];
        if place.reply.is_empty() {
            place.caller = Some(context.waker().clone());
            return Poll::Pending;
        }
        // `$16\r\n` before the value and `\r\n` behind it.
        let value = place.reply.get(5..21).unwrap_or_default();
        let Some(see) = see.take() else {
            return Poll::Pending;
        };
        let seen = see(value);
        place.reply.clear();
        Poll::Ready(seen)
    }
}

impl Handle for FloorTokio {
    async fn connect(port: u16) -> Result<FloorTokio> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        stream.set_nodelay(true)?;
        let shared = Arc::<Mutex<Shared>>::default();
        let mut pump = Pump {
            stream,
            shared: Arc::clone(&shared),
            input: vec![0; BUFFER].into(),
            filled: 0,
            staged: Vec::new(),
            sent: 0,
            waited: false,
        };
        // It ends with the runtime.
        tokio::spawn(async move { poll_fn(|context| pump.poll(context)).await });
        Ok(FloorTokio::new(shared))
    }

    async fn get<T: Send>(&mut self, key: &str, see: impl FnOnce(&[u8]) -> T + Send) -> Result<T> {
        self.encode(key);
        self.submit();
        let mut see = Some(see);
        Ok(poll_fn(|context| self.poll_reply(context, &mut see)).await)
    }
}

/// The task that has the socket.
struct Pump {
    stream: TcpStream,
    shared: Arc<Mutex<Shared>>,
    input: Box<[u8]>,
    filled: usize,
    staged: Vec<u8>,
    sent: usize,
    /// Whether it has let the callers of this turn come first.
    waited: bool,
}

impl Pump {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Poll::Ready(ended) = self.read(context) {
            return Poll::Ready(ended);
        }
        loop {
            while self.sent < self.staged.len() {
                let rest = &self.staged[self.sent..];
                self.sent += ready!(Pin::new(&mut self.stream).poll_write(context, rest))?;
            }
            let mut shared = lock(&self.shared);
            if shared.output.is_empty() {
                shared.pump = Some(context.waker().clone());
                self.waited = false;
                return Poll::Pending;
            }
            if !self.waited {
                self.waited = true;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            self.staged.clear();
            self.sent = 0;
            std::mem::swap(&mut self.staged, &mut shared.output);
            self.waited = false;
        }
    }

    /// Hands replies out until the socket is empty. Ready when the connection is over.
    fn read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut buffer = ReadBuf::new(&mut self.input[self.filled..]);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
            let read = buffer.filled().len();
            if read == 0 {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            self.filled += read;
            let mut at = 0;
            let mut shared = lock(&self.shared);
            while let Some(bytes) = reply_end(&self.input[at..self.filled]) {
                let reply = &self.input[at..at + bytes];
                at += bytes;
                let Some(place) = shared.owed.pop_front() else {
                    continue;
                };
                let place = &mut shared.places[place];
                place.reply.extend_from_slice(reply);
                if let Some(caller) = place.caller.take() {
                    caller.wake();
                }
            }
            self.input.copy_within(at..self.filled, 0);
            self.filled -= at;
        }
    }
}
