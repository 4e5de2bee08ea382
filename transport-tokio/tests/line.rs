//! The line of those who wait for room: whatever happens to it, every call, batch and stream ends.

mod common;

use core::task::Poll;
use core::time::Duration;

use common::{Ready, Result, options, plain};
use respipe_testkit::chance::Chance;
use respipe_testkit::process::ServerProcess;
use respipe_tokio::core::Command;
use respipe_tokio::{Batch, Client, Error, Fate, Options, Outcome, OwnedReply, Reconnect, cmd};
use tokio::time::timeout;

/// Longer than anything here takes, and shorter than for ever.
const LONG: Duration = Duration::from_secs(20);

/// A time that is up soon.
const SHORT: Duration = Duration::from_millis(50);

/// A window of 16 commands, and a line of some 25.
fn narrow(server: &ServerProcess) -> Result<Options> {
    Ok(options(server)?.depth(16).waiting_bytes(4_096))
}

fn sets(commands: usize, value: &[u8]) -> Result<Batch> {
    let mut batch = Batch::new();
    for _ in 0..commands {
        batch.push(&cmd("SET").arg("k").arg(value))?;
    }
    Ok(batch)
}

/// How many outcomes of a stream of `SET`s were `OK`, and how many something else.
async fn stream(redis: Client, commands: usize, value: Vec<u8>) -> (bool, usize, usize) {
    let (mut ok, mut other) = (0, 0);
    let sets = (0..commands).map(|n| (n, cmd("SET").arg("k").arg(value.as_slice())));
    let done = redis.stream(Ready(sets), |_, outcome| match outcome.is_ok() {
        true => ok += 1,
        false => other += 1,
    });
    let done = done.await.is_ok();
    (done, ok, other)
}

/// A call that tries again while the line is full.
async fn patient<C: Command>(
    redis: &Client,
    command: &C,
) -> core::result::Result<OwnedReply, Error> {
    loop {
        match redis.call(command).await {
            Err(Error::LineFull { .. }) => tokio::task::yield_now().await,
            outcome => return outcome,
        }
    }
}

