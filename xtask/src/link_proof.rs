//! The link proof: `xtask/link-proof` links only if nothing that it calls can panic.
//!
//! Built twice, for size and for speed, because what the optimiser can rule out differs; and once
//! with a panic planted, because a proof that cannot fail proves nothing.

use crate::ci::Context;
use crate::listing::Listing;
use crate::report::Verdict;
use crate::toolchain;
use anyhow::{Result, bail, ensure};
use std::fmt::Write as _;
use xshell::{Shell, cmd};

const TARGET: &str = "thumbv7m-none-eabi";

/// What to build, for what, and into what.
const HERE: [&str; 6] = [
    "--manifest-path",
    "xtask/link-proof/Cargo.toml",
    "--target",
    TARGET,
    "--target-dir",
    "target",
];

/// What the panic handler calls and nobody defines.
const SYMBOL: &str = "respipe_core_has_a_panic_path";

enum Link {
    /// With this assembly.
    Links(Listing),
    /// A panic path is left; this is how the assembly shows it.
    Panics(String),
}

pub fn run(ci: &Context) -> Result<Verdict> {
    if let Err(verdict) = toolchain::target(ci, TARGET) {
        return Ok(verdict);
    }
    cmd!(
        ci.sh,
        "cargo clippy --quiet {HERE...} --no-deps --all-features -- -D warnings"
    )
    .run()?;
    for profile in ["release", "speed"] {
        match link(&ci.sh, profile, &[])? {
            Link::Links(listing) => {
                let data = listing.initialised();
                ensure!(
                    data.is_empty(),
                    "in .data and not in .bss: {}",
                    data.join(", ")
                );
                println!("links with profile {profile}: no panic path, statics in .bss");
            }
            Link::Panics(explanation) => {
                bail!("respipe-core has a panic path (profile {profile})\n{explanation}");
            }
        }
    }
    let Link::Panics(explanation) = link(&ci.sh, "release", &["planted-panic"])? else {
        bail!("a planted panic links: the proof proves nothing");
    };
    ensure!(
        explanation.contains("planted.rs"),
        "the planted panic was not found in the assembly:\n{explanation}"
    );
    println!("does not link with a planted panic, as it should:\n{explanation}");
    Ok(Verdict::PASSED)
}

fn link(sh: &Shell, profile: &str, features: &[&str]) -> Result<Link> {
    // A file for each build: one that is up to date is not written again.
    let name = features.first().unwrap_or(&profile);
    let assembly = sh.current_dir().join(format!("target/link-proof-{name}.s"));
    let emit = format!("asm={}", assembly.display());
    let build = cmd!(
        sh,
        "cargo rustc --quiet --locked {HERE...} --profile {profile}"
    );
    let build = build.arg("--features").arg(features.join(","));
    let build = build.args(["--", "--emit", &emit]);
    let build = build.ignore_status().output()?;
    if build.status.success() {
        return Ok(Link::Links(Listing::parse(&sh.read_file(&assembly)?)));
    }
    let said = String::from_utf8_lossy(&build.stderr);
    ensure!(
        said.contains(&format!("undefined symbol: {SYMBOL}")),
        "the link proof does not build:\n{said}"
    );
    Ok(Link::Panics(explain(
        &sh.read_file(&assembly)?,
        &sh.current_dir().display().to_string(),
    )))
}

/// Says where the panics are, in the source and in the code that is left after inlining.
fn explain(assembly: &str, root: &str) -> String {
    let listing = Listing::parse(assembly);
    let mut text = format!("  undefined symbol: {SYMBOL}\n");
    for place in listing.places() {
        let _ = writeln!(
            text,
            "  can panic: {}",
            place.trim_start_matches(root).trim_start_matches('/')
        );
    }
    for line in listing.panicking_functions() {
        let _ = writeln!(text, "  {line}");
    }
    text
}
