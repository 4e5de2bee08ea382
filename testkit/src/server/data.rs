//! What lies under a key.

use std::collections::VecDeque;

use super::stream::Stream;

/// A value of one of the types that the server knows.
#[derive(Debug)]
pub(super) enum Value {
    Text(Vec<u8>),
    List(VecDeque<Vec<u8>>),
    Stream(Stream),
}

/// What a key of another type answers.
pub(super) const WRONG_TYPE: &str =
    "WRONGTYPE Operation against a key holding the wrong kind of value";

impl Value {
    pub(super) fn text(&self) -> Result<&[u8], &'static str> {
        match self {
            Self::Text(text) => Ok(text),
            _ => Err(WRONG_TYPE),
        }
    }

    pub(super) fn list(&self) -> Result<&VecDeque<Vec<u8>>, &'static str> {
        match self {
            Self::List(list) => Ok(list),
            _ => Err(WRONG_TYPE),
        }
    }

    pub(super) fn list_mut(&mut self) -> Result<&mut VecDeque<Vec<u8>>, &'static str> {
        match self {
            Self::List(list) => Ok(list),
            _ => Err(WRONG_TYPE),
        }
    }

    pub(super) fn stream(&self) -> Result<&Stream, &'static str> {
        match self {
            Self::Stream(stream) => Ok(stream),
            _ => Err(WRONG_TYPE),
        }
    }

    pub(super) fn stream_mut(&mut self) -> Result<&mut Stream, &'static str> {
        match self {
            Self::Stream(stream) => Ok(stream),
            _ => Err(WRONG_TYPE),
        }
    }
}

/// The elements from one index to the other, both included; negative ones count from the end.
pub(super) fn range(len: usize, from: i64, to: i64) -> core::ops::Range<usize> {
    let place = |index: i64| match usize::try_from(index) {
        Ok(index) => index,
        Err(_) => len.saturating_sub(usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX)),
    };
    let before_begin = to < 0 && usize::try_from(to.unsigned_abs()).map_or(true, |back| back > len);
    let end = if before_begin {
        0
    } else {
        place(to).saturating_add(1).min(len)
    };
    place(from).min(end)..end
}

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn a_range_counts_negative_indexes_from_the_end_and_stays_within() {
        for (from, to, expected) in [
            (0, -1, 0..5),
            (1, 2, 1..3),
            (-2, -1, 3..5),
            (3, 99, 3..5),
            (-99, 1, 0..2),
        ] {
            assert_eq!(range(5, from, to), expected, "{from} to {to}");
        }
        for (from, to) in [(3, 1), (5, 9), (0, -6), (0, -99)] {
            assert!(range(5, from, to).is_empty(), "{from} to {to}");
        }
        assert!(range(0, 0, -1).is_empty());
    }
}
