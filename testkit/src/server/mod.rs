//! A server in this process, over real TCP: for hermetic tests, and for the demo where no Redis is at hand.
//!
//! ```text
//!     accept --> a thread a connection: [ read | Framer | run in order | Writer | one write a read ]
//!                                                       |
//!                                            Keyspace (one lock), Channels
//! ```
//!
//! It reads with the core's own framer and replies and writes with the core's own writer, and answers as Redis 7.0 does. It knows
//! only the commands that the demo and the tests name ([`ServerInProcess`] lists them), and no expiry, no persistence, no scripts.
//! Unlike Redis it stops reading while its client does not: replies are never queued without bound.
//!
//! ```
//! use std::io::{Read, Write};
//! use std::net::TcpStream;
//!
//! use respipe_testkit::server::ServerInProcess;
//!
//! # fn main() -> std::io::Result<()> {
//! let server = ServerInProcess::start()?;
//! let mut client = TcpStream::connect(server.address())?;
//! client.write_all(b"SET sensor 21\r\nINCR sensor\r\n")?;
//! let mut replies = [0; 10];
//! client.read_exact(&mut replies)?;
//! assert_eq!(&replies, b"+OK\r\n:22\r\n");
//! # Ok(())
//! # }
//! ```

mod channels;
mod command;
mod connection;
mod data;
mod keyspace;
mod replies;
mod request;
mod session;
mod stream;

use core::net::{Ipv4Addr, SocketAddr};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use channels::Channels;
use keyspace::Keyspace;

/// More connections than this at one time get `-ERR max number of clients reached`.
const CONNECTIONS: usize = 256;

/// A server in this process. Ends, and with it every connection, when it is dropped.
///
/// It knows: `APPEND`-less strings (`SET` without options, `GET`, `DEL`, `INCR`, `MSET`, `MGET`), lists (`LPUSH`, `RPUSH`,
/// `LRANGE`), streams (`XADD`, `XLEN`, `XRANGE` from `-` to `+`), `FLUSHALL`, `DBSIZE`, `PING`, `ECHO`, `SELECT`, `AUTH`, `HELLO`,
/// `CLIENT SETNAME|SETINFO|REPLY`, `MULTI`, `EXEC`, `DISCARD`, `SUBSCRIBE`, `UNSUBSCRIBE`, `PUBLISH`, `INFO`, `QUIT`, `RESET`.
#[derive(Debug)]
pub struct ServerInProcess {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

/// What the connections of one server share.
#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    password: Option<String>,
    next_id: AtomicU64,
    keyspace: Mutex<Keyspace>,
    channels: Channels,
}

impl ServerInProcess {
    /// Starts a server without a password on a free loopback port.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn start() -> io::Result<Self> {
        Self::start_shared(Shared::default())
    }

    /// Starts a server whose default user has this password.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn start_with_password(password: impl Into<String>) -> io::Result<Self> {
        Self::start_shared(Shared {
            password: Some(password.into()),
            ..Shared::default()
        })
    }

    fn start_shared(shared: Shared) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(shared);
        let theirs = Arc::clone(&shared);
        let acceptor = thread::Builder::new()
            .name("server".to_owned())
            .spawn(move || accept(&listener, &theirs))?;
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

    /// Its URL, with the password if it has one.
    #[must_use]
    pub fn url(&self) -> String {
        let login = self
            .shared
            .password
            .as_ref()
            .map(|password| format!(":{password}@"));
        format!("redis://{}{}", login.unwrap_or_default(), self.address)
    }
}

impl Drop for ServerInProcess {
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
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut connections: Vec<JoinHandle<()>> = Vec::new();
    while let Ok((stream, _)) = listener.accept() {
        if shared.stopped() {
            break;
        }
        connections.retain(|connection| !connection.is_finished());
        if connections.len() >= CONNECTIONS {
            connection::refuse(&stream);
            continue;
        }
        let theirs = Arc::clone(shared);
        let id = shared.next_id.fetch_add(1, Ordering::AcqRel) + 1;
        let connection = thread::Builder::new().name("connection".to_owned());
        // A client that goes away is no failure of the server's.
        let started = connection.spawn(move || drop(connection::serve(stream, id, &theirs)));
        connections.extend(started);
    }
    for connection in connections {
        let _ = connection.join();
    }
}
