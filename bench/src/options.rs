//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::*;

use crate::Result;
use crate::measure::Measure;

pub const HELP: &str = "\
cargo bench-peers [OPTIONS]

Respipe beside redis-rs, fred, rustis, hiredis and a raw floor, round by round in one run, on a server of its own.

  --quick            fewer rounds, fewer depths for what valgrind and strace count
  --smoke            seconds: shows that everything runs, the figures mean nothing
  --only WORD        only cells whose name holds WORD, such as set/100, lrange, codec/, memory, shared/, lone/, far/, cancel/
                     (can be repeated)
  --measure WORD     cpu, instructions, allocations, syscalls, memory, latency, cancel; default: all
                     (can be repeated)
  --rounds N         rounds of the CPU and the latency measurement
  --server PATH      the server's binary; default: redis-server or valkey-server on the PATH
  --json             figures as JSON on standard output, tables nowhere
";

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    Full,
    Quick,
    Smoke,
}

#[derive(Debug)]
pub struct Options {
    pub effort: Effort,
    pub only: Vec<String>,
    pub measures: Vec<Measure>,
    pub rounds: Option<usize>,
    pub server: Option<PathBuf>,
    pub json: bool,
}

/// What the program is to do.
#[derive(Debug)]
pub enum Action {
    Help,
    Run(Options),
    /// One job in a process of its own, under a tool that counts: what it is and its arguments.
    Job(Vec<OsString>),
}

impl Action {
    pub fn from_arguments() -> Result<Action> {
        let mut options = Options {
            effort: Effort::Full,
            only: Vec::new(),
            measures: Vec::new(),
            rounds: None,
            server: None,
            json: false,
        };
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("help") | Short('h') => return Ok(Action::Help),
                Long("quick") => options.effort = Effort::Quick,
                Long("smoke") => options.effort = Effort::Smoke,
                Long("only") => options.only.push(parser.value()?.string()?),
                Long("measure") => {
                    let name = parser.value()?.string()?;
                    let measure = Measure::named(&name)
                        .ok_or_else(|| format!("no measure is named {name:?}"))?;
                    options.measures.push(measure);
                }
                Long("rounds") => options.rounds = Some(parser.value()?.parse()?),
                Long("server") => options.server = Some(parser.value()?.into()),
                Long("json") => options.json = true,
                Value(word) if word == "job" => {
                    return Ok(Action::Job(parser.raw_args()?.collect()));
                }
                unknown => return Err(unknown.unexpected().into()),
            }
        }
        Ok(Action::Run(options))
    }
}

impl Options {
    pub fn wants(&self, measure: Measure) -> bool {
        self.measures.is_empty() || self.measures.contains(&measure)
    }

    /// Whether a cell such as `set/100` or `codec/bulk` is asked for.
    pub fn selects(&self, cell: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|word| cell.contains(word.as_str()))
    }

    pub fn rounds(&self) -> usize {
        self.rounds.unwrap_or(match self.effort {
            Effort::Full => 15,
            Effort::Quick => 7,
            Effort::Smoke => 1,
        })
    }
}
