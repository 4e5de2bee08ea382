//! The pump over a fake link: what it does to the halves, to its callers and to time.

mod common;

use core::cell::RefCell;
use std::rc::Rc;

use common::{ByHand, Half, Task, Wires};
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embedded_io_async::{ErrorKind, ErrorType, Write};
use respipe_core::pipeline::{Config, Flush, Inline, PipelineError, Rejected, Resend, State, Why};
use respipe_core::reconnect::Backoff;
use respipe_core::{Duration, Event, Fate, Instant, cmd};
use respipe_embedded_io::{Client, End, Pump};
use respipe_testkit::link::{Conditions, Direction, Flow, Link, Peer};

type Shared = Client<NoopRawMutex, Inline<256, 128, 4>, ByHand>;

/// What a handler was told, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    Reply(u32),
    Ended(u32, Fate),
}

#[derive(Clone, Default)]
struct Log(Rc<RefCell<Vec<Told>>>);

impl Log {
    fn event(&self, event: Event<'_, u32>) {
        self.0.borrow_mut().push(match event {
            Event::Reply { tag, .. } => Told::Reply(tag),
            Event::Ended { tag, fate } => Told::Ended(tag, fate),
            event => panic!("{event:?}"),
        });
    }

    fn take(&self) -> Vec<Told> {
        self.0.take()
    }
}

/// Answers `+OK` to each line `PING`, and remembers what came.
#[derive(Debug, Default)]
struct Pongs {
    came: Vec<u8>,
    answered: usize,
    /// Says this at this time, and closes.
    farewell: Option<(Instant, &'static [u8])>,
}

const PING: &[u8] = b"*1\r\n$4\r\nPING\r\n";

impl Peer for Pongs {
    fn receive(&mut self, bytes: &[u8], now: Instant, out: &mut Vec<u8>) -> Flow {
        if let Some((_, farewell)) = self.farewell.filter(|(at, _)| *at <= now) {
            out.extend(farewell);
            return Flow::Close;
        }
        self.came.extend(bytes);
        while self.came.len() >= (self.answered + 1) * PING.len() {
            self.answered += 1;
            out.extend(b"+OK\r\n");
        }
        Flow::Open
    }

    fn wake(&self) -> Option<Instant> {
        self.farewell.map(|(at, _)| at)
    }
}

/// A client, the task of its pump, and the server behind it.
struct Rig {
    client: Rc<Shared>,
    clock: ByHand,
    log: Log,
    wires: Rc<Wires<Pongs>>,
    task: Task<End>,
}

impl Rig {
    fn new(config: Config, peer: Pongs) -> Self {
        Self::with(config, peer, |half| half)
    }

    /// With another half to write to than the link's own.
    fn with<W: Write + 'static>(
        config: Config,
        peer: Pongs,
        writer: impl FnOnce(Half<Pongs>) -> W,
    ) -> Self {
        let clock = ByHand::default();
        let client = Rc::new(Client::new(Inline::new(), clock.clone()));
        client.configure(config);
        let link = Link::new(peer, Conditions::default());
        let wires = Wires::new(link, clock.clock.clone());
        let log = Log::default();
        let task = {
            let (client, log) = (Rc::clone(&client), log.clone());
            let reader = Half(Rc::clone(&wires));
            let writer = writer(Half(Rc::clone(&wires)));
            Task::new(async move {
                let (mut read, mut write) = ([0; 32], [0; 32]);
                let mut pump = Pump::new(&client, &mut read, &mut write);
                pump.run(reader, writer, |event, _| log.event(event)).await
            })
        };
        let mut rig = Self {
            client,
            clock,
            log,
            wires,
            task,
        };
        assert_eq!(rig.settle(), None);
        rig
    }

    fn block(&self, direction: Direction, blocked: bool) {
        self.wires.link.borrow_mut().block(direction, blocked);
    }

    fn settle(&mut self) -> Option<End> {
        let wires = &self.wires;
        self.task.settle(|| wires.turn())
    }

    fn pass(&mut self, time: Duration) -> Option<End> {
        self.clock.clock.advance(time);
        self.settle()
    }

