//! Samples over the async client: kept by an outbox, stored exactly once.

mod common;

use core::cell::RefCell;
use std::rc::Rc;

use common::{ByHand, Half, Task, Wires};
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embedded_io_async::ErrorKind;
use respipe_core::encode::Template;
use respipe_core::pipeline::{Config, Inline, Resend};
use respipe_core::telemetry::{Answer, Id, Outbox, Outcome, Series, WhenFull};
use respipe_core::{Event, Instant, template};
use respipe_embedded_io::{Client, Clock, End, Pump};
use respipe_testkit::link::{Conditions, Flow, Link, Peer};

type Shared = Client<NoopRawMutex, Inline<256, 128, 4>, ByHand>;

const ADD: Template<2> = template!("XADD", "samples", _, "celsius", _).replayable();

/// A stream that is ahead of every id: has stored a sample, or was written to by somebody else.
#[derive(Debug)]
struct Ahead {
    answers: bool,
}

impl Peer for Ahead {
    fn receive(&mut self, bytes: &[u8], _: Instant, out: &mut Vec<u8>) -> Flow {
        if self.answers && !bytes.is_empty() {
            out.extend(b"-ERR The ID specified in XADD is equal or smaller than the target stream top item\r\n");
        }
        Flow::Open
    }
}

struct Device {
    client: Rc<Shared>,
    clock: ByHand,
    outbox: Outbox,
    series: Series,
    outcomes: Rc<RefCell<Vec<(u32, Outcome)>>>,
}

impl Device {
    fn new() -> Self {
        let clock = ByHand::default();
        let client = Rc::new(Client::new(Inline::new(), clock.clone()));
        client.configure(Config {
            resend: Resend::Replayable,
            ..Config::DEFAULT
        });
        Self {
            client,
            clock,
            outbox: Outbox::new(WhenFull::DropOldest),
            series: Series::above(Id::ZERO),
            outcomes: Rc::default(),
        }
    }

    fn push(&mut self, sample: u32) {
        let id = self.series.next_id(1_000).expect("there are ids");
        let command = ADD.with((id, sample));
        let now = self.clock.now();
        let pushed = self
            .client
            .pipeline(|pipeline| self.outbox.push(pipeline, &command, sample, now));
        assert!(matches!(pushed, Some(Ok(_))), "{pushed:?}");
    }

    fn connect(&self, answers: bool) -> (Rc<Wires<Ahead>>, Task<End>) {
        let link = Link::new(Ahead { answers }, Conditions::default());
        let wires = Wires::new(link, self.clock.clock.clone());
        let halves = (Half(Rc::clone(&wires)), Half(Rc::clone(&wires)));
        let (client, outcomes) = (Rc::clone(&self.client), Rc::clone(&self.outcomes));
        let task = Task::new(async move {
            let (mut read, mut write) = ([0; 128], [0; 128]);
            let mut pump = Pump::new(&client, &mut read, &mut write);
            let on_event = |event: Event<'_, u32>, sent_before| {
                outcomes.borrow_mut().push(match event {
                    Event::Reply { tag, reply } => (tag, Answer::of(&reply).outcome(sent_before)),
                    Event::Ended { tag, fate } => (tag, Outcome::of_fate(fate)),
                    event => panic!("{event:?}"),
                });
            };
            pump.run(halves.0, halves.1, on_event).await
        });
        (wires, task)
    }
}

#[test]
fn a_sample_whose_reply_was_lost_is_told_as_stored_before_and_one_that_was_not_sent_as_behind() {
    let mut device = Device::new();
    device.push(1);
    let (wires, mut task) = device.connect(false);
    assert_eq!(task.settle(|| wires.turn()), None);
    wires.link.borrow_mut().lose();
    let end = task.settle(|| wires.turn());
    assert_eq!(end, Some(End::Io(ErrorKind::ConnectionReset)));
    assert_eq!(device.outcomes.take(), [], "it is kept");

    let (wires, mut task) = device.connect(true);
    assert_eq!(task.settle(|| wires.turn()), None);
    assert_eq!(device.outcomes.take(), [(1, Outcome::StoredBefore)]);
    device.push(2);
    assert_eq!(task.settle(|| wires.turn()), None);
    assert_eq!(device.outcomes.take(), [(2, Outcome::Behind)]);
}
