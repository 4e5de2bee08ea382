//! A session cut after every byte of either direction: each command's fate must be what the bytes say.

use std::sync::{Arc, Mutex};

use respipe_core::encode::RawCommand;
use respipe_core::login::Protocol;
use respipe_core::pipeline::{Config, Event, Heap, LoginBuf, Resend, Sizes, Why};
use respipe_core::{Fate, Pipeline};
use respipe_testkit::clock::Clock;
use respipe_testkit::conformance::{HELLO, Request};
use respipe_testkit::link::{Conditions, Cut, Flow, Line, Link, Peer, Pumped, Split, pump};
use respipe_testkit::scripted::{Limits, parse_request};

/// The commands that a server has received whole, in order, as they stood on the wire.
type Log = Arc<Mutex<Vec<Vec<u8>>>>;

/// A server that answers `name tag …` with the tag, and keeps what it received.
fn server(log: &Log) -> impl Peer + use<> {
    let log = Arc::clone(log);
    let mut pending = Vec::new();
    move |bytes: &[u8], out: &mut Vec<u8>| {
        pending.extend(bytes);
        while let Ok(Some(request)) = parse_request(&pending, Limits::AUTHENTICATED) {
            let wire: Vec<u8> = pending.drain(..request.bytes).collect();
            if request.arguments[0] == b"HELLO" {
                out.extend(HELLO);
            } else {
                out.extend(reply(&request.arguments[1]));
                log.lock().unwrap().push(wire);
            }
        }
        Flow::Open
    }
}

fn reply(tag: &[u8]) -> Vec<u8> {
    [b"*2\r\n+", tag, b"\r\n$3\r\nabc\r\n"].concat()
}

fn requests() -> Vec<Request> {
    (0..8)
        .map(|tag| {
            let request = Request::from(format!("CMD {tag} {}", "x".repeat(3 * tag)).as_str());
            if tag % 3 == 1 {
                request.replayable()
            } else {
                request
            }
        })
        .collect()
}

/// What one connection came to.
struct Cutting {
    requests: Vec<Request>,
    log: Log,
    pipeline: Pipeline<Heap<usize>>,
    clock: Clock,
    /// What each command was told.
    replied: Vec<usize>,
    fates: Vec<(usize, Fate)>,
}

impl Cutting {
    fn new(resend: Resend) -> Self {
        let login = LoginBuf {
            protocol: Protocol::Auto,
            ..LoginBuf::default()
        };
        let sizes = Sizes {
            tx: 1024,
            rx: 256,
            depth: 16,
        };
        let mut pipeline = Pipeline::new(Heap::new(sizes, login));
        pipeline.configure(Config {
            resend,
            ..Config::DEFAULT
        });
        Self {
            requests: requests(),
            log: Log::default(),
            pipeline,
            clock: Clock::new(),
            replied: Vec::new(),
            fates: Vec::new(),
        }
    }

    fn submit_all(&mut self) {
        for (tag, request) in self.requests.iter().enumerate() {
            let wire = request.wire();
            let (mut command, _) = RawCommand::split(&wire).unwrap();
            if request.replayable {
                command = command.replayable();
            }
            self.pipeline
                .submit(&command, tag, self.clock.now())
                .unwrap();
        }
    }

    /// Runs one connection: how many bytes left, and how many came.
    fn connect(&mut self, conditions: Conditions) -> (u64, u64, Pumped) {
        let mut link = Link::new(server(&self.log), conditions);
        self.pipeline.open(self.clock.now());
        if self.pipeline.epoch() == 1 {
            self.submit_all();
        }
        let (replied, fates) = (&mut self.replied, &mut self.fates);
        let pumped = pump(
            &mut self.pipeline,
            &mut link,
            self.clock.now(),
            |event| match event {
                Event::Reply { tag, reply: told } => {
                    assert!(fates.is_empty(), "a reply behind a fate");
                    assert_eq!(told.as_raw(), reply(tag.to_string().as_bytes()));
                    replied.push(tag);
                }
                Event::Ended { tag, fate } => fates.push((tag, fate)),
                other => panic!("{other:?}"),
            },
        );
        (link.left_client(), link.reached_client(), pumped)
    }

