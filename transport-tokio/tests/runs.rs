//! Batches, streams and connections of one's own, against real servers.

mod common;

use common::{Ready, Result, client, options, plain};
use respipe_tokio::{Batch, Client, cmd};

#[tokio::test]
async fn a_batch_has_an_outcome_for_each_command_by_index() -> Result {
    for server in plain()? {
        let redis = client(&server).await?;
        let mut batch = Batch::new();
        batch.push(&cmd("SET").args(("a", 1)))?;
        batch.push(&cmd("LPUSH").args(("a", 1)))?;
        batch.push(&cmd("BLPOP").args(("b", 0)))?;
        batch.push(&cmd("INCR").arg("a"))?;
        let outcomes = redis.run(&batch).await;
        assert!(outcomes.get(0).is_some_and(|outcome| outcome.is_ok()));
        let error = outcomes
            .reply(1)
            .and_then(|reply| reply.error())
            .ok_or("no error")?;
        assert_eq!(error.code(), "WRONGTYPE");
        assert!(
            outcomes
                .get(2)
                .is_some_and(|outcome| outcome.fate().is_some())
        );
        assert_eq!(outcomes.reply(3).ok_or("no reply")?.to::<i64>()?, 2);
        assert_eq!(redis.metrics().errors, [("WRONGTYPE".to_owned(), 1)]);
    }
    Ok(())
}

#[tokio::test]
async fn batches_of_several_callers_stay_together_however_small_the_window_is() -> Result {
    for server in plain()? {
        // The second and third time the line, too, is too short for one of them.
        for (depth, tx, waiting) in [(1024, 65_536, 1 << 24), (8, 256, 2_048), (3, 100, 1)] {
            let redis = options(&server)?
                .depth(depth)
                .tx_bytes(tx)
                .waiting_bytes(waiting);
            let redis = Client::connect(redis).await?;
            redis.call(&cmd("DEL").arg("l")).await?;
            let tasks: Vec<_> = (0..4)
                .map(|task| {
                    let redis = redis.clone();
                    tokio::spawn(async move {
                        let mut batch = Batch::new();
                        for n in 0..50 {
                            batch.push(&cmd("RPUSH").arg("l").arg(task * 1_000 + n))?;
                        }
                        let fits = redis.fits(&batch);
                        let outcomes = loop {
                            let outcomes = redis.run(&batch).await;
                            // The line was full of others: nothing of it was sent.
                            if outcomes.error().is_none() {
                                break outcomes;
                            }
                            tokio::time::sleep(core::time::Duration::from_millis(5)).await;
                        };
                        assert!(outcomes.all_ok(), "{outcomes:?}");
                        Ok::<_, respipe_tokio::Error>(fits)
                    })
                })
                .collect();
            for task in tasks {
                assert_eq!(task.await??, depth == 1024);
            }
            let list = redis.call(&cmd("LRANGE").args(("l", 0, -1))).await?;
            let list: Vec<i64> = list.as_reply().to()?;
            assert_eq!(list.len(), 200);
            for batch in list.chunks(50) {
                let expected: Vec<i64> = (batch[0]..batch[0] + 50).collect();
                assert_eq!(batch, expected, "depth {depth}");
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_stream_goes_through_a_small_window_with_every_outcome() -> Result {
    for server in plain()? {
        let redis = Client::connect(options(&server)?.depth(16).tx_bytes(256)).await?;
        let commands = Ready((0..20_000u64).map(|n| (n, cmd("ECHO").arg(n))));
        let mut next = 0;
        let done = redis
            .stream(commands, |n, outcome| {
                assert_eq!(n, next);
                next += 1;
                let reply = outcome.reply().and_then(|reply| reply.to::<u64>().ok());
                assert_eq!(reply, Some(n));
            })
            .await?;
        assert_eq!((done.commands, next), (20_000, 20_000));
        assert_eq!(redis.metrics().in_flight, 0);
    }
    Ok(())
}

#[tokio::test]
async fn a_connection_of_ones_own_takes_transactions_and_blocking_commands() -> Result {
    for server in plain()? {
        let redis = client(&server).await?;
        let own = redis.dedicated().await?;
        own.call(&cmd("MULTI")).await?;
        own.call(&cmd("INCR").arg("n")).await?;
        assert!(!own.is_session_clean());
        let results: Vec<i64> = own.call_to(&cmd("EXEC")).await?;
        assert_eq!(results, [1]);
        let waiting = tokio::spawn(async move {
            own.call_to::<(String, String), _>(&cmd("BLPOP").args(("jobs", 0)))
                .await
        });
        redis.call(&cmd("RPUSH").args(("jobs", "dig"))).await?;
        assert_eq!(waiting.await??, ("jobs".to_owned(), "dig".to_owned()));
    }
    Ok(())
}
