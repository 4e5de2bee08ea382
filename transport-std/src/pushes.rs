//! Pushes: what the server says to nobody in particular.

use std::time;

use respipe_core::pipeline::Event;
use respipe_host::{Error, Push, Pushes};

use crate::connection::Connection;
use crate::relink::Ended;

impl Connection {
    /// The oldest push that was kept; waits until `deadline` for one, for ever without. `None` when
    /// there is none in time. An attempt to connect again that is due may take its
    /// `connect_timeout` on top.
    ///
    /// # Errors
    /// [`Misuse::RepliesPending`](crate::Misuse::RepliesPending) when it would have to wait although sent commands are left to be
    /// received; what ended the connection, once no push is left. Once also where another was made
    /// meanwhile and the session of the last one had been changed (SUBSCRIBE, CLIENT TRACKING,
    /// SELECT …), which ended with it: subscribe again.
    pub fn next_push(&mut self, deadline: Option<time::Instant>) -> Result<Option<Push>, Error> {
        if let Some(push) = self.pushes.take() {
            return Ok(Some(push));
        }
        let until = deadline.map(|deadline| self.pump.instant(deadline));
        if self.begin_by(until)?.is_none() {
            return Ok(None);
        }
        let mut looked = false;
        loop {
            if let Some(cut) = self.cut.take() {
                return Err(cut);
            }
            match self.pump.pipeline.poll_event() {
                Ok(Some(Event::Push(push))) => {
                    self.pushes.add(push);
                    return Ok(self.pushes.take());
                }
                Ok(Some(_)) => {}
                Ok(None) => {
                    // Who asks again and again with no time to wait is to see what comes too.
                    if looked && self.pump.is_past(until) {
                        return Ok(None);
                    }
                    looked = true;
                    self.pump.turn(until);
                }
                Err(error) => match self.ended(error, until) {
                    Ended::GoOn if self.pump.is_past(until) => return Ok(None),
                    Ended::GoOn => {}
                    Ended::Over(cause) => return Err(cause),
                },
            }
        }
    }

    /// The oldest push that was kept, without a look at the network.
    pub fn take_push(&mut self) -> Option<Push> {
        self.pushes.take()
    }

    /// How many pushes were lost: the queue was full, or one was larger than the receive buffer.
    #[must_use]
    pub const fn pushes_lost(&self) -> u64 {
        self.pushes.lost() + self.pump.pipeline.pushes_dropped() - self.dropped_before
    }

    /// Begins anew: what was pushed so far was another user's.
    pub(crate) fn forget_pushes(&mut self) {
        self.pushes = Pushes::new(self.options.pushes);
        self.cut = None;
        self.dropped_before = self.pump.pipeline.pushes_dropped();
    }
}
