//! Cancellation: a future that is dropped at any point shifts no reply and leaks no slot.

mod common;

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll};
use core::time::Duration;

use common::{Result, client, options, plain};
use respipe_tokio::{Batch, Client, Error, Fate, OwnedReply, Why, cmd};

/// Numbers that a seed repeats.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        // A 64-bit linear congruential generator; its upper bits are good enough here.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// Polls a call so many times, with a turn of the scheduler in between, and drops it then; its
/// outcome if it has one by then.
async fn poll_times(
    call: impl Future<Output = core::result::Result<OwnedReply, Error>>,
    mut times: u64,
) -> Option<core::result::Result<OwnedReply, Error>> {
    let mut call = pin!(call);
    core::future::poll_fn(|cx: &mut Context<'_>| {
        if times == 0 {
            return Poll::Ready(None);
        }
        times -= 1;
        if let Poll::Ready(outcome) = call.as_mut().poll(cx) {
            return Poll::Ready(Some(outcome));
        }
        if times == 0 {
            return Poll::Ready(None);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

/// What one task did with a counter of its own.
#[derive(Debug, Default)]
struct Count {
    replied: i64,
    /// Dropped, or sent and given up in time: may have run.
    unknown: i64,
    not_sent: i64,
}

async fn count_up(redis: Client, task: u64, calls: u64) -> Counted {
    let mut random = Random(task);
    let mut count = Count::default();
    let key = format!("n{task}");
    let incr = cmd("INCR").arg(key.as_str());
    for n in 0..calls {
        let outcome = match random.below(20) {
            // One in ten is cancelled at a random point, half of them with a look at the fate.
            0 => match poll_times(redis.call(&incr), random.below(6)).await {
                Some(outcome) => outcome,
                None => {
                    count.unknown += 1;
                    continue;
                }
            },
            1 => {
                redis
                    .call_within(Duration::from_micros(random.below(400)), &incr)
                    .await
            }
            2 => {
                let text = format!("{task}:{n}");
                let echo: String = redis.call_to(&cmd("ECHO").arg(text.as_str())).await?;
                assert_eq!(echo, text, "a reply was shifted");
                continue;
            }
            _ => redis.call(&incr).await,
        };
        match outcome {
            Ok(reply) => {
                let value: i64 = reply.as_reply().to()?;
                count.replied += 1;
                let ran = count.replied..=count.replied + count.unknown;
                assert!(ran.contains(&value), "{value} after {count:?}");
            }
            Err(Error::Ended {
                fate: Fate::NotSent,
                ..
            }) => count.not_sent += 1,
            Err(Error::Ended {
                fate: Fate::Unknown(Why::TimedOut),
                ..
            }) => count.unknown += 1,
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

type Counted = core::result::Result<Count, Error>;

async fn cancel(calls: u64, depth: usize) -> Result {
    for server in plain()?.into_iter().take(1) {
        let redis = Client::connect(options(&server)?.depth(depth).tx_bytes(depth * 30)).await?;
        let tasks: Vec<_> = (0..64)
            .map(|task| tokio::spawn(count_up(redis.clone(), task, calls / 64)))
            .collect();
        let mut all = Count::default();
        for (task, counted) in tasks.into_iter().enumerate() {
            let count = counted.await??;
            let ran: Option<i64> = redis
                .call_to(&cmd("GET").arg(format!("n{task}").as_str()))
                .await?;
            let ran = ran.unwrap_or(0);
            let can = count.replied..=count.replied + count.unknown;
            assert!(can.contains(&ran), "{ran} ran, {count:?}");
            all.replied += count.replied;
            all.unknown += count.unknown;
            all.not_sent += count.not_sent;
        }
        // Nothing is owed to anybody any more, and every slot is free again.
        let metrics = redis.metrics();
        assert_eq!(
            (metrics.in_flight, metrics.queued, metrics.calls),
            (0, 0, 0),
            "{metrics:?}"
        );
        let mut batch = Batch::new();
        for _ in 0..depth {
            batch.push(&cmd("PING"))?;
        }
        assert!(redis.fits(&batch) && redis.run(&batch).await.all_ok());
        assert!(metrics.abandoned > 0 && all.unknown > 0, "{all:?}");
        eprintln!("{all:?} {metrics:?}");
    }
    Ok(())
}

#[tokio::test]
async fn calls_cancelled_at_random_shift_no_reply_and_leak_no_slot_on_one_thread() -> Result {
    cancel(20_000, 1024).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_cancelled_at_random_shift_no_reply_and_leak_no_slot_on_several_threads() -> Result {
    cancel(20_000, 16).await
}

/// The same a million times, which takes a while: `cargo test -p respipe-tokio --release --test
/// cancel -- --ignored`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a million calls take half a minute"]
async fn a_million_calls_cancelled_at_random_shift_no_reply_and_leak_no_slot() -> Result {
    cancel(1_000_000, 48).await
}

#[tokio::test]
async fn a_command_that_had_not_left_is_withdrawn_when_its_future_is_dropped() -> Result {
    for server in plain()? {
        let redis = client(&server).await?;
        // The pump is a task of its own, and has had no turn yet.
        assert!(
            poll_times(redis.call(&cmd("INCR").arg("n")), 1)
                .await
                .is_none()
        );
        let n: Option<i64> = redis.call_to(&cmd("GET").arg("n")).await?;
        assert_eq!(n, None);
        assert_eq!(redis.metrics().abandoned, 1);
    }
    Ok(())
}

#[tokio::test]
async fn a_batch_and_a_waiter_that_are_dropped_leave_nothing_behind() -> Result {
    for server in plain()? {
        let redis = Client::connect(options(&server)?.depth(8).waiting_bytes(500)).await?;
        let mut batch = Batch::new();
        for _ in 0..100 {
            batch.push(&cmd("INCR").arg("n"))?;
        }
        for times in 0..30 {
            let mut running = pin!(redis.run(&batch));
            let mut left = times;
            // It holds the line when it is dropped, or soon will.
            core::future::poll_fn(|cx| {
                if left == 0 || running.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(());
                }
                left -= 1;
                cx.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
        }
        // All that could leave has left, and everyone else goes on.
        while redis.metrics().in_flight > 0 || redis.metrics().queued > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        redis.call(&cmd("PING")).await?;
        let metrics = redis.metrics();
        assert_eq!(metrics.calls, 0, "{metrics:?}");
    }
    Ok(())
}
