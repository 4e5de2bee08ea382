//! The server in this process answers as Redis does. Where a real server is at hand, it is asked the same.

use core::net::SocketAddr;
use core::time::Duration;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use respipe_testkit::process;
use respipe_testkit::server::ServerInProcess;

type Result<T = ()> = core::result::Result<T, Box<dyn core::error::Error>>;

struct Client(TcpStream);

impl Client {
    fn new(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(Self(stream))
    }

    fn send(&mut self, bytes: impl AsRef<[u8]>) -> Result {
        Ok(self.0.write_all(bytes.as_ref())?)
    }

    fn expect(&mut self, expected: &str) -> Result {
        let mut answer = vec![0; expected.len()];
        let read = self.0.read_exact(&mut answer);
        assert_eq!(String::from_utf8_lossy(&answer), expected, "{read:?}");
        Ok(())
    }

    fn expect_end(&mut self) -> Result {
        assert_eq!(self.0.read(&mut [0; 1])?, 0);
        Ok(())
    }

    /// Sends a conversation and the mark of its end, and returns all that came before the mark.
    fn hear(&mut self, conversation: &str) -> Result<String> {
        self.send(conversation)?;
        self.send("ECHO that-is-all\r\n")?;
        let mark = b"$11\r\nthat-is-all\r\n";
        let mut heard = Vec::new();
        let mut buffer = [0; 4096];
        while !heard.ends_with(mark) {
            let n = self.0.read(&mut buffer)?;
            assert!(n > 0, "closed after {}", String::from_utf8_lossy(&heard));
            heard.extend_from_slice(&buffer[..n]);
        }
        heard.truncate(heard.len() - mark.len());
        Ok(String::from_utf8_lossy(&heard).into_owned())
    }
}

fn hear(conversation: &str) -> Result<String> {
    let server = ServerInProcess::start()?;
    Client::new(server.address())?.hear(conversation)
}

#[test]
fn strings_are_set_got_counted_and_deleted() -> Result {
    let heard = hear(
        "SET k 41\r\nINCR k\r\nGET k\r\nMSET a 1 b 2\r\nMGET a b c\r\nDBSIZE\r\nDEL a b c\r\nGET a\r\n",
    )?;
    let expected =
        "+OK\r\n:42\r\n$2\r\n42\r\n+OK\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$-1\r\n:3\r\n:2\r\n$-1\r\n";
    assert_eq!(heard, expected);
    Ok(())
}

