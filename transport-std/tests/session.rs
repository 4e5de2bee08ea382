//! Pushes, changed sessions and the pool.

mod common;

use core::time::Duration;
use std::thread;
use std::time::Instant;

use common::{Result, on_every_server, options, with_connection, within_limits};
use respipe_std::{
    Batch, Connection, Deadline, Error, Fate, Pool, PoolError, Reconnect, Resend, cmd,
};

fn soon() -> Option<Instant> {
    Some(Instant::now() + Duration::from_secs(5))
}

#[test]
fn a_connection_may_go_from_thread_to_thread() {
    fn is_send<T: Send>() {}
    fn is_shared<T: Send + Sync>() {}
    is_send::<Connection>();
    is_send::<Batch>();
    is_shared::<Pool>();
    is_shared::<Error>();
}

#[test]
fn pushes_are_kept_and_no_call_ever_returns_one() -> Result {
    for protocol in [2, 3] {
        with_connection(|publisher, server| {
            let url = format!("{}?protocol={protocol}", server.url());
            let mut redis = Connection::open(&url)?;
            redis.call(&cmd("SUBSCRIBE").arg("news"))?;
            assert!(!redis.is_session_clean());
            for n in 0..3 {
                publisher.call(&cmd("PUBLISH").arg("news").arg(n))?;
            }
            for n in 0..3 {
                let push = redis.next_push(soon())?.ok_or("no push")?;
                let (kind, channel, text): (String, String, i64) = push.reply().to()?;
                assert_eq!(
                    (kind.as_str(), channel.as_str(), text),
                    ("message", "news", n)
                );
            }
            publisher.call(&cmd("PUBLISH").arg("news").arg("late"))?;
            redis.call(&cmd("UNSUBSCRIBE").arg("news"))?;
            assert!(redis.call(&cmd("ECHO").arg("echo"))?.as_str()? == "echo");
            assert!(
                redis.next_push(soon())?.is_some(),
                "the one before UNSUBSCRIBE"
            );
            assert!(redis.next_push(Some(Instant::now()))?.is_none());
            assert_eq!(redis.pushes_lost(), 0);
            Ok(())
        })?;
    }
    Ok(())
}

#[test]
fn pushes_that_nobody_takes_are_lost_and_counted() -> Result {
    with_connection(|publisher, server| {
        let mut redis = Connection::connect(options(server)?.pushes(4))?;
        redis.call(&cmd("SUBSCRIBE").arg("news"))?;
        for n in 0..10 {
            publisher.call(&cmd("PUBLISH").arg("news").arg(n))?;
        }
        redis.call(&cmd("PING"))?;
        assert_eq!(redis.pushes_lost(), 6);
        let push = redis.next_push(soon())?.ok_or("no push")?;
        let (_, _, text): (String, String, i64) = push.reply().to()?;
        assert_eq!(text, 6, "the oldest give way");
        Ok(())
    })
}

#[test]
fn the_end_of_a_subscription_is_told_although_the_connection_is_made_again() -> Result {
    on_every_server(
        |launch| launch,
        |server| {
            for resend in [Resend::Never, Resend::NotSent] {
                let options = options(server)?.reconnect(Reconnect::DEFAULT);
                let mut redis = Connection::connect(options.resend(resend))?;
                redis.call(&cmd("SUBSCRIBE").arg("news"))?;
                assert!(redis.next_push(Some(Instant::now()))?.is_none());
                server.restart()?;
                assert!(redis.next_push(soon()).is_err(), "{resend:?}");
                // Once: it goes on from here.
                redis.call(&cmd("SUBSCRIBE").arg("news"))?;
                redis.call(&cmd("PUBLISH").args(("news", "again")))?;
                assert!(redis.next_push(soon())?.is_some(), "{resend:?}");
            }
            // Noticed by a call that goes on without a word.
            let mut redis = Connection::connect(options(server)?.reconnect(Reconnect::DEFAULT))?;
            redis.call(&cmd("SUBSCRIBE").arg("news"))?;
            server.restart()?;
            thread::sleep(Duration::from_millis(1_100));
            redis.call(&cmd("PING"))?;
            assert!(redis.next_push(soon()).is_err());
            assert!(redis.next_push(Some(Instant::now()))?.is_none());
            Ok(())
        },
    )
}

