//! What the pump does under the lock: bytes in, replies out, time, bytes out.

use core::task::{Context, Poll};
use std::sync::Arc;

use respipe_core::pipeline::{PipelineError, State};
use respipe_core::{Duration, Instant, cmd};
use respipe_host::{Attempts, Deadline, Error};
use tokio::time;

use super::road::Road;
use super::{End, Pump};
use crate::calls::Tag;
use crate::hub::Hub;
use crate::state::Connection;
use crate::trace::event;

/// What to do after an exchange with the pipeline.
pub(super) enum Step {
    /// Write what was taken; then maybe take more.
    Write { more: bool },
    /// Let the callers have their turn first.
    Yield,
    /// Look again: something else has happened.
    Again,
}

impl Pump {
    /// Hands in what was received, hands out what came of it, and takes bytes to send. The error
    /// is what ended the connection.
    pub(super) fn exchange(&mut self, cx: &mut Context<'_>) -> Result<Step, Error> {
        let shared = Arc::clone(&self.shared);
        let mut hub = shared.lock();
        let hub = &mut *hub;
        self.now = hub.tick();
        let exchanged = self.exchange_with(hub, cx);
        if let Err(cause) = &exchanged {
            // Under the lock that the fates were told under: nobody looks for it too early.
            hub.cause = Some(cause.clone());
        }
        core::mem::swap(&mut self.woken, &mut hub.calls.wake);
        let (step, due) = exchanged?;
        match due {
            Some(due) if self.arm(due, cx) => Ok(Step::Again),
            _ => Ok(step),
        }
    }

    fn exchange_with(
        &mut self,
        hub: &mut Hub,
        cx: &mut Context<'_>,
    ) -> Result<(Step, Option<time::Instant>), Error> {
        if hub
            .bell
            .as_ref()
            .is_none_or(|bell| !bell.will_wake(cx.waker()))
        {
            hub.bell = Some(cx.waker().clone());
        }
        let gone = self.outbox.written - self.outbox.booked;
        if gone > 0 {
            hub.pipeline.transmitted(gone, self.now);
            self.outbox.booked = self.outbox.written;
        }
        if hub.closing && !matches!(self.road, Road::Open(_)) {
            return Err(Error::Closed);
        }
        self.hand_in(hub)?;
        self.note_state(hub)?;
        let due = self.pass_time(hub)?;
        hub.drain_line();
        let step = self.take_bytes(hub, cx);
        Ok((step, due.map(|due| hub.moment(due))))
    }

    /// Bytes in, replies out.
    fn hand_in(&mut self, hub: &mut Hub) -> Result<(), Error> {
        loop {
            let bytes = &self.inbox.bytes[self.inbox.taken..self.inbox.received];
            let n = match bytes.is_empty() {
                true => 0,
                false => hub.pipeline.handle_input(bytes, self.now),
            };
            if n > 0 {
                self.inbox.taken += n;
                self.vigil.heard();
                self.heard = self.now;
                self.asked = false;
            }
            self.deliver(hub)?;
            if n == 0 || self.inbox.is_taken() {
                break;
            }
        }
        if self.inbox.is_taken() {
            match self.inbox.end.take() {
                None => return Ok(()),
                Some(End::Eof) => {
                    self.inbox.over = true;
                    hub.pipeline.handle_eof();
                }
                Some(End::Broken(error)) => {
                    self.inbox.over = true;
                    self.vigil.break_with(Error::lost(error));
                    hub.pipeline.handle_link_lost();
                }
            }
            return self.deliver(hub);
        }
        Ok(())
    }

    fn deliver(&mut self, hub: &mut Hub) -> Result<(), Error> {
        match hub.deliver() {
            Ok(()) => Ok(()),
            // Told already: between two connections.
            Err(_) if !matches!(self.road, Road::Open(_)) => Ok(()),
            Err(error) => Err(self.cause(hub, error)),
        }
    }

    fn cause(&self, hub: &mut Hub, error: PipelineError) -> Error {
        match self.half_closed && matches!(error, PipelineError::Eof | PipelineError::LinkLost) {
            true => Error::Closed,
            false => self.vigil.cause(&mut hub.pipeline, error),
        }
    }

    /// Gives the link up, for this reason.
    fn fail(&mut self, hub: &mut Hub, error: Error) -> Result<(), Error> {
        self.vigil.break_with(error);
        hub.pipeline.handle_link_lost();
        self.deliver(hub)
    }

