//! A delay line: what goes in comes out in order, each at its time. Bounded in bytes.

use core::time::Duration;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// How long a wait lasts before the caller looks whether it is still wanted.
pub(super) const TURN: Duration = Duration::from_millis(20);

/// What travels: bytes, or the end of the stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    Bytes(Vec<u8>),
    Eof,
}

#[derive(Debug, Default)]
pub(super) struct Line {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    items: VecDeque<(Instant, Item)>,
    bytes: usize,
}

impl Line {
    /// Puts an item in; waits one turn at most for room and gives the item back if there is none.
    pub(super) fn push(&self, due: Instant, item: Item, capacity: usize) -> Result<(), Item> {
        let mut state = self.lock();
        if state.bytes >= capacity {
            state = self.turn(state, TURN);
            if state.bytes >= capacity {
                return Err(item);
            }
        }
        if let Item::Bytes(bytes) = &item {
            state.bytes += bytes.len();
        }
        state.items.push_back((due, item));
        self.changed.notify_all();
        Ok(())
    }

    /// Takes the first item whose time has come; waits one turn at most.
    pub(super) fn pop(&self) -> Option<Item> {
        let mut state = self.lock();
        let now = Instant::now();
        let wait = match state.items.front() {
            Some((due, _)) if *due <= now => Duration::ZERO,
            Some((due, _)) => TURN.min(*due - now),
            None => TURN,
        };
        if !wait.is_zero() {
            state = self.turn(state, wait);
        }
        let due = state
            .items
            .front()
            .is_some_and(|(due, _)| *due <= Instant::now());
        let (_, item) = due.then(|| state.items.pop_front()).flatten()?;
        Some(item)
    }

    /// Bytes that went in and have not been [`written`](Self::written).
    pub(super) fn bytes(&self) -> usize {
        self.lock().bytes
    }

    /// Gives the room of bytes back that have left the line for good.
    pub(super) fn written(&self, bytes: usize) {
        self.lock().bytes -= bytes;
        self.changed.notify_all();
    }

    fn turn<'a>(&self, state: MutexGuard<'a, State>, wait: Duration) -> MutexGuard<'a, State> {
        self.changed
            .wait_timeout(state, wait)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_out_in_order_and_only_when_they_are_due() {
        let line = Line::default();
        let (past, future) = (Instant::now(), Instant::now() + Duration::from_secs(3600));
        assert_eq!(line.push(past, Item::Bytes(vec![1]), 10), Ok(()));
        assert_eq!(line.push(past, Item::Bytes(vec![2]), 10), Ok(()));
        assert_eq!(line.push(future, Item::Eof, 10), Ok(()));
        assert_eq!(line.pop(), Some(Item::Bytes(vec![1])));
        assert_eq!(line.pop(), Some(Item::Bytes(vec![2])));
        assert_eq!(line.pop(), None);
    }

    #[test]
    fn a_full_line_takes_nothing_until_bytes_were_written() {
        let line = Line::default();
        let now = Instant::now();
        assert_eq!(line.push(now, Item::Bytes(vec![0; 4]), 4), Ok(()));
        assert_eq!(line.push(now, Item::Eof, 4), Err(Item::Eof));
        assert!(line.pop().is_some());
        assert_eq!(
            line.push(now, Item::Eof, 4),
            Err(Item::Eof),
            "popped is not yet written"
        );
        line.written(4);
        assert_eq!(line.push(now, Item::Eof, 4), Ok(()));
    }
}
