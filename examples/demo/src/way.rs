//! The ways to send samples that are compared.

use core::fmt;

/// Samples in one MSET, script or transaction.
pub(crate) const UNIT: usize = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// A connection for each SET.
    NewConnection,
    /// SET, waiting for each answer.
    OneAtATime,
    /// SETs through a pipeline with at most so many unanswered.
    Pipeline(usize),
    Mset,
    Script,
    Transaction,
}

impl Way {
    pub(crate) const ALL: [Self; 9] = [
        Self::NewConnection,
        Self::OneAtATime,
        Self::Pipeline(10),
        Self::Pipeline(100),
        Self::Pipeline(1_000),
        Self::Pipeline(10_000),
        Self::Mset,
        Self::Script,
        Self::Transaction,
    ];

    /// The most samples that are on their way at one time, where that says what a round trip allows.
    pub(crate) fn window(self) -> Option<usize> {
        match self {
            Self::NewConnection => None,
            Self::OneAtATime => Some(1),
            Self::Pipeline(depth) => Some(depth),
            Self::Mset | Self::Script | Self::Transaction => Some(UNIT),
        }
    }

    /// The most commands that are on their way at one time.
    pub(crate) fn commands(self) -> usize {
        match self {
            Self::Pipeline(depth) => depth,
            // MULTI and EXEC stand around the samples.
            Self::Transaction => UNIT + 2,
            _ => 1,
        }
    }

    /// The depth by which it stands in the plot.
    pub(crate) fn depth(self) -> Option<usize> {
        match self {
            Self::OneAtATime => Some(1),
            Self::Pipeline(depth) => Some(depth),
            _ => None,
        }
    }

    /// A name for machines.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::NewConnection => "new_connection",
            Self::OneAtATime => "one_at_a_time",
            Self::Pipeline(_) => "pipeline",
            Self::Mset => "mset",
            Self::Script => "script",
            Self::Transaction => "transaction",
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = crate::table::grouped(UNIT as f64);
        match self {
            Self::NewConnection => f.pad("new connection each"),
            Self::OneAtATime => f.pad("one at a time"),
            Self::Pipeline(depth) => f.pad(&format!(
                "pipeline, depth {}",
                crate::table::grouped(*depth as f64)
            )),
            Self::Mset => f.pad(&format!("MSET of {unit}")),
            Self::Script => f.pad(&format!("Lua script of {unit}")),
            Self::Transaction => f.pad(&format!("MULTI/EXEC of {unit}")),
        }
    }
}
