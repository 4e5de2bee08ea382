//! `cargo firmware`: builds the telemetry firmware for a machine, and runs the host's side of it.
//!
//! The firmware is a workspace of its own, in `examples/telemetry-firmware`; the host's side, which
//! boots it and checks what it did, is `examples/telemetry-host`.

use anyhow::{Context as _, Result, bail};
use std::ffi::OsString;
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

/// Builds both programs; the folder that they lie in.
fn build(sh: &Shell, machine: &Machine) -> Result<std::path::PathBuf> {
    let root = sh.current_dir();
    // One for each machine, so that changing between them builds nothing anew.
    let folder = root.join("target/firmware").join(machine.name);
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
