//! Iterators over what is below a value, each item a reply of its own.

use super::{Cursor, Reply, Value};

/// The elements of an aggregate, from [`Reply::elements`].
#[derive(Clone, Debug)]
#[must_use = "an iterator does nothing until it is walked"]
pub struct Elements<'a> {
    cursor: Cursor<'a>,
    left: usize,
}

impl<'a> Elements<'a> {
    #[inline]
    pub(super) fn new(mut cursor: Cursor<'a>) -> Self {
        let left = cursor.next().and_then(Value::count).unwrap_or(0);
        Self { cursor, left }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Reply<'a>;

    #[inline]
    fn next(&mut self) -> Option<Reply<'a>> {
        self.left = self.left.checked_sub(1)?;
        self.cursor.reply()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left))
    }
}

impl core::iter::FusedIterator for Elements<'_> {}

/// The attributes of a value, key and value, from [`Reply::attributes`].
#[derive(Clone, Debug)]
#[must_use = "an iterator does nothing until it is walked"]
pub struct Attributes<'a> {
    /// From the next attribute's header, or the next key, on.
    cursor: Cursor<'a>,
    /// Pairs of the attribute that is walked.
    left: u64,
    /// How many bytes are left when the value's own header was stepped over.
    behind: usize,
}

impl<'a> Attributes<'a> {
    /// The attributes in front of the value whose text, bytes or elements begin at `body`.
    pub(super) const fn new(bytes: &'a [u8], body: usize) -> Self {
        Self {
            cursor: Cursor::within(bytes),
            left: 0,
            behind: bytes.len().saturating_sub(body),
        }
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (Reply<'a>, Reply<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        while self.left == 0 {
            self.left = self.cursor.attribute(self.behind)?;
        }
        self.left = self.left.wrapping_sub(1);
        Some((self.cursor.reply()?, self.cursor.reply()?))
    }
}

impl core::iter::FusedIterator for Attributes<'_> {}
