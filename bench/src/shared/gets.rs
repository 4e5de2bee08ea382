//! Every task calls, waits for the reply, and calls again.

use std::sync::Arc;

use super::{Handle, TASKS};
use crate::Result;
use crate::workload::{Tally, Workload};

pub(super) async fn run<H: Handle>(
    handle: &H,
    workload: &Arc<Workload>,
    calls: usize,
) -> Result<Tally> {
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (mut handle, workload) = (handle.clone(), Arc::clone(workload));
            // The remainder is spread, so that the calls are as many as were asked for.
            let calls = calls / TASKS + usize::from(task < calls % TASKS);
            tokio::spawn(async move {
                let mut tally = Tally::default();
                for key in workload.keys().skip(task).take(calls) {
                    tally.add(handle.get(key, <[u8]>::len).await?);
                }
                Result::Ok(tally)
            })
        })
        .collect();
    let mut sum = Tally::default();
    for task in tasks {
        sum.merge(task.await??);
    }
    Ok(sum)
}
