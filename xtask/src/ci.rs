//! `cargo ci`: the list of steps, and the loop that runs them.

use crate::deep;
use crate::firmware;
use crate::fuzz;
use crate::install;
use crate::link_proof;
use crate::report::{Report, Verdict};
use crate::servers;
use crate::sizes;
use crate::steps::{self, Step};
use anyhow::{Result, bail};
use std::process::ExitCode;
use std::time::Instant;
use xshell::Shell;

/// What the command line asked for.
#[derive(Debug, Default)]
pub struct Options {
    pub install: bool,
    pub deep: bool,
    pub list: bool,
    pub only: Vec<String>,
}

/// What every step is given.
pub struct Context {
    /// Its directory is the workspace's root.
    pub sh: Shell,
    /// Whether missing tools may be installed, or only named.
    pub install: bool,
}

/// In order. The cheap ones that fail most often come first; a gate that fails stops the run.
const STEPS: &[Step] = &[
    Step::new("packages", install::packages),
    Step::new("servers", servers::gather),
    Step::new("fmt", steps::fmt),
    Step::gate("build", steps::build),
    Step::new("clippy", steps::clippy),
    Step::new("doc", steps::doc),
    Step::new("test-all-features", steps::test_all_features),
    Step::new("test-default", steps::test_default),
    Step::new("test-no-features", steps::test_no_features),
    Step::new("test-32-bit", steps::test_32_bit),
    Step::new("demo", steps::demo),
    Step::new("bare-metal", steps::bare_metal),
    Step::new("link-proof", link_proof::run),
    Step::new("sizes", sizes::step),
    Step::new("firmware", firmware::step),
    Step::new("other-hosts", steps::other_hosts),
    Step::new("msrv", steps::msrv),
    Step::new("bench", steps::bench),
    Step::new("fuzz", fuzz::step),
    Step::new("trials", steps::trials),
];

/// What `--deep` adds.
const DEEP: &[Step] = &[
    Step::new("fuzz-long", fuzz::deep),
    Step::new("miri", deep::miri),
    Step::new("coverage", deep::coverage),
    Step::new("soak", steps::long_soak),
    Step::new("mutants", deep::mutants),
];

/// Runs the steps and prints a summary; the exit code is 1 if one of them failed.
pub fn run(sh: Shell, options: Options) -> Result<ExitCode> {
    let deep = if options.deep { DEEP } else { &[] };
    let steps = || STEPS.iter().chain(deep);
    if options.list {
        steps().for_each(|step| println!("{}", step.name));
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(unknown) = options
        .only
        .iter()
        .find(|&only| steps().all(|step| step.name != only))
    {
        bail!("no step is named `{unknown}`; `cargo ci --list` names them");
    }
    let wanted =
        |step: &&Step| options.only.is_empty() || options.only.iter().any(|only| step.name == only);

    let context = Context {
        sh,
        install: options.install,
    };
    // Everything is built once: what would speed up building it again costs time and room.
    context.sh.set_var("CARGO_INCREMENTAL", "0");
    // Also when the step that fetches them is not asked for.
    servers::export(&context.sh);

    let mut report = Report::new(std::env::var_os("CI").is_some_and(|value| value == "true"));
    let mut stopped = false;
    for step in steps().filter(wanted) {
        if stopped {
            report.add(
                step.name,
                None,
                Verdict::not_run("the workspace does not build"),
            );
            continue;
        }
        println!("\n==> {}", step.name);
        let start = Instant::now();
        let verdict = (step.run)(&context).unwrap_or_else(Verdict::failed);
        stopped = step.gate && verdict.is_failure();
        report.add(step.name, Some(start.elapsed()), verdict);
    }
    Ok(report.finish())
}
