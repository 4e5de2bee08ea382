//! A device that makes samples: its firmware's state, without the sensor.

use core::net::SocketAddr;
use std::collections::BTreeMap;
use std::time;

use respipe_core::encode::Template;
use respipe_core::pipeline::{Config, Event, Inline, Pipeline, Resend};
use respipe_core::reconnect::Backoff;
use respipe_core::telemetry::{Answer, Outbox, Outcome, Series, WhenFull};
use respipe_core::{Duration, Login, template};
use respipe_smoltcp::{Link, Notice, Settings};

use crate::board::{Board, SERVER};

pub(crate) const KEY: &str = "samples";
const ADD: Template<2> = template!("XADD", "samples", _, "n", _).replayable();
/// The tag of the question where the stream ends; samples have their own numbers.
const ASKED: u32 = u32::MAX;

pub(crate) const SETTINGS: Settings = Settings {
    backoff: Backoff {
        first_delay: Duration::from_millis(5),
        max_delay: Duration::from_millis(40),
    },
    connect_timeout: Duration::from_millis(300),
    keep_alive: Duration::from_millis(100),
    ack_timeout: Duration::from_millis(300),
    ..Settings::new(SERVER)
};

static LOGIN: Login<'static> = Login {
    ping: true,
    ..Login::NONE
};

pub(crate) struct Device {
    pub(crate) board: Board,
    pub(crate) link: Link<'static>,
    pub(crate) pipeline: Pipeline<Inline<2048, 1024, 32>>,
    pub(crate) outbox: Outbox,
    pub(crate) series: Series,
    /// Its clock, in milliseconds.
    pub(crate) clock: u64,
    /// Samples to be made; those that were refused for certain come again.
    pub(crate) pending: Vec<u32>,
    /// What became of samples; of one that came again, the last.
    pub(crate) outcomes: BTreeMap<u32, Outcome>,
    pub(crate) notices: Vec<Notice>,
}

impl Device {
    pub(crate) fn new(server: SocketAddr) -> Self {
        let mut pipeline = Pipeline::new(Inline::new().with_login(&LOGIN));
        pipeline.configure(Config {
            resend: Resend::Replayable,
            silence_limit: Duration::from_millis(250),
            ..Config::DEFAULT
        });
        Self {
            board: Board::new(server, 2048),
            link: Link::new(&SETTINGS),
            pipeline,
            outbox: Outbox::new(WhenFull::RefuseNew),
            series: Series::new(),
            clock: 0,
            pending: Vec::new(),
            outcomes: BTreeMap::new(),
            notices: Vec::new(),
        }
    }

    /// Loses all that was in memory; the network and the books of the test stay.
    pub(crate) fn reset(&mut self, clock: u64) {
        let new = Self::new(self.board.net.server);
        self.link = new.link;
        self.pipeline = new.pipeline;
        self.outbox = new.outbox;
        self.series = new.series;
        self.clock = clock;
        self.board.restart();
    }

    /// One turn of its main loop.
    pub(crate) fn turn(&mut self) {
        if let Some(notice) = self.board.turn(&mut self.link, &mut self.pipeline) {
            self.notices.push(notice);
        }
        while let Ok(Some(event)) = self.pipeline.poll_event() {
            let (tag, outcome) = match event {
                Event::Reply { tag: ASKED, reply } => {
                    self.series.answered(&reply).unwrap();
                    continue;
                }
                Event::Ended { tag: ASKED, .. } => {
                    self.series.start_again();
                    continue;
                }
                Event::Reply { tag, reply } => {
                    let answer = Answer::of(&reply);
                    (tag, answer.outcome(self.pipeline.was_sent_before()))
                }
                Event::Ended { tag, fate } => (tag, Outcome::of_fate(fate)),
                other => panic!("{other:?}"),
            };
            self.outcomes.insert(tag, outcome);
            if outcome == Outcome::Behind {
                self.series.start_again();
            }
            if outcome.is_lost() {
                self.pending.push(tag);
            }
        }
        let now = self.board.now();
        if self.series.must_ask() {
            // No room now: next time.
            let _ = self.series.ask(&mut self.pipeline, KEY, ASKED, now);
        }
        while let Some(&tag) = self.pending.first()
            && self.pipeline.slots_free() > 1
            && let Some(id) = self.series.next_id(self.clock)
        {
            let add = ADD.with((id, tag));
            if self
                .outbox
                .push(&mut self.pipeline, &add, tag, now)
                .is_err()
            {
                break;
            }
            self.pending.remove(0);
        }
    }

    /// Turns until `done`, at most so long.
    pub(crate) fn run(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        let start = time::Instant::now();
        while !done(self) {
            assert!(
                start.elapsed() < time::Duration::from_secs(10),
                "waited ten seconds for {what}: {:?} {:?} {:?}",
                self.link,
                self.pipeline,
                self.notices.last()
            );
            self.turn();
            self.board.rest(&self.link, &mut self.pipeline);
        }
    }

    /// Turns so many milliseconds.
    pub(crate) fn run_for(&mut self, millis: u64) {
        let until = time::Instant::now() + time::Duration::from_millis(millis);
        self.run("time to pass", |_| time::Instant::now() >= until);
    }

    /// Makes samples, and waits until all have an outcome.
    pub(crate) fn store(&mut self, samples: core::ops::Range<u32>) {
        self.pending.extend(samples);
        self.run("all outcomes", |device| device.is_idle());
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.pending.is_empty() && self.pipeline.in_flight() == 0 && !self.series.must_ask()
    }
}
