//! A pool: a few connections for many threads, with a bounded wait.

use core::time::Duration;
use std::thread;

use blocking::{Result, Server};
use respipe_std::{Options, Pool, PoolError, cmd};

const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> Result {
    let server = Server::from_arguments()?;
    let pool = Pool::new(Options::from_url(server.url())?, 2);

    // Eight threads take turns on two connections.
    thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| -> core::result::Result<(), PoolError> {
                    for _ in 0..100 {
                        let mut redis = pool.take(PATIENCE)?;
                        let _: i64 = redis
                            .call_to(&cmd("INCR").arg("visits"))
                            .map_err(PoolError::Connect)?;
                    }
                    Ok(())
                })
            })
            .collect();
        threads.into_iter().try_for_each(|thread| {
            thread
                .join()
                .map_err(|_| "a thread panicked")?
                .map_err(|error| error.to_string())
        })
    })?;
    let visits: i64 = pool.take(PATIENCE)?.call_to(&cmd("GET").arg("visits"))?;
    println!("{visits} visits");

    // What one user leaves behind does not meet the next: a changed session is reset.
    pool.take(PATIENCE)?.call(&cmd("MULTI"))?;
    let removed: i64 = pool.take(PATIENCE)?.call_to(&cmd("DEL").arg("visits"))?;
    println!("{removed} key removed, and not queued in a stranger's transaction");

    // With all connections taken the wait ends, and says why.
    let taken = (pool.take(PATIENCE)?, pool.take(PATIENCE)?);
    match pool.take(Duration::from_millis(10)) {
        Err(PoolError::Empty { size, .. }) => println!("a third: all {size} are in use"),
        other => return Err(format!("unexpected: {other:?}").into()),
    }
    drop(taken);
    Ok(())
}
