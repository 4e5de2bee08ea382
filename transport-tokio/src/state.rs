//! What a client's connection is doing, as a value that can be watched.

use respipe_host::Error;

/// What a client's connection is doing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Connection {
    /// The first connection is being made.
    Connecting,
    /// Commands leave.
    Up {
        /// Which connection it is; counts from 1.
        epoch: u32,
    },
    /// The connection ended, and another is being made.
    Down {
        /// What ended it, or the last attempt.
        cause: Error,
    },
    /// The attempts to make another have run out: the next use of the client begins anew.
    Dormant {
        /// What ended the last attempt.
        cause: Error,
    },
    /// There will be no further connection.
    Over {
        /// Why.
        cause: Error,
    },
}

impl Connection {
    /// Whether commands leave.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        matches!(self, Self::Up { .. })
    }

    /// Whether there will be no further connection.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self, Self::Over { .. })
    }
}
