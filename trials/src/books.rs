//! Books: what was told, held against what a counter on the server says.

use core::net::SocketAddr;

use respipe_core::encode::CommandList;
use respipe_core::pipeline::Why;
use respipe_core::{Fate, cmd};
use respipe_std::Connection;

use crate::flight::{End, Flight};

/// How a flight of INCRs of one counter ended, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Books {
    /// Answered.
    pub replied: u64,
    /// Sent, and what became of it is not known.
    pub unknown: u64,
    /// Never sent.
    pub not_sent: u64,
    /// What the counter says.
    pub applied: u64,
}

impl Books {
    /// A flight of so many INCRs of this key.
    ///
    /// # Panics
    /// Never: such commands can be encoded.
    #[must_use]
    pub fn incrs(key: &str, count: usize) -> CommandList {
        let mut list = CommandList::new();
        for _ in 0..count {
            list.push(&cmd("INCR").arg(key)).expect("a command");
        }
        list
    }

    /// Balances the books of such a flight: one end each; replies first, in order and each with its own number; then fates; and
    /// the counter says at least what was answered, at most that and what is unknown.
    ///
    /// # Errors
    /// What does not fit.
    pub fn balance(flight: &Flight, server: SocketAddr, key: &str) -> Result<Self, String> {
        let ends = flight.one_each()?;
        let mut books = Self::default();
        let mut worst = 0;
        for (nth, end) in ends.iter().enumerate() {
            let rank = match end {
                End::Replied(reply) => {
                    let own = format!(":{}\r\n", nth + 1);
                    if reply != own.as_bytes() {
                        return Err(format!("command {nth} was given {}", reply.escape_ascii()));
                    }
                    books.replied += 1;
                    0
                }
                End::Ended(Fate::Unknown(why)) => {
                    books.unknown += 1;
                    // A time-out ends commands while the link lives: others may still be answered.
                    if *why == Why::TimedOut { worst } else { 1 }
                }
                End::Ended(Fate::NotSent) => {
                    books.not_sent += 1;
                    2
                }
                other => return Err(format!("command {nth}: {other:?}")),
            };
            if rank < worst {
                return Err(format!("out of order at {nth}: {ends:?}"));
            }
            worst = rank;
        }
        books.applied = counter(server, key).map_err(|error| error.to_string())?;
        let range = books.replied..=books.replied + books.unknown;
        match range.contains(&books.applied) {
            true => Ok(books),
            false => Err(format!("the books do not balance: {books:?}")),
        }
    }
}

/// What the counter says, by a connection without faults.
fn counter(server: SocketAddr, key: &str) -> Result<u64, respipe_std::Error> {
    let mut redis = Connection::open(&format!("redis://{server}?protocol=2"))?;
    let count: Option<u64> = redis.call_to(&cmd("GET").arg(key))?;
    Ok(count.unwrap_or(0))
}
