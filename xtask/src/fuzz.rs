//! `cargo fuzz-all`: every fuzz target for so long; and the step of `cargo ci` that replays seeds.

use crate::ci::Context;
use crate::report::Verdict;
use crate::toolchain;
use anyhow::{Context as _, Result, anyhow, bail};
use std::num::NonZero;
use std::path::Path;
use std::process::{Command, ExitCode, Output};
use std::thread;
use std::time::Duration;
use xshell::{Shell, cmd};

/// Seconds a target in `cargo ci`.
const SHORT: u64 = 5;
/// Seconds a target in `cargo ci --deep`.
const LONG: u64 = 60;

/// What a target came to.
struct Run {
    executions: u64,
    took: Duration,
    /// Where the input lies that broke it, and what it said.
    crash: Option<String>,
}

/// Runs the targets of these names, or all of them, for so many seconds each.
pub fn all(sh: &Shell, seconds: u64, only: &[String]) -> Result<ExitCode> {
    if !has_nightly(sh) || !has_cargo_fuzz(sh) {
        bail!(
            "fuzzing wants a nightly toolchain and cargo-fuzz:\n  rustup toolchain install nightly\n  cargo install cargo-fuzz"
        );
    }
    let failed = run(sh, seconds, only)?;
    Ok(match failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

/// Seeds and past crashes on stable; each target for a few seconds where there is what that takes.
pub fn step(ci: &Context) -> Result<Verdict> {
    let fuzz = ["--manifest-path", "fuzz/Cargo.toml"];
    let deny = ["--", "-D", "warnings"];
    cmd!(
        ci.sh,
        "cargo clippy --quiet {fuzz...} --locked --all-targets {deny...}"
    )
    .run()?;
    cmd!(ci.sh, "cargo test --quiet {fuzz...} --locked").run()?;
    short_runs(ci, SHORT)
}

/// Each target for a minute.
pub fn deep(ci: &Context) -> Result<Verdict> {
    short_runs(ci, LONG)
}

fn short_runs(ci: &Context, seconds: u64) -> Result<Verdict> {
    if let Err(lacking) = toolchain::toolchain(ci, "nightly") {
        return Ok(lacking);
    }
    if let Err(lacking) = toolchain::tool(ci, "cargo-fuzz", || has_cargo_fuzz(&ci.sh)) {
        return Ok(lacking);
    }
    match run(&ci.sh, seconds, &[])? {
        0 => Ok(Verdict::Passed(format!("{seconds} s a target"))),
        failed => bail!("{failed} targets broke a promise, as shown above"),
    }
}

fn has_nightly(sh: &Shell) -> bool {
    cmd!(sh, "cargo +nightly --version")
        .quiet()
        .ignore_stderr()
        .read()
        .is_ok()
}

fn has_cargo_fuzz(sh: &Shell) -> bool {
    cmd!(sh, "cargo fuzz --version")
        .quiet()
        .ignore_stderr()
        .read()
        .is_ok()
}

/// Runs and prints; how many targets failed.
fn run(sh: &Shell, seconds: u64, only: &[String]) -> Result<usize> {
    // Without a sanitizer: but for the calls into hiredis there is no `unsafe` to watch over.
    cmd!(sh, "cargo +nightly fuzz build -s none").run()?;
    let listed = cmd!(sh, "cargo +nightly fuzz list").quiet().read()?;
    let targets: Vec<&str> = listed.lines().map(str::trim).collect();
    if let Some(unknown) = only.iter().find(|only| !targets.contains(&only.as_str())) {
        bail!(
            "no target is named `{unknown}`; there are: {}",
            targets.join(" ")
        );
    }
    let wanted: Vec<&str> = targets
        .into_iter()
        .filter(|target| only.is_empty() || only.iter().any(|only| only == target))
        .collect();
    // As many at a time as there are cores: each takes one.
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    println!("{:16} {:>14} {:>12}", "target", "executions", "a second");
    let mut failed = 0;
    for together in wanted.chunks(cores) {
        for (target, run) in together.iter().zip(side_by_side(sh, together, seconds)?) {
            let rate = run.executions as f64 / run.took.as_secs_f64();
            println!("{target:16} {:>14} {rate:>12.0}", run.executions);
            if let Some(crash) = run.crash {
                failed += 1;
                println!(
                    "{crash}\n  replay: cargo run --manifest-path fuzz/Cargo.toml --bin {target} -- FILE"
                );
            }
        }
    }
    Ok(failed)
}

/// Runs these targets at the same time.
fn side_by_side(sh: &Shell, targets: &[&str], seconds: u64) -> Result<Vec<Run>> {
    let commands = targets.iter().map(|target| command(sh, target, seconds));
    let commands: Vec<Command> = commands.collect::<Result<_>>()?;
    thread::scope(|scope| {
        let running: Vec<_> = commands
            .into_iter()
            .map(|mut command| scope.spawn(move || command.output()))
            .collect();
        let outputs = running.into_iter().map(|one| one.join());
        let runs = targets.iter().zip(outputs).map(|(target, output)| {
            let output = output.map_err(|_| anyhow!("{target}: its thread panicked"))??;
            told(target, &output, seconds)
        });
        runs.collect()
    })
}

fn command(sh: &Shell, target: &str, seconds: u64) -> Result<Command> {
    let corpus = format!("fuzz/corpus/{target}");
    sh.create_dir(&corpus)?;
    let folders = [
        corpus,
        format!("fuzz/seeds/{target}"),
        format!("fuzz/crashes/{target}"),
    ];
    let there = folders
        .iter()
        .filter(|folder| Path::new(&sh.current_dir()).join(folder).exists());
    let time = format!("-max_total_time={seconds}");
    let options = [
        &time,
        "-dict=fuzz/resp.dict",
        "-print_final_stats=1",
        "-rss_limit_mb=1024",
        "-timeout=10",
    ];
    let command = cmd!(
        sh,
        "cargo +nightly fuzz run -s none {target} {there...} -- {options...}"
    );
    Ok(Command::from(command))
}

/// What libFuzzer said.
fn told(target: &str, output: &Output, seconds: u64) -> Result<Run> {
    let said = String::from_utf8_lossy(&output.stderr);
    let number = |name: &str| {
        let line = said.lines().rev().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.trim().parse().ok())
    };
    let executions = number("stat::number_of_executed_units:");
    let rate: Option<u64> = number("stat::average_exec_per_sec:");
    let executions: u64 = executions.with_context(|| format!("{target} did not run:\n{said}"))?;
    // libFuzzer's own clock: building and loading the corpus are not counted.
    let took = match rate {
        Some(rate @ 1..) => Duration::from_secs_f64(executions as f64 / rate as f64),
        _ => Duration::from_secs(seconds.max(1)),
    };
    let crash = (!output.status.success()).then(|| {
        let of_note = |line: &&str| {
            [
                "panicked at",
                "ERROR: libFuzzer",
                "Test unit written",
                "Failing input",
            ]
            .iter()
            .any(|word| line.contains(word))
        };
        let lines: Vec<&str> = said.lines().collect();
        let noted = lines.iter().enumerate().filter(|(_, line)| of_note(line));
        let shown: Vec<String> = noted
            .map(|(i, line)| format!("  {line}\n  {}", lines.get(i + 1).unwrap_or(&"")))
            .collect();
        shown.join("\n")
    });
    Ok(Run {
        executions,
        took,
        crash,
    })
}
