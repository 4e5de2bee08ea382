//! Moves bytes between the socket's buffers and the pipeline's: one copy each way, no buffer
//! between, and no knowledge of RESP.

use respipe_core::Instant;
use respipe_core::pipeline::{Pipeline, Storage};
use smoltcp::socket::tcp::{RecvError, Socket};

/// What the socket has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// It goes on; whether bytes came.
    Open { came: bool },
    /// The server has closed its side, and all that it sent was taken.
    Ended,
    /// Reset, or given up by the network.
    Gone,
}

/// Takes what has come, as far as the pipeline has room. What stays, stays in the socket, whose
/// window then closes: the server is slowed down, nothing is lost.
pub(crate) fn receive<S: Storage>(
    socket: &mut Socket<'_>,
    pipeline: &mut Pipeline<S>,
    now: Instant,
) -> Flow {
    let mut came = false;
    loop {
        // Twice at most where there is room: both rings have two pieces, and what wraps is short.
        match socket.recv(|bytes| {
            let n = pipeline.handle_input(bytes, now);
            (n, n)
        }) {
            Ok(0) => return Flow::Open { came },
            Ok(_) => came = true,
            Err(RecvError::Finished) => return Flow::Ended,
            Err(RecvError::InvalidState) => return Flow::Gone,
        }
    }
}

/// Gives the socket what may leave, as far as it has room.
pub(crate) fn transmit<S: Storage>(
    socket: &mut Socket<'_>,
    pipeline: &mut Pipeline<S>,
    now: Instant,
) {
    while socket.can_send() {
        let sent = socket.send(|room| {
            let Some(bytes) = pipeline.poll_transmit() else {
                return (0, 0);
            };
            let n = room.len().min(bytes.len());
            if let (Some(room), Some(bytes)) = (room.get_mut(..n), bytes.get(..n)) {
                room.copy_from_slice(bytes);
            }
            pipeline.transmitted(n, now);
            (n, n)
        });
        if !matches!(sent, Ok(1..)) {
            break;
        }
    }
    // What found no room was not taken: it can still be dropped for something newer.
    pipeline.transmitted(0, now);
}
