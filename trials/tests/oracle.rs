//! The live oracle: random commands to a real server through every transport, with marks between them. Every mark comes back to its
//! own slot, or its slot says why not.

use core::time::Duration;
use std::thread;

use respipe_core::Fate;
use respipe_core::encode::{CommandList, RawCommand};
use respipe_testkit::conformance::Request;
use respipe_testkit::process::{Launch, servers};
use respipe_testkit::skip;
use trials::{End, Flight, Terms, Transport, all};

/// Of each family what it takes to get out of step: what is answered by none, by several, late, or in another form.
const COMMANDS: &[&str] = &[
    // Transactions.
    "MULTI",
    "MULTI",
    "EXEC",
    "EXEC",
    "DISCARD",
    "WATCH k",
    "UNWATCH",
    "MULTI x",
    // Subscriptions.
    "SUBSCRIBE a",
    "SUBSCRIBE a b a",
    "UNSUBSCRIBE",
    "UNSUBSCRIBE a c",
    "PSUBSCRIBE p* a",
    "PUNSUBSCRIBE",
    "SSUBSCRIBE s t",
    "SUNSUBSCRIBE",
    "PUBLISH a hi",
    "SPUBLISH s hi",
    // Who answers.
    "CLIENT REPLY OFF",
    "CLIENT REPLY ON",
    "CLIENT REPLY SKIP",
    "CLIENT REPLY NO",
    // The session.
    "RESET",
    "SELECT 1",
    "SELECT 99",
    "HELLO",
    "HELLO 2",
    "HELLO 3",
    "HELLO 4",
    "CLIENT ID",
    "CLIENT TRACKING ON",
    // Scripts.
    "EVAL return(0) 0",
    "EVAL return{1,{2,'x'},redis.call('ECHO','mark0')} 0",
    "EVAL return{err='MINE'} 0",
    "EVALSHA 0000000000000000000000000000000000000000 0",
    "SCRIPT LOAD return(1)",
    "EVAL error 0",
    "EVAL redis.setresp(3);return{double=1.5} 0",
    // What blocks, shortly.
    "BLPOP nokey 0.01",
    "BRPOP nokey 0.01",
    "XREAD BLOCK 5 STREAMS nostream $",
    "WAIT 0 1",
    "BLMOVE nokey k LEFT LEFT 0.01",
    // Wrong types, wrong counts, unknown commands.
    "SET k v",
    "LPUSH k x",
    "INCR k",
    "GET",
    "NOSUCH a b",
    "LRANGE l 0 -1",
    "RPUSH l message subscribe",
    "GETRANGE k 0 -1",
    "PING",
    "PING mark0x",
    "MGET k nokey l",
    "HSET h f v",
    "HGETALL h",
    "DEBUG JMAP",
    "OBJECT HELP",
    "MONITOR",
];

/// Lists for each transport, protocol and server.
const LISTS: u64 = 60;

/// One list: random commands, a mark behind each, and RESET at the end.
fn list(seed: u64) -> (CommandList, Vec<String>) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut lines = Vec::new();
    for nth in 0..random.usize(3..28) {
        lines.push(COMMANDS[random.usize(0..COMMANDS.len())].to_owned());
        lines.push(format!("ECHO mark{nth}"));
    }
    lines.extend(["RESET".to_owned(), "ECHO last".to_owned()]);
    let mut list = CommandList::new();
    for line in &lines {
        let wire = Request::from(line.as_str()).wire();
        let (command, _) = RawCommand::split(&wire).expect("a whole command");
        list.push(&command).expect("a whole command");
    }
    (list, lines)
}

/// Every command ended once, no mark came to another's slot, and each mark came back or has a reason.
fn check(flight: &Flight, lines: &[String]) -> Result<(), String> {
    if let Some(error) = &flight.error {
        return Err(format!("the connection ended: {error}"));
    }
    let ends = flight.one_each()?;
    for (line, end) in lines.iter().zip(ends) {
        let mark = line.strip_prefix("ECHO ");
        let own = mark.map(|mark| format!("${}\r\n{mark}\r\n", mark.len()).into_bytes());
        match end {
            End::Replied(reply) if own.as_ref() == Some(reply) => {}
            End::Replied(reply) => {
                if reply.starts_with(b"$")
                    && reply.windows(6).any(|six| six == b"\r\nmark")
                    && line != "PING mark0x"
                {
                    return Err(format!(
                        "another's mark: {line} was given {}",
                        reply.escape_ascii()
                    ));
                }
                let excused = [&b"+QUEUED"[..], b"-ERR Can't execute 'echo'", b"-EXECABORT"];
                if mark.is_some() && !excused.iter().any(|text| reply.starts_with(text)) {
                    return Err(format!(
                        "a mark was lost: {line} was given {}",
                        reply.escape_ascii()
                    ));
                }
            }
            // The guard refuses it, or CLIENT REPLY silences it.
            End::Rejected | End::Ended(Fate::Silent | Fate::Refused) => {}
            other => return Err(format!("{line}: {other:?}")),
        }
    }
    Ok(())
}

fn run(transport: &dyn Transport, address: core::net::SocketAddr) -> Result<(), String> {
    for resp3 in [false, true] {
        let terms = Terms {
            resp3,
            patience: Duration::from_secs(20),
            ..Terms::DEFAULT
        };
        for seed in 0..LISTS {
            let (commands, lines) = list(seed);
            let flight = transport.flight(address, &terms, &commands);
            check(&flight, &lines).map_err(|wrong| {
                let told = lines.iter().zip(&flight.ends);
                let told: Vec<String> = told
                    .map(|(line, ends)| format!("  {line}: {ends:?}"))
                    .collect();
                format!(
                    "{}, resp3 {resp3}, seed {seed}: {wrong}\n{}",
                    transport.name(),
                    told.join("\n")
                )
            })?;
        }
    }
    Ok(())
}

#[test]
fn every_mark_comes_back_to_its_own_slot_over_every_transport_and_server() {
    let binaries = servers();
    if binaries.is_empty() {
        return skip("no redis-server or valkey-server on the PATH");
    }
    // Every server, and over each every transport, at once: most of the time they wait.
    let (transports, servers) = (all(), binaries.iter().map(Launch::new));
    let servers: Vec<_> = servers
        .map(|launch| launch.start().expect("a server that starts"))
        .collect();
    thread::scope(|scope| {
        for server in &servers {
            for transport in &transports {
                scope.spawn(move || {
                    if let Err(wrong) = run(transport.as_ref(), server.address()) {
                        panic!("{} {}: {wrong}", server.name(), server.version());
                    }
                });
            }
        }
    });
}
