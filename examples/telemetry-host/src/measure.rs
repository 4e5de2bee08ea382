//! Instructions and segments: what needs a machine of its own, and a quiet one.

use core::time::Duration;

use crate::Result;
use crate::capture::Segments;
use crate::log;
use crate::options::Options;
use crate::qemu::{Boot, Next, Qemu};
use crate::server::Server;

/// A boot that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Instructions for one command, as the firmware counted them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// What was measured, such as `respipe` or `handwritten`.
    pub(crate) what: String,
    /// Commands in a batch.
    pub(crate) batch: u64,
    pub(crate) instructions: u64,
}

/// Figures that repeat exactly, or nearly.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    pub(crate) rows: Vec<Row>,
    /// For 160 samples in batches of 16.
    pub(crate) segments: Segments,
}

impl Measured {
    pub(crate) fn instructions(&self, what: &str, batch: u64) -> Option<u64> {
        let row = self
            .rows
            .iter()
            .find(|row| row.what == what && row.batch == batch);
        row.map(|row| row.instructions)
    }

    /// The most instructions that anything of this name took.
    pub(crate) fn longest(&self, what: &str) -> Option<u64> {
        let rows = self.rows.iter().filter(|row| row.what == what);
        rows.map(|row| row.instructions).max()
    }

    /// How many times the instructions of the hand-written sender ours takes.
    pub(crate) fn ratio(&self, batch: u64) -> Option<f64> {
        let ours = self.instructions("respipe", batch)?;
        let theirs = self.instructions("handwritten", batch)?;
        Some(ours as f64 / theirs as f64)
    }
}

pub(crate) fn measure(options: &Options) -> Result<Measured> {
    let server = Server::start(false)?;
    let mut measured = Measured::default();
    let boot = Boot {
        machine: options.machine,
        elf: &options.measure,
        arguments: vec![("port", server.port().into())],
        counts_instructions: true,
    };
    let (mut qemu, _control) = Qemu::boot(&boot)?;
    until_it_ends(&mut qemu, |line| measured.rows.extend(row(line)))?;

    let server = Server::start(false)?;
    let boot = Boot {
        machine: options.machine,
        elf: &options.telemetry,
        arguments: vec![
            ("port", server.port().into()),
            ("samples", 160),
            ("period", 0),
            ("window", 16),
            ("keep", 1),
            ("epoch", 1_700_000_000_000),
        ],
        counts_instructions: false,
    };
    let (mut qemu, _control) = Qemu::boot(&boot)?;
    until_it_ends(&mut qemu, |_| {})?;
    measured.segments = Segments::of(&qemu.capture())?;
    Ok(measured)
}

fn until_it_ends(qemu: &mut Qemu, mut take: impl FnMut(&str)) -> Result {
    loop {
        match qemu.next(PATIENCE)? {
            Next::Line(line) => take(&line),
            Next::Ended(0) => return Ok(()),
            Next::Ended(code) => return Err(format!("the firmware ended with {code}").into()),
            Next::Nothing => return Err("the firmware hangs".into()),
        }
    }
}

/// `measured NAME batch=N instructions=N`
fn row(line: &str) -> Option<Row> {
    let mut words = line.split_whitespace();
    words.find(|word| *word == "measured")?;
    Some(Row {
        what: words.next()?.to_owned(),
        batch: log::number(line, "batch")?,
        instructions: log::number(line, "instructions")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_from_the_log_and_the_ratio_is_between_rows_of_one_batch() {
        let log = [
            "0.1 INFO measured respipe batch=8 instructions=300",
            "0.2 INFO measured handwritten batch=8 instructions=200",
            "0.3 INFO something else batch=8 instructions=1",
        ];
        let measured = Measured {
            rows: log.iter().filter_map(|line| row(line)).collect(),
            ..Measured::default()
        };
        assert_eq!(measured.rows.len(), 2);
        assert_eq!(measured.ratio(8), Some(1.5));
        assert_eq!(measured.ratio(32), None);
    }
}
