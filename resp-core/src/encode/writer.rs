//! Values as a server writes them: for scripted servers, proxies and tests.

use super::argument::{One, put_header};
use super::decimal::Decimal;
use super::{Arguments, Sink};
use crate::Kind;

/// Writes RESP values, one behind the other, into a [`Sink`].
///
/// An aggregate is its header followed by as many values as it announces; the writer does not
/// count them.
///
/// ```
/// use respipe_core::{Kind, encode::{Sink, Writer}};
/// let mut bytes = [0; 32];
/// let mut sink = Sink::new(&mut bytes);
/// Writer::new(&mut sink).aggregate(Kind::Array, 2).integer(-7).bulk(b"x");
/// let left = sink.room();
/// assert_eq!(&bytes[..32 - left], b"*2\r\n:-7\r\n$1\r\nx\r\n");
/// ```
#[derive(Debug)]
pub struct Writer<'s, 'a> {
    sink: &'s mut Sink<'a>,
}

impl<'s, 'a> Writer<'s, 'a> {
    /// A writer into `sink`.
    pub const fn new(sink: &'s mut Sink<'a>) -> Self {
        Self { sink }
    }

    /// A value of one line: a status, an error, a double or a big number. CR and LF in `text`
    /// would break the protocol; each becomes a space.
    pub fn line(&mut self, kind: Kind, text: &[u8]) -> &mut Self {
        self.sink.put_array([kind as u8]);
        for piece in text.split_inclusive(|byte| matches!(byte, b'\r' | b'\n')) {
            match piece.split_last() {
                Some((b'\r' | b'\n', before)) => {
                    self.sink.put(before);
                    self.sink.put_array(*b" ");
                }
                _ => self.sink.put(piece),
            }
        }
        self.sink.put_array(*b"\r\n");
        self
    }

    /// `+OK` and its like.
    pub fn status(&mut self, text: &str) -> &mut Self {
        self.line(Kind::Status, text.as_bytes())
    }

    /// `-ERR …` and its like.
    pub fn error(&mut self, text: &str) -> &mut Self {
        self.line(Kind::Error, text.as_bytes())
    }

    /// An integer.
    pub fn integer(&mut self, n: i64) -> &mut Self {
        self.line(Kind::Integer, Decimal::signed(n).as_bytes())
    }

    /// A bulk string.
    pub fn bulk(&mut self, bytes: &[u8]) -> &mut Self {
        One(bytes).encode(self.sink);
        self
    }

    /// The header of an aggregate of `count` values, or pairs of a map or of attributes.
    pub fn aggregate(&mut self, kind: Kind, count: usize) -> &mut Self {
        put_header(kind as u8, count, self.sink);
        self
    }

    /// RESP3's boolean.
    pub fn boolean(&mut self, value: bool) -> &mut Self {
        self.line(Kind::Boolean, if value { b"t" } else { b"f" })
    }

    /// RESP3's null.
    pub fn null(&mut self) -> &mut Self {
        self.sink.put_array(*b"_\r\n");
        self
    }

    /// RESP2's null bulk string.
    pub fn null_bulk(&mut self) -> &mut Self {
        self.sink.put_array(*b"$-1\r\n");
        self
    }

    /// RESP2's null array.
    pub fn null_array(&mut self) -> &mut Self {
        self.sink.put_array(*b"*-1\r\n");
        self
    }
}
