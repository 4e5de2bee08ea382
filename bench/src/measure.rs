//! How things are counted.
//!
//! CPU time and allocations are counted here, in this process, which runs one client at a time. Instructions, system calls
//! and memory are counted in a process of their own for each figure, under valgrind and strace; it runs twice, with
//! different amounts of work, and the difference is what the work costs, without start-up and connecting.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::process::Command;

use rustix::time::{ClockId, clock_gettime};

use crate::Result;
use crate::allocator;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    Cpu,
    Instructions,
    Allocations,
    SystemCalls,
    Memory,
    Latency,
    LatencyRatio,
    Cancellation,
}

impl Measure {
    pub const ALL: [Measure; 8] = [
        Measure::Cpu,
        Measure::Instructions,
        Measure::Allocations,
        Measure::SystemCalls,
        Measure::Memory,
        Measure::Latency,
        Measure::LatencyRatio,
        Measure::Cancellation,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Measure::Cpu => "cpu",
            Measure::Instructions => "instructions",
            Measure::Allocations => "allocations",
            Measure::SystemCalls => "syscalls",
            Measure::Memory => "memory",
            Measure::Latency => "latency",
            Measure::LatencyRatio => "latency-ratio",
            Measure::Cancellation => "cancel",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Measure::Cpu => "client CPU a command, user + system, ns",
            Measure::Instructions => "user instructions a command",
            Measure::Allocations => "allocations a command",
            Measure::SystemCalls => "system calls a 1 000 commands",
            Measure::Memory => "peak memory, KiB",
            Measure::Latency => "p99 of calls, us",
            Measure::LatencyRatio => "ours as a part of it, round by round",
            Measure::Cancellation => "replies shifted, commands kept or miscounted",
        }
    }

    pub fn named(name: &str) -> Option<Measure> {
        Measure::ALL
            .into_iter()
            .find(|measure| measure.name() == name)
    }
}

/// The middle of some figures and how far they lie apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    /// `None` of no figures.
    pub fn of(mut figures: Vec<f64>) -> Option<Spread> {
        figures.sort_by(f64::total_cmp);
        let (min, max) = (*figures.first()?, *figures.last()?);
        Some(Spread {
            median: figures[figures.len() / 2],
            min,
            max,
        })
    }

    /// Of a figure that was taken once.
    pub fn once(figure: f64) -> Spread {
        Spread {
            median: figure,
            min: figure,
            max: figure,
        }
    }
}

/// What a piece of work in this process took.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// User and system time of all threads, nanoseconds.
    pub cpu: u64,
    pub allocations: u64,
}

impl Cost {
    pub fn of<T>(work: impl FnOnce() -> T) -> (Cost, T) {
        let (cpu, allocations) = (cpu_time(), allocator::allocations());
        let result = work();
        (
            Cost {
                cpu: cpu_time() - cpu,
                allocations: allocator::allocations() - allocations,
            },
            result,
        )
    }
}

/// CPU time of this process, nanoseconds: what `getrusage` says, in finer steps.
fn cpu_time() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// The most memory that this process ever had resident, KiB. Only Linux says.
pub fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// A tool that counts what a whole process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// valgrind's callgrind: user instructions.
    Callgrind,
    /// valgrind's memcheck: allocations, for clients that do not allocate through Rust.
    Memcheck,
    /// strace: system calls.
    Strace,
    /// None: the job says itself how much memory it took.
    Itself,
}

impl Tool {
    fn program(self) -> Option<&'static str> {
        match self {
            Tool::Callgrind | Tool::Memcheck => Some("valgrind"),
            Tool::Strace => Some("strace"),
            Tool::Itself => None,
        }
    }

    /// Why it cannot be used here, if it cannot.
    pub fn absent(self) -> Option<String> {
        let program = self.program()?;
        let runs = Command::new(program)
            .arg("--version")
            .output()
            .is_ok_and(|output| output.status.success());
        (!runs).then(|| format!("{program} is not installed (Debian: {program})"))
    }

    /// What one more unit of work costs: the job's figure at `twice[1]` units less that at `twice[0]`.
    pub fn difference(self, job: &[String], twice: [usize; 2]) -> Result<f64> {
        let [few, many] = twice;
        let difference = self.count(job, many)? as f64 - self.count(job, few)? as f64;
        Ok(difference / (many - few) as f64)
    }

    /// Runs this program again with a job of so many units and returns the figure that the tool tells.
    pub fn count(self, job: &[String], units: usize) -> Result<u64> {
        let mut arguments: Vec<OsString> = match self {
            Tool::Callgrind => vec![
                "--tool=callgrind".into(),
                "--callgrind-out-file=/dev/null".into(),
            ],
            Tool::Memcheck => vec!["--leak-check=no".into(), "--undef-value-errors=no".into()],
            Tool::Strace => vec!["-f".into(), "-qq".into(), "-e".into(), "signal=none".into()],
            Tool::Itself => Vec::new(),
        };
        let this = env::current_exe()?;
        let mut command = match self.program() {
            Some(program) => {
                arguments.push(this.into());
                Command::new(program)
            }
            None => Command::new(this),
        };
        let output = command
            .args(arguments)
            .arg("job")
            .args(job)
            .arg(units.to_string())
            .output()?;
        let (stdout, stderr) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        let figure = output
            .status
            .success()
            .then(|| self.figure(&stdout, &stderr))
            .flatten();
        figure.ok_or_else(|| {
            let last = stderr.lines().last().unwrap_or("no message");
            format!("{self:?} on {}: {}, {last}", job.join(" "), output.status).into()
        })
    }

    fn figure(self, stdout: &str, stderr: &str) -> Option<u64> {
        match self {
            // ==12== Collected : 1234567
            Tool::Callgrind => number_after(stderr, "Collected :"),
            // ==12==   total heap usage: 1,234 allocs, 1,200 frees, 99,999 bytes allocated
            Tool::Memcheck => number_after(stderr, "total heap usage:"),
            // A call that another thread interrupts has a second line.
            Tool::Strace => Some(
                stderr
                    .lines()
                    .filter(|line| !line.contains("resumed>"))
                    .count() as u64,
            ),
            Tool::Itself => stdout.trim().parse().ok(),
        }
    }
}

/// The number that stands behind `label`, thousands separated by commas or not.
fn number_after(text: &str, label: &str) -> Option<u64> {
    let word = text.split(label).nth(1)?.split_whitespace().next()?;
    word.replace(',', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Spread, Tool};

    #[test]
    fn a_spread_is_the_middle_and_both_ends() {
        let spread = Spread::of(vec![3.0, 1.0, 2.0]);
        assert_eq!(
            spread,
            Some(Spread {
                median: 2.0,
                min: 1.0,
                max: 3.0
            })
        );
        assert_eq!(Spread::of(Vec::new()), None);
    }

    #[test]
    fn tools_are_understood() {
        let callgrind = "==1== Events    : Ir\n==1== Collected : 4242\n";
        assert_eq!(Tool::Callgrind.figure("", callgrind), Some(4242));
        let memcheck = "==1==   total heap usage: 1,234 allocs, 5 frees, 9 bytes allocated\n";
        assert_eq!(Tool::Memcheck.figure("", memcheck), Some(1234));
        let strace = "[pid 7] read(3, <unfinished ...>\n[pid 8] close(4) = 0\n[pid 7] <... read resumed>\"\") = 0\n";
        assert_eq!(Tool::Strace.figure("", strace), Some(2));
    }
}
