//! The KeyDB of the testkit deviates from Redis where the real one does.

use core::time::Duration;
use std::io::{Read, Write};
use std::net::TcpStream;

use respipe_testkit::scripted::KeyDb;

type Result<T = ()> = core::result::Result<T, Box<dyn core::error::Error>>;

struct Client(TcpStream);

impl Client {
    fn new(server: &KeyDb) -> Result<Self> {
        let stream = TcpStream::connect(server.address())?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(Self(stream))
    }

    /// Sends these bytes in one write and expects exactly this answer.
    fn gets(&mut self, sent: &[u8], expected: &str) -> Result {
        self.0.write_all(sent)?;
        let mut answer = vec![0; expected.len()];
        self.0.read_exact(&mut answer)?;
        assert_eq!(String::from_utf8_lossy(&answer), expected);
        Ok(())
    }

    fn is_closed(&mut self) -> Result<bool> {
        Ok(self.0.read(&mut [0; 1])? == 0)
    }

    fn is_silent(&mut self) -> Result<bool> {
        self.0.set_read_timeout(Some(Duration::from_millis(100)))?;
        let silent = self.0.read(&mut [0; 1]).is_err();
        self.0.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(silent)
    }
}

/// MSET of so many pairs, or a SET of so many bytes: what stands behind an AUTH.
fn many_arguments() -> Vec<u8> {
    let mut command = b"*11\r\n$4\r\nMSET\r\n".to_vec();
    command.extend_from_slice(&b"$1\r\nk\r\n".repeat(10));
    command
}

fn large_bulk() -> Vec<u8> {
    let mut command = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$16385\r\n".to_vec();
    command.extend_from_slice(&[b'v'; 16385]);
    command.extend_from_slice(b"\r\n");
    command
}

const AUTH: &[u8] = b"*2\r\n$4\r\nAUTH\r\n$4\r\nhush\r\n";

#[test]
fn what_stands_behind_an_auth_in_the_same_write_is_held_to_the_limits_before_it() -> Result {
    let server = KeyDb::start(Some("hush"))?;
    for (behind, error) in [
        (
            many_arguments(),
            "-ERR Protocol error: unauthenticated multibulk length\r\n",
        ),
        (
            large_bulk(),
            "-ERR Protocol error: unauthenticated bulk length\r\n",
        ),
    ] {
        let mut client = Client::new(&server)?;
        client.gets(&[AUTH, &behind].concat(), error)?;
        assert!(client.is_closed()?);
    }
    Ok(())
}

#[test]
fn what_comes_after_the_answer_to_an_auth_is_free_of_them() -> Result {
    let server = KeyDb::start(Some("hush"))?;
    let mut client = Client::new(&server)?;
    client.gets(b"PING\r\n", "-NOAUTH Authentication required.\r\n")?;
    client.gets(AUTH, "+OK\r\n")?;
    client.gets(&large_bulk(), "+OK\r\n")
}

#[test]
fn a_protocol_error_stands_where_the_first_reply_should_and_nothing_has_run() -> Result {
    let server = KeyDb::start(None)?;
    let mut client = Client::new(&server)?;
    client.gets(
        b"PING\r\nPING\r\n*1\r\n+PING\r\n",
        "-ERR Protocol error: expected '$', got '+'\r\n",
    )?;
    assert!(client.is_closed()?);
    Ok(())
}

#[test]
fn what_was_pipelined_behind_a_blocking_command_waits_for_more_bytes() -> Result {
    let server = KeyDb::start(None)?;
    let mut client = Client::new(&server)?;
    client.gets(b"BLPOP list 0.05\r\nECHO behind\r\n", "*-1\r\n")?;
    assert!(client.is_silent()?);
    client.gets(b"PING\r\n", "$6\r\nbehind\r\n+PONG\r\n")
}

#[test]
fn client_setinfo_is_an_error_and_client_setname_is_not() -> Result {
    let server = KeyDb::start(None)?;
    let mut client = Client::new(&server)?;
    client.gets(b"CLIENT SETNAME me\r\n", "+OK\r\n")?;
    client.gets(
        b"CLIENT SETINFO lib-name respipe\r\n",
        "-ERR Unknown subcommand",
    )
}

#[test]
fn hello_switches_to_resp3_and_nulls_follow() -> Result {
    let server = KeyDb::start(Some("hush"))?;
    let mut client = Client::new(&server)?;
    client.gets(b"HELLO 3\r\n", "-NOAUTH HELLO")?;
    let mut client = Client::new(&server)?;
    client.gets(b"HELLO 4\r\n", "-NOPROTO")?;
    let mut client = Client::new(&server)?;
    let map = "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n6.3.4\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:3\r\n\
        $4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n";
    client.gets(b"HELLO 3 AUTH default hush\r\n", map)?;
    client.gets(b"GET nothing\r\n", "_\r\n")?;
    client.gets(b"QUIT\r\n", "+OK\r\n")?;
    assert!(client.is_closed()?);
    Ok(())
}
