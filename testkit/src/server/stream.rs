//! Streams: entries under ids that only grow.

use core::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// The id of a stream's entry: milliseconds and a number within them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id {
    milliseconds: u64,
    sequence: u64,
}

/// An id, and fields and values in turn.
pub(super) type Entry = (Id, Vec<Vec<u8>>);

/// A stream's entries and the last id it ever had.
#[derive(Debug, Default)]
pub(super) struct Stream {
    entries: Vec<Entry>,
    last: Id,
}

const INVALID: &str = "ERR Invalid stream ID specified as stream command argument";

impl Stream {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The id that an XADD with this argument would get.
    pub(super) fn next_id(&self, argument: &[u8]) -> Result<Id, &'static str> {
        let id = if argument == b"*" {
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            let milliseconds = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
            self.behind_last(milliseconds.max(self.last.milliseconds))
        } else if let Some(milliseconds) = argument.strip_suffix(b"-*") {
            self.behind_last(number(milliseconds).ok_or(INVALID)?)
        } else {
            Id::parse(argument, 0).ok_or(INVALID)?
        };
        if id == Id::default() {
            return Err("ERR The ID specified in XADD must be greater than 0-0");
        }
        if id <= self.last {
            return Err(
                "ERR The ID specified in XADD is equal or smaller than the target stream top item",
            );
        }
        Ok(id)
    }

    pub(super) fn add(&mut self, id: Id, fields: Vec<Vec<u8>>) {
        self.last = id;
        self.entries.push((id, fields));
    }

    /// The entries from the one id to the other, both included; `-` and `+` are the ends.
    pub(super) fn range(&self, from: &[u8], to: &[u8]) -> Result<&[Entry], &'static str> {
        let from = if from == b"-" {
            Id::default()
        } else {
            Id::parse(from, 0).ok_or(INVALID)?
        };
        let to = if to == b"+" {
            Id::MAX
        } else {
            Id::parse(to, u64::MAX).ok_or(INVALID)?
        };
        let start = self.entries.partition_point(|(id, _)| *id < from);
        let end = self.entries.partition_point(|(id, _)| *id <= to);
        Ok(self.entries.get(start..end).unwrap_or_default())
    }

    fn behind_last(&self, milliseconds: u64) -> Id {
        let sequence = if milliseconds == self.last.milliseconds {
            self.last.sequence + 1
        } else {
            0
        };
        Id {
            milliseconds,
            sequence,
        }
    }
}

impl Id {
    const MAX: Self = Self {
        milliseconds: u64::MAX,
        sequence: u64::MAX,
    };

    fn parse(text: &[u8], default_sequence: u64) -> Option<Self> {
        let mut parts = text.splitn(2, |byte| *byte == b'-');
        let milliseconds = number(parts.next()?)?;
        let sequence = parts.next().map_or(Some(default_sequence), number)?;
        Some(Self {
            milliseconds,
            sequence,
        })
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.milliseconds, self.sequence)
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    core::str::from_utf8(digits).ok()?.parse().ok()
}
