//! Pushes: messages of subscriptions come unasked, and never in the place of a reply.

use core::time::Duration;
use std::time::Instant;

use blocking::{Result, Server};
use respipe_std::{Connection, cmd};

fn main() -> Result {
    let server = Server::from_arguments()?;
    let mut listener = Connection::open(server.url())?;
    let mut publisher = Connection::open(server.url())?;

    // The last confirmation of a SUBSCRIBE is its reply; what follows are pushes.
    let (what, channel, count): (String, String, i64) =
        listener.call_to(&cmd("SUBSCRIBE").arg("alarms"))?;
    println!("{what} {channel} {count}");

    for text in ["too hot", "too cold"] {
        let receivers: i64 = publisher.call_to(&cmd("PUBLISH").args(("alarms", text)))?;
        println!("published to {receivers}");
    }
    for _ in 0..2 {
        println!("{}", next(&mut listener)?.join(" "));
    }

    // Nothing more comes: the wait ends at its deadline.
    let soon = Instant::now() + Duration::from_millis(50);
    println!("one more? {}", listener.next_push(Some(soon))?.is_some());
    println!("{} were lost", listener.pushes_lost());
    publisher.close()?;
    Ok(())
}

/// The words of the next push.
fn next(listener: &mut Connection) -> Result<Vec<String>> {
    let patience = Instant::now() + Duration::from_secs(10);
    let push = listener.next_push(Some(patience))?.ok_or("no push came")?;
    Ok(push.reply().to()?)
}
