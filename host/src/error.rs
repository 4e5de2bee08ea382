//! What goes wrong, sorted by who is to blame.

use core::fmt;
use std::io;
use std::sync::Arc;

use respipe_core::pipeline::{Fate, PipelineError, Rejected, Why};
use respipe_core::reply::ConvertError;
use respipe_core::url::UrlError;
use respipe_core::{DecodeError, Kind};

/// Why something did not work, and what to do about it. Never holds a password.
///
/// A server's `-ERR …` is a reply and stands here only where a Rust value was asked for instead of
/// the reply ([`value`](crate::value)).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// The caller: a URL that is none.
    Url(UrlError),
    /// The caller: methods in an order that cannot work. Nothing has changed.
    Misuse(Misuse),
    /// The caller: a command that the pipeline does not take. The connection goes on.
    Rejected(Rejected),
    /// The server answered with an error: its text. The connection goes on.
    Server(String),
    /// The reply is not of the type that was asked for. The connection goes on.
    Convert(ConvertError),
    /// The reply is larger than the receive buffer (`rx_bytes`). The connection goes on.
    TooLarge {
        /// The type of the reply.
        kind: Kind,
        /// Its length in bytes.
        bytes: u64,
    },
    /// A command ended without a reply: what is known of it, and what ended the connection, if
    /// something did.
    Ended {
        /// Whether the command can have run.
        fate: Fate,
        /// What ended the connection.
        cause: Option<Box<Self>>,
    },
    /// The network: the host's name has no address.
    Resolve {
        /// The name.
        host: String,
        /// What the system said.
        error: Arc<io::Error>,
    },
    /// The network: nobody listens there, or there is no way.
    Connect {
        /// The address that was tried last.
        place: String,
        /// How many addresses were tried.
        tried: usize,
        /// What the system said of the last one.
        error: Arc<io::Error>,
    },
    /// TLS: what went wrong.
    Tls(String),
    /// The server speaks RESP2 with us, which has no invalidations: keys that are cached would go
    /// stale without a word.
    NeedsResp3,
    /// The server refused the login: its words.
    Login(String),
    /// What answers is no Redis, or speaks TLS: the first bytes that it sent.
    NotRedis {
        /// What about them is not RESP.
        error: DecodeError,
        /// Its first bytes.
        first: Vec<u8>,
    },
    /// The server broke the protocol, or closed the connection with these last words.
    Pipeline {
        /// What happened.
        error: PipelineError,
        /// The server's last words, where it had any.
        words: String,
    },
    /// The server closed the connection before it had said anything, in order or not.
    ClosedAtOnce(PipelineError),
    /// The network: the connection broke.
    Lost(Arc<io::Error>),
    /// Something took too long, and the connection has ended.
    TimedOut(Deadline),
    /// The caller: so many bytes of commands wait in line already (`waiting_bytes`) that this one
    /// was not taken. The connection goes on.
    LineFull {
        /// The limit in bytes.
        limit: usize,
    },
    /// The caller: the client was closed.
    Closed,
    /// The caller: the runtime on which the client's task ran has shut down.
    RuntimeGone,
}

/// What took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Deadline {
    /// Connecting, with TLS and login.
    Connect,
    /// The TLS handshake, within the time for connecting.
    Tls,
    /// The server took no bytes for so long.
    Write,
    /// The server owed a reply and said nothing for so long.
    Silence,
    /// Closing.
    Close,
}

/// Methods in an order that cannot work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misuse {
    /// `receive` although nothing that was sent is left to be received.
    NothingPending,
    /// `send` or `flush` although the window is full of replies that were not received: they would
    /// wait for their own caller. With nothing pending it is full of commands that timed out.
    WindowFull {
        /// Commands sent and not received.
        pending: usize,
    },
    /// `call`, `run` or `stream` although replies are left to be received.
    RepliesPending {
        /// Commands sent and not received.
        pending: usize,
    },
}

impl Error {
    /// What is known of the command whose call failed; `None` where it was answered.
    ///
    /// What failed before anything was sent is [`Fate::NotSent`].
    #[must_use]
    pub const fn fate(&self) -> Option<Fate> {
        match self {
            Self::Ended { fate, .. } => Some(*fate),
            Self::Rejected(_) => Some(Fate::Refused),
            Self::Server(_) | Self::Convert(_) | Self::TooLarge { .. } => None,
            _ => Some(Fate::NotSent),
        }
    }

    /// The connection broke with this error of the system.
    #[must_use]
    pub fn lost(error: io::Error) -> Self {
        Self::Lost(Arc::new(error))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(error) => error.fmt(f),
            Self::Misuse(misuse) => misuse.fmt(f),
            Self::Rejected(reason) => write!(f, "the command was not sent: {reason}"),
            Self::Server(text) => write!(f, "the server answered with an error: {text}"),
            Self::Convert(error) => error.fmt(f),
            Self::TooLarge { kind, bytes } => write!(
                f,
                "the reply ({kind}, {bytes} bytes) is larger than the receive buffer: raise \
                 rx_bytes, or use call_streamed"
            ),
            Self::Ended { fate, cause } => ended(f, *fate, cause.as_deref()),
            Self::Resolve { host, error } => write!(
                f,
                "the host {host:?} has no address ({error}): check the host of the URL"
            ),
            Self::Connect {
                place,
                tried,
                error,
            } => connect(f, place, *tried, error),
            Self::Tls(text) => f.write_str(text),
            Self::NeedsResp3 => f.write_str(
                "the server speaks RESP2 with us, and CLIENT TRACKING needs RESP3: is it Redis 6 or \
                 later, and is no proxy in between?",
            ),
            Self::Login(words) => login(f, words),
            Self::NotRedis { first, .. } => not_redis(f, first),
            Self::Pipeline { error, words } if words.is_empty() => error.fmt(f),
            Self::Pipeline { error, words } => write!(f, "{error}: {words}"),
            Self::ClosedAtOnce(_) => f.write_str(
                "the server closed the connection without a word: if the port speaks TLS, use \
                 rediss://; otherwise look into the server's log",
            ),
            Self::Lost(error) => write!(f, "the connection broke: {error}"),
            Self::TimedOut(deadline) => deadline.fmt(f),
            Self::LineFull { limit } => write!(
                f,
                "the command was not sent: {limit} bytes of commands wait already; send more \
                 slowly, or raise waiting_bytes"
            ),
            Self::Closed => f.write_str("the client was closed"),
            Self::RuntimeGone => f.write_str(
                "the runtime that moved this client's bytes has shut down: connect on one that \
                 lives as long as the client",
            ),
        }
    }
}