#[test]
fn who_asks_for_pushes_without_waiting_sees_them_too() -> Result {
    with_connection(|publisher, server| {
        let mut redis = Connection::open(&server.url())?;
        redis.call(&cmd("SUBSCRIBE").arg("news"))?;
        publisher.call(&cmd("PUBLISH").arg("news").arg(1))?;
        let late = Instant::now() + Duration::from_secs(10);
        while redis.next_push(Some(Instant::now()))?.is_none() {
            assert!(Instant::now() < late, "it is never seen");
        }
        Ok(())
    })
}

#[test]
fn a_silenced_command_ends_silent() -> Result {
    with_connection(|redis, _| {
        let mut batch = Batch::new();
        batch.push(&cmd("CLIENT").args(("REPLY", "SKIP")))?;
        batch.push(&cmd("INCR").arg("n"))?;
        batch.push(&cmd("INCR").arg("n"))?;
        let outcomes = redis.run(&batch);
        assert!(matches!(
            outcomes.get(0),
            Some(respipe_std::Outcome::Silent)
        ));
        assert!(matches!(
            outcomes.get(1),
            Some(respipe_std::Outcome::Silent)
        ));
        assert_eq!(outcomes.reply(2).ok_or("none")?.to::<i64>()?, 2);
        match redis.call(&cmd("CLIENT").args(("REPLY", "OFF"))) {
            Err(Error::Ended {
                fate: Fate::Silent, ..
            }) => {}
            other => panic!("{other:?}"),
        }
        assert!(redis.call(&cmd("CLIENT").args(("REPLY", "ON")))?.is_ok());
        Ok(())
    })
}

#[test]
fn quit_ends_the_connection_and_what_stands_behind_it_is_not_sent() -> Result {
    with_connection(|_, server| {
        let mut redis = Connection::connect(options(server)?)?;
        let mut batch = Batch::new();
        batch.push(&cmd("PING"))?;
        batch.push(&cmd("QUIT"))?;
        let outcomes = redis.run(&batch);
        assert!(outcomes.all_ok());
        assert!(redis.call(&cmd("PING")).is_err());
        Ok(())
    })
}

#[test]
fn a_pool_gives_its_connections_to_several_threads() -> Result {
    with_connection(|redis, server| {
        let pool = Pool::new(options(server)?, 3);
        thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let mut redis = pool.take(Duration::from_secs(10)).expect("a connection");
                        redis.call(&cmd("INCR").arg("pool")).expect("a reply");
                    }
                });
            }
        });
        assert_eq!(redis.call_to::<i64>(&cmd("GET").arg("pool"))?, 300);
        let clients: String = redis.call_to(&cmd("CLIENT").arg("LIST"))?;
        assert!(clients.lines().count() <= 4, "{clients}");
        Ok(())
    })
}

#[test]
fn an_empty_pool_says_so_after_a_bounded_wait() -> Result {
    with_connection(|_, server| {
        let pool = Pool::new(options(server)?, 1);
        let taken = pool.take(Duration::ZERO)?;
        match pool.take(Duration::from_millis(50)) {
            Err(error @ PoolError::Empty { size: 1, .. }) => {
                assert!(error.to_string().contains("1 connection"), "{error}");
            }
            other => panic!("{other:?}"),
        }
        drop(taken);
        assert!(pool.take(Duration::ZERO).is_ok());
        Ok(())
    })
}

