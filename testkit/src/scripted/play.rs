//! Plays a script and reports where the client left it.

use core::error::Error;
use core::fmt;
use core::net::{Ipv4Addr, SocketAddr};
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::request::{Limits, parse_request};
use super::script::{Script, Step};

/// How long one wait lasts before the player looks whether it is still wanted.
const TURN: Duration = Duration::from_millis(20);
/// How soon a new connection is seen.
const ACCEPT_TURN: Duration = Duration::from_millis(1);
/// What an expectation may hold that was read and not yet used, in bytes.
const PENDING: usize = 64 * 1024 * 1024;

/// A server that plays a [`Script`]. Stops when it is dropped.
#[derive(Debug)]
pub struct ScriptedServer {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    player: Option<JoinHandle<Played>>,
}

/// The commands that were asked for by [`Script::expect_command`], or where the client left the script.
type Played = Result<Vec<Vec<Vec<u8>>>, Mismatch>;

/// Where a client did something else than the script expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Which step of the script, from 0.
    pub step: usize,
    /// What was expected and what came.
    pub what: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {} of the script: {}", self.step, self.what)
    }
}

impl Error for Mismatch {}

impl ScriptedServer {
    /// Listens on a free loopback port and plays the script there.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn start(script: Script) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        if let Some(bytes) = script.receive_buffer {
            // Set on the listener, because the window is announced when a connection is accepted.
            rustix::net::sockopt::set_socket_recv_buffer_size(&listener, bytes)?;
        }
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&stop);
        let player = thread::Builder::new()
            .name("scripted server".to_owned())
            .spawn(move || Player::new(listener, theirs).play(&script.steps))?;
        Ok(Self {
            address,
            stop,
            player: Some(player),
        })
    }

    /// Where clients connect to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Plays what can still be played without waiting, and returns the commands that were expected one by one.
    ///
    /// # Errors
    /// Where the client left the script: it sent something else, something more, or not enough.
    pub fn finish(mut self) -> Result<Vec<Vec<Vec<u8>>>, Mismatch> {
        self.stop.store(true, Ordering::Release);
        let broken = |what: &str| Mismatch {
            step: 0,
            what: what.to_owned(),
        };
        let player = self.player.take().ok_or_else(|| broken("finished twice"))?;
        player.join().map_err(|_| broken("the player panicked"))?
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(player) = self.player.take() {
            let _ = player.join();
        }
    }
}

struct Player {
    listener: TcpListener,
    stop: Arc<AtomicBool>,
    step: usize,
    stream: Option<TcpStream>,
    /// Read and not yet expected.
    pending: Vec<u8>,
    commands: Vec<Vec<Vec<u8>>>,
}

/// What a read brought.
enum Came {
    Bytes,
    End,
    /// The script is to finish, and nothing is there.
    Nothing,
}

impl Player {
    fn new(listener: TcpListener, stop: Arc<AtomicBool>) -> Self {
        Self {
            listener,
            stop,
            step: 0,
            stream: None,
            pending: Vec::new(),
            commands: Vec::new(),
        }
    }

    fn play(mut self, steps: &[Step]) -> Played {
        for (number, step) in steps.iter().enumerate() {
            self.step = number;
            self.take(step)?;
        }
        self.step = steps.len();
        self.nothing_more()?;
        Ok(self.commands)
    }

    fn take(&mut self, step: &Step) -> Result<(), Mismatch> {
        match step {
            Step::Expect(bytes) => self.expect(bytes),
            Step::ExpectCommand => self.expect_command(),
            Step::ExpectEnd => self.nothing_more(),
            Step::Send { bytes, piece } => {
                bytes.chunks(*piece).try_for_each(|piece| self.send(piece))
            }
            Step::Wait(time) => {
                let end = Instant::now() + *time;
                self.idle(|| Instant::now() >= end);
                Ok(())
            }
            Step::HalfClose => self.with_stream(|stream| stream.shutdown(Shutdown::Write)),
            Step::Close => self.close(),
            Step::Reset => {
                self.with_stream(crate::proxy::linger_zero)?;
                self.leave();
                Ok(())
            }
            Step::StopReading => {
                self.with_stream(|_| Ok(()))?;
                self.idle(|| false);
                self.leave();
                Ok(())
            }
            Step::NextConnection => {
                self.nothing_more()?;
                self.leave();
                self.with_stream(|_| Ok(()))
            }
        }
    }

    fn expect(&mut self, expected: &[u8]) -> Result<(), Mismatch> {
        loop {
            let seen = self.pending.len().min(expected.len());
            let (got, wanted) = (&self.pending[..seen], &expected[..seen]);
            if got != wanted {
                let at = got
                    .iter()
                    .zip(wanted)
                    .position(|(got, wanted)| got != wanted)
                    .unwrap_or(seen);
                let got = shown(&self.pending);
                return Err(self.mismatch(format!(
                    "expected {}, got {got} (they differ at byte {at})",
                    shown(expected)
                )));
            }
            if seen == expected.len() {
                self.pending.drain(..seen);
                return Ok(());
            }
            self.more(|| shown(expected))?;
        }
    }