    /// How many of these lengths end within so many bytes.
    fn whole(lengths: impl Iterator<Item = usize>, before: usize, bytes: u64) -> usize {
        let ends = lengths.scan(before, |end, len| {
            *end += len;
            Some(*end)
        });
        ends.take_while(|end| *end as u64 <= bytes).count()
    }

    /// How many commands have left whole, and how many replies have come whole.
    fn whole_of_both(&self, left: u64, came: u64) -> (usize, usize) {
        let hello = Request::from("HELLO 3").wire().len();
        let commands = self.requests.iter().map(|request| request.wire().len());
        let replies = (0..self.requests.len()).map(|tag| reply(tag.to_string().as_bytes()).len());
        (
            Self::whole(commands, hello, left),
            Self::whole(replies, HELLO.len(), came),
        )
    }
}

/// Every cut, with these splits.
fn every_cut(split: Split) -> Vec<Conditions> {
    let mut all = Vec::new();
    let (up, down) = {
        let mut run = Cutting::new(Resend::Never);
        let (up, down, _) = run.connect(Conditions::default());
        assert_eq!(run.replied, (0..8).collect::<Vec<_>>());
        (up, down)
    };
    let line = Line {
        split,
        ..Line::PERFECT
    };
    for lost in [false, true] {
        let cut = |after| Line {
            cut: Some(Cut { after, lost }),
            ..line
        };
        for after in 0..=up {
            all.push(Conditions {
                up: cut(after),
                down: line,
                seed: after,
                ..Conditions::default()
            });
        }
        for after in 0..=down {
            all.push(Conditions {
                up: line,
                down: cut(after),
                seed: after,
                ..Conditions::default()
            });
        }
    }
    all
}

#[test]
fn each_fate_is_what_the_bytes_say() {
    for split in [Split::Whole, Split::Every(1), Split::Random(20)] {
        for conditions in every_cut(split) {
            let mut run = Cutting::new(Resend::Never);
            let (left, came, pumped) = run.connect(conditions);
            assert!(
                matches!(pumped, Pumped::Ended(_)),
                "{conditions:?}: {pumped:?}"
            );
            let (sent, answered) = run.whole_of_both(left, came);
            // Replied first, then fates, in submit order, each once.
            assert_eq!(
                run.replied,
                (0..answered).collect::<Vec<_>>(),
                "{conditions:?}"
            );
            let fate = |tag| match tag < sent {
                true => Fate::Unknown(Why::LinkLost),
                false => Fate::NotSent,
            };
            let fates: Vec<_> = (answered..8).map(|tag| (tag, fate(tag))).collect();
            assert_eq!(run.fates, fates, "{conditions:?}");
            let received = run.log.lock().unwrap().len();
            assert!(
                received <= sent,
                "{conditions:?}: what is NotSent was received"
            );
        }
    }
}

#[test]
fn what_goes_out_again_is_safe_to_run_again() {
    for resend in [Resend::NotSent, Resend::Replayable] {
        for conditions in every_cut(Split::Random(20)) {
            let mut run = Cutting::new(resend);
            let (left, came, _) = run.connect(conditions);
            let (sent, answered) = run.whole_of_both(left, came);
            let goes_again = |tag: usize| {
                tag >= sent || (resend == Resend::Replayable && run.requests[tag].replayable)
            };
            let (again, over): (Vec<_>, Vec<_>) = (answered..8).partition(|tag| goes_again(*tag));
            let ended: Vec<_> = run.fates.drain(..).collect();
            let unknown: Vec<_> = over
                .into_iter()
                .map(|tag| (tag, Fate::Unknown(Why::LinkLost)))
                .collect();
            assert_eq!(ended, unknown, "{conditions:?}");
            run.log.lock().unwrap().clear();
            run.replied.clear();
            let (.., pumped) = run.connect(Conditions::default());
            assert_eq!(pumped, Pumped::Quiet { wake: None }, "{conditions:?}");
            assert_eq!(run.replied, again, "{conditions:?}");
            let wires: Vec<_> = again.iter().map(|tag| run.requests[*tag].wire()).collect();
            assert_eq!(*run.log.lock().unwrap(), wires, "{conditions:?}");
        }
    }
}
