//! One flight: what every transport can do, and what is told of it.

use core::net::SocketAddr;
use core::time::Duration;

use respipe_core::Fate;
use respipe_core::encode::CommandList;

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It was answered: the reply's bytes.
    Replied(Vec<u8>),
    /// It was answered with more than the memory for it.
    TooLarge,
    /// It ended without a reply.
    Ended(Fate),
    /// It was not taken.
    Rejected,
}

/// What became of a flight.
#[derive(Clone, Debug, Default)]
pub struct Flight {
    /// Of each command, everything that was told: one end, or it is a fault.
    pub ends: Vec<Vec<End>>,
    /// What ended the connection, if something did.
    pub error: Option<String>,
    /// How many pushes were handed out, where the transport tells.
    pub pushes: usize,
}

/// What a connection is made with.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// RESP3, with a handshake; otherwise RESP2 without a word.
    pub resp3: bool,
    /// How long the server may be silent, connecting may take, bytes may wait to be written and a reply may be owed.
    pub patience: Duration,
    /// Bytes of the receive buffer.
    pub rx: usize,
    /// Bytes of the transmit buffer.
    pub tx: usize,
}

impl Terms {
    /// RESP2, a second of patience, 16 KiB each way.
    pub const DEFAULT: Self = Self {
        resp3: false,
        patience: Duration::from_secs(1),
        rx: 16 * 1024,
        tx: 16 * 1024,
    };
}

/// A transport.
pub trait Transport: Send + Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Bytes of memory that its surroundings take besides: a network that is simulated, say.
    fn surroundings(&self) -> usize {
        0
    }

    /// Connects, sends these commands in one flight, waits until each has ended, closes.
    fn flight(&self, server: SocketAddr, terms: &Terms, commands: &CommandList) -> Flight;
}

impl Flight {
    /// A flight of so many commands, of which nothing is known yet.
    #[must_use]
    pub fn of(commands: usize) -> Self {
        Self {
            ends: vec![Vec::new(); commands],
            ..Self::default()
        }
    }

    /// Nothing was sent, and why.
    #[must_use]
    pub fn not_sent(commands: usize, error: impl core::fmt::Display) -> Self {
        Self {
            ends: vec![vec![End::Ended(Fate::NotSent)]; commands],
            error: Some(error.to_string()),
            ..Self::default()
        }
    }

    /// The one end of each command.
    ///
    /// # Errors
    /// Which command has none, or several.
    pub fn one_each(&self) -> Result<Vec<&End>, String> {
        let each = self
            .ends
            .iter()
            .enumerate()
            .map(|(nth, ends)| match ends.as_slice() {
                [end] => Ok(end),
                other => Err(format!(
                    "command {nth} ended {} times: {other:?}",
                    other.len()
                )),
            });
        each.collect()
    }
}
