//! Unix sockets, TLS and streams of the caller's own; values of any size over them.

mod common;

use core::time::Duration;

use common::{Result, options, plain, servers};
use respipe_testkit::process::Launch;
use respipe_tokio::{
    Batch, Client, Dedicated, Error, Fate, Options, Outcome, Reconnect, Resend, Token, Why, cmd,
};
use tokio::time::timeout;

/// Longer than anything here takes, and shorter than for ever.
const LONG: Duration = Duration::from_secs(20);

fn value(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|i| (i >> 3) as u8).collect()
}

/// Small calls, and values that fill every buffer in both directions at once.
async fn exercise(redis: Client) -> Result {
    let tasks: Vec<_> = (0..64u64)
        .map(|task| {
            let redis = redis.clone();
            tokio::spawn(async move {
                for n in 0..50 {
                    let sent = task * 1_000 + n;
                    let echo: u64 = redis.call_to(&cmd("ECHO").arg(sent)).await?;
                    assert_eq!(echo, sent);
                }
                Ok::<_, Error>(())
            })
        })
        .collect();
    let large = value(5 * 1024 * 1024);
    let mut batch = Batch::new();
    for _ in 0..3 {
        batch.push(&cmd("ECHO").arg(large.as_slice()))?;
    }
    let outcomes = timeout(LONG, redis.run(&batch)).await?;
    for outcome in outcomes.iter() {
        let reply = outcome.reply().ok_or("no reply")?;
        assert!(reply.as_bytes() == Ok(large.as_slice()));
    }
    for task in tasks {
        task.await??;
    }
    redis.close().await?;
    Ok(())
}

#[tokio::test]
async fn commands_go_over_tcp() -> Result {
    for server in plain()? {
        exercise(Client::connect(options(&server)?).await?).await?;
    }
    Ok(())
}

#[tokio::test]
async fn commands_go_over_a_stream_of_the_callers_own() -> Result {
    for server in plain()? {
        let own = tokio::net::TcpStream::connect(server.address()).await?;
        exercise(Client::over(own, Options::new()).await?).await?;
    }
    Ok(())
}

#[cfg(unix)]
#[tokio::test]
async fn commands_go_over_a_unix_socket() -> Result {
    for server in servers(Launch::unix_socket)? {
        let path = server.unix_socket().ok_or("no socket")?;
        let url = format!("unix://{}", path.display());
        exercise(Client::open(&url).await?).await?;
    }
    Ok(())
}

#[cfg(feature = "tls")]
mod tls {
    use respipe_testkit::process::ServerProcess;
    use respipe_tokio::{Deadline, Roots};

    use super::*;

    fn options(server: &ServerProcess) -> Result<Options> {
        let root = std::fs::read(server.certificates().ok_or("no certificates")?.root())?;
        let url = server.tls_url().ok_or("no TLS")?;
        Ok(Options::from_url(&url)?.roots(Roots::Pem(root)))
    }

    #[tokio::test]
    async fn commands_go_over_tls() -> Result {
        for server in servers(|launch| launch.tls().password("hush"))? {
            exercise(Client::connect(options(&server)?).await?).await?;
        }
        Ok(())
    }

