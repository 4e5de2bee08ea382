//! Finding where a reply ends, looking at each byte once and keeping no stack.
//!
//! ```
//! use respipe_core::{Framer, Kind};
//!
//! let mut framer = Framer::new();
//! let bytes = b"*2\r\n:1\r\n$5\r\nhello\r\n";
//! assert_eq!(framer.frame(&bytes[..9])?, None);     // not whole yet
//! let frame = framer.frame(bytes)?.unwrap();        // goes on where it stopped
//! assert_eq!((frame.kind(), frame.len()), (Kind::Array, bytes.len()));
//! # Ok::<(), respipe_core::DecodeError>(())
//! ```
//!
//! Strict: both bytes of every CRLF, every digit and every bound are verified. RESP3's streamed
//! types (`$?`, `*?`, `;`, `.`), which no server sends, are refused with an error of their own.

mod error;
pub(crate) mod framer;
pub(crate) mod header;
#[cfg(feature = "resp3")]
mod inner;
#[cfg(not(feature = "resp3"))]
mod no_inner;
pub(crate) mod push;
#[cfg(feature = "pieces")]
pub(crate) mod stream;
pub(crate) mod work;

#[cfg(feature = "resp3")]
use inner::Inner;
#[cfg(not(feature = "resp3"))]
use no_inner::Inner;

pub use error::{DecodeError, DecodeErrorKind};
pub use framer::{Frame, Framer};

#[cfg(test)]
pub(crate) mod tests;
