//! A caller that calls now and then beside callers that never stop.
//!
//! The pause is longer than a turn of the busy ones, so that the lone caller meets them at any point of theirs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{Handle, TASKS};
use crate::Result;
use crate::workload::Workload;

/// Of the lone caller, between its calls.
const PAUSE: Duration = Duration::from_millis(1);

pub(super) async fn run<H: Handle>(
    handle: &H,
    workload: &Arc<Workload>,
    calls: usize,
) -> Result<Vec<Duration>> {
    let stop = Arc::new(AtomicBool::new(false));
    let busy: Vec<_> = (1..TASKS)
        .map(|task| {
            let (mut handle, workload) = (handle.clone(), Arc::clone(workload));
            let stop = Arc::clone(&stop);
            tokio::spawn(async move {
                for key in workload.keys().skip(task) {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    handle.get(key, <[u8]>::len).await?;
                }
                Result::Ok(())
            })
        })
        .collect();
    let (mut handle, workload) = (handle.clone(), Arc::clone(workload));
    let lone = tokio::spawn(async move {
        let mut took = Vec::with_capacity(calls);
        for key in workload.keys().take(calls) {
            tokio::time::sleep(PAUSE).await;
            let start = Instant::now();
            handle.get(key, <[u8]>::len).await?;
            took.push(start.elapsed());
        }
        Result::Ok(took)
    });
    let took = lone.await?;
    stop.store(true, Ordering::Relaxed);
    for task in busy {
        task.await??;
    }
    took
}
