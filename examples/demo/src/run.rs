//! Runs every way over both links, each for its share of the time.

use core::time::Duration;
use std::time::Instant;

use respipe_testkit::proxy::{self, Faults, Proxy};

use crate::Result;
use crate::client::Client;
use crate::progress::Progress;
use crate::result::{Link, ROUND_TRIP_MS, Row};
use crate::samples::Samples;
use crate::server::Server;
use crate::table::grouped;
use crate::way::{UNIT, Way};

const ROUND_TRIP: Duration = Duration::from_millis(ROUND_TRIP_MS);

/// A machine has some 28 000 ports for connections of its own, and each stays taken for a minute.
const MOST_CONNECTIONS: usize = 4_000;
/// Connecting, HELLO, what stands behind it, and the command itself.
const ROUND_TRIPS_A_CONNECTION: usize = 4;

/// How often a row looks at the clock: every so many samples.
const CLOCK: usize = 10;

/// What every row of one run needs.
struct Bench<'a> {
    samples: &'a Samples,
    url: &'a str,
    link: Link,
    share: Share,
}

/// How much a row does.
#[derive(Clone, Copy)]
enum Share {
    /// As much as it can in this time.
    Time(Duration),
    /// So many full windows. Over the long link each takes a round trip, and a clock would cut the last one short.
    Windows(usize),
}

pub(crate) fn run(server: &Server, quick: bool) -> Result<Vec<Row>> {
    let samples = Samples::new();
    let proxy = match server.address {
        Some(address) => Some(Proxy::start(address, Faults::round_trip(ROUND_TRIP))?),
        None => None,
    };
    let long_url = proxy
        .as_ref()
        .map(|proxy| proxy::url_through(&server.url, proxy.address()));
    let (direct, long) = if quick { (120, 2) } else { (1_200, 10) };
    let direct = Share::Time(Duration::from_millis(direct));
    let mut links = vec![Bench {
        samples: &samples,
        url: &server.url,
        link: Link::Direct,
        share: direct,
    }];
    if let Some(url) = &long_url {
        links.push(Bench {
            samples: &samples,
            url,
            link: Link::Long,
            share: Share::Windows(long),
        });
    }
    let ways: Vec<Way> = Way::ALL
        .into_iter()
        .filter(|way| server.can(*way))
        .collect();
    let planned: Duration = links
        .iter()
        .flat_map(|bench| ways.iter().map(|way| bench.planned(*way)))
        .sum();
    let mut checker = Client::connect(&server.url, 1)?;
    let mut progress = Progress::new(planned);
    let mut rows = Vec::new();
    for bench in &links {
        for way in &ways {
            let what = format!("{}: {way}", server.link_name(bench.link));
            let working = progress.begin(what.clone(), bench.planned(*way));
            let row = bench
                .row(*way)
                .map_err(|error| format!("{what}: {error}"))?;
            drop(working);
            check(&mut checker, &samples, &row)?;
            progress.note(&format!("{what}: {} samples/s", grouped(row.rate())));
            rows.push(row);
        }
    }
    server.tidy_up(&samples)?;
    Ok(rows)
}

impl Bench<'_> {
    /// How long a row takes, for the progress bar; its connection is part of it.
    fn planned(&self, way: Way) -> Duration {
        let round_trips = match (self.share, way) {
            (Share::Time(time), _) => return time,
            (Share::Windows(windows), Way::NewConnection) => {
                ROUND_TRIPS_A_CONNECTION * connections(windows)
            }
            (Share::Windows(windows), _) => ROUND_TRIPS_A_CONNECTION - 1 + windows,
        };
        ROUND_TRIP * u32::try_from(round_trips).unwrap_or(u32::MAX)
    }

    fn row(&self, way: Way) -> Result<Row> {
        if way == Way::NewConnection {
            return self.new_connections();
        }
        let mut client = Client::connect(self.url, way.commands())?;
        let start = Instant::now();
        let goes_on = |n: usize| match self.share {
            Share::Time(time) => n == 0 || !n.is_multiple_of(CLOCK) || start.elapsed() < time,
            Share::Windows(windows) => n < windows * way.window().unwrap_or(1),
        };
        let mut samples = 0;
        if let Way::Pipeline(_) = way {
            let samples_to_send = (0..)
                .take_while(|n| goes_on(*n))
                .map(|n| self.samples.at(n));
            samples = client.stream(samples_to_send)?;
        } else {
            while goes_on(samples) {
                samples += self.unit(&mut client, way, samples)?;
            }
        }
        Ok(Row {
            way,
            link: self.link,
            samples,
            seconds: start.elapsed().as_secs_f64(),
        })
    }

    /// One round trip; how many samples it carried.
    fn unit(&self, client: &mut Client, way: Way, n: usize) -> Result<usize> {
        let unit = (n..n + UNIT).map(|n| self.samples.at(n));
        match way {
            Way::Mset => client.mset(unit)?,
            Way::Script => client.script(unit)?,
            Way::Transaction => client.transaction(unit)?,
            Way::NewConnection | Way::OneAtATime | Way::Pipeline(_) => {
                client.set(self.samples.at(n))?;
                return Ok(1);
            }
        }
        Ok(UNIT)
    }

    fn new_connections(&self) -> Result<Row> {
        let start = Instant::now();
        let goes_on = |n: usize| match self.share {
            Share::Time(time) => n == 0 || (n < MOST_CONNECTIONS && start.elapsed() < time),
            Share::Windows(windows) => n < connections(windows),
        };
        let mut samples = 0;
        while goes_on(samples) {
            Client::connect(self.url, 1)?.set(self.samples.at(samples))?;
            samples += 1;
        }
        Ok(Row {
            way: Way::NewConnection,
            link: self.link,
            samples,
            seconds: start.elapsed().as_secs_f64(),
        })
    }
}

/// How many new connections take about as long as so many windows.
fn connections(windows: usize) -> usize {
    (windows / ROUND_TRIPS_A_CONNECTION).max(1)
}

/// The server holds the last sample that a row sent.
fn check(server: &mut Client, samples: &Samples, row: &Row) -> Result {
    let last = samples.at(row.samples - 1);
    match server.get(&last.key)? {
        Some(value) if value == last.value.as_bytes() => Ok(()),
        _ => Err(format!(
            "the server does not hold the last sample sent, {}",
            last.key
        )
        .into()),
    }
}
