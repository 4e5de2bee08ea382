//! The pump under an executor that polls it only when it was woken or its timer has rung.

mod common;

use core::cell::Cell;
use core::future::poll_fn;
use core::task::Poll;
use std::rc::Rc;

use common::{ByHand, Half, Task, Wires};
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use respipe_core::pipeline::{Config, Flush, Inline, PipelineError};
use respipe_core::reconnect::Backoff;
use respipe_core::{Duration, Event, Instant, cmd};
use respipe_embedded_io::{Client, Clock, End, Pump};
use respipe_testkit::link::{Conditions, Flow, Link, Peer};

type Shared<C> = Client<NoopRawMutex, Inline<256, 128, 4>, C>;

/// A clock of so many hertz whose timer rings up to a tick early, as embassy-time's does: its
/// `Instant::from_micros` and `as_micros` both round down.
#[derive(Clone, Default)]
struct Ticks {
    hertz: u64,
    ticks: Rc<Cell<u64>>,
    alarm: Rc<Cell<Option<u64>>>,
}

impl Clock for Ticks {
    fn now(&self) -> Instant {
        Instant::from_micros(self.ticks.get() * 1_000_000 / self.hertz)
    }

    async fn wait_until(&self, at: Instant) {
        let at = at.as_micros() * self.hertz / 1_000_000;
        poll_fn(|_| {
            if at <= self.ticks.get() {
                return Poll::Ready(());
            }
            self.alarm
                .set(Some(self.alarm.get().map_or(at, |alarm| alarm.min(at))));
            Poll::Pending
        })
        .await;
    }
}

impl Ticks {
    fn starting(hertz: u64, ticks: u64) -> Self {
        let clock = Self {
            hertz,
            ..Self::default()
        };
        clock.ticks.set(ticks);
        clock
    }

    /// Runs the task to its end; `None` if neither a waker nor the timer will ever poll it again.
    fn run<T>(&self, task: &mut Task<T>) -> Option<T> {
        for polls in 1..100_000 {
            if let Some(end) = task.poll() {
                return Some(end);
            }
            let alarm = self.alarm.take();
            if !task.is_woken() {
                self.ticks.set(alarm?.max(self.ticks.get()));
            } else if polls % 50 == 0 {
                // Time goes on while a task polls itself.
                self.ticks.set(self.ticks.get() + 1);
            }
        }
        panic!("it polls itself for ever");
    }
}

/// Clocks of a microsecond, of a watch crystal and of a millisecond.
const HERTZ: [u64; 3] = [1_000_000, 32_768, 1_000];

#[test]
fn a_pause_ends_however_coarse_the_clock() {
    let backoff = Backoff {
        first_delay: Duration::from_millis(100),
        max_delay: Duration::from_secs(5),
    };
    for hertz in HERTZ {
        for start in [0, 1, 7, 1_000, 33_000] {
            for random in [1 << 20, 1 << 28, 1 << 31, 0xdead_beef] {
                let clock = Ticks::starting(hertz, start);
                let client: Shared<Ticks> = Client::new(Inline::new(), clock.clone());
                let mut task = Task::new(async move {
                    let (mut read, mut write) = ([0; 32], [0; 32]);
                    let pump = Pump::new(&client, &mut read, &mut write);
                    let mut pump = pump.with_backoff(backoff);
                    pump.pause(random, |_: Event<'_, u32>, _| {}).await
                });
                let goes_on = clock.run(&mut task);
                assert_eq!(goes_on, Some(true), "{hertz} {start} {random}");
            }
        }
    }
}

/// Never answers.
#[derive(Debug, Default)]
struct Mute;

impl Peer for Mute {
    fn receive(&mut self, _: &[u8], _: Instant, _: &mut Vec<u8>) -> Flow {
        Flow::Open
    }
}

/// A client with one command outstanding, and the task of its pump.
fn owed<C: Clock + Clone + 'static>(
    clock: &C,
    config: Config,
) -> (Rc<Shared<C>>, Rc<Wires<Mute>>, Task<End>) {
    let client = Rc::new(Client::new(Inline::new(), clock.clone()));
    client.configure(config);
    let wires = Wires::new(
        Link::new(Mute, Conditions::default()),
        respipe_testkit::clock::Clock::default(),
    );
    let mut task = {
        let (client, wires) = (Rc::clone(&client), Rc::clone(&wires));
        Task::new(async move {
            let (mut read, mut write) = ([0; 32], [0; 32]);
            let mut pump = Pump::new(&client, &mut read, &mut write);
            pump.run(
                Half(Rc::clone(&wires)),
                Half(wires),
                |_: Event<'_, u32>, _| {},
            )
            .await
        })
    };
    assert_eq!(task.settle(|| wires.turn()), None);
    client.submit(&cmd("PING"), 1).expect("there is room");
    client.flush();
    (client, wires, task)
}

#[test]
fn a_silent_server_is_noticed_however_coarse_the_clock() {
    let config = Config {
        silence_limit: Duration::from_secs(5),
        ..Config::DEFAULT
    };
    for hertz in HERTZ {
        for start in [1, 7, 1_000, 33_000] {
            let clock = Ticks::starting(hertz, start);
            let (_client, _wires, mut task) = owed(&clock, config);
            let end = clock.run(&mut task);
            let silence = End::Failed(PipelineError::Silence);
            assert_eq!(end, Some(silence), "{hertz} {start}");
        }
    }
}

/// What it ended with within ten seconds.
fn ten_seconds(clock: &ByHand, wires: &Wires<Mute>, task: &mut Task<End>) -> Option<End> {
    let end = clock.clock.now().after(Duration::from_secs(10));
    loop {
        clock.next.set(None);
        if let Some(end) = task.settle(|| wires.turn()) {
            return Some(end);
        }
        clock
            .clock
            .advance_to(clock.next.take().filter(|at| *at <= end)?);
    }
}

const MINUTE: Config = Config {
    silence_limit: Duration::from_secs(60),
    ..Config::DEFAULT
};

#[test]
fn a_close_timeout_is_seen_while_a_later_deadline_is_waited_for() {
    let clock = ByHand::default();
    let (client, wires, mut task) = owed(&clock, MINUTE);
    assert_eq!(task.settle(|| wires.turn()), None);
    client.close();
    let end = ten_seconds(&clock, &wires, &mut task);
    assert_eq!(end, Some(End::CloseTimeout));
}

#[test]
fn a_command_leaves_at_its_age_while_a_later_deadline_is_waited_for() {
    let clock = ByHand::default();
    let flush = Flush::AtLeast {
        count: 16,
        bytes: 0,
        age: Duration::from_millis(200),
    };
    let (client, wires, mut task) = owed(&clock, Config { flush, ..MINUTE });
    assert_eq!(task.settle(|| wires.turn()), None);
    client.submit(&cmd("PING"), 2).expect("there is room");
    assert_eq!(ten_seconds(&clock, &wires, &mut task), None);
    assert_eq!(client.pipeline(|pipeline| pipeline.unanswered()), Some(2));
}
