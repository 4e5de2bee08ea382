//! The numbers that Respipe is to reach, each against what this run has measured.

use crate::codec::Row;
use crate::measure::Measure;
use crate::peers::{OUR_BATCH, OUR_STREAM, OURS, Peer};
use crate::report::Report;

mod shared;

/// One number to reach: `figure` at or below `reach`. What this run did not measure is `None`.
#[derive(Debug)]
pub struct Target {
    pub what: String,
    pub reach: Option<f64>,
    pub figure: Option<f64>,
    pub best_peer: Option<f64>,
    pub floor: Option<f64>,
}

impl Target {
    /// `None` where a figure is missing.
    pub fn met(&self) -> Option<bool> {
        Some(self.figure? <= self.reach?)
    }
}

/// Instructions that a codec row is to take.
const CODEC: [(Row, f64); 11] = [
    (Row::Status, 80.0),
    (Row::Bulk, 90.0),
    (Row::Integer, 160.0),
    (Row::Array, 14_000.0),
    (Row::Map, 1400.0),
    (Row::EncodeGeneric, 420.0),
    (Row::EncodeTemplate, 250.0),
    (Row::PipelineGeneric, 750.0),
    (Row::PipelineTemplate, 600.0),
    (Row::BatchGeneric, 750.0),
    (Row::BatchTemplate, 600.0),
];

pub fn all(report: &Report) -> Vec<Target> {
    let codec = CODEC.map(|(row, reach)| {
        let cell = format!("codec/{}", row.name());
        absolute(report, &cell, OURS, Measure::Instructions, reach, &cell)
    });
    let mut targets = Vec::from(codec);
    for kind in ["set", "get"] {
        let what = format!("{kind}, depth 100: instructions");
        targets.push(absolute(
            report,
            &format!("{kind}/100"),
            OURS,
            Measure::Instructions,
            900.0,
            &what,
        ));
    }
    targets.push(part(
        report,
        "set/1000",
        0.5,
        "set, depth 1000: CPU, half of the best peer",
    ));
    targets.push(part(
        report,
        "get/1000",
        0.5,
        "get, depth 1000: CPU, half of the best peer",
    ));
    targets.push(part(
        report,
        "lrange/100",
        1.0 / 3.0,
        "lrange, depth 100: CPU, a third of the best peer",
    ));
    targets.push(allocations(report));
    let calls = Measure::SystemCalls;
    let what = "set, depth 100, stop and wait: system calls per 1 000";
    targets.push(absolute(report, "set/100", OURS, calls, 33.0, what));
    targets.push(absolute(
        report,
        "set/1000",
        OUR_STREAM,
        calls,
        5.0,
        "set, window 1000, stream: system calls per 1 000",
    ));
    targets.push(memory(report));
    targets.extend(shared::all(report));
    targets
}

fn absolute(
    report: &Report,
    cell: &str,
    client: &str,
    measure: Measure,
    reach: f64,
    what: &str,
) -> Target {
    Target {
        what: what.to_owned(),
        reach: Some(reach),
        figure: report
            .figure(cell, client, measure)
            .map(|spread| spread.median),
        best_peer: report.best_peer(cell, measure).map(|(_, figure)| figure),
        floor: report
            .figure(cell, Peer::Floor.name(), measure)
            .map(|spread| spread.median),
    }
}

/// Client CPU at most a part of the best peer's in the same run.
fn part(report: &Report, cell: &str, part: f64, what: &str) -> Target {
    let mut target = absolute(report, cell, OURS, Measure::Cpu, 0.0, what);
    target.reach = target.best_peer.map(|best| best * part);
    target
}

/// No allocation a command, in any cell.
fn allocations(report: &Report) -> Target {
    let most = |clients: &[&str]| {
        let of_client = report
            .figures
            .iter()
            .filter(|figure| clients.contains(&figure.client));
        let counted = of_client.filter(|figure| figure.measure == Measure::Allocations);
        counted
            .map(|figure| figure.spread.median)
            .max_by(f64::total_cmp)
    };
    Target {
        what: "allocations a command, the worst cell".to_owned(),
        reach: Some(0.0),
        figure: most(&[OURS, OUR_BATCH, OUR_STREAM]),
        best_peer: None,
        floor: most(&[Peer::Floor.name()]),
    }
}

/// Ten times as many commands take no more memory. A few pages are the system's own doing.
fn memory(report: &Report) -> Target {
    const PAGES: f64 = 128.0;
    let peak = |cell| {
        report
            .figure(cell, OUR_STREAM, Measure::Memory)
            .map(|spread| spread.median)
    };
    Target {
        what: "peak memory of a stream, ten times as long, KiB".to_owned(),
        reach: peak("memory/short").map(|short| short + PAGES),
        figure: peak("memory/long"),
        best_peer: None,
        floor: None,
    }
}
