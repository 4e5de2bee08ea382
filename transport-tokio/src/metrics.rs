//! What a client counts.

use respipe_core::Reply;

/// The codes of errors that are counted one by one; further ones are counted together.
const CODES: usize = 32;

/// What a client has done so far, and what it is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Commands in the window: sent, or about to be, and not answered.
    pub in_flight: usize,
    /// Commands that wait in line because the window is full.
    pub queued: usize,
    /// Calls, batches and streams that have not ended, and those of whom a reply is still owed to
    /// nobody.
    pub calls: usize,
    /// Commands that were given to the window.
    pub sent: u64,
    /// Commands that were answered, maybe with an error.
    pub answered: u64,
    /// Answers that were errors, by their code (`ERR`, `WRONGTYPE` …), in the order of their first
    /// coming; what comes behind the 32nd code is counted as `…`.
    pub errors: Vec<(String, u64)>,
    /// Connections that were made again.
    pub reconnects: u64,
    /// Calls that were given up before their answer came.
    pub abandoned: u64,
    /// Pushes that were lost: to a reader who was too slow, or larger than the receive buffer.
    pub pushes_lost: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) sent: u64,
    pub(crate) answered: u64,
    pub(crate) errors: Vec<(String, u64)>,
    pub(crate) reconnects: u64,
    pub(crate) abandoned: u64,
}

impl Counts {
    /// Counts an answer that is an error.
    #[cold]
    pub(crate) fn error(&mut self, reply: Reply<'_>) {
        let Some(error) = reply.error() else {
            return;
        };
        let code = error.code();
        if let Some((_, n)) = self.errors.iter_mut().find(|(known, _)| known == code) {
            *n += 1;
            return;
        }
        match self.errors.len() {
            ..CODES => self.errors.push((code.to_owned(), 1)),
            CODES => self.errors.push(("…".to_owned(), 1)),
            _ => self.errors[CODES].1 += 1,
        }
    }
}
