//! What a URL's parameters set.

use alloc::string::String;

use super::Url;
use crate::Duration;
use crate::login::Protocol;
use crate::pipeline::{Config, Sizes};

/// Memory, windows and deadlines of a connection on a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// The pipeline's memory. Of `rx` only as much is touched as replies need: on systems that
    /// hand out memory when it is touched the rest costs addresses, not RAM.
    pub sizes: Sizes,
    /// The pipeline's settings.
    pub config: Config,
    /// How long connecting may take, with name resolution, TLS and login; zero means for ever.
    pub connect_timeout: Duration,
    /// For how long the server may take nothing while bytes wait to be written, before the link
    /// is given up; zero means for ever.
    pub write_timeout: Duration,
}

impl Tuning {
    /// 64 KiB to send, replies of up to 16 MiB, 1 024 commands; 5 seconds to connect, 30 seconds
    /// to write, for ever to reply.
    pub const DEFAULT: Self = Self {
        sizes: Sizes {
            tx: 64 * 1024,
            rx: 16 * 1024 * 1024,
            depth: 1024,
        },
        config: Config::DEFAULT,
        connect_timeout: Duration::from_secs(5),
        write_timeout: Duration::from_secs(30),
    };
}

impl Default for Tuning {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What sets a parameter, and says what is wrong with its value.
type Set = fn(&mut Url, String) -> Result<(), &'static str>;

/// The parameters that a URL may have.
pub(super) const PARAMETERS: &[(&str, Set)] = &[
    ("db", |url, value| {
        url.login.database = number(&value, 0)?;
        Ok(())
    }),
    ("user", |url, value| {
        url.login.username = value;
        Ok(())
    }),
    ("password", |url, value| {
        url.login.password = value;
        Ok(())
    }),
    ("protocol", |url, value| {
        url.login.protocol = match value.as_str() {
            "2" => Protocol::Resp2,
            "3" => Protocol::Resp3,
            "auto" => Protocol::Auto,
            _ => return Err("is 2, 3 or auto"),
        };
        Ok(())
    }),
    ("client_name", |url, value| {
        if value.bytes().any(|byte| !(b'!'..=b'~').contains(&byte)) {
            return Err("has no spaces and no special characters");
        }
        url.login.client_name = value;
        Ok(())
    }),
    ("connect_timeout_ms", |url, value| {
        url.tuning.connect_timeout = Duration::from_millis(number(&value, 0)?);
        Ok(())
    }),
    ("write_timeout_ms", |url, value| {
        url.tuning.write_timeout = Duration::from_millis(number(&value, 0)?);
        Ok(())
    }),
    ("reply_timeout_ms", |url, value| {
        url.tuning.config.reply_timeout = Duration::from_millis(number(&value, 0)?);
        Ok(())
    }),
    ("silence_limit_ms", |url, value| {
        url.tuning.config.silence_limit = Duration::from_millis(number(&value, 0)?);
        Ok(())
    }),
    ("tx_bytes", |url, value| {
        url.tuning.sizes.tx = number(&value, 64)?;
        Ok(())
    }),
    ("rx_bytes", |url, value| {
        url.tuning.sizes.rx = number(&value, 64)?;
        Ok(())
    }),
    ("depth", |url, value| {
        url.tuning.sizes.depth = number(&value, 1)?;
        Ok(())
    }),
    ("window_commands", |url, value| {
        url.tuning.config.window.commands = number(&value, 0)?;
        Ok(())
    }),
    ("window_sent_bytes", |url, value| {
        url.tuning.config.window.sent_bytes = number(&value, 0)?;
        Ok(())
    }),
    ("window_reply_bytes", |url, value| {
        url.tuning.config.window.reply_bytes = number(&value, 0)?;
        Ok(())
    }),
];

fn number<T: core::str::FromStr + PartialOrd + From<u8>>(
    text: &str,
    least: u8,
) -> Result<T, &'static str> {
    match text.parse() {
        Ok(number) if number >= T::from(least) => Ok(number),
        _ if least > 1 => Err("is a number of at least 64"),
        _ if least == 1 => Err("is a number of at least 1"),
        _ => Err("is a number"),
    }
}