    #[tokio::test]
    async fn a_certificate_that_is_not_trusted_and_a_port_without_tls_have_names() -> Result {
        for server in servers(Launch::tls)? {
            let url = server.tls_url().ok_or("no TLS")?;
            let error = Client::open(&url).await.err().ok_or("trusted")?;
            assert!(matches!(error, Error::Tls(_)), "{error:?}");
            let plain = options(&server)?;
            let url = server.url().replace("redis://", "rediss://");
            let options = Options::from_url(&url)?.roots(plain.roots);
            let options = options.connect_timeout(Duration::from_millis(500));
            let error = Client::connect(options).await.err().ok_or("let in")?;
            assert!(
                matches!(error, Error::Tls(_) | Error::TimedOut(Deadline::Tls)),
                "{error:?}"
            );
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_reply_that_is_too_large_is_skipped_when_shared_and_streamed_on_a_connection_of_ones_own()
-> Result {
    for server in plain()? {
        let small = options(&server)?.rx_bytes(4096);
        let redis = Client::connect(small.clone()).await?;
        let large = value(3 * 1024 * 1024);
        redis
            .call(&cmd("SET").arg("large").arg(large.as_slice()))
            .await?;
        let error = redis
            .call(&cmd("GET").arg("large"))
            .await
            .err()
            .ok_or("fits")?;
        let length = large.len() as u64;
        assert!(matches!(error, Error::TooLarge { bytes, .. } if bytes > length));
        assert!(redis.call(&cmd("PING")).await.is_ok());

        let mut own = redis.dedicated().await?;
        let (mut got, mut announced) = (Vec::new(), None);
        let whole = own
            .call_streamed(&cmd("GET").arg("large"), |token| match token {
                Token::Begin { len, .. } => announced = len,
                Token::Bytes(bytes) => got.extend_from_slice(bytes),
                _ => {}
            })
            .await?;
        assert!(whole.is_none());
        assert_eq!(announced, Some(length));
        assert!(got == large);
        // A small one comes whole, and afterwards all is as it was.
        let reply = own
            .call_streamed(&cmd("PING"), |_| panic!("no pieces"))
            .await?;
        assert!(reply.is_some());
        let error = own
            .call(&cmd("GET").arg("large"))
            .await
            .err()
            .ok_or("fits")?;
        assert!(matches!(error, Error::TooLarge { .. }));
    }
    Ok(())
}

#[tokio::test]
async fn a_streamed_reply_that_is_given_up_half_way_leaves_the_connection_in_step() -> Result {
    for server in plain()? {
        let mut own = Dedicated::connect(options(&server)?.rx_bytes(4096)).await?;
        let large = value(8 * 1024 * 1024);
        own.call(&cmd("SET").arg("large").arg(large.as_slice()))
            .await?;
        for limit in [0, 1, 2, 5, 20] {
            let get = cmd("GET").arg("large");
            let streamed =
                own.call_streamed(&get, |_| std::thread::sleep(Duration::from_micros(50)));
            let _some_were_too_slow = timeout(Duration::from_millis(limit), streamed).await;
            let echo: u64 = timeout(LONG, own.call_to(&cmd("ECHO").arg(limit))).await??;
            assert_eq!(echo, limit);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_reply_is_taken_in_pieces_everyone_gets_what_is_theirs() -> Result {
    for server in plain()? {
        let mut own = Dedicated::connect(options(&server)?.rx_bytes(1024)).await?;
        let (mine, theirs) = (vec![b'm'; 5_000], vec![b't'; 5_000]);
        own.call(&cmd("SET").arg("mine").arg(mine.as_slice()))
            .await?;
        own.call(&cmd("SET").arg("theirs").arg(theirs.as_slice()))
            .await?;
        let clone: Client = (*own).clone();
        let other = tokio::spawn(async move {
            let mut batch = Batch::new();
            batch.push(&cmd("ECHO").arg("a"))?;
            batch.push(&cmd("GET").arg("theirs"))?;
            batch.push(&cmd("ECHO").arg("b"))?;
            for _ in 0..30 {
                let get = clone.call(&cmd("GET").arg("theirs")).await;
                assert!(matches!(get, Err(Error::TooLarge { .. })), "{get:?}");
                let outcomes = clone.run(&batch).await;
                let echoes =
                    [0, 2].map(|n| outcomes.reply(n).and_then(|reply| reply.as_str().ok()));
                assert_eq!(echoes, [Some("a"), Some("b")], "{outcomes:?}");
                let get = outcomes.get(1);
                assert!(matches!(get, Some(Outcome::TooLarge { .. })), "{get:?}");
            }
            Ok::<_, Error>(())
        });
        while !other.is_finished() {
            let mut got = Vec::new();
            let get = cmd("GET").arg("mine");
            let whole = own.call_streamed(&get, |token| {
                if let Token::Bytes(bytes) = token {
                    got.extend_from_slice(bytes);
                }
            });
            assert!(timeout(LONG, whole).await??.is_none());
            assert!(got == mine, "{} bytes", got.len());
        }
        timeout(LONG, other).await???;
    }
    Ok(())
}

#[tokio::test]
async fn a_reply_comes_in_pieces_over_a_connection_that_was_made_again_for_it() -> Result {
    for mut server in plain()? {
        let quick = Reconnect {
            first_delay: Duration::from_millis(1),
            max_delay: Duration::from_millis(20),
            attempts: 1_000,
            ..Reconnect::DEFAULT
        };
        let options = options(&server)?.rx_bytes(1024).reconnect(quick);
        let mut own = Dedicated::connect(options.resend(Resend::NotSent)).await?;
        let mut state = own.state();
        server.kill()?;
        timeout(LONG, state.wait_for(|state| !state.is_up())).await??;
        let (mut bytes, large) = (0, "x".repeat(5_000));
        let echo = cmd("ECHO").arg(large.as_str());
        let streamed = own.call_streamed(&echo, |token| {
            if let Token::Bytes(piece) = token {
                bytes += piece.len();
            }
        });
        let (whole, restarted) = tokio::join!(timeout(LONG, streamed), async { server.restart() });
        restarted?;
        assert!(whole??.is_none());
        assert_eq!(bytes, 5_000);
    }
    Ok(())
}

#[tokio::test]
async fn a_reply_in_pieces_that_ends_with_its_connection_says_why() -> Result {
    for mut server in plain()? {
        let mut own = Dedicated::connect(options(&server)?.rx_bytes(1024)).await?;
        let large = value(16 * 1024 * 1024);
        own.call(&cmd("SET").arg("large").arg(large.as_slice()))
            .await?;
        let mut killed = false;
        let get = cmd("GET").arg("large");
        let streamed = own.call_streamed(&get, |_| {
            killed = killed || server.kill().is_ok();
        });
        let error = timeout(LONG, streamed).await?.err().ok_or("whole")?;
        assert!(
            matches!(
                error,
                Error::Ended {
                    fate: Fate::Unknown(Why::LinkLost),
                    cause: Some(_)
                }
            ),
            "{error:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_command_longer_than_the_send_buffer_can_have_its_reply_in_pieces() -> Result {
    for server in plain()? {
        let options = options(&server)?.tx_bytes(1024).rx_bytes(1024);
        let mut own = Dedicated::connect(options).await?;
        let sent = value(200_000);
        let mut got = Vec::new();
        let echo = cmd("ECHO").arg(sent.as_slice());
        let streamed = own.call_streamed(&echo, |token| {
            if let Token::Bytes(bytes) = token {
                got.extend_from_slice(bytes);
            }
        });
        assert!(timeout(LONG, streamed).await??.is_none());
        assert!(got == sent, "{} bytes", got.len());
        // Given up at any point, it leaves nothing behind.
        for limit in 0..20 {
            let streamed = own.call_streamed(&echo, |_| {});
            let _given_up = timeout(Duration::from_micros(limit * 50), streamed).await;
        }
        timeout(LONG, own.call(&cmd("PING"))).await??;
        assert_eq!(own.metrics().calls, 0);
    }
    Ok(())
}
