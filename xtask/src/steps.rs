//! The steps of `cargo ci` that are a line or two: what each of them runs.

use crate::ci::Context;
use crate::report::Verdict;
use crate::{bench, servers, toolchain};
use anyhow::{Context as _, Result, ensure};
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use xshell::{Cmd, cmd};

/// One line of the summary.
pub struct Step {
    pub name: &'static str,
    pub run: fn(&Context) -> Result<Verdict>,
    /// If this fails, nothing behind it is worth running.
    pub gate: bool,
}

impl Step {
    pub const fn new(name: &'static str, run: fn(&Context) -> Result<Verdict>) -> Self {
        Self {
            name,
            run,
            gate: false,
        }
    }

    pub const fn gate(name: &'static str, run: fn(&Context) -> Result<Verdict>) -> Self {
        Self {
            name,
            run,
            gate: true,
        }
    }
}

/// What is published, and compiled where the rest of the workspace is not.
const PUBLISHED: [&str; 6] = [
    "--package=respipe-core",
    "--package=respipe-embedded-io",
    "--package=respipe-host",
    "--package=respipe-smoltcp",
    "--package=respipe-std",
    "--package=respipe-tokio",
];

/// What smoltcp needs at least; `respipe-smoltcp` cannot be built without.
const SMOLTCP: &str = "respipe-smoltcp/medium-ethernet,respipe-smoltcp/proto-ipv4";

pub fn fmt(ci: &Context) -> Result<Verdict> {
    if let Err(verdict) = toolchain::component(ci, "rustfmt", "fmt") {
        return Ok(verdict);
    }
    for manifest in [
        "Cargo.toml",
        "xtask/link-proof/Cargo.toml",
        "xtask/sizes/Cargo.toml",
        "examples/telemetry-firmware/Cargo.toml",
        "bench/Cargo.toml",
        "fuzz/Cargo.toml",
        "trials/Cargo.toml",
    ] {
        if ci.sh.path_exists(manifest) {
            cmd!(ci.sh, "cargo fmt --manifest-path {manifest} --all --check").run()?;
        }
    }
    Ok(Verdict::PASSED)
}

/// The gate: all that the tests are made of, so that they find it built.
pub fn build(ci: &Context) -> Result<Verdict> {
    cmd!(
        ci.sh,
        "cargo test --workspace --all-features --locked --no-run"
    )
    .run()?;
    Ok(Verdict::PASSED)
}

pub fn clippy(ci: &Context) -> Result<Verdict> {
    if let Err(verdict) = toolchain::component(ci, "clippy", "clippy") {
        return Ok(verdict);
    }
    let deny = ["--", "-D", "warnings"];
    cmd!(
        ci.sh,
        "cargo clippy --workspace --all-targets --all-features {deny...}"
    )
    .run()?;
    cmd!(ci.sh, "cargo clippy --workspace --all-targets {deny...}").run()?;
    // One package a run: together, the features that one asks of the other would be on.
    for package in [
        "respipe-core",
        "respipe-embedded-io",
        "respipe-host",
        "respipe-std",
        "respipe-tokio",
    ] {
        cmd!(ci.sh, "cargo clippy --package {package} {deny...}").run()?;
        cmd!(
            ci.sh,
            "cargo clippy --package {package} --no-default-features {deny...}"
        )
        .run()?;
    }
    for features in [&CORE_FEATURES[..], &["alloc", "url"]].concat() {
        cmd!(
            ci.sh,
            "cargo clippy --package respipe-core --lib --tests --no-default-features --features {features} {deny...}"
        )
        .run()?;
    }
    // The other medium and the other protocol: smoltcp needs one of each.
    for features in ["medium-ethernet,proto-ipv4,defmt", "medium-ip,proto-ipv6"] {
        cmd!(
            ci.sh,
            "cargo clippy --package respipe-smoltcp --no-default-features --features {features} {deny...}"
        )
        .run()?;
    }
    Ok(Verdict::PASSED)
}

/// Without its default features, the core has these sets of them.
const CORE_FEATURES: [&str; 4] = ["", "login", "resp3", "pieces"];

