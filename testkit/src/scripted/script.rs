//! What a scripted server is to do.

use core::time::Duration;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Expect(Vec<u8>),
    ExpectCommand,
    ExpectEnd,
    Send { bytes: Vec<u8>, piece: usize },
    Wait(Duration),
    HalfClose,
    Close,
    Reset,
    StopReading,
    NextConnection,
}

/// What a scripted server is to do, from the first connection on.
///
/// The server reads only where a step expects something. After the last step of a connection it waits for the client to close, and
/// any further byte is a mismatch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    pub(super) steps: Vec<Step>,
    pub(super) receive_buffer: Option<usize>,
}

impl Script {
    /// A script that accepts a connection and does nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Expects exactly these bytes.
    #[must_use]
    pub fn expect(self, bytes: impl AsRef<[u8]>) -> Self {
        self.then(Step::Expect(bytes.as_ref().to_vec()))
    }

    /// Expects one whole command, whatever it is, and keeps it for [`finish`](super::ScriptedServer::finish).
    #[must_use]
    pub fn expect_command(self) -> Self {
        self.then(Step::ExpectCommand)
    }

    /// Expects that the client sends nothing more and ends its direction.
    #[must_use]
    pub fn expect_end(self) -> Self {
        self.then(Step::ExpectEnd)
    }

    /// Sends these bytes in one write.
    #[must_use]
    pub fn send(self, bytes: impl AsRef<[u8]>) -> Self {
        self.send_in_pieces(bytes, usize::MAX)
    }

    /// Sends these bytes in writes of at most so many bytes (at least one).
    #[must_use]
    pub fn send_in_pieces(self, bytes: impl AsRef<[u8]>, piece: usize) -> Self {
        self.then(Step::Send {
            bytes: bytes.as_ref().to_vec(),
            piece: piece.max(1),
        })
    }

    /// Does nothing for so long.
    #[must_use]
    pub fn wait(self, time: Duration) -> Self {
        self.then(Step::Wait(time))
    }

    /// Ends its own direction (FIN) and goes on reading.
    #[must_use]
    pub fn half_close(self) -> Self {
        self.then(Step::HalfClose)
    }

    /// Closes in order (FIN). What the client still sends is swallowed until it closes too.
    #[must_use]
    pub fn close(self) -> Self {
        self.then(Step::Close)
    }

    /// Breaks the connection (RST).
    #[must_use]
    pub fn reset(self) -> Self {
        self.then(Step::Reset)
    }

    /// Reads nothing more and keeps the connection open until the server is finished or dropped. Steps for the same connection do
    /// not follow.
    #[must_use]
    pub fn stop_reading(self) -> Self {
        self.then(Step::StopReading)
    }

    /// The steps that follow are for the next connection.
    #[must_use]
    pub fn next_connection(self) -> Self {
        self.then(Step::NextConnection)
    }

    /// Asks the system for a receive buffer of about so many bytes, so that a client that writes without reading is soon blocked.
    #[must_use]
    pub fn receive_buffer(mut self, bytes: usize) -> Self {
        self.receive_buffer = Some(bytes);
        self
    }

    fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}
