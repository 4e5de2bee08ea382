//! Every program runs by itself and says what its comments promise.

use std::process::Command;

use respipe_testkit::process;
use respipe_testkit::server::ServerInProcess;

type Result<T = ()> = core::result::Result<T, Box<dyn core::error::Error>>;

/// Runs a program against every server that can be found, and the testkit's, and compares all that it prints.
fn prints(program: &str, expected: &str) -> Result {
    let hermetic = ServerInProcess::start()?;
    prints_at(
        program,
        &hermetic.url(),
        expected,
        "the server in this process",
    )?;
    let binaries = process::servers();
    if binaries.is_empty() {
        respipe_testkit::skip("no redis-server and no valkey-server on the PATH");
    }
    for binary in binaries {
        let server = process::Launch::new(&binary).start()?;
        let name = format!("{} {}", server.name(), server.version());
        prints_at(program, &server.url(), expected, &name)?;
    }
    Ok(())
}

fn prints_at(program: &str, url: &str, expected: &str, server: &str) -> Result {
    let output = Command::new(program).args(["--url", url]).output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "at {server}: {errors}");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        expected,
        "at {server}"
    );
    Ok(())
}

#[test]
fn call_shows_replies_and_errors() -> Result {
    prints(
        env!("CARGO_BIN_EXE_call"),
        "sensor:1 shows 22 degrees\n\
         sensor:2 shows None\n\
         the server says WRONGTYPE\n\
         and again: WRONGTYPE Operation against a key holding the wrong kind of value\n",
    )
}

#[test]
fn send_flush_receive_keeps_the_order() -> Result {
    prints(
        env!("CARGO_BIN_EXE_send_flush_receive"),
        "7 commands are on their way\n\
         the list was [10, 20, 30, 40, 50]\n\
         one more: NothingPending\n",
    )
}

#[test]
fn batch_has_an_outcome_for_each_command() -> Result {
    prints(
        env!("CARGO_BIN_EXE_batch"),
        "0: answered\n\
         1: refused by the server\n\
         2: answered\n\
         3: answered\n\
         INCR got ERR: value is not an integer or out of range\n\
         GET got respipe\n",
    )
}

#[test]
fn stream_stores_every_sample() -> Result {
    prints(
        env!("CARGO_BIN_EXE_stream"),
        "100000 of 100000 samples stored, the last was number 100000\n\
         the stream holds 100000\n\
         sent again it is refused\n",
    )
}

#[test]
fn pushes_come_apart_from_replies() -> Result {
    prints(
        env!("CARGO_BIN_EXE_pushes"),
        "subscribe alarms 1\n\
         published to 1\n\
         published to 1\n\
         message alarms too hot\n\
         message alarms too cold\n\
         one more? false\n\
         0 were lost\n",
    )
}

#[test]
fn pool_serves_more_threads_than_it_has_connections() -> Result {
    prints(
        env!("CARGO_BIN_EXE_pool"),
        "800 visits\n\
         1 key removed, and not queued in a stranger's transaction\n\
         a third: all 2 are in use\n",
    )
}

#[test]
fn reconnect_tells_fates_apart_and_resends_what_it_may() -> Result {
    prints(
        env!("CARGO_BIN_EXE_reconnect"),
        "cut: the stream ended with an error\n\
         fates: told apart\n\
         the counter is what the fates allow\n\
         200 of 200 stored over 2 connections\n",
    )
}

#[test]
fn without_arguments_a_program_finds_a_server_by_itself() -> Result {
    let output = Command::new(env!("CARGO_BIN_EXE_call")).output()?;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("sensor:1 shows 22 degrees\n"));
    Ok(())
}
