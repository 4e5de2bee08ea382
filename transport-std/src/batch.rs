//! Running batches.

use respipe_host::{Batch, BatchOutcomes};

use crate::connection::Connection;
use crate::sliding::Flights;

/// How many commands of a batch are in flight: their indices are their numbers.
struct InFlight(usize);

impl Flights<usize> for InFlight {
    fn number(&self, index: &usize) -> u32 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "so many do not fit the memory"
        )]
        let number = *index as u32;
        number
    }

    fn add(&mut self, _: usize) {
        self.0 += 1;
    }

    fn take(&mut self, number: u32) -> Option<usize> {
        self.0 -= 1;
        Some(number as usize)
    }

    fn is_empty(&self) -> bool {
        self.0 == 0
    }
}

impl Connection {
    /// Runs all commands of a batch, pipelined, however many there are, and says what became of
    /// each. The batch and the outcomes outlive the connection.
    pub fn run(&mut self, batch: &Batch) -> BatchOutcomes {
        let mut outcomes = BatchOutcomes::new();
        self.run_into(batch, &mut outcomes);
        outcomes
    }

    /// As [`run`](Self::run), into outcomes whose memory is used again.
    pub fn run_into(&mut self, batch: &Batch, outcomes: &mut BatchOutcomes) {
        outcomes.begin(batch.len());
        let commands = batch.commands().iter().enumerate();
        let done = self.drive(commands, InFlight(0), &mut |index, outcome| {
            outcomes.set(index, outcome);
        });
        if let Err(error) = done {
            outcomes.end(error);
        }
    }
}
