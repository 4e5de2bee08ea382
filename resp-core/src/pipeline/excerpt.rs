//! The first bytes of something that is not kept whole.

use crate::encode::copy;

/// Bytes that are kept of an error that ends a link, and of a reply that is too large.
const EXCERPT: usize = 64;

/// The first bytes of something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Excerpt {
    bytes: [u8; EXCERPT],
    len: usize,
}

impl Excerpt {
    pub(crate) const NEW: Self = Self {
        bytes: [0; EXCERPT],
        len: 0,
    };

    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut this = Self::NEW;
        this.set(bytes);
        this
    }

    pub(crate) fn set(&mut self, bytes: &[u8]) {
        copy(&mut self.bytes, bytes);
        self.len = bytes.len().min(EXCERPT);
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}
