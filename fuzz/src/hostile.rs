//! A server that sends anything: each command ends once, and the pipeline comes to an end.

use respipe_core::encode::RawCommand;
use respipe_core::login::Protocol;
use respipe_core::pipeline::{
    Config, Event, Flush, Heap, LoginBuf, Oversize, Resend, Sizes, State, Ticket, Window,
};
use respipe_core::{Duration, Fate, Instant, Pipeline};
use respipe_testkit::chance::Chance;
use respipe_testkit::conformance::{HELLO, Request};

/// What the application submits: something of each kind that the guard tells apart.
const COMMANDS: &[&str] = &[
    "GET k",
    "PING",
    "SUBSCRIBE a b",
    "UNSUBSCRIBE",
    "PSUBSCRIBE p",
    "MULTI",
    "EXEC",
    "CLIENT REPLY OFF",
    "CLIENT REPLY SKIP",
    "CLIENT REPLY ON",
    "RESET",
    "MONITOR",
    "QUIT",
    "HELLO 3",
    "HELLO 2",
    "BLPOP k 0",
    "WATCH k",
];

/// What a server might send, besides what the bytes spell.
const SENT: &[&[u8]] = &[
    b"+OK\r\n",
    HELLO,
    b"-ERR unknown command\r\n",
    b"-NOPROTO x\r\n",
    b"-ERR Protocol error: x\r\n",
    b"+RESET\r\n",
    b">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n",
    b"*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n",
    b">3\r\n$11\r\nunsubscribe\r\n_\r\n:0\r\n",
    b"*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n",
    b"*2\r\n>2\r\n+invalidate\r\n:1\r\n",
    b"|1\r\n+a\r\n#t\r\n",
    b"$200\r\n",
    b"*9223372036854775807\r\n",
    b"$9223372036854775807\r\n",
    b"%9223372036854775807\r\n",
    b"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
    b"+no end of this line",
    b"(1",
];

/// More events than bytes and commands can have made.
const MOST_EVENTS: usize = 20_000;

/// Plays the application, the clock and the server that these bytes spell.
///
/// # Panics
/// If a command ends twice or not at all, nothing moves any more, or memory is not given back.
pub fn target(bytes: &[u8]) {
    let mut run = Run::new(Chance::of_bytes(bytes));
    while !run.chance.is_over() {
        run.step();
    }
    run.conclude();
}

struct Run<'a> {
    chance: Chance<'a>,
    pipeline: Pipeline<Heap<usize>>,
    sizes: Sizes,
    /// By tag: how often it ended, and its ticket.
    ended: Vec<(u32, Option<Ticket>)>,
    now: Instant,
}

impl<'a> Run<'a> {
    fn new(mut chance: Chance<'a>) -> Self {
        let sizes = Sizes {
            tx: chance.usize(40..200),
            rx: chance.usize(64..300),
            depth: chance.usize(1..9),
        };
        let config = Config {
            window: Window {
                commands: chance.u32(0..4),
                sent_bytes: chance.u32(0..2) * 50,
                reply_bytes: chance.u32(0..2) * 100,
            },
            flush: [Flush::WhenIdle, Flush::Explicit][usize::from(chance.u32(0..8) == 0)],
            resend: [Resend::Never, Resend::NotSent, Resend::Replayable][chance.usize(0..3)],
            oversize: [Oversize::Skip, Oversize::Stream][chance.usize(0..2)],
            reply_timeout: Duration::from_millis(chance.u64(0..2) * 30),
            silence_limit: Duration::from_millis(chance.u64(0..2) * 70),
            shared: chance.u32(0..8) == 1,
        };
        let protocol = [Protocol::Auto, Protocol::Resp2, Protocol::Resp3][chance.usize(0..3)];
        let login = LoginBuf {
            protocol,
            ..LoginBuf::default()
        };
        let mut pipeline = Pipeline::new(Heap::new(sizes, login));
        pipeline.configure(config);
        pipeline.open(Instant::ZERO);
        Self {
            chance,
            pipeline,
            sizes,
            ended: Vec::new(),
            now: Instant::ZERO,
        }
    }

    fn step(&mut self) {
        match self.chance.u32(0..32) {
            0..=7 => self.submit(),
            8..=12 => self.transmit(),
            13..=18 => {
                let n = self.chance.usize(1..33);
                let bytes = self.chance.bytes(n);
                self.receive(&bytes);
            }
            19..=26 => {
                let sent = SENT[self.chance.usize(0..SENT.len())];
                let n = match self.chance.u32(0..4) {
                    0 => self.chance.usize(0..sent.len()),
                    _ => sent.len(),
                };
                self.receive(&sent[..n]);
            }
            27 => self.wait(),
            28 => self.abandon(),
            29 => self.pipeline.flush(),
            30 => match self.chance.u32(0..3) {
                0 => self.pipeline.handle_eof(),
                1 => self.pipeline.handle_link_lost(),
                _ => self.pipeline.close(),
            },
            _ => {
                if self.pipeline.state() == State::Down {
                    self.events();
                    self.pipeline.open(self.now);
                }
            }
        }
    }

