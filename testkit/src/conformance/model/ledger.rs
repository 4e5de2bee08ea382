//! What is known of every command, and what must therefore not be told of it.

use std::collections::VecDeque;

use respipe_core::Fate;
use respipe_core::pipeline::{Resend, Why};

use super::super::outcome::shown;
use super::super::scenario::Request;
use super::server::{Answer, Session};
use crate::scripted::{Limits, parse_request};

/// Something that breaks a promise.
pub(super) type Broken = String;

/// A command that was taken. Its tag is its place in the order of submission.
#[derive(Clone, Debug)]
struct Known {
    request: Request,
    wire: Vec<u8>,
    /// Left whole, so many times, and last on this connection.
    left: u32,
    left_on: u32,
    silent: bool,
    ended: Option<Fate>,
}

/// What the server owes on this connection for a command, in the order in which they left.
#[derive(Clone, Debug)]
struct Owed {
    tag: Option<u32>,
    answer: Answer,
    /// Where its reply ends in the bytes to the client, once it was sent.
    ends_at: u64,
}

/// The books of one run.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    known: Vec<Option<Known>>,
    epoch: u32,
    session: Session,
    /// Bytes that left and make no whole command yet.
    leaving: Vec<u8>,
    /// Where in the order of submission this connection is.
    next: u32,
    /// Commands that left and were not answered.
    unserved: VecDeque<Owed>,
    /// Answers that were sent and not told.
    served: VecDeque<Owed>,
    pushes: VecDeque<Vec<u8>>,
    /// Bytes to the client: sent, delivered.
    pub(super) outbox: VecDeque<u8>,
    sent: u64,
    delivered: u64,
    /// The last command that ended with its link.
    last_fate: Option<u32>,
}

impl Ledger {
    /// The next command to be submitted has this tag.
    pub(super) fn next_tag(&self) -> u32 {
        self.known.len() as u32
    }

    /// It was taken, or not.
    pub(super) fn submitted(&mut self, request: Option<Request>) {
        self.known.push(request.map(|request| Known {
            wire: request.wire(),
            request,
            left: 0,
            left_on: 0,
            silent: false,
            ended: None,
        }));
    }

    pub(super) fn opened(&mut self) {
        self.epoch += 1;
        self.session = Session::default();
        self.leaving.clear();
        self.next = 0;
        self.unserved.clear();
        self.served.clear();
        self.pushes.clear();
        self.outbox.clear();
        (self.sent, self.delivered) = (0, 0);
        self.last_fate = None;
    }

    /// Bytes left the client (promises 2 and 8).
    pub(super) fn left(&mut self, bytes: &[u8], resend: Resend) -> Result<(), Broken> {
        self.leaving.extend(bytes);
        loop {
            let request = parse_request(&self.leaving, Limits::AUTHENTICATED).map_err(|error| {
                format!("promise 2: no request ({error}): {}", shown(&self.leaving))
            })?;
            let Some(request) = request else {
                return Ok(());
            };
            let wire: Vec<u8> = self.leaving.drain(..request.bytes).collect();
            if self.unserved.back().is_some_and(|owed| owed.answer.blocks) {
                return Err(format!("left behind a blocking command: {}", shown(&wire)));
            }
            let tag = match request.arguments.first() {
                Some(name) if name == b"HELLO" => None,
                _ => Some(self.note_left(&wire, resend)?),
            };
            let answer = self.session.run(&request.arguments);
            if let Some(known) = tag.and_then(|tag| self.known[tag as usize].as_mut()) {
                known.silent = answer.reply.is_none();
            }
            self.unserved.push_back(Owed {
                tag,
                answer,
                ends_at: u64::MAX,
            });
        }
    }

    fn note_left(&mut self, wire: &[u8], resend: Resend) -> Result<u32, Broken> {
        let from = self.next as usize;
        let place = (from..self.known.len())
            .find(|place| {
                let known = self.known[*place].as_ref();
                known.is_some_and(|known| known.wire == wire)
            })
            .ok_or_else(|| {
                format!(
                    "promise 2: left out of order, twice or changed: {}",
                    shown(wire)
                )
            })?;
        self.next = place as u32 + 1;
        let epoch = self.epoch;
        let Some(known) = self.known[place].as_mut() else {
            return Err("a command that was not taken".to_owned());
        };
        if known.left > 0 && !(known.request.replayable && resend == Resend::Replayable) {
            return Err(format!(
                "promise 8: {place} was sent again ({})",
                shown(wire)
            ));
        }
        if known.ended == Some(Fate::NotSent) {
            return Err(format!(
                "promise 7: {place} left after it had ended NotSent"
            ));
        }
        known.left += 1;
        known.left_on = epoch;
        Ok(place as u32)
    }

