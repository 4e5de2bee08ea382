//! From an address to a stream: every address of a name is tried, within one deadline.

use core::time::Duration;
use std::io;
use std::sync::Arc;

use respipe_core::url::Place;
use respipe_host::{Deadline, Error, Options, tune};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout};

use crate::stream::Stream;
use crate::trace::event;

/// Opens a stream to the server, before `deadline`.
pub(crate) async fn open(options: Options, deadline: Option<Instant>) -> Result<Stream, Error> {
    let Some(place) = &options.place else {
        return Err(Error::lost(io::Error::new(
            io::ErrorKind::NotConnected,
            "the stream was opened by the caller, who alone can open another",
        )));
    };
    event!(debug, %place, tls = options.tls, "connecting");
    match place {
        Place::Tcp { host, port } => {
            let socket = tcp(host, *port, &options, deadline).await?;
            if options.tls {
                return tls(socket, host, &options, deadline).await;
            }
            Ok(Stream::Tcp(socket))
        }
        Place::Unix { .. } if options.tls => {
            Err(Error::Tls("TLS over a Unix socket is not to be had".into()))
        }
        Place::Unix { path } => unix(path, deadline).await,
    }
}

async fn tcp(
    host: &str,
    port: u16,
    options: &Options,
    deadline: Option<Instant>,
) -> Result<TcpStream, Error> {
    let resolve = |error: io::Error| Error::Resolve {
        host: host.to_owned(),
        error: Arc::new(error),
    };
    let found = within(remaining(deadline)?, lookup_host((host, port))).await?;
    let addresses: Vec<_> = found.map_err(resolve)?.collect();
    let mut last = resolve(io::ErrorKind::NotFound.into());
    for (nth, address) in addresses.iter().enumerate() {
        // An address that never answers leaves a fair share of the time to those behind it.
        let left = remaining(deadline)?;
        let share = left.map(|left| {
            let share = left / u32::try_from(addresses.len() - nth).unwrap_or(1);
            share.max(Duration::from_millis(1))
        });
        let connected = match within(share, TcpStream::connect(address)).await {
            Ok(connected) => connected,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        };
        match connected {
            Ok(socket) => {
                tune(&socket, options.keep_alive).map_err(Error::lost)?;
                return Ok(socket);
            }
            Err(error) => {
                event!(debug, %address, %error, "no connection");
                last = Error::Connect {
                    place: address.to_string(),
                    tried: nth + 1,
                    error: Arc::new(error),
                };
            }
        }
    }
    Err(last)
}

#[cfg(unix)]
async fn unix(path: &str, deadline: Option<Instant>) -> Result<Stream, Error> {
    let connected = within(remaining(deadline)?, tokio::net::UnixStream::connect(path)).await?;
    connected.map(Stream::Unix).map_err(|error| Error::Connect {
        place: path.to_owned(),
        tried: 1,
        error: Arc::new(error),
    })
}

#[cfg(not(unix))]
async fn unix(path: &str, _: Option<Instant>) -> Result<Stream, Error> {
    Err(Error::Connect {
        place: path.to_owned(),
        tried: 0,
        error: Arc::new(io::ErrorKind::Unsupported.into()),
    })
}

#[cfg(feature = "tls")]
async fn tls(
    socket: TcpStream,
    host: &str,
    options: &Options,
    deadline: Option<Instant>,
) -> Result<Stream, Error> {
    use respipe_host::tls::{explain, server_name};

    let connector = tokio_rustls::TlsConnector::from(options.roots.config()?);
    let shaken = connector.connect(server_name(host)?, socket);
    match within(remaining(deadline)?, shaken).await {
        Ok(Ok(stream)) => Ok(Stream::Tls(Box::new(stream))),
        Ok(Err(error)) => Err(explain(&error)),
        Err(_) => Err(Error::TimedOut(Deadline::Tls)),
    }
}

#[cfg(not(feature = "tls"))]
async fn tls(_: TcpStream, _: &str, _: &Options, _: Option<Instant>) -> Result<Stream, Error> {
    Err(Error::Tls(
        "rediss:// needs the feature `tls` of respipe-tokio".into(),
    ))
}

/// Waits for this for at most so long.
async fn within<T>(patience: Option<Duration>, done: impl Future<Output = T>) -> Result<T, Error> {
    match patience {
        None => Ok(done.await),
        Some(patience) => match timeout(patience, done).await {
            Ok(done) => Ok(done),
            Err(_) => Err(Error::TimedOut(Deadline::Connect)),
        },
    }
}

/// The time that is left, or an error.
fn remaining(deadline: Option<Instant>) -> Result<Option<Duration>, Error> {
    let Some(deadline) = deadline else {
        return Ok(None);
    };
    match deadline.checked_duration_since(Instant::now()) {
        Some(left) if !left.is_zero() => Ok(Some(left)),
        _ => Err(Error::TimedOut(Deadline::Connect)),
    }
}
