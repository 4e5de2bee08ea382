//! What the tests of real servers share.
#![allow(dead_code, reason = "each test file uses its part")]

use respipe_std::{Connection, Options};
use respipe_testkit::process::{self, Launch, ServerProcess};

pub(crate) type Result<T = ()> = core::result::Result<T, Box<dyn core::error::Error>>;

/// Runs a test against every server that this machine has.
pub(crate) fn on_every_server(
    configure: impl Fn(Launch) -> Launch,
    test: impl Fn(&mut ServerProcess) -> Result,
) -> Result {
    let binaries = process::servers();
    if binaries.is_empty() {
        respipe_testkit::skip("no redis-server and no valkey-server on the PATH");
    }
    for binary in binaries {
        let mut server = match configure(Launch::new(&binary)).start() {
            Err(error) if error.kind() == std::io::ErrorKind::Unsupported => {
                respipe_testkit::skip(&format!("{}: {error}", binary.path().display()));
                continue;
            }
            started => started?,
        };
        test(&mut server).map_err(|error| {
            format!(
                "{} {}: {error} ({error:?})",
                server.name(),
                server.version()
            )
        })?;
    }
    Ok(())
}

/// Runs a test against every plain server, with a connection to it.
pub(crate) fn with_connection(test: impl Fn(&mut Connection, &ServerProcess) -> Result) -> Result {
    on_every_server(
        |launch| launch,
        |server| test(&mut Connection::open(&server.url())?, server),
    )
}

/// The options of this server.
pub(crate) fn options(server: &ServerProcess) -> Result<Options> {
    Ok(Options::from_url(&server.url())?)
}
