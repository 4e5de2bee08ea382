//! A build without the feature `pieces`: every reply is read whole or skipped, and every command is queued
//! whole.

use super::engine::{Engine, Memory};
use super::error::SubmitError;
use super::receive::{Look, Reading};
use super::storage::Storage;
use super::{Pipeline, Ticket};
use crate::Instant;
use crate::encode::Command;

/// The reading of a reply in pieces, which there is none of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pieces {}

/// What is missing of the command that holds the line: no command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    Nothing,
}

impl Held {
    pub(crate) const fn is_nothing(&self) -> bool {
        true
    }
}

/// From the application: commands that would not be whole when they are queued.
impl<S: Storage> Pipeline<S> {
    /// As [`submit`](Self::submit): a command longer than `tx` needs the feature `pieces`.
    ///
    /// # Errors
    /// As [`submit`](Self::submit).
    pub fn submit_long<C: Command>(
        &mut self,
        command: &C,
        tag: S::Tag,
        now: Instant,
    ) -> Result<Ticket, SubmitError<S::Tag>> {
        self.submit(command, tag, now)
    }

    /// Whether the command is queued whole: always.
    pub fn continue_long<C: Command>(&mut self, _command: &C) -> bool {
        true
    }
}

impl Engine {
    pub(crate) const fn begin_pieces(&self, _mem: &mut Memory<'_>) -> bool {
        false
    }

    pub(crate) const fn read_pieces(&self, _mem: &mut Memory<'_>) -> Look {
        match self.reading {
            Reading::Frames => Look::Moved,
            Reading::Pieces(pieces) | Reading::Push(pieces) => match pieces {},
        }
    }

    pub(crate) const fn inner_push(&self, mem: &mut Memory<'_>) -> Look {
        self.read_pieces(mem)
    }
}
