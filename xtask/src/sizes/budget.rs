//! The budgets, and whether they hold.

use super::Rung;
use anyhow::{Context as _, Result, bail};

/// What `budgets.txt` says.
#[derive(Debug)]
pub struct Budgets(Vec<Budget>);

/// A line of it.
#[derive(Debug)]
struct Budget {
    target: String,
    rung: String,
    what: What,
    /// What is to be reached.
    goal: Option<u64>,
    /// What may not be exceeded: today's figure, rounded up.
    limit: u64,
}

/// What a budget is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Flash,
    Ram,
    Stack,
}

/// A budget and what was found.
#[derive(Debug)]
pub struct Finding {
    pub target: String,
    pub rung: String,
    pub what: What,
    pub goal: Option<u64>,
    pub limit: u64,
    pub bytes: u64,
}

impl Budgets {
    pub fn read(text: &str) -> Result<Self> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let lines = lines.filter(|line| !line.trim().is_empty());
        lines
            .map(|line| Budget::read(line).with_context(|| format!("budgets.txt: {line}")))
            .collect::<Result<_>>()
            .map(Self)
    }

    /// Holds the budgets against the programs that were built.
    pub fn compare(&self, ladder: &[Rung]) -> Result<Vec<Finding>> {
        let built = |budget: &&Budget| ladder.iter().any(|rung| rung.target == budget.target);
        self.0
            .iter()
            .filter(built)
            .map(|budget| {
                let rung = ladder
                    .iter()
                    .find(|rung| rung.target == budget.target && rung.name == budget.rung);
                let ours = rung.and_then(|rung| rung.ours.as_ref());
                let ours = ours.with_context(|| format!("no rung is named `{}`", budget.rung))?;
                Ok(Finding {
                    target: budget.target.clone(),
                    rung: budget.rung.clone(),
                    what: budget.what,
                    goal: budget.goal,
                    limit: budget.limit,
                    bytes: match budget.what {
                        What::Flash => ours.flash,
                        What::Ram => ours.ram,
                        What::Stack => ours.stack.context("no stack is known for this target")?,
                    },
                })
            })
            .collect()
    }
}

impl Budget {
    fn read(line: &str) -> Result<Self> {
        let words: Vec<_> = line.split_whitespace().collect();
        let [target, rung, what, goal, limit] = words[..] else {
            bail!("a line has five words: target, rung, what, goal, limit");
        };
        Ok(Self {
            target: target.into(),
            rung: rung.into(),
            what: match what {
                "flash" => What::Flash,
                "ram" => What::Ram,
                "stack" => What::Stack,
                _ => bail!("`{what}` is neither flash nor ram nor stack"),
            },
            goal: match goal {
                "-" => None,
                goal => Some(goal.parse()?),
            },
            limit: limit.parse()?,
        })
    }
}

impl Finding {
    /// More than the file allows.
    pub fn is_exceeded(&self) -> bool {
        self.bytes > self.limit
    }

    /// In a word or two.
    pub fn verdict(&self) -> &'static str {
        match self.goal {
            _ if self.is_exceeded() => "EXCEEDED",
            Some(goal) if self.bytes > goal => "NOT REACHED",
            Some(_) => "reached",
            None => "holds",
        }
    }
}

impl What {
    pub fn name(self) -> &'static str {
        match self {
            Self::Flash => "flash",
            Self::Ram => "ram",
            Self::Stack => "stack",
        }
    }
}
