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
#[derive(Clone, Debug, Default)]
pub struct CommandList {
    bytes: Vec<u8>,
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
            entries: Vec::new(),
        }
    }

    /// Appends a command; returns its index.
    ///
    /// # Errors
    /// [`Rejected::Inexact`](crate::pipeline::Rejected::Inexact) where an argument is not as long
    /// as it announced. The list is as it was.
    pub fn push<C: Command>(&mut self, command: &C) -> Result<usize, crate::pipeline::Rejected> {
        let start = self.bytes.len();
        let len = command.encoded_len();
        self.bytes.resize(start.saturating_add(len), 0);
        let mut sink = Sink::new(self.bytes.get_mut(start..).unwrap_or_default());
        command.encode(&mut sink);
        if sink.room() != 0 || sink.overflowed() {
            self.bytes.truncate(start);
            return Err(crate::pipeline::Rejected::Inexact);
        }
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
        self.bytes.clear();
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
        &self.bytes
    }
}
