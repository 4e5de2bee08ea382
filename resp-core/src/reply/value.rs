//! A value by itself: a scalar, or the header of an aggregate.

use super::ServerError;
use crate::Kind;

/// A value by itself: a scalar with what it says, or the header of an aggregate.
///
/// Null has one form here, whichever of `$-1`, `*-1` and `_` the server sent, and an error has
/// one, whether it came as a line or with a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// `+`: a simple string, such as `OK`.
    Status(&'a [u8]),
    /// `-` or `!`: an error of the server.
    Error(ServerError<'a>),
    /// `:`: a signed integer.
    Integer(i64),
    /// `$`: bytes.
    Bulk(&'a [u8]),
    /// `_`, `$-1` or `*-1`: nothing.
    Null,
    /// `#`: true or false.
    Boolean(bool),
    /// `,`: a double, as text. Lua makes servers send `nan`, `-nan`, `inf` and `-inf` too.
    Double(&'a [u8]),
    /// `(`: an integer of any size, as text. A Lua script can put any other text here.
    BigNumber(&'a [u8]),
    /// `=`: text and what it is written in. One without the format that the RESP specification
    /// asks for ("Verbatim strings") is a [`Bulk`](Self::Bulk).
    Verbatim {
        /// Three letters, such as `txt` or `mkd`.
        format: [u8; 3],
        /// The text, without the format and its colon.
        text: &'a [u8],
    },
    /// `*`: an array of so many elements.
    Array(usize),
    /// `%`: a map of so many pairs.
    Map(usize),
    /// `~`: a set of so many elements.
    Set(usize),
    /// `>`: a push of so many elements.
    Push(usize),
}

impl<'a> Value<'a> {
    /// The type; of an error [`Kind::Error`], in whichever form it came.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::Status(_) => Kind::Status,
            Self::Error(_) => Kind::Error,
            Self::Integer(_) => Kind::Integer,
            Self::Bulk(_) => Kind::Bulk,
            Self::Null => Kind::Null,
            Self::Boolean(_) => Kind::Boolean,
            Self::Double(_) => Kind::Double,
            Self::BigNumber(_) => Kind::BigNumber,
            Self::Verbatim { .. } => Kind::Verbatim,
            Self::Array(_) => Kind::Array,
            Self::Map(_) => Kind::Map,
            Self::Set(_) => Kind::Set,
            Self::Push(_) => Kind::Push,
        }
    }

    /// The bytes of a string or of a number that is text on the wire; `None` for an integer and
    /// everything else.
    #[inline]
    #[must_use]
    pub const fn text(self) -> Option<&'a [u8]> {
        match self {
            Self::Status(text)
            | Self::Bulk(text)
            | Self::Double(text)
            | Self::BigNumber(text)
            | Self::Verbatim { text, .. } => Some(text),
            _ => None,
        }
    }

    /// How many values an aggregate holds, a pair of a map being two; saturates. `None` for a
    /// scalar.
    #[inline]
    #[must_use]
    pub const fn count(self) -> Option<usize> {
        match self {
            Self::Array(n) | Self::Set(n) | Self::Push(n) => Some(n),
            Self::Map(pairs) => Some(pairs.saturating_mul(2)),
            _ => None,
        }
    }

    /// The value whose header says this and whose text, bytes or elements begin `body`, and what
    /// lies behind the scalar or the header. `None` for attributes, which are no value, and if
    /// there are fewer bytes than the header says.
    #[cfg_attr(target_pointer_width = "64", inline)]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(super) fn split(kind: Kind, value: i64, body: &'a [u8]) -> Option<(Self, &'a [u8])> {
        match kind {
            Kind::Bulk | Kind::Status => {
                let (text, behind) = body.split_at_checked(usize::try_from(value).ok()?)?;
                let value = match kind {
                    Kind::Bulk => Self::Bulk(text),
                    _ => Self::Status(text),
                };
                Some((value, behind.get(2..)?))
            }
            Kind::Integer => Some((Self::Integer(value), body)),
            _ => Self::split_rare(kind, value, body),
        }
    }

    #[inline(never)]
    fn split_rare(kind: Kind, value: i64, body: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let count = usize::try_from(value).unwrap_or(usize::MAX);
        let value = match kind {
            Kind::Null => Self::Null,
            Kind::Boolean => Self::Boolean(value != 0),
            Kind::Array => Self::Array(count),
            Kind::Map => Self::Map(count),
            Kind::Set => Self::Set(count),
            Kind::Push => Self::Push(count),
            Kind::Attribute => return None,
            _ => {
                let (text, behind) = body.split_at_checked(count)?;
                let value = match kind {
                    Kind::Double => Self::Double(text),
                    Kind::BigNumber => Self::BigNumber(text),
                    Kind::Verbatim => Self::verbatim(text),
                    _ => Self::Error(ServerError::new(text)),
                };
                return Some((value, behind.get(2..)?));
            }
        };
        Some((value, body))
    }

    fn verbatim(bytes: &'a [u8]) -> Self {
        match *bytes {
            [a, b, c, b':', ref text @ ..] => Self::Verbatim {
                format: [a, b, c],
                text,
            },
            _ => Self::Bulk(bytes),
        }
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Value<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        match *self {
            Self::Error(error) => defmt::write!(f, "{}", error),
            Self::Integer(n) => defmt::write!(f, "{=i64}", n),
            Self::Boolean(truth) => defmt::write!(f, "{=bool}", truth),
            _ => match (self.text(), self.count()) {
                (Some(text), _) => defmt::write!(f, "{} {=[u8]:a}", self.kind(), text),
                (None, Some(count)) => defmt::write!(f, "{} of {=usize}", self.kind(), count),
                (None, None) => defmt::write!(f, "{}", self.kind()),
            },
        }
    }
}
