//! Commands kept encoded, one behind the other.

use alloc::vec::Vec;

use super::raw::RawCommand;
use super::{Command, Sink, Traits};

/// A list of encoded commands in one piece of memory, to be submitted as often as one likes.
///
/// ```
/// use respipe_core::cmd;
/// use respipe_core::encode::CommandList;
/// let mut list = CommandList::new();
/// list.push(&cmd("INCR").arg("visits"))?;
/// list.push(&cmd("GET").arg("visits"))?;
/// assert_eq!(list.len(), 2);
/// assert_eq!(list.as_bytes(), b"*2\r\n$4\r\nINCR\r\n$6\r\nvisits\r\n*2\r\n$3\r\nGET\r\n$6\r\nvisits\r\n");
/// # Ok::<(), respipe_core::pipeline::Rejected>(())
/// ```
///
/// Its `Debug` shows sizes only: commands may hold passwords.
#[derive(Clone, Default)]
pub struct CommandList {
    /// The encoded commands, and behind them bytes that were written once and are room now.
    bytes: Vec<u8>,
    used: usize,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    start: usize,
    len: usize,
    arguments: usize,
    traits: Traits,
}

impl CommandList {
    /// An empty list, which has taken no memory yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            used: 0,
            entries: Vec::new(),
        }
    }

    /// Appends a command; returns its index.
    ///
    /// # Errors
    /// [`Rejected::Inexact`](crate::pipeline::Rejected::Inexact) where an argument is not as long
    /// as it announced. The list is as it was.
    pub fn push<C: Command>(&mut self, command: &C) -> Result<usize, crate::pipeline::Rejected> {
        let start = self.used;
        let len = command.encoded_len();
        let end = start.saturating_add(len);
        if end > self.bytes.len() {
            self.bytes.resize(end, 0);
        }
        let mut sink = Sink::new(self.bytes.get_mut(start..end).unwrap_or_default());
        command.encode(&mut sink);
        if sink.room() != 0 || sink.overflowed() {
            return Err(crate::pipeline::Rejected::Inexact);
        }
        self.used = end;
        self.entries.push(Entry {
            start,
            len,
            arguments: command.argument_count(),
            traits: command.traits(),
        });
        Ok(self.entries.len().wrapping_sub(1))
    }

    /// Removes all commands and keeps the memory.
    pub fn clear(&mut self) {
        self.used = 0;
        self.entries.clear();
    }

    /// The command at this index.
    #[must_use]
    #[inline]
    pub fn get(&self, index: usize) -> Option<RawCommand<'_>> {
        let entry = self.entries.get(index)?;
        let bytes = self.bytes.get(entry.start..)?.get(..entry.len)?;
        Some(RawCommand::of_parts(bytes, entry.arguments, entry.traits))
    }

    /// The commands in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = RawCommand<'_>> + Clone {
        self.entries.iter().map(|entry| {
            let end = entry.start.saturating_add(entry.len);
            let bytes = self.bytes.get(entry.start..end).unwrap_or_default();
            RawCommand::of_parts(bytes, entry.arguments, entry.traits)
        })
    }

    /// How many commands there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The encoded commands, one behind the other.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.used).unwrap_or_default()
    }
}

impl core::fmt::Debug for CommandList {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("CommandList")
            .field("commands", &self.entries.len())
            .field("bytes", &self.used)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;
    use crate::cmd;
    use crate::encode::Argument;
    use crate::pipeline::Rejected;

    /// Says that it is longer than it is.
    struct Liar;

    impl Argument for Liar {
        fn text_len(&self) -> usize {
            5
        }
        fn write_text(&self, sink: &mut Sink<'_>) {
            sink.put(b"abc");
        }
    }

    #[test]
    fn a_list_that_was_cleared_holds_what_was_pushed_since() {
        let mut list = CommandList::new();
        for n in 0..100 {
            assert_eq!(list.push(&cmd("ECHO").arg(n)), Ok(n));
        }
        list.clear();
        assert!(list.is_empty() && list.as_bytes().is_empty() && list.get(0).is_none());
        assert_eq!(list.push(&cmd("GET").arg("a").replayable()), Ok(0));
        assert_eq!(list.as_bytes(), b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n");
        let command = list.get(0).expect("pushed");
        assert_eq!(command.as_bytes(), list.as_bytes());
        assert!(command.traits().replayable);
        assert_eq!(command.argument_count(), 2);
        assert_eq!(list.push(&cmd("PING")), Ok(1));
        assert_eq!(list.iter().len(), 2);
        let joined: Vec<u8> = list
            .iter()
            .flat_map(|command| command.as_bytes().to_vec())
            .collect();
        assert_eq!(joined, list.as_bytes());
    }

    #[test]
    fn a_command_that_is_not_as_long_as_it_announced_leaves_the_list_as_it_was() {
        let mut list = CommandList::new();
        list.push(&cmd("PING")).expect("whole");
        assert_eq!(list.push(&cmd("ECHO").arg(Liar)), Err(Rejected::Inexact));
        assert_eq!(list.len(), 1);
        assert_eq!(list.as_bytes(), b"*1\r\n$4\r\nPING\r\n");
    }

    #[test]
    fn debug_output_shows_no_command() {
        let mut list = CommandList::new();
        list.push(&cmd("AUTH").arg("hunter2")).expect("whole");
        assert_eq!(
            format!("{list:?}"),
            "CommandList { commands: 1, bytes: 27 }"
        );
    }
}
