//! The conformance suite: the pump over a fake link in simulated time, and over TCP through
//! `embedded-io-adapters`.

mod common;

use core::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use common::{ByHand, Half, Task, Wires};
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use respipe_core::encode::RawCommand;
use respipe_core::pipeline::{Heap, PipelineError, SubmitError, Ticket};
use respipe_core::{Duration, cmd};
use respipe_embedded_io::{Client, End, Pump};
use respipe_testkit::conformance::{
    Actor, Harness, Outcome, Request, Stage, Subject, Told, Unsupported, run, suite,
};
use respipe_testkit::link::Link;

#[test]
fn the_pump_passes_the_suite_over_a_fake_link() {
    run(&mut Fake, &suite()).conclude("respipe-embedded-io");
}

/// For how long outcomes are waited for, in simulated time.
const PATIENCE: Duration = Duration::from_secs(600);

struct Fake;

impl Harness for Fake {
    type Subject = OverFakeLink;

    fn name(&self) -> &'static str {
        "respipe-embedded-io"
    }

    fn start(&mut self, stage: Stage) -> Result<OverFakeLink, Unsupported> {
        let settings = &stage.settings;
        let clock = ByHand::default();
        let heap = Heap::new(settings.sizes, settings.login.clone());
        let client = Client::new(heap, clock.clone());
        client.configure(settings.config);
        Ok(OverFakeLink {
            client: Rc::new(client),
            clock,
            stage,
            running: None,
            told: Rc::default(),
            outcomes: Vec::new(),
            tickets: HashMap::new(),
        })
    }
}

type Shared = Client<NoopRawMutex, Heap<u32>, ByHand>;

struct OverFakeLink {
    client: Rc<Shared>,
    clock: ByHand,
    stage: Stage,
    running: Option<(Task<End>, Rc<Wires<Actor>>)>,
    /// What the pump's event handler was told, until it is taken over from there.
    told: Rc<RefCell<Told>>,
    outcomes: Vec<Outcome>,
    tickets: HashMap<u32, Ticket>,
}

impl OverFakeLink {
    fn tell(&mut self, outcome: Option<Outcome>) {
        self.outcomes.append(&mut self.told.borrow_mut().outcomes);
        self.outcomes.extend(outcome);
    }

    fn submitted(&mut self, tag: u32, done: Result<Ticket, SubmitError<u32>>) -> bool {
        match done {
            Ok(ticket) => {
                self.tickets.insert(tag, ticket);
                true
            }
            Err(SubmitError { tag: back, reason }) => {
                assert_eq!(tag, back, "another tag came back");
                self.tell(Some(Outcome::Rejected { tag, reason }));
                false
            }
        }
    }

    /// Lets all happen that happens at this time. Whether there is a connection.
    fn settle(&mut self) -> bool {
        let Some((task, wires)) = &mut self.running else {
            return false;
        };
        let clock = &self.clock;
        let end = task.settle(|| {
            // Set again by whoever waits.
            let moved = wires.turn();
            if moved {
                clock.next.set(None);
            }
            moved
        });
        if let Some(end) = end {
            self.running = None;
            self.told.borrow_mut().ended(match end {
                End::Failed(error) => error,
                End::Io(_) => PipelineError::LinkLost,
                End::Closed | End::CloseTimeout => panic!("nobody closed it"),
            });
        }
        self.tell(None);
        self.running.is_some()
    }

    /// When something will happen.
    fn wake(&self) -> Option<respipe_core::Instant> {
        let (_, wires) = self.running.as_ref()?;
        let link = wires.link.borrow().wake(self.clock.clock.now());
        [link, self.clock.next.get()].into_iter().flatten().min()
    }

    fn advance(&self, to: respipe_core::Instant) {
        self.clock.next.set(None);
        self.clock.clock.advance_to(to);
    }
}

impl Subject for OverFakeLink {
    fn open(&mut self) -> Result<(), Unsupported> {
        let (client, told) = (Rc::clone(&self.client), Rc::clone(&self.told));
        told.borrow_mut().reopened();
        let actor = self.stage.next_connection();
        let link = Link::new(actor, self.stage.conditions);
        let wires = Wires::new(link, self.clock.clock.clone());
        let (reader, writer) = (Half(Rc::clone(&wires)), Half(Rc::clone(&wires)));
        // Staging buffers of all kinds.
        let size = [512, 64, 7, 1][self.stage.conditions.seed as usize % 4];
        self.clock.next.set(None);
        let mut task = Task::new(async move {
            let (mut read, mut write) = (vec![0; size], vec![0; size]);
            let mut pump = Pump::new(&client, &mut read, &mut write);
            let on_event = |event: respipe_core::Event<'_, u32>, _| told.borrow_mut().event(event);
            pump.run(reader, writer, on_event).await
        });
        // Until then the pipeline does not know of the connection.
        assert!(task.poll().is_none(), "a connection that ends at once");
        self.running = Some((task, wires));
        Ok(())
    }

    fn submit(&mut self, tag: u32, request: &Request) -> Result<(), Unsupported> {
        let wire = request.wire();
        let done = match RawCommand::split(&wire) {
            Ok((mut command, _)) => {
                command = command.reply_hint(request.reply_hint);
                if request.replayable {
                    command = command.replayable();
                }
                self.client.submit(&command, tag)
            }
            Err(_) => self.client.submit(&cmd(""), tag),
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
        let now = self.clock.clock.now();
        let client = Rc::clone(&self.client);
        let done = client.pipeline(|pipeline| pipeline.begin(&command, pieces.len(), tag, now));
        if !self.submitted(tag, done.expect("no event is being handled")) {
            return Ok(());
        }
        for argument in pieces {
            let len = argument.len() as u64;
            while client.pipeline(|pipeline| pipeline.begin_argument(len).is_err()) == Some(true) {
                if !self.settle() {
                    return Ok(());
                }
            }
            let mut rest = argument.as_slice();
            while !rest.is_empty() {
                let next = &rest[..rest.len().min(piece)];
                let n = client.pipeline(|pipeline| pipeline.feed(next));
                rest = &rest[n.unwrap_or_default()..];
                if n == Some(0) && !self.settle() {
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
        let now = self.clock.clock.now();
        let client = Rc::clone(&self.client);
        let done = client.pipeline(|pipeline| pipeline.submit_long(&command, tag, now));
        if self.submitted(tag, done.expect("no event is being handled")) {
            while client.pipeline(|pipeline| pipeline.continue_long(&command)) == Some(false)
                && self.settle()
            {}
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Unsupported> {
        self.client.flush();
        Ok(())
    }

    fn abandon(&mut self, tag: u32) -> Result<(), Unsupported> {
        let ticket = self.tickets.get(&tag);
        let ended = ticket.and_then(|ticket| self.client.abandon(*ticket));
        self.tell(ended.map(|(tag, fate)| Outcome::Ended { tag, fate }));
        Ok(())
    }

    fn run(&mut self, wanted: usize) -> Result<(), Unsupported> {
        let give_up = self.clock.clock.now().after(PATIENCE);
        while self.settle() && self.outcomes.len() < wanted {
            match self.wake() {
                Some(wake) if wake <= give_up => self.advance(wake),
                _ => break,
            }
        }
        Ok(())
    }

    fn wait(&mut self, time: Duration) -> Result<(), Unsupported> {
        let until = self.clock.clock.now().after(time);
        while self.settle() {
            match self.wake() {
                Some(wake) if wake <= until => self.advance(wake),
                _ => break,
            }
        }
        self.advance(until);
        Ok(())
    }

    fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }
}