    fn ping(&self, tag: u32) {
        self.client
            .submit(&cmd("PING"), tag)
            .expect("there is room");
    }
}

#[test]
fn a_submit_wakes_the_task_of_the_pump() {
    let mut rig = Rig::new(Config::DEFAULT, Pongs::default());
    assert!(!rig.task.is_woken());
    rig.ping(1);
    assert!(rig.task.is_woken());
    assert_eq!(rig.settle(), None);
    assert_eq!(rig.log.take(), [Told::Reply(1)]);
}

#[test]
fn neither_half_is_dropped_half_way_while_the_link_lives() {
    let config = Config {
        reply_timeout: Duration::from_millis(50),
        ..Config::DEFAULT
    };
    let mut rig = Rig::new(config, Pongs::default());
    for tag in 0..100 {
        // Blocked now and then, so that reads, writes and deadlines overlap.
        let blocked = tag % 7 == 0;
        rig.block(Direction::ToServer, blocked);
        rig.block(Direction::ToClient, tag % 5 == 0);
        rig.ping(tag);
        assert_eq!(rig.settle(), None);
        assert_eq!(rig.pass(Duration::from_millis(60)), None);
        rig.block(Direction::ToServer, false);
        rig.block(Direction::ToClient, false);
        assert_eq!(rig.settle(), None);
    }
    assert_eq!(rig.log.take().len(), 100, "each is told once");
    assert_eq!(rig.wires.dropped.get(), 0);
    assert_eq!(rig.wires.link.borrow().peer().came, PING.repeat(100));
}

#[test]
fn what_lay_in_the_staging_buffer_is_unknown_and_what_lay_behind_it_was_not_sent() {
    let mut rig = Rig::new(Config::DEFAULT, Pongs::default());
    rig.block(Direction::ToServer, true);
    // 32 bytes of staging hold two PINGs of 14 bytes, and the beginning of a third.
    for tag in 1..=4 {
        rig.ping(tag);
    }
    assert_eq!(rig.settle(), None);
    rig.wires.link.borrow_mut().lose();
    assert_eq!(rig.settle(), Some(End::Io(ErrorKind::ConnectionReset)));
    let unknown = Fate::Unknown(Why::LinkLost);
    assert_eq!(
        rig.log.take(),
        [
            Told::Ended(1, unknown),
            Told::Ended(2, unknown),
            Told::Ended(3, Fate::NotSent),
            Told::Ended(4, Fate::NotSent),
        ]
    );
}

#[test]
fn a_deadline_passes_though_neither_half_moves() {
    let config = Config {
        silence_limit: Duration::from_secs(2),
        ..Config::DEFAULT
    };
    let mut rig = Rig::new(config, Pongs::default());
    rig.block(Direction::ToClient, true);
    rig.ping(1);
    assert_eq!(rig.settle(), None);
    assert_eq!(rig.pass(Duration::from_millis(1_999)), None);
    let end = rig.pass(Duration::from_millis(1));
    assert_eq!(end, Some(End::Failed(PipelineError::Silence)));
    assert_eq!(
        rig.log.take(),
        [Told::Ended(1, Fate::Unknown(Why::LinkLost))]
    );
}

/// Fails at once.
struct Broken;

impl ErrorType for Broken {
    type Error = ErrorKind;
}

impl Write for Broken {
    async fn write(&mut self, _: &[u8]) -> Result<usize, ErrorKind> {
        Err(ErrorKind::BrokenPipe)
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Err(ErrorKind::BrokenPipe)
    }
}

#[test]
fn a_farewell_is_read_though_a_write_has_failed() {
    let farewell = b"+OK\r\n-ERR max number of clients reached\r\n";
    let peer = Pongs {
        farewell: Some((Instant::from_millis(400), farewell)),
        ..Pongs::default()
    };
    let mut rig = Rig::with(Config::DEFAULT, peer, |_| Broken);
    assert_eq!(rig.settle(), None);
    rig.ping(1);
    assert_eq!(rig.settle(), None);
    let end = rig.pass(Duration::from_millis(400));
    assert_eq!(rig.log.take(), [Told::Reply(1)]);
    assert_eq!(end, Some(End::Failed(PipelineError::Farewell)));
    let words = rig
        .client
        .pipeline(|pipeline| pipeline.last_words().to_vec());
    let words = words.expect("no event is being handled");
    assert_eq!(words, b"ERR max number of clients reached");
}

