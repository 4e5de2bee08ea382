//! The end of a link: what becomes of each command that was on it.

use super::Held;
use super::config::Resend;
use super::engine::{Engine, Link, Memory};
use super::error::PipelineError;
use super::event::{Fate, Why};
use super::slot::Flags;

impl Engine {
    /// Nothing more can be trusted that comes: the link ends now.
    #[cold]
    #[inline(never)]
    pub(crate) fn fail(&mut self, error: PipelineError) {
        if matches!(self.link, Link::Up | Link::LoggingIn | Link::Ending) {
            self.link = Link::Reaping;
            self.error = error;
            self.reaped = 0;
        }
    }

    /// Nothing more will come: what was received is read, then the link ends.
    pub(crate) fn end(&mut self, error: PipelineError) {
        if matches!(self.link, Link::LoggingIn)
            && self.handshake.awaits_hello()
            && self.rx.consumed() == 0
            && self.rx.start == self.rx.end
        {
            self.prefers_resp2 = true;
        }
        self.finish(error);
    }

    /// The link ends once what was received is read.
    pub(crate) fn finish(&mut self, error: PipelineError) {
        if matches!(self.link, Link::Up | Link::LoggingIn) {
            self.link = Link::Ending;
            self.error = error;
        }
    }

    /// The next command that ends with its link; then the link is down.
    pub(crate) fn reap(&mut self, mem: &mut Memory<'_>) -> Option<(usize, Fate)> {
        self.held = Held::Nothing;
        while self.reaped < self.ring.len {
            let nth = self.reaped;
            let index = self.ring.index(nth, mem.slots);
            let sent = nth < self.ring.sent;
            let Some(&mut slot) = self.ring.slot(nth, mem.slots) else {
                break;
            };
            self.reaped = nth.wrapping_add(1);
            if slot.has(Flags::STRUCK) {
                continue;
            }
            let again = match (sent, self.config.resend) {
                (_, Resend::Never) => false,
                (false, _) => true,
                (true, Resend::Replayable) => slot.has(Flags::REPLAYABLE),
                (true, Resend::NotSent) => false,
            };
            if again && !slot.has(Flags::BOUND.and(Flags::GONE).and(Flags::PIECES)) {
                self.ring.mark(nth, mem.slots, Flags::ATTEMPTED.when(sent));
                continue;
            }
            let told = slot.has(Flags::GONE);
            let fate = match () {
                () if sent && slot.has(Flags::SILENT) => Fate::Silent,
                () if sent || slot.has(Flags::ATTEMPTED) => Fate::Unknown(Why::LinkLost),
                () => Fate::NotSent,
            };
            let ended = Flags::STRUCK.and(Flags::GONE);
            self.ring.mark(nth, mem.slots, ended);
            if !told {
                return Some((index, fate));
            }
        }
        self.ring.rewind(mem.slots);
        self.expired = 0;
        self.reported = 0;
        self.forget_received();
        // Commands that wait for the next connection find a clean session there.
        self.session.start();
        self.link = Link::Failed;
        None
    }

    /// A new connection before the old one's end was told: the next command that ends untold. A driver
    /// that polls events until the error never gets here with any.
    #[cold]
    #[inline(never)]
    pub(crate) fn end_untold(&mut self, mem: &mut Memory<'_>) -> Option<usize> {
        self.fail(PipelineError::LinkLost);
        match self.link {
            Link::Reaping => self.reap(mem).map(|(index, _)| index),
            _ => None,
        }
    }
}
