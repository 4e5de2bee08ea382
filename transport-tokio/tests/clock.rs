//! Time, with tokio's clock paused: over a stream in memory nothing but time passes.

use core::time::Duration;

use respipe_tokio::core::login::Protocol;
use respipe_tokio::core::pipeline::LoginBuf;
use respipe_tokio::{Client, Connection, Deadline, Error, Fate, Options, Why, cmd};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::time::Instant;

type Result<T = ()> = core::result::Result<T, Box<dyn core::error::Error>>;

/// A client that says nothing at login, and the server's end of its stream.
async fn client(options: Options) -> Result<(Client, DuplexStream)> {
    let (ours, theirs) = tokio::io::duplex(4096);
    let login = LoginBuf {
        protocol: Protocol::Resp2,
        ..LoginBuf::default()
    };
    Ok((Client::over(ours, options.login(login)).await?, theirs))
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_does_not_come_ends_its_call_when_its_time_is_up() -> Result {
    let limit = Duration::from_secs(5);
    let (redis, mut server) = client(Options::new().reply_timeout(limit).ping(None)).await?;
    let begun = Instant::now();
    let error = redis
        .call(&cmd("GET").arg("a"))
        .await
        .err()
        .ok_or("answered")?;
    assert_eq!(error.fate(), Some(Fate::Unknown(Why::TimedOut)));
    let took = begun.elapsed();
    assert!(
        took >= limit && took < limit + Duration::from_millis(10),
        "{took:?}"
    );
    // A caller's own limit counts alone where it is shorter.
    let begun = Instant::now();
    let own = redis.call_within(limit / 5, &cmd("GET").arg("b")).await;
    let error = own.err().ok_or("answered")?;
    assert_eq!(error.fate(), Some(Fate::Unknown(Why::TimedOut)));
    assert!(begun.elapsed() < limit / 4);
    // Late replies are theirs, and the next one's is its own.
    let mut asked = [0; 40];
    server.read_exact(&mut asked).await?;
    server.write_all(b"$1\r\na\r\n$1\r\nb\r\n").await?;
    let command = cmd("GET").arg("c");
    let (next, answered) = tokio::join!(redis.call_to::<String, _>(&command), async {
        server.read_exact(&mut asked[..20]).await?;
        server.write_all(b"$1\r\nc\r\n").await
    });
    answered?;
    let next = next?;
    assert_eq!(next, "c");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_idle_server_is_asked_and_given_up_when_it_does_not_answer() -> Result {
    let interval = Duration::from_secs(30);
    let (redis, mut server) = client(Options::new().ping(Some(interval))).await?;
    let begun = Instant::now();
    let mut asked = [0; 14];
    for nth in 1..=3 {
        server.read_exact(&mut asked).await?;
        assert_eq!(&asked, b"*1\r\n$4\r\nPING\r\n");
        let at = begun.elapsed();
        assert!(
            at >= nth * interval && at < nth * interval + Duration::from_millis(50),
            "{at:?}"
        );
        server.write_all(b"+PONG\r\n").await?;
    }
    server.read_exact(&mut asked).await?;
    let mut state = redis.state();
    let over = state.wait_for(Connection::is_over).await?.clone();
    assert!(
        matches!(
            over,
            Connection::Over {
                cause: Error::TimedOut(Deadline::Silence)
            }
        ),
        "{over:?}"
    );
    let at = begun.elapsed();
    assert!(
        at >= 5 * interval && at < 5 * interval + Duration::from_millis(100),
        "{at:?}"
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn closing_waits_for_replies_and_no_longer_than_it_may() -> Result {
    let limit = Duration::from_secs(3);
    let options = Options::new().close_timeout(limit).ping(None);
    let (redis, _server) = client(options).await?;
    let other = redis.clone();
    let call = tokio::spawn(async move { other.call(&cmd("GET").arg("a")).await });
    tokio::task::yield_now().await;
    let begun = Instant::now();
    let error = redis.close().await.err().ok_or("closed in good order")?;
    assert!(
        matches!(error, Error::TimedOut(Deadline::Close)),
        "{error:?}"
    );
    assert!(begun.elapsed() >= limit && begun.elapsed() < 2 * limit);
    let error = call.await?.err().ok_or("answered")?;
    assert_eq!(error.fate(), Some(Fate::Unknown(Why::LinkLost)));
    Ok(())
}
