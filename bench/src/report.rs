//! The figures as tables for a person and as JSON for a machine.

use std::fmt::{self, Write as _};

use serde_json::{Value, json};

use crate::codec::{Codec, Row};
use crate::measure::{Measure, Spread};
use crate::peers::{OURS, Peer};
use crate::run::DEPTHS;
use crate::shared::{TASKS, Threads};
use crate::table::Table;
use crate::targets;
use crate::workload::Kind;

/// One figure: a cell such as `set/100`, whose client, what of it, and how much.
#[derive(Debug)]
pub struct Figure {
    pub cell: String,
    pub client: &'static str,
    pub measure: Measure,
    pub spread: Spread,
}

#[derive(Debug, Default)]
pub struct Report {
    pub figures: Vec<Figure>,
    /// What could not be measured, and why.
    pub notes: Vec<String>,
    /// What a figure alone does not say.
    pub remarks: Vec<String>,
}

impl Report {
    /// The spread of one figure, if it was measured.
    pub fn figure(&self, cell: &str, client: &str, measure: Measure) -> Option<Spread> {
        let is_it = |figure: &&Figure| {
            figure.cell == cell && figure.client == client && figure.measure == measure
        };
        self.figures.iter().find(is_it).map(|figure| figure.spread)
    }

    /// The peer that needs least, and how much: neither ours nor the floor.
    pub fn best_peer(&self, cell: &str, measure: Measure) -> Option<(&'static str, f64)> {
        self.best_of(cell, measure, |peer| !peer.is_ours() && peer != Peer::Floor)
    }

    /// The same among the clients that tasks can share.
    pub fn best_shared(&self, cell: &str, measure: Measure) -> Option<(&'static str, f64)> {
        self.best_of(cell, measure, |peer| {
            Peer::SHARED.contains(&peer) && !peer.is_ours() && peer != Peer::Floor
        })
    }

    fn best_of(
        &self,
        cell: &str,
        measure: Measure,
        is_rival: impl Fn(Peer) -> bool,
    ) -> Option<(&'static str, f64)> {
        let here = |figure: &&Figure| figure.cell == cell && figure.measure == measure;
        let of_rivals = |figure: &&Figure| Peer::named(figure.client).is_none_or(&is_rival);
        let rivals = self.figures.iter().filter(here).filter(of_rivals);
        let figures = rivals.map(|figure| (figure.client, figure.spread.median));
        figures.min_by(|a, b| a.1.total_cmp(&b.1))
    }

    pub fn to_json(&self) -> Value {
        let figures = self.figures.iter().map(|figure| {
            json!({
                "cell": figure.cell,
                "client": figure.client,
                "measure": figure.measure.name(),
                "median": figure.spread.median,
                "min": figure.spread.min,
                "max": figure.spread.max,
            })
        });
        let targets = targets::all(self).into_iter().map(|target| {
            json!({ "what": target.what, "reach": target.reach, "figure": target.figure, "met": target.met() })
        });
        json!({
            "bench_peers": {
                "figures": figures.collect::<Vec<_>>(),
                "targets": targets.collect::<Vec<_>>(),
                "notes": self.notes,
                "remarks": self.remarks,
            }
        })
    }

    fn clients(&self, kind: Kind) -> Option<String> {
        let mut text = String::new();
        for measure in Measure::ALL {
            let mut table = Table::new(
                measure.title(),
                DEPTHS.map(|depth| format!("depth {depth}")),
            );
            for peer in Peer::ALL {
                table.row(
                    peer.name(),
                    DEPTHS.map(|depth| {
                        let cell = format!("{}/{depth}", kind.name());
                        self.figure(&cell, peer.name(), measure)
                            .map(|spread| spread_text(spread, measure))
                    }),
                );
            }
            if !table.is_empty() {
                let _ = writeln!(text, "{table}");
            }
        }
        (!text.is_empty()).then(|| format!("{}\n\n{text}", kind.title()))
    }

    /// Tasks that share a connection.
    fn shared(&self, threads: Threads) -> Table {
        const COLUMNS: [(&str, Measure, &str); 7] = [
            ("shared", Measure::Cpu, "CPU, ns"),
            ("shared", Measure::Instructions, "instructions"),
            ("shared", Measure::Allocations, "allocations"),
            ("lone", Measure::Latency, "lone caller's p99, us"),
            ("lone", Measure::LatencyRatio, "ours is of it"),
            ("far", Measure::Latency, "p99 at 20 ms, us"),
            ("cancel", Measure::Cancellation, "wrong after giving up"),
        ];
        let title = format!(
            "{TASKS} tasks on one connection, GET of 16 bytes, {}: a call",
            threads.name()
        );
        let mut table = Table::new(&title, COLUMNS.map(|(_, _, title)| title.to_owned()));
        for peer in Peer::SHARED.map(Peer::name) {
            table.row(
                peer,
                COLUMNS.map(|(cells, measure, _)| {
                    let cell = format!("{cells}/{}", threads.name());
                    Some(spread_text(self.figure(&cell, peer, measure)?, measure))
                }),
            );
        }
        table
    }

