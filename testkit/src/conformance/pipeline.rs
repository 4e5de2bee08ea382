//! The suite's subject over a [`Pipeline`] alone, on a fake link.

use std::collections::HashMap;

use respipe_core::encode::RawCommand;
use respipe_core::pipeline::{Event, Heap, PipelineError, SubmitError, Ticket, Token};
use respipe_core::{Duration, Kind, Pipeline, cmd};

use super::outcome::Outcome;
use super::scenario::Request;
use super::stage::{Actor, Stage};
use super::subject::{Harness, Room, Subject, Unsupported};
use crate::clock::Clock;
use crate::link::{Link, Pumped, pump, pump_until};

/// For how long a subject waits for outcomes, in simulated time.
const PATIENCE: Duration = Duration::from_secs(600);

/// Runs the suite over a `Pipeline` alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct PipelineAlone;

impl Harness for PipelineAlone {
    type Subject = OverFakeLink;

    fn name(&self) -> &'static str {
        "Pipeline"
    }

    fn start(&mut self, stage: Stage) -> Result<OverFakeLink, Unsupported> {
        let settings = &stage.settings;
        let mut pipeline = Pipeline::new(Heap::new(settings.sizes, settings.login.clone()));
        pipeline.configure(settings.config);
        Ok(OverFakeLink {
            pipeline,
            stage,
            link: None,
            clock: Clock::new(),
            told: Told::default(),
            tickets: HashMap::new(),
        })
    }
}

/// A `Pipeline`, pumped over a fake link.
#[derive(Debug)]
pub struct OverFakeLink {
    pipeline: Pipeline<Heap<u32>>,
    stage: Stage,
    link: Option<Link<Actor>>,
    clock: Clock,
    told: Told,
    tickets: HashMap<u32, Ticket>,
}

/// What the application was told, events made comparable.
#[derive(Debug, Default)]
pub struct Told {
    /// All of it so far.
    pub outcomes: Vec<Outcome>,
    /// Tokens of the reply that is being streamed, put together again.
    tokens: Vec<u8>,
    /// Told that the connection has ended.
    down: bool,
}

impl Told {
    /// An event of the pipeline; tokens are put together to one outcome.
    pub fn event(&mut self, event: Event<'_, u32>) {
        let outcome = match event {
            Event::Reply { tag, reply } => Outcome::Reply {
                tag,
                wire: reply.as_raw().to_vec(),
            },
            Event::TooLarge {
                tag,
                kind,
                bytes,
                head,
            } => Outcome::TooLarge {
                tag,
                kind,
                bytes,
                head: head.to_vec(),
            },
            Event::Ended { tag, fate } => Outcome::Ended { tag, fate },
            Event::Push(push) => Outcome::Push(push.as_raw().to_vec()),
            Event::Token(token) => return self.token(token),
            Event::Streamed { tag, bytes } => Outcome::Streamed {
                tag,
                bytes,
                wire: core::mem::take(&mut self.tokens),
            },
        };
        if !matches!(outcome, Outcome::Push(_)) {
            self.tokens.clear();
        }
        self.outcomes.push(outcome);
    }

    /// The reply that is being streamed was given up.
    pub fn forget_tokens(&mut self) {
        self.tokens.clear();
    }

    /// A new connection begins.
    pub fn reopened(&mut self) {
        self.down = false;
        self.tokens.clear();
    }

    fn token(&mut self, token: Token<'_>) {
        match token {
            Token::Aggregate { kind, count } => self.header(kind, count),
            Token::Scalar(reply) => self.tokens.extend(reply.as_raw()),
            Token::Begin {
                kind,
                len: Some(len),
            } => self.header(kind, len),
            Token::Begin { kind, len: None } => self.tokens.push(kind as u8),
            Token::Bytes(bytes) => self.tokens.extend(bytes),
            Token::End => self.tokens.extend(b"\r\n"),
        }
    }

    fn header(&mut self, kind: Kind, n: u64) {
        let header = format!("{}{n}\r\n", char::from(kind as u8));
        self.tokens.extend(header.as_bytes());
    }

    /// The connection has ended; that counts once.
    pub fn ended(&mut self, error: PipelineError) {
        if !self.down {
            self.outcomes.push(Outcome::Down(error));
        }
        self.down = true;
    }
}

impl OverFakeLink {
    fn submitted(&mut self, tag: u32, done: Result<Ticket, SubmitError<u32>>) -> bool {
        match done {
            Ok(ticket) => {
                self.tickets.insert(tag, ticket);
                true
            }
            Err(SubmitError { tag: back, reason }) => {
                assert_eq!(tag, back, "another tag came back");
                self.told.outcomes.push(Outcome::Rejected { tag, reason });
                false
            }
        }
    }

