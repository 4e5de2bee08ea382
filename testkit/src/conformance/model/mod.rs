//! Random applications against a model: every promise, for every seed and for a fuzzer's bytes.
//!
//! [`check`] plays one seed, [`check_bytes`] the decisions that bytes spell: an application that submits, abandons, flushes, waits
//! and changes its settings, a network that takes and brings a few bytes at a time and dies now and then, and a server that is a
//! model of its own. Whatever the pipeline tells is held against the model's books.

mod commands;
mod held;
mod ledger;
mod server;

use std::collections::HashMap;

use respipe_core::encode::RawCommand;
use respipe_core::login::Protocol;
use respipe_core::pipeline::{
    Config, Flush, Heap, LoginBuf, Oversize, PipelineError, Resend, Sizes, State, Ticket, Window,
};
use respipe_core::{Duration, Instant, Pipeline};

use super::outcome::Outcome;
use super::pipeline::Told;
use crate::chance::Chance;
use held::Held;
use ledger::{Broken, Ledger};

/// Plays one seed.
///
/// # Errors
/// Which promise was broken, and how.
pub fn check(seed: u64) -> Result<(), String> {
    play(&Chance::of_seed(seed)).map_err(|broken| format!("seed {seed}: {broken}"))
}

/// Plays the decisions that these bytes spell, to their end.
///
/// # Errors
/// Which promise was broken, and how.
pub fn check_bytes(bytes: &[u8]) -> Result<(), String> {
    play(&Chance::of_bytes(bytes))
}

/// Plays quietly; what breaks a promise is played again with notes, because notes cost most of the time.
fn play(random: &Chance<'_>) -> Result<(), String> {
    if Run::new(random.clone(), None).play().is_ok() {
        return Ok(());
    }
    let mut run = Run::new(random.clone(), Some(Vec::new()));
    let done = run.play();
    let steps = run.steps.unwrap_or_default().join(" ");
    done.map_err(|broken| format!("{broken}\nafter: {steps}"))
}

/// How long a run of a fuzzer's bytes is at most.
const MOST_STEPS: usize = 2000;

struct Run<'a> {
    random: Chance<'a>,
    pipeline: Pipeline<Heap<u32>>,
    config: Config,
    sizes: Sizes,
    ledger: Ledger,
    told: Told,
    tickets: HashMap<u32, Ticket>,
    spelled: commands::Spelled,
    /// The command that holds the line.
    held: Option<Held>,
    /// What the window allows, or allowed when the oldest command in flight may have been let go.
    most_in_flight: usize,
    now: Instant,
    /// What was done, for the message.
    steps: Option<Vec<String>>,
}

impl<'a> Run<'a> {
    fn new(mut random: Chance<'a>, steps: Option<Vec<String>>) -> Self {
        let sizes = Sizes {
            tx: random.usize(90..400),
            rx: random.usize(64..200),
            depth: random.usize(1..10),
        };
        let config = Config {
            window: window(&mut random),
            flush: flush(&mut random),
            resend: random
                .choice([Resend::Never, Resend::NotSent, Resend::Replayable])
                .unwrap_or_default(),
            oversize: random
                .choice([Oversize::Skip, Oversize::Stream])
                .unwrap_or_default(),
            reply_timeout: Duration::from_millis(random.choice([0, 0, 40]).unwrap_or(0)),
            silence_limit: Duration::from_millis(random.choice([0, 0, 90]).unwrap_or(0)),
            shared: false,
        };
        let protocol = random
            .choice([Protocol::Resp2, Protocol::Auto])
            .unwrap_or_default();
        let login = LoginBuf {
            protocol,
            ..LoginBuf::default()
        };
        let mut pipeline = Pipeline::new(Heap::new(sizes, login));
        pipeline.configure(config);
        Self {
            random,
            pipeline,
            config,
            sizes,
            ledger: Ledger::default(),
            told: Told::default(),
            tickets: HashMap::new(),
            spelled: commands::Spelled::new(),
            held: None,
            most_in_flight: commands(config.window),
            now: Instant::from_millis(5),
            steps,
        }
    }

    fn play(&mut self) -> Result<(), Broken> {
        self.open();
        let steps = match self.random.is_seed() {
            true => self.random.usize(5..220),
            false => MOST_STEPS,
        };
        for _ in 0..steps {
            if self.random.is_over() {
                break;
            }
            self.step()?;
        }
        self.conclude()
    }

