//! The conformance suite over real sockets, through `send`, `flush` and `receive`.

use core::time::Duration;
use std::time::Instant;

use respipe_core::pipeline::PipelineError;
use respipe_core::{Fate, cmd};
use respipe_std::{Connection, Error, Misuse};
use respipe_testkit::conformance::sockets::{Sockets, command, down, outcome};
use respipe_testkit::conformance::{
    Harness, Order, Outcome, Request, Stage, Subject, Unsupported, run_side_by_side, suite,
};

#[test]
fn the_blocking_connection_passes_the_suite() {
    run_side_by_side(|| Std, &suite()).conclude("respipe-std");
}

struct Std;

impl Harness for Std {
    type Subject = OverSockets;

    fn name(&self) -> &'static str {
        "respipe-std"
    }

    fn order(&self) -> Order {
        Order::BySubmission
    }

    fn variations(&self) -> usize {
        4
    }

    fn start(&mut self, stage: Stage) -> Result<OverSockets, Unsupported> {
        let sockets = Sockets::start(stage)?;
        Ok(OverSockets {
            sockets,
            connection: None,
            tags: Vec::new(),
            outcomes: Vec::new(),
            end: None,
        })
    }
}

struct OverSockets {
    sockets: Sockets,
    connection: Option<Connection>,
    /// Commands that were sent and not received, in order.
    tags: Vec<u32>,
    outcomes: Vec<Outcome>,
    /// Logging in failed: what commands would be told.
    end: Option<PipelineError>,
}

impl OverSockets {
    /// Receives the outcome of the oldest command.
    fn receive(&mut self) -> bool {
        let Some(connection) = &mut self.connection else {
            return false;
        };
        let tag = self.tags[0];
        let Ok(told) = connection.receive() else {
            return false;
        };
        let outcome = outcome(tag, &told);
        self.tags.remove(0);
        self.outcomes.push(outcome);
        true
    }

    /// Takes pushes until so many outcomes are there, or the connection ends.
    fn take_pushes(&mut self, wanted: usize, patience: Duration) {
        let deadline = Instant::now() + patience;
        while let Some(connection) = &mut self.connection {
            if self.outcomes.len() >= wanted {
                return;
            }
            match connection.next_push(Some(deadline)) {
                Ok(Some(push)) => {
                    let wire = push.reply().as_raw().to_vec();
                    self.outcomes.push(Outcome::Push(wire));
                }
                Ok(None) => return,
                // A changed session ended; its connection was made again.
                Err(_) if connection.is_alive() => {}
                Err(error) => {
                    self.outcomes.push(Outcome::Down(down(&error)));
                    self.connection = None;
                }
            }
        }
    }
}

impl Subject for OverSockets {
    fn open(&mut self) -> Result<(), Unsupported> {
        if self.connection.is_some() {
            return Ok(());
        }
        match Connection::connect(self.sockets.options.clone()) {
            Ok(connection) => self.connection = Some(connection),
            Err(error) => self.end = Some(down(&error)),
        }
        Ok(())
    }

    fn submit(&mut self, tag: u32, request: &Request) -> Result<(), Unsupported> {
        let Some(connection) = &mut self.connection else {
            let fate = Fate::NotSent;
            self.outcomes.push(Outcome::Ended { tag, fate });
            return Ok(());
        };
        let wire = request.wire();
        let sent = match command(request, &wire) {
            Some(command) => connection.send(&command),
            None => connection.send(&cmd("")),
        };
        match sent {
            Ok(()) => self.tags.push(tag),
            Err(Error::Rejected(reason)) => self.outcomes.push(Outcome::Rejected { tag, reason }),
            Err(Error::Misuse(Misuse::WindowFull { .. })) => {
                return Err(Unsupported("a full window is for its caller to empty"));
            }
            Err(_) => self.outcomes.push(Outcome::Ended {
                tag,
                fate: Fate::NotSent,
            }),
        }
        Ok(())
    }

    fn submit_long(&mut self, tag: u32, request: &Request) -> Result<(), Unsupported> {
        self.submit(tag, request)
    }

    fn flush(&mut self) -> Result<(), Unsupported> {
        if let Some(connection) = &mut self.connection {
            let _ = connection.flush();
        }
        Ok(())
    }

    fn run(&mut self, wanted: usize) -> Result<(), Unsupported> {
        while !self.tags.is_empty() && self.receive() {}
        if let Some(end) = self.end.take() {
            self.outcomes.push(Outcome::Down(end));
        }
        self.take_pushes(wanted, self.sockets.patience());
        Ok(())
    }

    fn wait(&mut self, time: respipe_core::Duration) -> Result<(), Unsupported> {
        if !self.tags.is_empty() {
            return Err(Unsupported("nothing goes on between calls"));
        }
        std::thread::sleep(time.into());
        Ok(())
    }

    fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }
}
