//! Runs scenarios and reports.

use core::fmt::Write as _;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::io::{self, Write as _};
use std::thread;

use respipe_core::pipeline::PipelineError;

use super::outcome::Outcome;
use super::scenario::{Action, Scenario};
use super::stage::Stage;
use super::subject::{Harness, Order, Room, Subject, Unsupported};
use crate::link::{Conditions, Line, Split};

/// Scripts whose answers are shorter than this are run at every split, in bytes.
const SHORT: usize = 240;

/// How many scenarios are run at a time where they wait.
const SIDE_BY_SIDE: usize = 6;

/// How many differences are shown.
const SHOWN: usize = 6;

/// What came of a run.
#[derive(Debug, Default)]
pub struct Report {
    /// Names of scenarios that held in every variation.
    pub passed: Vec<&'static str>,
    /// Names of scenarios that this transport cannot run, and why.
    pub skipped: Vec<(&'static str, &'static str)>,
    /// What went wrong, first variation only.
    pub failed: Vec<String>,
    /// How often a scenario was run in all.
    pub runs: usize,
}

impl Report {
    /// Prints the counts and every skipped scenario on the terminal.
    ///
    /// # Panics
    /// When a scenario failed, with all that did.
    pub fn conclude(self, name: &str) {
        let mut text = format!(
            "conformance over {name}: {} scenarios held in {} runs, {} skipped\n",
            self.passed.len(),
            self.runs,
            self.skipped.len()
        );
        for (scenario, why) in &self.skipped {
            let _ = writeln!(text, "skipped over {name}: {scenario}: {why}");
        }
        // Not `print!`: the test harness would swallow it.
        let _ = io::stderr().write_all(text.as_bytes());
        let failed = self.failed;
        assert!(
            failed.is_empty(),
            "{} scenarios failed over {name}\n\n{}",
            failed.len(),
            failed.join("\n")
        );
    }
}

/// Runs each scenario whole, byte by byte, at seeded random splits and, where it is short, at every split.
pub fn run<H: Harness>(harness: &mut H, scenarios: &[Scenario]) -> Report {
    let mut report = Report::default();
    for scenario in scenarios {
        let variations = variations(scenario);
        let mut held = true;
        for conditions in variations.into_iter().take(harness.variations()) {
            report.runs += 1;
            match run_once(harness, scenario, conditions) {
                Ok(()) => {}
                Err(Failure::Unsupported(Unsupported(why))) => {
                    report.skipped.push((scenario.name, why));
                    held = false;
                    break;
                }
                Err(Failure::Differs(what)) => {
                    let (up, down) = (conditions.up.split, conditions.down.split);
                    report.failed.push(format!(
                        "{} (up {up:?}, down {down:?}, seed {}):\n{what}",
                        scenario.name, conditions.seed
                    ));
                    held = false;
                    break;
                }
            }
        }
        if held {
            report.passed.push(scenario.name);
        }
    }
    report
}

