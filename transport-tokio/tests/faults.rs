//! What callers know when a link dies: every command has its outcome, and it is true; nothing hangs.

mod common;

use core::time::Duration;
use std::net::TcpListener;

use common::{Result, client, options, pings, plain};
use respipe_testkit::process::ServerProcess;
use respipe_testkit::proxy::{Direction, End, Faults, Lane, Proxy};
use respipe_tokio::core::login::Protocol;
use respipe_tokio::core::pipeline::LoginBuf;
use respipe_tokio::{
    Batch, Client, Connection, Deadline, Error, Fate, Options, Outcome, Reconnect, Resend, Why, cmd,
};

/// Longer than anything here takes, and shorter than for ever.
const LONG: Duration = Duration::from_secs(20);

/// Ten attempts, quick ones.
const QUICK: Reconnect = Reconnect {
    attempts: 10,
    first_delay: Duration::from_millis(1),
    max_delay: Duration::from_millis(20),
    max_elapsed: Duration::from_secs(10),
};

/// What INCRs came to.
#[derive(Debug, Default)]
struct Count {
    replied: usize,
    unknown: usize,
    not_sent: usize,
}

impl Count {
    fn add(&mut self, fate: Option<Fate>) {
        match fate {
            None => self.replied += 1,
            Some(Fate::Unknown(Why::LinkLost)) => self.unknown += 1,
            Some(Fate::NotSent) => self.not_sent += 1,
            other => panic!("{other:?}"),
        }
    }

    fn total(&self) -> usize {
        self.replied + self.unknown + self.not_sent
    }

    /// Whether this can be true of a server that has run so many.
    fn allows(&self, applied: usize) -> bool {
        (self.replied..=self.replied + self.unknown).contains(&applied)
    }
}

fn fate(outcome: &Outcome<'_>) -> Option<Fate> {
    assert!(outcome.reply().is_none_or(|reply| reply.error().is_none()));
    outcome.fate()
}

async fn applied(server: &ServerProcess) -> Result<usize> {
    let redis = client(server).await?;
    let applied: Option<usize> = redis.call_to(&cmd("GET").arg("n")).await?;
    redis.call(&cmd("DEL").arg("n")).await?;
    Ok(applied.unwrap_or(0))
}

/// Nothing is said at login, so that a cut is among the commands.
fn silent(proxy: &Proxy) -> Result<Options> {
    let login = LoginBuf {
        protocol: Protocol::Resp2,
        ..LoginBuf::default()
    };
    Ok(Options::from_url(&format!("redis://{}", proxy.address()))?.login(login))
}

