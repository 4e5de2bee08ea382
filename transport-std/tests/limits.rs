//! Large values, full buffers and slow peers: nothing deadlocks, nothing is lost.

mod common;

use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::panic::catch_unwind;
use std::thread;
use std::time::Instant;

use common::{Result, on_every_server, options};
use respipe_std::{
    Batch, Connection, Deadline, Error, Fate, Misuse, Options, Outcome, Token, Why, cmd,
};
use respipe_testkit::proxy::{Direction, Faults, Lane, Proxy};
use respipe_testkit::scripted::{Limits, Script, ScriptedServer, parse_request};

const LARGE: usize = 10 * 1024 * 1024;

/// A server that answers the last argument of each command, and that reads nothing while it
/// writes: the one with which "write all, then read" stops for ever.
fn stubborn_echo() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("redis://{}?protocol=2", listener.local_addr()?);
    thread::spawn(move || -> std::io::Result<()> {
        let (mut stream, _) = listener.accept()?;
        let (mut waiting, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
        loop {
            let n = stream.read(&mut piece)?;
            if n == 0 {
                return Ok(());
            }
            waiting.extend_from_slice(&piece[..n]);
            while let Ok(Some(request)) = parse_request(&waiting, Limits::AUTHENTICATED) {
                let value = request.arguments.last().cloned().unwrap_or_default();
                stream.write_all(format!("${}\r\n", value.len()).as_bytes())?;
                stream.write_all(&value)?;
                stream.write_all(b"\r\n")?;
                waiting.drain(..request.bytes);
            }
        }
    });
    Ok(url)
}

fn value(n: usize) -> Vec<u8> {
    (0..LARGE).map(|i| (i.wrapping_mul(31) + n) as u8).collect()
}

#[test]
fn ten_mebibytes_both_ways_at_once_do_not_deadlock_in_a_stream() -> Result {
    let mut redis = Connection::open(&stubborn_echo()?)?;
    let values: Vec<_> = (0..4).map(value).collect();
    let mut seen = 0;
    redis.stream(
        values
            .iter()
            .map(|value| (value, cmd("ECHO").arg(value.as_slice()))),
        |value, outcome| {
            let same = outcome
                .reply()
                .is_some_and(|reply| reply.as_bytes() == Ok(value.as_slice()));
            assert!(same);
            seen += 1;
        },
    )?;
    assert_eq!(seen, 4);
    Ok(())
}

#[test]
fn ten_mebibytes_both_ways_at_once_do_not_deadlock_in_a_batch() -> Result {
    let mut redis = Connection::open(&stubborn_echo()?)?;
    let mut batch = Batch::new();
    for n in 0..3 {
        batch.push(&cmd("ECHO").arg(value(n).as_slice()))?;
        batch.push(&cmd("ECHO").arg(n))?;
    }
    let outcomes = redis.run(&batch);
    assert!(outcomes.error().is_none(), "{:?}", outcomes.error());
    for n in 0..3 {
        let large = outcomes.reply(2 * n).ok_or("none")?;
        assert!(large.as_bytes() == Ok(value(n).as_slice()));
        assert_eq!(outcomes.reply(2 * n + 1).ok_or("none")?.to::<usize>()?, n);
    }
    Ok(())
}

#[test]
fn ten_mebibytes_both_ways_do_not_deadlock_between_send_and_receive() -> Result {
    let url = format!("{}&rx_bytes=33554432", stubborn_echo()?);
    let mut redis = Connection::open(&url)?;
    let value = value(0);
    for _ in 0..3 {
        redis.send(&cmd("ECHO").arg(value.as_slice()))?;
    }
    for _ in 0..3 {
        let outcome = redis.receive()?;
        assert!(
            outcome
                .reply()
                .is_some_and(|reply| reply.as_bytes() == Ok(value.as_slice()))
        );
    }
    Ok(())
}

#[test]
fn a_send_that_would_wait_for_its_own_caller_says_so() -> Result {
    // The server answers before it reads on, and there is no room for its answer.
    let url = format!("{}&rx_bytes=1024", stubborn_echo()?);
    let mut redis = Connection::open(&url)?;
    let value = value(0);
    let sent = loop {
        match redis.send(&cmd("ECHO").arg(&value[..1000])) {
            Ok(()) => {}
            Err(Error::Misuse(Misuse::WindowFull { pending })) => break pending,
            other => panic!("{other:?}"),
        }
    };
    assert!(sent > 1);
    // Nothing of one that is longer than the buffer has left: it is taken back.
    match redis.send(&cmd("ECHO").arg(value.as_slice())) {
        Err(Error::Misuse(Misuse::WindowFull { pending })) => assert_eq!(pending, sent),
        other => panic!("{other:?}"),
    }
    for _ in 0..sent {
        assert!(redis.receive()?.is_ok());
    }
    assert!(redis.is_alive());
    Ok(())
}

