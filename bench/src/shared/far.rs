//! A server far away: callers that come at any moment, while others' replies are still on their way. A client that holds
//! commands back until replies are in, or leaves that to the system (Nagle's algorithm), takes up to two round trips for a call.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Handle, TASKS};
use crate::Result;
use crate::workload::Workload;

/// A task pauses for none to so many milliseconds before a call.
const PAUSES: u64 = 16;

pub(super) async fn run<H: Handle>(
    handle: &H,
    workload: &Arc<Workload>,
    calls: usize,
) -> Result<Vec<Duration>> {
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (mut handle, workload) = (handle.clone(), Arc::clone(workload));
            tokio::spawn(async move {
                let mut took = Vec::with_capacity(calls / TASKS);
                for (key, call) in workload.keys().skip(task).zip(0..calls / TASKS) {
                    let pause = (task * 5 + call * 7) as u64 % PAUSES;
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                    let start = Instant::now();
                    handle.get(key, <[u8]>::len).await?;
                    took.push(start.elapsed());
                }
                Result::Ok(took)
            })
        })
        .collect();
    let mut all = Vec::with_capacity(calls);
    for task in tasks {
        all.extend(task.await??);
    }
    Ok(all)
}