    /// Tells whoever watches that the connection is up, and what it begins with.
    fn note_state(&mut self, hub: &mut Hub) -> Result<(), Error> {
        let state = hub.pipeline.state();
        self.vigil.look(state);
        let epoch = hub.pipeline.epoch();
        if state == State::Up && self.announced != epoch {
            if hub.greeting.needs_resp3() && !hub.pipeline.is_resp3() {
                return self.fail(hub, Error::NeedsResp3);
            }
            if self.announced > 0 {
                hub.counts.reconnects += 1;
            }
            self.announced = epoch;
            self.attempts = Attempts::default();
            self.heard = self.now;
            self.asked = false;
            hub.greeting.begin(epoch);
            event!(info, epoch, "connected");
            hub.hand_over();
            self.shared.state.send_replace(Connection::Up { epoch });
        }
        hub.greet();
        Ok(())
    }

    /// What time has brought; when it brings something next.
    fn pass_time(&mut self, hub: &mut Hub) -> Result<Option<Instant>, Error> {
        let patience = self.options.close_timeout;
        if hub.closing && !patience.is_zero() {
            self.close_until
                .get_or_insert(self.now.after(patience.into()));
        }
        for _ in 0..2 {
            let ping = self.ping_due(hub);
            let due = [
                hub.due(),
                self.vigil.due(),
                ping,
                self.close_until,
                self.road.until(),
            ];
            let due = due.into_iter().flatten().min();
            if due.is_none_or(|due| due > self.now) {
                return Ok(due);
            }
            hub.pipeline.handle_timeout(self.now);
            hub.expire_line();
            self.deliver(hub)?;
            if let Some(error) = self.vigil.overdue(self.now) {
                self.fail(hub, error)?;
            }
            if self.close_until.is_some_and(|until| until <= self.now) {
                self.close_until = None;
                self.fail(hub, Error::TimedOut(Deadline::Close))?;
            }
            if ping.is_some_and(|ping| ping <= self.now) {
                self.ping(hub)?;
            }
        }
        Ok(Some(self.now.after(Duration::from_millis(1))))
    }

    /// When the server is to be asked whether it is still there, or has not answered for too long.
    fn ping_due(&self, hub: &Hub) -> Option<Instant> {
        let interval = Duration::from(self.options.ping?);
        if hub.pipeline.state() != State::Up || interval.is_zero() {
            return None;
        }
        let first = self.heard.after(interval);
        let idle = hub.pipeline.in_flight() == 0;
        match () {
            // What blocks, and a transaction, are not to be disturbed on a connection of one's own.
            () if self.asked || (!idle && self.many) => Some(first.after(interval)),
            () if idle && hub.may_ping(self.many) => Some(first),
            () => None,
        }
    }

    fn ping(&mut self, hub: &mut Hub) -> Result<(), Error> {
        let idle = hub.pipeline.in_flight() == 0;
        if self.asked || !idle {
            return self.fail(hub, Error::TimedOut(Deadline::Silence));
        }
        // Without room it is asked again the next time.
        let _ticket = hub.pipeline.submit(&cmd("PING"), Tag::PUMP, self.now);
        self.asked = true;
        Ok(())
    }

    /// Takes the next bytes to send.
    fn take_bytes(&mut self, hub: &mut Hub, cx: &Context<'_>) -> Step {
        if hub.closing && !self.drained && self.close(hub) {
            return Step::Again;
        }
        if !self.outbox.is_written() {
            // Room to write will wake the pump, and takes along what has come until then.
            return Step::Write { more: true };
        }
        self.outbox.bytes.clear();
        self.outbox.written = 0;
        self.outbox.booked = 0;
        let mut more = false;
        if let Some(bytes) = hub.pipeline.poll_transmit() {
            // A caller who is alone has nobody to wait for.
            if self.yields && !self.yielded && hub.calls.len() > 1 {
                self.yielded = true;
                hub.pipeline.transmitted(0, self.now);
                return Step::Yield;
            }
            self.outbox.bytes.extend_from_slice(bytes);
            // What leaves makes room for those in line, for the rest of a login, and for the other
            // half of a ring that wraps.
            more = hub.waiting() > 0
                || hub.pipeline.state() == State::LoggingIn
                || hub.tx_used() > self.outbox.bytes.len();
        }
        self.yielded = false;
        hub.pump = Some(cx.waker().clone());
        Step::Write { more }
    }

    /// Lets what is queued leave and be answered, and takes nothing more; whether all is done.
    fn close(&mut self, hub: &mut Hub) -> bool {
        hub.pipeline.flush();
        if hub.waiting() == 0 {
            hub.pipeline.close();
            self.drained = hub.pipeline.in_flight() == 0 && self.outbox.is_written();
        }
        self.drained
    }

    /// Sets the timer; whether that time has come already.
    fn arm(&mut self, due: time::Instant, cx: &mut Context<'_>) -> bool {
        if self.armed.is_some_and(|armed| armed <= due) && !self.timer.is_elapsed() {
            return false;
        }
        self.timer.as_mut().reset(due);
        self.armed = Some(due);
        match self.timer.as_mut().poll(cx) {
            Poll::Ready(()) => {
                self.armed = None;
                true
            }
            Poll::Pending => false,
        }
    }
}
