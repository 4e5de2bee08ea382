//! What callers know when a link dies: every command has its outcome, and it is true.

mod common;

use core::time::Duration;
use std::net::TcpListener;
use std::time::Instant;

use common::{Result, on_every_server, within_limits};
use respipe_std::core::login::Protocol;
use respipe_std::core::pipeline::LoginBuf;
use respipe_std::{
    Batch, Connection, Error, Fate, Misuse, Options, Outcome, Reconnect, Resend, Why, cmd,
};
use respipe_testkit::process::ServerProcess;
use respipe_testkit::proxy::{End, Faults, Lane, Proxy};

const COMMANDS: usize = 200;

/// What a batch of INCRs came to.
#[derive(Debug, Default)]
struct Count {
    replied: usize,
    unknown: usize,
    not_sent: usize,
}

impl Count {
    fn add(&mut self, outcome: Outcome<'_>) {
        match outcome {
            Outcome::Replied(reply) if reply.error().is_none() => self.replied += 1,
            Outcome::Unknown(Why::LinkLost) => self.unknown += 1,
            Outcome::NotSent => self.not_sent += 1,
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

fn applied(server: &ServerProcess) -> Result<usize> {
    let mut redis = Connection::open(&server.url())?;
    let applied = redis.call_to::<Option<usize>>(&cmd("GET").arg("n"))?;
    redis.call(&cmd("DEL").arg("n"))?;
    Ok(applied.unwrap_or(0))
}

/// Cuts links after so many bytes in one direction.
fn cuts() -> Vec<Faults> {
    let mut plan = Vec::new();
    for end in [End::Close, End::Reset] {
        for bytes in [0, 1, 100, 333, 1_000, 4_000, 4_199] {
            plan.push(Faults::new(Lane::new().after(bytes, end), Lane::new()));
        }
        for bytes in [0, 1, 3, 4, 5, 100, 333, 1_000, 1_091] {
            plan.push(Faults::new(Lane::new(), Lane::new().after(bytes, end)));
        }
    }
    plan
}

fn plain(proxy: &Proxy) -> Result<Options> {
    // Nothing is said at login, so that the cut is among the commands.
    Ok(
        Options::from_url(&format!("redis://{}", proxy.address()))?.login(LoginBuf {
            protocol: Protocol::Resp2,
            ..Default::default()
        }),
    )
}

/// A connection through these faults, unless the reset was there before the connection was seen as made.
fn through(faults: &Faults, options: Options) -> Result<Option<Connection>> {
    match Connection::connect(options) {
        Ok(redis) => Ok(Some(redis)),
        Err(Error::Connect { error, .. })
            if faults.end_at_once(End::Reset)
                && error.kind() == std::io::ErrorKind::ConnectionReset =>
        {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

#[test]
fn wherever_a_link_is_cut_a_batch_knows_what_can_have_run() -> Result {
    on_every_server(
        |launch| launch,
        |server| {
            let mut batch = Batch::new();
            for _ in 0..COMMANDS {
                batch.push(&cmd("INCR").arg("n"))?;
            }
            for faults in cuts() {
                let proxy = Proxy::start(server.address(), faults.clone())?;
                let Some(mut redis) = through(&faults, plain(&proxy)?.depth(64))? else {
                    continue;
                };
                let outcomes = redis.run(&batch);
                assert!(outcomes.error().is_some(), "{faults:?}");
                assert!(!redis.is_alive());
                drop((redis, proxy));
                let mut count = Count::default();
                outcomes.iter().for_each(|outcome| count.add(outcome));
                assert_eq!(count.total(), COMMANDS);
                let applied = applied(server)?;
                assert!(
                    count.allows(applied),
                    "{faults:?}: {count:?}, ran {applied}"
                );
            }
            Ok(())
        },
    )
}

#[test]
fn wherever_a_link_is_cut_receive_gives_every_outcome_and_then_the_error() -> Result {
    on_every_server(
        |launch| launch,
        |server| {
            for faults in cuts() {
                let proxy = Proxy::start(server.address(), faults.clone())?;
                let Some(mut redis) = through(&faults, plain(&proxy)?)? else {
                    continue;
                };
                let mut count = Count::default();
                for _ in 0..COMMANDS {
                    if let Err(error) = redis.send(&cmd("INCR").arg("n")) {
                        assert!(matches!(
                            error,
                            Error::Ended {
                                fate: Fate::NotSent,
                                ..
                            }
                        ));
                        count.not_sent += 1;
                    }
                }
                let _ = redis.flush();
                while redis.pending() > 0 {
                    count.add(redis.receive()?);
                }
                assert_eq!(count.total(), COMMANDS);
                match redis.receive() {
                    Err(Error::Misuse(Misuse::NothingPending)) | Ok(_) => panic!("no error"),
                    Err(_) => {}
                }
                drop((redis, proxy));
                let applied = applied(server)?;
                assert!(
                    count.allows(applied),
                    "{faults:?}: {count:?}, ran {applied}"
                );
            }
            Ok(())
        },
    )
}

#[test]
fn a_stream_over_a_dying_link_leaves_the_rest_in_its_iterator() -> Result {
    on_every_server(
        |launch| launch,
        |server| {
            let cut = Faults::new(Lane::new(), Lane::new().after(400, End::Close));
            let proxy = Proxy::start(server.address(), cut)?;
            let mut redis = Connection::connect(plain(&proxy)?.depth(32))?;
            let mut count = Count::default();
            let mut commands = (0..10_000).map(|n| (n, cmd("INCR").arg("n")));
            let error = redis.stream(&mut commands, |_, outcome| count.add(outcome));
            assert!(error.is_err());
            let left = commands.count();
            assert_eq!(count.total() + left, 10_000);
            assert!(left > 9_000, "{left}");
            let applied = applied(server)?;
            assert!(count.allows(applied), "{count:?}, ran {applied}");
            Ok(())
        },
    )
}

/// Ten attempts, quick ones.
const QUICK: Reconnect = Reconnect {
    attempts: 10,
    first_delay: Duration::from_millis(1),
    max_delay: Duration::from_millis(20),
    max_elapsed: Duration::from_secs(10),
};

#[test]
fn without_reconnect_a_dead_connection_stays_dead_and_says_why() -> Result {
    on_every_server(
        |launch| launch,
        |server| {
            let mut redis = Connection::open(&server.url())?;
            server.restart()?;
            for _ in 0..2 {
                assert!(redis.call(&cmd("PING")).is_err());
            }
            assert!(!redis.is_alive());
            assert!(matches!(
                redis.receive(),
                Err(Error::Pipeline { .. } | Error::Lost(_))
            ));
            Ok(())
        },
    )
}

#[test]
fn with_reconnect_the_command_has_its_fate_and_the_next_one_works() -> Result {
    on_every_server(
        |launch| launch,
        |server| {
            let options = Options::from_url(&format!("{}/2", server.url()))?;
            let mut redis = Connection::connect(options.reconnect(QUICK))?;
            redis.call(&cmd("PING"))?;
            server.restart()?;
            match redis.call(&cmd("INCR").arg("n")) {
                Err(error) => assert!(error.fate().is_some()),
                Ok(reply) => panic!("{reply:?} of a connection that is gone"),
            }
            assert_eq!(redis.call_to::<i64>(&cmd("INCR").arg("n"))?, 1);
            let id: i64 = redis.call_to(&cmd("CLIENT").arg("ID"))?;
            let list: String = redis.call_to(&cmd("CLIENT").arg("LIST"))?;
            let line = list
                .lines()
                .find(|line| line.starts_with(&format!("id={id} ")));
            assert!(line.is_some_and(|line| line.contains(" db=2 ")), "{list}");
            Ok(())
        },
    )
}

#[test]
fn a_connection_that_was_closed_while_idle_is_noticed_before_anything_is_sent() -> Result {
    on_every_server(
        |launch| launch,
        |server| {
            let options = Options::from_url(&server.url())?;
            let mut redis = Connection::connect(options.reconnect(QUICK))?;
            server.restart()?;
            std::thread::sleep(Duration::from_millis(1_100));
            assert_eq!(redis.call_to::<i64>(&cmd("INCR").arg("n"))?, 1);
            Ok(())
        },
    )
}

#[test]
fn only_what_was_not_sent_or_is_replayable_goes_out_again() -> Result {
    on_every_server(
        |launch| launch,
        |server| {
            for resend in [Resend::NotSent, Resend::Replayable] {
                // The first link dies in the middle, the second one lives.
                let cut = Faults::new(Lane::new(), Lane::new().after(700, End::Close));
                let plan = vec![cut, Faults::none()];
                let proxy = Proxy::start_with_plan(server.address(), plan)?;
                let options = plain(&proxy)?.depth(64).reconnect(QUICK).resend(resend);
                let mut redis = Connection::connect(options)?;
                let (mut count, mut sets) = (Count::default(), 0);
                redis.stream(
                    (0..1_000).map(|n| (n, cmd("INCR").arg("n"))),
                    |_, outcome| {
                        count.add(outcome);
                    },
                )?;
                assert_eq!((count.total(), count.not_sent), (1_000, 0), "{count:?}");
                assert!(count.unknown <= 64);
                let applied = applied(server)?;
                assert!(count.allows(applied), "{count:?}, ran {applied}");
                if resend == Resend::Replayable {
                    let cut = Faults::new(Lane::new(), Lane::new().after(700, End::Close));
                    let plan = vec![cut, Faults::none()];
                    let proxy = Proxy::start_with_plan(server.address(), plan)?;
                    let options = plain(&proxy)?.depth(64).reconnect(QUICK).resend(resend);
                    let mut redis = Connection::connect(options)?;
                    let commands =
                        (0..1_000).map(|n| (n, cmd("SET").arg(("set", n).0).arg(n).replayable()));
                    redis.stream(commands, |_, outcome| sets += usize::from(outcome.is_ok()))?;
                    assert_eq!(sets, 1_000);
                    assert_eq!(proxy.accepted(), 2);
                }
            }
            Ok(())
        },
    )
}

#[test]
fn what_waits_for_a_connection_that_never_comes_has_a_fate_in_the_end() -> Result {
    on_every_server(
        |launch| launch,
        |server| {
            for resend in [Resend::Never, Resend::NotSent, Resend::Replayable] {
                let options = Options::from_url(&server.url())?
                    .depth(64)
                    .resend(resend)
                    .reconnect(Reconnect {
                        attempts: 3,
                        ..QUICK
                    });
                let mut redis = Connection::connect(options)?;
                let mut count = Count::default();
                let mut killed = false;
                let commands = (0..500).map(|n| {
                    if n == 200 && !killed {
                        killed = true;
                        server.kill().expect("the server ends");
                    }
                    (n, cmd("SET").arg("n").arg(n).replayable())
                });
                let mut commands = commands.into_iter();
                let end = redis.stream(&mut commands, |_, outcome| count.add(outcome));
                assert!(
                    matches!(
                        end,
                        Err(Error::Connect { .. } | Error::Pipeline { .. } | Error::Lost(_))
                    ),
                    "{end:?}"
                );
                let left = commands.count();
                assert_eq!(count.total() + left, 500, "{count:?}");
                assert!(redis.call(&cmd("PING")).is_err());
                server.restart()?;
                assert!(redis.call(&cmd("PING"))?.error().is_none(), "it comes back");
            }
            Ok(())
        },
    )
}

/// A connection whose server has gone and does not come back.
fn deserted(attempts: u32, delay: Duration) -> Result<Connection> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("redis://{}?protocol=2", listener.local_addr()?);
    let login = LoginBuf {
        protocol: Protocol::Resp2,
        ..Default::default()
    };
    let options = Options::from_url(&url)?.login(login).reconnect(Reconnect {
        attempts,
        first_delay: delay,
        max_delay: delay,
        max_elapsed: Duration::ZERO,
    });
    Ok(Connection::connect(options.resend(Resend::Replayable))?)
}

#[test]
fn a_deadline_is_kept_while_the_connection_is_made_again() -> Result {
    let mut listening = deserted(10, Duration::from_secs(1_000_000))?;
    let mut pending = deserted(10, Duration::from_secs(1_000_000))?;
    pending.send(&cmd("PING").replayable())?;
    within_limits(move || {
        for _ in 0..3 {
            let soon = Some(Instant::now() + Duration::from_millis(20));
            assert!(matches!(listening.next_push(soon), Ok(None)));
            assert!(matches!(pending.receive_until(soon), Ok(None)));
        }
        assert_eq!(pending.pending(), 1);
    });
    Ok(())
}

#[test]
fn attempts_to_connect_again_go_on_from_one_deadline_to_the_next() -> Result {
    let mut redis = deserted(3, Duration::from_millis(5))?;
    let error = within_limits(move || {
        loop {
            if let Err(error) = redis.next_push(Some(Instant::now())) {
                break error;
            }
        }
    });
    assert!(matches!(error, Error::Connect { .. }), "{error:?}");
    Ok(())
}

#[test]
fn a_wrong_password_is_not_tried_again() -> Result {
    on_every_server(
        |launch| launch.password("hush"),
        |server| {
            let proxy = Proxy::start(server.address(), Faults::none())?;
            let url = format!("redis://:hush@{}", proxy.address());
            let mut redis = Connection::connect(Options::from_url(&url)?.reconnect(QUICK))?;
            redis.call(&cmd("CONFIG").args(("SET", "requirepass", "changed")))?;
            proxy.end(respipe_testkit::proxy::Direction::ToClient, End::Close);
            assert!(redis.call(&cmd("PING")).is_err());
            let error = redis.call(&cmd("PING")).err().ok_or("let in")?;
            assert!(matches!(error, Error::Login(_)), "{error:?}");
            assert_eq!(proxy.accepted(), 2);
            Ok(())
        },
    )
}
