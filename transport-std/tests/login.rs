//! What stands in front of the first command, and what happens when it is wrong.

mod common;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use common::{Result, on_every_server};
use respipe_std::core::login::Protocol;
use respipe_std::core::pipeline::LoginBuf;
use respipe_std::{Connection, Error, Options, cmd};
use respipe_testkit::scripted::{KeyDb, Script, ScriptedServer};

fn error(url: &str) -> Error {
    match Connection::open(url) {
        Ok(_) => panic!("{url} let us in"),
        Err(error) => error,
    }
}

#[test]
fn user_password_database_and_name_are_set_before_the_first_command() -> Result {
    for (protocol, version) in [
        (Protocol::Resp2, 2),
        (Protocol::Resp3, 3),
        (Protocol::Auto, 3),
    ] {
        on_every_server(
            |launch| launch.acl_user("alice", "on >won/der ~* &* +@all"),
            |server| {
                let login = LoginBuf {
                    protocol,
                    username: "alice".into(),
                    password: "won/der".into(),
                    database: 3,
                    client_name: "probe".into(),
                    library: None,
                    ping: true,
                };
                let options = Options::from_url(&format!("redis://{}", server.address()))?;
                let mut redis = Connection::connect(options.login(login))?;
                assert_eq!(redis.is_resp3(), version == 3);
                assert_eq!(redis.call_to::<String>(&cmd("ACL").arg("WHOAMI"))?, "alice");
                assert_eq!(
                    redis.call_to::<String>(&cmd("CLIENT").arg("GETNAME"))?,
                    "probe"
                );
                let id: i64 = redis.call_to(&cmd("CLIENT").arg("ID"))?;
                let list: String = redis.call_to(&cmd("CLIENT").arg("LIST"))?;
                let line = list
                    .lines()
                    .find(|line| line.starts_with(&format!("id={id} ")));
                assert!(line.is_some_and(|line| line.contains(" db=3 ")), "{list}");
                assert!(redis.is_session_clean());
                Ok(())
            },
        )?;
    }
    Ok(())
}

#[test]
fn a_password_of_the_default_user_is_enough() -> Result {
    on_every_server(
        |launch| launch.password("hush"),
        |server| {
            for protocol in ["2", "3", "auto"] {
                let url = format!("{}/1?protocol={protocol}", server.url());
                assert!(Connection::open(&url)?.call(&cmd("PING")).is_ok());
            }
            Ok(())
        },
    )
}

#[test]
fn a_wrong_login_gives_the_servers_words_and_no_password() -> Result {
    on_every_server(
        |launch| launch.password("hush"),
        |server| {
            let at = server.address();
            for (url, word) in [
                (format!("redis://:wr0ng@{at}"), "WRONGPASS"),
                (format!("redis://:wr0ng@{at}?protocol=2"), "WRONGPASS"),
                (format!("redis://nobody:wr0ng@{at}"), "WRONGPASS"),
                (format!("redis://{at}"), "NOAUTH"),
                (format!("{}/9999", server.url()), "DB index"),
            ] {
                let error = error(&url);
                let text = format!("{error}");
                assert!(matches!(error, Error::Login(_)), "{url}: {error:?}");
                assert!(text.contains(word), "{url}: {text}");
                assert!(!format!("{text}{error:?}").contains("wr0ng"));
            }
            Ok(())
        },
    )
}

#[test]
fn debug_output_shows_no_password() -> Result {
    on_every_server(
        |launch| launch.password("hunter2"),
        |server| {
            let options = Options::from_url(&server.url())?;
            assert!(!format!("{options:?}").contains("hunter2"));
            let mut redis = Connection::connect(options)?;
            redis.call(&cmd("AUTH").arg("hunter2"))?;
            assert!(!format!("{redis:?}").contains("hunter2"));
            Ok(())
        },
    )
}

