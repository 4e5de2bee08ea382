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

mod handshake;

pub(crate) use handshake::{Advance, Answer, Handshake};

/// Which version of the protocol to speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Protocol {
    /// RESP3 where the server speaks it, otherwise RESP2. A server that closes without a word
    /// when it sees HELLO (twemproxy) is met with RESP2 at the next attempt.
    #[default]
    Auto,
    /// RESP2, without HELLO.
    Resp2,
    /// RESP3 or nothing.
    Resp3,
}

/// What a connection begins with. Empty texts are left out.
///
/// Nothing of it is copied or kept in the pipeline: the bytes are made from here as they are
/// sent. Its `Debug` does not show the password.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Login<'a> {
    /// Which version of the protocol to speak.
    pub protocol: Protocol,
    /// The user of an ACL; empty means `default`.
    pub username: &'a str,
    /// The password; empty means that none is sent.
    pub password: &'a str,
    /// The database to select; 0 sends no SELECT.
    pub database: u32,
    /// The connection's name, without spaces, for `CLIENT LIST`.
    pub client_name: &'a str,
    /// The library's name and version for `CLIENT SETINFO`; servers that do not know it are
    /// not asked twice.
    pub library: Option<(&'a str, &'a str)>,
    /// Whether the handshake ends with a PING that must succeed, one round trip later: a server
    /// that still loads its data (`LOADING`) is then no connection, instead of one that refuses
    /// all commands.
    pub ping: bool,
}

impl Login<'_> {
    /// Nothing: RESP2 without a word. What a server without a password needs for RESP2.
    pub const NONE: Self = Self {
        protocol: Protocol::Resp2,
        username: "",
        password: "",
        database: 0,
        client_name: "",
        library: None,
        ping: false,
    };
}

impl core::fmt::Debug for Login<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let password = if self.password.is_empty() { "" } else { "***" };
        f.debug_struct("Login")
            .field("protocol", &self.protocol)
            .field("username", &self.username)
            .field("password", &password)
            .field("database", &self.database)
            .field("client_name", &self.client_name)
            .field("library", &self.library)
            .field("ping", &self.ping)
            .finish()
    }
}
