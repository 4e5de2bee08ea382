//! A server that deviates from Redis as KeyDB 6.3.4 does, since no package ships KeyDB.
//!
//! What was seen on the real one, and is played here:
//!
//! 1. It parses all that a read brought before it runs any of it. So the limits for clients that are not logged in (10 arguments,
//!    16 KiB a bulk) hold for what stands behind an AUTH in the same write.
//! 2. A protocol error stands where the first reply should: nothing of what that read brought has run.
//! 3. What was pipelined behind a blocking command does not run until more bytes arrive.
//! 4. `CLIENT SETINFO` is an error.

use core::net::{Ipv4Addr, SocketAddr};
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::collections::{HashMap, VecDeque};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::request::{Limits, parse_request};

const TURN: Duration = Duration::from_millis(20);
/// More keys than this are not stored, more connections not accepted.
const KEYS: usize = 10_000;
const CONNECTIONS: usize = 64;
/// The longest unfinished command, in bytes.
const PENDING: usize = 1024 * 1024;

/// A running server that behaves as KeyDB does. It knows PING, ECHO, AUTH, HELLO, SELECT, CLIENT, SET, GET, BLPOP (whose list is
/// always empty) and QUIT; each connection has keys of its own. Ends when it is dropped.
#[derive(Debug)]
pub struct KeyDb {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    acceptor: Option<JoinHandle<()>>,
}

impl KeyDb {
    /// Starts it on a free loopback port, with or without a password for the default user.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn start(password: Option<&str>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&stop);
        let password = password.map(|password| password.as_bytes().to_vec());
        let acceptor = thread::Builder::new()
            .name("keydb".to_owned())
            .spawn(move || accept(&listener, password.as_deref(), &theirs))?;
        Ok(Self {
            address,
            stop,
            acceptor: Some(acceptor),
        })
    }

    /// Where clients connect to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for KeyDb {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        // Wakes the acceptor.
        drop(TcpStream::connect(self.address));
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

fn accept(listener: &TcpListener, password: Option<&[u8]>, stop: &AtomicBool) {
    thread::scope(|scope| {
        let mut clients = Vec::new();
        while let Ok((stream, _)) = listener.accept() {
            if stop.load(Ordering::Acquire) {
                break;
            }
            clients.retain(|client: &thread::ScopedJoinHandle<'_, ()>| !client.is_finished());
            if clients.len() < CONNECTIONS {
                clients.push(scope.spawn(move || {
                    // A client that goes away is no failure of the server's.
                    let _ = Client::new(&stream, password, stop).serve();
                }));
            }
        }
    });
}

struct Client<'a> {
    stream: &'a TcpStream,
    password: Option<&'a [u8]>,
    stop: &'a AtomicBool,
    authenticated: bool,
    resp3: bool,
    keys: HashMap<Vec<u8>, Vec<u8>>,
    bytes: Vec<u8>,
    parsed: VecDeque<Vec<Vec<u8>>>,
}

/// What comes after a command.
#[derive(PartialEq, Eq)]
enum Next {
    Command,
    /// Wait for more bytes, even if parsed commands are waiting.
    Bytes,
    Close,
}

impl<'a> Client<'a> {
    fn new(stream: &'a TcpStream, password: Option<&'a [u8]>, stop: &'a AtomicBool) -> Self {
        Self {
            stream,
            password,
            stop,
            authenticated: password.is_none(),
            resp3: false,
            keys: HashMap::new(),
            bytes: Vec::new(),
            parsed: VecDeque::new(),
        }
    }

    fn serve(mut self) -> io::Result<()> {
        self.stream.set_read_timeout(Some(TURN))?;
        self.stream.set_nodelay(true)?;
        while self.read()? {
            if let Err(error) = self.parse() {
                self.reply(format!("-ERR Protocol error: {error}\r\n").as_bytes())?;
                return self.close();
            }
            while let Some(command) = self.parsed.pop_front() {
                match self.run(&command)? {
                    Next::Command => {}
                    Next::Bytes => break,
                    Next::Close => return self.close(),
                }
            }
        }
        Ok(())
    }

