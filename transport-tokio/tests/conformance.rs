//! The conformance suite over real sockets, through batches of one command.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;

use respipe_core::pipeline::PipelineError;
use respipe_core::{Fate, cmd};
use respipe_testkit::conformance::sockets::{PATIENCE, Sockets, command, down, outcome};
use respipe_testkit::conformance::{
    Harness, Order, Outcome, Request, Stage, Subject, Unsupported, run_side_by_side, suite,
};
use respipe_tokio::{Batch, BatchOutcomes, Connection, Dedicated, PushStream};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

#[test]
fn the_tokio_client_passes_the_suite() {
    run_side_by_side(|| Tokio, &suite()).conclude("respipe-tokio");
}

struct Tokio;

impl Harness for Tokio {
    type Subject = OverSockets;

    fn name(&self) -> &'static str {
        "respipe-tokio"
    }

    fn order(&self) -> Order {
        Order::BySubmission
    }

    fn variations(&self) -> usize {
        4
    }

    fn start(&mut self, stage: Stage) -> Result<OverSockets, Unsupported> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|_| Unsupported("no runtime"))?;
        let sockets = Sockets::start(stage)?;
        Ok(OverSockets {
            runtime,
            sockets,
            connection: None,
            pushes: None,
            running: VecDeque::new(),
            outcomes: Vec::new(),
            end: None,
        })
    }
}

/// A command that is under way, with its tag.
type Running = (u32, Pin<Box<dyn Future<Output = BatchOutcomes>>>);

struct OverSockets {
    runtime: Runtime,
    sockets: Sockets,
    connection: Option<Arc<Dedicated>>,
    pushes: Option<PushStream>,
    running: VecDeque<Running>,
    outcomes: Vec<Outcome>,
    /// Logging in failed: what commands would be told.
    end: Option<PipelineError>,
}

impl OverSockets {
    /// Takes the outcome of the oldest command.
    fn told(&mut self, tag: u32, outcomes: &BatchOutcomes) {
        let fate = Fate::Refused;
        let told = outcomes.get(0).map(|told| outcome(tag, &told));
        self.outcomes
            .push(told.unwrap_or(Outcome::Ended { tag, fate }));
    }

    /// Takes pushes until so many outcomes are there, or the connection ends.
    fn take_pushes(&mut self, wanted: usize, patience: Duration) {
        while self.outcomes.len() < wanted {
            let (Some(pushes), Some(connection)) = (&mut self.pushes, &self.connection) else {
                return;
            };
            match self
                .runtime
                .block_on(async { timeout(patience, pushes.next()).await })
            {
                Ok(Some(push)) => {
                    let wire = push.reply().as_raw().to_vec();
                    self.outcomes.push(Outcome::Push(wire));
                }
                Ok(None) => {
                    let state = connection.state();
                    if let Connection::Over { cause } = &*state.borrow() {
                        self.outcomes.push(Outcome::Down(down(cause)));
                    }
                    self.pushes = None;
                    self.connection = None;
                }
                Err(_) => return,
            }
        }
    }
}

impl Subject for OverSockets {
    fn open(&mut self) -> Result<(), Unsupported> {
        if self.connection.is_some() {
            return Ok(());
        }
        match self
            .runtime
            .block_on(Dedicated::connect(self.sockets.options.clone()))
        {
            Ok(connection) => {
                self.pushes = Some(connection.pushes());
                self.connection = Some(Arc::new(connection));
            }
            Err(error) => self.end = Some(down(&error)),
        }
        Ok(())
    }

    fn submit(&mut self, tag: u32, request: &Request) -> Result<(), Unsupported> {
        let Some(connection) = self.connection.clone() else {
            let fate = Fate::NotSent;
            self.outcomes.push(Outcome::Ended { tag, fate });
            return Ok(());
        };
        let mut batch = Batch::new();
        let wire = request.wire();
        let pushed = match command(request, &wire) {
            Some(command) => batch.push(&command),
            None => batch.push(&cmd("")),
        };
        pushed.map_err(|_| Unsupported("no command"))?;
        let mut running: Running = (tag, Box::pin(async move { connection.run(&batch).await }));
        // Queued when it is first polled; those before it come first.
        match running
            .1
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(outcomes) if self.running.is_empty() => self.told(tag, &outcomes),
            Poll::Ready(outcomes) => {
                let ended: Running = (tag, Box::pin(core::future::ready(outcomes)));
                self.running.push_back(ended);
            }
            Poll::Pending => self.running.push_back(running),
        }
        Ok(())
    }

    fn submit_long(&mut self, tag: u32, request: &Request) -> Result<(), Unsupported> {
        self.submit(tag, request)
    }

    fn flush(&mut self) -> Result<(), Unsupported> {
        if let Some(connection) = &self.connection {
            connection.flush();
        }
        Ok(())
    }

    fn run(&mut self, wanted: usize) -> Result<(), Unsupported> {
        while let Some((tag, running)) = self.running.front_mut() {
            let tag = *tag;
            let patience = 2 * PATIENCE;
            let ended = self
                .runtime
                .block_on(async { timeout(patience, running).await });
            let Ok(outcomes) = ended else {
                break;
            };
            self.running.pop_front();
            self.told(tag, &outcomes);
        }
        if let Some(end) = self.end.take() {
            self.outcomes.push(Outcome::Down(end));
        }
        self.take_pushes(wanted, self.sockets.patience());
        Ok(())
    }

    fn wait(&mut self, time: respipe_core::Duration) -> Result<(), Unsupported> {
        self.runtime
            .block_on(async { tokio::time::sleep(time.into()).await });
        Ok(())
    }

    fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }
}
