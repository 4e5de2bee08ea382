//! Each way to use `respipe-std`, one small program each:
//!
//! | program | what it shows |
//! | --- | --- |
//! | `call` | one command, one reply, and what an error of the server is |
//! | `send_flush_receive` | commands and replies apart, in order |
//! | `batch` | a list of commands with an outcome for each, by index |
//! | `stream` | any number of commands at constant memory |
//! | `pushes` | subscriptions: messages that come unasked |
//! | `pool` | a few connections for many threads |
//! | `reconnect` | a connection that is cut, and what became of each command |
//!
//! ```sh
//! cargo run -p blocking --bin stream                            # against a server started for it
//! cargo run -p blocking --bin stream -- --url redis://host:6379
//! ```
//!
//! This library is only what the programs share: where their server comes from.

use core::error::Error;
use std::env;

use respipe_testkit::process::ServerProcess;
use respipe_testkit::server::ServerInProcess;

/// What the programs' `main` returns.
pub type Result<T = ()> = core::result::Result<T, Box<dyn Error>>;

/// A server, and what keeps it running.
#[derive(Debug)]
pub struct Server {
    url: String,
    _keep: Keep,
}

#[derive(Debug)]
enum Keep {
    Nothing,
    Process { _server: Box<ServerProcess> },
    InProcess { _server: ServerInProcess },
}

impl Server {
    /// The server named by `--url`; without it a Redis or Valkey from the `PATH`, started for this run; without any of them the
    /// testkit's.
    ///
    /// # Errors
    /// When the arguments are others than these, or a server does not start.
    pub fn from_arguments() -> Result<Self> {
        let arguments: Vec<String> = env::args().skip(1).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match arguments.as_slice() {
            [] => Self::start(),
            ["--url", url] => Ok(Self {
                url: (*url).to_owned(),
                _keep: Keep::Nothing,
            }),
            _ => Err("the only option is --url URL".into()),
        }
    }

    fn start() -> Result<Self> {
        if let Ok(server) = ServerProcess::any() {
            return Ok(Self {
                url: server.url(),
                _keep: Keep::Process {
                    _server: Box::new(server),
                },
            });
        }
        let server = ServerInProcess::start()?;
        Ok(Self {
            url: server.url(),
            _keep: Keep::InProcess { _server: server },
        })
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}