    fn submit(&mut self) {
        let text = COMMANDS[self.chance.usize(0..COMMANDS.len())];
        let wire = Request::from(text).wire();
        let (mut command, _) = RawCommand::split(&wire).expect("a whole command");
        if self.chance.bool() {
            command = command.replayable();
        }
        let tag = self.ended.len();
        match self.pipeline.submit(&command, tag, self.now) {
            Ok(ticket) => self.ended.push((0, Some(ticket))),
            Err(error) => assert_eq!(error.tag, tag),
        }
    }

    fn transmit(&mut self) {
        if let Some(bytes) = self.pipeline.poll_transmit() {
            assert!(!bytes.is_empty());
            let n = match self.chance.u32(0..3) {
                0 => self.chance.usize(0..bytes.len()),
                _ => bytes.len(),
            };
            self.pipeline.transmitted(n, self.now);
        }
    }

    /// All of it is taken, or the link is down.
    fn receive(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let n = self.pipeline.handle_input(bytes, self.now);
            bytes = &bytes[n..];
            if n == 0 {
                self.events();
                let lives = matches!(self.pipeline.state(), State::Up | State::LoggingIn);
                assert!(!lives || !self.pipeline.recv_space().is_empty(), "stuck");
                if !lives {
                    return;
                }
            }
        }
        if self.chance.bool() {
            self.events();
        }
    }

    fn events(&mut self) {
        for _ in 0..MOST_EVENTS {
            let tag = match self.pipeline.poll_event() {
                Ok(None) | Err(_) => return,
                Ok(Some(Event::Push(push))) => {
                    assert!(push.as_raw().len() <= self.sizes.rx);
                    continue;
                }
                Ok(Some(Event::Token(_))) => continue,
                Ok(Some(Event::Reply { tag, reply })) => {
                    assert!(reply.as_raw().len() <= self.sizes.rx);
                    let walked = reply.cursor().count();
                    assert!(walked > 0 && walked <= reply.as_raw().len());
                    tag
                }
                Ok(Some(Event::TooLarge {
                    tag, bytes, head, ..
                })) => {
                    assert!(bytes > self.sizes.rx as u64 && head.len() <= 64);
                    tag
                }
                Ok(Some(Event::Streamed { tag, .. } | Event::Ended { tag, .. })) => tag,
            };
            self.end(tag);
        }
        panic!("events without end");
    }

    fn end(&mut self, tag: usize) {
        self.ended[tag].0 += 1;
        assert_eq!(self.ended[tag].0, 1, "{tag} ended before");
    }

    fn abandon(&mut self) {
        if self.ended.is_empty() {
            return;
        }
        let tag = self.chance.usize(0..self.ended.len());
        // A ticket is worthless once its command has ended.
        if let (0, Some(ticket)) = self.ended[tag] {
            self.give_up(tag, ticket);
        }
    }

    fn give_up(&mut self, tag: usize, ticket: Ticket) {
        if let Some((ended, fate)) = self.pipeline.abandon(ticket) {
            assert_eq!(ended, tag);
            assert!(matches!(
                fate,
                Fate::NotSent | Fate::Unknown(_) | Fate::Silent
            ));
            self.end(tag);
        }
    }

    fn wait(&mut self) {
        self.now = self
            .now
            .after(Duration::from_millis(self.chance.u64(0..80)));
        if self
            .pipeline
            .poll_timeout()
            .is_some_and(|due| due <= self.now)
        {
            self.pipeline.handle_timeout(self.now);
            let again = self.pipeline.poll_timeout();
            assert!(
                again.is_none_or(|due| due > self.now),
                "a driver would spin"
            );
        }
    }

    fn conclude(&mut self) {
        self.pipeline.handle_eof();
        self.events();
        assert_eq!(self.pipeline.state(), State::Down);
        // What the next connection would send is given up.
        for tag in 0..self.ended.len() {
            if let (0, Some(ticket)) = self.ended[tag] {
                self.give_up(tag, ticket);
            }
        }
        self.events();
        for (tag, (times, _)) in self.ended.iter().enumerate() {
            assert_eq!(*times, 1, "how often {tag} ended");
        }
        self.pipeline.open(self.now);
        self.pipeline.handle_eof();
        self.events();
        assert_eq!(self.pipeline.in_flight(), 0, "slots are given back");
        assert_eq!(
            self.pipeline.tx_free(),
            self.sizes.tx,
            "bytes are given back"
        );
    }
}