#[test]
fn a_changed_session_does_not_reach_the_next_user_of_a_pool() -> Result {
    with_connection(|_, server| {
        let pool = Pool::new(options(server)?, 1);
        let patience = Duration::from_secs(5);
        for change in ["MULTI", "SELECT", "SUBSCRIBE", "WATCH"] {
            let mut redis = pool.take(patience)?;
            match change {
                "MULTI" => redis.call(&cmd("MULTI"))?,
                "SELECT" => redis.call(&cmd("SELECT").arg(5))?,
                change => redis.call(&cmd(change).arg("x"))?,
            };
            drop(redis);
            let mut redis = pool.take(patience)?;
            assert!(redis.is_session_clean(), "{change}");
            assert!(
                redis.call(&cmd("SET").arg("k").arg(change))?.is_ok(),
                "{change}"
            );
        }
        let mut fresh = Connection::open(&server.url())?;
        assert_eq!(fresh.call_to::<String>(&cmd("GET").arg("k"))?, "WATCH");
        Ok(())
    })
}

#[test]
fn what_was_pushed_to_one_user_of_a_pool_does_not_reach_the_next() -> Result {
    with_connection(|publisher, server| {
        let pool = Pool::new(options(server)?.pushes(1).rx_bytes(1024), 1);
        let patience = Duration::from_secs(5);
        // Unread behind a RESET, and in a session that its user has cleaned.
        for cleans in [false, true] {
            let mut redis = pool.take(patience)?;
            redis.call(&cmd("SUBSCRIBE").arg("mail"))?;
            publisher.call(&cmd("PUBLISH").args(("mail", "hush")))?;
            publisher.call(&cmd("PUBLISH").arg("mail").arg("x".repeat(5_000)))?;
            if cleans {
                redis.call(&cmd("UNSUBSCRIBE").arg("mail"))?;
            }
            redis.call(&cmd("PING"))?;
            assert!(redis.pushes_lost() > 0);
            drop(redis);
            let mut redis = pool.take(patience)?;
            assert!(redis.take_push().is_none());
            assert!(redis.next_push(Some(Instant::now()))?.is_none());
            assert_eq!(redis.pushes_lost(), 0);
        }
        Ok(())
    })
}

#[test]
fn a_connection_that_owes_replies_is_not_given_to_the_next_user_of_a_pool() -> Result {
    with_connection(|_, server| {
        let pool = Pool::new(options(server)?, 1);
        let mut redis = pool.take(Duration::ZERO)?;
        let id: i64 = redis.call_to(&cmd("CLIENT").arg("ID"))?;
        redis.send(&cmd("ECHO").arg("stale"))?;
        redis.flush()?;
        drop(redis);
        let mut redis = pool.take(Duration::ZERO)?;
        assert_eq!(redis.call_to::<String>(&cmd("ECHO").arg("fresh"))?, "fresh");
        assert_ne!(redis.call_to::<i64>(&cmd("CLIENT").arg("ID"))?, id);
        Ok(())
    })
}

#[test]
fn a_pool_does_not_wait_for_ever_for_the_reset_of_a_changed_session() -> Result {
    with_connection(|_, server| {
        let options = options(server)?.connect_timeout(Duration::from_millis(50));
        let pool = Pool::new(options, 1);
        pool.take(Duration::ZERO)?.call(&cmd("SELECT").arg(3))?;
        server.pause()?;
        let taken = within_limits(move || pool.take(Duration::from_millis(50)).map(drop));
        server.resume()?;
        assert!(
            matches!(
                taken,
                Err(PoolError::Connect(Error::TimedOut(Deadline::Connect)))
            ),
            "{taken:?}"
        );
        Ok(())
    })
}

#[test]
fn a_pool_survives_its_server() -> Result {
    on_every_server(
        |launch| launch,
        |server| {
            let pool = Pool::new(options(server)?, 2);
            pool.take(Duration::ZERO)?.call(&cmd("PING"))?;
            server.restart()?;
            assert!(pool.take(Duration::ZERO)?.call(&cmd("PING")).is_ok());
            server.kill()?;
            match pool.take(Duration::ZERO) {
                Err(PoolError::Connect(_)) => {}
                other => panic!("{other:?}"),
            }
            server.restart()?;
            assert!(pool.take(Duration::ZERO)?.call(&cmd("PING")).is_ok());
            Ok(())
        },
    )
}