pub fn doc(ci: &Context) -> Result<Verdict> {
    cmd!(ci.sh, "cargo doc --workspace --no-deps --all-features")
        .env("RUSTDOCFLAGS", "-D warnings")
        .run()?;
    Ok(Verdict::PASSED)
}

pub fn test_all_features(ci: &Context) -> Result<Verdict> {
    tests(cmd!(
        ci.sh,
        "cargo test --workspace --all-features --no-fail-fast"
    ))
}

/// What others depend on. Programs and the testkit have been tested with all features, and the many servers too.
pub fn test_default(ci: &Context) -> Result<Verdict> {
    let command = cmd!(ci.sh, "cargo test {PUBLISHED...} --no-fail-fast");
    tests(servers::only_installed(&ci.sh, command))
}

/// The two packages that have default features, without: the core by itself, because what others ask of it would be
/// on. Of the rest there is nothing to turn off, which is made sure of.
pub fn test_no_features(ci: &Context) -> Result<Verdict> {
    for folder in [
        "host",
        "transport-embedded-io",
        "transport-std",
        "transport-tokio",
    ] {
        let manifest = ci.sh.read_file(format!("{folder}/Cargo.toml"))?;
        ensure!(
            manifest.lines().any(|line| line == "default = []"),
            "{folder} has default features: it is to be tested without"
        );
    }
    let mut worst = Verdict::PASSED;
    // Each brings along those before it, and `session` all.
    for features in CORE_FEATURES {
        let core = cmd!(
            ci.sh,
            "cargo test --package respipe-core --lib --no-fail-fast"
        )
        .args(["--no-default-features", "--features", features]);
        worst = worst.or_worse(tests(core)?);
    }
    let smoltcp = tests(cmd!(
        ci.sh,
        "cargo test --package respipe-smoltcp --no-default-features --features {SMOLTCP} --no-fail-fast"
    ));
    Ok(worst.or_worse(smoltcp?))
}

/// Runs tests and counts those that say `skipped: TEST: REASON` on standard error.
fn tests(command: Cmd<'_>) -> Result<Verdict> {
    eprintln!("$ {command}");
    // Most of them wait, for a server, a time-out or a slow link: more than the cores can run at once.
    let command = command.env("RUST_TEST_THREADS", "8");
    let mut child = Command::from(command).stderr(Stdio::piped()).spawn()?;
    let said = child.stderr.take().context("standard error is a pipe")?;
    let mut skipped = 0;
    for line in BufReader::new(said).lines() {
        let line = line?;
        skipped += usize::from(line.starts_with("skipped: "));
        eprintln!("{line}");
    }
    ensure!(child.wait()?.success(), "tests failed");
    Ok(match skipped {
        0 => Verdict::PASSED,
        // Under CI=true these tests fail by themselves.
        _ => Verdict::Passed(format!("{skipped} skipped, with their reasons above")),
    })
}

/// What a visitor sees first, in short; the small examples are run by the tests of their package.
pub fn demo(ci: &Context) -> Result<Verdict> {
    let plot = "target/demo.svg";
    let shown = cmd!(ci.sh, "cargo demo --quick --json --plot {plot}").read()?;
    println!("{shown}");
    let line = shown.lines().last().unwrap_or_default();
    anyhow::ensure!(
        line.starts_with("{\"demo\":"),
        "the demo's last line is not for machines: {line}"
    );
    anyhow::ensure!(ci.sh.path_exists(plot), "the demo drew no plot");
    Ok(Verdict::PASSED)
}

/// The core and the transports for them on real microcontrollers: one with compare-and-swap, one without.
pub fn bare_metal(ci: &Context) -> Result<Verdict> {
    let targets = ["thumbv7m-none-eabi", "thumbv6m-none-eabi"];
    for_targets(ci, &targets, |target| {
        for features in [&CORE_FEATURES[..], &["session", "float,heapless,defmt"]].concat() {
            cmd!(
                ci.sh,
                "cargo build --package respipe-core --target {target}"
            )
            .args(["--no-default-features", "--features", features])
            .run()?;
        }
        let transports = ["--package=respipe-smoltcp", "--package=respipe-embedded-io"];
        cmd!(
            ci.sh,
            "cargo build {transports...} --target {target} --features defmt"
        )
        .run()?;
        Ok(())
    })
}

