//! Commands and replies apart: send what you have, flush, and receive in the same order.

use blocking::{Result, Server};
use respipe_std::{Connection, Error, cmd};

fn main() -> Result {
    let server = Server::from_arguments()?;
    let mut redis = Connection::open(server.url())?;

    for n in 1..=5 {
        redis.send(&cmd("RPUSH").args(("samples", n * 10)))?;
    }
    redis.send(&cmd("LRANGE").args(("samples", 0, -1)))?;
    redis.send(&cmd("DEL").arg("samples"))?;
    redis.flush()?; // all in one write; `receive` would flush too
    println!("{} commands are on their way", redis.pending());

    for expected in 1..=5 {
        let length: i64 = redis.receive()?.reply().ok_or("no reply")?.to()?;
        assert_eq!(length, expected);
    }
    let samples: Vec<i64> = redis.receive()?.reply().ok_or("no reply")?.to()?;
    println!("the list was {samples:?}");
    redis.receive()?;

    // One receive too many is an error, never a wait for ever.
    match redis.receive() {
        Err(Error::Misuse(misuse)) => println!("one more: {misuse:?}"),
        other => return Err(format!("unexpected: {other:?}").into()),
    }
    redis.close()?;
    Ok(())
}
