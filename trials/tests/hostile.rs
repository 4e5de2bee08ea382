//! Hostile servers over every transport: each flight ends with a named error or a normal outcome, and in bounded memory.

mod allocator;

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use respipe_core::Fate;
use respipe_core::pipeline::Why;
use respipe_testkit::conformance::HELLO;
use respipe_testkit::scripted::{Limits, parse_request};
use trials::{Books, End, Terms, Transport, all};

/// Commands of a flight.
const COMMANDS: usize = 4;
/// How long a transport waits for anything.
const PATIENCE: Duration = Duration::from_millis(200);
/// The receive buffer, in bytes.
const RX: usize = 16 * 1024;
/// What a flight may take at once besides its buffers: runtimes, sockets' state, a copy of what was told.
const MEMORY: usize = 512 * 1024;

/// What a server sends once it has the first command.
#[derive(Clone, Copy)]
enum Sends {
    /// This, once; then it says nothing more and keeps the connection.
    Once(&'static [u8]),
    /// The first, then the second for as long as it is taken.
    Endless(&'static [u8], &'static [u8]),
    /// The bytes one by one, a few a patience.
    Drips(&'static [u8]),
    /// This, and closes.
    Closes(&'static [u8]),
}
use Sends::{Closes, Drips, Endless, Once};

/// How the first command may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// It is answered, with whatever was sent.
    Replied,
    /// It ends unknown, and the connection with an error that holds this.
    Error(&'static str),
    /// It ends unknown: the time was up.
    TimedOut,
}
use Expected::{Error, Replied, TimedOut};

const SCENARIOS: &[(&str, Sends, Expected)] = &[
    (
        "the largest bulk",
        Once(b"$9223372036854775807\r\nx"),
        TimedOut,
    ),
    (
        "the largest bulk, and its bytes",
        Endless(b"$9223372036854775807\r\n", &[b'x'; 4096]),
        TimedOut,
    ),
    (
        "the largest array",
        Once(b"*9223372036854775807\r\n:1\r\n"),
        TimedOut,
    ),
    (
        "the largest array, and its elements",
        Endless(b"*9223372036854775807\r\n", b"_\r\n"),
        TimedOut,
    ),
    (
        "more values than can be counted",
        Once(b"*9223372036854775807\r\n%9223372036854775807\r\n%9223372036854775807\r\n"),
        Error("protocol"),
    ),
    (
        "a length beyond 64 bits",
        Once(b"$92233720368547758070\r\n"),
        Error("protocol"),
    ),
    ("a negative length", Once(b"$-2\r\n"), Error("protocol")),
    ("a negative count", Once(b"*-9\r\n"), Error("protocol")),
    (
        "a million arrays, one in the other",
        Endless(b"", b"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"),
        TimedOut,
    ),
    ("an endless status", Endless(b"+", &[b'x'; 4096]), TimedOut),
    ("an endless error", Endless(b"-", &[b'x'; 4096]), TimedOut),
    (
        "an endless number",
        Endless(b":", b"00000000"),
        Error("protocol"),
    ),
    (
        "an endless length",
        Endless(b"$", b"1111"),
        Error("protocol"),
    ),
    (
        "endless pushes",
        Endless(b"", b">2\r\n+tick\r\n:1\r\n"),
        TimedOut,
    ),
    (
        "an endless push",
        Endless(b">9223372036854775807\r\n", b"+tick\r\n"),
        TimedOut,
    ),
    (
        "endless attributes",
        Endless(b"", b"|1\r\n+a\r\n#t\r\n"),
        TimedOut,
    ),
    (
        "endless attributes in attributes",
        Endless(b"", b"|1\r\n"),
        TimedOut,
    ),
    (
        "pushes without end inside an array",
        Endless(b"*1\r\n", b">1\r\n+x\r\n"),
        TimedOut,
    ),
    (
        "replies that nobody asked for",
        Once(b"+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n"),
        Replied,
    ),
    (
        "an aggregate that is cut",
        Closes(b"*3\r\n:1\r\n$5\r\nhel"),
        Error(""),
    ),
    ("an answer and a close", Closes(b":1\r\n"), Replied),
    (
        "a wrong terminator",
        Once(b"$3\r\nfooXY:1\r\n"),
        Error("protocol"),
    ),
    ("a lone LF", Once(b"+OK\n"), Error("protocol")),
    ("a type that is none", Once(b"@x\r\n"), Error("")),
    (
        "another protocol",
        Once(b"HTTP/1.1 400 Bad Request\r\n"),
        Error(""),
    ),
    ("TLS", Once(b"\x15\x03\x01\x00\x02\x02\x46"), Error("")),
    (
        "streamed types",
        Once(b"$?\r\n;4\r\nabcd\r\n;0\r\n"),
        Error("protocol"),
    ),
    (
        "a map where an integer belongs",
        Once(b"%1\r\n+a\r\n*0\r\n"),
        Replied,
    ),
    ("a null where an integer belongs", Once(b"_\r\n"), Replied),
    (
        "a farewell",
        Closes(b"-ERR Protocol error: unbalanced quotes\r\n"),
        Error(""),
    ),
    ("more than fits", Once(b"*1\r\n$20000\r\n"), TimedOut),
    (
        "a drip",
        Drips(b"$100\r\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        TimedOut,
    ),
    ("silence", Once(b""), TimedOut),
    ("a close without a word", Closes(b""), Error("")),
];

/// A server that answers a handshake, and then sends what it will. Ends when it is dropped.
struct Hostile {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Hostile {
    fn start(sends: Sends) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            while !theirs.load(Ordering::Acquire) {
                match listener.accept() {
                    // What goes wrong here is the client's doing.
                    Ok((stream, _)) => drop(talk(stream, sends, &theirs)),
                    Err(_) => thread::sleep(Duration::from_millis(1)),
                }
            }
        });
        Ok(Self {
            address,
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn talk(mut stream: TcpStream, sends: Sends, stop: &AtomicBool) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(Duration::from_millis(2)))?;
    stream.set_write_timeout(Some(Duration::from_millis(20)))?;
    let (mut came, mut piece) = (Vec::with_capacity(4096), [0; 512]);
    loop {
        match stream.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(n) => came.extend_from_slice(&piece[..n]),
            Err(_) if stop.load(Ordering::Acquire) => return Ok(()),
            Err(_) => continue,
        }
        while let Ok(Some(request)) = parse_request(&came, Limits::AUTHENTICATED) {
            match request.arguments[0].as_slice() {
                b"HELLO" => stream.write_all(HELLO)?,
                b"CLIENT" => stream.write_all(b"+OK\r\n")?,
                _ => return misbehave(&mut stream, sends, stop),
            }
            came.drain(..request.bytes);
        }
    }
}

fn misbehave(stream: &mut TcpStream, sends: Sends, stop: &AtomicBool) -> io::Result<()> {
    match sends {
        Once(bytes) => stream.write_all(bytes)?,
        Closes(bytes) => {
            stream.write_all(bytes)?;
            stream.shutdown(Shutdown::Write)?;
        }
        Drips(bytes) => {
            for byte in bytes {
                stream.write_all(&[*byte])?;
                if stop.load(Ordering::Acquire) {
                    return Ok(());
                }
                thread::sleep(PATIENCE / 8);
            }
        }
        Endless(first, again) => {
            stream.write_all(first)?;
            // Whole repetitions, as many as a write likes.
            let block = again.repeat(1 + 4096 / again.len());
            let mut rest: &[u8] = &[];
            while !stop.load(Ordering::Acquire) {
                if rest.is_empty() {
                    rest = &block;
                }
                match stream.write(rest) {
                    Ok(n) => rest = &rest[n..],
                    Err(error) if is_full(&error) => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }
    // Stays until the client has gone.
    let mut swallowed = [0; 512];
    while !stop.load(Ordering::Acquire) {
        match stream.read(&mut swallowed) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if is_full(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted)
}

/// What does not fit, if something does not.
fn check(expected: Expected, flight: &trials::Flight) -> Result<(), String> {
    let ends = flight.one_each()?;
    let unknown = matches!(ends[0], End::Ended(Fate::Unknown(_)));
    let fits = match expected {
        Replied => matches!(ends[0], End::Replied(_)),
        TimedOut => unknown,
        Error(text) => {
            let error = flight.error.as_deref().unwrap_or_default().to_lowercase();
            unknown && !error.is_empty() && error.contains(text)
        }
    };
    // Whatever it is, nobody was given what was not sent for it.
    let timed_out = End::Ended(Fate::Unknown(Why::TimedOut));
    match fits || (expected == TimedOut && *ends[0] == timed_out) {
        true => Ok(()),
        false => Err(format!("{expected:?} was expected")),
    }
}

/// One scenario over one transport.
fn play(
    transport: &dyn Transport,
    terms: &Terms,
    sends: Sends,
    expected: Expected,
) -> Result<(), String> {
    let server = Hostile::start(sends).expect("a loopback port");
    let commands = Books::incrs("k", COMMANDS);
    let start = Instant::now();
    let fly = || transport.flight(server.address, terms, &commands);
    let (flight, most) = allocator::most_at_once(fly);
    let took = start.elapsed();
    let shown = |what: String| format!("{what}\n    {:?} {:?}", flight.error, flight.ends);
    check(expected, &flight).map_err(shown)?;
    if most > MEMORY + RX + terms.tx + transport.surroundings() {
        return Err(shown(format!("{most} bytes at once")));
    }
    // Whoever hangs takes for ever; whoever is slow, on a busy machine, does not.
    match took > terms.patience * 20 {
        true => Err(shown(format!("took {took:?}"))),
        false => Ok(()),
    }
}

/// One test, so that nothing else allocates meanwhile.
#[test]
fn every_hostile_server_meets_a_named_end_within_its_deadline_and_bounded_memory() {
    let mut wrong = Vec::new();
    for transport in all() {
        for resp3 in [false, true] {
            for (name, sends, expected) in SCENARIOS {
                // On a machine that is busy with other things, patience may end before the scenario does.
                let tries = [PATIENCE, PATIENCE * 12];
                let attempt = |patience| {
                    let terms = Terms {
                        resp3,
                        patience,
                        rx: RX,
                        ..Terms::DEFAULT
                    };
                    play(transport.as_ref(), &terms, *sends, *expected)
                };
                let tried = attempt(tries[0]).or_else(|_| attempt(tries[1]));
                if let Err(what) = tried {
                    wrong.push(format!(
                        "{}, resp3 {resp3}, {name}: {what}",
                        transport.name()
                    ));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of them:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
