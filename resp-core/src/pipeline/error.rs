//! What goes wrong, sorted by who is to blame.

use crate::Kind;
use crate::decode::DecodeError;
use crate::session::Refusal;

/// A command that was not queued: the caller's or the capacity's fault. Neither bytes nor slot
/// remain, and the tag comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct SubmitError<Tag> {
    /// What the caller gave with the command.
    pub tag: Tag,
    /// Why.
    pub reason: Rejected,
}

/// Why a command was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Rejected {
    /// All slots are taken. Try again when a command has ended.
    NoSlot,
    /// Not enough room in `tx` now, in bytes. Try again when commands have left, or with resend
    /// of replayables on, when they are answered.
    NoRoom {
        /// Bytes of the command.
        needed: usize,
        /// Bytes free.
        free: usize,
    },
    /// The command is longer than all of `tx`, in bytes: it never fits. Feed it in pieces.
    TooLong {
        /// Bytes of the command.
        needed: usize,
        /// Bytes of `tx`.
        capacity: usize,
    },
    /// The session guard refuses it: it would break framing.
    Refused(Refusal),
    /// An argument wrote more or fewer bytes than it had announced.
    Inexact,
    /// A command that is fed in pieces holds the line until it is whole.
    LineHeld,
    /// The pipeline is in use by the caller itself, who handles one of its events; said by
    /// transports that share one. Try again behind the handler.
    InUse,
    /// The pipeline is closed, or its link is down and nothing would be sent again.
    Closed,
}

impl Rejected {
    /// Whether the same command may be accepted later, without the caller changing it.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::NoSlot | Self::NoRoom { .. } | Self::LineHeld | Self::InUse
        )
    }
}

impl core::fmt::Display for Rejected {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NoSlot => f.write_str("all slots are taken"),
            Self::NoRoom { needed, free } => {
                write!(f, "the command needs {needed} bytes, {free} are free")
            }
            Self::TooLong { needed, capacity } => {
                write!(
                    f,
                    "the command needs {needed} bytes, there are {capacity} in all"
                )
            }
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Inexact => f.write_str("an argument is not as long as it announced"),
            Self::LineHeld => f.write_str("a command that is fed in pieces is not whole yet"),
            Self::InUse => f.write_str("the pipeline is handling an event"),
            Self::Closed => f.write_str("the pipeline is closed"),
        }
    }
}

impl core::error::Error for Rejected {}

impl<Tag> core::fmt::Display for SubmitError<Tag> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.reason.fmt(f)
    }
}

impl<Tag: core::fmt::Debug> core::error::Error for SubmitError<Tag> {}

/// What ended the connection: the network's, the server's or the time's doing. Latched: reported
/// after every command has ended, and again until the pipeline is opened anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
#[repr(u8)]
pub enum PipelineError {
    /// The transport lost the link.
    LinkLost,
    /// The server broke the protocol; the offset counts from the begin of the connection.
    Protocol(DecodeError),
    /// A reply came that nobody is owed.
    Unexpected(Kind),
    /// The server said an error to nobody in particular, or named a protocol error, which ends
    /// the link. Its text: [`Pipeline::last_words`](super::Pipeline::last_words).
    Farewell,
    /// The server refused the handshake. Its text:
    /// [`Pipeline::last_words`](super::Pipeline::last_words).
    LoginRefused,
    /// The server closed the connection.
    Eof,
    /// Something was owed and nothing came for longer than the silence limit.
    Silence,
    /// The caller gave up a command of which a part had left.
    GivenUp,
}

impl core::fmt::Display for PipelineError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Protocol(error) => write!(f, "the server broke the protocol: {error}"),
            Self::Unexpected(kind) => write!(f, "a reply ({kind}) that no command is owed"),
            Self::Farewell => f.write_str("the server ended the connection with an error"),
            Self::LoginRefused => f.write_str("the server refused the handshake"),
            Self::Eof => f.write_str("the server closed the connection"),
            Self::LinkLost => f.write_str("the link was lost"),
            Self::Silence => f.write_str("nothing came from the server for too long"),
            Self::GivenUp => f.write_str("a command was given up half way"),
        }
    }
}

impl core::error::Error for PipelineError {}
