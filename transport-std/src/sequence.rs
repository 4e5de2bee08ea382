//! Commands that were sent and wait to be received, in order.

use core::num::NonZeroU32;

use respipe_core::pipeline::Fate;

use crate::pump::Tag;

/// Which commands of `send` are still to be received.
///
/// ```text
///   0 .. received ....... sent      indices; both wrap
///          | pending     |
/// ```
#[derive(Debug)]
pub(crate) struct Sequence {
    pub(crate) owner: NonZeroU32,
    sent: u32,
    received: u32,
    /// Fates that came before their turn: when a link dies, what will not be sent again ends at
    /// once, and what stands before it does not.
    early: Vec<(u32, Fate)>,
}

impl Sequence {
    pub(crate) const fn new(owner: NonZeroU32) -> Self {
        Self {
            owner,
            sent: 0,
            received: 0,
            early: Vec::new(),
        }
    }

    /// Commands that were sent and not received.
    pub(crate) const fn pending(&self) -> usize {
        self.sent.wrapping_sub(self.received) as usize
    }

    /// The tag of the next command to be sent.
    pub(crate) const fn next_tag(&self) -> Tag {
        Tag {
            owner: self.owner,
            index: self.sent,
        }
    }

    pub(crate) const fn note_sent(&mut self) {
        self.sent = self.sent.wrapping_add(1);
    }

    pub(crate) const fn note_received(&mut self) {
        self.received = self.received.wrapping_add(1);
    }

    /// Whether this is the command whose outcome is to be received next.
    pub(crate) fn is_next(&self, tag: Tag) -> bool {
        tag.owner == self.owner && tag.index == self.received
    }

    /// Keeps a fate whose turn has not come.
    pub(crate) fn keep(&mut self, tag: Tag, fate: Fate) {
        if tag.owner == self.owner {
            self.early.push((tag.index, fate));
        }
    }

    /// The fate whose turn has come, if it was kept.
    pub(crate) fn take_kept(&mut self) -> Option<Fate> {
        let place = self
            .early
            .iter()
            .position(|(nth, _)| *nth == self.received)?;
        let (_, fate) = self.early.swap_remove(place);
        Some(fate)
    }
}
