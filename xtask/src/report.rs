//! What became of each step, and the table at the end.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

/// What became of one step.
#[derive(Debug)]
pub enum Verdict {
    /// With a remark for the summary, or an empty one.
    Passed(String),
    /// Something could not be had on this machine. Under `CI=true` this fails the run.
    Skipped(String),
    /// The same, where even CI has to live with it: a download that the network refuses.
    Excused(String),
    Failed(String),
}

impl Verdict {
    pub const PASSED: Self = Self::Passed(String::new());

    pub fn failed(error: anyhow::Error) -> Self {
        Self::Failed(format!("{error:#}"))
    }

    pub fn not_run(reason: &str) -> Self {
        Self::Failed(format!("not run: {reason}"))
    }

    /// This one, or the other where it says more against the run.
    pub fn or_worse(self, other: Self) -> Self {
        let weight = |verdict: &Self| match verdict {
            Self::Passed(_) => 0,
            Self::Excused(_) => 1,
            Self::Skipped(_) => 2,
            Self::Failed(_) => 3,
        };
        if weight(&other) > weight(&self) {
            other
        } else {
            self
        }
    }

    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, why) = match self {
            Self::Passed(remark) => ("passed", remark),
            Self::Skipped(reason) | Self::Excused(reason) => ("SKIPPED", reason),
            Self::Failed(reason) => ("FAILED", reason),
        };
        // One line in the table; the whole of it stands above, where the step ran.
        write!(f, "{word:7}  {}", why.lines().next().unwrap_or_default())
    }
}

/// The verdicts so far.
#[derive(Debug)]
pub struct Report {
    rows: Vec<(&'static str, Option<Duration>, Verdict)>,
    skips_fail: bool,
}

impl Report {
    pub fn new(skips_fail: bool) -> Self {
        Self {
            rows: Vec::new(),
            skips_fail,
        }
    }

    /// Notes a verdict, and prints it with its whole reason.
    pub fn add(&mut self, step: &'static str, took: Option<Duration>, verdict: Verdict) {
        let verdict = match verdict {
            Verdict::Skipped(reason) if self.skips_fail => {
                Verdict::Failed(format!("skipped, which fails under CI=true: {reason}"))
            }
            verdict => verdict,
        };
        match &verdict {
            Verdict::Passed(_) => {}
            Verdict::Skipped(reason) | Verdict::Excused(reason) => {
                println!("SKIPPED {step}: {reason}");
            }
            Verdict::Failed(reason) => println!("FAILED {step}: {reason}"),
        }
        if let Some(took) = took {
            println!("    {step}: {}", seconds(took));
        }
        self.rows.push((step, took, verdict));
    }

    /// Prints the table.
    pub fn finish(self) -> ExitCode {
        println!("\n==> summary");
        for (step, took, verdict) in &self.rows {
            println!(
                "{step:18} {:>8}  {verdict}",
                took.map_or_else(String::new, seconds)
            );
        }
        let total = self.rows.iter().filter_map(|(_, took, _)| *took).sum();
        let failed = self
            .rows
            .iter()
            .filter(|(_, _, verdict)| verdict.is_failure())
            .count();
        println!(
            "{:18} {:>8}  {failed} of {} failed",
            "total",
            seconds(total),
            self.rows.len()
        );
        if failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::{Report, Verdict};
    use std::process::ExitCode;

    fn exit_code(skips_fail: bool, verdict: Verdict) -> ExitCode {
        let mut report = Report::new(skips_fail);
        report.add("step", None, verdict);
        report.finish()
    }

    #[test]
    fn a_skip_fails_only_where_nothing_may_be_skipped() {
        let skip = || Verdict::Skipped("no server".into());
        assert_eq!(exit_code(false, skip()), ExitCode::SUCCESS);
        assert_eq!(exit_code(true, skip()), ExitCode::FAILURE);
    }

    #[test]
    fn a_download_that_is_refused_never_fails() {
        let refused = || Verdict::Excused("target could not be downloaded".into());
        assert_eq!(exit_code(true, refused()), ExitCode::SUCCESS);
    }

    #[test]
    fn of_two_verdicts_the_graver_one_stands() {
        let refused = Verdict::Excused(String::new());
        let skipped = Verdict::Skipped(String::new());
        let both = Verdict::PASSED.or_worse(skipped).or_worse(refused);
        assert!(matches!(both, Verdict::Skipped(_)));
    }
}
