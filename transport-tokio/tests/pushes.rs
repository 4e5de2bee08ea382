//! Subscriptions and invalidations, against real servers.

mod common;

use core::net::SocketAddr;
use core::time::Duration;
use std::io::ErrorKind;

use common::{Result, client, options, pings, plain, servers};
use respipe_testkit::process::ServerProcess;
use respipe_testkit::proxy::{Direction, End, Faults, Proxy};
use respipe_tokio::core::login::Protocol;
use respipe_tokio::core::pipeline::LoginBuf;
use respipe_tokio::{Client, Connection, Error, Options, Reconnect, Subscriber, Topic, cmd};
use tokio::time::timeout;

/// Longer than anything here takes, and shorter than for ever.
const LONG: Duration = Duration::from_secs(20);

async fn next(news: &mut Subscriber) -> Result<(String, String)> {
    let push = timeout(LONG, news.next()).await?.ok_or("ended")?;
    let message = push.message().ok_or("no message")?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((text(message.channel), text(message.payload)))
}

fn over(protocol: Protocol, options: Options) -> Options {
    options.login(LoginBuf {
        protocol,
        ..LoginBuf::default()
    })
}

#[tokio::test]
async fn messages_come_as_a_stream_over_either_protocol() -> Result {
    for server in plain()? {
        for protocol in [Protocol::Resp2, Protocol::Resp3] {
            let redis = client(&server).await?;
            let mut news = Subscriber::connect(over(protocol, options(&server)?)).await?;
            news.subscribe("a").await?;
            news.subscribe(Topic::pattern("b*")).await?;
            for (channel, text) in [("a", "1"), ("x", "2"), ("bb", "3"), ("a", "4")] {
                redis.call(&cmd("PUBLISH").args((channel, text))).await?;
            }
            for expected in [("a", "1"), ("bb", "3"), ("a", "4")] {
                let (channel, text) = next(&mut news).await?;
                assert_eq!((channel.as_str(), text.as_str()), expected);
            }
            news.unsubscribe("a").await?;
            redis.call(&cmd("PUBLISH").args(("a", "5"))).await?;
            redis.call(&cmd("PUBLISH").args(("b", "6"))).await?;
            assert_eq!(next(&mut news).await?, ("b".to_owned(), "6".to_owned()));
            assert_eq!(news.lost(), 0);
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_slow_reader_loses_the_oldest_messages_and_knows_how_many() -> Result {
    for server in plain()? {
        let redis = client(&server).await?;
        let mut news = Subscriber::connect(options(&server)?.pushes(10)).await?;
        news.subscribe("a").await?;
        let (before, flood) = (news.lost(), 10_000);
        let publish: Vec<_> = (0..flood).map(|n| cmd("PUBLISH").arg("a").arg(n)).collect();
        let mut batch = respipe_tokio::Batch::new();
        for command in &publish {
            batch.push(command)?;
        }
        assert!(redis.run(&batch).await.all_ok());
        // The confirmation comes behind all of them.
        news.unsubscribe("a").await?;
        let lost = news.lost() - before;
        let mut kept = Vec::new();
        while let Ok(message) = timeout(Duration::from_millis(50), next(&mut news)).await {
            kept.push(message?.1.parse::<i32>()?);
        }
        assert_eq!(kept.last(), Some(&(flood - 1)));
        assert!(kept.len() <= 10 && lost as usize + kept.len() >= flood as usize);
        assert_eq!(news.connection().metrics().pushes_lost, news.lost());
    }
    Ok(())
}

#[tokio::test]
async fn a_subscriber_subscribes_again_on_its_next_connection() -> Result {
    for server in plain()? {
        let redis = client(&server).await?;
        let proxy = Proxy::start(server.address(), Faults::none())?;
        let url = format!("redis://{}", proxy.address());
        // More topics than its window holds.
        let options = Options::from_url(&url)?
            .depth(4)
            .reconnect(Reconnect::DEFAULT);
        let mut news = Subscriber::connect(options).await?;
        for n in 0..20 {
            news.subscribe(format!("a{n}").as_str()).await?;
        }
        news.unsubscribe("a7").await?;
        let mut state = news.connection().state();
        proxy.end(Direction::ToClient, End::Reset);
        let again = |state: &Connection| matches!(state, Connection::Up { epoch: 2.. });
        timeout(LONG, state.wait_for(again)).await??;
        // Nobody was told when it is subscribed: messages that nobody heard are published again.
        let mut heard = 0;
        while heard == 0 {
            heard = redis
                .call_to(&cmd("PUBLISH").args(("a19", "hello")))
                .await?;
        }
        assert_eq!(
            next(&mut news).await?,
            ("a19".to_owned(), "hello".to_owned())
        );
        assert_eq!(
            redis
                .call_to::<i64, _>(&cmd("PUBLISH").args(("a7", "x")))
                .await?,
            0
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_subscriber_that_is_idle_is_asked_whether_it_is_still_there() -> Result {
    for server in plain()? {
        for protocol in [Protocol::Resp2, Protocol::Resp3] {
            let proxy = Proxy::start(server.address(), Faults::none())?;
            let options = Options::from_url(&format!("redis://{}", proxy.address()))?;
            let options = over(protocol, options).ping(Some(Duration::from_millis(300)));
            let mut news = Subscriber::connect(options).await?;
            news.subscribe("a").await?;
            // Asked, and answered: it is still there.
            pings(&server, 1).await?;
            assert!(news.connection().state().borrow().is_up());
            proxy.stall(Direction::ToClient);
            assert!(timeout(LONG, news.next()).await?.is_none());
        }
    }
    Ok(())
}

#[tokio::test]
async fn invalidations_of_keys_that_were_read_come_as_a_stream() -> Result {
    for server in plain()? {
        let redis = client(&server).await?;
        let other = client(&server).await?;
        let mut changes = redis.track(&[]).await?;
        redis.call(&cmd("GET").arg("a")).await?;
        other.call(&cmd("SET").args(("a", 1))).await?;
        let push = timeout(LONG, changes.next()).await?.ok_or("ended")?;
        let (kind, keys): (String, Vec<String>) = push.reply().to()?;
        assert_eq!((kind.as_str(), keys), ("invalidate", vec!["a".to_owned()]));
    }
    Ok(())
}

#[tokio::test]
async fn tracking_waits_its_turn_where_the_window_is_full() -> Result {
    for server in plain()? {
        let redis = Client::connect(options(&server)?.depth(1)).await?;
        let other = client(&server).await?;
        let (ping, get) = (cmd("PING"), cmd("GET").arg("a"));
        // Polled in this order, before anything leaves.
        let (ping, changes, read) =
            tokio::join!(redis.call(&ping), redis.track(&[]), redis.call(&get));
        let (_ping, mut changes, _read) = (ping?, changes?, read?);
        other.call(&cmd("SET").args(("a", 1))).await?;
        let push = timeout(LONG, changes.next()).await?.ok_or("ended")?;
        let (_, keys): (String, Vec<String>) = push.reply().to()?;
        assert_eq!(keys, ["a"]);
        // It was allowed alone.
        let error = redis.call(&cmd("SELECT").arg(1)).await.err();
        assert!(matches!(error, Some(Error::Rejected(_))), "{error:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_shared_client_that_is_made_again_tracks_again() -> Result {
    for server in plain()? {
        let proxy = Proxy::start(server.address(), Faults::none())?;
        let options = Options::from_url(&format!("redis://{}", proxy.address()))?;
        let redis = Client::connect(options.reconnect(Reconnect::DEFAULT)).await?;
        let other = client(&server).await?;
        let mut changes = redis.track(&[]).await?;
        let mut state = redis.state();
        proxy.end(Direction::ToClient, End::Reset);
        let again = |state: &Connection| matches!(state, Connection::Up { epoch: 2.. });
        timeout(LONG, state.wait_for(again)).await??;
        redis.call(&cmd("GET").arg("a")).await?;
        other.call(&cmd("SET").args(("a", 1))).await?;
        assert!(timeout(LONG, changes.next()).await?.is_some());
        let error = redis
            .call(&cmd("SELECT").arg(1))
            .await
            .err()
            .ok_or("taken")?;
        assert!(matches!(error, Error::Rejected(_)), "{error:?}");
    }
    Ok(())
}

/// A proxy where one was before: who tries to connect meanwhile, and is given that port for itself, has it for
/// a moment.
async fn proxy_at(address: SocketAddr, server: &ServerProcess) -> Result<Proxy> {
    loop {
        match Proxy::start_on(address, server.address(), Faults::none()) {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            started => return Ok(started?),
        }
    }
}

#[tokio::test]
async fn a_client_that_tracks_does_not_take_a_connection_that_cannot_say_what_changes() -> Result {
    // Redis before 6, and some proxies, know no HELLO.
    let old = servers(|launch| launch.config("rename-command HELLO \"\""))?;
    for (server, old) in plain()?.into_iter().zip(old) {
        let proxy = Proxy::start(server.address(), Faults::none())?;
        let address = proxy.address();
        let quick = Reconnect {
            first_delay: Duration::from_millis(1),
            max_delay: Duration::from_millis(20),
            attempts: 1_000,
            ..Reconnect::DEFAULT
        };
        let options = Options::from_url(&format!("redis://{address}"))?.reconnect(quick);
        let redis = Client::connect(options).await?;
        let mut changes = redis.track(&[]).await?;
        let mut state = redis.state();
        drop(proxy);
        let proxy = timeout(LONG, proxy_at(address, &old)).await??;
        let refused = |state: &Connection| {
            matches!(
                state,
                Connection::Down {
                    cause: Error::NeedsResp3
                } | Connection::Up { epoch: 2.. }
            )
        };
        let found = timeout(LONG, state.wait_for(refused)).await??.clone();
        assert!(!found.is_up(), "{found:?}");
        drop(proxy);
        let _proxy = timeout(LONG, proxy_at(address, &server)).await??;
        timeout(LONG, state.wait_for(Connection::is_up)).await??;
        redis.call(&cmd("GET").arg("k")).await?;
        client(&server)
            .await?
            .call(&cmd("SET").args(("k", 1)))
            .await?;
        assert!(timeout(LONG, changes.next()).await?.is_some());

        let error = client(&old).await?.track(&[]).await.err();
        assert!(matches!(error, Some(Error::NeedsResp3)), "{error:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_subscriber_says_when_its_attempts_have_run_out_and_tries_again_when_it_is_asked()
-> Result {
    for mut server in plain()? {
        let three = Reconnect {
            first_delay: Duration::from_millis(1),
            max_delay: Duration::from_millis(5),
            attempts: 3,
            ..Reconnect::DEFAULT
        };
        let mut news = Subscriber::connect(options(&server)?.reconnect(three)).await?;
        news.subscribe("news").await?;
        server.kill()?;
        for _ in 0..2 {
            assert!(timeout(LONG, news.next()).await?.is_none());
            let state = news.connection().state().borrow().clone();
            assert!(matches!(state, Connection::Dormant { .. }), "{state:?}");
        }
        server.restart()?;
        let redis = client(&server).await?;
        let publishing = tokio::spawn(async move {
            while redis
                .call(&cmd("PUBLISH").args(("news", "x")))
                .await
                .is_ok()
            {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
        assert_eq!(next(&mut news).await?, ("news".to_owned(), "x".to_owned()));
        publishing.abort();
    }
    Ok(())
}
