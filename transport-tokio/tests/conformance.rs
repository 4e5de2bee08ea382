//! The conformance suite over real sockets, through batches of one command.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;

use respipe_core::encode::RawCommand;
use respipe_core::login::Protocol;
use respipe_core::pipeline::{Oversize, PipelineError};
use respipe_core::{Fate, cmd};
use respipe_testkit::conformance::{
    Harness, Host, Order, Outcome, Request, Stage, Subject, Unsupported, run_side_by_side, suite,
};
use respipe_tokio::{
    Batch, BatchOutcomes, Connection, Dedicated, Error, Options, Outcome as Told, PushStream,
    Reconnect, Resend,
};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

/// How long an outcome is waited for that does not belong to a command: a push, the end of the connection.
const PATIENCE: Duration = Duration::from_millis(1500);

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
        let settings = stage.settings.clone();
        let config = settings.config;
        if stage.expects(Outcome::is_for_room) {
            return Err(Unsupported("waits in line instead of refusing"));
        }
        if config.oversize == Oversize::Stream {
            return Err(Unsupported("streams through `call_streamed` only"));
        }
        if stage.connections() > 1 && settings.login.protocol == Protocol::Auto {
            return Err(Unsupported("tries RESP2 by itself, and asks with a PING"));
        }
        let goes_on = stage.connections() > 1 && config.resend != Resend::Never;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|_| Unsupported("no runtime"))?;
        let host = Host::start(stage).map_err(|_| Unsupported("no loopback port"))?;
        let url = format!("redis://{}", host.address());
        let mut options = Options::from_url(&url)
            .map_err(|_| Unsupported("no URL"))?
            .login(settings.login)
            .tx_bytes(settings.sizes.tx)
            .rx_bytes(settings.sizes.rx)
            .depth(settings.sizes.depth)
            .window(config.window)
            .flush(config.flush)
            .resend(config.resend)
            .reply_timeout(config.reply_timeout.into())
            .silence_limit(config.silence_limit.into())
            .connect_timeout(Duration::from_secs(2))
            .write_timeout(Duration::from_secs(5));
        if goes_on {
            options = options.reconnect(Reconnect::DEFAULT);
        }
        Ok(OverSockets {
            runtime,
            options,
            goes_on,
            connection: None,
            pushes: None,
            running: VecDeque::new(),
            outcomes: Vec::new(),
            end: None,
            _host: host,
        })
    }
}

/// A command that is under way, with its tag.
type Running = (u32, Pin<Box<dyn Future<Output = BatchOutcomes>>>);

struct OverSockets {
    runtime: Runtime,
    options: Options,
    /// Connects again by itself, which is not told.
    goes_on: bool,
    connection: Option<Arc<Dedicated>>,
    pushes: Option<PushStream>,
    running: VecDeque<Running>,
    outcomes: Vec<Outcome>,
    /// Logging in failed: what commands would be told.
    end: Option<PipelineError>,
    _host: Host,
}

/// What ended the connection, in the pipeline's words.
fn down(error: &Error) -> PipelineError {
    match error {
        Error::Login(_) => PipelineError::LoginRefused,
        Error::Pipeline { error, .. } | Error::ClosedAtOnce(error) => *error,
        Error::NotRedis { error, .. } => PipelineError::Protocol(*error),
        Error::TimedOut(_) => PipelineError::Silence,
        Error::Ended {
            cause: Some(cause), ..
        } => down(cause),
        _ => PipelineError::LinkLost,
    }
}

impl OverSockets {
    /// Takes the outcome of the oldest command.
    fn told(&mut self, tag: u32, outcomes: &BatchOutcomes) {
        let ended = |fate| Outcome::Ended { tag, fate };
        self.outcomes.push(match outcomes.get(0) {
            Some(Told::Replied(reply)) => Outcome::Reply {
                tag,
                wire: reply.as_raw().to_vec(),
            },
            Some(Told::TooLarge { kind, bytes, head }) => Outcome::TooLarge {
                tag,
                kind,
                bytes,
                head: head.to_vec(),
            },
            Some(Told::Refused(Some(reason))) => Outcome::Rejected { tag, reason },
            Some(told) => ended(told.fate().unwrap_or(Fate::Refused)),
            None => ended(Fate::Refused),
        });
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
            .block_on(Dedicated::connect(self.options.clone()))
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
        let pushed = match RawCommand::split(&wire) {
            Ok((mut command, _)) => {
                command = command.reply_hint(request.reply_hint);
                if request.replayable {
                    command = command.replayable();
                }
                batch.push(&command)
            }
            Err(_) => batch.push(&cmd("")),
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
        let patience = match self.goes_on {
            // Enough to see the end, and to connect again.
            true => Duration::from_millis(60),
            false => PATIENCE,
        };
        self.take_pushes(wanted, patience);
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
