//! `cargo bench-peers`: the benchmark is a workspace of its own, so that the peers' versions and
//! features stay out of ours.

use anyhow::Result;
use std::ffi::OsString;
use xshell::{Shell, cmd};

/// Builds and runs it with these arguments.
pub fn run(sh: &Shell, arguments: &[OsString]) -> Result<()> {
    cmd!(
        sh,
        "cargo run --release --quiet --manifest-path bench/Cargo.toml -- {arguments...}"
    )
    .quiet()
    .run()?;
    Ok(())
}

/// A run whose figures mean nothing: without the minutes that it takes to optimise all peers.
pub fn smoke(sh: &Shell) -> Result<()> {
    cmd!(
        sh,
        "cargo run --quiet --manifest-path bench/Cargo.toml -- --smoke"
    )
    .run()?;
    Ok(())
}
