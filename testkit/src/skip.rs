//! What a test says when it cannot run.

use std::env;
use std::io::{self, Write};

/// Says on the terminal that the running test is skipped and why. The caller then returns.
///
/// The line (`skipped: TEST: REASON`) goes past the capture of the test harness, so that a skipped test is never silent.
///
/// # Panics
/// Under `CI=true`, where nothing may be skipped.
pub fn skip(reason: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    let line = format!("skipped: {test}: {reason}\n");
    // Not `eprintln!`: the harness would swallow it.
    let _ = io::stderr().write_all(line.as_bytes());
    assert!(
        env::var("CI").as_deref() != Ok("true"),
        "under CI=true nothing may be skipped: {reason}"
    );
}
