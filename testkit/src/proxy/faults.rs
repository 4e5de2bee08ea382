//! What a link does wrong.

use core::time::Duration;

/// One of the two ways that bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// What the client sends.
    ToServer,
    /// What the server sends.
    ToClient,
}

impl Direction {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::ToServer, Self::ToClient];

    pub(super) const fn index(self) -> usize {
        self as usize
    }

    pub(super) const fn opposite(self) -> Self {
        match self {
            Self::ToServer => Self::ToClient,
            Self::ToClient => Self::ToServer,
        }
    }
}

/// How a lane ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing more is forwarded in this direction, and the sender is pushed back, until [`Proxy::resume`](super::Proxy::resume).
    Stall,
    /// The receiver of this direction sees the end of the stream; what is still sent is swallowed. The other direction goes on.
    HalfClose,
    /// Both sides see an orderly end of the stream (FIN); what they still send is swallowed.
    Close,
    /// Both sides see the connection broken (RST).
    Reset,
}

/// The rules of one direction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lane {
    pub(super) delay: Duration,
    pub(super) piece: Option<usize>,
    pub(super) bytes_per_second: Option<u64>,
    pub(super) end: Option<(u64, End)>,
}

impl Lane {
    /// How many bytes one lane holds under way before its sender is pushed back: 16 MiB, which is 128 MiB a second at 125 ms.
    pub const CAPACITY: usize = 16 * 1024 * 1024;

    /// A lane without faults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every byte arrives this much later.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Every write is at most this many bytes (at least one). TCP keeps no boundaries: a slow reader may still see several at once.
    #[must_use]
    pub fn pieces_of(mut self, bytes: usize) -> Self {
        self.piece = Some(bytes.max(1));
        self
    }

    /// No more than this many bytes a second (at least one).
    #[must_use]
    pub fn bytes_per_second(mut self, bytes: u64) -> Self {
        self.bytes_per_second = Some(bytes.max(1));
        self
    }

    /// Forwards exactly this many bytes of each connection, then ends so.
    #[must_use]
    pub fn after(mut self, bytes: u64, end: End) -> Self {
        self.end = Some((bytes, end));
        self
    }
}

/// The rules of one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    pub(super) to_server: Lane,
    pub(super) to_client: Lane,
}

impl Faults {
    /// A link without faults.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// A link with these rules for what the client sends and for what the server sends.
    #[must_use]
    pub fn new(to_server: Lane, to_client: Lane) -> Self {
        Self {
            to_server,
            to_client,
        }
    }

    /// A long link: half of the round trip in each direction. Opening a connection costs a round trip too; the proxy cannot delay
    /// the connect itself, so it charges it to the first bytes.
    #[must_use]
    pub fn round_trip(time: Duration) -> Self {
        let way = time / 2;
        Self::new(Lane::new().delay(way), Lane::new().delay(way))
    }

    /// Whether a link ends before its first byte, in this way: whoever connects may see that while it connects.
    #[must_use]
    pub fn end_at_once(&self, end: End) -> bool {
        Direction::BOTH
            .iter()
            .any(|direction| self.lane(*direction).end == Some((0, end)))
    }

    pub(super) fn lane(&self, direction: Direction) -> &Lane {
        match direction {
            Direction::ToServer => &self.to_server,
            Direction::ToClient => &self.to_client,
        }
    }

    /// What opening a connection costs.
    pub(super) fn opening(&self) -> Duration {
        self.to_server.delay + self.to_client.delay
    }
}
