//! A command that holds the line: longer than its buffer, or fed in pieces.

use std::collections::VecDeque;

use respipe_core::encode::RawCommand;
use respipe_core::pipeline::{Heap, Rejected, SubmitError, Ticket};
use respipe_core::{Instant, Pipeline, cmd};

use super::super::scenario::Request;
use super::ledger::Broken;

/// What of it is still to be handed over.
#[derive(Clone, Debug)]
pub(super) enum Held {
    /// The whole command, which the pipeline encodes again for each part.
    Long(Vec<u8>),
    Pieces {
        /// Arguments that have not been announced.
        arguments: VecDeque<Vec<u8>>,
        /// What is left of the one that has.
        rest: Vec<u8>,
    },
}

type Submitted = Result<Ticket, SubmitError<u32>>;

impl Held {
    pub(super) fn long(
        pipeline: &mut Pipeline<Heap<u32>>,
        wire: Vec<u8>,
        tag: u32,
        now: Instant,
    ) -> Result<(Self, Submitted), Broken> {
        let (command, _) = RawCommand::split(&wire).map_err(|error| error.to_string())?;
        let done = pipeline.submit_long(&command, tag, now);
        Ok((Self::Long(wire), done))
    }

    /// The name goes first, all its arguments in pieces.
    pub(super) fn pieces(
        pipeline: &mut Pipeline<Heap<u32>>,
        request: &Request,
        tag: u32,
        now: Instant,
    ) -> (Self, Submitted) {
        let name = String::from_utf8_lossy(&request.words[0]);
        let arguments = VecDeque::from(request.words[1..].to_vec());
        let done = pipeline.begin(&cmd(&name), arguments.len(), tag, now);
        let rest = Vec::new();
        (Self::Pieces { arguments, rest }, done)
    }

    /// Hands over what there is room for, at most so many bytes of an argument.
    pub(super) fn go_on(
        &mut self,
        pipeline: &mut Pipeline<Heap<u32>>,
        most: usize,
    ) -> Result<(), Broken> {
        match self {
            Self::Long(wire) => {
                let (command, _) = RawCommand::split(wire).map_err(|error| error.to_string())?;
                pipeline.continue_long(&command);
            }
            Self::Pieces { arguments, rest } => {
                if rest.is_empty() {
                    let Some(next) = arguments.front() else {
                        return Err("a command in pieces holds the line when it is whole".into());
                    };
                    match pipeline.begin_argument(next.len() as u64) {
                        Ok(()) => *rest = arguments.pop_front().unwrap_or_default(),
                        Err(Rejected::NoRoom { .. }) => return Ok(()),
                        Err(other) => return Err(format!("an argument is due: {other}")),
                    }
                }
                let n = pipeline.feed(&rest[..rest.len().min(most)]);
                rest.drain(..n);
            }
        }
        Ok(())
    }
}