/// The core's unit tests as a small machine has it: usizes of 32 bits, and without the short ways. This C library
/// and this linker come with rustup.
pub fn test_32_bit(ci: &Context) -> Result<Verdict> {
    const TARGET: &str = "i686-unknown-linux-musl";
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return Ok(Verdict::Excused(format!("{TARGET} does not run here")));
    }
    if let Err(verdict) = toolchain::target(ci, TARGET) {
        return Ok(verdict);
    }
    let core = cmd!(
        ci.sh,
        "cargo test --package respipe-core --lib --all-features --no-fail-fast --target {TARGET}"
    );
    tests(core.env("CARGO_TARGET_I686_UNKNOWN_LINUX_MUSL_LINKER", "rust-lld"))
}

/// Hosts that we do not run on here are type-checked.
pub fn other_hosts(ci: &Context) -> Result<Verdict> {
    let targets = ["x86_64-pc-windows-gnu", "aarch64-apple-darwin"];
    for_targets(ci, &targets, |target| {
        Ok(cmd!(ci.sh, "cargo check {PUBLISHED...} --target {target}").run()?)
    })
}

/// The oldest compiler that the manifest promises.
pub fn msrv(ci: &Context) -> Result<Verdict> {
    let manifest = ci.sh.read_file("Cargo.toml")?;
    let promise = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "));
    let version = promise
        .context("Cargo.toml declares a rust-version")?
        .trim_matches('"');
    if let Err(verdict) = toolchain::toolchain(ci, version) {
        return Ok(verdict);
    }
    // respipe-smoltcp needs what smoltcp needs; what is not published nobody builds with an old compiler.
    let promised = PUBLISHED
        .iter()
        .filter(|package| **package != "--package=respipe-smoltcp");
    cmd!(
        ci.sh,
        "rustup run {version} cargo check {promised...} --all-features"
    )
    .run()?;
    Ok(Verdict::Passed(format!("Rust {version}")))
}

/// That the benchmark against the peers runs; its figures here mean nothing.
pub fn bench(ci: &Context) -> Result<Verdict> {
    let bench = ["--manifest-path", "bench/Cargo.toml"];
    cmd!(
        ci.sh,
        "cargo clippy --quiet {bench...} --locked --no-deps -- -D warnings"
    )
    .run()?;
    bench::smoke(&ci.sh)?;
    Ok(Verdict::PASSED)
}

/// Faults and hostile servers over every transport, and a soak that is only long enough to see that it runs.
pub fn trials(ci: &Context) -> Result<Verdict> {
    let trials = ["--manifest-path", "trials/Cargo.toml"];
    cmd!(
        ci.sh,
        "cargo clippy --quiet {trials...} --locked --all-targets -- -D warnings"
    )
    .run()?;
    let verdict = tests(cmd!(ci.sh, "cargo test {trials...} --locked"))?;
    soak(ci, "0.1", verdict)
}

/// The soak at length.
pub fn long_soak(ci: &Context) -> Result<Verdict> {
    soak(ci, "5", Verdict::PASSED)
}

fn soak(ci: &Context, minutes: &str, verdict: Verdict) -> Result<Verdict> {
    let binary = ["redis-server", "valkey-server"];
    let there = |name: &&str| {
        let version = cmd!(ci.sh, "{name} --version").quiet().ignore_stderr();
        version.read().is_ok()
    };
    if !binary.iter().any(there) {
        return Ok(Verdict::Skipped("no redis-server or valkey-server".into()));
    }
    cmd!(ci.sh, "cargo soak --minutes {minutes}").run()?;
    Ok(verdict)
}

/// Runs a step for each of these targets that can be had.
fn for_targets(
    ci: &Context,
    targets: &[&str],
    run: impl Fn(&str) -> Result<()>,
) -> Result<Verdict> {
    let mut verdict = Verdict::PASSED;
    for target in targets {
        match toolchain::target(ci, target) {
            Ok(()) => run(target)?,
            Err(lacking) => verdict = verdict.or_worse(lacking),
        }
    }
    Ok(verdict)
}