#[test]
fn last_words_are_not_waited_for_any_longer_when_a_write_has_failed() {
    let mut rig = Rig::with(Config::DEFAULT, Pongs::default(), |_| Broken);
    rig.ping(1);
    assert_eq!(rig.settle(), None);
    assert_eq!(rig.pass(Duration::from_millis(499)), None);
    let end = rig.pass(Duration::from_millis(1));
    assert_eq!(end, Some(End::Io(ErrorKind::BrokenPipe)));
    let unknown = Fate::Unknown(Why::LinkLost);
    assert_eq!(rig.log.take(), [Told::Ended(1, unknown)]);
}

#[test]
fn a_handler_that_submits_is_told_that_it_cannot() {
    let clock = ByHand::default();
    let client: Rc<Shared> = Rc::new(Client::new(Inline::new(), clock.clone()));
    let link = Link::new(Pongs::default(), Conditions::default());
    let wires = Wires::new(link, clock.clock);
    let said = Rc::new(RefCell::new(None));
    let mut task = {
        let (client, said, wires) = (Rc::clone(&client), Rc::clone(&said), Rc::clone(&wires));
        Task::new(async move {
            let (mut read, mut write) = ([0; 32], [0; 32]);
            let mut pump = Pump::new(&client, &mut read, &mut write);
            let on_event = |_: Event<'_, u32>, _| {
                *said.borrow_mut() = client.submit(&cmd("PING"), 9).err();
                assert_eq!(client.pipeline(|_| ()), None);
            };
            let halves = (Half(Rc::clone(&wires)), Half(Rc::clone(&wires)));
            pump.run(halves.0, halves.1, on_event).await
        })
    };
    assert_eq!(task.settle(|| wires.turn()), None);
    client.submit(&cmd("PING"), 1).expect("there is room");
    assert_eq!(task.settle(|| wires.turn()), None);
    let error = said.borrow().expect("the handler was called");
    assert_eq!((error.tag, error.reason), (9, Rejected::InUse));
}

/// A connection whose events this handler gets.
fn handling(
    config: Config,
    handler: impl Fn(&Shared) + 'static,
) -> (Rc<Shared>, Rc<Wires<Pongs>>, Task<End>) {
    let clock = ByHand::default();
    let client: Rc<Shared> = Rc::new(Client::new(Inline::new(), clock.clone()));
    client.configure(config);
    let link = Link::new(Pongs::default(), Conditions::default());
    let wires = Wires::new(link, clock.clock);
    let mut task = {
        let (client, wires) = (Rc::clone(&client), Rc::clone(&wires));
        Task::new(async move {
            let (mut read, mut write) = ([0; 32], [0; 32]);
            let mut pump = Pump::new(&client, &mut read, &mut write);
            let halves = (Half(Rc::clone(&wires)), Half(wires));
            let on_event = |_: Event<'_, u32>, _| handler(&client);
            pump.run(halves.0, halves.1, on_event).await
        })
    };
    assert_eq!(task.settle(|| wires.turn()), None);
    (client, wires, task)
}

#[test]
fn a_handler_that_closes_the_client_closes_it() {
    let (client, wires, mut task) = handling(Config::DEFAULT, Client::close);
    client.submit(&cmd("PING"), 1).expect("there is room");
    assert_eq!(task.settle(|| wires.turn()), Some(End::Closed));
    let error = client.submit(&cmd("PING"), 2).expect_err("closed");
    assert_eq!(error.reason, Rejected::Closed);
}

