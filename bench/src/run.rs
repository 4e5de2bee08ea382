//! The whole measurement, cell by cell.

use crate::Result;
use crate::allocator;
use crate::codec::{Codec, Row};
use crate::measure::{Cost, Measure, Spread, Tool};
use crate::options::{Effort, Options};
use crate::peers::Peer;
use crate::report::{Figure, Report};
use crate::workload::{Kind, Tally, Workload};

mod shared;

pub const DEPTHS: [usize; 5] = [1, 10, 100, 1000, 10_000];

/// Measures all that is asked for on the server at this port.
pub fn run(options: &Options, port: u16) -> Result<Report> {
    let mut run = Run {
        options,
        port,
        report: Report::default(),
        tools: Vec::new(),
    };
    for tool in [Tool::Callgrind, Tool::Memcheck, Tool::Strace] {
        match tool.absent() {
            Some(reason) if run.report.notes.contains(&reason) => {}
            Some(reason) => run.report.notes.push(reason),
            None => run.tools.push(tool),
        }
    }
    for peer in Peer::ALL {
        if let Some(reason) = peer.absent() {
            run.report.notes.push(format!("{}: {reason}", peer.name()));
        }
    }
    run.codecs()?;
    run.clients()?;
    run.shared()?;
    run.memory()?;
    Ok(run.report)
}

struct Run<'a> {
    options: &'a Options,
    port: u16,
    report: Report,
    /// Those that this machine has.
    tools: Vec<Tool>,
}