#[test]
fn values_may_hold_any_bytes() -> Result {
    let server = ServerInProcess::start()?;
    let mut client = Client::new(server.address())?;
    client.send(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$6\r\n\r\n\0\xff\r\n\r\nGET k\r\n")?;
    client.expect("+OK\r\n")?;
    let mut answer = [0; 12];
    client.0.read_exact(&mut answer)?;
    assert_eq!(&answer, b"$6\r\n\r\n\0\xff\r\n\r\n");
    Ok(())
}

#[test]
fn a_stream_takes_only_ids_above_its_last() -> Result {
    let heard = hear(
        "XADD s 5-1 a 1\r\nXADD s 5-1 a 2\r\nXADD s 0-0 a 3\r\nXADD s 5-* a 4\r\nXLEN s\r\nXRANGE s 5-2 +\r\n",
    )?;
    let expected = "$3\r\n5-1\r\n\
        -ERR The ID specified in XADD is equal or smaller than the target stream top item\r\n\
        -ERR The ID specified in XADD must be greater than 0-0\r\n\
        $3\r\n5-2\r\n:2\r\n*1\r\n*2\r\n$3\r\n5-2\r\n*2\r\n$1\r\na\r\n$1\r\n4\r\n";
    assert_eq!(heard, expected);
    Ok(())
}

#[test]
fn replies_come_in_order_whatever_the_pieces_of_the_requests() -> Result {
    let server = ServerInProcess::start()?;
    let requests =
        b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\nabc\r\nGET k\r\n*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n";
    for piece in [1, 2, 7, requests.len()] {
        let mut client = Client::new(server.address())?;
        client.send("FLUSHALL\r\n")?;
        for piece in requests.chunks(piece) {
            client.send(piece)?;
        }
        client.expect("+OK\r\n+OK\r\n$3\r\nabc\r\n:1\r\n")?;
    }
    Ok(())
}

#[test]
fn a_hundred_thousand_commands_in_one_write_are_all_answered() -> Result {
    let server = ServerInProcess::start()?;
    let mut client = Client::new(server.address())?;
    let mut writer = client.0.try_clone()?;
    let writing = std::thread::spawn(move || {
        writer.write_all(&b"*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n".repeat(100_000))
    });
    client.expect(
        &(1..=100_000)
            .map(|n| format!(":{n}\r\n"))
            .collect::<String>(),
    )?;
    writing.join().map_err(|_| "the writer panicked")??;
    Ok(())
}

#[test]
fn a_password_is_asked_for_before_anything_else() -> Result {
    let server = ServerInProcess::start_with_password("hush")?;
    let mut client = Client::new(server.address())?;
    client.send("GET k\r\nAUTH wrong\r\nHELLO 3\r\nAUTH hush\r\nGET k\r\n")?;
    client.expect("-NOAUTH Authentication required.\r\n-WRONGPASS ")?;
    let mut client = Client::new(server.address())?;
    client.send("HELLO 3 AUTH default hush SETNAME me\r\n")?;
    client.expect("%7\r\n$6\r\nserver\r\n")?;
    assert_eq!(server.url(), format!("redis://:hush@{}", server.address()));
    Ok(())
}

#[test]
fn a_message_reaches_other_connections_and_ones_own() -> Result {
    let server = ServerInProcess::start()?;
    let (mut listener, mut publisher) = (
        Client::new(server.address())?,
        Client::new(server.address())?,
    );
    listener.send("SUBSCRIBE news\r\n")?;
    listener.expect("*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n")?;
    publisher.hear("HELLO 3\r\n")?;
    publisher.send("SUBSCRIBE news\r\nPUBLISH news hi\r\n")?;
    publisher.expect(">3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n")?;
    publisher.expect(">3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n:2\r\n")?;
    listener.expect("*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n")?;
    listener.send("GET k\r\nPING\r\nUNSUBSCRIBE\r\nGET k\r\n")?;
    listener.expect("-ERR Can't execute 'get'")?;
    Ok(())
}

#[test]
fn databases_are_apart_from_each_other() -> Result {
    let heard =
        hear("SET k v\r\nSELECT 1\r\nGET k\r\nSELECT 16\r\nGET k\r\nSELECT 0\r\nGET k\r\n")?;
    assert_eq!(
        heard,
        "+OK\r\n+OK\r\n$-1\r\n-ERR DB index is out of range\r\n$-1\r\n+OK\r\n$1\r\nv\r\n"
    );
    Ok(())
}

#[test]
fn quit_answers_and_closes_and_what_follows_is_lost() -> Result {
    let server = ServerInProcess::start()?;
    let mut client = Client::new(server.address())?;
    client.send("QUIT\r\nSET k v\r\n")?;
    client.expect("+OK\r\n")?;
    client.expect_end()?;
    assert_eq!(Client::new(server.address())?.hear("GET k\r\n")?, "$-1\r\n");
    Ok(())
}

#[test]
fn good_commands_before_a_protocol_error_are_run_and_answered() -> Result {
    let server = ServerInProcess::start()?;
    let mut client = Client::new(server.address())?;
    client.send("PING\r\n*1\r\n:7\r\nPING\r\n")?;
    client.expect("+PONG\r\n-ERR Protocol error: ")?;
    let mut rest = Vec::new();
    client.0.read_to_end(&mut rest)?;
    assert!(rest.ends_with(b"\r\n"));
    Ok(())
}

#[test]
fn what_does_not_fit_into_its_memory_is_refused() -> Result {
    let server = ServerInProcess::start()?;
    let mut client = Client::new(server.address())?;
    let value = "v".repeat(32 * 1024 * 1024);
    let mut refused = false;
    for n in 0..9 {
        client.send(format!(
            "*3\r\n$3\r\nSET\r\n$1\r\n{n}\r\n${}\r\n{value}\r\n",
            value.len()
        ))?;
        let mut first = [0; 1];
        client.0.read_exact(&mut first)?;
        if first == *b"-" {
            client.expect("OOM ")?;
            refused = true;
            break;
        }
        client.expect("OK\r\n")?;
    }
    assert!(refused);
    Ok(())
}

#[test]
fn one_client_too_many_is_told_so() -> Result {
    let server = ServerInProcess::start()?;
    let clients = (0..256)
        .map(|_| Client::new(server.address()))
        .collect::<Result<Vec<_>>>()?;
    let mut one_more = Client::new(server.address())?;
    one_more.expect("-ERR max number of clients reached\r\n")?;
    drop(clients);
    Ok(())
}

#[test]
fn a_dropped_server_closes_its_connections() -> Result {
    let server = ServerInProcess::start()?;
    let mut client = Client::new(server.address())?;
    assert_eq!(client.hear("PING\r\n")?, "+PONG\r\n");
    drop(server);
    match client.0.read(&mut [0; 1]) {
        Ok(n) => assert_eq!(n, 0),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    Ok(())
}

const RESP3: &str = "HELLO 3\r\n";

/// What is said to both kinds of server, each on a fresh connection and in an empty database. Only what every version of Redis
/// and Valkey answers with the same bytes.
const CONVERSATIONS: [&str; 14] = [
    "PING\r\nPING text\r\nECHO text\r\n\r\n*0\r\n*-1\r\nPING\r\n",
    "SET k v\r\nGET k\r\nGET none\r\nINCR k\r\nINCR n\r\nINCR n\r\nDEL k n none\r\n",
    "MSET a 1 b 2\r\nMGET a none b\r\nDBSIZE\r\nFLUSHALL\r\nDBSIZE\r\n",
    "RPUSH l b c\r\nLPUSH l a z\r\nLRANGE l 0 -1\r\nLRANGE l -2 9\r\nLRANGE l 3 1\r\nLRANGE none 0 -1\r\nGET l\r\nLRANGE l x 1\r\n",
    "XADD s 5-1 a 1 b 2\r\nXADD s 5 a 1\r\nXADD s 6 a 1\r\nXADD s 6-1 a 2\r\nXLEN s\r\nXRANGE s - +\r\nXRANGE s 6 6\r\nXADD s x a 1\r\n",
    "SET k v\r\nXADD k 1-1 a 1\r\nRPUSH k a\r\nXLEN none\r\nXRANGE none - +\r\n",
    "MULTI\r\nSET k v\r\nINCR k\r\nGET k\r\nEXEC\r\nEXEC\r\nDISCARD\r\n",
    "MULTI\r\nSET k v\r\nGET\r\nSET k w\r\nEXEC\r\nGET k\r\nMULTI\r\nMULTI\r\nDISCARD\r\nGET k\r\n",
    "CLIENT SETNAME me\r\nCLIENT REPLY SKIP\r\nSET k v\r\nGET k\r\nCLIENT REPLY OFF\r\nSET k w\r\nGET k\r\nCLIENT REPLY ON\r\nGET k\r\n",
    "HELLO 3\r\nGET none\r\nMGET none\r\nSUBSCRIBE c d\r\nUNSUBSCRIBE c none\r\nUNSUBSCRIBE\r\nUNSUBSCRIBE\r\n",
    "SUBSCRIBE c\r\nSUBSCRIBE c\r\nPING\r\nPING text\r\nUNSUBSCRIBE\r\nUNSUBSCRIBE\r\nGET k\r\n",
    "HELLO 3\r\nSUBSCRIBE c\r\nCLIENT REPLY OFF\r\nPUBLISH c hi\r\nCLIENT REPLY ON\r\nRESET\r\nGET none\r\n",
    "SELECT 3\r\nSET k v\r\nSELECT 99\r\nGET k\r\nSELECT x\r\nRESET\r\nGET k\r\nSELECT 3\r\nDEL k\r\n",
    "HELLO 4\r\nAUTH default any\r\nset k\r\nget k k\r\nSET k v bad\r\n",
];

/// The words behind an error's code differ.
fn comparable(heard: &str) -> String {
    let code = |line: &str| match line.split_once(' ') {
        Some((code, _)) if code.starts_with('-') => code.to_owned(),
        _ => line.to_owned(),
    };
    heard.split("\r\n").map(code).collect::<Vec<_>>().join("\n")
}

/// A HELLO's own answer, a map of names, versions and modules, is each server's own.
fn hear_from(address: SocketAddr, conversation: &str) -> Result<String> {
    let mut client = Client::new(address)?;
    client.hear("FLUSHALL\r\n")?;
    let rest = conversation.strip_prefix(RESP3);
    if rest.is_some() {
        client.hear(RESP3)?;
    }
    client.hear(rest.unwrap_or(conversation))
}

#[test]
fn it_answers_as_every_real_server_does() -> Result {
    let binaries = process::servers();
    if binaries.is_empty() {
        respipe_testkit::skip("no redis-server and no valkey-server on the PATH");
    }
    let mine = ServerInProcess::start()?;
    for binary in binaries {
        let real = process::Launch::new(&binary).start()?;
        for conversation in CONVERSATIONS {
            let server = format!("{} {}", real.name(), real.version());
            let theirs = comparable(&hear_from(real.address(), conversation)?);
            let ours = comparable(&hear_from(mine.address(), conversation)?);
            assert_eq!(ours, theirs, "{server} to {conversation:?}");
        }
    }
    Ok(())
}
