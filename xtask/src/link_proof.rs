//! The link proof: `xtask/link-proof` links only if nothing that it calls can panic.
//!
//! Built twice, for size and for speed, because what the optimiser can rule out differs; and once
//! with a panic planted, because a proof that cannot fail proves nothing. And once with a link over
//! smoltcp, which can panic: whatever does must lie in smoltcp, in a function that is listed.

use crate::ci::Context;
use crate::listing::Listing;
use crate::report::Verdict;
use crate::toolchain;
use anyhow::{Result, bail, ensure};
use std::collections::BTreeSet;
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

/// What is known to panic, in smoltcp and in what it is made of.
const KNOWN: &str = "xtask/link-proof/smoltcp-panics.txt";

enum Link {
    /// With this assembly.
    Links(Listing),
    /// A panic path is left; the assembly shows it.
    Panics(Listing),
}

pub fn run(ci: &Context) -> Result<Verdict> {
    if let Err(verdict) = toolchain::target(ci, TARGET) {
        return Ok(verdict);
    }
    cmd!(
        ci.sh,
        "cargo clippy --quiet {HERE...} --release --no-deps --all-features -- -D warnings"
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
            Link::Panics(listing) => {
                let explanation = explain(&listing, &ci.sh);
                bail!("respipe-core has a panic path (profile {profile})\n{explanation}");
            }
        }
    }
    let Link::Panics(listing) = link(&ci.sh, "release", &["planted-panic"])? else {
        bail!("a planted panic links: the proof proves nothing");
    };
    let explanation = explain(&listing, &ci.sh);
    ensure!(
        explanation.contains("planted.rs"),
        "the planted panic was not found in the assembly:\n{explanation}"
    );
    println!("does not link with a planted panic, as it should:\n{explanation}");
    over_smoltcp(&ci.sh)?;
    Ok(Verdict::PASSED)
}

/// What can panic in a link over smoltcp, held against the list.
fn over_smoltcp(sh: &Shell) -> Result<()> {
    let Link::Panics(listing) = link(sh, "release", &["smoltcp"])? else {
        println!("links with smoltcp: empty {KNOWN}");
        return Ok(());
    };
    let known = sh.read_file(KNOWN)?;
    let known: BTreeSet<&str> = known
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let found: BTreeSet<String> = listing
        .places()
        .iter()
        .map(|place| shortened(place))
        .collect();
    let new: Vec<_> = found
        .iter()
        .filter(|place| !known.contains(place.as_str()))
        .collect();
    ensure!(
        new.is_empty(),
        "can panic and is not in {KNOWN}: {new:#?}\n{}",
        explain(&listing, sh)
    );
    for place in &found {
        println!("can panic, as known: {place}");
    }
    for place in known {
        if !found.contains(place) {
            println!("cannot panic any more, strike it from {KNOWN}: {place}");
        }
    }
    Ok(())
}

/// A place without what differs from machine to machine, and without the column.
fn shortened(place: &str) -> String {
    let place = match place.split_once("/registry/src/") {
        Some((_, within)) => within.split_once('/').map_or(within, |(_, file)| file),
        None => place,
    };
    let place = match place.split_once("/library/") {
        Some((_, within)) => within,
        None => place,
    };
    place
        .rsplit_once(':')
        .map_or(place, |(line, _)| line)
        .into()
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
    Ok(Link::Panics(Listing::parse(&sh.read_file(&assembly)?)))
}

/// Says where the panics are, in the source and in the code that is left after inlining.
fn explain(listing: &Listing, sh: &Shell) -> String {
    let root = sh.current_dir().display().to_string();
    let mut text = format!("  undefined symbol: {SYMBOL}\n");
    for place in listing.places() {
        let _ = writeln!(
            text,
            "  can panic: {}",
            place.trim_start_matches(&root).trim_start_matches('/')
        );
    }
    for line in listing.panicking_functions() {
        let _ = writeln!(text, "  {line}");
    }
    text
}
