//! What lies in a frame, borrowed and lazy, and its conversion into Rust types.
//!
//! A [`Reply`] is a frame's bytes and its parsed header. Nothing below the header is parsed until
//! it is asked for: converted by [`to`](Reply::to), walked by a [`cursor`](Reply::cursor), or
//! taken element by element. Nothing is copied but by conversions into types that own.
//!
//! ```
//! use respipe_core::{Framer, Reply};
//!
//! let bytes = b"*2\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nt\r\n$2\r\n21\r\n\
//!               *2\r\n$3\r\n2-0\r\n*2\r\n$1\r\nt\r\n$2\r\n22\r\n";
//! let reply = Reply::new(bytes, Framer::new().frame(bytes).unwrap().unwrap());
//!
//! // Two entries of a stream, each an id and its fields.
//! let [first, last]: [(&str, (&str, i64)); 2] = reply.to()?;
//! assert_eq!(first, ("1-0", ("t", 21)));
//! assert_eq!(last.1.1, 22);
//! # Ok::<(), respipe_core::reply::ConvertError>(())
//! ```

mod convert;
mod convert_aggregate;
#[cfg(feature = "alloc")]
mod convert_alloc;
mod convert_error;
#[cfg(feature = "heapless")]
mod convert_heapless;
mod cursor;
mod elements;
mod error;
mod owned;
mod value;

pub use convert::FromReply;
pub use convert_error::{ConvertError, Found, ShortCode};
pub use cursor::Cursor;
pub use elements::{Attributes, Elements};
pub use error::{ErrorCode, ServerError};
pub use owned::FixedReply;
#[cfg(feature = "alloc")]
pub use owned::OwnedReply;
pub use value::Value;

use crate::{Frame, Kind};

/// A reply, borrowed from the bytes that it came in.
///
/// Also what stands inside one: an element, or a value of attributes.
#[derive(Clone, Copy)]
pub struct Reply<'a> {
    /// The bytes of the frame and no others, unless there are fewer than the frame says.
    bytes: &'a [u8],
    frame: Frame,
}

impl<'a> Reply<'a> {
    /// The reply that `frame` found at the front of `bytes`.
    #[inline]
    #[must_use]
    pub fn new(bytes: &'a [u8], frame: Frame) -> Self {
        Self {
            bytes: bytes.get(..frame.len).unwrap_or(bytes),
            frame,
        }
    }

    /// The type of the value, its attributes apart.
    #[inline]
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.frame.kind
    }

    /// The bytes as they came: the whole frame, attributes included, and pushes that stand
    /// between the elements.
    #[inline]
    #[must_use]
    pub const fn as_raw(&self) -> &'a [u8] {
        self.bytes
    }

    /// Where the frame's parts lie in [`as_raw`](Self::as_raw).
    #[inline]
    #[must_use]
    pub const fn frame(&self) -> Frame {
        self.frame
    }

    /// The value by itself: a scalar, or the header of an aggregate. Null if there are fewer
    /// bytes than the frame says.
    #[inline]
    #[must_use]
    pub fn value(&self) -> Value<'a> {
        let body = self.bytes.get(self.frame.body..).unwrap_or_default();
        match Value::split(self.frame.kind, self.frame.value, body) {
            Some((value, _)) => value,
            None => Value::Null,
        }
    }

    /// Whether it is the status `OK`.
    #[inline]
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.kind() == Kind::Status && self.plain_text() == Some(b"OK")
    }

    /// Whether it is null, in any of its three forms.
    #[inline]
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self.frame.kind, Kind::Null)
    }

    /// The server's error that this reply is, if it is one.
    #[inline]
    #[must_use]
    pub fn error(&self) -> Option<ServerError<'a>> {
        if !self.kind().is_error() {
            return None;
        }
        match self.value() {
            Value::Error(error) => Some(error),
            _ => None,
        }
    }

    /// The bytes of a string, or of a number that is text on the wire.
    ///
    /// # Errors
    /// It is none, or the server's error.
    #[inline]
    pub fn as_bytes(&self) -> Result<&'a [u8], ConvertError> {
        self.to()
    }

    /// The text of a string, or of a number that is text on the wire.
    ///
    /// # Errors
    /// It is none, or the server's error, or is not UTF-8.
    #[inline]
    pub fn as_str(&self) -> Result<&'a str, ConvertError> {
        self.to()
    }

    /// An integer, or a string of the digits of one.
    ///
    /// # Errors
    /// It is none, or the server's error, or is beyond 64 bits.
    #[inline]
    pub fn as_i64(&self) -> Result<i64, ConvertError> {
        self.to()
    }

    /// The bytes of the two commonest strings.
    #[inline]
    fn plain_text(&self) -> Option<&'a [u8]> {
        match self.frame.kind {
            Kind::Bulk | Kind::Status => {
                let text = self.bytes.get(self.frame.body..)?;
                text.get(..usize::try_from(self.frame.value).ok()?)
            }
            _ => None,
        }
    }

    #[inline]
    const fn integer(&self) -> Option<i64> {
        match self.frame.kind {
            Kind::Integer => Some(self.frame.value),
            _ => None,
        }
    }

    /// Converts into a Rust type; [`FromReply`] lists which.
    ///
    /// # Errors
    /// What was expected and what came. One element that does not convert fails the whole; the
    /// reply stays as it was and can be looked at in another way.
    #[inline]
    pub fn to<T: FromReply<'a>>(&self) -> Result<T, ConvertError> {
        T::from_reply(self)
    }

    /// A walk over the value and all below it.
    #[inline]
    pub fn cursor(&self) -> Cursor<'a> {
        Cursor::new(self.bytes, self.frame)
    }

    /// The elements of an aggregate, keys and values of a map in turn; none of a scalar.
    ///
    /// To find where an element ends, the iterator walks over all that is below it; whoever then
    /// walks the element looks at those bytes a second time, and a third time one level deeper.
    /// [`cursor`](Self::cursor) and [`to`](Self::to) look at each byte once.
    #[inline]
    pub fn elements(&self) -> Elements<'a> {
        Elements::new(self.cursor())
    }

    /// The attributes of the value itself (RESP specification, "Attributes"), those of its
    /// elements apart: keys with their values. Where attributes are stacked, all of them.
    #[inline]
    pub fn attributes(&self) -> Attributes<'a> {
        let body = self.bytes.len().min(self.frame.body);
        Attributes::new(self.bytes, body)
    }
}

/// Two replies are equal if their bytes are.
impl PartialEq for Reply<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Reply<'_> {}

impl core::fmt::Debug for Reply<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Reply(\"{}\")", self.bytes.escape_ascii())
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Reply<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        self.value().format(f);
    }
}

#[cfg(all(test, feature = "resp3"))]
mod tests;
