//! Debian and Ubuntu packages that the steps want.

use crate::ci::Context;
use crate::report::Verdict;
use anyhow::{Context as _, Result, ensure};
use std::path::Path;
use xshell::{Shell, cmd};

/// A package, how to see that it is there, and what misses it.
struct Package {
    name: &'static str,
    there: fn(&Shell) -> bool,
    wanted_for: &'static str,
}

const PACKAGES: &[Package] = &[
    Package {
        name: "redis-server",
        there: |sh| runs(sh, "redis-server") || runs(sh, "valkey-server"),
        wanted_for: "tests against a real server, the demo and the benchmark",
    },
    Package {
        name: "valgrind",
        there: |sh| runs(sh, "valgrind"),
        wanted_for: "instruction counts in the benchmark",
    },
    Package {
        name: "libhiredis-dev",
        there: |_| Path::new("/usr/include/hiredis/hiredis.h").exists(),
        wanted_for: "hiredis as a peer in the benchmark",
    },
    Package {
        name: "qemu-system-arm",
        there: |sh| runs(sh, "qemu-system-arm"),
        wanted_for: "the firmware on an emulated Cortex-M3",
    },
    Package {
        name: "g++",
        there: |sh| runs(sh, "c++"),
        wanted_for: "libFuzzer, which is C++",
    },
    Package {
        name: "python3-pip",
        there: |sh| {
            cmd!(sh, "python3 -m pip --version")
                .quiet()
                .ignore_stderr()
                .read()
                .is_ok()
        },
        wanted_for: "fetching more servers to test against",
    },
];

/// Installs the packages that are missing, or names them.
pub fn packages(ci: &Context) -> Result<Verdict> {
    let sh = &ci.sh;
    let missing: Vec<_> = PACKAGES
        .iter()
        .filter(|package| !(package.there)(sh))
        .collect();
    if missing.is_empty() {
        return Ok(Verdict::PASSED);
    }
    for package in &missing {
        println!(
            "missing package {}: wanted for {}",
            package.name, package.wanted_for
        );
    }
    let names: Vec<_> = missing.iter().map(|package| package.name).collect();
    let listed = names.join(" ");
    if !ci.install {
        return Ok(Verdict::Skipped(format!(
            "missing: {listed}; `cargo ci --install` installs them"
        )));
    }
    apt_get(sh, &["update"]).context("apt-get update")?;
    apt_get(
        sh,
        &[
            &["install", "--yes", "--no-install-recommends"],
            names.as_slice(),
        ]
        .concat(),
    )?;
    for package in &missing {
        ensure!(
            (package.there)(sh),
            "{} was installed and is still missing",
            package.name
        );
    }
    Ok(Verdict::Passed(format!("installed {listed}")))
}

fn apt_get(sh: &Shell, arguments: &[&str]) -> Result<()> {
    let root = cmd!(sh, "id -u").quiet().read()? == "0";
    let sudo: &[&str] = if root { &[] } else { &["sudo"] };
    // Through `env`, because sudo does not hand on its own environment.
    let command = [
        sudo,
        &[
            "env",
            "DEBIAN_FRONTEND=noninteractive",
            "apt-get",
            "--quiet",
        ],
        arguments,
    ]
    .concat();
    let (program, rest) = command.split_first().context("a command")?;
    cmd!(sh, "{program} {rest...}").run()?;
    Ok(())
}

fn runs(sh: &Shell, program: &str) -> bool {
    cmd!(sh, "{program} --version")
        .quiet()
        .ignore_stderr()
        .read()
        .is_ok()
}