    fn open(&mut self) {
        self.note(|| "open".to_owned());
        self.pipeline.open(self.now);
        self.ledger.opened();
        self.told.reopened();
    }

    fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(steps) = &mut self.steps {
            steps.push(what());
        }
    }

    fn step(&mut self) -> Result<(), Broken> {
        match self.random.u32(0..100) {
            0..=24 => self.submit(),
            25..=27 => self.hold(),
            28..=31 => self.abandon(),
            32 => self.make_room(),
            33..=52 => {
                let most = self.random.choice([0, 1, 7, 40, usize::MAX]).unwrap_or(1);
                self.transmit(most).map(drop)
            }
            53..=64 => {
                let most = self.random.usize(1..4);
                self.note(|| format!("serve:{most}"));
                for _ in 0..most {
                    self.ledger.serve();
                }
                Ok(())
            }
            65..=79 => {
                let most = self.random.choice([1, 9, 60, usize::MAX]).unwrap_or(1);
                self.receive(most);
                Ok(())
            }
            80..=90 => {
                let most = self.random.choice([1, 2, usize::MAX]).unwrap_or(1);
                self.events(most)
            }
            91..=93 => {
                let span = self.random.u64(0..30);
                self.wait(span);
                Ok(())
            }
            94 => {
                self.note(|| "flush".to_owned());
                self.pipeline.flush();
                Ok(())
            }
            95 => {
                self.ledger.push();
                Ok(())
            }
            96 => {
                self.note(|| "eof".to_owned());
                self.pipeline.handle_eof();
                Ok(())
            }
            97 => {
                self.note(|| "lost".to_owned());
                self.pipeline.handle_link_lost();
                Ok(())
            }
            98 => {
                self.configure();
                Ok(())
            }
            _ => {
                if self.pipeline.state() == State::Down {
                    self.open();
                } else if self.random.u32(0..4) == 0 {
                    self.note(|| "close".to_owned());
                    self.pipeline.close();
                }
                Ok(())
            }
        }
    }

    /// Windows and flushing change while commands are in flight.
    fn configure(&mut self) {
        self.config.window = window(&mut self.random);
        self.config.flush = flush(&mut self.random);
        let config = self.config;
        self.note(|| format!("configure:{:?}:{:?}", config.window, config.flush));
        self.pipeline.configure(config);
        // What was let go before may still be on its way.
        let before = match self.pipeline.in_flight() {
            0 => 0,
            _ => self.most_in_flight,
        };
        self.most_in_flight = before.max(commands(config.window));
    }

    fn submit(&mut self) -> Result<(), Broken> {
        let tag = self.ledger.next_tag();
        let request = commands::random(&mut self.random, tag, &mut self.spelled);
        let wire = request.wire();
        let (mut command, _) = RawCommand::split(&wire).map_err(|error| error.to_string())?;
        command = command.reply_hint(request.reply_hint);
        if request.replayable {
            command = command.replayable();
        }
        let before = (self.pipeline.in_flight(), self.pipeline.tx_free());
        match self.pipeline.submit(&command, tag, self.now) {
            Ok(ticket) => {
                self.note(|| format!("submit:{}", request.words[0].escape_ascii()));
                self.tickets.insert(tag, ticket);
                self.ledger.submitted(Some(request));
            }
            Err(error) => {
                let after = (self.pipeline.in_flight(), self.pipeline.tx_free());
                if error.tag != tag || before != after {
                    return Err(format!("promise 1: {error:?} left {before:?} {after:?}"));
                }
                self.ledger.submitted(None);
            }
        }
        Ok(())
    }

    /// A command that is longer than its buffer, or fed in pieces; or goes on with the one that is.
    fn hold(&mut self) -> Result<(), Broken> {
        self.held = self.held.take().filter(|_| self.pipeline.is_line_held());
        if let Some(held) = &mut self.held {
            let most = self.random.usize(1..60);
            held.go_on(&mut self.pipeline, most)?;
            self.note(|| format!("continue:{most}"));
            return Ok(());
        }
        let tag = self.ledger.next_tag();
        let request = commands::long(&mut self.random, tag);
        let wire = request.wire();
        let before = (self.pipeline.in_flight(), self.pipeline.tx_free());
        let (held, done) = match self.random.bool() {
            true => Held::long(&mut self.pipeline, wire, tag, self.now)?,
            false => Held::pieces(&mut self.pipeline, &request, tag, self.now),
        };
        match done {
            Ok(ticket) => {
                self.note(|| format!("hold:{}", request.wire().len()));
                self.tickets.insert(tag, ticket);
                self.ledger.submitted(Some(request));
                self.held = Some(held);
            }
            Err(error) => {
                let after = (self.pipeline.in_flight(), self.pipeline.tx_free());
                if error.tag != tag || before != after {
                    return Err(format!("promise 1: {error:?} left {before:?} {after:?}"));
                }
                self.ledger.submitted(None);
            }
        }
        Ok(())
    }

    fn abandon(&mut self) -> Result<(), Broken> {
        let open = self.ledger.open();
        let oldest = open.first().copied();
        let Some(tag) = self.random.choice(open) else {
            return Ok(());
        };
        let Some(ticket) = self.tickets.get(&tag).copied() else {
            return Ok(());
        };
        if oldest == Some(tag) {
            self.told.forget_tokens();
        }
        self.note(|| format!("abandon:{tag}"));
        match self.pipeline.abandon(ticket) {
            Some((ended, fate)) if ended == tag => self.ledger.ended(tag, fate),
            // Its time is up, which is still to be told.
            None if !self.config.reply_timeout.is_zero() => Ok(()),
            other => Err(format!("abandoned {tag}, ended {other:?}")),
        }
    }

    /// Drops the oldest command, withdraws one, or compacts.
    fn make_room(&mut self) -> Result<(), Broken> {
        let before = (self.pipeline.slots_free(), self.pipeline.tx_free());
        let ended = match self.random.u32(0..3) {
            0 => {
                let ended = self.pipeline.drop_oldest();
                self.note(|| format!("drop:{ended:?}"));
                let after = (self.pipeline.slots_free(), self.pipeline.tx_free());
                if ended.is_some() && (after.0 <= before.0 || after.1 <= before.1) {
                    return Err(format!("dropping freed nothing: {before:?} {after:?}"));
                }
                ended
            }
            1 => {
                let tag = self.random.choice(self.ledger.open());
                let ended = self.pipeline.withdraw_newest(|theirs| Some(*theirs) == tag);
                self.note(|| format!("withdraw:{ended:?}"));
                ended
            }
            _ => {
                if self.pipeline.compact() {
                    self.note(|| "compact".to_owned());
                    self.tickets.clear();
                }
                None
            }
        };
        match ended {
            Some((tag, fate)) => self.ledger.ended(tag, fate),
            None => Ok(()),
        }
    }

    fn transmit(&mut self, most: usize) -> Result<bool, Broken> {
        let Some(bytes) = self.pipeline.poll_transmit() else {
            return Ok(false);
        };
        let n = bytes.len().min(most);
        let bytes = bytes[..n].to_vec();
        self.pipeline.transmitted(n, self.now);
        self.note(|| format!("out:{n}"));
        self.ledger.left(&bytes, self.config.resend)?;
        if self.pipeline.unanswered() > self.most_in_flight {
            return Err(format!("{} in flight", self.pipeline.unanswered()));
        }
        Ok(n > 0)
    }

    fn receive(&mut self, most: usize) -> bool {
        let room = self.pipeline.recv_space();
        let n = room.len().min(most).min(self.ledger.outbox.len());
        for place in &mut room[..n] {
            *place = self.ledger.outbox.pop_front().unwrap_or_default();
        }
        self.pipeline.recv_commit(n, self.now);
        self.ledger.delivered(n);
        self.note(|| format!("in:{n}"));
        n > 0
    }

    fn events(&mut self, most: usize) -> Result<(), Broken> {
        for _ in 0..most {
            let before = self.told.outcomes.len();
            match self.pipeline.poll_event() {
                Ok(None) => break,
                Ok(Some(event)) => self.told.event(event),
                Err(error) => {
                    self.note(|| format!("down:{error:?}"));
                    return self.down(error);
                }
            }
            let told: Vec<Outcome> = self.told.outcomes.split_off(before);
            for outcome in told {
                self.note(|| format!("({outcome:?})"));
                self.outcome(outcome)?;
            }
        }
        Ok(())
    }

    fn outcome(&mut self, outcome: Outcome) -> Result<(), Broken> {
        match outcome {
            Outcome::Reply { tag, wire } => self.ledger.replied(tag, |reply| reply == wire),
            Outcome::TooLarge {
                tag, bytes, head, ..
            } => {
                let rx = self.sizes.rx;
                self.ledger.replied(tag, |reply| {
                    reply.len() > rx && bytes == reply.len() as u64 && reply.starts_with(&head)
                })
            }
            Outcome::Streamed { tag, bytes, wire } => {
                let rx = self.sizes.rx;
                self.ledger.replied(tag, |reply| {
                    // Without the pushes inside, which were told by themselves.
                    let whole = reply == wire || find(reply, b"invalidate");
                    reply.len() > rx && bytes == reply.len() as u64 && whole
                })
            }
            Outcome::Ended { tag, fate } => self.ledger.ended(tag, fate),
            Outcome::Push(wire) => self.ledger.pushed(&wire),
            other @ (Outcome::Rejected { .. } | Outcome::Down(_)) => Err(format!("told {other:?}")),
        }
    }

    fn down(&mut self, error: PipelineError) -> Result<(), Broken> {
        let open = self.ledger.open();
        match error {
            PipelineError::Eof
            | PipelineError::LinkLost
            | PipelineError::Silence
            | PipelineError::GivenUp => {}
            other => return Err(format!("the server did nothing wrong: {other:?}")),
        }
        if self.config.resend == Resend::Never && !open.is_empty() {
            return Err(format!("promise 7: {open:?} have not ended"));
        }
        Ok(())
    }

    fn wait(&mut self, millis: u64) {
        self.now = self.now.after(Duration::from_millis(millis));
        self.note(|| format!("wait:{millis}"));
        if self
            .pipeline
            .poll_timeout()
            .is_some_and(|due| due <= self.now)
        {
            self.pipeline.handle_timeout(self.now);
        }
    }

    /// Everything comes to its end (promises 4 and 9).
    fn conclude(&mut self) -> Result<(), Broken> {
        self.note(|| "conclude".to_owned());
        let mut rounds = 0;
        loop {
            rounds += 1;
            if rounds > 20_000 {
                return Err(format!("promise 4: stuck, open: {:?}", self.ledger.open()));
            }
            if self.pipeline.state() == State::Down {
                self.events(usize::MAX)?;
                if self.ledger.open().is_empty() && self.pipeline.in_flight() == 0 {
                    break;
                }
                self.open();
            }
            self.events(usize::MAX)?;
            if self.pipeline.state() == State::Down {
                continue;
            }
            self.pipeline.flush();
            let mut moved = self.transmit(usize::MAX)?;
            self.held = self.held.take().filter(|_| self.pipeline.is_line_held());
            if let Some(held) = &mut self.held {
                moved = true;
                held.go_on(&mut self.pipeline, usize::MAX)?;
            }
            moved |= self.ledger.serve();
            moved |= self.receive(usize::MAX);
            if !moved {
                break;
            }
        }
        self.events(usize::MAX)?;
        let open = self.ledger.open();
        if !open.is_empty() {
            return Err(format!("promise 7: {open:?} never ended"));
        }
        if self.pipeline.in_flight() != 0 || self.pipeline.tx_free() != self.sizes.tx {
            let (slots, free) = (self.pipeline.in_flight(), self.pipeline.tx_free());
            return Err(format!(
                "{slots} slots are taken, {free} of {} bytes are free",
                self.sizes.tx
            ));
        }
        Ok(())
    }
}

fn window(random: &mut Chance<'_>) -> Window {
    Window {
        commands: random.choice([0, 0, 1, 2, 5]).unwrap_or(0),
        sent_bytes: random.choice([0, 0, 60, 150]).unwrap_or(0),
        reply_bytes: random.choice([0, 0, 100, 300]).unwrap_or(0),
    }
}

/// How many commands a window allows in flight.
fn commands(window: Window) -> usize {
    match window.commands {
        0 => usize::MAX,
        n => n as usize,
    }
}

fn flush(random: &mut Chance<'_>) -> Flush {
    match random.u32(0..6) {
        0 => Flush::Explicit,
        1 => Flush::AtLeast {
            count: random.u32(0..4),
            bytes: random.u32(0..100),
            age: Duration::from_millis(random.u64(0..20)),
        },
        _ => Flush::WhenIdle,
    }
}

fn find(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}
