//! What a link has to say: a line each in a log.

use respipe_core::Duration;
use respipe_core::decode::DecodeError;
use respipe_core::pipeline::PipelineError;

/// Something that happened to the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// An attempt to connect began.
    Connecting {
        /// The local port, a new one each time.
        port: u16,
        /// How many attempts in a row have failed before this one, or led to a connection that did
        /// not [last](crate::Settings::backoff).
        failures: u32,
    },
    /// The server has let us in: commands leave.
    Up,
    /// The connection, or the attempt, has ended. Its commands have been told their fates.
    Lost {
        /// Why.
        why: Lost,
        /// When the next attempt begins, from now.
        retry_in: Duration,
    },
    /// The link was closed, as asked for.
    Closed,
}

/// Why a connection, or an attempt, has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lost {
    /// The interface has no address of its own yet, or the server's is none.
    NoAddress,
    /// Nobody listens there: the attempt was answered with a reset.
    Refused,
    /// The server was not reached, or did not let us in, within `connect_timeout`.
    ConnectTimeout,
    /// The network gave the connection up: it was reset, or nothing came for `keep_alive` and
    /// `ack_timeout`.
    Network,
    /// The first bytes were no Redis protocol: another service listens there.
    NotRedis(DecodeError),
    /// The close took longer than `close_timeout`.
    CloseTimeout,
    /// What the pipeline says: the server closed, was silent, refused the login, broke the
    /// protocol. Its text, if it gave one:
    /// [`Pipeline::last_words`](respipe_core::Pipeline::last_words).
    Pipeline(PipelineError),
}

/// Why the link itself ends a connection: a byte of its state.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ours {
    ConnectTimeout,
    Network,
    CloseTimeout,
}

impl Ours {
    pub(crate) const fn lost(self) -> Lost {
        match self {
            Self::ConnectTimeout => Lost::ConnectTimeout,
            Self::Network => Lost::Network,
            Self::CloseTimeout => Lost::CloseTimeout,
        }
    }
}

impl Lost {
    /// What the pipeline says, and what the link knows better.
    pub(crate) const fn of(error: PipelineError, ours: Ours) -> Self {
        match error {
            PipelineError::LinkLost => ours.lost(),
            PipelineError::Protocol(error) if error.offset == 0 => Self::NotRedis(error),
            error => Self::Pipeline(error),
        }
    }
}

/// For a person who reads the log; the text costs no flash.
#[cfg(feature = "defmt")]
impl defmt::Format for Notice {
    fn format(&self, f: defmt::Formatter<'_>) {
        match self {
            Self::Connecting { port, failures } => defmt::write!(
                f,
                "connecting from port {=u16}, {=u32} failed before",
                port,
                failures
            ),
            Self::Up => defmt::write!(f, "up"),
            Self::Lost { why, retry_in } => {
                let us = retry_in.as_micros();
                defmt::write!(f, "lost: {}; again in {=u64} us", why, us);
            }
            Self::Closed => defmt::write!(f, "closed"),
        }
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Lost {
    fn format(&self, f: defmt::Formatter<'_>) {
        match self {
            Self::NoAddress => defmt::write!(f, "no address yet"),
            Self::Refused => defmt::write!(f, "nobody listens there"),
            Self::ConnectTimeout => defmt::write!(f, "not let in within connect_timeout"),
            Self::Network => defmt::write!(f, "reset, or no network"),
            Self::NotRedis(error) => defmt::write!(f, "not a Redis: {}", error),
            Self::CloseTimeout => defmt::write!(f, "the close took too long"),
            // The pipeline cannot know which of both.
            Self::Pipeline(PipelineError::Silence) => {
                defmt::write!(
                    f,
                    "no reply came: the server is silent, or the network gone"
                );
            }
            Self::Pipeline(error) => defmt::write!(f, "{}", error),
        }
    }
}
