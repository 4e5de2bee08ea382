//! Real servers do what `process` promises. One test each, over every server that this machine has.

use core::net::SocketAddr;
use core::time::Duration;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;

use respipe_testkit::process::{self, Launch, ServerProcess};

type Result<T = ()> = core::result::Result<T, Box<dyn core::error::Error>>;

/// How long a server that is expected to be silent is listened to; it only has to be shorter than a test's patience.
const SILENCE: Duration = Duration::from_millis(100);

fn on_every_server(
    configure: impl Fn(Launch) -> Launch,
    test: impl Fn(ServerProcess) -> Result,
) -> Result {
    let binaries = process::servers();
    if binaries.is_empty() {
        respipe_testkit::skip("no redis-server and no valkey-server on the PATH");
    }
    for binary in binaries {
        test(configure(Launch::new(&binary)).start()?)?;
    }
    Ok(())
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    Ok(stream)
}

/// Sends one inline command and returns the first line of its answer.
fn ask(stream: impl Read + Write, command: &str) -> io::Result<String> {
    let mut stream = BufReader::new(stream);
    stream
        .get_mut()
        .write_all(format!("{command}\r\n").as_bytes())?;
    let mut line = String::new();
    stream.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

#[test]
fn a_started_server_answers_and_names_itself() -> Result {
    on_every_server(
        |launch| launch,
        |server| {
            assert_eq!(ask(connect(server.address())?, "PING")?, "+PONG");
            assert!(
                ["Redis", "Valkey", "KeyDB"].contains(&server.name()),
                "{}",
                server.name()
            );
            assert!(server.version().contains('.'), "{}", server.version());
            assert_eq!(server.url(), format!("redis://{}", server.address()));
            Ok(())
        },
    )
}

#[test]
fn a_dropped_server_is_gone_and_so_are_its_files() -> Result {
    on_every_server(Launch::unix_socket, |server| {
        let address = server.address();
        let socket = server.unix_socket().ok_or("no socket")?.to_owned();
        assert!(socket.exists());
        drop(server);
        assert!(connect(address).is_err(), "something still listens");
        assert!(
            !socket.parent().is_some_and(Path::exists),
            "its directory is still there"
        );
        Ok(())
    })
}

#[test]
fn a_server_with_a_password_asks_for_it() -> Result {
    on_every_server(
        |launch| launch.password("hush"),
        |server| {
            assert!(ask(connect(server.address())?, "PING")?.starts_with("-NOAUTH"));
            assert_eq!(ask(connect(server.address())?, "AUTH hush")?, "+OK");
            assert!(server.url().starts_with("redis://:hush@127.0.0.1:"));
            Ok(())
        },
    )
}

#[test]
fn a_server_with_acl_users_knows_them_even_with_its_default_user_off() -> Result {
    on_every_server(
        |launch| {
            launch
                .acl_user("default", "off")
                .acl_user("alice", "on >wonder ~a:* +get")
        },
        |server| {
            let stream = connect(server.address())?;
            assert_eq!(ask(&stream, "AUTH alice wonder")?, "+OK");
            assert_eq!(ask(&stream, "GET a:1")?, "$-1");
            assert!(ask(&stream, "GET b:1")?.starts_with("-NOPERM"));
            Ok(())
        },
    )
}

#[cfg(unix)]
#[test]
fn a_server_listens_on_a_unix_socket_when_asked_to() -> Result {
    use std::os::unix::net::UnixStream;
    on_every_server(Launch::unix_socket, |server| {
        let stream = UnixStream::connect(server.unix_socket().ok_or("no socket")?)?;
        assert_eq!(ask(stream, "PING")?, "+PONG");
        Ok(())
    })
}

#[test]
fn a_line_of_configuration_wins() -> Result {
    on_every_server(
        |launch| launch.config("databases 3"),
        |server| {
            assert_eq!(ask(connect(server.address())?, "SELECT 2")?, "+OK");
            assert!(ask(connect(server.address())?, "SELECT 3")?.starts_with("-ERR"));
            Ok(())
        },
    )
}

#[test]
fn a_bad_line_of_configuration_is_an_error_with_the_servers_words() -> Result {
    let Some(binary) = process::servers().into_iter().next() else {
        respipe_testkit::skip("no redis-server and no valkey-server on the PATH");
        return Ok(());
    };
    let error = Launch::new(&binary)
        .config("no-such-directive 1")
        .start()
        .err()
        .ok_or("it started")?;
    assert!(error.to_string().contains("no-such-directive"), "{error}");
    Ok(())
}

#[test]
fn a_restarted_server_has_the_same_port_and_forgot_everything() -> Result {
    on_every_server(
        |launch| launch,
        |mut server| {
            let (address, process) = (server.address(), server.process_id());
            assert_eq!(ask(connect(address)?, "SET key value")?, "+OK");
            server.restart()?;
            assert_eq!(server.address(), address);
            assert_ne!(server.process_id(), process);
            assert_eq!(
                ask(connect(address)?, "GET key")?,
                "$-1",
                "something was persisted"
            );
            Ok(())
        },
    )
}

#[test]
fn a_killed_server_closes_its_connections_and_refuses_new_ones() -> Result {
    on_every_server(
        |launch| launch,
        |mut server| {
            let mut stream = connect(server.address())?;
            assert_eq!(ask(&stream, "PING")?, "+PONG");
            server.kill()?;
            assert_eq!(stream.read(&mut [0; 1]).unwrap_or(0), 0);
            assert!(connect(server.address()).is_err());
            assert_eq!(server.process_id(), None);
            Ok(())
        },
    )
}

#[cfg(unix)]
#[test]
fn a_paused_server_answers_only_once_it_goes_on() -> Result {
    on_every_server(
        |launch| launch,
        |server| {
            let mut stream = connect(server.address())?;
            server.pause()?;
            stream.write_all(b"PING\r\n")?;
            stream.set_read_timeout(Some(SILENCE))?;
            assert!(
                stream.read(&mut [0; 16]).is_err(),
                "a stopped process answered"
            );
            server.resume()?;
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            let mut answer = [0; 7];
            stream.read_exact(&mut answer)?;
            assert_eq!(&answer, b"+PONG\r\n");
            Ok(())
        },
    )
}

#[cfg(feature = "tls")]
#[test]
fn a_server_with_tls_starts_with_certificates_of_its_own() -> Result {
    let mut tried = 0;
    for binary in process::servers() {
        let server = match Launch::new(&binary).tls().start() {
            // Some are built without TLS, and say so.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => continue,
            server => server?,
        };
        tried += 1;
        let url = server.tls_url().ok_or("no TLS port")?;
        let address: SocketAddr = url.trim_start_matches("rediss://").parse()?;
        // A TLS server answers a plain PING with an alert record (content type 21), or only closes.
        let mut stream = connect(address)?;
        stream.write_all(b"PING\r\n")?;
        let mut record = [0; 1];
        assert!(
            stream.read(&mut record).unwrap_or(0) == 0 || record[0] == 21,
            "{record:?}"
        );
        let root = std::fs::read_to_string(server.certificates().ok_or("no certificates")?.root())?;
        assert!(root.starts_with("-----BEGIN CERTIFICATE-----"));
    }
    if tried == 0 {
        respipe_testkit::skip("no redis-server and no valkey-server with TLS");
    }
    Ok(())
}
