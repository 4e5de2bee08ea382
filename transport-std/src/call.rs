//! One command, one reply.

use respipe_core::pipeline::{Event, Fate, Oversize, Rejected, Token, Why};
use respipe_core::reply::FromReply;
use respipe_core::{Command, Frame, Kind, Reply};
use respipe_host::{Error, Misuse};

use crate::connection::Connection;
use crate::pump::{Offer, Tag};
use crate::relink::Ended;

/// What became of a called command, without borrowing.
enum Answer {
    Reply { at: usize, frame: Frame },
    TooLarge { kind: Kind, bytes: u64 },
}

impl Connection {
    /// Sends a command and waits for its reply. A server's error is a reply.
    ///
    /// # Errors
    /// [`Error::Ended`] says whether the command can have run; [`Error::TooLarge`] and
    /// [`Error::Rejected`] leave the connection as it is; [`Misuse::RepliesPending`](crate::Misuse::RepliesPending) while sent
    /// commands are left to be received.
    pub fn call<C: Command>(&mut self, command: &C) -> Result<Reply<'_>, Error> {
        match self.answer(command, Oversize::Skip, &mut |_| {})? {
            Some(Answer::Reply { at, frame }) => Ok(self.pump.reply_at(at, frame)),
            Some(Answer::TooLarge { kind, bytes }) => Err(Error::TooLarge { kind, bytes }),
            None => Err(Error::Ended {
                fate: Fate::Silent,
                cause: None,
            }),
        }
    }

    /// Sends a command, waits for its reply and converts it; a server's error is an error here.
    ///
    /// # Errors
    /// As [`call`](Self::call); [`Error::Server`] and [`Error::Convert`] leave the connection as it
    /// is.
    pub fn call_to<T>(&mut self, command: &impl Command) -> Result<T, Error>
    where
        T: for<'r> FromReply<'r>,
    {
        respipe_host::value(self.call(command)?)
    }

    /// Sends a command and waits for its reply, whatever its size: one that is larger than the
    /// receive buffer goes to `each` piece by piece, and `None` is returned for it. If `each` panics,
    /// the rest goes to nobody.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn call_streamed<C: Command>(
        &mut self,
        command: &C,
        mut each: impl FnMut(Token<'_>),
    ) -> Result<Option<Reply<'_>>, Error> {
        let answer = self.answer(command, Oversize::Stream, &mut each);
        self.set_oversize(Oversize::Skip);
        match answer? {
            Some(Answer::Reply { at, frame }) => Ok(Some(self.pump.reply_at(at, frame))),
            Some(Answer::TooLarge { .. }) | None => Ok(None),
        }
    }

    pub(crate) fn set_oversize(&mut self, oversize: Oversize) {
        let mut config = *self.pump.pipeline.config();
        config.oversize = oversize;
        self.pump.pipeline.configure(config);
    }

    /// Sends a command and waits for what becomes of it; `None` where its answer went to `each`.
    fn answer<C: Command>(
        &mut self,
        command: &C,
        oversize: Oversize,
        each: &mut dyn FnMut(Token<'_>),
    ) -> Result<Option<Answer>, Error> {
        let tag = Tag {
            owner: self.begin()?,
            index: 0,
        };
        if oversize == Oversize::Stream {
            self.set_oversize(oversize);
        }
        let since = self.pump.now();
        let mut offer = Offer::Later(Rejected::NoSlot);
        let mut ended = None;
        loop {
            match self.pump.pipeline.poll_event() {
                Ok(Some(Event::Reply { tag: whose, reply })) if whose == tag => {
                    let (raw, frame) = (reply.as_raw().as_ptr(), reply.frame());
                    let at = self.pump.place_of(raw);
                    return Ok(Some(Answer::Reply { at, frame }));
                }
                Ok(Some(Event::TooLarge {
                    tag: whose,
                    kind,
                    bytes,
                    ..
                })) if whose == tag => return Ok(Some(Answer::TooLarge { kind, bytes })),
                Ok(Some(Event::Streamed { tag: whose, .. })) if whose == tag => return Ok(None),
                Ok(Some(Event::Token(token))) => each(token),
                Ok(Some(Event::Push(push))) => self.pushes.add(push),
                Ok(Some(Event::Ended { tag: whose, fate })) if whose == tag => {
                    let link = matches!(fate, Fate::NotSent | Fate::Unknown(Why::LinkLost));
                    if !link || self.pump.is_alive() {
                        return Err(Error::Ended { fate, cause: None });
                    }
                    ended = Some(fate);
                }
                Ok(Some(_)) => {}
                Ok(None) => {
                    match offer {
                        Offer::Later(_) => offer = self.pump.offer(command, tag),
                        Offer::Part if self.pump.pipeline.is_line_held() => {
                            offer = self.pump.offer_rest(command);
                        }
                        _ => {}
                    }
                    let mut until = None;
                    match offer {
                        Offer::Never(Rejected::Closed) => {}
                        Offer::Never(reason) => return Err(Error::Rejected(reason)),
                        Offer::Later(_) => until = self.pump.room_until(since),
                        _ => {}
                    }
                    if self.pump.is_past(until) {
                        let full = Error::Misuse(Misuse::WindowFull { pending: 0 });
                        return Err(Error::Ended {
                            fate: Fate::NotSent,
                            cause: Some(Box::new(full)),
                        });
                    }
                    self.pump.pipeline.flush();
                    self.pump.tick();
                    let free = self.pump.pipeline.tx_free();
                    let blocked = self.pump.write();
                    let go_on = offer == Offer::Part && self.pump.pipeline.tx_free() > free;
                    if blocked || !go_on {
                        self.pump.wait(blocked, until);
                    }
                }
                Err(error) => match self.ended(error, None) {
                    Ended::GoOn if ended.is_none() => {}
                    Ended::GoOn => {
                        let fate = ended.unwrap_or(Fate::NotSent);
                        return Err(Error::Ended { fate, cause: None });
                    }
                    Ended::Over(cause) => {
                        return Err(Error::Ended {
                            fate: ended.unwrap_or(Fate::NotSent),
                            cause: Some(Box::new(cause)),
                        });
                    }
                },
            }
        }
    }
}
