//! TLS against real servers.
#![cfg(feature = "tls")]

mod common;

use std::fs;

use common::{Result, on_every_server};
use respipe_std::{Batch, Connection, Options, Roots, cmd};
use respipe_testkit::process::{Launch, ServerProcess};

fn options(server: &ServerProcess) -> Result<Options> {
    let root = fs::read(server.certificates().ok_or("no certificates")?.root())?;
    let url = server.tls_url().ok_or("no TLS")?;
    Ok(Options::from_url(&url)?.roots(Roots::Pem(root)))
}

#[test]
fn commands_go_through_tls_as_through_tcp() -> Result {
    on_every_server(
        |launch| launch.tls().password("hush"),
        |server| {
            let mut redis = Connection::connect(options(server)?)?;
            redis.stream(
                (0..20_000u64).map(|n| (n, cmd("ECHO").arg(n))),
                |n, outcome| {
                    let reply = outcome.reply().and_then(|reply| reply.to::<u64>().ok());
                    assert_eq!(reply, Some(n));
                },
            )?;
            for _ in 0..1_000 {
                redis.send(&cmd("INCR").arg("n"))?;
            }
            assert_eq!(redis.close()?.discarded, 1_000);
            let mut redis = Connection::connect(options(server)?)?;
            assert_eq!(redis.call_to::<i64>(&cmd("GET").arg("n"))?, 1_000);
            Ok(())
        },
    )
}

#[test]
fn large_values_go_both_ways_through_tls() -> Result {
    on_every_server(Launch::tls, |server| {
        let mut redis = Connection::connect(options(server)?)?;
        let value: Vec<u8> = (0..10 * 1024 * 1024u32).map(|i| (i >> 3) as u8).collect();
        let mut batch = Batch::new();
        for _ in 0..3 {
            batch.push(&cmd("ECHO").arg(value.as_slice()))?;
        }
        let outcomes = redis.run(&batch);
        for outcome in outcomes.iter() {
            let reply = outcome.reply().ok_or("no reply")?;
            assert!(reply.as_bytes() == Ok(value.as_slice()));
        }
        Ok(())
    })
}

#[test]
fn a_certificate_that_is_not_trusted_is_refused_with_advice() -> Result {
    on_every_server(Launch::tls, |server| {
        let other = Launch::new(server.binary()).tls().start()?;
        let url = server.tls_url().ok_or("no TLS")?;
        let root = fs::read(other.certificates().ok_or("none")?.root())?;
        let error = Connection::connect(Options::from_url(&url)?.roots(Roots::Pem(root)));
        let text = error.err().ok_or("trusted")?.to_string();
        assert!(
            text.contains("not trusted") && text.contains("Options::roots"),
            "{text}"
        );
        Ok(())
    })
}

#[test]
fn tls_and_its_absence_are_told_apart() -> Result {
    on_every_server(Launch::tls, |server| {
        let plain = server.url().replace("redis://", "rediss://");
        let error = Connection::open(&format!("{plain}?connect_timeout_ms=300"));
        let error = error.err().ok_or("TLS on the plain port")?;
        assert!(
            error.to_string().contains("use redis://"),
            "{error:?}: {error}"
        );
        let tls = server
            .tls_url()
            .ok_or("no TLS")?
            .replace("rediss://", "redis://");
        let error = Connection::open(&tls)
            .err()
            .ok_or("plain on the TLS port")?;
        assert!(
            error.to_string().contains("use rediss://"),
            "{error:?}: {error}"
        );
        Ok(())
    })
}
