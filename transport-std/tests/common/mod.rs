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
    let mut ran = false;
    for binary in process::servers() {
        let mut server = match configure(Launch::new(&binary)).start() {
            // Built without TLS; another one will do.
            Err(error) if error.kind() == std::io::ErrorKind::Unsupported => continue,
            started => started?,
        };
        ran = true;
        test(&mut server).map_err(|error| {
            let (name, version) = (server.name(), server.version());
            format!("{name} {version}: {error} ({error:?})")
        })?;
    }
    if !ran {
        respipe_testkit::skip("no redis-server or valkey-server on the PATH can do this");
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

/// What hangs fails instead: it runs on a thread of its own, and is left there.
pub(crate) fn within_limits<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, over) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(run()));
    let limit = core::time::Duration::from_secs(20);
    over.recv_timeout(limit)
        .expect("it neither hangs nor panics")
}

/// The options of this server.
pub(crate) fn options(server: &ServerProcess) -> Result<Options> {
    Ok(Options::from_url(&server.url())?)
}
