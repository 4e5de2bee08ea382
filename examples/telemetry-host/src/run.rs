//! The run itself: a server, a machine, samples, perhaps faults, and the check.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::time::Duration;
use std::thread;
use std::time::Instant;

use crate::Result;
use crate::capture::Segments;
use crate::check::{Told, Verdict};
use crate::log;
use crate::options::Options;
use crate::qemu::{Boot, Control, Next, Qemu};
use crate::script::Script;
use crate::server::Server;

/// How long the firmware may say nothing before it counts as hanging: it reports its progress each
/// second.
const SILENCE: Duration = Duration::from_secs(30);

/// How long its figures may stand still, beyond the longest fault and the sensor's period.
const STANDSTILL: Duration = Duration::from_secs(30);

/// How long after the machine has ended its log may take to say so.
const ENDING: Duration = Duration::from_secs(10);

/// What came of it.
#[derive(Debug)]
pub(crate) struct Telemetry {
    pub(crate) server: String,
    pub(crate) made: u32,
    pub(crate) verdict: Verdict,
    pub(crate) reconnects: usize,
    pub(crate) segments: Segments,
    /// Bytes.
    pub(crate) stack: u64,
    /// Faults that happened, pauses apart.
    pub(crate) faults: usize,
    pub(crate) took: Duration,
}

/// What the log has told so far.
#[derive(Debug)]
struct Watched {
    told: Told,
    /// Its figures, and since when they are these.
    progress: String,
    since: Instant,
    ups: usize,
    stack: u64,
    ended: bool,
}

pub(crate) fn run(options: &Options) -> Result<Telemetry> {
    let mut server = Server::start(options.script.is_some())?;
    let boot = Boot {
        machine: options.machine,
        elf: &options.telemetry,
        arguments: vec![
            ("port", server.port().into()),
            ("seed", options.seed),
            ("samples", options.samples),
            ("period", options.period_micros),
            ("keep", options.keep_oldest.into()),
            ("epoch", 1_700_000_000_000),
        ],
        counts_instructions: false,
    };
    println!("{} on port {}\n", server.describe(), server.port());
    let start = Instant::now();
    let (mut qemu, mut control) = Qemu::boot(&boot)?;
    let done = AtomicBool::new(false);
    let faults = AtomicUsize::new(0);
    let watched = thread::scope(|scope| {
        let script = options.script.as_ref();
        let trouble = script.map(|script| {
            scope.spawn(|| make_trouble(script, &mut server, &mut control, &done, &faults))
        });
        let longest = script.map_or(Duration::ZERO, Script::longest);
        let period = Duration::from_micros(options.period_micros);
        let watched = watch(&mut qemu, STANDSTILL + longest + period, options.quiet);
        done.store(true, Ordering::Release);
        match trouble.map(thread::ScopedJoinHandle::join) {
            Some(Ok(trouble)) => trouble.and(watched),
            Some(Err(_)) => Err("the script panicked".into()),
            None => watched,
        }
    })?;
    let took = start.elapsed();
    let verdict = Verdict::of(&watched.told, &server.stored()?);
    Ok(Telemetry {
        server: server.describe(),
        made: watched.told.made,
        verdict,
        reconnects: watched.ups.saturating_sub(1),
        segments: Segments::of(&qemu.capture())?,
        stack: watched.stack,
        faults: faults.into_inner(),
        took,
    })
}

/// Goes through the script, again and again, until the firmware is through. A fault that has begun
/// is undone.
fn make_trouble(
    script: &Script,
    server: &mut Server,
    machine: &mut Control,
    done: &AtomicBool,
    faults: &AtomicUsize,
) -> Result {
    for &fault in script.0.iter().cycle() {
        if done.load(Ordering::Acquire) {
            break;
        }
        if fault.is_fault() {
            faults.fetch_add(1, Ordering::Relaxed);
            println!("  ------- {fault}");
        }
        if let Err(error) = server.suffer(fault, machine) {
            // The machine may have ended meanwhile, and its control with it: that is seen shortly.
            let end = Instant::now() + ENDING;
            while !done.load(Ordering::Acquire) {
                if Instant::now() > end {
                    return Err(error);
                }
                thread::sleep(Duration::from_millis(10));
            }
            break;
        }
    }
    Ok(())
}

