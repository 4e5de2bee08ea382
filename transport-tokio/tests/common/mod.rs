//! What the tests of real servers share.
#![allow(dead_code, reason = "each test file uses its part")]

use core::pin::Pin;
use core::task::{Context, Poll};

use futures_core::Stream;
use respipe_testkit::process::{self, Launch, ServerProcess};
use respipe_tokio::{Client, Options};

pub(crate) type Result<T = ()> = core::result::Result<T, Box<dyn core::error::Error>>;

/// An iterator as a stream that is always ready.
pub(crate) struct Ready<I>(pub(crate) I);

impl<I: Iterator + Unpin> Stream for Ready<I> {
    type Item = I::Item;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<I::Item>> {
        Poll::Ready(self.0.next())
    }
}

/// The servers that this machine has, each started anew; says so if there is none.
pub(crate) fn servers(configure: impl Fn(Launch) -> Launch) -> Result<Vec<ServerProcess>> {
    let mut servers = Vec::new();
    for binary in process::servers() {
        match configure(Launch::new(&binary)).start() {
            // Built without TLS; another one will do.
            Err(error) if error.kind() == std::io::ErrorKind::Unsupported => {}
            started => servers.push(started?),
        }
    }
    if servers.is_empty() {
        respipe_testkit::skip("no redis-server or valkey-server on the PATH can do this");
    }
    Ok(servers)
}

/// Every plain server.
pub(crate) fn plain() -> Result<Vec<ServerProcess>> {
    servers(|launch| launch)
}

/// The options of this server.
pub(crate) fn options(server: &ServerProcess) -> Result<Options> {
    Ok(Options::from_url(&server.url())?)
}

/// A client of this server.
pub(crate) async fn client(server: &ServerProcess) -> Result<Client> {
    Ok(Client::open(&server.url()).await?)
}

/// Waits until somebody has sent so many PINGs.
pub(crate) async fn pings(server: &ServerProcess, wanted: u64) -> Result {
    let watcher = client(server).await?;
    watcher
        .call(&respipe_tokio::cmd("CONFIG").arg("RESETSTAT"))
        .await?;
    for _ in 0..2_000 {
        let info = respipe_tokio::cmd("INFO").arg("commandstats");
        let stats: String = watcher.call_to(&info).await?;
        let line = stats
            .lines()
            .find_map(|line| line.strip_prefix("cmdstat_ping:calls="));
        let calls = line.and_then(|line| line.split(',').next()?.parse().ok());
        if calls.unwrap_or(0) >= wanted {
            return Ok(());
        }
        tokio::time::sleep(core::time::Duration::from_millis(10)).await;
    }
    Err("no PING".into())
}
