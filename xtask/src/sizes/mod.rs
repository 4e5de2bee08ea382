//! `cargo sizes`: builds the ladder of programs in `xtask/sizes` and says what each costs, in flash
//! in static RAM and in stack, what of it is ours, and whether the budgets of `xtask/sizes/budgets.txt` hold.

mod budget;
mod image;
mod stack;
mod table;

use crate::ci::Context;
use crate::report::Verdict;
use crate::toolchain;
use anyhow::{Result, bail};
use budget::Budgets;
use image::Image;
use stack::{Path, Stack};
use std::process::ExitCode;
use xshell::{Shell, cmd};

/// The sizes of the buffers that the programs use, which are the application's choice.
#[path = "../../sizes/src/buffers.rs"]
mod buffers;

const TARGETS: [&str; 2] = [ARMV7M, "thumbv6m-none-eabi"];

const ARMV7M: &str = "thumbv7m-none-eabi";

/// The programs, from the lowest rung up, and the features that each is built with.
const RUNGS: [(&str, &str); 5] = [
    ("empty", ""),
    ("smoltcp", ""),
    ("push", ""),
    ("everything", "full"),
    ("defmt", "defmt"),
];

/// What everything above it is measured from.
const FLOOR: &str = "smoltcp";

/// What the command line asked for.
#[derive(Debug, Default)]
pub struct Options {
    pub json: bool,
    /// How many symbols to show for each rung of ours.
    pub symbols: usize,
    /// Only for this target.
    pub target: Option<String>,
}

/// One program, weighed.
struct Rung {
    target: &'static str,
    name: &'static str,
    image: Image,
    /// Its deepest stack, for the target whose assembly is understood.
    stack: Option<Path>,
    /// Above the floor; `None` for what lies below it, and for the floor.
    ours: Option<Ours>,
}

/// What is ours in a program.
struct Ours {
    /// Bytes of flash above the floor.
    flash: u64,
    /// Bytes of static RAM above the floor, without `tx`, `rx`, slots and tags.
    ram: u64,
    /// Bytes of stack at its deepest that the floor does not need.
    stack: Option<u64>,
}

/// Prints what was asked for; the exit code is 1 if a budget is exceeded.
pub fn run(sh: &Shell, options: &Options) -> Result<ExitCode> {
    let wanted = |target: &&str| options.target.as_ref().is_none_or(|only| only == target);
    let targets: Vec<_> = TARGETS.into_iter().filter(wanted).collect();
    if targets.is_empty() {
        bail!("the ladder is built for {}", TARGETS.join(" and "));
    }
    let mut ladder = Vec::new();
    for target in targets {
        ladder.extend(weigh(sh, target)?);
    }
    let budgets = Budgets::read(&sh.read_file("xtask/sizes/budgets.txt")?)?;
    let found = budgets.compare(&ladder)?;
    print!("{}", table::sizes(&ladder));
    print!("{}", table::symbols(&ladder, options.symbols));
    print!("{}", table::budgets(&found));
    if options.json {
        println!("{}", table::json(&ladder, &found));
    }
    Ok(match found.iter().any(|line| line.is_exceeded()) {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

/// The step of `cargo ci`: the ladder for one target, and its budgets.
pub fn step(ci: &Context) -> Result<Verdict> {
    for target in TARGETS {
        if let Err(verdict) = toolchain::target(ci, target) {
            return Ok(verdict);
        }
    }
    let manifest = "xtask/sizes/Cargo.toml";
    let target = TARGETS[0];
    cmd!(
        ci.sh,
        "cargo clippy --quiet --locked --release --manifest-path {manifest} --target {target} --target-dir target/sizes --all-features -- -D warnings"
    )
    .run()?;
    let options = Options {
        symbols: 12,
        ..Options::default()
    };
    match run(&ci.sh, &options)? == ExitCode::SUCCESS {
        true => Ok(Verdict::PASSED),
        false => bail!("a budget of xtask/sizes/budgets.txt is exceeded"),
    }
}

/// Builds every rung for `target` and reads what the linker kept.
fn weigh(sh: &Shell, target: &'static str) -> Result<Vec<Rung>> {
    let mut ladder: Vec<Rung> = Vec::new();
    for (name, features) in RUNGS {
        // A file for each build: one that is up to date is not written again.
        let assembly = sh
            .current_dir()
            .join(format!("target/sizes/{target}-{name}.s"));
        let emit = format!("asm={}", assembly.display());
        cmd!(
            sh,
            "cargo rustc --quiet --locked --release --manifest-path xtask/sizes/Cargo.toml"
        )
        .args(["--target", target, "--target-dir", "target/sizes"])
        .args(["--bin", name, "--features", features])
        .args(["--", "--emit", &emit])
        .quiet()
        .run()?;
        let image = format!("target/sizes/{target}/release/{name}");
        let image = Image::parse(&sh.read_binary_file(image)?)?;
        let stack = match target == ARMV7M {
            true => Some(Stack::parse(&sh.read_file(&assembly)?).deepest("main")),
            false => None,
        };
        let floor = ladder.iter().find(|rung| rung.name == FLOOR);
        let ours = floor.map(|floor| Ours {
            flash: image.flash.saturating_sub(floor.image.flash),
            ram: (image.ram.saturating_sub(floor.image.ram)).saturating_sub(buffers()),
            stack: stack
                .as_ref()
                .zip(floor.stack.as_ref())
                .map(|(path, floor)| path.bytes.saturating_sub(floor.bytes)),
        });
        ladder.push(Rung {
            target,
            name,
            image,
            stack,
            ours,
        });
    }
    Ok(ladder)
}

/// Bytes of `tx`, `rx`, slots and tags in the rungs above the floor.
fn buffers() -> u64 {
    use buffers::{DEPTH, RX, SLOT, TX};

    (TX + RX + DEPTH * SLOT) as u64
}