    fn expect_command(&mut self) -> Result<(), Mismatch> {
        loop {
            match parse_request(&self.pending, Limits::AUTHENTICATED) {
                Ok(None) => self.more(|| "a whole command".to_owned())?,
                Ok(Some(request)) => {
                    self.pending.drain(..request.bytes);
                    self.commands.push(request.arguments);
                    return Ok(());
                }
                Err(error) => {
                    return Err(self.mismatch(format!(
                        "expected a command, got {} ({error})",
                        shown(&self.pending)
                    )));
                }
            }
        }
    }

    /// The client sends nothing more, until it closes or the script is to finish.
    fn nothing_more(&mut self) -> Result<(), Mismatch> {
        if self.stream.is_none() {
            return Ok(());
        }
        if self.pending.is_empty() {
            match self.read() {
                // A client may break the connection that it has done with.
                Ok(Came::End | Came::Nothing) | Err(_) => return Ok(()),
                Ok(Came::Bytes) => {}
            }
        }
        Err(self.mismatch(format!(
            "expected nothing more, got {}",
            shown(&self.pending)
        )))
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), Mismatch> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let stopped = self.stop.load(Ordering::Acquire);
            match self.stream()?.write(rest) {
                Ok(n) => rest = &rest[n..],
                Err(error) if is_turn(&error) && !stopped => {}
                Err(error) => {
                    return Err(
                        self.mismatch(format!("{} bytes could not be sent: {error}", rest.len()))
                    );
                }
            }
        }
        Ok(())
    }

    /// Ends the stream, then swallows what comes until the client closes too: closing with bytes unread would be a reset.
    fn close(&mut self) -> Result<(), Mismatch> {
        self.with_stream(|stream| stream.shutdown(Shutdown::Write))?;
        self.pending.clear();
        while let Ok(Came::Bytes) = self.read() {
            self.pending.clear();
        }
        self.leave();
        Ok(())
    }

    fn leave(&mut self) {
        self.stream = None;
        self.pending.clear();
    }

    /// Reads more of what an expectation waits for.
    fn more(&mut self, expected: impl Fn() -> String) -> Result<(), Mismatch> {
        let why = match self.read() {
            Ok(Came::Bytes) if self.pending.len() <= PENDING => return Ok(()),
            Ok(Came::Bytes) => "too much".to_owned(),
            Ok(Came::End) => "the end of the stream".to_owned(),
            Ok(Came::Nothing) => "nothing more".to_owned(),
            Err(error) => error.to_string(),
        };
        let before = if self.pending.is_empty() {
            String::new()
        } else {
            format!("{} and then ", shown(&self.pending))
        };
        Err(self.mismatch(format!("expected {}, got {before}{why}", expected())))
    }

    fn read(&mut self) -> io::Result<Came> {
        let mut buffer = [0; 16 * 1024];
        loop {
            let stopped = self.stop.load(Ordering::Acquire);
            let mut stream = match self.stream() {
                Ok(stream) => stream,
                Err(mismatch) => return Err(io::Error::other(mismatch.what)),
            };
            match stream.read(&mut buffer) {
                Ok(0) => return Ok(Came::End),
                Ok(n) => {
                    self.pending.extend_from_slice(&buffer[..n]);
                    return Ok(Came::Bytes);
                }
                Err(error) if !is_turn(&error) => return Err(error),
                Err(_) if stopped => return Ok(Came::Nothing),
                Err(_) => {}
            }
        }
    }

    /// The connection that the script is at; waits for it if need be.
    fn stream(&mut self) -> Result<&TcpStream, Mismatch> {
        if self.stream.is_none() {
            let stream = self.accept()?;
            self.stream = Some(stream);
        }
        self.stream
            .as_ref()
            .ok_or_else(|| self.mismatch("no connection".to_owned()))
    }

    fn accept(&self) -> Result<TcpStream, Mismatch> {
        loop {
            let stopped = self.stop.load(Ordering::Acquire);
            match self.listener.accept() {
                Ok((stream, _)) => {
                    return prepare(stream).map_err(|error| self.mismatch(error.to_string()));
                }
                Err(_) if stopped => {
                    return Err(self.mismatch("expected a connection, none came".to_owned()));
                }
                Err(_) => thread::sleep(ACCEPT_TURN),
            }
        }
    }

    fn with_stream(
        &mut self,
        act: impl FnOnce(&TcpStream) -> io::Result<()>,
    ) -> Result<(), Mismatch> {
        let done = act(self.stream()?);
        done.map_err(|error| self.mismatch(error.to_string()))
    }

    fn idle(&self, over: impl Fn() -> bool) {
        while !over() && !self.stop.load(Ordering::Acquire) {
            thread::sleep(ACCEPT_TURN);
        }
    }

    fn mismatch(&self, what: String) -> Mismatch {
        Mismatch {
            step: self.step,
            what,
        }
    }
}

fn prepare(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nonblocking(false)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(TURN))?;
    stream.set_write_timeout(Some(TURN))?;
    Ok(stream)
}

fn is_turn(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}

/// Bytes as a person reads them, the beginning of them if there are many.
fn shown(bytes: &[u8]) -> String {
    const MOST: usize = 200;
    let beginning = bytes[..bytes.len().min(MOST)].escape_ascii();
    match bytes.len() {
        0..=MOST => format!("\"{beginning}\""),
        more => format!("\"{beginning}\"… ({more} bytes)"),
    }
}