#[test]
fn a_handler_that_flushes_lets_leave_what_is_queued() {
    let flush = Flush::AtLeast {
        count: 2,
        bytes: 0,
        age: Duration::from_secs(60),
    };
    let config = Config {
        flush,
        ..Config::DEFAULT
    };
    let (client, wires, mut task) = handling(config, Client::flush);
    wires.link.borrow_mut().block(Direction::ToClient, true);
    for tag in 1..=3 {
        client.submit(&cmd("PING"), tag).expect("there is room");
        assert_eq!(task.settle(|| wires.turn()), None);
    }
    let came = || wires.link.borrow().peer().came.len() / PING.len();
    assert_eq!(came(), 2, "the third waits for a fourth");
    wires.link.borrow_mut().block(Direction::ToClient, false);
    assert_eq!(task.settle(|| wires.turn()), None);
    assert_eq!(came(), 3);
}

#[test]
fn a_handler_that_configures_the_client_is_told_that_it_cannot() {
    let (client, wires, mut task) = handling(Config::DEFAULT, |client| {
        assert_eq!(client.configure(Config::DEFAULT), None);
    });
    client.submit(&cmd("PING"), 1).expect("there is room");
    assert_eq!(task.settle(|| wires.turn()), None);
    assert_eq!(client.configure(Config::DEFAULT), Some(()));
}

#[test]
fn who_waits_for_room_gets_it_in_turn() {
    let mut rig = Rig::new(Config::DEFAULT, Pongs::default());
    rig.block(Direction::ToClient, true);
    for tag in 0..4 {
        rig.ping(tag);
    }
    assert_eq!(rig.settle(), None);
    let client = Rc::clone(&rig.client);
    let mut waits = Task::new(async move { client.submit_when_room(&cmd("PING"), 4).await });
    assert!(waits.poll().is_none(), "all slots are taken");
    assert!(!waits.is_woken());
    rig.block(Direction::ToClient, false);
    assert_eq!(rig.settle(), None);
    assert!(waits.is_woken(), "a slot is free");
    assert!(waits.poll().expect("it is taken").is_ok());
    assert_eq!(rig.settle(), None);
    assert_eq!(rig.log.take(), [0, 1, 2, 3, 4].map(Told::Reply));
}

#[test]
fn who_waits_for_room_is_told_when_the_link_dies() {
    let mut rig = Rig::new(Config::DEFAULT, Pongs::default());
    rig.block(Direction::ToClient, true);
    for tag in 0..4 {
        rig.ping(tag);
    }
    assert_eq!(rig.settle(), None);
    let client = Rc::clone(&rig.client);
    let mut waits = Task::new(async move { client.submit_when_room(&cmd("PING"), 4).await });
    assert!(waits.poll().is_none());
    rig.wires.link.borrow_mut().lose();
    assert!(rig.settle().is_some());
    assert!(waits.is_woken());
    let error = waits.poll().expect("told").expect_err("there is no link");
    assert_eq!((error.tag, error.reason), (4, Rejected::Closed));
}

#[test]
fn more_tasks_than_there_are_places_wait_for_room_asleep_and_all_get_it() {
    let mut rig = Rig::new(Config::DEFAULT, Pongs::default());
    rig.block(Direction::ToClient, true);
    for tag in 0..4 {
        rig.ping(tag);
    }
    assert_eq!(rig.settle(), None);
    let mut tasks: Vec<_> = (4..10)
        .map(|tag| {
            let client = Rc::clone(&rig.client);
            Task::new(async move { client.submit_when_room(&cmd("PING"), tag).await.is_ok() })
        })
        .collect();
    for _ in 0..3 {
        for task in &mut tasks {
            assert_eq!(task.poll(), None, "all slots are taken");
        }
    }
    assert!(!tasks.iter().any(Task::is_woken));
    rig.block(Direction::ToClient, false);
    for _ in 0..6 {
        assert_eq!(rig.pass(Duration::from_millis(10)), None);
        for task in &mut tasks {
            task.poll();
        }
    }
    assert_eq!(rig.settle(), None);
    assert!(tasks.iter().all(Task::is_over));
    assert_eq!(rig.log.take().len(), 10);
}

