//! Letting the other loops, and other tasks, have their turn.

use core::future::poll_fn;
use core::task::Poll;

/// Waits until the task is polled again. Whoever waits like this looks again at what it waits for:
/// the loops of a pump share one task, so every one of them is polled whenever anything happened.
pub(crate) async fn next() {
    let mut polled = false;
    poll_fn(|_| match core::mem::replace(&mut polled, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}
