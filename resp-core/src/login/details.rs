//! What a connection begins with.

/// Which version of the protocol to speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Protocol {
    /// RESP3 where the server speaks it, otherwise RESP2. A server that closes without a word
    /// when it sees HELLO (twemproxy) is met with RESP2 at the next attempt. Without the feature `resp3`
    /// always RESP2.
    #[default]
    Auto,
    /// RESP2, without HELLO.
    Resp2,
    /// RESP3 or nothing.
    #[cfg(feature = "resp3")]
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

    /// Whether the connection is worth nothing without RESP3.
    pub(super) const fn is_resp3_only(&self) -> bool {
        #[cfg(feature = "resp3")]
        return matches!(self.protocol, Protocol::Resp3);
        #[cfg(not(feature = "resp3"))]
        false
    }
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
