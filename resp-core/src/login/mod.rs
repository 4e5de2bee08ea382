//! The handshake, which stands in front of everything the caller sends.
//!
//! ```text
//!   HELLO 3 [AUTH] [SETNAME] --map--------------------------> setup
//!      | NOPROTO, ERR (too old, unknown command): RESP2          |
//!      v                                                         v
//!   AUTH (with a password) --OK--> setup: SELECT, SETNAME, SETINFO, PING --SELECT's OK--> ready
//! ```
//!
//! HELLO and AUTH go alone: KeyDB parses a whole write before it runs any of it and refuses
//! long commands behind an AUTH in the same write. SELECT is waited for, because what is
//! pipelined behind one that fails would run in database 0. SETNAME and SETINFO are not: their
//! replies are swallowed, because SETINFO is an error before Redis 7.2 and on KeyDB. PING, where it
//! is asked for, is waited for too: HELLO, AUTH and SELECT succeed while a server still loads its
//! data, and the caller's commands would be refused with LOADING.
//!
//! Without the feature `login` there is none: what is spoken is RESP2, to a server that asks for no password.

#[cfg(feature = "login")]
mod details;
#[cfg(feature = "login")]
mod handshake;
#[cfg(feature = "login")]
pub use details::{Login, Protocol};
#[cfg(feature = "login")]
pub(crate) use handshake::{Advance, Answer, Handshake};

#[cfg(not(feature = "login"))]
mod no_handshake;
#[cfg(not(feature = "login"))]
pub(crate) use no_handshake::Handshake;
#[cfg(not(feature = "login"))]
pub use no_handshake::Login;
