//! What the command line says.

use std::path::PathBuf;

use lexopt::Arg::{Long, Short};
use lexopt::ValueExt;

use crate::Result;

pub(crate) const HELP: &str = "\
Pushes telemetry samples through a pipeline into a Redis and compares that with the
other ways to send them, directly and over an emulated round trip of 250 ms.

    cargo demo [-- OPTIONS]

    --url URL     the server to use, redis://[user[:password]@]host[:port][/db] or unix:///path;
                  its keys that begin with respipe-demo: are overwritten and then deleted.
                  Without it a redis-server or valkey-server from the PATH is started, and
                  without either of them the demo serves itself
    --quick       a few seconds in all instead of less than a minute; figures are rough
    --plot PATH   where the plot of throughput against depth goes (demo.svg)
    --json        end with one line for machines: {\"demo\": ...}
    -h, --help    this text";

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) url: Option<String>,
    pub(crate) quick: bool,
    pub(crate) json: bool,
    pub(crate) plot: PathBuf,
}

impl Options {
    /// `None` when help is asked for.
    pub(crate) fn parse() -> Result<Option<Self>> {
        let mut options = Self {
            url: None,
            quick: false,
            json: false,
            plot: PathBuf::from("demo.svg"),
        };
        // The alias ends with `--`; whoever types one more means the same.
        let given = std::env::args_os().skip(1);
        let mut parser = lexopt::Parser::from_args(given.skip_while(|word| word == "--"));
        while let Some(argument) = parser.next()? {
            match argument {
                Long("url") => options.url = Some(parser.value()?.string()?),
                Long("plot") => options.plot = parser.value()?.into(),
                Long("quick") => options.quick = true,
                Long("json") => options.json = true,
                Long("help") | Short('h') => return Ok(None),
                other => return Err(format!("{}; see --help", other.unexpected()).into()),
            }
        }
        Ok(Some(options))
    }
}