/// A client through this proxy, unless connecting sees that the link ends before its first byte.
async fn through(proxy: &Proxy, faults: &Faults, depth: usize) -> Result<Option<Client>> {
    let [closed, reset] = [End::Close, End::Reset].map(|end| faults.end_at_once(end));
    match Client::connect(silent(proxy)?.depth(depth)).await {
        Ok(redis) => Ok(Some(redis)),
        Err(Error::ClosedAtOnce(_) | Error::Lost(_)) if closed || reset => Ok(None),
        // The reset was there before the connection was seen as made.
        Err(Error::Connect { error, .. })
            if reset && error.kind() == std::io::ErrorKind::ConnectionReset =>
        {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Cuts links after so many bytes in one direction.
fn cuts() -> Vec<Faults> {
    let mut plan = Vec::new();
    for end in [End::Close, End::Reset] {
        for bytes in [0, 1, 100, 1_000, 4_199] {
            plan.push(Faults::new(Lane::new().after(bytes, end), Lane::new()));
        }
        for bytes in [0, 1, 4, 5, 333, 1_000] {
            plan.push(Faults::new(Lane::new(), Lane::new().after(bytes, end)));
        }
    }
    plan
}

#[tokio::test]
async fn wherever_a_link_is_cut_a_batch_knows_what_can_have_run() -> Result {
    for server in plain()? {
        let mut batch = Batch::new();
        for _ in 0..200 {
            batch.push(&cmd("INCR").arg("n"))?;
        }
        for faults in cuts() {
            let proxy = Proxy::start(server.address(), faults.clone())?;
            let Some(redis) = through(&proxy, &faults, 64).await? else {
                continue;
            };
            let outcomes = tokio::time::timeout(LONG, redis.run(&batch)).await?;
            assert!(outcomes.error().is_some(), "{faults:?}");
            drop((redis, proxy));
            let mut count = Count::default();
            outcomes
                .iter()
                .for_each(|outcome| count.add(fate(&outcome)));
            assert_eq!(count.total(), 200);
            let applied = applied(&server).await?;
            assert!(
                count.allows(applied),
                "{faults:?}: {count:?}, ran {applied}"
            );
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wherever_a_link_is_cut_many_callers_know_what_can_have_run() -> Result {
    for server in plain()? {
        for faults in cuts() {
            let proxy = Proxy::start(server.address(), faults.clone())?;
            let Some(redis) = through(&proxy, &faults, 16).await? else {
                continue;
            };
            let tasks: Vec<_> = (0..50)
                .map(|_| {
                    let redis = redis.clone();
                    tokio::spawn(async move {
                        let mut fates = Vec::new();
                        for _ in 0..4 {
                            fates.push(match redis.call(&cmd("INCR").arg("n")).await {
                                Ok(_) => None,
                                Err(error) => error.fate(),
                            });
                        }
                        fates
                    })
                })
                .collect();
            let mut count = Count::default();
            for task in tasks {
                for fate in tokio::time::timeout(LONG, task).await?? {
                    count.add(fate);
                }
            }
            assert_eq!(count.total(), 200);
            drop((redis, proxy));
            let applied = applied(&server).await?;
            assert!(
                count.allows(applied),
                "{faults:?}: {count:?}, ran {applied}"
            );
        }
    }
    Ok(())
}

#[tokio::test]
async fn only_what_was_not_sent_or_is_replayable_goes_out_again_and_in_order() -> Result {
    for server in plain()? {
        for resend in [Resend::NotSent, Resend::Replayable] {
            // The first link dies in the middle, the second one lives.
            let cut = Faults::new(Lane::new(), Lane::new().after(700, End::Close));
            let proxy = Proxy::start_with_plan(server.address(), vec![cut, Faults::none()])?;
            let options = silent(&proxy)?.depth(64).reconnect(QUICK).resend(resend);
            let redis = Client::connect(options).await?;
            let mut batch = Batch::new();
            for n in 0..1_000 {
                match n % 2 {
                    0 => batch.push(&cmd("INCR").arg("n"))?,
                    _ => batch.push(&cmd("SET").args(("last", n)).replayable())?,
                };
            }
            let outcomes = tokio::time::timeout(LONG, redis.run(&batch)).await?;
            let mut count = Count::default();
            let incrs = outcomes.iter().step_by(2);
            incrs.for_each(|outcome| count.add(fate(&outcome)));
            assert_eq!((count.total(), count.not_sent), (500, 0), "{count:?}");
            assert!((1..=64).contains(&count.unknown), "{count:?}");
            if resend == Resend::Replayable {
                let mut sets = outcomes.iter().skip(1).step_by(2);
                assert!(sets.all(|outcome| outcome.is_ok()));
            }
            assert_eq!(redis.call_to::<i64, _>(&cmd("GET").arg("last")).await?, 999);
            assert_eq!((proxy.accepted(), redis.metrics().reconnects), (2, 1));
            let applied = applied(&server).await?;
            assert!(count.allows(applied), "{count:?}, ran {applied}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_server_that_restarts_is_connected_to_again_and_the_state_can_be_watched() -> Result {
    for mut server in plain()? {
        let url = format!("{}/2", server.url());
        let redis = Client::connect(Options::from_url(&url)?.reconnect(QUICK)).await?;
        let mut state = redis.state();
        assert!(matches!(
            *state.borrow_and_update(),
            Connection::Up { epoch: 1 }
        ));
        server.restart()?;
        let up = |state: &Connection| matches!(state, Connection::Up { epoch: 2.. });
        tokio::time::timeout(LONG, state.wait_for(up)).await??;
        // The database of the URL is selected again.
        assert_eq!(redis.call_to::<i64, _>(&cmd("INCR").arg("n")).await?, 1);
        let id: i64 = redis.call_to(&cmd("CLIENT").arg("ID")).await?;
        let list: String = redis.call_to(&cmd("CLIENT").arg("LIST")).await?;
        let own = format!("id={id} ");
        let line = list.lines().find(|line| line.starts_with(&own));
        assert!(line.is_some_and(|line| line.contains(" db=2 ")), "{list}");
    }
    Ok(())
}

#[tokio::test]
async fn when_attempts_have_run_out_every_command_has_a_fate_and_the_next_one_tries_again() -> Result
{
    for mut server in plain()? {
        for resend in [Resend::Never, Resend::NotSent, Resend::Replayable] {
            let three = Reconnect {
                attempts: 3,
                ..QUICK
            };
            let options = options(&server)?.depth(8).resend(resend).reconnect(three);
            let redis = Client::connect(options).await?;
            redis.call(&cmd("PING")).await?;
            server.kill()?;
            let calls: Vec<_> = (0..50)
                .map(|_| {
                    let redis = redis.clone();
                    tokio::spawn(async move {
                        redis.call(&cmd("SET").args(("a", 1)).replayable()).await
                    })
                })
                .collect();
            for call in calls {
                let error = tokio::time::timeout(LONG, call)
                    .await??
                    .err()
                    .ok_or("answered")?;
                assert!(error.fate().is_some(), "{error:?}");
            }
            server.restart()?;
            // The first one finds no connection, and has one made.
            let mut answered = false;
            for _ in 0..200 {
                answered = redis.call(&cmd("PING")).await.is_ok();
                if answered {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            assert!(answered, "it comes back");
        }
    }
    Ok(())
}

#[tokio::test]
async fn without_reconnection_a_dead_client_says_why() -> Result {
    for mut server in plain()? {
        let redis = client(&server).await?;
        server.kill()?;
        for _ in 0..2 {
            let error = redis.call(&cmd("PING")).await.err().ok_or("answered")?;
            assert!(
                matches!(error, Error::Ended { cause: Some(_), .. }),
                "{error:?}"
            );
        }
        let mut state = redis.state();
        state.wait_for(Connection::is_over).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing_is_a_time_out_of_connecting() -> Result {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let options = Options::from_url(&format!("redis://{}", listener.local_addr()?))?;
    let options = options.connect_timeout(Duration::from_millis(50));
    let error = Client::connect(options).await.err().ok_or("let in")?;
    assert!(
        matches!(error, Error::TimedOut(Deadline::Connect)),
        "{error:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_port_where_nobody_listens_and_one_that_is_no_redis_have_names() -> Result {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let error = Client::open(&format!("redis://{port}"))
        .await
        .err()
        .ok_or("let in")?;
    assert!(matches!(error, Error::Connect { .. }), "{error:?}");
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?;
    std::thread::spawn(move || {
        use std::io::Write as _;
        let (mut stream, _) = listener.accept().expect("a caller");
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        let mut rest = Vec::new();
        let _ = std::io::Read::read_to_end(&mut stream, &mut rest);
    });
    let error = Client::open(&format!("redis://{port}"))
        .await
        .err()
        .ok_or("let in")?;
    assert!(matches!(error, Error::NotRedis { .. }), "{error:?}");
    Ok(())
}

/// A connection that is dead without a word: the server's side never closes.
#[tokio::test]
async fn a_half_open_link_is_noticed_while_idle_and_while_something_is_owed() -> Result {
    for server in plain()? {
        for owed in [false, true] {
            let proxy = Proxy::start(server.address(), Faults::none())?;
            let options = silent(&proxy)?.ping(Some(Duration::from_millis(400)));
            let redis = Client::connect(options.reconnect(QUICK)).await?;
            redis.call(&cmd("PING")).await?;
            proxy.stall(Direction::ToClient);
            let mut state = redis.state();
            let call = owed.then(|| {
                let redis = redis.clone();
                tokio::spawn(async move { redis.call(&cmd("GET").arg("a")).await })
            });
            let down = |state: &Connection| matches!(state, Connection::Down { .. });
            let cause = tokio::time::timeout(LONG, state.wait_for(down))
                .await??
                .clone();
            assert!(
                matches!(
                    cause,
                    Connection::Down {
                        cause: Error::TimedOut(Deadline::Silence)
                    }
                ),
                "{cause:?}"
            );
            if let Some(call) = call {
                let error = call.await?.err().ok_or("answered")?;
                assert_eq!(error.fate(), Some(Fate::Unknown(Why::LinkLost)));
            }
            proxy.resume(Direction::ToClient);
            tokio::time::timeout(LONG, state.wait_for(Connection::is_up)).await??;
        }
    }
    Ok(())
}

#[tokio::test]
async fn an_idle_connection_is_kept_alive_by_pings() -> Result {
    for server in plain()? {
        let redis =
            Client::connect(options(&server)?.ping(Some(Duration::from_millis(700)))).await?;
        pings(&server, 2).await?;
        assert!(redis.state().borrow().is_up());
    }
    Ok(())
}

#[test]
fn a_runtime_that_shuts_down_ends_every_call_with_its_fate() -> Result {
    for server in plain()? {
        let theirs = tokio::runtime::Runtime::new()?;
        let redis = theirs.block_on(Client::connect(options(&server)?.depth(2)))?;
        let ours = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        server.pause()?;
        let calls: Vec<_> = (0..5)
            .map(|_| {
                let redis = redis.clone();
                ours.spawn(async move { redis.call(&cmd("PING")).await })
            })
            .collect();
        ours.block_on(tokio::task::yield_now());
        drop(theirs);
        server.resume()?;
        ours.block_on(async {
            for call in calls {
                let error = tokio::time::timeout(LONG, call)
                    .await??
                    .err()
                    .ok_or("answered")?;
                assert!(error.fate().is_some());
                assert!(error.to_string().contains("runtime"), "{error}");
            }
            let error = redis.call(&cmd("PING")).await.err().ok_or("answered")?;
            assert_eq!(error.fate(), Some(Fate::NotSent));
            Ok::<_, Box<dyn core::error::Error>>(())
        })?;
    }
    Ok(())
}

#[tokio::test]
async fn a_client_that_is_closed_sees_its_commands_through() -> Result {
    for server in plain()? {
        let redis = client(&server).await?;
        let other = redis.clone();
        let calls: Vec<_> = (0..1_000)
            .map(|_| {
                let redis = redis.clone();
                tokio::spawn(async move { redis.call_to::<i64, _>(&cmd("INCR").arg("n")).await })
            })
            .collect();
        tokio::task::yield_now().await;
        redis.close().await?;
        for call in calls {
            call.await??;
        }
        let error = other.call(&cmd("PING")).await.err().ok_or("answered")?;
        assert_eq!(error.fate(), Some(Fate::NotSent));
        assert!(error.to_string().contains("closed"), "{error}");
        assert_eq!(applied(&server).await?, 1_000);
    }
    Ok(())
}

#[tokio::test]
async fn the_last_clone_that_is_dropped_closes_the_connection() -> Result {
    for server in plain()? {
        let watcher = client(&server).await?;
        let redis = client(&server).await?;
        let call = cmd("INCR").arg("n");
        let mut state = redis.state();
        // Queued, and then nobody waits for it.
        let mut calling = Box::pin(redis.call(&call));
        let polled = core::future::poll_fn(|cx| {
            core::task::Poll::Ready(calling.as_mut().poll(cx).is_ready())
        });
        assert!(!polled.await);
        drop(calling);
        drop(redis);
        tokio::time::timeout(LONG, state.wait_for(Connection::is_over)).await??;
        let clients: String = watcher.call_to(&cmd("CLIENT").arg("LIST")).await?;
        assert_eq!(clients.lines().count(), 1, "{clients}");
    }
    Ok(())
}

#[tokio::test]
async fn a_late_reply_is_consumed_for_its_own_slot() -> Result {
    for server in plain()? {
        let redis = client(&server).await?;
        server.pause()?;
        let limit = Duration::from_millis(30);
        let error = redis.call_within(limit, &cmd("ECHO").arg("late")).await;
        let error = error.err().ok_or("answered")?;
        assert_eq!(error.fate(), Some(Fate::Unknown(Why::TimedOut)));
        server.resume()?;
        assert_eq!(
            redis.call_to::<String, _>(&cmd("ECHO").arg("next")).await?,
            "next"
        );
        // The same with the client's own limit, also for those who wait in line.
        let redis = Client::connect(options(&server)?.depth(1).reply_timeout(limit)).await?;
        server.pause()?;
        let calls = ["a", "b", "c"].map(|text| {
            let redis = redis.clone();
            tokio::spawn(async move { redis.call(&cmd("ECHO").arg(text)).await })
        });
        let mut fates = Vec::new();
        for call in calls {
            let error = tokio::time::timeout(LONG, call)
                .await??
                .err()
                .ok_or("answered")?;
            fates.push(error.fate());
        }
        let (unknown, not_sent) = (Some(Fate::Unknown(Why::TimedOut)), Some(Fate::NotSent));
        assert_eq!(fates, [unknown, not_sent, not_sent]);
        server.resume()?;
        tokio::time::sleep(limit).await;
        assert_eq!(
            redis.call_to::<String, _>(&cmd("ECHO").arg("next")).await?,
            "next"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_full_window_is_an_error_for_those_who_do_not_wait_and_a_full_line_for_those_who_do()
-> Result {
    for server in plain()? {
        let redis = Client::connect(options(&server)?.depth(1).waiting_bytes(400)).await?;
        server.pause()?;
        let ping = cmd("PING");
        let calls: Vec<_> = (0..4)
            .map(|_| {
                let redis = redis.clone();
                tokio::spawn(async move { redis.call(&cmd("PING")).await })
            })
            .collect();
        tokio::task::yield_now().await;
        let error = redis.try_call(&ping).await.err().ok_or("taken")?;
        assert!(
            matches!(error, Error::Rejected(reason) if reason.is_temporary()),
            "{error:?}"
        );
        assert_eq!(error.fate(), Some(Fate::Refused));
        let error = redis.call(&ping).await.err().ok_or("taken")?;
        assert!(matches!(error, Error::LineFull { limit: 400 }), "{error:?}");
        assert_eq!(error.fate(), Some(Fate::NotSent));
        server.resume()?;
        for call in calls {
            call.await??;
        }
        assert!(redis.try_call(&ping).await.is_ok());
    }
    Ok(())
}

#[tokio::test]
async fn a_server_that_takes_nothing_is_a_time_out_of_writing() -> Result {
    for server in plain()? {
        let options = options(&server)?.write_timeout(Duration::from_millis(100));
        let redis = Client::connect(options).await?;
        server.pause()?;
        let large = vec![b'x'; 20 * 1024 * 1024];
        let set = cmd("SET").arg("a").arg(large.as_slice());
        let error = tokio::time::timeout(LONG, redis.call(&set))
            .await?
            .err()
            .ok_or("answered")?;
        assert_eq!(error.fate(), Some(Fate::NotSent), "{error:?}");
        assert!(error.to_string().contains("write_timeout"), "{error}");
        server.resume()?;
    }
    Ok(())
}
