//! The four ways to use a connection, against real servers.

mod common;

use core::time::Duration;
use std::time::Instant;

use common::{Result, options, with_connection};
use respipe_std::{Batch, BatchOutcomes, Connection, Error, Misuse, Outcome, cmd, template};

#[test]
fn a_call_gives_its_reply() -> Result {
    with_connection(|redis, _| {
        assert!(redis.call(&cmd("SET").arg("key").arg("value"))?.is_ok());
        assert_eq!(redis.call_to::<String>(&cmd("GET").arg("key"))?, "value");
        assert_eq!(redis.call_to::<Option<i64>>(&cmd("GET").arg("none"))?, None);
        assert_eq!(redis.call_to::<i64>(&cmd("INCR").arg("n"))?, 1);
        Ok(())
    })
}

#[cfg(feature = "float")]
#[test]
fn floats_go_both_ways() -> Result {
    with_connection(|redis, _| {
        let add = cmd("ZADD").arg("scores").arg(1.5).arg("member");
        assert_eq!(redis.call_to::<i64>(&add)?, 1);
        let score = cmd("ZSCORE").args(("scores", "member"));
        assert_eq!(redis.call_to::<f64>(&score)?, 1.5);
        Ok(())
    })
}

#[test]
fn a_servers_error_is_a_reply_and_the_connection_goes_on() -> Result {
    with_connection(|redis, _| {
        redis.call(&cmd("SET").arg("text").arg("abc"))?;
        let reply = redis.call(&cmd("INCR").arg("text"))?;
        let error = reply.error().ok_or("no error")?;
        assert_eq!(error.code(), "ERR");
        match redis.call_to::<i64>(&cmd("LPOP").arg("text")) {
            Err(Error::Server(text)) => assert!(text.starts_with("WRONGTYPE"), "{text}"),
            other => panic!("{other:?}"),
        }
        match redis.call_to::<i64>(&cmd("GET").arg("text")) {
            Err(Error::Convert(_)) => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(redis.call_to::<String>(&cmd("GET").arg("text"))?, "abc");
        Ok(())
    })
}

#[test]
fn what_was_sent_is_received_in_order() -> Result {
    with_connection(|redis, _| {
        for n in 0..500 {
            redis.send(&cmd("ECHO").arg(n))?;
        }
        redis.flush()?;
        for n in 0..500 {
            let outcome = redis.receive()?;
            let reply = outcome.reply().ok_or("no reply")?;
            assert_eq!(reply.to::<i64>()?, n);
        }
        assert_eq!(redis.pending(), 0);
        Ok(())
    })
}

#[test]
fn receiving_with_nothing_pending_is_an_error() -> Result {
    with_connection(|redis, _| {
        for _ in 0..2 {
            match redis.receive() {
                Err(Error::Misuse(Misuse::NothingPending)) => {}
                other => panic!("{other:?}"),
            }
            redis.send(&cmd("PING"))?;
            assert!(redis.receive()?.is_ok());
        }
        Ok(())
    })
}

#[test]
fn an_outcome_that_is_not_there_in_time_is_still_to_be_received() -> Result {
    with_connection(|redis, server| {
        let mut waiting = Connection::connect(options(server)?)?;
        waiting.send(&cmd("BLPOP").arg("list").arg(0))?;
        for _ in 0..2 {
            let soon = Instant::now() + Duration::from_millis(20);
            assert!(waiting.receive_until(Some(soon))?.is_none());
            assert_eq!(waiting.pending(), 1);
        }
        redis.call(&cmd("RPUSH").arg("list").arg("element"))?;
        assert!(waiting.receive()?.is_ok());
        Ok(())
    })
}

#[test]
fn a_send_into_a_window_full_of_unreceived_replies_says_so() -> Result {
    with_connection(|_, server| {
        let mut redis = Connection::connect(options(server)?.depth(10))?;
        for n in 0..10 {
            redis.send(&cmd("ECHO").arg(n))?;
        }
        match redis.send(&cmd("ECHO").arg(10)) {
            Err(Error::Misuse(Misuse::WindowFull { pending: 10 })) => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(redis.receive()?.reply().ok_or("none")?.to::<i64>()?, 0);
        redis.send(&cmd("ECHO").arg(10))?;
        for n in 1..=10 {
            assert_eq!(redis.receive()?.reply().ok_or("none")?.to::<i64>()?, n);
        }
        Ok(())
    })
}

#[test]
fn a_call_between_send_and_receive_says_so() -> Result {
    with_connection(|redis, _| {
        redis.send(&cmd("PING"))?;
        match redis.call(&cmd("PING")) {
            Err(Error::Misuse(Misuse::RepliesPending { pending: 1 })) => {}
            other => panic!("{other:?}"),
        }
        assert!(redis.receive()?.is_ok());
        assert!(redis.call(&cmd("PING")).is_ok());
        Ok(())
    })
}

#[test]
fn a_batch_larger_than_the_window_has_an_outcome_for_each_command() -> Result {
    with_connection(|_, server| {
        let mut redis = Connection::connect(options(server)?.depth(16).tx_bytes(256))?;
        let mut batch = Batch::new();
        for n in 0..1_000 {
            batch.push(&cmd("ECHO").arg(n))?;
        }
        let wrong = batch.push(&cmd("NOSUCHCOMMAND"))?;
        let last = batch.push(&cmd("ECHO").arg("last"))?;
        let mut outcomes = BatchOutcomes::new();
        for _ in 0..2 {
            redis.run_into(&batch, &mut outcomes);
            assert!(outcomes.error().is_none());
            assert_eq!(outcomes.len(), 1_002);
            for (n, outcome) in outcomes.iter().take(1_000).enumerate() {
                assert_eq!(outcome.reply().ok_or("none")?.to::<usize>()?, n);
            }
            assert!(
                outcomes
                    .reply(wrong)
                    .is_some_and(|reply| reply.error().is_some())
            );
            assert_eq!(outcomes.reply(last).ok_or("none")?.as_str()?, "last");
            assert!(!outcomes.all_ok());
        }
        Ok(())
    })
}

#[test]
fn a_command_that_the_guard_refuses_costs_only_itself() -> Result {
    with_connection(|redis, _| {
        let mut batch = Batch::new();
        batch.push(&cmd("ECHO").arg(1))?;
        let refused = batch.push(&cmd("SYNC"))?;
        batch.push(&cmd("ECHO").arg(2))?;
        let outcomes = redis.run(&batch);
        assert!(matches!(
            outcomes.get(refused),
            Some(Outcome::Refused(Some(_)))
        ));
        assert!(outcomes.get(0).is_some_and(|outcome| outcome.is_ok()));
        assert!(outcomes.get(2).is_some_and(|outcome| outcome.is_ok()));
        assert!(matches!(redis.call(&cmd("SYNC")), Err(Error::Rejected(_))));
        assert!(redis.call(&cmd("PING")).is_ok());
        Ok(())
    })
}

#[test]
fn a_stream_hands_out_every_outcome_with_its_tag_in_order() -> Result {
    const ECHO: respipe_std::core::encode::Template<1> = template!("ECHO", _);
    with_connection(|redis, _| {
        let mut next = 0u64;
        let commands = (0..50_000u64).map(|n| (n, ECHO.with((n,))));
        let streamed = redis.stream(commands, |n, outcome| {
            assert_eq!(n, next);
            let reply = outcome.reply().map(|reply| reply.to::<u64>());
            assert!(matches!(reply, Some(Ok(m)) if m == n), "{n}: {outcome:?}");
            next += 1;
        })?;
        assert_eq!((streamed.commands, next), (50_000, 50_000));
        Ok(())
    })
}

#[test]
fn closing_lets_everything_run_and_counts_what_nobody_received() -> Result {
    with_connection(|redis, server| {
        let mut other = Connection::connect(options(server)?)?;
        for _ in 0..1_000 {
            other.send(&cmd("INCR").arg("closed"))?;
        }
        assert!(other.receive()?.is_ok());
        assert_eq!(other.close()?.discarded, 999);
        assert_eq!(redis.call_to::<i64>(&cmd("GET").arg("closed"))?, 1_000);
        Ok(())
    })
}