#[test]
fn a_url_that_is_none_says_which_part() {
    for (url, word) in [
        ("localhost", "redis://"),
        ("redis://host:port", "port"),
        ("redis://host/db", "database"),
        ("redis://user@host", "password"),
        ("redis://host?deep=1", "parameter"),
    ] {
        let error = error(url);
        assert!(matches!(error, Error::Url(_)), "{error:?}");
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn nobody_listening_is_said_with_the_address() -> Result {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let text = error(&format!("redis://{address}")).to_string();
    assert!(
        text.contains(&address.to_string()) && text.contains("is a server running"),
        "{text}"
    );
    let text = error("unix:///nowhere/redis.sock").to_string();
    assert!(text.contains("/nowhere/redis.sock"), "{text}");
    let text = error("redis://no-such-host.invalid").to_string();
    assert!(
        text.contains("no-such-host.invalid") && text.contains("check the host"),
        "{text}"
    );
    Ok(())
}

/// A server that says this to whoever speaks to it, and closes.
fn that_says(words: &'static [u8]) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("redis://{}", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(words);
        }
    });
    Ok(url)
}

#[test]
fn another_kind_of_server_on_the_port_is_named() -> Result {
    for page in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        b"<!DOCTYPE HTML>\n",
    ] {
        let http = error(&that_says(page)?).to_string();
        assert!(http.contains("HTTP server"), "{http}");
    }
    let tls = error(&that_says(b"\x15\x03\x01\x00\x02\x02\x16")?).to_string();
    assert!(tls.contains("rediss://"), "{tls}");
    let ssh = error(&that_says(b"SSH-2.0-OpenSSH_9.2\r\n")?).to_string();
    assert!(ssh.contains("no Redis") && ssh.contains("SSH-2.0"), "{ssh}");
    let mute = error(&that_says(b"")?).to_string();
    assert!(mute.contains("rediss://"), "{mute}");
    Ok(())
}

#[test]
fn the_servers_farewell_is_in_the_error() -> Result {
    let text = error(&that_says(b"-ERR max number of clients reached\r\n")?).to_string();
    assert!(
        text.contains("max number of clients") && text.contains("fewer"),
        "{text}"
    );
    let text = error(&that_says(
        b"-DENIED Redis is running in protected mode\r\n",
    )?)
    .to_string();
    assert!(text.contains("protected mode"), "{text}");
    Ok(())
}

#[test]
fn a_server_that_never_answers_costs_no_more_than_the_time_to_connect() -> Result {
    let server = ScriptedServer::start(Script::new().stop_reading())?;
    let text = error(&format!(
        "redis://{}?connect_timeout_ms=100",
        server.address()
    ))
    .to_string();
    assert!(text.contains("connect_timeout"), "{text}");
    Ok(())
}

#[test]
fn a_server_that_closes_when_it_sees_hello_is_met_with_resp2() -> Result {
    let script = Script::new()
        .expect(b"*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n")
        .close()
        .next_connection()
        .expect(b"*1\r\n$4\r\nPING\r\n")
        .send(b"+PONG\r\n")
        .expect_command()
        .send(b":1\r\n");
    let server = ScriptedServer::start(script)?;
    let options = Options::from_url(&format!("redis://{}", server.address()))?;
    let mut redis = Connection::connect(options.login(LoginBuf::default()))?;
    assert!(!redis.is_resp3());
    assert_eq!(redis.call_to::<i64>(&cmd("INCR").arg("a"))?, 1);
    Ok(())
}

#[test]
fn keydb_is_spoken_to_as_it_wants_to_be() -> Result {
    let server = KeyDb::start(Some("hush"))?;
    let mut redis = Connection::open(&format!("redis://:hush@{}", server.address()))?;
    assert!(redis.call(&cmd("PING"))?.error().is_none());
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_unix_socket_is_as_good_as_tcp() -> Result {
    on_every_server(
        |launch| launch.unix_socket().password("hush"),
        |server| {
            let path = server.unix_socket().ok_or("no socket")?;
            let url = format!("unix://{}?db=2&password=hush", path.display());
            let mut redis = Connection::open(&url)?;
            redis.stream(
                (0..5_000u64).map(|n| (n, cmd("ECHO").arg(n))),
                |n, outcome| {
                    let reply = outcome.reply().and_then(|reply| reply.to::<u64>().ok());
                    assert_eq!(reply, Some(n));
                },
            )?;
            assert_eq!(redis.close()?.discarded, 0);
            let own = std::os::unix::net::UnixStream::connect(path)?;
            let login = LoginBuf {
                password: "hush".into(),
                ..LoginBuf::default()
            };
            let mut redis = Connection::over_socket(own, Options::new().login(login))?;
            assert!(redis.call(&cmd("PING"))?.error().is_none());
            Ok(())
        },
    )
}
