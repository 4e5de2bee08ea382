//! `cargo demo`: telemetry samples go through a pipeline into a Redis, beside the other ways to send them.
//!
//! The same server serves every row of one run, directly and behind a proxy that makes each round trip 250 ms long.

mod client;
mod options;
mod plot;
mod progress;
mod result;
mod run;
mod samples;
mod server;
mod table;
mod way;

use std::process::ExitCode;
use std::time::Instant;

use options::Options;
use result::Results;

/// What goes wrong is told to a person.
type Result<T = (), E = Box<dyn core::error::Error>> = core::result::Result<T, E>;

fn main() -> ExitCode {
    match demo() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn demo() -> Result {
    let Some(options) = Options::parse()? else {
        println!("{}", options::HELP);
        return Ok(());
    };
    let no_plot = |error| {
        format!(
            "the plot cannot be written to {}: {error}",
            options.plot.display()
        )
    };
    // Before the work, not after it.
    plot::try_path(&options.plot).map_err(no_plot)?;
    let start = Instant::now();
    let server = server::Server::choose(options.url.as_deref())?;
    println!("\n{}\n", server.describe());
    let rows = run::run(&server, options.quick)?;
    let results = Results {
        rows,
        seconds: start.elapsed().as_secs_f64(),
    };
    println!(
        "{}",
        table::table(&results, &server.link_name(result::Link::Direct))
    );
    plot::write(&results, &server, &options.plot).map_err(no_plot)?;
    println!(
        "  Plot: {}   ({:.0} s in all)\n",
        options.plot.display(),
        results.seconds
    );
    if options.json {
        println!("{}", results.json(&server, &options.plot));
    }
    Ok(())
}
