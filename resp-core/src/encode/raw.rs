//! Commands that are already encoded.

use super::{Command, Sink, Traits};
use crate::Kind;
use crate::decode::header;
use crate::session::Class;

/// One command that is already encoded as a RESP array of bulk strings, checked.
///
/// For those who load files of commands or keep commands encoded; nothing is copied until it is
/// submitted.
#[derive(Clone, Copy, Debug)]
#[must_use = "a command does nothing until it is submitted"]
pub struct RawCommand<'a> {
    bytes: &'a [u8],
    arguments: usize,
    traits: Traits,
}

/// Why bytes are no encoded command. Nothing was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum RawError {
    /// The bytes end before the command does.
    Incomplete,
    /// Not an array of bulk strings, a wrong length, or a CRLF that is none; the offset in bytes.
    Malformed(usize),
    /// An array of nothing, or an empty name: it would get no reply and shift all later ones.
    Empty,
}

impl core::fmt::Display for RawError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Incomplete => f.write_str("the bytes end before the command does"),
            Self::Malformed(at) => write!(f, "byte {at}: not an array of bulk strings"),
            Self::Empty => f.write_str("an empty command would get no reply"),
        }
    }
}

impl core::error::Error for RawError {}

impl<'a> RawCommand<'a> {
    /// A command that this crate encoded itself.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(super) const fn of_parts(bytes: &'a [u8], arguments: usize, traits: Traits) -> Self {
        Self {
            bytes,
            arguments,
            traits,
        }
    }

    /// The command at the front of `bytes`, and what follows it.
    ///
    /// # Errors
    /// Where there is no whole command at the front.
    pub fn split(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), RawError> {
        let (count, mut at) = length(bytes, 0, Kind::Array)?;
        if count == 0 {
            return Err(RawError::Empty);
        }
        let mut name: &[u8] = &[];
        for i in 0..count {
            let (len, start) = length(bytes, at, Kind::Bulk)?;
            let end = start.checked_add(len).ok_or(RawError::Malformed(at))?;
            let text = bytes.get(start..end).ok_or(RawError::Incomplete)?;
            match bytes.get(end..) {
                Some([b'\r', b'\n', ..]) => at = end.wrapping_add(2),
                Some([] | [b'\r']) => return Err(RawError::Incomplete),
                _ => return Err(RawError::Malformed(end)),
            }
            if i == 0 {
                name = text;
            }
        }
        if name.is_empty() {
            return Err(RawError::Empty);
        }
        let (bytes, rest) = bytes.split_at_checked(at).ok_or(RawError::Incomplete)?;
        let this = Self {
            bytes,
            arguments: count,
            traits: Traits {
                class: Class::of(name),
                replayable: false,
                reply_hint: 0,
            },
        };
        Ok((this, rest))
    }

    /// Declares that running the command again is safe even after everything that was sent
    /// behind it has run.
    pub const fn replayable(mut self) -> Self {
        self.traits.replayable = true;
        self
    }

    /// Says how many bytes the reply is likely to have, for the window of reply bytes.
    pub const fn reply_hint(mut self, bytes: u32) -> Self {
        self.traits.reply_hint = bytes;
        self
    }

    /// The encoded bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

/// The count in the header at `at`, and the offset behind the header.
fn length(bytes: &[u8], at: usize, kind: Kind) -> Result<(usize, usize), RawError> {
    let rest = bytes.get(at..).unwrap_or_default();
    let found = header::parse(rest, 0).map_err(|_| RawError::Malformed(at))?;
    let found = match found {
        header::Parsed::Header(found) => found,
        // A header has at most 23 bytes; a line of text may go on for ever.
        header::Parsed::Incomplete { .. } => {
            return Err(match rest.first() {
                Some(first) if *first != kind as u8 => RawError::Malformed(at),
                _ => RawError::Incomplete,
            });
        }
    };
    match usize::try_from(found.value) {
        Ok(len) if found.kind == kind => Ok((len, at.saturating_add(found.len))),
        _ => Err(RawError::Malformed(at)),
    }
}

impl Command for RawCommand<'_> {
    #[inline]
    fn argument_count(&self) -> usize {
        self.arguments
    }

    #[inline]
    fn encoded_len(&self) -> usize {
        self.bytes.len()
    }

    #[inline]
    fn encode(&self, sink: &mut Sink<'_>) {
        sink.put(self.bytes);
    }

    #[inline]
    fn traits(&self) -> Traits {
        self.traits
    }
}
