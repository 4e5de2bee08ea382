//! What a link has to say: a line each in a log.

use respipe_core::Duration;
use respipe_core::decode::DecodeError;
use respipe_core::pipeline::PipelineError;

/// Something that happened to the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
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
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
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