    fn ended(&mut self, pumped: Pumped) {
        if let Pumped::Ended(error) = pumped {
            self.told.ended(error);
        }
    }

    /// Pumps until nothing moves at this time. Whether the link is there.
    fn pump(&mut self) -> bool {
        let Some(link) = &mut self.link else {
            return false;
        };
        let told = &mut self.told;
        let pumped = pump(&mut self.pipeline, link, self.clock.now(), |event| {
            told.event(event);
        });
        self.ended(pumped);
        !matches!(pumped, Pumped::Ended(_))
    }
}

impl Subject for OverFakeLink {
    fn open(&mut self) -> Result<(), Unsupported> {
        let actor = self.stage.next_connection();
        self.link = Some(Link::new(actor, self.stage.conditions));
        self.told.reopened();
        self.pipeline.open(self.clock.now());
        Ok(())
    }

    fn submit(&mut self, tag: u32, request: &Request) -> Result<(), Unsupported> {
        let now = self.clock.now();
        let wire = request.wire();
        let done = match RawCommand::split(&wire) {
            Ok((mut command, _)) => {
                command = command.reply_hint(request.reply_hint);
                if request.replayable {
                    command = command.replayable();
                }
                self.pipeline.submit(&command, tag, now)
            }
            // What RawCommand refuses is given to the guard.
            Err(_) => self.pipeline.submit(&cmd(""), tag, now),
        };
        self.submitted(tag, done);
        Ok(())
    }

    fn submit_in_pieces(
        &mut self,
        tag: u32,
        request: &Request,
        whole: usize,
        piece: usize,
    ) -> Result<(), Unsupported> {
        let (front, pieces) = request.words.split_at(whole);
        let front: Vec<&[u8]> = front.iter().map(Vec::as_slice).collect();
        let name = core::str::from_utf8(front[0]).unwrap_or_default();
        let command = cmd(name).args(&front[1..]);
        let now = self.clock.now();
        let done = self.pipeline.begin(&command, pieces.len(), tag, now);
        if !self.submitted(tag, done) {
            return Ok(());
        }
        for argument in pieces {
            while self.pipeline.begin_argument(argument.len() as u64).is_err() {
                if !self.pump() {
                    return Ok(());
                }
            }
            let mut rest = argument.as_slice();
            while !rest.is_empty() {
                let n = self.pipeline.feed(&rest[..rest.len().min(piece)]);
                rest = &rest[n..];
                if n == 0 && !self.pump() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn submit_long(&mut self, tag: u32, request: &Request) -> Result<(), Unsupported> {
        let wire = request.wire();
        let (command, _) =
            RawCommand::split(&wire).map_err(|_| Unsupported("not a whole command"))?;
        let done = self.pipeline.submit_long(&command, tag, self.clock.now());
        if self.submitted(tag, done) {
            while !self.pipeline.continue_long(&command) && self.pump() {}
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Unsupported> {
        self.pipeline.flush();
        Ok(())
    }

    fn abandon(&mut self, tag: u32) -> Result<(), Unsupported> {
        let ticket = self.tickets.get(&tag);
        let ended = ticket.and_then(|ticket| self.pipeline.abandon(*ticket));
        if let Some((tag, fate)) = ended {
            self.told.outcomes.push(Outcome::Ended { tag, fate });
        }
        Ok(())
    }

    fn make_room(&mut self, how: Room) -> Result<(), Unsupported> {
        self.told.outcomes.extend(how.make(&mut self.pipeline));
        Ok(())
    }

    fn run(&mut self, wanted: usize) -> Result<(), Unsupported> {
        let give_up = self.clock.now().after(PATIENCE);
        // All that happens at this time, even when enough was told: more would be wrong.
        while self.pump() && self.told.outcomes.len() < wanted {
            let link = self.link.as_ref();
            let now = self.clock.now();
            let wakes = [
                link.and_then(|link| link.wake(now)),
                self.pipeline.poll_timeout(),
            ];
            match wakes.into_iter().flatten().min() {
                Some(wake) if wake <= give_up => self.clock.advance_to(wake),
                _ => break,
            }
        }
        Ok(())
    }

    fn wait(&mut self, time: Duration) -> Result<(), Unsupported> {
        let until = self.clock.now().after(time);
        if let Some(link) = &mut self.link {
            let told = &mut self.told;
            let pumped = pump_until(&mut self.pipeline, link, &self.clock, until, |event| {
                told.event(event);
            });
            self.ended(pumped);
        }
        self.clock.advance_to(until);
        Ok(())
    }

    fn outcomes(&self) -> &[Outcome] {
        &self.told.outcomes
    }
}
