//! What the client that tasks share is to reach, against the other clients that can be shared.

use super::{Target, absolute};
use crate::measure::Measure;
use crate::peers::{OUR_TOKIO, Peer};
use crate::report::Report;
use crate::shared::Threads;

/// Parts of the best peer's CPU.
const PARTS: [(&str, f64); 5] = [
    ("shared/current-thread", 0.4),
    ("shared/two-workers", 0.45),
    ("set/1000", 0.5),
    ("get/1000", 0.5),
    ("lrange/100", 1.0 / 3.0),
];

/// Allocations a call: the owned reply. The rest is what two counts can differ by.
const ALLOCATIONS: f64 = 1.01;

/// A lone caller's p99 as a part of the best peer's.
const LATENCY: f64 = 1.1;

pub(super) fn all(report: &Report) -> Vec<Target> {
    let mut targets = Vec::new();
    for (cell, part) in PARTS {
        let what = format!("tokio, {cell}: CPU, {part:.2} of the best peer");
        let mut target = absolute(report, cell, OUR_TOKIO, Measure::Cpu, 0.0, &what);
        target.best_peer = report.best_shared(cell, Measure::Cpu).map(|(_, cpu)| cpu);
        target.reach = target.best_peer.map(|best| best * part);
        targets.push(target);
    }
    for threads in Threads::ALL.map(Threads::name) {
        let cell = format!("shared/{threads}");
        let what = format!("tokio, {cell}: allocations a call");
        let measure = Measure::Allocations;
        targets.push(absolute(
            report,
            &cell,
            OUR_TOKIO,
            measure,
            ALLOCATIONS,
            &what,
        ));
    }
    targets.extend(Threads::ALL.map(|threads| latency(report, threads)));
    for threads in Threads::ALL.map(Threads::name) {
        let cell = format!("cancel/{threads}");
        let what = format!("tokio, {cell}: shifted, kept or miscounted");
        let measure = Measure::Cancellation;
        targets.push(absolute(report, &cell, OUR_TOKIO, measure, 0.0, &what));
    }
    targets
}

/// The median of the paired ratios, to the peer to which it is worst.
fn latency(report: &Report, threads: Threads) -> Target {
    let cell = format!("lone/{}", threads.name());
    let rivals = Peer::SHARED
        .into_iter()
        .filter(|peer| !peer.is_ours() && *peer != Peer::Floor);
    let ratios = rivals
        .filter_map(|peer| report.figure(&cell, peer.name(), Measure::LatencyRatio))
        .map(|ratio| ratio.median);
    Target {
        what: format!("tokio, {cell}: p99 as a part of the best peer's"),
        reach: Some(LATENCY),
        figure: ratios.max_by(f64::total_cmp),
        best_peer: None,
        floor: None,
    }
}
