//! Looks at a server from outside, by the plainest means: bytes over a socket, nothing of what is being tested.

use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(2);
/// No `INFO server` is longer than this.
const INFO_LIMIT: u64 = 64 * 1024;

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) process_id: Option<u32>,
}

/// PING and INFO to the server on this loopback port. An error while it does not yet answer, or still loads.
pub(super) fn identify(port: u16, login: Option<(&str, &str)>) -> io::Result<Identity> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(&stream);
    if let Some((user, password)) = login {
        let auth = format!(
            "*3\r\n$4\r\nAUTH\r\n${}\r\n{user}\r\n${}\r\n{password}\r\n",
            user.len(),
            password.len()
        );
        (&stream).write_all(auth.as_bytes())?;
        expect_line(&mut reader, "+OK")?;
    }
    (&stream).write_all(b"PING\r\n")?;
    expect_line(&mut reader, "+PONG")?;
    (&stream).write_all(b"INFO server\r\n")?;
    let header = read_line(&mut reader)?;
    let length = header
        .strip_prefix('$')
        .and_then(|digits| digits.parse().ok())
        .filter(|length| *length <= INFO_LIMIT);
    let Some(length) = length else {
        return Err(io::Error::other(format!(
            "INFO was answered with {header:?}"
        )));
    };
    let mut info = String::new();
    reader.take(length).read_to_string(&mut info)?;
    Ok(read_info(&info))
}

fn read_line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    reader.take(INFO_LIMIT).read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

fn expect_line(reader: &mut impl BufRead, expected: &str) -> io::Result<()> {
    let line = read_line(reader)?;
    if line == expected {
        Ok(())
    } else {
        Err(io::Error::other(format!(
            "expected {expected}, got {line:?}"
        )))
    }
}

/// Valkey answers a `redis_version` of 7.2.4 for old clients' sake, and KeyDB shows only in the name of its binary.
fn read_info(info: &str) -> Identity {
    let field = |name: &str| {
        info.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
    };
    let executable = field("executable").unwrap_or_default();
    let (name, version) = match field("valkey_version") {
        Some(version) => ("Valkey", version),
        None if executable.contains("keydb") => ("KeyDB", field("redis_version").unwrap_or("?")),
        None => ("Redis", field("redis_version").unwrap_or("?")),
    };
    Identity {
        name: name.to_owned(),
        version: version.to_owned(),
        process_id: field("process_id").and_then(|digits| digits.parse().ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valkey_is_told_from_the_redis_it_claims_to_be() {
        let identity = read_info(
            "# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.1\r\nprocess_id:7\r\n",
        );
        assert_eq!(
            (identity.name.as_str(), identity.version.as_str()),
            ("Valkey", "8.1.1")
        );
        assert_eq!(identity.process_id, Some(7));
    }

    #[test]
    fn keydb_is_told_by_its_binary() {
        let identity = read_info("redis_version:6.3.4\r\nexecutable:/usr/bin/keydb-server\r\n");
        assert_eq!(
            (identity.name.as_str(), identity.version.as_str()),
            ("KeyDB", "6.3.4")
        );
    }
}
