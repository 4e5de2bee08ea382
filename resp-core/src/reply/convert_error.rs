//! Why a reply is not what its reader expected.

use core::fmt;

use super::{ServerError, Value, error};
use crate::Kind;

/// A reply that is not what was expected: what was, and what came.
///
/// Nothing else is affected: the reply can be read in another way, the connection goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ConvertError {
    expected: &'static str,
    found: Found,
}

/// What came instead of what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Found {
    /// A value of another type.
    Value(Kind),
    /// The server's error of this code.
    ServerError(ShortCode),
    /// Text that does not say what was expected, in a value of this type.
    Text(Kind),
    /// Text that is not UTF-8.
    NotUtf8,
    /// A number that has no place in the type.
    OutOfRange,
    /// An aggregate of so many values, a pair of a map being two.
    Count(usize),
    /// More than fits: so many bytes or values, into a capacity of so many.
    TooLong {
        /// Bytes or values.
        len: usize,
        /// In the same unit.
        capacity: usize,
    },
    /// The end of the reply.
    End,
}

impl ConvertError {
    /// The error of a reader that expected this and found `value`, or the end of the reply.
    #[must_use]
    pub fn unexpected(expected: &'static str, value: Option<Value<'_>>) -> Self {
        let found = match value {
            Some(Value::Error(error)) => Found::ServerError(ShortCode::of(error)),
            Some(value) => Found::Value(value.kind()),
            None => Found::End,
        };
        Self { expected, found }
    }

    /// The error of a reader that expected this and found something else.
    #[must_use]
    pub const fn new(expected: &'static str, found: Found) -> Self {
        Self { expected, found }
    }

    /// What was expected, for messages.
    #[must_use]
    pub const fn expected(&self) -> &'static str {
        self.expected
    }

    /// What came.
    #[must_use]
    pub const fn found(&self) -> Found {
        self.found
    }
}

impl fmt::Display for ConvertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, ", self.expected)?;
        match self.found {
            Found::Value(kind) => write!(f, "the server sent a value of type {kind}"),
            Found::ServerError(code) => write!(f, "the server answered with the error {code}"),
            Found::Text(kind) => write!(f, "the {kind} says something else"),
            Found::NotUtf8 => f.write_str("the bytes are not UTF-8"),
            Found::OutOfRange => f.write_str("the number is out of its range"),
            Found::Count(count) => write!(f, "the server sent {count} values"),
            Found::TooLong { len, capacity } => {
                write!(f, "the server sent {len}, which is more than {capacity}")
            }
            Found::End => f.write_str("the reply has no further value"),
        }
    }
}

impl core::error::Error for ConvertError {}

/// The first word of a server's error, cut to 15 bytes, the longest that servers use being
/// `CLUSTERDOWN`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ShortCode {
    len: u8,
    bytes: [u8; 15],
}

impl ShortCode {
    /// The code of this error.
    #[must_use]
    pub fn of(error: ServerError<'_>) -> Self {
        let mut code = Self {
            len: 0,
            bytes: [0; 15],
        };
        for (place, byte) in code.bytes.iter_mut().zip(error.word()) {
            *place = *byte;
            code.len = code.len.wrapping_add(1);
        }
        code
    }

    /// The bytes of the word.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The code as one of those that programs decide by.
    #[must_use]
    pub fn kind(&self) -> super::ErrorCode {
        super::ErrorCode::of(self.as_bytes())
    }
}

impl fmt::Display for ShortCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        error::write_lossy(self.as_bytes(), f)
    }
}

impl fmt::Debug for ShortCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        error::write_lossy(self.as_bytes(), f)
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for ShortCode {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{=[u8]:a}", self.as_bytes());
    }
}
