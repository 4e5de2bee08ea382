//! Lists of commands against a model of a server: every reply to its own command.
//!
//! Unlike [`pipeline`](crate::pipeline), whose model knows a few commands and every fault of a link, this knows every command that
//! the session guard does, and no fault.

use std::collections::VecDeque;

use respipe_core::encode::RawCommand;
use respipe_core::login::Protocol;
use respipe_core::pipeline::{
    Event, Heap, LoginBuf, PipelineError, Rejected, Sizes, SubmitError, Ticket,
};
use respipe_core::{Fate, Instant, Pipeline, cmd};
use respipe_testkit::chance::Chance;
use respipe_testkit::conformance::Request;
use respipe_testkit::scripted::{Limits, parse_request};

use crate::server::Server;

/// All that the guard looks at, and some of the rest.
const NAMES: &[&str] = &[
    "ECHO",
    "ECHO",
    "GET",
    "PING",
    "NOSUCH",
    "MULTI",
    "EXEC",
    "DISCARD",
    "WATCH",
    "UNWATCH",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "PSUBSCRIBE",
    "PUNSUBSCRIBE",
    "SSUBSCRIBE",
    "SUNSUBSCRIBE",
    "PUBLISH",
    "CLIENT",
    "CLIENT",
    "CLIENT",
    "HELLO",
    "RESET",
    "SELECT",
    "MONITOR",
    "QUIT",
    "REPLCONF",
    "BLPOP",
    "EVAL",
    "EVALSHA",
    "LPUSH",
    "LRANGE",
];

/// Words that mean something to one command or another.
const WORDS: &[&str] = &[
    "a", "b", "REPLY", "OFF", "ON", "SKIP", "2", "3", "0", "99", "a*", "x y", "",
];

/// Plays the commands that these bytes spell.
///
/// # Panics
/// If a reply comes to another command than its own, is told twice or not at all, or the guard lets framing break.
pub fn target(bytes: &[u8]) {
    // Of a reply too large for it only the first bytes are told, and the session it leaves behind is the same.
    for rx in [4096, 128] {
        let mut run = Run::new(Chance::of_bytes(bytes), rx);
        while !run.chance.is_over() && run.error.is_none() {
            run.step();
        }
        run.conclude();
    }
}

/// What is known of a command that was taken.
#[derive(Debug, Default)]
struct Taken {
    wire: Vec<u8>,
    reply: Option<Vec<u8>>,
    left: bool,
    told: u32,
}

struct Run<'a> {
    chance: Chance<'a>,
    pipeline: Pipeline<Heap<usize>>,
    protocol: Protocol,
    server: Server,
    /// What is taken, in order; the tag is the place.
    taken: Vec<Taken>,
    /// Bytes that left and make no whole command yet; the next command to leave.
    leaving: Vec<u8>,
    next: usize,
    /// The handshake's command comes first.
    greets: bool,
    /// Bytes to the client, and what pushes they hold.
    outbox: VecDeque<u8>,
    closed: bool,
    error: Option<PipelineError>,
}

impl<'a> Run<'a> {
    fn new(mut chance: Chance<'a>, rx: usize) -> Self {
        let protocol = [Protocol::Resp2, Protocol::Resp3][usize::from(chance.bool())];
        let login = LoginBuf {
            protocol,
            ..LoginBuf::default()
        };
        let sizes = Sizes {
            tx: 2048,
            rx,
            depth: 24,
        };
        let mut pipeline = Pipeline::new(Heap::new(sizes, login));
        pipeline.open(Instant::ZERO);
        Self {
            chance,
            pipeline,
            protocol,
            server: Server::default(),
            taken: Vec::new(),
            leaving: Vec::new(),
            next: 0,
            greets: protocol == Protocol::Resp3,
            outbox: VecDeque::new(),
            closed: false,
            error: None,
        }
    }

    fn step(&mut self) {
        match self.chance.u32(0..8) {
            0..=3 => self.submit(),
            4 => {
                let most = self.chance.usize(1..60);
                self.transmit(most);
            }
            5 => {
                let most = self.chance.usize(1..60);
                self.receive(most);
            }
            6 => self.events(),
            _ => {
                self.transmit(usize::MAX);
                self.receive(usize::MAX);
                self.events();
            }
        }
    }

    fn submit(&mut self) {
        let name = NAMES[self.chance.usize(0..NAMES.len())];
        let mut words = vec![name.as_bytes().to_vec()];
        match name {
            // A mark of its own.
            "ECHO" => words.push(format!("mark{}", self.taken.len()).into_bytes()),
            // What else it may be called with is one word in four.
            "CLIENT" if self.chance.u32(0..4) > 0 => {
                let mode = ["ON", "OFF", "SKIP"][self.chance.usize(0..3)];
                words.extend([b"REPLY".to_vec(), mode.as_bytes().to_vec()]);
            }
            _ => {
                for _ in 0..self.chance.usize(0..4) {
                    let word = WORDS[self.chance.usize(0..WORDS.len())];
                    words.push(word.as_bytes().to_vec());
                }
            }
        }
        let manner = self.chance.u32(0..8);
        if manner == 0 {
            words[0].make_ascii_lowercase();
        }
        let tag = self.taken.len();
        let in_pieces = manner == 7 && self.pipeline.tx_free() > 256;
        let begun = in_pieces.then(|| self.feed(name, &words[1..], tag));
        let wire = Request::from(words).wire();
        let submitted = begun.unwrap_or_else(|| {
            let (command, _) = RawCommand::split(&wire).expect("a whole command");
            self.pipeline.submit(&command, tag, Instant::ZERO)
        });
        match submitted {
            Ok(_) => self.taken.push(Taken {
                wire,
                ..Taken::default()
            }),
            Err(error) => {
                assert_eq!(error.tag, tag);
                let known = matches!(
                    error.reason,
                    Rejected::Refused(_)
                        | Rejected::NoSlot
                        | Rejected::NoRoom { .. }
                        | Rejected::Closed
                );
                assert!(known, "{error}");
            }
        }
    }

