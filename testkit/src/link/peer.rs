//! The other end of a link.

use respipe_core::Instant;

/// What a peer does with the connection after it was called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flow {
    /// Keeps it open.
    #[default]
    Open,
    /// Closes it in order: what it has sent arrives first.
    Close,
    /// Breaks it: what is under way to the client is lost.
    Reset,
}

/// A server as a function: bytes in, bytes out.
///
/// Closures of this signature are peers:
///
/// ```
/// use respipe_testkit::link::{Flow, Peer};
///
/// let mut echo = |bytes: &[u8], out: &mut Vec<u8>| {
///     out.extend_from_slice(bytes);
///     Flow::Open
/// };
/// let mut out = Vec::new();
/// let now = respipe_core::Instant::ZERO;
/// assert_eq!(Peer::receive(&mut echo, b"PING\r\n", now, &mut out), Flow::Open);
/// ```
pub trait Peer {
    /// Bytes have come, or none: then the connection was opened, or [`wake`](Self::wake)'s time is here. What is sent is appended
    /// to `out`.
    fn receive(&mut self, bytes: &[u8], now: Instant, out: &mut Vec<u8>) -> Flow;

    /// When it wants to be called, whether bytes come or not.
    fn wake(&self) -> Option<Instant> {
        None
    }
}

impl<F: FnMut(&[u8], &mut Vec<u8>) -> Flow> Peer for F {
    fn receive(&mut self, bytes: &[u8], _now: Instant, out: &mut Vec<u8>) -> Flow {
        self(bytes, out)
    }
}

impl Peer for Box<dyn Peer + Send> {
    fn receive(&mut self, bytes: &[u8], now: Instant, out: &mut Vec<u8>) -> Flow {
        (**self).receive(bytes, now, out)
    }

    fn wake(&self) -> Option<Instant> {
        (**self).wake()
    }
}
