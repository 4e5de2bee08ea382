//! A connection that is cut: every command has a fate, and what may be sent again is sent again if you ask for it.
//!
//! The cut is made by the testkit's proxy, which ends the first two connections in the middle of what they send.

use blocking::{Result, Server};
use respipe_std::{Connection, Options, Outcome, Reconnect, Resend, cmd};
use respipe_testkit::proxy::{self, End, Faults, Lane, Proxy};

const COMMANDS: u32 = 200;

fn main() -> Result {
    let server = Server::from_arguments()?;
    let cut = Faults::new(Lane::new().after(2_000, End::Close), Lane::new());
    let proxy = Proxy::start_with_plan(
        proxy::upstream(server.url())?,
        vec![cut.clone(), cut, Faults::none()],
    )?;
    let url = proxy::url_through(server.url(), proxy.address());

    // Nothing is sent again unless asked for: each command says what is known of it.
    let mut redis = Connection::open(&url)?;
    let (mut answered, mut unknown, mut not_sent) = (0, 0, 0);
    let increments = (0..COMMANDS).map(|_| ((), cmd("INCR").arg("counter")));
    let ended = redis.stream(increments, |(), outcome| match outcome {
        Outcome::NotSent => not_sent += 1,
        Outcome::Unknown(_) => unknown += 1,
        _ => answered += 1,
    });
    println!(
        "cut: {}",
        if ended.is_err() {
            "the stream ended with an error"
        } else {
            "nothing noticed"
        }
    );
    println!(
        "fates: {}",
        if answered + unknown > 0 && unknown + not_sent > 0 {
            "told apart"
        } else {
            "unclear"
        }
    );
    // What was never asked of the iterator is not counted: it is still the caller's.
    // The server may not have got to the first of them yet: then there is no counter.
    let counted: Option<i64> =
        Connection::open(server.url())?.call_to(&cmd("GET").arg("counter"))?;
    let counted = counted.unwrap_or(0);
    let possible = i64::from(answered)..=i64::from(answered + unknown);
    println!(
        "the counter is {}",
        if possible.contains(&counted) {
            "what the fates allow"
        } else {
            "wrong"
        }
    );

    // A SET of the same value may run twice. Declared so, and asked for, it survives the cut.
    let options = Options::from_url(&url)?
        .reconnect(Reconnect::DEFAULT)
        .resend(Resend::Replayable);
    let mut redis = Connection::connect(options)?;
    let mut stored = 0;
    let sets =
        (0..COMMANDS).map(|n| ((), cmd("SET").args((format!("sensor:{n}"), n)).replayable()));
    redis.stream(sets, |(), outcome| stored += u32::from(outcome.is_ok()))?;
    println!(
        "{stored} of {COMMANDS} stored over {} connections",
        proxy.accepted() - 1
    );

    let keys = (0..COMMANDS).map(|n| (format!("sensor:{n}"),));
    let _: i64 = redis.call_to(&cmd("DEL").arg("counter").each(keys))?;
    redis.close()?;
    Ok(())
}
