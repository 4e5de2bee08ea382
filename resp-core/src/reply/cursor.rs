//! Walking a frame: each byte once, whatever the nesting, with no memory but a position.

use core::mem;

use super::{ConvertError, Found, FromReply, Reply, ServerError, Value};
use crate::decode::header::{self, Header, Parsed};
use crate::decode::push;
use crate::{Frame, Kind};

/// A walk through a reply, depth first: the value, then all that is below it, in the order of
/// the bytes.
///
/// Steps over attributes and over pushes that are no elements. A walker that wants the tree
/// counts for itself how many elements of which header are still to come; a conversion has
/// those counts in its type. The framer has verified the bytes; on bytes that it cannot have
/// seen the walk ends.
///
/// ```
/// use respipe_core::reply::{Reply, Value};
/// # use respipe_core::Framer;
/// # let bytes = b"*2\r\n:1\r\n*1\r\n+two\r\n";
/// # let reply = Reply::new(bytes, Framer::new().frame(bytes)?.unwrap());
/// let values = [Value::Array(2), Value::Integer(1), Value::Array(1), Value::Status(b"two")];
/// assert!(reply.cursor().eq(values));
/// # Ok::<(), respipe_core::DecodeError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a cursor does nothing until it is walked"]
pub struct Cursor<'a> {
    /// The reply itself, as long as it comes next: the framer has parsed its header.
    own: Option<Frame>,
    /// What was not walked over: from the first byte of a value, or of what stands before it.
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// A walk over the reply that is this frame of these bytes.
    #[inline]
    pub(super) const fn new(bytes: &'a [u8], frame: Frame) -> Self {
        Self {
            own: Some(frame),
            rest: bytes,
        }
    }

    /// A walk from any value's first byte, or that of its attributes.
    pub(super) const fn within(bytes: &'a [u8]) -> Self {
        Self {
            own: None,
            rest: bytes,
        }
    }

    /// Steps over the header of the next attributes in front of a value: how many pairs follow.
    /// `None`, and the walk ends, at the value, when `behind` bytes or fewer are left.
    pub(super) fn attribute(&mut self, behind: usize) -> Option<u64> {
        while let Some(header) = self.line() {
            match header.kind {
                _ if self.rest.len() <= behind => break,
                Kind::Attribute => return Some(header.value.unsigned_abs()),
                Kind::Push => self.pass(header.count()),
                _ => break,
            }
        }
        self.rest = &[];
        None
    }

    /// Converts the next value and all below it.
    ///
    /// # Errors
    /// What [`FromReply::from_cursor`] says; the cursor then stands anywhere within the value.
    #[inline]
    pub fn read<T: FromReply<'a>>(&mut self) -> Result<T, ConvertError> {
        T::from_cursor(self)
    }

    /// The next value, without stepping over it; its header is parsed again when it is.
    #[inline]
    #[must_use]
    pub fn peek(&self) -> Option<Value<'a>> {
        self.clone().next()
    }

    /// Steps over the next value and all below it; looks at each of its bytes.
    pub fn step_over(&mut self) {
        if let Some(count) = self.next().map(|value| value.count().unwrap_or(0)) {
            self.pass(count);
        }
    }

    /// The next value as a reply of its own, its attributes included. Looks at each byte of it
    /// to find its end.
    pub fn reply(&mut self) -> Option<Reply<'a>> {
        if let Some(frame) = self.own.take() {
            return Some(Reply::new(mem::take(&mut self.rest), frame));
        }
        if let Some((text, behind)) = header::short_bulk(self.rest) {
            let frame = Frame::of_short_bulk(self.rest, text, behind);
            return Some(Reply::new(mem::replace(&mut self.rest, behind), frame));
        }
        let bytes = self.at_attributes()?;
        let (kind, value) = self.header()?;
        let body = bytes.len().wrapping_sub(self.rest.len());
        let count = self.split(kind, value)?.count().unwrap_or(0);
        self.pass(count);
        let frame = Frame {
            kind,
            value,
            body,
            len: bytes.len().wrapping_sub(self.rest.len()),
        };
        Some(Reply::new(bytes, frame))
    }

    /// Steps over the header of an aggregate: how many values follow, a pair of a map being two.
    ///
    /// # Errors
    /// The next value is no aggregate. It was stepped over if it is a scalar.
    pub fn items(&mut self) -> Result<usize, ConvertError> {
        let value = self.next();
        let count = value.and_then(Value::count);
        count.ok_or_else(|| ConvertError::unexpected("array", value))
    }

    /// Steps over the header of a map, or of the flat array that RESP2 has instead: how many
    /// pairs follow.
    ///
    /// # Errors
    /// The next value is no aggregate, or one of an odd number of values. Its header was stepped
    /// over.
    pub fn pairs(&mut self) -> Result<usize, ConvertError> {
        match self.next() {
            Some(Value::Map(pairs)) => Ok(pairs),
            value => match value.and_then(Value::count) {
                Some(count) if count.is_multiple_of(2) => Ok(count / 2),
                Some(count) => Err(ConvertError::new("pairs", Found::Count(count))),
                None => Err(ConvertError::unexpected("map", value)),
            },
        }
    }

    /// Steps over the next value if it is null.
    #[inline]
    pub fn take_null(&mut self) -> bool {
        if self.own.is_none() {
            match self.rest {
                [b'_' | b'|' | b'>', ..] | [_, b'-', ..] => {}
                _ => return false,
            }
        }
        let mut ahead = self.clone();
        let is_null = matches!(ahead.next(), Some(Value::Null));
        if is_null {
            *self = ahead;
        }
        is_null
    }

    /// Steps over the next value if it is an error of the server.
    #[inline]
    pub fn take_error(&mut self) -> Option<ServerError<'a>> {
        if self.own.is_none() && !matches!(self.rest, [b'-' | b'!' | b'|' | b'>', ..]) {
            return None;
        }
        let mut ahead = self.clone();
        match ahead.next() {
            Some(Value::Error(error)) => {
                *self = ahead;
                Some(error)
            }
            _ => None,
        }
    }

    /// How many bytes are left, as a bound for how many values there can be.
    #[cfg(feature = "alloc")]
    pub(super) const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// The bytes from the next value's first attribute on, pushes before it stepped over.
    fn at_attributes(&mut self) -> Option<&'a [u8]> {
        loop {
            let start = self.rest;
            match start.first()? {
                b'>' => {
                    let header = self.line()?;
                    if self.is_element(header) {
                        self.rest = start;
                        return Some(start);
                    }
                    self.pass(header.count());
                }
                _ => return Some(start),
            }
        }
    }

    /// Steps over the next header that is neither an attribute's nor that of a push which is no
    /// element, and over what those hold. `rest` is then where its text or elements begin.
    #[cfg_attr(target_pointer_width = "64", inline)]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn header(&mut self) -> Option<(Kind, i64)> {
        loop {
            let header = self.line()?;
            match header.kind {
                Kind::Attribute => self.pass(header.count().saturating_mul(2)),
                Kind::Push if !self.is_element(header) => self.pass(header.count()),
                kind => return Some((kind, header.value)),
            }
        }
    }

    /// The header at the front of the rest, and steps to where its text or elements begin.
    #[cfg_attr(target_pointer_width = "64", inline)]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn line(&mut self) -> Option<Header> {
        let header = match header::quick(self.rest) {
            Some(header) => header,
            None => match header::parse(self.rest, 0) {
                Ok(Parsed::Header(header)) => header,
                _ => {
                    self.rest = &[];
                    return None;
                }
            },
        };
        self.rest = self.rest.get(header.body()..).unwrap_or_default();
        Some(header)
    }

    /// Whether the push whose header was stepped over is an element.
    fn is_element(&self, push: Header) -> bool {
        match header::parse(self.rest, 0) {
            Ok(Parsed::Header(header)) if push.value > 0 => {
                push::kind(self.rest, header).is_some_and(push::is_element)
            }
            _ => false,
        }
    }

    /// The next value, which is not the reply's own.
    #[inline(never)]
    fn walk(&mut self) -> Option<Value<'a>> {
        if let Some((value, behind)) = header::short_integer(self.rest) {
            self.rest = behind;
            return Some(Value::Integer(value));
        }
        let (kind, value) = self.header()?;
        self.split(kind, value)
    }

    /// The value whose header was stepped over.
    #[inline]
    fn split(&mut self, kind: Kind, value: i64) -> Option<Value<'a>> {
        let split = Value::split(kind, value, self.rest);
        self.rest = split.map(|(_, behind)| behind).unwrap_or_default();
        Some(split?.0)
    }

    /// Steps over so many values and all below them, pushes between them included.
    pub(super) fn pass(&mut self, values: usize) {
        let mut owed = values;
        while owed > 0 {
            if let Some(behind) = header::short_scalar(self.rest) {
                self.rest = behind;
                owed = owed.wrapping_sub(1);
                continue;
            }
            let Some(header) = self.line() else { return };
            let element = header.kind != Kind::Push || self.is_element(header);
            let left = header.owed_after(owed, element);
            if !header.kind.is_aggregate() {
                self.split(header.kind, header.value);
            }
            match left {
                Some(left) => owed = left,
                None => self.rest = &[],
            }
        }
    }
}

impl<'a> Iterator for Cursor<'a> {
    type Item = Value<'a>;

    #[cfg_attr(target_pointer_width = "64", inline)]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn next(&mut self) -> Option<Value<'a>> {
        if let Some(frame) = self.own.take() {
            self.rest = self.rest.get(frame.body..).unwrap_or_default();
            return self.split(frame.kind, frame.value);
        }
        if let Some((text, behind)) = header::short_bulk(self.rest) {
            self.rest = behind;
            return Some(Value::Bulk(text));
        }
        self.walk()
    }
}

impl core::iter::FusedIterator for Cursor<'_> {}
