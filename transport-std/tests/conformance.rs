//! The conformance suite over real sockets, through `send`, `flush` and `receive`.

use core::time::Duration;
use std::time::Instant;

use respipe_core::encode::RawCommand;
use respipe_core::login::Protocol;
use respipe_core::pipeline::{Oversize, PipelineError};
use respipe_core::{Fate, cmd};
use respipe_std::{Connection, Error, Misuse, Options, Outcome as Told, Reconnect, Resend};
use respipe_testkit::conformance::{
    Harness, Host, Order, Outcome, Request, Stage, Subject, Unsupported, run_side_by_side, suite,
};

/// How long an outcome is waited for that does not belong to a command: a push, the end of the connection.
const PATIENCE: Duration = Duration::from_millis(1500);

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
        let settings = stage.settings.clone();
        let config = settings.config;
        if stage.expects(Outcome::is_for_room) {
            return Err(Unsupported("waits for room instead of refusing"));
        }
        if config.oversize == Oversize::Stream {
            return Err(Unsupported("streams through `call_streamed` only"));
        }
        if stage.connections() > 1 && settings.login.protocol == Protocol::Auto {
            return Err(Unsupported("tries RESP2 by itself, and asks with a PING"));
        }
        let goes_on = stage.connections() > 1 && config.resend != Resend::Never;
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
            options,
            goes_on,
            connection: None,
            tags: Vec::new(),
            outcomes: Vec::new(),
            end: None,
            _host: host,
        })
    }
}

struct OverSockets {
    options: Options,
    /// Connects again by itself, which is not told.
    goes_on: bool,
    connection: Option<Connection>,
    /// Commands that were sent and not received, in order.
    tags: Vec<u32>,
    outcomes: Vec<Outcome>,
    /// Logging in failed: what commands would be told.
    end: Option<PipelineError>,
    _host: Host,
}

impl OverSockets {
    /// What ended the connection, in the pipeline's words.
    fn down(error: &Error) -> PipelineError {
        match error {
            Error::Login(_) => PipelineError::LoginRefused,
            Error::Pipeline { error, .. } | Error::ClosedAtOnce(error) => *error,
            Error::NotRedis { error, .. } => PipelineError::Protocol(*error),
            Error::TimedOut(_) => PipelineError::Silence,
            Error::Ended {
                cause: Some(cause), ..
            } => Self::down(cause),
            _ => PipelineError::LinkLost,
        }
    }

    /// Receives the outcome of the oldest command.
    fn receive(&mut self) -> bool {
        let Some(connection) = &mut self.connection else {
            return false;
        };
        let tag = self.tags[0];
        let outcome = match connection.receive() {
            Ok(Told::Replied(reply)) => Outcome::Reply {
                tag,
                wire: reply.as_raw().to_vec(),
            },
            Ok(Told::TooLarge { kind, bytes, head }) => Outcome::TooLarge {
                tag,
                kind,
                bytes,
                head: head.to_vec(),
            },
            Ok(Told::NotSent) => Outcome::Ended {
                tag,
                fate: Fate::NotSent,
            },
            Ok(Told::Unknown(why)) => Outcome::Ended {
                tag,
                fate: Fate::Unknown(why),
            },
            Ok(Told::Silent) => Outcome::Ended {
                tag,
                fate: Fate::Silent,
            },
            Ok(Told::Refused(_)) => Outcome::Ended {
                tag,
                fate: Fate::Refused,
            },
            Err(_) => return false,
        };
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
                Err(error) => {
                    self.outcomes.push(Outcome::Down(Self::down(&error)));
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
        match Connection::connect(self.options.clone()) {
            Ok(connection) => self.connection = Some(connection),
            Err(error) => self.end = Some(Self::down(&error)),
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
        let sent = match RawCommand::split(&wire) {
            Ok((mut command, _)) => {
                command = command.reply_hint(request.reply_hint);
                if request.replayable {
                    command = command.replayable();
                }
                connection.send(&command)
            }
            Err(_) => connection.send(&cmd("")),
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
        let patience = match self.goes_on {
            // Enough to see the end, and to connect again.
            true => Duration::from_millis(60),
            false => PATIENCE,
        };
        self.take_pushes(wanted, patience);
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
