//! Commands that wait because the window is full: encoded, in order, in bounded memory.
//!
//! ```text
//!   places   | number of the first ............. one for each command |
//!   front    [ taken | next ... ]      commands in the order in which they came
//!   back                        [ ... ] those that came since `front` began to be taken from
//! ```
//!
//! They are kept encoded, and not left to their callers' tasks, so that a caller who does not poll
//! its future holds nobody up.

use std::collections::VecDeque;

use respipe_core::encode::{CommandList, RawCommand};
use respipe_core::pipeline::Rejected;
use respipe_core::{Command, Instant};

use crate::calls::Tag;

#[derive(Debug)]
struct Place {
    /// `None` once the command was withdrawn.
    tag: Option<Tag>,
    since: Instant,
    /// The rest of its batch goes before everything else in line.
    holds: bool,
    /// It may change the session of all who share the connection.
    for_all: bool,
    /// Nothing else may be under way with it.
    alone: bool,
    len: usize,
}

/// A command whose turn has come.
pub(crate) struct Head<'l> {
    pub(crate) command: RawCommand<'l>,
    pub(crate) tag: Option<Tag>,
    pub(crate) since: Instant,
    /// The run that holds the line once this turn is over.
    pub(crate) holds: Option<u32>,
    pub(crate) for_all: bool,
    pub(crate) alone: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Line {
    front: CommandList,
    next: usize,
    back: CommandList,
    places: VecDeque<Place>,
    /// The number of the first place.
    first: u64,
    /// Bytes of the commands in line, those withdrawn included.
    bytes: usize,
}

impl Line {
    /// Whether nobody waits.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// How many wait, those withdrawn included.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Bytes of the commands in line.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The number of the first place.
    pub(crate) const fn first(&self) -> u64 {
        self.first
    }

    /// Lines a command up; the number of its place.
    pub(crate) fn push<C: Command>(
        &mut self,
        command: &C,
        tag: Tag,
        since: Instant,
    ) -> Result<u64, Rejected> {
        let number = self.first + self.places.len() as u64;
        self.back.push(command)?;
        let len = command.encoded_len();
        self.bytes += len;
        self.places.push_back(Place {
            tag: Some(tag),
            since,
            holds: false,
            for_all: false,
            alone: false,
            len,
        });
        Ok(number)
    }

    /// The rest of the batch of the last in line will go before everything behind it.
    pub(crate) fn hold(&mut self) {
        if let Some(place) = self.places.back_mut() {
            place.holds = true;
        }
    }

    /// The last in line may change the session of all who share the connection.
    pub(crate) fn allow(&mut self) {
        if let Some(place) = self.places.back_mut() {
            place.for_all = true;
        }
    }

    /// The last in line goes when nothing else is under way, and so does what is behind it.
    pub(crate) fn isolate(&mut self) {
        if let Some(place) = self.places.back_mut() {
            place.alone = true;
        }
    }

    /// Takes a command out of the line whose turn has not come; whether it was there.
    pub(crate) fn withdraw(&mut self, number: u64) -> bool {
        let place = number.checked_sub(self.first);
        let place = place.and_then(|place| usize::try_from(place).ok());
        match place.and_then(|place| self.places.get_mut(place)) {
            Some(place) => place.tag.take().is_some(),
            None => false,
        }
    }

    /// Takes all commands of a run out of the line, but for the first if a part of it has left; how
    /// many there were.
    pub(crate) fn withdraw_all(&mut self, key: u32, but_first: bool) -> usize {
        let places = self.places.iter_mut().enumerate();
        let own = places.filter(|(_, place)| place.tag.is_some_and(|tag| tag.key == key));
        let mut withdrawn = 0;
        for (nth, place) in own {
            place.holds = false;
            if nth > 0 || !but_first {
                place.tag = None;
                withdrawn += 1;
            }
        }
        withdrawn
    }

    /// The command whose turn has come.
    pub(crate) fn head(&mut self) -> Option<Head<'_>> {
        let place = self.places.front()?;
        if self.next == self.front.len() {
            self.front.clear();
            self.next = 0;
            core::mem::swap(&mut self.front, &mut self.back);
        }
        Some(Head {
            command: self.front.get(self.next)?,
            tag: place.tag,
            since: place.since,
            holds: place.tag.filter(|_| place.holds).map(|tag| tag.key),
            for_all: place.for_all,
            alone: place.alone,
        })
    }

    /// The turn of the first is over.
    pub(crate) fn pop(&mut self) {
        if let Some(place) = self.places.pop_front() {
            self.first += 1;
            self.next += 1;
            self.bytes -= place.len;
        }
        if self.places.is_empty() {
            self.front.clear();
            self.back.clear();
            self.next = 0;
        }
    }

    /// When the first began to wait.
    pub(crate) fn since(&self) -> Option<Instant> {
        self.places.front().map(|place| place.since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use respipe_core::cmd;

    fn tag(key: u32) -> Tag {
        Tag { key, index: 0 }
    }

    #[test]
    fn commands_come_out_in_order_whatever_comes_in_between_and_those_withdrawn_are_gone() {
        let mut line = Line::default();
        let mut numbers = Vec::new();
        let mut out = Vec::new();
        for key in 0..100 {
            let number = line.push(&cmd("ECHO").arg(key), tag(key), Instant::ZERO);
            numbers.push(number.expect("whole"));
            if key % 5 == 4 {
                assert!(line.withdraw(numbers[key as usize - 1]));
                assert!(!line.withdraw(numbers[key as usize - 1]));
            }
            if key % 3 == 2 {
                let head = line.head().expect("waits");
                if let Some(tag) = head.tag {
                    let wire = String::from_utf8_lossy(head.command.as_bytes()).into_owned();
                    assert!(wire.ends_with(&format!("\r\n{}\r\n", tag.key)), "{wire}");
                    out.push(tag.key);
                }
                line.pop();
            }
        }
        while let Some(head) = line.head() {
            out.extend(head.tag.map(|tag| tag.key));
            line.pop();
        }
        let expected: Vec<u32> = (0..100).filter(|key| key % 5 != 3).collect();
        assert_eq!(out, expected);
        assert_eq!((line.bytes(), line.len()), (0, 0));
        assert!(!line.withdraw(numbers[99]));
    }
}
