//! What the command line says.

use std::path::PathBuf;

use lexopt::Arg::{Long, Short};
use lexopt::ValueExt as _;

use crate::Result;
use crate::qemu::Machine;
use crate::script::Script;

pub(crate) const HELP: &str = "\
Boots the telemetry firmware on an emulated Cortex-M, lets it push samples into a redis-server,
and checks every one of them.

    cargo firmware [-- OPTIONS]

    --faults        meanwhile Redis is killed and stopped, the link pulled, the connection broken,
                    the device reset; this Redis writes everything to disk before it answers
    --script WORDS  other faults, in this order and again until the samples are through:
                    kill:S  Redis is killed, and started again S seconds later
                    stop:S  Redis is stopped for S seconds
                    link:S  the link is down for S seconds
                    reset   the connection is reset
                    close   Redis closes the connection (CLIENT KILL)
                    reboot  the device is reset, and its clock set back
                    wait:S  nothing happens for S seconds
    --samples N     how many samples are made (2000; with --faults 4000)
    --period US     microseconds from one sample to the next (1000; with --faults 10000)
    --keep-newest   when there is no room, the oldest sample makes room (the default); or
    --keep-oldest   the sensor has to wait, and nothing is dropped
    --seed N        chance: ports, back-off (1)
    --machine NAME  lm3s6965evb (the default), mps2-an385, or thumbv6m: code for a Cortex-M0,
                    run on the first
    --json          end with one line for machines: {\"firmware\": ...}
    --quiet         do not show the firmware's log
    -h, --help      this text";

/// How the run goes.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) telemetry: PathBuf,
    pub(crate) measure: PathBuf,
    pub(crate) machine: Machine,
    pub(crate) script: Option<Script>,
    pub(crate) samples: u64,
    pub(crate) period_micros: u64,
    pub(crate) keep_oldest: bool,
    pub(crate) seed: u64,
    pub(crate) json: bool,
    pub(crate) quiet: bool,
}

impl Options {
    /// `None` when help is asked for.
    pub(crate) fn parse() -> Result<Option<Self>> {
        let (mut telemetry, mut measure, mut machine) = (None, None, Machine::Lm3s6965evb);
        let (mut script, mut samples, mut period_micros) = (None, None, None);
        let (mut keep_oldest, mut seed, mut json, mut quiet) = (false, 1, false, false);
        // The alias may be followed by a `--` of its own.
        let given = std::env::args_os().skip(1);
        let mut parser = lexopt::Parser::from_args(given.filter(|word| word != "--"));
        while let Some(argument) = parser.next()? {
            match argument {
                Long("telemetry") => telemetry = Some(parser.value()?.into()),
                Long("measure") => measure = Some(parser.value()?.into()),
                Long("machine") => machine = Machine::named(&parser.value()?.string()?)?,
                Long("faults") => script = script.or(Some(Script::standard())),
                Long("script") => script = Some(Script::parse(&parser.value()?.string()?)?),
                Long("samples") => samples = Some(parser.value()?.parse()?),
                Long("period") => period_micros = Some(parser.value()?.parse()?),
                Long("keep-newest") => keep_oldest = false,
                Long("keep-oldest") => keep_oldest = true,
                Long("seed") => seed = parser.value()?.parse()?,
                Long("json") => json = true,
                Long("quiet") => quiet = true,
                Long("help") | Short('h') => return Ok(None),
                other => return Err(format!("{}; see --help", other.unexpected()).into()),
            }
        }
        let (many, slow) = match script {
            Some(_) => (4_000, 10_000),
            None => (2_000, 1_000),
        };
        Ok(Some(Self {
            telemetry: telemetry.ok_or("which firmware? `cargo firmware` says --telemetry ELF")?,
            measure: measure.ok_or("which firmware? `cargo firmware` says --measure ELF")?,
            machine,
            script,
            samples: samples.unwrap_or(many),
            period_micros: period_micros.unwrap_or(slow),
            keep_oldest,
            seed,
            json,
            quiet,
        }))
    }
}