    fn memory(&self) -> Table {
        let columns = ["short", "ten times as long"].map(str::to_owned);
        let title = "SETs in a row: peak memory of the process, KiB";
        let mut table = Table::new(title, columns);
        for peer in Peer::ALL {
            let figure = |cell| self.figure(cell, peer.name(), Measure::Memory);
            let text = |cell| Some(spread_text(figure(cell)?, Measure::Memory));
            table.row(peer.name(), ["memory/short", "memory/long"].map(text));
        }
        table
    }

    /// How ours compares with the best peer, all workloads in one table.
    fn ratios(&self, measure: Measure) -> Table {
        let title = format!("respipe as a part of the best peer: {}", measure.title());
        let mut table = Table::new(&title, DEPTHS.map(|depth| format!("depth {depth}")));
        for kind in Kind::ALL {
            table.row(
                kind.name(),
                DEPTHS.map(|depth| {
                    let cell = format!("{}/{depth}", kind.name());
                    let ours = self.figure(&cell, OURS, measure)?.median;
                    let (peer, best) = self.best_peer(&cell, measure)?;
                    Some(format!("{:.2} of {peer}", ours / best))
                }),
            );
        }
        table
    }

    fn codecs(&self) -> Table {
        let mut table = Table::new(
            "codec alone, user instructions",
            Codec::ALL.map(|codec| codec.name().to_owned()),
        );
        for row in Row::ALL {
            let cell = format!("codec/{}", row.name());
            table.row(
                row.title(),
                Codec::ALL.map(|codec| {
                    let spread = self.figure(&cell, codec.name(), Measure::Instructions)?;
                    Some(spread_text(spread, Measure::Instructions))
                }),
            );
        }
        table
    }

    fn targets(&self) -> Table {
        let columns = ["reach", "now", "best peer", "floor", ""].map(str::to_owned);
        let mut table = Table::new("numbers to reach", columns);
        for target in targets::all(self) {
            let Some(met) = target.met() else {
                continue;
            };
            let figures = [target.reach, target.figure, target.best_peer, target.floor];
            let [reach, now, best, floor] = figures.map(|figure| figure.map(number));
            let met = if met { "met" } else { "NOT MET" };
            table.row(
                &target.what,
                [reach, now, best, floor, Some(met.to_owned())],
            );
        }
        table
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for text in Kind::ALL.into_iter().filter_map(|kind| self.clients(kind)) {
            writeln!(f, "{text}")?;
        }
        let tables = [
            self.codecs(),
            self.shared(Threads::Current),
            self.shared(Threads::Two),
            self.memory(),
            self.ratios(Measure::Cpu),
            self.ratios(Measure::Instructions),
            self.targets(),
        ];
        for table in tables.iter().filter(|table| !table.is_empty()) {
            writeln!(f, "{table}")?;
        }
        for remark in &self.remarks {
            writeln!(f, "{remark}")?;
        }
        for note in &self.notes {
            writeln!(f, "not measured: {note}")?;
        }
        Ok(())
    }
}

/// The median, and behind it the least and the most of the rounds where there were rounds.
fn spread_text(spread: Spread, measure: Measure) -> String {
    let Spread { median, min, max } = spread;
    match measure {
        Measure::Cpu | Measure::Latency | Measure::LatencyRatio => {
            format!("{} ({}-{})", number(median), number(min), number(max))
        }
        Measure::Instructions | Measure::Memory | Measure::Cancellation => format!("{median:.0}"),
        Measure::Allocations | Measure::SystemCalls => number(median),
    }
}

/// Three digits, about.
fn number(figure: f64) -> String {
    match figure.abs() {
        // Below what a difference of two counts can tell.
        size if size < 0.0005 => "0".to_owned(),
        size if size < 0.095 => format!("{figure:.4}"),
        size if size < 9.95 => format!("{figure:.2}"),
        size if size < 99.5 => format!("{figure:.1}"),
        _ => format!("{figure:.0}"),
    }
}