    /// The server answers the next command, if there is one.
    pub(super) fn serve(&mut self) -> bool {
        let Some(mut owed) = self.unserved.pop_front() else {
            return false;
        };
        for push in &owed.answer.before {
            self.send(push);
        }
        self.pushes.extend(owed.answer.before.iter().cloned());
        self.pushes.extend(owed.answer.inside.iter().cloned());
        if let Some(reply) = &owed.answer.reply {
            let reply = reply.clone();
            self.send(&reply);
            owed.ends_at = self.sent;
            if owed.tag.is_some() {
                self.served.push_back(owed);
            }
        }
        true
    }

    /// The server sends a push, if it may.
    pub(super) fn push(&mut self) {
        if self.session.is_resp3() && self.unserved.is_empty() {
            let push = format!(">2\r\n+tick\r\n:{}\r\n", self.sent).into_bytes();
            self.send(&push);
            self.pushes.push_back(push);
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.outbox.extend(bytes);
        self.sent += bytes.len() as u64;
    }

    /// The client received so many bytes.
    pub(super) fn delivered(&mut self, n: usize) {
        self.delivered += n as u64;
    }

    /// A reply was told: it must be the next one's that has not ended (promise 3).
    pub(super) fn replied(
        &mut self,
        tag: u32,
        matches: impl Fn(&[u8]) -> bool,
    ) -> Result<(), Broken> {
        if self.last_fate.is_some() {
            return Err(format!(
                "promise 7: {tag} was answered after others had ended with the link"
            ));
        }
        loop {
            let Some(owed) = self.served.pop_front() else {
                return Err(format!(
                    "promise 3: {tag} was given a reply that nobody is owed"
                ));
            };
            let theirs = owed.tag.unwrap_or(u32::MAX);
            if theirs == tag {
                let reply = owed.answer.reply.unwrap_or_default();
                if !matches(&reply) {
                    return Err(format!("promise 3: {tag} should have {}", shown(&reply)));
                }
                return self.end(tag, None);
            }
            if !self.has_ended(theirs) {
                return Err(format!(
                    "promise 3: {tag} was answered, {theirs} is the next one"
                ));
            }
        }
    }

    fn has_ended(&self, tag: u32) -> bool {
        self.known[tag as usize]
            .as_ref()
            .is_some_and(|known| known.ended.is_some())
    }

    pub(super) fn pushed(&mut self, wire: &[u8]) -> Result<(), Broken> {
        match self.pushes.pop_front() {
            Some(push) if push == wire => Ok(()),
            other => Err(format!(
                "a push {} instead of {:?}",
                shown(wire),
                other.as_deref().map(shown)
            )),
        }
    }

    /// A command ended with a fate (promise 7).
    pub(super) fn ended(&mut self, tag: u32, fate: Fate) -> Result<(), Broken> {
        let known = self.known[tag as usize]
            .as_ref()
            .ok_or("a command that was not taken ended")?;
        let sent = known.left > 0;
        let here = known.left > 0 && known.left_on == self.epoch;
        let fits = match fate {
            Fate::NotSent => !sent,
            Fate::Unknown(Why::LinkLost) => sent && (!known.silent || !here),
            Fate::Unknown(_) => true,
            Fate::Silent => here && known.silent,
            Fate::Refused => false,
        };
        if !fits {
            return Err(format!(
                "promise 7: {tag} ended {fate:?}, left {} times, silent: {}",
                known.left, known.silent
            ));
        }
        if fate == Fate::Unknown(Why::LinkLost) {
            let answered = self.served.iter().find(|owed| owed.tag == Some(tag));
            if answered.is_some_and(|owed| owed.ends_at <= self.delivered) {
                return Err(format!(
                    "promise 7: {tag} ended {fate:?} although its reply was received"
                ));
            }
            if self.last_fate.is_some_and(|last| last > tag) {
                return Err(format!("promise 7: {tag} ended out of order"));
            }
            self.last_fate = Some(tag);
        }
        self.end(tag, Some(fate))
    }

    fn end(&mut self, tag: u32, fate: Option<Fate>) -> Result<(), Broken> {
        let Some(known) = self.known[tag as usize].as_mut() else {
            return Err(format!("{tag} was not taken and ended"));
        };
        if let Some(before) = known.ended {
            return Err(format!("promise 7: {tag} ended twice, {before:?} at first"));
        }
        // A reply is kept as the one fate that no command here can have.
        known.ended = Some(fate.unwrap_or(Fate::Refused));
        Ok(())
    }

    /// Commands that have not ended.
    pub(super) fn open(&self) -> Vec<u32> {
        let places = self.known.iter().enumerate();
        let open =
            places.filter(|(_, known)| known.as_ref().is_some_and(|known| known.ended.is_none()));
        open.map(|(place, _)| place as u32).collect()
    }
}
