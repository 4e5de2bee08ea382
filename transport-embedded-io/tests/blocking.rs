//! One request at a time, over blocking TCP to real servers.

use core::time::Duration;
use std::net::TcpStream;

use embedded_io::ErrorKind;
use embedded_io_adapters::std::FromStd;
use respipe_core::login::Protocol;
use respipe_core::pipeline::{Heap, Inline, LoginBuf, PipelineError, Sizes, Why};
use respipe_core::{Fate, Kind, cmd};
use respipe_embedded_io::End;
use respipe_embedded_io::blocking::{Client, Error};
use respipe_testkit::process::{self, Launch, ServerProcess};

type Result<T = ()> = core::result::Result<T, Box<dyn core::error::Error>>;
type Small = Inline<128, 128, 1, ()>;

fn on_every_server(
    configure: impl Fn(Launch) -> Launch,
    test: impl Fn(&mut ServerProcess) -> Result,
) -> Result {
    let binaries = process::servers();
    if binaries.is_empty() {
        respipe_testkit::skip("no redis-server or valkey-server on the PATH");
    }
    for binary in binaries {
        let mut server = configure(Launch::new(&binary)).start()?;
        test(&mut server)
            .map_err(|error| format!("{} {}: {error}", server.name(), server.version()))?;
    }
    Ok(())
}

fn stream(server: &ServerProcess) -> Result<FromStd<TcpStream>> {
    let stream = TcpStream::connect(server.address())?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    Ok(FromStd::new(stream))
}

#[test]
fn requests_are_answered_one_after_the_other() -> Result {
    on_every_server(
        |launch| launch,
        |server| {
            let mut client = Client::new(Small::new(), stream(server)?);
            assert!(client.call(&cmd("SET").args(("a", "b")), |reply| reply.is_ok())?);
            for n in 1..=100 {
                let count = client.call(&cmd("INCR").arg("n"), |reply| reply.as_i64())?;
                assert_eq!(count, Ok(n));
            }
            let code = client.call(&cmd("INCR").arg("a"), |reply| {
                reply.error().map(|error| error.code().to_owned())
            })?;
            assert_eq!(code.as_deref(), Some("ERR"));
            Ok(())
        },
    )
}

#[test]
fn a_command_longer_than_tx_goes_through_it_and_a_reply_longer_than_rx_is_told() -> Result {
    on_every_server(
        |launch| launch,
        |server| {
            let mut client = Client::new(Small::new(), stream(server)?);
            let long = "x".repeat(100_000);
            assert!(client.call(&cmd("SET").args(("long", &*long)), |reply| reply.is_ok())?);
            let error = client.call(&cmd("GET").arg("long"), |_| ()).unwrap_err();
            let bytes = 100_000 + "$100000\r\n\r\n".len() as u64;
            assert_eq!(
                error,
                Error::TooLarge {
                    kind: Kind::Bulk,
                    bytes
                }
            );
            let len = client.call(&cmd("STRLEN").arg("long"), |reply| reply.as_i64())?;
            assert_eq!(len, Ok(100_000));
            Ok(())
        },
    )
}

#[test]
fn a_server_that_ends_is_told_once_and_the_next_connection_works() -> Result {
    on_every_server(
        |launch| launch,
        |server| {
            let mut client = Client::new(Small::new(), stream(server)?);
            client.call(&cmd("PING"), |_| ())?;
            server.restart()?;
            let error = client.call(&cmd("PING"), |_| ()).unwrap_err();
            let Error::Ended { fate, .. } = error else {
                panic!("{error:?}");
            };
            assert_eq!(fate, Fate::Unknown(Why::LinkLost));
            let again = client.call(&cmd("PING"), |_| ()).unwrap_err();
            let Error::Ended { fate, .. } = again else {
                panic!("{again:?}");
            };
            assert_eq!(fate, Fate::NotSent);
            client.reopen(stream(server)?);
            client.call(&cmd("PING"), |_| ())?;
            Ok(())
        },
    )
}

#[test]
fn a_read_that_times_out_ends_the_connection() -> Result {
    on_every_server(
        |launch| launch,
        |server| {
            let mut client = Client::new(Small::new(), stream(server)?);
            client.call(&cmd("PING"), |_| ())?;
            let stream = client.stream().inner_mut();
            stream.set_read_timeout(Some(Duration::from_millis(50)))?;
            server.pause()?;
            let error = client.call(&cmd("PING"), |_| ());
            server.resume()?;
            // EAGAIN, as Linux says it, has no name among the kinds.
            let error = error.unwrap_err();
            let Error::Ended {
                fate,
                end: End::Io(kind),
            } = error
            else {
                panic!("{error:?}");
            };
            assert!(
                matches!(kind, ErrorKind::Other | ErrorKind::TimedOut),
                "{kind:?}"
            );
            assert_eq!(fate, Fate::Unknown(Why::LinkLost));
            Ok(())
        },
    )
}

#[test]
fn the_handshake_goes_first_and_a_wrong_password_is_told() -> Result {
    let sizes = Sizes {
        tx: 128,
        rx: 128,
        depth: 1,
    };
    on_every_server(
        |launch| launch.password("secret"),
        |server| {
            let mut login = LoginBuf {
                protocol: Protocol::Auto,
                password: "secret".into(),
                database: 2,
                client_name: "jig".into(),
                ..LoginBuf::default()
            };
            let heap = Heap::new(sizes, login.clone());
            let mut client = Client::new(heap, stream(server)?);
            let name = client.call(&cmd("CLIENT").arg("GETNAME"), |reply| {
                reply.as_str().map(ToOwned::to_owned)
            })?;
            assert_eq!(name.as_deref(), Ok("jig"));

            login.password = "guess".into();
            let mut client = Client::new(Heap::new(sizes, login), stream(server)?);
            let error = client.call(&cmd("PING"), |_| ()).unwrap_err();
            let end = End::Failed(PipelineError::LoginRefused);
            let fate = Fate::NotSent;
            assert_eq!(error, Error::Ended { fate, end });
            Ok(())
        },
    )
}
