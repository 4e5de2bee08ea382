//! A link that misbehaves: a TCP proxy on loopback that delays, splits, throttles, stalls and cuts.
//!
//! ```text
//!                       lane to the server
//!     client --> [ reader | delay line | writer ] --> server
//!     client <-- [ writer | delay line | reader ] <-- server
//!                       lane to the client
//! ```
//!
//! Each lane has its own rules ([`Lane`]). The delay is that of a long cable: bytes keep their distance to each other and the
//! bandwidth stays, up to [`Lane::CAPACITY`] bytes under way. The proxy knows nothing of RESP.
//!
//! ```
//! use std::io::{Read, Write};
//! use std::net::{TcpListener, TcpStream};
//! use std::time::Duration;
//!
//! use respipe_testkit::proxy::{Faults, Lane, Proxy};
//!
//! # fn main() -> std::io::Result<()> {
//! let upstream = TcpListener::bind("127.0.0.1:0")?;
//! let proxy = Proxy::start(upstream.local_addr()?, Faults::round_trip(Duration::from_millis(20)))?;
//! let mut client = TcpStream::connect(proxy.address())?;
//! client.write_all(b"PING\r\n")?;
//! let mut arrived = [0; 6];
//! upstream.accept()?.0.read_exact(&mut arrived)?; // after 20 ms for the connect and 10 ms for the way
//! assert_eq!(&arrived, b"PING\r\n");
//! # Ok(())
//! # }
//! ```

mod faults;
mod line;
mod relay;
mod url;

use core::net::{Ipv4Addr, SocketAddr};
use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::{self, JoinHandle};

pub use faults::{Direction, End, Faults, Lane};
use relay::Connection;
pub(crate) use relay::linger_zero;
pub use url::{upstream, url_through};

/// More connections than this at one time are closed as they come.
const CONNECTIONS: usize = 256;

/// A running proxy. It ends, and with it every connection, when this is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

/// What the proxy and its connections share.
#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    accepted: AtomicUsize,
    /// By direction.
    stalled: [AtomicBool; 2],
    forwarded: [AtomicU64; 2],
    live: Mutex<Vec<Weak<Connection>>>,
}

impl Proxy {
    /// Starts a proxy in front of this address, with the same faults for every connection.
    ///
    /// # Errors
    /// When no loopback port can be had.
    pub fn start(upstream: SocketAddr, faults: Faults) -> io::Result<Self> {
        Self::start_with_plan(upstream, vec![faults])
    }

    /// Starts a proxy that gives the k-th connection the k-th faults; the last ones are for all that follow. An empty plan has no
    /// faults.
    ///
    /// # Errors
    /// When no loopback port can be had.
    pub fn start_with_plan(upstream: SocketAddr, plan: Vec<Faults>) -> io::Result<Self> {
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self::listen(anywhere, upstream, plan)
    }

    /// Starts a proxy at this address, which is free again when an earlier one there is gone: between the two, connecting is
    /// refused.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub fn start_on(address: SocketAddr, upstream: SocketAddr, faults: Faults) -> io::Result<Self> {
        Self::listen(address, upstream, vec![faults])
    }

    fn listen(address: SocketAddr, upstream: SocketAddr, plan: Vec<Faults>) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let acceptor = thread::Builder::new()
            .name("proxy".to_owned())
            .spawn(move || accept(&listener, upstream, &plan, &theirs))?;
        Ok(Self {
            address,
            shared,
            acceptor: Some(acceptor),
        })
    }

    /// Where clients connect to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections were accepted so far.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::Acquire)
    }

    /// How many bytes were forwarded in this direction so far, over all connections.
    #[must_use]
    pub fn forwarded(&self, direction: Direction) -> u64 {
        self.shared.forwarded[direction.index()].load(Ordering::Acquire)
    }

    /// How many bytes are under way in this direction: read, and not yet forwarded.
    #[must_use]
    pub fn under_way(&self, direction: Direction) -> usize {
        self.shared
            .live()
            .iter()
            .map(|connection| connection.under_way(direction))
            .sum()
    }

    /// Stops forwarding in this direction, on all connections and those to come. The sender is pushed back once the buffers
    /// between are full.
    pub fn stall(&self, direction: Direction) {
        self.shared.stalled[direction.index()].store(true, Ordering::Release);
    }

    /// Ends every stall in this direction, also those that a fault began.
    pub fn resume(&self, direction: Direction) {
        self.shared.stalled[direction.index()].store(false, Ordering::Release);
        for connection in self.shared.live() {
            connection.resume(direction);
        }
    }

    /// Ends every connection that is open now in this way, as seen from this direction.
    pub fn end(&self, direction: Direction, end: End) {
        for connection in self.shared.live() {
            connection.end(direction, end);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        // Wakes the acceptor.
        drop(TcpStream::connect(self.address));
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

impl Shared {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    fn live(&self) -> Vec<Arc<Connection>> {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.iter().filter_map(Weak::upgrade).collect()
    }

    fn add(&self, connection: &Arc<Connection>) {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.retain(|connection| connection.strong_count() > 0);
        live.push(Arc::downgrade(connection));
    }
}

/// Accepts until the proxy stops, then waits for the threads of every connection.
fn accept(listener: &TcpListener, upstream: SocketAddr, plan: &[Faults], shared: &Arc<Shared>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    while let Ok((client, _)) = listener.accept() {
        if shared.stopped() {
            break;
        }
        let number = shared.accepted.fetch_add(1, Ordering::AcqRel);
        threads.retain(|thread| !thread.is_finished());
        if threads.len() >= CONNECTIONS * relay::THREADS {
            continue;
        }
        let faults = plan
            .get(number)
            .or(plan.last())
            .cloned()
            .unwrap_or_default();
        // A server that refuses shows as a connection that closes at once.
        let Ok(server) = TcpStream::connect(upstream) else {
            continue;
        };
        if let Ok(started) = relay::start(client, server, faults, shared) {
            threads.extend(started);
        }
    }
    for thread in threads {
        let _ = thread.join();
    }
}
