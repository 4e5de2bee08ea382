//! Server URLs: where a server is, how to log in and how much memory to take. Shared by the
//! transports that run on hosts, so that one URL means the same to each of them.
//!
//! ```text
//!   redis://user:password@host:6379/0?reply_timeout_ms=500      TCP
//!   rediss://…                                                  TLS over TCP
//!   unix:///run/redis.sock?db=2                                 Unix socket
//! ```
//!
//! ```
//! use respipe_core::url::{Place, Url};
//! let url: Url = "redis://:p%40ss@db.example/3?depth=64".parse()?;
//! assert_eq!(url.place, Place::Tcp { host: "db.example".into(), port: 6379 });
//! assert_eq!((url.login.password.as_str(), url.login.database), ("p@ss", 3));
//! assert_eq!(url.tuning.sizes.depth, 64);
//! # Ok::<(), respipe_core::url::UrlError>(())
//! ```
//!
//! Whatever stands in front of the last `@`, and the values of parameters, is percent-decoded.
//! Nothing of a URL but the names of parameters ever shows in an error: a password with an
//! unescaped `/` may lie anywhere in it. Names and numbers are resolved by the transports.

mod parse;
mod tuning;

use alloc::string::String;

pub use tuning::Tuning;

use crate::pipeline::LoginBuf;

/// The port that a server listens on when nobody says otherwise, with TLS or without.
pub const DEFAULT_PORT: u16 = 6379;

/// What a URL says. Its `Debug` does not show the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// Where the server is.
    pub place: Place,
    /// Whether to speak TLS.
    pub tls: bool,
    /// What each connection begins with.
    pub login: LoginBuf,
    /// Memory, windows and deadlines.
    pub tuning: Tuning,
}

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// A host by name or number, without brackets, and a port.
    Tcp {
        /// Name, IPv4 or IPv6 address.
        host: String,
        /// Port.
        port: u16,
    },
    /// The path of a Unix socket.
    Unix {
        /// Its path.
        path: String,
    },
}

impl core::fmt::Display for Place {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix { path } => f.write_str(path),
        }
    }
}

/// Which part of a URL is wrong, and how it should look. Holds nothing secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlError {
    /// Not `redis://`, `rediss://` or `unix://`.
    Scheme,
    /// A user without a password, or a password that is empty.
    Login,
    /// A host that is none.
    Host,
    /// A port that is none.
    Port,
    /// A database that is no number.
    Database,
    /// A `unix` URL without an absolute path.
    Path,
    /// A `%` that is not followed by two hexadecimal digits, or bytes that are not UTF-8.
    Escape,
    /// A `#`: in a password it must be escaped, and elsewhere it means nothing.
    Fragment,
    /// A parameter that is not known.
    UnknownParameter,
    /// A parameter whose value is not what it should be: the parameter's name and what it wants.
    Parameter(&'static str, &'static str),
}

impl core::fmt::Display for UrlError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let escape = "`/`, `?`, `#` and `@` in a password are written %2F, %3F, %23 and %40";
        match self {
            Self::Scheme => f.write_str(
                "a server's URL begins with redis://, rediss:// (TLS) or unix:// (a socket's path)",
            ),
            Self::Login => f.write_str(
                "a user stands with a password: write user:password@host, or :password@host",
            ),
            Self::Host => write!(f, "the URL's host is not one; {escape}"),
            Self::Port => write!(
                f,
                "the URL's port is not a number from 1 to 65535; {escape}"
            ),
            Self::Database => write!(
                f,
                "what follows the URL's host is not the number of a database; {escape}"
            ),
            Self::Path => f.write_str("a unix URL holds an absolute path: unix:///run/redis.sock"),
            Self::Escape => f.write_str(
                "a `%` in the URL is not followed by two hexadecimal digits that make UTF-8 text; \
                 a `%` itself is written %25",
            ),
            Self::Fragment => f.write_str("the URL holds a `#`; in a password it is written %23"),
            Self::UnknownParameter => {
                f.write_str("the URL has an unknown parameter; known are ")?;
                for (i, (name, _)) in tuning::PARAMETERS.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    f.write_str(name)?;
                }
                Ok(())
            }
            Self::Parameter(name, wants) => write!(f, "the URL's parameter {name} {wants}"),
        }
    }
}

impl core::error::Error for UrlError {}

#[cfg(test)]
mod tests;