#[tokio::test]
async fn a_batch_larger_than_the_line_goes_through_whatever_the_length_of_its_commands() -> Result {
    for server in plain()? {
        for (length, limit) in [(3, 10), (300, 0), (300, 10), (2_000, 0)] {
            let options = narrow(&server)?.tx_bytes(200);
            let redis = Client::connect(options.reply_timeout(Duration::from_secs(limit))).await?;
            let batch = sets(500, &vec![b'x'; length])?;
            let outcomes = timeout(LONG, redis.run(&batch)).await?;
            assert!(outcomes.all_ok(), "{length} bytes: {:?}", outcomes.error());
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_stream_goes_through_whatever_the_length_of_its_commands() -> Result {
    for server in plain()? {
        let redis = Client::connect(options(&server)?.tx_bytes(200)).await?;
        let done = timeout(LONG, stream(redis, 500, vec![b'x'; 300])).await?;
        assert_eq!(done, (true, 500, 0));
    }
    Ok(())
}

#[tokio::test]
async fn a_batch_whose_time_is_up_in_line_ends_though_the_server_stands_still() -> Result {
    for server in plain()? {
        // The second time it holds the line by then.
        for answered in [false, true] {
            let redis = Client::connect(narrow(&server)?.reply_timeout(SHORT)).await?;
            let batch = sets(100_000, b"1")?;
            if !answered {
                server.pause()?;
            }
            let running = tokio::spawn({
                let redis = redis.clone();
                async move { redis.run(&batch).await }
            });
            while answered && redis.metrics().answered < 100 {
                tokio::task::yield_now().await;
            }
            server.pause()?;
            let outcomes = timeout(LONG, running).await??;
            assert!(matches!(
                outcomes.get(outcomes.len() - 1),
                Some(Outcome::NotSent)
            ));
            server.resume()?;
            // Nobody holds the line any more.
            let mut next = timeout(LONG, redis.call(&cmd("PING"))).await?;
            while next
                .as_ref()
                .is_err_and(|error| error.fate() == Some(Fate::NotSent))
            {
                next = timeout(LONG, redis.call(&cmd("PING"))).await?;
            }
            assert_eq!(redis.metrics().calls, 0);
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_stream_whose_commands_time_out_in_line_goes_on() -> Result {
    for server in plain()? {
        let options = options(&server)?.depth(100).reply_timeout(SHORT);
        let redis = Client::connect(options.silence_limit(Duration::ZERO)).await?;
        server.pause()?;
        let running = tokio::spawn(stream(redis, 1_000, b"1".to_vec()));
        tokio::time::sleep(2 * SHORT).await;
        server.resume()?;
        let (done, ok, other) = timeout(LONG, running).await??;
        assert!(done && ok + other == 1_000 && other > 0, "{ok} {other}");
    }
    Ok(())
}

#[tokio::test]
async fn whoever_waits_in_line_when_the_server_dies_is_told() -> Result {
    for mut server in plain()? {
        let soon = Reconnect {
            first_delay: Duration::from_millis(1),
            max_delay: Duration::from_millis(1),
            ..Reconnect::DEFAULT
        };
        let twice = Reconnect {
            attempts: 2,
            ..soon
        };
        for reconnect in [None, Some(twice), Some(soon)] {
            // Room for ten of the batch, and then for a shorter one.
            let mut options = narrow(&server)?.waiting_bytes(1_570);
            options.reconnect = reconnect;
            let redis = Client::connect(options).await?;
            server.pause()?;
            let batch = sets(1_000, b"1")?;
            let run = tokio::spawn({
                let redis = redis.clone();
                async move { redis.run(&batch).await }
            });
            tokio::task::yield_now().await;
            let behind = tokio::spawn({
                let redis = redis.clone();
                async move { redis.call(&cmd("PING")).await }
            });
            tokio::task::yield_now().await;
            server.kill()?;
            let outcomes = timeout(LONG, run).await??;
            assert!(!outcomes.all_ok(), "{reconnect:?}");
            let told = timeout(LONG, behind).await??;
            assert!(told.is_ok() || told.is_err_and(|error| matches!(error, Error::Ended { .. })));
            server.restart()?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_stream_ends_with_its_server() -> Result {
    for mut server in plain()? {
        let redis = Client::connect(options(&server)?.depth(100)).await?;
        server.pause()?;
        let running = tokio::spawn(stream(redis, 1_000, b"1".to_vec()));
        tokio::time::sleep(SHORT).await;
        server.kill()?;
        let (done, ok, other) = timeout(LONG, running).await??;
        assert_eq!((done, ok), (false, 0));
        assert!(other > 0);
    }
    Ok(())
}

/// Calls and batches of short and long commands, a third of them dropped; whoever is left gets what
/// is his. Returns when the link has ended.
async fn play(redis: Client, seed: u64, steps: usize) {
    let mut chance = Chance::of_seed(seed);
    let text = |chance: &mut Chance<'_>, n: usize| {
        let most = if chance.u32(0..4) == 0 { 900 } else { 40 };
        format!("{seed}-{n}-{}", "z".repeat(chance.usize(0..most)))
    };
    for step in 0..steps {
        let patience = match chance.u32(0..3) {
            0 => Duration::from_micros(chance.u64(0..300)),
            _ => LONG,
        };
        if chance.u32(0..3) > 0 {
            let own = text(&mut chance, step);
            let echo = cmd("ECHO").arg(own.as_str());
            let Ok(outcome) = timeout(patience, patient(&redis, &echo)).await else {
                assert!(patience < LONG, "a call hangs: {:?}", redis.metrics());
                continue;
            };
            match outcome {
                Ok(reply) => assert_eq!(reply.as_reply().as_str(), Ok(own.as_str())),
                Err(error) => assert!(error.fate().is_some(), "{error:?}"),
            }
            continue;
        }
        let own: Vec<String> = (0..chance.usize(0..60))
            .map(|n| text(&mut chance, n))
            .collect();
        let mut batch = Batch::new();
        for own in &own {
            batch
                .push(&cmd("ECHO").arg(own.as_str()))
                .expect("short enough");
        }
        let Ok(outcomes) = timeout(patience, redis.run(&batch)).await else {
            assert!(patience < LONG, "a batch hangs: {:?}", redis.metrics());
            continue;
        };
        assert_eq!(outcomes.len(), own.len());
        for (outcome, own) in outcomes.iter().zip(&own) {
            match outcome {
                Outcome::Replied(reply) => assert_eq!(reply.as_str(), Ok(own.as_str())),
                outcome => assert!(outcome.fate().is_some(), "{outcome:?}"),
            }
        }
    }
}

/// Many who play at once, with a time limit or none; at last the server dies under them.
async fn stress(seed: u64, tasks: u64, steps: usize) -> Result {
    for mut server in plain()? {
        for limit in [0, 60_000] {
            let options = options(&server)?
                .depth(6)
                .tx_bytes(200)
                .waiting_bytes(3_000);
            let redis =
                Client::connect(options.reply_timeout(Duration::from_millis(limit))).await?;
            let start = |steps| -> Vec<_> {
                let seeds = (0..tasks).map(|task| seed + task);
                let play = |seed| tokio::spawn(play(redis.clone(), seed, steps));
                seeds.map(play).collect()
            };
            for playing in start(steps) {
                playing.await?;
            }
            // All that was dropped leaves, or is withdrawn.
            let clear = async {
                loop {
                    let left = redis.metrics();
                    if left.calls + left.in_flight + left.queued == 0 {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            assert!(timeout(LONG, clear).await.is_ok(), "{:?}", redis.metrics());
            let playing = start(4 * steps);
            tokio::time::sleep(SHORT).await;
            server.kill()?;
            for playing in playing {
                playing.await?;
            }
            assert_eq!(redis.metrics().calls, 0);
            server.restart()?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_and_batches_of_all_lengths_dropped_at_random_leave_nobody_waiting() -> Result {
    stress(1, 16, 60).await
}

#[tokio::test]
async fn calls_and_batches_dropped_at_random_leave_nobody_waiting_on_one_thread() -> Result {
    stress(100, 16, 60).await
}

/// `cargo test -p respipe-tokio --release --test line -- --ignored`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute"]
async fn calls_and_batches_dropped_at_random_leave_nobody_waiting_for_many_seeds() -> Result {
    for seed in 0..20 {
        stress(seed * 1_000, 16, 400).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_batch_that_is_given_up_while_it_holds_the_line_does_not_hold_up_the_next() -> Result {
    for server in plain()? {
        let redis = Client::connect(narrow(&server)?).await?;
        let batch = sets(300, b"1")?;
        for turns in 0..60 {
            let mut dropped = Box::pin(redis.run(&batch));
            for _ in 0..turns {
                core::future::poll_fn(|cx| Poll::Ready(dropped.as_mut().poll(cx).is_ready()))
                    .await
                    .then(|| dropped = Box::pin(redis.run(&batch)));
                tokio::task::yield_now().await;
            }
            drop(dropped);
            // It takes the place of the one that has gone.
            let outcomes = timeout(LONG, redis.run(&batch)).await?;
            let error = outcomes.error();
            assert!(error.is_none_or(|error| matches!(error, Error::LineFull { .. })));
        }
    }
    Ok(())
}
