//! What a pipeline tells: replies, pushes, and how each command ended.

use crate::{Kind, Reply};

/// Something that happened, borrowed from the pipeline until the next call.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a, Tag> {
    /// A command was answered; a server's error is an answer.
    Reply {
        /// What the caller gave with the command.
        tag: Tag,
        /// The answer. For a subscription it is the last confirmation.
        reply: Reply<'a>,
    },
    /// A command was answered with more than `rx` holds; the answer was skipped.
    TooLarge {
        /// What the caller gave with the command.
        tag: Tag,
        /// The type of the answer.
        kind: Kind,
        /// Its length in bytes; a `usize` of them are counted.
        bytes: u64,
        /// Its first bytes, at most 64 and half of `rx`: enough for an error's code. None where a push inside
        /// needed their room.
        head: &'a [u8],
    },
    /// A command ended without an answer.
    Ended {
        /// What the caller gave with the command.
        tag: Tag,
        /// How.
        fate: Fate,
    },
    /// A push: nobody's reply.
    Push(Reply<'a>),
    /// A piece of the answer to the oldest command in flight, which is larger than `rx`
    /// (`Oversize::Stream`, of the feature `pieces`). Where the command is given up meanwhile they stop; the next
    /// are another's.
    Token(Token<'a>),
    /// The pieces of an answer have all been delivered.
    Streamed {
        /// What the caller gave with the command.
        tag: Tag,
        /// The length of the answer in bytes; a `usize` of them are counted.
        bytes: u64,
    },
}

/// A piece of an answer that is larger than `rx`, depth first.
#[derive(Clone, Copy, Debug)]
pub enum Token<'a> {
    /// An aggregate begins; `count` values follow, or pairs of a map or of attributes.
    Aggregate {
        /// Its type.
        kind: Kind,
        /// Values, or pairs.
        count: u64,
    },
    /// A whole scalar of one line.
    Scalar(Reply<'a>),
    /// A string begins.
    Begin {
        /// Its type.
        kind: Kind,
        /// Its length in bytes; `None` for a line that is longer than `rx`.
        len: Option<u64>,
    },
    /// Bytes of the string that began.
    Bytes(&'a [u8]),
    /// The string ends.
    End,
}

/// How a command ended that was not answered. Every command ends exactly once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Fate {
    /// Its last byte never left, on any attempt: the server cannot have run it.
    NotSent,
    /// It was sent, and whether it ran is not known.
    Unknown(Why),
    /// The server, or the session guard, refused this very command.
    Refused,
    /// It is owed no reply (`CLIENT REPLY`), and its last byte has left.
    Silent,
}

/// Why a command's outcome is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Why {
    /// The link died before the answer.
    LinkLost,
    /// The answer did not come in time.
    TimedOut,
    /// The caller gave it up.
    Abandoned,
}

impl core::fmt::Display for Fate {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::NotSent => "not sent",
            Self::Unknown(Why::LinkLost) => "unknown: the link died before the reply",
            Self::Unknown(Why::TimedOut) => "unknown: no reply in time",
            Self::Unknown(Why::Abandoned) => "unknown: abandoned after it was sent",
            Self::Refused => "refused",
            Self::Silent => "silent: owed no reply",
        })
    }
}
