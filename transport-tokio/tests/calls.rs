//! One command, one reply: the shared client against real servers.

mod common;

use common::{Result, client, options, plain};
use respipe_tokio::{Client, Error, Fate, Rejected, cmd};

#[tokio::test]
async fn a_call_gives_the_reply_or_the_value() -> Result {
    for server in plain()? {
        let redis = client(&server).await?;
        let reply = redis.call(&cmd("SET").arg("a").arg(41)).await?;
        assert!(reply.as_reply().is_ok());
        assert_eq!(redis.call_to::<i64, _>(&cmd("INCR").arg("a")).await?, 42);
        let error = redis.call_to::<i64, _>(&cmd("LPUSH").arg("a").arg(1)).await;
        assert!(matches!(error, Err(Error::Server(text)) if text.starts_with("WRONGTYPE")));
        redis.close().await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_replies_of_many_callers_are_their_own_on_one_thread() -> Result {
    many_callers().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_replies_of_many_callers_are_their_own_on_several_threads() -> Result {
    many_callers().await
}

async fn many_callers() -> Result {
    for server in plain()? {
        let redis = client(&server).await?;
        let tasks: Vec<_> = (0..256u32)
            .map(|task| {
                let redis = redis.clone();
                tokio::spawn(async move {
                    for n in 0..100 {
                        let sent = format!("{task}:{n}");
                        let echo: String = redis.call_to(&cmd("ECHO").arg(sent.as_str())).await?;
                        assert_eq!(echo, sent);
                    }
                    Ok::<_, Error>(())
                })
            })
            .collect();
        for task in tasks {
            task.await??;
        }
        let metrics = redis.metrics();
        assert_eq!((metrics.sent, metrics.answered), (25_600, 25_600));
        assert_eq!((metrics.in_flight, metrics.queued), (0, 0));
    }
    Ok(())
}

#[tokio::test]
async fn more_callers_than_the_window_has_room_for_wait_in_line() -> Result {
    for server in plain()? {
        let redis = Client::connect(options(&server)?.depth(4).tx_bytes(128)).await?;
        let tasks: Vec<_> = (0..100u32)
            .map(|n| {
                let redis = redis.clone();
                tokio::spawn(async move {
                    // One in ten is longer than the whole window.
                    let sent = n.to_string().repeat(if n % 10 == 0 { 1_000 } else { 1 });
                    let echo: String = redis.call_to(&cmd("ECHO").arg(sent.as_str())).await?;
                    assert_eq!(echo, sent);
                    redis
                        .call_to::<i64, _>(&cmd("RPUSH").arg("order").arg(n))
                        .await
                })
            })
            .collect();
        for task in tasks {
            task.await??;
        }
        let n: i64 = redis.call_to(&cmd("LLEN").arg("order")).await?;
        assert_eq!(n, 100);
        assert_eq!(redis.metrics().queued, 0);
    }
    Ok(())
}

#[tokio::test]
async fn a_shared_client_says_where_blocking_commands_and_transactions_go() -> Result {
    for server in plain()? {
        let redis = client(&server).await?;
        for command in [
            cmd("BLPOP").args(("a", 0)),
            cmd("SUBSCRIBE").args(("a", 0)),
            cmd("WATCH").args(("a", 0)),
        ] {
            let error = redis.call(&command).await.err().ok_or("taken")?;
            assert_eq!(error.fate(), Some(Fate::Refused));
            assert!(matches!(error, Error::Rejected(Rejected::Refused(_))));
            assert!(
                error.to_string().contains("connection of its own"),
                "{error}"
            );
        }
        assert!(redis.call(&cmd("PING")).await.is_ok());
    }
    Ok(())
}

#[tokio::test]
async fn a_client_that_is_printed_shows_nothing_of_what_is_under_way() -> Result {
    for server in plain()? {
        let redis = client(&server).await?;
        server.pause()?;
        let secret = cmd("SET").args(("k", "correct horse"));
        let mut call = Box::pin(redis.call(&secret));
        let polled = core::future::poll_fn(|cx| {
            core::task::Poll::Ready(Future::poll(call.as_mut(), cx).is_ready())
        });
        assert!(!polled.await);
        let printed = format!("{redis:?}");
        assert!(printed.contains("in_flight: 1"), "{printed}");
        assert!(printed.len() < 2_000, "{printed}");
        server.resume()?;
        drop(call);
    }
    Ok(())
}