/// As [`run`], several scenarios at a time: over real sockets nearly all of the time is spent waiting.
///
/// # Panics
/// When a subject does.
pub fn run_side_by_side<H: Harness>(
    harness: impl Fn() -> H + Sync,
    scenarios: &[Scenario],
) -> Report {
    let next = AtomicUsize::new(0);
    let worker = || {
        let (mut harness, mut done) = (harness(), Vec::new());
        loop {
            let nth = next.fetch_add(1, Ordering::Relaxed);
            let Some(scenario) = scenarios.get(nth) else {
                return done;
            };
            done.push((nth, run(&mut harness, core::slice::from_ref(scenario))));
        }
    };
    let mut done: Vec<(usize, Report)> = thread::scope(|scope| {
        let workers = [(); SIDE_BY_SIDE].map(|()| scope.spawn(worker));
        let done = workers.map(|worker| match worker.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        done.into_iter().flatten().collect()
    });
    done.sort_by_key(|(nth, _)| *nth);
    let mut all = Report::default();
    for (_, report) in done {
        all.passed.extend(report.passed);
        all.skipped.extend(report.skipped);
        all.failed.extend(report.failed);
        all.runs += report.runs;
    }
    all
}

/// The conditions that a scenario must hold under.
fn variations(scenario: &Scenario) -> Vec<Conditions> {
    let capacity = scenario.narrow.unwrap_or(usize::MAX);
    let with = |up: Split, down: Split, seed: u64| Conditions {
        up: Line {
            split: up,
            capacity,
            ..Line::PERFECT
        },
        down: Line {
            split: down,
            capacity,
            ..Line::PERFECT
        },
        peer_stops_reading: scenario.narrow.is_some(),
        seed,
    };
    let mut all = vec![with(Split::Whole, Split::Whole, 0)];
    if scenario.heavy {
        all.push(with(Split::Random(1500), Split::Random(1500), 1));
        return all;
    }
    all.push(with(Split::Every(1), Split::Every(1), 0));
    for seed in 1..=8 {
        all.push(with(Split::Random(9), Split::Random(13), seed));
    }
    for seed in 9..=12 {
        all.push(with(Split::Whole, Split::Random(60), seed));
    }
    let answers = scenario.connections.iter().flatten();
    let bytes: usize = answers.map(|exchange| exchange.answer.len()).sum();
    if bytes <= SHORT {
        for offset in 1..bytes as u64 {
            all.push(with(Split::Whole, Split::At(offset), 0));
        }
    }
    all
}

enum Failure {
    Unsupported(Unsupported),
    Differs(String),
}

fn run_once<H: Harness>(
    harness: &mut H,
    scenario: &Scenario,
    conditions: Conditions,
) -> Result<(), Failure> {
    let stage = Stage::new(scenario, conditions);
    let book = stage.book();
    let mut subject = harness.start(stage).map_err(Failure::Unsupported)?;
    act(&mut subject, scenario).map_err(Failure::Unsupported)?;
    let mut outcomes = subject.outcomes().to_vec();
    drop(subject);
    let mut expected = scenario.outcomes.clone();
    if harness.order() == Order::BySubmission {
        outcomes = by_submission(scenario, outcomes);
        expected = by_submission(scenario, expected);
    }
    let same = expected.len() == outcomes.len()
        && expected
            .iter()
            .zip(&outcomes)
            .all(|(expected, outcome)| expected.agrees(outcome));
    let faults = book.faults();
    if same && faults.is_empty() {
        return Ok(());
    }
    let mut what = String::new();
    let differ = expected
        .iter()
        .zip(&outcomes)
        .take_while(|(expected, outcome)| expected.agrees(outcome))
        .count();
    let _ = writeln!(
        what,
        "    the first {differ} outcomes are as expected, then"
    );
    for place in differ..expected.len().max(outcomes.len()).min(differ + SHOWN) {
        if let Some(expected) = expected.get(place) {
            let _ = writeln!(what, "    - {expected:?}");
        }
        if let Some(came) = outcomes.get(place) {
            let _ = writeln!(what, "    + {came:?}");
        }
    }
    for fault in faults.iter().take(SHOWN) {
        let _ = writeln!(what, "    server: {fault}");
    }
    Err(Failure::Differs(what))
}

/// What a transport tells that tells in the order of submission.
fn by_submission(scenario: &Scenario, mut outcomes: Vec<Outcome>) -> Vec<Outcome> {
    let goes_on = scenario.connections.len() > 1;
    outcomes.retain(|outcome| !(goes_on && matches!(outcome, Outcome::Down(_))));
    for outcome in &mut outcomes {
        if let Outcome::Down(end @ PipelineError::LinkLost) = outcome {
            *end = PipelineError::Eof;
        }
    }
    outcomes.sort_by_key(|outcome| match outcome {
        Outcome::Push(_) => (1, 0),
        Outcome::Down(_) => (2, 0),
        _ => (0, outcome.tag().unwrap_or(0)),
    });
    outcomes
}

fn act(subject: &mut impl Subject, scenario: &Scenario) -> Result<(), Unsupported> {
    subject.open()?;
    for action in &scenario.actions {
        match action {
            Action::Submit(tag, request) => subject.submit(*tag, request)?,
            Action::SubmitInPieces {
                tag,
                request,
                whole,
                piece,
            } => subject.submit_in_pieces(*tag, request, *whole, *piece)?,
            Action::SubmitLong(tag, request) => subject.submit_long(*tag, request)?,
            Action::Flush => subject.flush()?,
            Action::Abandon(tag) => subject.abandon(*tag)?,
            Action::DropOldest => subject.make_room(Room::DropOldest)?,
            Action::Withdraw(tag) => subject.make_room(Room::Withdraw(*tag))?,
            Action::Compact => subject.make_room(Room::Compact)?,
            Action::Wait(time) => subject.wait(*time)?,
            Action::Run(wanted) => subject.run(*wanted)?,
            Action::Open => subject.open()?,
        }
    }
    subject.run(scenario.outcomes.len())
}
