//! A reply that is larger than the receive buffer, piece by piece.
//!
//! ```text
//!   pump: bytes in --> [ rx ] --> the caller: one piece at a time, copied out under the lock
//!     ^                              |
//!     +---- there is room again -----+     a caller that is slow stops the reading, not the memory
//! ```

use core::task::{Context, Poll};

use respipe_core::pipeline::Token;
use respipe_core::reply::OwnedReply;
use respipe_core::{Command, Frame, Kind, Reply};
use respipe_host::Error;

use crate::call::{Call, Way};
use crate::dedicated::Dedicated;
use crate::hub::Shared;

/// A piece whose bytes lie elsewhere.
pub(crate) enum Piece {
    Aggregate { kind: Kind, count: u64 },
    Scalar(Frame),
    Begin { kind: Kind, len: Option<u64> },
    Bytes,
    End,
}

impl Piece {
    /// Copies a piece; its bytes go to `kept`.
    pub(crate) fn keep(token: Token<'_>, kept: &mut Vec<u8>) -> Self {
        kept.clear();
        match token {
            Token::Aggregate { kind, count } => Self::Aggregate { kind, count },
            Token::Scalar(reply) => {
                kept.extend_from_slice(reply.as_raw());
                Self::Scalar(reply.frame())
            }
            Token::Begin { kind, len } => Self::Begin { kind, len },
            Token::Bytes(bytes) => {
                kept.extend_from_slice(bytes);
                Self::Bytes
            }
            Token::End => Self::End,
        }
    }

    fn token<'k>(&self, kept: &'k [u8]) -> Token<'k> {
        match *self {
            Self::Aggregate { kind, count } => Token::Aggregate { kind, count },
            Self::Scalar(frame) => Token::Scalar(Reply::new(kept, frame)),
            Self::Begin { kind, len } => Token::Begin { kind, len },
            Self::Bytes => Token::Bytes(kept),
            Self::End => Token::End,
        }
    }
}

/// Gives the connection back to all, whatever happens to the caller.
struct Alone<'c>(&'c Shared);

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        self.0.stir(crate::hub::Hub::end_alone);
    }
}

impl Dedicated {
    /// Sends a command and waits for its reply, whatever its size: one that is larger than the
    /// receive buffer goes to `each` piece by piece, and `None` is returned for it. The server is
    /// read from only as fast as `each` takes the pieces.
    ///
    /// It waits until the replies to all commands before it have come, and callers of clones wait
    /// until its own has. Where the connection ends after the first piece and the command is
    /// replayable and sent again ([`Options::resend`](respipe_host::Options::resend())), the second
    /// reply is not taken in pieces.
    ///
    /// # Errors
    /// As [`call`](crate::Client::call).
    pub async fn call_streamed<C: Command>(
        &mut self,
        command: &C,
        mut each: impl FnMut(Token<'_>),
    ) -> Result<Option<OwnedReply>, Error> {
        let shared = &*self.handle.shared;
        // In this order: a call that is given up must find the pump in charge of events.
        let mut call = Call::new(shared, command, Way::Alone);
        let alone = Alone(shared);
        let mut kept = Vec::new();
        let answer = core::future::poll_fn(|cx| {
            let ended = call.poll_streamed(cx);
            if ended.is_ready() {
                return ended;
            }
            take(shared, cx, &mut kept, &mut each);
            call.poll_streamed(cx)
        })
        .await;
        drop(alone);
        answer
    }
}

/// Takes all pieces that there are.
fn take(shared: &Shared, cx: &Context<'_>, kept: &mut Vec<u8>, each: &mut impl FnMut(Token<'_>)) {
    loop {
        let piece = shared.stir(|hub| {
            // Its turn has not come, or its connection has ended.
            hub.pieces.as_ref()?;
            let piece = hub.deliver_up_to_piece(kept);
            match piece {
                Ok(Some(piece)) => Some(piece),
                Ok(None) => {
                    hub.pieces = Some(Some(cx.waker().clone()));
                    // There is room to receive again.
                    hub.ring();
                    None
                }
                Err(error) => {
                    // The end of the connection is the pump's affair, who may know more of it.
                    let words = String::new();
                    hub.cause = Some(Error::Pipeline { error, words });
                    hub.take_pieces(false);
                    hub.ring();
                    None
                }
            }
        });
        match piece {
            // Outside of the lock: whatever the caller does, it holds nobody up.
            Some(piece) => each(piece.token(kept)),
            None => return,
        }
    }
}

/// What a call whose answer may come in pieces has come to.
pub(crate) type Answered = Poll<Result<Option<OwnedReply>, Error>>;
