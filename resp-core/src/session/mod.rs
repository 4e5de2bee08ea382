//! The session guard: what each command is owed, and which commands change the session.
//!
//! Nearly every command is owed one reply and changes nothing that concerns a pipeline. The
//! tables here hold the exceptions only, so they do not age with each release of Redis: a name
//! that is not in them is [`Class::Plain`].
//!
//! ```text
//!   submit:   refuse what would break framing ----> effect of this command
//!   transmit: CLIENT REPLY in the order of the bytes ----> silent or owed
//!   receive:  confirmations, RESET, HELLO, MONITOR ----> whose reply is this
//! ```
//!
//! Without the feature `session` nothing of this is followed: the commands that would need it are
//! refused at submit, by name, with [`Refusal::NeedsSession`]. Publishing and scripts, which matter
//! inside MULTI only, are not among them.
//!
//! Redis 6.2, 7.0, 8.2, Valkey 8 and 9 and KeyDB 6.3 behave alike in all that is used here.

mod names;
mod refusal;

#[cfg(feature = "session")]
mod effect;
#[cfg(feature = "session")]
mod guard;
#[cfg(feature = "session")]
mod words;
#[cfg(feature = "session")]
pub(crate) use {effect::Effect, guard::Session, words::Words};

#[cfg(not(feature = "session"))]
mod refuse;
#[cfg(not(feature = "session"))]
pub(crate) use refuse::{Effect, Session, Words};

pub use names::Class;
pub use refusal::Refusal;

/// What became of the head command when a reply, or a push that may be one, arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// It was this command's reply, and its last.
    Answered,
    /// Not a reply: a push, to be handed out as such.
    #[cfg(feature = "resp3")]
    Push,
    /// It was this command's reply; the handshake has to run again.
    LogInAgain,
    /// It was this command's reply; the server closes now.
    Closing,
}

#[cfg(all(test, feature = "session"))]
mod tests;
