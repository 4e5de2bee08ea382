//! `cargo firmware`: builds the telemetry firmware for a machine, and runs the host's side of it.
//!
//! The firmware is a workspace of its own, in `examples/telemetry-firmware`; the host's side, which
//! boots it and checks what it did, is `examples/telemetry-host`.

use crate::ci::Context;
use crate::report::Verdict;
use crate::toolchain;
use anyhow::{Context as _, Result, bail, ensure};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use xshell::{Shell, cmd};

const FOLDER: &str = "examples/telemetry-firmware";

/// What the firmware is built for, and what it is run on.
pub struct Machine {
    pub name: &'static str,
    pub target: &'static str,
    features: &'static str,
    /// QEMU's name of the machine.
    emulated: &'static str,
}

/// The first is the one that is used where none is named.
pub const MACHINES: [Machine; 3] = [
    Machine {
        name: "lm3s6965evb",
        target: "thumbv7m-none-eabi",
        features: "",
        emulated: "lm3s6965evb",
    },
    Machine {
        name: "mps2-an385",
        target: "thumbv7m-none-eabi",
        features: "mps2-an385",
        emulated: "mps2-an385",
    },
    Machine {
        name: "thumbv6m",
        target: "thumbv6m-none-eabi",
        features: "",
        emulated: "lm3s6965evb",
    },
];

/// One fault of each kind in eight seconds; the samples take twice as long, so that a slow machine gets through it.
const SHORT_SCRIPT: &str = "wait:0.5,reset,wait:0.5,kill:0.3,wait:0.7,stop:2.3,wait:0.7,link:0.7,wait:0.7,close,wait:0.4,reboot,wait:0.6";

/// What `cargo ci` runs of it: each machine, and one run with faults.
pub fn step(ci: &Context) -> Result<Verdict> {
    let emulator = cmd!(ci.sh, "qemu-system-arm --version");
    if emulator.quiet().ignore_stderr().read().is_err() {
        return Ok(Verdict::Skipped(
            "no qemu-system-arm; `cargo ci --install` installs it".into(),
        ));
    }
    let mut verdict = Verdict::PASSED;
    for machine in &MACHINES {
        if let Err(lacking) = toolchain::target(ci, machine.target) {
            verdict = verdict.or_worse(lacking);
            continue;
        }
        let (target, features) = (machine.target, machine.features);
        let manifest = format!("{FOLDER}/Cargo.toml");
        cmd!(ci.sh, "cargo clippy --quiet --locked --release --no-deps")
            .args(["--manifest-path", &manifest, "--target", target])
            .args(["--features", features, "--target-dir"])
            .arg(folder(&ci.sh))
            .args(["--", "-D", "warnings"])
            .run()?;
        checked(ci, machine, "--samples 500 --quiet")?;
        if machine.name == MACHINES[0].name {
            let faults = format!("--samples 1600 --period 10000 --script {SHORT_SCRIPT}");
            checked(ci, machine, &faults)?;
        }
    }
    Ok(verdict)
}

fn checked(ci: &Context, machine: &Machine, arguments: &str) -> Result<()> {
    println!("$ cargo firmware --machine {} {arguments}", machine.name);
    let words = ["--machine", machine.name].into_iter();
    let words = words.chain(arguments.split(' ')).map(OsString::from);
    let done = run(&ci.sh, &words.collect::<Vec<_>>())?;
    ensure!(done == ExitCode::SUCCESS, "not as it should be: see above");
    Ok(())
}

/// Builds for the machine that the arguments name, and hands the rest of them on.
pub fn run(sh: &Shell, arguments: &[OsString]) -> Result<ExitCode> {
    let mut rest = Vec::new();
    let mut machine = &MACHINES[0];
    let mut words = arguments.iter().filter(|word| *word != "--");
    while let Some(word) = words.next() {
        if word == "--machine" {
            let name = words.next().context("--machine needs a name")?;
            machine = named(&name.to_string_lossy())?;
        } else {
            rest.push(word);
        }
    }
    let folder = build(sh, machine)?;
    let emulated = machine.emulated;
    let host = cmd!(sh, "cargo run --quiet --package telemetry-host --")
        .arg("--telemetry")
        .arg(folder.join("telemetry-firmware"))
        .arg("--measure")
        .arg(folder.join("measure"));
    let host = host.arg("--machine").arg(emulated).args(rest).quiet();
    // What went wrong, the program has said itself.
    let status = std::process::Command::from(host).status()?;
    Ok(match status.success() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn named(name: &str) -> Result<&'static Machine> {
    let machine = MACHINES.iter().find(|machine| machine.name == name);
    match machine {
        Some(machine) => Ok(machine),
        None => bail!(
            "no machine is named `{name}`; there are {}",
            MACHINES.map(|machine| machine.name).join(", ")
        ),
    }
}

/// One for all machines, which share what the programs are made of; cargo keeps the programs of each.
fn folder(sh: &Shell) -> PathBuf {
    sh.current_dir().join("target/firmware")
}

/// Builds both programs; the folder that they lie in until another machine's are built.
fn build(sh: &Shell, machine: &Machine) -> Result<PathBuf> {
    let folder = folder(sh);
    let (target, features) = (machine.target, machine.features);
    // From its own folder, whose `.cargo/config.toml` says what defmt compiles in.
    let _inside = sh.push_dir(FOLDER);
    cmd!(sh, "cargo build --quiet --release --locked")
        .args(["--target", target, "--features", features])
        .arg("--target-dir")
        .arg(&folder)
        .quiet()
        .run()
        .with_context(|| format!("the firmware does not build; has rustup the target {target}?"))?;
    Ok(folder.join(target).join("release"))
}