    /// Whether there is more to serve.
    fn read(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 64 * 1024];
        while !self.stop.load(Ordering::Acquire) && self.bytes.len() < PENDING {
            match self.stream.read(&mut buffer) {
                Ok(n) => {
                    self.bytes.extend_from_slice(&buffer[..n]);
                    return Ok(n > 0);
                }
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                    ) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// All of what was read, by the limits that hold now and not by those that an AUTH among it would bring.
    fn parse(&mut self) -> Result<(), String> {
        let limits = if self.authenticated {
            Limits::AUTHENTICATED
        } else {
            Limits::UNAUTHENTICATED
        };
        while let Some(request) = parse_request(&self.bytes, limits)? {
            self.bytes.drain(..request.bytes);
            if !request.arguments.is_empty() {
                self.parsed.push_back(request.arguments);
            }
        }
        Ok(())
    }

    fn run(&mut self, command: &[Vec<u8>]) -> io::Result<Next> {
        let arguments: Vec<&[u8]> = command.iter().map(Vec::as_slice).collect();
        let name = arguments[0].to_ascii_uppercase();
        match (name.as_slice(), &arguments[1..]) {
            (b"QUIT", _) => {
                self.reply(b"+OK\r\n")?;
                return Ok(Next::Close);
            }
            (b"AUTH", [.., password]) => self.auth(password)?,
            (b"HELLO", options) => self.hello(options)?,
            _ if !self.authenticated => self.reply(b"-NOAUTH Authentication required.\r\n")?,
            (b"PING", []) => self.reply(b"+PONG\r\n")?,
            (b"ECHO", [text]) => self.reply_bulk(text)?,
            (b"SELECT", [_]) => self.reply(b"+OK\r\n")?,
            (b"CLIENT", [subcommand, ..]) if subcommand.eq_ignore_ascii_case(b"SETNAME") => {
                self.reply(b"+OK\r\n")?;
            }
            (b"CLIENT", [subcommand, ..]) => {
                let text = subcommand.escape_ascii();
                let error = format!(
                    "-ERR Unknown subcommand or wrong number of arguments for '{text}'. Try CLIENT HELP\r\n"
                );
                self.reply(error.as_bytes())?;
            }
            (b"SET", [key, value]) if self.keys.len() < KEYS => {
                self.keys.insert(key.to_vec(), value.to_vec());
                self.reply(b"+OK\r\n")?;
            }
            (b"GET", [key]) => match self.keys.get(*key).cloned() {
                Some(value) => self.reply_bulk(&value)?,
                None => self.reply_null(b"$-1\r\n")?,
            },
            (b"BLPOP", [.., seconds]) => {
                self.block(seconds);
                self.reply_null(b"*-1\r\n")?;
                return Ok(Next::Bytes);
            }
            _ => {
                let text = arguments[0].escape_ascii();
                self.reply(
                    format!("-ERR unknown command `{text}`, with args beginning with: \r\n")
                        .as_bytes(),
                )?;
            }
        }
        Ok(Next::Command)
    }

    fn auth(&mut self, password: &[u8]) -> io::Result<()> {
        match self.password {
            None => self.reply(b"-ERR AUTH <password> called without any password configured for the default user.\r\n"),
            Some(expected) if expected == password => {
                self.authenticated = true;
                self.reply(b"+OK\r\n")
            }
            Some(_) => self.reply(b"-WRONGPASS invalid username-password pair or user is disabled.\r\n"),
        }
    }

    fn hello(&mut self, options: &[&[u8]]) -> io::Result<()> {
        let resp3 = match options.first().copied() {
            None => self.resp3,
            Some(b"2") => false,
            Some(b"3") => true,
            Some(_) => return self.reply(b"-NOPROTO unsupported protocol version\r\n"),
        };
        let login = options
            .windows(3)
            .find(|words| words[0].eq_ignore_ascii_case(b"AUTH"));
        if let Some([_, _, password]) = login {
            // Where no password is set the default user takes any.
            if self.password.is_some_and(|expected| expected != *password) {
                return self
                    .reply(b"-WRONGPASS invalid username-password pair or user is disabled.\r\n");
            }
            self.authenticated = true;
        }
        if !self.authenticated {
            return self.reply(
                b"-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option \
                can be used to authenticate the client and select the RESP protocol version at the same time\r\n",
            );
        }
        self.resp3 = resp3;
        let (header, version) = if resp3 { ("%7", 3) } else { ("*14", 2) };
        let text = format!(
            "{header}\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n6.3.4\r\n$5\r\nproto\r\n:{version}\r\n$2\r\nid\r\n:3\r\n\
            $4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n"
        );
        self.reply(text.as_bytes())
    }

    /// Waits as long as the list that never gets an element is waited for; 0 is for ever.
    fn block(&self, seconds: &[u8]) {
        let seconds = core::str::from_utf8(seconds)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(0.0);
        let time = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO);
        let start = Instant::now();
        while !self.stop.load(Ordering::Acquire) && (time.is_zero() || start.elapsed() < time) {
            thread::sleep(
                TURN.min(
                    time.saturating_sub(start.elapsed())
                        .max(Duration::from_millis(1)),
                ),
            );
        }
    }

    fn reply(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    fn reply_bulk(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut text = format!("${}\r\n", bytes.len()).into_bytes();
        text.extend_from_slice(bytes);
        text.extend_from_slice(b"\r\n");
        self.reply(&text)
    }

    fn reply_null(&mut self, resp2: &[u8]) -> io::Result<()> {
        if self.resp3 {
            self.reply(b"_\r\n")
        } else {
            self.reply(resp2)
        }
    }

    /// Ends the stream and swallows what comes until the client closes too: closing with bytes unread would be a reset.
    fn close(mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)?;
        while self.read()? {
            self.bytes.clear();
        }
        Ok(())
    }
}
