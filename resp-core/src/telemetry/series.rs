//! Ids made on the device, above all that the stream has.

use super::Id;
use crate::encode::Template;
use crate::pipeline::{Pipeline, Storage, SubmitError, Ticket};
use crate::reply::{ShortCode, Value};
use crate::{Instant, Reply, template};

/// Where does the stream end?
const QUESTION: Template<1> = template!("XINFO", "STREAM", _).replayable();

/// Makes the ids of one stream's entries: each above the one before, whatever the clock says.
///
/// ```text
///   Unknown --ask--> Asked --answered--> Known: next_id gives ids
///      ^               |                   |
///      +--- error -----+                   |
///      +------ start again: the stream is ahead of us (Outcome::Behind)
/// ```
///
/// After a reset the device does not know which ids it has used, and its clock may have been set
/// back: it asks the stream. `last-generated-id` survives trimming and deleted entries, the last
/// entry does not. A device that keeps the last id in memory that survives, or that trusts its
/// clock, begins with [`above`](Self::above) and need not ask.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Series {
    last: Id,
    position: Position,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum Position {
    Unknown,
    Asked,
    Known,
}

/// Why the stream's last id could not be read. The series asks again when it is told to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Unread {
    /// The server refused, with this code: the key holds something else, no permission.
    Refused(ShortCode),
    /// The answer is none to XINFO STREAM.
    Odd,
}

impl Series {
    /// A series that gives no ids until the stream was asked.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            last: Id::ZERO,
            position: Position::Unknown,
        }
    }

    /// A series that goes on above this id: [`Id::ZERO`] for a device that trusts its clock.
    #[must_use]
    pub const fn above(last: Id) -> Self {
        Self {
            last,
            position: Position::Known,
        }
    }

    /// Whether the stream has to be asked: at the start, and after [`start_again`](Self::start_again).
    #[must_use]
    pub const fn must_ask(&self) -> bool {
        matches!(self.position, Position::Unknown)
    }

    /// Whether it gives ids: the stream's last one is known.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        matches!(self.position, Position::Known)
    }

    /// Submits the question, XINFO STREAM: its reply comes under `tag`. It is sent again after a lost
    /// link.
    ///
    /// The reply takes some 300 bytes of `rx` (Redis 7.0; later servers have more to say, 400 will
    /// do), and the first and the last entry of the stream. Where it is
    /// [larger](crate::pipeline::Event::TooLarge), where the question has
    /// [ended](crate::pipeline::Event::Ended) and where an outbox has dropped it, call
    /// [`start_again`](Self::start_again). Pause before asking again: a key that holds something else
    /// is refused each time.
    ///
    /// # Errors
    /// The pipeline has no room for it; nothing has changed.
    pub fn ask<S: Storage>(
        &mut self,
        pipeline: &mut Pipeline<S>,
        key: &str,
        tag: S::Tag,
        now: Instant,
    ) -> Result<Ticket, SubmitError<S::Tag>> {
        let ticket = pipeline.submit(&QUESTION.with((key,)), tag, now)?;
        self.position = Position::Asked;
        Ok(ticket)
    }

    /// Takes the reply to the question; the stream's last id.
    ///
    /// # Errors
    /// It could not be read: ask again.
    pub fn answered(&mut self, reply: &Reply<'_>) -> Result<Id, Unread> {
        match last_generated_id(reply) {
            Ok(last) => {
                self.last = self.last.max(last);
                self.position = Position::Known;
                Ok(last)
            }
            Err(why) => {
                self.start_again();
                Err(why)
            }
        }
    }

    /// The stream has to be asked again: the question ended without a reply, or the stream turned
    /// out to be ahead of us ([`Outcome::Behind`](super::Outcome::Behind)).
    pub const fn start_again(&mut self) {
        self.position = Position::Unknown;
    }

    /// The next id, at or after the clock's time in milliseconds if that is later than all before.
    /// `None` until the stream's last id is known, or if there are no ids left.
    #[must_use]
    pub fn next_id(&mut self, clock_ms: u64) -> Option<Id> {
        if !self.is_known() {
            return None;
        }
        self.last = self.last.above(clock_ms)?;
        Some(self.last)
    }

    /// The last id that was given or read.
    #[must_use]
    pub const fn last(&self) -> Id {
        self.last
    }
}

impl Default for Series {
    fn default() -> Self {
        Self::new()
    }
}

/// Reads the reply to XINFO STREAM: names and values in turn, in RESP2 and RESP3.
fn last_generated_id(reply: &Reply<'_>) -> Result<Id, Unread> {
    if let Some(error) = reply.error() {
        let code = ShortCode::of(error);
        return match code.as_bytes() {
            // "no such key": the code of its own is missing, and the stream. If it means anything
            // else, the first sample is told so.
            b"ERR" => Ok(Id::ZERO),
            _ => Err(Unread::Refused(code)),
        };
    }
    let mut cursor = reply.cursor();
    for _ in 0..cursor.pairs().unwrap_or(0) {
        match cursor.next().and_then(Value::text) {
            None => break,
            Some(b"last-generated-id") => {
                let id = cursor.next().and_then(Value::text).and_then(Id::parse);
                return id.ok_or(Unread::Odd);
            }
            Some(_) => cursor.step_over(),
        }
    }
    Err(Unread::Odd)
}
