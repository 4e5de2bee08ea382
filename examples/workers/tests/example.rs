//! The program runs by itself and its books balance, against every server that can be found, and the testkit's.

use std::process::Command;

use respipe_testkit::process;
use respipe_testkit::server::ServerInProcess;

type Result<T = ()> = core::result::Result<T, Box<dyn core::error::Error>>;

fn balances(url: &str) -> Result {
    let output = Command::new(env!("CARGO_BIN_EXE_workers"))
        .args(["--url", url, "--jobs", "2000"])
        .output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "at {url}: {errors}");
    let printed = String::from_utf8(output.stdout)?;
    let lines: Vec<&str> = printed.lines().collect();
    assert!(
        lines[0].starts_with("256 workers, 6000 commands in "),
        "{printed}"
    );
    assert!(
        lines[1].contains(" commands a second; half of them within "),
        "{printed}"
    );
    // Two commands before and two behind the jobs.
    assert_eq!(
        lines[2],
        "sent 6004, answered 6004, errors 0, still in flight 0"
    );
    assert_eq!(lines[3..], ["sold 2000, the last receipt says 3"]);
    Ok(())
}

#[test]
fn the_books_of_256_workers_balance() -> Result {
    balances(&ServerInProcess::start()?.url())?;
    let binaries = process::servers();
    if binaries.is_empty() {
        respipe_testkit::skip("no redis-server and no valkey-server on the PATH");
    }
    for binary in binaries {
        balances(&process::Launch::new(&binary).start()?.url())?;
    }
    Ok(())
}
