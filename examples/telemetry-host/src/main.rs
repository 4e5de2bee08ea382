//! `cargo firmware`: boots the telemetry firmware under QEMU, makes trouble, checks every sample.
//!
//! ```text
//!   QEMU [ firmware | smoltcp | MAC ] --user network--> [ proxy --> ] redis-server
//!     |  log (defmt)          ^ link, reset (QMP)          ^ break        ^ kill, stop
//!     v                       |                            |              |
//!   telemetry-host: shows, does, and in the end compares the stream with what was made
//! ```

mod capture;
mod check;
mod elf;
mod log;
mod measure;
mod options;
mod qemu;
#[expect(unreachable_pub, reason = "it is public in the firmware")]
#[path = "../../telemetry-firmware/src/reading.rs"]
mod reading;
mod report;
mod run;
mod script;
mod server;

use std::process::ExitCode;

use options::Options;

/// What goes wrong is told to a person.
type Result<T = (), E = Box<dyn core::error::Error + Send + Sync>> = core::result::Result<T, E>;

fn main() -> ExitCode {
    match firmware() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("firmware: {error}");
            ExitCode::FAILURE
        }
    }
}

fn firmware() -> Result<ExitCode> {
    let Some(options) = Options::parse()? else {
        println!("{}", options::HELP);
        return Ok(ExitCode::SUCCESS);
    };
    let telemetry = run::run(&options)?;
    let measured = measure::measure(&options)?;
    let report = report::Report {
        sizes: elf::Sizes::of(&options.telemetry)?,
        telemetry,
        measured,
    };
    println!("{}", report.summary(&options));
    if options.json {
        println!("{}", report.json(&options));
    }
    Ok(
        match report.complaints(options.script.as_ref()).as_slice() {
            [] => ExitCode::SUCCESS,
            complaints => {
                for complaint in complaints {
                    eprintln!("firmware: {complaint}");
                }
                ExitCode::FAILURE
            }
        },
    )
}
