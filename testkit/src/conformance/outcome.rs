//! What an application sees, in a form that can be compared.

use core::fmt;

use respipe_core::pipeline::{PipelineError, Rejected};
use respipe_core::{Fate, Kind};

/// Something that an application was told.
#[derive(Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A reply, as it stood on the wire; a server's error is one.
    Reply {
        /// Whose.
        tag: u32,
        /// Its bytes.
        wire: Vec<u8>,
    },
    /// A reply that was too large and skipped.
    TooLarge {
        /// Whose.
        tag: u32,
        /// Its type.
        kind: Kind,
        /// Its length in bytes.
        bytes: u64,
        /// Its first bytes. Where it is expected: all of them, of which some must be told unless a push inside
        /// needed their room.
        head: Vec<u8>,
    },
    /// A reply that was too large and delivered in tokens.
    Streamed {
        /// Whose.
        tag: u32,
        /// Its length in bytes, as told at its end.
        bytes: u64,
        /// The tokens, put together again.
        wire: Vec<u8>,
    },
    /// A command that ended without a reply.
    Ended {
        /// Which.
        tag: u32,
        /// How.
        fate: Fate,
    },
    /// A command that was not taken.
    Rejected {
        /// Which.
        tag: u32,
        /// Why.
        reason: Rejected,
    },
    /// A push, as it stood on the wire.
    Push(Vec<u8>),
    /// The connection has ended, and all was told.
    Down(PipelineError),
}

impl Outcome {
    /// Whether `actual` is what is expected here.
    #[must_use]
    pub fn agrees(&self, actual: &Self) -> bool {
        match (self, actual) {
            (
                Self::TooLarge {
                    tag,
                    kind,
                    bytes,
                    head,
                },
                Self::TooLarge {
                    tag: their_tag,
                    kind: their_kind,
                    bytes: their_bytes,
                    head: told,
                },
            ) => {
                (tag, kind, bytes) == (their_tag, their_kind, their_bytes)
                    && (!told.is_empty() || head.windows(3).any(|bytes| bytes == b"\r\n>"))
                    && told.len() <= 64
                    && head.starts_with(told)
            }
            _ => self == actual,
        }
    }

    /// Whether it is a command that was not taken for want of room; a transport that waits for room takes it.
    #[must_use]
    pub fn is_for_room(&self) -> bool {
        let Self::Rejected { reason, .. } = self else {
            return false;
        };
        reason.is_temporary() || matches!(reason, Rejected::TooLong { .. })
    }

    /// Which command it is about.
    #[must_use]
    pub fn tag(&self) -> Option<u32> {
        match self {
            Self::Reply { tag, .. }
            | Self::TooLarge { tag, .. }
            | Self::Streamed { tag, .. }
            | Self::Ended { tag, .. }
            | Self::Rejected { tag, .. } => Some(*tag),
            Self::Push(_) | Self::Down(_) => None,
        }
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reply { tag, wire } => write!(f, "reply {tag} {}", shown(wire)),
            Self::TooLarge {
                tag,
                kind,
                bytes,
                head,
            } => write!(f, "too large {tag} {kind} of {bytes}: {}", shown(head)),
            Self::Streamed { tag, bytes, wire } => {
                write!(f, "streamed {tag} of {bytes}: {}", shown(wire))
            }
            Self::Ended { tag, fate } => write!(f, "ended {tag} {fate:?}"),
            Self::Rejected { tag, reason } => write!(f, "rejected {tag} {reason:?}"),
            Self::Push(wire) => write!(f, "push {}", shown(wire)),
            Self::Down(error) => write!(f, "down {error:?}"),
        }
    }
}

/// Bytes for a message, cut where they get long.
pub(super) fn shown(bytes: &[u8]) -> String {
    match bytes.get(..160) {
        Some(front) => format!("{}… ({} bytes)", front.escape_ascii(), bytes.len()),
        None => bytes.escape_ascii().to_string(),
    }
}
