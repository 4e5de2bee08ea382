//! What became of a command.

use respipe_core::pipeline::{Fate, Rejected, Why};
use respipe_core::{Kind, Reply};

/// What became of a command. A server's error is a reply.
///
/// Borrowed from the connection, or from a [`BatchOutcomes`](crate::BatchOutcomes).
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    /// It was answered; maybe with an error, see [`Reply::error`].
    Replied(Reply<'a>),
    /// It was answered with more than the receive buffer (`rx_bytes`) holds; the connection goes
    /// on.
    TooLarge {
        /// The type of the answer.
        kind: Kind,
        /// Its length in bytes.
        bytes: u64,
        /// Its first bytes, at most 64.
        head: &'a [u8],
    },
    /// Its last byte never left, on any attempt: the server cannot have run it.
    NotSent,
    /// It was sent, and whether it ran is not known.
    Unknown(Why),
    /// It was refused before anything of it was sent, and why; or by the server, where there is no
    /// reason.
    Refused(Option<Rejected>),
    /// It is owed no reply (`CLIENT REPLY`), and its last byte has left.
    Silent,
}

impl<'a> Outcome<'a> {
    /// The outcome of a command that ended without an answer.
    #[must_use]
    pub const fn of_fate(fate: Fate) -> Self {
        match fate {
            Fate::NotSent => Self::NotSent,
            Fate::Unknown(why) => Self::Unknown(why),
            Fate::Refused => Self::Refused(None),
            Fate::Silent => Self::Silent,
        }
    }

    /// How it ended, if it was not answered.
    #[must_use]
    pub const fn fate(&self) -> Option<Fate> {
        Some(match self {
            Self::Replied(_) | Self::TooLarge { .. } => return None,
            Self::NotSent => Fate::NotSent,
            Self::Unknown(why) => Fate::Unknown(*why),
            Self::Refused(_) => Fate::Refused,
            Self::Silent => Fate::Silent,
        })
    }

    /// The reply, if there is one.
    #[must_use]
    pub const fn reply(&self) -> Option<Reply<'a>> {
        match self {
            Self::Replied(reply) => Some(*reply),
            _ => None,
        }
    }

    /// Whether it was answered, and not with an error.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.reply().is_some_and(|reply| reply.error().is_none())
    }
}
