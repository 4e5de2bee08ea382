//! What `cargo ci --deep` adds: Miri, mutants, coverage.

use crate::ci::Context;
use crate::report::Verdict;
use crate::toolchain;
use anyhow::{Context as _, Result, ensure};
use xshell::cmd;

/// What must be covered of the core's lines, in per cent.
const COVERED: f64 = 97.0;
/// Modules whose mutants are made: those that decide whose a reply is.
const MUTATED: [&str; 4] = [
    "resp-core/src/decode/framer.rs",
    "resp-core/src/decode/inner.rs",
    "resp-core/src/pipeline/ring.rs",
    "resp-core/src/session/guard.rs",
];

/// The core's tests, interpreted: no undefined behaviour in it or in what it builds on.
pub fn miri(ci: &Context) -> Result<Verdict> {
    if let Err(lacking) = toolchain::toolchain(ci, "nightly") {
        return Ok(lacking);
    }
    let there = || {
        let version = cmd!(ci.sh, "cargo +nightly miri --version").quiet();
        version.ignore_stderr().read().is_ok()
    };
    if !there() && ci.install {
        // What the network refuses is excused below.
        let _ = cmd!(
            ci.sh,
            "rustup component add --toolchain nightly miri rust-src"
        )
        .run();
    }
    if !there() {
        let lacking = "no Miri; `rustup component add --toolchain nightly miri rust-src`".into();
        return Ok(match ci.install {
            true => Verdict::Excused(lacking),
            false => Verdict::Skipped(lacking),
        });
    }
    cmd!(
        ci.sh,
        "cargo +nightly miri test --package respipe-core --lib --all-features"
    )
    .run()?;
    Ok(Verdict::PASSED)
}

/// Mutants of the framer, the ring and the session guard; those that survive are listed, and explained in docs/testing.md.
pub fn mutants(ci: &Context) -> Result<Verdict> {
    let there = || {
        let version = cmd!(ci.sh, "cargo mutants --version").quiet();
        version.ignore_stderr().read().is_ok()
    };
    if let Err(lacking) = toolchain::tool(ci, "cargo-mutants", there) {
        return Ok(lacking);
    }
    let files = MUTATED.iter().flat_map(|file| ["--file", file]);
    // Each mutant is built and tested anew: half of that is linking, which debug information makes slow. What is left out by
    // name, and why, stands in `.cargo/mutants.toml`.
    let command = cmd!(
        ci.sh,
        "cargo mutants --package respipe-core {files...} --jobs 2"
    )
    .env("CARGO_PROFILE_DEV_DEBUG", "0")
    .args([
        "--timeout",
        "20",
        "--output",
        "target/mutants",
        "--",
        "--lib",
    ]);
    // It fails when any survives; how many may is decided here.
    command.ignore_status().run()?;
    let count = |name: &str| {
        let listed = ci
            .sh
            .read_file(format!("target/mutants/mutants.out/{name}.txt"));
        listed.map(|listed| listed.lines().count())
    };
    let caught = count("caught")? + count("timeout")?;
    let missed = count("missed")?;
    ensure!(caught + missed > 0, "no mutant was made");
    let score = 100.0 * caught as f64 / (caught + missed) as f64;
    let told = format!("{score:.1} % of {} mutants were noticed", caught + missed);
    ensure!(score >= 90.0, "{told}");
    Ok(Verdict::Passed(told))
}

/// How much of the core its tests and the conformance suite run through.
pub fn coverage(ci: &Context) -> Result<Verdict> {
    let there = || {
        let version = cmd!(ci.sh, "cargo llvm-cov --version").quiet();
        version.ignore_stderr().read().is_ok()
    };
    if let Err(lacking) = toolchain::tool(ci, "cargo-llvm-cov", there) {
        return Ok(lacking);
    }
    let of = [
        "--package",
        "respipe-core",
        "--package",
        "respipe-testkit",
        "--all-features",
    ];
    let ignored = "testkit|/tests/|tests.rs|host/";
    cmd!(
        ci.sh,
        "cargo llvm-cov {of...} --summary-only --json --ignore-filename-regex {ignored} --output-path target/coverage.json"
    )
    .run()?;
    let json = ci.sh.read_file("target/coverage.json")?;
    let lines = json
        .rsplit_once("\"lines\":")
        .context("a summary of lines")?
        .1;
    let percent = lines.split_once("\"percent\":").context("per cent")?.1;
    let percent = percent.split([',', '}']).next().unwrap_or_default();
    let percent: f64 = percent.trim().parse().context("a number")?;
    ensure!(
        percent >= COVERED,
        "{percent:.2} % of the core's lines are covered"
    );
    Ok(Verdict::Passed(format!(
        "{percent:.2} % of the core's lines"
    )))
}
