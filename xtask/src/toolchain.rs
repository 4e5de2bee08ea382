//! Parts of the Rust toolchain that rustup may have to download.

use crate::ci::Context;
use crate::report::Verdict;
use anyhow::Result;
use std::path::Path;
use xshell::{Shell, cmd};

/// Whether a part can be used, and if not, what becomes of the step that wants it.
pub type Wanted = Result<(), Verdict>;

/// The compiled standard library of `target`.
pub fn target(ci: &Context, target: &str) -> Wanted {
    let add = || cmd!(ci.sh, "rustup target add {target}").run().is_ok();
    wanted(
        ci,
        &format!("target {target}"),
        || has_target(&ci.sh, target),
        add,
    )
}

/// A component that brings `cargo SUBCOMMAND`.
pub fn component(ci: &Context, component: &str, subcommand: &str) -> Wanted {
    let there = || {
        cmd!(ci.sh, "cargo {subcommand} --version")
            .quiet()
            .ignore_stderr()
            .read()
            .is_ok()
    };
    let add = || {
        cmd!(ci.sh, "rustup component add {component}")
            .run()
            .is_ok()
    };
    wanted(ci, &format!("component {component}"), there, add)
}

/// A whole toolchain, for `cargo +VERSION`.
pub fn toolchain(ci: &Context, version: &str) -> Wanted {
    let there = || {
        let listed = cmd!(ci.sh, "rustup toolchain list")
            .quiet()
            .ignore_stderr()
            .read()
            .unwrap_or_default();
        listed.lines().any(|line| {
            line.starts_with(&format!("{version}-")) || line.starts_with(&format!("{version}."))
        })
    };
    let add = || {
        cmd!(
            ci.sh,
            "rustup toolchain install {version} --profile minimal --no-self-update"
        )
        .run()
        .is_ok()
    };
    wanted(ci, &format!("toolchain {version}"), there, add)
}

/// A tool that cargo installs, and how to see that it is there.
pub fn tool(ci: &Context, name: &str, there: impl Fn() -> bool) -> Wanted {
    // Not optimised: they only start what does the work, and are built in half the time.
    let add = || {
        cmd!(ci.sh, "cargo install --locked --debug {name}")
            .run()
            .is_ok()
    };
    if there() {
        return Ok(());
    }
    if !ci.install {
        return Err(Verdict::Skipped(format!(
            "no {name}; `cargo ci --install` installs it"
        )));
    }
    if add() && there() {
        return Ok(());
    }
    Err(Verdict::Excused(format!("{name} could not be installed")))
}

fn wanted(ci: &Context, part: &str, there: impl Fn() -> bool, add: impl Fn() -> bool) -> Wanted {
    if there() {
        return Ok(());
    }
    if !ci.install {
        return Err(Verdict::Skipped(format!(
            "no {part}; `cargo ci --install` asks rustup for it"
        )));
    }
    if add() && there() {
        return Ok(());
    }
    Err(Verdict::Excused(format!("{part} could not be downloaded")))
}

/// Asks rustc and not rustup, so that a distribution's own compiler will do.
fn has_target(sh: &Shell, target: &str) -> bool {
    let libraries = cmd!(sh, "rustc --print target-libdir --target {target}")
        .quiet()
        .ignore_stderr()
        .read();
    libraries.is_ok_and(|folder| {
        Path::new(&folder)
            .read_dir()
            .is_ok_and(|mut files| files.next().is_some())
    })
}
