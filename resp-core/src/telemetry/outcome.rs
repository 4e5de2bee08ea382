//! What became of a sample.

use crate::reply::ShortCode;
use crate::{Fate, Reply};

/// How Redis begins the error for an id that is not above the stream's last. It has no code of its
/// own, so its text is matched, here alone (the same on Redis 6.2 to 8.2, Valkey 8 and 9).
const NOT_ABOVE: &[u8] = b"ERR The ID specified in XADD is equal or smaller";

/// What the server said to an XADD with an id of ours; see [`outcome`](Self::outcome).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Answer {
    /// The entry's id.
    Added,
    /// The stream's last id is not below this one.
    NotAbove,
    /// An error, with this code.
    Refused(ShortCode),
    /// Something that is no answer to XADD: null where NOMKSTREAM found no stream, `QUEUED`.
    Odd,
}

/// What became of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Outcome {
    /// It is in the stream.
    Stored,
    /// It is in the stream: an earlier attempt, whose reply was lost, has stored it.
    StoredBefore,
    /// It is not in the stream, and was not sent before: the stream is ahead of us. The clock is
    /// behind and the series did not ask, or another writer is at work. [Start the series
    /// again](super::Series::start_again); the sample can be pushed again with a new id.
    Behind,
    /// It is not in the stream: the server refused it, with this code (OOM, MISCONF, READONLY,
    /// WRONGTYPE …). It can be pushed again with a new id.
    Refused(ShortCode),
    /// It is not in the stream: it never left. It can be pushed again with a new id.
    NotSent,
    /// It may be in the stream: sent before, and refused, given up or answered oddly now.
    Uncertain,
}

impl Answer {
    /// Reads the reply to a sample.
    #[must_use]
    pub fn of(reply: &Reply<'_>) -> Self {
        match reply.error() {
            Some(error) if error.text().starts_with(NOT_ABOVE) => Self::NotAbove,
            Some(error) => Self::Refused(ShortCode::of(error)),
            None if reply.kind() == crate::Kind::Bulk => Self::Added,
            None => Self::Odd,
        }
    }

    /// What it means for the sample; whether its command had been sent on an earlier connection
    /// too is known to the pipeline:
    /// [`was_sent_before`](crate::pipeline::Pipeline::was_sent_before).
    #[must_use]
    pub const fn outcome(self, was_sent_before: bool) -> Outcome {
        match (self, was_sent_before) {
            (Self::Added, _) => Outcome::Stored,
            (Self::NotAbove, true) => Outcome::StoredBefore,
            (Self::NotAbove, false) => Outcome::Behind,
            (Self::Refused(code), false) => Outcome::Refused(code),
            (Self::Refused(_), true) | (Self::Odd, _) => Outcome::Uncertain,
        }
    }
}

impl Outcome {
    /// What it means for a sample that its command ended without a reply.
    #[must_use]
    pub const fn of_fate(fate: Fate) -> Self {
        match fate {
            Fate::NotSent | Fate::Refused => Self::NotSent,
            Fate::Unknown(_) | Fate::Silent => Self::Uncertain,
        }
    }

    /// Whether it is in the stream.
    #[must_use]
    pub const fn is_stored(self) -> bool {
        matches!(self, Self::Stored | Self::StoredBefore)
    }

    /// Whether it is certain that it is not in the stream, so that it can be pushed again with a
    /// new id and is not stored twice.
    #[must_use]
    pub const fn is_lost(self) -> bool {
        matches!(self, Self::Behind | Self::Refused(_) | Self::NotSent)
    }
}
