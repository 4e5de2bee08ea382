//! From an address to a stream: every address of a name is tried, within one deadline.

use core::net::SocketAddr;
use core::time::Duration;
use std::io;
use std::net::ToSocketAddrs as _;
use std::sync::Arc;
use std::time::Instant;

use respipe_core::url::Place;
use respipe_host::{Deadline, Error, Options, tune};
use socket2::{Domain, SockAddr, Type};

use crate::stream::{Socket, Stream};
use crate::trace::event;

/// Opens a stream to the server, before `deadline`.
pub(crate) fn open(options: &Options, deadline: Option<Instant>) -> Result<Stream, Error> {
    let Some(place) = &options.place else {
        let error = io::Error::new(
            io::ErrorKind::NotConnected,
            "the stream was opened by the caller, who alone can open another",
        );
        return Err(Error::Lost(Arc::new(error)));
    };
    event!(debug, %place, tls = options.tls, "connecting");
    let socket = match place {
        Place::Tcp { host, port } => tcp(host, *port, options, deadline)?,
        Place::Unix { path } => unix(path, deadline)?,
    };
    let socket = Socket::new(socket).map_err(Error::lost)?;
    if !options.tls {
        return Ok(Stream::Socket(socket));
    }
    #[cfg(feature = "tls")]
    {
        let Place::Tcp { host, .. } = place else {
            return Err(Error::Tls("TLS over a Unix socket is not to be had".into()));
        };
        crate::tls::begin(socket, host, &options.roots, deadline)
    }
    #[cfg(not(feature = "tls"))]
    Err(Error::Tls(
        "rediss:// needs the feature `tls` of respipe-std".into(),
    ))
}

fn tcp(
    host: &str,
    port: u16,
    options: &Options,
    deadline: Option<Instant>,
) -> Result<socket2::Socket, Error> {
    let resolve = |error: io::Error| Error::Resolve {
        host: host.to_owned(),
        error: Arc::new(error),
    };
    let addresses: Vec<SocketAddr> = (host, port).to_socket_addrs().map_err(resolve)?.collect();
    let mut last = resolve(io::ErrorKind::NotFound.into());
    for (nth, address) in addresses.iter().enumerate() {
        // An address that never answers leaves a fair share of the time to those behind it.
        let left = remaining(deadline)?;
        let share = left.map(|left| {
            let share = left / u32::try_from(addresses.len() - nth).unwrap_or(1);
            share.max(Duration::from_millis(1))
        });
        let domain = Domain::for_address(*address);
        match connect(domain, &(*address).into(), share) {
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

fn unix(path: &str, deadline: Option<Instant>) -> Result<socket2::Socket, Error> {
    let failed = |error: io::Error| Error::Connect {
        place: path.to_owned(),
        tried: 1,
        error: Arc::new(error),
    };
    let address = SockAddr::unix(path).map_err(failed)?;
    connect(Domain::UNIX, &address, remaining(deadline)?).map_err(failed)
}

fn connect(
    domain: Domain,
    address: &SockAddr,
    patience: Option<Duration>,
) -> io::Result<socket2::Socket> {
    let socket = socket2::Socket::new(domain, Type::STREAM, None)?;
    match patience {
        Some(patience) => socket.connect_timeout(address, patience)?,
        None => socket.connect(address)?,
    }
    Ok(socket)
}

/// The time that is left, or an error.
pub(crate) fn remaining(deadline: Option<Instant>) -> Result<Option<Duration>, Error> {
    let Some(deadline) = deadline else {
        return Ok(None);
    };
    match deadline.checked_duration_since(Instant::now()) {
        Some(left) if !left.is_zero() => Ok(Some(left)),
        _ => Err(Error::TimedOut(Deadline::Connect)),
    }
}
