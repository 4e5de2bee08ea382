//! `cargo soak --minutes N`: flights of INCRs over every transport, through random faults, to a real server, with counters that
//! must balance. One line a second, and a summary. Loopback only, one flight at a time a transport.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use lexopt::prelude::*;
use respipe_testkit::process::{Launch, servers};
use respipe_testkit::proxy::{End, Faults, Lane, Proxy};
use trials::{Books, Flight, Terms, Transport, all};

/// Commands of a flight, at most.
const COMMANDS: usize = 60;
/// How many faulty flights are wanted before a summary says that the books balance.
const ENOUGH: u64 = 10;

/// What one transport has come to.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    flights: u64,
    faults: u64,
    books: Books,
}

/// What all threads share.
struct Soak {
    server: SocketAddr,
    stop: AtomicBool,
    tallies: Mutex<Vec<Tally>>,
    wrong: Mutex<Vec<String>>,
}

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode, Box<dyn core::error::Error>> {
    let (mut minutes, mut seed) = (1.0_f64, fastrand::u64(..));
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("minutes") => minutes = arguments.value()?.parse()?,
            Long("seed") => seed = arguments.value()?.parse()?,
            other => {
                return Err(format!(
                    "{}\nusage: cargo soak --minutes N [--seed N]",
                    other.unexpected()
                )
                .into());
            }
        }
    }
    let binary = servers()
        .into_iter()
        .next()
        .ok_or("no redis-server or valkey-server on the PATH")?;
    let server = Launch::new(&binary).start()?;
    let transports = all();
    let soak = Soak {
        server: server.address(),
        stop: AtomicBool::new(false),
        tallies: Mutex::new(vec![Tally::default(); transports.len()]),
        wrong: Mutex::default(),
    };
    println!(
        "{} {}, {minutes} min, seed {seed}",
        server.name(),
        server.version()
    );
    let (start, mut second) = (Instant::now(), 0);
    let span = Duration::from_secs_f64((minutes * 60.0).clamp(1.0, 86_400.0));
    thread::scope(|scope| {
        for (nth, transport) in transports.iter().enumerate() {
            let (soak, random) = (&soak, fastrand::Rng::with_seed(seed ^ nth as u64));
            scope.spawn(move || soak.fly(transport.as_ref(), nth, random));
        }
        while start.elapsed() < span && !soak.is_wrong() {
            thread::sleep(Duration::from_secs(1));
            second += 1;
            println!("{second:5} s  {}", soak.line(&transports));
            // A server that stands still for a moment is one fault more.
            if second % 7 == 0 && server.pause().is_ok() {
                thread::sleep(Duration::from_millis(120));
                let _ = server.resume();
            }
        }
        soak.stop.store(true, Ordering::Release);
    });
    Ok(soak.summary(&transports, start.elapsed()))
}

impl Soak {
    fn is_wrong(&self) -> bool {
        !self
            .wrong
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_empty()
    }

    /// Flies until it is told to stop.
    fn fly(&self, transport: &dyn Transport, nth: usize, mut random: fastrand::Rng) {
        let mut flight = 0;
        while !self.stop.load(Ordering::Acquire) && !self.is_wrong() {
            flight += 1;
            let key = format!("{}:{flight}", transport.name());
            if let Err(wrong) = self.one(transport, nth, &key, &mut random) {
                let mut all = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
                all.push(format!("{key}: {wrong}"));
            }
        }
    }

    fn one(
        &self,
        transport: &dyn Transport,
        nth: usize,
        key: &str,
        random: &mut fastrand::Rng,
    ) -> Result<(), String> {
        let count = random.usize(1..COMMANDS);
        let faults = Faults::new(lane(random, count), lane(random, count));
        let is_faulty = faults != Faults::none();
        let terms = Terms {
            resp3: random.bool(),
            patience: Duration::from_millis(random.u64(150..400)),
            ..Terms::DEFAULT
        };
        let shown = format!("{faults:?}, {count} commands, {terms:?}");
        let proxy =
            Proxy::start(self.server, faults).map_err(|error: io::Error| error.to_string())?;
        let flight = transport.flight(proxy.address(), &terms, &Books::incrs(key, count));
        drop(proxy);
        let books = Books::balance(&flight, self.server, key).map_err(|wrong| {
            let Flight { ends, error, .. } = &flight;
            format!("{wrong}\n  {shown}\n  {error:?} {ends:?}")
        })?;
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        let tally = &mut tallies[nth];
        tally.flights += 1;
        tally.faults += u64::from(is_faulty);
        tally.books.replied += books.replied;
        tally.books.unknown += books.unknown;
        tally.books.not_sent += books.not_sent;
        tally.books.applied += books.applied;
        Ok(())
    }

    fn line(&self, transports: &[Box<dyn Transport>]) -> String {
        let tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        let each = transports
            .iter()
            .zip(tallies.iter())
            .map(|(transport, tally)| {
                let name = transport.name().trim_start_matches("respipe-");
                format!("{name} {} flights {} faults", tally.flights, tally.faults)
            });
        each.collect::<Vec<_>>().join("  ")
    }

    fn summary(&self, transports: &[Box<dyn Transport>], took: Duration) -> ExitCode {
        let tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        println!(
            "\n{:20} {:>8} {:>8} {:>9} {:>9} {:>9} {:>9}",
            "", "flights", "faults", "replied", "unknown", "not sent", "applied"
        );
        for (transport, tally) in transports.iter().zip(tallies.iter()) {
            let Books {
                replied,
                unknown,
                not_sent,
                applied,
            } = tally.books;
            let (name, flights, faults) = (transport.name(), tally.flights, tally.faults);
            println!(
                "{name:20} {flights:>8} {faults:>8} {replied:>9} {unknown:>9} {not_sent:>9} {applied:>9}"
            );
        }
        let faults: u64 = tallies.iter().map(|tally| tally.faults).sum();
        println!("{:.0} s, {faults} faulty flights", took.as_secs_f64());
        for wrong in wrong.iter() {
            println!("WRONG {wrong}");
        }
        let idle = tallies.iter().any(|tally| tally.faults < ENOUGH);
        match (wrong.is_empty(), idle) {
            (true, false) => {
                println!("the books balance");
                ExitCode::SUCCESS
            }
            (true, true) => {
                println!("too few flights to say anything");
                ExitCode::FAILURE
            }
            (false, _) => ExitCode::FAILURE,
        }
    }
}

/// The faults of one direction: none, or one of each kind, or several.
fn lane(random: &mut fastrand::Rng, commands: usize) -> Lane {
    let mut lane = Lane::new();
    if random.u8(..) < 60 {
        lane = lane.pieces_of(random.usize(1..40));
    }
    if random.u8(..) < 40 {
        lane = lane.delay(Duration::from_millis(random.u64(1..20)));
    }
    if random.u8(..) < 30 {
        lane = lane.bytes_per_second(random.u64(2_000..200_000));
    }
    if random.u8(..) < 130 {
        let ends = [
            End::Close,
            End::Close,
            End::Reset,
            End::Reset,
            End::HalfClose,
            End::Stall,
        ];
        let end = ends[random.usize(0..ends.len())];
        // Within what such a flight sends, handshake included.
        lane = lane.after(random.u64(0..(commands as u64 * 45 + 120)), end);
    }
    lane
}
