//! URLs of servers, as far as putting a proxy in front of them goes. Whether they are right is for the client to say.

use core::net::SocketAddr;
use std::io;
use std::net::ToSocketAddrs;

/// The port of a URL that names none.
const PORT: u16 = 6379;

/// Where the server of a `redis://` URL is found, for a proxy to connect to; the first address of a name.
///
/// # Errors
/// `Unsupported` for any other scheme: the proxy speaks TCP and no TLS. What the system says of an unknown name.
pub fn upstream(url: &str) -> io::Result<SocketAddr> {
    let parts = Parts::of(url);
    if parts.scheme != "redis://" {
        let text = "there is no proxy in front of anything but redis:// URLs";
        return Err(io::Error::new(io::ErrorKind::Unsupported, text));
    }
    let host = if parts.host.is_empty() {
        "127.0.0.1"
    } else {
        parts.host
    };
    let has_port = host
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.contains(']'));
    let address = if has_port {
        host.to_owned()
    } else {
        format!("{host}:{PORT}")
    };
    let mut found = address
        .to_socket_addrs()
        .map_err(|error| io::Error::new(error.kind(), format!("{host}: {error}")))?;
    found
        .next()
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("{host} has no address")))
}

/// The same URL, through a proxy at this address.
#[must_use]
pub fn url_through(url: &str, proxy: SocketAddr) -> String {
    let Parts {
        scheme,
        login,
        rest,
        ..
    } = Parts::of(url);
    format!("{scheme}{login}{proxy}{rest}")
}

/// The parts of a URL; each may be empty.
#[derive(Debug, PartialEq, Eq)]
struct Parts<'a> {
    /// With `://`.
    scheme: &'a str,
    /// With `@`.
    login: &'a str,
    /// With the port.
    host: &'a str,
    /// Database and parameters.
    rest: &'a str,
}

impl<'a> Parts<'a> {
    fn of(url: &'a str) -> Self {
        let (scheme, behind) = url.split_at(url.find("://").map_or(0, |at| at + 3));
        let (authority, rest) = behind.split_at(behind.find(['/', '?']).unwrap_or(behind.len()));
        let (login, host) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
        Self {
            scheme,
            login,
            host,
            rest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_goes_through_a_proxy_with_its_login_and_database() {
        let proxy = SocketAddr::from(([127, 0, 0, 1], 9));
        for (url, through) in [
            (
                "redis://u:p@w@host:1/2?x=1",
                "redis://u:p@w@127.0.0.1:9/2?x=1",
            ),
            ("redis://[::1]", "redis://127.0.0.1:9"),
            ("redis://:secret@host", "redis://:secret@127.0.0.1:9"),
        ] {
            assert_eq!(url_through(url, proxy), through);
        }
    }

    #[test]
    fn the_port_defaults_to_that_of_redis() -> Result<(), Box<dyn core::error::Error>> {
        assert_eq!(
            upstream("redis://127.0.0.1")?,
            SocketAddr::from(([127, 0, 0, 1], PORT))
        );
        assert_eq!(upstream("redis://[::1]/3")?, "[::1]:6379".parse()?);
        assert_eq!(upstream("redis://[::1]:7")?, "[::1]:7".parse()?);
        Ok(())
    }

    #[test]
    fn what_the_proxy_cannot_speak_is_refused() {
        for url in ["unix:///tmp/socket", "rediss://127.0.0.1", "127.0.0.1:6379"] {
            assert_eq!(
                upstream(url).map_err(|error| error.kind()),
                Err(io::ErrorKind::Unsupported),
                "{url}"
            );
        }
    }
}
