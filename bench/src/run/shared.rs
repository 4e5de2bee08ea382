//! One connection that many tasks share.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use respipe_testkit::proxy::{Faults, Proxy};

use super::{Run, Runner, progress};
use crate::Result;
use crate::measure::{Measure, Spread, Tool};
use crate::options::Effort;
use crate::peers::{OUR_TOKIO, Peer};
use crate::shared::{Cancelled, Session, TASKS, Threads, prepare_cancel};
use crate::workload::{Kind, Workload};

/// The cell of the server that is far away, and how far.
const FAR: &str = "far/current-thread";
const ROUND_TRIP: Duration = Duration::from_millis(20);

/// Each client's figure of one round.
type Round = Vec<(&'static str, f64)>;

fn of(round: &Round, name: &str) -> Option<f64> {
    let figure = round.iter().find(|(peer, _)| *peer == name);
    figure.map(|&(_, figure)| figure)
}

impl Run<'_> {
    pub(super) fn shared(&mut self) -> Result<()> {
        let workload = Arc::new(Workload::new(Kind::Get));
        let mut control = self.control()?;
        for threads in Threads::ALL {
            let cell = format!("shared/{}", threads.name());
            if self.options.selects(&cell) {
                progress(&cell);
                workload.prepare(&mut control)?;
                self.gets(&cell, &workload, threads)?;
                self.gets_counted(&cell, threads)?;
            }
            let cell = format!("lone/{}", threads.name());
            if self.options.selects(&cell) && self.options.wants(Measure::Latency) {
                progress(&cell);
                workload.prepare(&mut control)?;
                self.lone(&cell, &workload, threads)?;
            }
            let cell = format!("cancel/{}", threads.name());
            if self.options.selects(&cell) && self.options.wants(Measure::Cancellation) {
                progress(&cell);
                prepare_cancel(&mut control)?;
                self.cancel(&cell, threads, &mut control)?;
            }
        }
        if self.options.selects(FAR) && self.options.wants(Measure::Latency) {
            progress(FAR);
            workload.prepare(&mut control)?;
            self.far(&workload)?;
        }
        Ok(())
    }

    /// CPU time and allocations of GETs by all tasks.
    fn gets(&mut self, cell: &str, workload: &Arc<Workload>, threads: Threads) -> Result<()> {
        if !self.times() {
            return Ok(());
        }
        let calls = TASKS
            * match self.options.effort {
                Effort::Smoke => 2,
                _ => 100,
            };
        let mut runners = Vec::new();
        for peer in Peer::SHARED {
            let mut session = peer.share(self.port, threads)?;
            runners.push(Runner::new(peer, move |calls| {
                session.gets(workload, calls)
            }));
        }
        self.time(cell, workload, calls, runners)
    }

    /// Instructions of the same.
    fn gets_counted(&mut self, cell: &str, threads: Threads) -> Result<()> {
        let wanted =
            self.options.wants(Measure::Instructions) && self.tools.contains(&Tool::Callgrind);
        if !wanted || self.options.effort == Effort::Smoke {
            return Ok(());
        }
        for peer in Peer::SHARED {
            let port = self.port.to_string();
            let job = ["shared", peer.name(), threads.name(), &port].map(str::to_owned);
            let figure = Tool::Callgrind.difference(&job, [8 * TASKS, 24 * TASKS])?;
            let figure = Spread::once(figure);
            self.add(cell, peer.name(), Measure::Instructions, figure);
        }
        Ok(())
    }

    /// The 99th percentile of a lone caller's calls; and ours as a part of each peer's in the same round.
    fn lone(&mut self, cell: &str, workload: &Arc<Workload>, threads: Threads) -> Result<()> {
        let calls = match self.options.effort {
            Effort::Smoke => 5,
            _ => 500,
        };
        let rounds = self.latencies(self.port, threads, self.options.rounds(), |session| {
            session.lone(workload, calls)
        })?;
        for peer in Peer::SHARED.map(Peer::name) {
            self.add_latency(cell, peer, &rounds);
            let ratios = rounds
                .iter()
                .filter_map(|round| Some(of(round, OUR_TOKIO)? / of(round, peer)?));
            if let Some(spread) = Spread::of(ratios.collect()) {
                self.add(cell, peer, Measure::LatencyRatio, spread);
            }
        }
        Ok(())
    }

    /// The 99th percentile of calls to a server that is far away.
    fn far(&mut self, workload: &Arc<Workload>) -> Result<()> {
        let (calls, rounds) = match self.options.effort {
            Effort::Smoke => (TASKS, 1),
            _ => (20 * TASKS, self.options.rounds().min(5)),
        };
        let server = (Ipv4Addr::LOCALHOST, self.port).into();
        let link = Proxy::start(server, Faults::round_trip(ROUND_TRIP))?;
        let port = link.address().port();
        let rounds = self.latencies(port, Threads::Current, rounds, |session| {
            session.far(workload, calls)
        })?;
        for peer in Peer::SHARED.map(Peer::name) {
            self.add_latency(FAR, peer, &rounds);
        }
        Ok(())
    }

    /// The 99th percentile, microseconds, of what each client's calls took, all clients in turn round by round.
    fn latencies(
        &self,
        port: u16,
        threads: Threads,
        rounds: usize,
        mut calls: impl FnMut(&mut dyn Session) -> Result<Vec<Duration>>,
    ) -> Result<Vec<Round>> {
        let mut sessions = Vec::new();
        for peer in Peer::SHARED {
            sessions.push((peer, peer.share(port, threads)?));
        }
        let mut all = Vec::new();
        for _ in 0..rounds {
            let mut round = Round::new();
            for (peer, session) in &mut sessions {
                let mut took = calls(session.as_mut())?;
                took.sort();
                let p99 = took.get(took.len() * 99 / 100).ok_or("no call was made")?;
                round.push((peer.name(), p99.as_secs_f64() * 1e6));
            }
            all.push(round);
            sessions.rotate_left(1);
        }
        Ok(all)
    }

    fn add_latency(&mut self, cell: &str, peer: &'static str, rounds: &[Round]) {
        let latencies = rounds.iter().filter_map(|round| of(round, peer));
        if let Some(spread) = Spread::of(latencies.collect()) {
            self.add(cell, peer, Measure::Latency, spread);
        }
    }

    /// Calls of which one in ten is given up: whatever is not as it should be, added up. The server's own count of what
    /// it ran lies between what was answered and what was begun.
    fn cancel(
        &mut self,
        cell: &str,
        threads: Threads,
        control: &mut redis::Connection,
    ) -> Result<()> {
        let calls = match self.options.effort {
            Effort::Full => 1_000_000,
            Effort::Quick => 100_000,
            Effort::Smoke => 1000,
        };
        // The floor has no cancellation.
        for peer in Peer::SHARED.into_iter().filter(|&peer| peer != Peer::Floor) {
            let mut session = peer.share(self.port, threads)?;
            let before = gets_run(control)?;
            let became = session.cancelled(calls)?;
            let Cancelled {
                answered,
                cancelled,
                shifted,
                leaked,
            } = became;
            // One more GET closes the run.
            let ran = gets_run(control)? - before - 1;
            let lost = calls.abs_diff(answered + cancelled);
            let miscounted = answered.saturating_sub(ran) + ran.saturating_sub(calls);
            self.report.remarks.push(format!(
                "{cell}, {}: {calls} calls, {answered} answered, {cancelled} given up, {ran} run by the server; \
                 {shifted} replies shifted, {} kept",
                peer.name(),
                leaked.map_or("unknown how many".to_owned(), |leaked| leaked.to_string()),
            ));
            let wrong = shifted + leaked.unwrap_or(0) + lost + miscounted;
            let figure = Spread::once(wrong as f64);
            self.add(cell, peer.name(), Measure::Cancellation, figure);
        }
        Ok(())
    }
}

/// GETs that the server has run since it started.
fn gets_run(control: &mut redis::Connection) -> Result<usize> {
    let statistics: String = redis::cmd("INFO").arg("commandstats").query(control)?;
    let calls = statistics
        .split("cmdstat_get:calls=")
        .nth(1)
        .and_then(|rest| rest.split(',').next());
    Ok(calls.map_or(Ok(0), str::parse)?)
}
