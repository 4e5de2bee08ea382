//! `cargo bench-peers`: Respipe beside the clients that people use today, and beside the least that any client could do.
//!
//! Every figure is taken in the same run on the same server, the clients in turn round by round; see `docs/benchmarks.md`
//! for what the figures mean.

use std::process::ExitCode;

use respipe_testkit::process::{Binary, Launch, ServerProcess};

use crate::options::{Action, HELP, Options};

mod allocator;
mod codec;
mod job;
mod measure;
mod options;
mod peers;
mod report;
mod run;
mod scan;
mod shared;
mod table;
mod targets;
mod workload;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    let done = Action::from_arguments().and_then(|action| match action {
        Action::Help => {
            print!("{HELP}");
            Ok(())
        }
        Action::Job(arguments) => job::run(&arguments),
        Action::Run(options) => bench(&options),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-peers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bench(options: &Options) -> Result<()> {
    let started = match &options.server {
        Some(path) => Launch::new(&Binary::at(path)).start(),
        None => ServerProcess::any(),
    };
    let server = started
        .map_err(|error| format!("no server to measure with: {error} (--server PATH names one)"))?;
    let report = run::run(options, server.address().port())?;
    if options.json {
        println!("{}", report.to_json());
    } else {
        println!("{} {}\n\n{report}", server.name(), server.version());
    }
    Ok(())
}