/// Reads the log until the firmware ends, or stands still for longer than it may.
fn watch(qemu: &mut Qemu, standstill: Duration, quiet: bool) -> Result<Watched> {
    let mut watched = Watched::new();
    loop {
        match qemu.next(SILENCE)? {
            Next::Line(line) => {
                let now = Instant::now();
                if watched.take(&line, now) && !quiet {
                    println!("  {line}");
                }
                if watched.stands_still(now, standstill) {
                    let progress = &watched.progress;
                    return Err(format!(
                        "the firmware lives and gets nowhere: `{progress}` for {standstill:?}"
                    )
                    .into());
                }
            }
            Next::Ended(0) if watched.ended => return Ok(watched),
            Next::Ended(code) => return Err(format!("the firmware ended with {code}").into()),
            Next::Nothing => {
                return Err(format!("the firmware hangs: no word for {SILENCE:?}").into());
            }
        }
    }
}

impl Watched {
    fn new() -> Self {
        Self {
            told: Told::default(),
            progress: String::new(),
            since: Instant::now(),
            ups: 0,
            stack: 0,
            ended: false,
        }
    }

    /// Whether the figures are older than they may be.
    fn stands_still(&self, now: Instant, standstill: Duration) -> bool {
        now.duration_since(self.since) > standstill
    }

    /// Whether a person should see the line.
    fn take(&mut self, line: &str, now: Instant) -> bool {
        let number = |name: &str| {
            let number = log::number(line, name)?;
            u32::try_from(number).ok()
        };
        if log::says(line, "dropped") {
            // Too many to show.
            self.told.dropped.extend(number("sequence"));
            return false;
        }
        if let Some(progress) = line.find("made ").map(|at| &line[at..])
            && log::says(line, "made ")
            && self.progress != progress
        {
            self.progress = progress.to_owned();
            self.since = now;
        }
        if log::says(line, "restarted") {
            self.told.reset_after.extend(number("after"));
        } else if log::says(line, "link: up") {
            self.ups += 1;
        } else if log::says(line, "end") {
            self.ended = true;
            self.told.made = number("made").unwrap_or(0);
            self.stack = log::number(line, "stack").unwrap_or(0);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_tells_what_was_made_dropped_and_reset() {
        let mut watched = Watched::new();
        let log = [
            "1.0 INFO link: up",
            "1.1 WARN dropped sequence=5",
            "1.2 WARN dropped sequence=6",
            "0.0 WARN restarted times=1 after=9",
            "1.0 INFO link: up",
            "9.9 INFO end made=12 stack=2048",
        ];
        let shown = log
            .iter()
            .filter(|line| watched.take(line, Instant::now()))
            .count();
        assert_eq!(shown, 4);
        assert_eq!(watched.told.dropped, [5, 6].into());
        assert_eq!(watched.told.reset_after, [9]);
        assert_eq!((watched.told.made, watched.stack), (12, 2_048));
        assert_eq!(watched.ups, 2);
        assert!(watched.ended);
    }
    #[test]
    fn a_firmware_that_talks_and_makes_no_sample_stands_still() {
        let mut watched = Watched::new();
        let start = watched.since;
        let mut stands_still = |second: u64, line: &str| {
            let now = start + Duration::from_secs(second);
            watched.take(line, now);
            watched.stands_still(now, STANDSTILL)
        };
        assert!(!stands_still(1, "1.0 INFO made 0, stored 0"));
        assert!(!stands_still(31, "31.0 INFO made 0, stored 0"));
        assert!(stands_still(32, "32.0 ERROR sample 0: Uncertain"));
        assert!(!stands_still(33, "33.0 INFO made 1, stored 0"));
        assert!(!stands_still(60, "60.0 INFO made 1, stored 1"));
        assert!(!stands_still(90, "90.0 INFO made 1, stored 1"));
        assert!(stands_still(91, "91.0 INFO made 1, stored 1"));
    }
}