impl Run<'_> {
    fn codecs(&mut self) -> Result<()> {
        if !self.options.wants(Measure::Instructions) || !self.tools.contains(&Tool::Callgrind) {
            return Ok(());
        }
        let twice = if self.options.effort == Effort::Smoke {
            [10, 20]
        } else {
            [1000, 3000]
        };
        for row in Row::ALL {
            let cell = format!("codec/{}", row.name());
            let too_many = self.options.effort == Effort::Smoke && row != Row::Status;
            if !self.options.selects(&cell) || too_many {
                continue;
            }
            progress(&cell);
            for codec in Codec::ALL {
                match codec.run(row, 1) {
                    None => continue,
                    Some(seen) if seen == row.expected() => {}
                    Some(seen) => {
                        return Err(format!("{}: {cell} gave {seen}", codec.name()).into());
                    }
                }
                let job = ["codec", codec.name(), row.name()].map(str::to_owned);
                let figure = Tool::Callgrind.difference(&job, twice)?;
                self.add(
                    &cell,
                    codec.name(),
                    Measure::Instructions,
                    Spread::once(figure),
                );
            }
        }
        Ok(())
    }

    fn clients(&mut self) -> Result<()> {
        let mut control = self.control()?;
        for kind in Kind::ALL {
            let workload = Workload::new(kind);
            for depth in DEPTHS {
                let cell = format!("{}/{depth}", kind.name());
                let too_deep = self.options.effort == Effort::Smoke && depth > 100;
                if !self.options.selects(&cell) || too_deep {
                    continue;
                }
                progress(&cell);
                workload.prepare(&mut control)?;
                if self.times() {
                    let count = self.commands(kind, depth);
                    let works = present().map(|peer| {
                        let mut client = peer.connect(self.port, depth)?;
                        let workload = &workload;
                        let work = move |count| client.run(workload, depth, count);
                        Ok(Runner::new(peer, work))
                    });
                    let runners = works.collect::<Result<Vec<_>>>()?;
                    self.time(&cell, &workload, count, runners)?;
                }
                self.count(&cell, kind, depth)?;
            }
        }
        Ok(())
    }

    /// CPU time: every client in turn, round by round, the first of a round another one each time.
    /// Allocations: what twice as many commands take more. Each has done the work once before, so that its buffers
    /// have grown.
    fn time(
        &mut self,
        cell: &str,
        workload: &Workload,
        count: usize,
        mut runners: Vec<Runner<'_>>,
    ) -> Result<()> {
        for runner in &mut runners {
            runner.run(workload, count)?;
        }
        if self.options.wants(Measure::Allocations) {
            allocator::count_all_threads(true);
            for runner in &mut runners {
                if runner.peer.has_own_allocator() {
                    continue;
                }
                let [once, twice] = [count, 2 * count].map(|count| runner.run(workload, count));
                let more = twice?.allocations as f64 - once?.allocations as f64;
                let figure = Spread::once(more / count as f64);
                self.add(cell, runner.peer.name(), Measure::Allocations, figure);
            }
            allocator::count_all_threads(false);
        }
        if !self.options.wants(Measure::Cpu) {
            return Ok(());
        }
        for _ in 0..self.options.rounds() {
            for runner in &mut runners {
                let cost = runner.run(workload, count)?;
                runner.cpu.push(cost.cpu as f64 / count as f64);
            }
            runners.rotate_left(1);
        }
        for runner in runners {
            if let Some(cpu) = Spread::of(runner.cpu) {
                self.add(cell, runner.peer.name(), Measure::Cpu, cpu);
            }
        }
        Ok(())
    }

    /// What valgrind and strace count.
    fn count(&mut self, cell: &str, kind: Kind, depth: usize) -> Result<()> {
        let counted = match self.options.effort {
            Effort::Full => true,
            Effort::Quick => matches!(depth, 100 | 1000),
            Effort::Smoke => cell == "set/100",
        };
        if !counted {
            return Ok(());
        }
        let unit = depth * 200_usize.div_ceil(depth);
        let twice = if depth > 1000 {
            [unit, 2 * unit]
        } else {
            [2 * unit, 4 * unit]
        };
        for peer in present() {
            let job = [
                "client",
                peer.name(),
                kind.name(),
                &depth.to_string(),
                &self.port.to_string(),
            ]
            .map(str::to_owned);
            let mut count = |measure, tool: Tool, scale, times| {
                if !self.options.wants(measure) || !self.tools.contains(&tool) {
                    return Ok(());
                }
                let once = |_| Ok(tool.difference(&job, twice)? * scale);
                let figures: Result<Vec<f64>> = (0..times).map(once).collect();
                if let Some(spread) = Spread::of(figures?) {
                    self.add(cell, peer.name(), measure, spread);
                }
                Result::Ok(())
            };
            count(Measure::Instructions, Tool::Callgrind, 1.0, 1)?;
            // How many reads it takes depends on the moment.
            count(Measure::SystemCalls, Tool::Strace, 1000.0, 3)?;
            if peer.has_own_allocator() {
                count(Measure::Allocations, Tool::Memcheck, 1.0, 1)?;
            }
        }
        Ok(())
    }

    /// The most memory that a client takes for some SETs and for ten times as many.
    fn memory(&mut self) -> Result<()> {
        let short = match self.options.effort {
            Effort::Full => 1_000_000,
            Effort::Quick => 100_000,
            Effort::Smoke => 1000,
        };
        for (cell, count) in [("memory/short", short), ("memory/long", 10 * short)] {
            if !self.options.wants(Measure::Memory) || !self.options.selects(cell) {
                continue;
            }
            progress(cell);
            for peer in present() {
                let job = ["memory", peer.name(), &self.port.to_string()].map(str::to_owned);
                let peak = Tool::Itself.count(&job, count)?;
                self.add(
                    cell,
                    peer.name(),
                    Measure::Memory,
                    Spread::once(peak as f64),
                );
            }
        }
        Ok(())
    }

    /// Commands of one timed run: enough for some milliseconds.
    fn commands(&self, kind: Kind, depth: usize) -> usize {
        let light = match (self.options.effort, depth) {
            (Effort::Smoke, _) => 100,
            (_, 1) => 1000,
            (_, 10) => 5000,
            _ => 20_000,
        };
        let commands = if kind.is_heavy() { light / 10 } else { light };
        commands.max(depth)
    }

    fn times(&self) -> bool {
        self.options.wants(Measure::Cpu) || self.options.wants(Measure::Allocations)
    }

    /// A connection that prepares what the clients find.
    fn control(&self) -> Result<redis::Connection> {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}", self.port))?;
        Ok(client.get_connection()?)
    }

    fn add(&mut self, cell: &str, client: &'static str, measure: Measure, spread: Spread) {
        self.report.figures.push(Figure {
            cell: cell.to_owned(),
            client,
            measure,
            spread,
        });
    }
}

/// A client at its work and what its rounds took, nanoseconds a command.
struct Runner<'a> {
    peer: Peer,
    work: Box<dyn FnMut(usize) -> Result<Tally> + 'a>,
    cpu: Vec<f64>,
}

impl<'a> Runner<'a> {
    fn new(peer: Peer, work: impl FnMut(usize) -> Result<Tally> + 'a) -> Runner<'a> {
        Runner {
            peer,
            work: Box::new(work),
            cpu: Vec::new(),
        }
    }

    fn run(&mut self, workload: &Workload, count: usize) -> Result<Cost> {
        let (cost, tally) = Cost::of(|| (self.work)(count));
        workload.check(self.peer.name(), count, tally?)?;
        Ok(cost)
    }
}

/// The clients that can take part.
fn present() -> impl Iterator<Item = Peer> {
    Peer::ALL.into_iter().filter(|peer| peer.absent().is_none())
}

fn progress(cell: &str) {
    eprintln!("measuring {cell}");
}
