//! What runs the suite: an adapter for each transport.

use core::fmt;

use respipe_core::Duration;
use respipe_core::pipeline::{Pipeline, Storage};

use super::outcome::Outcome;
use super::scenario::Request;
use super::stage::Stage;

/// A transport, or the pipeline alone, seen as an application that can be told what to do.
///
/// What a transport has no way to express is [`Unsupported`]: the scenario is then reported as skipped, with this reason.
pub trait Subject {
    /// Opens a connection; the first one too.
    ///
    /// # Errors
    /// The subject cannot do this.
    fn open(&mut self) -> Result<(), Unsupported>;

    /// Submits a command. One that is not taken is an outcome, [`Outcome::Rejected`].
    ///
    /// # Errors
    /// The subject cannot do this.
    fn submit(&mut self, tag: u32, request: &Request) -> Result<(), Unsupported>;

    /// Submits a command whose arguments behind the first `whole` are fed in pieces of at most so many bytes.
    ///
    /// # Errors
    /// The subject cannot do this.
    fn submit_in_pieces(
        &mut self,
        _tag: u32,
        _request: &Request,
        _whole: usize,
        _piece: usize,
    ) -> Result<(), Unsupported> {
        Err(Unsupported("has no commands in pieces"))
    }

    /// Submits a command that may be longer than the buffer for it.
    ///
    /// # Errors
    /// The subject cannot do this.
    fn submit_long(&mut self, _tag: u32, _request: &Request) -> Result<(), Unsupported> {
        Err(Unsupported("has no commands longer than its buffer"))
    }

    /// Lets all leave that is queued.
    ///
    /// # Errors
    /// The subject cannot do this.
    fn flush(&mut self) -> Result<(), Unsupported>;

    /// Gives a command up. What it is told is an outcome.
    ///
    /// # Errors
    /// The subject cannot do this.
    fn abandon(&mut self, _tag: u32) -> Result<(), Unsupported> {
        Err(Unsupported("cannot abandon a command"))
    }

    /// Makes room in the ring. What is told is an outcome.
    ///
    /// # Errors
    /// The subject cannot do this.
    fn make_room(&mut self, _how: Room) -> Result<(), Unsupported> {
        Err(Unsupported("makes no room"))
    }

    /// Works until so many outcomes are there in all, or nothing more will come.
    ///
    /// # Errors
    /// The subject cannot do this.
    fn run(&mut self, wanted: usize) -> Result<(), Unsupported>;

    /// Works for so long.
    ///
    /// # Errors
    /// The subject cannot do this.
    fn wait(&mut self, time: Duration) -> Result<(), Unsupported>;

    /// All that the application has been told so far.
    fn outcomes(&self) -> &[Outcome];
}

/// How room is made in a full ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// The oldest command goes.
    DropOldest,
    /// The command of this tag is struck out.
    Withdraw(u32),
    /// What was struck out gives up its room.
    Compact,
}

impl Room {
    /// Makes it, and says what ended by it.
    pub fn make<S: Storage<Tag = u32>>(self, pipeline: &mut Pipeline<S>) -> Option<Outcome> {
        let ended = match self {
            Self::DropOldest => pipeline.drop_oldest(),
            Self::Withdraw(tag) => pipeline.withdraw_newest(|theirs| *theirs == tag),
            Self::Compact => {
                pipeline.compact();
                None
            }
        };
        ended.map(|(tag, fate)| Outcome::Ended { tag, fate })
    }
}

/// Makes subjects of one transport.
pub trait Harness {
    /// The adapter.
    type Subject: Subject;

    /// The transport's name, for the report.
    fn name(&self) -> &'static str;

    /// Makes a subject that can connect to the stage's server.
    ///
    /// # Errors
    /// The transport cannot be made with these settings.
    fn start(&mut self, stage: Stage) -> Result<Self::Subject, Unsupported>;

    /// In which order its application is told.
    fn order(&self) -> Order {
        Order::AsItHappens
    }

    /// How many variations of the split a scenario is run with at most. Real sockets are slow.
    fn variations(&self) -> usize {
        usize::MAX
    }
}

/// In which order an application is told what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As the pipeline tells it.
    AsItHappens,
    /// What became of commands in the order of submission; pushes apart; the end of a connection only where no other follows, and
    /// whether the server closed or the network broke it is one.
    BySubmission,
}

/// Why a scenario cannot be run over a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsupported(pub &'static str);

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
