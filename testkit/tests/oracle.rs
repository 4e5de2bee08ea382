//! The session guard against real servers: random commands, marks between them, and every mark
//! must come back to its own slot.

use core::time::Duration;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;

use respipe_core::encode::RawCommand;
use respipe_core::login::Protocol;
use respipe_core::pipeline::{Event, Heap, LoginBuf, PipelineError, Rejected, Sizes};
use respipe_core::session::Refusal;
use respipe_core::{Instant, Pipeline};
use respipe_testkit::process::{Launch, ServerProcess, servers};
use respipe_testkit::skip;

/// What differs from "one command, one reply", what fails, and some of the rest.
const COMMANDS: &[&str] = &[
    "BLPOP nokey 0.01",
    "CLIENT ID",
    "CLIENT REPLY NO",
    "CLIENT REPLY OFF",
    "CLIENT REPLY ON",
    "CLIENT REPLY SKIP",
    "CLIENT TRACKING ON",
    "DISCARD",
    "EVAL return(0) 0",
    "EVALSHA 0000000000000000000000000000000000000000 0",
    "EXEC",
    "EXEC x",
    "GET k",
    "HELLO",
    "HELLO 2",
    "HELLO 3",
    "INCR k",
    "LPUSH k x",
    "LRANGE l 0 -1",
    "MONITOR",
    "MULTI",
    "MULTI x",
    "NOSUCH a b",
    "PING",
    "PSUBSCRIBE p*",
    "PUBLISH a hi",
    "PUNSUBSCRIBE",
    "REPLCONF ACK 0",
    "RESET",
    "SELECT 1",
    "SELECT 99",
    "SET k v",
    "SSUBSCRIBE s t",
    "SUBSCRIBE __keyevent@0__:set",
    "SUBSCRIBE a",
    "SUBSCRIBE a b a",
    "SUNSUBSCRIBE",
    "UNSUBSCRIBE",
    "UNSUBSCRIBE a",
    "UNSUBSCRIBE a b c",
    "UNWATCH",
    "WAIT 0 1",
    "WATCH k",
];

/// What chance seldom puts together, and what once shifted replies or hung.
const TOGETHER: &[&[&str]] = &[
    &["REPLCONF ACK 0"],
    &[
        "MULTI",
        "SUBSCRIBE __keyevent@0__:set",
        "SET k v",
        "GET k",
        "EXEC",
    ],
    &["CLIENT REPLY SKIP", "RESET"],
    &["CLIENT REPLY SKIP", "QUIT"],
    &["CLIENT REPLY OFF", "QUIT"],
];

/// How many lists each server is given.
const LISTS: u64 = 150;

/// A generator whose next lists are those of its seed.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0) % n
    }
}

fn encoded(line: &str) -> Vec<u8> {
    let words: Vec<_> = line.split(' ').collect();
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        write!(bytes, "${}\r\n{word}\r\n", word.len()).unwrap();
    }
    bytes
}

