//! The figures as tables for a person and as JSON for a machine.

use std::fmt::{self, Write as _};

use serde_json::{Value, json};

use crate::codec::{Codec, Row};
use crate::measure::{Measure, Spread};
use crate::peers::{OUR_BATCH, OUR_STREAM, OURS, Peer};
use crate::run::DEPTHS;
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
        let others = [OURS, OUR_BATCH, OUR_STREAM, Peer::Floor.name()];
        let is_rival = |figure: &&Figure| {
            figure.cell == cell && figure.measure == measure && !others.contains(&figure.client)
        };
        let rivals = self.figures.iter().filter(is_rival);
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
            self.memory(),
            self.ratios(Measure::Cpu),
            self.ratios(Measure::Instructions),
            self.targets(),
        ];
        for table in tables.iter().filter(|table| !table.is_empty()) {
            writeln!(f, "{table}")?;
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
        Measure::Cpu => format!("{} ({}-{})", number(median), number(min), number(max)),
        Measure::Instructions | Measure::Memory => format!("{median:.0}"),
        Measure::Allocations | Measure::SystemCalls => number(median),
    }
}

/// Three digits, about.
fn number(figure: f64) -> String {
    match figure.abs() {
        0.0 => "0".to_owned(),
        size if size < 0.095 => format!("{figure:.4}"),
        size if size < 9.95 => format!("{figure:.2}"),
        size if size < 99.5 => format!("{figure:.1}"),
        _ => format!("{figure:.0}"),
    }
}
