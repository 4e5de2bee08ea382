//! A call takes at most one allocation: its owned reply.

mod common;

use allocation_counter::measure;
use common::{Result, client, plain};
use respipe_tokio::{Batch, BatchOutcomes, Client, Error, cmd};
use tokio::runtime::{Builder, Runtime};

const TASKS: u64 = 64;

/// Allocations of so many calls by each of the tasks.
fn calls(runtime: &Runtime, redis: &Client, calls: u64) -> u64 {
    let counted = measure(|| {
        runtime.block_on(async {
            let tasks: Vec<_> = (0..TASKS)
                .map(|_| {
                    let redis = redis.clone();
                    tokio::spawn(async move {
                        for _ in 0..calls {
                            redis.call(&cmd("GET").arg("k")).await?;
                        }
                        Ok::<_, Error>(())
                    })
                })
                .collect();
            for task in tasks {
                task.await.expect("no panic").expect("answered");
            }
        });
    });
    counted.count_total
}

#[test]
fn a_call_takes_one_allocation() -> Result {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    for server in plain()?.into_iter().take(1) {
        let redis = runtime.block_on(client(&server))?;
        runtime.block_on(redis.call(&cmd("SET").args(("k", "0123456789abcdef"))))?;
        // By difference: what tasks and warming up take falls out.
        calls(&runtime, &redis, 10);
        let short = calls(&runtime, &redis, 10);
        let long = calls(&runtime, &redis, 110);
        let (more, least) = (long - short, 100 * TASKS);
        // The count counts; one in a hundred is for buffers that grow.
        assert!(
            (least..=least + least / 100).contains(&more),
            "{more} for {least} calls"
        );
    }
    Ok(())
}

#[test]
fn a_batch_in_memory_that_is_used_again_takes_hardly_any() -> Result {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    for server in plain()?.into_iter().take(1) {
        let redis = runtime.block_on(client(&server))?;
        let (mut batch, mut outcomes) = (Batch::new(), BatchOutcomes::new());
        for n in 0..1_000 {
            batch.push(&cmd("SET").arg("k").arg(n))?;
        }
        let mut taken = 0;
        for _ in 0..3 {
            let counted = measure(|| runtime.block_on(redis.run_into(&batch, &mut outcomes)));
            taken = counted.count_total;
            assert!(outcomes.all_ok());
        }
        assert!(taken <= 10, "{taken} allocations for 1000 commands");
    }
    Ok(())
}