fn ended(f: &mut fmt::Formatter<'_>, fate: Fate, cause: Option<&Error>) -> fmt::Result {
    match fate {
        Fate::NotSent => f.write_str("the command was not sent")?,
        Fate::Unknown(Why::TimedOut) => f.write_str(
            "no reply in time (reply_timeout): the command may have run, or may still run",
        )?,
        Fate::Unknown(_) => f.write_str("the command was sent, and may or may not have run")?,
        Fate::Refused => f.write_str("the server refused the command")?,
        Fate::Silent => f.write_str("the command was sent and is owed no reply (CLIENT REPLY)")?,
    }
    match cause {
        Some(cause) => write!(f, ": {cause}"),
        None => Ok(()),
    }
}

fn connect(
    f: &mut fmt::Formatter<'_>,
    place: &str,
    tried: usize,
    error: &io::Error,
) -> fmt::Result {
    write!(f, "no connection to {place}: {error}")?;
    if tried > 1 {
        write!(f, " (the last of {tried} addresses)")?;
    }
    f.write_str(match error.kind() {
        io::ErrorKind::ConnectionRefused => "; is a server running there, on this port?",
        io::ErrorKind::NotFound => "; is a server running, and is this the path of its socket?",
        io::ErrorKind::PermissionDenied => "; may this user open the server's socket?",
        io::ErrorKind::TimedOut => "; is the address right, and no firewall in between?",
        _ => "",
    })
}

fn login(f: &mut fmt::Formatter<'_>, words: &str) -> fmt::Result {
    write!(f, "the server refused the login: {words}")?;
    let code = words.split(' ').next().unwrap_or_default();
    f.write_str(match code {
        "WRONGPASS" => "; check user and password of the URL",
        "NOAUTH" => "; it wants a password: redis://:password@host or redis://user:password@host",
        "NOPERM" => "; this user lacks the permission",
        "DENIED" => "; it takes no connections from elsewhere without a password",
        "ERR" if words.contains("DB index") => "; check the database of the URL",
        "ERR" if words.contains("without any password") => {
            "; it has no password: leave it out of the URL"
        }
        "ERR" if words.contains("max number of clients") => {
            "; use fewer connections, or raise its maxclients"
        }
        "ERR" if words.contains("invalid password") => "; check the password of the URL",
        _ => "",
    })
}

fn not_redis(f: &mut fmt::Formatter<'_>, first: &[u8]) -> fmt::Result {
    match first {
        [0x15, 0x03, ..] | [0x16, 0x03, ..] => {
            f.write_str("the server speaks TLS: use rediss:// instead of redis://")
        }
        [b'H', b'T', b'T', b'P', ..] | [b'<', ..] => f.write_str(
            "an HTTP server answers on this port: check host and port, Redis is usually on 6379",
        ),
        first => write!(
            f,
            "what answers on this port is no Redis (it began with \"{}\"): check host and port",
            first.escape_ascii()
        ),
    }
}

impl fmt::Display for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => {
                "connecting took too long (connect_timeout): is it the right port, and does the \
                 server answer?"
            }
            Self::Tls => {
                "the server did not answer the TLS handshake in time (connect_timeout): if it does \
                 not speak TLS, use redis:// instead of rediss://"
            }
            Self::Write => "the server took no bytes for too long (write_timeout)",
            Self::Silence => "the server owed a reply and was silent for too long (silence_limit)",
            Self::Close => "closing took too long (close_timeout): not all was answered",
        })
    }
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingPending => {
                f.write_str("nothing is left to be received: send a command first")
            }
            Self::WindowFull { pending: 0 } => {
                f.write_str("no slot is free: commands that timed out are still owed their replies")
            }
            Self::WindowFull { pending } => write!(
                f,
                "the window is full of {pending} commands whose replies were not received: \
                 receive some first"
            ),
            Self::RepliesPending { pending } => write!(
                f,
                "{pending} commands were sent whose replies were not received: receive them first"
            ),
        }
    }
}

impl core::error::Error for Misuse {}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Url(error) => Some(error),
            Self::Misuse(misuse) => Some(misuse),
            Self::Rejected(reason) => Some(reason),
            Self::Convert(error) => Some(error),
            Self::Ended {
                cause: Some(cause), ..
            } => Some(cause),
            Self::Resolve { error, .. } | Self::Connect { error, .. } | Self::Lost(error) => {
                Some(error.as_ref())
            }
            Self::Pipeline { error, .. } => Some(error),
            _ => None,
        }
    }
}

impl From<UrlError> for Error {
    fn from(error: UrlError) -> Self {
        Self::Url(error)
    }
}

impl From<Misuse> for Error {
    fn from(misuse: Misuse) -> Self {
        Self::Misuse(misuse)
    }
}

impl From<ConvertError> for Error {
    fn from(error: ConvertError) -> Self {
        Self::Convert(error)
    }
}
