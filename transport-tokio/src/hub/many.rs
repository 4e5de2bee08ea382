//! Many commands of one caller: batches and streams.

use respipe_core::Command;
use respipe_core::pipeline::{Rejected, Storage as _, SubmitError};
use respipe_host::{Batch, Error};

use super::Hub;
use crate::calls::{Call, Run, Tag};

impl Hub {
    /// Begins a run; its key.
    pub(crate) fn begin_run(&mut self, run: Run) -> u32 {
        self.calls.insert(Call::Run(Box::new(run)))
    }

    /// Queues a command of a run, in line if there is no room or if the run holds the line.
    pub(crate) fn begin_of_run<C: Command>(&mut self, command: &C, tag: Tag) -> Result<(), Error> {
        self.stamp();
        let mut reason = Rejected::LineHeld;
        if self.is_free() {
            match self.pipeline.submit(command, tag, self.now) {
                Ok(ticket) => {
                    self.counts.sent += 1;
                    if let Some(Call::Run(run)) = self.calls.find(tag.key) {
                        run.left += 1;
                        run.tickets.push_back((tag.index, ticket));
                    }
                    return Ok(());
                }
                Err(SubmitError { reason: why, .. }) => reason = why,
            }
        }
        self.line_up(command, tag, reason, true)?;
        if let Some(Call::Run(run)) = self.calls.find(tag.key) {
            run.left += 1;
            run.queued += 1;
        }
        Ok(())
    }

    /// Queues as many commands of a batch as there is room for, in the window or else in line;
    /// returns the index of the first that was not taken. Where the line has no room for the rest,
    /// the run will hold it: its caller is woken to go on.
    pub(crate) fn begin_batch(
        &mut self,
        key: u32,
        batch: &Batch,
        from: usize,
    ) -> (usize, Option<Error>) {
        let mut next = from;
        while let Some(command) = batch.commands().get(next) {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "so many do not fit the memory"
            )]
            let tag = Tag {
                key,
                index: next as u32,
            };
            match self.begin_of_run(&command, tag) {
                Ok(()) => {}
                Err(Error::Rejected(reason)) => {
                    if let Some(Call::Run(run)) = self.calls.find(key) {
                        run.refuse(tag.index, reason);
                    }
                }
                // Its own commands fill the line.
                Err(Error::LineFull { .. }) if next > 0 => {
                    if self.holder != Some(key) {
                        self.line.hold();
                    }
                    return (next, None);
                }
                Err(error) => {
                    if self.holder == Some(key) {
                        self.release();
                    }
                    return (batch.len(), Some(error));
                }
            }
            next += 1;
        }
        if self.holder == Some(key) {
            self.release();
        }
        (next, None)
    }

    /// Gives the line up once `ahead` is empty; until then it is held in nobody's name, because the
    /// key of a run that has gone is used again.
    const fn release(&mut self) {
        self.holder = Some(Tag::PUMP.key);
        self.releases = true;
    }

    /// The time of a command is up behind which the rest of its run was to follow: that would wait
    /// longer still.
    pub(super) fn end_rest(&mut self, key: u32) {
        if self.holder == Some(key) {
            self.release();
        }
        if let Some(Call::Run(run)) = self.calls.find(key) {
            run.late = true;
        }
    }

    /// Whether this run may go on: it holds the line now, or there is no line any more.
    pub(crate) fn is_holder(&self, key: u32) -> bool {
        self.holder == Some(key) || self.over.is_some()
    }

    /// How many commands the window holds.
    pub(crate) fn window(&self) -> usize {
        self.pipeline.storage().sizes().depth
    }

    /// What ended the connection.
    pub(crate) fn cause(&self) -> Option<Error> {
        self.over.as_ref().or(self.cause.as_ref()).cloned()
    }

    /// Whether a batch fits the window: one that does not holds the line.
    pub(crate) fn fits(&self, batch: &Batch) -> bool {
        let sizes = self.pipeline.storage().sizes();
        batch.len() <= sizes.depth && batch.commands().as_bytes().len() <= sizes.tx
    }

    /// The caller of a run gives it up: what has not begun to leave is withdrawn.
    pub(crate) fn give_up_run(&mut self, key: u32) {
        let Some(Call::Run(run)) = self.calls.find(key) else {
            return;
        };
        run.orphan = true;
        run.waker = None;
        let tickets = core::mem::take(&mut run.tickets);
        let mut withdrawn = 0;
        for (_, ticket) in tickets {
            withdrawn += usize::from(self.pipeline.abandon(ticket).is_some());
        }
        // Of the first a part may have left, in that line which is drained.
        let held = self.holder.is_some();
        withdrawn += self.ahead.withdraw_all(key, self.feeding && held);
        withdrawn += self.line.withdraw_all(key, self.feeding && !held);
        if self.holder == Some(key) {
            self.release();
        }
        self.counts.abandoned += withdrawn as u64;
        if let Some(Call::Run(run)) = self.calls.find(key) {
            run.left = run.left.saturating_sub(withdrawn);
            if run.left == 0 {
                self.calls.remove(key);
            }
        }
    }
}