    /// Submits a command of which only the name is there at first.
    fn feed(
        &mut self,
        name: &str,
        words: &[Vec<u8>],
        tag: usize,
    ) -> Result<Ticket, SubmitError<usize>> {
        let front = cmd(name);
        let ticket = self
            .pipeline
            .begin(&front, words.len(), tag, Instant::ZERO)?;
        for word in words {
            let announced = self.pipeline.begin_argument(word.len() as u64);
            announced.expect("there is room");
            assert_eq!(self.pipeline.feed(word), word.len());
        }
        Ok(ticket)
    }

    /// Lets bytes leave, and the server run what is whole.
    fn transmit(&mut self, most: usize) -> bool {
        let Some(bytes) = self.pipeline.poll_transmit() else {
            return false;
        };
        let n = bytes.len().min(most);
        self.leaving.extend(&bytes[..n]);
        self.pipeline.transmitted(n, Instant::ZERO);
        while let Some(request) =
            parse_request(&self.leaving, Limits::AUTHENTICATED).expect("what leaves is RESP")
        {
            let wire: Vec<u8> = self.leaving.drain(..request.bytes).collect();
            assert!(!self.closed, "left behind QUIT: {}", wire.escape_ascii());
            let answer = self.server.run(&request.arguments);
            self.outbox.extend(&answer.before);
            self.outbox.extend(answer.reply.iter().flatten());
            self.closed = answer.closes;
            if self.greets {
                assert!(wire.starts_with(b"*2\r\n$5\r\nHELLO\r\n"));
                self.greets = false;
                continue;
            }
            let taken = self.taken.get_mut(self.next).expect("taken before it left");
            assert_eq!(taken.wire, wire, "in the order of submission");
            taken.left = true;
            taken.reply = answer.reply;
            self.next += 1;
            self.greets =
                taken.reply.as_deref() == Some(b"+RESET\r\n") && self.protocol == Protocol::Resp3;
        }
        n > 0
    }

    fn receive(&mut self, most: usize) -> bool {
        let room = self.pipeline.recv_space();
        let n = room.len().min(most).min(self.outbox.len());
        for place in &mut room[..n] {
            *place = self.outbox.pop_front().unwrap_or_default();
        }
        self.pipeline.recv_commit(n, Instant::ZERO);
        if n == 0 && self.closed && self.outbox.is_empty() {
            self.pipeline.handle_eof();
        }
        n > 0
    }

    fn events(&mut self) {
        loop {
            let told = match self.pipeline.poll_event() {
                Ok(None) => return,
                Ok(Some(event)) => event,
                Err(error) => {
                    assert!(self.closed && error == PipelineError::Eof, "{error}");
                    self.error = Some(error);
                    return;
                }
            };
            match told {
                Event::Reply { tag, reply } => {
                    let taken = &mut self.taken[tag];
                    taken.told += 1;
                    let own = taken.reply.as_deref().map(<[u8]>::escape_ascii);
                    assert_eq!(
                        Some(reply.as_raw().escape_ascii().to_string()),
                        own.map(|own| own.to_string()),
                        "what {} is given",
                        taken.wire.escape_ascii()
                    );
                }
                Event::TooLarge {
                    tag, bytes, head, ..
                } => {
                    let taken = &mut self.taken[tag];
                    taken.told += 1;
                    let own = taken.reply.as_deref().unwrap_or_default();
                    let fits = own.len() as u64 == bytes && own.starts_with(head);
                    let head = head.escape_ascii();
                    assert!(fits, "{} is given {head}", taken.wire.escape_ascii());
                }
                Event::Ended { tag, fate } => {
                    let taken = &mut self.taken[tag];
                    taken.told += 1;
                    let fits = match fate {
                        Fate::Silent => taken.left && taken.reply.is_none(),
                        Fate::NotSent => !taken.left,
                        Fate::Unknown(_) => self.closed,
                        Fate::Refused => false,
                    };
                    assert!(fits, "{} ended {fate}", taken.wire.escape_ascii());
                }
                Event::Push(push) => {
                    let kind = push.as_raw().first();
                    assert!(matches!(kind, Some(b'>' | b'*' | b'+')), "{push:?}");
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// All that was taken is told, once.
    fn conclude(&mut self) {
        // Events that are not told move the pipeline too: a round more than moves bytes.
        let mut idle = 0;
        while self.error.is_none() && idle < 2 {
            self.pipeline.flush();
            let mut moved = self.transmit(usize::MAX);
            moved |= self.receive(usize::MAX);
            self.events();
            idle = if moved { 0 } else { idle + 1 };
        }
        for (tag, taken) in self.taken.iter().enumerate() {
            assert_eq!(taken.told, 1, "{tag}: {taken:?}");
        }
        assert_eq!(self.pipeline.in_flight(), 0);
    }
}
