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
//! Redis 6.2, 7.0, 8.2, Valkey 8 and 9 and KeyDB 6.3 behave alike in all that is used here.

mod effect;
mod guard;
mod words;

pub use effect::Class;
pub(crate) use effect::Effect;
pub use guard::Refusal;
pub(crate) use guard::{Session, Settled};
pub(crate) use words::Words;

#[cfg(test)]
mod tests;
