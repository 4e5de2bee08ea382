//! One command, one reply: the simplest way, one round trip each.

use blocking::{Result, Server};
use respipe_std::{Connection, Error, cmd};

fn main() -> Result {
    let server = Server::from_arguments()?;
    let mut redis = Connection::open(server.url())?;

    // A reply is borrowed and lazy: it converts into what you ask for.
    assert!(redis.call(&cmd("SET").args(("sensor:1", 21)))?.is_ok());
    let celsius: i64 = redis.call_to(&cmd("INCR").arg("sensor:1"))?;
    println!("sensor:1 shows {celsius} degrees");

    let missing: Option<String> = redis.call_to(&cmd("GET").arg("sensor:2"))?;
    println!("sensor:2 shows {missing:?}");

    // An error of the server is a reply too, and no failure of the connection ...
    let reply = redis.call(&cmd("LRANGE").args(("sensor:1", 0, -1)))?;
    let error = reply.error().ok_or("a string is no list")?;
    println!("the server says {}", error.code());

    // ... but it is an error where a value was asked for.
    match redis.call_to::<Vec<String>>(&cmd("LRANGE").args(("sensor:1", 0, -1))) {
        Err(Error::Server(text)) => println!("and again: {text}"),
        other => return Err(format!("unexpected: {other:?}").into()),
    }

    let _: i64 = redis.call_to(&cmd("DEL").arg("sensor:1"))?;
    redis.close()?;
    Ok(())
}
