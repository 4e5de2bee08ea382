//! What a connection has agreed on with the server.

use std::collections::BTreeSet;

/// Queued commands of a transaction, in bytes: more make it fail.
const QUEUE: usize = 64 * 1024 * 1024;

/// The state of one connection.
#[derive(Debug, Default)]
pub(super) struct Session {
    pub(super) authenticated: bool,
    pub(super) database: usize,
    pub(super) transaction: Option<Transaction>,
    pub(super) reply_mode: ReplyMode,
    pub(super) channels: BTreeSet<Vec<u8>>,
}

/// Between MULTI and EXEC.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    pub(super) commands: Vec<Vec<Vec<u8>>>,
    pub(super) failed: bool,
    bytes: usize,
}

/// CLIENT REPLY.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ReplyMode {
    #[default]
    On,
    Off,
    /// SKIP has come: the next command is not answered.
    SkipNext,
    /// This command is not answered.
    Skip,
}

impl Session {
    /// The state at the start, and after RESET.
    pub(super) fn new(authenticated: bool) -> Self {
        Self {
            authenticated,
            ..Self::default()
        }
    }

    /// Before a command runs: whether it is answered.
    pub(super) fn begin_command(&mut self) -> bool {
        if self.reply_mode == ReplyMode::SkipNext {
            self.reply_mode = ReplyMode::Skip;
        }
        self.reply_mode == ReplyMode::On
    }

    /// After a command ran.
    pub(super) fn end_command(&mut self) {
        if self.reply_mode == ReplyMode::Skip {
            self.reply_mode = ReplyMode::On;
        }
    }
}

impl Transaction {
    pub(super) fn queue(&mut self, arguments: &[&[u8]]) {
        self.bytes += arguments
            .iter()
            .map(|argument| argument.len() + size_of::<Vec<u8>>())
            .sum::<usize>();
        if self.bytes > QUEUE {
            self.failed = true;
            self.commands.clear();
        } else {
            self.commands
                .push(arguments.iter().map(|argument| argument.to_vec()).collect());
        }
    }
}
