//! The one trait by which replies become Rust types, and the types of one value.

use super::{ConvertError, Cursor, Found, Reply, ServerError, Value};
use crate::Kind;

/// A type that a reply converts into.
///
/// What one command answers in RESP2 and in RESP3 converts alike: a double is a string in RESP2,
/// a boolean an integer, a map a flat array.
///
/// | type | from |
/// | --- | --- |
/// | integers | an integer, a boolean, or the digits of one as text |
/// | `bool` | a boolean, or 0 or 1 as an integer or text; not `OK`, for which there is `()` |
/// | `f32`, `f64` (feature `float`) | a double, an integer, or one as text; `inf`, `-inf`, `nan` |
/// | `&[u8]`, `&str` | strings and numbers that are text on the wire: all but integers |
/// | `()` | anything but an error |
/// | `Option<T>` | null, or what `T` converts from |
/// | `Result<T, ServerError>` | an error, or what `T` converts from: elements of an `EXEC` |
/// | [`Reply`] | anything, errors included, unconverted |
/// | `(A, B, …)` up to 12, `[T; N]` | an aggregate of exactly so many values |
/// | `[u8; N]` | also a string of exactly so many bytes |
/// | `Vec<T>`, `Box<[T]>` (feature `alloc`), `heapless::Vec<T, N>` | an aggregate; lists of `u8` also a string's bytes |
/// | `String`, `Box<str>`, `heapless::String<N>` | as `&str` |
/// | `BTreeMap<K, V>` (feature `alloc`) | as a list of `(K, V)` |
///
/// A list of tuples, such as `Vec<(K, V)>`, takes a map, an array of arrays, or a flat array:
/// the first element decides, an aggregate saying that each tuple has a header of its own.
///
/// A type of one's own walks the cursor. Which fields come, and in which order, is the server's
/// choice:
///
/// ```
/// use respipe_core::reply::{ConvertError, Cursor, FromReply};
///
/// /// What `XINFO STREAM` says of a stream, in part.
/// #[derive(Debug, Default, PartialEq)]
/// struct StreamInfo<'a> {
///     length: u64,
///     last_id: &'a str,
/// }
///
/// impl<'a> FromReply<'a> for StreamInfo<'a> {
///     fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self, ConvertError> {
///         let mut info = Self::default();
///         for _ in 0..cursor.pairs()? {
///             match cursor.read()? {
///                 "length" => info.length = cursor.read()?,
///                 "last-generated-id" => info.last_id = cursor.read()?,
///                 _ => cursor.step_over(),
///             }
///         }
///         Ok(info)
///     }
/// }
/// # use respipe_core::{Framer, Reply};
/// # let bytes = b"%3\r\n+length\r\n:2\r\n+groups\r\n*1\r\n:1\r\n+last-generated-id\r\n+2-0\r\n";
/// # let reply = Reply::new(bytes, Framer::new().frame(bytes).unwrap().unwrap());
/// let info: StreamInfo = reply.to()?;
/// assert_eq!(info, StreamInfo { length: 2, last_id: "2-0" });
/// # Ok::<(), ConvertError>(())
/// ```
#[diagnostic::on_unimplemented(
    note = "`f64` needs the feature `float`, `String` and `Vec` the feature `alloc`"
)]
pub trait FromReply<'a>: Sized {
    /// How many values stand for one `Self` in a map or a flat list: one, but for tuples.
    const WIDTH: usize = 1;

    /// Takes one value and all below it, and no more: what comes next belongs to others.
    ///
    /// # Errors
    /// The value is not what was expected. Where the cursor then stands does not matter, because
    /// the conversion as a whole has failed.
    fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self, ConvertError>;

    /// Converts a reply of its own: for scalars, whose header the framer has parsed, without a
    /// walk.
    #[doc(hidden)]
    #[inline]
    fn from_reply(reply: &Reply<'a>) -> Result<Self, ConvertError> {
        Self::from_cursor(&mut reply.cursor())
    }

    /// Takes [`WIDTH`](Self::WIDTH) values that have no header of their own.
    ///
    /// # Errors
    /// As [`from_cursor`](Self::from_cursor).
    #[inline]
    fn from_flat(cursor: &mut Cursor<'a>) -> Result<Self, ConvertError> {
        Self::from_cursor(cursor)
    }

    /// A string's bytes as a list, if `Self` is a byte: what makes a `Vec<u8>` of a bulk string.
    #[doc(hidden)]
    #[inline]
    fn list_of_bytes<L: FromIterator<Self>>(_: &'a [u8]) -> Option<L> {
        None
    }
}

impl<'a> FromReply<'a> for Reply<'a> {
    #[inline]
    fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self, ConvertError> {
        let reply = cursor.reply();
        reply.ok_or_else(|| ConvertError::unexpected("value", None))
    }
}

impl<'a> FromReply<'a> for () {
    fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self, ConvertError> {
        match cursor.next() {
            value @ (None | Some(Value::Error(_))) => {
                Err(ConvertError::unexpected("success", value))
            }
            Some(value) => {
                cursor.pass(value.count().unwrap_or(0));
                Ok(())
            }
        }
    }

    #[inline]
    fn from_reply(reply: &Reply<'a>) -> Result<Self, ConvertError> {
        match reply.error() {
            None => Ok(()),
            Some(error) => Err(ConvertError::unexpected(
                "success",
                Some(Value::Error(error)),
            )),
        }
    }
}

impl<'a, T: FromReply<'a>> FromReply<'a> for Option<T> {
    #[inline]
    fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self, ConvertError> {
        if cursor.take_null() {
            return Ok(None);
        }
        T::from_cursor(cursor).map(Some)
    }
}