#[test]
fn a_long_command_that_is_half_sent_when_unread_replies_fill_the_buffer_ends_the_connection()
-> Result {
    let reply = format!("$1000\r\n{}\r\n", "v".repeat(1000));
    let mut script = Script::new().receive_buffer(4096);
    for _ in 0..10 {
        script = script.expect_command();
    }
    let server = ScriptedServer::start(script.send(reply.repeat(10)).stop_reading())?;
    let url = format!("redis://{}?protocol=2&rx_bytes=4096", server.address());
    let mut redis = Connection::connect(Options::from_url(&url)?.login(plain()))?;
    for n in 0..10 {
        redis.send(&cmd("GET").arg(n))?;
    }
    redis.flush()?;
    match redis.send(&cmd("SET").arg("key").arg(vec![0; 64 * LARGE].as_slice())) {
        Err(Error::Ended {
            fate: Fate::NotSent,
            cause: Some(cause),
        }) => assert!(
            matches!(*cause, Error::Misuse(Misuse::WindowFull { pending: 10 })),
            "{cause:?}"
        ),
        other => panic!("{other:?}"),
    }
    // What was sent before keeps its outcomes, and nothing is waited for.
    assert_eq!(redis.pending(), 10);
    let soon = || Some(Instant::now() + Duration::from_secs(10));
    let mut replied = 0;
    while redis.pending() > 0 {
        match redis.receive_until(soon())?.ok_or("it hangs")? {
            Outcome::Replied(_) => replied += 1,
            Outcome::Unknown(Why::LinkLost) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(replied > 0);
    assert!(redis.receive().is_err());
    Ok(())
}

#[test]
fn large_values_survive_a_real_server() -> Result {
    on_every_server(
        |launch| launch,
        |server| {
            let mut redis = Connection::open(&server.url())?;
            let value = value(7);
            redis.call(&cmd("SET").arg("large").arg(value.as_slice()))?;
            let reply = redis.call(&cmd("GET").arg("large"))?;
            assert!(reply.as_bytes() == Ok(value.as_slice()));
            Ok(())
        },
    )
}

#[test]
fn a_reply_that_is_too_large_costs_its_own_command() -> Result {
    on_every_server(
        |launch| launch,
        |server| {
            let mut redis = Connection::connect(options(server)?.rx_bytes(1024))?;
            let value = vec![b'x'; 100_000];
            redis.call(&cmd("SET").arg("large").arg(value.as_slice()))?;
            match redis.call(&cmd("GET").arg("large")) {
                Err(Error::TooLarge { bytes: 100_011, .. }) => {}
                other => panic!("{other:?}"),
            }
            let mut batch = Batch::new();
            batch.push(&cmd("ECHO").arg(1))?;
            batch.push(&cmd("GET").arg("large"))?;
            batch.push(&cmd("ECHO").arg(2))?;
            let outcomes = redis.run(&batch);
            assert!(outcomes.get(0).is_some_and(|outcome| outcome.is_ok()));
            match outcomes.get(1) {
                Some(Outcome::TooLarge {
                    bytes: 100_011,
                    head,
                    ..
                }) => {
                    assert!(head.starts_with(b"$100000\r\nxxx"));
                }
                other => panic!("{other:?}"),
            }
            assert!(outcomes.get(2).is_some_and(|outcome| outcome.is_ok()));
            Ok(())
        },
    )
}

#[test]
fn a_reply_larger_than_the_buffer_can_be_streamed() -> Result {
    on_every_server(
        |launch| launch,
        |server| {
            let mut redis = Connection::connect(options(server)?.rx_bytes(1024))?;
            let value: Vec<u8> = (0..200_000u32).map(|i| i as u8).collect();
            redis.call(&cmd("SET").arg("large").arg(value.as_slice()))?;
            let (mut begun, mut streamed) = (None, Vec::new());
            let whole = redis.call_streamed(&cmd("GET").arg("large"), |token| match token {
                Token::Begin { len, .. } => begun = len,
                Token::Bytes(bytes) => streamed.extend_from_slice(bytes),
                _ => {}
            })?;
            assert!(whole.is_none());
            assert_eq!(begun, Some(200_000));
            assert!(streamed == value);
            let whole = redis.call_streamed(&cmd("ECHO").arg("small"), |_| panic!("it fits"))?;
            assert_eq!(whole.ok_or("none")?.as_str()?, "small");
            Ok(())
        },
    )
}

#[test]
fn a_panic_while_a_reply_is_streamed_leaves_the_connection_as_it_was() -> Result {
    on_every_server(
        |launch| launch,
        |server| {
            let mut redis = Connection::connect(options(server)?.rx_bytes(1024))?;
            redis.call(&cmd("SET").arg("a").arg("a".repeat(100_000)))?;
            redis.call(&cmd("SET").arg("b").arg("b".repeat(100_000)))?;
            let panic_in_the_middle = |redis: &mut Connection| {
                let panicked = catch_unwind(AssertUnwindSafe(|| {
                    let each = |_: Token<'_>| panic!("the caller's");
                    let _never = redis.call_streamed(&cmd("GET").arg("a"), each);
                }));
                assert!(panicked.is_err());
            };
            panic_in_the_middle(&mut redis);
            match redis.call(&cmd("GET").arg("b")) {
                Err(Error::TooLarge { .. }) => {}
                other => panic!("{other:?}"),
            }
            // Nor does the rest of one reply go to who streams the next.
            panic_in_the_middle(&mut redis);
            let mut streamed = Vec::new();
            redis.call_streamed(&cmd("GET").arg("b"), |token| {
                if let Token::Bytes(bytes) = token {
                    streamed.extend_from_slice(bytes);
                }
            })?;
            assert!(streamed == "b".repeat(100_000).as_bytes());
            Ok(())
        },
    )
}

#[test]
fn a_peer_that_takes_nothing_more_ends_the_connection_in_time() -> Result {
    let server = ScriptedServer::start(Script::new().receive_buffer(4096).stop_reading())?;
    let url = format!("redis://{}?protocol=2", server.address());
    let mut redis =
        Connection::connect(Options::from_url(&url)?.write_timeout(Duration::from_millis(200)))?;
    let value = vec![0; 64 * LARGE];
    match redis.call(&cmd("SET").arg("key").arg(value.as_slice())) {
        Err(Error::Ended {
            fate: Fate::NotSent,
            cause: Some(cause),
        }) => {
            assert!(
                matches!(*cause, Error::TimedOut(Deadline::Write)),
                "{cause:?}"
            );
        }
        other => panic!("{other:?}"),
    }
    Ok(())
}

#[test]
fn a_reply_that_is_late_ends_its_command_and_is_swallowed_when_it_comes() -> Result {
    let script = Script::new()
        .expect_command()
        .wait(Duration::from_millis(300))
        .send(b":1\r\n")
        .expect_command()
        .send(b":2\r\n");
    let server = ScriptedServer::start(script)?;
    let url = format!(
        "redis://{}?protocol=2&reply_timeout_ms=100",
        server.address()
    );
    let mut redis = Connection::connect(Options::from_url(&url)?.login(plain()))?;
    match redis.call(&cmd("INCR").arg("a")) {
        Err(Error::Ended {
            fate: Fate::Unknown(Why::TimedOut),
            cause: None,
        }) => {}
        other => panic!("{other:?}"),
    }
    assert!(redis.is_alive());
    thread::sleep(Duration::from_millis(300));
    assert_eq!(redis.call_to::<i64>(&cmd("INCR").arg("b"))?, 2);
    Ok(())
}

#[test]
fn what_finds_no_room_behind_commands_that_timed_out_is_not_sent() -> Result {
    let server = ScriptedServer::start(Script::new().stop_reading())?;
    // What would wait for ever ends with the silence limit instead.
    let url = format!(
        "redis://{}?protocol=2&depth=2&reply_timeout_ms=20&silence_limit_ms=10000",
        server.address()
    );
    let mut redis = Connection::connect(Options::from_url(&url)?.login(plain()))?;
    for _ in 0..2 {
        match redis.call(&cmd("PING")) {
            Err(Error::Ended {
                fate: Fate::Unknown(Why::TimedOut),
                cause: None,
            }) => {}
            other => panic!("{other:?}"),
        }
    }
    match redis.call(&cmd("PING")) {
        Err(
            error @ Error::Ended {
                fate: Fate::NotSent,
                ..
            },
        ) => assert!(error.to_string().contains("no slot is free"), "{error}"),
        other => panic!("{other:?}"),
    }
    let mut not_sent = 0;
    redis.stream((0..3).map(|n| (n, cmd("PING"))), |_, outcome| {
        not_sent += usize::from(matches!(outcome, Outcome::NotSent));
    })?;
    assert_eq!(not_sent, 3);
    match redis.send(&cmd("PING")) {
        Err(Error::Misuse(full @ Misuse::WindowFull { pending: 0 })) => {
            assert!(full.to_string().contains("no slot is free"), "{full}");
        }
        other => panic!("{other:?}"),
    }
    assert!(redis.is_alive());
    Ok(())
}

#[test]
fn a_silent_server_ends_the_connection_in_time() -> Result {
    let server = ScriptedServer::start(Script::new().expect_command().stop_reading())?;
    let url = format!(
        "redis://{}?protocol=2&silence_limit_ms=100",
        server.address()
    );
    let mut redis = Connection::connect(Options::from_url(&url)?.login(plain()))?;
    match redis.call(&cmd("INCR").arg("a")) {
        Err(Error::Ended {
            fate: Fate::Unknown(Why::LinkLost),
            cause: Some(cause),
        }) => {
            assert!(
                matches!(*cause, Error::TimedOut(Deadline::Silence)),
                "{cause:?}"
            );
        }
        other => panic!("{other:?}"),
    }
    Ok(())
}

#[test]
fn bytes_that_come_one_by_one_are_as_good_as_any() -> Result {
    on_every_server(
        |launch| launch,
        |server| {
            let lanes = Faults::new(Lane::new().pieces_of(3), Lane::new().pieces_of(1));
            let proxy = Proxy::start(server.address(), lanes)?;
            let mut redis = Connection::open(&format!("redis://{}", proxy.address()))?;
            let mut sum = 0;
            redis.stream(
                (0..500u64).map(|n| (n, cmd("ECHO").arg(n))),
                |n, outcome| {
                    let reply = outcome.reply().and_then(|reply| reply.to::<u64>().ok());
                    assert_eq!(reply, Some(n));
                    sum += n;
                },
            )?;
            assert_eq!(sum, 499 * 500 / 2);
            Ok(())
        },
    )
}

#[test]
fn a_stalled_link_that_comes_back_loses_nothing() -> Result {
    on_every_server(
        |launch| launch,
        |server| {
            let proxy = Proxy::start(server.address(), Faults::none())?;
            let mut redis = Connection::open(&format!("redis://{}", proxy.address()))?;
            thread::scope(|scope| {
                proxy.stall(Direction::ToClient);
                scope.spawn(|| {
                    thread::sleep(Duration::from_millis(150));
                    proxy.resume(Direction::ToClient);
                });
                redis.stream(
                    (0..5_000u64).map(|n| (n, cmd("ECHO").arg(n))),
                    |n, outcome| {
                        let reply = outcome.reply().and_then(|reply| reply.to::<u64>().ok());
                        assert_eq!(reply, Some(n));
                    },
                )
            })?;
            Ok(())
        },
    )
}

fn plain() -> respipe_std::core::pipeline::LoginBuf {
    respipe_std::core::pipeline::LoginBuf {
        protocol: respipe_std::core::login::Protocol::Resp2,
        ..Default::default()
    }
}

#[test]
fn a_stream_of_the_callers_own_is_used_as_it_is() -> Result {
    on_every_server(
        |launch| launch,
        |server| {
            let own = TcpStream::connect(server.address())?;
            let mut redis = Connection::over(own, Options::new())?;
            assert_eq!(redis.call_to::<i64>(&cmd("ECHO").arg(5))?, 5);
            redis.stream(
                (0..3_000u64).map(|n| (n, cmd("ECHO").arg(n))),
                |n, outcome| {
                    let reply = outcome.reply().and_then(|reply| reply.to::<u64>().ok());
                    assert_eq!(reply, Some(n));
                },
            )?;
            assert_eq!(redis.close()?.discarded, 0);
            let own = TcpStream::connect(server.address())?;
            let mut redis = Connection::over_socket(own, Options::new())?;
            assert_eq!(redis.call_to::<i64>(&cmd("ECHO").arg(6))?, 6);
            Ok(())
        },
    )
}