#[test]
fn closing_waits_for_what_is_in_flight() {
    let mut rig = Rig::new(Config::DEFAULT, Pongs::default());
    rig.block(Direction::ToClient, true);
    rig.ping(1);
    rig.client.close();
    assert_eq!(rig.settle(), None);
    let error = rig.client.submit(&cmd("PING"), 2).expect_err("closed");
    assert_eq!(error.reason, Rejected::Closed);
    rig.block(Direction::ToClient, false);
    assert_eq!(rig.settle(), Some(End::Closed));
    assert_eq!(rig.log.take(), [Told::Reply(1)]);
}

#[test]
fn closing_waits_no_longer_than_its_timeout() {
    let mut rig = Rig::new(Config::DEFAULT, Pongs::default());
    rig.block(Direction::ToClient, true);
    rig.ping(1);
    assert_eq!(rig.pass(Duration::from_secs(60)), None);
    rig.client.close();
    assert_eq!(rig.settle(), None);
    assert_eq!(rig.pass(Duration::from_millis(1_999)), None);
    let end = rig.pass(Duration::from_millis(1));
    assert_eq!(end, Some(End::CloseTimeout));
    assert_eq!(
        rig.log.take(),
        [Told::Ended(1, Fate::Unknown(Why::LinkLost))]
    );
}

/// Runs `pause` in a task of its own.
fn pausing(client: &Rc<Shared>, log: &Log, backoff: Backoff) -> Task<bool> {
    let (client, log) = (Rc::clone(client), log.clone());
    Task::new(async move {
        let (mut read, mut write) = ([0; 32], [0; 32]);
        let pump = Pump::new(&client, &mut read, &mut write);
        let mut pump = pump.with_backoff(backoff);
        pump.pause(u32::MAX, |event, _| log.event(event)).await
    })
}

const SECOND: Backoff = Backoff {
    first_delay: Duration::from_secs(1),
    max_delay: Duration::from_secs(8),
};

fn resting(reply_timeout: Duration) -> (Rc<Shared>, ByHand, Log) {
    let clock = ByHand::default();
    let client: Rc<Shared> = Rc::new(Client::new(Inline::new(), clock.clone()));
    client.configure(Config {
        resend: Resend::NotSent,
        reply_timeout,
        ..Config::DEFAULT
    });
    (client, clock, Log::default())
}

#[test]
fn a_pause_lasts_as_long_as_chance_says_and_tells_deadlines_meanwhile() {
    let (client, clock, log) = resting(Duration::from_millis(300));
    client
        .submit(&cmd("PING"), 1)
        .expect("kept for the next connection");
    let mut pause = pausing(&client, &log, SECOND);
    assert_eq!(pause.settle(|| false), None);
    clock.clock.advance(Duration::from_millis(310));
    assert_eq!(pause.settle(|| false), None);
    assert_eq!(log.take(), [Told::Ended(1, Fate::NotSent)]);
    clock.clock.advance(Duration::from_millis(688));
    assert_eq!(pause.settle(|| false), None, "2 ms early");
    clock.clock.advance(Duration::from_millis(2));
    assert_eq!(pause.settle(|| false), Some(true));
}

#[test]
fn closing_while_there_is_no_link_tells_all_that_was_queued() {
    let (client, _, log) = resting(Duration::ZERO);
    client
        .submit(&cmd("PING"), 1)
        .expect("kept for the next connection");
    client
        .submit(&cmd("PING"), 2)
        .expect("kept for the next connection");
    let mut pause = pausing(&client, &log, SECOND);
    assert_eq!(pause.settle(|| false), None);
    client.close();
    assert!(pause.is_woken(), "no need to wait");
    assert_eq!(pause.settle(|| false), Some(false));
    assert_eq!(
        log.take(),
        [Told::Ended(1, Fate::NotSent), Told::Ended(2, Fate::NotSent)]
    );
    assert_eq!(
        client.pipeline(|pipeline| pipeline.state()),
        Some(State::Down)
    );
    // And again, with the settings as they were.
    client
        .submit(&cmd("PING"), 3)
        .expect("kept for the next connection");
}
