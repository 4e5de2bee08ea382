//! The server's side of a scenario over real TCP, for subjects that own sockets.

use core::net::{Ipv4Addr, SocketAddr};
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::stage::{Actor, Stage};
use crate::link::{Flow, Peer, Splitter};

/// How long one wait lasts before the host looks whether it is still wanted.
const TURN: Duration = Duration::from_millis(2);
/// How long the host keeps a connection: a subject that waits for ever sees its end then.
const PATIENCE: Duration = Duration::from_secs(10);

/// Plays the server of a [`Stage`] on a loopback port, one connection after the other. Stops when it is dropped.
#[derive(Debug)]
pub struct Host {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Host {
    /// Listens on a free loopback port.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn start(stage: Stage) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        if stage.conditions.peer_stops_reading {
            // So that a client that writes without reading is soon blocked.
            rustix::net::sockopt::set_socket_recv_buffer_size(&listener, 4096)?;
        }
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&stop);
        let thread = thread::Builder::new()
            .name("conformance host".to_owned())
            .spawn(move || serve(&listener, stage, &theirs))?;
        Ok(Self {
            address,
            stop,
            thread: Some(thread),
        })
    }

    /// Where subjects connect to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(listener: &TcpListener, mut stage: Stage, stop: &AtomicBool) {
    while !stop.load(Ordering::Acquire) {
        match listener.accept() {
            Ok((stream, _)) => {
                let actor = stage.next_connection();
                let splitter = Splitter::new(stage.conditions.down.split, stage.conditions.seed);
                // An error is the client's doing, and its outcomes tell.
                let _ = talk(stream, actor, splitter, stop);
            }
            Err(_) => thread::sleep(TURN),
        }
    }
}

fn talk(
    mut stream: TcpStream,
    mut actor: Actor,
    mut splitter: Splitter,
    stop: &AtomicBool,
) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(TURN))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let start = Instant::now();
    let mut came = vec![0; 64 * 1024];
    let mut n = 0;
    loop {
        let mut out = Vec::new();
        let now = respipe_core::Instant::ZERO.after(start.elapsed().into());
        let flow = actor.receive(&came[..n], now, &mut out);
        let mut rest = out.as_slice();
        while !rest.is_empty() && flow != Flow::Reset {
            let piece = splitter.piece(rest.len());
            stream.write_all(&rest[..piece])?;
            splitter.passed(piece);
            rest = &rest[piece..];
        }
        match flow {
            Flow::Open => {}
            Flow::Close => return close(&stream),
            Flow::Reset => return crate::proxy::linger_zero(&stream),
        }
        n = match stream.read(&mut came) {
            Ok(0) => return Ok(()),
            Ok(n) => n,
            Err(error) if is_turn(&error) => 0,
            Err(error) => return Err(error),
        };
        if n == 0 && (stop.load(Ordering::Acquire) || start.elapsed() > PATIENCE) {
            return Ok(());
        }
    }
}

/// Ends the stream, then swallows what comes until the client closes too: closing with bytes unread would be a reset.
fn close(mut stream: &TcpStream) -> io::Result<()> {
    stream.shutdown(Shutdown::Write)?;
    let start = Instant::now();
    let mut swallowed = [0; 4096];
    while start.elapsed() < Duration::from_secs(1) {
        match stream.read(&mut swallowed) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if is_turn(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn is_turn(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};

    matches!(error.kind(), WouldBlock | TimedOut | Interrupted)
}
