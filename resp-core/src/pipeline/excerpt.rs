//! The first bytes of something that is not kept whole.

use crate::encode::copy;

/// Bytes that are kept of an error that ends a link, and of a reply that is too large.
const EXCERPT: usize = 64;

/// The first bytes of something.
#[derive(Debug)]
pub(crate) struct Excerpt {
    bytes: [u8; EXCERPT],
    len: usize,
}

impl Excerpt {
    pub(crate) const NEW: Self = Self {
        bytes: [0; EXCERPT],
        len: 0,
    };

    pub(crate) fn set(&mut self, bytes: &[u8]) {
        copy(&mut self.bytes, bytes);
        self.len = bytes.len().min(EXCERPT);
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// What lies behind the first `n` bytes.
    pub(crate) fn from(&self, n: usize) -> &[u8] {
        self.bytes.get(n..self.len).unwrap_or_default()
    }

    /// Keeps only what lies behind the first `n` bytes.
    pub(crate) fn skip(&mut self, n: usize) {
        if n <= EXCERPT {
            self.bytes.copy_within(n.., 0);
            self.len = self.len.saturating_sub(n);
        }
    }
}
