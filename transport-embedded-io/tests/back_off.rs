//! How long the pump waits between connections that end soon.

mod common;

use core::cell::RefCell;
use std::rc::Rc;

use common::{ByHand, Half, Task, Wires};
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use respipe_core::pipeline::{Config, Inline, Resend};
use respipe_core::{Duration, Event, Instant, cmd};
use respipe_embedded_io::{Client, Clock, Pump};
use respipe_testkit::link::{Conditions, Flow, Link, Peer};

/// Lets us connect, perhaps answers, and closes.
#[derive(Debug)]
struct Leaves {
    at: Instant,
    answers: bool,
}

impl Peer for Leaves {
    fn receive(&mut self, bytes: &[u8], now: Instant, out: &mut Vec<u8>) -> Flow {
        if self.answers && !bytes.is_empty() {
            out.extend(b"+OK\r\n");
        }
        if now >= self.at {
            return Flow::Close;
        }
        Flow::Open
    }

    fn wake(&self) -> Option<Instant> {
        Some(self.at)
    }
}

/// The longest pauses behind connections that live for so many milliseconds, in milliseconds.
fn pauses(answers: bool, lives: &'static [u64]) -> Vec<u64> {
    let clock = ByHand::default();
    let client: Client<NoopRawMutex, Inline<256, 128, 4>, ByHand> =
        Client::new(Inline::new(), clock.clone());
    client.configure(Config {
        resend: Resend::NotSent,
        ..Config::DEFAULT
    });
    let pauses = Rc::new(RefCell::new(Vec::new()));
    let wires: Rc<RefCell<Option<Rc<Wires<Leaves>>>>> = Rc::default();
    let mut task = {
        let (wires, clock, pauses) = (Rc::clone(&wires), clock.clone(), Rc::clone(&pauses));
        Task::new(async move {
            let (mut read, mut write) = ([0; 64], [0; 64]);
            let mut pump = Pump::new(&client, &mut read, &mut write);
            for lives in lives {
                let at = clock.now().after(Duration::from_millis(*lives));
                let link = Link::new(Leaves { at, answers }, Conditions::default());
                let new = Wires::new(link, clock.clock.clone());
                *wires.borrow_mut() = Some(Rc::clone(&new));
                client.submit(&cmd("PING"), 1).expect("there is room");
                let halves = (Half(Rc::clone(&new)), Half(new));
                pump.run(halves.0, halves.1, |_: Event<'_, u32>, _| {})
                    .await;
                let before = clock.now();
                pump.pause(u32::MAX, |_: Event<'_, u32>, _| {}).await;
                let pause = clock.now().since(before);
                pauses.borrow_mut().push(pause.as_micros() / 1_000);
            }
        })
    };
    let moves = || wires.borrow().as_ref().is_some_and(|wires| wires.turn());
    while task.settle(moves).is_none() {
        clock.clock.advance(Duration::from_micros(500));
    }
    pauses.take()
}

#[test]
fn a_server_that_accepts_and_closes_is_asked_less_and_less_often() {
    assert_eq!(pauses(false, &[1; 6]), [10, 20, 40, 80, 160, 320]);
}

#[test]
fn a_server_that_answers_once_and_closes_is_asked_less_and_less_often() {
    assert_eq!(pauses(true, &[1; 6]), [10, 20, 40, 80, 160, 320]);
}

#[test]
fn failures_are_forgiven_when_a_connection_has_lived_as_long_as_the_pause_that_they_cost() {
    let lives = &[1, 1, 1, 1, 150, 500, 1];
    assert_eq!(pauses(true, lives), [10, 20, 40, 80, 160, 10, 20]);
}
