//! Any number of commands through the window, each outcome as it comes.

use respipe_core::pipeline::{Event, Rejected};
use respipe_core::{Command, Instant};
use respipe_host::{Error, Outcome, Streamed, Tags};

use crate::connection::Connection;
use crate::pump::{Offer, Tag};
use crate::relink::Ended;

/// The callers' tags of the commands in flight, found by number.
pub(crate) trait Flights<T> {
    /// The number of a command that is about to be queued with this tag.
    fn number(&self, tag: &T) -> u32;

    /// Keeps the tag of the command that was queued.
    fn add(&mut self, tag: T);

    /// Takes the tag of the command that has ended.
    fn take(&mut self, number: u32) -> Option<T>;

    /// Whether nothing is in flight.
    fn is_empty(&self) -> bool;
}

impl<T> Flights<T> for Tags<T> {
    fn number(&self, _: &T) -> u32 {
        self.next_number()
    }

    fn add(&mut self, tag: T) {
        self.push(tag);
    }

    #[inline]
    fn take(&mut self, number: u32) -> Option<T> {
        Tags::take(self, number)
    }

    fn is_empty(&self) -> bool {
        Tags::is_empty(self)
    }
}

impl Connection {
    /// Sends every command that the iterator yields and hands each outcome to `each`, with the tag
    /// that the command came with: any number of commands at constant memory, as many in flight as
    /// the window holds. Replies come in order; see [`Outcome`] for how commands end that are not
    /// answered.
    ///
    /// The iterator is asked for as many commands as find room, before anything is waited for:
    /// one that waits itself holds up what it has already yielded.
    ///
    /// # Errors
    /// What ended the connection, after every command that was taken has had its outcome. The rest
    /// is still in the iterator, if it was given as `&mut`. With
    /// [`Options::reconnect`](crate::Options::reconnect) and a
    /// [`Options::resend`](crate::Options::resend) other than `Never` the stream goes on instead.
    pub fn stream<T, C, I>(
        &mut self,
        commands: I,
        mut each: impl FnMut(T, Outcome<'_>),
    ) -> Result<Streamed, Error>
    where
        I: IntoIterator<Item = (T, C)>,
        C: Command,
    {
        self.drive(commands.into_iter(), Tags::new(), &mut each)
    }

    pub(crate) fn drive<T, C: Command>(
        &mut self,
        mut commands: impl Iterator<Item = (T, C)>,
        mut flights: impl Flights<T>,
        each: &mut impl FnMut(T, Outcome<'_>),
    ) -> Result<Streamed, Error> {
        let owner = self.begin()?;
        let mut done = Streamed::default();
        // Taken from the iterator then and not queued; queued in part; nothing left to take.
        let mut waiting: Option<(T, C, Instant)> = None;
        let mut partial: Option<C> = None;
        let mut exhausted = false;
        loop {
            if let Some(error) = self.hand_out(owner, &mut flights, each) {
                if let Some((tag, ..)) = waiting {
                    each(tag, Outcome::NotSent);
                }
                return Err(error);
            }
            self.pump.tick();
            loop {
                if let Some(command) = &partial {
                    // Not held any more: the link died, and the command has its fate.
                    if !self.pump.pipeline.is_line_held()
                        || self.pump.offer_rest(command) == Offer::Taken
                    {
                        partial = None;
                    }
                }
                let mut no_room = partial.is_some();
                while partial.is_none() {
                    let next = match waiting.take() {
                        None if exhausted => None,
                        None => {
                            let next = commands.next();
                            done.commands += u64::from(next.is_some());
                            next.map(|(tag, command)| (tag, command, self.pump.now()))
                        }
                        waiting => waiting,
                    };
                    let Some((tag, command, since)) = next else {
                        exhausted = true;
                        break;
                    };
                    let index = flights.number(&tag);
                    match self.pump.offer(&command, Tag { owner, index }) {
                        Offer::Taken => flights.add(tag),
                        Offer::Part => {
                            flights.add(tag);
                            partial = Some(command);
                            no_room = true;
                        }
                        Offer::Later(reason) => {
                            no_room = reason != Rejected::NoSlot;
                            waiting = Some((tag, command, since));
                            break;
                        }
                        Offer::Never(Rejected::Closed) => {
                            waiting = Some((tag, command, since));
                            break;
                        }
                        Offer::Never(reason) => each(tag, Outcome::Refused(Some(reason))),
                    }
                }
                if no_room || exhausted {
                    self.pump.pipeline.flush();
                }
                let free = self.pump.pipeline.tx_free();
                let blocked = self.pump.write();
                // What only waited for room in the buffer may go on at once.
                if blocked || !no_room || self.pump.pipeline.tx_free() <= free {
                    if exhausted && waiting.is_none() && flights.is_empty() {
                        return Ok(done);
                    }
                    let until = waiting
                        .as_ref()
                        .and_then(|next| self.pump.room_until(next.2));
                    match waiting.take_if(|_| self.pump.is_past(until)) {
                        Some((tag, ..)) => each(tag, Outcome::NotSent),
                        None => self.pump.wait(blocked, until),
                    }
                    break;
                }
            }
        }
    }

    /// Hands out all outcomes that there are; the error if the connection has ended.
    fn hand_out<T>(
        &mut self,
        owner: core::num::NonZeroU32,
        flights: &mut impl Flights<T>,
        each: &mut impl FnMut(T, Outcome<'_>),
    ) -> Option<Error> {
        loop {
            let (tag, outcome) = match self.pump.pipeline.poll_event() {
                Ok(Some(Event::Reply { tag, reply })) => (tag, Outcome::Replied(reply)),
                Ok(None) => return None,
                Ok(Some(Event::TooLarge {
                    tag,
                    kind,
                    bytes,
                    head,
                })) => (tag, Outcome::TooLarge { kind, bytes, head }),
                Ok(Some(Event::Ended { tag, fate })) => (tag, Outcome::of_fate(fate)),
                Ok(Some(Event::Push(push))) => {
                    self.pushes.add(push);
                    continue;
                }
                Ok(Some(Event::Token(_) | Event::Streamed { .. })) => continue,
                Err(error) => match self.ended(error, None) {
                    Ended::GoOn => continue,
                    Ended::Over(error) => return Some(error),
                },
            };
            if tag.owner == owner
                && let Some(tag) = flights.take(tag.index)
            {
                each(tag, outcome);
            }
        }
    }
}
