//! What a pipeline is told about limits, flushing, sending again and time.

use crate::Duration;

/// The settings of a pipeline. All zero is the default: no limit but the memory, flush when
/// idle, nothing sent again, oversized replies skipped, no time-outs, one caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Config {
    /// How much may be in flight.
    pub window: Window,
    /// When queued commands leave.
    pub flush: Flush,
    /// What is sent again on the next connection.
    pub resend: Resend,
    /// What becomes of a reply that is larger than `rx`.
    pub oversize: Oversize,
    /// How long a command may take, from its submission to its reply; zero means for ever. It
    /// ends `Unknown` then (`NotSent` if nothing of it had left; what changes the session leaves all the same,
    /// and ends `Unknown`), and its late reply is swallowed. Precise to 2 ms; at most 24 days.
    pub reply_timeout: Duration,
    /// For how long nothing may come from the server while something is owed, before the link is
    /// given up; zero means for ever.
    pub silence_limit: Duration,
    /// Several callers use this connection who know nothing of each other: a command that would
    /// hold up the others, or change the session under their feet, is refused at submit.
    pub shared: bool,
}

impl Config {
    /// The default, for statics.
    pub const DEFAULT: Self = Self {
        window: Window {
            commands: 0,
            sent_bytes: 0,
            reply_bytes: 0,
        },
        flush: Flush::WhenIdle,
        resend: Resend::Never,
        oversize: Oversize::Skip,
        reply_timeout: Duration::ZERO,
        silence_limit: Duration::ZERO,
        shared: false,
    };
}

/// How much may be in flight: sent, or leaving, and not answered. Zero means no limit but the
/// memory.
///
/// A server never stops reading while it queues replies (Redis, Valkey, KeyDB), so only these
/// bound the memory that a pipeline costs the server. The first command that is over a window
/// leaves when nothing else is outstanding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Window {
    /// Commands.
    pub commands: u32,
    /// Bytes of commands.
    pub sent_bytes: u32,
    /// Bytes of replies, as far as they are foreseen: a command counts what its `reply_hint`
    /// says, or 64; a reply whose header announces more counts that from then on.
    pub reply_bytes: u32,
}

impl Window {
    /// Whether nothing is limited.
    #[inline]
    pub(crate) const fn is_open(self) -> bool {
        // One comparison instead of three: every flight asks.
        self.commands | self.sent_bytes | self.reply_bytes == 0
    }
}

/// When queued commands leave. [`Pipeline::flush`](super::Pipeline::flush) overrides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Flush {
    /// As soon as the driver asks: at once when idle; what is submitted while a write is under
    /// way leaves with the next one.
    #[default]
    WhenIdle,
    /// Only on `flush`, and when a command finds no room.
    Explicit,
    /// When this much is queued, whatever comes first; zero means that this is no reason.
    AtLeast {
        /// Commands.
        count: u32,
        /// Bytes.
        bytes: u32,
        /// Time since the oldest of them was submitted.
        age: Duration,
    },
}

/// What is sent again on the next connection, in submit order.
///
/// What changes or depends on the session (MULTI and what stands in it, WATCH, SELECT,
/// SUBSCRIBE, `CLIENT REPLY` and what follows them) is never sent again by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Resend {
    /// Nothing: when the link dies every command ends.
    #[default]
    Never,
    /// Commands whose last byte never left: the server cannot have run them.
    NotSent,
    /// Those, and what was declared replayable. A command's bytes stay in `tx` until it is
    /// answered.
    Replayable,
}

/// What becomes of a reply that is larger than `rx`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Oversize {
    /// It is skipped in step and ends its command with
    /// [`Event::TooLarge`](super::Event::TooLarge).
    #[default]
    Skip,
    /// It is delivered as a flat sequence of [`Event::Token`](super::Event::Token).
    #[cfg(feature = "pieces")]
    Stream,
}
