//! A stream: any number of commands through a sliding window, at constant memory.

use blocking::{Result, Server};
use respipe_std::core::encode::Template;
use respipe_std::{Connection, Options, cmd, template};

const SAMPLES: u64 = 100_000;

/// The constant parts are encoded when compiling.
const XADD: Template<4> = template!("XADD", _, _, "sensor", _, "celsius", _);

fn main() -> Result {
    let server = Server::from_arguments()?;
    // As many commands as this are on their way at one time.
    let mut redis = Connection::connect(Options::from_url(server.url())?.depth(1_000))?;

    // Samples are made as the window has room for them. The tag comes back with the outcome.
    let samples = (1..=SAMPLES).map(|n| {
        let (sensor, celsius) = (n % 8, 20 + n % 5);
        let id = format!("{n}-1");
        (
            n,
            cmd("XADD").args(("telemetry", id, "sensor", sensor, "celsius", celsius)),
        )
    });
    let mut stored = 0_u64;
    let mut last = 0;
    let streamed = redis.stream(samples, |n, outcome| {
        stored += u64::from(outcome.is_ok());
        last = n;
    })?;
    println!(
        "{stored} of {} samples stored, the last was number {last}",
        streamed.commands
    );

    let length: u64 = redis.call_to(&cmd("XLEN").arg("telemetry"))?;
    println!("the stream holds {length}");

    // A sample whose id is not above the last is the server's error, in the outcome.
    let again = [((), XADD.with(("telemetry", "1-1", 0, 20)))];
    redis.stream(again, |(), outcome| {
        println!(
            "sent again it is {}",
            if outcome.is_ok() {
                "stored twice"
            } else {
                "refused"
            }
        );
    })?;

    let _: i64 = redis.call_to(&cmd("DEL").arg("telemetry"))?;
    redis.close()?;
    Ok(())
}
