//! Why a command is not taken.

/// Why the guard refused a command. Nothing of it was queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Refusal {
    /// An empty command: it would get no reply and shift all later ones.
    Empty,
    /// A command that changes the session, or that `CLIENT REPLY SKIP` silences, fed in pieces:
    /// it could be given up half way.
    InPieces,
    /// `CLIENT REPLY` inside MULTI: EXEC would announce replies that never come.
    ReplyInMulti,
    /// A change of subscriptions inside MULTI that does not name exactly one channel: EXEC
    /// counts it once and answers once a channel.
    SubscribeInMulti,
    /// A command behind a subscription in the same MULTI, over RESP2, that is no further one: whatever touches
    /// a key may publish (`notify-keyspace-events`), and a message to oneself would stand between EXEC's
    /// elements and look like one.
    PublishInMulti,
    /// `HELLO` or `MONITOR` inside MULTI: what follows would be of another protocol.
    ModeInMulti,
    /// A subscription while replies are silenced: its confirmations come all the same and would
    /// be taken for the next subscription's. Or `CLIENT REPLY` on a subscribed RESP2 connection:
    /// the server answers it with an error instead of obeying (Redis 7.0, `processCommand`).
    ReplyAndSubscribe,
    /// `HELLO`, `MONITOR` or `QUIT` while replies are silenced, or `RESET` behind `CLIENT REPLY SKIP`: it has no
    /// answer then, and whether it worked could not be seen (Redis 7.0 does not even close for that QUIT).
    ModeInSilence,
    /// Behind MONITOR nothing can be told apart, but for RESET and QUIT.
    Monitoring,
    /// Behind QUIT the server reads nothing.
    Quitting,
    /// Replication and the script debugger turn the connection into something else.
    Foreign,
    /// More than 65 535 channels in one command.
    TooManyChannels,
    /// A blocking command on a connection that several callers share
    /// ([`Config::shared`](crate::pipeline::Config::shared)): all of them would wait for it.
    BlocksOthers,
    /// A command that changes the session, or ends it, on a connection that several callers share.
    ChangesForOthers,
    /// A command that the guard has to follow, in a build without the feature `session`.
    NeedsSession,
}

impl Refusal {
    /// The reason, in a sentence.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Empty => "an empty command would get no reply",
            Self::InPieces => {
                "a command that changes the session, or that CLIENT REPLY SKIP silences, cannot be \
                 fed in pieces"
            }
            Self::ReplyInMulti => "CLIENT REPLY inside MULTI would break framing",
            Self::SubscribeInMulti => {
                "a subscription inside MULTI must name exactly one channel, or framing breaks"
            }
            Self::PublishInMulti => {
                "commands behind a subscription inside MULTI need RESP3: what they publish would break \
                 framing"
            }
            Self::ModeInMulti => "HELLO and MONITOR inside MULTI would break framing",
            Self::ReplyAndSubscribe => {
                "subscriptions do not go with silenced replies, nor CLIENT REPLY with \
                 subscriptions over RESP2; RESET ends both"
            }
            Self::ModeInSilence => "HELLO, MONITOR, QUIT and RESET need their replies",
            Self::Monitoring => "behind MONITOR only RESET and QUIT can be sent",
            Self::Quitting => "nothing can be sent behind QUIT",
            Self::Foreign => "replication and the script debugger cannot be pipelined",
            Self::TooManyChannels => "at most 65535 channels in one command",
            Self::BlocksOthers => {
                "a blocking command would hold up everyone who shares this connection; give it a \
                 connection of its own"
            }
            Self::ChangesForOthers => {
                "MULTI, WATCH, SELECT, SUBSCRIBE and whatever else changes the session would change \
                 it for everyone who shares this connection; use a connection of its own"
            }
            Self::NeedsSession => {
                "this command blocks or changes the session, which needs the feature `session` of \
                 respipe-core"
            }
        }
    }
}

impl core::fmt::Display for Refusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.reason())
    }
}
