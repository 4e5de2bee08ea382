//! What lies in a frame, borrowed and lazy.

use crate::Frame;

/// A reply, borrowed from the bytes that it came in.
#[derive(Clone, Copy, Debug)]
pub struct Reply<'a> {
    bytes: &'a [u8],
    frame: Frame,
}

impl<'a> Reply<'a> {
    /// The reply that `frame` found at the front of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8], frame: Frame) -> Self {
        Self { bytes, frame }
    }
}
