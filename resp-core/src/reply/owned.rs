//! Replies that outlive the bytes they came in.

use super::{ConvertError, Cursor, Found, FromReply, Reply};
use crate::Frame;
use crate::encode::copy;

/// A reply in memory of its own, of at most `N` bytes: one copy of the frame, no tree.
///
/// `N` bytes and four words, wherever it stands.
#[derive(Clone, Copy)]
pub struct FixedReply<const N: usize> {
    frame: Frame,
    bytes: [u8; N],
}

impl<const N: usize> FixedReply<N> {
    /// The reply, borrowed.
    #[must_use]
    pub fn as_reply(&self) -> Reply<'_> {
        Reply::new(&self.bytes, self.frame)
    }
}

/// # Errors
/// The frame, its attributes included, has more than `N` bytes.
impl<const N: usize> TryFrom<Reply<'_>> for FixedReply<N> {
    type Error = ConvertError;

    fn try_from(reply: Reply<'_>) -> Result<Self, ConvertError> {
        let mut bytes = [0; N];
        let (len, capacity) = (reply.as_raw().len(), N);
        if len > capacity {
            return Err(ConvertError::new("reply", Found::TooLong { len, capacity }));
        }
        copy(&mut bytes, reply.as_raw());
        Ok(Self {
            frame: reply.frame(),
            bytes,
        })
    }
}

impl<'a, const N: usize> FromReply<'a> for FixedReply<N> {
    fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self, ConvertError> {
        cursor.read::<Reply<'a>>()?.try_into()
    }
}

impl<const N: usize> core::fmt::Debug for FixedReply<N> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.as_reply().fmt(f)
    }
}

#[cfg(feature = "alloc")]
pub use heap::OwnedReply;

#[cfg(feature = "alloc")]
mod heap {
    use alloc::boxed::Box;

    use super::{ConvertError, Cursor, Frame, FromReply, Reply};

    /// A reply in memory of its own: one copy of the frame's bytes, no tree.
    #[derive(Clone)]
    pub struct OwnedReply {
        frame: Frame,
        bytes: Box<[u8]>,
    }

    impl OwnedReply {
        /// The reply, borrowed.
        #[must_use]
        pub fn as_reply(&self) -> Reply<'_> {
            Reply::new(&self.bytes, self.frame)
        }
    }

    impl From<Reply<'_>> for OwnedReply {
        fn from(reply: Reply<'_>) -> Self {
            Self {
                frame: reply.frame(),
                bytes: reply.as_raw().into(),
            }
        }
    }

    impl<'a> FromReply<'a> for OwnedReply {
        fn from_cursor(cursor: &mut Cursor<'a>) -> Result<Self, ConvertError> {
            cursor.read::<Reply<'a>>().map(Self::from)
        }
    }

    impl core::fmt::Debug for OwnedReply {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            self.as_reply().fmt(f)
        }
    }
}