impl<'a, T: FromReply<'a>> FromReply<'a> for Result<T, ServerError<'a>> {
    #[inline]
    fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self, ConvertError> {
        match cursor.take_error() {
            Some(error) => Ok(Err(error)),
            None => T::from_cursor(cursor).map(Ok),
        }
    }
}

impl<'a> FromReply<'a> for &'a [u8] {
    #[inline]
    fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self, ConvertError> {
        let value = cursor.next();
        let text = value.and_then(Value::text);
        text.ok_or_else(|| ConvertError::unexpected("string", value))
    }

    #[inline]
    fn from_reply(reply: &Reply<'a>) -> Result<Self, ConvertError> {
        match reply.plain_text() {
            Some(text) => Ok(text),
            None => Self::from_cursor(&mut reply.cursor()),
        }
    }
}

impl<'a> FromReply<'a> for &'a str {
    #[inline]
    fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self, ConvertError> {
        utf8(cursor.read()?)
    }

    #[inline]
    fn from_reply(reply: &Reply<'a>) -> Result<Self, ConvertError> {
        utf8(reply.to()?)
    }
}

fn utf8(text: &[u8]) -> Result<&str, ConvertError> {
    core::str::from_utf8(text).map_err(|_| ConvertError::new("string", Found::NotUtf8))
}

impl<'a> FromReply<'a> for bool {
    fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self, ConvertError> {
        const EXPECTED: &str = "boolean";
        let value = cursor.next();
        match value {
            Some(Value::Boolean(truth)) => Ok(truth),
            Some(Value::Integer(n @ (0 | 1))) => Ok(n == 1),
            Some(Value::Integer(_)) => Err(ConvertError::new(EXPECTED, Found::OutOfRange)),
            Some(value) => match value.text() {
                Some(b"0") => Ok(false),
                Some(b"1") => Ok(true),
                Some(_) => Err(ConvertError::new(EXPECTED, Found::Text(value.kind()))),
                None => Err(ConvertError::unexpected(EXPECTED, Some(value))),
            },
            None => Err(ConvertError::unexpected(EXPECTED, None)),
        }
    }
}

/// `-?[0-9]+`: the number without its sign, and whether it is negative.
fn digits(text: &[u8], kind: Kind) -> Result<(u64, bool), Found> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() {
        return Err(Found::Text(kind));
    }
    let mut n: u64 = 0;
    let mut fits = true;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return Err(Found::Text(kind));
        }
        let next = n.checked_mul(10);
        match next.and_then(|n| n.checked_add(u64::from(byte & 15))) {
            Some(next) => n = next,
            None => fits = false,
        }
    }
    match fits {
        true => Ok((n, negative)),
        false => Err(Found::OutOfRange),
    }
}

macro_rules! integers {
    ($($int:ident $(, $hook:item)?;)*) => {$(
        impl<'a> FromReply<'a> for $int {
            #[inline]
            fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self, ConvertError> {
                const EXPECTED: &str = concat!("integer (", stringify!($int), ")");
                let n = match cursor.next() {
                    Some(Value::Integer(n)) => Self::try_from(n).ok(),
                    value => match integer(value, EXPECTED)? {
                        (n, false) => Self::try_from(n).ok(),
                        (n, true) => match 0_i64.checked_sub_unsigned(n) {
                            Some(n) => Self::try_from(n).ok(),
                            None => None,
                        },
                    },
                };
                n.ok_or(ConvertError::new(EXPECTED, Found::OutOfRange))
            }

            #[inline]
            fn from_reply(reply: &Reply<'a>) -> Result<Self, ConvertError> {
                match reply.integer().map(Self::try_from) {
                    Some(Ok(n)) => Ok(n),
                    _ => Self::from_cursor(&mut reply.cursor()),
                }
            }

            $($hook)?
        }
    )*};
}

integers! {
    i8; i16; i32; i64; isize; u16; u32; u64; usize;
    u8,
    #[inline]
    fn list_of_bytes<L: FromIterator<Self>>(bytes: &'a [u8]) -> Option<L> {
        Some(bytes.iter().copied().collect())
    };
}

/// What is no integer on the wire and may say one all the same.
#[cold]
fn integer(value: Option<Value<'_>>, expected: &'static str) -> Result<(u64, bool), ConvertError> {
    match value {
        Some(Value::Boolean(truth)) => Ok((u64::from(truth), false)),
        Some(value) => match value.text() {
            Some(text) => {
                digits(text, value.kind()).map_err(|found| ConvertError::new(expected, found))
            }
            None => Err(ConvertError::unexpected(expected, Some(value))),
        },
        None => Err(ConvertError::unexpected(expected, None)),
    }
}

#[cfg(feature = "float")]
macro_rules! floats {
    ($($float:ident)*) => {$(
        impl<'a> FromReply<'a> for $float {
            fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self, ConvertError> {
                const EXPECTED: &str = concat!("number (", stringify!($float), ")");
                let value = cursor.next();
                match value {
                    Some(Value::Integer(n)) => Ok(n as $float),
                    Some(value) => match value.text() {
                        Some(text) => core::str::from_utf8(text)
                            .ok()
                            .and_then(|text| text.parse().ok())
                            .ok_or(ConvertError::new(EXPECTED, Found::Text(value.kind()))),
                        None => Err(ConvertError::unexpected(EXPECTED, Some(value))),
                    },
                    None => Err(ConvertError::unexpected(EXPECTED, None)),
                }
            }
        }
    )*};
}

#[cfg(feature = "float")]
floats!(f32 f64);
