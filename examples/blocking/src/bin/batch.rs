//! A batch: a list of commands that stays yours, and an outcome for each of them by index.

use blocking::{Result, Server};
use respipe_std::{Batch, Connection, Outcome, cmd};

fn main() -> Result {
    let server = Server::from_arguments()?;
    let mut redis = Connection::open(server.url())?;

    let mut batch = Batch::new();
    batch.push(&cmd("SET").args(("name", "respipe")))?;
    let wrong = batch.push(&cmd("INCR").arg("name"))?;
    let name = batch.push(&cmd("GET").arg("name"))?;
    batch.push(&cmd("DEL").arg("name"))?;

    // One error does not hide the other replies.
    let outcomes = redis.run(&batch);
    for (index, outcome) in outcomes.iter().enumerate() {
        match outcome {
            Outcome::Replied(reply) if reply.error().is_some() => {
                println!("{index}: refused by the server");
            }
            Outcome::Replied(_) => println!("{index}: answered"),
            other => println!("{index}: {other:?}"),
        }
    }
    let error = outcomes
        .reply(wrong)
        .and_then(|reply| reply.error())
        .ok_or("text cannot be counted up")?;
    println!(
        "INCR got {}: {}",
        error.code(),
        error.message().escape_ascii()
    );
    println!(
        "GET got {}",
        outcomes.reply(name).ok_or("no reply")?.as_str()?
    );

    // It can be run again, on any connection.
    assert!(!redis.run(&batch).all_ok());
    redis.close()?;
    Ok(())
}
