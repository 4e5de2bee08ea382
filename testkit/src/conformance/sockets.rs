//! What the adapters of the transports with sockets of their own share: they have the same options, outcomes and errors.

use core::time::Duration;

use respipe_core::Fate;
use respipe_core::encode::RawCommand;
use respipe_core::login::Protocol;
use respipe_core::pipeline::{Oversize, PipelineError, Resend};
use respipe_host::{Error, Options, Outcome as Told, Reconnect};

use super::{Host, Outcome, Request, Stage, Unsupported};

/// How long an outcome is waited for that does not belong to a command: a push, the end of the connection.
pub const PATIENCE: Duration = Duration::from_millis(1500);

/// A scenario's server on a loopback port, and how a client connects to it.
#[derive(Debug)]
pub struct Sockets {
    /// The settings of the scenario.
    pub options: Options,
    /// The client connects again by itself, which is not told.
    pub goes_on: bool,
    _host: Host,
}

impl Sockets {
    /// Starts the server.
    ///
    /// # Errors
    /// What these transports do otherwise than the scenario wants.
    pub fn start(stage: Stage) -> Result<Self, Unsupported> {
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
        Ok(Self {
            options,
            goes_on,
            _host: host,
        })
    }

    /// How long to wait for what belongs to no command.
    #[must_use]
    pub const fn patience(&self) -> Duration {
        match self.goes_on {
            // Enough to see the end, and to connect again.
            true => Duration::from_millis(60),
            false => PATIENCE,
        }
    }
}

/// The command of a request that was encoded as `wire`, with what the request declares; `None` where it has no name.
#[must_use]
pub fn command<'w>(request: &Request, wire: &'w [u8]) -> Option<RawCommand<'w>> {
    let (command, _) = RawCommand::split(wire).ok()?;
    let command = command.reply_hint(request.reply_hint);
    Some(match request.replayable {
        true => command.replayable(),
        false => command,
    })
}

/// What the suite compares of what the caller of a command is told.
#[must_use]
pub fn outcome(tag: u32, told: &Told) -> Outcome {
    match told {
        Told::Replied(reply) => Outcome::Reply {
            tag,
            wire: reply.as_raw().to_vec(),
        },
        Told::TooLarge { kind, bytes, head } => Outcome::TooLarge {
            tag,
            kind: *kind,
            bytes: *bytes,
            head: head.to_vec(),
        },
        Told::Refused(Some(reason)) => Outcome::Rejected {
            tag,
            reason: *reason,
        },
        told => Outcome::Ended {
            tag,
            fate: told.fate().unwrap_or(Fate::Refused),
        },
    }
}

/// What ended a connection, in the pipeline's words.
#[must_use]
pub fn down(error: &Error) -> PipelineError {
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