/// One list of commands on one connection.
struct Run {
    random: Random,
    lines: Vec<String>,
    outcomes: Vec<u32>,
    pipeline: Pipeline<Heap<usize>>,
    /// What happened, for the message of a failure.
    log: Vec<String>,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut lines = Vec::new();
        for i in 0..3 + random.below(25) {
            lines.push(COMMANDS[random.below(COMMANDS.len())].to_owned());
            lines.push(format!("ECHO mark{i}"));
        }
        Self::of(random, lines)
    }

    fn of(mut random: Random, mut lines: Vec<String>) -> Self {
        let login = LoginBuf {
            protocol: [Protocol::Resp2, Protocol::Resp3][random.below(2)],
            ..LoginBuf::default()
        };
        let sizes = Sizes {
            tx: 8192,
            rx: 512 + random.below(4096),
            depth: 64,
        };
        // RESET undoes whatever state the list has left behind.
        lines.push("RESET".to_owned());
        lines.push("ECHO last".to_owned());
        Self {
            random,
            outcomes: vec![0; lines.len()],
            lines,
            pipeline: Pipeline::new(Heap::new(sizes, login)),
            log: Vec::new(),
        }
    }

    fn play(&mut self, mut stream: TcpStream) -> Result<(), String> {
        let now = Instant::ZERO;
        let one_by_one = self.random.below(4) == 0;
        self.pipeline.open(now);
        let mut next = 0;
        while next < self.lines.len() || self.pipeline.in_flight() > 0 {
            while next < self.lines.len() {
                let bytes = encoded(&self.lines[next]);
                let (command, _) = RawCommand::split(&bytes).map_err(|error| error.to_string())?;
                match self.pipeline.submit(&command, next, now) {
                    Ok(_) => {}
                    Err(error) if error.reason.is_temporary() => break,
                    Err(error) => match error.reason {
                        Rejected::Refused(why) => self.ended(next, &why.to_string()),
                        other => return Err(other.to_string()),
                    },
                }
                next += 1;
                if one_by_one {
                    break;
                }
            }
            while let Some(bytes) = self.pipeline.poll_transmit() {
                let n = stream.write(bytes).map_err(|error| error.to_string())?;
                self.pipeline.transmitted(n, now);
            }
            self.events().map_err(|error| error.to_string())?;
            let waits = self.pipeline.unanswered() > 0 || self.pipeline.poll_transmit().is_none();
            if self.pipeline.in_flight() > 0 && waits {
                let most = 1 + self.random.below(200);
                let space = self.pipeline.recv_space();
                let most = most.min(space.len());
                match stream.read(&mut space[..most]) {
                    Ok(0) => self.pipeline.handle_eof(),
                    Ok(n) => self.pipeline.recv_commit(n, now),
                    Err(error) => return Err(format!("nothing came: {error}")),
                }
                self.events().map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }

    fn events(&mut self) -> Result<(), PipelineError> {
        loop {
            let told = match self.pipeline.poll_event()? {
                None => return Ok(()),
                Some(Event::Reply { tag, reply }) => {
                    let text = String::from_utf8_lossy(reply.as_raw()).replace("\r\n", " ");
                    (Some(tag), text)
                }
                Some(Event::TooLarge { tag, .. }) => (Some(tag), "too large".to_owned()),
                Some(Event::Ended { tag, fate }) => (Some(tag), fate.to_string()),
                Some(other) => (None, format!("{other:?}")),
            };
            match told {
                (Some(tag), text) => self.ended(tag, &text),
                (None, text) => self.log.push(text),
            }
        }
    }

    fn ended(&mut self, tag: usize, how: &str) {
        self.outcomes[tag] += 1;
        self.log.push(format!("{} -> {how}", self.lines[tag]));
    }

    /// Every command ended once, and no mark came to another's slot.
    fn check(&self) -> Result<(), String> {
        if self.outcomes.iter().any(|times| *times != 1) {
            return Err(format!("not once each: {:?}", self.outcomes));
        }
        for entry in &self.log {
            let Some((command, how)) = entry.split_once(" -> ") else {
                continue;
            };
            let mark = command.strip_prefix("ECHO ");
            let is_mark = |text: &str| text.starts_with('$') && text.contains(" mark");
            let own = mark.is_some_and(|mark| how == format!("${} {mark} ", mark.len()));
            if is_mark(how) && !own {
                return Err(format!("another's mark: {entry}"));
            }
            // A mark is echoed, queued, refused by the server's mode or by the guard, or silent.
            let excused = how.starts_with("+QUEUED")
                || how.starts_with("-ERR Can't execute 'echo'")
                || how == Refusal::Monitoring.reason()
                || how == Refusal::PublishInMulti.reason()
                || how.starts_with("silent");
            if mark.is_some() && !own && !excused {
                return Err(format!("a mark was lost: {entry}"));
            }
            if mark == Some("last") && !own {
                return Err(format!("RESET did not restore the session: {entry}"));
            }
        }
        Ok(())
    }
}

#[test]
fn every_mark_comes_back_to_its_own_slot_on_every_server() {
    let servers = servers();
    if servers.is_empty() {
        return skip("no redis-server or valkey-server on the PATH");
    }
    // Most of the time they wait, and each has its own.
    thread::scope(|scope| {
        for binary in &servers {
            let launch = Launch::new(binary).config("notify-keyspace-events KEA");
            scope.spawn(|| lists(&launch.start().unwrap()));
        }
    });
}

fn lists(server: &ServerProcess) {
    let random = (0..LISTS).map(|seed| (seed, Run::new(seed)));
    // Of four seeds some speak RESP2 and some RESP3.
    let together = (0..4).flat_map(|seed| {
        TOGETHER.iter().map(move |commands| {
            let lines = commands.iter().copied().chain(["ECHO mark0"]);
            let lines = lines.map(str::to_owned).collect();
            (seed, Run::of(Random::new(seed), lines))
        })
    });
    for (seed, mut run) in random.chain(together) {
        let stream = TcpStream::connect(server.address()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let result = run.play(stream).and_then(|()| run.check());
        if let Err(error) = result {
            let (name, version) = (server.name(), server.version());
            panic!("{name} {version}, seed {seed}: {error}\n{:#?}", run.log);
        }
    }
}
