//! What the cargo aliases run. Thin: every step calls a tool that can also be called by hand.

mod bench;
mod ci;
mod deep;
mod firmware;
mod fuzz;
mod install;
mod link_proof;
mod listing;
mod report;
mod servers;
mod sizes;
mod steps;
mod toolchain;

use anyhow::{Context as _, Result, anyhow, bail};
use lexopt::prelude::*;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use xshell::Shell;

const USAGE: &str = "\
usage: cargo ci [--install] [--deep] [--list] [STEP…]
       cargo bench-peers [ARGUMENT…]
       cargo fuzz-all SECONDS [TARGET…]
       cargo firmware [--faults] [ARGUMENT…]
       cargo sizes [--json] [--symbols N] [--target TARGET]

  --install  install what is missing: packages with apt-get, targets and toolchains with rustup,
             more servers to test against with pip; without it they are only named
  --deep     what takes too long for every change
  --list     name the steps and stop
  STEP…      run only these

  SECONDS    for how long each fuzz target runs
  TARGET…    only these

  --json     one line for machines at the end
  --symbols  how many of the largest symbols to show (20)
  --target   only for this one";

fn main() -> ExitCode {
    run().unwrap_or_else(|error| {
        // Not by returning it: that prints a backtrace where RUST_BACKTRACE is set.
        eprintln!("{error:#}");
        ExitCode::FAILURE
    })
}

fn run() -> Result<ExitCode> {
    let sh = Shell::new()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("xtask lies in the workspace")?;
    sh.change_dir(root);

    // Of the programs that are handed their arguments as they are, each has help of its own.
    let task = std::env::args().nth(1);
    let own = matches!(task.as_deref(), Some("ci" | "sizes" | "fuzz-all"));
    if own && std::env::args().any(|argument| argument == "--help" || argument == "-h") {
        println!("{USAGE}");
        return Ok(ExitCode::SUCCESS);
    }
    let mut arguments = lexopt::Parser::from_env();
    match arguments.next()? {
        Some(Value(task)) if task == "ci" => ci::run(sh, options(arguments)?),
        Some(Value(task)) if task == "bench-peers" => {
            // As in `cargo run -- …`, which the alias stands for, a first `--` is allowed.
            let rest = arguments.raw_args()?.enumerate();
            let rest: Vec<OsString> = rest
                .filter(|(i, argument)| *i > 0 || argument != "--")
                .map(|(_, argument)| argument)
                .collect();
            bench::run(&sh, &rest)?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Value(task)) if task == "fuzz-all" => {
            let seconds = arguments.value()?.parse()?;
            let only = arguments.raw_args()?.map(OsString::into_string);
            let only: Result<Vec<String>, _> = only.collect();
            let only = only.map_err(|_| anyhow!("a target's name is text"))?;
            fuzz::all(&sh, seconds, &only)
        }
        Some(Value(task)) if task == "firmware" => {
            let arguments: Vec<OsString> = arguments.raw_args()?.collect();
            firmware::run(&sh, &arguments)
        }
        Some(Value(task)) if task == "sizes" => sizes::run(&sh, &size_options(arguments)?),
        _ => bail!("{USAGE}"),
    }
}

fn options(mut arguments: lexopt::Parser) -> Result<ci::Options> {
    let mut options = ci::Options::default();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("install") => options.install = true,
            Long("deep") => options.deep = true,
            Long("list") => options.list = true,
            Value(step) => options.only.push(step.string()?),
            _ => bail!("{}\n\n{USAGE}", argument.unexpected()),
        }
    }
    Ok(options)
}

fn size_options(mut arguments: lexopt::Parser) -> Result<sizes::Options> {
    let mut options = sizes::Options {
        symbols: 20,
        ..sizes::Options::default()
    };
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("json") => options.json = true,
            Long("symbols") => options.symbols = arguments.value()?.parse()?,
            Long("target") => options.target = Some(arguments.value()?.string()?),
            _ => bail!("{}\n\n{USAGE}", argument.unexpected()),
        }
    }
    Ok(options)
}
