//! What was measured.

use std::path::Path;

use serde_json::{Value, json};

use crate::server::Server;
use crate::way::Way;

/// The round trip that the proxy emulates, in milliseconds.
pub(crate) const ROUND_TRIP_MS: u64 = 250;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// As the server is reached, over loopback if it is on this machine.
    Direct,
    /// Behind the delaying proxy.
    Long,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) way: Way,
    pub(crate) link: Link,
    pub(crate) samples: usize,
    pub(crate) seconds: f64,
}

impl Row {
    pub(crate) fn rate(&self) -> f64 {
        self.samples as f64 / self.seconds
    }
}

#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) rows: Vec<Row>,
    /// The whole run.
    pub(crate) seconds: f64,
}

impl Results {
    pub(crate) fn row(&self, link: Link, way: Way) -> Option<&Row> {
        self.rows
            .iter()
            .find(|row| row.link == link && row.way == way)
    }

    /// How many times as fast as one at a time over the same link.
    pub(crate) fn gain(&self, row: &Row) -> Option<f64> {
        Some(row.rate() / self.row(row.link, Way::OneAtATime)?.rate())
    }

    /// Depth and samples a second, for the plot.
    pub(crate) fn curve(&self, link: Link) -> Vec<(f64, f64)> {
        let of_link = self.rows.iter().filter(|row| row.link == link);
        of_link
            .filter_map(|row| Some((row.way.depth()? as f64, row.rate())))
            .collect()
    }

    /// The line for machines.
    pub(crate) fn json(&self, server: &Server, plot: &Path) -> Value {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                json!({
                    "link": match row.link { Link::Direct => "direct", Link::Long => "long" },
                    "way": row.way.id(),
                    "depth": row.way.depth(),
                    "samples": row.samples,
                    "seconds": row.seconds,
                    "samples_per_second": row.rate(),
                    "gain": self.gain(row),
                    "limit": limit(row),
                })
            })
            .collect();
        json!({"demo": {
            "server": {"name": server.name, "version": server.version, "kind": server.kind()},
            "round_trip_ms": ROUND_TRIP_MS,
            "seconds": self.seconds,
            "plot": plot,
            "rows": rows,
        }})
    }
}

/// The most samples a second that the long link's round trip allows: window / round trip.
pub(crate) fn limit(row: &Row) -> Option<f64> {
    let window = row.way.window().filter(|_| row.link == Link::Long)?;
    Some(window as f64 * 1_000.0 / ROUND_TRIP_MS as f64)
}
