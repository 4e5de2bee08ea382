//! A batch: commands that stay the caller's, and an outcome for each of them by index.

use respipe_core::encode::CommandList;
use respipe_core::pipeline::{Rejected, Why};
use respipe_core::{Command, Frame, Kind, Reply};

use crate::error::Error;
use crate::outcome::Outcome;

/// A list of commands, encoded once, to be run as often as one likes, on any connection.
///
/// ```
/// use respipe_core::cmd;
/// use respipe_host::Batch;
/// let mut batch = Batch::new();
/// batch.push(&cmd("SET").arg("a").arg(1))?;
/// let incr = batch.push(&cmd("INCR").arg("a"))?;
/// assert_eq!((incr, batch.len()), (1, 2));
/// # Ok::<(), respipe_host::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Batch {
    commands: CommandList,
}

impl Batch {
    /// An empty batch, which has taken no memory yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            commands: CommandList::new(),
        }
    }

    /// Appends a command; returns its index.
    ///
    /// # Errors
    /// [`Error::Rejected`] where an argument is not as long as it announced; the batch is as it
    /// was.
    pub fn push<C: Command>(&mut self, command: &C) -> Result<usize, Error> {
        self.commands.push(command).map_err(Error::Rejected)
    }

    /// Removes all commands and keeps the memory.
    pub fn clear(&mut self) {
        self.commands.clear();
    }

    /// How many commands there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.commands.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// The encoded commands.
    #[must_use]
    pub const fn commands(&self) -> &CommandList {
        &self.commands
    }
}

/// What became of each command of a batch, by index. All replies lie in one piece of memory.
#[derive(Clone, Debug, Default)]
#[must_use = "some of the commands may have failed"]
pub struct BatchOutcomes {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    error: Option<Error>,
}

/// An outcome whose bytes lie in `bytes` from `at` on.
#[derive(Clone, Copy, Debug)]
enum Entry {
    Replied {
        at: usize,
        frame: Frame,
    },
    TooLarge {
        at: usize,
        len: usize,
        kind: Kind,
        bytes: u64,
    },
    NotSent,
    Unknown(Why),
    Refused(Option<Rejected>),
    Silent,
}

impl BatchOutcomes {
    /// Outcomes of no commands, to be filled by a connection.
    pub const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            entries: Vec::new(),
            error: None,
        }
    }

    /// Forgets all and expects so many commands, none of which has been sent. For transports.
    pub fn begin(&mut self, commands: usize) {
        self.bytes.clear();
        self.entries.clear();
        self.entries.resize(commands, Entry::NotSent);
        self.error = None;
    }

    fn keep(&mut self, bytes: &[u8]) -> usize {
        let at = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        at
    }

    /// Keeps a copy of what became of one more command, behind those that there are. For
    /// transports.
    pub fn push(&mut self, outcome: Outcome<'_>) {
        let index = self.entries.len();
        self.entries.push(Entry::NotSent);
        self.set(index, outcome);
    }

    /// Keeps a copy of what became of the command at this index. For transports.
    #[inline]
    pub fn set(&mut self, index: usize, outcome: Outcome<'_>) {
        let entry = match outcome {
            Outcome::Replied(reply) => Entry::Replied {
                at: self.keep(reply.as_raw()),
                frame: reply.frame(),
            },
            Outcome::TooLarge { kind, bytes, head } => Entry::TooLarge {
                at: self.keep(head),
                len: head.len(),
                kind,
                bytes,
            },
            Outcome::NotSent => Entry::NotSent,
            Outcome::Unknown(why) => Entry::Unknown(why),
            Outcome::Refused(reason) => Entry::Refused(reason),
            Outcome::Silent => Entry::Silent,
        };
        if let Some(place) = self.entries.get_mut(index) {
            *place = entry;
        }
    }

    /// Keeps what ended the connection. For transports.
    pub fn end(&mut self, error: Error) {
        self.error = Some(error);
    }

    /// What became of the command at this index.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Outcome<'_>> {
        self.entries.get(index).map(|entry| self.outcome(*entry))
    }

    /// The reply to the command at this index, if there is one; maybe an error.
    #[must_use]
    pub fn reply(&self, index: usize) -> Option<Reply<'_>> {
        self.get(index)?.reply()
    }

    /// What became of each command, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Outcome<'_>> {
        self.entries.iter().map(|entry| self.outcome(*entry))
    }

    /// How many commands there were.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there were none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether every command was answered, and none with an error.
    #[must_use]
    pub fn all_ok(&self) -> bool {
        self.iter().all(|outcome| outcome.is_ok())
    }

    /// What ended the connection before every command was answered, or kept it from being made.
    #[must_use]
    pub const fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    fn outcome(&self, entry: Entry) -> Outcome<'_> {
        let from = |at: usize| self.bytes.get(at..).unwrap_or_default();
        match entry {
            Entry::Replied { at, frame } => Outcome::Replied(Reply::new(from(at), frame)),
            Entry::TooLarge {
                at,
                len,
                kind,
                bytes,
            } => Outcome::TooLarge {
                kind,
                bytes,
                head: from(at).get(..len).unwrap_or_default(),
            },
            Entry::NotSent => Outcome::NotSent,
            Entry::Unknown(why) => Outcome::Unknown(why),
            Entry::Refused(reason) => Outcome::Refused(reason),
            Entry::Silent => Outcome::Silent,
        }
    }
}
